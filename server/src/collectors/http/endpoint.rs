//! What is configured: the endpoint, and which addresses a probe may reach at all.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
};

use domain::time::Span;
use hyper::{Method, header::HeaderName};
use url::Url;

use crate::config::secret::Secret;

/// An endpoint to watch, as it stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name, as in `endpoint:checkout`.
    pub name: String,
    /// What is asked for.
    pub url: ProbeUrl,
    /// Which statuses are as expected, such as `200` or `"200-299,404"`; 200 to 399 unless told.
    pub expect_status: Statuses,
    /// A text that the first MiB of the answer must hold.
    pub expect_text: Option<String>,
    /// How it is asked; `GET` unless told.
    pub method: Method,
    /// Headers that are sent to its own origin.
    pub headers: Vec<SentHeader>,
    /// What is sent to its own origin.
    pub body: Option<Secret>,
    /// Whether redirects are followed, at most 20; they are unless told otherwise.
    pub follow_redirects: bool,
    /// How often it is asked, such as `"30 s"`; every 5 s unless told.
    pub interval: Span,
    /// How long an answer may take in all, such as `"2 s"`; 10 s unless told.
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
    /// What must not be told, also where an answer repeats it.
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

/// Why an address cannot be probed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It is no address.
    #[error("this is not a URL such as 'https://shop.example/health'")]
    NotUrl,
    /// It leads elsewhere than to a web server.
    #[error("only http and https can be probed")]
    Scheme,
    /// It holds a user name or password.
    #[error("a URL must hold no user name or password: it is shown and logged")]
    Credentials,
}

impl ProbeUrl {
    /// The parsed address.
    pub fn as_url(&self) -> &Url {
        &self.0
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
    /// Whether only redirects that are followed are among them.
    pub(super) fn are_redirects(&self) -> bool {
        let is_redirect = |status| matches!(status, 301 | 302 | 303 | 307 | 308);
        self.0.iter().cloned().flatten().all(is_redirect)
    }

    /// Whether a status is among them.
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

/// The IPv4 address that an IPv6 address stands for, where it is one in disguise.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match parts {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(of(high, low))
        }
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

/// Addresses that are never probed: link-local ones, where clouds hand out credentials, and those
/// that are no single host's.
pub(super) fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let metadata = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
            v4.octets()[0] == 0
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || metadata.contains(&v4)
        }
        IpAddr::V6(v6) => {
            let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || v6 == metadata
                || embedded(v6).is_some_and(|v4| is_refused(IpAddr::V4(v4)))
        }
    }
}

/// Addresses inside a machine or a network of one's own. They may be watched, but a public endpoint
/// must not redirect to them.
pub(crate) fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_private()
                || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || embedded(v6).is_some_and(|v4| is_inside(IpAddr::V4(v4)))
        }
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
    fn addresses_that_are_never_probed_are_known_in_every_disguise() {
        for text in [
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_refused(text.parse().unwrap()), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "100.64.0.1",
        ] {
            assert!(
                !is_refused(text.parse().unwrap()) && is_inside(text.parse().unwrap()),
                "{text}"
            );
        }
        for text in ["1.1.1.1", "2606:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert!(
                !is_refused(text.parse().unwrap()) && !is_inside(text.parse().unwrap()),
                "{text}"
            );
        }
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
