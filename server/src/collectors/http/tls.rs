//! TLS that remembers the certificate it was shown, good or bad, so that the days left on it can be
//! told in either case.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use domain::time::Timestamp;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use super::super::CollectError;

/// Believes the public authorities, and those in a file of one's own.
pub(super) fn verifier(ca_file: Option<&Path>) -> Result<Arc<WebPkiServerVerifier>, CollectError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca_file {
        let bad = |problem: String| {
            CollectError(format!(
                "The certificates in {} cannot be used: {problem}.",
                path.display()
            ))
        };
        let mut added = 0;
        for certificate in
            CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?
        {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            added += 1;
        }
        if added == 0 {
            return Err(bad("the file holds none in PEM form".to_owned()));
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()))
        .build()
        .map_err(|error| CollectError(format!("TLS cannot be set up: {error}.")))
}

/// The certificate that a server showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown(Arc<Mutex<Option<CertificateDer<'static>>>>);

impl Shown {
    /// Days until it ends, less than zero if it has. `None` if none was shown or it cannot be read.
    pub(super) fn days_left(&self, now: Timestamp) -> Option<f64> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, certificate) = x509_parser::parse_x509_certificate(shown.as_ref()?).ok()?;
        let seconds =
            certificate.validity().not_after.timestamp() as f64 - now.as_micros() as f64 / 1e6;
        Some(seconds / 86_400.0)
    }
}

/// Settings for one connection. No session is resumed: each probe sees the whole handshake and the
/// certificate.
pub(super) fn config(
    verifier: Arc<WebPkiServerVerifier>,
    shown: Shown,
) -> Result<Arc<ClientConfig>, Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Remembering { verifier, shown }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Decides nothing itself.
#[derive(Debug)]
struct Remembering {
    verifier: Arc<WebPkiServerVerifier>,
    shown: Shown,
}

impl ServerCertVerifier for Remembering {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.shown
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| end_entity.clone().into_owned());
        self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
