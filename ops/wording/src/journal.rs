//! Words of the journal's page: kinds of entries, and groups of them.

use commands::audit::AuditGroup;

/// A kind of entry as people call it: `Command finished`. One that is not known is "Other".
pub fn kind(kind: &str) -> &'static str {
    match kind {
        "incident_opened" => "Incident opened",
        "breach_joined" => "Problem added",
        "breach_changed" => "Problem changed",
        "breach_cleared" => "Problem ended",
        "moved" => "Incident state changed",
        "summary_written" => "Summary updated",
        "snapshot_saved" => "Evidence saved",
        "acknowledged" => "Acknowledged",
        "commented" => "Comment",
        "resolution_offered" => "Ready to resolve",
        "resolved" => "Resolved",
        "reopened" => "Reopened",
        "impact_changed" => "Customer impact changed",
        "inspected" => "Inspection of the host",
        "recommended" => "Command recommended",
        "recommendation_withdrawn" => "Recommendation withdrawn",
        "recommendation_declined" => "Recommendation declined",
        "approved" => "Command approved",
        "run_started" => "Command started",
        "run_cancelled" => "Command cancelled",
        "run_ended" => "Command finished",
        "run_proved" => "Effect of a command",
        "called" => "Notification sent",
        "call_failed" => "Notification failed",
        "not_acknowledged" => "Not acknowledged in time",
        "contact_set" => "Notification channel added or changed",
        "contact_removed" => "Notification channel removed",
        "share_created" => "Share link created",
        "share_revoked" => "Share link revoked",
        "redacted" => "Entry redacted",
        "backed_up" => "Backup made",
        "restored" => "Restored from a backup",
        "document_in_force" => "Document in force",
        "document_refused" => "Document refused",
        "started" => "Calm Ops started",
        "stopped" => "Calm Ops stopped",
        "clock_jumped" => "Clock jumped",
        "blind" => "Time without data",
        "data_generated" => "Generated data",
        "subject_retired" => "Subject retired",
        "change_reported" => "Change reported",
        "practice_begun" => "Practice began",
        "practice_ended" => "Practice ended",
        "maintenance_begun" => "Maintenance began",
        "maintenance_ended" => "Maintenance ended",
        "measure_began" => "Limit put in force",
        "measure_changed" => "Limit changed",
        "measure_ended" => "Limit lifted",
        "automation_suspended" => "Automatic measures suspended",
        "automation_resumed" => "Automatic measures resumed",
        "safe_mode_began" => "Safe mode began",
        "safe_mode_stage_changed" => "Safe mode changed",
        "safe_mode_ended" => "Safe mode ended",
        "safe_mode_reminded" => "Safe mode reminder",
        "organization_plan_set" => "Plan of an organization",
        "organization_override_begun" => "Override of a plan",
        "organization_override_ended" => "Override ended",
        "status_update_published" => "Published on the status page",
        "status_update_withdrawn" => "Withdrawn from the status page",
        "message_draft_saved" => "Message saved",
        "message_draft_reviewed" => "Message reviewed",
        "message_marked_sent" => "Message marked as sent",
        "review_saved" => "Review saved",
        "recommendation_rated" => "Recommendation rated",
        "prevention_step_added" => "Prevention step added",
        "prevention_step_done" => "Prevention step done",
        "prevention_step_dropped" => "Prevention step dropped",
        "threshold_changed" => "Threshold changed",
        "threshold_proposed" => "Threshold proposed",
        "threshold_declined" => "Threshold proposal declined",
        "report_made" => "Stability report",
        "report_reviewed" => "Stability report reviewed",
        "report_mailed" => "Stability report sent",
        "report_mail_failed" => "Stability report not sent",
        "owner_link_made" => "Owner link created",
        "account_created" => "Member joined",
        "role_changed" => "Role changed",
        "account_closed" => "Account deactivated or reactivated",
        "signed_in" => "Sign-in",
        "signed_out" => "Sign-out",
        "password_set" => "Password set",
        "passkey_added" => "Passkey added",
        "passkey_removed" => "Passkey removed",
        "invited" => "Invitation created",
        "invitation_withdrawn" => "Invitation withdrawn",
        "token_created" => "Token created",
        "token_revoked" => "Token revoked",
        _ => "Other",
    }
}

/// A group of kinds, as the link to it is called.
pub const fn group(group: AuditGroup) -> &'static str {
    match group {
        AuditGroup::Decisions => "Decisions",
        AuditGroup::Incidents => "Incidents",
        AuditGroup::Protection => "Protection",
        AuditGroup::StatusPage => "Status page",
        AuditGroup::Messages => "Messages",
        AuditGroup::Reviews => "Reviews",
        AuditGroup::People => "People",
        AuditGroup::Changes => "Changes",
    }
}

/// Kinds of which one entry says little more than the one before, so that a page folds several that
/// follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routine {
    /// Sign-ins.
    SignIns,
    /// Sign-outs.
    SignOuts,
    /// Summaries that were written again.
    Summaries,
    /// Changes of the customer impact.
    Impact,
}

impl Routine {
    /// The routine that a kind is, if it is one.
    pub fn of(kind: &str) -> Option<Self> {
        match kind {
            "signed_in" => Some(Self::SignIns),
            "signed_out" => Some(Self::SignOuts),
            "summary_written" => Some(Self::Summaries),
            "impact_changed" => Some(Self::Impact),
            _ => None,
        }
    }

    /// So many of them, more than one: `3 sign-ins`.
    pub fn several(self, count: usize) -> String {
        let noun = match self {
            Self::SignIns => "sign-ins",
            Self::SignOuts => "sign-outs",
            Self::Summaries => "summary updates",
            Self::Impact => "changes of customer impact",
        };
        format!("{count} {noun}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::journal::Event;

    use super::*;

    #[test]
    fn every_kind_has_words_of_its_own_and_none_is_a_code_name() {
        let words: BTreeSet<&str> = Event::KINDS.iter().map(|one| kind(one)).collect();
        assert_eq!(words.len(), Event::KINDS.len());
        assert!(!words.contains("Other"));
        for word in words {
            assert!(word.starts_with(|first: char| first.is_ascii_uppercase()), "{word}");
            assert!(!word.contains('_'), "{word}");
        }
        assert_eq!(kind("<b>"), "Other");
    }

    #[test]
    fn what_is_routine_is_known_by_its_kind() {
        let routine: Vec<&str> =
            Event::KINDS.iter().copied().filter(|kind| Routine::of(kind).is_some()).collect();
        assert_eq!(routine, ["summary_written", "impact_changed", "signed_in", "signed_out"]);
        assert_eq!(Routine::SignIns.several(3), "3 sign-ins");
    }
}
