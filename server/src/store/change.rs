//! Changes: what is decided and written in one transaction.

use commands::{
    accounts::{Accounts, Outcome},
    notifications::{Contact, Notification},
    sharing::ShareRequest,
};
use domain::{
    actor::Actor,
    error::Error,
    hash::Hash,
    id::{AccountId, ContactId, IncidentNumber},
    incident::Incident,
    journal::Event,
    time::Timestamp,
};

/// The decision inside a change's transaction, from the incidents as they are there: events, or a
/// refusal.
pub type Decide = Box<dyn FnOnce(&[Incident]) -> Result<Vec<Event>, Error> + Send>;

/// The same about people, from the roster as it is there.
pub type DecidePeople = Box<dyn FnOnce(&Accounts) -> Result<Outcome, Error> + Send>;

/// A change: read, decide and write in one transaction.
pub struct Change {
    /// The time.
    pub at: Timestamp,
    /// The author.
    pub actor: Actor,
    /// The incidents that `decide` must see.
    pub about: About,
    /// The events to write.
    pub decide: Decide,
    /// The rows about people to write, after that.
    pub people: Option<DecidePeople>,
    /// The monitor's state to save in the same transaction.
    pub monitor: Option<Vec<u8>>,
}

/// The incidents that a decision must see. One that is unknown is left out.
#[derive(Clone, Copy, Debug)]
pub enum About {
    /// None.
    Nothing,
    /// This one.
    Incident(IncidentNumber),
    /// This one, and all that have a command that runs or may still run.
    IncidentAndRuns(IncidentNumber),
    /// This one, of whose messages nothing was written after an entry: otherwise the change is
    /// refused.
    Messages {
        /// The incident.
        incident: IncidentNumber,
        /// The number of the last entry that was looked at.
        after: u64,
    },
    /// All active ones, while no other practice began or ended than the one that was looked at:
    /// otherwise the change is refused.
    Practice {
        /// The number of the practice in force as it was looked at.
        in_force: Option<u64>,
    },
    /// This one, of whose review and prevention steps nothing was written after an entry: otherwise
    /// the change is refused.
    Review {
        /// The incident.
        incident: IncidentNumber,
        /// The number of the last entry that was looked at.
        after: u64,
    },
}

/// A row that is written in the same transaction as a change, beside the incidents' rows.
#[derive(Clone, Debug)]
pub enum Beside {
    /// None.
    Nothing,
    /// A share link is made; the store journals it too, as its number is the entry's.
    Share {
        /// Of which incident.
        incident: IncidentNumber,
        /// The parts that it shows.
        wanted: ShareRequest,
        /// SHA-256 of its token.
        token_hash: Hash,
    },
    /// A contact is set; the store journals it too. One with the number 0 is new, and gets the
    /// number of its entry; another one must be its account's already.
    Contact(Box<Contact>),
    /// A test by a contact of an account is queued; nothing is journalled.
    Test {
        /// Whose.
        account: AccountId,
        /// By which contact.
        contact: ContactId,
        /// The time.
        at: Timestamp,
    },
    /// A call that waits has ended; refused if it has ended before.
    DeliveryEnded {
        /// The notification.
        call: Notification,
        /// By which contact.
        contact: ContactId,
        /// The reason it was given up; `None` if it was sent.
        failed: Option<String>,
    },
}
