//! The section `[heartbeat]`: where signs of life are sent, and how often.

use std::{fmt, time::Duration};

use super::{ConfigProblem, layers::Layers, values};
use crate::collectors::http::ProbeUrl;

/// The address to which signs of life are sent. The address lets in whoever knows it: it is shown
/// by its host alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The address.
    pub url: ProbeUrl,
    /// Number of times.
    pub interval: Duration,
}

impl Heartbeat {
    /// The host, which is all that is shown of the address.
    pub fn host(&self) -> &str {
        self.url.as_url().host_str().unwrap_or_default()
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat")
            .field("host", &self.host())
            .field("interval", &self.interval)
            .finish()
    }
}

impl Layers<'_> {
    /// The address to which signs of life are sent, if that is set.
    pub(super) fn heartbeat(&self, problems: &mut Vec<ConfigProblem>) -> Option<Heartbeat> {
        const EXPECTED: &str =
            "an address that receives heartbeats by GET, such as 'https://hc-ping.com/...'";
        let interval = self.value(
            "heartbeat.interval",
            Duration::from_secs(60),
            |found| values::duration(found, Duration::from_secs(10), Duration::from_secs(86_400)),
            problems,
        );
        let found = self.find("heartbeat.url")?;
        match found.quoted().and_then(|text| text.parse().ok()) {
            Some(url) => Some(Heartbeat { url, interval }),
            None => {
                problems.push(found.secret_problem("heartbeat.url", EXPECTED));
                None
            }
        }
    }
}
