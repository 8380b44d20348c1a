//! The journal's page as data.

use commands::audit::{AuditGroup, AuditPage};
use serde::{Deserialize, Serialize};

use crate::{address::address, problem::Problem};

/// A search of the journal, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditSearch {
    /// A group of kinds, such as `decisions`.
    pub group: String,
    /// An actor's text, such as `account:7`.
    pub actor: String,
    /// A kind of entry.
    pub kind: String,
    /// A subject, or the beginning of one.
    pub subject: String,
    /// An incident's number.
    pub incident: String,
    /// The first minute, such as `2026-11-22T14:05`, or a day.
    pub from: String,
    /// The last minute, or a day.
    pub to: String,
    /// Minutes by which the reader's clock is east of UTC: their browser says so. UTC without.
    pub offset: String,
    /// The start of this page.
    pub before: String,
    /// True if the chain is to be proved now.
    pub verify: bool,
    /// True if a content was removed just now.
    pub removed: bool,
}

impl AuditSearch {
    /// The fields that narrow, by their names.
    pub(super) fn narrowing(&self) -> [(&'static str, &str); 7] {
        let Self {
            group,
            actor,
            kind,
            subject,
            incident,
            from,
            to,
            offset: _,
            before: _,
            verify: _,
            removed: _,
        } = self;
        [
            ("group", group),
            ("actor", actor),
            ("kind", kind),
            ("subject", subject),
            ("incident", incident),
            ("from", from),
            ("to", to),
        ]
    }

    /// The fields that keep the search in an address.
    pub(super) fn kept(&self) -> impl Iterator<Item = (&'static str, &str)> {
        // Only a time is read by the reader's clock.
        let has_time = [&self.from, &self.to].into_iter().any(|time| !time.trim().is_empty());
        let offset = if has_time { self.offset.as_str() } else { "" };
        self.narrowing()
            .into_iter()
            .chain([("offset", offset)])
            .filter(|(_, value)| !value.is_empty())
    }

    /// The address of the same search, on another page.
    pub(crate) fn address(&self, before: &str) -> String {
        address("/ops/journal", self.kept().chain([("before", before)]))
    }

    /// The address of the same search in a group of kinds, or in all.
    pub(super) fn of_group(&self, group: Option<AuditGroup>) -> String {
        let group = group.map_or("", AuditGroup::as_str).to_owned();
        Self { group, kind: String::new(), ..self.clone() }.address("")
    }

    /// True if anything narrows it.
    pub(super) fn is_narrow(&self) -> bool {
        self.narrowing().iter().any(|(_, value)| !value.trim().is_empty())
    }

    /// True if anything but a group of kinds narrows it.
    pub(super) fn is_searched(&self) -> bool {
        Self { group: String::new(), ..self.clone() }.is_narrow()
    }
}

/// A redaction that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRedacted {
    /// Of which entry.
    pub entry: u64,
    /// The reason that was given.
    pub reason: String,
    /// The reason.
    pub problem: Problem,
}

/// The results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundEntries {
    /// The entries, with what is proved.
    pub page: AuditPage,
    /// Address of the first page, unless this is it.
    pub newest: Option<String>,
    /// Address of the next page, if there is one.
    pub older: Option<String>,
}

/// The journal's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalView {
    /// The search as it was typed.
    pub search: AuditSearch,
    /// The results, or the reason that the search was refused: what was typed stays in the form.
    pub found: Result<FoundEntries, Problem>,
    /// A redaction that was refused.
    pub refused: Option<NotRedacted>,
}
