//! TLS of our own, with a certificate from files. A renewed certificate is taken up without a
//! restart.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The interval of looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The name of HTTP/2 when a connection begins.
pub(super) const HTTP2: &[u8] = b"h2";

/// The places of the certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate and those that lead to its authority, in PEM form.
    pub certificate: PathBuf,
    /// Its private key, in PEM form.
    pub key: PathBuf,
}

/// The reason a certificate can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate for TLS can't be used: {path}: {problem}", path = path.display())]
pub struct BadCertificate {
    path: PathBuf,
    problem: String,
}

#[expect(clippy::needless_pass_by_value, reason = "called with texts and errors just as they come")]
fn bad(path: &Path, problem: impl ToString) -> BadCertificate {
    BadCertificate { path: path.to_owned(), problem: problem.to_string() }
}

/// The certificate in force.
#[derive(Debug)]
struct InForce {
    files: Files,
    key: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for InForce {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(files: &Files) -> Result<CertifiedKey, BadCertificate> {
    let Files { certificate, key } = files;
    let chain =
        CertificateDer::pem_file_iter(certificate).map_err(|error| bad(certificate, error))?;
    let chain: Vec<CertificateDer<'static>> =
        chain.collect::<Result<_, _>>().map_err(|error| bad(certificate, error))?;
    if chain.is_empty() {
        return Err(bad(certificate, "it contains no certificate in PEM format"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, error))?;
    // A key that does not belong to the certificate is told here, and not by every browser.
    CertifiedKey::from_der(chain, private, &ring::default_provider())
        .map_err(|error| bad(key, error))
}

fn written(files: &Files) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key]
        .map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

/// Takes connections with the certificate in these files, and with its successors until `stop`.
pub fn acceptor(files: Files, stop: CancellationToken) -> Result<TlsAcceptor, BadCertificate> {
    let mut known = written(&files);
    let in_force = Arc::new(InForce { key: RwLock::new(Arc::new(read(&files)?)), files });
    let path = in_force.files.certificate.clone();
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions();
    let mut config = versions
        .map_err(|error| bad(&path, error))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&in_force) as _);
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = written(&in_force.files);
            if now == known {
                continue;
            }
            match read(&in_force.files) {
                Ok(key) => {
                    *in_force.key.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                    known = now;
                    tracing::info!("a new certificate is in force");
                }
                // The two files are written one after the other: it is tried again.
                Err(error) => tracing::warn!(%error, "the previous certificate stays in force"),
            }
        }
    });
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The end of a handshake that takes too long.
pub(super) fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long")
}
