//! Share links: an incident for people without an account. What such a page says is composed here,
//! from an allow-list: nothing that a person wrote, no name of a person, no host, path, process or
//! number of the machine. Only managers may be told the hosts, where a person allows it.

use domain::{
    access::SharePart,
    actor::{Actor, Names},
    error::{Error, FieldReason},
    hash::Hash,
    id::{IncidentNumber, ShareId},
    input::unreadable,
    journal::Cursor,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::view::Section;

/// The longest time that a link may be open.
pub const LONGEST: Span = Span::from_mins(90 * 24 * 60);

/// The longest label, in characters.
pub const LONGEST_LABEL: usize = 80;

pub use domain::access::Audience;

/// The parts of an incident that a link shows. Its state and times are always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Parts {
    /// The summary, in the words for the audience.
    pub summary: bool,
    /// The events with their times, in general words.
    pub timeline: bool,
    /// The state of now.
    pub now: bool,
}

/// Returns the parts that a link shows, as the journal tells them.
pub fn shown(parts: Parts, hosts: bool) -> Vec<SharePart> {
    [
        (parts.summary, SharePart::Summary),
        (parts.timeline, SharePart::Timeline),
        (parts.now, SharePart::Now),
        (hosts, SharePart::Hosts),
    ]
    .into_iter()
    .filter_map(|(is_shown, part)| is_shown.then_some(part))
    .collect()
}

/// Returns the part of a token that is kept: its SHA-256.
pub fn token_hash(token: &str) -> Hash {
    Hash(Sha256::digest(token.as_bytes()).into())
}

/// A link as a person wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRequest {
    /// Its name in the team; the page does not show it.
    pub label: String,
    /// Time at which it ends.
    pub until: Timestamp,
    /// For whom it is.
    pub audience: Audience,
    /// The parts that it shows.
    pub parts: Parts,
    /// True if it names the hosts; for managers only.
    pub hosts: bool,
}

impl ShareRequest {
    /// As it is kept, or what is wrong with it.
    pub fn checked(self, now: Timestamp) -> Result<Self, Error> {
        let wrong = |field, reason| Err(Error::invalid(field, reason));
        let label = self.label.trim();
        let length = label.chars().count();
        if label.is_empty() {
            return wrong("label", FieldReason::Empty);
        }
        if length > LONGEST_LABEL {
            return wrong("label", FieldReason::TooLong { most: LONGEST_LABEL, length });
        }
        if let Some(reason) = unreadable(label) {
            return wrong("label", reason);
        }
        if self.until <= now {
            return wrong("until", FieldReason::Past);
        }
        if self.until > now.plus(LONGEST) {
            return wrong("until", FieldReason::TooFarAway { days: LONGEST.as_secs() / 86_400 });
        }
        if !(self.parts.summary || self.parts.timeline || self.parts.now) {
            return wrong("parts", FieldReason::Empty);
        }
        if self.hosts && self.audience != Audience::Manager {
            return wrong("hosts", FieldReason::HostsForManagers);
        }
        Ok(Self { label: label.to_owned(), ..self })
    }
}

/// A link as it is kept. Its token is kept nowhere, only the token's hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Share {
    /// Number of the link.
    pub id: ShareId,
    /// The incident that it shows.
    pub incident: IncidentNumber,
    /// Its name in the team.
    pub label: String,
    /// For whom it is.
    pub audience: Audience,
    /// The parts that it shows.
    pub parts: Parts,
    /// True if it names the hosts.
    pub hosts: bool,
    /// The person who made it.
    pub made_by: Actor,
    /// The time.
    pub made_at: Timestamp,
    /// Time at which it ends.
    pub until: Timestamp,
    /// Time at which a person ended it early.
    pub revoked_at: Option<Timestamp>,
    /// Time at which it was looked at last.
    pub last_used_at: Option<Timestamp>,
    /// Number of times it was opened.
    pub views: u64,
}

impl Share {
    /// True if it still opens.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.until
    }
}

/// The links of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Shares {
    /// The journal position at which they were read.
    pub cursor: Cursor,
    /// The time.
    pub at: Timestamp,
    /// The links, newest first.
    pub shares: Vec<Share>,
    /// Names of the people who made them.
    #[serde(default)]
    pub names: Names,
}

/// The page of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedPage {
    /// For whom it is.
    pub audience: Audience,
    /// The first sentence.
    pub title: String,
    /// Its state, in general words.
    pub state: String,
    /// Time at which it began.
    pub began_at: Timestamp,
    /// Time at which it ended.
    pub ended_at: Option<Timestamp>,
    /// Time at which the page was read.
    pub at: Timestamp,
    /// Time at which the link ends.
    pub until: Timestamp,
    /// The state of now, if that is shared: sentences.
    pub now: Vec<String>,
    /// The summary, if it is shared.
    pub sections: Vec<Section>,
    /// The events with their times, oldest first, if they are shared.
    pub timeline: Vec<(Timestamp, String)>,
    /// The hosts that take part, if they may be told.
    pub hosts: Vec<String>,
}

#[cfg(test)]
mod tests {
    use fixtures::at;

    use super::*;

    #[test]
    fn a_request_is_checked() {
        let good = || ShareRequest {
            label: " For support ".into(),
            until: at(60),
            audience: Audience::Customer,
            parts: Parts { summary: true, timeline: false, now: false },
            hosts: false,
        };
        assert_eq!(good().checked(at(0)).unwrap().label, "For support");
        let refused = |wanted: ShareRequest| match wanted.checked(at(0)) {
            Err(Error::InvalidField { field, reason }) => (field, reason),
            other => panic!("{other:?}"),
        };
        let parts = Parts { summary: false, timeline: false, now: false };
        let hidden = FieldReason::HiddenCharacter('\u{202e}');
        for (wanted, expected) in [
            (ShareRequest { label: " ".into(), ..good() }, ("label", FieldReason::Empty)),
            (
                ShareRequest { label: "x".repeat(81), ..good() },
                ("label", FieldReason::TooLong { most: 80, length: 81 }),
            ),
            (ShareRequest { label: "a\u{202e}b".into(), ..good() }, ("label", hidden)),
            (ShareRequest { until: at(0), ..good() }, ("until", FieldReason::Past)),
            (
                ShareRequest { until: at(91 * 86_400), ..good() },
                ("until", FieldReason::TooFarAway { days: 90 }),
            ),
            (ShareRequest { parts, ..good() }, ("parts", FieldReason::Empty)),
            (ShareRequest { hosts: true, ..good() }, ("hosts", FieldReason::HostsForManagers)),
        ] {
            let (field, reason) = refused(wanted);
            assert_eq!((field.as_ref(), reason), expected);
        }
        let managers = ShareRequest { hosts: true, audience: Audience::Manager, ..good() };
        assert!(managers.checked(at(0)).is_ok());
    }

    #[test]
    fn a_link_is_open_until_its_end_or_until_a_person_ends_it() {
        let one = Share {
            id: ShareId(3),
            incident: IncidentNumber(42),
            label: "For support".into(),
            audience: Audience::Customer,
            parts: Parts { summary: true, timeline: true, now: true },
            hosts: false,
            made_by: Actor::Local,
            made_at: at(0),
            until: at(9_000),
            revoked_at: None,
            last_used_at: None,
            views: 0,
        };
        assert!(one.is_open(at(8_999)) && !one.is_open(at(9_000)));
        assert!(!Share { revoked_at: Some(at(5)), ..one }.is_open(at(10)));
    }
}
