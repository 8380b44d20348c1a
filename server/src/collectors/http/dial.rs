//! A connection to an address of the configuration, made as a probe makes one, for protocols of all
//! kinds.

use std::{net::IpAddr, path::Path, time::Duration};

use domain::reason::{FailureReason, RequestPhase};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{
    CollectError, ProbeUrl, addresses,
    connect::{Lookups, connect},
    server_name,
    tls::{Shown, Trust},
};
use crate::collectors::outside::Outside;

/// A connection, with TLS or without.
pub(in crate::collectors) trait Dialed:
    AsyncRead + AsyncWrite + Send + Unpin
{
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Dialed for S {}

/// Connects.
#[derive(Clone, Debug)]
pub(in crate::collectors) struct Dialer {
    trust: Trust,
    time_limit: Duration,
}

impl Dialer {
    /// Believes the public authorities, and those in a file of one's own. An address has
    /// `time_limit` to accept.
    pub(in crate::collectors) fn new(
        ca_file: Option<&Path>,
        time_limit: Duration,
    ) -> Result<Self, CollectError> {
        Ok(Self { trust: Trust::new(ca_file)?, time_limit })
    }

    /// Connects to host and port of an address; `https` is any protocol over TLS. `phase` follows,
    /// for whoever gives up.
    pub(in crate::collectors) async fn dial(
        &self,
        url: &ProbeUrl,
        protocols: &[&[u8]],
        outside: &Outside,
        phase: &mut RequestPhase,
    ) -> Result<Box<dyn Dialed>, FailureReason> {
        let addresses = Lookups::default().addresses(url).await?;
        *phase = RequestPhase::Connect;
        outside.tried(&addresses);
        let host = url.as_url().host_str().unwrap_or_default();
        if addresses.iter().any(|address| addresses::is_public(address.ip())) {
            outside.named(host);
        }
        let nothing_forbidden = |_: IpAddr| false;
        let stream =
            connect(&addresses, nothing_forbidden, self.time_limit, &mut Vec::new()).await?;
        if let Ok(peer) = stream.peer_addr() {
            outside.reached(peer);
        }
        if url.as_url().scheme() != "https" {
            return Ok(Box::new(stream));
        }
        *phase = RequestPhase::Tls;
        let shown = Shown::default();
        let failed = |error: &std::io::Error| self.trust.explain(error, &shown, host, host);
        let config = self
            .trust
            .config(&shown, protocols)
            .map_err(|error| failed(&std::io::Error::other(error)))?;
        let name = server_name(url).map_err(|error| failed(&error))?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        Ok(Box::new(connected.map_err(|error| failed(&error))?))
    }
}
