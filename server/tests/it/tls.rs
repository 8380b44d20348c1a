//! TLS of its own, and the way through a proxy, tried on the real program.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring,
    pki_types::CertificateDer,
};

use crate::program::{self, Home, calm_ops};

/// Writes a certificate for `localhost` and its key into a folder.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

fn configuration(home: &Home, text: &str) -> String {
    let path = home.dir.path().join("calm-ops.toml");
    fs::write(&path, text.replace("DIR", home.dir.path().to_str().unwrap())).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The answer over TLS to a client that believes only this certificate; `None` if the handshake
/// fails.
fn ask(address: &str, believed: &CertificateDer<'static>, request: &str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(believed.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = StreamOwned::new(
        ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap(),
        socket,
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn with_a_certificate_nothing_but_tls_is_spoken_and_other_services_of_the_host_are_left_alone() {
    let home = Home::new();
    let ours = certificate(home.dir.path());
    let file = configuration(
        &home,
        "[tls]\ncertificate = \"DIR/certificate.pem\"\nkey = \"DIR/key.pem\"\n",
    );
    let program = home.start_with(&["--config", &file]).unwrap();
    let request = format!(
        "GET /api/health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        program.address
    );
    let answer = ask(&program.address, &ours, &request).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && !answer.contains("strict-transport-security"),
        "{answer}"
    );
    assert!(program.raw(request.as_bytes()).is_none(), "plain requests are not answered");

    let elsewhere = tempfile::tempdir().unwrap();
    let other = certificate(elsewhere.path());
    assert!(ask(&program.address, &other, &request).is_none_or(|answer| answer.is_empty()));
}

#[test]
fn a_key_of_another_certificate_is_refused_at_start() {
    let home = Home::new();
    certificate(home.dir.path());
    fs::write(home.dir.path().join("key.pem"), KeyPair::generate().unwrap().serialize_pem())
        .unwrap();
    let file = configuration(
        &home,
        "[tls]\ncertificate = \"DIR/certificate.pem\"\nkey = \"DIR/key.pem\"\n",
    );
    let said = home.start_with(&["--config", &file]).err().unwrap();
    assert!(said.contains("key.pem") && said.contains("Use a certificate and its key"), "{said}");
    let file = configuration(&home, "[tls]\nkey = \"DIR/key.pem\"\n");
    let checked = calm_ops(&["check".as_ref(), "--config".as_ref(), file.as_ref()]);
    assert!(
        String::from_utf8_lossy(&checked.stderr).contains("also tls.certificate"),
        "{checked:?}"
    );
}

#[test]
fn behind_a_named_proxy_the_public_name_is_known_and_from_others_it_is_not_believed() {
    let home = Home::new();
    let forwarded = "Host: 127.0.0.1:9\r\nX-Forwarded-Host: ops.example.com\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.9\r\n";
    let file = configuration(
        &home,
        "public_url = \"https://ops.example.com\"\ntrusted_proxies = [\"127.0.0.1\"]\nhsts = true\n",
    );
    {
        let program = home.start_with(&["--config", &file]).unwrap();
        let answer = program.request("GET", "/api/health", forwarded, "").unwrap();
        assert!(
            answer.status == 200 && answer.head.contains("strict-transport-security"),
            "{answer:?}"
        );
        let post = |origin: &str| {
            program
                .request(
                    "POST",
                    "/api/ops/signals",
                    &format!("{forwarded}Origin: {origin}\r\n"),
                    "{}",
                )
                .unwrap()
                .status
        };
        assert_eq!(post("http://ops.example.com"), 403, "a page that came unsafely is another one");
        assert_ne!(post("https://ops.example.com"), 403);

        // A sign-in over https is kept where no plain request, and no other server of the domain,
        // can send or set it.
        let body = format!(r#"{{"name":"{}","password":"{}"}}"#, program::OWNER, program::PASSWORD);
        let safe = format!(
            "{forwarded}Cookie: none=1\r\nContent-Type: application/json\r\nOrigin: https://ops.example.com\r\n"
        );
        let came = program.request("POST", "/api/people/sign-in", &safe, &body).unwrap();
        assert!(
            came.head.contains("__Host-calm_session_") && came.head.contains("; Secure"),
            "{came:?}"
        );
        let read = |cookie: &str| {
            program
                .request(
                    "GET",
                    "/api/ops/incidents",
                    &format!("{forwarded}Cookie: {cookie}\r\n"),
                    "",
                )
                .unwrap()
                .status
        };
        assert_eq!(read(&came.cookie()), 200);
        assert_eq!(
            read(&came.cookie().replace("__Host-", "")),
            401,
            "a name that others could set is not taken"
        );
    }
    let file = configuration(&home, "allowed_hosts = [\"elsewhere.example\"]\n");
    let program = home.start_with(&["--config", &file]).unwrap();
    let answer = program
        .request("GET", "/api/health", &forwarded.replace("127.0.0.1:9", "elsewhere.example"), "")
        .unwrap();
    assert!(
        answer.status == 200 && !answer.head.contains("strict-transport-security"),
        "{answer:?}"
    );
}

/// The answer in HTTP/2: the status, and the first part of the body.
async fn ask_http2(address: &str, believed: &CertificateDer<'static>, path: &str) -> (u16, String) {
    let mut roots = RootCertStore::empty();
    roots.add(believed.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .unwrap();
    let (mut client, connection) = hyper::client::conn::http2::handshake(
        hyper_util::rt::TokioExecutor::new(),
        hyper_util::rt::TokioIo::new(stream),
    )
    .await
    .unwrap();
    tokio::spawn(connection);
    let port = address.rsplit(':').next().unwrap();
    let request = http::Request::get(format!("https://localhost:{port}{path}"));
    let answer =
        client.send_request(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let mut body = axum::body::Body::new(answer.into_body()).into_data_stream();
    let first = futures::StreamExt::next(&mut body).await.unwrap().unwrap();
    (status, String::from_utf8_lossy(&first).into_owned())
}

#[tokio::test]
async fn browsers_get_http2_over_tls() {
    let home = Home::new();
    let ours = certificate(home.dir.path());
    let file = configuration(
        &home,
        "[tls]\ncertificate = \"DIR/certificate.pem\"\nkey = \"DIR/key.pem\"\n",
    );
    let program = home.start_with(&["--config", &file]).unwrap();
    let (status, body) = ask_http2(&program.address, &ours, "/api/health").await;
    assert!(status == 200 && body.contains("checked_at"), "{status} {body}");
    // The host is named in the address alone, and checked there.
    assert_eq!(ask_http2(&program.address, &ours, "/api/ops/health").await.0, 401);
}
