//! The collector for endpoints against real sockets: servers that are fine, slow, wrong, endless,
//! hostile or gone.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    reason::FailureReason,
    time::{Span, Timestamp},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use server::collectors::{
    Collector, Round,
    http::{Endpoint, HttpCollector, SentHeader},
};
use server::config::Secret;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// The answers of a server after the head of the request has come.
#[derive(Clone, Debug)]
enum Answer {
    Whole(String),
    After(Duration, String),
    Endless,
    Trickle,
    /// The connection stays open after it.
    Open(Box<Answer>),
    /// Ends without TLS's farewell.
    Abrupt(String),
}

fn ok(body: &str) -> Answer {
    Answer::Whole(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

fn redirect(to: &str) -> Answer {
    Answer::Whole(format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"))
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: Answer,
) -> std::io::Result<()> {
    let (answer, stays_open) = match answer {
        Answer::Open(answer) => (*answer, true),
        answer => (answer, false),
    };
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    match answer {
        Answer::Whole(text) => stream.write_all(text.as_bytes()).await?,
        Answer::After(time, text) => {
            tokio::time::sleep(time).await;
            stream.write_all(text.as_bytes()).await?;
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'x'; 8192]).await?;
            }
        }
        Answer::Trickle => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Answer::Abrupt(text) => {
            stream.write_all(text.as_bytes()).await?;
            return stream.flush().await;
        }
        Answer::Open(_) => {}
    }
    if stays_open {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    stream.shutdown().await
}

async fn server(answer: Answer, tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (answer, tls) = (answer.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    Some(config) => {
                        serve(TlsAcceptor::from(config).accept(stream).await?, answer).await
                    }
                    None => serve(stream, answer).await,
                }
            });
        }
    });
    address
}

fn endpoint(url: &str) -> Endpoint {
    let mut endpoint = Endpoint::new("checkout", url.parse().unwrap());
    endpoint.time_limit = Span::from_secs(5);
    endpoint
}

/// 2026-11-22, so that the days left on a certificate are known.
const NOW: Timestamp = Timestamp::from_secs(1_795_305_600);

async fn probe(endpoint: Endpoint) -> Round {
    let mut collector = HttpCollector::new(endpoint).unwrap();
    let limit = collector.time_limit();
    tokio::time::timeout(limit, collector.collect(NOW))
        .await
        .expect("a probe ends within its limit")
        .unwrap()
}

fn value(round: &Round, signal: &str) -> Option<f64> {
    let seen = round.observations.iter().find(|seen| seen.signal.as_str() == signal)?;
    assert_eq!(seen.subject.as_str(), "endpoint:checkout");
    assert_eq!(seen.unit, server::collectors::signals().unit(signal));
    Some(seen.value)
}

#[tokio::test]
async fn an_endpoint_that_answers_is_up_with_its_times() {
    let answer = Answer::After(
        Duration::from_millis(150),
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
    );
    let address = server(answer, None).await;
    let mut it = endpoint(&format!("http://localhost:{}/health?a=b", address.port()));
    it.expect_text = Some("ok".to_owned());
    let round = probe(it).await;
    assert_eq!(
        (value(&round, "endpoint.up"), value(&round, "endpoint.status")),
        (Some(1.0), Some(200.0))
    );
    let (first, total) =
        (value(&round, "endpoint.first_byte").unwrap(), value(&round, "endpoint.total").unwrap());
    assert!((150.0..4_000.0).contains(&first) && total >= first, "{first} {total}");
    assert_eq!(value(&round, "endpoint.certificate.days_left"), None);
}

#[tokio::test]
async fn a_wrong_status_is_down_unless_it_is_expected() {
    let address =
        server(Answer::Whole("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_owned()), None)
            .await;
    let mut it = endpoint(&format!("http://{address}/"));
    let round = probe(it.clone()).await;
    assert_eq!(
        (value(&round, "endpoint.up"), value(&round, "endpoint.status")),
        (Some(0.0), Some(503.0))
    );
    it.expect_status = "503".parse().unwrap();
    assert_eq!(value(&probe(it).await, "endpoint.up"), Some(1.0));
}

#[tokio::test]
async fn a_missing_text_is_down() {
    let address = server(ok("all is broken"), None).await;
    let mut it = endpoint(&format!("http://{address}/"));
    it.expect_text = Some("all is well".to_owned());
    assert_eq!(value(&probe(it).await, "endpoint.up"), Some(0.0));
}

#[tokio::test]
async fn a_text_that_arrives_in_two_parts_is_found() {
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nall is w\r\n3\r\nell\r\n0\r\n\r\n";
    let address = server(Answer::Whole(chunks.to_owned()), None).await;
    let mut it = endpoint(&format!("http://{address}/"));
    it.expect_text = Some("is well".to_owned());
    assert_eq!(value(&probe(it).await, "endpoint.up"), Some(1.0));
}

#[tokio::test]
async fn a_slow_first_byte_and_a_body_without_end_are_cut_by_the_time_limit() {
    let missing = Answer::Whole("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut".to_owned());
    // A stream that stays open is an answer; what says how long it is, and stops before, is none.
    for (answer, up) in [
        (Answer::After(Duration::from_secs(60), String::new()), 0.0),
        (Answer::Open(Box::new(missing)), 0.0),
        (Answer::Trickle, 1.0),
    ] {
        let address = server(answer.clone(), None).await;
        let mut it = endpoint(&format!("http://{address}/"));
        it.time_limit = Span::from_millis(300);
        let began = Instant::now();
        let round = probe(it).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{answer:?}");
        assert_eq!(
            (value(&round, "endpoint.up"), value(&round, "endpoint.total")),
            (Some(up), None),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn only_the_first_mebibyte_is_read() {
    let address = server(Answer::Endless, None).await;
    let mut it = endpoint(&format!("http://{address}/"));
    assert_eq!(
        value(&probe(it.clone()).await, "endpoint.up"),
        Some(1.0),
        "it answers; how long it goes on is not asked"
    );
    it.expect_text = Some("never said".to_owned());
    let round = probe(it).await;
    assert_eq!(value(&round, "endpoint.up"), Some(0.0));
    assert!(
        value(&round, "endpoint.total").is_some(),
        "it ended by its length, not by the time limit"
    );
}

#[tokio::test]
async fn redirects_are_followed_but_not_everywhere_and_not_for_ever() {
    let goal = server(ok("here"), None).await;
    let address = server(redirect(&format!("http://{goal}/x")), None).await;
    let mut it = endpoint(&format!("http://{address}/"));
    assert_eq!(value(&probe(it.clone()).await, "endpoint.status"), Some(200.0));
    it.follow_redirects = false;
    assert_eq!(value(&probe(it).await, "endpoint.status"), Some(302.0));
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "http://user:hunter2@127.0.0.1/",
        "/again",
        "http://[fe80::1]/",
        "http://[",
    ] {
        let address = server(redirect(to), None).await;
        let began = Instant::now();
        let round = probe(endpoint(&format!("http://{address}/"))).await;
        assert_eq!(
            (value(&round, "endpoint.up"), value(&round, "endpoint.status")),
            (Some(0.0), None),
            "{to}"
        );
        assert!(began.elapsed() < Duration::from_secs(3), "{to}");
    }
}

#[tokio::test]
async fn forbidden_addresses_refused_connections_and_unknown_names_are_down() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let urls = [
        "http://169.254.169.254/".to_owned(),
        "http://0.0.0.0/".to_owned(),
        format!("http://{closed}/"),
        "http://no-such.invalid/".to_owned(),
    ];
    for url in urls {
        let round = probe(endpoint(&url)).await;
        assert_eq!(
            (value(&round, "endpoint.up"), round.observations.len()),
            (Some(0.0), 1),
            "{url}"
        );
    }
}

#[tokio::test]
async fn nonsense_instead_of_http_is_down() {
    for text in ["", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ncut"] {
        let address = server(Answer::Whole(text.to_owned()), None).await;
        assert_eq!(
            value(&probe(endpoint(&format!("http://{address}/"))).await, "endpoint.up"),
            Some(0.0),
            "{text:?}"
        );
    }
    let endless_head = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(2_000_000));
    let address = server(Answer::Whole(endless_head), None).await;
    assert_eq!(
        value(&probe(endpoint(&format!("http://{address}/"))).await, "endpoint.up"),
        Some(0.0)
    );
}

/// The certificates that a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    /// Its own, issued by the authority itself.
    Own,
    /// Its own, of an authority between, with that one's.
    Chain,
    /// Its own, of an authority between, alone.
    Chainless,
    /// One that it issued itself.
    SelfSigned,
    /// The authority's.
    Authority,
}

/// An authority of one's own in a file, and a server's settings with a certificate that ends on the
/// given day.
fn authority(year: i32, month: u8, day: u8) -> (tempfile::NamedTempFile, Arc<ServerConfig>) {
    let (file, mut config) = certified(Shows::Own, [(2020, 1, 1), (year, month, day)]);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    (file, Arc::new(config))
}

/// The same with another certificate, valid from and until these days; an authority between ends on
/// 2030-01-01.
fn certified(
    shows: Shows,
    [from, until]: [(i32, u8, u8); 2],
) -> (tempfile::NamedTempFile, ServerConfig) {
    let named = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let root_key = KeyPair::generate().unwrap();
    let root_params = named("root");
    let root = root_params.self_signed(&root_key).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), root.pem()).unwrap();
    let root_issuer = Issuer::new(root_params, root_key);
    let between_key = KeyPair::generate().unwrap();
    let mut between_params = named("between");
    between_params.not_after = date_time_ymd(2030, 1, 1);
    let between = between_params.signed_by(&between_key, &root_issuer).unwrap();
    let between_issuer = Issuer::new(between_params, between_key);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) =
        (date_time_ymd(from.0, from.1, from.2), date_time_ymd(until.0, until.1, until.2));
    let chain = match shows {
        Shows::Own => vec![params.signed_by(&key, &root_issuer).unwrap()],
        Shows::Chain => vec![params.signed_by(&key, &between_issuer).unwrap(), between],
        Shows::Chainless => vec![params.signed_by(&key, &between_issuer).unwrap()],
        Shows::SelfSigned => vec![params.self_signed(&key).unwrap()],
        Shows::Authority => {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            vec![params.signed_by(&key, &root_issuer).unwrap()]
        }
    };
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                chain.iter().map(|one| one.der().clone()).collect(),
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
    (file, config)
}

/// The reason of a round in which the endpoint is down.
fn why(round: &Round) -> FailureReason {
    let seen = round.observations.iter().find(|seen| seen.signal.as_str() == "endpoint.up");
    seen.unwrap().reason.clone().expect("a failure has its reason")
}

#[tokio::test]
async fn every_failure_has_its_own_reason() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let said = |text: &str| Answer::Whole(text.to_owned());
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ncut";
    let silent = Answer::After(Duration::from_secs(60), String::new());
    let sold = ok("<h1>Sold out</h1>, you sent Bearer hunter2");
    for (answer, expected) in [
        (None, "was refused"),
        (Some(silent), "did not answer within 300 ms"),
        (Some(Answer::Open(Box::new(said(cut)))), "did not finish it within 300 ms"),
        (Some(said(cut)), "closed the connection in the middle"),
        (Some(said("")), "closed the connection without an answer"),
        (
            Some(said("SSH-2.0-OpenSSH_9.6\r\n")),
            "not in HTTP: it starts with 'SSH-2.0-OpenSSH_9.6'",
        ),
        (Some(said("HTTP/1.1 abc OK\r\n\r\n")), "its first line is 'HTTP/1.1 abc OK'"),
        (Some(said("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n")), "answered with status 404"),
        (
            Some(said("HTTP/1.1 403 No\r\n\r\n<title>Just a moment</title> Bearer hunter2")),
            "status 403, which is unexpected; the answer was: 'Just a moment [not shown]'",
        ),
        // What comes of the answer does not decide, nor when.
        (
            Some(Answer::Open(Box::new(said("HTTP/1.1 500 No\r\n\r\nDatabase away")))),
            "answered with status 500, which is unexpected",
        ),
        (
            Some(said("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nContent-Length: 30\r\n\r\ncut")),
            "several lengths: 'Content-Length: 3', 'Content-Length: 30'",
        ),
        (
            Some(said("HTTP/1.1 200 OK\r\nserver: x\r\ncontent-length: 3 bytes\r\n\r\ncut")),
            "contain 'Content-Length: 3 bytes', which is not a length",
        ),
        (
            Some(said(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nplain, and no gzip at all",
            )),
            "not compressed as declared ('Content-Encoding: gzip')",
        ),
        // A head that comes too slowly.
        (
            Some(Answer::Open(Box::new(said("HTTP/1.1 200 OK\r\nserver: x\r\n")))),
            "started its answer but did not finish it within 300 ms",
        ),
        (Some(sold), "the answer (status 200) was: 'Sold out , you sent [not shown]'"),
        (Some(ok("")), "was empty"),
        (Some(redirect("file:///etc/passwd")), "redirected to 'file:///etc/passwd'"),
        (Some(redirect("/again")), "redirected more than 20 times"),
    ] {
        let address = match answer.clone() {
            Some(answer) => server(answer, None).await,
            None => closed,
        };
        let mut it = endpoint(&format!("http://{address}/"));
        it.expect_text = Some("Add to basket".to_owned());
        it.headers = vec![SentHeader {
            name: "authorization".parse().unwrap(),
            value: Secret::new("Bearer hunter2"),
        }];
        it.time_limit = Span::from_millis(300);
        let told = wording::reason::sentence(&why(&probe(it).await));
        assert!(told.contains(expected), "{answer:?}: {told}");
    }
    for (url, expected) in [
        ("http://0.0.0.0/", "never requested"),
        ("http://169.254.169.254/latest/meta-data", "never requested"),
        ("http://no-such.invalid/", "'no-such.invalid' was not found"),
    ] {
        let told = wording::reason::sentence(&why(&probe(endpoint(url)).await));
        assert!(told.contains(expected), "{told}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_believed_says_what_is_wrong_with_it() {
    const GOOD: [(i32, u8, u8); 2] = [(2020, 1, 1), (2036, 11, 22)];
    for (shows, valid, name, is_known, expected) in [
        (Shows::Own, GOOD, "127.0.0.1", true, "is for another name (localhost)"),
        (
            Shows::Own,
            [GOOD[0], (2021, 1, 1)],
            "localhost",
            true,
            "has expired; renew it (on 2021-01-01)",
        ),
        (Shows::Own, [(2035, 1, 1), GOOD[1]], "localhost", true, "is not valid yet"),
        (Shows::Chain, GOOD, "localhost", false, "its issuer is unknown"),
        (Shows::Chainless, GOOD, "localhost", true, "does not send the full certificate chain"),
        (Shows::SelfSigned, GOOD, "localhost", true, "self-signed"),
        (Shows::Authority, GOOD, "localhost", true, "is the certificate of an authority"),
    ] {
        let (ca, config) = certified(shows, valid);
        let address = server(ok("ok"), Some(Arc::new(config))).await;
        let mut it = endpoint(&format!("https://{name}:{}/", address.port()));
        it.ca_file = is_known.then(|| ca.path().to_owned());
        let told = wording::reason::sentence(&why(&probe(it).await));
        assert!(told.contains(expected), "{shows:?}: {told}");
    }
    let (plain, _asked) =
        telling("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let told = why(&probe(endpoint(&format!("https://{plain}/"))).await);
    assert!(matches!(told, FailureReason::NotTls { .. }), "{told:?}");
    let (_ca, tls) = authority(2036, 11, 22);
    let tls = server(ok("ok"), Some(tls)).await;
    let told = why(&probe(endpoint(&format!("http://{tls}/"))).await);
    assert!(wording::reason::sentence(&told).contains("https address"), "{told:?}");
}

#[tokio::test]
async fn the_days_left_are_those_of_the_whole_chain_and_of_every_hop() {
    let far = [(2020, 1, 1), (2036, 11, 22)];
    let (ca, config) = certified(Shows::Chain, far);
    let chain = server(ok("ok"), Some(Arc::new(config))).await;
    let mut it = endpoint(&format!("https://localhost:{}/", chain.port()));
    it.ca_file = Some(ca.path().to_owned());
    let days = value(&probe(it).await, "endpoint.certificate.days_left").unwrap();
    assert_eq!(days.round(), 1_136.0, "the authority between ends first: {days}");
    // The second hop is refused: its certificate is of another authority, and is told all the same.
    let (_other, config) = certified(Shows::Own, [(2020, 1, 1), (2026, 11, 24)]);
    let second = server(ok("ok"), Some(Arc::new(config))).await;
    let (ca, config) = certified(Shows::Own, far);
    let to = redirect(&format!("https://localhost:{}/", second.port()));
    let first = server(to, Some(Arc::new(config))).await;
    let mut it = endpoint(&format!("https://localhost:{}/", first.port()));
    it.ca_file = Some(ca.path().to_owned());
    let days = value(&probe(it).await, "endpoint.certificate.days_left").unwrap();
    assert_eq!(days.round(), 2.0, "{days}");
}

#[tokio::test]
async fn what_browsers_accept_is_an_answer() {
    let odd = [
        "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\n\r\nok",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\r\nX-Odd : a\r\nno colon here\r\n: no name\r\nX\u{1}: b\r\nFolded: a\r\n b\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nx-name: caf\u{e9}\r\ncontent-length: 2\r\n\r\nok",
    ];
    let many: String = (0..400).map(|n| format!("x-{n}: y\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\n{many}content-length: 2\r\n\r\nok");
    for text in odd.iter().copied().chain([many.as_str()]) {
        let address = server(Answer::Whole(text.to_owned()), None).await;
        let mut it = endpoint(&format!("http://{address}/"));
        it.expect_text = Some("ok".to_owned());
        let round = probe(it).await;
        assert_eq!(value(&round, "endpoint.up"), Some(1.0), "{text:?}: {round:?}");
    }
    // An end without TLS's farewell, with and without a length.
    for text in ["HTTP/1.1 200 OK\r\n\r\nok", odd[0]] {
        let (ca, config) = authority(2036, 11, 22);
        let address = server(Answer::Abrupt(text.to_owned()), Some(config)).await;
        let mut it = endpoint(&format!("https://localhost:{}/", address.port()));
        it.ca_file = Some(ca.path().to_owned());
        let round = probe(it).await;
        assert_eq!(value(&round, "endpoint.up"), Some(1.0), "{text:?}: {round:?}");
    }
    // A stream is up once its head was seen, or the text.
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: hello\n\n";
    for expected in [None, Some("hello".to_owned())] {
        let answer = Answer::Open(Box::new(Answer::Whole(stream.to_owned())));
        let mut it = endpoint(&format!("http://{}/", server(answer, None).await));
        it.expect_text = expected;
        let began = Instant::now();
        assert_eq!(value(&probe(it).await, "endpoint.up"), Some(1.0));
        assert!(began.elapsed() < Duration::from_secs(3), "it is not read to its end");
    }
}

#[tokio::test]
async fn a_text_is_found_however_the_server_writes_it() {
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, "<h1>K\u{e4}se</h1>".as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let latin = b"<h1>K\xe4se</h1>".to_vec();
    for (head, body) in [("content-encoding: gzip", gzip), ("content-type: text/html", latin)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 4_096];
            let _ = stream.read(&mut bytes).await.unwrap();
            let head =
                format!("HTTP/1.1 200 OK\r\n{head}\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
        });
        let mut it = endpoint(&format!("http://{address}/"));
        it.expect_text = Some("K\u{e4}se".to_owned());
        let round = probe(it).await;
        assert_eq!(value(&round, "endpoint.up"), Some(1.0), "{head}: {round:?}");
    }
}

#[tokio::test]
async fn a_site_that_sets_a_cookie_and_redirects_to_itself_is_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let answer = if head.contains("cookie: lb=7") {
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
            } else {
                "HTTP/1.1 302 Found\r\nset-cookie: lb=7; Path=/; HttpOnly\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    assert_eq!(
        value(&probe(endpoint(&format!("http://{address}/"))).await, "endpoint.up"),
        Some(1.0)
    );
}

/// A server that tells what it was asked, and then redirects or answers.
async fn telling(answer: String) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 4_096];
            let length = stream.read(&mut bytes).await.unwrap();
            told.send(String::from_utf8_lossy(&bytes[..length]).to_lowercase()).unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

#[tokio::test]
async fn method_headers_and_body_are_sent_to_their_own_origin_only() {
    let (second, mut second_asked) =
        telling("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let to = format!("HTTP/1.1 307 Go\r\nlocation: http://{second}/\r\ncontent-length: 0\r\n\r\n");
    let (first, mut first_asked) = telling(to).await;
    let mut it = endpoint(&format!("http://{first}/rpc"));
    it.method = "POST".parse().unwrap();
    it.headers = vec![SentHeader {
        name: "authorization".parse().unwrap(),
        value: Secret::new("Bearer hunter2"),
    }];
    it.body = Some(Secret::new("{\"ping\":1}"));
    assert!(!format!("{it:?}").contains("hunter2") && !format!("{it:?}").contains("ping"));
    assert_eq!(value(&probe(it).await, "endpoint.up"), Some(1.0));
    let asked = first_asked.recv().await.unwrap();
    assert!(
        asked.starts_with("post /rpc ")
            && asked.contains("bearer hunter2")
            && asked.contains("ping"),
        "{asked}"
    );
    let asked = second_asked.recv().await.unwrap();
    assert!(!asked.contains("hunter2") && !asked.contains("ping"), "{asked}");
}

#[tokio::test]
async fn a_server_that_speaks_only_http2_is_up() {
    let (ca, mut config) = certified(Shows::Own, [(2020, 1, 1), (2036, 11, 22)]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let answer = hyper::service::service_fn(|request: hyper::Request<_>| async move {
                    let _: hyper::body::Incoming = request.into_body();
                    let body = http_body_util::Full::new(bytes::Bytes::from_static(b"ok"));
                    Ok::<_, std::convert::Infallible>(hyper::Response::new(body))
                });
                let executor = hyper_util::rt::TokioExecutor::new();
                let io = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http2::Builder::new(executor)
                    .serve_connection(io, answer)
                    .await;
            });
        }
    });
    let mut it = endpoint(&format!("https://localhost:{port}/"));
    it.ca_file = Some(ca.path().to_owned());
    it.expect_text = Some("ok".to_owned());
    let round = probe(it).await;
    assert_eq!(value(&round, "endpoint.up"), Some(1.0), "{round:?}");
}

#[tokio::test]
async fn tls_with_a_known_authority_is_up_and_tells_the_days_left() {
    let (ca, config) = authority(2036, 11, 22);
    let address = server(ok("ok"), Some(config)).await;
    let mut it = endpoint(&format!("https://localhost:{}/", address.port()));
    let unknown = probe(it.clone()).await;
    assert_eq!(
        value(&unknown, "endpoint.up"),
        Some(0.0),
        "without its authority nobody believes it"
    );
    assert!(value(&unknown, "endpoint.certificate.days_left").is_some());
    it.ca_file = Some(ca.path().to_owned());
    let round = probe(it.clone()).await;
    assert_eq!(
        (value(&round, "endpoint.up"), value(&round, "endpoint.status")),
        (Some(1.0), Some(200.0))
    );
    let days = value(&round, "endpoint.certificate.days_left").unwrap();
    assert_eq!(days.round(), 3653.0, "{days}");
    it.url = format!("https://{address}/").parse().unwrap();
    assert_eq!(
        value(&probe(it).await, "endpoint.up"),
        Some(0.0),
        "the certificate is for another name"
    );
}

#[tokio::test]
async fn an_expired_certificate_is_down_and_says_since_when() {
    let (ca, config) = authority(2021, 1, 1);
    let address = server(ok("ok"), Some(config)).await;
    let mut it = endpoint(&format!("https://localhost:{}/", address.port()));
    it.ca_file = Some(ca.path().to_owned());
    let round = probe(it).await;
    assert_eq!((value(&round, "endpoint.up"), value(&round, "endpoint.status")), (Some(0.0), None));
    assert!(value(&round, "endpoint.certificate.days_left").is_some_and(|days| days < -2_000.0));
}

#[tokio::test]
async fn a_file_without_certificates_is_refused_with_its_name() {
    let mut it = endpoint("https://localhost/");
    for path in ["/no/such/file", "/dev/null"] {
        it.ca_file = Some(path.into());
        let error = HttpCollector::new(it.clone()).unwrap_err().to_string();
        assert!(error.contains(path), "{error}");
    }
}
