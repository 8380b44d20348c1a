//! The plan of a bad week.

use domain::{
    time::{Span, Timestamp},
    unit::Unit,
};

use super::{Act, Bumps, Course, Decision, Lives, Response, Week, activity, fleet, gaps, next_act};
use crate::simulation::Random;

fn monday() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

fn week() -> Week {
    Week::new(1, monday()).unwrap()
}

fn place(week: &Week, subject: &str, signal: &str) -> usize {
    let is =
        |one: &super::PastSeries| one.subject.as_str() == subject && one.signal.as_str() == signal;
    week.series.iter().position(is).unwrap()
}

#[test]
fn a_working_day_is_busier_than_its_night_and_than_the_weekend() {
    let hour =
        |day: u64, hour: u64| activity(monday().plus(Span::from_mins((day * 24 + hour) * 60)));
    assert!(hour(0, 15) > 0.99 && hour(0, 3) < 0.01);
    assert!(hour(4, 15) > 2.0 * hour(5, 15) && hour(5, 15) > 0.3);
}

#[test]
fn a_course_stays_within_its_bounds_and_follows_its_trend() {
    let course = Course { trend: 1.0, ..Course::with_rhythm(10.0, 5.0, 3.0, 40.0) };
    let mean = |day: u64| {
        let values = (0..1_440).map(|minute| {
            let at = monday().plus(Span::from_mins(day * 1_440 + minute));
            let value = course.value(at, monday(), &mut Random::new(1, minute));
            assert!((0.0..=40.0).contains(&value));
            value
        });
        values.sum::<f64>() / 1_440.0
    };
    // A week later on the same weekday.
    assert!((mean(7) - mean(0) - 7.0).abs() < 0.2);
}

#[test]
fn the_same_seed_makes_the_same_week_and_another_one_does_not() {
    let (one, same) = (week(), week());
    let other = Week::new(2, monday()).unwrap();
    let at = monday().plus(Span::from_mins(600));
    let values = |week: &Week| (0..15).map(|place| week.value(place, at)).collect::<Vec<_>>();
    assert_eq!(values(&one), values(&same));
    assert_ne!(values(&one), values(&other));
    assert_eq!(one.value(one.series.len(), at), None);
}

#[test]
fn the_same_seed_makes_the_same_values_in_every_week() {
    let other_monday = monday().plus(Span::from_mins(35 * 7 * 1_440));
    let (one, other) = (week(), Week::new(1, other_monday).unwrap());
    for minute in (0..7 * 1_440).step_by(3) {
        let after = Span::from_mins(minute);
        for place in 0..one.series.len() {
            let values = (
                one.value(place, monday().plus(after)),
                other.value(place, other_monday.plus(after)),
            );
            assert_eq!(values.0, values.1, "{place} after {minute} min");
        }
    }
}

#[test]
fn nothing_rises_any_more_after_the_week_whatever_the_seed() {
    for seed in 0..100 {
        let week = Week::new(seed, monday()).unwrap();
        let noisy = place(&week, "service:generated-thumbnails", "queue.depth");
        let at = |minute: u64| monday().plus(Span::from_mins(minute));
        let rises = |minute: u64| week.value(noisy, at(minute)).unwrap() > 1_000.0;
        assert!(!(7 * 1_440..7 * 1_440 + 420).any(rises), "seed {seed}");
        assert!((6 * 1_440..7 * 1_440).any(rises), "seed {seed}: the day before has some");
    }
}

#[test]
fn bumps_come_so_often_a_day_and_stay_so_long() {
    let bumps = Bumps { a_day: 3, length: Span::from_mins(7), value: 1_150 };
    for day in 0..30 {
        let at = |minute: u64| monday().plus(Span::from_mins(day * 1_440 + minute));
        let minutes: Vec<u64> =
            (0..1_440).filter(|minute| bumps.at(5, at(*minute), monday()).is_some()).collect();
        assert_eq!(minutes.len(), 21, "day {day}");
        let begins = minutes.windows(2).filter(|pair| pair[1] > pair[0] + 1);
        assert_eq!(begins.count(), 2, "they stay apart");
        assert!(minutes.windows(2).all(|pair| pair[1] == pair[0] + 1 || pair[1] > pair[0] + 30));
    }
}

#[test]
fn a_leak_grows_until_somebody_ends_it() {
    let mut week = week();
    let memory = place(&week, "app:api@generated-web-1", "app.memory");
    let begins = week.begins(&week.troubles[0]);
    let after = |week: &Week, minutes: u64| {
        week.value(memory, begins.plus(Span::from_mins(minutes))).unwrap() / 1_048_576.0
    };
    assert!(after(&week, 30) - after(&week, 0) > 600.0);
    week.end(0, begins.plus(Span::from_mins(20)));
    week.end(0, begins.plus(Span::from_mins(90)));
    assert!(after(&week, 19) > 800.0);
    assert!(after(&week, 30) < 520.0, "the first end counts");
}

#[test]
fn the_trouble_of_an_incident_is_the_one_that_has_begun() {
    let week = week();
    let subject = "app:api@generated-web-1".parse().unwrap();
    let of = |minutes: u64| week.trouble_of(&[&subject], monday().plus(Span::from_mins(minutes)));
    assert_eq!(of(9 * 60), None, "nothing had begun");
    assert_eq!(of(10 * 60 + 2), Some(0));
    assert_eq!(of(4 * 1_440 + 16 * 60 + 40), Some(4), "the second leak");
    let noise = "service:generated-thumbnails".parse().unwrap();
    assert_eq!(week.trouble_of(&[&noise], monday().plus(Span::from_mins(600))), None);
}

#[test]
fn every_trouble_changes_a_series_that_there_is() {
    let week = week();
    for trouble in &week.troubles {
        for effect in &trouble.effects {
            let at = week.begins(trouble).plus(Span::from_mins(5));
            let one = &week.series[effect.series];
            let usual = one.usual(1, effect.series as u64, at, week.first);
            assert_ne!(week.value(effect.series, at), Some(usual), "{}", one.subject);
        }
    }
    let starts: Vec<_> = week.troubles.iter().map(|one| one.begins).collect();
    assert!(starts.is_sorted());
    assert!(
        week.series
            .iter()
            .all(|one| one.unit != Unit::Count || one.signal.as_str() == "app.restarts")
    );
}

fn response(decision: Decision) -> Response {
    Response {
        acknowledged: Span::from_mins(2),
        decision,
        note: "It is over.",
        resolved: Span::from_mins(5),
        rating: None,
        review: None,
        steps: Vec::new(),
    }
}

#[test]
fn people_acknowledge_in_time_and_resolve_what_is_quiet() {
    let mut incident = fixtures::incident(1).build();
    let response = response(Decision::None);
    let after = |incident: &domain::incident::Incident, minutes: u64| {
        incident.opened_at.plus(Span::from_mins(minutes))
    };
    assert_eq!(next_act(&response, &incident, after(&incident, 1)), None);
    let now = after(&incident, 2);
    assert_eq!(next_act(&response, &incident, now), Some(Act::Acknowledge));
    incident.acknowledged =
        Some(domain::incident::Acknowledgement { by: domain::actor::Actor::Local, at: now });
    assert_eq!(next_act(&response, &incident, after(&incident, 60)), None, "it holds");
    incident.quiet_since = Some(after(&incident, 60));
    assert_eq!(next_act(&response, &incident, after(&incident, 64)), None);
    let act = next_act(&response, &incident, after(&incident, 65));
    assert_eq!(act, Some(Act::Resolve("It is over.")));
}

#[test]
fn past_incidents_follow_one_another_and_are_all_over() {
    let until = monday().plus(Span::from_mins(30 * 1_440));
    let lives = || Lives::new(3, 200, 10_000, (monday(), until)).map(Result::unwrap);
    let (mut last, mut entries, mut by_person) = (monday(), 0, 0);
    for (place, (steps, incident)) in lives().enumerate() {
        assert_eq!(incident.number.0 as usize, place + 1);
        let resolution = incident.resolution.as_ref().unwrap();
        by_person += usize::from(resolution.by.is_person());
        for step in &steps {
            assert!(step.at >= last && step.at <= until, "{}", incident.number.0);
            last = step.at;
            entries += step.events.len();
        }
    }
    assert!((9_500..=10_500).contains(&entries), "{entries}");
    assert!((80..=160).contains(&by_person), "{by_person}");
    assert!(lives().eq(lives()), "the same seed makes the same past");
}

#[test]
fn as_many_incidents_as_fit_stay_apart() {
    let time = Span::from_mins(2 * 1_440);
    let most = u32::try_from(Lives::most(time)).unwrap();
    assert!(Lives::fit(most, most as usize * 20, time));
    assert!(!Lives::fit(most + 1, 1_000_000, time), "too little time");
    assert!(!Lives::fit(10, 199, time), "too few entries");
    let mut last = monday();
    for (steps, _) in
        Lives::new(3, most, most as usize * 20, (monday(), monday().plus(time))).map(Result::unwrap)
    {
        for step in steps {
            assert!(step.at >= last && step.at <= monday().plus(time));
            last = step.at;
        }
    }
}

#[test]
fn a_fleet_has_as_many_series_as_it_should_and_gaps_are_inside() {
    let series = fleet(200, Span::from_mins(1_440)).unwrap();
    let mut names: Vec<_> = series.iter().map(|one| (&one.subject, &one.signal)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 200);
    let until = monday().plus(Span::from_mins(90 * 1_440));
    let found = gaps(monday(), until);
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|(from, to)| *from >= monday() && from < to && *to <= until));
}
