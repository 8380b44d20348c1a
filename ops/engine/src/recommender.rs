//! Which approved command is recommended for an incident, why, and whether it worked.
//!
//! Like [`crate::agent`] it is level-triggered and has no memory of its own: what is stored, what
//! holds and what the host has are compared, and what differs becomes events. For each incident, in
//! the order of their numbers: what is known of its runs, what is withdrawn, what is offered.
//! Nothing is guessed: a command whose values can't be told from what is known is not offered.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    breach::Ending,
    incident::{self, Incident},
    journal::Event,
    lifecycle::{State, Step},
    long_query::LongQuery,
    recommendation::{Ended, Recommendation, RunOutcome, Stage, Withdrawn},
    subject::Subject,
    time::{Span, Timestamp},
};
use policy::{
    catalogue::{Catalogue, Facts},
    incident_policy::IncidentPolicy,
};

mod candidate;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod values;

/// The most that is offered for one incident at a time.
pub const MOST_OFFERED: usize = 3;
/// How long an offer stands.
pub const OFFERED_FOR: Span = Span::from_mins(30);
/// Approved and not started for longer than this, it is too late: things may be otherwise by now.
pub const STARTED_WITHIN: Span = Span::from_secs(60);
/// How far back the track record reaches.
pub const TRACKED_DAYS: u32 = 90;
/// Log files that are smaller than this are not what fills a disk.
pub const LARGE_LOGS: u64 = 100 * 1024 * 1024;

/// What else was seen of the host: it helps to choose among the values that [`Facts`] allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The memory of each app under PM2, in bytes, by its name.
    pub app_memory: BTreeMap<String, u64>,
    /// The log files of each app under PM2, by its name: for each disk, by the path where it is
    /// mounted, how many bytes.
    pub app_logs: BTreeMap<String, BTreeMap<String, u64>>,
    /// Under which host name each endpoint is asked.
    pub endpoint_hosts: BTreeMap<Subject, String>,
    /// The queries that run for long, each by its `PID@STARTED`.
    pub queries: BTreeMap<String, LongQuery>,
}

/// How often a command was proved to work on a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// So many times it worked.
    pub worked: u32,
    /// Of so many runs.
    pub total: u32,
    /// When the last one was proved, or was not.
    pub last: Timestamp,
}

/// The track record: of each command on each subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracks(BTreeMap<String, BTreeMap<Subject, Track>>);

impl Tracks {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event of the journal; only a run whose proof is known counts.
    pub fn take(&mut self, event: &Event, at: Timestamp) {
        let Event::RunProved { command, subject, worked, counts, .. } = event else { return };
        let track = self.0.entry(command.clone()).or_default().entry(subject.clone()).or_default();
        track.worked = track.worked.saturating_add(u32::from(*worked && *counts));
        track.total = track.total.saturating_add(u32::from(*counts));
        track.last = track.last.max(at);
    }

    /// Of one command on one subject.
    pub fn of(&self, command: &str, subject: &Subject) -> Track {
        self.0.get(command).and_then(|subjects| subjects.get(subject)).copied().unwrap_or_default()
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The incidents, ordered by number; those that are over are looked at too, as what was offered
    /// for them ends.
    pub incidents: &'a [Incident],
    /// What depends on what.
    pub policy: &'a IncidentPolicy,
    /// The catalogue in force; without one nothing is offered.
    pub catalogue: Option<&'a Catalogue>,
    /// What the host has.
    pub facts: &'a Facts,
    /// What helps to choose.
    pub hints: &'a Hints,
    /// What worked before.
    pub tracks: &'a Tracks,
    /// The name of this host: commands run nowhere else.
    pub host: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// That a signal has recovered is seen so long after at the most.
const SEEN_WITHIN: Span = Span::from_mins(1);

/// Decides what is to be recorded. With the events applied, a second call at the same moment
/// decides nothing.
pub fn decide(scene: Scene<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for known in scene.incidents {
        if !known.is_active() && known.recommendations.iter().all(is_settled) {
            continue;
        }
        let mut one = Deciding { scene, incident: known.clone(), events: Vec::new() };
        one.prove();
        one.withdraw();
        one.offer();
        events.append(&mut one.events);
    }
    events
}

/// Whether nothing will become of it any more once its incident is over: then no proof is waited
/// for either.
pub const fn is_settled(one: &Recommendation) -> bool {
    !one.is_offered() && !one.is_under_way()
}

/// One incident with what was decided so far.
struct Deciding<'a> {
    scene: Scene<'a>,
    incident: Incident,
    events: Vec<Event>,
}

impl Deciding<'_> {
    /// Takes an event into the incident and into the record; one that does not fit is not decided.
    fn record(&mut self, event: Event) {
        let mut incident = Some(self.incident.clone());
        if incident::apply(&mut incident, &event, Actor::Agent, self.scene.now).is_ok()
            && let Some(incident) = incident
        {
            self.incident = incident;
            self.events.push(event);
        }
    }

    /// Runs that are over: the signal tells whether they worked.
    fn prove(&mut self) {
        let waiting: Vec<Recommendation> = self
            .incident
            .recommendations
            .iter()
            .filter(|one| one.awaits_proof())
            .cloned()
            .collect();
        for one in waiting {
            let Stage::Ended(ended) = &one.stage else { continue };
            let Some((worked, counts)) = self.proof(&one, ended) else { continue };
            let Recommendation { place, command, subject, .. } = one;
            self.record(Event::RunProved {
                incident: self.incident.number,
                place,
                command,
                subject,
                worked,
                counts,
            });
            let holds = self.incident.holding().next().is_some();
            if !worked && holds && self.incident.state == State::Recovering {
                let (from, step) = (State::Recovering, Step::BreachReturned);
                if let Some(to) = from.after(step) {
                    self.record(Event::Moved { incident: self.incident.number, from, step, to });
                }
            }
        }
    }

    /// Whether a run worked, and whether that counts for or against the command; `None` while that
    /// is not known.
    fn proof(&self, one: &Recommendation, ended: &Ended) -> Option<(bool, bool)> {
        let counts = !matches!(ended.outcome, RunOutcome::Unknown | RunOutcome::Cancelled);
        // What was not seen to its end may have done its work all the same.
        if !ended.outcome.is_success() && ended.outcome != RunOutcome::Unknown {
            return Some((false, counts));
        }
        let deadline = ended.at.plus(one.proof.within);
        let breach = self.incident.breach(&one.proof.breach);
        match breach.and_then(|known| known.ending) {
            // What had begun to recover before the run began does not speak for it, nor against it.
            Some(Ending::Recovered { since }) if since < ended.started_at => {
                return Some((true, false));
            }
            Some(Ending::Recovered { since }) => return Some((since <= deadline, counts)),
            // One that ended unseen did not recover, and the time is waited for that it may come
            // back in.
            Some(_) | None => {}
        }
        // It has begun to recover in time, and a threshold may want it to stay so for longer than
        // that. One that stays between its levels, or comes and goes, has not recovered.
        let holding = breach.filter(|known| known.cleared_at.is_none() && !known.breach.unsteady);
        let recovers =
            holding.and_then(|known| known.breach.easing.as_ref()).is_some_and(|easing| {
                let stays = Span::from_millis((easing.stays_for_seconds.max(0.0) * 1_000.0) as u64);
                easing.since <= deadline
                    && self.scene.now <= easing.since.plus(stays).plus(SEEN_WITHIN)
            });
        // Who resolved it did not wait for the proof: nothing is said about the command.
        (self.incident.is_active() && self.scene.now > deadline && !recovers)
            .then_some((false, counts))
    }

    /// Offers that are no longer right.
    fn withdraw(&mut self) {
        let due: Vec<(u32, Withdrawn)> = self
            .incident
            .recommendations
            .iter()
            .filter_map(|one| Some((one.place, self.is_to_go(one)?)))
            .collect();
        for (place, why) in due {
            self.record(Event::RecommendationWithdrawn {
                incident: self.incident.number,
                place,
                why,
            });
        }
    }

    fn is_to_go(&self, one: &Recommendation) -> Option<Withdrawn> {
        let now = self.scene.now;
        match &one.stage {
            Stage::Approved { at } => {
                (now.since(*at) > STARTED_WITHIN).then_some(Withdrawn::TooLate)
            }
            Stage::Offered
                if !self.incident.is_active() || !self.incident.holds(&one.proof.breach) =>
            {
                Some(Withdrawn::NotNeeded)
            }
            Stage::Offered if now >= one.expires_at => Some(Withdrawn::Expired),
            // It ran elsewhere meanwhile: what stands here is not to be run again right after it.
            Stage::Offered => (!candidate::is_as_offered(&self.scene, one) || self.is_cooling(one))
                .then_some(Withdrawn::Changed),
            Stage::Declined { .. }
            | Stage::Withdrawn { .. }
            | Stage::Running { .. }
            | Stage::Ended(_) => None,
        }
    }

    /// What may help now, the best first.
    fn offer(&mut self) {
        let busy = self
            .incident
            .recommendations
            .iter()
            .any(|one| one.is_under_way() || one.awaits_proof());
        if busy || !self.incident.is_active() {
            return;
        }
        for found in candidate::all(&self.scene, &self.incident) {
            if self.incident.offered().count() >= MOST_OFFERED {
                return;
            }
            // What is offered stays as it is: another app that has grown meanwhile does not stand
            // beside it. Units of a list do.
            let stands = |one: &Recommendation| {
                let is_for_it = one.proof.breach == found.proof.breach
                    && !candidate::differ_by_unit(&self.scene, one, &found);
                one.command == found.command && (one.values == found.values || is_for_it)
            };
            if self.incident.offered().any(stands) || !self.is_wanted(&found) {
                continue;
            }
            let place =
                self.incident.recommendations.last().map_or(1, |last| last.place.saturating_add(1));
            let recommendation = Box::new(Recommendation { place, ..found });
            self.record(Event::Recommended { incident: self.incident.number, recommendation });
        }
    }

    /// Whether nothing that people or signals said speaks against it.
    fn is_wanted(&self, found: &Recommendation) -> bool {
        let same =
            |one: &&Recommendation| one.command == found.command && one.values == found.values;
        for one in self.incident.recommendations.iter().filter(same) {
            match &one.stage {
                Stage::Declined { at, .. } if !self.worsened_since(*at) => return false,
                Stage::Ended(ended) if ended.worked == Some(false) => return false,
                Stage::Offered
                | Stage::Declined { .. }
                | Stage::Withdrawn { .. }
                | Stage::Approved { .. }
                | Stage::Running { .. }
                | Stage::Ended(_) => {}
            }
        }
        !self.is_cooling(found)
    }

    /// Whether the incident became more severe than it was then.
    fn worsened_since(&self, at: Timestamp) -> bool {
        let severe = || {
            self.incident
                .breaches
                .iter()
                .map(|known| &known.breach)
                .filter(|breach| breach.severity == self.incident.severity)
        };
        severe().next().is_some()
            && severe().all(|breach| breach.severity_since > at)
            && self.incident.severity > domain::severity::Severity::Warning
    }

    /// Whether it ran on the same subject a short while ago, for this incident or another one.
    fn is_cooling(&self, found: &Recommendation) -> bool {
        let Some(command) =
            self.scene.catalogue.and_then(|catalogue| catalogue.get(&found.command))
        else {
            return true;
        };
        let others = self.scene.incidents.iter().filter(|one| one.number != self.incident.number);
        let ran: Vec<&Ended> = others
            .chain([&self.incident])
            .flat_map(|one| &one.recommendations)
            .filter_map(|one| match &one.stage {
                Stage::Ended(ended)
                    if one.command == found.command
                        && one.subject == found.subject
                        && ended.has_run() =>
                {
                    Some(ended)
                }
                _ => None,
            })
            .collect();
        // Where the incident is not at hand any more, the proof tells: it came after the run, so
        // that this is never too short.
        let proved = self.scene.tracks.of(&found.command, &found.subject).last;
        let elsewhere = if ran.iter().any(|ended| ended.proved_at == Some(proved)) {
            Timestamp::default()
        } else {
            proved
        };
        let last = ran.iter().map(|ended| ended.at).max().unwrap_or_default().max(elsewhere);
        last > Timestamp::default() && self.scene.now.since(last) < command.cool_down()
    }
}

/// Whether something really ran and did not help: then it is worth taking back.
fn failed(one: &Recommendation) -> bool {
    matches!(&one.stage, Stage::Ended(ended) if ended.worked == Some(false) && ended.has_run())
}
