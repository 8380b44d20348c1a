//! Answers of a Redis, for any bytes: bounded, finite, and shown without what could mislead.

use std::time::Duration;

use fixtures::fuzz::{Target, assert_shown};

use super::{
    info::{Counters, Info},
    reply::{self, Reply},
};
use crate::fuzz::texts;

pub(crate) const TARGETS: &[Target] = &[Target {
    name: "redis",
    seeds,
    words: &[
        "\r\n",
        "$",
        "+OK",
        "-ERR ",
        "$5000\r\n",
        ":",
        ",",
        "=",
        "used_memory:",
        "maxmemory:",
        "mem_not_counted_for_evict:",
        "evicted_keys:",
        "run_id:",
        "redis_version:",
        "role:master",
        "role:slave",
        "slave0:",
        "state=online",
        "offset=",
        "lag=",
        "master_repl_offset:",
        "master_link_status:up",
        "master_last_io_seconds_ago:-1",
        "connected_clients:",
        "maxclients:",
        "loading:1",
        "loading_loaded_perc:",
        "1e308",
        "1e-308",
    ],
    check,
}];

fn seeds() -> Vec<Vec<u8>> {
    let primary = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:39a4be258bb72ded\r\n\r\n# Clients\r\nconnected_clients:1\r\nmaxclients:10000\r\n\r\n# Memory\r\nused_memory:1013680\r\nmaxmemory:3145728\r\nmaxmemory_policy:noeviction\r\nmem_not_counted_for_evict:0\r\n\r\n# Stats\r\nrejected_connections:0\r\nevicted_keys:7\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:1\r\nslave0:ip=127.0.0.1,port=7814,state=online,offset=14,lag=1\r\nmaster_repl_offset:14\r\n";
    let replica = "redis_version:7.0.15\r\nloading:0\r\nused_memory:950000\r\nmaxmemory:0\r\nrole:slave\r\nmaster_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\nmaster_link_down_since_seconds:90\r\n";
    let framed = |text: &str| format!("${}\r\n{text}\r\n", text.len());
    let (primary_reply, replica_reply) = (framed(primary), framed(replica));
    texts(&[
        &primary_reply,
        &replica_reply,
        primary,
        replica,
        "+OK\r\n",
        "-NOAUTH Authentication required.\r\n",
        "-ERR unknown command 'AUTH', with args beginning with: 'hunter2' \r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
    ])
}

fn check(bytes: &[u8]) {
    if let Ok(Some((reply, used))) = reply::read(bytes) {
        assert!(used <= bytes.len());
        // A complete reply is read the same, whatever follows.
        let more = [&bytes[..used], b"+OK\r\n"].concat();
        assert_eq!(reply::read(&more), Ok(Some((reply, used))));
    }
    let text = match reply::read(bytes) {
        Ok(Some((Reply::Text(text), _))) => text,
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let info = Info::read(&text);
    for (signal, value) in info.values().known {
        assert!(value.is_finite() && value >= 0.0, "{signal} {value}");
    }
    let counters = Counters::of(&info);
    for (signal, rate) in counters.rates_since(&counters, Duration::from_secs(5)) {
        assert!(rate == 0.0, "{signal} {rate}");
    }
    assert_shown(&info.description(), 300);
    assert_shown(&info.loading().unwrap_or_default(), 100);
}
