//! `ops/runbooks/when-things-break.md`: the sections that thresholds point at are there, and its
//! links lead somewhere.

use std::collections::BTreeSet;

const GUIDE: &str = include_str!("../../../runbooks/when-things-break.md");

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-')
        .collect::<String>();
    kept.trim().replace(' ', "-")
}

fn anchors() -> Vec<String> {
    GUIDE.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect()
}

#[test]
fn every_kind_of_trouble_has_its_section() {
    let anchors = anchors();
    for section in [
        "disk-full",
        "memory",
        "cpu-and-load",
        "crash-loop",
        "app-memory-growth",
        "endpoint-down",
        "slow-endpoint",
        "certificate",
        "pm2-does-not-answer",
        "no-data",
        "database",
        "queue",
        "many-things-at-once",
    ] {
        assert!(anchors.iter().any(|known| known == section), "{section}");
    }
    assert_eq!(anchors.iter().collect::<BTreeSet<_>>().len(), anchors.len(), "no section twice");
}

#[test]
fn links_inside_lead_somewhere() {
    let anchors = anchors();
    for link in GUIDE.split("](#").skip(1) {
        let target = link.split(')').next().unwrap();
        assert!(anchors.iter().any(|known| known == target), "{target}");
    }
}

#[test]
fn it_is_calm_and_says_its_format() {
    assert_eq!(GUIDE.lines().next(), Some("format: 1"));
    assert!(!GUIDE.contains('!'), "no exclamation marks");
}
