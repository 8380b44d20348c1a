//! The statements of this host's network about itself, for any bytes.

use fixtures::fuzz::Target;

use super::{gateway, names};
use crate::fuzz::texts;

pub(crate) const TARGETS: &[Target] = &[Target {
    name: "network",
    seeds,
    words: &[
        "\n",
        "\t",
        " ",
        "nameserver ",
        "%eth0",
        "00000000",
        "0200090A",
        "0x0",
        "127.0.0.1",
        "fe80::1",
        "\u{81}\u{80}",
    ],
    check,
}];

fn seeds() -> Vec<Vec<u8>> {
    let mut all = texts(&[
        "Iface\tDestination\tGateway \tFlags\neth0\t0002090A\t00000000\t0001\neth0\t00000000\t0200090A\t0003\n",
        "IP address       HW type     Flags       HW address\n10.9.0.2         0x1         0x0         00:00:00:00:00:00     *        eth0\n",
        "# nameserver 9.9.9.9\nnameserver 10.0.0.53\nsearch lan\nnameserver fe80::1%eth0\noptions edns0\n",
    ]);
    let mut answer = names::QUERY.to_vec();
    (answer[2], answer[3]) = (0x81, 0x80);
    all.push(answer);
    all
}

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(through) = gateway::gateway(&text) {
        assert!(!through.is_unspecified());
        let _ = gateway::is_unanswered(through, &text);
    }
    assert!((1..=names::MOST).contains(&names::servers(&text).len()));
    let is_ours = bytes.len() >= 12 && bytes[..2] == names::QUERY[..2];
    assert!(is_ours || !names::is_answer(&names::QUERY, bytes), "another one's answer");
}
