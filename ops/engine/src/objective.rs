//! Error budgets and burn rates of service-level objectives, from counts of events.
//!
//! Multiwindow, multi-burn-rate alerts as in "The Site Reliability Workbook", chapter 5 (Beyer et
//! al., 2018): a burn rate of 1 uses up the error budget exactly in its period; each alert takes
//! the smaller one of a long and a short window, so that it begins early and ends soon.

use std::collections::VecDeque;

use domain::time::{Span, Timestamp};

const MINUTE: Span = Span::from_mins(1);
const HOUR: Span = Span::from_mins(60);
/// The longest time over which a budget is counted.
pub const LONGEST_PERIOD: Span = Span::from_mins(90 * 24 * 60);
/// The longest window that is counted by minutes.
pub const LONGEST_WINDOW: Span = Span::from_mins(3 * 24 * 60);

/// Events and how many of them failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// All of them.
    pub all: u64,
    /// Those that failed: at most as many, but for one that is told a moment after its event.
    pub failed: u64,
}

impl Events {
    /// One event.
    pub const fn one(is_good: bool) -> Self {
        Self { all: 1, failed: !is_good as u64 }
    }

    fn add(&mut self, other: Self) {
        self.all = self.all.saturating_add(other.all);
        self.failed = self.failed.saturating_add(other.failed);
    }

    /// The share that failed, from 0 to 1; `None` without events.
    fn failed_share(self) -> Option<f64> {
        (self.all > 0).then(|| self.failed as f64 / self.all as f64)
    }
}

/// Events by slots of one length, oldest first.
#[derive(Clone, Debug)]
struct Slots {
    step: Span,
    kept: Span,
    slots: VecDeque<(i64, Events)>,
}

impl Slots {
    const fn new(step: Span, kept: Span) -> Self {
        Self { step, kept, slots: VecDeque::new() }
    }

    fn index(&self, at: Timestamp) -> i64 {
        at.as_micros().div_euclid(i64::try_from(self.step.as_micros()).unwrap_or(i64::MAX))
    }

    /// Adds events, which may be older than the newest ones.
    fn add(&mut self, at: Timestamp, events: Events) {
        let index = self.index(at);
        match self.slots.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(place) => {
                if let Some((_, slot)) = self.slots.get_mut(place) {
                    slot.add(events);
                }
            }
            Err(place) => self.slots.insert(place, (index, events)),
        }
    }

    /// Forgets what is older than is kept, and what lies in the future: a clock was wrong then.
    fn forget(&mut self, now: Timestamp) {
        let (oldest, newest) = (self.index(now.minus(self.kept)), self.index(now));
        while self.slots.front().is_some_and(|(index, _)| *index < oldest) {
            self.slots.pop_front();
        }
        while self.slots.back().is_some_and(|(index, _)| *index > newest) {
            self.slots.pop_back();
        }
    }

    /// The events of the slots that begin in the last `window`, with the one that is under way.
    fn within(&self, window: Span, now: Timestamp) -> Events {
        let (after, newest) = (self.index(now.minus(window)), self.index(now));
        let mut events = Events::default();
        let recent = self.slots.iter().rev().take_while(|(index, _)| *index > after);
        recent.filter(|(index, _)| *index <= newest).for_each(|(_, slot)| events.add(*slot));
        events
    }
}

/// A pair of windows whose smaller burn rate alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// 1 h and 5 min.
    Fast,
    /// 6 h and 30 min.
    Medium,
    /// 3 d and 6 h.
    Slow,
}

impl Pace {
    /// All, fastest first.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Medium, Self::Slow];

    /// The long and the short window.
    pub const fn windows(self) -> (Span, Span) {
        match self {
            Self::Fast => (HOUR, Span::from_mins(5)),
            Self::Medium => (Span::from_mins(6 * 60), Span::from_mins(30)),
            Self::Slow => (LONGEST_WINDOW, Span::from_mins(6 * 60)),
        }
    }
}

/// The demand on the events of an objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// The share of events that may fail, above 0 and at most 1.
    pub error_budget: f64,
    /// The events that a long window needs before its burn rate is known.
    pub least_events: u64,
    /// The failures that a long window needs before its burn rate counts; with fewer it is 0.
    pub least_failures: u64,
}

/// The events of one objective.
#[derive(Clone, Debug)]
pub struct Tally {
    minutes: Slots,
    hours: Slots,
    /// Those that were added since they were told last.
    untold: Events,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            minutes: Slots::new(MINUTE, LONGEST_WINDOW),
            hours: Slots::new(HOUR, LONGEST_PERIOD),
            untold: Events::default(),
        }
    }
}

impl Tally {
    /// Adds events as they happen.
    pub fn add(&mut self, at: Timestamp, events: Events) {
        self.restore_minute(at, events);
        self.untold.add(events);
    }

    /// Adds the events of one minute of an earlier run.
    pub fn restore_minute(&mut self, at: Timestamp, events: Events) {
        self.minutes.add(at, events);
        self.hours.add(at, events);
    }

    /// Adds the events of one hour of an earlier run of which no minute is added.
    pub fn restore_hour(&mut self, at: Timestamp, events: Events) {
        self.hours.add(at, events);
    }

    /// Forgets what no window reaches any more.
    pub fn forget(&mut self, now: Timestamp) {
        self.minutes.forget(now);
        self.hours.forget(now);
    }

    /// The burn rate of a pair of windows: the smaller one of both. `None` if it is not known.
    pub fn burn(&self, pace: Pace, terms: Terms, now: Timestamp) -> Option<f64> {
        let (long, short) = pace.windows();
        let (long, short) = (self.minutes.within(long, now), self.minutes.within(short, now));
        if long.all < terms.least_events {
            return None;
        }
        let (long_share, short_share) = (long.failed_share()?, short.failed_share()?);
        if long.failed < terms.least_failures {
            return Some(0.0);
        }
        Some(long_share.min(short_share) / terms.error_budget)
    }

    /// The part of the error budget that is left, in percent: 100 without failures, below 0 when
    /// more failed than may. It is counted over the events of `period` that are known. `None`
    /// without events.
    pub fn budget_left(&self, period: Span, error_budget: f64, now: Timestamp) -> Option<f64> {
        let share = self.hours.within(period, now).failed_share()?;
        Some(100.0 * (1.0 - share / error_budget))
    }

    /// The events that were added since this was asked last.
    pub fn take_untold(&mut self) -> Events {
        std::mem::take(&mut self.untold)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERMS: Terms = Terms { error_budget: 0.001, least_events: 30, least_failures: 3 };
    const PERIOD: Span = Span::from_mins(30 * 24 * 60);

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_secs(1_790_000_040).plus(Span::from_mins(minutes))
    }

    /// Two probes in each minute of `minutes`; those of `failed` fail.
    fn tally(minutes: std::ops::Range<u64>, failed: std::ops::Range<u64>) -> Tally {
        let mut tally = Tally::default();
        for minute in minutes {
            for _ in 0..2 {
                tally.add(at(minute), Events::one(!failed.contains(&minute)));
            }
        }
        tally
    }

    #[test]
    fn an_outage_burns_fast_within_minutes_and_its_end_is_seen_as_soon() {
        let rate = |tally: &Tally, pace, minute| tally.burn(pace, TERMS, at(minute));
        let outage = tally(0..200, 190..200);
        // Of 120 probes of the hour 20 failed.
        let fast = rate(&outage, Pace::Fast, 199).unwrap();
        assert!((fast - 1_000.0 * 20.0 / 120.0).abs() < 1e-6, "{fast}");
        assert!(rate(&outage, Pace::Medium, 199).unwrap() > 6.0);
        // Two probes failed: not enough to count.
        assert_eq!(rate(&tally(0..200, 199..200), Pace::Fast, 199), Some(0.0));
        assert!(rate(&tally(0..200, 198..200), Pace::Fast, 199).unwrap() > 14.4);
        // Five minutes after the last failure the short window is clean.
        let over = tally(0..206, 190..200);
        assert_eq!(rate(&over, Pace::Fast, 205), Some(0.0));
        assert!(rate(&over, Pace::Medium, 205).unwrap() > 6.0);
        // A slow leak: one of 400 probes, over days.
        let mut leak = Tally::default();
        for minute in 0..3 * 24 * 60 {
            leak.add(at(minute), Events::one(minute % 400 != 0));
        }
        let now = 3 * 24 * 60 - 1;
        let slow = leak.burn(Pace::Slow, TERMS, at(now)).unwrap();
        assert!((slow - 2.5).abs() < 0.4, "{slow}");
        assert_eq!(leak.burn(Pace::Fast, TERMS, at(now)), Some(0.0));
    }

    #[test]
    fn what_was_not_seen_is_not_known() {
        let few = tally(0..14, 0..14);
        assert_eq!(few.burn(Pace::Fast, TERMS, at(13)), None);
        assert!(tally(0..15, 0..15).burn(Pace::Fast, TERMS, at(14)).is_some());
        // Nothing was heard for six minutes: the short window has no events.
        assert_eq!(tally(0..100, 50..100).burn(Pace::Fast, TERMS, at(105)), None);
        assert_eq!(Tally::default().budget_left(PERIOD, 0.001, at(0)), None);
    }

    #[test]
    fn the_budget_is_what_is_left_of_the_failures_that_may_be() {
        let left = |tally: &Tally, now| tally.budget_left(PERIOD, 0.01, at(now)).unwrap();
        assert!((left(&tally(0..1_000, 0..0), 999) - 100.0).abs() < 1e-9);
        assert!((left(&tally(0..1_000, 0..5), 999) - 50.0).abs() < 1e-9);
        assert!((left(&tally(0..1_000, 0..20), 999) + 100.0).abs() < 1e-9);
        // What is older than the period is forgotten.
        let mut old = tally(0..100, 0..50);
        let later = 31 * 24 * 60;
        old.add(at(later), Events::one(true));
        old.forget(at(later));
        assert!((left(&old, later) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn an_earlier_run_is_gone_on_with() {
        let whole = tally(0..180, 120..130);
        let mut restored = Tally::default();
        // One whole hour comes as such, the others by their minutes.
        let first = at(60).as_micros() / 3_600_000_000;
        for (index, events) in whole.hours.slots.iter().filter(|(index, _)| *index < first) {
            restored.restore_hour(Timestamp::from_micros(index * 3_600_000_000), *events);
        }
        for (index, events) in whole.minutes.slots.iter().filter(|(index, _)| *index >= first * 60)
        {
            restored.restore_minute(Timestamp::from_micros(index * 60_000_000), *events);
        }
        let fast = |tally: &Tally| tally.burn(Pace::Fast, TERMS, at(179));
        assert_eq!(fast(&restored), fast(&whole));
        let left = |tally: &Tally| tally.budget_left(PERIOD, 0.01, at(179));
        assert_eq!(left(&restored), left(&whole));
        assert_eq!(restored.take_untold(), Events::default(), "it was told by the run before");
        let mut told = whole;
        assert_eq!(told.take_untold(), Events { all: 360, failed: 20 });
        assert_eq!(told.take_untold(), Events::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(fixtures::cases(200)))]

        /// Against a count of every event, whatever their order.
        #[test]
        fn windows_hold_exactly_their_events(
            events in prop::collection::vec((0_u64..600, any::<bool>()), 0..300),
            now in 0_u64..700,
        ) {
            let mut tally = Tally::default();
            for (minute, is_good) in &events {
                tally.add(at(*minute), Events::one(*is_good));
            }
            let within = |minutes: u64| {
                let chosen = events.iter().filter(|(at, _)| *at <= now && at + minutes > now);
                let mut all = Events::default();
                chosen.for_each(|(_, is_good)| all.add(Events::one(*is_good)));
                all
            };
            prop_assert_eq!(tally.minutes.within(HOUR, at(now)), within(60));
            let (long, short) = (within(60), within(5));
            let expected = (long.all >= 30 && short.all > 0).then(|| {
                let share = long.failed_share().unwrap().min(short.failed_share().unwrap());
                if long.failed < 3 { 0.0 } else { share / 0.001 }
            });
            prop_assert_eq!(tally.burn(Pace::Fast, TERMS, at(now)), expected);
        }
    }
}
