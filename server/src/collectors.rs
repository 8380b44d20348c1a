//! Collectors: each turns one real source into observations. The monitor runs them; one that hangs,
//! lies or panics is itself a signal.
//!
//! To add one, write its file and its two lines here. Its file declares signals, configuration and
//! how it is built and checked; what alerts is written in `ops/alerts/thresholds.md`.

use std::sync::LazyLock;

use domain::signals::{self, Signals};

pub mod collector;
pub mod digitalocean;
pub mod findings;
pub mod gate;
pub mod host;
pub mod http;
pub mod itself;
pub mod objectives;
pub mod outside;
pub mod pm2;
pub mod practice;
pub mod redis;
pub mod registry;
pub mod shortage;

pub use collector::{Absence, CollectError, Collector, Facts, Listing, Round};

// In the order in which signals are shown.
registry::collectors! {
    host: Host,
    pm2: Pm2,
    http: Http,
    digitalocean: DigitalOcean,
    redis: Redis,
    gate: Gate,
    objectives: Objectives,
    outside: Line,
    itself: Itself,
    practice: Practice,
}

/// The signals of all collectors.
pub fn signals() -> &'static Signals {
    static SIGNALS: LazyLock<Signals> =
        LazyLock::new(|| Signals::of(DECLARATIONS.iter().map(|declared| declared.signals)));
    &SIGNALS
}

/// Declares the signals of all collectors to the sentences and pages, at the program's start.
pub fn declare_signals() {
    signals::declare(signals());
}

#[cfg(test)]
mod tests;
