//! Calm Ops itself: what the monitor measures of its own work, and whether collectors bring
//! anything. No collector runs for it.

use std::convert::Infallible;

use domain::{
    reading::PUSHES_REFUSED,
    signals::{SignalGroup, SignalInfo},
};

use super::{
    collector::{CollectError, Collector},
    registry::{Context, Declaration, Kind},
};
use crate::config::section::Section;

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

impl Kind for Itself {
    const DECLARATION: Declaration = Declaration::of(SIGNALS);
    type Settings = ();
    type Target = Infallible;

    fn read(_section: &mut Section<'_>) {}

    fn targets((): &(), _context: &Context) -> Vec<Infallible> {
        Vec::new()
    }

    fn name(target: &Infallible) -> String {
        match *target {}
    }

    fn build(target: &Infallible, _context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        match *target {}
    }
}
