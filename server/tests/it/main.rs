//! Integration tests of the server: the store, the service and the collectors by their functions,
//! everything else by the real program.
//!
//! They are one binary, because each one links the whole server.

#![expect(clippy::unwrap_used, reason = "a test may panic, wherever its helpers stand")]

mod approval;
mod attacks;
mod audit;
mod authorization;
mod backtest;
mod collect_host;
mod collect_http;
mod collect_pm2;
mod customer;
mod days;
mod digitalocean;
mod dry_run;
mod edge;
mod gate;
mod gate_log;
mod http;
mod impact;
mod inspections;
mod kills;
mod maintenance;
mod messages;
mod monitor;
mod notifications;
mod objectives;
mod openapi;
mod organizations;
mod places;
mod postgres_server;
mod practice;
mod private;
mod program;
mod programs;
mod protection;
mod redis;
mod refused_pushes;
mod remediation;
mod replay;
mod reports;
mod reviews;
mod run;
mod safe_mode;
mod service;
mod signal;
mod signs_of_life;
mod simulate;
mod simulated_week;
mod sources;
mod status_page;
mod store;
mod storm;
mod sudoers;
mod theme;
mod thresholds;
mod tls;
mod undo;
