//! The order of requests: the budget is spent where a threshold is nearest. What is near one is
//! asked for when its next sample is due, everything else in turn, as often as the budget allows.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, btree_map},
};

use domain::time::{MonotonicTime, Span};

use super::call::Call;

/// The time between samples.
pub(crate) const PERIOD: Span = Span::from_secs(120);
/// The pause before a sample that is late is asked for again.
const AGAIN: Span = Span::from_secs(15);
/// After so many tries it is asked for calmly.
const TRIES: u32 = 6;
/// The first pause after a failure; it doubles each time.
const BACK_OFF: Span = Span::from_secs(10);
/// The longest pause after failures.
const LONGEST_BACK_OFF: Span = Span::from_mins(5);
/// The same for what is near a threshold.
const LONGEST_URGENT: Span = Span::from_secs(30);
/// After so many failures, or tries without a new sample, a request waits for its turn anew.
const KEPT_PLACE: u32 = 4;
/// One of so many requests is for what is not near a threshold, if anything is due.
const TURN: u32 = 4;
/// The latest that samples are expected to come.
const LONGEST_LAG: Span = Span::from_secs(150);

/// The end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Brought its answer.
    Done,
    /// Brought a page, and another one follows.
    More,
    /// Brought samples, of which the newest is so old.
    News(Span),
    /// There is no sample yet that is newer than those known.
    NoNews,
    /// Failed.
    Failed,
    /// Not carried out, for a reason that has nothing to do with it.
    Postponed,
}

/// A request that is made again and again.
#[derive(Clone, Debug)]
struct Entry {
    /// The interval, while nothing is near a threshold.
    every: Span,
    /// Goes before others.
    is_urgent: bool,
    /// Time at which it was made last, or added.
    since: MonotonicTime,
    due: MonotonicTime,
    is_under_way: bool,
    tries: u32,
    failures: u32,
    /// Something was known of it once.
    had_news: bool,
}

/// The interval at which a request is wanted, and whether it goes before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Number of times.
    pub every: Span,
    /// True if it goes before others.
    pub is_urgent: bool,
}

/// All requests, each with the time at which it is due.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planner {
    entries: BTreeMap<Call, Entry>,
    picks: u32,
    /// The lateness of samples.
    lag: Span,
}

impl Planner {
    /// Wants these requests and no others. New ones are due at once, and so are those that were
    /// under way: whoever carries them out has taken all answers before, or was interrupted.
    pub(crate) fn want(&mut self, wanted: &BTreeMap<Call, Wanted>, now: MonotonicTime) {
        self.entries.retain(|call, _| wanted.contains_key(call));
        self.entries.values_mut().for_each(|entry| entry.is_under_way = false);
        for (call, &Wanted { every, is_urgent }) in wanted {
            match self.entries.entry(call.clone()) {
                btree_map::Entry::Vacant(place) => {
                    place.insert(Entry {
                        every,
                        is_urgent,
                        since: now,
                        due: now,
                        is_under_way: false,
                        tries: 0,
                        failures: 0,
                        had_news: false,
                    });
                }
                btree_map::Entry::Occupied(mut known) => {
                    let entry = known.get_mut();
                    if is_urgent && !entry.is_urgent && entry.failures == 0 {
                        // Its next sample, not its next turn.
                        entry.due = entry.due.min(entry.since.plus(PERIOD));
                    }
                    (entry.every, entry.is_urgent) = (every, is_urgent);
                }
            }
        }
    }

    /// Makes a request due at once.
    pub(crate) fn hurry(&mut self, call: &Call, now: MonotonicTime) {
        if let Some(entry) = self.entries.get_mut(call) {
            entry.due = entry.due.min(now);
        }
    }

    /// The request that is made next, if any is due; it counts as under way until it has ended.
    pub(crate) fn next(
        &mut self,
        is_allowed: impl Fn(&Call) -> bool,
        now: MonotonicTime,
    ) -> Option<Call> {
        let is_allowed = &is_allowed;
        let due = || {
            let due = |entry: &Entry| !entry.is_under_way && entry.due <= now;
            self.entries.iter().filter(move |(call, entry)| due(entry) && is_allowed(call))
        };
        let urgent = due()
            .filter(|(_, entry)| entry.is_urgent)
            .min_by_key(|(_, entry)| (entry.due, entry.since));
        let other = due()
            .filter(|(_, entry)| !entry.is_urgent)
            .max_by_key(|(_, entry)| (waited(entry, now), Reverse(entry.since)));
        let is_turn = self.picks % TURN == TURN - 1;
        let chosen = if is_turn { other.or(urgent) } else { urgent.or(other) };
        let call = chosen.map(|(call, _)| call.clone())?;
        self.picks = self.picks.wrapping_add(1);
        if let Some(entry) = self.entries.get_mut(&call) {
            entry.is_under_way = true;
        }
        Some(call)
    }

    /// Takes how a request ended.
    pub(crate) fn ended(&mut self, call: &Call, outcome: Outcome, now: MonotonicTime) {
        let Some(entry) = self.entries.get_mut(call) else { return };
        entry.is_under_way = false;
        if outcome == Outcome::Postponed {
            return;
        }
        let since = std::mem::replace(&mut entry.since, now);
        let wait = match outcome {
            Outcome::Failed => {
                entry.failures = entry.failures.saturating_add(1);
                if entry.failures <= KEPT_PLACE {
                    entry.since = since;
                }
                let doubled = BACK_OFF.as_micros() << (entry.failures - 1).min(10);
                let longest = if entry.is_urgent { LONGEST_URGENT } else { LONGEST_BACK_OFF };
                entry.due = now.plus(Span::from_micros(doubled).min(longest));
                return;
            }
            Outcome::More => Span::ZERO,
            Outcome::Done | Outcome::Postponed => entry.every,
            Outcome::NoNews if entry.is_urgent && entry.tries < TRIES => {
                entry.tries += 1;
                entry.failures = 0;
                entry.due = now.plus(AGAIN);
                return;
            }
            Outcome::NoNews if entry.is_urgent => PERIOD,
            // One that is as late may be there soon.
            Outcome::NoNews if entry.had_news && entry.tries < KEPT_PLACE => {
                entry.tries += 1;
                (entry.since, entry.failures) = (since, 0);
                entry.due = now.plus(entry.every.min(PERIOD));
                return;
            }
            // What does not come, or never came, is asked for at its own pace until it does.
            Outcome::NoNews => {
                entry.failures = 0;
                entry.due = now.plus(entry.every);
                return;
            }
            Outcome::News(age) if entry.is_urgent => {
                // Learned where a sample was waited for: a little later, or a little earlier.
                let lag = match entry.tries {
                    0 => self.lag.minus(Span::from_secs(2)),
                    _ => self.lag.plus(Span::from_secs(4)),
                };
                self.lag = lag.min(LONGEST_LAG);
                PERIOD.plus(self.lag).minus(age).max(AGAIN)
            }
            Outcome::News(_) => entry.every,
        };
        entry.had_news |= matches!(outcome, Outcome::News(_));
        (entry.tries, entry.failures) = (0, 0);
        entry.due = now.plus(wait);
    }

    /// Requests in an hour, if all were made when they are wanted.
    pub(crate) fn demand(&self) -> f64 {
        let each = self.entries.values().map(|entry| 3_600.0 / entry.every.as_secs_f64().max(1.0));
        each.sum()
    }
}

/// Time for which it has waited, in thousandths of the time after which it is wanted.
fn waited(entry: &Entry, now: MonotonicTime) -> u64 {
    let every = entry.every.as_micros().max(1);
    now.since(entry.since).as_micros().saturating_mul(1_000) / every
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::call::{Item, Metric},
        *,
    };

    fn at(seconds: u64) -> MonotonicTime {
        MonotonicTime::from_micros((1_000 + seconds) * 1_000_000)
    }

    fn call(id: u64) -> Call {
        Call::Metric(Item::Droplet(id), Metric::Cpu)
    }

    fn wanted(all: impl IntoIterator<Item = (u64, u64, bool)>) -> BTreeMap<Call, Wanted> {
        let one = |(id, every, is_urgent)| {
            (call(id), Wanted { every: Span::from_secs(every), is_urgent })
        };
        all.into_iter().map(one).collect()
    }

    #[test]
    fn what_is_near_a_threshold_goes_first_and_nothing_is_starved() {
        let mut planner = Planner::default();
        planner.want(&wanted((0..20).map(|id| (id, 300, id < 10))), at(0));
        let mut urgent = 0;
        for _ in 0..12 {
            let Some(Call::Metric(Item::Droplet(id), _)) = planner.next(|_| true, at(0)) else {
                panic!("all are due")
            };
            urgent += u32::from(id < 10);
        }
        assert_eq!(urgent, 9, "three of four");
    }

    #[test]
    fn of_the_others_the_one_that_waited_longest_for_its_time_comes_next() {
        let mut planner = Planner::default();
        planner.want(&wanted([(1, 60, false), (2, 600, false)]), at(0));
        for id in [1, 2] {
            planner.ended(&call(id), Outcome::Done, at(0));
        }
        assert_eq!(planner.next(|_| true, at(59)), None);
        planner.want(&wanted([(1, 60, false), (2, 60, false), (3, 600, false)]), at(100));
        planner.ended(&call(2), Outcome::Done, at(30));
        assert_eq!(planner.next(|_| true, at(100)), Some(call(1)));
        assert_eq!(planner.next(|_| true, at(100)), Some(call(2)));
        assert_eq!(planner.next(|_| true, at(100)), Some(call(3)));
        assert_eq!(planner.next(|_| true, at(100)), None);
    }

    #[test]
    fn a_sample_is_asked_for_when_it_is_due_and_again_when_it_is_late() {
        let mut planner = Planner::default();
        planner.want(&wanted([(1, 300, true)]), at(0));
        planner.ended(&call(1), Outcome::News(Span::from_secs(30)), at(0));
        assert_eq!(planner.next(|_| true, at(89)), None);
        assert_eq!(planner.next(|_| true, at(90)), Some(call(1)));
        planner.ended(&call(1), Outcome::NoNews, at(90));
        assert_eq!(planner.next(|_| true, at(104)), None);
        assert_eq!(planner.next(|_| true, at(105)), Some(call(1)));
        planner.ended(&call(1), Outcome::News(Span::from_secs(15)), at(105));
        // It has learned that samples come a little later than they are taken.
        assert_eq!(planner.next(|_| true, at(105 + 108)), None);
        assert_eq!(planner.next(|_| true, at(105 + 109)), Some(call(1)));
    }

    #[test]
    fn what_comes_near_a_threshold_is_asked_for_with_its_next_sample() {
        let mut planner = Planner::default();
        planner.want(&wanted([(1, 600, false)]), at(0));
        planner.ended(&call(1), Outcome::News(Span::from_secs(30)), at(0));
        planner.want(&wanted([(1, 600, true)]), at(0));
        assert_eq!(planner.next(|_| true, at(119)), None);
        assert_eq!(planner.next(|_| true, at(120)), Some(call(1)));
    }

    #[test]
    fn what_never_comes_or_stays_away_is_asked_for_at_its_own_pace() {
        let mut planner = Planner::default();
        planner.want(&wanted([(1, 600, false)]), at(0));
        let mut now = 0;
        let mut waits = |outcome: Outcome, times: usize| {
            let mut all = Vec::new();
            for _ in 0..times {
                let next = (now..).find(|now| planner.next(|_| true, at(*now)).is_some()).unwrap();
                planner.ended(&call(1), outcome, at(next));
                all.push(next - now);
                now = next;
            }
            all
        };
        assert_eq!(waits(Outcome::NoNews, 3), [0, 600, 600]);
        assert_eq!(waits(Outcome::News(Span::from_secs(30)), 1), [600]);
        assert_eq!(waits(Outcome::NoNews, 7), [600, 120, 120, 120, 120, 600, 600]);
    }

    #[test]
    fn failures_are_tried_again_at_a_slower_pace() {
        let mut planner = Planner::default();
        planner.want(&wanted([(1, 60, false)]), at(0));
        let (mut now, mut waits) = (0, Vec::new());
        for _ in 0..7 {
            let asked = (now..).find(|now| planner.next(|_| true, at(*now)).is_some());
            waits.push(asked.unwrap() - now);
            now = asked.unwrap();
            planner.ended(&call(1), Outcome::Failed, at(now));
        }
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300]);
    }

    proptest! {
        #[test]
        fn everything_is_asked_for_in_time_that_follows_from_the_budget(
            outcomes in prop::collection::vec(0_u8..4, 1_200),
            urgent in 0_u64..20,
        ) {
            let mut planner = Planner::default();
            planner.want(&wanted((0..100).map(|id| (id, 300, id < urgent))), at(0));
            let mut asked = [0_u64; 100];
            for (second, outcome) in (0_u64..).zip(outcomes) {
                let Some(one) = planner.next(|_| true, at(second)) else { continue };
                let Call::Metric(Item::Droplet(id), _) = &one else { unreachable!() };
                asked[*id as usize] = second;
                let outcome = match outcome {
                    0 => Outcome::Failed,
                    1 => Outcome::NoNews,
                    _ => Outcome::News(Span::from_secs(60)),
                };
                planner.ended(&one, outcome, at(second));
                // One request a second, of which one of four is for 100 others.
                let longest = asked.iter().map(|at| second.saturating_sub(*at)).max();
                prop_assert!(longest.unwrap() <= 900, "{longest:?} at {second}");
            }
        }
    }
}
