//! The program, its documents, its journal, notifications and share links, told.

use domain::{
    actor::{Actor, Names},
    id::AccountId,
    journal::{
        BlindReason, ChangeEvent, DocumentEvent, JournalEvent, MaintenanceEvent, MessageEvent,
        NotificationEvent, PracticeEvent, ShareEvent, StatusPageEvent, SystemEvent,
    },
    status_page::NoticePart,
    text::isolated,
};

use super::told::{Told, Tone, told};
use crate::{change, humanize, maintenance, message, practice, status_page::notice_state};

/// Tells what people published for customers.
pub(super) fn status_page(event: StatusPageEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    let by_person = |sentence: String| told(sentence).tone(Tone::Person);
    match event {
        StatusPageEvent::StatusUpdatePublished { part, state, text, .. } => {
            let state = notice_state(*state).to_lowercase();
            match part {
                NoticePart::Began { title } => by_person(format!(
                    "{who} published \u{201c}{title}\u{201d} on the status page ({state}):"
                )),
                NoticePart::Followed { notice } => by_person(format!(
                    "{who} published an update of notice {notice} on the status page ({state}):"
                )),
            }
            .words(text)
        }
        StatusPageEvent::StatusUpdateWithdrawn { update, reason } => {
            by_person(format!("{who} withdrew entry {update} from the status page:")).words(reason)
        }
    }
}

/// Tells what people did with a message. Its text stands on the page of the messages alone.
pub(super) fn message(event: MessageEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    let sentence = match event {
        MessageEvent::MessageDraftSaved { audience, .. } => {
            format!("{who} saved the message to {}.", message::readers(*audience))
        }
        MessageEvent::MessageDraftReviewed { audience, .. } => {
            format!("{who} reviewed the message to {}.", message::readers(*audience))
        }
        MessageEvent::MessageMarkedSent { audience, destination, .. } => format!(
            "{who} marked the message to {} as sent: {}.",
            message::readers(*audience),
            isolated(destination)
        ),
    };
    told(sentence).tone(Tone::Person)
}

/// Tells that everything in a database was generated.
pub fn generated(simulation: &str, seed: u64) -> String {
    format!(
        "This is generated data, made by 'calm-ops simulate {}' with the seed {seed}. Nothing of it happened.",
        isolated(simulation)
    )
}

/// Tells what happened to the program, or to what it watches.
pub(super) fn system(event: SystemEvent<'_>) -> Told {
    match event {
        SystemEvent::Started { version } => told(format!("Calm Ops {version} started.")),
        SystemEvent::Stopped => told("Calm Ops shut down cleanly."),
        SystemEvent::ClockJumped { by_micros } => {
            let way = if *by_micros < 0 { "back" } else { "forward" };
            let by = humanize::seconds(by_micros.unsigned_abs() as f64 / 1e6);
            told(format!("The clock jumped {way} by {by}."))
        }
        SystemEvent::Blind { from, to, why } => {
            let why = match why {
                BlindReason::NotRunning => "Calm Ops was not running",
                BlindReason::Asleep => "the machine was suspended",
            };
            let span = humanize::seconds(to.since(*from).as_secs_f64());
            told(format!("{span} without data: {why}.")).tone(Tone::Warning)
        }
        SystemEvent::DataGenerated { simulation, seed } => told(generated(simulation, *seed)),
        SystemEvent::SubjectRetired { subject } => told(format!(
            "{} was retired and is no longer expected to report.",
            humanize::capital(&humanize::subject(subject))
        )),
    }
}

/// Tells what was reported.
pub(super) fn change(event: ChangeEvent<'_>, actor: Actor, names: &Names) -> Told {
    let ChangeEvent::ChangeReported { change } = event;
    let subjects = change::subjects(change);
    let about =
        if subjects.is_empty() { String::new() } else { format!(" It affects {subjects}.") };
    told(format!(
        "{} reported {}, done at {}.{about}",
        names.of(actor),
        change::named(change),
        humanize::moment(change.at)
    ))
    .tone(Tone::Person)
}

/// Tells how a maintenance window began or ended.
pub(super) fn maintenance(event: MaintenanceEvent<'_>, actor: Actor, names: &Names) -> Told {
    match event {
        MaintenanceEvent::MaintenanceBegun { window } => told(format!(
            "{} started a maintenance window for {}, until {}:",
            names.of(actor),
            maintenance::subjects(window),
            humanize::moment(window.until)
        ))
        .tone(Tone::Person)
        .words(&window.reason),
        MaintenanceEvent::MaintenanceEnded { window, would_have_alerted, more } => {
            let alerts = maintenance::would_have_alerted(would_have_alerted, *more);
            if actor.is_person() {
                told(format!("{} ended maintenance window {window}. {alerts}", names.of(actor)))
                    .tone(Tone::Person)
            } else {
                told(format!("Maintenance window {window} ended as planned. {alerts}"))
            }
        }
    }
}

/// Tells how a practice began or ended.
pub(super) fn practice(event: PracticeEvent<'_>, actor: Actor, names: &Names) -> Told {
    match event {
        PracticeEvent::PracticeBegun { until } => told(format!(
            "{} began a practice, until {} at the latest.",
            names.of(actor),
            humanize::moment(*until)
        ))
        .tone(Tone::Person),
        PracticeEvent::PracticeEnded { .. } if actor.is_person() => {
            told(format!("{} ended the practice.", names.of(actor))).tone(Tone::Person)
        }
        PracticeEvent::PracticeEnded { ending, .. } => {
            told(format!("The practice ended: {}.", practice::ending(*ending)))
        }
    }
}

/// Tells what happened to a document.
pub(super) fn document(event: DocumentEvent<'_>) -> Told {
    match event {
        DocumentEvent::DocumentInForce { name, .. } => {
            told(format!("A new version of {name} is in force."))
        }
        DocumentEvent::DocumentRefused { name, error, .. } => told(format!(
            "The new version of {name} has an error. The last good version stays in force."
        ))
        .tone(Tone::Warning)
        .words(error),
    }
}

/// Tells what happened to the journal.
pub(super) fn journal(event: JournalEvent<'_>, actor: Actor, names: &Names) -> Told {
    match event {
        JournalEvent::Redacted { entry, reason, message: _, step: _, window: _ } => {
            told(format!("{} redacted entry {entry}:", names.of(actor)))
                .tone(Tone::Person)
                .words(reason)
        }
        JournalEvent::BackedUp { number } => {
            told(format!("A backup was made, up to entry {number}."))
        }
        JournalEvent::Restored { number } => {
            told(format!("The data was restored from a backup that ended with entry {number}."))
        }
    }
}

/// Tells what happened to a notification or a contact.
pub(super) fn notification(event: NotificationEvent<'_>, names: &Names) -> Told {
    let account = |id: &AccountId| names.of(Actor::Account(*id));
    match event {
        NotificationEvent::Called { account: id, .. } => {
            told(format!("{} was notified.", account(id)))
        }
        NotificationEvent::CallFailed { account: id, why, .. } => {
            told(format!("Could not notify {}:", account(id))).tone(Tone::Warning).words(why)
        }
        NotificationEvent::NotAcknowledged { round, .. } => told(if *round == 1 {
            "Nobody has acknowledged it yet, so everyone with a contact was notified again."
        } else {
            "Still nobody has acknowledged it, so everyone with a contact was notified again."
        })
        .tone(Tone::Critical),
        NotificationEvent::ContactSet { account: id, .. } => {
            told(format!("{} added a notification channel.", account(id)))
        }
        NotificationEvent::ContactRemoved { account: id, .. } => {
            told(format!("{} removed a notification channel.", account(id)))
        }
    }
}

/// Tells what happened to a share link.
pub(super) fn share(event: ShareEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    let sentence = match event {
        ShareEvent::ShareCreated { .. } => format!("{who} created a share link."),
        ShareEvent::ShareRevoked { .. } => format!("{who} revoked a share link."),
    };
    told(sentence).tone(Tone::Person)
}
