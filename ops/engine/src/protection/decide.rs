//! The decisions of one tick.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    breach::{Breach, BreachKey},
    id::IncidentNumber,
    incident::Incident,
    journal::Event,
    lifecycle::{State, Step},
    protection::{
        AllowedMeasure, ClassTraffic, LimitedRequests, Measure, MeasureEnding, MeasureInForce,
        Protection, SafeModeStage,
    },
    subject::Subject,
    time::{MonotonicTime, Now, Span, Timestamp},
};
use policy::limits::{Limits, SafeModeEntry};

use super::{EXCEEDS, LAST_STAGE, LOWEST_RATE, MOST_DOUBLINGS, STAGE, WIDEN_EVERY, share};
use crate::gate::{Caps, Demand, culprits};

/// Everything that a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The incidents, as they are stored.
    pub incidents: &'a [Incident],
    /// Protection in force, as it is stored.
    pub protection: &'a Protection,
    /// The traffic of the organizations that are watched; `None` where there is no gate.
    pub traffic: Option<&'a [ClassTraffic]>,
    /// The limits in force.
    pub limits: &'a Limits,
    /// The time.
    pub now: Now,
}

/// Memory of the agent beside the journal. Without it, as after a restart, measures last longer at
/// most.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Since when the problems of a measure are over, or since its last stage.
    calm: BTreeMap<LimitedRequests, MonotonicTime>,
    /// The last time a limit went back by a stage.
    returned: BTreeMap<LimitedRequests, MonotonicTime>,
    /// Number of times more was limited for a problem that is about no organization, and the last
    /// time.
    widened: BTreeMap<BreachKey, (u32, MonotonicTime)>,
}

/// A problem that holds and presses.
#[derive(Clone, Copy)]
struct Pressing<'a> {
    incident: &'a Incident,
    breach: &'a Breach,
}

/// Breaches that hold and name a measure.
fn holding(incidents: &[Incident]) -> impl Iterator<Item = Pressing<'_>> {
    // A practice limits nobody, and brings no safe mode.
    let active = incidents.iter().filter(|one| one.is_active() && !one.is_practice());
    active.flat_map(|incident| {
        let names = |breach: &&Breach| !breach.guidance.measures.is_empty();
        incident.holding().filter(names).map(move |breach| Pressing { incident, breach })
    })
}

/// Those that are beyond their threshold now.
fn pressing(incidents: &[Incident]) -> impl Iterator<Item = Pressing<'_>> {
    let is_pressing = |one: &Pressing<'_>| one.breach.easing.is_none() && !one.is_unseen();
    holding(incidents).filter(is_pressing)
}

/// Those of which it is not known.
fn unseen(incidents: &[Incident]) -> impl Iterator<Item = Pressing<'_>> {
    holding(incidents).filter(Pressing::is_unseen)
}

fn is_organization(subject: &Subject) -> bool {
    subject.kind() == "organization"
}

impl Pressing<'_> {
    /// True if nothing is heard of it.
    const fn is_unseen(&self) -> bool {
        self.breach.unheard.is_some() || self.breach.crossing.is_silent()
    }

    /// True if it asks for a limit of these requests.
    fn asks_for(&self, requests: &LimitedRequests) -> bool {
        let subject = &self.breach.key.subject;
        let is_about = !is_organization(subject) || *subject == requests.organization;
        is_about && self.limits().any(|(class, _)| class == requests.class)
    }

    fn limits(&self) -> impl Iterator<Item = (&str, Span)> {
        self.breach.guidance.measures.iter().filter_map(|measure| match measure {
            AllowedMeasure::Limit { class, lasts } => Some((class.as_str(), *lasts)),
            AllowedMeasure::SafeMode => None,
        })
    }

    /// True if a measure began because of this very breach.
    fn is_reason_of(&self, measure: &Measure, began_at: Timestamp) -> bool {
        measure.because == self.breach.key && began_at >= self.breach.fired_at
    }

    /// True if a limit of these requests has ended that was for this very breach: it needs a new
    /// reason.
    fn had(&self, requests: &LimitedRequests) -> bool {
        self.incident.measures.iter().any(|one| {
            let ended = one.ended.is_some_and(|ended| ended.ending != MeasureEnding::Suspended);
            ended
                && one.measure.requests == *requests
                && self.is_reason_of(&one.measure, one.began_at)
        })
    }
}

impl Guard {
    /// Decides what begins, changes and ends. With the events applied, a second call at the same
    /// moment decides nothing.
    pub fn decide(&mut self, scene: &Scene<'_>) -> Vec<Event> {
        let mut events = Vec::new();
        for one in &scene.protection.measures {
            events.extend(self.follow(scene, one));
        }
        let in_force = |key: &LimitedRequests| scene.protection.measure(key).is_some();
        self.calm.retain(|key, _| in_force(key));
        self.returned.retain(|key, _| in_force(key));
        if scene.protection.suspension.is_none() {
            self.begin(scene, &mut events);
            events.extend(safe_mode(scene));
        }
        events
    }

    /// Decides the fate of a measure in force.
    fn follow(&mut self, scene: &Scene<'_>, one: &MeasureInForce) -> Option<Event> {
        let (measure, incident) = (&one.measure, one.incident);
        let end = |ending| {
            let requests = measure.requests.clone();
            Some(Event::MeasureEnded { incident, requests, ending })
        };
        if !scene.limits.classes().iter().any(|class| class.name == measure.requests.class) {
            return end(MeasureEnding::NoSuchClass);
        }
        if scene.protection.suspension.is_some() {
            return end(MeasureEnding::Suspended);
        }
        if scene.now.wall >= measure.until {
            return end(MeasureEnding::Expired);
        }
        let now = scene.now.mono;
        let asks = |problem: Pressing<'_>| problem.asks_for(&measure.requests);
        if pressing(scene.incidents).any(asks) {
            self.calm.remove(&measure.requests);
            return self.go_back(measure, incident, now);
        }
        // What is not seen is not over: then its time ends it.
        if unseen(scene.incidents).any(asks) {
            self.calm.remove(&measure.requests);
            return None;
        }
        let since = *self.calm.entry(measure.requests.clone()).or_insert(now);
        let wait = STAGE.as_micros() << measure.returns.min(MOST_DOUBLINGS);
        if now.since(since).as_micros() < wait {
            return None;
        }
        self.calm.insert(measure.requests.clone(), now);
        if measure.stage >= LAST_STAGE {
            return end(MeasureEnding::Calm);
        }
        let wider =
            Measure { rate: measure.rate * 2.0, stage: measure.stage + 1, ..measure.clone() };
        Some(Event::MeasureChanged { incident, measure: Box::new(wider) })
    }

    /// The problem came back while the limit was wider: it goes back by one stage.
    fn go_back(
        &mut self,
        measure: &Measure,
        incident: IncidentNumber,
        now: MonotonicTime,
    ) -> Option<Event> {
        let waits =
            self.returned.get(&measure.requests).is_some_and(|at| now.since(*at) < WIDEN_EVERY);
        let stage = measure.stage.checked_sub(1).filter(|_| !waits)?;
        self.returned.insert(measure.requests.clone(), now);
        let narrower = Measure {
            rate: measure.rate / 2.0,
            stage,
            returns: measure.returns.saturating_add(1),
            ..measure.clone()
        };
        Some(Event::MeasureChanged { incident, measure: Box::new(narrower) })
    }

    /// New measures for problems that hold.
    fn begin(&mut self, scene: &Scene<'_>, events: &mut Vec<Event>) {
        let Some(traffic) = scene.traffic else { return };
        // What has changed in this tick is decided, and what has ended is not in force.
        let (mut begun, ended) = decided(events);
        let mut limited: BTreeSet<Subject> = scene
            .protection
            .measures
            .iter()
            .filter(|one| !ended.contains(&one.measure.requests))
            .map(|one| one.measure.requests.organization.clone())
            .collect();
        let mut moved: BTreeSet<IncidentNumber> = BTreeSet::new();
        let holding: BTreeSet<&BreachKey> =
            pressing(scene.incidents).map(|one| &one.breach.key).collect();
        self.widened.retain(|key, _| holding.contains(key));
        for problem in pressing(scene.incidents) {
            for (one, kept, lasts) in self.wanted(scene, problem, traffic) {
                let most = scene.limits.automation().most_organizations as usize;
                let has_room = limited.contains(&one.requests.organization) || limited.len() < most;
                if !has_room || begun.contains(&one.requests) {
                    continue;
                }
                let known = scene.protection.measure(&one.requests);
                let has_ended = ended.contains(&one.requests);
                if has_ended
                    && known
                        .is_some_and(|known| problem.is_reason_of(&known.measure, known.began_at))
                {
                    continue;
                }
                let known = known.filter(|_| !has_ended);
                let Some(event) = start(scene, problem, one, known, (kept, lasts)) else {
                    continue;
                };
                limited.insert(one.requests.organization.clone());
                begun.insert(one.requests.clone());
                events.push(event);
                let number = problem.incident.number;
                if problem.incident.state == State::Detected && moved.insert(number) {
                    events.push(Event::Moved {
                        incident: number,
                        from: State::Detected,
                        step: Step::Stabilize,
                        to: State::Stabilizing,
                    });
                }
            }
        }
    }

    /// The limits that a problem asks for now: the requests, the rate that they keep, and for how
    /// long.
    fn wanted<'t>(
        &mut self,
        scene: &Scene<'_>,
        problem: Pressing<'_>,
        traffic: &'t [ClassTraffic],
    ) -> Vec<(&'t ClassTraffic, f64, Span)> {
        let factor = scene.limits.automation().fair_share_factor;
        let of_class = |class: &str| -> Vec<&'t ClassTraffic> {
            traffic.iter().filter(|one| one.requests.class == class).collect()
        };
        let subject = &problem.breach.key.subject;
        if is_organization(subject) {
            let one = |(class, lasts): (&str, Span)| {
                let of_class = of_class(class);
                let one = of_class.iter().find(|one| one.requests.organization == *subject)?;
                Some((*one, share::kept(one, &of_class, factor)?, lasts))
            };
            return problem.limits().filter_map(one).collect();
        }
        let step = self.step(&problem.breach.key, scene.now.mono);
        // The next class comes after the one before was limited twice.
        let classes = problem.limits().enumerate().filter(|(place, _)| *place <= step as usize / 2);
        classes
            .flat_map(|(_, (class, lasts))| {
                let of_class = of_class(class);
                let found = overload(&of_class, step, factor);
                found.into_iter().map(move |(one, kept)| (one, kept, lasts))
            })
            .collect()
    }

    /// Number of times more was limited for a problem; once more if it holds on.
    fn step(&mut self, key: &BreachKey, now: MonotonicTime) -> u32 {
        let (step, at) = self.widened.entry(key.clone()).or_insert((0, now));
        if now.since(*at) >= WIDEN_EVERY {
            (*step, *at) = (step.saturating_add(1), now);
        }
        *step
    }
}

/// The requests whose measures changed, and those whose measures ended.
fn decided(events: &[Event]) -> (BTreeSet<LimitedRequests>, BTreeSet<LimitedRequests>) {
    let (mut changed, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match event {
            Event::MeasureChanged { measure, .. } => changed.insert(measure.requests.clone()),
            Event::MeasureEnded { requests, .. } => ended.insert(requests.clone()),
            _ => false,
        };
    }
    (changed, ended)
}

/// The organizations that send most beyond what is usual for them, and the rates that they keep:
/// together they are reduced so far that all send what is usual, times the factor, and by a tenth
/// less with each step.
fn overload<'t>(
    traffic: &[&'t ClassTraffic],
    step: u32,
    factor: f64,
) -> Vec<(&'t ClassTraffic, f64)> {
    let demands: Vec<Demand<'_>> = traffic
        .iter()
        .filter_map(|one| {
            let usual = one.usual?;
            let organization = one.requests.organization.as_str();
            Some(Demand { organization, usual, now: one.sent })
        })
        .collect();
    let sum = |value: fn(&Demand<'_>) -> f64| demands.iter().map(value).sum::<f64>();
    let goal = sum(|one| one.usual) * factor * 0.9_f64.powi(i32::try_from(step).unwrap_or(100));
    let caps = Caps { most_organizations: usize::MAX, most_refused: 1.0 };
    let found = culprits(&demands, sum(|one| one.now) - goal, caps);
    let of =
        |name: &str| traffic.iter().find(|one| one.requests.organization.as_str() == name).copied();
    found.into_iter().filter_map(|it| Some((of(it.organization)?, it.keeps))).collect()
}

/// A limit that begins, or that is lowered; `None` if there is nothing to do.
fn start(
    scene: &Scene<'_>,
    problem: Pressing<'_>,
    one: &ClassTraffic,
    known: Option<&MeasureInForce>,
    (kept, lasts): (f64, Span),
) -> Option<Event> {
    let rate = kept.max(LOWEST_RATE);
    let incident = problem.incident.number;
    if let Some(known) = known {
        // A limit about one organization stays as it began; the other kind is lowered.
        let is_lower = known.measure.stage == 0 && known.measure.rate > rate * EXCEEDS;
        if is_organization(&problem.breach.key.subject) || !is_lower {
            return None;
        }
        let measure = Box::new(Measure { rate, sent: one.sent, ..known.measure.clone() });
        return Some(Event::MeasureChanged { incident: known.incident, measure });
    }
    if one.sent <= rate * EXCEEDS || problem.had(&one.requests) {
        return None;
    }
    let lasts = lasts.min(scene.limits.automation().longest_measure);
    let measure = Box::new(Measure {
        requests: one.requests.clone(),
        rate,
        sent: one.sent,
        usual: one.usual,
        because: problem.breach.key.clone(),
        stage: 0,
        returns: 0,
        until: scene.now.wall.plus(lasts),
    });
    Some(Event::MeasureBegan { incident, measure })
}

/// Begins safe mode where the limits allow it, and goes back to its first stage where its problem
/// returned. It never ends it.
fn safe_mode(scene: &Scene<'_>) -> Option<Event> {
    // A person has decided about the problems that held then.
    let newer_than = |at: Option<Timestamp>| {
        pressing(scene.incidents).find(|problem| {
            problem.breach.names_safe_mode() && at.is_none_or(|at| problem.breach.fired_at > at)
        })
    };
    if let Some(in_force) = &scene.protection.safe_mode {
        let is_left = in_force.stage != SafeModeStage::ReadOnly;
        let problem = newer_than(Some(in_force.stage_since)).filter(|_| is_left)?;
        let incident = Some(problem.incident.number);
        return Some(Event::SafeModeStageChanged { stage: SafeModeStage::ReadOnly, incident });
    }
    let may_begin = scene.limits.automation().safe_mode == SafeModeEntry::Automatic;
    let problem = newer_than(scene.protection.safe_mode_ended_at).filter(|_| may_begin)?;
    Some(Event::SafeModeBegan {
        incident: Some(problem.incident.number),
        reason: problem.breach.guidance.meaning.clone(),
    })
}
