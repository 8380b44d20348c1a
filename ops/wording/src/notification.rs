//! What a call says: a sentence for the lock screen, a few more below, and the way to the page.

use commands::notifications::{
    AccessChange, AccessChanges, ContactState, DeliveryStatus, Notification, NotifiedContact,
    Reason,
};
use domain::{
    error::DatabaseFault, id::RecommendationId, incident::Incident, reading::Reading, redact,
    severity::Severity, text, time::Timestamp,
};

use crate::{error, humanize, summary};

/// The longest title and body, in characters: what a phone shows, and what each way takes.
const LONGEST_TITLE: usize = 160;
const LONGEST_BODY: usize = 1_200;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// In one line.
    pub title: String,
    /// In a few lines.
    pub body: String,
    /// Where to look and decide; `None` if it is not known how browsers reach this server.
    pub link: Option<String>,
    /// How loud it is.
    pub severity: Severity,
}

/// What a call says about an incident as it is now. `public_url` is how browsers reach this server,
/// without a slash at its end.
pub fn message(
    call: &Notification,
    incident: Option<&Incident>,
    public_url: Option<&str>,
) -> Message {
    let page = |path: String| public_url.map(|url| format!("{url}{path}"));
    let (title, mut lines, path) = match (call.why, incident) {
        (Reason::Test, _) => (
            "This is a test from Calm Ops".to_owned(),
            vec![
                "It works: calls reach you here. Nothing is wrong, and there is nothing to do."
                    .to_owned(),
            ],
            "/ops/settings".to_owned(),
        ),
        (Reason::Access { changes, .. }, _) => {
            let (title, lines) = access(changes, call.at);
            (title, lines, "/ops/settings".to_owned())
        }
        (Reason::Many { incidents }, _) => {
            let what = if incidents == 1 {
                "1 more incident".to_owned()
            } else {
                format!("{incidents} more incidents")
            };
            let body = "Much happens at once, so these calls were put together. The incidents page shows all of them, the worst first.";
            (
                format!("{}: {what}", word(call.severity)),
                vec![body.to_owned()],
                "/ops/incidents".to_owned(),
            )
        }
        // It was there when it was decided to call; without it there is its number.
        (_, None) => {
            let number = call.incident;
            (
                format!("{}: incident {number}", word(call.severity)),
                Vec::new(),
                format!("/ops/incidents/{number}"),
            )
        }
        (why, Some(incident)) => about(why, incident),
    };
    lines.retain(|line| !line.is_empty());
    Message {
        title: text::clip(&one_line(&title), LONGEST_TITLE),
        body: text::clip(&redact::text(&lines.join("\n")), LONGEST_BODY),
        link: page(path),
        severity: call.severity,
    }
}

/// What a call says while nothing can be written, and so no incident be opened; `critical` is what
/// is critical meanwhile.
pub fn nothing_written(
    since: Timestamp,
    fault: &DatabaseFault,
    critical: &[&Reading],
    public_url: Option<&str>,
) -> Message {
    let since = since.to_chrono().format("%H:%M");
    let mut lines = vec![
        format!("Nothing can be written since {since} UTC. {}", error::database(fault)),
        "Watching goes on, but no incident can be opened, and nobody is called for one, until it works again.".to_owned(),
    ];
    let named = critical.iter().take(MOST_CRITICAL).map(|one| {
        format!("{} of {}", humanize::lower_label(&one.signal), humanize::subject(&one.subject))
    });
    let more = critical.len().saturating_sub(MOST_CRITICAL);
    let more = (more > 0).then(|| format!("{more} more"));
    let named: Vec<String> = named.chain(more).collect();
    if !named.is_empty() {
        lines.push(format!("Critical right now: {}.", humanize::list(&named)));
    }
    Message {
        title: "Critical: Calm Ops can't write to its database".to_owned(),
        body: text::clip(&redact::text(&lines.join("\n")), LONGEST_BODY),
        link: public_url.map(|url| format!("{url}/ops/health")),
        severity: Severity::Critical,
    }
}

/// The most critical readings that are named while nothing can be written.
const MOST_CRITICAL: usize = 5;

/// The most contacts that are told of one by one.
const MOST_TOLD: usize = 10;

/// Says who can't be called, from all contacts that are switched on; nothing if everyone can.
pub fn reach(contacts: &[ContactState]) -> Vec<String> {
    if contacts.is_empty() {
        return vec!["Nobody is called when an incident opens: no one has set a contact that is switched on. Add one under Settings.".to_owned()];
    }
    let failing: Vec<(&ContactState, &str)> =
        contacts.iter().filter_map(|one| Some((one, one.problem.as_deref()?))).collect();
    let mut sentences = Vec::new();
    if failing.len() == contacts.len() {
        sentences.push("Nobody can be called just now: no contact worked when it was last used. Correct one under Settings and send a test.".to_owned());
    }
    for (one, problem) in failing.iter().take(MOST_TOLD) {
        sentences.push(not_called(&one.person, &one.contact, problem));
    }
    if failing.len() > MOST_TOLD {
        sentences.push(format!("{} more contacts failed.", failing.len() - MOST_TOLD));
    }
    sentences
}

/// Says who could not be called about an incident. `reachable` is whether anyone has a contact that
/// is switched on.
pub fn unreached(notified: &[NotifiedContact], reachable: bool) -> Vec<String> {
    if !reachable {
        return vec!["Nobody is called about this incident: no one has set a contact that is switched on. Add one under Settings.".to_owned()];
    }
    let failing = notified
        .iter()
        .filter(|one| matches!(one.status, DeliveryStatus::Waiting | DeliveryStatus::Failed));
    failing
        .filter_map(|one| Some(not_called(&one.person, &one.contact, one.problem.as_deref()?)))
        .take(MOST_TOLD)
        .collect()
}

/// Who was not reached by what, and why.
fn not_called(person: &str, contact: &str, problem: &str) -> String {
    let contact = text::isolated(contact);
    format!("{person} could not be called by \u{201c}{contact}\u{201d}. {problem}")
}

/// What was changed about somebody's account, and what to do.
fn access(changes: AccessChanges, at: Timestamp) -> (String, Vec<String>) {
    let title = match (changes.iter().next(), changes.iter().count()) {
        (Some(AccessChange::LastMessage), 1) => "Calm Ops does not call here any more",
        (Some(AccessChange::UnfamiliarSignIn), 1) => "A new sign-in to your Calm Ops account",
        _ => "Your Calm Ops account was changed",
    };
    let since = at.to_chrono().format("%H:%M");
    let mut lines: Vec<String> = changes.iter().map(access_change).map(str::to_owned).collect();
    lines.push(format!(
        "That was at {since} UTC or soon after. If it was you, there is nothing to do."
    ));
    lines.push("If it was not, set a new password in the settings now, and end there what somebody else may have left: sign-ins, passkeys, ways to be called, tokens. Tell an owner if you can't sign in.".to_owned());
    (title.to_owned(), lines)
}

const fn access_change(change: AccessChange) -> &'static str {
    match change {
        AccessChange::Password => "A new password was set.",
        AccessChange::PasskeyAdded => "A passkey was added.",
        AccessChange::PasskeyRemoved => "A passkey was removed.",
        AccessChange::UnfamiliarSignIn => {
            "Somebody signed in from a place and with a browser that were not known."
        }
        AccessChange::ContactSet => "A way to be called was added or changed.",
        AccessChange::ContactRemoved => "A way to be called was removed.",
        AccessChange::LastMessage => {
            "This way to be called was removed, changed or switched off in the settings of your account, and is not used any more."
        }
        AccessChange::TokenCreated => "A token for a program was made.",
        AccessChange::TokenRevoked => "The token of a program was ended.",
        AccessChange::Invited => "Somebody was invited.",
    }
}

fn about(why: Reason, incident: &Incident) -> (String, Vec<String>, String) {
    let number = incident.number;
    let headline = summary::headline(&incident.summary);
    let waits = match why {
        Reason::Offered { place } => incident.last_offer_of(place).filter(|one| one.is_offered()),
        Reason::Opened
        | Reason::Escalated
        | Reason::Reopened
        | Reason::DidNotHelp { .. }
        | Reason::NotAcknowledged { .. }
        | Reason::Many { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. } => incident.offered().next(),
    };
    let severity = word(incident.severity);
    let title = match why {
        Reason::Escalated => format!("Now critical: {headline}"),
        Reason::Reopened => format!("{severity}, again: {headline}"),
        Reason::DidNotHelp { .. } => format!("It did not help: {headline}"),
        Reason::NotAcknowledged { .. } => format!("Not acknowledged yet: {headline}"),
        Reason::Offered { .. } => format!("Your decision is needed: {headline}"),
        Reason::Opened
        | Reason::Many { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. } => {
            format!("{severity}: {headline}")
        }
    };
    let since =
        format!("Incident {number}, since {} UTC.", incident.began_at.to_chrono().format("%H:%M"));
    let ran = match why {
        Reason::DidNotHelp { place } => incident.recommendation(place).map(|one| {
            format!(
                "\u{201c}{}\u{201d} was approved and has run. What it was to help goes on.",
                one.title.trim_end_matches('.')
            )
        }),
        Reason::Opened
        | Reason::Escalated
        | Reason::Reopened
        | Reason::Offered { .. }
        | Reason::NotAcknowledged { .. }
        | Reason::Many { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. } => None,
    };
    let overdue = matches!(why, Reason::NotAcknowledged { .. }).then(|| {
        "Nobody has acknowledged it yet. Acknowledge it, and the reminders stop.".to_owned()
    });
    let next = match waits {
        Some(one) => format!(
            "Recommended: {}. It runs only if you approve it.",
            one.title.trim_end_matches('.')
        ),
        None if ran.is_some() => {
            "Nothing else waits for a decision now. The page shows the evidence and the guide."
                .to_owned()
        }
        None => "Nothing waits for a decision yet. The page shows the evidence.".to_owned(),
    };
    let path = match waits {
        Some(one) => {
            format!("/ops/approve/{}", RecommendationId { incident: number, place: one.place })
        }
        None => format!("/ops/incidents/{number}"),
    };
    (title, [Some(since), overdue, ran, Some(next)].into_iter().flatten().collect(), path)
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "Warning",
        Severity::Critical => "Critical",
    }
}

fn one_line(text: &str) -> String {
    redact::text(text).split_whitespace().collect::<Vec<_>>().join(" ")
}
