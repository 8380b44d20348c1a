//! TLS that remembers the certificates it was shown, good or bad: the days left on them are told in
//! either case, and why one is not believed.

use std::{
    collections::HashSet,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    reason::{CertificateFault, Excerpt, FailureReason, RequestPhase},
    time::Timestamp,
};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage,
    PeerIncompatible, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName};

use super::super::CollectError;

/// So many certificates of a chain are looked at.
const LONGEST_CHAIN: usize = 12;
/// So many names of a certificate are told.
const MOST_NAMES: usize = 3;

/// Whom one believes.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    verifier: Arc<WebPkiServerVerifier>,
    /// The names of the authorities.
    anchors: Arc<HashSet<Vec<u8>>>,
}

impl Trust {
    /// Believes the public authorities, and those in a file of one's own.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, CollectError> {
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
                return Err(bad("the file contains none in PEM format".to_owned()));
            }
        }
        let anchors = roots.subjects().into_iter().map(|name| name.as_ref().to_vec()).collect();
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(ring::default_provider()),
        )
        .build()
        .map_err(|error| CollectError(format!("TLS cannot be set up: {error}.")))?;
        Ok(Self { verifier, anchors: Arc::new(anchors) })
    }

    /// Settings for one connection. No session is resumed: each probe sees the whole handshake and
    /// the certificates.
    pub(super) fn config(
        &self,
        shown: &Shown,
        protocols: &[&[u8]],
    ) -> Result<Arc<ClientConfig>, Error> {
        let remembering = Remembering { verifier: self.verifier.clone(), shown: shown.clone() };
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(remembering))
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// Days until the first certificate ends that is needed at any hop, less than zero if it has.
    /// `None` if none was shown or they cannot be read.
    pub(super) fn days_left(&self, shown: &Shown, now: Timestamp) -> Option<f64> {
        let first_end = |chain: &Vec<CertificateDer<'static>>| {
            let chain = parsed(chain);
            let ends = self.needed(&chain).into_iter();
            ends.map(|one| one.validity().not_after.timestamp()).min()
        };
        let ends = shown.hops().iter().filter_map(first_end).min();
        let seconds = ends? as f64 - now.as_micros() as f64 / 1e6;
        Some(seconds / 86_400.0)
    }

    /// The certificates of a chain that lead from the server's own to an authority, as far as they
    /// do; what else the server sends is not needed.
    fn needed<'a, 'b>(&self, chain: &'b [X509Certificate<'a>]) -> Vec<&'b X509Certificate<'a>> {
        let mut needed: Vec<&X509Certificate<'_>> = chain.first().into_iter().collect();
        while let Some(last) = needed.last()
            && !self.anchors.contains(last.issuer().as_raw())
            && last.issuer() != last.subject()
        {
            let issuers =
                chain.iter().filter(|one| one.subject() == last.issuer() && !needed.contains(one));
            match issuers.max_by_key(|one| one.validity().not_after.timestamp()) {
                Some(issuer) => needed.push(issuer),
                None => break,
            }
        }
        needed
    }

    /// The reason a handshake failed.
    pub(super) fn explain(
        &self,
        error: &io::Error,
        shown: &Shown,
        host: &str,
        address: &str,
    ) -> FailureReason {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let Some(inner) = inner else {
            return FailureReason::BrokenOff { phase: RequestPhase::Tls, address: address.into() };
        };
        match inner {
            Error::InvalidCertificate(error) => {
                let hops = shown.hops();
                let chain = parsed(hops.last().map_or(&[], Vec::as_slice));
                let (fault, detail) = self.fault(error, &chain);
                let detail = detail.as_deref().map(Excerpt::new);
                FailureReason::Certificate {
                    host: host.into(),
                    address: address.into(),
                    fault,
                    detail,
                }
            }
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => FailureReason::NotTls { address: address.into() },
            other => FailureReason::TlsFailed {
                address: address.into(),
                problem: problem(other).as_str().into(),
            },
        }
    }

    fn fault(
        &self,
        error: &CertificateError,
        chain: &[X509Certificate<'_>],
    ) -> (CertificateFault, Option<String>) {
        let own = chain.first();
        let needed = self.needed(chain);
        let whose = |one: &X509Certificate<'_>, at: i64| {
            let day = Timestamp::from_secs(at).to_chrono().format("%Y-%m-%d").to_string();
            if own.is_some_and(|own| own == one) {
                format!("on {day}")
            } else {
                format!("the one of its issuer {}, on {day}", common_name(one.subject()))
            }
        };
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                let first = needed.iter().min_by_key(|one| one.validity().not_after.timestamp());
                let detail = first.map(|one| whose(one, one.validity().not_after.timestamp()));
                (CertificateFault::Expired, detail)
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                let last = needed.iter().max_by_key(|one| one.validity().not_before.timestamp());
                let detail = last.map(|one| {
                    format!(
                        "its validity starts {}",
                        whose(one, one.validity().not_before.timestamp())
                    )
                });
                (CertificateFault::NotYetValid, detail)
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (CertificateFault::WrongName, own.and_then(names))
            }
            CertificateError::UnknownIssuer => {
                let last = needed.last();
                let issuer = last.map(|one| format!("issuer {}", common_name(one.issuer())));
                match own {
                    Some(own) if own.issuer() == own.subject() => {
                        (CertificateFault::SelfSigned, None)
                    }
                    Some(own) if own.is_ca() => (CertificateFault::AuthorityAsServer, None),
                    // It sends nothing that leads on from its own.
                    Some(_) if needed.len() == 1 => (CertificateFault::IncompleteChain, issuer),
                    _ => (CertificateFault::UnknownIssuer, issuer),
                }
            }
            CertificateError::Revoked => (CertificateFault::Revoked, None),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                (CertificateFault::NotForServers, None)
            }
            _ if own.is_some_and(|own| own.is_ca()) => (CertificateFault::AuthorityAsServer, None),
            other => (CertificateFault::Malformed, Some(other.to_string())),
        }
    }
}

/// The problem in TLS, as the part of a sentence.
pub(super) fn problem(error: &Error) -> String {
    use AlertDescription as Alert;
    match error {
        Error::AlertReceived(Alert::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "it supports no TLS version that browsers accept (1.2 or 1.3)".to_owned(),
        Error::AlertReceived(Alert::UnrecognisedName) => {
            "it does not know this host name (SNI)".to_owned()
        }
        Error::AlertReceived(Alert::NoApplicationProtocol) => {
            "it supports neither HTTP/1.1 nor HTTP/2 there (ALPN)".to_owned()
        }
        Error::AlertReceived(Alert::CertificateRequired) => {
            "it requires a client certificate, and Calm Ops has none".to_owned()
        }
        Error::AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity) => {
            "it rejected the handshake: there is no common cipher, or it requires a client certificate"
                .to_owned()
        }
        Error::AlertReceived(Alert::InternalError) => {
            "it rejected the handshake, as servers do that have no certificate for this name"
                .to_owned()
        }
        other => other.to_string(),
    }
}

fn parsed<'a>(chain: &'a [CertificateDer<'static>]) -> Vec<X509Certificate<'a>> {
    let parse = |one: &'a CertificateDer<'static>| {
        x509_parser::parse_x509_certificate(one).ok().map(|(_, certificate)| certificate)
    };
    // Without its own certificate there is no chain.
    let mut all = chain.iter().map(parse);
    let Some(Some(own)) = all.next() else { return Vec::new() };
    std::iter::once(own).chain(all.flatten()).collect()
}

fn common_name(name: &x509_parser::x509::X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|one| one.as_str().ok());
    format!("'{}'", common.map_or_else(|| name.to_string(), str::to_owned))
}

/// The names that a certificate is for.
fn names(certificate: &X509Certificate<'_>) -> Option<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let all: Vec<String> = alternative
        .iter()
        .flat_map(|one| &one.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => {
                let four = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
                let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(From::from));
                address.ok().map(|address| address.to_string())
            }
            _ => None,
        })
        .collect();
    let more = all.len().saturating_sub(MOST_NAMES);
    let told = all.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match (told.is_empty(), more) {
        (true, _) => Some("it names none".to_owned()),
        (false, 0) => Some(told),
        (false, more) => Some(format!("{told} and {more} more")),
    }
}

/// The certificates that servers showed, hop by hop, each server's own first.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown(Arc<Mutex<Vec<Vec<CertificateDer<'static>>>>>);

impl Shown {
    fn hops(&self) -> Vec<Vec<CertificateDer<'static>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
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
        let chain = std::iter::once(end_entity).chain(intermediates).take(LONGEST_CHAIN);
        let chain = chain.map(|one| one.clone().into_owned()).collect();
        self.shown.0.lock().unwrap_or_else(PoisonError::into_inner).push(chain);
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
