//! Facts of a review: what journal and history tell of an incident without anybody typing. Times of
//! its steps against what is usual, what helped, what was slow, and what was seen late.

mod effect;
mod onset;
mod slow;
mod source;
mod steps;

use domain::{
    breach::{Breach, BreachKey},
    journal::{Entry, Event},
    review::{MeasuredEffect, MeasuredStep, ReviewFacts, ReviewStep, SeenLate},
    time::Span,
};

pub use effect::{ACTION_WINDOW, Action, ActionValues, actions};
pub use onset::{LOOK_BACK, Onset, onset};
pub use source::Source;
pub use steps::{StepTimes, first_told, opening_breach, recovered_at};

/// A signal that deviated for so long before it was told was seen late.
const LATE: Span = Span::from_mins(5);
/// The most signals that are told to be seen late.
const MOST_LATE: usize = 3;

/// The facts of a review.
pub fn facts(source: Source<'_>) -> ReviewFacts {
    let Source { incident, entries, notified, past, .. } = source;
    let onset = opening_breach(incident).map_or(Onset::Unknown, |one| source.onset(&one.key));
    let times = StepTimes::of(incident, notified, steps::acknowledged(entries), onset);
    let measured = |step: ReviewStep| MeasuredStep {
        step,
        measured: times.of_step(step),
        entries: steps::entries_of(step, entries),
        usual: steps::usual(past, step),
    };
    let steps: Vec<MeasuredStep> = ReviewStep::ALL.into_iter().map(measured).collect();
    let mut effects: Vec<MeasuredEffect> =
        source.actions.iter().map(|one| effect::effect(incident, one)).collect();
    effects.sort_by_key(|one| one.at);
    let slow = slow::slow(source, &steps);
    ReviewFacts { slow, steps, effects, seen_late: seen_late(source) }
}

/// Signals that deviated long before they were told, the latest first.
fn seen_late(source: Source<'_>) -> Vec<SeenLate> {
    let late = |breach: &Breach| {
        let Onset::At { at, at_least } = source.onset(&breach.key) else { return None };
        let told = source.entries.iter().find(|entry| tells(entry, &breach.key));
        let told_at = told.map_or(breach.fired_at, |entry| entry.at);
        let is_late = !breach.crossing.is_silent() && told_at.since(at) >= LATE;
        let (key, entry) = (breach.key.clone(), told.map(|entry| entry.number));
        is_late.then_some(SeenLate { key, deviated_at: at, at_least, told_at, entry })
    };
    let breaches = source.incident.breaches.iter().map(|known| &known.breach);
    let mut found: Vec<SeenLate> = breaches.filter_map(late).collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.told_at.since(one.deviated_at)));
    found.truncate(MOST_LATE);
    found
}

/// True if an entry told of a problem first.
fn tells(entry: &Entry, key: &BreachKey) -> bool {
    match &entry.event {
        Some(Event::IncidentOpened { incident }) => incident.breach(key).is_some(),
        Some(Event::BreachJoined { breach, .. }) => breach.key == *key,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
