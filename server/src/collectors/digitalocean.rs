//! DigitalOcean: droplets, load balancers, apps and managed databases, read through its API within a
//! budget of requests, and the metrics pages of managed databases.
//!
//! Everything but requests and files is pure: [`account`] says what is asked for next and folds the
//! answers, [`planner`] spends the budget where a threshold is nearest, [`budget`] never spends more
//! than its share. Samples are judged by their own time; they are two minutes apart and come late.

mod account;
mod budget;
mod call;
mod catalog;
mod collector;
mod cpu;
mod databases;
mod fold;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod inventory;
mod lists;
mod nearness;
mod planner;
mod prometheus;
mod report;
mod samples;
mod section;
mod settings;
mod signals;
#[cfg(test)]
mod simulated;
mod this_host;
mod watched;

pub use nearness::InForce;
pub use section::{DigitalOcean, Source};
pub use settings::{AccountSettings, Database, Settings};
pub use signals::SIGNALS;
