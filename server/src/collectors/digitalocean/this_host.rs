//! The droplet that Calm Ops itself runs on, found without asking anybody.

use std::{fs, net::IpAddr};

use super::inventory::Droplet;
use crate::collectors::http::source;

/// The maker of the machine, as its firmware tells it.
const VENDOR: &str = "/sys/class/dmi/id/sys_vendor";
/// The number of the instance, where cloud-init keeps it.
const INSTANCE: &str = "/var/lib/cloud/data/instance-id";

/// Tells whether a droplet is this host: by the number that cloud-init wrote, on a machine of
/// DigitalOcean; otherwise by a public address that belongs to this host.
pub(crate) fn find() -> impl Fn(&Droplet) -> bool + Send + Sync {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let number = number(&read(VENDOR), &read(INSTANCE));
    move |droplet| match number {
        Some(number) => droplet.id == number,
        None => droplet.addresses.iter().any(|address| is_own(*address)),
    }
}

fn number(vendor: &str, instance: &str) -> Option<u64> {
    if vendor.trim() == "DigitalOcean" { instance.trim().parse().ok() } else { None }
}

/// True if packets to an address would leave from that address: it is one of this host.
fn is_own(address: IpAddr) -> bool {
    source(address) == Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_counts_on_a_machine_of_digitalocean_only() {
        assert_eq!(number("DigitalOcean\n", "3164444\n"), Some(3_164_444));
        assert_eq!(number("QEMU\n", "3164444\n"), None);
        assert_eq!(number("DigitalOcean\n", "i-0abc\n"), None);
    }

    #[test]
    fn an_address_of_this_host_is_known() {
        assert!(is_own(IpAddr::from([127, 0, 0, 1])));
        assert!(!is_own(IpAddr::from([203, 0, 113, 7])));
    }
}
