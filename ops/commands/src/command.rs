//! Changes that the service executes.

use domain::{
    hash::Hash,
    id::{AccountId, ContactId, IncidentNumber, RecommendationId, ShareId},
    journal::{Cursor, Event},
    recommendation::RunOutcome,
    subject::Subject,
    time::Span,
};
use serde::{Deserialize, Serialize};

use crate::{
    accounts::Change,
    notifications::{ContactRequest, Notification},
    sharing::ShareRequest,
};

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Take note of an incident.
    Acknowledge {
        /// Which.
        incident: IncidentNumber,
    },
    /// Write something on an incident's timeline.
    Comment {
        /// Which.
        incident: IncidentNumber,
        /// What.
        text: String,
    },
    /// End an incident.
    Resolve {
        /// Which.
        incident: IncidentNumber,
        /// Why it is over; kept for learning.
        note: String,
    },
    /// Open a resolved incident again.
    Reopen {
        /// Which.
        incident: IncidentNumber,
        /// Why.
        note: String,
    },
    /// Stop expecting a subject to report.
    RetireSubject {
        /// Which.
        subject: Subject,
    },
    /// Say yes to a recommendation, exactly as it was shown.
    Approve {
        /// Which.
        recommendation: RecommendationId,
        /// The hash of what was shown; see [`Recommendation::binding`].
        binding: Hash,
    },
    /// Say no to a recommendation; the next best one comes up.
    Decline {
        /// Which.
        recommendation: RecommendationId,
        /// Why; kept for learning.
        reason: String,
    },
    /// End a run early.
    CancelRun {
        /// Of which recommendation.
        recommendation: RecommendationId,
    },
    /// A change about people.
    People(Change),
    /// An approved command is about to be started. Only for Calm Ops itself.
    StartRun {
        /// Of which recommendation.
        recommendation: RecommendationId,
    },
    /// A run is over. Only for Calm Ops itself.
    EndRun {
        /// Of which recommendation.
        recommendation: RecommendationId,
        /// How.
        outcome: RunOutcome,
        /// How long it ran.
        duration: Span,
        /// What it printed, without secrets, bounded.
        output: String,
    },
    /// Remove the content of an entry: a pasted secret, the words of someone who is to be
    /// forgotten.
    Redact {
        /// Which entry.
        entry: u64,
        /// Why; it stays.
        reason: String,
    },
    /// Make a link that shows an incident without an account.
    CreateShare {
        /// Which incident.
        incident: IncidentNumber,
        /// What it is to show, for how long.
        wanted: ShareRequest,
        /// SHA-256 of its token; the token itself is shown once and kept nowhere.
        token_hash: Hash,
    },
    /// End a link at once.
    RevokeShare {
        /// Which.
        share: ShareId,
    },
    /// Set a way by which oneself is called, or change one.
    SetContact {
        /// Which; a new one without.
        contact: Option<ContactId>,
        /// How it is to be.
        wanted: ContactRequest,
    },
    /// Remove a way by which oneself is called; what waits for it is dropped.
    RemoveContact {
        /// Which.
        contact: ContactId,
    },
    /// Send a test by a way by which oneself is called.
    TestContact {
        /// Which.
        contact: ContactId,
    },
    /// A call was sent, or given up. Only for Calm Ops itself.
    EndCall {
        /// Which.
        call: Notification,
        /// Whom.
        account: AccountId,
        /// By which of their ways.
        contact: ContactId,
        /// Why it was given up; `None` if it was sent.
        failed: Option<String>,
    },
    /// What the rules decided in one tick, all of it or nothing. Only for the agent and for Calm
    /// Ops itself.
    Record {
        /// The decisions, in order.
        events: Vec<Event>,
        /// The rules' state that belongs to them, so that how long a breach has held survives a
        /// restart.
        monitor: Option<Vec<u8>>,
    },
}

/// What a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Committed {
    /// The journal's head after it.
    pub cursor: Cursor,
}
