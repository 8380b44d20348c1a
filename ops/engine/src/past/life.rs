//! A past incident that goes on step by step.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    announcements::Announcements,
    breach::{Breach, BreachKey, Crossing, Easing, Ending, Guidance},
    id::IncidentNumber,
    incident::{self, Incident, Misfit},
    journal::Event,
    lifecycle::Step,
    name::BadName,
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};
use policy::incident_policy::IncidentPolicy;

use super::kinds::{KINDS, NOTES};
use crate::{
    agent::{World, decide},
    simulation::Random,
};

/// The number of hosts on which something happens.
const HOSTS: usize = 40;

/// Events of one moment, by one author.
#[derive(Clone, Debug, PartialEq)]
pub struct PastStep {
    /// The moment.
    pub at: Timestamp,
    /// The author.
    pub actor: Actor,
    /// The events.
    pub events: Vec<Event>,
}

/// The reasons for which a past incident can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LifeError {
    /// An event does not fit.
    #[error("{0}")]
    Misfit(#[from] Misfit),
    /// A name is not right.
    #[error("{0}")]
    Name(#[from] BadName),
    /// The agent did not open it.
    #[error("the agent opened no incident {0}")]
    NotOpened(IncidentNumber),
}

/// A past incident: its steps, and how it stands at the end.
pub type PastLife = (Vec<PastStep>, Incident);

/// See the module.
pub(super) struct Life {
    number: IncidentNumber,
    policy: IncidentPolicy,
    announcements: Announcements,
    now: Timestamp,
    /// The breach, while it holds.
    breach: Breach,
    incidents: BTreeMap<IncidentNumber, Incident>,
    steps: Vec<PastStep>,
}

fn pick<'a, T>(of: &'a [T], random: &mut Random) -> Option<&'a T> {
    of.get((random.share() * of.len() as f64) as usize)
}

impl Life {
    /// Opens an incident.
    pub(super) fn begin(
        number: IncidentNumber,
        at: Timestamp,
        random: &mut Random,
    ) -> Result<Self, LifeError> {
        let kind = pick(&KINDS, random).unwrap_or(&KINDS[0]);
        let host = (random.share() * HOSTS as f64) as usize + 1;
        let host = format!("generated-{host}");
        let name = if kind.subject == "host" { host.as_str() } else { kind.name };
        let on = (kind.subject != "host").then_some(host.as_str());
        let key = BreachKey {
            subject: Subject::build(kind.subject, name, on),
            signal: kind.signal.parse()?,
        };
        let value = kind.level * (1.02 + 0.1 * random.share());
        let breach = Breach {
            key,
            severity: Severity::Warning,
            crossing: Crossing::Above { level: kind.level },
            since: at.minus(Span::from_mins(5)),
            severity_since: at.minus(Span::from_mins(5)),
            fired_at: at,
            unsteady: false,
            easing: None,
            unheard: None,
            value,
            value_at: at,
            peak: value,
            unit: kind.unit.parse()?,
            usual: Some(kind.level * 0.5),
            per_minute: None,
            limit_in_seconds: None,
            guidance: Guidance {
                meaning: kind.meaning.to_owned(),
                runbook: kind.runbook.to_owned(),
                ..Guidance::default()
            },
            reason: None,
        };
        let mut life = Self {
            number,
            policy: IncidentPolicy::default(),
            announcements: Announcements::default(),
            now: at,
            breach,
            incidents: BTreeMap::new(),
            steps: Vec::new(),
        };
        life.look(true)?;
        Ok(life)
    }

    /// The number of entries so far.
    pub(super) fn entries(&self) -> usize {
        self.steps.iter().map(|step| step.events.len()).sum()
    }

    pub(super) fn pass(&mut self, span: Span) {
        self.now = self.now.plus(span);
    }

    /// Lets the agent decide.
    fn look(&mut self, holds: bool) -> Result<(), LifeError> {
        let breaches = if holds { vec![self.breach.clone()] } else { Vec::new() };
        let incidents: Vec<Incident> = self.incidents.values().cloned().collect();
        let recovered = Ending::Recovered { since: self.now };
        let endings = BTreeMap::from([(self.breach.key.clone(), recovered)]);
        let world = World {
            breaches: &breaches,
            endings: &endings,
            incidents: &incidents,
            next_number: self.number,
            now: self.now,
            steady_since: self.now.minus(Span::from_mins(60)),
            announcements: &self.announcements,
        };
        let events = decide(&self.policy, world);
        self.take(Actor::Agent, events)
    }

    fn take(&mut self, actor: Actor, events: Vec<Event>) -> Result<(), LifeError> {
        if events.is_empty() {
            return Ok(());
        }
        incident::apply_all(&mut self.incidents, &events, actor, self.now)?;
        self.steps.push(PastStep { at: self.now, actor, events });
        Ok(())
    }

    pub(super) fn acknowledge(&mut self) -> Result<(), LifeError> {
        self.take(Actor::Local, vec![Event::Acknowledged { incident: self.number }])
    }

    pub(super) fn comment(&mut self, random: &mut Random) -> Result<(), LifeError> {
        let text = note(random);
        self.take(Actor::Local, vec![Event::Commented { incident: self.number, text }])
    }

    /// The value changes sides: it falls below the level and waits for proof, or it is back.
    pub(super) fn change(&mut self, random: &mut Random, critical: bool) -> Result<(), LifeError> {
        let Crossing::Above { level } = self.breach.crossing else { return Ok(()) };
        let eases = self.breach.easing.is_none();
        let factor = if eases { 0.9 } else { 1.05 };
        self.breach.value = level * (factor + 0.05 * random.share());
        self.breach.value_at = self.now;
        self.breach.peak = self.breach.peak.max(self.breach.value);
        self.breach.easing = eases.then_some(Easing {
            since: self.now,
            stays_for_seconds: 300.0,
            recovers_at: Some(level * 0.85),
        });
        if critical {
            self.breach.severity = Severity::Critical;
            self.breach.severity_since = self.now;
        }
        self.look(true)
    }

    /// The value is well again, and the incident ends: by a person who acted on it, or by itself.
    pub(super) fn end(
        mut self,
        acted_on: bool,
        random: &mut Random,
    ) -> Result<PastLife, LifeError> {
        self.look(false)?;
        self.pass(self.policy.quiet_for);
        self.pass(Span::from_secs(10));
        self.look(false)?;
        if acted_on {
            self.pass(Span::from_secs(60));
            let (incident, step) = (self.number, Step::PersonResolved);
            let note = Some(note(random));
            self.take(Actor::Local, vec![Event::Resolved { incident, step, note }])?;
        }
        let incident = self.incidents.remove(&self.number);
        Ok((self.steps, incident.ok_or(LifeError::NotOpened(self.number))?))
    }
}

fn note(random: &mut Random) -> String {
    let note = pick(&NOTES, random).copied().unwrap_or_default();
    format!("{note}, case {}", (random.share() * 1_000.0) as u32)
}
