//! The shape of a request: what can be read in two ways, or holds what no honest client sends, is
//! refused before anything looks at it.

use domain::text::is_invisible;
use http::{HeaderMap, HeaderName, Uri, header};

use crate::http::error::{Kind, Problem};

/// Headers that decide who asks, for whom and what. Of two it would depend on the reader which one
/// counts.
const ONCE: [HeaderName; 8] = [
    header::HOST,
    header::AUTHORIZATION,
    header::ORIGIN,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("last-event-id"),
];

/// Refuses an address or headers that can't be read in one way only.
pub(super) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |detail: &str| Err(Problem::new(Kind::Malformed, detail.to_owned()));
    if let Some(name) = ONCE.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        return refused(&format!("The request has the header {name} twice."));
    }
    if headers.contains_key(header::TRANSFER_ENCODING)
        && headers.contains_key(header::CONTENT_LENGTH)
    {
        return refused("The request gives the length of its body in two ways.");
    }
    let names_other = || {
        let host = headers.get(header::HOST).map(http::HeaderValue::as_bytes);
        let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
        authority.is_some() && host.is_some() && authority != host
    };
    if !uri.path().starts_with('/') || names_other() {
        return refused("The request is not for an address of this server.");
    }
    if is_odd(uri.path()) || uri.query().is_some_and(is_odd) {
        return refused(
            "The address contains a character that is not allowed: a control character, an invisible one, or a damaged one.",
        );
    }
    Ok(())
}

/// True if a part of an address, with its `%` signs resolved, is not plain text.
fn is_odd(part: &str) -> bool {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return true };
        bytes.push((high * 16 + low) as u8);
    }
    let is_noncharacter = |c: char| u32::from(c) & 0xfffe == 0xfffe;
    String::from_utf8(bytes).map_or(true, |text| {
        text.chars().any(|c| c.is_control() || is_invisible(c) || is_noncharacter(c))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn verdict(uri: &str, pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for &(name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        check(&uri.parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn an_address_is_plain_text() {
        for odd in [
            "%00",
            "%0d%0aX:1",
            "%0a",
            "%1b",
            "%7f",
            "%ff",
            "%c0%af",
            "%",
            "%2",
            "%zz",
            "%e2%80%ae",
            "%e2%80%8b",
            "%ed%a0%80",
            "%ef%bf%be",
            "%ef%bb%bf",
            "%c2%ad",
            "%c2%85",
            "%f3%a0%81%81",
            "%e3%85%a4",
            "%f4%90%80%80",
        ] {
            for uri in [format!("/ops/{odd}"), format!("/ops?text=a{odd}"), format!("/?{odd}=x")] {
                assert!(!verdict(&uri, &[]), "{uri}");
            }
        }
        for fine in [
            "/",
            "/ops/incidents/1",
            "/ops?text=Z%C3%BCrich+100%25",
            "/ops?a=%E6%9D%B1%E4%BA%AC&b",
            "/?=",
            "/a%2Fb?c=%2f%2f",
        ] {
            assert!(verdict(fine, &[]), "{fine}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for twice in
            ["host", "authorization", "origin", "content-type", "sec-fetch-site", "content-length"]
        {
            assert!(!verdict("/", &[(twice, "a"), (twice, "a")]), "{twice}");
            assert!(verdict("/", &[(twice, "a")]), "{twice}");
        }
        assert!(!verdict("/", &[("content-length", "5"), ("transfer-encoding", "chunked")]));
        assert!(verdict(
            "/",
            &[
                ("cookie", "a=1"),
                ("cookie", "b=2"),
                ("x-forwarded-for", "a"),
                ("x-forwarded-for", "b")
            ]
        ));
        assert!(!verdict("*", &[]) && !verdict("evil.example:443", &[]));
        assert!(!verdict("http://evil.example/", &[("host", "localhost")]));
        assert!(verdict("http://localhost:3000/", &[("host", "localhost:3000")]));
    }
}
