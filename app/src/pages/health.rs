//! Live health: one sentence that is true right now, what needs a person, then the readings.

use leptos::prelude::*;
use rules::{
    say,
    time::Timestamp,
    view::{Reading, Readings, Status},
};

use crate::{
    clock,
    fetch::get_health,
    live::{self, Live},
    page::{HealthData, Mood},
    pages::lost,
    parts::board::Board,
    pulse,
    sheet::{self, ready},
};

/// The health page.
#[component]
pub(crate) fn HealthPage() -> AnyView {
    pulse::place("Health");
    let live = live::live();
    let health = Resource::new(|| (), |()| get_health());
    live::refetch_on(move || health.refetch(), |_| true);
    let waiting = StoredValue::new(false);
    sheet::whole(move || {
        Suspend::new(async move {
            match health.await {
                Ok(data) => {
                    live.read_at(data.cursor);
                    page(data, live, move || live::soon(waiting, move || health.refetch()))
                }
                Err(problem) => lost::problem(&problem),
            }
        })
        .into_any()
    })
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
        readings.iter().filter(|reading| reading.status == Status::Unknown).map(|reading| say::subject(&reading.subject)).collect();
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

fn page(health: HealthData, live: Live, ask_anew: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let board = Board::new(&health);
    let (active, waiting) = (health.active, health.waiting);
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
    let class = match health.mood {
        Mood::Critical => "status is-critical",
        Mood::Warning => "status is-warning",
        Mood::Calm | Mood::Blind => "status",
    };
    let nothing = health.now.readings.is_empty();
    view! {
        <h1 class="away">"Health"</h1>
        <p class=class><strong aria-live="polite">{move || sentence.get()}</strong><span class="checked">{checked(first, sentence)}</span></p>
        {ready("active", health.cards)}
        <div aria-live="polite">
            {move || troubles.get().into_iter().map(|trouble| view! { <p class="notice">{trouble}</p> }).collect_view()}
        </div>
        {ready("notices", health.notices)}
        <section class="board" aria-labelledby="readings">
            <h2 id="readings">"Readings"</h2>
            {nothing.then(|| view! {
                <p class="empty">
                    "What this host, its disks, apps and endpoints report appears here, each beside its threshold. Programs can push their own signals to "
                    <code>"/api/ops/signals"</code> "."
                </p>
            })}
            {board.view()}
        </section>
        {ready("proof", health.foot)}
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
        let silent = Count { silent: vec!["web-1".into()], ..calm.clone() };
        assert_eq!(status_sentence(0, 0, &silent), "Nothing is known from web-1 right now.");
        assert_eq!(status_sentence(0, 0, &Count { watching: 1, ..calm }), "Calm. 14 signals healthy, 1 being watched");
    }
}
