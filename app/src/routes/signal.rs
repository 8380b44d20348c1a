//! The history of one signal over any period: the chart, the threshold in words, and what happened
//! near it.

#[cfg(feature = "ssr")]
mod read;
mod sections;
mod state;
#[cfg(all(test, feature = "ssr"))]
mod tests;
mod view;

use commands::signal_page::SignalPage as View;
use domain::time::{Span, Timestamp};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::{use_location, use_params_map};
use wording::humanize;

use crate::{
    components::{chart::ChartFigure, notice::linked, page::followed},
    problem::Problem,
    status::signal_href,
};
use state::SignalState;
use view::RANGES;

pub use view::SignalView;

/// The page of one signal; `query` names the subject and the period as the address does.
#[server(prefix = "/api/pages", endpoint = "signal", input = GetUrl)]
pub async fn get_signal(
    #[server(default)] signal: String,
    #[server(default)] query: String,
) -> Result<SignalView, Problem> {
    read::signal(&signal, &query).await
}

/// The name of a page: `Memory used on web-1`.
fn title(view: &SignalView) -> String {
    match &view.page {
        Ok(page) => humanize::signal_of(&page.series.signal, &page.series.subject),
        Err(_) => "Signal".to_owned(),
    }
}

/// The page.
#[component]
pub(crate) fn SignalPage() -> AnyView {
    let (params, query) = (use_params_map(), use_location().search);
    followed(
        title,
        move || {
            let signal = params.with(|params| params.get("signal").unwrap_or_default());
            (signal, query.get())
        },
        |(signal, query)| get_signal(signal, query),
        |view: &SignalView| view.page.as_ref().ok().map(|page| page.cursor),
        |state: SignalState, view| {
            if let Ok(page) = &view.page {
                state.take(page);
            }
        },
        |view| match view.page {
            Ok(page) => {
                let state = SignalState::new(*page);
                (Some(state), view! { <Page state range=view.range/> }.into_any())
            }
            Err(problem) => (None, refused(&problem)),
        },
    )
}

/// Page in place of a signal or period that there is not.
fn refused(problem: &Problem) -> AnyView {
    view! {
        <div class="page">
            <h1>"This signal can't be shown"</h1>
            <p class="lead">{problem.sentence.clone()}</p>
            <p class="links"><a href="/ops/health">"All signals"</a></p>
        </div>
    }
    .into_any()
}

/// The address of a period between two moments.
fn between(address: &str, from: Timestamp, to: Timestamp) -> String {
    format!("{address}&from={}&to={}", from.to_seconds_text(), to.to_seconds_text())
}

/// The periods beside the one that is shown: the one before it, the one after it unless that is yet
/// to come, and one three times as long.
fn beside(view: &View) -> [Option<(Timestamp, Timestamp)>; 3] {
    let (from, to) = (view.from, view.to);
    let length = to.since(from);
    let wider = Span::from_micros(length.as_micros().saturating_mul(3));
    let is_answered = wider <= commands::signal_page::LONGEST_PERIOD;
    [
        Some((from.minus(length), from)),
        (!view.is_current).then(|| (to, to.plus(length))),
        is_answered.then(|| (from.minus(length), to.plus(length))),
    ]
}

/// The links to other periods.
fn periods(view: &View, range: &str) -> AnyView {
    let address = signal_href(&view.series.subject, &view.series.signal);
    let ranges = RANGES.map(|(word, name, _)| {
        let here = (word == range).then_some("true");
        view! { <li><a href=format!("{address}&range={word}") aria-current=here>{name}</a></li> }
    });
    let link = |words: &'static str, period: Option<(Timestamp, Timestamp)>| {
        period.map(|(from, to)| {
            view! { <li><a href=between(&address, from, to)>{words}</a></li> }
        })
    };
    let [earlier, later, wider] = beside(view);
    view! {
        <nav class="ranges" aria-label="Period">
            <ul>{ranges.into_iter().collect_view()}</ul>
            <ul>{link("Earlier", earlier)} {link("Later", later)} {link("Zoom out", wider)}</ul>
        </nav>
    }
    .into_any()
}

/// The address of the same values as CSV.
fn csv(view: &View, range: &str) -> String {
    let address = signal_href(&view.series.subject, &view.series.signal);
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let signal = &view.series.signal;
    let address = format!("/api/ops/series.csv?signal={signal}&{query}");
    match RANGES.iter().find(|(word, ..)| *word == range) {
        Some((_, _, minutes)) => format!("{address}&range={minutes}min"),
        None => between(&address, view.from, view.to),
    }
}

#[component]
fn Page(state: SignalState, range: String) -> impl IntoView {
    let (title, meaning, periods, csv) = state.page.with_untracked(|view| {
        (
            humanize::signal_of(&view.series.signal, &view.series.subject),
            view.meaning.clone(),
            periods(view, &range),
            csv(view, &range),
        )
    });
    let trouble = Memo::new(move |_| state.page.with(|view| view.trouble.clone()));
    let is_empty = Memo::new(move |_| state.page.with(|view| view.series.points.is_empty()));
    state.listen();
    view! {
        <div class="page signal">
            {move || trouble.get().map(|one| view! { <p class="notice">{linked(&one)}</p> })}
            <h1>{title}</h1>
            <sections::Present state/>
            {(!meaning.is_empty()).then(|| view! { <p class="quiet">{meaning}</p> })}
            {periods}
            {move || if is_empty.get() {
                view! { <sections::Nothing state/> }.into_any()
            } else {
                view! { <ChartFigure chart=state.chart/> }.into_any()
            }}
            <sections::Uptime state/>
            <sections::Table state/>
            <sections::Threshold state/>
            <sections::Incidents state/>
            <sections::Events state/>
            <p class="links">
                <a href=csv rel="external" download="">"Download as CSV"</a>
                <a href="/ops/health">"All signals"</a>
            </p>
        </div>
    }
}
