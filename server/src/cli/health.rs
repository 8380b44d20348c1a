//! `calm-ops health`: does the server that runs here watch?

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::{database, outcome::Outcome};
use crate::{config::Config, http::tls::Files};

/// Time limit of the whole question.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const MOST_ANSWER: usize = 64 * 1024;

/// The fields that are read of the answer.
#[derive(Deserialize)]
struct Answer {
    status: String,
    active_incidents: Option<u64>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) fn health(config: &Config, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let address = local(config.listen);
    let asked = async { tokio::time::timeout(TIME_LIMIT, ask(address, config.tls.as_ref())).await };
    let Some(answer) = database::run(asked, err) else { return Outcome::Failed };
    let told = match answer {
        Ok(Ok(told)) => told,
        Ok(Err(error)) => {
            let _ = writeln!(err, "Calm Ops does not answer at {address}: {error}.");
            return Outcome::Failed;
        }
        Err(_) => {
            let _ = writeln!(err, "Calm Ops did not answer at {address} within 10 s.");
            return Outcome::Failed;
        }
    };
    match told {
        (StatusCode::OK, Some(answer)) => {
            let incidents = match answer.active_incidents {
                Some(0) => "no active incident".to_owned(),
                Some(1) => "1 active incident".to_owned(),
                Some(count) => format!("{count} active incidents"),
                None => "the incidents can't be read right now".to_owned(),
            };
            let _ = writeln!(out, "Calm Ops is monitoring: {}, {incidents}.", answer.status);
            Outcome::Fine
        }
        (_, Some(answer)) => {
            let _ = writeln!(err, "Calm Ops is running at {address}, but it is {}.", answer.status);
            Outcome::Wrong
        }
        (status, None) => {
            let status = status.as_u16();
            let _ = writeln!(
                err,
                "The program at {address} is not Calm Ops (status {status}). Set the address with --listen."
            );
            Outcome::Failed
        }
    }
}

/// The address at which a server that listens on another one is reached from here.
fn local(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(
    address: SocketAddr,
    tls: Option<&Files>,
) -> Result<(StatusCode, Option<Answer>), Failure> {
    let stream = TcpStream::connect(address).await?;
    match tls {
        None => send(stream, address).await,
        Some(files) => {
            let connector = TlsConnector::from(Arc::new(only_ours(files)?));
            let name = ServerName::from(address.ip()).to_owned();
            send(connector.connect(name, stream).await?, address).await
        }
    }
}

async fn send<S>(stream: S, address: SocketAddr) -> Result<(StatusCode, Option<Answer>), Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // What goes wrong here is told to the request as well.
        let _ = connection.await;
    }));
    let request = Request::get("/api/health")
        .header(header::HOST, format!("localhost:{}", address.port()))
        .header(header::USER_AGENT, concat!("calm-ops/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MOST_ANSWER).collect().await?.to_bytes();
    Ok((status, serde_json::from_slice(&body).ok()))
}

/// TLS with exactly the certificate of the configuration: it names the host as browsers reach it,
/// and this asks by address.
fn only_ours(files: &Files) -> Result<ClientConfig, Failure> {
    let ours = CertificateDer::pem_file_iter(&files.certificate)?
        .next()
        .ok_or_else(|| io::Error::other("the certificate file contains no certificate"))??;
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Only { ours, provider: Arc::clone(&provider) });
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Believes one certificate.
#[derive(Debug)]
struct Only {
    ours: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.ours {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General(
                "it uses a different certificate than the configured one".to_owned(),
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
