//! Vocabulary, incidents, journal and access as types: what every other crate speaks of. Pure: no input,
//! output, clock or randomness.

pub mod access;
pub mod actor;
pub mod announcements;
pub mod authorization;
pub mod backtest;
pub mod breach;
pub mod change;
pub mod error;
pub mod hash;
pub mod id;
pub mod impact;
pub mod incident;
pub mod input;
pub mod inspection;
pub mod journal;
pub mod lifecycle;
pub mod long_query;
pub mod maintenance;
pub mod message;
pub mod name;
pub mod observation;
pub mod pattern;
pub mod practice;
pub mod protection;
pub mod reading;
pub mod reason;
pub mod recommendation;
pub mod redact;
pub mod report;
pub mod review;
#[cfg(feature = "schema")]
mod schema;
pub mod severity;
pub mod signal;
pub mod signals;
pub mod similar;
pub mod snapshot;
pub mod status_page;
pub mod subject;
pub mod summary;
pub mod text;
pub mod threshold;
pub mod time;
pub mod unit;
pub mod usual;
