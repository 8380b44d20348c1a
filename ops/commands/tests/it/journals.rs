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
    report::{RequestFigures, StabilityReport},
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
    prove("reports.jsonl");
    prove("mailed-reports.jsonl");
    prove("generated.jsonl");
    prove("full-reports.jsonl");
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
        "reports.jsonl",
        "mailed-reports.jsonl",
        "generated.jsonl",
        "full-reports.jsonl",
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
        "reports.jsonl",
        "mailed-reports.jsonl",
        "generated.jsonl",
        "full-reports.jsonl",
    ];
    for name in ALL {
        for event in entries(&read(name)).iter().filter_map(|(stored, _)| event(stored)) {
            assert_eq!(Event::from(EventGroup::from(&event)), event);
        }
    }
}

/// A figure that is added is filled in a new kept journal, and named here.
#[test]
fn a_kept_report_has_every_figure() {
    let kept = read("full-reports.jsonl");
    let Some(Event::ReportMade { report }) = event(&entries(&kept)[0].0) else {
        panic!("a report")
    };
    let StabilityReport {
        period: _,
        generated,
        promises,
        before,
        trend,
        incidents,
        causes,
        noisy,
        agent,
        approvals,
        prevention,
        availability,
        requests,
        objectives,
        near_misses,
        near_misses_left_out,
        unread,
        proposals,
        withheld,
        gaps,
        head: _,
    } = report.figures;
    let lists = [
        trend.len(),
        incidents.len(),
        causes.len(),
        noisy.len(),
        agent.ratings.len(),
        availability.len(),
        requests.len(),
        objectives.len(),
        near_misses.len(),
        unread.len(),
        gaps.longest.len(),
    ];
    assert!(lists.iter().all(|count| *count > 0), "{lists:?}");
    assert!(generated && before.is_some() && withheld > 0 && near_misses_left_out > 0);
    assert!(promises.active > 0 && promises.from_before > 0 && gaps.journal_began.is_some());
    assert!(approvals.median.is_some() && prevention.overdue > 0 && !proposals.is_none());
    assert!(availability[0].maintenance.is_some() && objectives[0].budget_left.is_some());
    let RequestFigures { subject: _, succeeded, unseen, results, failed, uncounted } = &requests[0];
    assert!(succeeded.is_none(), "new ones are counted");
    assert!([*results, *failed, unseen.as_micros(), uncounted.as_micros()].iter().all(|n| *n > 0));
}
