//! Sentences about the history of a signal: its threshold, and what happened near it.

use commands::signal_page::{SignalEvent, ThresholdRule};
use domain::{
    breach::Crossing,
    error::DatabaseFault,
    recommendation::RunOutcome,
    text::{clip, isolated},
    time::Timestamp,
    unit::Unit,
    usual::{NotJudged, RelativeLevel, Side},
};

use crate::{change, humanize};

/// The longest name of a mark on a chart, in characters.
const LONGEST_MARK: usize = 24;

/// A condition: `above 85%`, `when it rises by more than 10% in 10 min`.
fn condition(crossing: &Crossing, unit: &Unit) -> String {
    let value = |value: f64| humanize::value(value, unit);
    match crossing {
        Crossing::Above { .. } if *unit == Unit::YesNo => "when it is yes".to_owned(),
        Crossing::Below { .. } if *unit == Unit::YesNo => "when it is no".to_owned(),
        Crossing::Above { level } => format!("above {}", value(*level)),
        Crossing::Below { level } => format!("below {}", value(*level)),
        Crossing::Usual { relative, .. } => multiple(relative, unit),
        Crossing::Rising { by, within_seconds } => format!(
            "when it rises by more than {} in {}",
            value(*by),
            humanize::seconds(*within_seconds)
        ),
        Crossing::Reaching { limit, within_seconds } => format!(
            "when it is on its way to {} in less than {}",
            value(*limit),
            humanize::seconds(*within_seconds)
        ),
        Crossing::Silent { for_seconds } => {
            format!("without data for {}", humanize::seconds(*for_seconds))
        }
    }
}

/// A level relative to what is usual: `above 3 times usual and 50 ms`.
fn multiple(level: &RelativeLevel, unit: &Unit) -> String {
    let value = |value: f64| humanize::value(value, unit);
    let times = level.times;
    match (level.side, level.floor) {
        (Side::Above, None) => format!("above {times} times usual"),
        (Side::Above, Some(floor)) => format!("above {times} times usual and {}", value(floor)),
        (Side::Below, None) => format!("below {times} times usual"),
        (Side::Below, Some(floor)) => format!("below {times} times usual and {}", value(floor)),
        (side, floor) => {
            let name = if side == Side::OutsideRecent { "recent" } else { "usual" };
            let range = if level.times > 1.0 {
                format!("outside {times} times its {name} range")
            } else {
                format!("outside its {name} range")
            };
            let far = floor.map(|floor| format!(", at least {} from usual", value(floor)));
            range + &far.unwrap_or_default()
        }
    }
}

/// The reason that a level relative to the usual value is not judged: `not judged yet: its history
/// is 3 days old`.
pub fn not_judged(why: NotJudged) -> String {
    let days = |hours: u32| match hours / 24 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    match why {
        NotJudged::NoHistory => "not judged yet: it has no history".to_owned(),
        NotJudged::Young { age_hours } => {
            format!("not judged yet: its history is {} old", days(age_hours))
        }
        NotJudged::Sparse { hours: 1 } => {
            "not judged yet: 1 hour of its history is known".to_owned()
        }
        NotJudged::Sparse { hours } => {
            format!("not judged yet: {hours} hours of its history are known")
        }
        NotJudged::Gap => "not judged: no value was stored in the last hour".to_owned(),
        NotJudged::NoMultiple => {
            "not judged: its usual value at this hour is zero, and no multiple of it says anything"
                .to_owned()
        }
    }
}

/// True if a threshold is relative to what is usual.
pub fn is_relative(rule: &ThresholdRule) -> bool {
    let is_usual = |one: Option<Crossing>| matches!(one, Some(Crossing::Usual { .. }));
    is_usual(rule.warning) || is_usual(rule.critical)
}

/// The advice where a new level is no problem.
pub const STAYS: &str =
    "If a new level is here to stay, resolve its incident: from then on it is learned as usual.";

/// By which clock hours of the week count, and from when on they are judged by.
pub fn usual_zone(zone: &str) -> String {
    let zone = if zone.is_empty() { "UTC" } else { zone };
    format!(
        "What is usual is learned for each hour of the week ({zone}) from the last 8 weeks, without problems. It is judged by from the second week on. {STAYS}"
    )
}

/// ` for 5 min`, and nothing where a single value is enough.
fn lasting(seconds: f64) -> String {
    if seconds > 0.0 { format!(" for {}", humanize::seconds(seconds)) } else { String::new() }
}

/// A threshold in words: when it alerts, and when it is over.
pub fn threshold(rule: &ThresholdRule, unit: &Unit) -> Vec<String> {
    let level = |crossing: &Crossing, seconds: f64| {
        format!("{}{}", condition(crossing, unit), lasting(seconds))
    };
    let warning = rule.warning.map(|crossing| level(&crossing, rule.warning_for_seconds));
    let critical = rule.critical.map(|crossing| level(&crossing, rule.critical_for_seconds));
    let mut sentences = Vec::new();
    match (warning, critical) {
        (Some(warning), Some(critical)) => {
            sentences.push(format!("Warning {warning}; critical {critical}."));
        }
        (Some(warning), None) => sentences.push(format!("Warning {warning}.")),
        (None, Some(critical)) => sentences.push(format!("Critical {critical}.")),
        (None, None) => {}
    }
    let recovers = rule.recovers_at.map(|level| humanize::value(level, unit));
    match (rule.warning.or(rule.critical), recovers) {
        (Some(Crossing::Above { .. } | Crossing::Below { .. }), Some(_))
            if *unit == Unit::YesNo => {}
        (Some(Crossing::Above { .. }), Some(at)) => {
            sentences.push(format!("It has recovered at {at} or below."));
        }
        (Some(Crossing::Below { .. }), Some(at)) => {
            sentences.push(format!("It has recovered at {at} or above."));
        }
        _ => {}
    }
    sentences
}

/// The reason why a page of a signal is incomplete while the database is away.
pub fn from_memory(since: Timestamp, fault: &DatabaseFault) -> String {
    format!(
        "The database has been failing since {}, so this page shows at most the last hour, as Calm Ops remembers it. {}",
        humanize::moment(since),
        crate::error::database(fault)
    )
}

/// Consequence of silence; `has_levels` says whether values alert too.
pub fn silence(no_data_after_seconds: Option<f64>, has_levels: bool) -> String {
    match (no_data_after_seconds.map(humanize::seconds), has_levels) {
        (Some(after), true) => format!("It also alerts after {after} without data."),
        (Some(after), false) => format!("It alerts after {after} without data."),
        (None, true) => "Missing data does not alert.".to_owned(),
        (None, false) => "It has no threshold: it is recorded and never alerts.".to_owned(),
    }
}

/// The name of an event on a chart: `Reload one app`, `deployment of api`.
pub fn mark(event: &SignalEvent) -> String {
    let name = match event {
        SignalEvent::Run { title, .. } => title.clone(),
        SignalEvent::Change { change } => {
            format!("{} of {}", change.kind.as_str(), change.what)
        }
    };
    isolated(&clip(&name, LONGEST_MARK))
}

/// An event in a list, without its time: `"Reload one app" succeeded.`
pub fn event(event: &SignalEvent) -> String {
    match event {
        SignalEvent::Run { title, outcome, .. } => {
            format!("\"{}\" {}.", isolated(&clip(title, 100)), outcome_words(outcome.as_ref()))
        }
        SignalEvent::Change { change } => {
            let named = change::named(change);
            let mut letters = named.chars();
            let first = letters.next().map(char::to_uppercase).into_iter().flatten();
            let subjects = change::subjects(change);
            let on = if subjects.is_empty() { String::new() } else { format!(", on {subjects}") };
            format!("{}{on}.", first.chain(letters).collect::<String>())
        }
    }
}

const fn outcome_words(outcome: Option<&RunOutcome>) -> &'static str {
    match outcome {
        None => "is running",
        Some(RunOutcome::Exited { code: 0 }) => "succeeded",
        Some(RunOutcome::Exited { .. } | RunOutcome::Signalled { .. }) => "failed",
        Some(RunOutcome::TimedOut) => "took too long and was stopped",
        Some(RunOutcome::Cancelled) => "was cancelled",
        Some(RunOutcome::NotStarted { .. }) => "was not started",
        Some(RunOutcome::Unknown) => "was started, and how it ended is not known",
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        change::{ChangeKind, ReportedChange},
        id::IncidentNumber,
    };

    use super::*;

    fn rule(warning: Option<Crossing>, critical: Option<Crossing>) -> ThresholdRule {
        ThresholdRule {
            warning,
            critical,
            warning_for_seconds: 300.0,
            critical_for_seconds: 60.0,
            recovers_at: None,
            guidance: domain::breach::Guidance::default(),
        }
    }

    #[test]
    fn a_threshold_is_told_in_words() {
        let (above, below) =
            (|level| Some(Crossing::Above { level }), |level| Some(Crossing::Below { level }));
        let percent = Unit::Percent;
        let both = ThresholdRule { recovers_at: Some(80.0), ..rule(above(85.0), above(95.0)) };
        assert_eq!(
            threshold(&both, &percent),
            [
                "Warning above 85% for 5 min; critical above 95% for 1 min.",
                "It has recovered at 80% or below."
            ]
        );
        let low = ThresholdRule { recovers_at: Some(20.0), ..rule(below(10.0), None) };
        assert_eq!(
            threshold(&low, &percent),
            ["Warning below 10% for 5 min.", "It has recovered at 20% or above."]
        );
        let down = ThresholdRule {
            recovers_at: Some(1.0),
            critical_for_seconds: 0.0,
            ..rule(None, below(1.0))
        };
        assert_eq!(threshold(&down, &Unit::YesNo), ["Critical when it is no."]);
        let rising = Some(Crossing::Rising { by: 10.0, within_seconds: 600.0 });
        assert_eq!(
            threshold(&rule(rising, None), &percent),
            ["Warning when it rises by more than 10% in 10 min for 5 min."]
        );
        let usual = |side, times, floor| {
            let relative = RelativeLevel { side, times, floor };
            Some(Crossing::Usual { relative, bounds: domain::usual::Bounds::default() })
        };
        let slow = rule(usual(Side::Above, 3.0, Some(50.0)), usual(Side::Above, 10.0, Some(50.0)));
        assert_eq!(
            threshold(&slow, &Unit::Milliseconds),
            [
                "Warning above 3 times usual and 50 ms for 5 min; critical above 10 times usual and 50 ms for 1 min."
            ]
        );
        assert_eq!(
            threshold(&rule(usual(Side::Below, 0.3, None), None), &percent),
            ["Warning below 0.3 times usual for 5 min."]
        );
        assert_eq!(
            threshold(&rule(usual(Side::Outside, 1.0, None), None), &percent),
            ["Warning outside its usual range for 5 min."]
        );
        assert_eq!(
            threshold(&rule(usual(Side::Outside, 2.0, Some(5.0)), None), &percent),
            ["Warning outside 2 times its usual range, at least 5% from usual for 5 min."]
        );
        let reaching = Some(Crossing::Reaching { limit: 100.0, within_seconds: 14_400.0 });
        assert_eq!(
            threshold(&rule(reaching, None), &percent),
            ["Warning when it is on its way to 100% in less than 4 h for 5 min."]
        );
    }

    #[test]
    fn silence_is_told_whether_it_alerts_or_not() {
        assert_eq!(silence(Some(300.0), true), "It also alerts after 5 min without data.");
        assert_eq!(silence(Some(300.0), false), "It alerts after 5 min without data.");
        assert_eq!(silence(None, true), "Missing data does not alert.");
        assert_eq!(silence(None, false), "It has no threshold: it is recorded and never alerts.");
    }

    #[test]
    fn events_are_told_in_one_sentence() {
        let run = |outcome| SignalEvent::Run {
            at: Timestamp::default(),
            incident: IncidentNumber(7),
            title: "Reload one app".to_owned(),
            outcome,
        };
        assert_eq!(event(&run(None)), "\"Reload one app\" is running.");
        assert_eq!(
            event(&run(Some(RunOutcome::Exited { code: 0 }))),
            "\"Reload one app\" succeeded."
        );
        assert_eq!(event(&run(Some(RunOutcome::Exited { code: 3 }))), "\"Reload one app\" failed.");
        let change = SignalEvent::Change {
            change: ReportedChange {
                kind: ChangeKind::Deployment,
                what: "api".to_owned(),
                version: Some("3f2a".to_owned()),
                subjects: vec!["app:api@web-1".parse().unwrap()],
                at: Timestamp::default(),
            },
        };
        assert_eq!(event(&change), "Deployment 3f2a of api, on the app api on web-1.");
        assert_eq!(mark(&change), "deployment of api");
    }

    #[test]
    fn why_a_level_is_not_judged_is_told_by_its_history() {
        for (why, told) in [
            (NotJudged::NoHistory, "not judged yet: it has no history"),
            (
                NotJudged::Young { age_hours: 5 },
                "not judged yet: its history is less than a day old",
            ),
            (NotJudged::Young { age_hours: 47 }, "not judged yet: its history is 1 day old"),
            (NotJudged::Young { age_hours: 80 }, "not judged yet: its history is 3 days old"),
            (NotJudged::Sparse { hours: 30 }, "not judged yet: 30 hours of its history are known"),
            (NotJudged::Gap, "not judged: no value was stored in the last hour"),
        ] {
            assert_eq!(not_judged(why), told);
        }
        let relative = RelativeLevel { side: Side::Outside, times: 1.0, floor: None };
        let bounds = domain::usual::Bounds::default();
        let usual = rule(None, Some(Crossing::Usual { relative, bounds }));
        assert!(is_relative(&usual));
        assert!(!is_relative(&rule(Some(Crossing::Above { level: 1.0 }), None)));
        assert!(usual_zone("").contains("(UTC)"));
    }
}
