//! The sentence of every error, kept in `tests/errors.txt` where all can be read together.

use std::{fmt::Write as _, fs, path::Path};

use domain::{
    access::{Role, Scope},
    error::{
        Conflict, DatabaseFault, Entity, Error, FieldReason, Limited, Requirement, Unavailable,
    },
    id::{
        AccountId, ContactId, IncidentNumber, InvitationId, PasskeyId, RecommendationId, SessionId,
        ShareId, TokenId,
    },
    incident::Misfit,
    lifecycle::State,
    practice::PracticeRefusal,
    subject::Subject,
    threshold::ThresholdRefusal,
    time::Timestamp,
};
use wording::error::{field_reason, sentence};

const INCIDENT: IncidentNumber = IncidentNumber(42);
const RECOMMENDATION: RecommendationId = RecommendationId { incident: INCIDENT, place: 1 };

fn subject() -> Subject {
    "app:api@web-1".parse().unwrap()
}

fn errors() -> Vec<Error> {
    let title = || "Reload api".to_owned();
    let until = Timestamp::from_secs(1_790_000_000);
    let mut errors = vec![Error::SignIn, Error::SignInAgain, Error::Throttled { seconds: 5 }];
    errors.extend(
        [
            Requirement::CalmOps,
            Requirement::ShareLink,
            Requirement::Person,
            Requirement::SignedIn,
            Requirement::Account,
            Requirement::Role(Role::Approver),
            Requirement::Scope(Scope::Ingest),
            Requirement::OwnerOrAuthor,
        ]
        .map(Error::Forbidden),
    );
    errors.extend(
        [
            Entity::Incident(INCIDENT),
            Entity::IncidentId("01900000-0000-7000-8000-000000000000".parse().unwrap()),
            Entity::Recommendation(RECOMMENDATION),
            Entity::Bundle(INCIDENT),
            Entity::Subject(subject()),
            Entity::Series(subject(), "app.memory".parse().unwrap()),
            Entity::Signal(subject(), "app.memory".parse().unwrap()),
            Entity::Document("a\u{7}'b".to_owned()),
            Entity::Entry(7),
            Entity::MaintenanceWindow(7),
            Entity::PlanOverride("organization:acme".parse().unwrap()),
            Entity::StatusNotice(7),
            Entity::StatusUpdate(8),
            Entity::PreventionStep(7),
            Entity::ThresholdRow("service:mail".parse().unwrap(), "queue.depth".parse().unwrap()),
            Entity::ThresholdProposal(7),
            Entity::StabilityReport(7),
            Entity::Share(ShareId(7)),
            Entity::SharedPage,
            Entity::Contact(ContactId(7)),
            Entity::OpenAccount(AccountId(7)),
            Entity::ClosedAccount(AccountId(7)),
            Entity::AccountName,
            Entity::InvitationLink,
            Entity::Invitation(InvitationId(7)),
            Entity::Session(SessionId(7)),
            Entity::Passkey(PasskeyId(7)),
            Entity::PresentedPasskey,
            Entity::Token(TokenId(7)),
        ]
        .map(Error::NotFound),
    );
    errors.extend(
        [
            ("way", FieldReason::Missing),
            ("zone", FieldReason::Missing),
            ("text", FieldReason::Empty),
            ("name", FieldReason::Empty),
            ("label", FieldReason::Empty),
            ("scopes", FieldReason::Empty),
            ("parts", FieldReason::Empty),
            ("note", FieldReason::TooLong { most: 4_000, length: 4_007 }),
            ("password", FieldReason::TooManyBytes { most: 200 }),
            ("text", FieldReason::TooManyWords { most: 6 }),
            ("password", FieldReason::TooShort { least: 10 }),
            ("text", FieldReason::HiddenCharacter('\u{202e}')),
            ("text", FieldReason::ControlCharacter('\u{7}')),
            ("name", FieldReason::PiledMarks),
            ("name", FieldReason::NameTaken),
            ("name", FieldReason::NameReserved),
            ("name", FieldReason::MixedScripts),
            ("password", FieldReason::Guessable),
            ("password", FieldReason::WrongPassword),
            ("password", FieldReason::NotPresentPassword),
            ("subjects", FieldReason::TooMany { most: 20 }),
            ("until", FieldReason::Past),
            ("at", FieldReason::Ahead),
            ("at", FieldReason::TooLongAgo { hours: 24 }),
            ("until", FieldReason::TooFarAway { days: 90 }),
            ("subjects", FieldReason::NothingMissing),
            ("from", FieldReason::NotBeforeEnd),
            ("quiet", FieldReason::EmptyRange),
            ("quiet", FieldReason::HalfRange),
            ("kind", FieldReason::Unknown { known: vec!["ntfy", "mail"] }),
            (
                "plan",
                FieldReason::UnknownPlan {
                    found: "gold".to_owned(),
                    known: vec!["default".to_owned(), "large".to_owned()],
                },
            ),
            ("plan", FieldReason::UnknownPlan { found: "gold".to_owned(), known: Vec::new() }),
            ("kind", FieldReason::UnknownEntryKind("<b>".to_owned())),
            ("zone", FieldReason::UnknownTimeZone("Mars/Base".to_owned())),
            ("hosts", FieldReason::HostsForManagers),
            ("form", FieldReason::Unreadable),
            ("token", FieldReason::Expected("ASCII letters, digits and punctuation".into())),
            ("role", FieldReason::Malformed("king".parse::<Role>().unwrap_err())),
            ("server", FieldReason::Unusable("it has no host".to_owned())),
        ]
        .map(|(field, reason)| Error::invalid(field, reason)),
    );
    errors.extend(
        [
            Conflict::IncidentResolved(INCIDENT),
            Conflict::AlreadyAcknowledged(INCIDENT),
            Conflict::AlreadyResolved(INCIDENT),
            Conflict::IncidentOpen(INCIDENT, State::AwaitingDecision),
            Conflict::ResolvedInspection(INCIDENT),
            Conflict::NotOffered(INCIDENT),
            Conflict::InspectionRuns,
            Conflict::TooManyInspections,
            Conflict::CommandRuns { incident: INCIDENT, title: title() },
            Conflict::AlreadyCancelled,
            Conflict::RunStarting,
            Conflict::NothingRuns,
            Conflict::NotReadyToRun(RECOMMENDATION),
            Conflict::NotRunning(RECOMMENDATION),
            Conflict::OfferResolved(INCIDENT),
            Conflict::OfferExpired,
            Conflict::OfferDeclined,
            Conflict::OfferWithdrawn,
            Conflict::OfferRuns,
            Conflict::OfferRan,
            Conflict::CatalogueInvalid,
            Conflict::BindingChanged,
            Conflict::ApprovedByYou,
            Conflict::ApproverTooRecent,
            Conflict::SubjectBusy { title: title(), subject: subject(), incident: INCIDENT },
            Conflict::MayStillRun { title: title(), subject: subject(), incident: INCIDENT, until },
            Conflict::CoolingDown { title: title(), subject: subject(), until },
            Conflict::LimitReached(Limited::Accounts),
            Conflict::LimitReached(Limited::Invitations),
            Conflict::LimitReached(Limited::Passkeys),
            Conflict::LimitReached(Limited::Tokens),
            Conflict::LimitReached(Limited::Contacts),
            Conflict::LimitReached(Limited::PlanOverrides),
            Conflict::LimitReached(Limited::PreventionSteps),
            Conflict::RoleUnchanged,
            Conflict::LastOwnerRole,
            Conflict::LastOwnerAccount,
            Conflict::RoleChanged,
            Conflict::PasskeyKnown,
            Conflict::PasskeyUnknown,
            Conflict::PasskeyRefused,
            Conflict::PasskeyTimeout,
            Conflict::PasskeysNeedName,
            Conflict::EntryStays { number: 7, kind: "run_started".to_owned() },
            Conflict::AlreadyRedacted(7),
            Conflict::WindowOpen(7),
            Conflict::Practice(PracticeRefusal::InForce),
            Conflict::Practice(PracticeRefusal::NotInForce),
            Conflict::Practice(PracticeRefusal::Unresolved(INCIDENT)),
            Conflict::Practice(PracticeRefusal::RealIncident(INCIDENT)),
            Conflict::Practice(PracticeRefusal::NoRow),
            Conflict::Practice(PracticeRefusal::NoCommand),
            Conflict::MessageChanged,
            Conflict::MessageIsYours,
            Conflict::MessageMarkedSent,
            Conflict::ReviewChanged,
            Conflict::ReviewRedacted,
            Conflict::PreventionStepEnded(7),
            Conflict::NothingToRate(RECOMMENDATION),
            Conflict::Threshold(ThresholdRefusal::DocumentChanged),
            Conflict::Threshold(ThresholdRefusal::DocumentWrong("error: x".to_owned())),
            Conflict::Threshold(ThresholdRefusal::Unchanged),
            Conflict::Threshold(ThresholdRefusal::BuiltIn),
            Conflict::Threshold(ThresholdRefusal::NotWritable("Read-only file system".to_owned())),
            Conflict::Threshold(ThresholdRefusal::TrialRuns),
            Conflict::Threshold(ThresholdRefusal::OwnTrialRuns),
            Conflict::Threshold(ThresholdRefusal::TrialTooLong),
            Conflict::Threshold(ThresholdRefusal::ProposalEnded(7)),
            Conflict::ShareEnded,
            Conflict::DeliveryEnded,
            Conflict::Misfit(Misfit::Exists(INCIDENT)),
        ]
        .map(Error::Conflict),
    );
    errors.extend(
        [
            Unavailable::Unclear,
            Unavailable::CorruptRow,
            Unavailable::SlowWrite,
            Unavailable::Export,
            Unavailable::SafeMode,
            Unavailable::NoRandomness,
            Unavailable::PasswordHash,
            Unavailable::Unchanged(DatabaseFault::NoAnswer),
            Unavailable::Unchanged(DatabaseFault::WrittenOnce),
        ]
        .map(Error::Unavailable),
    );
    let path = || "/var/lib/calm-ops".to_owned();
    errors.extend(
        [
            DatabaseFault::Unreachable,
            DatabaseFault::NoAnswer,
            DatabaseFault::FileLocked,
            DatabaseFault::Locked,
            DatabaseFault::FileReadOnly,
            DatabaseFault::ReadOnly,
            DatabaseFault::DiskFull,
            DatabaseFault::DiskError,
            DatabaseFault::Damaged,
            DatabaseFault::CantOpen,
            DatabaseFault::WrittenOnce,
            DatabaseFault::NoDatabase,
            DatabaseFault::NotOwner,
            DatabaseFault::BadCredentials,
            DatabaseFault::NoResources,
            DatabaseFault::BadAddress,
            DatabaseFault::DataDir { path: path(), problem: "Permission denied".to_owned() },
            DatabaseFault::DataDirInUse { pid: Some(12), path: path() },
            DatabaseFault::DataDirInUse { pid: None, path: path() },
            DatabaseFault::InUse,
            DatabaseFault::TakenOver,
            DatabaseFault::NewerSchema { version: 9 },
            DatabaseFault::OtherSchema { version: 9 },
            DatabaseFault::OlderSchema,
            DatabaseFault::Migration,
            DatabaseFault::NoSchema,
            DatabaseFault::NotEmpty,
            DatabaseFault::BackupChanged,
            DatabaseFault::NoRandomness,
            DatabaseFault::Other,
        ]
        .map(|fault| Error::Unavailable(Unavailable::Database(fault))),
    );
    errors
}

#[test]
fn every_error_is_a_sentence() {
    let mut sentences = String::new();
    for error in errors() {
        let text = sentence(&error);
        assert!(text.starts_with(|c: char| c.is_uppercase() || c == '"'), "{text}");
        assert!(text.ends_with('.') && !text.ends_with(".."), "{text}");
        let _ = writeln!(sentences, "{text}");
        if let Error::InvalidField { field, reason } = &error {
            let _ = writeln!(sentences, "    /{field}: {}", field_reason(field, reason));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors.txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &sentences).unwrap();
    }
    assert_eq!(sentences, fs::read_to_string(&path).unwrap());
}
