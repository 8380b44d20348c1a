//! The means by which channels send, as the configuration has them.

use super::mailer::Mailer;
use crate::collectors::http::Poster;

/// The means by which channels send.
pub struct Outbound {
    /// The address by which browsers reach this server, without a slash at the end; messages have
    /// no link without.
    pub public_url: Option<String>,
    /// Sends HTTP requests, to hosts inside of the own network only where the configuration names
    /// them.
    pub poster: Poster,
    /// Sends mail; `None` where no server for it is configured.
    pub mailer: Option<Mailer>,
}
