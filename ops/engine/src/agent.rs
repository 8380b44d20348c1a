//! The incident agent: breaches that hold and incidents that are stored, compared; what differs
//! becomes events. It is level-triggered and has no memory of its own.
//!
//! The events of one tick come incident by incident, in the order of their numbers. For each
//! incident: opened or reopened; what cleared; what joined; what changed; the lifecycle's steps;
//! the offer to resolve, or the end; the summary.

use std::{
    borrow::Cow,
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use domain::{
    actor::Actor,
    announcements::Announcements,
    breach::{Breach, BreachKey, Crossing, Ending},
    id::IncidentNumber,
    incident::{self, Incident, IncidentBreach},
    journal::Event,
    lifecycle::{State, Step},
    severity::Severity,
    subject::Subject,
    summary::Summary,
    time::{Span, Timestamp},
};
use foldhash::fast;
use policy::incident_policy::IncidentPolicy;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    agent::correlation::{Correlation, shares_cause},
    recommender, summary,
};

mod announced;
mod correlation;
#[cfg(test)]
mod maintenance;
mod practice;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;

/// The input of the agent in one tick.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Every breach that holds, ordered by key.
    pub breaches: &'a [Breach],
    /// The endings of breaches that hold no longer and stand as holding in an incident. One that is
    /// not in it was not seen to recover.
    pub endings: &'a BTreeMap<BreachKey, Ending>,
    /// Every incident that [`looks_at`] names, ordered by number.
    pub incidents: &'a [Incident],
    /// The number that the next incident gets.
    pub next_number: IncidentNumber,
    /// The time.
    pub now: Timestamp,
    /// Since when time ran on without a jump or a gap in what was seen: quiet is counted from here
    /// at the earliest.
    pub steady_since: Timestamp,
    /// The announcements of people and programs.
    pub announcements: &'a Announcements,
}

/// True if an incident matters to the agent: it is active; or it ended within `reopen_within`; or a
/// person ended it while one of these breaches (ordered by key) held, and the very same breach goes
/// on, however long ago that was; or something that was recommended for it is not settled.
pub fn looks_at(
    policy: &IncidentPolicy,
    incident: &Incident,
    breaches: &[Breach],
    now: Timestamp,
) -> bool {
    let Some(end) = &incident.resolution else { return true };
    let listed = |key: &BreachKey| {
        breaches.binary_search_by(|one| one.key.cmp(key)).ok().and_then(|place| breaches.get(place))
    };
    now.since(end.at) <= policy.reopen_within
        || incident
            .breaches
            .iter()
            .filter_map(|known| listed(&known.breach.key))
            .any(|breach| judges(incident, breach, now))
        || !incident.recommendations.iter().all(recommender::is_settled)
}

/// True if a person ended this incident while this breach held: as long as it only goes on, that
/// stands.
pub fn judges(incident: &Incident, breach: &Breach, now: Timestamp) -> bool {
    let (Some(end), Some(known)) = (&incident.resolution, incident.breach(&breach.key)) else {
        return false;
    };
    // An end that lies ahead was written before the clock was set back: what fired since may seem
    // to be older than it is.
    let held_then =
        breach.fired_at <= end.at && (end.at <= now || breach.since == known.breach.since);
    end.by.is_person()
        && known.cleared_at.is_none()
        && held_then
        && breach.severity <= known.breach.severity
}

/// True if a breach is in no active incident, and no person has ended it: without a maintenance
/// window it would alert.
pub fn is_news(incidents: &[Incident], breach: &Breach, now: Timestamp) -> bool {
    !incidents
        .iter()
        .any(|one| (one.is_active() && one.holds(&breach.key)) || judges(one, breach, now))
}

/// Decides what is to be recorded. With the events applied, a second call at the same moment
/// decides nothing.
pub fn decide(policy: &IncidentPolicy, world: World<'_>) -> Vec<Event> {
    let mut tick = Tick::new(policy, world);
    if !tick.is_told() {
        tick.clear();
        tick.place();
        tick.change();
    }
    let numbers: Vec<IncidentNumber> = tick.incidents.keys().copied().collect();
    for number in numbers {
        tick.advance(number);
        tick.summarize(number);
    }
    tick.events.into_values().flatten().collect()
}

/// One tick: the incidents as they are with what was decided so far, and the events that made them
/// so.
struct Tick<'a> {
    policy: &'a IncidentPolicy,
    world: World<'a>,
    kinship: Correlation<'a>,
    /// Those that are stored are borrowed: in nearly every tick nothing happens to them.
    incidents: BTreeMap<IncidentNumber, Cow<'a, Incident>>,
    /// The breaches that hold. Only looked up in, so that its order can't decide anything.
    listed: HashMap<&'a BreachKey, usize, fast::FixedState>,
    events: BTreeMap<IncidentNumber, Vec<Event>>,
    next_number: IncidentNumber,
}

impl<'a> Tick<'a> {
    fn new(policy: &'a IncidentPolicy, world: World<'a>) -> Self {
        let incidents: BTreeMap<_, _> =
            world.incidents.iter().map(|one| (one.number, Cow::Borrowed(one))).collect();
        let listed =
            world.breaches.iter().enumerate().map(|(place, breach)| (&breach.key, place)).collect();
        let highest = incidents.keys().next_back().map_or(0, |number| number.0);
        let next_number = IncidentNumber(world.next_number.0.max(highest.saturating_add(1)));
        Self {
            policy,
            world,
            kinship: Correlation::new(policy),
            incidents,
            listed,
            events: BTreeMap::new(),
            next_number,
        }
    }

    /// Takes an event into the incident and into the record. One that does not fit is not decided:
    /// what is stored is odd then, and leaving it as it is loses nothing.
    fn record(&mut self, number: IncidentNumber, event: Event) -> bool {
        let mut incident = self.incidents.get(&number).map(|one| Incident::clone(one));
        let fits = incident::apply(&mut incident, &event, Actor::Agent, self.world.now).is_ok();
        if fits {
            if let Some(incident) = incident {
                self.incidents.insert(number, Cow::Owned(incident));
            }
            self.events.entry(number).or_default().push(event);
        }
        fits
    }

    fn listed(&self, key: &BreachKey) -> Option<&'a Breach> {
        self.listed.get(key).and_then(|&place| self.world.breaches.get(place))
    }

    /// True if the incidents tell every breach as it is, so that nothing is to be cleared, placed
    /// or changed. One walk over all.
    fn is_told(&self) -> bool {
        let mut told = vec![false; self.world.breaches.len()];
        for incident in self.world.incidents.iter().filter(|one| one.is_active()) {
            for known in incident.breaches.iter().filter(|known| known.cleared_at.is_none()) {
                let Some(&place) = self.listed.get(&known.breach.key) else { return false };
                let (Some(breach), Some(told)) =
                    (self.world.breaches.get(place), told.get_mut(place))
                else {
                    return false;
                };
                if is_other(breach, &known.breach) {
                    return false;
                }
                *told = true;
            }
        }
        let passes = |breach| self.is_judged(breach) || self.is_withheld(breach);
        self.world.breaches.iter().zip(told).all(|(breach, told)| told || passes(breach))
    }

    /// Breaches of active incidents that hold no longer.
    fn clear(&mut self) {
        let mut gone = Vec::new();
        for incident in self.incidents.values().filter(|one| one.is_active()) {
            let cleared = incident.breaches.iter().filter(|known| {
                known.cleared_at.is_none() && self.listed(&known.breach.key).is_none()
            });
            gone.extend(cleared.map(|known| (incident.number, known.breach.key.clone())));
        }
        for (number, key) in gone {
            self.end(number, key);
        }
    }

    fn end(&mut self, number: IncidentNumber, key: BreachKey) {
        let ending = self.world.endings.get(&key).copied().unwrap_or(Ending::NoLongerWatched);
        self.record(number, Event::BreachCleared { incident: number, key, ending });
    }

    /// Finds an incident for every breach that has none.
    fn place(&mut self) {
        let held: BTreeSet<&BreachKey> =
            (self.world.incidents.iter().filter(|one| one.is_active()))
                .flat_map(|one| {
                    one.breaches
                        .iter()
                        .filter(|known| known.cleared_at.is_none())
                        .map(|known| &known.breach.key)
                })
                .collect();
        let fresh: Vec<&Breach> = self
            .world
            .breaches
            .iter()
            .filter(|breach| !held.contains(&breach.key))
            .filter(|breach| !self.is_judged(breach) && !self.is_withheld(breach))
            .collect();
        // A practice comes last, so that it takes nothing from what is real.
        let (practice, fresh): (Vec<&Breach>, Vec<&Breach>) =
            fresh.into_iter().partition(|breach| breach.key.subject.is_practice());
        for group in self.kinship.groups(&fresh) {
            self.place_group(&group);
        }
        if !practice.is_empty() {
            self.place_practice(&practice);
        }
    }

    fn is_judged(&self, breach: &Breach) -> bool {
        self.incidents.values().any(|one| judges(one, breach, self.world.now))
    }

    /// True if a maintenance window keeps a breach from opening or joining an incident, or it is
    /// not enough by itself. What an objective counts is told by it alone where nothing else tells
    /// of it: while one of its endpoints is past a threshold, in such a window, or in a known
    /// incident, the burn rate only repeats that, and would hold the incident open for as long as
    /// its window is.
    fn is_withheld(&self, breach: &Breach) -> bool {
        let covers = |subject: &Subject| self.world.announcements.covers(subject, self.world.now);
        let is_told = |subject: &Subject| {
            covers(subject)
                || self.world.breaches.iter().any(|other| other.key.subject == *subject)
                || self.incidents.values().any(|one| one.subjects().contains(&subject))
        };
        covers(&breach.key.subject)
            || self.kinship.counted(&breach.key.subject).any(is_told)
            || self.is_alone(breach)
    }

    /// True if a warning relative to what is usual waits until more signals of its subject are past
    /// such a level: of many signals one is by chance now and then.
    fn is_alone(&self, breach: &Breach) -> bool {
        let is_unusual = |one: &Breach| matches!(one.crossing, Crossing::Usual { .. });
        if self.policy.unusual_together <= 1
            || breach.severity == Severity::Critical
            || !is_unusual(breach)
        {
            return false;
        }
        let subject = &breach.key.subject;
        let together = self.world.breaches.iter().filter(|one| one.key.subject == *subject);
        let is_known = |one: &Incident| one.is_active() && one.subjects().contains(&subject);
        together.filter(|one| is_unusual(one)).count() < self.policy.unusual_together as usize
            && !self.incidents.values().any(|one| is_known(one))
    }

    /// True if a breach of one of its subjects holds that a maintenance window keeps from it.
    fn lacks(&self, incident: &Incident) -> bool {
        let subjects = incident.subjects();
        self.world.breaches.iter().any(|breach| {
            subjects.contains(&&breach.key.subject)
                && !incident.holds(&breach.key)
                && self.is_withheld(breach)
        })
    }

    /// `group` belongs together; its first breach is the cause.
    fn place_group(&mut self, group: &[&Breach]) {
        let subjects: Vec<&Subject> = group.iter().map(|breach| &breach.key.subject).collect();
        if let Some(number) = self
            .active_kin(group, &subjects)
            .or_else(|| self.reopenable(&subjects))
            .or_else(|| self.flooded())
        {
            if self.incidents.get(&number).is_some_and(|one| !one.is_active()) {
                self.reopen(number);
            }
            for breach in group {
                // After reopening it may stand there still, just as it was when a person ended the
                // incident.
                let known = self.incidents.get(&number).and_then(|one| one.breach(&breach.key));
                let held = known.is_some_and(|known| {
                    known.cleared_at.is_none() && known.breach.fired_at == breach.fired_at
                });
                if !held {
                    self.record(
                        number,
                        Event::BreachJoined {
                            incident: number,
                            breach: Box::new((*breach).clone()),
                        },
                    );
                }
            }
        } else {
            self.open(group);
        }
    }

    /// The oldest active incident of one of these subjects; or else of one that depends on them or
    /// that they depend on, or in which something fails for the same cause.
    fn active_kin(&self, group: &[&Breach], subjects: &[&Subject]) -> Option<IncidentNumber> {
        let active = || self.incidents.values().filter(|one| one.is_active() && !one.is_practice());
        let same =
            active().find(|one| one.subjects().iter().any(|subject| subjects.contains(subject)));
        if let Some(incident) = same {
            return Some(incident.number);
        }
        let mut found = None;
        for incident in active() {
            let members = incident.subjects();
            let depends = || {
                members.iter().any(|member| {
                    subjects.iter().any(|subject| self.kinship.related(member, subject))
                })
            };
            // As they are now: why something fails may have changed since it was written.
            let fails_alike = || {
                incident.holding().any(|known| {
                    let known = self.listed(&known.key).unwrap_or(known);
                    group.iter().any(|breach| shares_cause(known, breach))
                })
            };
            if depends() || fails_alike() {
                found = Some(incident.number);
                break;
            }
        }
        found
    }

    /// The incident of one of these subjects that ended last, if that is not long ago.
    fn reopenable(&self, subjects: &[&Subject]) -> Option<IncidentNumber> {
        let ended = self.incidents.values().filter_map(|one| {
            let end = one.resolution.as_ref()?;
            let recent = self.world.now.since(end.at) <= self.policy.reopen_within;
            let same =
                one.breaches.iter().any(|known| subjects.contains(&&known.breach.key.subject));
            (recent && same).then_some((end.at, one.number))
        });
        ended.max().map(|(_, number)| number)
    }

    /// During a flood, the incident that gathers it, if there is one yet.
    fn flooded(&self) -> Option<IncidentNumber> {
        if !self.is_flood() {
            return None;
        }
        self.incidents.values().rev().find(|one| one.is_active() && one.flood).map(|one| one.number)
    }

    fn is_flood(&self) -> bool {
        // Near in either direction: the clock may have been set back.
        let near = |at: Timestamp| {
            self.world.now.since(at).max(at.since(self.world.now)) <= self.policy.flood_within
        };
        let is_real = |one: &&Cow<'_, Incident>| !one.is_practice();
        let opened =
            self.incidents.values().filter(is_real).filter(|one| near(one.opened_at)).count();
        // A flood lasts as long as it brings something.
        let goes_on = |one: &Incident| {
            one.flood
                && one.is_active()
                && one.breaches.iter().any(|known| near(known.breach.fired_at))
        };
        opened >= self.policy.flood_count.max(1) as usize
            || self.incidents.values().any(|one| goes_on(one))
    }

    fn open(&mut self, group: &[&Breach]) {
        let Some(cause) = group.first().map(|breach| breach.key.subject.clone()) else { return };
        let number = self.next_number;
        self.next_number = IncidentNumber(number.0.saturating_add(1));
        let now = self.world.now;
        let is_practice = cause.is_practice();
        let mut incident = Incident {
            id: id(number, now, &cause),
            number,
            severity: group.iter().map(|breach| breach.severity).max().unwrap_or(Severity::Warning),
            cause,
            state: State::Detected,
            breaches: group
                .iter()
                .map(|breach| IncidentBreach::holding((*breach).clone()))
                .collect(),
            began_at: group.iter().map(|breach| breach.since).min().unwrap_or(now).min(now),
            opened_at: now,
            updated_at: now,
            quiet_since: None,
            reopened: 0,
            acknowledged: None,
            touched_by_person: false,
            resolution_offered: false,
            resolution: None,
            flood: !is_practice && self.is_flood(),
            summary: Summary::default(),
            snapshots: 0,
            recommendations: Vec::new(),
            changes: Vec::new(),
            measures: Vec::new(),
            impact: None,
        };
        incident.changes = announced::changes(self.world.announcements, &incident);
        incident.summary = summary::compose(&incident, self.policy.quiet_for);
        self.record(number, Event::IncidentOpened { incident: Box::new(incident) });
    }

    fn reopen(&mut self, number: IncidentNumber) {
        if !self.record(number, Event::Reopened { incident: number, note: None }) {
            return;
        }
        // What a person's resolution left uncleared may have cleared since.
        let open = self.incidents.get(&number).map(|one| {
            let gone = one.breaches.iter().filter(|known| {
                known.cleared_at.is_none() && self.listed(&known.breach.key).is_none()
            });
            gone.map(|known| known.breach.key.clone()).collect::<Vec<_>>()
        });
        for key in open.unwrap_or_default() {
            self.end(number, key);
        }
    }

    /// Breaches that are worse, better, less steady or less heard of than stored. A changed value
    /// alone is no event.
    fn change(&mut self) {
        let mut changed = Vec::new();
        for incident in self.incidents.values().filter(|one| one.is_active()) {
            for known in incident.breaches.iter().filter(|known| known.cleared_at.is_none()) {
                if let Some(breach) = self.listed(&known.breach.key)
                    && is_other(breach, &known.breach)
                {
                    changed.push((incident.number, breach));
                }
            }
        }
        for (number, breach) in changed {
            self.record(
                number,
                Event::BreachChanged { incident: number, breach: Box::new(breach.clone()) },
            );
        }
    }

    fn step(&mut self, number: IncidentNumber, step: Step) {
        if let Some(from) = self.incidents.get(&number).map(|one| one.state)
            && let Some(to) = from.after(step)
        {
            self.record(number, Event::Moved { incident: number, from, step, to });
        }
    }

    /// The lifecycle's steps that are due.
    fn advance(&mut self, number: IncidentNumber) {
        let Some(incident) = self.incidents.get(&number).filter(|one| one.is_active()) else {
            return;
        };
        let holds = incident.breaches.iter().any(|known| known.cleared_at.is_none());
        if holds {
            let joined = (self.events.get(&number).into_iter().flatten())
                .any(|event| matches!(event, Event::BreachJoined { .. }));
            // A command that ran leads to recovering while breaches hold: only something new leads
            // back.
            if joined && incident.state == State::Recovering {
                self.step(number, Step::BreachReturned);
            }
            let Some(incident) = self.incidents.get(&number) else { return };
            if matches!(incident.state, State::Detected | State::Stabilizing)
                && needs_decision(incident)
            {
                self.step(number, Step::AskForDecision);
            }
            return;
        }
        if incident.state != State::Recovering {
            self.step(number, Step::Quiet);
        }
        let Some(incident) =
            self.incidents.get(&number).filter(|one| one.state == State::Recovering)
        else {
            return;
        };
        let (now, steady) = (self.world.now, self.world.steady_since);
        // Where the clock was set back, the quiet seems to begin in the future: then only what was
        // seen since is counted.
        let from = incident
            .quiet_since
            .filter(|since| *since <= now)
            .map_or(steady, |since| since.max(steady));
        if now.since(from) < self.policy.quiet_for {
            return;
        }
        // What ran is seen to its proof first.
        if incident.recommendations.iter().any(|one| one.is_under_way() || one.awaits_proof()) {
            return;
        }
        // Planned work is no proof that all is well.
        if self.lacks(incident) {
            return;
        }
        if !incident.touched_by_person {
            self.record(
                number,
                Event::Resolved { incident: number, step: Step::StayedQuiet, note: None },
            );
        } else if !incident.resolution_offered {
            self.record(number, Event::ResolutionOffered { incident: number });
        }
    }

    /// Writes the summary anew where it no longer tells how things stand.
    fn summarize(&mut self, number: IncidentNumber) {
        let Some(incident) = self.incidents.get(&number) else { return };
        let told = |event: &Event| {
            matches!(
                event,
                Event::BreachJoined { .. }
                    | Event::BreachChanged { .. }
                    | Event::BreachCleared { .. }
                    | Event::Reopened { .. }
            )
        };
        let news = self.events.get(&number).is_some_and(|events| events.iter().any(told));
        let basis = summary::basis(incident);
        let outlived = || {
            incident.is_active() && summary::is_outlived(&incident.summary, |key| self.listed(key))
        };
        if news || incident.summary.basis != basis || outlived() {
            let mut told = incident.clone().into_owned();
            // What holds is told as it is now, and not as it was when it last changed; what is
            // over, as it was then.
            for known in told
                .breaches
                .iter_mut()
                .filter(|known| known.cleared_at.is_none() && incident.is_active())
            {
                if let Some(breach) = self.listed(&known.breach.key) {
                    known.breach = breach.clone();
                }
            }
            let summary =
                Box::new(Summary { basis, ..summary::compose(&told, self.policy.quiet_for) });
            self.record(number, Event::SummaryWritten { incident: number, summary });
        }
    }
}

/// A change that is an event.
fn is_other(breach: &Breach, known: &Breach) -> bool {
    let eases = breach.easing.is_some() != known.easing.is_some();
    breach.severity != known.severity
        || breach.unsteady != known.unsteady
        || breach.crossing.is_silent() != known.crossing.is_silent()
        || breach.unheard.is_some() != known.unheard.is_some()
        // What comes and goes is told once, and not each time.
        || (eases && !breach.unsteady)
        || rules_otherwise(breach, known)
}

/// The reason leaves room for other measures. For less of them at once; for more when that has
/// settled.
fn rules_otherwise(breach: &Breach, known: &Breach) -> bool {
    const SETTLED: Span = Span::from_mins(5);
    match breach.remedy().cmp(&known.remedy()) {
        Ordering::Greater => true,
        Ordering::Equal => false,
        Ordering::Less => breach.value_at.since(known.value_at) >= SETTLED,
    }
}

/// A person is needed: it is critical, or a command is offered or named that only a person may
/// approve.
fn needs_decision(incident: &Incident) -> bool {
    let mut holding = incident.breaches.iter().filter(|known| known.cleared_at.is_none());
    let offered = || incident.offered().next().is_some();
    incident.severity == Severity::Critical
        || offered()
        || holding.any(|known| !known.breach.commands().is_empty())
}

/// A UUIDv7 without a clock or randomness: the milliseconds of the opening, then bits of a hash
/// over what makes it unique.
fn id(number: IncidentNumber, at: Timestamp, cause: &Subject) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(number.0.to_be_bytes());
    hasher.update(at.as_micros().to_be_bytes());
    hasher.update(cause.as_str());
    let hash = hasher.finalize();
    let mut rest = [0; 10];
    rest.copy_from_slice(&hash[..10]);
    let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
}
