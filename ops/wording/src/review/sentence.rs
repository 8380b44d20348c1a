//! Reviews in words: times of steps, effects, what was slow, and prevention steps. They blame nobody:
//! where something was slow there are roles and no names.

use commands::review::ReviewPage;
use domain::{
    actor::{Actor, Names},
    review::{
        DueDate, EffectOf, EffectVerdict, Measured, MeasuredEffect, MeasuredStep, NotMeasured,
        PreventionCounts, PreventionStep, Rating, ReviewStep, SeenLate, Slow, SlowReason, Spread,
        StepState,
    },
    time::Span,
    unit::Unit,
};

use crate::{humanize, protection};

/// Tells how the times are counted.
pub const COUNTED: &str = "Detection is counted from the first deviation in history, a decision from the first recommendation, everything else from the opening of the incident.";

/// A step as a label.
pub const fn step(step: ReviewStep) -> &'static str {
    match step {
        ReviewStep::Detect => "Detected",
        ReviewStep::Notify => "Notified",
        ReviewStep::Acknowledge => "Acknowledged",
        ReviewStep::Stabilize => "Stabilized",
        ReviewStep::Decide => "Decided",
        ReviewStep::Recover => "Recovered",
        ReviewStep::Resolve => "Resolved",
    }
}

/// A step as a sentence names it, where it was slow.
const fn slow_step(step: ReviewStep) -> &'static str {
    match step {
        ReviewStep::Detect => "Detection",
        ReviewStep::Notify => "The first notification",
        ReviewStep::Acknowledge => "The acknowledgement",
        ReviewStep::Stabilize => "The first measure",
        ReviewStep::Decide => "The decision",
        ReviewStep::Recover => "Recovery",
        ReviewStep::Resolve => "The resolution",
    }
}

/// A duration: `4 min 10 s`.
pub fn span(span: Span) -> String {
    if span < Span::from_secs(1) {
        return "under 1 s".to_owned();
    }
    humanize::seconds(span.as_secs_f64())
}

/// The time of a step, or why there is none.
pub fn took(one: &MeasuredStep) -> String {
    match one.measured {
        Measured::Took { span: time, at_least: false } => span(time),
        Measured::Took { span: time, at_least: true } => format!("at least {}", span(time)),
        Measured::Unknown { why: NotMeasured::NoHistory } => {
            "not known: there is too little history before it".to_owned()
        }
        Measured::Unknown { why: NotMeasured::DidNotHappen } => match one.step {
            ReviewStep::Detect => "not known",
            ReviewStep::Notify => "nobody was notified",
            ReviewStep::Acknowledge => "not acknowledged",
            ReviewStep::Stabilize => "no limit was needed or set",
            ReviewStep::Decide => "nothing was decided",
            ReviewStep::Recover => "not all signals were seen to recover",
            ReviewStep::Resolve => "not resolved yet",
        }
        .to_owned(),
    }
}

/// The usual time of a step.
pub fn usual(one: &MeasuredStep) -> String {
    let Some(usual) = one.usual else {
        return "fewer than 5 incidents to compare".to_owned();
    };
    format!(
        "usually {} ({} to {}, {} incidents)",
        span(usual.median),
        span(usual.shortest),
        span(usual.longest),
        usual.incidents
    )
}

/// Values in words: `93% (91% to 95%, 120 values)`.
fn spread(spread: &Spread, unit: &Unit) -> String {
    let value = |value| humanize::value(value, unit);
    let noun = if spread.values == 1 { "value" } else { "values" };
    format!(
        "{} ({} to {}, {} {noun})",
        value(spread.median),
        value(spread.low),
        value(spread.high),
        spread.values
    )
}

/// Something that was done, as a sentence begins with it.
fn done(of: &EffectOf) -> String {
    match of {
        EffectOf::Command { title, .. } => title.clone(),
        EffectOf::Limit { requests } => format!("Limit for {}", protection::requests(requests)),
    }
}

/// The effect of a command or a limit.
pub fn effect(one: &MeasuredEffect) -> String {
    let signal = humanize::lower_signal_of(&one.key.signal, &one.key.subject);
    let before = one.before.as_ref().map(|before| spread(before, &one.unit));
    let after = one.after.as_ref().map(|after| spread(after, &one.unit));
    let values = match (before, after) {
        (Some(before), Some(after)) => format!("{before} in the 10 min before, {after} after"),
        (Some(before), None) => format!("{before} in the 10 min before, no values after"),
        (None, Some(after)) => format!("no values before, {after} in the 10 min after"),
        (None, None) => "no values before or after".to_owned(),
    };
    let verdict = match one.verdict {
        EffectVerdict::Better => "It was better after it.",
        EffectVerdict::Worse => "It was worse after it.",
        EffectVerdict::NotClear => "Whether it helped is not clear from the values.",
    };
    format!("{}: {signal} was {values}. {verdict}", done(&one.of))
}

/// The step that was slow, and why as far as it is known.
pub fn slow(slow: &Slow) -> String {
    let mut text = format!(
        "{} took {}, longer than in any incident it is compared with (at most {}).",
        slow_step(slow.step),
        span(slow.span),
        span(slow.longest)
    );
    for reason in &slow.reasons {
        text.push(' ');
        text.push_str(&slow_reason(*reason));
    }
    text
}

fn slow_reason(reason: SlowReason) -> String {
    match reason {
        SlowReason::Held { span: time } => {
            format!("{} of it is the time for which the threshold has to hold.", span(time))
        }
        SlowReason::CallsFailed { count: 1 } => "One notification failed.".to_owned(),
        SlowReason::CallsFailed { count } => format!("{count} notifications failed."),
        SlowReason::OffersExpired { count: 1 } => {
            "One recommendation expired before an approver decided.".to_owned()
        }
        SlowReason::OffersExpired { count } => {
            format!("{count} recommendations expired before an approver decided.")
        }
        SlowReason::TwoApprovals => "Two approvers had to agree.".to_owned(),
        SlowReason::NothingDone => "No command ran, and no limit was set.".to_owned(),
        SlowReason::OpenAfterRecovery { span: time } => {
            format!("The signals were back {} before it was resolved.", span(time))
        }
    }
}

/// A signal that was seen late.
pub fn seen_late(one: &SeenLate) -> String {
    let at_least = if one.at_least { "at least " } else { "" };
    format!(
        "{} deviated {at_least}{} before it was told as a problem.",
        humanize::signal_of(&one.key.signal, &one.key.subject),
        span(one.told_at.since(one.deviated_at))
    )
}

/// The first sentence of a review.
pub fn lead(page: &ReviewPage) -> String {
    match page.resolved_at {
        Some(end) => {
            format!("Resolved {} after it was opened.", span(end.since(page.opened_at)))
        }
        None => "It is not resolved yet: these facts are those known so far.".to_owned(),
    }
}

/// The sentence about what the timeline of a review leaves out; `None` if it is whole.
pub fn left_out(page: &ReviewPage) -> Option<String> {
    let newest = page.newest_only?;
    Some(format!("The newest {newest} entries, and the first ones of each step."))
}

/// A rating as a button.
pub const fn rating(rating: Rating) -> &'static str {
    match rating {
        Rating::Fixed => "Fixed it",
        Rating::OneStepShort => "One step short",
        Rating::RightArea => "Right area",
        Rating::Wrong => "Wrong",
    }
}

/// The state of a prevention step.
pub fn step_state(one: &PreventionStep, names: &Names) -> String {
    match &one.state {
        StepState::Open { owner, due } => {
            format!("{}, due {due}.", names.of(Actor::Account(*owner)))
        }
        StepState::Done { by, evidence, .. } => {
            format!("Done, says {}: {}", names.of(*by), finished(evidence))
        }
        StepState::Dropped { by, reason, .. } => {
            format!("Will not be done, says {}: {}", names.of(*by), finished(reason))
        }
    }
}

/// Words of a person, with a full stop.
fn finished(words: &str) -> String {
    let end = if words.ends_with(['.', '!', '?', ')']) { "" } else { "." };
    format!("{words}{end}")
}

/// Open prevention steps, for a quiet corner; `None` if there are none.
pub fn open_steps(counts: PreventionCounts) -> Option<String> {
    let open = match counts.open {
        0 => return None,
        1 => "1 prevention step is open".to_owned(),
        open => format!("{open} prevention steps are open"),
    };
    Some(match counts.overdue {
        0 => format!("{open}."),
        1 => format!("{open}, 1 of them past its day."),
        overdue => format!("{open}, {overdue} of them past their day."),
    })
}

/// The kind reminder of steps whose day has passed, once for all of them; `None` if there are none.
pub fn overdue(steps: &[PreventionStep], today: DueDate) -> Option<String> {
    match steps.iter().filter(|one| one.overdue_days(today).is_some()).count() {
        0 => None,
        1 => Some("The day of 1 step has passed. Do it, or drop it with the reason.".to_owned()),
        count => Some(format!(
            "The days of {count} steps have passed. Do them, or drop them with the reason."
        )),
    }
}
