//! Addresses by where they lead: which are never asked, and which lie inside of this machine or its
//! networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::http::client_info::Network;

/// The IPv4 address that an IPv6 address stands for, where it is one in disguise: mapped, compatible,
/// translated (NAT64), or at the end of a tunnel (6to4, ISATAP).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match parts {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(of(high, low))
        }
        [0x2002, high, low, ..] | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => Some(of(high, low)),
        _ => None,
    }
}

/// Addresses that are never probed: link-local ones, where clouds hand out credentials, and those
/// that are no single host's.
pub(super) fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let metadata = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
            v4.octets()[0] == 0
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || metadata.contains(&v4)
        }
        IpAddr::V6(v6) => {
            let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || v6 == metadata
                || embedded(v6).is_some_and(|v4| is_refused(IpAddr::V4(v4)))
        }
    }
}

/// Addresses inside a machine or a network of one's own. They may be watched, but a public endpoint
/// must not redirect to them.
pub(crate) fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_private()
                || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || embedded(v6).is_some_and(|v4| is_inside(IpAddr::V4(v4)))
        }
    }
}

/// Networks of the registries of special purposes (IANA, RFC 6890 and later) that are nobody's public
/// server, beside those of [`is_inside`].
const SPECIAL_V4: [(Ipv4Addr, u32); 11] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
];

/// True if an address is one of the public Internet. All of IPv6 is special but what is given out
/// to networks, and there what is set aside for protocols, documentation and anycast.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let is_special = |(network, bits): &(Ipv4Addr, u32)| {
                (v4.to_bits() ^ network.to_bits()) >> (32 - bits) == 0
            };
            !is_inside(address) && v4.octets()[0] < 224 && !SPECIAL_V4.iter().any(is_special)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = embedded(v6) {
                return is_public(IpAddr::V4(v4));
            }
            match v6.segments() {
                [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
                [0x2620, 0x4f, 0x8000, ..] => false,
                [0x3fff, second, ..] => second >= 0x1000,
                [first, ..] => first & 0xe000 == 0x2000,
            }
        }
    }
}

/// The addresses of this machine, and the networks that it reaches without a gateway.
#[derive(Debug, Default)]
pub(super) struct Own(Vec<Network>);

impl Own {
    /// As the kernel has them now: they change while the program runs.
    pub(super) fn now() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self::read(&read("/proc/net/fib_trie"), &read("/proc/net/if_inet6"))
    }

    /// From `/proc/net/fib_trie`, where an address is followed by lines such as `/32 host LOCAL`, and
    /// `/proc/net/if_inet6`.
    pub(super) fn read(fib_trie: &str, if_inet6: &str) -> Self {
        let (mut own, mut address) = (Vec::new(), None);
        for line in fib_trie.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("|-- ") {
                address = text.parse::<Ipv4Addr>().ok();
            } else if let Some((bits, kind)) =
                line.strip_prefix('/').and_then(|it| it.split_once(' '))
                && let (Some(address), Ok(bits)) = (address, bits.parse::<u8>())
                && kind != "universe UNICAST"
                && bits > 0
            {
                own.extend(Network::new(address.into(), bits));
            }
        }
        for line in if_inet6.lines() {
            let mut fields = line.split_whitespace();
            let address = fields.next().and_then(|hex| u128::from_str_radix(hex, 16).ok());
            let bits = fields.nth(1).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            if let (Some(address), Some(bits)) = (address, bits.filter(|bits| *bits > 0)) {
                own.extend(Network::new(Ipv6Addr::from_bits(address).into(), bits));
            }
        }
        Self(own)
    }

    /// True if a request to an address would reach what is not public: this machine, its networks,
    /// or a special address.
    pub(super) fn is_guarded(&self, address: IpAddr) -> bool {
        let v4 = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => embedded(v6).map(IpAddr::V4),
        };
        let is_own = |address| self.0.iter().any(|network| network.holds(address));
        !is_public(address) || is_own(address) || v4.is_some_and(is_own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_never_probed_are_known_in_every_disguise() {
        for text in [
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_refused(text.parse().unwrap()), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "100.64.0.1",
        ] {
            assert!(
                !is_refused(text.parse().unwrap()) && is_inside(text.parse().unwrap()),
                "{text}"
            );
        }
        for text in ["1.1.1.1", "2606:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert!(
                !is_refused(text.parse().unwrap()) && !is_inside(text.parse().unwrap()),
                "{text}"
            );
        }
    }

    #[test]
    fn every_special_address_is_known_and_every_public_one_too() {
        for text in [
            "0.0.0.1",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.9.9.9",
            "169.254.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.175.48.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2002:7f00:1::1",
            "2620:4f:8000::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "2a00::5efe:7f00:1",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.1.1.1",
            "128.0.0.1",
            "169.253.1.1",
            "172.15.1.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.0.3.1",
            "198.17.255.255",
            "198.20.0.1",
            "203.0.112.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "3000::1",
            "3fff:1000::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_this_machine_has_is_inside_whatever_its_addresses() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 8.8.4.0\n        /24 link UNICAST\nLocal:\n     |-- 8.8.4.4\n        /32 host LOCAL\n     |-- 9.9.9.9\n        /32 host LOCAL\n     |-- 11.0.0.0\n        /8 host LOCAL\n     |-- 12.0.0.0\n        /8 universe UNICAST\n";
        let inet6 = "2a0014500000000000000000000000aa 04 40 00 82     eth0\n00000000000000000000000000000001 01 80 10 80       lo\n";
        let own = Own::read(trie, inet6);
        for text in [
            "8.8.4.4",
            "8.8.4.200",
            "9.9.9.9",
            "11.2.3.4",
            "2a00:1450::aa",
            "2a00:1450::bb",
            "::ffff:9.9.9.9",
            "64:ff9b::909:909",
            "2002:909:909::1",
            "127.0.0.1",
            "10.0.0.1",
        ] {
            assert!(own.is_guarded(text.parse().unwrap()), "{text}");
        }
        for text in ["8.8.5.4", "9.9.9.8", "12.0.0.1", "2a00:1450:0:1::1"] {
            assert!(!own.is_guarded(text.parse().unwrap()), "{text}");
        }
        assert!(!Own::now().0.is_empty(), "this machine has addresses");
        assert!(Own::read("", "rubbish\n\u{0}").0.is_empty());
    }
}
