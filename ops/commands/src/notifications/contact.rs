//! Contacts: ways to reach someone, as they are kept.

use std::collections::BTreeSet;

use domain::{
    id::{AccountId, ContactId},
    report::ReportKind,
    severity::Severity,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{channel::ChannelSettings, quiet::Quiet};

/// A way to reach someone, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its number: the number of the entry that tells of it first.
    pub id: ContactId,
    /// Whom it reaches.
    pub account: AccountId,
    /// The name that they chose.
    pub label: String,
    /// Its channel.
    #[serde(rename = "way")]
    pub channel: ChannelSettings,
    /// The least severity that calls.
    pub least: Severity,
    /// The hours in which warnings wait.
    pub quiet: Option<Quiet>,
    /// True if it calls at all.
    pub enabled: bool,
    /// The stability reports that it gets when they are made by themselves.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reports: BTreeSet<ReportKind>,
    /// Since when it is as it is.
    pub set_at: Timestamp,
    /// Since when it calls where it does; `None` where it does since before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_since: Option<CallsSince>,
}

/// Since when a contact calls where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsSince {
    /// The entry that tells of it.
    pub entry: u64,
    /// The time.
    pub at: Timestamp,
}

/// A contact that gets its last message is an old one after this time: of those there are few.
const SETTLED_AFTER: Span = Span::from_mins(10);

impl Contact {
    /// As it is kept by the entry that sets it, and `before` as it is until then.
    #[must_use]
    pub fn set_by(self, entry: u64, before: Option<&Self>) -> Self {
        let same = before.filter(|before| before.calls_like(&self));
        let since = CallsSince { entry, at: self.set_at };
        Self { calls_since: same.map_or(Some(since), |before| before.calls_since), ..self }
    }

    /// True if it calls as another one does, or neither calls.
    fn calls_like(&self, other: &Self) -> bool {
        self.enabled == other.enabled && self.channel == other.channel
    }

    /// True if it is to be told that it gets no other message, when it becomes `after`.
    pub fn gets_last_message(&self, after: Option<&Self>) -> bool {
        self.enabled && after.is_none_or(|after| !self.calls_like(after))
    }

    /// True if it gets stability reports of a length.
    pub fn wants(&self, kind: ReportKind) -> bool {
        self.enabled && self.reports.contains(&kind)
    }

    /// True if it has called where it does for a while.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        self.calls_since.is_none_or(|since| now.since(since.at) >= SETTLED_AFTER)
    }
}
