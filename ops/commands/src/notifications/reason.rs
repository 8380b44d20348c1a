//! Reasons to notify people, and whom each is for.

use std::collections::BTreeSet;

use domain::{
    id::{AccountId, IncidentNumber},
    report::ReportKind,
    severity::Severity,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{access_change::AccessChanges, contact::Contact, safe_mode_news::SafeModeNews};
/// Reason someone is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// An incident was opened.
    Opened,
    /// Became critical.
    Escalated,
    /// Came back, or a person reopened it.
    Reopened,
    /// A recommendation waits for a decision.
    Offered {
        /// Its place.
        place: u32,
    },
    /// A command ran and did not help.
    DidNotHelp {
        /// Its place.
        place: u32,
    },
    /// Critical and nobody took note of it.
    NotAcknowledged {
        /// Number of reminders, from 1.
        round: u32,
    },
    /// Many of these at once, put together into one.
    Many {
        /// Number of incidents.
        incidents: u32,
    },
    /// Safe mode began, changed, ended, or is still in force.
    SafeMode {
        /// The news.
        news: SafeModeNews,
    },
    /// The database takes no writes, so that no incident can be opened.
    NothingWritten,
    /// A person asked for it, to see whether it arrives.
    Test,
    /// Something about a person's account was changed: what lets someone in, or how they are called.
    Access {
        /// Whose.
        account: AccountId,
        /// The changes.
        changes: AccessChanges,
    },
    /// A stability report was made by itself.
    Report {
        /// Its length.
        kind: ReportKind,
    },
}

impl Reason {
    /// The word by which programs know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "incident_opened",
            Self::Escalated => "incident_escalated",
            Self::Reopened => "incident_reopened",
            Self::Offered { .. } => "recommendation_waits",
            Self::DidNotHelp { .. } => "command_did_not_help",
            Self::NotAcknowledged { .. } => "not_acknowledged",
            Self::Many { .. } => "many",
            Self::SafeMode { news } => news.as_str(),
            Self::NothingWritten => "nothing_written",
            Self::Test => "test",
            Self::Access { .. } => "account_changed",
            Self::Report { .. } => "report_made",
        }
    }
}

/// One reason to call, before it is known whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Because of which entry; 0 for a test.
    pub entry: u64,
    /// For which incident; 0 where it is about none.
    pub incident: IncidentNumber,
    /// Reason.
    #[serde(flatten)]
    pub why: Reason,
    /// The severity of then.
    pub severity: Severity,
    /// The time.
    pub at: Timestamp,
}

impl Notification {
    /// True if it tells of something about an incident, or of many.
    pub const fn is_about_incidents(&self) -> bool {
        !matches!(
            self.why,
            Reason::Test
                | Reason::NothingWritten
                | Reason::SafeMode { .. }
                | Reason::Access { .. }
                | Reason::Report { .. }
        )
    }

    /// A call that a person asked for.
    pub const fn test(at: Timestamp) -> Self {
        Self {
            entry: 0,
            incident: IncidentNumber(0),
            why: Reason::Test,
            severity: Severity::Warning,
            at,
        }
    }

    /// True if a contact wants it. A contact that was made later is not called for what was before.
    /// What was changed about an account is told by each contact of it but the one that the change
    /// itself has made.
    pub fn is_for(&self, contact: &Contact) -> bool {
        if let Reason::Access { account, .. } = self.why {
            let since = contact.calls_since.map_or(u64::from(contact.id.0), |since| since.entry);
            return contact.enabled && contact.account == account && self.entry > since;
        }
        if let Reason::Report { kind } = self.why {
            return contact.wants(kind) && self.entry > u64::from(contact.id.0);
        }
        contact.enabled && self.severity >= contact.least && self.entry > u64::from(contact.id.0)
    }

    /// The contacts that it is for; a report is for one contact of each person, the oldest that wants
    /// it.
    pub fn recipients<'a>(&self, contacts: &'a [Contact]) -> Vec<&'a Contact> {
        let mut told = BTreeSet::new();
        let is_report = matches!(self.why, Reason::Report { .. });
        let wanted = contacts.iter().filter(|contact| self.is_for(contact));
        wanted.filter(|contact| !is_report || told.insert(contact.account)).collect()
    }
}
