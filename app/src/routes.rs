//! The pages, one file each: how it is read, and what it shows.

pub(crate) mod approve;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod join;
pub(crate) mod journal;
pub(crate) mod messages;
pub(crate) mod organization;
pub(crate) mod period;
pub(crate) mod prevention;
pub(crate) mod protection;
pub(crate) mod report;
pub(crate) mod reports;
pub(crate) mod review;
pub(crate) mod runbook;
pub(crate) mod settings;
pub(crate) mod shares;
pub(crate) mod sign_in;
pub(crate) mod signal;
pub(crate) mod status_page;
pub(crate) mod threshold;
pub(crate) mod uptime;
