//! The question of a proxy: the request that it wants to let pass, as its headers describe it.

use http::{HeaderMap, HeaderName, HeaderValue};

const METHOD: &str = "x-forwarded-method";
const URI: &str = "x-forwarded-uri";
const HOST: &str = "x-forwarded-host";
const CONTENT_LENGTH: &str = "x-content-length";
/// The plan of the organization, where the proxy knows it.
const PLAN: &str = "x-organization-plan";
/// The secret of the gate.
pub(super) const TOKEN: HeaderName = HeaderName::from_static("x-gate-token");

/// The request that a proxy asks about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its target: path and query.
    pub uri: &'a str,
    /// Its host.
    pub host: Option<&'a str>,
    /// The plan of its organization, as the proxy says.
    pub plan: Option<&'a str>,
    /// The size of its body in bytes; zero where none is named.
    pub content_length: u64,
    /// All that the proxy passed on.
    pub headers: &'a HeaderMap,
}

impl<'a> Question<'a> {
    /// Reads the headers of a proxy; the name of the one that is missing if it can't.
    pub fn read(headers: &'a HeaderMap) -> Result<Self, &'static str> {
        let find = |name| headers.get(name).and_then(text);
        let (method, uri) = (find(METHOD).ok_or(METHOD)?, find(URI).ok_or(URI)?);
        let content_length = find(CONTENT_LENGTH).and_then(|text| text.parse().ok());
        let content_length = content_length.unwrap_or_default();
        Ok(Self { method, uri, host: find(HOST), plan: find(PLAN), content_length, headers })
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    // Clients may send bytes beyond ASCII in their targets; proxies pass them on.
    std::str::from_utf8(value.as_bytes()).ok().filter(|text| !text.is_empty())
}
