//! The journal: each entry as a sentence, with what proves it; the search, whose every field stands
//! in the address.

use commands::audit::{AuditGroup, AuditPage, Verified};
use domain::{actor::Names, hash::Head};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::use_location;
use wording::humanize;

use crate::{
    components::{exact::ZoneOfTimes, page::page, time::Ago},
    live::live,
    problem::Problem,
};
use entries::entries;
use form::form;

mod entries;
mod form;
#[cfg(feature = "ssr")]
mod search;
mod view;

pub use view::{AuditSearch, FoundEntries, JournalView, NotRedacted};

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
                {groups(&search)}
                {form(&search, &names)}
                {list(found, &search, refused.as_ref())}
            }
            .into_any()
        }
        Err(problem) => view! {
            {groups(&search)}
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

fn counted(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        humanize::value(count as f64, &domain::unit::Unit::Count),
        if count == 1 { one } else { many }
    )
}

/// The result of the last verification, in a sentence or two.
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

/// The proof, and how anyone can prove it.
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

/// Links to what people look for most often.
fn groups(search: &AuditSearch) -> AnyView {
    let link = |group: Option<AuditGroup>| {
        let word = group.map_or("All", wording::journal::group);
        let is_current = search.group == group.map_or("", AuditGroup::as_str);
        view! { <a href=search.of_group(group) aria-current=is_current.then_some("true")>{word}</a> }
    };
    let links = std::iter::once(None).chain(AuditGroup::ALL.map(Some)).map(link);
    view! { <nav class="presets" aria-label="Kinds of entries">{links.collect_view()}</nav> }
        .into_any()
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
    // Where a kind is looked for, each entry of it is.
    let folds = search.group.is_empty() && search.kind.is_empty();
    view! {
        <ZoneOfTimes/>
        {entries(&page.entries, &page.names, folds, refused)}
        <p class="links">
            {newest.map(|href| view! { <a href=href>"Newest"</a> })}
            {older.map(|href| view! { <a href=href>"Older"</a> })}
        </p>
    }
    .into_any()
}
