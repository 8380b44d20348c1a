//! The events of the journal: what is stored, and the groups in which it is read.

use serde::{Deserialize, Serialize};

use crate::{
    access::{Audience, AuthMethod, Expiry, Role, Scope, SharePart},
    breach::{Breach, BreachKey, Ending},
    change::ReportedChange,
    hash::Hash,
    id::{
        AccountId, ContactId, IncidentNumber, InvitationId, PasskeyId, SessionId, ShareId, TokenId,
    },
    impact::Impact,
    incident::Incident,
    inspection::{Inspection, InspectionOutcome},
    journal::blind::BlindReason,
    lifecycle::{State, Step},
    maintenance::{MaintenanceWindow, Withheld},
    message::stage::{MessageAudience, MessageStage, RedactedMessage},
    practice::PracticeEnding,
    protection::{
        measure::{LimitedRequests, Measure, MeasureEnding, SafeModeStage},
        organization::OverrideEnding,
    },
    recommendation::{Recommendation, RunOutcome, Withdrawn},
    report::MadeReport,
    review::parts::{PreventionPlan, Rating, RedactedStep, ReviewSections},
    signal::Signal,
    snapshot::Snapshot,
    status_page::notice::{NoticePart, NoticeState},
    subject::Subject,
    summary::Summary,
    threshold::parts::{ProposalEvidence, ThresholdCells, ThresholdRow},
    time::{Span, Timestamp},
};

/// The value in entries from before it was told.
const fn counts() -> bool {
    true
}

/// Declares every event once, in groups. From it come the flat [`Event`], which is what is stored, and
/// [`EventGroup`], a lossless view of it: each consumer matches its own group and has one arm for each
/// of the others.
macro_rules! events {
    ($(
        $(#[$group_meta:meta])+
        $group:ident($view:ident) {
            $(
                $(#[$meta:meta])+
                $variant:ident = $kind:literal $({
                    $( $(#[$field_meta:meta])+ $field:ident: $type:ty, )*
                })?,
            )*
        }
    )*) => {
        /// An event. The journal's payload, as JSON.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(tag = "event", rename_all = "snake_case")]
        pub enum Event {
            $($(
                $(#[$meta])+
                $variant $({ $( $(#[$field_meta])+ $field: $type, )* })?,
            )*)*
        }

        impl Event {
            /// Every kind, in the order in which a list shows them.
            pub const KINDS: &[&str] = &[$($($kind,)*)*];

            /// The word that is stored beside the payload and covered by the entry's hash.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $($( Self::$variant { .. } => $kind, )*)*
                }
            }

            /// The event in its group.
            pub const fn group(&self) -> EventGroup<'_> {
                match self {
                    $($(
                        Self::$variant $({ $($field),* })? =>
                            EventGroup::$group($view::$variant $({ $($field),* })?),
                    )*)*
                }
            }
        }

        /// An event in its group.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum EventGroup<'a> {
            $( $(#[$group_meta])+ $group($view<'a>), )*
        }

        $(
            $(#[$group_meta])+
            #[derive(Clone, Copy, Debug, PartialEq)]
            #[expect(missing_docs, reason = "the fields are those of `Event`")]
            pub enum $view<'a> {
                $(
                    $(#[$meta])+
                    $variant $({ $($field: &'a $type),* })?,
                )*
            }
        )*

        $(
            impl $view<'_> {
                /// The kinds of the group, in the order in which a list shows them.
                pub const KINDS: &'static [&'static str] = &[$($kind,)*];
            }
        )*

        impl<'a> From<&'a Event> for EventGroup<'a> {
            fn from(event: &'a Event) -> Self {
                event.group()
            }
        }

        impl From<EventGroup<'_>> for Event {
            fn from(group: EventGroup<'_>) -> Self {
                match group {
                    $($(
                        EventGroup::$group($view::$variant $({ $($field),* })?) =>
                            Self::$variant $({ $($field: $field.clone()),* })?,
                    )*)*
                }
            }
        }
    };
}

events! {
    /// An incident and its breaches.
    Incident(IncidentEvent) {
        /// An incident was opened.
        IncidentOpened = "incident_opened" {
            /// The whole of it.
            incident: Box<Incident>,
        },
        /// A breach joined, or came back.
        BreachJoined = "breach_joined" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The breach.
            breach: Box<Breach>,
        },
        /// A breach became more severe, or unsteady.
        BreachChanged = "breach_changed" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The breach as it is now.
            breach: Box<Breach>,
        },
        /// A breach holds no longer.
        BreachCleared = "breach_cleared" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The breach.
            key: BreachKey,
            /// The way in which it ended.
            ending: Ending,
        },
        /// The lifecycle moved on.
        Moved = "moved" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// From where.
            from: State,
            /// By which step.
            step: Step,
            /// To where.
            to: State,
        },
        /// The decision summary was written anew.
        SummaryWritten = "summary_written" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The summary.
            summary: Box<Summary>,
        },
        /// Evidence was saved.
        SnapshotSaved = "snapshot_saved" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The evidence.
            snapshot: Box<Snapshot>,
        },
        /// A person took note.
        Acknowledged = "acknowledged" {
            /// Number of the incident.
            incident: IncidentNumber,
        },
        /// A person wrote something.
        Commented = "commented" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The text.
            text: String,
        },
        /// Something of the host was looked at.
        Inspected = "inspected" {
            /// For which incident.
            incident: IncidentNumber,
            /// The inspection.
            inspection: Inspection,
            /// The result, without secrets, bounded.
            outcome: InspectionOutcome,
        },
        /// Other organizations are affected, or otherwise.
        ImpactChanged = "impact_changed" {
            /// The incident.
            incident: IncidentNumber,
            /// All of it, as it is now.
            impact: Box<Impact>,
        },
        /// All is quiet, and a person has acted on it: the agent offers to resolve.
        ResolutionOffered = "resolution_offered" {
            /// Number of the incident.
            incident: IncidentNumber,
        },
        /// Over.
        Resolved = "resolved" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// By the agent ([`Step::StayedQuiet`]) or a person ([`Step::PersonResolved`]).
            step: Step,
            /// The note of a person.
            note: Option<String>,
        },
        /// Came back, or a person reopened it.
        Reopened = "reopened" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The note of a person; `None` when the agent reopened it.
            note: Option<String>,
        },
    }
    /// A recommended command: the offer, the decision, the run and its proof.
    Recommendation(RecommendationEvent) {
        /// A command is recommended.
        Recommended = "recommended" {
            /// For which incident.
            incident: IncidentNumber,
            /// All of it.
            recommendation: Box<Recommendation>,
        },
        /// A recommendation is no longer offered.
        RecommendationWithdrawn = "recommendation_withdrawn" {
            /// Of which incident.
            incident: IncidentNumber,
            /// Its place there.
            place: u32,
            /// The reason.
            why: Withdrawn,
        },
        /// A person said no to a recommendation.
        RecommendationDeclined = "recommendation_declined" {
            /// Of which incident.
            incident: IncidentNumber,
            /// Its place there.
            place: u32,
            /// The reason.
            reason: String,
        },
        /// A person said yes to exactly one recommendation, as it was shown.
        Approved = "approved" {
            /// Of which incident.
            incident: IncidentNumber,
            /// Its place there.
            place: u32,
            /// The hash of what was decided upon.
            binding: Hash,
        },
        /// An approved command is started. Written before it is, so that nothing can run unseen.
        RunStarted = "run_started" {
            /// Of which incident.
            incident: IncidentNumber,
            /// The recommendation's place there.
            place: u32,
        },
        /// A person asked to end a run early.
        RunCancelled = "run_cancelled" {
            /// Of which incident.
            incident: IncidentNumber,
            /// The recommendation's place there.
            place: u32,
        },
        /// A run is over.
        RunEnded = "run_ended" {
            /// Of which incident.
            incident: IncidentNumber,
            /// The recommendation's place there.
            place: u32,
            /// The outcome.
            outcome: RunOutcome,
            /// The duration.
            duration: Span,
            /// The output, without secrets: the beginning and the end.
            output: String,
        },
        /// The result of a run is known: its signal recovered in time, or did not.
        RunProved = "run_proved" {
            /// Of which incident.
            incident: IncidentNumber,
            /// The recommendation's place there.
            place: u32,
            /// The command.
            command: String,
            /// The subject on which it acted.
            subject: Subject,
            /// True if it worked.
            worked: bool,
            /// True if that says something about the command: its end was seen, and nobody ended it
            /// early.
            #[serde(default = "counts", skip_serializing_if = "Clone::clone")]
            counts: bool,
        },
    }
    /// Notifications, and the contacts that they are sent to.
    Notification(NotificationEvent) {
        /// Someone was called.
        Called = "called" {
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
        CallFailed = "call_failed" {
            /// For which incident.
            incident: IncidentNumber,
            /// Whom.
            account: AccountId,
            /// By which of their ways.
            contact: ContactId,
            /// Because of which entry.
            entry: u64,
            /// The reason.
            why: String,
        },
        /// Nobody took note of a critical incident in time, and everyone is told again.
        NotAcknowledged = "not_acknowledged" {
            /// Number of the incident.
            incident: IncidentNumber,
            /// Number of this reminder, from 1.
            round: u32,
        },
        /// A way to reach someone was set.
        ContactSet = "contact_set" {
            /// Whom.
            account: AccountId,
            /// The contact.
            contact: ContactId,
        },
        /// A way to reach someone was removed.
        ContactRemoved = "contact_removed" {
            /// Whom.
            account: AccountId,
            /// The contact.
            contact: ContactId,
        },
    }
    /// Share links.
    Share(ShareEvent) {
        /// A share link was made.
        ShareCreated = "share_created" {
            /// For which incident.
            incident: IncidentNumber,
            /// Number of the link.
            share: ShareId,
            /// Time at which it ends.
            until: Timestamp,
            /// For whom it is; `None` in entries from before this was told.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            audience: Option<Audience>,
            /// The parts that it shows; empty in entries from before this was told.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            shows: Vec<SharePart>,
        },
        /// A share link was ended early.
        ShareRevoked = "share_revoked" {
            /// For which incident.
            incident: IncidentNumber,
            /// Number of the link.
            share: ShareId,
        },
    }
    /// The journal itself.
    Journal(JournalEvent) {
        /// The content of an entry was removed; the chain still proves that it was there.
        Redacted = "redacted" {
            /// Number of the entry.
            entry: u64,
            /// The reason.
            reason: String,
            /// The message, or the mark that one was sent, that lost its words; `None` for every
            /// other entry.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            message: Option<RedactedMessage>,
            /// The end of a prevention step that lost its words; `None` for every other entry.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            step: Option<RedactedStep>,
            /// The maintenance window that lost its reason: its subjects and its end stay known;
            /// `None` for every other entry.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            window: Option<Box<MaintenanceWindow>>,
        },
        /// A backup was written to a file.
        BackedUp = "backed_up" {
            /// The head of the backup.
            number: u64,
        },
        /// The data came from a backup.
        Restored = "restored" {
            /// The head of the backup.
            number: u64,
        },
    }
    /// Documents that are policy.
    Document(DocumentEvent) {
        /// A document came into force.
        DocumentInForce = "document_in_force" {
            /// Its path inside the documents' directory, such as `alerts/thresholds.md`.
            name: String,
            /// SHA-256 of its bytes, in hexadecimal.
            sha256: String,
            /// The changes, as lines that begin with `+` or `-`; bounded.
            difference: String,
        },
        /// An edited document was refused; the last good version stays in force.
        DocumentRefused = "document_refused" {
            /// Its path inside the documents' directory.
            name: String,
            /// SHA-256 of the refused bytes, in hexadecimal.
            sha256: String,
            /// The first error, with file, line and column.
            error: String,
        },
    }
    /// Changes of rows of the thresholds by people, and what history proposes for them. A proposal
    /// bears the number of its entry.
    Threshold(ThresholdEvent) {
        /// A person changed a row on its page; the document was written before this was.
        ThresholdChanged = "threshold_changed" {
            /// Path of the document inside the documents' directory.
            document: String,
            /// The row.
            row: ThresholdRow,
            /// The cells before.
            before: Box<ThresholdCells>,
            /// The cells after.
            after: Box<ThresholdCells>,
            /// SHA-256 of the document before.
            from: Hash,
            /// SHA-256 of the document after.
            to: Hash,
            /// The difference of the documents, as a patch (unified format).
            patch: String,
            /// The reason, in one line.
            reason: String,
            /// The proposal that was accepted, if it was one.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            proposal: Option<u64>,
            /// The account of the person, where Calm Ops writes the entry after it was stopped in
            /// between.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            by: Option<AccountId>,
        },
        /// History proposes a change of a row.
        ThresholdProposed = "threshold_proposed" {
            /// The row.
            row: ThresholdRow,
            /// The cells in force.
            before: Box<ThresholdCells>,
            /// The proposed cells.
            after: Box<ThresholdCells>,
            /// The evidence.
            evidence: ProposalEvidence,
        },
        /// A person declined a proposal.
        ThresholdDeclined = "threshold_declined" {
            /// The proposal.
            proposal: u64,
            /// The signal that it is about.
            signal: Signal,
            /// The reason, in one line.
            reason: String,
        },
    }
    /// The program, and what it watches.
    System(SystemEvent) {
        /// Calm Ops started.
        Started = "started" {
            /// The version of the program.
            version: String,
        },
        /// Calm Ops stopped in good order.
        Stopped = "stopped",
        /// The wall clock jumped against the monotonic one.
        ClockJumped = "clock_jumped" {
            /// By how many microseconds; positive is forward.
            by_micros: i64,
        },
        /// Nothing is known about what was watched between two moments.
        Blind = "blind" {
            /// From when.
            from: Timestamp,
            /// To when.
            to: Timestamp,
            /// The reason.
            why: BlindReason,
        },
        /// Everything that follows was generated by a simulation. The first entry of its journal.
        DataGenerated = "data_generated" {
            /// The name of the simulation.
            simulation: String,
            /// The seed that it follows from.
            seed: u64,
        },
        /// A subject is gone and is no longer expected to report.
        SubjectRetired = "subject_retired" {
            /// The subject.
            subject: Subject,
        },
    }
    /// Changes that were reported.
    Change(ChangeEvent) {
        /// A change was reported.
        ChangeReported = "change_reported" {
            /// The change.
            change: Box<ReportedChange>,
        },
    }
    /// Maintenance windows. Their number is that of the entry that begins them.
    Maintenance(MaintenanceEvent) {
        /// A window was begun.
        MaintenanceBegun = "maintenance_begun" {
            /// The window.
            window: Box<MaintenanceWindow>,
        },
        /// A window ended, by itself or by a person.
        MaintenanceEnded = "maintenance_ended" {
            /// Its number.
            window: u64,
            /// The alerts that it withheld; bounded.
            would_have_alerted: Vec<Withheld>,
            /// At least so many more.
            more: u32,
        },
    }
    /// Practice: an incident on purpose. Its number is that of the entry that begins it.
    Practice(PracticeEvent) {
        /// A practice was begun.
        PracticeBegun = "practice_begun" {
            /// Time at which it ends by itself.
            until: Timestamp,
        },
        /// A practice ended, by itself or by a person.
        PracticeEnded = "practice_ended" {
            /// Its number.
            practice: u64,
            /// The reason.
            ending: PracticeEnding,
        },
    }
    /// Protection: measures of the agent, whether it may take them, and safe mode.
    Protection(ProtectionEvent) {
        /// A limit of the agent is in force.
        MeasureBegan = "measure_began" {
            /// The incident that it is for.
            incident: IncidentNumber,
            /// The limit.
            measure: Box<Measure>,
        },
        /// A limit of the agent has another rate.
        MeasureChanged = "measure_changed" {
            /// The incident that it is for.
            incident: IncidentNumber,
            /// The limit as it is now.
            measure: Box<Measure>,
        },
        /// A limit of the agent is no longer in force.
        MeasureEnded = "measure_ended" {
            /// The incident that it was for.
            incident: IncidentNumber,
            /// The requests that it limited.
            requests: LimitedRequests,
            /// The reason.
            ending: MeasureEnding,
        },
        /// The agent may not take measures any more.
        AutomationSuspended = "automation_suspended" {
            /// The reason.
            reason: String,
        },
        /// The agent may take measures again.
        AutomationResumed = "automation_resumed",
        /// Safe mode began.
        SafeModeBegan = "safe_mode_began" {
            /// The incident that it is for, if it is for one.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            incident: Option<IncidentNumber>,
            /// The reason.
            reason: String,
        },
        /// Safe mode is at another stage: a person went on, or a problem came back.
        SafeModeStageChanged = "safe_mode_stage_changed" {
            /// The stage.
            stage: SafeModeStage,
            /// The incident of the problem that came back.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            incident: Option<IncidentNumber>,
        },
        /// A person ended safe mode.
        SafeModeEnded = "safe_mode_ended",
        /// Safe mode has been in force for a while: people are asked whether it is still needed.
        SafeModeReminded = "safe_mode_reminded" {
            /// Number of this question, from 1.
            round: u32,
        },
        /// The plan of an organization was set, or is set no longer.
        OrganizationPlanSet = "organization_plan_set" {
            /// The organization.
            organization: Subject,
            /// The name of the plan; `None` if none is set any more.
            plan: Option<String>,
        },
        /// An organization has another plan for a time. It takes the place of an earlier override.
        OrganizationOverrideBegun = "organization_override_begun" {
            /// The organization.
            organization: Subject,
            /// The name of the plan.
            plan: String,
            /// The end.
            until: Timestamp,
            /// The reason.
            reason: String,
        },
        /// The override of an organization is over. One that took its place since then goes on.
        OrganizationOverrideEnded = "organization_override_ended" {
            /// The organization.
            organization: Subject,
            /// The number of the entry that began it.
            begun: u64,
            /// The reason.
            ending: OverrideEnding,
        },
    }
    /// The status page for customers. Only people publish there.
    StatusPage(StatusPageEvent) {
        /// An update was published.
        StatusUpdatePublished = "status_update_published" {
            /// The incident that it is about; known to the team only.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            incident: Option<IncidentNumber>,
            /// Its place in its notice.
            part: NoticePart,
            /// The state that it tells.
            state: NoticeState,
            /// Its text.
            text: String,
        },
        /// An update is published no longer; a notice goes with the update that began it.
        StatusUpdateWithdrawn = "status_update_withdrawn" {
            /// The number of the update's entry.
            update: u64,
            /// The reason, for the team only.
            reason: String,
        },
    }
    /// Messages about an incident that people write for customers. Nothing sends them.
    Message(MessageEvent) {
        /// A person saved a message.
        MessageDraftSaved = "message_draft_saved" {
            /// The incident.
            incident: IncidentNumber,
            /// Its readers.
            audience: MessageAudience,
            /// The stage that it was written for.
            stage: MessageStage,
            /// Its text.
            text: String,
        },
        /// A person read a message that somebody else saved, and found it good.
        MessageDraftReviewed = "message_draft_reviewed" {
            /// The incident.
            incident: IncidentNumber,
            /// Its readers.
            audience: MessageAudience,
            /// The number of the entry that saved it.
            version: u64,
        },
        /// A person says that they sent a message.
        MessageMarkedSent = "message_marked_sent" {
            /// The incident.
            incident: IncidentNumber,
            /// Its readers.
            audience: MessageAudience,
            /// Its stage.
            stage: MessageStage,
            /// The number of the entry that saved it.
            version: u64,
            /// The place to which the person copied it, in one short line.
            destination: String,
        },
    }
    /// The lessons of an incident. Steps bear the number of the entry that adds them.
    Review(ReviewEvent) {
        /// A person saved what they wrote in a review.
        ReviewSaved = "review_saved" {
            /// The incident.
            incident: IncidentNumber,
            /// The words.
            sections: ReviewSections,
        },
        /// A person says whether a recommendation helped. The last rating counts.
        RecommendationRated = "recommendation_rated" {
            /// The incident.
            incident: IncidentNumber,
            /// The place of the recommendation there.
            place: u32,
            /// The command that was recommended.
            command: String,
            /// The signal that it was for.
            signal: Signal,
            /// The rating.
            rating: Rating,
        },
        /// A person wrote a prevention step down.
        PreventionStepAdded = "prevention_step_added" {
            /// The incident that it follows from.
            incident: IncidentNumber,
            /// The task, in one line.
            text: String,
            /// Its plan.
            plan: PreventionPlan,
        },
        /// A prevention step was done.
        PreventionStepDone = "prevention_step_done" {
            /// The incident that it follows from.
            incident: IncidentNumber,
            /// Its number.
            step: u64,
            /// The proof.
            evidence: String,
        },
        /// A prevention step will not be done.
        PreventionStepDropped = "prevention_step_dropped" {
            /// The incident that it follows from.
            incident: IncidentNumber,
            /// Its number.
            step: u64,
            /// The reason.
            reason: String,
        },
    }
    /// Stability reports. Their number is that of the entry that makes them.
    Report(ReportEvent) {
        /// A report was made, by itself or for a person.
        ReportMade = "report_made" {
            /// The report.
            report: Box<MadeReport>,
        },
        /// A person marked a report as reviewed.
        ReportReviewed = "report_reviewed" {
            /// Its number.
            report: u64,
        },
        /// A report was sent to a member of the team who asks for them.
        ReportMailed = "report_mailed" {
            /// Its number.
            report: u64,
            /// Whom.
            account: AccountId,
            /// By which of their contacts.
            contact: ContactId,
        },
        /// A report could not be sent to a member of the team, and it is not tried again.
        ReportMailFailed = "report_mail_failed" {
            /// Its number.
            report: u64,
            /// Whom.
            account: AccountId,
            /// By which of their contacts.
            contact: ContactId,
        },
    }
    /// Accounts, sign-ins, invitations and tokens.
    Account(AccountEvent) {
        /// A link was made by which the first owner, or a new one, can be named.
        OwnerLinkMade = "owner_link_made",
        /// An account was made.
        AccountCreated = "account_created" {
            /// Number of the account.
            account: AccountId,
            /// Its role.
            role: Role,
            /// By which invitation; `None` by the owner link.
            invitation: Option<InvitationId>,
        },
        /// The role of an account was changed.
        RoleChanged = "role_changed" {
            /// Number of the account.
            account: AccountId,
            /// Its new role.
            role: Role,
        },
        /// An account was closed, or opened again.
        AccountClosed = "account_closed" {
            /// Number of the account.
            account: AccountId,
            /// False where it was opened again.
            closed: bool,
        },
        /// A person signed in.
        SignedIn = "signed_in" {
            /// Number of the account.
            account: AccountId,
            /// By which sign-in.
            session: SessionId,
            /// The method.
            by: AuthMethod,
            /// True if neither the place nor the browser was known; false in entries from before
            /// this was told.
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            unfamiliar: bool,
        },
        /// A sign-in was ended.
        SignedOut = "signed_out" {
            /// Whose.
            account: AccountId,
            /// Number of the session.
            session: SessionId,
        },
        /// A password was set.
        PasswordSet = "password_set" {
            /// Whose.
            account: AccountId,
        },
        /// A passkey was added.
        PasskeyAdded = "passkey_added" {
            /// Whose.
            account: AccountId,
            /// Number of the passkey.
            passkey: PasskeyId,
        },
        /// A passkey was removed.
        PasskeyRemoved = "passkey_removed" {
            /// Whose.
            account: AccountId,
            /// Number of the passkey.
            passkey: PasskeyId,
        },
        /// Someone was invited.
        Invited = "invited" {
            /// By which invitation.
            invitation: InvitationId,
            /// To do what.
            role: Role,
        },
        /// An invitation was taken back.
        InvitationWithdrawn = "invitation_withdrawn" {
            /// Number of the invitation.
            invitation: InvitationId,
        },
        /// A token was made.
        TokenCreated = "token_created" {
            /// Number of the token.
            token: TokenId,
            /// Its rights.
            scopes: Vec<Scope>,
            /// Its end; `None` in entries from before this was told.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            expiry: Option<Expiry>,
        },
        /// A token was ended.
        TokenRevoked = "token_revoked" {
            /// Number of the token.
            token: TokenId,
        },
    }
}

impl Event {
    /// The incident that it is about.
    pub fn incident(&self) -> Option<IncidentNumber> {
        match self.group() {
            EventGroup::Incident(event) => Some(event.incident()),
            EventGroup::Recommendation(event) => Some(event.incident()),
            EventGroup::Message(event) => Some(event.incident()),
            EventGroup::Review(event) => Some(event.incident()),
            EventGroup::Notification(
                NotificationEvent::Called { incident, .. }
                | NotificationEvent::CallFailed { incident, .. }
                | NotificationEvent::NotAcknowledged { incident, .. },
            )
            | EventGroup::Share(
                ShareEvent::ShareCreated { incident, .. }
                | ShareEvent::ShareRevoked { incident, .. },
            ) => Some(*incident),
            EventGroup::Notification(
                NotificationEvent::ContactSet { .. } | NotificationEvent::ContactRemoved { .. },
            )
            | EventGroup::Journal(_)
            | EventGroup::Document(_)
            | EventGroup::Threshold(_)
            | EventGroup::System(_)
            | EventGroup::Change(_)
            | EventGroup::Maintenance(_)
            | EventGroup::Practice(_)
            // It is told on a page of its own, and acts on no incident.
            | EventGroup::StatusPage(_)
            | EventGroup::Report(_)
            | EventGroup::Account(_) => None,
            EventGroup::Protection(event) => event.incident(),
        }
    }
}

impl ProtectionEvent<'_> {
    /// The incident that it is about.
    pub const fn incident(&self) -> Option<IncidentNumber> {
        match self {
            Self::MeasureBegan { incident, .. }
            | Self::MeasureChanged { incident, .. }
            | Self::MeasureEnded { incident, .. } => Some(**incident),
            Self::SafeModeBegan { incident, .. } | Self::SafeModeStageChanged { incident, .. } => {
                **incident
            }
            Self::AutomationSuspended { .. }
            | Self::AutomationResumed
            | Self::SafeModeEnded
            | Self::SafeModeReminded { .. }
            | Self::OrganizationPlanSet { .. }
            | Self::OrganizationOverrideBegun { .. }
            | Self::OrganizationOverrideEnded { .. } => None,
        }
    }
}

impl IncidentEvent<'_> {
    /// The incident that it is about.
    pub const fn incident(&self) -> IncidentNumber {
        match self {
            Self::IncidentOpened { incident } => incident.number,
            Self::BreachJoined { incident, .. }
            | Self::BreachChanged { incident, .. }
            | Self::BreachCleared { incident, .. }
            | Self::Moved { incident, .. }
            | Self::SummaryWritten { incident, .. }
            | Self::SnapshotSaved { incident, .. }
            | Self::Acknowledged { incident, .. }
            | Self::Commented { incident, .. }
            | Self::Inspected { incident, .. }
            | Self::ImpactChanged { incident, .. }
            | Self::ResolutionOffered { incident, .. }
            | Self::Resolved { incident, .. }
            | Self::Reopened { incident, .. } => **incident,
        }
    }
}

impl MessageEvent<'_> {
    /// The incident that it is about.
    pub const fn incident(&self) -> IncidentNumber {
        match self {
            Self::MessageDraftSaved { incident, .. }
            | Self::MessageDraftReviewed { incident, .. }
            | Self::MessageMarkedSent { incident, .. } => **incident,
        }
    }
}

impl ReviewEvent<'_> {
    /// The incident that it is about.
    pub const fn incident(&self) -> IncidentNumber {
        match self {
            Self::ReviewSaved { incident, .. }
            | Self::RecommendationRated { incident, .. }
            | Self::PreventionStepAdded { incident, .. }
            | Self::PreventionStepDone { incident, .. }
            | Self::PreventionStepDropped { incident, .. } => **incident,
        }
    }
}

impl RecommendationEvent<'_> {
    /// The incident that it is about.
    pub const fn incident(&self) -> IncidentNumber {
        match self {
            Self::Recommended { incident, .. }
            | Self::RecommendationWithdrawn { incident, .. }
            | Self::RecommendationDeclined { incident, .. }
            | Self::Approved { incident, .. }
            | Self::RunStarted { incident, .. }
            | Self::RunCancelled { incident, .. }
            | Self::RunEnded { incident, .. }
            | Self::RunProved { incident, .. } => **incident,
        }
    }
}
