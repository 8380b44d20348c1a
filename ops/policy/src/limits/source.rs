//! Places in a request where the name of its organization stands.

use std::borrow::Cow;

use crate::limits::{
    organization::Organization,
    path::{self, Case, NormalPath},
};

/// Headers whose whole value is a secret: a name is never taken from one.
const SECRET: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "cookie2",
    "authentication-info",
    "x-api-key",
    "api-key",
    "x-auth-token",
    "private-token",
];

/// The longest name in an API key, in bytes.
const LONGEST_KEY_NAME: usize = 32;

/// A place in a request where the name of its organization stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationSource {
    /// The value of a header that the proxy sets.
    Header(HeaderName),
    /// One label of the host.
    Host(HostPattern),
    /// One segment of the path.
    Path(SegmentPattern),
    /// The text before the first `_` of an API key.
    ApiKey(KeyPattern),
}

impl OrganizationSource {
    /// The organization that is named there.
    pub(super) fn find<'a>(
        &self,
        host: Option<&'a str>,
        uri: &'a str,
        header: &impl Fn(&str) -> Option<&'a str>,
    ) -> Option<Organization<'a>> {
        match self {
            Self::Header(name) => Organization::new(header(&name.0)?.trim_ascii()),
            Self::Host(pattern) => pattern.find(host?),
            Self::Path(pattern) => pattern.find(uri),
            Self::ApiKey(pattern) => pattern.find(header(&pattern.header.0)?),
        }
    }
}

/// The name of a header, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderName(String);

impl HeaderName {
    /// Reads a name: a token of RFC 9110, section 5.6.2.
    pub(super) fn new(text: &str) -> Option<Self> {
        let is_fine = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let fits = !text.is_empty() && text.len() <= 100 && text.bytes().all(is_fine);
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// True if the value of such a header is a secret as a whole.
    pub(super) fn is_secret(&self) -> bool {
        SECRET.contains(&self.0.as_str())
    }
}

/// `*.shop.example`: a host with as many labels, of which the one at the star is the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// In lower case; `None` is the star.
    labels: Vec<Option<String>>,
}

impl HostPattern {
    /// Reads a pattern with one label that is a star, and one at least that is not.
    pub(super) fn new(text: &str) -> Option<Self> {
        let label = |label: &str| match label {
            "*" => Some(None),
            _ => is_label(label).then(|| Some(label.to_ascii_lowercase())),
        };
        let labels: Vec<Option<String>> =
            text.split('.').map(label).collect::<Option<Vec<Option<String>>>>()?;
        let stars = labels.iter().filter(|label| label.is_none()).count();
        (text.len() <= 253 && stars == 1 && labels.len() > 1).then_some(Self { labels })
    }

    /// Finds the name, in lower case; port and a dot at the end are left out (RFC 3986, section
    /// 3.2.2).
    fn find<'a>(&self, host: &'a str) -> Option<Organization<'a>> {
        let host = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => host,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let mut labels = host.split('.');
        let mut name = None;
        for expected in &self.labels {
            let label = labels.next()?;
            match expected {
                None => name = Some(label),
                Some(expected) if expected.eq_ignore_ascii_case(label) => {}
                Some(_) => return None,
            }
        }
        let name = name.filter(|name| labels.next().is_none() && is_label(name))?;
        Organization::new(lower_case(name))
    }
}

/// A label of a host name; `_` is none by RFC 1123, but used.
fn is_label(text: &str) -> bool {
    let is_fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=63).contains(&text.len()) && text.bytes().all(is_fine)
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// `/o/*/`: a path that begins so; the name is the segment at the star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPattern {
    /// The segments before the star, in lower case.
    before: Vec<String>,
}

impl SegmentPattern {
    /// Reads a pattern whose last segment is a star.
    pub(super) fn new(text: &str) -> Option<Self> {
        let is_fine = |b: u8| b.is_ascii_alphanumeric() || b"-._~:@!$+=".contains(&b);
        let inner = text.strip_prefix('/')?;
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        let before = match inner.strip_suffix('*')? {
            "" => Vec::new(),
            segments => segments.strip_suffix('/')?.split('/').collect(),
        };
        let is_name = |name: &&str| !matches!(*name, "" | "." | "..") && name.bytes().all(is_fine);
        (text.len() <= 200 && before.iter().all(is_name))
            .then(|| Self { before: before.into_iter().map(str::to_ascii_lowercase).collect() })
    }

    /// Finds the name, in lower case. Of a path that servers may understand differently it is that
    /// of the first reading with a name.
    fn find<'a>(&self, uri: &'a str) -> Option<Organization<'a>> {
        let sent = path::path_of(uri).ok()?;
        if path::is_plain(sent) {
            let mut segments = sent.split('/').skip(1);
            return Organization::new(self.name(&mut segments)?);
        }
        let mut found = None;
        let mut look = |path: NormalPath<'_>| {
            if found.is_none() {
                let name = self.name(&mut path.segments()).map(str::to_lowercase);
                found = name.and_then(Organization::new);
            }
        };
        path::each_reading(sent, Case::Kept, &mut look).ok()?;
        found
    }

    /// The segment at the star, without its parameters and the spaces around it.
    fn name<'p>(&self, segments: &mut impl Iterator<Item = &'p str>) -> Option<&'p str> {
        for expected in &self.before {
            let segment = segments.next()?;
            let name = segment.split(';').next().unwrap_or(segment);
            if !expected.eq_ignore_ascii_case(name) {
                return None;
            }
        }
        segments.next()?.split(';').next().map(str::trim)
    }
}

/// `Authorization: Bearer *_...`: an API key that begins with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern {
    header: HeaderName,
    /// The text before the key, such as `Bearer `.
    before: String,
}

impl KeyPattern {
    /// Reads a header's name, what stands before the key, and `*_...` for the key.
    pub(super) fn new(text: &str) -> Option<Self> {
        let (header, value) = text.split_once(':')?;
        let before = value.trim().strip_suffix("*_...")?;
        let is_fine = |b: u8| b == b' ' || (b.is_ascii_graphic() && b != b'*');
        let header = HeaderName::new(header.trim())?;
        (before.len() <= 60 && before.bytes().all(is_fine))
            .then(|| Self { header, before: before.to_owned() })
    }

    /// Finds the name. What looks like a part of the secret is none: a name in a key is at most 32
    /// lower-case letters, digits and `-`.
    fn find<'a>(&self, value: &'a str) -> Option<Organization<'a>> {
        let (before, key) = value.split_at_checked(self.before.len())?;
        if !before.eq_ignore_ascii_case(&self.before) {
            return None;
        }
        let key = if self.before.ends_with(' ') { key.trim_start_matches(' ') } else { key };
        let (name, secret) = key.split_once('_')?;
        let is_fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=LONGEST_KEY_NAME).contains(&name.len()) && name.bytes().all(is_fine);
        if fits && !secret.is_empty() { Organization::new(name) } else { None }
    }
}
