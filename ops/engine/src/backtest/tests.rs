//! Backtests told by short histories, and held against the rules that judge what comes.

use domain::severity::Severity;
use proptest::prelude::*;

use super::*;

fn thresholds(warning: &str, held: &str) -> Arc<Thresholds> {
    levels(warning, "above 500", held)
}

fn levels(warning: &str, critical: &str, held: &str) -> Arc<Thresholds> {
    let text = format!(
        "format: 1\n\
         | signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
         |---|---|---|---|---|---|---|---|---|\n\
         | queue.depth | {warning} | {critical} | {held} | - | 5 min | m | - | - |\n"
    );
    let read = Thresholds::parse("t", &text, fixtures::signals());
    Arc::new(read.unwrap_or_else(|problems| panic!("{}", problems[0])))
}

fn start(minute: i64) -> Timestamp {
    fixtures::at(minute * 60)
}

fn names() -> (Subject, Signal, Unit) {
    let (subject, signal) = ("service:imports".parse(), "queue.depth".parse());
    (subject.unwrap(), signal.unwrap(), Unit::Count)
}

fn run(thresholds: &Arc<Thresholds>, minutes: &[Option<(f64, f64, f64)>]) -> Vec<FoundIncident> {
    let mut backtest = Backtest::new(Arc::clone(thresholds), Span::from_mins(1));
    let (subject, signal, unit) = names();
    let series = backtest.open(&subject, &signal, &unit).unwrap();
    for (minute, values) in minutes.iter().enumerate() {
        if let Some((min, max, last)) = *values {
            let rollup = Rollup { series, min, max, mean: (min + max) / 2.0, last };
            backtest.step(start(i64::try_from(minute).unwrap()), &[rollup]);
        }
    }
    backtest.finish()
}

fn steady(value: f64) -> Option<(f64, f64, f64)> {
    Some((value - 1.0, value + 1.0, value))
}

#[test]
fn a_level_that_holds_for_its_time_opens_an_incident_and_ends_by_itself() {
    let mut minutes = vec![steady(20.0); 5];
    minutes.extend(vec![steady(200.0); 6]);
    minutes.extend(vec![steady(20.0); 30]);
    let found = run(&thresholds("above 100", "3 min"), &minutes);
    assert_eq!(found.len(), 1);
    let one = &found[0];
    assert_eq!((one.began_at, one.opened_at), (start(5), start(8)));
    assert_eq!((one.severity, &one.interruptions[..]), (Severity::Warning, &[start(8)][..]));
    // Three minutes until the breach is over, and five of quiet.
    let ended = one.ended_at.unwrap();
    assert!(start(14) <= ended && ended <= start(21), "{ended:?}");
}

#[test]
fn one_value_that_was_well_breaks_the_duration() {
    let mut minutes = vec![steady(200.0); 2];
    minutes.push(Some((50.0, 201.0, 200.0)));
    minutes.extend(vec![steady(200.0); 2]);
    minutes.extend(vec![steady(20.0); 3]);
    assert_eq!(run(&thresholds("above 100", "3 min"), &minutes), []);
}

#[test]
fn becoming_critical_interrupts_once_more() {
    let mut minutes = vec![steady(200.0); 5];
    minutes.extend(vec![steady(900.0); 5]);
    let found = run(&thresholds("above 100", "2 min"), &minutes);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].interruptions, [start(2), start(7)]);
    assert_eq!((found[0].severity, found[0].ended_at), (Severity::Critical, None));
}

#[test]
fn silence_opens_nothing_and_time_that_was_not_seen_counts_for_nothing() {
    let mut minutes = vec![steady(20.0); 3];
    minutes.extend(vec![None; 60]);
    minutes.extend(vec![steady(20.0); 3]);
    assert_eq!(run(&thresholds("above 100", "3 min"), &minutes), [], "silence");
    let mut minutes = vec![steady(200.0)];
    minutes.extend(vec![None; 10]);
    minutes.push(steady(200.0));
    assert_eq!(run(&thresholds("above 100", "3 min"), &minutes), [], "a gap of everything");
}

#[test]
fn a_series_that_ends_while_another_goes_on_does_not_hold_for_ever() {
    let thresholds = thresholds("above 100", "2 min");
    let mut backtest = Backtest::new(thresholds, Span::from_mins(1));
    let (subject, signal, unit) = names();
    let one = backtest.open(&subject, &signal, &unit).unwrap();
    let other = backtest.open(&"service:exports".parse().unwrap(), &signal, &unit).unwrap();
    for minute in 0..30 {
        let values =
            |series, value| Rollup { series, min: value, max: value, mean: value, last: value };
        let all = [values(other, 1.0), values(one, 300.0)];
        backtest.step(start(minute), if minute < 5 { &all } else { &all[..1] });
    }
    let found = backtest.finish();
    assert_eq!(found.len(), 1);
    assert!(found[0].ended_at.is_some(), "{found:?}");
}

#[test]
fn what_no_threshold_is_about_is_not_opened() {
    let mut backtest = Backtest::new(thresholds("above 100", "1 min"), Span::from_mins(1));
    let (subject, _, unit) = names();
    assert_eq!(backtest.open(&subject, &"queue.age".parse().unwrap(), &unit), None);
}

#[test]
fn a_comparison_tells_what_is_added_removed_and_moved() {
    let mut minutes = vec![steady(20.0); 5];
    // Long and high; then, much later, short and lower.
    minutes.extend(vec![steady(300.0); 20]);
    minutes.extend(vec![steady(20.0); 120]);
    minutes.extend(vec![steady(150.0); 4]);
    minutes.extend(vec![steady(20.0); 60]);
    let today = run(&thresholds("above 100", "2 min"), &minutes);
    let quieter = run(&thresholds("above 200", "10 min"), &minutes);
    assert_eq!((today.len(), quieter.len()), (2, 1));
    let known = |number, from: &FoundIncident| Known {
        number: IncidentNumber(number),
        began_at: from.began_at,
        opened_at: from.opened_at,
        ended_at: from.ended_at,
        keys: from.keys.clone(),
        severity: Severity::Warning,
        acted_on: true,
    };
    let other = Known { began_at: start(100), ended_at: Some(start(101)), ..known(3, &today[0]) };
    let known = [known(1, &today[0]), known(2, &today[1]), other];
    let there = compare(&today, &quieter, &known);
    assert_eq!((there.removed.len(), there.added.len(), there.same), (1, 0, 0));
    assert_eq!(there.moved[0].shift(), (false, Span::from_mins(8)));
    assert_eq!((there.missed.clone(), there.gained.clone()), (vec![IncidentNumber(2)], vec![]));
    assert_eq!(there.unseen, [IncidentNumber(3)]);
    assert_eq!((there.interruptions_today.len(), there.interruptions_proposed.len()), (2, 1));
    let back = compare(&quieter, &today, &known);
    assert_eq!((back.added.len(), back.gained), (1, vec![IncidentNumber(2)]));
    assert_eq!(back.moved[0].shift(), (true, Span::from_mins(8)));
    let same = compare(&today, &today, &known);
    assert_eq!((same.same, same.added.len() + same.removed.len() + same.moved.len()), (2, 0));
}

#[test]
fn one_incident_of_a_backtest_stands_for_one_that_there_was() {
    let mut minutes = vec![steady(300.0); 5];
    minutes.extend(vec![steady(20.0); 60]);
    let found = run(&thresholds("above 100", "1 min"), &minutes);
    let known = |number, opened: i64| Known {
        number: IncidentNumber(number),
        began_at: start(opened),
        opened_at: start(opened),
        ended_at: Some(start(opened + 5)),
        keys: found[0].keys.clone(),
        severity: Severity::Warning,
        acted_on: true,
    };
    // The second one is near, but another one.
    let there = compare(&found, &found, &[known(1, 20), known(2, 2)]);
    assert_eq!(there.unseen, [IncidentNumber(1)]);
    assert_eq!(compare(&found, &[], &[known(1, 20), known(2, 2)]).missed, [IncidentNumber(2)]);
}

const HOURS_OF_WEEK: i64 = 7 * 24;

fn usually(hour: i64, value: f64) -> HourOfHistory {
    let (min, max) = (value - 5.0, value + 5.0);
    HourOfHistory { start: start(hour * 60), mean: value, min, max, is_trouble: false }
}

/// Minutes of whole hours through a level of twice what is usual, after hours that are known.
fn relative(
    known: impl IntoIterator<Item = HourOfHistory>,
    hours: std::ops::Range<i64>,
    (learned, offset): (i32, i32),
    value: impl Fn(i64) -> f64,
) -> Vec<FoundIncident> {
    let thresholds = levels("above 2 times usual and 50", "-", "5 min");
    let mut backtest = Backtest::new(thresholds, Span::from_mins(1));
    let (subject, signal, unit) = names();
    let series = backtest.open(&subject, &signal, &unit).unwrap();
    backtest.set_offset(learned);
    for hour in known {
        backtest.learn(series, &hour);
    }
    backtest.set_offset(offset);
    for minute in hours.start * 60..hours.end * 60 {
        let mean = value(minute / 60);
        let rollup = Rollup { series, min: mean - 5.0, max: mean + 5.0, mean, last: mean };
        backtest.step(start(minute), &[rollup]);
    }
    backtest.finish()
}

#[test]
fn a_relative_level_is_tried_on_history_from_its_second_week_on() {
    let trouble = |from: i64| move |hour: i64| if hour == from { 300.0 } else { 100.0 };
    let found = |from| relative([], 0..2 * HOURS_OF_WEEK, (0, 0), trouble(from));
    assert_eq!(found(100), [], "the first week");
    let later = found(200);
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].opened_at, start(200 * 60 + 5));
    assert!(later[0].ended_at.is_some());
}

#[test]
fn hours_from_before_are_known_to_a_backtest() {
    let known = || (0..HOURS_OF_WEEK).map(|hour| usually(hour, 100.0));
    let hours = HOURS_OF_WEEK..HOURS_OF_WEEK + 24;
    let value = |hour: i64| if hour == HOURS_OF_WEEK { 300.0 } else { 100.0 };
    assert_eq!(relative(known(), hours.clone(), (0, 0), value).len(), 1);
    assert_eq!(relative(known().skip(1), hours, (0, 0), value), [], "one hour short of a week");
    assert_eq!(
        relative(known(), HOURS_OF_WEEK + 5..HOURS_OF_WEEK + 6, (0, 0), |_| 300.0),
        [],
        "a gap"
    );
}

#[test]
fn an_incident_is_not_learned_while_it_is_open() {
    let known = || (0..3 * HOURS_OF_WEEK).map(|hour| usually(hour, 100.0));
    let from = 3 * HOURS_OF_WEEK;
    let value = |hour: i64| if (from + 5..from + 25).contains(&hour) { 300.0 } else { 100.0 };
    let found = relative(known(), from..from + 48, (0, 0), value);
    assert_eq!(found.len(), 1);
    let ended = found[0].ended_at.unwrap();
    assert!(start((from + 25) * 60) <= ended && ended <= start((from + 26) * 60), "{ended:?}");
}

#[test]
fn a_breach_that_opens_no_incident_is_not_learned_either() {
    let from = 3 * HOURS_OF_WEEK;
    let text = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n\
        | queue.depth | outside usual range | - | 1 min | - | - | m | - | - |\n\n\
        | rule | value |\n|---|---|\n| unusual together | 2 signals |\n";
    let thresholds = Thresholds::parse("t", text, fixtures::signals()).unwrap();
    let mut backtest = Backtest::new(Arc::new(thresholds), Span::from_mins(1));
    let (subject, signal, unit) = names();
    let series = backtest.open(&subject, &signal, &unit).unwrap();
    (0..from).for_each(|hour| backtest.learn(series, &usually(hour, 100.0)));
    let learned = |backtest: &Backtest| {
        let heard = backtest.series[series.0 as usize].as_ref().unwrap();
        heard.learned.as_ref().unwrap().baseline.history().hours
    };
    let before = learned(&backtest);
    for minute in from * 60..(from + 6) * 60 {
        let mean = if minute / 60 < from + 5 { 300.0 } else { 100.0 };
        let rollup = Rollup { series, min: mean, max: mean, mean, last: mean };
        backtest.step(start(minute), &[rollup]);
    }
    assert_eq!(learned(&backtest), before);
    assert_eq!(backtest.finish(), [], "one signal alone opens no incident");
}

#[test]
fn hours_of_the_week_are_those_of_the_team() {
    // Busy in one hour of the day, and busier than ever on one day.
    let busy = |hour: i64| if hour % 24 == 4 { 400.0 } else { 100.0 };
    let known = || (0..3 * HOURS_OF_WEEK).map(|hour| usually(hour, busy(hour)));
    let from = 3 * HOURS_OF_WEEK;
    let value = |hour: i64| if hour == from + 4 { 520.0 } else { busy(hour) };
    assert_eq!(relative(known(), from..from + 24, (300, 300), value), []);
    assert_eq!(relative(known(), from..from + 24, (300, 420), value).len(), 1, "another hour");
}

/// The breaches that the rules open on values that come every 5 s: from when to when.
fn live(thresholds: &Arc<Thresholds>, values: &[f64]) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut engine = Engine::new(Arc::clone(thresholds), 10);
    let (subject, signal, unit) = names();
    let id = engine.measured(signal.as_str(), subject.as_str(), Some(&unit)).unwrap();
    let mut held: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
    for (place, value) in values.iter().enumerate() {
        let seconds = 5 * i64::try_from(place).unwrap();
        let wall = fixtures::at(seconds);
        let micros = BEGINNING + 5_000_000 * place as u64;
        let now = Now { wall, mono: MonotonicTime::from_micros(micros) };
        engine.observe(id, *value, wall, now);
        let holds = !engine.tick(now).is_empty();
        match held.last_mut() {
            Some((_, end @ None)) if !holds => *end = Some(wall),
            Some((_, None)) => {}
            _ if holds => held.push((wall, None)),
            _ => {}
        }
    }
    held
}

fn rolled_up(values: &[f64]) -> Vec<Option<(f64, f64, f64)>> {
    let minute = |values: &[f64]| {
        let (min, max) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(min, max), value| (min.min(*value), max.max(*value)));
        Some((min, max, values.last().copied()?))
    };
    values.chunks(12).map(minute).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(64)))]

    /// Trouble that lasts two steps longer than it must is found by both, within two steps; where
    /// nothing would have held for two steps less, neither finds any.
    #[test]
    fn history_opens_what_was_opened_when_it_came(
        parts in prop::collection::vec((any::<bool>(), 12_usize..200), 1..12),
        minutes in 2_u64..6,
    ) {
        let thresholds = thresholds("above 100", &format!("{minutes} min"));
        let needed = usize::try_from(minutes).unwrap() * 12;
        let mut values = Vec::new();
        for (high, length) in parts {
            // Not just about as long as it must be: there history is not fine enough.
            let is_near = length + 24 > needed && length < needed + 24;
            let length = if high && is_near { needed + 24 } else { length.max(24) };
            values.extend(std::iter::repeat_n(if high { 200.0 } else { 20.0 }, length));
        }
        let now = live(&thresholds, &values);
        let then = run(&thresholds, &rolled_up(&values));
        prop_assert_eq!(now.is_empty(), then.is_empty(), "{:?} {:?}", &now, &then);
        if let (Some((opened, _)), Some(found)) = (now.first(), then.first()) {
            let apart = found.opened_at.since(*opened).max(opened.since(found.opened_at));
            prop_assert!(apart <= Span::from_mins(2), "{:?} {:?}", &now, &then);
        }
    }
}
