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
    // The window began in the third step, which was not seen, and ended in the fourth.
    let windows = [window("endpoint:*", 12, 16), window("host:*", 0, 30)];
    let with = of(steps, 30, &windows);
    assert_eq!((with.asked, with.answered), (30, 23));
    assert_eq!(with.unseen, Span::from_mins(5), "only the last step");
    let apart = MaintenanceProbes { asked: 10, answered: 0, length: Span::from_mins(10) };
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
    ];
    assert_eq!(windows(&entries), [window("*", 0, 10), window("*", 20, 30)]);
}

#[test]
fn windows_that_touch_are_one_and_no_step_counts_twice() {
    let windows = [window("*", 3, 7), window("endpoint:checkout", 8, 21), window("*", 40, 90)];
    let times = covered(&windows, &checkout(), (at(0), at(60)));
    assert_eq!(times, [(at(0), at(25)), (at(40), at(60))]);
    let other: Subject = "endpoint:search".parse().unwrap();
    assert_eq!(covered(&windows, &other, (at(0), at(30))), [(at(0), at(10))]);
}

#[test]
fn values_of_one_step_from_two_sources_are_put_together() {
    let found = joined(vec![step(5, 1, 1), step(0, 2, 3), step(0, 1, 4), step(5, 0, 2)]);
    let counts: Vec<_> = found.iter().map(|one| (one.start, answered(one), one.count)).collect();
    assert_eq!(counts, [(at(0), 3, 7), (at(5), 1, 3)]);
}

#[test]
fn the_unknown_comes_first_and_then_the_least_available() {
    let mut shares = vec![(99, 100), (0, 0), (1, 2), (5_000_000, 5_000_001), (10, 10), (0, 4)];
    shares.sort_by(|one, other| least_available_first(*one, *other));
    assert_eq!(shares, [(0, 0), (0, 4), (1, 2), (99, 100), (5_000_000, 5_000_001), (10, 10)]);
}

fn any_steps() -> impl Strategy<Value = Vec<ProbeStep>> {
    proptest::collection::btree_map(0i64..200, (0u64..=12, 1u64..=12), 0..80).prop_map(|steps| {
        let one = |(place, (up, count)): (i64, (u64, u64))| step(place * 5, up.min(count), count);
        steps.into_iter().map(one).collect()
    })
}

fn any_windows() -> impl Strategy<Value = Vec<PastWindow>> {
    let any = (0i64..1_000, 0i64..300).prop_map(|(from, long)| window("*", from, from + long));
    proptest::collection::vec(any, 0..6)
}

proptest! {
    /// Every probe is counted once, and every moment is seen, unseen or in maintenance.
    #[test]
    fn nothing_is_lost_and_nothing_counted_twice(
        steps in any_steps(),
        windows in any_windows(),
        minutes in 0i64..1_100,
    ) {
        let range = (at(0), at(minutes));
        let times = covered(&windows, &checkout(), range);
        let counted = probes(&steps, range, &times);
        let all: u64 = steps.iter().filter(|one| one.start < range.1).map(|one| one.count).sum();
        prop_assert_eq!(counted.asked + counted.maintenance.asked, all);
        prop_assert!(counted.answered <= counted.asked);
        let length = range.1.since(range.0);
        let told = counted.seen.plus(counted.maintenance.length);
        prop_assert!(told <= length);
        prop_assert_eq!(told.plus(counted.unseen(length)), length);
    }

    /// The parts of a time come to the whole: what is kept by the hour gives the same figures.
    #[test]
    fn the_hours_come_to_the_whole(steps in any_steps(), windows in any_windows(), hours in 1i64..18) {
        let range = (at(0), at(hours * 60));
        let times = covered(&windows, &checkout(), range);
        let mut sum = Probes::default();
        for hour in 0..hours {
            let part = (at(hour * 60), at((hour + 1) * 60));
            sum.add(&probes(&steps, part, &covered(&windows, &checkout(), part)));
        }
        prop_assert_eq!(sum, probes(&steps, range, &times));
    }
}
