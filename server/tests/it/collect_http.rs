//! The collector for endpoints against real sockets: servers that are fine, slow, wrong, endless,
//! hostile or gone.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::time::{Span, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use server::collectors::{
    Collector, Round,
    http::{Endpoint, HttpCollector},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// How a server answers after the head of the request has come.
#[derive(Clone, Debug)]
enum Answer {
    Whole(String),
    After(Duration, String),
    Endless,
    Trickle,
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
    for answer in [Answer::After(Duration::from_secs(60), String::new()), Answer::Trickle] {
        let address = server(answer.clone(), None).await;
        let mut it = endpoint(&format!("http://{address}/"));
        it.time_limit = Span::from_millis(300);
        let began = Instant::now();
        let round = probe(it).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{answer:?}");
        assert_eq!(
            (value(&round, "endpoint.up"), value(&round, "endpoint.total")),
            (Some(0.0), None),
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

/// An authority of one's own in a file, and a server's settings with a certificate that ends on the
/// given day.
fn authority(year: i32, month: u8, day: u8) -> (tempfile::NamedTempFile, Arc<ServerConfig>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, month, day);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
    (file, Arc::new(config))
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
