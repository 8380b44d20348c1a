//! Typed errors of the service; `wording::error` says them to people, `server::http::error` gives
//! them a status.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    access::{Role, Scope},
    id::{
        AccountId, ContactId, IncidentNumber, InvitationId, PasskeyId, RecommendationId, SessionId,
        ShareId, TokenId,
    },
    incident::Misfit,
    lifecycle::State,
    name::BadName,
    practice::PracticeRefusal,
    protection::measure::LimitedRequests,
    signal::Signal,
    subject::Subject,
    threshold::refusal::ThresholdRefusal,
    time::Timestamp,
};

/// The reasons for which the service refuses an operation, or can't carry it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Nobody is signed in.
    SignIn,
    /// The sign-in is too old for this operation.
    SignInAgain,
    /// The caller lacks what the operation requires.
    Forbidden(Requirement),
    /// Too many tries.
    Throttled {
        /// Time to wait, in seconds.
        seconds: u32,
    },
    /// The entity does not exist, or the caller may not know of it.
    NotFound(Entity),
    /// A field of the request is wrong.
    InvalidField {
        /// Its name in the request.
        field: Cow<'static, str>,
        /// The rule that it breaks.
        reason: FieldReason,
    },
    /// The operation does not fit the current state.
    Conflict(Conflict),
    /// Calm Ops or its database can't do it now.
    Unavailable(Unavailable),
}

impl Error {
    /// Builds the error of a wrong field.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: FieldReason) -> Self {
        Self::InvalidField { field: field.into(), reason }
    }

    /// Kind of the error; it decides the status of an answer.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::SignIn => ErrorKind::SignIn,
            Self::SignInAgain => ErrorKind::SignInAgain,
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::Throttled { .. } => ErrorKind::Throttled,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::InvalidField { .. } => ErrorKind::Invalid,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<Unavailable> for Error {
    fn from(cause: Unavailable) -> Self {
        Self::Unavailable(cause)
    }
}

/// Kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nobody is signed in.
    SignIn,
    /// The sign-in is too old for the operation.
    SignInAgain,
    /// The caller may not.
    Forbidden,
    /// Too many tries.
    Throttled,
    /// The entity does not exist.
    NotFound,
    /// A field is wrong.
    Invalid,
    /// The operation does not fit the current state.
    Conflict,
    /// Calm Ops or its database can't do it now.
    Unavailable,
}

/// Requirements of an operation that a caller can lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Calm Ops itself.
    CalmOps,
    /// The link that shares it.
    ShareLink,
    /// A person.
    Person,
    /// A person who is signed in.
    SignedIn,
    /// An account: a share link only shows what was shared.
    Account,
    /// At least this role.
    Role(Role),
    /// A token with this scope.
    Scope(Scope),
    /// An owner, or the author of the comment.
    OwnerOrAuthor,
}

/// Entities that can be looked for in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entity {
    /// An incident, by its number.
    Incident(IncidentNumber),
    /// An incident, by its id for programs.
    IncidentId(Uuid),
    /// A recommendation.
    Recommendation(RecommendationId),
    /// The replay bundle of an incident.
    Bundle(IncidentNumber),
    /// A subject.
    Subject(Subject),
    /// A series of a signal in a range of time.
    Series(Subject, Signal),
    /// A signal of a subject of which nothing was ever recorded.
    Signal(Subject, Signal),
    /// A document, by its name.
    Document(String),
    /// An entry of the journal.
    Entry(u64),
    /// An open maintenance window, by its number.
    MaintenanceWindow(u64),
    /// A measure in force.
    Measure(LimitedRequests),
    /// An override in force of the plan of an organization.
    PlanOverride(Subject),
    /// A notice of the status page, by its number.
    StatusNotice(u64),
    /// An update of a notice of the status page, by its number.
    StatusUpdate(u64),
    /// A prevention step of an incident, by its number.
    PreventionStep(u64),
    /// A row of the thresholds that is in force for a signal.
    ThresholdRow(Subject, Signal),
    /// A proposed change of the thresholds, by its number.
    ThresholdProposal(u64),
    /// A stability report, by its number.
    StabilityReport(u64),
    /// A share link, by its id.
    Share(ShareId),
    /// A page that a link shares.
    SharedPage,
    /// A contact of the caller.
    Contact(ContactId),
    /// An open account.
    OpenAccount(AccountId),
    /// A closed account.
    ClosedAccount(AccountId),
    /// An account of a name.
    AccountName,
    /// A pending invitation, by the secret of its link.
    InvitationLink,
    /// A pending invitation, by its id.
    Invitation(InvitationId),
    /// An open session that the caller may end.
    Session(SessionId),
    /// A passkey of the caller.
    Passkey(PasskeyId),
    /// A passkey of an account, by what a browser presented.
    PresentedPasskey,
    /// A valid token.
    Token(TokenId),
}

/// Rules that a field can break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldReason {
    /// Left out.
    Missing,
    /// Empty.
    Empty,
    /// Has too many characters.
    TooLong {
        /// The most it may have.
        most: usize,
        /// The number of its characters.
        length: usize,
    },
    /// Has too many bytes.
    TooManyBytes {
        /// The most it may have.
        most: usize,
    },
    /// Has too many words.
    TooManyWords {
        /// The most it may have.
        most: usize,
    },
    /// Has too many entries.
    TooMany {
        /// The most it may have.
        most: usize,
    },
    /// Has too few characters.
    TooShort {
        /// The fewest it may have.
        least: usize,
    },
    /// Holds a character that is not seen and can change how the text around it reads.
    HiddenCharacter(char),
    /// Holds a control character.
    ControlCharacter(char),
    /// Has so many marks on one letter that they cover what is around it.
    PiledMarks,
    /// Another account has this name, or one that looks like it.
    NameTaken,
    /// The name stands for Calm Ops or one of its parts.
    NameReserved,
    /// A word of it has letters of several scripts.
    MixedScripts,
    /// The password is easy to guess.
    Guessable,
    /// The password does not fit the name.
    WrongPassword,
    /// Not the present password of the account.
    NotPresentPassword,
    /// The time is over.
    Past,
    /// The time has not come yet.
    Ahead,
    /// The time is over for too long.
    TooLongAgo {
        /// The longest, in hours.
        hours: u64,
    },
    /// The time is further away than may be.
    TooFarAway {
        /// The longest, in days.
        days: u64,
    },
    /// Nothing that is missing now fits it.
    NothingMissing,
    /// The time is not before the field `to`.
    NotBeforeEnd,
    /// The range of time begins when it ends.
    EmptyRange,
    /// The range of time has no beginning or no end.
    HalfRange,
    /// None of those that are known.
    Unknown {
        /// Those that are known.
        known: Vec<&'static str>,
    },
    /// `limits.md` has no plan of this name.
    UnknownPlan {
        /// The name.
        found: String,
        /// The plans that it has.
        known: Vec<String>,
    },
    /// No kind of entry has this name.
    UnknownEntryKind(String),
    /// No time zone has this name.
    UnknownTimeZone(String),
    /// Host names are for managers only.
    HostsForManagers,
    /// The form or the answer of a device can't be read.
    Unreadable,
    /// Not of the form that is expected: a noun phrase. What was found is not said, as it may be a
    /// secret.
    Expected(Cow<'static, str>),
    /// Not what its parser takes.
    Malformed(BadName),
    /// A parser refuses it, for this reason.
    Unusable(String),
}

/// States that an operation can conflict with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The incident is resolved, so it can't be acknowledged.
    IncidentResolved(IncidentNumber),
    /// The incident is acknowledged already.
    AlreadyAcknowledged(IncidentNumber),
    /// The incident is resolved already.
    AlreadyResolved(IncidentNumber),
    /// The incident is open, so it can't be reopened.
    IncidentOpen(IncidentNumber, State),
    /// The incident is resolved, so the host is not looked at for it.
    ResolvedInspection(IncidentNumber),
    /// The inspection does not fit the incident, or what it is about is not here.
    NotOffered(IncidentNumber),
    /// The same kind of inspection is under way.
    InspectionRuns,
    /// As many inspections as there may be are under way.
    TooManyInspections,
    /// A command runs for the incident, so it can't be resolved.
    CommandRuns {
        /// The incident.
        incident: IncidentNumber,
        /// The title of the recommendation.
        title: String,
    },
    /// The run is being cancelled already.
    AlreadyCancelled,
    /// The run is about to start.
    RunStarting,
    /// Nothing runs that could be cancelled.
    NothingRuns,
    /// The recommendation is not approved, or its incident is resolved.
    NotReadyToRun(RecommendationId),
    /// The recommendation does not run.
    NotRunning(RecommendationId),
    /// The incident of the offer is resolved.
    OfferResolved(IncidentNumber),
    /// The offer has expired.
    OfferExpired,
    /// The offer was declined.
    OfferDeclined,
    /// The offer was withdrawn.
    OfferWithdrawn,
    /// The recommendation is approved and runs.
    OfferRuns,
    /// The recommendation was approved and has run.
    OfferRan,
    /// The catalogue is invalid, so nothing may run.
    CatalogueInvalid,
    /// The binding of the approval has changed.
    BindingChanged,
    /// The caller has approved it already; it needs another person.
    ApprovedByYou,
    /// The caller could not approve yet when it was recommended.
    ApproverTooRecent,
    /// Another command runs on the subject.
    SubjectBusy {
        /// Its title.
        title: String,
        /// The subject.
        subject: Subject,
        /// The incident that it runs for.
        incident: IncidentNumber,
    },
    /// The end of another command on the subject was not seen.
    MayStillRun {
        /// Its title.
        title: String,
        /// The subject.
        subject: Subject,
        /// The incident that it was started for.
        incident: IncidentNumber,
        /// Time at which it can't run any more.
        until: Timestamp,
    },
    /// The same command ran on the subject a short while ago.
    CoolingDown {
        /// Its title.
        title: String,
        /// The subject.
        subject: Subject,
        /// Time at which it may run again.
        until: Timestamp,
    },
    /// There are as many as there may be.
    LimitReached(Limited),
    /// The account has this role already.
    RoleUnchanged,
    /// The last owner can't lose the role.
    LastOwnerRole,
    /// The account of the last owner can't be closed.
    LastOwnerAccount,
    /// The caller lost their role since the request came in.
    RoleChanged,
    /// The passkey is known already.
    PasskeyKnown,
    /// The passkey is not known.
    PasskeyUnknown,
    /// The passkey was not accepted.
    PasskeyRefused,
    /// Registering or using the passkey took too long.
    PasskeyTimeout,
    /// Browsers have no passkeys for the address by which the page was opened.
    PasskeysNeedName,
    /// The entry of the journal holds no words of a person, so it can't be redacted.
    EntryStays {
        /// Its number.
        number: u64,
        /// Its kind.
        kind: String,
    },
    /// The entry of the journal is redacted already.
    AlreadyRedacted(u64),
    /// The entry began a maintenance window that is open, so it can't be redacted.
    WindowOpen(u64),
    /// Automatic measures are suspended already.
    AutomationSuspended,
    /// Automatic measures are not suspended.
    AutomationNotSuspended,
    /// Safe mode is in force already.
    SafeModeInForce,
    /// Safe mode is not in force.
    NoSafeMode,
    /// Safe mode is at this stage already.
    SafeModeStageUnchanged,
    /// A practice can't begin or end now.
    Practice(PracticeRefusal),
    /// Somebody else saved the message since it was read, or it was redacted.
    MessageChanged,
    /// The caller saved the message last, so somebody else reviews it.
    MessageIsYours,
    /// This version of the message is marked as sent there already.
    MessageMarkedSent,
    /// Somebody else saved the review since it was read.
    ReviewChanged,
    /// The review that was read was redacted since.
    ReviewRedacted,
    /// The prevention step has ended already.
    PreventionStepEnded(u64),
    /// The recommendation did not run, so nobody can say whether it helped.
    NothingToRate(RecommendationId),
    /// A row of the thresholds is not changed, or not tried.
    Threshold(ThresholdRefusal),
    /// The share link was ended already.
    ShareEnded,
    /// The notification was delivered or given up already.
    DeliveryEnded,
    /// An event does not fit the incident.
    Misfit(Misfit),
}

/// Entities of which there may only be so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Accounts.
    Accounts,
    /// Pending invitations.
    Invitations,
    /// Passkeys of an account.
    Passkeys,
    /// Valid tokens.
    Tokens,
    /// Contacts of an account.
    Contacts,
    /// Open maintenance windows.
    MaintenanceWindows,
    /// Overrides of the plans of organizations.
    PlanOverrides,
    /// Prevention steps of an incident.
    PreventionSteps,
}

/// Causes for which Calm Ops can't do something now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The database failed while it was read.
    Database(DatabaseFault),
    /// The database failed before a change; nothing was changed.
    Unchanged(DatabaseFault),
    /// The database failed or was too slow during a change; it is not known whether it was done.
    Unclear,
    /// A row of the database can't be read.
    CorruptRow,
    /// The monitor's write took too long.
    SlowWrite,
    /// The journal can't be exported.
    Export,
    /// Safe mode is in force, in which Calm Ops spares resources.
    SafeMode,
    /// The system gives no randomness.
    NoRandomness,
    /// The password could not be hashed.
    PasswordHash,
}

/// Faults of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseFault {
    /// Can't be reached.
    Unreachable,
    /// Does not answer.
    NoAnswer,
    /// Another program locks the file.
    FileLocked,
    /// A statement or connection locks it for too long.
    Locked,
    /// The file is read-only.
    FileReadOnly,
    /// The server is read-only.
    ReadOnly,
    /// The disk under it is full.
    DiskFull,
    /// The disk under it reports an error.
    DiskError,
    /// The file is damaged.
    Damaged,
    /// The file can't be opened.
    CantOpen,
    /// Something that is written once was to be changed.
    WrittenOnce,
    /// The server has no database of the name.
    NoDatabase,
    /// The database's user lacks rights.
    NotOwner,
    /// The server refused the user or the password.
    BadCredentials,
    /// The server lacks resources, such as connections.
    NoResources,
    /// The address is that of a pooler that does not pass on what is needed.
    Pooler,
    /// The address is not one of a PostgreSQL database.
    BadAddress,
    /// The data directory can't be used.
    DataDir {
        /// The directory.
        path: String,
        /// The message of the system.
        problem: String,
    },
    /// Another Calm Ops uses the data directory.
    DataDirInUse {
        /// Its process, if it is known.
        pid: Option<u32>,
        /// The directory.
        path: String,
    },
    /// Another Calm Ops uses the database.
    InUse,
    /// Another Calm Ops took the database over while the connection was lost.
    TakenOver,
    /// A newer Calm Ops wrote it.
    NewerSchema {
        /// The number of its schema.
        version: i64,
    },
    /// A different Calm Ops wrote it.
    OtherSchema {
        /// The number of its schema.
        version: i64,
    },
    /// An older Calm Ops wrote it, and a command that only reads does not migrate it.
    OlderSchema,
    /// The schema could not be migrated.
    Migration,
    /// Holds nothing of Calm Ops.
    NoSchema,
    /// Holds a journal, and a restore replaces nothing.
    NotEmpty,
    /// The backup changed while it was read.
    BackupChanged,
    /// The system gives no randomness.
    NoRandomness,
    /// Failed for another reason, which the log tells.
    Other,
}
