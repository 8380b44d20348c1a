//! The answers of DigitalOcean, for any bytes: what is read of it is bounded, finite and in order.

use fixtures::fuzz::Target;

use super::{
    call::Metric,
    fold::Folded,
    inventory::{self, PAGE, ThingKind},
    prometheus, samples,
};
use crate::fuzz::texts;

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "digitalocean-samples",
        seeds: answers,
        words: fixtures::json_words![
            "status",
            "success",
            "data",
            "result",
            "metric",
            "values",
            "mode",
            "idle",
            "mountpoint",
            "1635386880",
            "\"NaN\"",
            "1e308",
            "-1",
        ],
        check: check_samples,
    },
    Target {
        name: "digitalocean-lists",
        seeds: lists,
        words: fixtures::json_words![
            "\"droplets\":",
            "\"apps\":",
            "\"databases\":",
            "\"actions\":",
            "\"load_balancers\":",
            "\"id\":",
            "\"name\":",
            "\"meta\":",
            "\"total\":",
            "null",
            "1",
            "\"links\":",
            "\"pages\":",
            "\"next\":",
        ],
        check: check_lists,
    },
    Target {
        name: "prometheus",
        seeds: pages,
        words: &[
            "\n",
            "# ",
            "{",
            "}",
            "=",
            "\"",
            "\\",
            ",",
            " ",
            "1",
            "+Inf",
            "NaN",
            "cpu_usage_idle",
        ],
        check: check_page,
    },
];

fn answers() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"host_id":"1","mode":"idle"},"values":[[1635386760,"122901.18"],[1635386880,"123020.92"]]},{"metric":{"host_id":"1","mode":"user"},"values":[[1635386760,"1.5"],[1635386880,2]]}]}}"#,
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"device":"/dev/vda1","fstype":"ext4","mountpoint":"/"},"values":[[1635386880,"25832407040"]]}]}}"#,
        r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
    ])
}

fn lists() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"droplets":[{"id":3164444,"name":"web-1","status":"active","vcpus":2,"tags":["a"],"networks":{"v4":[{"ip_address":"203.0.113.7","type":"public"}],"v6":[]}}],"links":{"pages":{"next":"https://x/"}},"meta":{"total":2}}"#,
        r#"{"actions":[{"id":1,"status":"in-progress","type":"resize","started_at":"2026-11-28T20:01:08Z","resource_id":7,"resource_type":"droplet"}]}"#,
        r#"{"load_balancers":[{"id":"a","name":"web","status":"active"}],"meta":{"total":1}}"#,
        r#"{"apps":[{"id":"a","spec":{"name":"shop"},"active_deployment":{"phase":"ACTIVE"}}]}"#,
        r#"{"databases":[{"id":"a","name":"main","status":"online"}],"meta":{"total":1}}"#,
        r#"{"droplet":{"id":1,"name":"web-1","status":"off"}}"#,
        r#"{"app":{"id":"a","spec":{"name":"shop"},"pending_deployment":{"phase":"BUILDING"}}}"#,
        r#"{"action":{"id":1,"status":"completed","resource_id":7,"resource_type":"droplet"}}"#,
    ])
}

fn pages() -> Vec<Vec<u8>> {
    texts(&[
        "# TYPE cpu_usage_idle gauge\ncpu_usage_idle{cpu=\"cpu-total\",host=\"a\\\"b\"} 97.5 1635386880000\n",
        "up 1\nodd{} +Inf\n",
    ])
}

fn check_samples(bytes: &[u8]) {
    let Ok(all) = samples::read(bytes) else { return };
    for one in &all {
        assert!(one.samples.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(one.samples.iter().all(|(at, value)| *at >= 0 && value.is_finite()));
    }
    let mut folded = Folded::default();
    for metric in
        [Metric::DiskSize, Metric::DiskFree, Metric::Cpu, Metric::AppRestarts, Metric::HealthChecks]
    {
        for one in folded.take(metric, &all, 2, 2_000_000_000) {
            assert!(one.value.is_finite() && one.at <= 2_000_000_060, "{one:?}");
            let is_share = one.signal.ends_with(".used") || one.signal.ends_with(".healthy");
            assert!(!is_share || (0.0..=100.0).contains(&one.value), "{one:?}");
        }
    }
}

fn check_lists(bytes: &[u8]) {
    if let Ok(page) = inventory::droplets(bytes) {
        assert!(page.items.len() <= PAGE);
    }
    for kind in ThingKind::ALL {
        if let Ok(page) = inventory::things(kind, bytes) {
            assert!(page.items.len() <= PAGE);
        }
        let _ = inventory::one_thing(kind, bytes);
    }
    let _ = (inventory::actions(bytes), inventory::one_action(bytes));
    let _ = inventory::one_droplet(bytes);
}

fn check_page(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(samples) = prometheus::read(&text, |_| true) {
        assert!(!samples.is_empty() && samples.iter().all(|one| !one.name.is_empty()));
    }
}
