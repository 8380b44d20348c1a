//! The journal: the append-only record of everything. What an entry says is in `event`; how entries hang
//! together is in `chain`.

pub(crate) mod blind;
mod chain;
mod cursor;
mod entry;
mod event;
mod redaction;

pub use blind::BlindReason;
pub use chain::{Broken, StoredEntry, Verifier, entry_hash, payload_hash, seal};
pub use cursor::{BadCursor, Cursor};
pub use entry::Entry;
pub use event::{
    AccountEvent, ChangeEvent, DocumentEvent, Event, EventGroup, IncidentEvent, JournalEvent,
    MaintenanceEvent, MessageEvent, NotificationEvent, PracticeEvent, ProtectionEvent,
    RecommendationEvent, ReportEvent, ReviewEvent, ShareEvent, StatusPageEvent, SystemEvent,
    ThresholdEvent,
};
