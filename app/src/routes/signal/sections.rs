//! The parts of the page of a signal.

use commands::{
    signal_page::{SignalEvent, SignalIncident, SignalPage, ThresholdRule},
    view::SeriesPoint,
};
use domain::{time::Span, time::Timestamp, unit::Unit};
use leptos::prelude::*;
use wording::humanize;

use super::state::{SignalState, floor, step};
use crate::{
    components::{
        badge::{Badge, reading_words, severity_words},
        incident_card::headline,
        prose::prose,
        time::{Ago, At},
        uptime::{cells, heads},
    },
    routes::threshold,
    status,
};

/// About how many rows the table of values has.
const ROWS: u64 = 24;

/// The present value beside what is normal.
#[component]
pub(super) fn Present(state: SignalState) -> impl IntoView {
    let reading = state.reading;
    let badge = Memo::new(move |_| reading.with(|one| reading_words(one.as_ref())));
    let is_known = Memo::new(move |_| reading.with(Option::is_some));
    let stale_since = Memo::new(move |_| reading.with(|one| one.as_ref()?.stale_since));
    let key = state
        .page
        .with_untracked(|page| status::row_key(&page.series.subject, &page.series.signal));
    let value = move || {
        reading.with(|one| {
            one.as_ref().map_or_else(String::new, |one| humanize::value(one.value, &one.unit))
        })
    };
    let note = move || match stale_since.get() {
        Some(at) => view! { "last reading " <Ago at=at/> }.into_any(),
        None => reading.with(|one| one.as_ref().map(status::note).unwrap_or_default()).into_any(),
    };
    let last_at = Memo::new(move |_| state.page.with(|page| page.last_at));
    view! {
        <p class="present">
            {move || if is_known.get() {
                view! {
                    <span class="value" data-reading=key.clone()>{value}</span> " "
                    <Badge of=badge/> " "
                    <span class="note">{note}</span>
                }
                .into_any()
            } else {
                view! {
                    "There is no reading at present. "
                    {move || last_at.get().map(|at| view! { "The last value came " <Ago at=at/> "." })}
                }
                .into_any()
            }}
        </p>
    }
}

/// Text in place of the chart of a period without values.
#[component]
pub(super) fn Nothing(state: SignalState) -> impl IntoView {
    let last_at = Memo::new(move |_| state.page.with(|page| page.last_at));
    view! {
        <p class="empty">
            "There is no data in this period. "
            {move || last_at.get().map(|at| view! { "The last value is from " <At at=at/> ". " })}
            "Values are kept by the minute for 90 days and by the hour for 2 years."
        </p>
    }
}

/// A row of the table of values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// The beginning of its time.
    pub at: Timestamp,
    /// The smallest, the mean and the largest value.
    pub values: [String; 3],
}

/// The values of a period in a few rows of equal length.
pub(super) fn rows(page: &SignalPage) -> Vec<Row> {
    let step = step(page).as_micros().max(1);
    let length = page.to.since(page.from).as_micros();
    let width = Span::from_micros(step.saturating_mul((length / step).div_ceil(ROWS).max(1)));
    let unit = &page.series.unit;
    let place = |point: &SeriesPoint| floor(point.at, width);
    let row = |points: &[SeriesPoint]| {
        let text = |value: f64| humanize::value(value, unit);
        let min = points.iter().map(|point| point.min).fold(f64::INFINITY, f64::min);
        let max = points.iter().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max);
        let mean = points.iter().map(|point| point.mean).sum::<f64>() / points.len() as f64;
        Row {
            at: points.first().map(place).unwrap_or_default(),
            values: [min, mean, max].map(text),
        }
    };
    page.series.points.chunk_by(|one, next| place(one) == place(next)).map(row).collect()
}

/// The values as a table, for those who can't see the picture or want numbers.
#[component]
pub(super) fn Table(state: SignalState) -> impl IntoView {
    let rows = Memo::new(move |_| state.page.with(rows));
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let row = |row: Row| {
        let [min, mean, max] = row.values;
        view! {
            <tr>
                <th scope="row" data-head="From"><At at=Signal::stored(row.at)/></th>
                <td data-head="Lowest">{min}</td>
                <td data-head="Mean">{mean}</td>
                <td data-head="Highest">{max}</td>
            </tr>
        }
    };
    view! {
        <details class="fold values" hidden=move || is_empty.get()>
            <summary>"Values as a table"</summary>
            <table>
                <thead>
                    <tr>
                        <th scope="col">"From"</th>
                        <th scope="col">"Lowest"</th>
                        <th scope="col">"Mean"</th>
                        <th scope="col">"Highest"</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || rows.get() key=Row::clone children=row/>
                </tbody>
            </table>
        </details>
    }
}

/// The uptime of the endpoint, where the signal says whether it answers.
#[component]
pub(super) fn Uptime(state: SignalState) -> impl IntoView {
    let uptime = Memo::new(move |_| state.page.with(|page| page.uptime.clone()));
    let table = move || {
        let periods = uptime.get()?.periods;
        Some(view! {
            <section class="uptime" aria-labelledby="uptime">
                <h2 id="uptime">"Uptime"</h2>
                <table class="times">
                    <thead><tr>{heads()}</tr></thead>
                    <tbody><tr>{cells(&periods)}</tr></tbody>
                </table>
                <p class="quiet">{wording::uptime::MEANING}</p>
                <p class="links"><a href="/ops/uptime">"Uptime of all endpoints"</a></p>
            </section>
        })
    };
    view! { {table} }
}

/// A threshold in words, with what the document says about it.
fn rule(rule: &ThresholdRule, unit: &Unit) -> AnyView {
    let sentences = wording::signal::threshold(rule, unit).join(" ");
    let guidance = &rule.guidance;
    let slug = guidance.runbook.trim_start_matches('#').to_owned();
    let runbook = (!slug.is_empty()).then(|| {
        view! { <a href=format!("/ops/runbook#{slug}")>"What to do: " {slug.replace('-', " ")}</a> }
    });
    let commands = (!guidance.commands.is_empty()).then(|| {
        let names = guidance.commands.iter().map(|name| view! { " " <code>{name.clone()}</code> });
        view! { <p class="quiet">"Commands that may help:" {names.collect_view()}</p> }
    });
    view! {
        <div class="rule">
            <p>{sentences}</p>
            {(!guidance.meaning.is_empty()).then(|| view! { <p class="quiet">{guidance.meaning.clone()}</p> })}
            {commands}
            {runbook.map(|link| view! { <p>{link}</p> })}
        </div>
    }
    .into_any()
}

/// The thresholds that apply.
#[component]
pub(super) fn Threshold(state: SignalState) -> impl IntoView {
    let facts = Memo::new(move |_| {
        state.page.with(|page| {
            (page.thresholds.clone(), page.no_data_after_seconds, page.series.unit.clone())
        })
    });
    let zone = Memo::new(move |_| state.page.with(|page| page.usual_zone.clone()));
    let words = move || {
        facts.with(|(rules, silence, unit)| {
            let rules_shown = rules.iter().map(|one| rule(one, unit)).collect_view();
            let silence = wording::signal::silence(*silence, !rules.is_empty());
            let zone = zone.with(|zone| {
                let is_relative = rules.iter().any(wording::signal::is_relative);
                is_relative
                    .then(|| view! { <p class="quiet">{wording::signal::usual_zone(zone)}</p> })
            });
            view! { {rules_shown} {zone} <p>{silence}</p> }
        })
    };
    let has_rules = Memo::new(move |_| facts.with(|(rules, ..)| !rules.is_empty()));
    let proposals = Memo::new(move |_| state.page.with(|page| page.proposals.clone()));
    let change = state
        .page
        .with_untracked(|page| threshold::address(&page.series.subject, &page.series.signal));
    let here = change.clone();
    view! {
        <section aria-labelledby="threshold">
            <h2 id="threshold">"Threshold"</h2>
            {words}
            {move || proposals.get().iter().map(|one| threshold::offered(&here, one)).collect_view()}
            {move || has_rules.get().then(|| view! {
                <p class="links"><a href=change.clone()>"Change this threshold"</a></p>
            })}
        </section>
    }
}

/// A time at which it was past its threshold, as a link to its incident.
fn passage(one: SignalIncident) -> AnyView {
    let SignalIncident { card, severity, from, to } = one;
    let number = card.number.0;
    let end = match to {
        Some(to) => view! { " to " <At at=Signal::stored(to)/> }.into_any(),
        None => ", not over yet".into_any(),
    };
    view! {
        <li>
            <a href=format!("/ops/incidents/{number}")>"Incident " {number} ": " {prose(&headline(&card))}</a>
            <span class="quiet"><Badge of=Signal::stored(severity_words(severity))/> " from " <At at=Signal::stored(from)/> {end}</span>
        </li>
    }
    .into_any()
}

/// The incidents of the period.
#[component]
pub(super) fn Incidents(state: SignalState) -> impl IntoView {
    let incidents = Memo::new(move |_| state.page.with(|page| page.incidents.clone()));
    let list = move || match incidents.get() {
        none if none.is_empty() => {
            view! { <p class="quiet">"It was not part of an incident in this period."</p> }
                .into_any()
        }
        some => {
            let items = some.into_iter().map(passage).collect_view();
            view! { <ul class="happened">{items}</ul> }.into_any()
        }
    };
    view! {
        <section aria-labelledby="incidents">
            <h2 id="incidents">"Incidents"</h2>
            {list}
        </section>
    }
}

/// A command or a change.
fn event(one: &SignalEvent) -> AnyView {
    let incident = match one {
        SignalEvent::Run { incident, .. } => {
            let number = incident.0;
            view! { " " <a href=format!("/ops/incidents/{number}")>"Incident " {number}</a> }
                .into_any()
        }
        SignalEvent::Change { .. } => ().into_any(),
    };
    let (at, words) = (one.at(), wording::signal::event(one));
    view! { <li><span class="quiet"><At at=Signal::stored(at)/></span> " " {words} {incident}</li> }
        .into_any()
}

/// The commands that ran and the changes that were reported in the period.
#[component]
pub(super) fn Events(state: SignalState) -> impl IntoView {
    let events = Memo::new(move |_| state.page.with(|page| (page.events.clone(), page.has_more)));
    let list = move || {
        events.with(|(events, has_more)| {
            let more = has_more.then(|| {
                view! { <p class="quiet">"Some are left out. Choose a shorter period to see all of them."</p> }
            });
            if events.is_empty() {
                let none = view! {
                    <p class="quiet">"None in this period. Deployments and other changes that are reported to " <code>"/api/ops/changes"</code> " appear here."</p>
                };
                return view! { {none} {more} }.into_any();
            }
            view! { <ul class="happened">{events.iter().map(event).collect_view()}</ul> {more} }.into_any()
        })
    };
    view! {
        <section aria-labelledby="events">
            <h2 id="events">"Commands and changes"</h2>
            {list}
        </section>
    }
}
