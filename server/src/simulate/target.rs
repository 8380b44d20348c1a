//! The place that simulated requests are sent to.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use http::HeaderValue;
use url::Url;

use crate::gate::{GateAddress, Settings};

/// An address that takes connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The way in which requests are sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// The gate is asked as a proxy asks it.
    Gate {
        /// Its secret.
        token: Option<HeaderValue>,
    },
    /// A proxy gets the requests themselves.
    Proxy {
        /// Host and port, as the URL has them.
        authority: String,
        /// The path before that of each request, without a slash at its end.
        base: String,
    },
}

/// The place that requests are sent to.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) way: Way,
}

/// The reason why there is no target, with the next step.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No gate is configured.
    #[error(
        "no gate is configured. Set gate.listen and gate.token_file (README, \"Limit each organization\"), or name a proxy with --target"
    )]
    NoGate,
    /// The gate's port is chosen by the system at its start.
    #[error("gate.listen: the port is 0, so nobody knows it in advance. Set one, such as 3001")]
    NoPort,
    /// The gate's token can't be read.
    #[error("gate.token_file: {}: {problem}. It holds the token that the server was started with", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
    /// The URL is not one that requests can be sent to.
    #[error("--target: '{url}' {problem}, expected one such as 'http://127.0.0.1:8080/'")]
    Url {
        /// The URL.
        url: String,
        /// The problem.
        problem: String,
    },
    /// The target is another machine.
    #[error(
        "--target: {host} is {address}, which is not this machine. Simulated load can disturb others: only loopback addresses are allowed. If the target is yours and may be loaded, add --i-own-this-target"
    )]
    NotLoopback {
        /// The host of the URL.
        host: String,
        /// Its first address that is not loopback.
        address: IpAddr,
    },
    /// The name has no address.
    #[error("--target: the name {host} can't be resolved: {problem}. Check it, or use an address")]
    Unresolved {
        /// The host of the URL.
        host: String,
        /// The problem.
        problem: String,
    },
    /// Nobody answers.
    #[error("nothing answers at {endpoint}: {problem}. {}", if *is_gate { "Is the server running with this configuration (calm-ops health)?" } else { "Is the proxy running?" })]
    Unreachable {
        /// The address.
        endpoint: String,
        /// The problem.
        problem: String,
        /// True if it is the gate.
        is_gate: bool,
    },
    /// The gate answers, but not as it should.
    #[error(
        "the program at {endpoint} answered {status}: {told}. Is it the gate of this configuration, and was it started with the present gate.token_file?"
    )]
    NotTheGate {
        /// The address.
        endpoint: String,
        /// The status of its answer.
        status: u16,
        /// The beginning of its answer.
        told: String,
    },
}

impl TargetError {
    /// True if arguments or the configuration are wrong, and nothing was tried.
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoGate
                | Self::NoPort
                | Self::Token { .. }
                | Self::Url { .. }
                | Self::NotLoopback { .. }
        )
    }
}

impl Target {
    /// The gate of this configuration.
    pub fn gate(settings: &Settings) -> Result<Self, TargetError> {
        let endpoint = match settings.listen.as_ref().ok_or(TargetError::NoGate)? {
            GateAddress::Tcp(address) if address.port() == 0 => return Err(TargetError::NoPort),
            GateAddress::Tcp(address) => Endpoint::Tcp(local(*address)),
            GateAddress::Unix(path) => Endpoint::Unix(path.clone()),
        };
        let token = settings.token_file.as_ref().map(read_token).transpose()?;
        Ok(Self { endpoint, way: Way::Gate { token } })
    }

    /// A proxy. Each address of its name has to be this machine, unless the caller owns it.
    pub async fn proxy(text: &str, is_owned: bool) -> Result<Self, TargetError> {
        let bad = |problem: &str| TargetError::Url { url: text.into(), problem: problem.into() };
        let url = Url::parse(text).map_err(|error| bad(&format!("is no URL ({error})")))?;
        if url.scheme() != "http" {
            return Err(bad("does not begin with http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("holds a name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("has a query or a fragment"));
        }
        let host = url.host_str().ok_or_else(|| bad("has no host"))?;
        let port = url.port_or_known_default().unwrap_or(80);
        let address = resolve(host, port, is_owned).await?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let base = url.path().trim_end_matches('/').to_owned();
        Ok(Self { endpoint: Endpoint::Tcp(address), way: Way::Proxy { authority, base } })
    }

    /// True if the gate is asked directly.
    pub const fn is_gate(&self) -> bool {
        matches!(self.way, Way::Gate { .. })
    }
}

/// The target in a sentence.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.way {
            Way::Gate { .. } => write!(f, "the gate at {}", self.endpoint),
            Way::Proxy { authority, base } => write!(f, "http://{authority}{base}/"),
        }
    }
}

/// Address at which a server that listens on `listen` is reached from here.
fn local(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn read_token(path: &PathBuf) -> Result<HeaderValue, TargetError> {
    let bad = |problem: String| TargetError::Token { path: path.clone(), problem };
    let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let mut token = HeaderValue::from_str(text.trim())
        .map_err(|_| bad("it has characters that no header can have".to_owned()))?;
    token.set_sensitive(true);
    Ok(token)
}

/// The address that is used for the whole run, so that a name can't lead elsewhere later.
async fn resolve(host: &str, port: u16, is_owned: bool) -> Result<SocketAddr, TargetError> {
    // An IPv6 address stands in brackets in a URL.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let unresolved = |error: io::Error| TargetError::Unresolved {
        host: host.to_owned(),
        problem: error.to_string(),
    };
    let found: Vec<SocketAddr> =
        tokio::net::lookup_host((name, port)).await.map_err(unresolved)?.collect();
    let foreign = found.iter().find(|address| !address.ip().to_canonical().is_loopback());
    if let (Some(address), false) = (foreign, is_owned) {
        return Err(TargetError::NotLoopback { host: host.to_owned(), address: address.ip() });
    }
    // Proxies on this machine mostly listen on IPv4.
    let first = found.iter().find(|address| address.is_ipv4()).or_else(|| found.first());
    first.copied().ok_or_else(|| unresolved(io::Error::other("it has no address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn proxy(url: &str) -> Result<Target, TargetError> {
        Target::proxy(url, false).await
    }

    #[tokio::test]
    async fn only_this_machine_is_a_target() {
        for url in ["http://127.0.0.1:8080/", "http://[::1]:8080", "http://127.9.9.9/x/"] {
            assert!(proxy(url).await.is_ok(), "{url}");
        }
        for url in ["http://192.0.2.1/", "http://[2001:db8::1]/", "http://0.0.0.0/"] {
            let refused = proxy(url).await.unwrap_err();
            assert!(matches!(refused, TargetError::NotLoopback { .. }), "{url}: {refused}");
            assert!(refused.to_string().contains("--i-own-this-target") && refused.is_usage());
            assert!(Target::proxy(url, true).await.is_ok(), "{url}");
        }
        for url in ["", "acme", "https://127.0.0.1/", "http://a:b@127.0.0.1/", "http://::1/?x"] {
            let refused = proxy(url).await.unwrap_err();
            assert!(matches!(refused, TargetError::Url { .. }), "{url}: {refused}");
        }
        let target = proxy("http://127.0.0.1:8080/shop/").await.unwrap();
        assert_eq!(target.to_string(), "http://127.0.0.1:8080/shop/");
    }

    #[test]
    fn a_gate_is_asked_where_it_is_reached() {
        let gate = |address: &str| {
            let listen = Some(GateAddress::Tcp(address.parse().unwrap()));
            Target::gate(&Settings { listen, ..Settings::default() })
        };
        assert_eq!(gate("0.0.0.0:3001").unwrap().to_string(), "the gate at 127.0.0.1:3001");
        assert!(matches!(gate("127.0.0.1:0"), Err(TargetError::NoPort)));
        let none = Target::gate(&Settings::default()).unwrap_err();
        assert!(none.to_string().contains("gate.listen") && none.is_usage(), "{none}");
    }
}
