//! Requests, for any bytes: what passes the door can be read in one way only, what is believed of a
//! proxy comes from one, and what is refused is told in a sentence.

use std::net::{IpAddr, SocketAddr};

use app::own_page;
use axum::{
    Router, body::Body, extract::Request, middleware::from_fn_with_state, response::Response,
};
use commands::{
    accounts::{Account, PasswordHash},
    audit::AuditFilter,
    reading::{GetSeries, GetSignal, HistoryFilter, ReadJournal},
};
use domain::{
    access::Role,
    error::{Error, FieldReason},
    id::AccountId,
    time::Timestamp,
};
use fixtures::fuzz::{Target, assert_shown};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use tower::ServiceExt as _;

use crate::{
    fuzz::{texts, wait},
    http::{
        client_info::{ClientInfo, Peer, Proxies},
        error::Problem,
        extract::{Fields, FromQuery},
        middleware::guard::{Guard, Hosts, PublicOrigin, guard},
    },
    people::{
        Device, SessionCookie, Shown, hash_of,
        known_browser::KnownBrowser,
        passkeys::{Passkeys, are_possible},
    },
};

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "request",
        seeds: requests,
        words: &[
            "\n",
            ": ",
            "Host: ",
            "Origin: ",
            "https://",
            "localhost",
            "ops.example.com",
            "evil.example",
            "[::1]:3000",
            "X-Forwarded-For: ",
            "X-Forwarded-Host: ",
            "X-Forwarded-Proto: ",
            "Forwarded: for=",
            "127.0.0.1",
            "10.0.0.7",
            "192.0.2.1",
            ", ",
            "Sec-Fetch-Site: cross-site\n",
            "Last-Event-ID: 1:42\n",
            "/api/health",
            "?",
            "&",
            "=",
            "%2e%2e/",
            "%0d%0a",
            "//",
            "\\",
            "@",
            "#",
            "text=",
            "from=2026-11-22T10:00:00Z",
            "Transfer-Encoding: chunked\n",
        ],
        check: check_request,
    },
    Target {
        name: "cookies",
        seeds: cookies,
        words: &[
            "\n",
            ";",
            "; ",
            "=",
            "calm_session_a1b2",
            "calm_browser_a1b2",
            "__Host-",
            "\"",
            ".",
            "1.",
            "07",
            "Bearer ",
            ",",
        ],
        check: check_cookies,
    },
    Target {
        name: "passkey",
        seeds: passkeys,
        words: &[
            "\"id\":",
            "\"rawId\":",
            "\"response\":",
            "\"clientDataJSON\":",
            "\"attestationObject\":",
            "\"authenticatorData\":",
            "\"signature\":",
            "\"userHandle\":",
            "\"type\":\"public-key\"",
            "null",
            "{}",
            "=",
            "AA",
            "_-",
        ],
        check: check_passkey,
    },
];

fn requests() -> Vec<Vec<u8>> {
    texts(&[
        "GET /ops/history?text=disk+%26%20co&severity=critical&from=2026-11-22T10:00:00Z\nHost: localhost:3000\n",
        "POST /api/ops/signals?keep=good\nHost: ops.example.com\nX-Forwarded-For: 192.0.2.1, 10.0.0.7\nX-Forwarded-Proto: https\nX-Forwarded-Host: ops.example.com:8443\nOrigin: https://ops.example.com:8443\n",
        "GET /sign-in?to=%2Fops%2Fapprove%2F42-1%3Fa%3Db\nHost: [::1]:3000\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nAccept: text/html\n",
        "GET /api/ops/series?subject=host%3Aweb-1&signal=host.memory.used&from=2026-11-22T10:00:00Z&to=2026-11-22T11:00:00Z\nHost: OPS.example.com\n",
        "GET /api/ops/journal?after=7&limit=1000\nHost: localhost\nLast-Event-ID: 1:42\n",
        "DELETE http://localhost/a\nHost: localhost\nForwarded: for=\"[2001:db8::1]\";host=evil.example;proto=https\n",
        "GET /api/health\n",
        "POST /\nHost: localhost\nHost: evil.example\nContent-Length: 5\nTransfer-Encoding: chunked\n",
        "POST /\nHost: localhost:30777777777777777777700\nOrigin: http://localhost:3000\n",
        "POST /\nHost: localhost:3000\nOrigin: http://evil.example\nX-Forwarded-For: 1.2.3.4:99, [::1]:5, unknown\n",
    ])
}

fn door() -> Router {
    let proxies = ["127.0.0.1", "10.0.0.0/8"].map(|one| one.parse().ok());
    let proxies: Vec<_> = proxies.into_iter().flatten().collect();
    let state = Guard {
        hosts: Hosts::new(&["ops.example.com".to_owned()]),
        proxies: Proxies::new(&proxies),
        public: Some(PublicOrigin::new("https://ops.example.com:8443")),
        hsts: true,
    };
    let let_in = |request: Request| async move {
        let client = request.extensions().get::<ClientInfo>().cloned();
        let mut response =
            Response::new(Body::from(request.uri().query().unwrap_or("").to_owned()));
        client.map(|client| response.extensions_mut().insert(client));
        response
    };
    Router::new().fallback(let_in).layer(from_fn_with_state(state, guard))
}

fn parsed(bytes: &[u8], peer: IpAddr) -> Option<Request> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::from_bytes(&first[..space]).ok()?;
    *request.uri_mut() = Uri::try_from(&first[space + 1..]).ok()?;
    for line in lines.take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    request.extensions_mut().insert(Peer::new(SocketAddr::from((peer, 5_000)), false));
    Some(request)
}

fn check_request(bytes: &[u8]) {
    let to = String::from_utf8_lossy(bytes);
    let own = own_page(&to);
    assert!(own.starts_with('/') && !own.starts_with("//") && !own.contains(['\\', '\n', '\r']));
    for peer in [IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 9])] {
        let Some(request) = parsed(bytes, peer) else { return };
        check_passage(request, peer);
    }
}

fn check_passage(request: Request, peer: IpAddr) {
    let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
    let response = match wait(door().oneshot(request)) {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    assert!(status == StatusCode::OK || status.is_client_error(), "{status}");
    assert!(!response.headers().contains_key(header::LOCATION));
    if let Some(problem) = response.extensions().get::<Problem>() {
        let told = serde_json::to_value(problem).unwrap_or_default();
        assert_shown(told["detail"].as_str().unwrap_or_default(), 1_000);
    }
    let Some(client) = response.extensions().get::<ClientInfo>().cloned() else { return };
    if !peer.is_loopback() {
        assert_eq!((client.from, client.secure), (peer, false), "anyone can write headers");
    }
    if path != "/api/health" {
        let name = client.host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let name = name.map_or(client.host.as_str(), |(name, _)| name).to_ascii_lowercase();
        let known = ["localhost", "127.0.0.1", "[::1]", "ops.example.com"];
        assert!(known.contains(&name.as_str()), "{client:?}");
    }
    for once in ["host", "origin", "authorization", "content-type", "last-event-id"] {
        assert!(headers.get_all(once).iter().count() < 2, "{once}");
    }
    let _ = are_possible(&client);
    let body = wait(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap_or_default();
    let query = String::from_utf8_lossy(&body);
    check_query::<AuditFilter>(&query);
    check_query::<HistoryFilter>(&query);
    check_query::<GetSeries>(&query);
    check_query::<GetSignal>(&query);
    check_query::<ReadJournal>(&query);
}

fn check_query<T: FromQuery>(query: &str) {
    let now = Timestamp::from_secs(1_795_341_700);
    let read = Fields::read(query, T::PARAMETERS).and_then(|fields| T::from_query(&fields, now));
    if let Err(problem) = read {
        assert!(problem.status().is_client_error());
        let wrong = problem.first();
        assert!(wrong.pointer.starts_with('?'), "{wrong:?}");
        assert_shown(&wrong.pointer, 200);
        assert_shown(&wrong.detail, 1_000);
    }
}

fn cookies() -> Vec<Vec<u8>> {
    let (id, mac) = ("07".repeat(16), "0a".repeat(32));
    let known = format!("calm_browser_a1b2=1.{id}.{mac}");
    let mut all = texts(&[
        "calm_session_a1b2=0123456789abcdef; theme=dark",
        "__Host-calm_session_a1b2=00ff\ncalm_session_a1b2=11ee",
        "a=b; calm_session_a1b2=; calm_session_a1b2=x; =; ;;",
        "Bearer 0123456789abcdef",
    ]);
    all.push(known.clone().into_bytes());
    all.push(format!("x=y;__Host-{known}; calm_session_a1b2=\"q\"").into_bytes());
    all
}

fn check_cookies(bytes: &[u8]) {
    let names = SessionCookie::new("a1b2");
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(100) {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        if line.starts_with(b"Bearer ") {
            headers.insert(header::AUTHORIZATION, value);
        } else {
            headers.append(header::COOKIE, value);
        }
    }
    let holds = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    for secure in [false, true] {
        let host = "ops.example.com".to_owned();
        let client = ClientInfo { from: IpAddr::from([192, 0, 2, 9]), secure, host };
        let device = Device::of(&headers, &client, &names);
        let prefix = if secure { "__Host-" } else { "" };
        if let Some(known) = &device.known {
            assert!(holds(&format!("{prefix}calm_browser_a1b2")));
            assert_eq!(KnownBrowser::parse(&known.value()).as_ref(), Some(known));
            assert_eq!(known.id_for(&account()), None, "nobody can make one up");
        }
        match Shown::by(&headers, &client, &names) {
            Shown::Session(hash) => {
                assert!(holds(&format!("{prefix}calm_session_a1b2=")) && hash != hash_of(""));
            }
            Shown::Token(_) => assert!(headers.contains_key(header::AUTHORIZATION)),
            Shown::Nothing => {}
        }
    }
}

fn account() -> Account {
    Account {
        id: AccountId(1),
        name: "Ada".to_owned(),
        role: Role::Owner,
        password: PasswordHash("$argon2id$of-this-server".to_owned()),
        created_at: Timestamp::from_secs(1_795_341_600),
        closed_at: None,
        role_since: None,
        password_since: None,
    }
}

fn passkeys() -> Vec<Vec<u8>> {
    texts(&[
        include_str!("fuzz/passkey-made.json").trim_end(),
        include_str!("fuzz/passkey-answer.json").trim_end(),
        "{}",
    ])
}

fn check_passkey(bytes: &[u8]) {
    let from = IpAddr::from([127, 0, 0, 1]);
    let client = ClientInfo { from, secure: false, host: "localhost:3000".to_owned() };
    let open = Passkeys::new();
    let made = open.finish(&client, &account(), bytes).err();
    assert!(made.is_some(), "nobody asked for it");
    if let Ok(presented) = Passkeys::read(bytes) {
        let credential = presented.credential();
        assert!((16..=1_023).contains(&credential.len()), "{credential:?}");
    } else {
        let unreadable = Error::invalid("passkey", FieldReason::Unreadable);
        assert_shown(&wording::error::sentence(&unreadable), 200);
    }
}
