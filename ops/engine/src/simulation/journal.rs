//! Reactions of Calm Ops to a simulation, as its journal tells them.

use domain::{
    id::IncidentNumber,
    journal::{Entry, Event},
    protection::Measure,
    subject::Subject,
    time::Timestamp,
};

/// The subjects that count as the source of the trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Culprits {
    /// One organization.
    One(Subject),
    /// Any organization, or the gate as a whole: where several or invented ones cause it.
    Any,
}

impl Culprits {
    fn include(&self, subject: &Subject) -> bool {
        match self {
            Self::One(one) => one == subject,
            Self::Any => matches!(subject.kind(), "organization" | "gate"),
        }
    }
}

/// A limit that came into force at a time, or ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitStep {
    /// The time.
    pub at: Timestamp,
    /// The rate that passes, in requests per second; `None` without a limit.
    pub rate: Option<f64>,
}

/// Reactions of Calm Ops to the trouble. Entries from before the trouble do not count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reactions {
    /// The time at which an incident first named the source of the trouble, and which.
    pub detected: Option<(Timestamp, IncidentNumber)>,
    /// Time at which the first limit began.
    pub limited: Option<Timestamp>,
    /// Time at which a limit was widened for the first time.
    pub widened: Option<Timestamp>,
    /// Time at which the last limit ended; `None` while one is in force.
    pub lifted: Option<Timestamp>,
    /// The limits of one organization as steps, the strictest where there are several.
    pub steps: Vec<LimitStep>,
}

impl Reactions {
    /// Reads entries in their order. `from` is when the trouble began.
    pub fn of(entries: &[Entry], culprits: &Culprits, from: Timestamp) -> Self {
        let mut reactions = Self::default();
        let mut in_force: Vec<&Measure> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.at >= from) {
            let Some(event) = &entry.event else { continue };
            if let Some(incident) = named_by(event, culprits) {
                reactions.detected.get_or_insert((entry.at, incident));
            }
            if reactions.take_measure(event, culprits, entry.at, &mut in_force) {
                let rate = in_force.iter().map(|one| one.rate).reduce(f64::min);
                reactions.steps.push(LimitStep { at: entry.at, rate });
            }
        }
        if *culprits == Culprits::Any {
            reactions.steps.clear();
        }
        reactions
    }

    /// Takes an event about a measure; true if it was one about the source of the trouble.
    fn take_measure<'e>(
        &mut self,
        event: &'e Event,
        culprits: &Culprits,
        at: Timestamp,
        in_force: &mut Vec<&'e Measure>,
    ) -> bool {
        match event {
            Event::MeasureBegan { measure, .. }
                if culprits.include(&measure.requests.organization) =>
            {
                self.limited.get_or_insert(at);
                self.lifted = None;
                in_force.retain(|one| one.requests != measure.requests);
                in_force.push(measure);
                true
            }
            Event::MeasureChanged { measure, .. }
                if culprits.include(&measure.requests.organization) =>
            {
                let before = in_force.iter().find(|one| one.requests == measure.requests);
                if before.is_some_and(|before| measure.rate > before.rate) {
                    self.widened.get_or_insert(at);
                }
                in_force.retain(|one| one.requests != measure.requests);
                in_force.push(measure);
                true
            }
            Event::MeasureEnded { requests, .. } if culprits.include(&requests.organization) => {
                in_force.retain(|one| one.requests != *requests);
                if in_force.is_empty() {
                    self.lifted = Some(at);
                }
                true
            }
            _ => false,
        }
    }
}

/// The incident that an event names a source of the trouble in.
fn named_by(event: &Event, culprits: &Culprits) -> Option<IncidentNumber> {
    match event {
        Event::IncidentOpened { incident } => {
            let names = |subject: &Subject| culprits.include(subject);
            incident.subjects().into_iter().any(names).then_some(incident.number)
        }
        Event::BreachJoined { incident, breach } => {
            culprits.include(&breach.key.subject).then_some(*incident)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        actor::Actor,
        breach::BreachKey,
        protection::{LimitedRequests, MeasureEnding},
    };

    use super::*;

    fn measure(organization: &str, class: &str, rate: f64) -> Measure {
        let organization: Subject = organization.parse().unwrap();
        let signal = "organization.batch".parse().unwrap();
        Measure {
            requests: LimitedRequests {
                organization: organization.clone(),
                class: class.to_owned(),
            },
            rate,
            sent: 50.0,
            usual: None,
            because: BreachKey { subject: organization, signal },
            stage: 0,
            returns: 0,
            until: fixtures::at(600),
        }
    }

    fn entries(events: Vec<(i64, Event)>) -> Vec<Entry> {
        let entry = |(number, (second, event))| Entry {
            number,
            at: fixtures::at(second),
            actor: Actor::Agent,
            event: Some(event),
        };
        (1..).zip(events).map(entry).collect()
    }

    fn breach(subject: &str) -> domain::breach::Breach {
        fixtures::breach().on(subject).signal("organization.batch").build()
    }

    #[test]
    fn detection_limits_and_their_end_are_found_for_the_right_organization() {
        let incident = IncidentNumber(7);
        let began = |name, class, rate| Event::MeasureBegan {
            incident,
            measure: measure(name, class, rate).into(),
        };
        let joined = |name| Event::BreachJoined { incident, breach: breach(name).into() };
        let ended = |name, class| Event::MeasureEnded {
            incident,
            requests: measure(name, class, 1.0).requests,
            ending: MeasureEnding::Calm,
        };
        let changed = Event::MeasureChanged {
            incident,
            measure: measure("organization:acme", "uploads", 20.0).into(),
        };
        let tightened = Event::MeasureChanged {
            incident,
            measure: measure("organization:acme", "uploads", 5.0).into(),
        };
        let entries = entries(vec![
            (1, joined("organization:acme")),
            (11, joined("organization:other-1")),
            (12, joined("organization:acme")),
            (13, began("organization:other-1", "uploads", 1.0)),
            (14, began("organization:acme", "uploads", 10.0)),
            (15, began("organization:acme", "writes", 8.0)),
            (16, tightened),
            (20, ended("organization:acme", "writes")),
            (22, changed),
            (30, ended("organization:acme", "uploads")),
        ]);
        let acme = Culprits::One("organization:acme".parse().unwrap());
        let reactions = Reactions::of(&entries, &acme, fixtures::at(10));
        assert_eq!(reactions.detected, Some((fixtures::at(12), incident)));
        assert_eq!(reactions.limited, Some(fixtures::at(14)));
        assert_eq!(reactions.widened, Some(fixtures::at(22)));
        assert_eq!(reactions.lifted, Some(fixtures::at(30)));
        let steps: Vec<_> = reactions.steps.iter().map(|step| step.rate).collect();
        assert_eq!(steps, [Some(10.0), Some(8.0), Some(5.0), Some(5.0), Some(20.0), None]);
        let any = Reactions::of(&entries, &Culprits::Any, fixtures::at(10));
        assert_eq!(any.detected, Some((fixtures::at(11), incident)));
        assert_eq!((any.limited, any.lifted), (Some(fixtures::at(13)), None));
        assert!(any.steps.is_empty());
        // While one is in force, nothing is lifted.
        let early = Reactions::of(&entries[..8], &acme, fixtures::at(10));
        assert_eq!((early.widened, early.lifted), (None, None));
    }
}
