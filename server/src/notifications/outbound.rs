//! The means by which channels send, as the configuration has them.

use hyper::Method;

use super::mailer::Mailer;
use crate::collectors::http::{Post, Poster, ProbeUrl};

/// The header by which a receiver tells a repetition.
const DELIVERY: &str = "x-calm-ops-delivery";

/// The means by which channels send.
pub struct Outbound {
    /// The address by which browsers reach this server, without a slash at the end; messages have
    /// no link without.
    pub public_url: Option<String>,
    /// True if the journal begins with generated data: each message says so.
    pub is_generated: bool,
    /// Sends HTTP requests, to hosts inside of the own network only where the configuration names
    /// them.
    pub poster: Poster,
    /// Sends mail; `None` where no server for it is configured.
    pub mailer: Option<Mailer>,
}

impl Outbound {
    /// Posts JSON to an address that a person has set. `id` is that of the message. The error is a
    /// sentence without anything secret.
    pub(super) async fn post(
        &self,
        address: &str,
        id: &str,
        body: Vec<u8>,
        header: Option<(&'static str, String)>,
    ) -> Result<(), String> {
        let url = address
            .parse::<ProbeUrl>()
            .map_err(|_| "The address can't be used. Set up the contact again.".to_owned())?;
        let mut headers = vec![(DELIVERY, id.to_owned())];
        headers.extend(header);
        self.poster.post(&Post { method: Method::POST, url, headers, body }).await
    }
}

/// The JSON of a message.
pub(super) fn json(body: &impl serde::Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(body).map_err(|_| "The message could not be created.".to_owned())
}
