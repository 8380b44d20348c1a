//! Finds out whether the gateway of this host answers on its own network.

use std::net::{IpAddr, Ipv4Addr};

/// The default gateway, if the kernel asked for it and nobody answered.
pub(super) fn silent() -> Option<IpAddr> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    gateway(&read("/proc/net/route"))
        .filter(|gateway| is_unanswered(*gateway, &read("/proc/net/arp")))
        .map(IpAddr::V4)
}

/// The default route's gateway in `/proc/net/route`, where addresses stand as little-endian numbers.
pub(super) fn gateway(routes: &str) -> Option<Ipv4Addr> {
    routes.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (to, through) = (fields.next()?, fields.next()?);
        let through = u32::from_str_radix(through, 16).ok().filter(|&through| through != 0)?;
        (to == "00000000").then(|| Ipv4Addr::from(through.to_le_bytes()))
    })
}

/// True if an address stands in `/proc/net/arp` without an answer (flags 0).
pub(super) fn is_unanswered(address: Ipv4Addr, neighbours: &str) -> bool {
    neighbours.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace();
        let own = fields.next().and_then(|own| own.parse::<Ipv4Addr>().ok());
        own == Some(address) && fields.nth(1) == Some("0x0")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_nobody_answers_for_is_found() {
        let routes = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\neth0\t0002090A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\neth0\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        let found = gateway(routes).unwrap();
        assert_eq!(found, Ipv4Addr::new(10, 9, 0, 2));
        let head =
            "IP address       HW type     Flags       HW address            Mask     Device\n";
        let of = |flags: &str| {
            format!(
                "{head}10.9.0.2         0x1         {flags}         00:00:00:00:00:00     *        eth0\n"
            )
        };
        assert!(is_unanswered(found, &of("0x0")));
        assert!(!is_unanswered(found, &of("0x2")) && !is_unanswered(found, head));
        assert_eq!(gateway(""), None);
    }
}
