//! The trail: the journal as people look through it, and as it is taken elsewhere: what is asked,
//! what is answered, and the lines of an export, by which the chain can be proved without the
//! database.

mod filter;

use std::fmt::Write as _;

use domain::{
    access::{Principal, Role},
    actor::{Actor, Names},
    error::{Conflict, Error, Requirement},
    hash::{Hash, Head},
    id::IncidentNumber,
    input::checked,
    journal::{Broken, Cursor, Entry, Event, StoredEntry, entry_hash},
    text::{clip, shown},
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

pub use filter::{AuditAuthor, AuditFilter, AuditGroup, UnknownAuditGroup};

use crate::view::Viewer;

/// Number of entries on a page of the trail.
pub const PAGE: u32 = 50;

/// An entry with what seals it into the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The entry; its event is left out where it was redacted.
    #[serde(flatten)]
    pub entry: Entry,
    /// Its kind: known also where the event was redacted.
    pub kind: String,
    /// The incident that it is about.
    pub incident: Option<IncidentNumber>,
    /// SHA-256 over salt and payload.
    pub payload_hash: Hash,
    /// The hash that seals it into the chain.
    pub hash: Hash,
    /// The hash of the entry before it, which it covers; `None` where that one is missing.
    #[serde(default)]
    pub before: Option<Hash>,
    /// True if whoever reads may remove its content.
    #[serde(default)]
    pub removable: bool,
}

/// A page of the trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The head's number and hash.
    pub head: Head,
    /// The entries, newest first; at most [`PAGE`].
    pub entries: Vec<AuditEntry>,
    /// The start of the next page, if there is one.
    pub next: Option<u64>,
    /// The result of the last verification, if there was one since the start.
    pub verified: Option<Verified>,
    /// Names of the actors.
    #[serde(default)]
    pub names: Names,
    /// The reader, if it is a person who signed in.
    #[serde(default)]
    pub reader: Option<Viewer>,
}

/// The result of a verification of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Verified {
    /// The time.
    pub at: Timestamp,
    /// The last entry that was proved, and its hash.
    pub head: Head,
    /// The head that was to be reached; further than `head` where something is wrong or the time
    /// ran out.
    pub goal: Head,
    /// Of how many entries the content was removed.
    pub redacted: u64,
    /// Entries whose content was removed although no entry says so: at most the first 20.
    pub unexplained: Vec<u64>,
    /// The first thing that is wrong, as a sentence.
    pub broken: Option<String>,
    /// The duration.
    pub took: Span,
}

impl Verified {
    /// True if all of it was proved.
    pub fn is_whole(&self) -> bool {
        self.broken.is_none() && self.unexplained.is_empty() && self.head == self.goal
    }
}

/// True if the content of an entry of this kind may be removed: only what carries words of people,
/// or outputs. What was decided, and who is who, stays.
pub fn may_lose_content(kind: &str) -> bool {
    matches!(
        kind,
        "commented"
            | "resolved"
            | "reopened"
            | "recommendation_declined"
            | "run_ended"
            | "document_refused"
            | "document_in_force"
            | "snapshot_saved"
            | "call_failed"
            | "inspected"
            | "maintenance_begun"
            | "status_update_published"
            | "message_draft_saved"
            | "message_marked_sent"
            | "review_saved"
            | "prevention_step_added"
            | "prevention_step_done"
            | "prevention_step_dropped"
    )
}

/// True if the words of such an entry belong to whoever wrote them.
fn is_of_its_author(kind: &str) -> bool {
    matches!(
        kind,
        "commented"
            | "status_update_published"
            | "message_draft_saved"
            | "message_marked_sent"
            | "review_saved"
            | "prevention_step_added"
            | "prevention_step_done"
            | "prevention_step_dropped"
    )
}

/// True if a caller may remove the content of such an entry: an owner, or the author of a comment,
/// of an update of the status page, of a message or in a review.
pub fn may_remove(caller: &Principal, kind: &str, author: Actor) -> bool {
    let is_author = is_of_its_author(kind) && caller.actor() == Some(author);
    may_lose_content(kind)
        && match caller {
            Principal::Account { role, .. } => *role == Role::Owner || is_author,
            Principal::Local => is_author,
            Principal::Agent
            | Principal::System
            | Principal::Token { .. }
            | Principal::Share { .. }
            | Principal::Nobody => false,
        }
}

/// Returns the event for the journal where a caller removes the content of an entry, or why they
/// may not. `entry` is as it is stored now.
pub fn redaction(caller: &Principal, entry: &StoredEntry, reason: &str) -> Result<Event, Error> {
    let StoredEntry { number, kind, .. } = entry;
    if !may_lose_content(kind) {
        return Err(Conflict::EntryStays { number: *number, kind: kind.clone() }.into());
    }
    let author = entry.actor.parse::<Actor>().ok();
    if !author.is_some_and(|author| may_remove(caller, kind, author)) {
        return Err(Error::Forbidden(if is_of_its_author(kind) {
            Requirement::OwnerOrAuthor
        } else {
            Requirement::Role(Role::Owner)
        }));
    }
    // It can't be undone. One's own comment is one's own; for all else it must be the owner who
    // asks, not only their open browser.
    if matches!(caller, Principal::Account { recently_authenticated: false, .. })
        && caller.actor() != author
    {
        return Err(Error::SignInAgain);
    }
    if entry.payload.is_none() {
        return Err(Conflict::AlreadyRedacted(*number).into());
    }
    let reason = checked("reason", reason, true)?.unwrap_or_default();
    let event = entry.payload.as_ref();
    let event = event.and_then(|(_, payload)| serde_json::from_slice::<Event>(payload).ok());
    let message = event.as_ref().and_then(Event::redacted_message);
    let step = event.as_ref().and_then(Event::redacted_step);
    let window = event.as_ref().and_then(Event::redacted_window);
    Ok(Event::Redacted { entry: *number, reason, message, step, window })
}

/// Looks after removed contents while a chain is walked: each must be named by a later entry that
/// says who removed it.
#[derive(Clone, Debug, Default)]
pub struct Removals {
    open: std::collections::BTreeSet<u64>,
    /// Number of removed contents.
    pub count: u64,
}

/// So many removed contents are looked after; each costs a few bytes.
const MOST_REMOVALS: usize = 100_000;

impl Removals {
    /// Takes the next entry.
    pub fn take(&mut self, entry: &StoredEntry) {
        match &entry.payload {
            None => {
                self.count += 1;
                if self.open.len() < MOST_REMOVALS {
                    self.open.insert(entry.number);
                }
            }
            Some(_) => self.explain(entry),
        }
    }

    /// Takes an entry only for what it says of the ones before it.
    pub fn explain(&mut self, entry: &StoredEntry) {
        if entry.kind == "redacted"
            && let Some((_, payload)) = &entry.payload
            && let Ok(Event::Redacted { entry, .. }) = serde_json::from_slice(payload)
        {
            self.open.remove(&entry);
        }
    }

    /// Those that no entry explains.
    pub fn unexplained(&self) -> Vec<u64> {
        self.open.iter().copied().collect()
    }
}

/// One line of an export. The salt is in hexadecimal; so is a payload that is no text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: u64,
    at_micros: i64,
    actor: String,
    kind: String,
    incident: Option<u32>,
    before: Hash,
    payload_hash: Hash,
    hash: Hash,
    #[serde(deserialize_with = "given")]
    salt: Option<String>,
    #[serde(deserialize_with = "given")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_hex: Option<String>,
}

/// A field that may be null and must be there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?)).collect()
}

/// An entry as a line of an export, with the line's end. `before` is the hash of the entry before
/// it.
pub fn to_line(entry: &StoredEntry, before: Hash) -> Result<String, serde_json::Error> {
    let (salt, payload) = entry.payload.as_ref().map(|(salt, payload)| (salt, payload)).unzip();
    let text = payload.and_then(|payload| std::str::from_utf8(payload).ok()).map(str::to_owned);
    let line = Line {
        number: entry.number,
        at_micros: entry.at_micros,
        actor: entry.actor.clone(),
        kind: entry.kind.clone(),
        incident: entry.incident,
        before,
        payload_hash: entry.payload_hash,
        hash: entry.hash,
        salt: salt.map(|salt| hex(salt)),
        payload_hex: payload.filter(|_| text.is_none()).map(|payload| hex(payload)),
        payload: text,
    };
    let mut json = serde_json::to_string(&line)?;
    json.push('\n');
    Ok(json)
}

/// The reason a line of an export can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// Not such a line.
    #[error("{0}")]
    Json(String),
    /// Salt and payload belong together.
    #[error("it has a salt without a payload, or a payload without a salt")]
    Half,
    /// The salt or the payload is not what it is said to be.
    #[error("its {0} is not hexadecimal")]
    Hex(&'static str),
}

/// Reads a line of an export: the entry, and the hash of the one before it.
pub fn from_line(line: &[u8]) -> Result<(StoredEntry, Hash), BadLine> {
    let line: Line = serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        BadLine::Json(format!(
            "{} (column {})",
            shown(&clip(text, 300)).replace('`', "'"),
            error.column()
        ))
    })?;
    let payload = match (line.payload, line.payload_hex) {
        (Some(_), Some(_)) => return Err(BadLine::Half),
        (Some(text), None) => Some(text.into_bytes()),
        (None, Some(digits)) => Some(unhex(&digits).ok_or(BadLine::Hex("payload_hex"))?),
        (None, None) => None,
    };
    let salt = line.salt.map(|salt| unhex(&salt).ok_or(BadLine::Hex("salt"))).transpose()?;
    let payload = match (salt, payload) {
        (Some(salt), Some(payload)) => Some((salt, payload)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(BadLine::Half),
    };
    let entry = StoredEntry {
        number: line.number,
        at_micros: line.at_micros,
        actor: line.actor,
        kind: line.kind,
        incident: line.incident,
        payload_hash: line.payload_hash,
        hash: line.hash,
        payload,
    };
    Ok((entry, line.before))
}

/// Checks that the first entry of an export follows the hash that its line names; the entries after
/// it are proved one by one.
pub fn begins(entry: &StoredEntry, before: Hash) -> Result<Head, Broken> {
    if entry.number == 0 {
        return Err(Broken::OutOfOrder { expected: 1, found: 0 });
    }
    if (entry.number == 1) != (before == Hash::GENESIS) || entry_hash(before, entry) != entry.hash {
        return Err(Broken::Changed { number: entry.number });
    }
    Ok(Head { number: entry.number - 1, hash: before })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use domain::{
        access::Scope,
        id::{AccountId, SessionId, ShareId, TokenId},
        journal::seal,
    };

    #[test]
    fn only_an_owner_removes_content_and_the_author_of_a_comment_their_own() {
        let account = |id, role| Principal::Account {
            id: AccountId(id),
            role,
            session: SessionId(1),
            recently_authenticated: true,
        };
        let author = Actor::Account(AccountId(7));
        let comment = |caller: Principal| may_remove(&caller, "commented", author);
        assert!(comment(account(1, Role::Owner)) && comment(account(7, Role::Viewer)));
        assert!(
            !comment(account(8, Role::Approver))
                && !comment(Principal::Local)
                && !comment(Principal::Agent)
                && !comment(Principal::Nobody)
        );
        assert!(may_remove(&Principal::Local, "commented", Actor::Local));
        let token = Principal::Token { id: TokenId(7), scopes: Scope::ALL.into_iter().collect() };
        assert!(!may_remove(&token, "commented", Actor::Token(TokenId(7))));
        assert!(!comment(Principal::Share { id: ShareId(7), incident: IncidentNumber(1) }));
        // A note ends an incident: it is a decision, and only an owner takes words out of it.
        assert!(
            !may_remove(&account(7, Role::Approver), "resolved", author)
                && may_remove(&account(1, Role::Owner), "resolved", author)
        );
        for kind in Event::KINDS {
            let stays = [
                "account", "role", "approved", "signed", "redacted", "invit", "token", "share",
                "opened", "contact", "pass", "owner",
            ];
            if stays.iter().any(|word| kind.contains(word)) && *kind != "reopened" {
                assert!(!may_remove(&account(1, Role::Owner), kind, author), "{kind}");
            }
        }
    }

    #[test]
    fn what_can_not_be_undone_asks_an_owner_again_who_they_are() {
        let comment = |author: Actor| {
            let event = Event::Commented { incident: IncidentNumber(3), text: "a password".into() };
            seal(Head::EMPTY, Timestamp::from_secs(1), author, &event, vec![1; 16]).unwrap()
        };
        let person = |id: u32, role, recently_authenticated| Principal::Account {
            id: AccountId(id),
            role,
            session: SessionId(1),
            recently_authenticated,
        };
        let asked = |caller: &Principal, author: u32| {
            redaction(caller, &comment(Actor::Account(AccountId(author))), "A password.")
        };
        assert_eq!(asked(&person(1, Role::Owner, false), 7), Err(Error::SignInAgain));
        assert!(asked(&person(1, Role::Owner, true), 7).is_ok());
        assert!(
            asked(&person(7, Role::Responder, false), 7).is_ok(),
            "one's own comment is one's own"
        );
        assert!(matches!(asked(&person(7, Role::Responder, true), 8), Err(Error::Forbidden(_))));
    }

    fn chain(count: u8) -> (Vec<StoredEntry>, Head) {
        let mut head = Head::EMPTY;
        let mut entries = Vec::new();
        for salt in 0..count {
            let event = Event::Commented {
                incident: IncidentNumber(3),
                text: format!("word {salt} \u{1f642} \"quoted\"\n"),
            };
            let entry = seal(
                head,
                Timestamp::from_secs(i64::from(salt)),
                Actor::Local,
                &event,
                vec![salt; 16],
            )
            .unwrap();
            head = Head { number: entry.number, hash: entry.hash };
            entries.push(entry);
        }
        (entries, head)
    }

    #[test]
    fn a_line_comes_back_as_the_entry_that_it_was_made_of() {
        let (mut entries, _) = chain(3);
        entries[1].payload = None;
        entries[2].payload = Some((vec![0, 255], vec![0xff, 0xfe]));
        for entry in &entries {
            let line = to_line(entry, Hash::GENESIS).unwrap();
            assert_eq!((line.matches('\n').count(), line.ends_with('\n')), (1, true));
            assert_eq!(from_line(line.as_bytes()), Ok((entry.clone(), Hash::GENESIS)));
        }
        assert_eq!(begins(&entries[0], Hash::GENESIS), Ok(Head::EMPTY));
        assert_eq!(
            begins(&entries[1], entries[0].hash),
            Ok(Head { number: 1, hash: entries[0].hash })
        );
        assert_eq!(begins(&entries[1], Hash::GENESIS), Err(Broken::Changed { number: 2 }));
        assert_eq!(begins(&entries[1], entries[1].hash), Err(Broken::Changed { number: 2 }));
    }

    #[test]
    fn a_line_that_is_not_ours_says_what_is_wrong_with_it() {
        let (entries, _) = chain(1);
        let good = to_line(&entries[0], Hash::GENESIS).unwrap();
        for (found, instead, wrong) in [
            ("\"number\":1", "\"number\":-1", "invalid value"),
            ("\"number\":1", "\"number\":1,\"number\":2", "duplicate field"),
            ("\"number\":1", "\"number\":1,\"more\":2", "unknown field 'more'"),
            ("\"incident\":3", "\"incident\":4294967296", "invalid value"),
            ("\"salt\":\"00", "\"salt\":\"0g", "salt is not hexadecimal"),
            ("\"salt\":\"00", "\"salt\":\"0", "salt is not hexadecimal"),
            (
                "\"salt\":\"00000000000000000000000000000000\"",
                "\"salt\":null",
                "a payload without a salt",
            ),
            ("\"before\":\"00", "\"before\":\"0", "expected a SHA-256 hash"),
            (
                "}\n",
                ",\"payload_hex\":\"00\"}\n",
                "a salt without a payload, or a payload without a salt",
            ),
            ("}\n", "} {}", "trailing characters"),
            ("{\"number\"", "[\"number\"", "expected"),
        ] {
            let bad = good.replacen(found, instead, 1);
            assert_ne!(bad, good, "{found}");
            let said = from_line(bad.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(wrong), "{bad}: {said}");
        }
        let without = good.replacen(",\"payload\":", ",\"payload_hex\":null,\"nothing\":", 1);
        assert!(from_line(without.as_bytes()).is_err());
    }

    #[test]
    fn what_was_removed_must_be_explained() {
        let (mut entries, head) = chain(3);
        let redacted = Event::Redacted {
            entry: 2,
            reason: "a password".into(),
            message: None,
            step: None,
            window: None,
        };
        entries.push(
            seal(head, Timestamp::from_secs(9), Actor::Local, &redacted, vec![1; 16]).unwrap(),
        );
        entries[1].payload = None;
        let walk = |entries: &[StoredEntry]| {
            let mut removals = Removals::default();
            entries.iter().for_each(|entry| removals.take(entry));
            (removals.count, removals.unexplained())
        };
        assert_eq!(walk(&entries), (1, vec![]));
        entries[0].payload = None;
        assert_eq!(walk(&entries), (2, vec![1]));
        assert_eq!(walk(&entries[..3]), (2, vec![1, 2]));
    }

    proptest! {
        #[test]
        fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = from_line(&bytes);
        }

        #[test]
        fn every_payload_survives_a_line(salt in proptest::collection::vec(any::<u8>(), 0..40), payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (mut entries, _) = chain(1);
            entries[0].payload = Some((salt, payload));
            let line = to_line(&entries[0], Hash::GENESIS).unwrap();
            prop_assert_eq!(from_line(line.as_bytes()).unwrap().0, entries.remove(0));
        }
    }
}
