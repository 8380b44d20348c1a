//! Changes and readings: what can be asked of the service, who may ask it, and what a change comes to. Pure, so
//! that page and server agree.

pub mod access_record;
pub mod account_change;
pub mod accounts;
pub mod approve;
pub mod audit;
pub mod backtest;
pub mod change_report;
pub mod charts;
pub mod command;
pub mod day;
pub mod decide;
pub mod figures;
pub mod impact;
pub mod maintenance;
pub mod messages;
pub mod missing;
pub mod notifications;
pub mod operation;
pub mod organizations;
pub mod practice;
pub mod protection;
pub mod readiness;
pub mod reading;
pub mod report;
pub mod review;
pub mod service;
pub mod sharing;
pub mod signal_page;
pub mod situation;
pub mod sources;
pub mod status_page;
pub mod stream;
pub mod threshold;
pub mod uptime;
pub mod view;
