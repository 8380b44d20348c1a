//! Wording: every sentence that people read.

pub mod error;
pub mod humanize;
pub mod notification;
pub mod reason;
pub mod recommendation;
pub mod replay;
pub mod shared_page;
pub mod summary;
pub mod timeline;
