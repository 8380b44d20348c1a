//! Tests of how often the impact is journalled.

use domain::impact::MOST_NAMED;

use super::*;

fn crowd(count: usize, failed: u64) -> Vec<OrganizationMinute> {
    (0..count).map(|index| minute(&format!("o{index:03}"), failed, 100)).collect()
}

#[test]
fn small_changes_are_not_journalled_and_large_ones_at_most_once_a_minute() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look(2, &[minute("acme", 12, 100)]);
    world.look_on(3..200, &[minute("acme", 13, 100)]);
    assert_eq!(world.written, [(2, 1)]);
    world.look(201, &[minute("acme", 60, 100)]);
    assert_eq!(world.written.len(), 2);
    world.look(220, &[minute("acme", 90, 100)]);
    assert_eq!(world.written.len(), 2, "growth within the minute waits");
    world.look(261, &[minute("acme", 90, 100)]);
    assert_eq!(world.written.len(), 3);
}

#[test]
fn a_crowd_is_counted_and_does_not_fill_the_journal() {
    let mut world = World::of("host:web-1", "host.memory.used");
    let impact = world.look(0, &crowd(200, 50)).unwrap();
    assert_eq!((impact.organizations.len(), impact.more_known), (MOST_NAMED, 150));
    for seconds in 1..60 {
        world.look(seconds, &crowd(200, 40 + seconds.unsigned_abs()));
    }
    assert_eq!(world.written.len(), 1);
}

#[test]
fn those_that_are_only_counted_are_kept_after_a_restart_until_something_is_counted() {
    let mut world = World::of("host:web-1", "host.memory.used");
    let impact = world.look(0, &crowd(170, 50)).unwrap();
    assert_eq!((impact.organizations.len(), impact.more_known), (MOST_NAMED, 120));
    world.assessor = Assessor::default();
    let mut written = Vec::new();
    for second in 1..600 {
        let incidents: Vec<Incident> = world.incidents.values().cloned().collect();
        let (incidents, protection) = (&incidents[..], &world.protection);
        let scene = Scene { incidents, protection, minutes: None, now: now(second) };
        for event in world.assessor.decide(&scene) {
            world.take(second, &event);
            written.push(second);
        }
        assert_eq!(world.impact(1).unwrap().more_known, 120, "second {second}");
    }
    // One entry for all: they are told as not seen for long.
    assert_eq!(written, [301]);
    // What is counted again replaces it.
    assert_eq!(world.look(600, &crowd(60, 50)).unwrap().more_known, 10);
}

#[test]
fn an_outage_that_spreads_is_journalled_at_most_every_ten_seconds() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.open(2, "organization:o000", "organization.errors", 0);
    for seconds in 0..120 {
        // One more fails each second, and the first ones recover.
        let count = usize::try_from(seconds).unwrap().min(40);
        let mut minutes = crowd(count, 50);
        minutes.iter_mut().take(count.saturating_sub(20)).for_each(|one| one.failed = 0);
        world.look(seconds, &minutes);
    }
    for number in [1, 2] {
        let written: Vec<i64> =
            world.written.iter().filter(|(_, of)| *of == number).map(|(at, _)| *at).collect();
        let is_apart = |pair: &[i64]| pair[1] - pair[0] >= 10;
        assert!(written.windows(2).all(is_apart), "incident {number}: {written:?}");
        assert_eq!(written[0], 1 + i64::from(number == 1), "the first effect is told at once");
    }
    assert_eq!(world.affected(1).len(), 20);
}

#[test]
fn counts_are_journalled_again_where_they_differ_by_a_fifth() {
    let silent = |count: usize| -> Vec<OrganizationMinute> {
        let others = (0..count).map(|index| minute(&format!("s{index:02}"), 0, 0));
        others.chain([minute("acme", 50, 100)]).collect()
    };
    for (first, then, is_written) in [
        (17, 18, false),
        (18, 17, false),
        (17, 20, false),
        (17, 21, true),
        (1, 0, true),
        (0, 1, true),
    ] {
        let mut world = World::of("host:web-1", "host.memory.used");
        world.look(0, &silent(first));
        world.look_on(1..100, &silent(then));
        assert_eq!(world.written.len(), 1 + usize::from(is_written), "{first} and {then}");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut world = World::of("endpoint:checkout", "endpoint.up");
    world.look(0, &[minute("acme", 50, 100)]);
    for round in 1..30 {
        let invented: Vec<OrganizationMinute> =
            (0..200).map(|index| minute(&format!("x{round:02}-{index:03}"), 0, 0)).collect();
        world.look(round * 61, &invented);
    }
    let impact = world.impact(1).unwrap();
    assert_eq!(impact.organizations[0].organization, organization("acme"));
    assert_eq!(impact.more_likely as usize + impact.organizations.len(), MOST_REMEMBERED);
}
