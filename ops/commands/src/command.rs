//! Changes that the service carries out: one type for each, and [`Command`] for all of them.

use domain::{
    access::{Permission, Role},
    hash::Hash,
    id::{AccountId, ContactId, IncidentNumber, RecommendationId, ShareId},
    inspection::Inspection,
    journal::Event,
    maintenance::SubjectPattern,
    message::{MessageAudience, MessageStage},
    protection::{LimitedRequests, SafeModeStage},
    recommendation::RunOutcome,
    report::ReportKind,
    review::{PreventionPlan, Rating, ReviewSections},
    signal::Signal,
    status_page::NoticeState,
    subject::Subject,
    time::Span,
};

use crate::{
    account_change::{AccountChange, AccountOperation},
    change_report::ChangeReport,
    maintenance::MaintenanceRequest,
    messages::ReadVersion,
    notifications::{ContactRequest, Notification},
    operation::{Committed, Operation, changes},
    organizations::OverrideRequest,
    sharing::ShareRequest,
    threshold::ThresholdEdit,
};

const fn person(role: Role, recently_authenticated: bool) -> Permission {
    Permission::Person { role, recently_authenticated }
}

changes! {
    /// A change.
    Command as Change::into_command {
        /// Take note of an incident.
        Acknowledge needs Permission::Respond => {
            /// Number of the incident.
            incident: IncidentNumber,
        }
        /// Write something on an incident's timeline.
        Comment needs Permission::Respond => {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The comment.
            text: String,
        }
        // What there is to look at is decided by the incident, never by the caller.
        /// Look at something of the host, without changing it.
        RunInspection needs Permission::Respond => {
            /// For which incident.
            incident: IncidentNumber,
            /// The inspection.
            inspection: Inspection,
        }
        /// End an incident.
        Resolve needs Permission::Respond => {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The reason that it is over; kept for learning.
            note: String,
        }
        /// Open a resolved incident again.
        Reopen needs Permission::Respond => {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The reason.
            note: String,
        }
        /// Stop expecting a subject to report.
        RetireSubject needs Permission::Respond => {
            /// The subject.
            subject: Subject,
        }
        /// Stop expecting all those of some subjects to report that are missing.
        RetireMissing needs Permission::Respond => {
            /// The patterns of the subjects.
            subjects: Vec<SubjectPattern>,
        }
        // What deploys needs no more than what pushes observations.
        /// Report a change of the watched systems.
        ReportChange needs Permission::Ingest => {
            /// The change.
            change: ChangeReport,
        }
        /// Begin a maintenance window.
        BeginMaintenance needs Permission::Respond => {
            /// Its scope, duration and reason.
            request: MaintenanceRequest,
        }
        /// End a maintenance window before its end.
        EndMaintenance needs Permission::Respond => {
            /// Its number.
            window: u64,
        }
        // To stop a measure is never held up, and a program may do it.
        /// Lift a measure of the agent before its end.
        EndMeasure needs Permission::Respond => {
            /// The requests that it limits.
            requests: LimitedRequests,
        }
        /// Suspend automatic measures, and lift those in force.
        SuspendAutomation needs Permission::Respond => {
            /// The reason.
            reason: String,
        }
        /// Let the agent take measures again.
        ResumeAutomation needs person(Role::Approver, false) => {}
        /// Begin safe mode: only reads and critical requests pass.
        BeginSafeMode needs person(Role::Approver, true) => {
            /// The incident that it is for, if it is for one.
            incident: Option<IncidentNumber>,
            /// The reason.
            reason: String,
        }
        /// Go to another stage of safe mode.
        SetSafeModeStage needs person(Role::Approver, true) => {
            /// The stage.
            stage: SafeModeStage,
        }
        /// End safe mode.
        EndSafeMode needs person(Role::Approver, true) => {}
        /// Begin a practice: an incident on purpose, with real notifications.
        BeginPractice needs person(Role::Approver, false) => {
            /// Its length; it ends by itself.
            length: Span,
        }
        /// End the practice in force.
        EndPractice needs person(Role::Responder, false) => {}
        // The product's billing calls it: a scope of its own, so that no token can do it that could not
        // before.
        /// Set the plan of an organization, or remove it.
        SetOrganizationPlan needs Permission::SetPlans => {
            /// The organization.
            organization: Subject,
            /// The name of the plan; `None` removes it.
            plan: Option<String>,
        }
        /// Give an organization another plan for a time.
        BeginPlanOverride needs person(Role::Approver, false) => {
            /// The organization.
            organization: Subject,
            /// Plan, end and reason.
            request: OverrideRequest,
        }
        /// End such an override before its time is over.
        EndPlanOverride needs person(Role::Approver, false) => {
            /// The organization.
            organization: Subject,
        }
        /// Publish a new notice on the status page.
        PublishNotice needs person(Role::Approver, false) => {
            /// The incident that it is about, for the team only.
            incident: Option<IncidentNumber>,
            /// The state that it tells.
            state: NoticeState,
            /// Its title.
            title: String,
            /// Its text.
            text: String,
        }
        /// Publish an update of a notice.
        PublishUpdate needs person(Role::Approver, false) => {
            /// The number of the notice.
            notice: u64,
            /// The state that it tells.
            state: NoticeState,
            /// Its text.
            text: String,
        }
        /// Withdraw an update of the status page, or a whole notice.
        WithdrawUpdate needs person(Role::Approver, false) => {
            /// The number of the notice.
            notice: u64,
            /// The update; the whole notice without.
            update: Option<u64>,
            /// The reason, for the team only.
            reason: String,
        }
        // A person answers for words to customers, and copies them out: nothing sends them.
        /// Save a message about an incident.
        SaveMessage needs person(Role::Responder, false) => {
            /// The incident.
            incident: IncidentNumber,
            /// Its readers.
            audience: MessageAudience,
            /// The stage that it is written for.
            stage: MessageStage,
            /// The newest version that its writer has read; none if there was none.
            replaces: Option<u64>,
            /// Its text.
            text: String,
        }
        /// Note that a message which somebody else saved was read and is good.
        ReviewMessage needs person(Role::Responder, false) => {
            /// The incident.
            incident: IncidentNumber,
            /// Its readers.
            audience: MessageAudience,
            /// The version, as it was read.
            read: ReadVersion,
        }
        /// Mark a message as sent, by whatever way a person sent it.
        MarkMessageSent needs person(Role::Responder, false) => {
            /// The incident.
            incident: IncidentNumber,
            /// Its readers.
            audience: MessageAudience,
            /// The version, as it was read.
            read: ReadVersion,
            /// The place to which it was copied, in one short line.
            destination: String,
        }
        // A person answers for what a team learns.
        /// Save what people write in the review of an incident.
        SaveReview needs person(Role::Responder, false) => {
            /// The incident.
            incident: IncidentNumber,
            /// The newest version that its writer has read; none if there was none.
            replaces: Option<u64>,
            /// The words.
            sections: ReviewSections,
        }
        /// Say whether a recommendation that ran helped.
        RateRecommendation needs person(Role::Approver, false) => {
            /// The recommendation.
            recommendation: RecommendationId,
            /// The rating.
            rating: Rating,
        }
        /// Add a step that prevents the next incident, or write down that it will not be done.
        AddPreventionStep needs person(Role::Responder, false) => {
            /// The incident that it follows from.
            incident: IncidentNumber,
            /// The task, in one line.
            text: String,
            /// Its plan.
            plan: PreventionPlan,
        }
        /// Mark a prevention step as done.
        FinishPreventionStep needs person(Role::Responder, false) => {
            /// The incident that it follows from.
            incident: IncidentNumber,
            /// Its number.
            step: u64,
            /// The proof.
            evidence: String,
        }
        /// Drop a prevention step: it will not be done.
        DropPreventionStep needs person(Role::Responder, false) => {
            /// The incident that it follows from.
            incident: IncidentNumber,
            /// Its number.
            step: u64,
            /// The reason.
            reason: String,
        }
        // It decides what alerts, so an approver answers for it, as for a command.
        /// Change a row of the thresholds, in the document as it was shown.
        ChangeThreshold needs person(Role::Approver, true) => {
            /// The subject for which the row is in force.
            subject: Subject,
            /// The signal.
            signal: Signal,
            /// The row, its new texts, and the document that was shown.
            edit: ThresholdEdit,
            /// The reason, in one line.
            reason: String,
        }
        /// Decline a proposed change of the thresholds.
        DeclineThreshold needs person(Role::Approver, false) => {
            /// The number of the proposal.
            proposal: u64,
            /// The reason, in one line.
            reason: String,
        }
        /// Make a stability report of the time up to now.
        MakeReport needs person(Role::Responder, false) => {
            /// Its length.
            kind: ReportKind,
        }
        /// Mark a stability report as reviewed.
        ReviewReport needs person(Role::Approver, false) => {
            /// Its number.
            report: u64,
        }
        /// Say yes to a recommendation, exactly as it was shown.
        Approve needs person(Role::Approver, true) => {
            /// The recommendation.
            recommendation: RecommendationId,
            /// The hash of what was shown; see [`Recommendation::binding`].
            binding: Hash,
        }
        // To stop something or to leave it alone is never held up by a second sign-in.
        /// Say no to a recommendation; the next best one comes up.
        Decline needs person(Role::Approver, false) => {
            /// The recommendation.
            recommendation: RecommendationId,
            /// The reason; kept for learning.
            reason: String,
        }
        /// End a run early.
        CancelRun needs person(Role::Approver, false) => {
            /// Of which recommendation.
            recommendation: RecommendationId,
        }
        /// An approved command is about to be started. Only for Calm Ops itself.
        StartRun needs Permission::Itself => {
            /// Of which recommendation.
            recommendation: RecommendationId,
        }
        /// A run is over. Only for Calm Ops itself.
        EndRun needs Permission::Itself => {
            /// Of which recommendation.
            recommendation: RecommendationId,
            /// The outcome.
            outcome: RunOutcome,
            /// The duration.
            duration: Span,
            /// The output, without secrets, bounded.
            output: String,
        }
        // The author of a comment may take it back, whatever their role; the service looks who that is.
        /// Remove the content of an entry: a pasted secret, the words of someone who is to be
        /// forgotten.
        Redact needs Permission::Read => {
            /// Number of the entry.
            entry: u64,
            /// The reason; it stays.
            reason: String,
        }
        // A link lets someone read who has no account: a person answers for that, and no program can read
        // more by it than its scopes allow.
        /// Make a link that shows an incident without an account.
        CreateShare needs person(Role::Responder, false) => {
            /// Number of the incident.
            incident: IncidentNumber,
            /// The parts that it shows and its duration.
            wanted: ShareRequest,
            /// SHA-256 of its token; the token itself is shown once and kept nowhere.
            token_hash: Hash,
        }
        /// End a link at once.
        RevokeShare needs person(Role::Responder, false) => {
            /// Number of the link.
            share: ShareId,
        }
        // One's own; the service looks whose it is.
        /// Set a contact of oneself, or change one.
        SetContact needs person(Role::Viewer, true) => {
            /// The contact; a new one without.
            contact: Option<ContactId>,
            /// Its new values.
            wanted: ContactRequest,
        }
        /// Remove a contact of oneself; what waits for it is dropped.
        RemoveContact needs person(Role::Viewer, false) => {
            /// The contact.
            contact: ContactId,
        }
        /// Send a test by a contact of oneself.
        TestContact needs person(Role::Viewer, false) => {
            /// The contact.
            contact: ContactId,
        }
        /// A notification was sent, or given up. Only for Calm Ops itself.
        RecordDelivery needs Permission::Itself => {
            /// The notification.
            call: Notification,
            /// Whom.
            account: AccountId,
            /// By which of their contacts.
            contact: ContactId,
            /// The reason it was given up; `None` if it was sent.
            failed: Option<String>,
        }
        /// Nobody took note of a critical incident in time: everyone is told again. Only for Calm Ops
        /// itself.
        Escalate needs Permission::Itself => {
            /// Number of the incident.
            incident: IncidentNumber,
            /// Number of this reminder, from 1.
            round: u32,
        }
        /// Records everything that the rules decided in one tick, all of it or nothing. Only for
        /// the agent and for Calm Ops itself.
        Record needs Permission::Itself => {
            /// The decisions, in order.
            events: Vec<Event>,
            /// The rules' state that belongs to them, so that how long a breach has held survives a
            /// restart.
            monitor: Option<Vec<u8>>,
        }
    }
    /// A change of accounts.
    other Account(AccountChange),
}

/// A change as one of all.
pub trait Change: Operation<Output = Committed> {
    /// The change as one of all.
    fn into_command(self) -> Command;
}

impl<A: AccountOperation> Change for A {
    fn into_command(self) -> Command {
        Command::Account(self.into_change())
    }
}
