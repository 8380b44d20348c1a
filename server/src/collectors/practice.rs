//! Practice: the signal that is reported while the team practises. No collector runs for it: the
//! monitor reports it, as it knows whether a practice is in force.

use domain::{
    practice::SIGNAL,
    signals::{SignalGroup, SignalInfo},
};

use super::registry::Declared;

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

impl Declared for Practice {
    const SIGNALS: SignalGroup = SIGNALS;
}
