//! Cookies during one probe: a site that sets one and redirects to itself would redirect for ever
//! without it.

use hyper::{HeaderMap, header, header::HeaderValue};

use super::ProbeUrl;

const MOST: usize = 30;
const LONGEST: usize = 4_096;

/// See the module. A cookie goes back to the host that set it, and nowhere else.
#[derive(Debug, Default)]
pub(super) struct Cookies(Vec<(String, String, String)>);

impl Cookies {
    /// Takes those that an answer sets.
    pub(super) fn take(&mut self, url: &ProbeUrl, headers: &HeaderMap) {
        let host = url.as_url().host_str().unwrap_or_default();
        for one in headers.get_all(header::SET_COOKIE) {
            let pair = one.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
            let Some((name, value)) = pair else { continue };
            let (name, value) = (name.trim(), value.trim());
            if name.is_empty() || name.len() + value.len() > LONGEST {
                continue;
            }
            self.0.retain(|(of, known, _)| of != host || known != name);
            if self.0.len() < MOST {
                self.0.push((host.to_owned(), name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Those of a host.
    pub(super) fn of(&self, url: &ProbeUrl) -> Option<HeaderValue> {
        let host = url.as_url().host_str().unwrap_or_default();
        let own = self.0.iter().filter(|(of, ..)| of == host);
        let all: Vec<String> = own.map(|(_, name, value)| format!("{name}={value}")).collect();
        HeaderValue::from_str(&all.join("; ")).ok().filter(|_| !all.is_empty())
    }
}
