//! The server of Calm Ops: collects, decides through `rules`, stores, streams and serves.
#![recursion_limit = "256"]

pub mod backtest;
pub mod backup;
pub mod board;
pub mod checks;
pub mod cli;
pub mod clock;
pub mod collectors;
pub mod config;
pub mod data_dir;
pub mod documents;
pub mod embedded;
pub mod exec;
pub mod export;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod gate;
pub mod heartbeat;
pub mod history;
pub mod http;
pub mod inspections;
mod learned;
pub mod live;
pub mod monitor;
pub mod notifications;
pub mod object;
pub mod objectives;
pub mod opening_evidence;
pub mod people;
pub mod practice;
pub mod proof;
pub mod protection;
pub(crate) mod public_file;
pub mod publisher;
pub mod recovery;
pub mod reports;
pub mod serve;
pub mod service;
pub mod simulate;
pub mod store;
pub mod threshold_file;
pub mod threshold_proposals;
pub mod threshold_versions;
pub mod time_zones;
pub mod trials;
pub mod umask;
