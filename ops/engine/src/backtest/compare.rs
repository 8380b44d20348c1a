//! Comparison of two backtests, and of both with the incidents that there were.

use std::collections::BTreeSet;

use domain::{
    backtest::{Comparison, FoundIncident, MovedIncident},
    breach::{Breach, BreachKey, Crossing},
    id::IncidentNumber,
    incident::Incident,
    severity::Severity,
    time::{Span, Timestamp},
};

/// Incidents that are not farther apart than this are the same trouble.
const NEAR: Span = Span::from_mins(30);

/// An incident that there was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub number: IncidentNumber,
    /// The beginning of its first breach.
    pub began_at: Timestamp,
    /// Time at which it was opened.
    pub opened_at: Timestamp,
    /// Time at which it ended; `None` while it is active.
    pub ended_at: Option<Timestamp>,
    /// Its signals, without those that were only silent: a backtest can't judge them.
    pub keys: BTreeSet<BreachKey>,
    /// The highest severity that it reached.
    pub severity: Severity,
    /// A person acted on it: it was no false alarm.
    pub acted_on: bool,
}

impl Known {
    /// The part of an incident that a backtest is compared with; `None` for a practice, and where
    /// nothing but silence was told.
    pub fn of(incident: &Incident) -> Option<Self> {
        let heard = |breach: &Breach| !matches!(breach.crossing, Crossing::Silent { .. });
        let breaches = incident.breaches.iter().map(|known| &known.breach);
        let keys: BTreeSet<BreachKey> =
            breaches.filter(|breach| heard(breach)).map(|breach| breach.key.clone()).collect();
        (!incident.is_practice() && !keys.is_empty()).then(|| Self {
            number: incident.number,
            began_at: incident.began_at,
            opened_at: incident.opened_at,
            ended_at: incident.resolution.as_ref().map(|end| end.at),
            keys,
            severity: incident.severity,
            acted_on: incident.touched_by_person || incident.acknowledged.is_some(),
        })
    }

    /// True for one that must not be missed: a person acted on it, or it was critical.
    pub fn is_real(&self) -> bool {
        self.acted_on || self.severity == Severity::Critical
    }
}

/// From when to when, with what is near.
fn overlap(one: (Timestamp, Option<Timestamp>), other: (Timestamp, Option<Timestamp>)) -> bool {
    let ends_after =
        |end: Option<Timestamp>, begin: Timestamp| end.is_none_or(|end| end.plus(NEAR) >= begin);
    ends_after(one.1, other.0) && ends_after(other.1, one.0)
}

fn is_same(one: &FoundIncident, other: &FoundIncident) -> bool {
    overlap((one.began_at, one.ended_at), (other.began_at, other.ended_at))
        && !one.keys.is_disjoint(&other.keys)
}

/// Beside each incident that there was: the one of a backtest that is the same trouble. Each is taken
/// once, the nearest openings first.
pub(super) fn findings<'a>(
    found: &'a [FoundIncident],
    known: &[Known],
) -> Vec<Option<&'a FoundIncident>> {
    let apart = |one: &FoundIncident, known: &Known| {
        one.opened_at.since(known.opened_at).max(known.opened_at.since(one.opened_at))
    };
    let fits = |one: &FoundIncident, known: &Known| {
        overlap((one.began_at, one.ended_at), (known.began_at, known.ended_at))
            && !one.keys.is_disjoint(&known.keys)
    };
    let mut pairs: Vec<(Span, usize, usize)> = Vec::new();
    for (place, known) in known.iter().enumerate() {
        let fitting = found.iter().enumerate().filter(|(_, one)| fits(one, known));
        pairs.extend(fitting.map(|(at, one)| (apart(one, known), place, at)));
    }
    pairs.sort_unstable();
    let mut findings: Vec<Option<&FoundIncident>> = vec![None; known.len()];
    let mut taken = vec![false; found.len()];
    for (_, place, at) in pairs {
        if let (Some(finding @ None), Some(taken @ false)) =
            (findings.get_mut(place), taken.get_mut(at))
        {
            *finding = found.get(at);
            *taken = true;
        }
    }
    findings
}

fn interruptions(found: &[FoundIncident]) -> Vec<Timestamp> {
    let mut all: Vec<Timestamp> =
        found.iter().flat_map(|one| one.interruptions.iter().copied()).collect();
    all.sort_unstable();
    all
}

/// Compares what both thresholds would have opened with each other, and with what there was. Each
/// incident is matched with at most one of the other side: the first that shares a signal of the
/// same subject and is not more than half an hour apart.
pub fn compare(today: &[FoundIncident], proposed: &[FoundIncident], known: &[Known]) -> Comparison {
    let mut comparison = Comparison {
        interruptions_today: interruptions(today),
        interruptions_proposed: interruptions(proposed),
        ..Comparison::default()
    };
    let mut taken = vec![false; proposed.len()];
    for one in today {
        let place = proposed.iter().enumerate().position(|(place, other)| {
            !taken.get(place).is_some_and(|taken| *taken) && is_same(one, other)
        });
        let Some((place, other)) = place.and_then(|at| Some((at, proposed.get(at)?))) else {
            comparison.removed.push(one.clone());
            continue;
        };
        if let Some(taken) = taken.get_mut(place) {
            *taken = true;
        }
        if one.opened_at == other.opened_at {
            comparison.same += 1;
        } else {
            comparison.moved.push(MovedIncident { today: one.clone(), proposed: other.clone() });
        }
    }
    let free = proposed.iter().zip(&taken).filter(|(_, taken)| !**taken);
    comparison.added = free.map(|(one, _)| one.clone()).collect();
    let pairs = findings(today, known).into_iter().zip(findings(proposed, known));
    for (one, pair) in known.iter().zip(pairs) {
        match (pair.0.is_some(), pair.1.is_some()) {
            (true, true) => {}
            (true, false) => comparison.missed.push(one.number),
            (false, true) => comparison.gained.push(one.number),
            (false, false) => comparison.unseen.push(one.number),
        }
    }
    comparison
}
