//! The events of the journal, as they are stored.

use serde::{Deserialize, Serialize};

use crate::{
    access::{AuthMethod, Role, Scope},
    breach::{Breach, BreachKey, Ending},
    hash::Hash,
    id::{
        AccountId, ContactId, IncidentNumber, InvitationId, PasskeyId, SessionId, ShareId, TokenId,
    },
    incident::Incident,
    lifecycle::{State, Step},
    recommendation::{Recommendation, RunOutcome, Withdrawn},
    snapshot::Snapshot,
    subject::Subject,
    summary::Summary,
    time::{Span, Timestamp},
};

/// What was written before it was told.
const fn counts() -> bool {
    true
}

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
    /// A command is recommended.
    Recommended {
        /// For which incident.
        incident: IncidentNumber,
        /// All of it.
        recommendation: Box<Recommendation>,
    },
    /// A recommendation is no longer offered.
    RecommendationWithdrawn {
        /// Of which incident.
        incident: IncidentNumber,
        /// Its place there.
        place: u32,
        /// Why.
        why: Withdrawn,
    },
    /// A person said no to a recommendation.
    RecommendationDeclined {
        /// Of which incident.
        incident: IncidentNumber,
        /// Its place there.
        place: u32,
        /// Why.
        reason: String,
    },
    /// A person said yes to exactly one recommendation, as it was shown.
    Approved {
        /// Of which incident.
        incident: IncidentNumber,
        /// Its place there.
        place: u32,
        /// The hash of what was decided upon.
        binding: Hash,
    },
    /// An approved command is started. Written before it is, so that nothing can run unseen.
    RunStarted {
        /// Of which incident.
        incident: IncidentNumber,
        /// The recommendation's place there.
        place: u32,
    },
    /// A person asked to end a run early.
    RunCancelled {
        /// Of which incident.
        incident: IncidentNumber,
        /// The recommendation's place there.
        place: u32,
    },
    /// A run is over.
    RunEnded {
        /// Of which incident.
        incident: IncidentNumber,
        /// The recommendation's place there.
        place: u32,
        /// How.
        outcome: RunOutcome,
        /// How long it ran.
        duration: Span,
        /// What it printed, without secrets: the beginning and the end.
        output: String,
    },
    /// Whether a run worked is known: its signal recovered in time, or did not.
    RunProved {
        /// Of which incident.
        incident: IncidentNumber,
        /// The recommendation's place there.
        place: u32,
        /// Which command it was.
        command: String,
        /// What it acted upon.
        subject: Subject,
        /// Whether it worked.
        worked: bool,
        /// Whether that says something about the command: its end was seen, and nobody ended it
        /// early.
        #[serde(default = "counts", skip_serializing_if = "Clone::clone")]
        counts: bool,
    },
    /// Someone was called.
    Called {
        /// For which incident.
        incident: IncidentNumber,
        /// Whom.
        account: AccountId,
        /// By which of their ways.
        contact: ContactId,
        /// Because of which entry.
        entry: u64,
    },
    /// Someone could not be called, and it is not tried again.
    CallFailed {
        /// For which incident.
        incident: IncidentNumber,
        /// Whom.
        account: AccountId,
        /// By which of their ways.
        contact: ContactId,
        /// Because of which entry.
        entry: u64,
        /// Why not.
        why: String,
    },
    /// A share link was made.
    ShareCreated {
        /// For which incident.
        incident: IncidentNumber,
        /// Which.
        share: ShareId,
        /// When it ends.
        until: Timestamp,
    },
    /// A share link was ended early.
    ShareRevoked {
        /// For which incident.
        incident: IncidentNumber,
        /// Which.
        share: ShareId,
    },
    /// The content of an entry was removed; the chain still proves that it was there.
    Redacted {
        /// Which entry.
        entry: u64,
        /// Why.
        reason: String,
    },
    /// A link was made by which the first owner, or a new one, can be named.
    OwnerLinkMade,
    /// An account was made.
    AccountCreated {
        /// Which.
        account: AccountId,
        /// What it may do.
        role: Role,
        /// By which invitation; `None` by the owner link.
        invitation: Option<InvitationId>,
    },
    /// What an account may do was changed.
    RoleChanged {
        /// Which.
        account: AccountId,
        /// What it may do now.
        role: Role,
    },
    /// An account was closed, or opened again.
    AccountClosed {
        /// Which.
        account: AccountId,
        /// False where it was opened again.
        closed: bool,
    },
    /// A person signed in.
    SignedIn {
        /// Who.
        account: AccountId,
        /// By which sign-in.
        session: SessionId,
        /// How.
        by: AuthMethod,
    },
    /// A sign-in was ended.
    SignedOut {
        /// Whose.
        account: AccountId,
        /// Which.
        session: SessionId,
    },
    /// A password was set.
    PasswordSet {
        /// Whose.
        account: AccountId,
    },
    /// A passkey was added.
    PasskeyAdded {
        /// Whose.
        account: AccountId,
        /// Which.
        passkey: PasskeyId,
    },
    /// A passkey was removed.
    PasskeyRemoved {
        /// Whose.
        account: AccountId,
        /// Which.
        passkey: PasskeyId,
    },
    /// Someone was invited.
    Invited {
        /// By which invitation.
        invitation: InvitationId,
        /// To do what.
        role: Role,
    },
    /// An invitation was taken back.
    InvitationWithdrawn {
        /// Which.
        invitation: InvitationId,
    },
    /// A token was made.
    TokenCreated {
        /// Which.
        token: TokenId,
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// A token was ended.
    TokenRevoked {
        /// Which.
        token: TokenId,
    },
    /// A way to reach someone was set.
    ContactSet {
        /// Whom.
        account: AccountId,
        /// Which.
        contact: ContactId,
    },
    /// A way to reach someone was removed.
    ContactRemoved {
        /// Whom.
        account: AccountId,
        /// Which.
        contact: ContactId,
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
            | Self::Reopened { incident, .. }
            | Self::Recommended { incident, .. }
            | Self::RecommendationWithdrawn { incident, .. }
            | Self::RecommendationDeclined { incident, .. }
            | Self::Approved { incident, .. }
            | Self::RunStarted { incident, .. }
            | Self::RunCancelled { incident, .. }
            | Self::RunEnded { incident, .. }
            | Self::RunProved { incident, .. }
            | Self::Called { incident, .. }
            | Self::CallFailed { incident, .. }
            | Self::ShareCreated { incident, .. }
            | Self::ShareRevoked { incident, .. } => Some(*incident),
            Self::Started { .. }
            | Self::Stopped
            | Self::ClockJumped { .. }
            | Self::Blind { .. }
            | Self::DocumentInForce { .. }
            | Self::DocumentRefused { .. }
            | Self::SubjectRetired { .. }
            | Self::Restored { .. }
            | Self::Redacted { .. }
            | Self::OwnerLinkMade
            | Self::AccountCreated { .. }
            | Self::RoleChanged { .. }
            | Self::AccountClosed { .. }
            | Self::SignedIn { .. }
            | Self::SignedOut { .. }
            | Self::PasswordSet { .. }
            | Self::PasskeyAdded { .. }
            | Self::PasskeyRemoved { .. }
            | Self::Invited { .. }
            | Self::InvitationWithdrawn { .. }
            | Self::TokenCreated { .. }
            | Self::TokenRevoked { .. }
            | Self::ContactSet { .. }
            | Self::ContactRemoved { .. } => None,
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
            Self::Recommended { .. } => "recommended",
            Self::RecommendationWithdrawn { .. } => "recommendation_withdrawn",
            Self::RecommendationDeclined { .. } => "recommendation_declined",
            Self::Approved { .. } => "approved",
            Self::RunStarted { .. } => "run_started",
            Self::RunCancelled { .. } => "run_cancelled",
            Self::RunEnded { .. } => "run_ended",
            Self::RunProved { .. } => "run_proved",
            Self::Called { .. } => "called",
            Self::CallFailed { .. } => "call_failed",
            Self::ShareCreated { .. } => "share_created",
            Self::ShareRevoked { .. } => "share_revoked",
            Self::Redacted { .. } => "redacted",
            Self::OwnerLinkMade => "owner_link_made",
            Self::AccountCreated { .. } => "account_created",
            Self::RoleChanged { .. } => "role_changed",
            Self::AccountClosed { .. } => "account_closed",
            Self::SignedIn { .. } => "signed_in",
            Self::SignedOut { .. } => "signed_out",
            Self::PasswordSet { .. } => "password_set",
            Self::PasskeyAdded { .. } => "passkey_added",
            Self::PasskeyRemoved { .. } => "passkey_removed",
            Self::Invited { .. } => "invited",
            Self::InvitationWithdrawn { .. } => "invitation_withdrawn",
            Self::TokenCreated { .. } => "token_created",
            Self::TokenRevoked { .. } => "token_revoked",
            Self::ContactSet { .. } => "contact_set",
            Self::ContactRemoved { .. } => "contact_removed",
        }
    }
}
