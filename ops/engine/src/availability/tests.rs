use domain::{actor::Actor, maintenance::MaintenanceWindow};
use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_secs(1_795_341_600 + minute * 60)
}

fn step(minute: i64, answered: u64, count: u64) -> ProbeStep {
    ProbeStep { start: at(minute), mean: answered as f64 / count as f64, count }
}

fn checkout() -> Subject {
    "endpoint:checkout".parse().unwrap()
}

fn window(pattern: &str, from: i64, to: i64) -> PastWindow {
    PastWindow { subjects: vec![pattern.parse().unwrap()], from: at(from), to: at(to) }
}

fn of(steps: Vec<ProbeStep>, minutes: i64, windows: &[PastWindow]) -> Availability {
    let series = ProbeSeries { endpoint: checkout(), steps };
    availability(&series, (at(0), at(minutes)), windows)
}

#[test]
fn what_is_not_seen_is_no_failure_and_maintenance_is_apart() {
    let steps = vec![step(0, 10, 10), step(5, 4, 10), step(15, 0, 10), step(20, 9, 10)];
    let without = of(steps.clone(), 30, &[]);
    assert_eq!((without.asked, without.answered), (40, 23));
    assert_eq!((without.unseen, without.maintenance), (Span::from_mins(10), None));
    // The window began in the third step, which was not seen, and ended with the fourth.
    let windows = [window("endpoint:*", 12, 20), window("host:*", 0, 30)];
    let with = of(steps, 30, &windows);
    assert_eq!((with.asked, with.answered), (30, 23));
    assert_eq!(with.unseen, Span::from_mins(7), "the last step, and the time before the window");
    let apart = MaintenanceProbes { asked: 10, answered: 0, length: Span::from_mins(8) };
    assert_eq!(with.maintenance, Some(apart));
    let nothing = of(Vec::new(), 30, &[]);
    assert_eq!((nothing.asked, nothing.unseen), (0, Span::from_mins(30)));
}

#[test]
fn a_window_ends_when_the_first_of_its_ends_has_come() {
    let entry =
        |number, minute, event| Entry { number, at: at(minute), actor: Actor::Local, event };
    let begun = |until| {
        let window = MaintenanceWindow {
            subjects: vec!["*".parse().unwrap()],
            until: at(until),
            reason: "upgrade".into(),
        };
        Some(Event::MaintenanceBegun { window: Box::new(window) })
    };
    let ended =
        |window| Some(Event::MaintenanceEnded { window, would_have_alerted: vec![], more: 0 });
    let entries = [
        entry(4, 0, begun(60)),
        entry(5, 10, ended(4)),
        entry(6, 20, begun(30)),
        // Its end was written late.
        entry(7, 45, ended(6)),
        // Nothing else is known of a window whose words were removed.
        entry(8, 50, None),
        entry(9, 55, ended(8)),
        // Two ended it at the same time.
        entry(10, 60, begun(90)),
        entry(11, 65, ended(10)),
        entry(12, 70, ended(10)),
    ];
    let expected = [window("*", 0, 10), window("*", 20, 30), window("*", 60, 65)];
    assert_eq!(windows(&entries), expected);
}

#[test]
fn a_window_without_its_reason_keeps_its_times_and_subjects() {
    let entry =
        |number, minute, event| Entry { number, at: at(minute), actor: Actor::Local, event };
    let redacted = |of, pattern: &str, until| {
        let subjects = vec![pattern.parse().unwrap()];
        let window = MaintenanceWindow { subjects, until: at(until), reason: String::new() };
        let (reason, window) = ("a name".into(), Some(Box::new(window)));
        Some(Event::Redacted { entry: of, reason, message: None, step: None, window })
    };
    let ended =
        |window| Some(Event::MaintenanceEnded { window, would_have_alerted: vec![], more: 0 });
    let entries = [
        entry(4, 0, None),
        entry(5, 10, ended(4)),
        entry(6, 20, None),
        entry(7, 30, redacted(4, "endpoint:*", 60)),
        entry(8, 31, redacted(6, "*", 50)),
        // The entry that it is about was not read.
        entry(9, 32, redacted(2, "*", 50)),
    ];
    assert_eq!(windows(&entries), [window("endpoint:*", 0, 10), window("*", 20, 50)]);
}

#[test]
fn windows_that_touch_are_one_and_cover_no_moment_more() {
    let windows = [window("*", 3, 7), window("endpoint:checkout", 7, 21), window("*", 40, 90)];
    let times = covered(&windows, &checkout(), (at(0), at(60)));
    assert_eq!(times, [(at(3), at(21)), (at(40), at(60))]);
    let other: Subject = "endpoint:search".parse().unwrap();
    assert_eq!(covered(&windows, &other, (at(0), at(30))), [(at(3), at(7))]);
}

#[test]
fn failures_shortly_before_and_after_a_window_count() {
    // A probe a minute; the endpoint failed from minute 11 to 19.
    let minute = |n: i64| step(n, u64::from(!(11..19).contains(&n)), 1);
    let windows = [window("*", 12, 17)];
    let times = covered(&windows, &checkout(), (at(0), at(30)));
    let steps = steps_of((0..30).map(minute), &times);
    assert!(steps.len() < 30, "only beside the edges steps are short");
    let found = of(steps, 30, &windows);
    assert_eq!((found.asked, found.answered), (25, 22));
    assert_eq!(found.unseen, Span::ZERO);
    let apart = MaintenanceProbes { asked: 5, answered: 0, length: Span::from_mins(5) };
    assert_eq!(found.maintenance, Some(apart));
}

#[test]
fn a_rare_probe_holds_until_the_next_one_was_due() {
    for every in [5, 6, 7, 9, 12, 15, 30, 59, 60] {
        let rare = |from: i64, to: i64| {
            let minutes = (from..to).filter(|minute| minute % every == 0);
            steps_of(minutes.map(|minute| step(minute, 1, 1)), &[])
        };
        let series = ProbeSeries { endpoint: checkout(), steps: rare(-360, 600) };
        let of = |from, to| availability(&series, (at(from), at(to)), &[]).unseen;
        assert_eq!(of(0, 600), Span::ZERO, "every {every} minutes");
        // Also in a part in which there is no probe.
        assert_eq!(of(61, 64), Span::ZERO, "every {every} minutes");
        // When they end, no more than the next one is waited for.
        let unseen = of(600, 1_200).as_secs() / 60;
        assert!((530..=600).contains(&unseen), "every {every} minutes: {unseen}");
        // Some that are missing were not seen.
        let mut steps = rare(-360, 0);
        steps.extend(rare(5 * every, 600));
        let series = ProbeSeries { endpoint: checkout(), steps };
        let unseen = availability(&series, (at(0), at(600)), &[]).unseen.as_secs() / 60;
        let missing = u64::try_from(every).unwrap();
        assert!((3 * missing..=5 * missing).contains(&unseen), "every {every} minutes: {unseen}");
    }
}

#[test]
fn gaps_of_frequent_probes_are_no_rare_probes() {
    // A probe a minute, with gaps of ten minutes in each half hour.
    let minutes = (0..300).filter(|minute| minute % 30 < 20);
    let found = of(steps_of(minutes.map(|minute| step(minute, 1, 1)), &[]), 300, &[]);
    assert_eq!(found.unseen, Span::from_mins(100));
    // A single probe tells of its own step alone.
    assert_eq!(of(vec![step(0, 1, 1)], 30, &[]).unseen, Span::from_mins(25));
    // However rare they are, a probe tells of an hour at most.
    let rare = vec![step(0, 1, 1), step(600, 1, 1), step(1_200, 1, 1)];
    assert_eq!(of(rare, 1_400, &[]).unseen, Span::from_mins(1_400 - 5 - 65 - 65));
}

#[test]
fn values_of_one_step_from_two_sources_are_put_together() {
    let found = steps_of(vec![step(0, 2, 3), step(1, 1, 4), step(5, 1, 1), step(9, 0, 2)], &[]);
    let counts: Vec<_> = found.iter().map(|one| (one.start, answered(one), one.count)).collect();
    assert_eq!(counts, [(at(0), 3, 7), (at(5), 1, 3)]);
}

#[test]
fn the_unknown_comes_first_and_then_the_least_available() {
    let mut shares = vec![(99, 100), (0, 0), (1, 2), (5_000_000, 5_000_001), (10, 10), (0, 4)];
    shares.sort_by(|one, other| least_available_first(*one, *other));
    assert_eq!(shares, [(0, 0), (0, 4), (1, 2), (99, 100), (5_000_000, 5_000_001), (10, 10)]);
}

fn any_minutes() -> impl Strategy<Value = Vec<ProbeStep>> {
    proptest::collection::btree_map(0i64..1_000, (0u64..=12, 1u64..=12), 0..200).prop_map(|all| {
        let one = |(minute, (up, count)): (i64, (u64, u64))| step(minute, up.min(count), count);
        all.into_iter().map(one).collect()
    })
}

fn any_windows() -> impl Strategy<Value = Vec<PastWindow>> {
    let any = (0i64..1_000, 0i64..300).prop_map(|(from, long)| window("*", from, from + long));
    proptest::collection::vec(any, 0..6)
}

proptest! {
    /// Every probe is counted once, and every moment is seen, unseen or in maintenance. Steps give
    /// the same counts as minutes.
    #[test]
    fn nothing_is_lost_and_nothing_counted_twice(
        minutes in any_minutes(),
        windows in any_windows(),
        long in 0i64..220,
    ) {
        let range = (at(0), at(long * 5));
        let times = covered(&windows, &checkout(), range);
        let steps = steps_of(minutes.clone(), &times);
        let counted = probes(&steps, &watched(&steps), range, &times);
        let all: u64 = minutes.iter().filter(|one| one.start < range.1).map(|one| one.count).sum();
        prop_assert_eq!(counted.asked + counted.maintenance.asked, all);
        prop_assert!(counted.answered <= counted.asked);
        let is_apart = |one: &&ProbeStep| {
            windows.iter().any(|window| window.from <= one.start && one.start < window.to)
        };
        let apart = minutes.iter().filter(|one| one.start < range.1).filter(is_apart);
        prop_assert_eq!(counted.maintenance.asked, apart.map(|one| one.count).sum::<u64>());
        let length = range.1.since(range.0);
        let told = counted.seen.plus(counted.maintenance.length);
        prop_assert!(told <= length);
        prop_assert_eq!(told.plus(counted.unseen(length)), length);
    }

    /// The parts of a time come to the whole: what is kept by the hour gives the same figures.
    #[test]
    fn the_hours_come_to_the_whole(
        minutes in any_minutes(),
        windows in any_windows(),
        hours in 1i64..18,
    ) {
        let range = (at(0), at(hours * 60));
        let times = covered(&windows, &checkout(), range);
        let steps = steps_of(minutes, &times);
        let watched = watched(&steps);
        let mut sum = Probes::default();
        for hour in 0..hours {
            let part = (at(hour * 60), at((hour + 1) * 60));
            sum.add(&probes(&steps, &watched, part, &covered(&windows, &checkout(), part)));
        }
        prop_assert_eq!(sum, probes(&steps, &watched, range, &times));
    }
}
