//! The evidence: what was past its threshold, the charts, and what was saved.

use domain::{
    snapshot::{Moved, Snapshot},
    time::Timestamp,
    unit::Unit,
};
use leptos::prelude::*;
use wording::humanize;

use super::{
    brief::{BreachRow, Spell},
    state::IncidentState,
};
use crate::{
    components::{
        badge::{Badge, severity_words},
        chart::ChartFigure,
        time::{Ago, At},
    },
    status::signal_href,
};

/// See the module.
#[component]
pub(super) fn Evidence(state: IncidentState) -> impl IntoView {
    let snapshots = move || state.snapshots.get().into_iter().enumerate().collect::<Vec<_>>();
    let charts = move || (0..state.charts.with(Vec::len)).collect::<Vec<_>>();
    view! {
        <section aria-labelledby="evidence">
            <h2 id="evidence">"Evidence"</h2>
            <div id="charts" class="charts">
                <ul class="breaches">
                    <For each=move || state.breaches.get() key=|row| row.key.clone() let:row>
                        <Breach rows=state.breaches key=row.key.clone() first=row/>
                    </For>
                </ul>
                <For each=charts key=|index| *index let:index>
                    <ChartFigure chart=Signal::derive(move || state.charts.with(|charts| charts.get(index).cloned().unwrap_or_default()))/>
                </For>
            </div>
            <MovedToo state/>
            // One that came over the stream has no body, and is another when it is loaded.
            <For each=snapshots key=|saved| (saved.0, is_light(&saved.1)) let:saved>
                {snapshot(saved.0, &saved.1, state.number())}
            </For>
        </section>
    }
}

#[component]
fn Breach(rows: RwSignal<Vec<BreachRow>>, key: String, first: BreachRow) -> impl IntoView {
    let row = Memo::new(move |before: Option<&BreachRow>| {
        let found = rows.with(|rows| rows.iter().find(|row| row.key == key).cloned());
        found.unwrap_or_else(|| before.unwrap_or(&first).clone())
    });
    let history = move || row.with(|row| row.history.clone());
    let state = move || {
        row.with(|row| match (row.cleared_at, row.given_up_at) {
            (Some(at), _) if row.lost => view! { <Badge of=Signal::stored(("unknown", "no longer watched"))/> " since " <At at=Signal::stored(at)/> }.into_any(),
            (Some(at), _) => view! { <Badge of=Signal::stored(("healthy", "recovered"))/> " " <Ago at=Signal::stored(at)/> ", " {spell(row.worst, Some(at))} }.into_any(),
            (None, Some(end)) => view! { <Badge of=Signal::stored(severity_words(row.severity))/> " from " <At at=Signal::stored(row.since)/> " to " <At at=Signal::stored(end)/> ", when it was resolved" {was_worse(row)} }.into_any(),
            (None, None) if row.improving => view! { <Badge of=Signal::stored(("watching", "improving"))/> ", " {spell(row.worst, None)} }.into_any(),
            (None, None) => view! { <Badge of=Signal::stored(severity_words(row.severity))/> " since " <At at=Signal::stored(row.since)/> {was_worse(row)} }.into_any(),
        })
    };
    let newest = move || {
        row.with(|row| row.newest.clone()).map(|newest| match newest.stale_since {
            Some(at) => view! { "; last reading " <Ago at=Signal::stored(at)/> ": " <span data-reading=newest.key>{newest.value}</span> }.into_any(),
            None if newest.is_peak => view! { " now" }.into_any(),
            None => view! { " (peak), now " <span data-reading=newest.key>{newest.value}</span> }.into_any(),
        })
    };
    let meaning = move || {
        let meaning = row.with(|row| row.meaning.clone());
        (!meaning.is_empty()).then(|| view! { <p>{meaning}</p> })
    };
    view! {
        <li>
            <p>
                <a href=history><strong>{move || row.with(|row| row.label.clone())}</strong></a> " of "
                {move || row.with(|row| row.subject.clone())} ": "
                {move || row.with(|row| row.peak.clone())} {newest}
                {move || row.with(|row| row.unsteady.then_some(", intermittent"))}
            </p>
            <p class="quiet">{state}</p>
            {meaning}
        </li>
    }
}

/// `critical from 20:26 to 20:32`; one that lasted until the problem was over ends then.
fn spell(Spell { severity, from, until }: Spell, over: Option<Timestamp>) -> impl IntoView {
    view! {
        {severity.as_str()} " from " <At at=Signal::stored(from)/>
        {until.or(over).map(|until| view! { " to " <At at=Signal::stored(until)/> })}
    }
}

/// The time at which it was worse.
fn was_worse(row: &BreachRow) -> impl IntoView + use<> {
    let worse = Some(row.worst).filter(|worst| worst.severity > row.severity);
    worse.map(|worst| view! { "; " {spell(worst, None)} })
}

/// Other signals that moved when the incident began: evidence, and no verdict.
#[component]
fn MovedToo(state: IncidentState) -> impl IntoView {
    let moved = Memo::new(move |_| {
        let first = |saved: &Vec<Snapshot>| saved.first().map(|first| first.moved.clone());
        state.snapshots.with(first).unwrap_or_default()
    });
    let row = |Moved { subject, signal, unit, before, then }: Moved| {
        let (before, then) = (humanize::value(before, &unit), humanize::value(then, &unit));
        let href = signal_href(&subject, &signal);
        view! { <li><a href=href>{humanize::signal_of(&signal, &subject)}</a> ": " <strong>{then}</strong> ", " {before} " before"</li> }
    };
    view! {
        <div class="moved" class:none=move || moved.with(Vec::is_empty)>
            <h3>"Moved at the same time"</h3>
            <ul>{move || moved.get().into_iter().map(row).collect_view()}</ul>
        </div>
    }
}

/// True if a snapshot came over the stream, without its body.
fn is_light(snapshot: &Snapshot) -> bool {
    snapshot.by_memory.is_empty() && snapshot.by_cpu.is_empty() && snapshot.disks.is_empty()
}

/// A small table; on a phone each row is a card.
fn table(caption: &'static str, heads: [&'static str; 3], rows: Vec<[AnyView; 3]>) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let rows = rows.into_iter().map(|[first, second, third]| {
        view! { <tr><th scope="row" data-head=heads[0]>{first}</th><td data-head=heads[1]>{second}</td><td data-head=heads[2]>{third}</td></tr> }
    });
    view! {
        <table>
            <caption>{caption}</caption>
            <thead><tr>{heads.map(|head| view! { <th scope="col">{head}</th> })}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn snapshot(index: usize, snapshot: &Snapshot, number: u32) -> impl IntoView + use<> {
    let bytes = |count: u64| humanize::value(count as f64, &Unit::Bytes).into_any();
    let by_memory = snapshot.by_memory.iter();
    let by_memory = by_memory.map(|fact| {
        [fact.name.clone().into_any(), fact.pid.to_string().into_any(), bytes(fact.memory)]
    });
    let by_cpu = snapshot.by_cpu.iter().map(|fact| {
        let cpu = humanize::value(f64::from(fact.cpu), &Unit::Percent);
        [fact.name.clone().into_any(), fact.pid.to_string().into_any(), cpu.into_any()]
    });
    let disks = snapshot
        .disks
        .iter()
        .map(|disk| [disk.mount.clone().into_any(), bytes(disk.available), bytes(disk.total)]);
    let journal = snapshot.journal.iter().map(|(number, at, kind): &(u64, Timestamp, String)| {
        let at = view! { <At at=Signal::stored(*at)/> }.into_any();
        [number.to_string().into_any(), at, kind.replace('_', " ").into_any()]
    });
    let thresholds: String = snapshot.thresholds_sha256.chars().take(12).collect();
    let left_out = (snapshot.left_out > 0)
        .then(|| format!(". {} items were left out to keep it short", snapshot.left_out));
    let light = is_light(snapshot).then(|| {
        view! { <p><a href=format!("/ops/incidents/{number}") rel="external">"Reload the page to see it."</a></p> }
    });
    view! {
        <details class="fold snapshot">
            <summary>
                <span>
                    {if index == 0 { "Evidence saved when it opened, at " } else { "Evidence saved later, at " }}
                    <At at=Signal::stored(snapshot.at)/>
                </span>
            </summary>
            {light}
            {table("Most memory", ["Process", "Id", "Memory"], by_memory.collect())}
            {table("Most CPU", ["Process", "Id", "CPU"], by_cpu.collect())}
            {table("Disks", ["Mount", "Free", "Size"], disks.collect())}
            {table("Journal entries just before", ["Entry", "When", "What"], journal.collect())}
            <p class="quiet">"Thresholds in force: " <code>{thresholds}</code> {left_out} "."</p>
        </details>
    }
}
