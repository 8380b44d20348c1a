//! The journal: the append-only record of everything. What an entry says; how entries hang together is in `chain`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    breach::{Breach, BreachKey, Ending},
    incident::{Incident, IncidentNumber},
    lifecycle::{State, Step},
    snapshot::Snapshot,
    summary::Summary,
    time::Timestamp,
    words::{Actor, Subject},
};

mod chain;

pub use chain::{BadHash, Broken, Hash, Head, StoredEntry, Verifier, entry_hash, payload_hash, seal};

/// What happened. The journal's payload, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Calm Ops started.
    Started {
        /// Which version of the program.
        version: String,
    },
    /// Calm Ops stopped in good order.
    Stopped,
    /// The wall clock jumped against the monotonic one.
    ClockJumped {
        /// By how many microseconds; positive is forward.
        by_micros: i64,
    },
    /// Nothing is known about what was watched between two moments.
    Blind {
        /// From when.
        from: Timestamp,
        /// To when.
        to: Timestamp,
        /// Why.
        why: BlindReason,
    },
    /// A document came into force.
    DocumentInForce {
        /// Its path inside the documents' directory, such as `alerts/thresholds.md`.
        name: String,
        /// SHA-256 of its bytes, in hexadecimal.
        sha256: String,
        /// What changed, as lines that begin with `+` or `-`; bounded.
        difference: String,
    },
    /// An edited document was refused; the last good version stays in force.
    DocumentRefused {
        /// Its path inside the documents' directory.
        name: String,
        /// SHA-256 of the refused bytes, in hexadecimal.
        sha256: String,
        /// The first error, with file, line and column.
        error: String,
    },
    /// A subject is gone and is no longer expected to report.
    SubjectRetired {
        /// Which.
        subject: Subject,
    },
    /// The data came from a backup.
    Restored {
        /// The head of the backup.
        number: u64,
    },
    /// An incident was opened.
    IncidentOpened {
        /// The whole of it.
        incident: Box<Incident>,
    },
    /// A breach joined, or came back.
    BreachJoined {
        /// Which incident.
        incident: IncidentNumber,
        /// The breach.
        breach: Box<Breach>,
    },
    /// A breach became more severe, or unsteady.
    BreachChanged {
        /// Which incident.
        incident: IncidentNumber,
        /// The breach as it is now.
        breach: Box<Breach>,
    },
    /// A breach holds no longer.
    BreachCleared {
        /// Which incident.
        incident: IncidentNumber,
        /// Which breach.
        key: BreachKey,
        /// Whether it was seen to recover.
        ending: Ending,
    },
    /// The lifecycle moved on.
    Moved {
        /// Which incident.
        incident: IncidentNumber,
        /// From where.
        from: State,
        /// By which step.
        step: Step,
        /// To where.
        to: State,
    },
    /// The decision summary was written anew.
    SummaryWritten {
        /// Which incident.
        incident: IncidentNumber,
        /// The summary.
        summary: Box<Summary>,
    },
    /// Evidence was saved.
    SnapshotSaved {
        /// Which incident.
        incident: IncidentNumber,
        /// The evidence.
        snapshot: Box<Snapshot>,
    },
    /// A person took note.
    Acknowledged {
        /// Which incident.
        incident: IncidentNumber,
    },
    /// A person wrote something.
    Commented {
        /// Which incident.
        incident: IncidentNumber,
        /// What they wrote.
        text: String,
    },
    /// All is quiet, and a person has acted on it: the agent offers to resolve.
    ResolutionOffered {
        /// Which incident.
        incident: IncidentNumber,
    },
    /// It is over.
    Resolved {
        /// Which incident.
        incident: IncidentNumber,
        /// By the agent ([`Step::StayedQuiet`]) or a person ([`Step::PersonResolved`]).
        step: Step,
        /// What a person wrote.
        note: Option<String>,
    },
    /// It came back, or a person reopened it.
    Reopened {
        /// Which incident.
        incident: IncidentNumber,
        /// What a person wrote; `None` when the agent reopened it.
        note: Option<String>,
    },
}

/// Why nothing was seen for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlindReason {
    /// Calm Ops was not running.
    NotRunning,
    /// The machine slept, or the monitor could not run.
    Asleep,
}

impl Event {
    /// The incident that it is about.
    pub fn incident(&self) -> Option<IncidentNumber> {
        match self {
            Self::IncidentOpened { incident } => Some(incident.number),
            Self::BreachJoined { incident, .. }
            | Self::BreachChanged { incident, .. }
            | Self::BreachCleared { incident, .. }
            | Self::Moved { incident, .. }
            | Self::SummaryWritten { incident, .. }
            | Self::SnapshotSaved { incident, .. }
            | Self::Acknowledged { incident }
            | Self::Commented { incident, .. }
            | Self::ResolutionOffered { incident }
            | Self::Resolved { incident, .. }
            | Self::Reopened { incident, .. } => Some(*incident),
            Self::Started { .. }
            | Self::Stopped
            | Self::ClockJumped { .. }
            | Self::Blind { .. }
            | Self::DocumentInForce { .. }
            | Self::DocumentRefused { .. }
            | Self::SubjectRetired { .. }
            | Self::Restored { .. } => None,
        }
    }

    /// The word that is stored beside the payload and covered by the entry's hash.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Stopped => "stopped",
            Self::ClockJumped { .. } => "clock_jumped",
            Self::Blind { .. } => "blind",
            Self::DocumentInForce { .. } => "document_in_force",
            Self::DocumentRefused { .. } => "document_refused",
            Self::SubjectRetired { .. } => "subject_retired",
            Self::Restored { .. } => "restored",
            Self::IncidentOpened { .. } => "incident_opened",
            Self::BreachJoined { .. } => "breach_joined",
            Self::BreachChanged { .. } => "breach_changed",
            Self::BreachCleared { .. } => "breach_cleared",
            Self::Moved { .. } => "moved",
            Self::SummaryWritten { .. } => "summary_written",
            Self::SnapshotSaved { .. } => "snapshot_saved",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Commented { .. } => "commented",
            Self::ResolutionOffered { .. } => "resolution_offered",
            Self::Resolved { .. } => "resolved",
            Self::Reopened { .. } => "reopened",
        }
    }
}

/// A position in the journal: the number of the last entry that a reader knows, and the lineage that it belongs to.
/// A restored backup begins a new epoch, so that a reader from before it is told to start again. Written `epoch:number`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The lineage.
    pub epoch: u32,
    /// The number of the last entry known; 0 is before the first.
    pub number: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.number)
    }
}

/// A text that is not `epoch:number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a journal position such as '1:42'")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (epoch, number) = text.split_once(':').ok_or(BadCursor)?;
        Ok(Self { epoch: epoch.parse().map_err(|_| BadCursor)?, number: number.parse().map_err(|_| BadCursor)? })
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An entry as readers get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Entry {
    /// Its number, without gaps from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What happened; `None` if it was redacted.
    pub event: Option<Event>,
}
