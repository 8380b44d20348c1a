//! The answers of servers, for any bytes: what is read of it is bounded, what is told of it can be
//! shown, and neither holds what was sent to it in confidence.

use std::sync::LazyLock;

use bytes::Bytes;
use fixtures::fuzz::{Target, assert_shown};
use http_body_util::Full;
use hyper::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::{addresses::Own, decoded::Decoder, post::Post, *};
use crate::fuzz::{texts, wait};

pub(crate) const TARGETS: &[Target] = &[
    Target { name: "http-answer", seeds: answers, words: WORDS, check: check_answer },
    Target {
        name: "http2-answer",
        seeds: frames,
        words: &[
            "\0\0\0",
            "\x04\0\0\0\0\0",
            "\x01\x04\0\0\0\x01",
            "\0\x01\0\0\0\x01",
            "\x07\0\0\0\0\0",
            "\u{1}\u{2}",
            "\0\0\x05",
        ],
        check: check_frames,
    },
    Target {
        name: "compressed",
        seeds: compressed,
        words: &["\x1f", "\x08", "\0", "\x0b", "\x1b", "\0\0\0\0", "\x03", "\u{1}"],
        check: check_compressed,
    },
    Target {
        name: "own-addresses",
        seeds: tries,
        words: &[
            "\n",
            "|-- ",
            "/32 host LOCAL",
            "/24 link UNICAST",
            "10.0.0.0",
            "universe UNICAST",
            "/0 ",
            "/33 ",
            "ff",
            " 80 ",
            "\0",
        ],
        check: check_tries,
    },
];

const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    ": ",
    "HTTP/1.1 ",
    "HTTP/1.0 200 OK\r\n",
    "200",
    "204",
    "302",
    "999",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Encoding: br\r\n",
    "Location: ",
    "//evil.example",
    "file:///etc/passwd",
    "https://u:p@a/",
    "Set-Cookie: a=b\r\n",
    "Content-Type: text/event-stream\r\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "ffffffffffffffff\r\n",
    "<script>",
    "<!--",
    "<title>",
    KEY,
    "Bearer ",
    "ok",
    "\u{fffd}",
];

/// The confidential part of a request.
const KEY: &str = "hunter2-0123456789";

static ENDPOINT: LazyLock<Endpoint> = LazyLock::new(|| {
    let url = format!("http://shop.example/health?key={KEY}").parse();
    let url = url.unwrap_or_else(|error| panic!("{error}"));
    Endpoint {
        expect_text: Some("fine".to_owned()),
        headers: vec![SentHeader { name: header::AUTHORIZATION, value: Secret::new(KEY) }],
        ..Endpoint::new("shop", url)
    }
});

fn answers() -> Vec<Vec<u8>> {
    texts(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Type: text/plain\r\n\r\nfine ok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n4\r\nfine\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere?a=b#c\r\nSet-Cookie: s=1; Path=/; HttpOnly\r\nSet-Cookie: t=2\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 301 Moved\r\nlocation: https://user:hunter2-0123456789@shop.example/\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n<!DOCTYPE html><html><head><title>502</title><style>a{b:c}</style></head><body><p>you sent hunter2-0123456789</body></html>",
        "HTTP/1.1 200 \r\nX : y\r\n folded\r\nbad line\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip",
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: fine\n\n",
        "HTTP/1.1 2000 hunter2-0123456789\r\n\r\n",
        "SSH-2.0-OpenSSH_10.0 \u{1b}[31mhunter2-0123456789\r\n",
        "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{16}",
    ])
}

fn frames() -> Vec<Vec<u8>> {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap_or(0);
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
    };
    let (settings, ack) = (frame(4, 0, 0, &[]), frame(4, 1, 0, &[]));
    let (head, body) = (frame(1, 4, 1, &[0x88]), frame(0, 1, 1, b"fine"));
    let reset = frame(3, 0, 1, &[0, 0, 0, 7]);
    let away = frame(7, 0, 0, b"\0\0\0\x01\0\0\0\x02hunter2-0123456789");
    vec![
        [&settings[..], &ack, &head, &body].concat(),
        [&settings[..], &head, &reset].concat(),
        [&settings[..], &away].concat(),
        [
            &frame(4, 0, 0, &[0, 6, 0, 0, 0, 1])[..],
            &frame(1, 5, 1, &[0x08, 0x03, b'5', b'0', b'3']),
        ]
        .concat(),
    ]
}

/// A server that sends this whatever it is asked for, and ends.
fn server(bytes: &[u8]) -> DuplexStream {
    let (ours, mut theirs) = duplex(256 * 1024);
    let bytes = bytes.to_vec();
    tokio::spawn(async move {
        if theirs.write_all(&bytes).await.is_ok() && theirs.shutdown().await.is_ok() {
            let _ = theirs.read_to_end(&mut Vec::new()).await;
        }
    });
    ours
}

fn check_reason(reason: &FailureReason) {
    let sentence = wording::reason::sentence(reason);
    assert_shown(&sentence, 2_000);
    assert!(!sentence.contains(KEY), "{sentence}");
}

fn check_answer(bytes: &[u8]) {
    wait(async {
        probe(bytes, false).await;
        let url = ENDPOINT.url.clone();
        let post = Post { method: Method::POST, url, headers: Vec::new(), body: Vec::new() };
        match post::send(server(bytes), &post).await {
            Ok(status) => assert!((100..1_000).contains(&status)),
            Err(reason) => assert_shown(&wording::reason::sentence(&reason), 2_000),
        }
    });
}

fn check_frames(bytes: &[u8]) {
    wait(probe(bytes, true));
}

async fn probe(bytes: &[u8], is_http2: bool) {
    static TRUST: LazyLock<Trust> =
        LazyLock::new(|| Trust::new(None).unwrap_or_else(|error| panic!("{error}")));
    let (endpoint, url) = (&*ENDPOINT, &ENDPOINT.url);
    let (outside, mut lookups) = (Outside::default(), Lookups::default());
    let probe = Probe { endpoint, trust: &TRUST, outside: &outside, lookups: &mut lookups };
    let (mut found, mut cookies) = (Found::new(), Cookies::default());
    let request = probe.request(url, &Method::GET, &cookies, is_http2);
    let request: Request<Full<Bytes>> = request.unwrap_or_else(|reason| panic!("{reason:?}"));
    let asked = ask::ask(server(bytes), is_http2, request, &found.seen).await;
    let (response, _connection) = match asked {
        Ok(answered) => answered,
        Err(error) => {
            let reason = ask::explain(&error, RequestPhase::FirstByte, &found.seen, "a");
            return check_reason(&probe.without_secrets(reason));
        }
    };
    if let Some(Ok(next)) = redirect(url, &response) {
        let next = next.as_url();
        assert!(matches!(next.scheme(), "http" | "https") && next.has_host(), "{next}");
        assert!(next.username().is_empty() && next.password().is_none(), "{next}");
        cookies.take(url, response.headers());
        let elsewhere: ProbeUrl = "http://b.example/".parse().unwrap_or_else(|_| url.clone());
        assert!(cookies.of(url).is_none_or(|all| all.len() < 130_000));
        assert!(cookies.of(&elsewhere).is_none(), "they stay with the host that set them");
    }
    if let Err(reason) = probe.judge(response, &mut found).await {
        check_reason(&reason);
    }
}

fn compressed() -> Vec<Vec<u8>> {
    vec![
        b"\0\x02plain text".to_vec(),
        b"\x01\x03\x1f\x8b\x08\0\0\0\0\0\0\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0"
            .to_vec(),
        b"\x02\x01x\x9c\xcbH\xcd\xc9\xc9\x07\0\x06,\x02\x15".to_vec(),
        b"\x03\x04\x0b\x02\x80hello\x03".to_vec(),
    ]
}

fn check_compressed(bytes: &[u8]) {
    const MOST: usize = 10_000;
    let [coding, size, rest @ ..] = bytes else { return };
    let coding = ["identity", "gzip", "deflate", "br"][usize::from(coding % 4)];
    let headers =
        HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(coding))]);
    let read = |size: usize| {
        let (mut decoder, mut all) = (Decoder::of(&headers), Vec::new());
        for part in rest.chunks(size.max(1)) {
            let contents = decoder.take(part, MOST - all.len()).ok()?;
            all.extend(contents);
            assert!(all.len() <= MOST);
            if all.len() == MOST {
                break;
            }
        }
        Some(all)
    };
    let (whole, parts) = (read(usize::MAX), read(usize::from(*size)));
    if let (Some(whole), Some(parts)) = (&whole, &parts) {
        // Of one that is cut off, more may wait in the decoder.
        assert!(whole.starts_with(parts) || parts.starts_with(whole), "{coding}");
    }
}

fn tries() -> Vec<Vec<u8>> {
    texts(&[
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     +-- 10.9.0.0/24 2 0 2\n        |-- 10.9.0.0\n           /24 link UNICAST\n        |-- 10.9.0.7\n           /32 host LOCAL\n",
        "     |-- 127.0.0.0\n        /8 host LOCAL\n\x0000000000000000000000000000000001 01 80 10 80       lo\nfe800000000000000000000000000001 02 40 20 80     eth0\n",
    ])
}

fn check_tries(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (fib_trie, if_inet6) = text.split_once('\0').unwrap_or((&text, &text));
    let own = Own::read(fib_trie, if_inet6);
    for guarded in [[127, 0, 0, 1], [10, 0, 0, 1], [169, 254, 169, 254]] {
        assert!(own.is_guarded(guarded.into()));
    }
}
