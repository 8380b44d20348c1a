//! Calm Ops itself: what the monitor measures of its own work, and whether collectors bring
//! anything. No collector runs for it.

use domain::{
    reading::PUSHES_REFUSED,
    signals::{SignalGroup, SignalInfo},
};

use super::registry::Declared;

/// Signals of Calm Ops itself.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["collector", "monitor"],
    signals: &[
        SignalInfo::new(
            "collector.failed",
            "Failing",
            "yes/no",
            "Whether the last round of a collector returned no data.",
        ),
        SignalInfo::new("monitor.loop_lag", "Loop lag", "ms", "Delay of the monitor's loop."),
        SignalInfo::new(
            "monitor.database_write",
            "Database write",
            "ms",
            "Duration of the monitor's last write.",
        ),
        SignalInfo::new(
            PUSHES_REFUSED,
            "Rejected values",
            "",
            "Number of pushed values that were rejected within 10 minutes.",
        ),
        SignalInfo::new(
            "monitor.stream_clients",
            "Stream clients",
            "",
            "Number of open live streams.",
        ),
    ],
};

/// Calm Ops itself, as the registry knows it.
#[derive(Debug)]
pub struct Itself;

impl Declared for Itself {
    const SIGNALS: SignalGroup = SIGNALS;
}
