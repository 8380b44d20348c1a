//! Policy: the documents in `ops/`, read into types. Thresholds, limits, the catalogue of approved commands,
//! and the diagnostics of what is wrong in them.

pub mod catalogue;
pub mod diagnostic;
pub mod incident_policy;
pub mod limits;
pub mod markdown_table;
pub mod messages;
pub mod objectives;
pub mod pattern;
pub mod practice;
pub mod report_template;
mod signal_name;
pub mod thresholds;
