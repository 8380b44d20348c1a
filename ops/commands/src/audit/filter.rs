//! Filter of the journal: which entries are wanted.

use std::{fmt, str::FromStr};

use domain::{
    actor::Actor,
    error::{Error, FieldReason},
    id::IncidentNumber,
    journal::{
        AccountEvent, ChangeEvent, DocumentEvent, Event, IncidentEvent, MaintenanceEvent,
        MessageEvent, NotificationEvent, PracticeEvent, ProtectionEvent, RecommendationEvent,
        ReportEvent, ReviewEvent, ShareEvent, StatusPageEvent, ThresholdEvent,
    },
    name::BadName,
    text::clip,
    time::Timestamp,
};

/// The most characters of a subject that are looked for.
const LONGEST_SUBJECT: usize = 200;

/// Filter of entries. Every field narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Entries of these kinds.
    pub group: Option<AuditGroup>,
    /// Written by this author.
    pub actor: Option<AuditAuthor>,
    /// Of this kind; one of [`Event::KINDS`].
    pub kind: Option<String>,
    /// About this subject, or one that begins so: entries of the incidents that it takes part in,
    /// and its own.
    pub subject: Option<String>,
    /// About this incident.
    pub incident: Option<IncidentNumber>,
    /// Written at or after.
    pub from: Option<Timestamp>,
    /// Written before.
    pub to: Option<Timestamp>,
    /// With a smaller number than this: the next page.
    pub before: Option<u64>,
}

impl AuditFilter {
    /// Says what can't be looked for.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |field, reason| Err(Error::invalid(field, reason));
        if let Some(kind) = &self.kind
            && !Event::KINDS.contains(&kind.as_str())
        {
            return wrong("kind", FieldReason::UnknownEntryKind(clip(kind, 40)));
        }
        let length = self.subject.as_ref().map_or(0, |subject| subject.chars().count());
        if length > LONGEST_SUBJECT {
            return wrong("subject", FieldReason::TooLong { most: LONGEST_SUBJECT, length });
        }
        if self.from.zip(self.to).is_some_and(|(from, to)| from >= to) {
            return wrong("from", FieldReason::NotBeforeEnd);
        }
        Ok(())
    }
}

/// Author of entries, as people tell them apart: Calm Ops is one, whichever part of it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditAuthor {
    /// Calm Ops: its incident agent, or the program itself.
    CalmOps,
    /// One actor.
    One(Actor),
}

impl From<Actor> for AuditAuthor {
    fn from(actor: Actor) -> Self {
        Self::One(actor)
    }
}

/// The word for all of Calm Ops in an address.
const CALM_OPS: &str = "calm-ops";

impl fmt::Display for AuditAuthor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CalmOps => f.write_str(CALM_OPS),
            Self::One(actor) => actor.fmt(f),
        }
    }
}

impl FromStr for AuditAuthor {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        if text == CALM_OPS { Ok(Self::CalmOps) } else { text.parse().map(Self::One) }
    }
}

/// A group of kinds that people look for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditGroup {
    /// Decisions of people, and what came of them.
    Decisions,
    /// Everything about incidents.
    Incidents,
    /// Measures, whether the agent may take them, and safe mode.
    Protection,
    /// Notices published on the status page, and what was withdrawn.
    StatusPage,
    /// Messages to customers that were saved, reviewed and marked as sent.
    Messages,
    /// Texts that people wrote in reviews, how they rated recommendations, and prevention steps.
    Reviews,
    /// Members, sign-ins, invitations, tokens and ways to be notified.
    People,
    /// Documents that came into force or were refused, and changes that were reported.
    Changes,
}

/// Kinds that tell of a decision, or of what came of one.
const DECISIONS: &[&str] = &[
    "acknowledged",
    "resolved",
    "reopened",
    "approved",
    "recommendation_declined",
    "run_started",
    "run_cancelled",
    "run_ended",
    "run_proved",
    "redacted",
    "threshold_changed",
    "threshold_declined",
];

impl AuditGroup {
    /// Every group, in the order in which a page offers them.
    pub const ALL: [Self; 8] = [
        Self::Decisions,
        Self::Incidents,
        Self::Protection,
        Self::StatusPage,
        Self::Messages,
        Self::Reviews,
        Self::People,
        Self::Changes,
    ];

    /// The word in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Incidents => "incidents",
            Self::Protection => "protection",
            Self::StatusPage => "status-page",
            Self::Messages => "messages",
            Self::Reviews => "reviews",
            Self::People => "people",
            Self::Changes => "changes",
        }
    }

    /// True if entries of a kind are in it.
    pub fn holds(self, kind: &str) -> bool {
        match self {
            Self::Decisions => {
                DECISIONS.contains(&kind)
                    || MaintenanceEvent::KINDS.contains(&kind)
                    || PracticeEvent::KINDS.contains(&kind)
            }
            Self::Incidents => {
                [IncidentEvent::KINDS, RecommendationEvent::KINDS, ShareEvent::KINDS]
                    .iter()
                    .any(|kinds| kinds.contains(&kind))
                    || (NotificationEvent::KINDS.contains(&kind) && !is_about_a_contact(kind))
            }
            Self::Protection => ProtectionEvent::KINDS.contains(&kind),
            Self::StatusPage => StatusPageEvent::KINDS.contains(&kind),
            Self::Messages => MessageEvent::KINDS.contains(&kind),
            Self::Reviews => {
                ReviewEvent::KINDS.contains(&kind) || ReportEvent::KINDS.contains(&kind)
            }
            Self::People => AccountEvent::KINDS.contains(&kind) || is_about_a_contact(kind),
            Self::Changes => {
                DocumentEvent::KINDS.contains(&kind)
                    || ThresholdEvent::KINDS.contains(&kind)
                    || ChangeEvent::KINDS.contains(&kind)
            }
        }
    }

    /// Its kinds, in the order of [`Event::KINDS`].
    pub fn kinds(self) -> impl Iterator<Item = &'static str> {
        Event::KINDS.iter().copied().filter(move |kind| self.holds(kind))
    }
}

/// True if a kind tells of a way to notify someone, and not of a notification.
fn is_about_a_contact(kind: &str) -> bool {
    matches!(kind, "contact_set" | "contact_removed")
}

/// A text that names no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is unknown; use one of 'decisions', 'incidents', 'protection', 'status-page', 'messages', 'reviews', 'people' and 'changes'"
)]
pub struct UnknownAuditGroup;

impl fmt::Display for AuditGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuditGroup {
    type Err = UnknownAuditGroup;

    fn from_str(text: &str) -> Result<Self, UnknownAuditGroup> {
        Self::ALL.into_iter().find(|group| group.as_str() == text).ok_or(UnknownAuditGroup)
    }
}

#[cfg(test)]
mod tests {
    use domain::id::AccountId;

    use super::*;

    #[test]
    fn a_filter_says_what_can_not_be_looked_for() {
        let bad = |filter: AuditFilter| filter.check().unwrap_err();
        assert_eq!(
            bad(AuditFilter { kind: Some("<b>".into()), ..AuditFilter::default() }),
            Error::invalid("kind", FieldReason::UnknownEntryKind("<b>".into()))
        );
        assert_eq!(
            bad(AuditFilter { subject: Some("x".repeat(201)), ..AuditFilter::default() }),
            Error::invalid("subject", FieldReason::TooLong { most: 200, length: 201 })
        );
        let (from, to) = (Some(Timestamp::from_secs(5)), Some(Timestamp::from_secs(5)));
        assert_eq!(
            bad(AuditFilter { from, to, ..AuditFilter::default() }),
            Error::invalid("from", FieldReason::NotBeforeEnd)
        );
        assert_eq!(
            AuditFilter { kind: Some("commented".into()), ..AuditFilter::default() }.check(),
            Ok(())
        );
    }

    #[test]
    fn an_author_is_read_as_it_is_written() {
        let authors = [
            AuditAuthor::CalmOps,
            Actor::Agent.into(),
            Actor::Local.into(),
            Actor::Account(AccountId(7)).into(),
        ];
        for author in authors {
            assert_eq!(author.to_string().parse(), Ok(author));
        }
        assert!(
            "calm ops".parse::<AuditAuthor>().is_err() && "root".parse::<AuditAuthor>().is_err()
        );
    }

    #[test]
    fn each_group_holds_its_own_kinds_and_no_other_word() {
        for group in AuditGroup::ALL {
            assert_eq!(group.to_string().parse(), Ok(group));
            assert!(group.kinds().next().is_some(), "{group}");
            assert!(!group.holds("") && !group.holds("' OR 1=1 --"), "{group}");
        }
        assert_eq!("all".parse::<AuditGroup>(), Err(UnknownAuditGroup));
        for kind in DECISIONS {
            assert!(Event::KINDS.contains(kind), "{kind}");
        }
        // All but decisions are apart, and only what the program does by itself is in none.
        let apart = [
            AuditGroup::Incidents,
            AuditGroup::Protection,
            AuditGroup::People,
            AuditGroup::Changes,
        ];
        for kind in Event::KINDS {
            let found = apart.iter().filter(|group| group.holds(kind)).count();
            assert!(found <= 1, "{kind}");
        }
        let is_in_none = |kind: &&&str| !AuditGroup::ALL.iter().any(|group| group.holds(kind));
        let others: Vec<&str> = Event::KINDS.iter().filter(is_in_none).copied().collect();
        assert_eq!(
            others,
            [
                "backed_up",
                "restored",
                "started",
                "stopped",
                "clock_jumped",
                "blind",
                "data_generated",
                "subject_retired"
            ]
        );
    }
}
