//! Practice: the signal that is reported while the team practises. No collector runs for it: the
//! monitor reports it, as it knows whether a practice is in force.

use std::convert::Infallible;

use domain::{
    practice::SIGNAL,
    signals::{SignalGroup, SignalInfo},
};

use super::{
    collector::{CollectError, Collector},
    registry::{Context, Declaration, Kind},
};
use crate::config::section::Section;

/// The signal of a practice.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["practice"],
    signals: &[SignalInfo::new(
        SIGNAL,
        "Pressure",
        "%",
        "100% while a practice is in progress. Nothing is measured.",
    )],
};

/// Practice, as the registry knows it.
#[derive(Debug)]
pub struct Practice;

impl Kind for Practice {
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
