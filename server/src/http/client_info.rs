//! The way of a request: from which address, and whether nobody could listen on the way.
//!
//! A proxy tells it in headers, and anyone can write headers: they count only where the connection
//! itself comes from a proxy that the configuration names.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use http::{HeaderMap, header};

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// True if the connection is TLS of our own.
    pub tls: bool,
}

impl Peer {
    /// Of a connection. An IPv4 address that came by an IPv6 socket is shown as what it is.
    pub const fn new(address: SocketAddr, tls: bool) -> Self {
        Self { address: address.ip().to_canonical(), tls }
    }
}

impl Default for Peer {
    /// A connection that is none: in tests that call the router itself.
    fn default() -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::LOCALHOST), tls: false }
    }
}

/// The way of a request. In the extensions of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientInfo {
    /// From which address: that of the browser, not that of a proxy.
    pub from: IpAddr,
    /// True if it came by https.
    pub secure: bool,
    /// The host that was asked for, with its port if one was named; empty if none was.
    pub host: String,
}

impl ClientInfo {
    /// True if this machine itself was asked for, as by a proxy beside it.
    pub fn is_loopback(&self) -> bool {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    }
}

/// Addresses: one, or a network such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// The network of an address and the length of its prefix.
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        let address = address.to_canonical();
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Self { address, bits })
    }

    /// True if an address is in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        let same = |ours: u128, theirs: u128, width: u32| {
            let shift = width - u32::from(self.bits);
            shift >= width || ours >> shift == theirs >> shift
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same(u128::from(ours.to_bits()), u128::from(theirs.to_bits()), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// A text that is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network, such as '127.0.0.1' or '10.0.0.0/8'")]
pub struct BadNetwork;

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address = address.parse::<IpAddr>().map_err(|_| BadNetwork)?.to_canonical();
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(whole), |bits| bits.parse().map_err(|_| BadNetwork))?;
        Self::new(address, bits).ok_or(BadNetwork)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The proxies whose headers are believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[Network]>);

impl Proxies {
    /// These.
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    /// True if an address is one of a proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }

    /// The way of a request: by its connection, and by what trusted proxies say of it.
    pub fn client_info(&self, peer: Peer, headers: &HeaderMap) -> ClientInfo {
        let host = || {
            headers.get(header::HOST).map_or("", |value| value.to_str().unwrap_or("?")).to_owned()
        };
        if !self.trusts(peer.address) {
            return ClientInfo { from: peer.address, secure: peer.tls, host: host() };
        }
        // Each proxy adds the address that it saw at the end. From there on backwards the first one
        // that is no proxy of ours is the browser's; what stands before it anyone could have
        // written.
        let mut from = peer.address;
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        for hop in lines.flat_map(|value| value.to_str().unwrap_or("").rsplit(',')) {
            // What can't be read was not written by a proxy of ours, nor was anything before it.
            let Some(hop) = address_of(hop.trim()) else { break };
            from = hop.to_canonical();
            if !self.trusts(from) {
                break;
            }
        }
        // Of several lines the last is the one that the proxy added.
        let text = |name: &str| {
            headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok())
        };
        let last = |name: &str| {
            text(name)
                .and_then(|value| value.rsplit(',').next())
                .map(str::trim)
                .filter(|value| !value.is_empty())
        };
        let secure = last("x-forwarded-proto")
            .map_or(peer.tls, |scheme| scheme.eq_ignore_ascii_case("https"));
        ClientInfo { from, secure, host: last("x-forwarded-host").map_or_else(host, str::to_owned) }
    }
}

/// An address as proxies write it: some add the port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn client(
        proxies: &[&str],
        peer: &str,
        pairs: &[(&'static str, &'static str)],
    ) -> (String, bool, String) {
        let networks: Vec<Network> = proxies.iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for &(name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let peer = Peer { address: peer.parse().unwrap(), tls: false };
        let client = Proxies::new(&networks).client_info(peer, &headers);
        (client.from.to_string(), client.secure, client.host)
    }

    #[test]
    fn only_a_named_proxy_is_believed() {
        let told = [
            ("host", "inner:3000"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "ops.example"),
        ];
        assert_eq!(
            client(&[], "127.0.0.1", &told),
            ("127.0.0.1".into(), false, "inner:3000".into())
        );
        assert_eq!(
            client(&["10.0.0.0/8"], "127.0.0.1", &told),
            ("127.0.0.1".into(), false, "inner:3000".into())
        );
        assert_eq!(
            client(&["127.0.0.1"], "127.0.0.1", &told),
            ("203.0.113.9".into(), true, "ops.example".into())
        );
        assert_eq!(
            client(&["::1"], "::1", &told),
            ("203.0.113.9".into(), true, "ops.example".into())
        );
    }

    #[test]
    fn a_port_beside_the_address_is_left_out() {
        for (written, address) in [
            ("203.0.113.9:51034", "203.0.113.9"),
            ("2001:db8::9", "2001:db8::9"),
            ("[2001:db8::9]", "2001:db8::9"),
            ("[2001:db8::9]:51034", "2001:db8::9"),
            ("203.0.113.9:port", "127.0.0.1"),
            ("[203.0.113.9", "127.0.0.1"),
        ] {
            assert_eq!(
                client(&["127.0.0.1"], "127.0.0.1", &[("x-forwarded-for", written)]).0,
                address,
                "{written}"
            );
        }
    }

    #[test]
    fn what_stands_before_the_first_unknown_address_is_not_believed() {
        let forged = [
            ("x-forwarded-for", "10.0.0.1, 198.51.100.7"),
            ("x-forwarded-for", "203.0.113.9, 10.1.2.3"),
        ];
        assert_eq!(client(&["10.0.0.0/8"], "10.9.9.9", &forged).0, "203.0.113.9");
        assert_eq!(
            client(
                &["10.0.0.0/8"],
                "10.9.9.9",
                &[("x-forwarded-for", "1.2.3.4, nonsense, 10.1.2.3")]
            )
            .0,
            "10.1.2.3"
        );
        let two_lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "unknown, 10.1.2.3")];
        assert_eq!(
            client(&["10.0.0.0/8"], "10.9.9.9", &two_lines).0,
            "10.1.2.3",
            "nor in an earlier line"
        );
        let two_hosts =
            [("x-forwarded-host", "forged.example"), ("x-forwarded-host", "ops.example")];
        assert_eq!(client(&["10.0.0.0/8"], "10.9.9.9", &two_hosts).2, "ops.example");
        assert_eq!(
            client(&["0.0.0.0/0"], "10.9.9.9", &[("x-forwarded-for", "1.2.3.4, 5.6.7.8")]).0,
            "1.2.3.4"
        );
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::1/129", "example.com", "10.0.0.1/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        let network: Network = "192.168.4.0/22".parse().unwrap();
        for (address, held) in [
            ("192.168.7.255", true),
            ("192.168.8.0", false),
            ("::ffff:192.168.5.1", true),
            ("::1", false),
        ] {
            assert_eq!(network.holds(address.parse().unwrap()), held, "{address}");
        }
    }
}
