//! The hash chain of the journal: how an entry is encoded and sealed, and how a chain is verified.
//!
//! An entry's hash covers the hash before it and the entry's canonical bytes (version 1, below).
//! The payload enters as a salted hash and lies beside it, so that a journalled redaction can
//! remove payload and salt without breaking the chain.

use sha2::{Digest, Sha256};

use crate::{
    actor::Actor,
    hash::{Hash, Head},
    journal::Event,
    time::Timestamp,
};

/// An entry as it is stored: the columns that the hash covers, and the payload beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its number.
    pub number: u64,
    /// The time, in microseconds since 1970.
    pub at_micros: i64,
    /// The actor's text.
    pub actor: String,
    /// The event's kind.
    pub kind: String,
    /// The incident's number, if it is about one.
    pub incident: Option<u32>,
    /// SHA-256 over salt and payload.
    pub payload_hash: Hash,
    /// The hash that seals it into the chain.
    pub hash: Hash,
    /// Salt and payload bytes; `None` if redacted.
    pub payload: Option<(Vec<u8>, Vec<u8>)>,
}

/// SHA-256 over the salt's length, the salt and the payload.
pub fn payload_hash(salt: &[u8], payload: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update((salt.len() as u64).to_be_bytes());
    hasher.update(salt);
    hasher.update(payload);
    Hash(hasher.finalize().into())
}

/// The hash of an entry: SHA-256 over the hash before it and the canonical bytes, version 1: the
/// byte 1; number, microseconds (both 8 bytes, big-endian); incident (4 bytes, 0 for none); actor
/// and kind, each with its length before it (4 bytes); payload hash.
pub fn entry_hash(before: Hash, entry: &StoredEntry) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(before.0);
    hasher.update([1]);
    hasher.update(entry.number.to_be_bytes());
    hasher.update(entry.at_micros.to_be_bytes());
    hasher.update(entry.incident.unwrap_or(0).to_be_bytes());
    for text in [&entry.actor, &entry.kind] {
        hasher.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(entry.payload_hash.0);
    Hash(hasher.finalize().into())
}

/// Seals an event onto the chain's end. `salt` must be fresh randomness of at least 16 bytes.
pub fn seal(
    head: Head,
    at: Timestamp,
    actor: Actor,
    event: &Event,
    salt: Vec<u8>,
) -> Result<StoredEntry, serde_json::Error> {
    let payload = serde_json::to_vec(event)?;
    let mut entry = StoredEntry {
        number: head.number + 1,
        at_micros: at.as_micros(),
        actor: actor.to_string(),
        kind: event.kind().to_owned(),
        incident: event.incident().map(|number| number.0),
        payload_hash: payload_hash(&salt, &payload),
        hash: Hash::GENESIS,
        payload: Some((salt, payload)),
    };
    entry.hash = entry_hash(head.hash, &entry);
    Ok(entry)
}

/// The fault of a chain, named by the entry at which it shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is missing, or entries changed places.
    #[error("entry {expected} is missing: entry {found} follows entry {}", expected - 1)]
    Missing {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// An entry stands where another one should, or twice.
    #[error("entry {found} was inserted or moved: entry {expected} should be there")]
    OutOfOrder {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// The payload is not the one that was sealed.
    #[error("entry {number}: its payload was changed")]
    Payload {
        /// Number of the entry.
        number: u64,
    },
    /// One of the other fields, or an entry before it, is not what was sealed.
    #[error("entry {number} was changed or replaced")]
    Changed {
        /// Number of the entry.
        number: u64,
    },
    /// The chain ends before the head that is known.
    #[error("entries {from} to {to} are missing at the end")]
    CutShort {
        /// The first one missing.
        from: u64,
        /// The head's number.
        to: u64,
    },
    /// There are entries after the stored head.
    #[error("entry {number} comes after the head: it was inserted")]
    BeyondHead {
        /// Number of the entry.
        number: u64,
    },
    /// The hash at a number is not the one that was noted elsewhere.
    #[error(
        "entry {number} has the hash {found}, but {noted} was noted: the journal was rewritten up to there"
    )]
    OtherHead {
        /// Number of the entry.
        number: u64,
        /// The hash in the database.
        found: Hash,
        /// The hash that was noted.
        noted: Hash,
    },
}

/// Walks a chain in its order and stops at the first thing that is wrong.
#[derive(Clone, Debug)]
pub struct Verifier {
    at: Head,
    redacted: u64,
    noted: Option<Head>,
}

impl Verifier {
    /// Begins before the first entry. `noted` is a head that someone wrote down elsewhere.
    pub fn new(noted: Option<Head>) -> Self {
        Self { at: Head::EMPTY, redacted: 0, noted }
    }

    /// Begins after an entry that is known by its hash.
    pub const fn after(head: Head, noted: Option<Head>) -> Self {
        Self { at: head, redacted: 0, noted }
    }

    /// The last entry that was taken, and how many payloads were redacted up to it.
    pub const fn reached(&self) -> (Head, u64) {
        (self.at, self.redacted)
    }

    /// Takes the next entry, in the order of their numbers.
    pub fn take(&mut self, entry: &StoredEntry) -> Result<(), Broken> {
        let expected = self.at.number + 1;
        match entry.number.cmp(&expected) {
            std::cmp::Ordering::Greater => {
                return Err(Broken::Missing { expected, found: entry.number });
            }
            std::cmp::Ordering::Less => {
                return Err(Broken::OutOfOrder { expected, found: entry.number });
            }
            std::cmp::Ordering::Equal => {}
        }
        match &entry.payload {
            Some((salt, payload)) if payload_hash(salt, payload) != entry.payload_hash => {
                return Err(Broken::Payload { number: entry.number });
            }
            Some(_) => {}
            None => self.redacted += 1,
        }
        if entry_hash(self.at.hash, entry) != entry.hash {
            return Err(Broken::Changed { number: entry.number });
        }
        if let Some(noted) = self.noted
            && noted.number == entry.number
            && noted.hash != entry.hash
        {
            return Err(Broken::OtherHead {
                number: entry.number,
                found: entry.hash,
                noted: noted.hash,
            });
        }
        self.at = Head { number: entry.number, hash: entry.hash };
        Ok(())
    }

    /// Ends the walk: the chain must reach exactly the stored head, and at least the noted one.
    /// Returns the head that was reached and how many payloads were redacted.
    pub fn finish(self, stored: Head) -> Result<(Head, u64), Broken> {
        let goal = stored.number.max(self.noted.map_or(0, |noted| noted.number));
        if self.at.number < goal {
            return Err(Broken::CutShort { from: self.at.number + 1, to: goal });
        }
        if self.at.number > stored.number {
            return Err(Broken::BeyondHead { number: stored.number + 1 });
        }
        if self.at.hash != stored.hash {
            return Err(Broken::Changed { number: self.at.number });
        }
        Ok((self.at, self.redacted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Cursor;

    fn chain(count: u8) -> (Vec<StoredEntry>, Head) {
        let mut head = Head::EMPTY;
        let mut entries = Vec::new();
        for salt in 0..count {
            let event = Event::Started { version: format!("0.1.{salt}") };
            let entry = seal(
                head,
                Timestamp::from_secs(i64::from(salt)),
                Actor::System,
                &event,
                vec![salt; 16],
            )
            .unwrap();
            head = Head { number: entry.number, hash: entry.hash };
            entries.push(entry);
        }
        (entries, head)
    }

    fn verify(
        entries: &[StoredEntry],
        head: Head,
        noted: Option<Head>,
    ) -> Result<(Head, u64), Broken> {
        let mut verifier = Verifier::new(noted);
        entries.iter().try_for_each(|entry| verifier.take(entry))?;
        verifier.finish(head)
    }

    #[test]
    fn an_untouched_chain_verifies_and_each_kind_of_harm_is_named() {
        let (entries, head) = chain(6);
        assert_eq!(
            verify(&entries, head, Some(Head { number: 3, hash: entries[2].hash })),
            Ok((head, 0))
        );

        let mut harmed = entries.clone();
        harmed[2].payload.as_mut().unwrap().1[3] ^= 1;
        assert_eq!(verify(&harmed, head, None), Err(Broken::Payload { number: 3 }));

        let mut harmed = entries.clone();
        harmed[2].actor = "agent".into();
        assert_eq!(verify(&harmed, head, None), Err(Broken::Changed { number: 3 }));

        let mut harmed = entries.clone();
        harmed[2].at_micros += 1;
        assert_eq!(verify(&harmed, head, None), Err(Broken::Changed { number: 3 }));

        let mut harmed = entries.clone();
        harmed.remove(2);
        assert_eq!(verify(&harmed, head, None), Err(Broken::Missing { expected: 3, found: 4 }));

        let mut harmed = entries.clone();
        harmed.insert(3, entries[2].clone());
        assert_eq!(verify(&harmed, head, None), Err(Broken::OutOfOrder { expected: 4, found: 3 }));

        let mut harmed = entries.clone();
        harmed.swap(2, 3);
        assert!(verify(&harmed, head, None).is_err());

        assert_eq!(verify(&entries[..4], head, None), Err(Broken::CutShort { from: 5, to: 6 }));
        let earlier = Head { number: 4, hash: entries[3].hash };
        assert_eq!(verify(&entries, earlier, None), Err(Broken::BeyondHead { number: 5 }));

        // Rewritten from the third entry on, with a consistent chain: only a head noted elsewhere
        // shows it.
        let (mut rewritten, mut new_head) =
            (entries[..2].to_vec(), Head { number: 2, hash: entries[1].hash });
        for _ in 2..6 {
            let entry =
                seal(new_head, Timestamp::from_secs(9), Actor::Agent, &Event::Stopped, vec![7; 16])
                    .unwrap();
            new_head = Head { number: entry.number, hash: entry.hash };
            rewritten.push(entry);
        }
        assert!(verify(&rewritten, new_head, None).is_ok());
        assert!(matches!(
            verify(&rewritten, new_head, Some(head)),
            Err(Broken::OtherHead { number: 6, .. })
        ));
    }

    #[test]
    fn a_redacted_payload_is_reported_and_breaks_nothing() {
        let (mut entries, head) = chain(4);
        entries[1].payload = None;
        assert_eq!(verify(&entries, head, None), Ok((head, 1)));
    }

    #[test]
    fn cursors_and_hashes_survive_as_text() {
        let cursor = Cursor { epoch: 3, number: 42 };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for text in ["", "42", ":", "1:", "-1:3", "1:2:3"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
        let hash = payload_hash(b"salt", b"payload");
        assert_eq!(hash.to_string().parse::<Hash>().unwrap(), hash);
    }
}
