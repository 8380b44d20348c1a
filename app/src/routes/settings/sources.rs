//! Sources: what each collector sees, and how its rounds go.

use commands::sources::{AbsentSource, SourceState, SourceStatus, SourcesPage as Sources};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use wording::sources;

use super::page_of;
use crate::{
    components::{
        badge::Badge,
        page::page,
        time::{At, Exact},
    },
    problem::Problem,
    status::signal_href,
};

/// The address of the page.
const PATH: &str = "/ops/settings/sources";

/// Every collector of this server.
#[server(prefix = "/api/pages", endpoint = "sources", input = GetUrl)]
pub async fn get_sources() -> Result<Sources, Problem> {
    crate::backend::execute(commands::reading::GetSources {}).await
}

/// The page.
#[component]
pub(crate) fn SourcesPage() -> AnyView {
    let shown = RwSignal::new(None::<Sources>);
    page(
        |_| "Sources".to_owned(),
        || (),
        |()| get_sources(),
        move |view: &Sources| shown.set(Some(view.clone())),
        move |first| {
            follow();
            let view = Signal::derive(move || shown.get().unwrap_or_else(|| first.clone()));
            page_of(PATH, "Sources", content(view))
        },
    )
}

/// Follows what the stream tells of sources, a trouble that begins or ends, and reads them again
/// every 20 s while somebody looks: of all else it tells nothing.
#[cfg(feature = "hydrate")]
fn follow() {
    use crate::state::{OpsStore, OpsStoreFields};
    use domain::time::{Span, Timestamp};
    const EVERY: Span = Span::from_secs(20);
    let live = crate::live::live();
    let ops = expect_context::<OpsStore>();
    Effect::new(move |before: Option<Vec<String>>| {
        let troubles = ops.troubles().get();
        if before.is_some_and(|before| before != troubles) {
            live.refresh_soon();
        }
        troubles
    });
    // The clock of a page that is hidden stands still, and moves on at once when it is shown.
    Effect::new(move |before: Option<Timestamp>| {
        let now = live.clock.get().unwrap_or_default();
        let read = before.filter(|read| *read > Timestamp::default()).unwrap_or(now);
        if read <= now && now.since(read) < EVERY {
            return read;
        }
        live.refresh_soon();
        now
    });
}

/// On the server nothing changes any more.
#[cfg(not(feature = "hydrate"))]
const fn follow() {}

/// Each source is kept while it changes, so that what was unfolded stays so.
fn content(view: Signal<Sources>) -> AnyView {
    let absent = move || {
        view.with(|view| {
            (!view.absent.is_empty()).then(|| {
                view! {
                    <section aria-labelledby="not-configured">
                        <h2 id="not-configured">"Not configured"</h2>
                        <ul class="listed">{view.absent.iter().map(absent).collect_view()}</ul>
                    </section>
                }
            })
        })
    };
    let names = move || {
        view.with(|view| view.sources.iter().map(|one| one.name.clone()).collect::<Vec<_>>())
    };
    let find = move |name: &str| {
        view.with(|view| view.sources.iter().find(|one| one.name == name).cloned())
    };
    view! {
        <p class="lead" aria-live="polite">{move || view.with(sources::lead)}</p>
        <p class="quiet">
            "Read at " {move || view.with(|view| view! { <Exact at=view.at/> })} ". "
            <a href=PATH rel="external">"Read again"</a>
        </p>
        <div class="readiness sources">
            <For each=names key=String::clone let:name>
                {find(&name).map(|first| {
                    let one = Memo::new(move |before: Option<&SourceStatus>| {
                        find(&name).or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
                    });
                    source(one)
                })}
            </For>
        </div>
        {absent}
    }
    .into_any()
}

/// Class and word of a state. What is not known is never shown as well.
fn mark(source: &SourceStatus) -> (&'static str, &'static str) {
    match source.state {
        SourceState::Waiting => ("unknown", "waiting"),
        SourceState::Working if source.sees_nothing() => ("shown", "nothing to see"),
        SourceState::Working => ("healthy", "working"),
        SourceState::Partial { .. } => ("warning", "partly unknown"),
        SourceState::Failing { .. } => ("warning", "no data"),
        SourceState::Overdue { .. } => ("unknown", "overdue"),
    }
}

fn source(one: Memo<SourceStatus>) -> AnyView {
    let (id, heading) = one.with_untracked(|one| {
        (format!("source-{}", one.name.replace(':', "-")), sources::heading(one))
    });
    let labelled_by = id.clone();
    view! {
        <section aria-labelledby=labelled_by>
            <h2 id=id>{heading}</h2>
            <p><Badge of=Signal::derive(move || one.with(mark))/></p>
            <div>{move || one.with(state)}</div>
            {move || one.with(rounds)}
            <details class="fold" hidden=move || one.with(|one| one.seen.listed.is_empty())>
                <summary>{move || one.with(summary)}</summary>
                <ul>{move || one.with(seen)}</ul>
            </details>
        </section>
    }
    .into_any()
}

/// Its state, the reason, and the next step.
fn state(source: &SourceStatus) -> AnyView {
    let problems = match &source.state {
        SourceState::Partial { unseen, problems } => {
            let listed = u32::try_from(problems.len()).unwrap_or(u32::MAX);
            let more = unseen.saturating_sub(listed);
            let more = (more > 0).then(|| view! { <li>{format!("and {more} more")}</li> });
            let items = problems.iter().map(|one| view! { <li>{one.clone()}</li> });
            Some(view! { <ul>{items.collect_view()}{more}</ul> })
        }
        _ => None,
    };
    let since = match source.state {
        SourceState::Failing { since, .. } | SourceState::Overdue { since, .. } => {
            Some(view! { <p class="quiet">"Since " <At at=Signal::stored(since)/> "."</p> })
        }
        _ => None,
    };
    let advice = sources::advice(source);
    let advice = (!advice.is_empty()).then(|| view! { <p>{advice}</p> });
    let notes = (!source.notes.is_empty()).then(|| {
        let notes = source.notes.iter().map(|note| view! { <li>{note.clone()}</li> });
        view! { <ul class="quiet">{notes.collect_view()}</ul> }
    });
    view! { <p>{sources::state(source)}</p> {problems} {since} {advice} {notes} }.into_any()
}

/// The rounds: last success, duration, next try.
fn rounds(source: &SourceStatus) -> AnyView {
    let last = match source.last_success {
        Some(at) => view! { <Exact at/> }.into_any(),
        None => "none since the start".into_any(),
    };
    let next = match (source.next_at, &source.state) {
        (_, SourceState::Overdue { .. }) => "not known".into_any(),
        (Some(at), _) => view! { <Exact at/> }.into_any(),
        (None, _) => "under way".into_any(),
    };
    let took = source.took.map_or_else(|| "not known".to_owned(), |took| took.to_string());
    view! {
        <dl class="facts">
            <div><dt>"Last success"</dt><dd>{last}</dd></div>
            <div><dt>"Next try"</dt><dd>{next}</dd></div>
            <div><dt>"Last round took"</dt><dd>{took}</dd></div>
            <div><dt>"Runs"</dt><dd>{sources::rhythm(source.interval)}</dd></div>
        </dl>
    }
    .into_any()
}

/// The heading of the readings of the last successful round.
fn summary(source: &SourceStatus) -> String {
    match source.state {
        SourceState::Working | SourceState::Partial { .. } => "What it sees".to_owned(),
        _ => format!("What it saw at its last success: {}", sources::seen(source)),
    }
}

/// The readings of the last successful round.
fn seen(source: &SourceStatus) -> AnyView {
    let items = source.seen.listed.iter().map(|one| {
        let name = view! { <bdi>{one.subject.as_str().to_owned()}</bdi> };
        let name = match one.signals.first() {
            Some(first) => view! { <a href=signal_href(&one.subject, first)>{name}</a> }.into_any(),
            None => name.into_any(),
        };
        view! { <li>{name} ": " {sources::labels(&one.signals)}</li> }
    });
    let more = sources::more_subjects(source).map(|more| view! { <li>{more}</li> });
    view! { {items.collect_view()} {more} }.into_any()
}

fn absent(one: &AbsentSource) -> AnyView {
    view! { <li><p>{one.kind.clone()}</p><p class="quiet">{one.advice.clone()}</p></li> }.into_any()
}
