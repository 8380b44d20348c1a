//! The configured values: the endpoint, its address, and which statuses are as expected.

use std::{fmt, ops::RangeInclusive, path::PathBuf, str::FromStr};

use domain::time::Span;
use hyper::{Method, header::HeaderName};
use url::Url;

use crate::config::secret::Secret;

/// An endpoint to watch, as it stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name, as in `endpoint:checkout`.
    pub name: String,
    /// The address that is asked.
    pub url: ProbeUrl,
    /// The expected statuses, such as `200` or `"200-299,404"`; 200 to 399 unless told.
    pub expect_status: Statuses,
    /// A text that the first MiB of the answer must hold.
    pub expect_text: Option<String>,
    /// The method; `GET` unless told.
    pub method: Method,
    /// Headers that are sent to its own origin.
    pub headers: Vec<SentHeader>,
    /// The body that is sent to its own origin.
    pub body: Option<Secret>,
    /// True if redirects are followed, at most 20; they are unless told otherwise.
    pub follow_redirects: bool,
    /// The interval of requests, such as `"30 s"`; every 5 s unless told.
    pub interval: Span,
    /// Longest time for the whole answer, such as `"2 s"`; 10 s unless told.
    pub time_limit: Span,
    /// A file with certificates (PEM) of authorities of one's own, believed beside the public ones.
    pub ca_file: Option<PathBuf>,
}

impl Endpoint {
    /// An endpoint with defaults for all else.
    pub fn new(name: &str, url: ProbeUrl) -> Self {
        Self {
            name: name.to_owned(),
            url,
            expect_status: Statuses::default(),
            expect_text: None,
            method: Method::GET,
            headers: Vec::new(),
            body: None,
            follow_redirects: true,
            interval: Span::from_secs(5),
            time_limit: Span::from_secs(10),
            ca_file: None,
        }
    }
}

impl Endpoint {
    /// The texts that must not be told, also where an answer repeats it.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let headers = self.headers.iter().map(|one| one.value.expose());
        headers.chain(self.body.as_ref().map(Secret::expose)).chain(self.url.0.query()).collect()
    }
}

/// A header that is sent. Its value may let someone in, and is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: Secret,
}

/// An address that may be probed: `http` or `https`, with a host and without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct ProbeUrl(Url);

/// The reasons for which an address cannot be probed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// No address.
    #[error("this is not a URL such as 'https://shop.example/health'")]
    NotUrl,
    /// Leads elsewhere than to a web server.
    #[error("only http and https can be probed")]
    Scheme,
    /// Holds a user name or password.
    #[error("a URL must not contain a user name or password, because it is shown and logged")]
    Credentials,
}

impl ProbeUrl {
    /// The parsed address.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address of a path and query on the same server.
    pub(in crate::collectors) fn joined(&self, path: &str) -> Option<Self> {
        let joined = self.0.join(path).ok().filter(|joined| joined.origin() == self.0.origin())?;
        Self::check(joined).ok()
    }

    /// Checks an address, such as one that a redirect leads to.
    pub(super) fn check(mut url: Url) -> Result<Self, BadUrl> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadUrl::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::Credentials);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(BadUrl::NotUrl);
        }
        url.set_fragment(None);
        Ok(Self(url))
    }
}

impl FromStr for ProbeUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        Self::check(Url::parse(text).map_err(|_| BadUrl::NotUrl)?)
    }
}

/// Without the query: keys are often put there.
impl fmt::Debug for ProbeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())
    }
}

/// Statuses that are as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

impl Default for Statuses {
    fn default() -> Self {
        Self(vec![200..=399])
    }
}

impl Statuses {
    /// True if only redirects that are followed are among them.
    pub(super) fn are_redirects(&self) -> bool {
        let is_redirect = |status| matches!(status, 301 | 302 | 303 | 307 | 308);
        self.0.iter().cloned().flatten().all(is_redirect)
    }

    /// True if a status is among them.
    pub fn contain(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

/// A text that names no statuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("statuses are numbers from 100 to 599, such as '200', '200-299' or '200-299,404'")]
pub struct BadStatuses;

impl FromStr for Statuses {
    type Err = BadStatuses;

    fn from_str(text: &str) -> Result<Self, BadStatuses> {
        let number = |text: &str| {
            text.trim()
                .parse::<u16>()
                .ok()
                .filter(|status| (100..600).contains(status))
                .ok_or(BadStatuses)
        };
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = number(first)?..=number(last)?;
            if range.is_empty() { Err(BadStatuses) } else { Ok(range) }
        };
        text.split(',').map(range).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_can_be_probed() {
        for (url, error) in [
            ("file:///etc/passwd", BadUrl::Scheme),
            ("ftp://a/", BadUrl::Scheme),
            ("unix:/run/x", BadUrl::Scheme),
            ("https://user:hunter2@a/", BadUrl::Credentials),
            ("https://user@a/", BadUrl::Credentials),
            ("https://", BadUrl::NotUrl),
            ("a/b", BadUrl::NotUrl),
        ] {
            assert_eq!(url.parse::<ProbeUrl>(), Err(error), "{url}");
        }
        let url: ProbeUrl = "https://shop.example/health?key=hunter2#x".parse().unwrap();
        assert_eq!(format!("{url:?}"), "https://shop.example/health");
    }

    #[test]
    fn statuses_are_numbers_and_ranges() {
        let some: Statuses = "200-299, 404".parse().unwrap();
        assert!(some.contain(204) && some.contain(404) && !some.contain(301) && !some.contain(405));
        for wrong in ["", "99", "600", "300-200", "200-", "-5", "200,,204", "ok"] {
            assert_eq!(wrong.parse::<Statuses>(), Err(BadStatuses), "{wrong}");
        }
    }
}
