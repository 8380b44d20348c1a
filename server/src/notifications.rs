//! Notifications: the journal is followed, an outbox is filled and sent, each message by a channel
//! that a person has set for themselves.
//!
//! To add a channel, write `channels/x.rs` and its two lines in `channels.rs`.

mod channel;
pub mod channels;
mod checks;
mod mailer;
mod notifier;
mod outbound;
mod without_database;

pub use mailer::Mailer;
pub use notifier::{Notifier, Pace, Report};
pub use outbound::Outbound;
