//! The pages.

pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod lost;
pub(crate) mod runbook;
