//! The review of an incident: facts without typing, three sections for people, whether the
//! recommendation helped, and prevention steps.

mod facts;
pub(crate) mod rating;
mod state;
pub(crate) mod steps;
mod words;

#[cfg(feature = "ssr")]
pub(crate) use state::{PATH, address};
pub use state::{RefusedReview, ReviewAnswer};
pub(crate) use words::{kept, refusal as words_of_refusal};

use commands::view::Series;
#[cfg(any(feature = "hydrate", test))]
use domain::journal::{Event, EventGroup};
use domain::time::Timestamp;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use wording::{humanize, review, timeline::line};

use crate::{
    components::{
        chart::{self, ChartFigure},
        page::{key, page},
        similar::similar,
        timeline::Timeline,
    },
    live::live,
    problem::Problem,
    routes::threshold,
};
use state::State;

/// The review of one incident; `done` is the word that a form led back with.
#[server(prefix = "/api/pages", endpoint = "review", input = GetUrl)]
pub async fn get_review(
    id: String,
    #[server(default)] done: String,
) -> Result<ReviewAnswer, Problem> {
    use domain::{error::ErrorKind, id::IncidentNumber};

    use crate::backend::{execute, refuse};
    let Ok(number) = id.parse::<u32>() else {
        return Err(refuse(Problem {
            kind: ErrorKind::NotFound,
            sentence: "There is no such incident. Its address ends in a number.".into(),
        }));
    };
    let incident = IncidentNumber(number);
    let page = execute(commands::reading::GetReview { incident }).await;
    match (page, use_context::<RefusedReview>()) {
        (Ok(page), refused) => {
            Ok(ReviewAnswer::Page(Box::new(state::ReviewView { page, refused, done })))
        }
        (Err(problem), Some(refused)) => {
            Ok(ReviewAnswer::Kept { id, problem, refused: Box::new(refused) })
        }
        (Err(problem), None) => Err(problem),
    }
}

/// The page.
#[component]
pub(crate) fn ReviewPage() -> AnyView {
    let live = live();
    let state = StoredValue::new(None::<State>);
    page(
        |answer: &ReviewAnswer| match answer {
            ReviewAnswer::Page(view) => format!("Review of incident {}", view.page.incident),
            ReviewAnswer::Kept { id, .. } => format!("Review of incident {id}"),
        },
        key(),
        |(id, done)| get_review(id, done),
        move |answer: &ReviewAnswer| {
            let ReviewAnswer::Page(view) = answer else { return };
            live.read_at(view.page.cursor);
            if let Some(state) = state.get_value() {
                state.take(&view.page);
            }
        },
        move |answer| match answer {
            ReviewAnswer::Page(view) => {
                let shown = State::new(*view);
                state.set_value(Some(shown));
                view! { <Page state=shown/> }.into_any()
            }
            ReviewAnswer::Kept { id, problem, refused } => {
                let address = format!("/ops/incidents/{id}/review");
                let title = format!("Review of incident {id}");
                words::kept(title, address, &problem, &refused)
            }
        },
    )
}

/// Asks again when the journal tells of something that changes the page. Other entries of an active
/// incident do not: its facts cost much, and count when it is over.
#[cfg(feature = "hydrate")]
fn listen(state: State) {
    let live = live();
    live.on_entry(move |entry| {
        if entry.event.as_ref().is_some_and(|event| changes(event, state.number())) {
            live.refresh_soon();
        }
    });
}

/// True for an event after which the review of an incident is read again.
#[cfg(any(feature = "hydrate", test))]
fn changes(event: &Event, incident: u32) -> bool {
    let is_ours = event.incident().is_some_and(|number| number.0 == incident);
    match event {
        Event::Redacted { .. } => true,
        Event::Resolved { .. } | Event::Reopened { .. } => is_ours,
        _ => is_ours && matches!(event.group(), EventGroup::Review(_)),
    }
}

#[component]
fn Page(state: State) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen(state);
    let number = state.number();
    let lead = Memo::new(move |_| state.page.with(review::lead));
    let headline = Memo::new(move |_| state.page.with(|page| page.headline.clone()));
    let left_out = Memo::new(move |_| state.page.with(review::left_out));
    let lines = Signal::derive(move || {
        state.page.with(|page| {
            page.timeline.iter().map(|entry| line(entry, &page.names)).collect::<Vec<_>>()
        })
    });
    let found = Signal::derive(move || state.page.with(|page| page.similar.clone()));
    view! {
        <div class="page incident review">
            <div class="story">
                <h1>"Review of incident " {number}</h1>
                <p class="lead" aria-live="polite">{move || lead.get()}</p>
                <p><a href=format!("/ops/incidents/{number}")>"Incident " {number}</a> ": " {move || headline.get()}</p>
                {words::said(state)}
                <facts::Facts state/>
                {charts(state)}
                {thresholds(state)}
                <rating::OfReview state/>
                {similar(found)}
                <words::Words state/>
                <steps::OfReview state/>
                <p class="links">
                    <a href=format!("/api/ops/incidents/{number}/review.md") rel="external" download="">"Download as Markdown"</a>
                    <a href="/ops/prevention">"All prevention steps"</a>
                </p>
            </div>
            <section class="log" aria-labelledby="timeline">
                <h2 id="timeline">"Timeline"</h2>
                {move || left_out.get().map(|told| view! { <p class="quiet">{told}</p> })}
                <Timeline lines end="newest"/>
                <div id="newest"></div>
            </section>
        </div>
    }
}

/// The signals on one time axis.
fn charts(state: State) -> Option<AnyView> {
    state.page.with_untracked(|page| {
        let mut moments: Vec<(Timestamp, &'static str)> = vec![(page.opened_at, "opened")];
        moments.extend(page.resolved_at.map(|end| (end, "resolved")));
        let end = page.series.iter().filter_map(|one| one.points.last()).map(|point| point.at);
        let end = end.max();
        let figure = |series| {
            let chart = chart::build(series, &moments, end);
            view! { <ChartFigure chart=Signal::stored(chart)/> }
        };
        let figures = page.series.iter().map(figure).collect_view();
        (!page.series.is_empty()).then(|| view! { <div class="charts">{figures}</div> }.into_any())
    })
}

/// Links to the thresholds of the signals of the incident: the place where one is changed.
fn thresholds(state: State) -> Option<AnyView> {
    state.page.with_untracked(|page| {
        let link = |series: &Series| {
            let href = threshold::address(&series.subject, &series.signal);
            let name = humanize::lower_signal_of(&series.signal, &series.subject);
            view! { <li><a href=href>"Threshold of " {name}</a></li> }
        };
        let links = page.series.iter().map(link).collect_view();
        let offered = page.proposals.iter().map(|one| {
            let here = threshold::address(&one.subject, &one.proposal.row.signal);
            threshold::offered(&here, &one.proposal)
        });
        let offered = offered.collect_view();
        (!page.series.is_empty()).then(|| view! {
            <section aria-labelledby="thresholds">
                <h2 id="thresholds">"Would another threshold have helped?"</h2>
                {offered}
                    <p class="quiet">"A change can be tried on stored history before it takes effect."</p>
                <ul>{links}</ul>
            </section>
        }.into_any())
    })
}

#[cfg(test)]
mod tests {
    use domain::{
        id::IncidentNumber,
        review::{PreventionPlan, ReviewSections},
    };

    use super::*;

    #[test]
    fn the_page_is_read_again_for_what_it_shows() {
        let incident = IncidentNumber(7);
        let saved = Event::ReviewSaved { incident, sections: ReviewSections::default() };
        let plan = PreventionPlan::WillNotBeDone { reason: "too dear".into() };
        let added = Event::PreventionStepAdded { incident, text: "x".into(), plan };
        for event in [&saved, &added] {
            assert!(changes(event, 7) && !changes(event, 8));
        }
        let redacted = Event::Redacted {
            entry: 3,
            reason: "a name".into(),
            message: None,
            step: None,
            window: None,
        };
        assert!(changes(&redacted, 7));
        assert!(!changes(&Event::Acknowledged { incident }, 7));
        assert!(!changes(&Event::Commented { incident, text: "x".into() }, 7));
    }
}
