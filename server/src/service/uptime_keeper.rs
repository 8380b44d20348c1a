//! The counts of probes, kept in memory: hours that nothing is added to any more, and the last
//! answers. Pure but for its locks.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use commands::uptime::{EndpointUptime, PERIODS, UptimePage, UptimePeriod};
use domain::{
    subject::Subject,
    time::{MonotonicTime, Span, Timestamp},
};
use engine::availability::{
    PastWindow, ProbeStep, Probes, Range, covered, least_available_first, probes, watched,
};

/// The time that is told of.
pub(super) const REACH: Span = Span::from_mins(90 * DAY_MINUTES);
const DAY_MINUTES: u64 = 24 * 60;
const HOUR: Span = Span::from_mins(60);
const HOUR_MICROS: i64 = HOUR.as_micros().cast_signed();
/// Hours that began so long ago are kept: roll-ups wait for a database that was away.
const SETTLED: Span = Span::from_mins(2 * DAY_MINUTES);
/// The time after which the kept counts are read again, as readings of the past may have been sent:
/// a few endpoints at a time.
const KEPT: Span = Span::from_mins(6 * 60);
/// For each of these times that has passed, an endpoint is read again.
const PAUSE: Span = Span::from_mins(1);
/// The most endpoints that are read again at a time.
const MOST_AGAIN: usize = 20;
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
    /// The time of its last turn to be read again: one that can't be read does not keep others from
    /// it.
    tried_at: MonotonicTime,
}

impl Kept {
    fn is_old(&self, now: MonotonicTime) -> bool {
        now.since(self.read_at) >= KEPT
    }
}

/// The answer about one endpoint.
#[derive(Clone, Debug)]
struct Answer {
    uptime: Option<EndpointUptime>,
    counted_at: MonotonicTime,
}

impl Answer {
    fn is_good(&self, now: MonotonicTime) -> bool {
        now.since(self.counted_at) < GOOD_FOR
    }
}

/// The answer about all endpoints that was given last.
#[derive(Clone, Debug)]
struct Last {
    page: Arc<UptimePage>,
    counted_at: MonotonicTime,
    took: Span,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<Subject, Kept>,
    /// The time at which endpoints were read again.
    read_again_at: Option<MonotonicTime>,
    answers: HashMap<Subject, Answer>,
    /// One counts an endpoint at a time, and the others wait for its answer.
    counting: HashMap<Subject, Arc<tokio::sync::Mutex<()>>>,
    last: Option<Last>,
    windows: Option<(Arc<Vec<PastWindow>>, MonotonicTime)>,
}

impl State {
    /// The last answer about all, while it is good.
    fn last(&self, now: MonotonicTime) -> Option<&Arc<UptimePage>> {
        let last = self.last.as_ref()?;
        let good_for = Span::from_micros(last.took.as_micros().saturating_mul(PACE)).max(GOOD_FOR);
        (now.since(last.counted_at) < good_for).then_some(&last.page)
    }

    /// The newest answer about an endpoint, alone or among all, while it is good.
    fn answer(&self, endpoint: &Subject, now: MonotonicTime) -> Option<Option<EndpointUptime>> {
        let own = self.answers.get(endpoint).filter(|one| one.is_good(now));
        let counted_at = self.last.as_ref().map(|last| last.counted_at);
        if let Some(own) = own.filter(|own| counted_at.is_none_or(|all| all < own.counted_at)) {
            return Some(own.uptime.clone());
        }
        // One that is not among all may be new, or left out.
        let among = self.last(now).and_then(|all| {
            let found = all.endpoints.iter().find(|one| one.endpoint == *endpoint);
            found.map(|one| Some(one.clone()))
        });
        among.or_else(|| own.map(|own| own.uptime.clone()))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct UptimeKeeper {
    state: Mutex<State>,
    /// One counts all at a time, and the others wait for its answer.
    pub counting: tokio::sync::Mutex<()>,
}

impl UptimeKeeper {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last answer, while it is good.
    pub fn last(&self, now: MonotonicTime) -> Option<Arc<UptimePage>> {
        self.state().last(now).map(Arc::clone)
    }

    /// The answer about an endpoint: counted once, and the same for all who ask within a minute.
    pub async fn shared<E>(
        &self,
        endpoint: &Subject,
        clock: impl Fn() -> MonotonicTime,
        count: impl Future<Output = Result<Option<EndpointUptime>, E>>,
    ) -> Result<Option<EndpointUptime>, E> {
        let known = || self.state().answer(endpoint, clock());
        if let Some(uptime) = known() {
            return Ok(uptime);
        }
        let counting = self.counting_one(endpoint);
        let _one = counting.lock().await;
        if let Some(uptime) = known() {
            return Ok(uptime);
        }
        let uptime = count.await?;
        let counted_at = clock();
        let answer = Answer { uptime: uptime.clone(), counted_at };
        let mut state = self.state();
        state.answers.retain(|_, one| one.is_good(counted_at));
        state.answers.insert(endpoint.clone(), answer);
        Ok(uptime)
    }

    /// The lock of those who count an endpoint.
    fn counting_one(&self, endpoint: &Subject) -> Arc<tokio::sync::Mutex<()>> {
        let mut state = self.state();
        state.counting.retain(|_, one| Arc::strong_count(one) > 1);
        Arc::clone(state.counting.entry(endpoint.clone()).or_default())
    }

    /// The maintenance windows that were read within the last minute.
    pub fn windows(&self, now: MonotonicTime) -> Option<Arc<Vec<PastWindow>>> {
        let state = self.state();
        let (windows, read_at) = state.windows.as_ref()?;
        (now.since(*read_at) < GOOD_FOR).then(|| Arc::clone(windows))
    }

    /// Keeps the maintenance windows.
    pub fn keep_windows(&self, windows: &Arc<Vec<PastWindow>>, now: MonotonicTime) {
        self.state().windows = Some((Arc::clone(windows), now));
    }

    /// Keeps an answer.
    pub fn keep(&self, page: Arc<UptimePage>, (began, ended): (MonotonicTime, MonotonicTime)) {
        self.state().last = Some(Last { page, counted_at: ended, took: ended.since(began) });
    }

    /// The endpoints among all that are read again now, as they are kept for long: those that have
    /// waited longest, as many as minutes have passed since the last ones. What is kept of others
    /// is forgotten, unless one is being counted.
    pub fn due(&self, all: &BTreeSet<Subject>, now: MonotonicTime) -> BTreeSet<Subject> {
        let mut state = self.state();
        let State { kept, counting, .. } = &mut *state;
        kept.retain(|endpoint, _| {
            let is_counted = |one: &Arc<tokio::sync::Mutex<()>>| Arc::strong_count(one) > 1;
            all.contains(endpoint) || counting.get(endpoint).is_some_and(is_counted)
        });
        let pauses = |last| now.since(last).as_micros() / PAUSE.as_micros();
        let passed = state.read_again_at.map_or(1, pauses);
        let most = usize::try_from(passed).unwrap_or(MOST_AGAIN).min(MOST_AGAIN);
        let is_due =
            |(endpoint, kept): &(&Subject, &Kept)| kept.is_old(now) && all.contains(*endpoint);
        let due = state.kept.iter().filter(is_due);
        let mut due: Vec<_> =
            due.map(|(endpoint, kept)| (kept.tried_at, endpoint.clone())).collect();
        due.sort_unstable();
        due.truncate(most);
        if !due.is_empty() {
            state.read_again_at = Some(now);
        }
        for (_, endpoint) in &due {
            if let Some(kept) = state.kept.get_mut(endpoint) {
                kept.tried_at = now;
            }
        }
        due.into_iter().map(|(_, endpoint)| endpoint).collect()
    }

    /// True if what is kept of an endpoint has been kept for long.
    pub fn is_old(&self, endpoint: &Subject, now: MonotonicTime) -> bool {
        self.state().kept.get(endpoint).is_some_and(|kept| kept.is_old(now))
    }

    /// The beginning of what has to be read of an endpoint: earlier hours are kept, unless it is read
    /// again.
    pub fn read_from(&self, endpoint: &Subject, at: Timestamp, again: bool) -> Timestamp {
        let first = hour_of(at.minus(REACH));
        let state = self.state();
        let kept = state.kept.get(endpoint).filter(|_| !again);
        kept.map_or(first, |kept| kept.until.max(first))
    }

    /// Counts the periods of an endpoint, from what is kept and the steps since
    /// [`Self::read_from`], with those of [`LOOK_BACK`](engine::availability::LOOK_BACK) before it;
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
                tried_at: now,
            });
            if from <= first {
                kept.hours.clear();
                (kept.read_at, kept.tried_at) = (now, now);
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
    let watched = watched(steps);
    let mut hours = BTreeMap::new();
    let mut hour = hour_of(from);
    while hour < to {
        let end = hour.plus(HOUR).min(to);
        let counted = probes(steps, &watched, (hour, end), &maintenance);
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
    use std::sync::atomic::{AtomicU64, Ordering};

    use engine::availability::{LOOK_BACK, step_of};

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
        let from = keeper.read_from(&checkout(), now, false);
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
            let from = keeper.read_from(&checkout(), now, false);
            assert_eq!(from > hour_of(now.minus(REACH)), is_kept, "{minute}");
            let known: Vec<ProbeStep> = all.iter().copied().filter(|one| one.start < now).collect();
            let read = from.minus(LOOK_BACK);
            let since: Vec<ProbeStep> =
                known.iter().copied().filter(|one| one.start >= read).collect();
            let found = keeper.count(&checkout(), (from, &since), &windows, (now, clock));
            let anew = UptimeKeeper::default();
            let first = anew.read_from(&checkout(), now, false);
            assert_eq!(found, anew.count(&checkout(), (first, &known), &windows, (now, clock)));
            let found = found.unwrap();
            let last = found.periods.last().unwrap();
            assert_eq!(last.maintenance.unwrap().asked, 90);
            assert!(last.answered < last.asked);
        }
    }

    #[test]
    fn rare_probes_hold_over_the_hours_that_are_kept() {
        let keeper = UptimeKeeper::default();
        // A probe every 50 minutes, so that some hours have none, and one that is the last.
        let all: Vec<ProbeStep> = (0..95 * DAY)
            .step_by(50)
            .map(|minute| ProbeStep { start: step_of(at(minute)), mean: 1.0, count: 1 })
            .collect();
        for minute in [92 * DAY, 92 * DAY + 61, 93 * DAY + 127, 95 * DAY] {
            let (now, clock) = (at(minute), mono(u64::try_from(minute - 92 * DAY).unwrap() / 30));
            let from = keeper.read_from(&checkout(), now, false);
            let read = from.minus(LOOK_BACK);
            let is_read = |one: &&ProbeStep| read <= one.start && one.start < now;
            let since: Vec<ProbeStep> = all.iter().filter(is_read).copied().collect();
            let found = keeper.count(&checkout(), (from, &since), &[], (now, clock)).unwrap();
            for period in &found.periods {
                assert_eq!(period.unseen, Span::ZERO, "{minute} {}", period.days);
                let asked = period.to.since(period.from).as_secs() / 3_000;
                assert!(period.asked.abs_diff(asked) <= 1, "{period:?}");
            }
        }
    }

    /// Counts endpoints at a minute, and tells which were read from the beginning on.
    fn read_anew(keeper: &UptimeKeeper, names: &BTreeSet<Subject>, minute: u64) -> Vec<usize> {
        let now = at(90 * DAY + i64::try_from(minute).unwrap());
        let due = keeper.due(names, mono(minute));
        let mut read = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let from = keeper.read_from(name, now, due.contains(name));
            if from == hour_of(now.minus(REACH)) {
                read.push(place);
            }
            let steps = [ProbeStep { start: now.minus(HOUR), mean: 1.0, count: 5 }];
            keeper.count(name, (from, &steps), &[], (now, mono(minute)));
        }
        read
    }

    fn names(count: usize) -> BTreeSet<Subject> {
        (0..count).map(|n| format!("endpoint:e{n:02}").parse().unwrap()).collect()
    }

    #[test]
    fn what_is_kept_for_long_is_read_again_and_what_waits_longest_comes_first() {
        let (keeper, names) = (UptimeKeeper::default(), names(20));
        assert_eq!(read_anew(&keeper, &names, 0).len(), 20);
        assert_eq!(read_anew(&keeper, &names, 359), [0; 0]);
        assert_eq!(read_anew(&keeper, &names, 1_000), [0]);
        assert_eq!(read_anew(&keeper, &names, 1_000), [0; 0], "one a minute");
        assert_eq!(read_anew(&keeper, &names, 1_001), [1]);
        assert_eq!(read_anew(&keeper, &names, 1_004), [2, 3, 4]);
        // One that can't be read has its turn after the others.
        assert_eq!(keeper.due(&names, mono(1_005)).len(), 1);
        assert_eq!(read_anew(&keeper, &names, 1_007), [6, 7]);
        for (place, minute) in (8..20).chain([5]).zip(1_008..) {
            assert_eq!(read_anew(&keeper, &names, minute), [place]);
        }
        assert_eq!(read_anew(&keeper, &names, 1_021), [0; 0]);
        assert_eq!(read_anew(&keeper, &names, 1_362), [0, 1]);
        // One that is looked at by itself is read again whatever others wait.
        assert!(!keeper.is_old(&checkout(), mono(9_000)), "it is not kept");
        let last = names.last().unwrap();
        assert!(!keeper.is_old(last, mono(1_370)) && keeper.is_old(last, mono(9_000)));
    }

    #[test]
    fn what_is_kept_of_endpoints_that_are_gone_is_forgotten() {
        let (keeper, mut names) = (UptimeKeeper::default(), names(3));
        read_anew(&keeper, &names, 0);
        let gone = names.pop_first().unwrap();
        let counted = names.pop_first().unwrap();
        let counting = keeper.counting_one(&counted);
        keeper.due(&names, mono(1));
        let kept = |one: &Subject| keeper.state().kept.contains_key(one);
        assert!(!kept(&gone) && kept(&counted) && names.iter().all(kept));
        drop(counting);
        keeper.due(&names, mono(2));
        assert!(!kept(&counted) && names.iter().all(kept));
    }

    #[test]
    fn rare_counts_read_all_endpoints_again_in_turn_and_never_too_many_at_once() {
        let (keeper, names) = (UptimeKeeper::default(), names(70));
        read_anew(&keeper, &names, 0);
        // It takes a minute, so that it is counted every twenty.
        let mut read_at = vec![0; names.len()];
        for minute in (20..3_000).step_by(20) {
            let read = read_anew(&keeper, &names, minute);
            assert!(read.len() <= MOST_AGAIN);
            read.into_iter().for_each(|place| read_at[place] = minute);
            let oldest = read_at.iter().min().unwrap();
            assert!(minute - oldest <= 360 + 80, "minute {minute}: {read_at:?}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_is_counted_once_a_minute_for_all_who_ask() {
        let keeper = UptimeKeeper::default();
        let counts = AtomicU64::new(0);
        let ask = async |endpoint: &str, minutes: u64| {
            let endpoint: Subject = endpoint.parse().unwrap();
            let count = async {
                counts.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<_, ()>(None)
            };
            keeper.shared(&endpoint, || mono(minutes), count).await.unwrap()
        };
        let one = || ask("endpoint:checkout", 0);
        assert_eq!(tokio::join!(one(), one(), one(), one()), (None, None, None, None));
        assert_eq!(counts.load(Ordering::Relaxed), 1);
        ask("endpoint:search", 0).await;
        assert_eq!(counts.load(Ordering::Relaxed), 2, "each has its own answer");
        ask("endpoint:checkout", 1).await;
        assert_eq!(counts.load(Ordering::Relaxed), 3);
        assert_eq!(keeper.state().answers.len(), 1, "what is older is forgotten");
        // A failure is no answer.
        let endpoint = checkout();
        let fails = async { Err::<Option<EndpointUptime>, _>("away") };
        assert_eq!(keeper.shared(&endpoint, || mono(9), fails).await, Err("away"));
        // What was counted for all is good for one.
        let found = EndpointUptime { endpoint: checkout(), periods: Vec::new() };
        let page = UptimePage {
            cursor: domain::journal::Cursor::default(),
            at: at(0),
            endpoints: vec![found.clone()],
            left_out: 0,
        };
        keeper.keep(Arc::new(page), (mono(9), mono(9)));
        let never = async { Err("counted") };
        assert_eq!(keeper.shared(&endpoint, || mono(9), never).await, Ok(Some(found)));
    }

    #[tokio::test]
    async fn an_endpoint_that_takes_long_keeps_no_other_waiting() {
        let keeper = UptimeKeeper::default();
        let other_is_counted = tokio::sync::Notify::new();
        let long = async {
            other_is_counted.notified().await;
            Ok::<_, ()>(None)
        };
        let (checkout, search) = (checkout(), "endpoint:search".parse::<Subject>().unwrap());
        let long = keeper.shared(&checkout, || mono(0), long);
        let other = async {
            let found = keeper.shared(&search, || mono(0), async { Ok::<_, ()>(None) }).await;
            other_is_counted.notify_one();
            found
        };
        let both = async { tokio::join!(long, other) };
        let found = tokio::time::timeout(std::time::Duration::from_secs(10), both).await;
        assert_eq!(found.unwrap(), (Ok(None), Ok(None)));
        drop(keeper.counting_one(&checkout));
        assert_eq!(keeper.state().counting.len(), 1, "locks that nobody holds are forgotten");
    }

    #[test]
    fn windows_are_read_once_a_minute() {
        let keeper = UptimeKeeper::default();
        assert_eq!(keeper.windows(mono(0)), None);
        let windows = Arc::new(Vec::new());
        keeper.keep_windows(&windows, mono(0));
        assert_eq!(keeper.windows(MonotonicTime::from_micros(59_000_000)), Some(windows));
        assert_eq!(keeper.windows(mono(1)), None);
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
