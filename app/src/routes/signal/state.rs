//! State that the page of a signal follows: the newest values of a period that ends now, and the
//! journal where it tells of something that is marked.

use commands::signal_page::{SignalEvent, SignalPage};
use domain::{
    reading::Reading,
    time::{Span, Timestamp},
};
use leptos::prelude::*;

use crate::components::chart::{self, Chart, Moment, MomentKind, Plot};

/// The height of what is drawn, in pixels.
const HEIGHT: f32 = 280.0;

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct SignalState {
    /// The page as it was loaded, with what came since.
    pub page: RwSignal<SignalPage>,
    /// The picture of it.
    pub chart: Signal<Chart>,
    /// The present reading.
    pub reading: RwSignal<Option<Reading>>,
}

impl SignalState {
    /// Of a page that was loaded.
    pub(super) fn new(page: SignalPage) -> Self {
        let reading = RwSignal::new(page.reading.clone());
        let page = RwSignal::new(page);
        let chart = Memo::new(move |_| page.with(draw));
        Self { page, chart: chart.into(), reading }
    }

    /// Takes a page that was loaded again.
    pub(super) fn take(self, page: &SignalPage) {
        // Another signal or period has a state of its own, and this one may be gone.
        let is_same = |known: &SignalPage| {
            known.series.subject == page.series.subject
                && known.series.signal == page.series.signal
                && known.is_current == page.is_current
                && known.cursor.number <= page.cursor.number
        };
        if self.page.try_with_untracked(is_same) == Some(true)
            && self.page.with_untracked(|known| known != page)
        {
            self.page.set(page.clone());
            self.reading.set(page.reading.clone());
        }
    }

    /// Follows the readings and the journal.
    #[cfg(feature = "hydrate")]
    pub(super) fn listen(self) {
        use crate::{live::live, state::OpsStoreFields};
        let live = live();
        live.on_entry(move |entry| {
            if self.page.try_with_untracked(|page| is_about(page, entry)) == Some(true) {
                live.refresh_soon();
            }
        });
        Effect::new(move |_| {
            let checked_at = live.ops.checked_at().get();
            let key = self
                .page
                .with_untracked(|page| (page.series.subject.clone(), page.series.signal.clone()));
            let newest = live.ops.with_untracked(|ops| {
                let mut readings = ops.rows.iter().map(|row| &row.reading);
                readings.find(|one| (&one.subject, &one.signal) == (&key.0, &key.1)).cloned()
            });
            let Some(newest) = newest else { return };
            if self.reading.with_untracked(|known| known.as_ref() != Some(&newest)) {
                self.reading.set(Some(newest.clone()));
            }
            let is_other = self.page.try_update_untracked(|page| follow(page, checked_at, &newest));
            if is_other == Some(true) {
                self.page.notify();
            }
        });
    }

    /// On the server nothing changes any more.
    #[cfg(not(feature = "hydrate"))]
    pub(super) const fn listen(self) {}
}

/// Draws the picture.
pub(super) fn draw(page: &SignalPage) -> Chart {
    let moment = |event: &SignalEvent| Moment {
        at: event.at(),
        kind: match event {
            SignalEvent::Run { .. } => MomentKind::Command,
            SignalEvent::Change { .. } => MomentKind::Change,
        },
        name: wording::signal::mark(event),
    };
    let incident = |one: &commands::signal_page::SignalIncident| {
        (one.from.max(page.from), one.to.unwrap_or(page.to).min(page.to), one.severity)
    };
    let newest = page.reading.as_ref().filter(|one| page.is_current && one.at >= page.from);
    chart::lay_out(Plot {
        series: &page.series,
        step: step(page),
        period: Some((page.from, page.to)),
        before: &page.week_before,
        usual: &page.usual,
        newest: newest.map(|one| (one.at, one.value)),
        moments: page.events.iter().map(moment).collect(),
        incidents: page.incidents.iter().map(incident).collect(),
        blind: &page.blind,
        height: HEIGHT,
    })
}

/// The length of a step.
pub(super) fn step(page: &SignalPage) -> Span {
    Span::from_millis((page.step_seconds * 1e3) as u64)
}

/// The beginning of the step in which a moment lies.
pub(super) fn floor(at: Timestamp, step: Span) -> Timestamp {
    let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_micros(at.as_micros().div_euclid(step).saturating_mul(step))
}

/// Takes a newer reading, and moves a period that ends now on. Says whether the picture is another
/// one: what moves by less than a pixel is taken without a word.
#[cfg(any(test, feature = "hydrate"))]
pub(super) fn follow(page: &mut SignalPage, checked_at: Timestamp, newest: &Reading) -> bool {
    /// A chart is about so many pixels wide.
    const PIXELS: u64 = 720;
    if !page.is_current {
        return false;
    }
    let known = page.reading.as_ref().map(|known| known.at);
    if known.is_none_or(|known| newest.at > known) && newest.value.is_finite() {
        add(page, known, newest.at, newest.value);
    }
    let is_restated = page.reading.as_ref().map(|known| known.status) != Some(newest.status);
    page.reading = Some(newest.clone());
    page.checked_at = checked_at;
    let length = page.to.since(page.from);
    let pixel = Span::from_micros(length.as_micros() / PIXELS);
    if checked_at.since(page.to) < pixel && !is_restated {
        return false;
    }
    page.to = page.to.max(checked_at);
    page.from = page.to.minus(length);
    let (from, step) = (page.from, step(page));
    page.series.points.retain(|point| point.at.plus(step) > from);
    page.week_before.retain(|point| point.at.plus(step) > from);
    true
}

/// Adds a value to the step in which it lies. The mean of a step is that over time.
#[cfg(any(test, feature = "hydrate"))]
fn add(page: &mut SignalPage, known: Option<Timestamp>, at: Timestamp, value: f64) {
    let step = step(page);
    let start = floor(at, step);
    let points = &mut page.series.points;
    match points.last_mut() {
        Some(last) if start < last.at => {}
        Some(last) if start == last.at => {
            let before = known.unwrap_or(start).max(start).since(start).as_secs_f64();
            let total = at.since(start).as_secs_f64();
            if total > 0.0 {
                last.mean += (value - last.mean) * (1.0 - before / total);
            }
            last.min = last.min.min(value);
            last.max = last.max.max(value);
        }
        last => {
            let reach = last.map_or(step, |last| last.until.since(last.at));
            let until = start.plus(reach.max(step));
            let point = commands::view::SeriesPoint {
                at: start,
                until,
                min: value,
                mean: value,
                max: value,
            };
            points.push(point);
        }
    }
}

/// Says whether an entry of the journal is about something that the page marks, or may come to
/// mark.
#[cfg(any(test, feature = "hydrate"))]
pub(super) fn is_about(page: &SignalPage, entry: &domain::journal::Entry) -> bool {
    use domain::{
        breach::BreachKey,
        journal::{ChangeEvent, Event, EventGroup, RecommendationEvent},
    };
    let Some(event) = entry.event.as_ref().filter(|_| entry.number > page.cursor.number) else {
        return false;
    };
    let is_here =
        |key: &BreachKey| key.subject == page.series.subject && key.signal == page.series.signal;
    let is_known = || {
        event
            .incident()
            .is_some_and(|number| page.incidents.iter().any(|one| one.card.number == number))
    };
    match event {
        Event::IncidentOpened { incident } => {
            incident.breaches.iter().any(|one| is_here(&one.breach.key))
        }
        Event::BreachJoined { breach, .. } | Event::BreachChanged { breach, .. } => {
            is_here(&breach.key)
        }
        Event::BreachCleared { key, .. } => is_here(key),
        Event::Resolved { .. } | Event::Reopened { .. } => is_known(),
        Event::DocumentInForce { .. } => true,
        Event::ThresholdProposed { row, .. } | Event::ThresholdChanged { row, .. } => {
            row.signal == page.series.signal
        }
        Event::ThresholdDeclined { signal, .. } => *signal == page.series.signal,
        event => match event.group() {
            EventGroup::Change(ChangeEvent::ChangeReported { change }) => {
                change.touches(&page.series.subject)
            }
            EventGroup::Recommendation(
                RecommendationEvent::RunStarted { .. } | RecommendationEvent::RunEnded { .. },
            ) => is_known(),
            _ => false,
        },
    }
}
