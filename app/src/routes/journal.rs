//! The journal: each entry as a sentence, with what proves it; the search, whose every field stands
//! in the address.

use commands::audit::{AuditEntry, AuditPage, Verified};
use domain::{
    actor::{Actor, Names},
    hash::{Hash, Head},
    input::LONGEST_TEXT,
    journal::{Entry, Event},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::use_location;
use wording::{humanize, timeline};

use crate::{
    clock::{self, Clock},
    components::{
        form::{field_text, first_line_kept},
        page::page,
        prose::prose,
        time::Ago,
        timeline::{author, tone_class},
    },
    live::live,
    problem::{Problem, SIGN_IN},
};

#[cfg(feature = "ssr")]
mod search;
mod view;

pub use view::{AuditSearch, FoundEntries, JournalView, NotRedacted};

/// How many digits of a hash tell entries apart at a glance.
const SHORT: usize = 12;

/// The journal, searched as the address says.
#[server(prefix = "/api/pages", endpoint = "journal", input = GetUrl)]
pub async fn get_journal(#[server(default)] query: String) -> Result<JournalView, Problem> {
    search::run(&query).await
}

/// The page. What is shown stays where it is.
#[component]
pub(crate) fn JournalPage() -> AnyView {
    let query = use_location().search;
    let live = live();
    page(
        |_| "Journal".to_owned(),
        move || query.get(),
        get_journal,
        move |view: &JournalView| {
            if let Ok(found) = &view.found {
                live.read_at(found.page.cursor);
            }
        },
        |view| view! { <Page view/> }.into_any(),
    )
}

#[component]
fn Page(view: JournalView) -> impl IntoView {
    let JournalView { search, found, refused } = view;
    let is_redacted = search.removed;
    let found = match found {
        Ok(found) => {
            let names = found.page.names.clone();
            view! {
                <div class="proof">{proof(&found.page, &search)}</div>
                {form(&search, &names)}
                {list(found, &search, refused.as_ref())}
            }
            .into_any()
        }
        Err(problem) => view! {
            {form(&search, &Names::default())}
            <p class="said refused" role="status">{problem.sentence}</p>
            <p class="links"><a href="/ops/journal">"Clear search"</a></p>
        }
        .into_any(),
    };
    view! {
        <div class="page">
            <h1>"Journal"</h1>
            <p class="lead">"Everything that happened, newest first. Entries can only be added; each one is cryptographically linked to the one before."</p>
            {is_redacted.then(|| view! {
                <p class="said done" role="status">"Redacted. The entry itself stays, and the journal says who redacted it and why."</p>
            })}
            {found}
        </div>
    }
}

fn short(hash: Hash) -> String {
    hash.to_string().chars().take(SHORT).collect()
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        humanize::value(count as f64, &domain::unit::Unit::Count),
        if count == 1 { one } else { many }
    )
}

/// What the last verification found, in a sentence or two.
fn verdict(verified: &Verified) -> AnyView {
    let Verified { at, head, goal, redacted, unexplained, broken, took } = verified;
    let when = view! { <Ago at=Signal::stored(*at)/> };
    if let Some(broken) = broken {
        let told = format!(
            "The journal is damaged: {broken} Keep a copy of the database as it is, and compare it with a backup or an export. "
        );
        return view! { <p class="notice" role="status">{told} "Checked " {when} "."</p> }
            .into_any();
    }
    if !unexplained.is_empty() {
        let named: Vec<String> = unexplained.iter().map(ToString::to_string).collect();
        let told = format!(
            "The chain is intact up to #{}, but some content was removed without a redaction entry: entry {}. Someone changed the database itself. ",
            head.number,
            named.join(", ")
        );
        return view! { <p class="notice" role="status">{told} "Checked " {when} "."</p> }
            .into_any();
    }
    let count = counted(head.number, "entry", "entries");
    let mut told = format!(
        ": none changed, missing or out of order (in {}).",
        humanize::seconds(took.as_secs_f64())
    );
    if *redacted > 0 {
        let removed = counted(*redacted, "entry", "entries");
        let all = head.number == goal.number;
        // Who redacted it may stand behind the point that was reached.
        told.push_str(&format!(
            " {removed} redacted{}.",
            if all { ", and each redaction is an entry itself" } else { "" }
        ));
    }
    if head.number < goal.number {
        told.push_str(&format!(
            " The check stopped before #{} (time limit): 'calm-ops journal verify' on the machine proves all of it.",
            goal.number
        ));
    }
    view! { <p class="verified" role="status">{format!("Verified {count} ")} {when} {told}</p> }
        .into_any()
}

/// What is proved, and how anyone can prove it.
fn proof(page: &AuditPage, search: &AuditSearch) -> AnyView {
    let Head { number, hash } = page.head;
    let head = format!("{number}:{hash}");
    let fields = search
        .kept()
        .chain([("before", search.before.as_str())])
        .filter(|(_, value)| !value.is_empty());
    let kept = fields
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned()/> })
        .collect_view();
    let told = match &page.verified {
        Some(verified) => verdict(verified),
        None => {
            view! { <p class="verified quiet">"Not verified since the last start."</p> }.into_any()
        }
    };
    view! {
        {told}
        <div class="links">
            <form method="get" action="/ops/journal">
                {kept}
                <input type="hidden" name="verify" value="now"/>
                <button class="button" type="submit">"Verify now"</button>
            </form>
            <a href="/api/ops/journal.jsonl" rel="external" download="calm-ops-journal.jsonl">"Download as JSON Lines"</a>
        </div>
        <details class="fold">
            <summary>"Proof"</summary>
            <p>"The journal's head is now:"</p>
            <p><code class="hash">{head.clone()}</code></p>
            <p>
                "Each entry's hash covers the one before it, so this one stands for all of them. Keep it somewhere this machine can't change: on paper or in an e-mail. "
                "Later it proves that nothing before it was changed, on this machine or with a downloaded file on any other:"
            </p>
            <pre tabindex="0"><code>{format!("calm-ops journal verify --head {head}\ncalm-ops journal verify --file calm-ops-journal.jsonl --head {head}")}</code></pre>
        </details>
    }
    .into_any()
}

fn field(name: &'static str, label: &'static str, kind: &'static str, value: &str) -> AnyView {
    view! { <div><label for=name>{label}</label><input id=name name=name type=kind maxlength="200" value=value.to_owned()/></div> }
        .into_any()
}

/// A time of a search. The browser says by which clock, where it can; without that it is UTC.
fn time(name: &'static str, label: &'static str, search: &AuditSearch) -> AnyView {
    let value = if name == "from" { &search.from } else { &search.to };
    // A day that stands in an address is shown as its first minute.
    let value = if value.is_empty() || value.contains('T') {
        value.clone()
    } else {
        format!("{value}T00:00")
    };
    let (clock, is_local) =
        (use_context().unwrap_or_else(Clock::provide), !search.offset.is_empty());
    let clock = move || if is_local || clock.is_alive() { "(your time)" } else { "(UTC)" };
    view! { <div><label for=name>{label} " " {clock}</label><input id=name name=name type="datetime-local" value=value/></div> }
        .into_any()
}

fn choice(
    name: &'static str,
    label: &'static str,
    chosen: &str,
    options: Vec<(String, String)>,
) -> AnyView {
    // What stands in the address stays chosen, also where the list does not know it.
    let other = (!chosen.is_empty() && options.iter().all(|(value, _)| value != chosen))
        .then(|| (chosen.to_owned(), chosen.to_owned()));
    let options = [(String::new(), "any".to_owned())].into_iter().chain(options).chain(other).map(
        |(value, word)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{word}</option> }
        },
    );
    view! { <div><label for=name>{label}</label><select id=name name=name>{options.collect_view()}</select></div> }.into_any()
}

fn form(search: &AuditSearch, names: &Names) -> AnyView {
    let mut actors: Vec<(String, String)> = [
        (Actor::Agent, "Calm Ops, the incident agent"),
        (Actor::System, "Calm Ops"),
        (Actor::Local, "Someone at this machine"),
    ]
    .map(|(actor, word)| (actor.to_string(), word.to_owned()))
    .to_vec();
    let known =
        names.0.iter().filter(|(actor, _)| matches!(actor, Actor::Account(_) | Actor::Token(_)));
    actors.extend(known.map(|(actor, name)| (actor.to_string(), name.clone())));
    let kinds = Event::KINDS.iter().map(|kind| ((*kind).to_owned(), words_of(kind))).collect();
    // Open while it narrows what is shown.
    view! {
        <details class="fold" id="search" open=search.is_narrow()>
        <summary>"Search"</summary>
        <form class="search" method="get" action="/ops/journal" role="search">
            {choice("actor", "Who", &search.actor, actors)}
            {choice("kind", "What", &search.kind, kinds)}
            {field("subject", "Subject begins with", "text", &search.subject)}
            {field("incident", "Incident", "text", &search.incident)}
            {time("from", "From", search)}
            {time("to", "To", search)}
            <Offset kept=search.offset.clone()/>
            <button class="button" type="submit">"Search"</button>
        </form>
        </details>
    }
    .into_any()
}

/// A kind as words: `run ended`.
fn words_of(kind: &str) -> String {
    kind.replace('_', " ")
}

fn list(found: FoundEntries, search: &AuditSearch, refused: Option<&NotRedacted>) -> AnyView {
    let FoundEntries { page, newest, older } = found;
    if page.entries.is_empty() {
        let sentence = if search.is_narrow() || newest.is_some() {
            "No matching entries. Try fewer words or a longer period."
        } else {
            "Nothing yet. Everything that Calm Ops or a person does is recorded here and never changed."
        };
        return view! {
            <p class="empty">{sentence}</p>
            {search.is_narrow().then(|| view! { <p class="links"><a href="/ops/journal">"Show all"</a></p> })}
        }
        .into_any();
    }
    let entries = page.entries.iter().map(|one| {
        entry(one, &page.names, refused.filter(|refused| refused.entry == one.entry.number))
    });
    view! {
        <ol class="timeline trail">{entries.collect_view()}</ol>
        <p class="links">
            {newest.map(|href| view! { <a href=href>"Newest"</a> })}
            {older.map(|href| view! { <a href=href>"Older"</a> })}
        </p>
    }
    .into_any()
}

fn entry(one: &AuditEntry, names: &Names, refused: Option<&NotRedacted>) -> AnyView {
    let line = timeline::line(&one.entry, names);
    let number = line.number;
    let incident = one.incident.map(|incident| {
        view! { <a href=format!("/ops/incidents/{incident}#entry-{number}")>"Incident " {incident.0}</a> ", " }
    });
    view! {
        <li class=format!("line tone-{}", tone_class(line.tone)) id=format!("entry-{number}")>
            <p>{prose(&line.sentence)}</p>
            {line.words.clone().map(|words| view! { <blockquote dir="auto">{words}</blockquote> })}
            {printed(&one.entry)}
            <p class="quiet">{incident} <Ago at=Signal::stored(line.at)/> ", " {author(one.entry.actor, line.who)} ", entry " {number} ", " {words_of(&one.kind)}</p>
            <details class="fold">
                <summary>"Hash " <code>{short(one.hash)}</code></summary>
                <dl class="hashes">
                    <div><dt>"Hash"</dt><dd><code class="hash">{one.hash.to_string()}</code></dd></div>
                    <div><dt>"Hash of its content"</dt><dd><code class="hash">{one.payload_hash.to_string()}</code></dd></div>
                    <div><dt>"Written"</dt><dd>{clock::utc(line.at)}</dd></div>
                </dl>
            </details>
            {(one.removable || refused.is_some()).then(|| removal(number, refused))}
        </li>
    }
    .into_any()
}

/// What a run printed, folded.
fn printed(entry: &Entry) -> Option<AnyView> {
    let Some(Event::RunEnded { output, .. }) = &entry.event else { return None };
    (!output.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>"Output"</summary>
                <pre class="printed" aria-label="Output" tabindex="0" >{first_line_kept(output.clone())}</pre>
            </details>
        }
        .into_any()
    })
}

/// The form that redacts an entry: what is lost and what stays, before the button.
fn removal(number: u64, refused: Option<&NotRedacted>) -> AnyView {
    let id = format!("reason-{number}");
    let text = refused.map(|refused| field_text(&refused.reason)).unwrap_or_default();
    view! {
        <details class="fold" open=refused.is_some()>
            <summary>"Redact"</summary>
            <form method="post" action=format!("/ops/journal/{number}/redact")>
                {refused.map(|refused| view! { <p class="said refused" role="status">{refused.problem.sentence.clone()}</p> })}
                {refused.filter(|refused| refused.problem.asks_for_sign_in()).map(|_| {
                    let to = format!("{SIGN_IN}/ops/journal%3Fbefore%3D{}", number.saturating_add(1));
                    view! { <p><a class="button" href=to rel="external">"Sign in again"</a></p> }
                })}
                <p>
                    "This text is permanently deleted: on every page, in the search, and in the database. "
                    "It can't be recovered. Earlier backups and downloads still hold it."
                </p>
                <p>
                    "The entry stays: who, when, what kind, and its hash, so that the journal still verifies. "
                    "A new entry says that you redacted it, and why. That reason can't be redacted: do not repeat the words in it."
                </p>
                <label for=id.clone()>"Reason"</label>
                <textarea id=id name="reason" rows="2" maxlength=LONGEST_TEXT required>{text}</textarea>
                <button class="button" type="submit">"Redact entry " {number}</button>
            </form>
        </details>
    }
    .into_any()
}

/// How far the reader's clock is from UTC, in minutes: the browser says so. What stands in the address
/// already stays.
#[component]
fn Offset(kept: String) -> impl IntoView {
    let clock = use_context().unwrap_or_else(Clock::provide);
    let value = move || match (kept.is_empty(), clock.is_alive()) {
        (true, true) => clock::offset_minutes(),
        (true, false) => String::new(),
        (false, _) => kept.clone(),
    };
    view! { <input type="hidden" name="offset" value=value/> }
}
