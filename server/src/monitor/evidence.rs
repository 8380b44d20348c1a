//! Takes snapshots: the evidence around an incident, bounded, from an allow-list of fields.

use std::collections::VecDeque;

use domain::{
    breach::Breach,
    hash::Head,
    incident::Incident,
    journal::Entry,
    snapshot::{Course, Snapshot},
    subject::Subject,
    time::{Now, Span, Timestamp},
};

use crate::{collectors::Facts, monitor::intake::Core};

/// How far back a snapshot looks.
const BACK: Span = Span::from_mins(15);
/// The most signals, and the most values of each.
const MOST_COURSES: usize = 24;
const MOST_POINTS: usize = 90;
/// The most breaches, processes, disks and journal entries.
const MOST_FACTS: usize = 20;
/// The largest snapshot, in bytes of JSON.
const LARGEST: usize = 64 * 1024;

/// The kinds of the journal's recent entries, for snapshots.
#[derive(Debug, Default)]
pub struct Recent(VecDeque<(u64, Timestamp, String)>);

impl Recent {
    /// Takes committed entries.
    pub fn take(&mut self, entries: &[Entry]) {
        for entry in entries {
            let kind = entry.event.as_ref().map_or("redacted", domain::journal::Event::kind);
            self.0.push_back((entry.number, entry.at, kind.to_owned()));
            if self.0.len() > MOST_FACTS {
                self.0.pop_front();
            }
        }
    }
}

/// Takes a snapshot for an incident as it is about to be stored.
pub fn snapshot(
    core: &Core,
    incident: &Incident,
    breaches: &[Breach],
    facts: &Facts,
    recent: &Recent,
    head: Head,
    now: Now,
) -> Snapshot {
    let subjects: Vec<Subject> = incident.subjects().into_iter().cloned().collect();
    let hosts: Vec<&str> = subjects.iter().filter_map(Subject::host).collect();
    let concerns = |subject: &Subject| {
        subjects.contains(subject) || (subject.kind() == "host" && hosts.contains(&subject.name()))
    };
    let mut left_out = 0;
    let mut courses = Vec::new();
    let from = now.wall.minus(BACK);
    let mut ids: Vec<u32> = (0..u32::try_from(core.engine.len()).unwrap_or(u32::MAX)).collect();
    // The signals that broke come first, so that a bound never takes them.
    let broke = |reading: &domain::reading::Reading| {
        incident.breaches.iter().any(|known| {
            known.breach.key.subject == reading.subject && known.breach.key.signal == reading.signal
        })
    };
    let mut readings: Vec<_> = ids
        .drain(..)
        .filter_map(|id| {
            Some((
                engine::evaluate::SeriesId(id),
                core.engine.reading(engine::evaluate::SeriesId(id), now)?,
            ))
        })
        .filter(|(_, reading)| concerns(&reading.subject))
        .collect();
    readings.sort_by(|(_, a), (_, b)| {
        (!broke(a), &a.subject, &a.signal).cmp(&(!broke(b), &b.subject, &b.signal))
    });
    for (id, reading) in readings {
        if courses.len() == MOST_COURSES {
            left_out += 1;
            continue;
        }
        if let Some((from, points)) = core.history.course(id, from, MOST_POINTS) {
            courses.push(Course {
                subject: reading.subject,
                signal: reading.signal,
                unit: reading.unit,
                from,
                points,
            });
        }
    }
    let own: Vec<Breach> =
        breaches.iter().filter(|breach| concerns(&breach.key.subject)).cloned().collect();
    let mut bounded = |length: usize| {
        left_out += u32::try_from(length.saturating_sub(MOST_FACTS)).unwrap_or(u32::MAX);
    };
    bounded(own.len());
    bounded(facts.disks.len());
    let mut snapshot = Snapshot {
        at: now.wall,
        breaches: own.into_iter().take(MOST_FACTS).collect(),
        courses,
        by_memory: facts.by_memory.iter().take(MOST_FACTS).cloned().collect(),
        by_cpu: facts.by_cpu.iter().take(MOST_FACTS).cloned().collect(),
        disks: facts.disks.iter().take(MOST_FACTS).cloned().collect(),
        journal: recent.0.iter().cloned().collect(),
        head,
        thresholds_sha256: core.engine.thresholds().sha256().to_owned(),
        left_out,
    };
    while serde_json::to_vec(&snapshot).map_or(0, |bytes| bytes.len()) > LARGEST
        && !snapshot.courses.is_empty()
    {
        snapshot.courses.pop();
        snapshot.left_out += 1;
    }
    snapshot
}
