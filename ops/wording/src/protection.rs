//! Measures, automatic protection and safe mode, in sentences.

use domain::{
    actor::Names,
    protection::{
        LimitedRequests, Measure, MeasureEnded, MeasureEnding, SafeMode, SafeModeStage, Suspension,
    },
    time::Timestamp,
};

use crate::humanize;

/// A rate: `15 requests/s`, `30 requests/min`.
pub fn rate(per_second: f64) -> String {
    let (value, per) =
        if per_second >= 1.0 { (per_second, "s") } else { (per_second * 60.0, "min") };
    let digits = usize::from(value < 10.0 && (value - value.round()).abs() > 0.05);
    let number = format!("{value:.digits$}");
    let requests = if number == "1" { "request" } else { "requests" };
    format!("{number} {requests}/{per}")
}

/// The requests: `uploads of acme`.
pub fn requests(of: &LimitedRequests) -> String {
    format!("{} of {}", of.class, of.organization.name())
}

/// A measure that begins: `Limited uploads of acme to 15 requests/s (120 requests/s sent, usually
/// 10 requests/s), until 22:40.`
pub fn began(measure: &Measure) -> String {
    let usual = measure.usual.map(|usual| format!(", usually {}", rate(usual)));
    format!(
        "Limited {} to {} ({} sent{}), until {} at the latest.",
        requests(&measure.requests),
        rate(measure.rate),
        rate(measure.sent),
        usual.unwrap_or_default(),
        humanize::moment(measure.until)
    )
}

/// A measure in force: `Calm Ops limits uploads of acme to 15 requests/s, until 22:40 at the latest.`
pub fn limited(of: &LimitedRequests, per_second: f64, until: Timestamp, over: bool) -> String {
    format!(
        "Calm Ops {} {} to {}, until {} at the latest.",
        if over { "limited" } else { "limits" },
        requests(of),
        rate(per_second),
        humanize::moment(until)
    )
}

/// Further limits.
pub fn more(count: u32) -> String {
    if count == 1 { "And 1 more limit.".to_owned() } else { format!("And {count} more limits.") }
}

/// A measure that has another rate now.
pub fn changed(measure: &Measure) -> String {
    let (what, rate) = (requests(&measure.requests), rate(measure.rate));
    match (measure.stage, measure.returns) {
        (0, 0) => format!("The problem goes on, so the limit for {what} was lowered to {rate}."),
        (0, _) => format!("The problem returned, so the limit for {what} is back at {rate}."),
        _ => format!("The limit for {what} is now {rate}."),
    }
}

/// The reason why a measure ended, as the end of a sentence.
pub const fn why_ended(ending: MeasureEnding) -> &'static str {
    match ending {
        MeasureEnding::Calm => "the problem is over",
        MeasureEnding::Expired => "its time is over",
        MeasureEnding::Person => "a person ended it",
        MeasureEnding::Suspended => "automatic measures were suspended",
        MeasureEnding::NoSuchClass => "limits.md no longer has this class",
    }
}

/// A measure that ended.
pub fn ended(requests_of: &LimitedRequests, ending: MeasureEnding) -> String {
    format!("The limit for {} was lifted: {}.", requests(requests_of), why_ended(ending))
}

/// A measure of an incident and its end, for a list: `Lifted at …: the problem is over.`
pub fn end_of(ended: &MeasureEnded, names: &Names) -> String {
    let at = humanize::moment(ended.at);
    match ended.ending {
        MeasureEnding::Person => format!("Lifted by {}, {at}.", names.of(ended.by)),
        other => format!("Lifted {at}: {}.", why_ended(other)),
    }
}

/// Automatic measures are suspended.
pub fn suspended(suspension: &Suspension, names: &Names) -> String {
    format!(
        "Automatic measures are suspended: {} suspended them at {}. Calm Ops limits nobody on its own until someone resumes them.",
        names.of(suspension.by),
        humanize::moment(suspension.at)
    )
}

/// The effect of a stage of safe mode.
pub const fn stage(stage: SafeModeStage) -> &'static str {
    match stage {
        SafeModeStage::ReadOnly => "only reads and critical requests pass",
        SafeModeStage::Interactive => "interactive requests pass again, and batch requests wait",
    }
}

/// Safe mode in force, in one sentence.
pub fn safe_mode(in_force: &SafeMode) -> String {
    format!(
        "Safe mode is in force since {}: {}. Only a person can end it.",
        humanize::moment(in_force.began_at),
        stage(in_force.stage)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_as_people_count() {
        for (per_second, told) in [
            (0.0, "0 requests/min"),
            (0.25, "15 requests/min"),
            (1.0, "1 request/s"),
            (1.5, "1.5 requests/s"),
            (15.2, "15 requests/s"),
            (120.0, "120 requests/s"),
            (1.0 / 60.0, "1 request/min"),
        ] {
            assert_eq!(rate(per_second), told);
        }
    }
}
