//! Live health: one sentence that is true right now, what needs a person, then the readings.

use leptos::prelude::*;
use rules::{
    journal::BlindReason,
    say,
    time::Timestamp,
    view::{BlindSpan, DocumentState, Health, Reading, Readings, Status},
};

use crate::{
    clock,
    fetch::get_health,
    live::{self, Live},
    pages::lost,
    parts::{board::Board, card::cards},
    pulse,
};

/// The health page.
#[component]
pub(crate) fn HealthPage() -> impl IntoView {
    pulse::place("Health");
    let live = live::live();
    let health = Resource::new(|| (), |()| get_health());
    live::refetch_on(move || health.refetch(), |_| true);
    let waiting = StoredValue::new(false);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match health.await {
                    Ok(data) => {
                        live.read_at(data.cursor);
                        page(&data, live, move || live::soon(waiting, move || health.refetch()))
                    }
                    Err(problem) => lost::problem(&problem),
                }
            })}
        </Transition>
    }
}

/// What the first sentence is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Count {
    /// Signals with a threshold that keep it.
    pub healthy: usize,
    /// All signals.
    pub all: usize,
    /// Signals beyond a level, not long enough yet.
    pub watching: usize,
    /// Subjects from which nothing was heard, each once.
    pub silent: Vec<String>,
}

pub(crate) fn count(readings: &[Reading]) -> Count {
    let mut silent: Vec<String> =
        readings.iter().filter(|reading| reading.status == Status::Unknown).map(|reading| reading.subject.to_string()).collect();
    silent.dedup();
    Count {
        healthy: readings.iter().filter(|reading| reading.status == Status::Healthy).count(),
        all: readings.len(),
        watching: readings.iter().filter(|reading| reading.status == Status::Watching).count(),
        silent,
    }
}

/// The sentence of status, without its age.
pub(crate) fn status_sentence(active: usize, waiting: usize, count: &Count) -> String {
    let signals = |count: usize| if count == 1 { "1 signal".to_owned() } else { format!("{count} signals") };
    match (active, waiting, count) {
        (1, 1, _) => "One incident needs someone.".to_owned(),
        (1, 0, _) => "One incident is active, and someone is on it.".to_owned(),
        (1.., 0, _) => format!("{active} incidents are active, and someone is on each."),
        (1.., _, _) => format!("{active} incidents are active; {waiting} of them nobody has yet."),
        (0, _, Count { all: 0, .. }) => "Nothing has been checked yet. The first readings come within seconds.".to_owned(),
        (0, _, Count { silent, .. }) if !silent.is_empty() => match silent.as_slice() {
            [only] => format!("Nothing is known from {only} right now."),
            [first, rest @ ..] => format!("Nothing is known from {first} and {} more right now.", rest.len()),
            [] => String::new(),
        },
        (0, _, Count { watching: 0, healthy, .. }) => format!("All calm. {} healthy", signals(*healthy)),
        (0, _, Count { watching, healthy, .. }) => format!("Calm. {} healthy, {} being watched", signals(*healthy), watching),
    }
}

fn page(health: &Health, live: Live, ask_anew: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let board = Board::new(health);
    let active = health.active.len();
    let waiting = health.active.iter().filter(|card| !card.acknowledged).count();
    let first = RwSignal::new((count(&health.now.readings), health.now.checked_at));
    let troubles = RwSignal::new(health.now.troubles.clone());
    let loaded_at = health.now.checked_at;
    Effect::new(move |_| {
        live.readings.with(|now| {
            let Some(now) = now.as_ref().filter(|now| now.checked_at > loaded_at) else {
                return;
            };
            let Readings { checked_at, readings, troubles: told, left_out: _ } = now;
            first.set((count(readings), *checked_at));
            if troubles.with_untracked(|old| old != told) {
                troubles.set(told.clone());
            }
            if board.update(now) {
                ask_anew();
            }
        });
    });
    let sentence = Memo::new(move |_| first.with(|(count, _)| status_sentence(active, waiting, count)));
    let class = if health.active.iter().any(|card| card.severity == rules::words::Severity::Critical) {
        "status is-critical"
    } else if active > 0 {
        "status is-warning"
    } else {
        "status"
    };
    view! {
        <h1 class="away">"Health"</h1>
        <p class=class><strong aria-live="polite">{move || sentence.get()}</strong><span class="checked">{checked(first, sentence)}</span></p>
        {(active > 0).then(|| view! { <section aria-label="Active incidents">{cards(&health.active)}</section> })}
        {notices(troubles, &health.blind, &health.documents)}
        <section class="board" aria-labelledby="readings">
            <h2 id="readings">"Readings"</h2>
            {health.now.readings.is_empty().then(|| view! {
                <p class="empty">
                    "What this host, its disks, apps and endpoints report appears here, each beside its threshold. Programs can push their own signals to "
                    <code>"/api/ops/signals"</code> "."
                </p>
            })}
            {board.view()}
        </section>
        {foot(health)}
    }
    .into_any()
}

/// `, checked 3 s ago.` once the browser has a clock; the exact time before. A whole sentence after a whole one.
fn checked(first: RwSignal<(Count, Timestamp)>, sentence: Memo<String>) -> impl Fn() -> String + Clone {
    let clock = clock::clock();
    move || {
        let (nothing, at) = first.with(|(count, at)| (count.all == 0, *at));
        let start = if sentence.with(|text| text.ends_with('.')) { " Checked" } else { ", checked" };
        match clock.get() {
            _ if nothing => String::new(),
            None => format!("{start} at {}.", clock::utc(at)),
            Some(now) => format!("{start} {}.", clock::ago(at, now)),
        }
    }
}

/// What can't be seen, what was not seen, and documents whose edit was refused.
fn notices(troubles: RwSignal<Vec<String>>, blind: &[BlindSpan], documents: &[DocumentState]) -> AnyView {
    let refused = documents.iter().filter_map(|document| {
        let error = document.error.clone()?;
        Some(view! {
            <div class="notice">
                <p>
                    <strong>"The last edit of " <code>{document.name.clone()}</code> " has an error."</strong>
                    " The version before it stays in force, since " {clock::moment(document.since)} ". Correct the file; it is read again by itself."
                </p>
                <pre>{error}</pre>
            </div>
        })
    });
    let spans = blind.iter().map(|span| {
        let why = match span.why {
            BlindReason::NotRunning => "Calm Ops was not running",
            BlindReason::Asleep => "the machine slept, or Calm Ops could not run",
        };
        let length = say::seconds(span.to.since(span.from).as_secs_f64());
        view! { <li>"Nothing is known of " {length} ", which ended " {clock::moment(span.to)} ": " {why} "."</li> }
    });
    view! {
        <div aria-live="polite">
            {move || troubles.get().into_iter().map(|trouble| view! { <p class="notice">{trouble}</p> }).collect_view()}
        </div>
        {refused.collect_view()}
        {(!blind.is_empty()).then(|| view! {
            <section class="blind" aria-labelledby="blind"><h2 id="blind">"Not seen in the last day"</h2><ul>{spans.collect_view()}</ul></section>
        })}
    }
    .into_any()
}

/// What proves the record, and what runs.
fn foot(health: &Health) -> AnyView {
    let hash: String = health.head.hash.to_string().chars().take(12).collect();
    let documents = health.documents.iter().map(|document| {
        let hash: String = document.sha256.chars().take(12).collect();
        view! { <li><code>{document.name.clone()}</code> " in force since " {clock::moment(document.since)} ", " <code>{hash}</code></li> }
    });
    view! {
        <footer class="foot">
            <p>
                "Journal at entry " {health.head.number} ", " <code title=health.head.hash.to_string()>{hash}</code>
                ". Calm Ops " {health.version.clone()} "."
            </p>
            {(!health.documents.is_empty()).then(|| view! {
                <details class="fold"><summary>"Documents in force"</summary><ul>{documents.collect_view()}</ul></details>
            })}
        </footer>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_is_true_whatever_holds() {
        let calm = Count { healthy: 14, all: 20, watching: 0, silent: Vec::new() };
        assert_eq!(status_sentence(0, 0, &calm), "All calm. 14 signals healthy");
        assert_eq!(status_sentence(1, 1, &calm), "One incident needs someone.");
        assert_eq!(status_sentence(2, 0, &calm), "2 incidents are active, and someone is on each.");
        assert_eq!(status_sentence(0, 0, &Count::default()), "Nothing has been checked yet. The first readings come within seconds.");
        let silent = Count { silent: vec!["host:web-1".into()], ..calm.clone() };
        assert_eq!(status_sentence(0, 0, &silent), "Nothing is known from host:web-1 right now.");
        assert_eq!(status_sentence(0, 0, &Count { watching: 1, ..calm }), "Calm. 14 signals healthy, 1 being watched");
    }
}
