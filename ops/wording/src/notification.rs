//! The words of a notification: a sentence for the lock screen, a few more below, and the link.

use commands::notifications::{
    AccessChange, AccessChanges, ContactState, DeliveryStatus, Notification, NotifiedContact,
    Reason, SafeModeNews,
};
use domain::{
    error::DatabaseFault, id::RecommendationId, incident::Incident, reading::Reading, redact,
    report::MadeReport, severity::Severity, text, time::Timestamp,
};

use crate::{
    error, generated::MARK, humanize, practice, protection, report, standing::Standing, summary,
};

/// The longest title and body, in characters: what a phone shows, and what each way takes.
const LONGEST_TITLE: usize = 160;
const LONGEST_BODY: usize = 1_200;

/// The message that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// In one line.
    pub title: String,
    /// In a few lines.
    pub body: String,
    /// The address to look and decide; `None` if it is not known how browsers reach this server.
    pub link: Option<String>,
    /// The severity.
    pub severity: Severity,
    /// True if it is about a practice.
    pub practice: bool,
}

impl Message {
    /// The message with the mark of generated data, unless its text has it.
    #[must_use]
    pub fn marked(mut self) -> Self {
        if !self.body.contains(MARK) {
            self.body = format!("{MARK}\n\n{}", self.body);
        }
        self
    }
}

/// The words of a notification about an incident as it is now. `public_url` is how browsers reach
/// this server, without a slash at its end.
pub fn message(
    call: &Notification,
    incident: Option<&Incident>,
    public_url: Option<&str>,
) -> Message {
    let page = |path: String| public_url.map(|url| format!("{url}{path}"));
    let (title, mut lines, path) = match (call.why, incident) {
        (Reason::Test, _) => (
            "Test from Calm Ops".to_owned(),
            vec!["Notifications work. Nothing is wrong, and there is nothing to do.".to_owned()],
            "/ops/settings".to_owned(),
        ),
        (Reason::Access { changes, .. }, _) => {
            let (title, lines) = access(changes, call.at);
            (title, lines, "/ops/settings".to_owned())
        }
        (Reason::SafeMode { news }, _) => {
            let (title, lines) = safe_mode(news, call.at);
            (title, lines, "/ops/protection".to_owned())
        }
        (Reason::Many { incidents }, _) => {
            let what = if incidents == 1 {
                "1 more incident".to_owned()
            } else {
                format!("{incidents} more incidents")
            };
            let body = "Several incidents at once, combined into one notification. The incidents page shows all of them, most severe first.";
            (
                format!("{}: {what}", word(call.severity)),
                vec![body.to_owned()],
                "/ops/incidents".to_owned(),
            )
        }
        // Its text is read from the journal: see `stability_report`.
        (Reason::Report { kind }, _) => {
            (report::title(kind).to_owned(), Vec::new(), format!("/ops/reports/{}", call.entry))
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
        practice: incident.is_some_and(Incident::is_practice),
    }
}

/// The mail of a stability report: its text as it was made, which is Markdown and reads well as it is.
pub fn stability_report(number: u64, made: &MadeReport, public_url: Option<&str>) -> Message {
    const WHY: &str = "You get this because your notification settings ask for it. Calm Ops sends it only to addresses that members set for themselves.";
    let MadeReport { figures, text } = made;
    let page = public_url.map_or_else(String::new, |url| format!("\n\n{url}/ops/reports/{number}"));
    Message {
        title: text::clip(&one_line(&report::heading(&figures.period)), LONGEST_TITLE),
        body: format!("{}{page}\n\n-- \n{WHY}", text.trim_end()),
        // It stands above the signature mark, below which mail programs hide text.
        link: None,
        severity: Severity::Warning,
        practice: false,
    }
}

/// The words of a notification while nothing can be written, and so no incident be opened;
/// `critical` is what is critical meanwhile.
pub fn nothing_written(
    since: Timestamp,
    fault: &DatabaseFault,
    critical: &[&Reading],
    public_url: Option<&str>,
) -> Message {
    let mut lines = vec![
        format!(
            "Nothing could be saved since {}. {}",
            humanize::time_of_day(since),
            error::database(fault)
        ),
        "Monitoring continues, but until this is fixed no incident can be opened and nobody is notified of one.".to_owned(),
    ];
    let named = critical
        .iter()
        .take(MOST_CRITICAL)
        .map(|one| humanize::lower_signal_of(&one.signal, &one.subject));
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
        practice: false,
    }
}

/// The most critical readings that are named while nothing can be written.
const MOST_CRITICAL: usize = 5;

/// The most contacts that are told of one by one.
const MOST_TOLD: usize = 10;

/// Says who can't be notified, from all contacts that are switched on; nothing if everyone can.
pub fn reach(contacts: &[ContactState]) -> Vec<String> {
    if contacts.is_empty() {
        return vec!["Nobody is notified when an incident opens, because no contact is switched on. Add one under Settings.".to_owned()];
    }
    let failing: Vec<(&ContactState, &str)> =
        contacts.iter().filter_map(|one| Some((one, one.problem.as_deref()?))).collect();
    let mut sentences = Vec::new();
    if failing.len() == contacts.len() {
        sentences.push("Nobody can be notified right now: every contact failed when it was last used. Fix one under Settings and send a test.".to_owned());
    }
    for (one, problem) in failing.iter().take(MOST_TOLD) {
        sentences.push(not_called(&one.person, &one.contact, problem));
    }
    if failing.len() > MOST_TOLD {
        sentences.push(format!("{} more contacts failed.", failing.len() - MOST_TOLD));
    }
    sentences
}

/// Says who could not be notified about an incident. `reachable` is whether anyone has a contact that
/// is switched on.
pub fn unreached(notified: &[NotifiedContact], reachable: bool) -> Vec<String> {
    if !reachable {
        return vec!["Nobody is notified about this incident, because no contact is switched on. Add one under Settings.".to_owned()];
    }
    let failing = notified
        .iter()
        .filter(|one| matches!(one.status, DeliveryStatus::Waiting | DeliveryStatus::Failed));
    failing
        .filter_map(|one| Some(not_called(&one.person, &one.contact, one.problem.as_deref()?)))
        .take(MOST_TOLD)
        .collect()
}

/// Tells who was not reached by which contact, and the reason.
fn not_called(person: &str, contact: &str, problem: &str) -> String {
    let contact = text::isolated(contact);
    format!("Could not notify {person} through \u{201c}{contact}\u{201d}. {problem}")
}

/// The words about safe mode, and what to do.
fn safe_mode(news: SafeModeNews, at: Timestamp) -> (String, Vec<String>) {
    const LEAVING: &str = "If you leave it, go to the next stage first: interactive requests pass again, and batch requests wait. Ending it lets everything pass, and what waited comes at once.";
    let at = humanize::time_of_day(at);
    let (title, lines) = match news {
        SafeModeNews::BegunByItself => (
            "Critical: Calm Ops began safe mode",
            vec![
                format!("Since {at} only reads and critical requests pass."),
                "Customers can't save. Only a person can end it.".to_owned(),
            ],
        ),
        SafeModeNews::BegunByPerson => (
            "Safe mode began",
            vec![format!(
                "Since {at} only reads and critical requests pass, until a person ends it."
            )],
        ),
        SafeModeNews::Stage(stage) => (
            "Safe mode changed",
            vec![format!("Since {at}: {}. Only a person can end it.", protection::stage(stage))],
        ),
        SafeModeNews::Ended => (
            "Safe mode ended",
            vec![format!(
                "A person ended it at {at}. Every request passes that is within its limits."
            )],
        ),
        SafeModeNews::StillInForce => (
            "Safe mode is still in force: is it still needed?",
            vec!["It stays in force until a person ends it.".to_owned(), LEAVING.to_owned()],
        ),
    };
    (title.to_owned(), lines)
}

/// The words about a change of somebody's account, and what to do.
fn access(changes: AccessChanges, at: Timestamp) -> (String, Vec<String>) {
    let title = match (changes.iter().next(), changes.iter().count()) {
        (Some(AccessChange::LastMessage), 1) => "Calm Ops no longer sends notifications here",
        (Some(AccessChange::UnfamiliarSignIn), 1) => "A new sign-in to your Calm Ops account",
        _ => "Your Calm Ops account was changed",
    };
    let mut lines: Vec<String> = changes.iter().map(access_change).map(str::to_owned).collect();
    lines.push(format!(
        "This happened at {} or soon after. If it was you, there is nothing to do.",
        humanize::time_of_day(at)
    ));
    lines.push("If it was not you, change your password in the settings now and remove everything you do not recognize there: sign-ins, passkeys, contacts and tokens. Contact an owner if you can't sign in.".to_owned());
    (title.to_owned(), lines)
}

const fn access_change(change: AccessChange) -> &'static str {
    match change {
        AccessChange::Password => "The password was changed.",
        AccessChange::PasskeyAdded => "A passkey was added.",
        AccessChange::PasskeyRemoved => "A passkey was removed.",
        AccessChange::UnfamiliarSignIn => "Someone signed in from a new place and a new browser.",
        AccessChange::ContactSet => "A contact for notifications was added or changed.",
        AccessChange::ContactRemoved => "A contact for notifications was removed.",
        AccessChange::LastMessage => {
            "This contact was removed, changed or switched off in the settings of your account. It no longer receives notifications."
        }
        AccessChange::TokenCreated => "An API token was created.",
        AccessChange::TokenRevoked => "An API token was revoked.",
        AccessChange::Invited => "Someone was invited.",
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
        | Reason::SafeMode { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. }
        | Reason::Report { .. } => incident.offered().next(),
    };
    let severity = word(incident.severity);
    let standing = Standing::of(incident);
    let better = !matches!(standing, Standing::Ongoing | Standing::NoData);
    let title = match why {
        // An improvement is never told as something that got worse.
        Reason::Escalated if !better => format!("Now critical: {headline}"),
        Reason::Reopened => format!("{severity} again: {headline}"),
        Reason::DidNotHelp { .. } if !better => format!("It did not help: {headline}"),
        Reason::NotAcknowledged { .. } => format!("Not acknowledged yet: {headline}"),
        Reason::Offered { .. } => format!("Your decision is needed: {headline}"),
        Reason::Opened
        | Reason::Escalated
        | Reason::DidNotHelp { .. }
        | Reason::Many { .. }
        | Reason::SafeMode { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. }
        | Reason::Report { .. } => {
            format!("{severity}: {headline}")
        }
    };
    let title = if incident.is_practice() { practised(why, &headline) } else { title };
    let since = format!("Incident {number}, since {}.", humanize::time_of_day(incident.began_at));
    let ran = match why {
        Reason::DidNotHelp { place } => incident.recommendation(place).map(|one| {
            let title = one.title.trim_end_matches('.');
            let now = match standing {
                Standing::Ongoing => "The problem continues.",
                Standing::NoData => "There is no current data.",
                Standing::Improving => "It did not help in time, but the problem is improving.",
                Standing::Recovered | Standing::Resolved => {
                    "It did not help in time, but the problem is over."
                }
                Standing::Closed => "It did not help in time.",
            };
            format!("\u{201c}{title}\u{201d} was approved and has run. {now}")
        }),
        Reason::Opened
        | Reason::Escalated
        | Reason::Reopened
        | Reason::Offered { .. }
        | Reason::NotAcknowledged { .. }
        | Reason::Many { .. }
        | Reason::SafeMode { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. }
        | Reason::Report { .. } => None,
    };
    let overdue = matches!(why, Reason::NotAcknowledged { .. }).then(|| {
        "Nobody has acknowledged it yet. Acknowledge it to stop the reminders.".to_owned()
    });
    let next = match waits {
        Some(one) => format!(
            "Recommended: {}. It runs only if you approve it.",
            one.title.trim_end_matches('.')
        ),
        None if ran.is_some() => {
            "There are no other recommendations. Open the incident for the evidence and the runbook."
                .to_owned()
        }
        None => "No decision needed yet. Open the incident for the evidence.".to_owned(),
    };
    let path = match waits {
        Some(one) => {
            format!("/ops/approve/{}", RecommendationId { incident: number, place: one.place })
        }
        None => format!("/ops/incidents/{number}"),
    };
    let more = summary::first_sentence(&incident.summary);
    (title, [more, Some(since), overdue, ran, Some(next)].into_iter().flatten().collect(), path)
}

/// The title of a message about a practice: its mark comes first, so that nobody is alarmed.
fn practised(why: Reason, headline: &str) -> String {
    let what = match why {
        Reason::Offered { .. } => "your decision is needed",
        Reason::NotAcknowledged { .. } => "not acknowledged yet",
        Reason::DidNotHelp { .. } => "the command did not help",
        Reason::Opened
        | Reason::Escalated
        | Reason::Reopened
        | Reason::Many { .. }
        | Reason::SafeMode { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. }
        | Reason::Report { .. } => return headline.to_owned(),
    };
    format!("{} {what}", practice::MARK)
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
