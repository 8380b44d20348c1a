//! The service: every reading and every change comes through it, each as a principal. Who may is
//! checked in `commands::service`; what an operation reads and changes is here.

mod accounts;
mod at_hand;
mod audit;
mod backend;
mod buckets;
mod changes;
mod charts;
mod contacts;
mod critical_times;
mod customer;
mod day_keeper;
mod days;
mod decision;
mod directory;
mod failure;
mod follow;
mod handle;
mod incident_page;
mod inner;
mod inspections;
mod messages;
mod organizations;
mod practice;
mod proofs;
mod publish;
mod quotas;
mod readiness;
mod readings;
mod reports;
mod review;
mod set_up;
mod signal_page;
pub(crate) mod similar;
mod threshold_changes;
mod thresholds;
mod uptime;
mod uptime_keeper;

pub use directory::Known;
pub(crate) use failure::refuse;
pub use handle::Service;
pub use set_up::{LastSign, SetUp};
