//! The times at which breaches held and how severe they were, folded from the journal. An
//! incident's row holds a breach as it was last; the journal tells that it was critical before it
//! eased.

use std::collections::BTreeMap;

use domain::{
    breach::{Breach, BreachKey},
    id::IncidentNumber,
    journal::{Entry, Event},
    maintenance::Withheld,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
};

use super::slot::slot_of;

/// A time in which a breach was equally severe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The signal.
    pub signal: Signal,
    /// The severity.
    pub severity: Severity,
    /// From when.
    pub from: Timestamp,
    /// To when; `None` while it holds.
    pub to: Option<Timestamp>,
    told: Told,
}

impl Trouble {
    /// The alert that an open maintenance window withholds.
    pub fn withheld(one: &Withheld) -> Self {
        Self {
            signal: one.signal.clone(),
            severity: one.severity,
            from: one.since,
            to: one.ended_at,
            told: Told::ByReadings { since: one.since, is_seen: false },
        }
    }
}

/// The source that tells of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The journal, as a breach of this incident.
    By(IncidentNumber),
    /// Only the readings: no incident is about it any more since then, or none was.
    ByReadings {
        /// Since when.
        since: Timestamp,
        /// True if a reading told so yet.
        is_seen: bool,
    },
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Troubles(BTreeMap<Subject, Vec<Trouble>>);

impl Troubles {
    /// Takes an entry of the journal.
    pub fn take(&mut self, entry: &Entry) {
        let Some(event) = &entry.event else { return };
        match event {
            Event::IncidentOpened { incident } => {
                incident.holding().for_each(|breach| self.begin(incident.number, breach));
            }
            Event::BreachJoined { incident, breach }
            | Event::BreachChanged { incident, breach } => self.begin(*incident, breach),
            Event::BreachCleared { key, .. } => self.end(key, entry.at),
            Event::Resolved { incident, .. } => self.resolved(*incident, entry.at),
            Event::SubjectRetired { subject } => {
                self.open_of(subject).for_each(|one| one.to = Some(entry.at.max(one.from)));
            }
            Event::MaintenanceEnded { would_have_alerted, .. } => {
                for withheld in would_have_alerted {
                    let (signal, subject) = (&withheld.signal, &withheld.subject);
                    let told = Told::ByReadings { since: entry.at, is_seen: false };
                    self.push(subject, signal, withheld.severity, withheld.since, told);
                    let key = BreachKey { subject: subject.clone(), signal: signal.clone() };
                    self.end(&key, withheld.ended_at.unwrap_or(entry.at));
                }
            }
            _ => {}
        }
    }

    fn open_of(&mut self, subject: &Subject) -> impl Iterator<Item = &mut Trouble> {
        self.0.get_mut(subject).into_iter().flatten().filter(|one| one.to.is_none())
    }

    fn open(&mut self, subject: &Subject, signal: &Signal) -> Option<&mut Trouble> {
        self.open_of(subject).find(|one| one.signal == *signal)
    }

    /// A breach holds, as it is told now.
    fn begin(&mut self, incident: IncidentNumber, breach: &Breach) {
        let BreachKey { subject, signal } = &breach.key;
        let told = Told::By(incident);
        match self.open(subject, signal) {
            Some(open) if open.severity == breach.severity => {
                open.told = told;
                open.from = open.from.min(breach.severity_since);
            }
            Some(open) => {
                let at = breach.severity_since.max(open.from);
                open.to = Some(at);
                self.push(subject, signal, breach.severity, at, told);
            }
            None => {
                // It was a warning before it became critical.
                if breach.severity == Severity::Critical && breach.since < breach.severity_since {
                    self.push(subject, signal, Severity::Warning, breach.since, told);
                    self.end(&breach.key, breach.severity_since);
                }
                self.push(subject, signal, breach.severity, breach.severity_since, told);
            }
        }
    }

    /// Adds a time that is open. One that follows in the same slot goes on: what can't be told apart
    /// in the picture is not kept apart.
    fn push(
        &mut self,
        subject: &Subject,
        signal: &Signal,
        severity: Severity,
        from: Timestamp,
        told: Told,
    ) {
        let known = self.0.entry(subject.clone()).or_default();
        let before = known.iter_mut().rev().find(|one| {
            one.signal == *signal
                && one.severity == severity
                && one.from <= from
                && one.to.is_some_and(|to| slot_of(to) >= slot_of(from))
        });
        match before {
            Some(before) => (before.to, before.told) = (None, told),
            None => {
                let signal = signal.clone();
                known.push(Trouble { signal, severity, from, to: None, told });
            }
        }
    }

    fn end(&mut self, key: &BreachKey, at: Timestamp) {
        if let Some(open) = self.open(&key.subject, &key.signal) {
            open.to = Some(at.max(open.from));
        }
    }

    /// Of what goes on after its incident was resolved the journal tells no end.
    fn resolved(&mut self, incident: IncidentNumber, at: Timestamp) {
        for one in self.0.values_mut().flatten() {
            if one.to.is_none() && one.told == Told::By(incident) {
                one.told = Told::ByReadings { since: at, is_seen: false };
            }
        }
    }

    /// Takes how readings are now: what no incident is about begins and ends with them.
    pub fn follow(&mut self, held: &BTreeMap<BreachKey, Severity>, now: Timestamp) {
        for (subject, known) in &mut self.0 {
            for one in known.iter_mut().filter(|one| one.to.is_none()) {
                let Told::ByReadings { since, is_seen } = &mut one.told else { continue };
                let key = BreachKey { subject: subject.clone(), signal: one.signal.clone() };
                match held.get(&key) {
                    Some(severity) if *severity == one.severity => *is_seen = true,
                    // From before a start nobody knows how long it went on.
                    _ => one.to = Some(if *is_seen { now } else { *since }.max(one.from)),
                }
            }
        }
        for (BreachKey { subject, signal }, severity) in held {
            if self.open(subject, signal).is_none() {
                let told = Told::ByReadings { since: now, is_seen: true };
                self.push(subject, signal, *severity, now, told);
            }
        }
    }

    /// Forgets what was over before a moment.
    pub fn forget_before(&mut self, begin: Timestamp) {
        self.0.retain(|_, known| {
            known.retain(|one| one.to.is_none_or(|to| to >= begin));
            !known.is_empty()
        });
    }

    /// Those of a subject.
    pub fn of(&self, subject: &Subject) -> impl Iterator<Item = &Trouble> {
        self.0.get(subject).into_iter().flatten()
    }
}
