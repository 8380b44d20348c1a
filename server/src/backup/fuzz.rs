//! Backups, for any bytes: one is proved as a whole or refused in a sentence, and each of its lines
//! is read as it is written.

use commands::audit::from_line;
use fixtures::fuzz::{Target, assert_shown};

use super::*;

pub(crate) const TARGETS: &[Target] = &[Target {
    name: "backup",
    seeds,
    words: &[
        "\n",
        "{\"entry\":",
        "{\"rollup\":",
        "{\"block\":",
        "{\"bundle\":",
        "{\"person\":",
        "{\"end\":",
        "\"calm_ops_backup\"",
        "\"sealed\":null",
        "\"hash\":",
        "\"account\"",
        "\"passkey\"",
        "\"token\"",
        "../",
        "/etc/passwd",
        "null",
        "00",
    ],
    check,
}];

/// Lines, and the line that says what they come to.
fn whole(lines: &[u8]) -> Vec<u8> {
    let end = Line::End { sha256: Hash(Sha256::digest(lines).into()) };
    [lines, &serde_json::to_vec(&end).unwrap_or_default(), b"\n"].concat()
}

fn seeds() -> Vec<Vec<u8>> {
    let of = |format: u32, journal: &str, count: usize, more: &[Line]| {
        let entries =
            journal.lines().take(count).filter_map(|line| from_line(line.as_bytes()).ok());
        let entries: Vec<StoredEntry> = entries.map(|(entry, _)| entry).collect();
        let head = entries.last().map_or((0, Hash::GENESIS), |last| (last.number, last.hash));
        let first = Line::CalmOpsBackup { format, epoch: 2, number: head.0, hash: head.1 };
        let entries = entries.into_iter().filter_map(|entry| entry_line(entry).ok());
        let mut lines: Vec<u8> = Vec::new();
        for line in [first].iter().chain(&entries.collect::<Vec<_>>()).chain(more) {
            lines.extend(serde_json::to_vec(line).unwrap_or_default());
            lines.push(b'\n');
        }
        whole(&lines)
    };
    let rollup = Line::Rollup {
        subject: "host:web-1".to_owned(),
        signal: "host.memory.used".to_owned(),
        unit: "%".to_owned(),
        hour: true,
        start: 1_795_341_600_000_000,
        values: [1.0, 99.5, 61.25, 60.0],
        count: 720,
    };
    let block = Line::Block {
        subject: "host:web-1".to_owned(),
        signal: "host.memory.used".to_owned(),
        unit: "%".to_owned(),
        hour: false,
        start: 1_795_305_600_000_000,
        base64: BASE64_STANDARD.encode(crate::store::block::fuzz::sample()),
    };
    let bundle = Line::Bundle { incident: 1, hex: "7b7d".to_owned() };
    let real = include_str!("../../../ops/commands/tests/journals/real.jsonl");
    let every = include_str!("../../../ops/commands/tests/journals/every-event.jsonl");
    vec![of(1, real, 4, &[rollup, bundle]), of(FORMAT, every, 8, &[block]), of(1, "", 0, &[])]
}

fn check(bytes: &[u8]) {
    check_proof(bytes);
    // The lines before the last one, with an end that fits.
    let before = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let before = before.iter().rposition(|byte| *byte == b'\n').map_or(bytes, |at| &bytes[..=at]);
    check_proof(&whole(before));
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { continue };
        let printed = serde_json::to_string(&line).unwrap_or_default();
        let again = serde_json::from_str::<Line>(&printed);
        assert_eq!(again.ok().and_then(|again| serde_json::to_string(&again).ok()), Some(printed));
    }
}

fn check_proof(bytes: &[u8]) {
    match prove(Reader::new(bytes)) {
        Ok(proved) => {
            let entry = b"{\"entry\":";
            let entries = bytes.split(|byte| *byte == b'\n');
            let entries = entries.filter(|line| line.windows(entry.len()).any(|at| at == entry));
            assert!(proved.head.number <= entries.count() as u64);
            assert!(proved.incidents.len() as u64 <= proved.head.number && proved.sha256.is_some());
        }
        Err(error) => assert_shown(&error.to_string(), 1_000),
    }
}
