//! The journal: each entry as a sentence, with what proves it; the search, whose every field stands
//! in the address.

use commands::audit::{AuditEntry, AuditPage, Verified};
use domain::{
    actor::{Actor, Names},
    hash::{Hash, Head},
    id::AccountId,
    input::LONGEST_TEXT,
    journal::{Entry, Event},
};
use leptos::prelude::*;
use wording::{humanize, timeline};

use crate::{
    clock, door,
    drawn::{block, prose::prose, steps::plain, timeline::author},
    problem::Problem,
    seek::{NotRemoved, Seek},
};

/// How many digits of a hash tell entries apart at a glance.
const SHORT: usize = 12;

/// The page: what is proved, the form with what was typed, and what was found.
pub(crate) fn page(
    seek: &Seek,
    answer: Result<&AuditPage, &Problem>,
    refused: Option<&NotRemoved>,
) -> String {
    let names = answer.map(|page| page.names.clone()).unwrap_or_default();
    let found = match answer {
        Ok(page) => view! {
            {block("proof", proof(page, seek).to_html())}
            {form(seek, &names)}
            {block("entries", list(page, seek, refused).to_html())}
        }
        .into_any(),
        Err(problem) => {
            view! { {form(seek, &names)} {trouble(problem.sentence.clone())} }.into_any()
        }
    };
    view! {
        <h1>"Journal"</h1>
        <p class="lead">"Everything that happened, newest first. It only grows: each entry is sealed to the one before it."</p>
        {seek.removed.then(|| view! {
            <p class="said done" role="status">"It is redacted. The entry itself stays, and the journal says who redacted it and why."</p>
        })}
        {found}
    }
    .into_any()
    .to_html()
}

fn trouble(sentence: String) -> AnyView {
    view! { <p class="said refused" role="status">{sentence}</p><p class="links"><a href="/ops/journal">"Begin a new search"</a></p> }
        .into_any()
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
    let when = clock::moment(*at);
    if let Some(broken) = broken {
        let told = format!(
            "The journal is not whole: {broken} Keep a copy of the database as it is, and compare it with a backup or an export. "
        );
        return view! { <p class="notice" role="status">{told} "Looked " {when} "."</p> }
            .into_any();
    }
    if !unexplained.is_empty() {
        let named: Vec<String> = unexplained.iter().map(ToString::to_string).collect();
        let told = format!(
            "The chain hangs together up to #{}, but content is gone without a word about who took it: entry {}. Someone changed the database itself. ",
            head.number,
            named.join(", ")
        );
        return view! { <p class="notice" role="status">{told} "Looked " {when} "."</p> }
            .into_any();
    }
    let count = counted(head.number, "entry", "entries");
    let mut told = format!(
        ": {count}, none changed, missing or moved, in {}.",
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
        let rest = " The time for one look ran out before";
        told.push_str(&format!(
            "{rest} #{}: 'calm-ops journal verify' on the machine proves all of it.",
            goal.number
        ));
    }
    view! { <p class="verified" role="status">{format!("Verified up to #{}, ", head.number)} {when} {told}</p> }.into_any()
}

/// What is proved, and how anyone can prove it.
fn proof(page: &AuditPage, seek: &Seek) -> AnyView {
    let Head { number, hash } = page.head;
    let head = format!("{number}:{hash}");
    let fields = seek
        .kept()
        .chain([("before", seek.before.as_str())])
        .filter(|(_, value)| !value.is_empty());
    let kept = fields
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned()/> })
        .collect_view();
    let told = match &page.verified {
        Some(verified) => verdict(verified),
        None => view! { <p class="verified quiet">"Not verified yet since Calm Ops started."</p> }
            .into_any(),
    };
    view! {
        {told}
        <div class="links">
            <form method="get" action="/ops/journal">
                {kept}
                <input type="hidden" name="verify" value="now"/>
                <button class="button" type="submit">"Verify now"</button>
            </form>
            <a href="/api/ops/journal.jsonl" rel="external" download="calm-ops-journal.jsonl">"Save all as JSON Lines"</a>
        </div>
        <details class="fold">
            <summary>"The proof"</summary>
            <p>"The journal's head is now:"</p>
            <p><code class="hash">{head.clone()}</code></p>
            <p>
                "Each entry's hash covers the one before it, so this one stands for all of them. Note it where this machine can't reach it: "
                "on paper, in a mail. Later this proves that nothing before it was changed, on this machine or with a saved file on any other:"
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
fn time(name: &'static str, label: &'static str, seek: &Seek) -> AnyView {
    let value = if name == "from" { &seek.from } else { &seek.to };
    // A day that stands in an address is shown as its first minute.
    let value = if value.is_empty() || value.contains('T') {
        value.clone()
    } else {
        format!("{value}T00:00")
    };
    let clock = if seek.offset.is_empty() { "(UTC)" } else { "(your time)" };
    view! { <div><label for=name>{label} " " <span data-clock="">{clock}</span></label><input id=name name=name type="datetime-local" value=value/></div> }
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

fn form(seek: &Seek, names: &Names) -> AnyView {
    let mut actors: Vec<(String, String)> = [
        (Actor::Agent, "Calm Ops, the incident agent"),
        (Actor::System, "Calm Ops itself"),
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
        <details class="fold" id="search" open=seek.is_narrow()>
        <summary>"Search"</summary>
        <form class="search" method="get" action="/ops/journal" role="search">
            {choice("actor", "Who", &seek.actor, actors)}
            {choice("kind", "What", &seek.kind, kinds)}
            {field("subject", "Subject begins with", "text", &seek.subject)}
            {field("incident", "Incident", "text", &seek.incident)}
            {time("from", "From", seek)}
            {time("to", "To", seek)}
            <input type="hidden" name="offset" data-offset="" value=seek.offset.clone()/>
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

fn list(page: &AuditPage, seek: &Seek, refused: Option<&NotRemoved>) -> AnyView {
    if page.entries.is_empty() {
        let sentence = if seek.is_narrow() || !seek.before.is_empty() {
            "No entry fits this search. Fewer words, or a longer time, may find it."
        } else {
            "Nothing yet. Everything that Calm Ops or a person does is written here, and never changed."
        };
        return view! {
            <p class="empty">{sentence}</p>
            {seek.is_narrow().then(|| view! { <p class="links"><a href="/ops/journal">"Show all"</a></p> })}
        }
        .into_any();
    }
    let entries = page.entries.iter().map(|one| {
        entry(one, &page.names, refused.filter(|refused| refused.entry == one.entry.number))
    });
    view! {
        <ol class="timeline trail">{entries.collect_view()}</ol>
        <p class="links">
            {(!seek.before.is_empty()).then(|| view! { <a href=seek.address("")>"Newest"</a> })}
            {page.next.map(|next| view! { <a href=seek.address(&next.to_string())>"Older"</a> })}
        </p>
    }
    .into_any()
}

fn entry(one: &AuditEntry, names: &Names, refused: Option<&NotRemoved>) -> AnyView {
    let line = timeline::line(&one.entry, names);
    let number = line.number;
    let who = match one.entry.actor {
        Actor::Account(AccountId(_)) | Actor::Token(_) | Actor::Local | Actor::Agent => {
            line.who.clone()
        }
        Actor::System => "Calm Ops itself".to_owned(),
    };
    let incident = one.incident.map(|incident| {
        view! { <a href=format!("/ops/incidents/{incident}#entry-{number}")>"Incident " {incident.0}</a> ", " }
    });
    view! {
        <li class=format!("line tone-{}", crate::drawn::timeline::tone_class(line.tone)) id=format!("entry-{number}")>
            <p>{prose(&line.sentence)}</p>
            {line.words.clone().map(|words| view! { <blockquote dir="auto">{words}</blockquote> })}
            {printed(&one.entry)}
            <p class="quiet">{incident} {clock::moment(line.at)} ", " {author(one.entry.actor, who)} ", entry " {number} ", " {words_of(&one.kind)}</p>
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
                <summary>"What it printed"</summary>
                <pre class="printed" aria-label="What it printed" tabindex="0" inner_html=plain(output)></pre>
            </details>
        }
        .into_any()
    })
}

/// The form that redacts an entry: what is lost and what stays, before the button.
fn removal(number: u64, refused: Option<&NotRemoved>) -> AnyView {
    let id = format!("reason-{number}");
    let text = refused.map(|refused| plain(&refused.reason)).unwrap_or_default();
    view! {
        <details class="fold" open=refused.is_some()>
            <summary>"Redact it"</summary>
            <form method="post" action=format!("/ops/journal/{number}/redact")>
                {refused.map(|refused| view! { <p class="said refused" role="status">{refused.problem.sentence.clone()}</p> })}
                {refused.filter(|refused| refused.problem.asks_for_sign_in()).map(|_| {
                    let to = door::sign_in(&format!("/ops/journal?before={}", number.saturating_add(1)));
                    view! { <p><a class="button" href=to rel="external">"Sign in again"</a></p> }
                })}
                <p>
                    "What was written or printed here is lost for ever: on every page, in the search, and in the database. "
                    "Nobody can bring it back. Backups and saved files from before still hold it."
                </p>
                <p>
                    "The entry stays: who, when, what kind, and its hash, so that the journal still verifies. "
                    "A new entry says that you redacted it, and why. That reason can't be redacted: do not repeat the words in it."
                </p>
                <label for=id.clone()>"Why"</label>
                <textarea id=id name="reason" rows="2" maxlength=LONGEST_TEXT required inner_html=text></textarea>
                <button class="button" type="submit">"Redact entry " {number}</button>
            </form>
        </details>
    }
    .into_any()
}
