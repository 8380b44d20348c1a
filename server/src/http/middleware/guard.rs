//! The guard at the door of every request: is it meant for us, and does it come from one of our own
//! pages?
//!
//! A page on loopback is reachable from any web page in the browser. A name that someone pointed at
//! 127.0.0.1 (DNS rebinding) shows in the Host header; a page elsewhere shows in Origin and in
//! Sec-Fetch-Site.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, header};

use crate::http::{
    client_info::{ClientInfo, Peer, Proxies},
    error::{Kind, Problem},
};

/// The names under which this server may be asked, in lower case and without ports.
#[derive(Clone, Debug)]
pub struct Hosts(Arc<[String]>);

impl Hosts {
    /// The loopback names, and those from the configuration.
    pub fn new(more: &[String]) -> Self {
        let loopback = ["localhost", "127.0.0.1", "[::1]"].into_iter().map(str::to_owned);
        Self(loopback.chain(more.iter().map(|name| name.to_ascii_lowercase())).collect())
    }

    fn knows(&self, authority: &str) -> bool {
        let name = match authority.rsplit_once(':') {
            Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                name
            }
            _ => authority,
        };
        let name = name.to_ascii_lowercase();
        self.0.contains(&name)
    }
}

/// What the guard goes by.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The names under which this server may be asked.
    pub hosts: Hosts,
    /// The proxies whose headers are believed.
    pub proxies: Proxies,
}

/// Refuses what is not meant for us or comes from elsewhere; adds the headers that every answer
/// carries.
pub async fn guard(State(allowed): State<Guard>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or_default();
    let client = allowed.proxies.client_info(peer, request.headers());
    let secure = client.secure;
    let checked = check(&allowed.hosts, &client, request.method(), request.headers());
    request.extensions_mut().insert(client);
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if secure {
        // Whoever came safely once never comes otherwise again.
        response.headers_mut().insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        // A page may be stricter about what it tells others of its address.
        if name != "referrer-policy" || !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    // Pages set their own policy, with a nonce. Whatever else might be shown by mistake may load
    // nothing.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        );
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn check(
    hosts: &Hosts,
    client: &ClientInfo,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let elsewhere = |detail: String| Err(Problem::new(Kind::Elsewhere, detail));
    let host = client.host.as_str();
    if host.is_empty() {
        return Err(Problem::new(Kind::NoHost, "The request names no host.".to_owned()));
    }
    if !hosts.knows(host) {
        let detail = "This server is not known under the name that was asked for. Open http://localhost with its port, or say in the configuration how it is reached: 'public_url', or 'allowed_hosts' for more names.";
        return Err(Problem::new(Kind::OtherHost, detail.to_owned()));
    }
    if let Some(origin) = text(headers, header::ORIGIN) {
        let same = origin
            .split_once("://")
            // A page that came unsafely is another one than ours that came safely.
            .is_some_and(|(scheme, authority)| {
                (scheme == "https" || (scheme == "http" && !client.secure))
                    && authority.eq_ignore_ascii_case(host)
            });
        return if same {
            Ok(())
        } else {
            elsewhere("The request comes from a page that is not one of this server's.".to_owned())
        };
    }
    match text(headers, "sec-fetch-site") {
        // No browser, or a browser too old to say: without Origin it can't be a cross-site post
        // from a current one.
        None | Some("same-origin" | "none") => Ok(()),
        // A link from a chat or a mail may lead here; it may only read.
        Some(_) if method == Method::GET && text(headers, "sec-fetch-mode") == Some("navigate") => {
            Ok(())
        }
        Some(_) => {
            elsewhere("The request comes from a page that is not one of this server's.".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: &Method, pairs: &[(&'static str, &'static str)]) -> u16 {
        let headers = pairs
            .iter()
            .map(|&(name, value)| {
                (http::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect();
        let proxies = Proxies::new(&["127.0.0.1".parse().unwrap()]);
        let client = proxies.client_info(Peer::default(), &headers);
        check(&Hosts::new(&["ops.example".to_owned()]), &client, method, &headers)
            .map_or_else(|problem| problem.status().as_u16(), |()| 200)
    }

    #[test]
    fn only_our_own_pages_and_programs_pass() {
        let post = |pairs: &[(&'static str, &'static str)]| verdict(&Method::POST, pairs);
        assert_eq!(post(&[("host", "localhost:3000")]), 200);
        assert_eq!(post(&[("host", "OPS.example")]), 200);
        assert_eq!(post(&[("host", "[::1]:3000"), ("origin", "http://[::1]:3000")]), 200);
        assert_eq!(post(&[]), 400);
        assert_eq!(post(&[("host", "evil.example")]), 421);
        assert_eq!(post(&[("host", "localhost.evil.example:3000")]), 421);
        assert_eq!(post(&[("host", "localhost:3000"), ("origin", "http://evil.example")]), 403);
        assert_eq!(post(&[("host", "localhost:3000"), ("origin", "http://localhost:4000")]), 403);
        assert_eq!(post(&[("host", "localhost:3000"), ("origin", "null")]), 403);
        assert_eq!(post(&[("host", "localhost:3000"), ("sec-fetch-site", "cross-site")]), 403);
        assert_eq!(
            post(&[
                ("host", "localhost:3000"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate")
            ]),
            403
        );
        let safely = |origin| {
            post(&[
                ("host", "inner:3000"),
                ("x-forwarded-host", "ops.example"),
                ("x-forwarded-proto", "https"),
                ("origin", origin),
            ])
        };
        assert_eq!(safely("https://ops.example"), 200);
        assert_eq!(safely("http://ops.example"), 403);
        assert_eq!(safely("https://inner:3000"), 403);
        let link = [
            ("host", "localhost:3000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
        ];
        assert_eq!(verdict(&Method::GET, &link), 200);
        let image = [
            ("host", "localhost:3000"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-mode", "no-cors"),
        ];
        assert_eq!(verdict(&Method::GET, &image), 403);
    }
}
