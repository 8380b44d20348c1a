//! Measures, automatic protection and safe mode, in sentences.

use commands::organizations::{BatchBound, QuotaState};
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
        if per_second >= 0.95 { (per_second, "s") } else { (per_second * 60.0, "min") };
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
pub fn limited(of: &LimitedRequests, per_second: f64, until: Timestamp) -> String {
    format!(
        "Calm Ops limits {} to {}, until {} at the latest.",
        requests(of),
        rate(per_second),
        humanize::moment(until)
    )
}

/// The bound of the batch requests of all organizations together.
pub fn batch(of: &BatchBound) -> String {
    let most = of.at_a_time;
    match of.state {
        QuotaState::On => {
            format!("Batch requests of all organizations together are limited to {most} at a time.")
        }
        QuotaState::Observe => format!(
            "Batch requests of all organizations together would be limited to {most} at a time; this is only observed, nothing is refused."
        ),
        QuotaState::Off => format!(
            "The limit of {most} at a time for batch requests of all organizations together is switched off."
        ),
    }
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

/// The sentence in the flag file of safe mode, for whoever looks into it.
pub fn flag(since: Timestamp, at: SafeModeStage) -> String {
    format!(
        "Safe mode is in force since {}: {}. A person ends it on the page /ops/protection of Calm Ops; if Calm Ops can't be started, see the section \"Safe mode\" of runbooks/when-things-break.md.",
        humanize::moment(since),
        stage(at)
    )
}

/// The reason of safe mode that only the flag file tells of.
pub fn adopted(path: &str) -> String {
    format!(
        "The file {path} was there when Calm Ops started, though the journal does not say that safe mode is in force. Someone made it, safe mode was just being started when Calm Ops stopped, or a backup was restored."
    )
}

/// Warns that a proxy does not know of safe mode by itself.
pub const NO_FLAG: &str = "Safe mode is in force, but no flag file is configured: while Calm Ops is stopped or restarts, the proxy lets every request pass. Set gate.safe_mode_flag in the configuration and in the proxy's recipe.";

/// Warns that the flag file is missing while safe mode is in force, or could not be written.
pub fn flag_not_written(path: &str, why: &str) -> String {
    format!(
        "Safe mode is in force, but its flag file {path} can't be written: {why}. While Calm Ops is stopped or restarts, the proxy would let every request pass. Let the user of Calm Ops write to its folder, or create the file yourself with 'touch {path}'."
    )
}

/// Warns that the flag file is left though safe mode is over.
pub fn flag_not_removed(path: &str, why: &str) -> String {
    format!(
        "Safe mode is not in force, but its flag file {path} can't be removed or looked at: {why}. While Calm Ops is stopped or restarts, the proxy would refuse changes. Let the user of Calm Ops write to its folder, or remove the file yourself with 'rm {path}'."
    )
}

/// Warns of a flag file that nobody who is known put there.
pub fn stray_flag(path: &str) -> String {
    format!(
        "Safe mode is not in force, but someone created its flag file {path}. While Calm Ops is stopped or restarts, the proxy would refuse changes, and at its next start Calm Ops would begin safe mode. Remove it with 'rm {path}', or begin safe mode on the page Protection."
    )
}

/// Warns at the start that the flag file could not be written if it were needed.
pub fn flag_unusable(path: &str, why: &str) -> String {
    format!(
        "The flag file of safe mode, {path}, can't be written: {why}. Safe mode would not hold while Calm Ops is stopped or restarts. Let the user of Calm Ops write to its folder, and restart."
    )
}

/// Tells that automatic measures were switched off, and how many were lifted.
pub fn switched_off(lifted: usize) -> String {
    let lifted = match lifted {
        0 => "None was in force.".to_owned(),
        1 => "1 was in force and is lifted.".to_owned(),
        more => format!("{more} were in force and are lifted."),
    };
    format!(
        "Automatic measures are suspended. {lifted} A running Calm Ops obeys within a few seconds. A person resumes them on the page /ops/protection."
    )
}

/// Tells that the agent may take measures.
pub const AUTOMATION_ON: &str = "Automatic measures are on: Calm Ops may limit organizations as limits.md and the thresholds say.";

/// Tells that no measure is in force.
pub const NO_MEASURES: &str = "No automatic measure is in force.";

/// Tells that safe mode is not in force.
pub const NO_SAFE_MODE: &str = "Safe mode is not in force.";

/// Tells that nobody knows whether a class may run.
pub fn may_not_be_known(class: &str, why: &str) -> String {
    format!("whether '{class}' may run is not known, so it must not. {why}")
}

/// Tells that there is no such class, and those that there are.
pub fn no_such_class(class: &str, known: &[&str]) -> String {
    format!("limits.md has no class '{class}'. It has: {}.", known.join(", "))
}

/// Says in one sentence if requests or jobs of a class may run now.
pub fn may_run(class: &str, in_force: Option<&SafeMode>, keeps_writing: bool, may: bool) -> String {
    match in_force {
        None => format!("'{class}' may run: safe mode is not in force."),
        Some(_) if keeps_writing => {
            format!(
                "'{class}' may run: safe mode is in force, and this organization keeps writing."
            )
        }
        Some(in_force) if may => format!(
            "'{class}' may run: safe mode is in force since {}, and this class passes.",
            humanize::moment(in_force.began_at)
        ),
        Some(in_force) => format!(
            "'{class}' must not run: safe mode is in force since {}: {}.",
            humanize::moment(in_force.began_at),
            stage(in_force.stage)
        ),
    }
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
            (0.98, "1 request/s"),
            (1.5, "1.5 requests/s"),
            (15.2, "15 requests/s"),
            (120.0, "120 requests/s"),
            (1.0 / 60.0, "1 request/min"),
        ] {
            assert_eq!(rate(per_second), told);
        }
    }
}
