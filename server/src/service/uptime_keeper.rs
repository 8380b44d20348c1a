//! What was counted of probes, kept in memory: hours that nothing is added to any more, and the last
//! answer. Pure but for its locks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use commands::uptime::{EndpointUptime, PERIODS, UptimePage, UptimePeriod};
use domain::{
    subject::Subject,
    time::{MonotonicTime, Span, Timestamp},
};
use engine::availability::{
    PastWindow, ProbeStep, Probes, Range, covered, least_available_first, probes,
};

/// The time that is told of.
pub(super) const REACH: Span = Span::from_mins(90 * DAY_MINUTES);
const DAY_MINUTES: u64 = 24 * 60;
const HOUR: Span = Span::from_mins(60);
const HOUR_MICROS: i64 = HOUR.as_micros().cast_signed();
/// Hours that began so long ago are kept: roll-ups wait for a database that was away.
const SETTLED: Span = Span::from_mins(2 * DAY_MINUTES);
/// What is kept is read again after this time, as readings of the past may have been sent.
const KEPT: Span = Span::from_mins(6 * 60);
/// An answer is good for at least so long, and for so many times as long as it took.
const GOOD_FOR: Span = Span::from_mins(1);
const PACE: u64 = 20;

/// The hour in which a moment is.
pub(super) const fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(HOUR_MICROS) * HOUR_MICROS)
}

/// The hours of an endpoint that are kept.
#[derive(Clone, Debug)]
struct Kept {
    /// Those with probes or maintenance.
    hours: BTreeMap<Timestamp, Probes>,
    /// The first hour that is not in them.
    until: Timestamp,
    read_at: MonotonicTime,
}

/// The answer that was given last.
#[derive(Clone, Debug)]
struct Last {
    page: Arc<UptimePage>,
    counted_at: MonotonicTime,
    took: Span,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<Subject, Kept>,
    last: Option<Last>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct UptimeKeeper {
    state: Mutex<State>,
    /// One counts at a time, and the others wait for its answer.
    pub counting: tokio::sync::Mutex<()>,
}

impl UptimeKeeper {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last answer, while it is good.
    pub fn last(&self, now: MonotonicTime) -> Option<Arc<UptimePage>> {
        let state = self.state();
        let last = state.last.as_ref()?;
        let good_for = Span::from_micros(last.took.as_micros().saturating_mul(PACE)).max(GOOD_FOR);
        (now.since(last.counted_at) < good_for).then(|| Arc::clone(&last.page))
    }

    /// Keeps an answer.
    pub fn keep(&self, page: Arc<UptimePage>, (began, ended): (MonotonicTime, MonotonicTime)) {
        self.state().last = Some(Last { page, counted_at: ended, took: ended.since(began) });
    }

    /// The beginning of what has to be read of an endpoint: earlier hours are kept.
    pub fn read_from(&self, endpoint: &Subject, at: Timestamp, now: MonotonicTime) -> Timestamp {
        let state = self.state();
        let kept = state.kept.get(endpoint).filter(|kept| now.since(kept.read_at) < KEPT);
        let first = hour_of(at.minus(REACH));
        kept.map_or(first, |kept| kept.until.max(first))
    }

    /// Counts the periods of an endpoint, from what is kept and the steps since [`Self::read_from`];
    /// `None` if it was not probed in any of them.
    pub fn count(
        &self,
        endpoint: &Subject,
        (from, steps): (Timestamp, &[ProbeStep]),
        windows: &[PastWindow],
        (at, now): (Timestamp, MonotonicTime),
    ) -> Option<EndpointUptime> {
        let first = hour_of(at.minus(REACH));
        let mut hours = {
            let mut state = self.state();
            let kept = state.kept.entry(endpoint.clone()).or_insert_with(|| Kept {
                hours: BTreeMap::new(),
                until: from,
                read_at: now,
            });
            if from <= first {
                kept.hours.clear();
                kept.read_at = now;
            }
            let read = by_hour(endpoint, (from, at), steps, windows);
            let settled = hour_of(at.minus(SETTLED));
            kept.hours.retain(|hour, _| (first..from).contains(hour));
            kept.hours.extend(read.range(..settled.max(from)).map(|(hour, one)| (*hour, *one)));
            kept.until = settled.max(from);
            let mut hours = kept.hours.clone();
            hours.extend(read);
            hours
        };
        hours.retain(|hour, _| *hour >= first);
        let periods: Vec<UptimePeriod> =
            PERIODS.into_iter().map(|days| period(&hours, days, at)).collect();
        let is_seen = |one: &UptimePeriod| {
            one.asked + one.maintenance.map_or(0, |maintenance| maintenance.asked) > 0
        };
        periods.iter().any(is_seen).then(|| EndpointUptime { endpoint: endpoint.clone(), periods })
    }
}

/// Probes by hour; hours of which nothing is told are left out.
fn by_hour(
    endpoint: &Subject,
    (from, to): Range,
    steps: &[ProbeStep],
    windows: &[PastWindow],
) -> BTreeMap<Timestamp, Probes> {
    let maintenance = covered(windows, endpoint, (from, to));
    let mut hours = BTreeMap::new();
    let mut rest = steps;
    let mut hour = hour_of(from);
    while hour < to {
        let end = hour.plus(HOUR).min(to);
        let (of_hour, later) = rest.split_at(rest.partition_point(|step| step.start < end));
        rest = later;
        let within: Vec<Range> = maintenance
            .iter()
            .map(|(from, to)| ((*from).max(hour), (*to).min(end)))
            .filter(|(from, to)| from < to)
            .collect();
        let counted = probes(of_hour, (hour, end), &within);
        if counted != Probes::default() {
            hours.insert(hour, counted);
        }
        hour = hour.plus(HOUR);
    }
    hours
}

fn period(hours: &BTreeMap<Timestamp, Probes>, days: u32, at: Timestamp) -> UptimePeriod {
    let from = hour_of(at.minus(Span::from_mins(u64::from(days) * DAY_MINUTES)));
    let mut counted = Probes::default();
    hours.range(from..).for_each(|(_, hour)| counted.add(hour));
    UptimePeriod {
        days,
        from,
        to: at,
        asked: counted.asked,
        answered: counted.answered,
        unseen: counted.unseen(at.since(from)),
        maintenance: counted.in_maintenance(),
    }
}

/// Puts endpoints in the order in which they are told: by the longest period.
pub(super) fn in_order(endpoints: &mut [EndpointUptime]) {
    let share =
        |one: &EndpointUptime| one.periods.last().map_or((0, 0), |one| (one.answered, one.asked));
    endpoints.sort_by(|one, other| {
        least_available_first(share(one), share(other))
            .then_with(|| one.endpoint.cmp(&other.endpoint))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes after the beginning of an hour.
    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_secs(1_795_341_600 + minutes * 60)
    }

    fn mono(minutes: u64) -> MonotonicTime {
        MonotonicTime::from_micros(minutes * 60_000_000)
    }

    fn checkout() -> Subject {
        "endpoint:checkout".parse().unwrap()
    }

    /// A probe a minute between two moments, all answered, or none.
    fn steps(range: std::ops::Range<i64>, mean: f64) -> Vec<ProbeStep> {
        range.step_by(5).map(|minute| ProbeStep { start: at(minute), mean, count: 5 }).collect()
    }

    fn counts(found: &EndpointUptime) -> Vec<(u64, u64)> {
        found.periods.iter().map(|one| (one.answered, one.asked)).collect()
    }

    const DAY: i64 = 24 * 60;

    #[test]
    fn each_period_has_its_own_figures_and_its_own_gap() {
        let keeper = UptimeKeeper::default();
        let now = at(90 * DAY + 30);
        let from = keeper.read_from(&checkout(), now, mono(0));
        assert_eq!(from, at(0), "90 days, from a full hour on");
        // Watched for 8 days, the first of which failed.
        let mut all = steps(82 * DAY..83 * DAY, 0.0);
        all.extend(steps(83 * DAY..90 * DAY + 30, 1.0));
        let found = keeper.count(&checkout(), (from, &all), &[], (now, mono(0))).unwrap();
        let minutes = |days: i64| u64::try_from(days * DAY).unwrap() + 30;
        assert_eq!(
            counts(&found),
            [
                (minutes(1), minutes(1)),
                (minutes(7), minutes(7)),
                (minutes(7), minutes(8)),
                (minutes(7), minutes(8))
            ]
        );
        let unseen: Vec<u64> = found.periods.iter().map(|one| one.unseen.as_secs() / 60).collect();
        assert_eq!(unseen, [0, 0, 22 * 1_440, 82 * 1_440]);
        let never: Subject = "endpoint:never".parse().unwrap();
        assert_eq!(keeper.count(&never, (from, &[]), &[], (now, mono(0))), None);
    }

    #[test]
    fn what_is_kept_gives_the_same_as_what_is_read_anew() {
        let keeper = UptimeKeeper::default();
        let mut all = steps(3 * DAY..50 * DAY, 1.0);
        all.extend(steps(50 * DAY..50 * DAY + 60, 0.2));
        all.extend(steps(51 * DAY..97 * DAY, 1.0));
        let windows = [PastWindow {
            subjects: vec!["*".parse().unwrap()],
            from: at(60 * DAY),
            to: at(60 * DAY + 90),
        }];
        // The clock goes on by some minutes, hours and days, and what is read is ever less.
        for (minute, is_kept) in
            [(90 * DAY, false), (90 * DAY + 7, true), (91 * DAY + 130, true), (96 * DAY, true)]
        {
            let (now, clock) = (at(minute), mono(u64::try_from(minute - 90 * DAY).unwrap() / 30));
            let from = keeper.read_from(&checkout(), now, clock);
            assert_eq!(from > hour_of(now.minus(REACH)), is_kept, "{minute}");
            let known: Vec<ProbeStep> = all.iter().copied().filter(|one| one.start < now).collect();
            let since: Vec<ProbeStep> =
                known.iter().copied().filter(|one| one.start >= from).collect();
            let found = keeper.count(&checkout(), (from, &since), &windows, (now, clock));
            let anew = UptimeKeeper::default();
            let first = anew.read_from(&checkout(), now, clock);
            assert_eq!(found, anew.count(&checkout(), (first, &known), &windows, (now, clock)));
            let found = found.unwrap();
            let last = found.periods.last().unwrap();
            assert_eq!(last.maintenance.unwrap().asked, 90);
            assert!(last.answered < last.asked);
        }
        // After some hours all is read again.
        assert_eq!(keeper.read_from(&checkout(), at(96 * DAY), mono(10_000)), at(6 * DAY));
    }

    #[test]
    fn an_answer_is_good_for_a_minute_and_longer_if_it_took_long() {
        let keeper = UptimeKeeper::default();
        let page = || {
            Arc::new(UptimePage {
                cursor: domain::journal::Cursor::default(),
                at: at(0),
                endpoints: Vec::new(),
                left_out: 0,
            })
        };
        assert!(keeper.last(mono(0)).is_none());
        keeper.keep(page(), (mono(0), mono(0)));
        assert!(keeper.last(MonotonicTime::from_micros(59_000_000)).is_some());
        assert!(keeper.last(mono(1)).is_none());
        keeper.keep(page(), (mono(1), mono(2)));
        assert!(keeper.last(mono(21)).is_some());
        assert!(keeper.last(mono(22)).is_none());
    }
}
