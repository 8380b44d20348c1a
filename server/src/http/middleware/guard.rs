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
    error::{self, Kind, Problem},
    middleware::shape,
};

/// The one address that answers whoever asks, by whatever name: it says nothing secret.
const HEALTH: &str = "/api/health";
/// The answer to a page elsewhere.
const ELSEWHERE: &str = "The request comes from a page of another server.";

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
            Some((name, port)) if is_port(port) => name,
            _ => authority,
        };
        let name = name.to_ascii_lowercase();
        self.0.contains(&name)
    }
}

/// The settings of the guard.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The names under which this server may be asked.
    pub hosts: Hosts,
    /// The proxies whose headers are believed.
    pub proxies: Proxies,
    /// The address of this server for browsers, if that is configured.
    pub public: Option<PublicOrigin>,
    /// True if browsers are told to come by https only.
    pub hsts: bool,
}

/// The origin of the configured `public_url`.
#[derive(Clone, Debug)]
pub struct PublicOrigin {
    /// As browsers write it: `https://ops.example.com:8443`.
    origin: Arc<str>,
}

impl PublicOrigin {
    /// An origin, as browsers write it.
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.into() }
    }

    fn is(&self, origin: &str) -> bool {
        self.origin.eq_ignore_ascii_case(origin)
    }

    /// The host with its port, for a request that was sent on with its name alone: proxies often
    /// leave the port out.
    fn whole(&self, host: &str) -> Option<String> {
        let (_, authority) = self.origin.split_once("://")?;
        let (name, _) = authority.rsplit_once(':').filter(|(_, port)| is_port(port))?;
        name.eq_ignore_ascii_case(host).then(|| authority.to_owned())
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Refuses what is not meant for us or comes from elsewhere; adds the headers that every answer
/// carries.
pub async fn guard(State(allowed): State<Guard>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or_default();
    let mut client = allowed.proxies.client_info(peer, request.headers());
    let secure = client.secure;
    // Orchestrators and load balancers ask by number, or without a name.
    let for_everyone =
        matches!(*request.method(), Method::GET | Method::HEAD) && request.uri().path() == HEALTH;
    let checked = shape::check(request.uri(), request.headers()).and_then(|()| {
        if for_everyone {
            return Ok(());
        }
        check(&allowed, &client, request.method(), request.headers())
    });
    if let Some(whole) = allowed.public.as_ref().and_then(|public| public.whole(&client.host)) {
        client.host = whole;
    }
    request.extensions_mut().insert(client);
    let browser = !request.uri().path().starts_with("/api/")
        && text(request.headers(), header::ACCEPT).is_some_and(|kinds| kinds.contains("text/html"));
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if browser {
        response = error::for_browsers(response);
    }
    if secure && allowed.hsts {
        // It holds for every port of the host, so for other services there as well.
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
    allowed: &Guard,
    client: &ClientInfo,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let host = client.host.as_str();
    if host.is_empty() {
        return Err(Problem::new(Kind::NoHost, "The request has no host.".to_owned()));
    }
    if !allowed.hosts.knows(host) {
        let detail = "This host name is not allowed. Open http://localhost with the port, or set 'public_url' in the configuration, or 'allowed_hosts' for more names.";
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
        let public = allowed.public.as_ref().is_some_and(|public| public.is(origin));
        return if same || public { Ok(()) } else { Err(foreign(origin, client)) };
    }
    match text(headers, "sec-fetch-site") {
        // No browser, or a browser too old to say: without Origin it can't be a cross-site post
        // from a current one.
        None | Some("same-origin" | "none") => Ok(()),
        // A link from a chat or a mail may lead here; it may only read.
        Some(_) if method == Method::GET && text(headers, "sec-fetch-mode") == Some("navigate") => {
            Ok(())
        }
        Some(_) => Err(Problem::new(Kind::Elsewhere, ELSEWHERE.to_owned())),
    }
}

/// Refuses a page by its origin. Where it bears the name that was asked for, a proxy has most
/// likely changed the rest on the way: that is told, with the header to set.
fn foreign(origin: &str, client: &ClientInfo) -> Problem {
    let name = |authority: &str| match authority.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name.to_ascii_lowercase(),
        _ => authority.to_ascii_lowercase(),
    };
    let shown: String = origin.chars().filter(|c| c.is_ascii_graphic()).take(100).collect();
    let (asked, scheme) = (client.host.as_str(), if client.secure { "https" } else { "http" });
    let is_near = origin
        .split_once("://")
        .is_some_and(|(_, authority)| name(authority) == name(asked) || client.is_loopback());
    let detail = if is_near {
        format!(
            "{ELSEWHERE} The page is {shown}, but the request is for {scheme}://{asked}. If that page is Calm Ops behind a proxy, set public_url \
             to {shown}, or let the proxy forward the address (nginx: 'proxy_set_header Host $http_host;' and 'proxy_set_header X-Forwarded-Proto $scheme;'; \
             others: X-Forwarded-Host and X-Forwarded-Proto), and add the proxy to trusted_proxies."
        )
    } else {
        ELSEWHERE.to_owned()
    };
    Problem::new(Kind::Elsewhere, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: &Method, pairs: &[(&'static str, &'static str)]) -> u16 {
        checked(None, method, pairs).map_or_else(|problem| problem.status().as_u16(), |()| 200)
    }

    fn checked(
        public: Option<&str>,
        method: &Method,
        pairs: &[(&'static str, &'static str)],
    ) -> Result<(), Problem> {
        let headers = pairs
            .iter()
            .map(|&(name, value)| {
                (http::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect();
        let proxies = Proxies::new(&["127.0.0.1".parse().unwrap()]);
        let client = proxies.client_info(Peer::default(), &headers);
        let hosts = Hosts::new(&["ops.example".to_owned()]);
        let public = public.map(PublicOrigin::new);
        check(&Guard { hosts, proxies, public, hsts: false }, &client, method, &headers)
    }

    #[test]
    fn the_public_address_is_an_origin_of_our_own_and_a_proxy_that_changes_it_is_named() {
        let post = |public, host, origin| {
            checked(public, &Method::POST, &[("host", host), ("origin", origin)])
        };
        let public = Some("https://ops.example:8443");
        for host in ["ops.example", "ops.example:8443", "127.0.0.1:3000", "localhost"] {
            assert!(post(public, host, "https://ops.example:8443").is_ok(), "{host}");
        }
        for origin in [
            "https://ops.example:9999",
            "http://ops.example:8443",
            "https://evil.example:8443",
            "null",
        ] {
            assert!(post(public, "ops.example", origin).is_err(), "{origin}");
        }
        assert!(post(public, "evil.example", "https://ops.example:8443").is_err());
        let told =
            |host, origin| serde_json::to_string(&post(None, host, origin).unwrap_err()).unwrap();
        let near = told("ops.example", "https://ops.example:8443");
        assert!(
            near.contains("proxy_set_header Host $http_host") && near.contains(":8443"),
            "{near}"
        );
        assert!(!told("ops.example", "https://evil.example").contains("proxy_set_header"));
        let whole = PublicOrigin::new("https://ops.example:8443");
        assert_eq!(whole.whole("OPS.example").as_deref(), Some("ops.example:8443"));
        assert_eq!(whole.whole("ops.example:3000"), None);
        assert_eq!(PublicOrigin::new("https://ops.example").whole("ops.example"), None);
    }

    #[test]
    fn only_our_own_pages_and_programs_pass() {
        let post = |pairs: &[(&'static str, &'static str)]| verdict(&Method::POST, pairs);
        assert_eq!(post(&[("host", "localhost:3000")]), 200);
        assert_eq!(post(&[("host", "OPS.example")]), 200);
        assert_eq!(post(&[("host", "[::1]:3000"), ("origin", "http://[::1]:3000")]), 200);
        assert_eq!(post(&[]), 400);
        assert_eq!(post(&[("host", "evil.example")]), 421);
        assert_eq!(post(&[("host", "localhost:65536")]), 421);
        assert_eq!(post(&[("host", "localhost:")]), 421);
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
