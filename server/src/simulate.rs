//! Simulated traffic, sent to the real gate or through a real proxy: an open load. Each request is
//! sent at its planned time, whatever became of those before it, and its latency counts from then.

mod application;
mod chart;
mod client;
mod driver;
mod figures;
mod journal;
mod report;
mod request;
mod results;
mod rules;
mod save;
mod target;

pub use application::{Application, Capacity};
pub use driver::{Interrupted, Patience, Run, drive};
pub use journal::{JournalReader, Told};
pub use report::Report;
pub use request::{BadRequest, HostPattern, Requests};
pub use rules::Rules;
pub use save::Folder;
pub use target::{Target, TargetError};
