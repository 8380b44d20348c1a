//! Takes snapshots: the evidence around an incident, bounded, from an allow-list of fields.

use std::collections::VecDeque;

use domain::{
    breach::Breach,
    hash::Head,
    incident::Incident,
    journal::Entry,
    reading::Reading,
    snapshot::{Course, Moved, Snapshot},
    subject::Subject,
    time::{Now, Span, Timestamp},
};

use engine::{evaluate::SeriesId, moved::movement};

use crate::{collectors::Facts, history, monitor::ingest::Core};

/// The period of a snapshot.
const BACK: Span = Span::from_mins(15);
/// The most signals, and the most values of each.
const MOST_COURSES: usize = 24;
const MOST_POINTS: usize = 90;
/// The most signals that moved when the incident began.
const MOST_MOVED: usize = 8;
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
    // The signals that broke come first, so that a bound never takes them.
    let broke = |reading: &Reading| {
        incident.breaches.iter().any(|known| {
            known.breach.key.subject == reading.subject && known.breach.key.signal == reading.signal
        })
    };
    let all: Vec<_> = (0..u32::try_from(core.engine.len()).unwrap_or(u32::MAX))
        .filter_map(|id| Some((SeriesId(id), core.engine.reading(SeriesId(id), now)?)))
        .filter(|(_, reading)| is_evidence(incident, &reading.subject))
        .collect();
    // Later evidence is too far from the beginning.
    let moved = match incident.snapshots {
        0 => moved(core, incident, &all, broke, concerns),
        _ => Vec::new(),
    };
    let mut readings: Vec<_> =
        all.into_iter().filter(|(_, reading)| concerns(&reading.subject)).collect();
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
        moved,
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

/// True if readings of a subject may stand in the evidence: a practice is none of what is real.
fn is_evidence(incident: &Incident, subject: &Subject) -> bool {
    incident.is_practice() || !subject.is_practice()
}

/// The signals that moved when the incident began, without its own: those of its subjects and their
/// host first, then by how unusual they were.
fn moved(
    core: &Core,
    incident: &Incident,
    readings: &[(SeriesId, Reading)],
    broke: impl Fn(&Reading) -> bool,
    concerns: impl Fn(&Subject) -> bool,
) -> Vec<Moved> {
    let from = incident.began_at.minus(history::LONGEST);
    let found = readings.iter().filter(|(_, reading)| !broke(reading)).filter_map(|(id, one)| {
        let (first, points) = core.history.course(*id, from, usize::MAX)?;
        let began = incident.began_at.since(first).as_secs_f64();
        let since = |(seconds, _): &(f32, f64)| f64::from(*seconds) >= began;
        let (since, before): (Vec<_>, Vec<_>) = points.into_iter().partition(since);
        let values = |points: Vec<(f32, f64)>| -> Vec<f64> {
            points.into_iter().map(|(_, value)| value).collect()
        };
        let movement = movement(&values(before), &values(since), &one.unit)?;
        Some((!concerns(&one.subject), movement, one))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by(|(far, one, a), (farther, other, b)| {
        far.cmp(farther)
            .then_with(|| other.score.total_cmp(&one.score))
            .then_with(|| (&a.subject, &a.signal).cmp(&(&b.subject, &b.signal)))
    });
    let moved = found.into_iter().map(|(_, movement, reading)| Moved {
        subject: reading.subject.clone(),
        signal: reading.signal.clone(),
        unit: reading.unit.clone(),
        before: movement.before,
        then: movement.since,
    });
    moved.take(MOST_MOVED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_practice_is_no_evidence_of_what_is_real() {
        let practice = Subject::practice();
        let on = |subject: &str| fixtures::incident(1).of([fixtures::breach().on(subject).build()]);
        let real = on("host:web-1").build();
        assert!(!is_evidence(&real, &practice));
        assert!(is_evidence(&real, &"practice:smith".parse().unwrap()));
        assert!(is_evidence(&on(practice.as_str()).build(), &practice));
    }
}
