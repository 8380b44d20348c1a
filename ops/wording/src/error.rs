//! Sentences of errors: each says what is wrong and what to do next. None tells what only the log
//! may know.

use domain::{
    access::Role,
    error::{
        Conflict, DatabaseFault, Entity, Error, FieldReason, Limited, Requirement, Unavailable,
    },
    name::BadName,
    text::{is_unprintable, isolated},
    time::Timestamp,
};

use crate::{humanize, practice, threshold};

/// An error as one or more whole sentences.
pub fn sentence(error: &Error) -> String {
    match error {
        Error::SignIn => "You are signed out. Sign in to continue.".to_owned(),
        Error::SignInAgain => {
            "Sign in again: your last sign-in was too long ago for this.".to_owned()
        }
        Error::Forbidden(requirement) => required(*requirement),
        Error::Throttled { seconds } => {
            format!("Too many attempts. Try again in {}.", humanize::seconds(*seconds as f64))
        }
        Error::NotFound(entity) => not_found(entity),
        Error::InvalidField { reason: FieldReason::WrongPassword, .. } => {
            "Wrong name or password. Try again.".to_owned()
        }
        Error::InvalidField { field, reason } => {
            format!("The {} {}.", noun(field), field_reason(field, reason))
        }
        Error::Conflict(conflict) => self::conflict(conflict),
        Error::Unavailable(cause) => unavailable(cause),
    }
}

/// The noun of a field in a sentence.
fn noun(field: &str) -> &str {
    match field {
        "quiet" => "quiet hours",
        "zone" => "time zone",
        "from" => "beginning",
        "to" | "until" => "end",
        "way" => "channel",
        "scopes" => "list of scopes",
        "subjects" => "list of subjects",
        "at" => "time",
        "what" => "name of what was changed",
        "parts" => "list of parts",
        "hosts" => "choice of host names",
        field => field,
    }
}

/// The rule that a field breaks: the rest of a sentence that begins with the field.
pub fn field_reason(field: &str, reason: &FieldReason) -> String {
    match reason {
        FieldReason::Missing => match field {
            "way" => "is missing; choose how to be notified".to_owned(),
            "zone" => "is missing; enter one such as 'Europe/Berlin' or '+02:00'".to_owned(),
            _ => "is missing".to_owned(),
        },
        FieldReason::Empty => format!("is empty; {}", instead_of_empty(field)),
        FieldReason::TooLong { most, length } => {
            format!("can have at most {most} characters; this has {length}")
        }
        FieldReason::TooManyBytes { most } => format!("is too long: at most {most} bytes"),
        FieldReason::TooManyWords { most } => {
            format!("can have at most {most} words; remove some")
        }
        FieldReason::TooMany { most } => {
            format!("can have at most {most} entries; remove some")
        }
        FieldReason::TooShort { least } => format!(
            "is too short: use at least {least} characters. A few random words are strong and easy to remember"
        ),
        FieldReason::HiddenCharacter(hidden) => format!(
            "contains the invisible character U+{:04X}, which can change how the text around it reads; remove it",
            u32::from(*hidden)
        ),
        FieldReason::ControlCharacter(control) => {
            format!("contains the control character U+{:04X}; use plain text", u32::from(*control))
        }
        FieldReason::PiledMarks => {
            "has so many marks on one letter that they cover the text around it; remove some"
                .to_owned()
        }
        FieldReason::NameTaken => {
            "is already taken, or looks like one that is; choose another one".to_owned()
        }
        FieldReason::NameReserved => {
            "is reserved for Calm Ops; choose another one".to_owned()
        }
        FieldReason::MixedScripts => {
            "mixes letters of several alphabets in one word, which can look like another name; use one alphabet"
                .to_owned()
        }
        FieldReason::Guessable => {
            "is easy to guess; use a few words that have nothing to do with you".to_owned()
        }
        FieldReason::WrongPassword => {
            "or the name is wrong. Try again".to_owned()
        }
        FieldReason::NotPresentPassword => {
            "is not your current one. If you do not know it, sign in with a passkey and change it within 5 minutes".to_owned()
        }
        FieldReason::Past => "has already passed; choose a later time".to_owned(),
        FieldReason::Ahead => "is in the future; leave it out for the current time".to_owned(),
        FieldReason::TooLongAgo { hours } => {
            format!("is too long ago: at most {hours} hours. Leave it out for the current time")
        }
        FieldReason::TooFarAway { days } => {
            format!("is too far away: at most {days} days from now")
        }
        FieldReason::NothingMissing => {
            "matches nothing that is missing, so nothing was retired".to_owned()
        }
        FieldReason::NotBeforeEnd => "must be before 'to'".to_owned(),
        FieldReason::EmptyRange => "start and end at the same time; leave them out for none".to_owned(),
        FieldReason::HalfRange => {
            "need a start and an end; leave both empty for none".to_owned()
        }
        FieldReason::Unknown { known } => format!("is unknown; use one of {}", known.join(", ")),
        FieldReason::UnknownPlan { found, known } if known.is_empty() => {
            format!("{} is unknown: limits.md has no plans", quoted(found))
        }
        FieldReason::UnknownPlan { found, known } => {
            let known: Vec<String> = known.iter().map(|name| quoted(name)).collect();
            format!("{} is unknown; limits.md has {}", quoted(found), humanize::list(&known))
        }
        FieldReason::UnknownEntryKind(kind) => {
            format!("{} is unknown; the journal page lists them", quoted(kind))
        }
        FieldReason::UnknownTimeZone(zone) => {
            format!("{} is unknown; enter one such as 'Europe/Berlin' or '+02:00'", quoted(zone))
        }
        FieldReason::HostsForManagers => {
            "is for managers only: customers never see host names. Leave it out, or create the link for managers".to_owned()
        }
        FieldReason::Unreadable => "is not valid; reload the page and try again".to_owned(),
        FieldReason::Expected(expected) => format!("must be {expected}"),
        FieldReason::Malformed(BadName { found, what: _, expected }) => {
            format!("can't be {found}: it must be {expected}")
        }
        FieldReason::Unusable(problem) => format!("can't be used: {problem}"),
    }
}

fn instead_of_empty(field: &str) -> &'static str {
    match field {
        "name" => "enter at least one letter",
        "label" => "say what it is for, so that you can find it again",
        "scopes" => "choose at least one of 'ingest', 'read', 'respond' and 'plans'",
        "parts" => "choose at least one part to show",
        _ => "enter at least one word",
    }
}

fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_unprintable(*c)).take(60).collect();
    format!("'{}'", isolated(&text))
}

fn required(requirement: Requirement) -> String {
    match requirement {
        Requirement::CalmOps => "Only Calm Ops itself can do this.",
        Requirement::ShareLink => "Only the link that shares it can do this.",
        Requirement::Person => "Only a person can do this.",
        Requirement::SignedIn => "Only a person who is signed in can do this.",
        Requirement::Account => "This needs an account. A share link only shows what was shared.",
        Requirement::Role(role) => {
            return match role {
                Role::Viewer => "Only members can do this.".to_owned(),
                Role::Owner => "Only owners can do this.".to_owned(),
                Role::Responder | Role::Approver => {
                    format!("Only {role}s can do this. Ask an owner for the role.")
                }
            };
        }
        Requirement::Scope(scope) => {
            return format!("This needs a token with the scope '{}'.", scope.as_str());
        }
        Requirement::OwnerOrAuthor => "Only an owner or the author can do this.",
    }
    .to_owned()
}

fn not_found(entity: &Entity) -> String {
    match entity {
        Entity::Incident(number) => format!("Incident {number} does not exist."),
        Entity::IncidentId(id) => format!("Incident {id} does not exist."),
        Entity::Recommendation(id) => format!("Recommendation {id} does not exist."),
        Entity::Bundle(number) => format!("There is no bundle for incident {number}."),
        Entity::Subject(subject) => {
            format!("Subject {} does not exist.", isolated(subject.as_str()))
        }
        Entity::Series(subject, signal) => {
            let subject = isolated(subject.as_str());
            format!("There is no data for {signal} of {subject} in this period.")
        }
        Entity::Signal(subject, signal) => {
            let subject = isolated(subject.as_str());
            format!("Calm Ops has no record of {signal} of {subject}. Check both names.")
        }
        Entity::Document(name) => format!("Document {} does not exist.", quoted(name)),
        Entity::Entry(number) => format!("Entry {number} does not exist."),
        Entity::MaintenanceWindow(number) => {
            format!("There is no open maintenance window {number}.")
        }
        Entity::Measure(requests) => format!(
            "There is no limit of Calm Ops in force for {} of {}.",
            quoted(&requests.class),
            isolated(requests.organization.name())
        ),
        Entity::PlanOverride(organization) => format!(
            "There is no override in force for {}. It may have ended already.",
            isolated(organization.name())
        ),
        Entity::StatusNotice(number) => {
            format!("Notice {number} is not on the status page. It may have been withdrawn.")
        }
        Entity::StatusUpdate(number) => {
            format!("Update {number} is not in this notice. It may have been withdrawn.")
        }
        Entity::PreventionStep(number) => format!("There is no prevention step {number}."),
        Entity::ThresholdRow(subject, signal) => format!(
            "No row of the thresholds is in force for {}. Reload the page, or add one in the document.",
            humanize::lower_signal_of(signal, subject)
        ),
        Entity::ThresholdProposal(number) => {
            format!("There is no threshold proposal {number}.")
        }
        Entity::StabilityReport(number) => format!("There is no stability report {number}."),
        Entity::Share(id) => format!("Share link {id} does not exist."),
        Entity::SharedPage => {
            "This link is not valid. It may be mistyped or have expired.".to_owned()
        }
        Entity::Contact(id) => format!("You have no contact {id}."),
        Entity::OpenAccount(id) => format!("There is no active account {id}."),
        Entity::ClosedAccount(id) => format!("There is no deactivated account {id}."),
        Entity::AccountName => "There is no account with this name.".to_owned(),
        Entity::InvitationLink => {
            "This invitation is not valid, or no longer valid. Ask for a new link.".to_owned()
        }
        Entity::Invitation(id) => format!("There is no pending invitation {id}."),
        Entity::Session(id) => format!("There is no active sign-in {id}."),
        Entity::Passkey(id) => format!("You have no passkey {id}."),
        Entity::PresentedPasskey => "This passkey is unknown.".to_owned(),
        Entity::Token(id) => format!("There is no valid token {id}."),
    }
}

fn conflict(conflict: &Conflict) -> String {
    match conflict {
        Conflict::IncidentResolved(number) => {
            return format!("Incident {number} is resolved. Reopen it if the problem is not over.");
        }
        Conflict::AlreadyAcknowledged(number) => {
            return format!("Incident {number} is already acknowledged.");
        }
        Conflict::AlreadyResolved(number) => {
            return format!("Incident {number} is already resolved.");
        }
        Conflict::IncidentOpen(number, state) => {
            return format!("Incident {number} is already open: it is {state}.");
        }
        Conflict::ResolvedInspection(number) => {
            return format!("Incident {number} is resolved. Reopen it to look at the host again.");
        }
        Conflict::NotOffered(number) => {
            return format!(
                "This can't be looked at for incident {number}: it is not about it, or not on this host. Choose one of those that the incident offers."
            );
        }
        Conflict::InspectionRuns => {
            "The same look is already under way. Try again in a few seconds."
        }
        Conflict::TooManyInspections => {
            "Other looks at the host have not finished. Try again in a few seconds."
        }
        Conflict::CommandRuns { incident, title } => {
            return format!(
                "\"{title}\" is running for incident {incident}. Wait until it has finished, or stop it."
            );
        }
        Conflict::AlreadyCancelled => "It is already being stopped.",
        Conflict::RunStarting => "It is just starting. Try again in a second.",
        Conflict::NothingRuns => "It is not running, so there is nothing to stop.",
        Conflict::NotReadyToRun(id) => {
            return format!("Recommendation {id} is not waiting to run.");
        }
        Conflict::NotRunning(id) => return format!("Recommendation {id} is not running."),
        Conflict::OfferResolved(number) => {
            return format!("Incident {number} is resolved, so nothing is run for it any more.");
        }
        Conflict::OfferExpired => {
            "This recommendation has expired. See the incident for the next one."
        }
        Conflict::OfferDeclined => {
            "It was declined. See the incident for the next recommendation."
        }
        Conflict::OfferWithdrawn => {
            "It was withdrawn because the situation has changed. See the incident for the next recommendation."
        }
        Conflict::OfferRuns => {
            "It is already approved and running. It runs only once; see its output."
        }
        Conflict::OfferRan => {
            "It was already approved and has run. It runs only once; see its output."
        }
        Conflict::CatalogueInvalid => {
            "The approved commands have an error, so nothing runs until it is fixed. The health page shows the line."
        }
        Conflict::BindingChanged => {
            "This recommendation has just changed, so nothing was run. Read it again before you decide."
        }
        Conflict::ApprovedByYou => {
            "You have already approved it. A second approver is needed, because the risk is high."
        }
        Conflict::ApproverTooRecent => {
            "Because the risk is high, it needs two people who were approvers before it was recommended. You became one later; ask someone else."
        }
        Conflict::SubjectBusy { title, subject, incident } => {
            let subject = isolated(subject.as_str());
            return format!(
                "\"{title}\" is running on {subject} for incident {incident}. Wait until it has finished."
            );
        }
        Conflict::MayStillRun { title, subject, incident, until } => {
            let subject = isolated(subject.as_str());
            return format!(
                "\"{title}\" was started on {subject} for incident {incident} and may still be running. Check manually, and wait until {}.",
                humanize::moment(*until)
            );
        }
        Conflict::CoolingDown { title, subject, until } => {
            let subject = isolated(subject.as_str());
            return format!(
                "\"{title}\" ran on {subject} recently, so it can't run again before {}. Check whether it helped.",
                humanize::moment(*until)
            );
        }
        Conflict::LimitReached(limited) => match limited {
            Limited::Accounts => "The limit of accounts is reached.",
            Limited::Invitations => "Too many invitations are pending. Withdraw some first.",
            Limited::Passkeys => "You have reached the limit of passkeys. Remove one first.",
            Limited::Tokens => "The limit of tokens is reached. Revoke one first.",
            Limited::Contacts => "You have reached the limit of contacts. Remove one first.",
            Limited::MaintenanceWindows => {
                "The limit of maintenance windows is reached. End one first."
            }
            Limited::PlanOverrides => {
                "The limit of overrides is reached. End one first, or set the plan for good."
            }
            Limited::PreventionSteps => {
                "This incident has as many prevention steps as it can have. Put some together."
            }
        },
        Conflict::RoleUnchanged => "They already have this role.",
        Conflict::LastOwnerRole => "The last owner must stay an owner. Make someone else an owner first.",
        Conflict::LastOwnerAccount => {
            "The last owner's account can't be deactivated. Make someone else an owner first."
        }
        Conflict::RoleChanged => "Your role has just changed. Reload the page.",
        Conflict::PasskeyKnown => "This passkey has already been added.",
        Conflict::PasskeyUnknown => {
            "This passkey is unknown. Use another one or your password."
        }
        Conflict::PasskeyRefused => {
            "The passkey was not accepted. Reload the page and try again, or use your password."
        }
        Conflict::PasskeyTimeout => "This took too long. Start again.",
        Conflict::PasskeysNeedName => {
            "Passkeys need a domain name. Open this page by its name instead of its IP address, with https or as localhost."
        }
        Conflict::EntryStays { number, kind } => {
            return format!(
                "Entry {number} ({}) says what happened or who decided, so it can't be redacted. \
                 Only comments, notes, reasons, outputs, evidence and document changes can.",
                kind.replace('_', " ")
            );
        }
        Conflict::AlreadyRedacted(number) => {
            return format!("Entry {number} is already redacted.");
        }
        Conflict::WindowOpen(number) => {
            return format!(
                "Maintenance window {number} is still open, so the entry that started it can't be redacted. End the window first."
            );
        }
        Conflict::AutomationSuspended => "Automatic measures are suspended already.",
        Conflict::AutomationNotSuspended => "Automatic measures are not suspended.",
        Conflict::SafeModeInForce => "Safe mode is in force already.",
        Conflict::NoSafeMode => "Safe mode is not in force.",
        Conflict::SafeModeStageUnchanged => "Safe mode is at this stage already. Reload the page.",
        Conflict::Practice(refusal) => return practice::refusal(*refusal),
        Conflict::MessageChanged => {
            "Somebody else has just saved another version, so nothing was changed. Read it, and then decide."
        }
        Conflict::MessageIsYours => "You saved this version. Somebody else reviews it.",
        Conflict::MessageMarkedSent => "This version is marked as sent there already.",
        Conflict::ReviewChanged => {
            "Somebody else has just saved this review, so nothing was changed. Read what is new, and then save yours."
        }
        Conflict::ReviewRedacted => {
            "What you had read was redacted meanwhile, so nothing was changed. Check that your text does not bring it back, and then save it."
        }
        Conflict::PreventionStepEnded(number) => {
            return format!("Prevention step {number} is already done or dropped.");
        }
        Conflict::NothingToRate(id) => {
            return format!(
                "Recommendation {id} did not run, or its incident is not resolved, so there is nothing to rate yet."
            );
        }
        Conflict::Threshold(refusal) => return threshold::refusal(refusal),
        Conflict::ShareEnded => "This link is already revoked.",
        Conflict::DeliveryEnded => "This notification is already finished.",
        Conflict::Misfit(misfit) => {
            let misfit = capitalized(&misfit.to_string());
            return format!("{misfit}. Something has changed: reload the page.");
        }
    }
    .to_owned()
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn unavailable(cause: &Unavailable) -> String {
    match cause {
        Unavailable::Database(fault) => return database(fault),
        Unavailable::Unchanged(fault) => {
            let fault = database(fault);
            return if fault.contains(UNCHANGED) { fault } else { format!("{fault} {UNCHANGED}.") };
        }
        Unavailable::Unclear => {
            "The database did not answer in time, so it is unclear whether this was done. Reload the page before you repeat it."
        }
        Unavailable::CorruptRow => {
            "A database row is not valid; see the log for details. Run 'calm-ops journal verify', and restore a backup if it fails."
        }
        Unavailable::SlowWrite => "It did not answer in time.",
        Unavailable::Export => "The journal can't be read right now. Try again in a moment.",
        Unavailable::SafeMode => {
            "Exports wait while safe mode is in force, to spare resources. On the host of Calm Ops, 'calm-ops journal export FILE' writes one at any time."
        }
        Unavailable::NoRandomness => {
            "The system's random generator is not available. Nothing was changed. Try again in a moment."
        }
        Unavailable::PasswordHash => {
            "The password could not be processed. Nothing was changed. Try again in a moment."
        }
    }
    .to_owned()
}

const UNCHANGED: &str = "Nothing was changed";

/// A warning about a data directory that others on the machine can enter.
pub fn open_data_dir(path: &str, mode: u32) -> String {
    format!(
        "the data directory {path} is accessible to other users of this machine (mode {mode:o}). Make it private with 'chmod 700 {path}'"
    )
}

/// Warns about a data directory on a file system of another machine.
pub fn remote_data_dir(path: &str, kind: &str) -> String {
    format!(
        "the data directory {path} is on {kind}. SQLite needs locks and shared memory that such file systems do not provide reliably: the \
         database can be damaged or fail to open. Use a local disk with --data-dir, or PostgreSQL (DATABASE_URL)"
    )
}

/// Says that pushes are refused: whose, since when, where in the body, and why.
pub fn refused_pushes(
    sender: &str,
    since: Timestamp,
    place: &str,
    problem: &str,
    rest_taken: bool,
) -> String {
    // The name of a program begins a sentence elsewhere.
    let sender = match sender.split_once(' ') {
        Some((article @ ("The" | "A"), rest)) => format!("{} {rest}", article.to_lowercase()),
        _ => sender.to_owned(),
    };
    let taken =
        if rest_taken { "The other values are accepted" } else { "Nothing in them is accepted" };
    let place = if place.is_empty() { "the body".to_owned() } else { isolated(place) };
    let problem = isolated(problem);
    format!(
        "Readings from {sender} have been rejected since {} ({place}: {problem}). {taken}. Fix the sender.",
        humanize::moment(since)
    )
}

/// Says that a page is from memory: since when, why, and what to do.
pub fn from_memory(since: Timestamp, fault: &DatabaseFault) -> String {
    format!(
        "The database has been failing since {}, so this page shows what Calm Ops remembers, without timeline and evidence. {} \
         Decisions are possible again when it is back.",
        humanize::moment(since),
        database(fault)
    )
}

/// A fault of the database as one or more whole sentences.
pub fn database(fault: &DatabaseFault) -> String {
    match fault {
        DatabaseFault::Unreachable => {
            "The database can't be reached. Check that it is running and that its address is correct."
        }
        DatabaseFault::NoAnswer => {
            "The database does not answer. Check that it is running and not overloaded."
        }
        DatabaseFault::FileLocked => {
            "The database file is locked by another program. Close the other program."
        }
        DatabaseFault::Locked => "Another program has locked the database for too long.",
        DatabaseFault::FileReadOnly => {
            "The database file is read-only. Give Calm Ops write access to its data directory."
        }
        DatabaseFault::ReadOnly => {
            "The database is read-only, like a standby. Point DATABASE_URL to the primary."
        }
        DatabaseFault::DiskFull => "The disk with the database is full. Free some space.",
        DatabaseFault::DiskError => {
            "The disk with the database reports an error. Check the disk and the system log."
        }
        DatabaseFault::Damaged => {
            "The database file is damaged or is not a database. Stop Calm Ops and restore a backup."
        }
        DatabaseFault::CantOpen => {
            "The database file can't be opened. Check that the data directory exists and that Calm Ops can write to it."
        }
        DatabaseFault::WrittenOnce => {
            "The database refused to change an entry that must not change. Nothing was changed; see the log for details."
        }
        DatabaseFault::NoDatabase => {
            "The database does not exist. Create it, or fix DATABASE_URL."
        }
        DatabaseFault::NotOwner => {
            "The database user is not allowed to do this. Make it the owner of its database."
        }
        DatabaseFault::BadCredentials => {
            "The database rejected the user or the password. Fix DATABASE_URL."
        }
        DatabaseFault::NoResources => {
            "The database has run out of resources, such as connections. Give it more."
        }
        DatabaseFault::Pooler => {
            "DATABASE_URL points to a connection pooler, such as PgBouncer, that does not support what Calm Ops needs. Use the direct address \
             of PostgreSQL, or switch on prepared statements in the pooler (PgBouncer 1.21 or newer: max_prepared_statements)."
        }
        DatabaseFault::BadAddress => {
            "DATABASE_URL is not the address of a PostgreSQL database, such as postgres://user:password@host:5432/calm_ops."
        }
        DatabaseFault::DataDir { path, problem } => {
            return format!(
                "The data directory '{path}' can't be used ({problem}). Check that it exists and that Calm Ops can write to it, \
                 or choose another one with --data-dir."
            );
        }
        DatabaseFault::DataDirInUse { pid, path } => {
            let pid = pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
            return format!(
                "Another Calm Ops{pid} is using '{path}'. Stop it, or choose another --data-dir for this one."
            );
        }
        DatabaseFault::InUse => {
            "Another Calm Ops is using this database. Stop it, or choose another DATABASE_URL for this one."
        }
        DatabaseFault::TakenOver => {
            "This Calm Ops lost its connection to the database, and another one has taken over, so this one writes nothing. \
             Stop one of the two. When the other one has stopped, this one continues automatically."
        }
        DatabaseFault::NewerSchema { version } => {
            return format!(
                "The database was written by a newer Calm Ops (schema {version}). \
                 Start that version, or restore a backup that this one wrote."
            );
        }
        DatabaseFault::OtherSchema { version } => {
            return format!(
                "This Calm Ops does not know the database's schema {version}. \
                 Start the version that wrote it, or restore a backup."
            );
        }
        DatabaseFault::OlderSchema => {
            "The database was written by an older Calm Ops, and this command does not upgrade it. Start this version once with 'calm-ops serve'."
        }
        DatabaseFault::Migration => {
            "The database schema could not be upgraded. See the log for details."
        }
        DatabaseFault::NoSchema => {
            "There is no Calm Ops data in this database. Start the server once, or use another database."
        }
        DatabaseFault::NotEmpty => {
            "This database already has a journal, which is never replaced. Restore into an empty database."
        }
        DatabaseFault::BackupChanged => "The backup changed while it was being read. Try again.",
        DatabaseFault::NoRandomness => {
            "The system's random generator is not available. Try again in a moment."
        },
        DatabaseFault::Other => "The database reported an error. See the log for details.",
    }
    .to_owned()
}
