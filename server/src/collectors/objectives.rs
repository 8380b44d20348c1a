//! Signals of service-level objectives. No collector runs for them: the monitor reports them each
//! minute, from what the probes of endpoints found.

use domain::signals::{SignalGroup, SignalInfo};
use engine::objective::Pace;

use super::registry::Declared;

/// Events of the last minute.
pub const EVENTS: &str = "objective.events";
/// Failed events of the last minute.
pub const FAILURES: &str = "objective.failures";
/// The rest of the error budget.
pub const BUDGET: &str = "objective.error_budget_left";

/// The burn rate of a pair of windows.
pub const fn burn_rate(pace: Pace) -> &'static str {
    match pace {
        Pace::Fast => "objective.burn_rate_1h",
        Pace::Medium => "objective.burn_rate_6h",
        Pace::Slow => "objective.burn_rate_3d",
    }
}

/// The signals of an objective.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["objective"],
    signals: &[
        SignalInfo::new(
            BUDGET,
            "Error budget left",
            "%",
            "Of the failures that may be in the objective's period: 100% without any, below 0% when more failed.",
        ),
        SignalInfo::new(
            burn_rate(Pace::Fast),
            "Burn rate, 1 h",
            "",
            "How fast the error budget is used up, over 1 h and over 5 min, the smaller one: 1 uses it up exactly in its period.",
        ),
        SignalInfo::new(
            burn_rate(Pace::Medium),
            "Burn rate, 6 h",
            "",
            "How fast the error budget is used up, over 6 h and over 30 min, the smaller one.",
        ),
        SignalInfo::new(
            burn_rate(Pace::Slow),
            "Burn rate, 3 d",
            "",
            "How fast the error budget is used up, over 3 d and over 6 h, the smaller one.",
        ),
        SignalInfo::new(EVENTS, "Events", "", "Probes or results of the last minute."),
        SignalInfo::new(FAILURES, "Failed events", "", "Those of the last minute that failed."),
    ],
};

/// Objectives, as the registry knows them.
#[derive(Debug)]
pub struct Objectives;

impl Declared for Objectives {
    const SIGNALS: SignalGroup = SIGNALS;
}
