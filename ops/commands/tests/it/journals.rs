//! Journals that were written by earlier versions: they are read, proved and written again to the
//! same bytes, and lead to the same incidents.
//!
//! `every-event.jsonl` holds every kind of event and every value that is stored in one; what its
//! incidents come to is in `every-event.incidents.json`. `real.jsonl` and `announced.jsonl` were exported
//! from a running program. A new kind of event is added at the end of a new file: these never change.

use std::{collections::BTreeMap, fs, path::Path};

use commands::audit::{Removals, begins, from_line, to_line};
use domain::{
    actor::Actor,
    hash::{Hash, Head},
    id::IncidentNumber,
    incident::{Incident, apply},
    journal::{Event, EventGroup, StoredEntry, Verifier},
    time::Timestamp,
};

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals").join(name))
        .unwrap()
}

fn entries(export: &str) -> Vec<(StoredEntry, Hash)> {
    export.lines().map(|line| from_line(line.as_bytes()).unwrap()).collect()
}

fn event(stored: &StoredEntry) -> Option<Event> {
    stored.payload.as_ref().map(|(_, payload)| serde_json::from_slice(payload).unwrap())
}

/// Carries the entries out as a store does that is rebuilt, redacted ones as far as they are known.
fn fold(entries: &[(StoredEntry, Hash)]) -> Vec<Incident> {
    let mut incidents = BTreeMap::<u32, (Option<Incident>, bool)>::new();
    for (stored, _) in entries {
        let Some(number) = stored.incident else { continue };
        let (incident, redacted) = incidents.entry(number).or_default();
        let actor: Actor = stored.actor.parse().unwrap();
        let at = Timestamp::from_micros(stored.at_micros);
        let known = match (event(stored), &mut *incident) {
            (Some(event), _) => Some(event),
            (None, Some(known)) if stored.kind == "snapshot_saved" => {
                (known.snapshots, known.updated_at) = (known.snapshots + 1, at);
                None
            }
            (None, Some(known)) => {
                Event::remainder(&stored.kind, IncidentNumber(number), actor, known)
            }
            (None, None) => None,
        };
        *redacted |= stored.payload.is_none();
        if let Some(event) = known
            && let Err(misfit) = apply(incident, &event, actor, at)
        {
            assert!(*redacted, "entry {}: {misfit}", stored.number);
        }
    }
    incidents.into_values().filter_map(|(incident, _)| incident).collect()
}

fn prove(name: &str) {
    let export = read(name);
    let entries = entries(&export);
    let (first, before) = entries.first().unwrap();
    let mut verifier = Verifier::after(begins(first, *before).unwrap(), None);
    let mut removals = Removals::default();
    let mut head = Head::EMPTY;
    let mut written = String::new();
    for (stored, before) in &entries {
        assert_eq!(*before, head.hash, "{name}, entry {}", stored.number);
        verifier.take(stored).unwrap();
        removals.take(stored);
        head = Head { number: stored.number, hash: stored.hash };
        written.push_str(&to_line(stored, *before).unwrap());
        if let Some(event) = event(stored) {
            let payload = &stored.payload.as_ref().unwrap().1;
            assert_eq!(
                serde_json::to_string(&event).unwrap().as_bytes(),
                payload,
                "{name}, entry {}",
                stored.number
            );
            assert_eq!(event.kind(), stored.kind);
            assert_eq!(event.incident().map(|number| number.0), stored.incident);
        }
    }
    assert_eq!(written, export, "{name}: the same bytes");
    assert_eq!(verifier.finish(head).unwrap().0, head);
    assert!(removals.unexplained().is_empty());
}

#[test]
fn earlier_journals_are_read_proved_and_written_to_the_same_bytes() {
    prove("every-event.jsonl");
    prove("real.jsonl");
    prove("reminders.jsonl");
    prove("announced.jsonl");
    prove("inspected.jsonl");
    prove("protection.jsonl");
    prove("backup.jsonl");
    prove("status-page.jsonl");
    prove("impact.jsonl");
    prove("practice.jsonl");
    prove("messages.jsonl");
    prove("organizations.jsonl");
    prove("reviews.jsonl");
    prove("thresholds.jsonl");
}

#[test]
fn an_earlier_journal_leads_to_the_same_incidents() {
    let mut lines = String::new();
    for incident in fold(&entries(&read("every-event.jsonl"))) {
        lines.push_str(&serde_json::to_string(&incident).unwrap());
        lines.push('\n');
    }
    let expected = read("every-event.incidents.json");
    for (found, expected) in lines.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(lines.lines().count(), expected.lines().count());
    assert_eq!(fold(&entries(&read("real.jsonl"))).len(), 2);
}

#[test]
fn every_kind_of_event_is_in_an_earlier_journal() {
    let found: Vec<String> = [
        "every-event.jsonl",
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
    ]
    .into_iter()
    .flat_map(|name| entries(&read(name)))
    .map(|(stored, _)| stored.kind)
    .collect();
    for kind in Event::KINDS {
        assert!(found.iter().any(|known| known == kind), "{kind} is in no kept journal");
    }
}

#[test]
fn an_event_comes_back_from_its_group() {
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
    ];
    for name in ALL {
        for event in entries(&read(name)).iter().filter_map(|(stored, _)| event(stored)) {
            assert_eq!(Event::from(EventGroup::from(&event)), event);
        }
    }
}

#[test]
fn temporary_thresholds_are_written() {
    use domain::{
        backtest::Benefit, hash::Hash, id::AccountId, journal::seal, threshold::*, time::Span,
    };
    let row = ThresholdRow {
        signal: "host.memory.used".parse().unwrap(),
        subjects: "host:*".to_owned(),
        way: ThresholdWay::Level,
        line: 34,
    };
    let cells = |warning: &str, held: &str| ThresholdCells {
        warning: warning.to_owned(),
        critical: "above 98%".to_owned(),
        held: held.to_owned(),
        recovers_at: "80%".to_owned(),
    };
    let evidence = |benefit, today, proposed| ProposalEvidence {
        from: Timestamp::from_micros(1_788_000_000_000_000),
        until: Timestamp::from_micros(1_795_776_000_000_000),
        benefit,
        interruptions_today: today,
        interruptions_proposed: proposed,
    };
    let changed = |by, proposal, number: u8| Event::ThresholdChanged {
        document: "alerts/thresholds.md".to_owned(),
        row: row.clone(),
        before: cells("above 95%", "5 min"),
        after: cells("above 92%", "3 min"),
        from: Hash([number; 32]),
        to: Hash([number + 1; 32]),
        patch: "--- a/alerts/thresholds.md\n+++ b/alerts/thresholds.md\n".to_owned(),
        reason: "It alerts earlier.".to_owned(),
        proposal,
        by,
    };
    let earlier = Benefit::Earlier { incident: IncidentNumber(7), by: Span::from_mins(9) };
    let proposed = |benefit, today, now| Event::ThresholdProposed {
        row: row.clone(),
        before: cells("above 95%", "5 min"),
        after: cells("above 92%", "3 min"),
        evidence: evidence(benefit, today, now),
    };
    let signal = row.signal.clone();
    let events = [
        (Actor::System, proposed(earlier, 3, 3)),
        (Actor::Account(AccountId(2)), changed(None, Some(1), 1)),
        (Actor::System, changed(Some(AccountId(2)), None, 2)),
        (Actor::System, proposed(Benefit::Quieter { fewer: 8 }, 12, 4)),
        (
            Actor::Account(AccountId(2)),
            Event::ThresholdDeclined { proposal: 4, signal, reason: "It is replaced.".to_owned() },
        ),
    ];
    let mut head = Head::EMPTY;
    let mut text = String::new();
    for (place, (actor, event)) in events.iter().enumerate() {
        let at = Timestamp::from_micros(1_796_020_061_000_000 + place as i64 * 61_000_000);
        let salt = vec![place as u8 + 0x31; 16];
        let stored = seal(head, at, *actor, event, salt).unwrap();
        text.push_str(&to_line(&stored, head.hash).unwrap());
        head = Head { number: stored.number, hash: stored.hash };
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/thresholds.jsonl");
    fs::write(path, text).unwrap();
}
