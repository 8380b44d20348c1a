//! Wording: every sentence that people read.

pub mod access;
pub(crate) mod change;
pub mod error;
pub mod heartbeat;
pub mod history;
pub mod humanize;
pub mod impact;
pub mod inspection;
pub mod journal;
pub mod limits;
pub mod maintenance;
pub mod notification;
pub mod organization;
pub mod protection;
pub mod readiness;
pub mod reason;
pub mod recommendation;
pub mod replay;
pub mod shared_page;
pub mod signal;
pub mod standing;
pub mod status_page;
pub mod summary;
pub mod timeline;
