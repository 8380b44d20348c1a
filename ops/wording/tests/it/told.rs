//! Every event of the kept journals, told as a line of the timeline and in the words of a replay.
//! A sentence that changes is changed in `tests/told.txt` as well, where both can be read.

use std::{fmt::Write as _, fs, path::Path};

use commands::audit::from_line;
use domain::{actor::Names, journal::Entry, time::Timestamp};
use wording::{replay::describe, timeline::line};

fn entries() -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../commands/tests/journals");
    let mut entries = Vec::new();
    const ALL: &[&str] = &[
        "every-event.jsonl",
        "real.jsonl",
        "reminders.jsonl",
        "announced.jsonl",
        "inspected.jsonl",
        "protection.jsonl",
        "backup.jsonl",
        "status-page.jsonl",
        "impact.jsonl",
        "practice.jsonl",
        "messages.jsonl",
        "organizations.jsonl",
        "reviews.jsonl",
        "thresholds.jsonl",
        "reports.jsonl",
        "mailed-reports.jsonl",
        "generated.jsonl",
        "full-reports.jsonl",
    ];
    for name in ALL {
        for line in fs::read_to_string(folder.join(name)).unwrap().lines() {
            let (stored, _) = from_line(line.as_bytes()).unwrap();
            let event =
                stored.payload.map(|(_, payload)| serde_json::from_slice(&payload).unwrap());
            entries.push(Entry {
                number: stored.number,
                at: Timestamp::from_micros(stored.at_micros),
                actor: stored.actor.parse().unwrap(),
                event,
            });
        }
    }
    entries
}

#[test]
fn every_event_is_told_as_before() {
    fixtures::signals();
    let mut told = String::new();
    for entry in entries() {
        let line = line(&entry, &Names::default());
        let _ = writeln!(
            told,
            "{} {} | {} | {:?} | {:?}",
            line.number, line.who, line.sentence, line.tone, line.words
        );
        if let Some(event) = &entry.event {
            let _ = writeln!(told, "    {}", describe(event));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/told.txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &told).unwrap();
    }
    for (found, expected) in told.lines().zip(fs::read_to_string(&path).unwrap().lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(told, fs::read_to_string(&path).unwrap());
}
