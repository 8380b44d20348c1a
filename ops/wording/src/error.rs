//! Sentences of errors: each says what is wrong and what to do next. None tells what only the log
//! may know.

use domain::{
    error::{
        Conflict, DatabaseFault, Entity, Error, FieldReason, Limited, Requirement, Unavailable,
    },
    name::BadName,
    text::{is_unprintable, isolated},
    time::Timestamp,
};

use crate::humanize;

/// An error as one or more whole sentences.
pub fn sentence(error: &Error) -> String {
    match error {
        Error::SignIn => "Sign in first.".to_owned(),
        Error::SignInAgain => {
            "Sign in again: your last sign-in is too long ago for this decision.".to_owned()
        }
        Error::Forbidden(requirement) => format!("This needs {}.", required(*requirement)),
        Error::Throttled { seconds } => {
            format!("Too many tries. Wait {seconds} s, then try again.")
        }
        Error::NotFound(entity) => not_found(entity),
        Error::InvalidField { reason: FieldReason::WrongPassword, .. } => {
            "Name or password is not right. Look at both and try again.".to_owned()
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
            "way" => "is missing; say how you are reached".to_owned(),
            "zone" => "is missing; write such as 'Europe/Berlin', or '+02:00'".to_owned(),
            _ => "is missing".to_owned(),
        },
        FieldReason::Empty => format!("is empty; {}", instead_of_empty(field)),
        FieldReason::TooLong { most, length } => {
            format!("may have at most {most} characters, this has {length}")
        }
        FieldReason::TooManyBytes { most } => format!("is too long; at most {most} bytes"),
        FieldReason::TooManyWords { most } => {
            format!("may have at most {most} words; leave some out")
        }
        FieldReason::TooMany { most } => {
            format!("may have at most {most} entries; leave some out")
        }
        FieldReason::TooShort { least } => format!(
            "is too short; at least {least} characters. Some words in a row are good and easy to remember"
        ),
        FieldReason::HiddenCharacter(hidden) => format!(
            "holds the character U+{:04X}, which is not seen and can change how the text around it reads; take it out",
            u32::from(*hidden)
        ),
        FieldReason::ControlCharacter(control) => {
            format!("holds the control character U+{:04X}; write plain text", u32::from(*control))
        }
        FieldReason::PiledMarks => {
            "has so many marks on one letter that they cover the text around it; leave some out"
                .to_owned()
        }
        FieldReason::NameTaken => {
            "is someone else's here already, or looks like it; choose another one".to_owned()
        }
        FieldReason::NameReserved => {
            "is kept for Calm Ops and its parts; choose another one".to_owned()
        }
        FieldReason::MixedScripts => {
            "mixes letters of several alphabets in one word, which can look like another name; keep to one"
                .to_owned()
        }
        FieldReason::Guessable => {
            "is easy to guess; take some words in a row that have nothing to do with you".to_owned()
        }
        FieldReason::WrongPassword => {
            "or the name is not right. Look at both and try again".to_owned()
        }
        FieldReason::NotPresentPassword => {
            "is not your present one. Without it, sign in again with a passkey and set the new one within 5 minutes".to_owned()
        }
        FieldReason::Past => "has passed already; choose a later time".to_owned(),
        FieldReason::Ahead => "has not come yet; leave it out for now".to_owned(),
        FieldReason::TooLongAgo { hours } => {
            format!("is too long ago: at most {hours} hours; leave it out for now")
        }
        FieldReason::TooFarAway { days } => {
            format!("is too far away: it may be at most {days} days from now")
        }
        FieldReason::NothingMissing => {
            "fits nothing that is missing now, so nothing was retired".to_owned()
        }
        FieldReason::NotBeforeEnd => "has to be before 'to'".to_owned(),
        FieldReason::EmptyRange => "begin when they end; leave them out for none".to_owned(),
        FieldReason::HalfRange => {
            "need a beginning and an end; leave both empty for none".to_owned()
        }
        FieldReason::Unknown { known } => format!("is not known; known are {}", known.join(", ")),
        FieldReason::UnknownEntryKind(kind) => {
            format!("{} is not known; the journal page lists them", quoted(kind))
        }
        FieldReason::UnknownTimeZone(zone) => {
            format!("{} is not known; write such as 'Europe/Berlin', or '+02:00'", quoted(zone))
        }
        FieldReason::HostsForManagers => {
            "is for managers only: customers are never told the names of hosts. Leave it out, or make the link for managers".to_owned()
        }
        FieldReason::Unreadable => "can't be read; reload the page and try again".to_owned(),
        FieldReason::Expected(expected) => format!("has to be {expected}"),
        FieldReason::Malformed(BadName { found, what: _, expected }) => {
            format!("can't be {found}: it has to be {expected}")
        }
        FieldReason::Unusable(problem) => format!("can't be used: {problem}"),
    }
}

fn instead_of_empty(field: &str) -> &'static str {
    match field {
        "name" => "write at least one letter",
        "label" => "say what it is for, so that it can be found again",
        "scopes" => "choose at least one of 'ingest', 'read' and 'respond'",
        "parts" => "choose at least one part to show",
        _ => "write at least a word",
    }
}

fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_unprintable(*c)).take(60).collect();
    format!("'{}'", isolated(&text))
}

fn required(requirement: Requirement) -> String {
    match requirement {
        Requirement::CalmOps => "Calm Ops itself",
        Requirement::ShareLink => "the link that shares it",
        Requirement::Person => "a person",
        Requirement::SignedIn => "a person who is signed in",
        Requirement::Account => "an account; this link only shows what was shared",
        Requirement::Role(role) => role.one(),
        Requirement::Scope(scope) => return format!("a token with the scope '{}'", scope.as_str()),
        Requirement::OwnerOrAuthor => "an owner, or whoever wrote the comment",
    }
    .to_owned()
}

fn not_found(entity: &Entity) -> String {
    match entity {
        Entity::Incident(number) => format!("There is no incident {number}."),
        Entity::IncidentId(id) => format!("There is no incident {id}."),
        Entity::Recommendation(id) => format!("There is no recommendation {id}."),
        Entity::Bundle(number) => format!("There is no bundle of incident {number}."),
        Entity::Subject(subject) => {
            format!("There is no subject {}.", isolated(subject.as_str()))
        }
        Entity::Series(subject, signal) => {
            let subject = isolated(subject.as_str());
            format!("There is no series of {signal} for {subject} in that time.")
        }
        Entity::Document(name) => format!("There is no document {}.", quoted(name)),
        Entity::Entry(number) => format!("There is no entry {number}."),
        Entity::MaintenanceWindow(number) => {
            format!("There is no maintenance window {number} that is open.")
        }
        Entity::Share(id) => format!("There is no share link {id}."),
        Entity::SharedPage => "There is no such link.".to_owned(),
        Entity::Contact(id) => format!("There is no contact {id} of yours."),
        Entity::OpenAccount(id) => format!("There is no open account {id}."),
        Entity::ClosedAccount(id) => format!("There is no closed account {id}."),
        Entity::AccountName => "There is no account of this name.".to_owned(),
        Entity::InvitationLink => {
            "There is no invitation like this one, or not any more. Ask for a new link.".to_owned()
        }
        Entity::Invitation(id) => format!("There is no invitation {id} that waits."),
        Entity::Session(id) => format!("There is no sign-in {id} that is open."),
        Entity::Passkey(id) => format!("There is no passkey {id} of yours."),
        Entity::PresentedPasskey => "There is no passkey like this one.".to_owned(),
        Entity::Token(id) => format!("There is no token {id} that is valid."),
    }
}

fn conflict(conflict: &Conflict) -> String {
    match conflict {
        Conflict::IncidentResolved(number) => {
            return format!("Incident {number} is resolved. Reopen it if it is not over.");
        }
        Conflict::AlreadyAcknowledged(number) => {
            return format!("Incident {number} is acknowledged already.");
        }
        Conflict::AlreadyResolved(number) => {
            return format!("Incident {number} is resolved already.");
        }
        Conflict::IncidentOpen(number, state) => {
            return format!("Incident {number} is open already: it is {state}.");
        }
        Conflict::CommandRuns { incident, title } => {
            return format!(
                "\"{title}\" runs for incident {incident}. Wait for its end, or cancel it."
            );
        }
        Conflict::AlreadyCancelled => "It is being ended already.",
        Conflict::RunStarting => "It starts this moment. Try again in a second.",
        Conflict::NothingRuns => "It does not run, so there is nothing to end.",
        Conflict::NotReadyToRun(id) => {
            return format!("Recommendation {id} is not about to run.");
        }
        Conflict::NotRunning(id) => return format!("Recommendation {id} does not run."),
        Conflict::OfferResolved(number) => {
            return format!("Incident {number} is resolved, so nothing is to be run.");
        }
        Conflict::OfferExpired => {
            "This offer has ended. Look at the incident: it says what is recommended now."
        }
        Conflict::OfferDeclined => {
            "It was declined. The incident shows what is recommended now."
        }
        Conflict::OfferWithdrawn => {
            "It is no longer offered, because things have changed. The incident shows what is recommended now."
        }
        Conflict::OfferRuns => {
            "It is approved already and runs. It runs once; look at its output."
        }
        Conflict::OfferRan => {
            "It was approved and has run already. It ran once; look at its output."
        }
        Conflict::CatalogueInvalid => {
            "The page of approved commands has a mistake, so nothing runs until it is mended. The health page shows the line."
        }
        Conflict::BindingChanged => {
            "Something that you decided upon has changed meanwhile, so nothing was run. Read it again as it is now, then decide."
        }
        Conflict::ApprovedByYou => {
            "You have approved it already. It needs another person too, because its risk is high."
        }
        Conflict::ApproverTooRecent => {
            "Because its risk is high, it takes two people who could approve before it was recommended, and you can only since. Ask someone else."
        }
        Conflict::SubjectBusy { title, subject, incident } => {
            let subject = isolated(subject.as_str());
            return format!(
                "\"{title}\" runs on {subject} for incident {incident}. One at a time: wait for its end."
            );
        }
        Conflict::MayStillRun { title, subject, incident, until } => {
            let subject = isolated(subject.as_str());
            return format!(
                "\"{title}\" was started on {subject} for incident {incident}, and its end was not seen. It may still run: look by hand, and wait until {}.",
                until.to_seconds_text()
            );
        }
        Conflict::CoolingDown { title, subject, until } => {
            let subject = isolated(subject.as_str());
            return format!(
                "\"{title}\" ran on {subject} a short while ago, so it is not run again before {}. Look whether that helped.",
                until.to_seconds_text()
            );
        }
        Conflict::LimitReached(limited) => match limited {
            Limited::Accounts => "There are as many accounts as there may be.",
            Limited::Invitations => "Too many invitations wait. Take some back first.",
            Limited::Passkeys => "You have as many passkeys as you may. Remove one first.",
            Limited::Tokens => "There are as many tokens as there may be. End one first.",
            Limited::Contacts => "You have as many contacts as you may. Remove one first.",
            Limited::MaintenanceWindows => {
                "There are as many maintenance windows as there may be. End one first."
            }
        },
        Conflict::RoleUnchanged => "That is their role already.",
        Conflict::LastOwnerRole => "The last owner stays owner: make someone else an owner first.",
        Conflict::LastOwnerAccount => {
            "The last owner's account stays open: make someone else an owner first."
        }
        Conflict::RoleChanged => "Your role has changed just now. Look at the page again.",
        Conflict::PasskeyKnown => "This passkey is known already.",
        Conflict::PasskeyUnknown => {
            "This passkey is not known here. Use another one, or your password."
        }
        Conflict::PasskeyRefused => {
            "The passkey was not accepted. Reload the page and try again, or use your password."
        }
        Conflict::PasskeyTimeout => "This took too long. Begin again.",
        Conflict::PasskeysNeedName => {
            "Browsers know passkeys only for names. Open this page by its name instead of its number, with https or as localhost."
        }
        Conflict::EntryStays { number, kind } => {
            return format!(
                "Entry {number} ({}) says what happened or who decided, and no words of a person, so it stays. \
                 Only comments, notes, reasons, outputs, evidence and differences of documents can be redacted.",
                kind.replace('_', " ")
            );
        }
        Conflict::AlreadyRedacted(number) => {
            return format!("Entry {number} is redacted already.");
        }
        Conflict::WindowOpen(number) => {
            return format!(
                "Maintenance window {number} is open, so the entry that began it can't be redacted. End the window first."
            );
        }
        Conflict::ShareEnded => "This link was ended already.",
        Conflict::DeliveryEnded => "This call has ended already.",
        Conflict::Misfit(misfit) => {
            let misfit = capitalized(&misfit.to_string());
            return format!("{misfit}. Look at the page again: something has changed.");
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
            "The database did not answer in time, so it is not known whether this was done. Look at the page again before you repeat it."
        }
        Unavailable::CorruptRow => {
            "A row in the database can't be read; the log says which. Run 'calm-ops journal verify', and restore a backup if it fails."
        }
        Unavailable::SlowWrite => "It did not answer in time.",
        Unavailable::Export => "The journal can't be read right now. Try again in a moment.",
        Unavailable::NoRandomness => {
            "The system gives no randomness. Nothing was changed. Try again in a moment."
        }
        Unavailable::PasswordHash => {
            "The password could not be worked on. Nothing was changed. Try again in a moment."
        }
    }
    .to_owned()
}

const UNCHANGED: &str = "Nothing was changed";

/// A warning about a data directory that others on the machine can enter.
pub fn open_data_dir(path: &str, mode: u32) -> String {
    format!(
        "the data directory {path} can be entered by others on this machine (mode {mode:o}). 'chmod 700 {path}' makes it private"
    )
}

/// Warns about a data directory on a file system of another machine.
pub fn remote_data_dir(path: &str, kind: &str) -> String {
    format!(
        "the data directory {path} lies on {kind}. SQLite needs locks and shared memory that such file systems don't keep reliably: the \
         database can be damaged or fail to open. Put it on a disk of this machine with --data-dir, or use PostgreSQL (DATABASE_URL)"
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
    let taken = if rest_taken { "The other values are taken" } else { "Nothing of them is taken" };
    let place = if place.is_empty() { "the body".to_owned() } else { isolated(place) };
    let problem = isolated(problem);
    format!(
        "{sender} sends pushes that are refused, since {}: {place}: {problem}. {taken}; correct the sender.",
        humanize::moment(since)
    )
}

/// Says that a page is from memory: since when, why, and what to do.
pub fn from_memory(since: Timestamp, fault: &DatabaseFault) -> String {
    format!(
        "This page is from memory, as of {}, because the database fails since then: the timeline and the evidence are missing. {} \
         Decisions can be made when it is back.",
        humanize::moment(since),
        database(fault)
    )
}

/// A fault of the database as one or more whole sentences.
pub fn database(fault: &DatabaseFault) -> String {
    match fault {
        DatabaseFault::Unreachable => {
            "The database can't be reached. Check that it runs and that its address is right."
        }
        DatabaseFault::NoAnswer => {
            "The database does not answer. Check that it runs and is not overloaded."
        }
        DatabaseFault::FileLocked => {
            "The database file is locked by another program. Close what else has it open."
        }
        DatabaseFault::Locked => "The database is locked by another program for too long.",
        DatabaseFault::FileReadOnly => {
            "The database file can't be written: it is read-only. Give Calm Ops the right to write to its data directory."
        }
        DatabaseFault::ReadOnly => {
            "The database is read-only, as a standby is. Point DATABASE_URL to the primary."
        }
        DatabaseFault::DiskFull => "The disk under the database is full. Make room on it.",
        DatabaseFault::DiskError => {
            "The disk under the database reports an error. Check the disk and the system's log."
        }
        DatabaseFault::Damaged => {
            "The database file is damaged or is not a database. Stop Calm Ops and restore a backup."
        }
        DatabaseFault::CantOpen => {
            "The database file can't be opened. Check that the data directory exists and that Calm Ops may write to it."
        }
        DatabaseFault::WrittenOnce => {
            "The database refused to change what is written once. Nothing was changed; the log says what it was."
        }
        DatabaseFault::NoDatabase => {
            "There is no database of that name. Create it, or correct DATABASE_URL."
        }
        DatabaseFault::NotOwner => {
            "The database's user may not do this. Make it the owner of its database."
        }
        DatabaseFault::BadCredentials => {
            "The database refused the user or the password. Correct DATABASE_URL."
        }
        DatabaseFault::NoResources => {
            "The database has too few resources, such as connections. Give it more."
        }
        DatabaseFault::Pooler => {
            "DATABASE_URL leads to a connection pooler, such as PgBouncer, that does not pass on what Calm Ops needs. Give the direct address \
             of PostgreSQL, or switch on prepared statements in the pooler (PgBouncer 1.21 or newer: max_prepared_statements)."
        }
        DatabaseFault::BadAddress => {
            "DATABASE_URL is not the address of a PostgreSQL database, such as postgres://user:password@host:5432/calm_ops."
        }
        DatabaseFault::DataDir { path, problem } => {
            return format!(
                "The data directory '{path}' can't be used ({problem}). Check that it exists and that Calm Ops may write to it, \
                 or give another one with --data-dir."
            );
        }
        DatabaseFault::DataDirInUse { pid, path } => {
            let pid = pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
            return format!(
                "Another Calm Ops{pid} is using '{path}'; stop it or give this one another --data-dir."
            );
        }
        DatabaseFault::InUse => {
            "Another Calm Ops is using this database; stop it or give this one another DATABASE_URL."
        }
        DatabaseFault::TakenOver => {
            "This Calm Ops lost its connection to the database, and another one serves from it now: this one writes nothing. \
             Stop one of the two; when the other one is gone, this one goes on by itself."
        }
        DatabaseFault::NewerSchema { version } => {
            return format!(
                "The database was written by a newer Calm Ops (its schema is number {version}). \
                 Start that version, or restore a backup that this one wrote."
            );
        }
        DatabaseFault::OtherSchema { version } => {
            return format!(
                "The database's schema number {version} is not the one that this Calm Ops knows. \
                 Start the version that wrote it, or restore a backup."
            );
        }
        DatabaseFault::OlderSchema => {
            "The database was written by an older Calm Ops, and this command changes nothing. Start this version once: calm-ops serve."
        }
        DatabaseFault::Migration => {
            "The database's schema could not be brought up to date. The log says why."
        }
        DatabaseFault::NoSchema => {
            "There is nothing of Calm Ops in this database. Start the server once, or name another database."
        }
        DatabaseFault::NotEmpty => {
            "There is a journal in this database already, and nothing in it is ever replaced. Restore into an empty database."
        }
        DatabaseFault::BackupChanged => "The backup changed while it was read; try again.",
        DatabaseFault::NoRandomness => "The system gives no randomness. Try again in a moment.",
        DatabaseFault::Other => "The database did not do what it was asked. The log says why.",
    }
    .to_owned()
}
