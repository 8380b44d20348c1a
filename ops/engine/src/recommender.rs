//! The approved command that is recommended for an incident, why, and whether it worked.
//!
//! Like [`crate::agent`] it is level-triggered and has no memory of its own: what is stored, what
//! holds and what the host has are compared, and what differs becomes events. For each incident, in
//! the order of their numbers: what is known of its runs, what is withdrawn, what is offered.
//! Nothing is guessed: a command whose values can't be told from what is known is not offered.

use domain::{
    actor::Actor,
    breach::{BreachKey, Ending},
    incident::{self, Incident},
    journal::Event,
    lifecycle::Step,
    recommendation::{Ended, Recommendation, RunOutcome, Stage, Withdrawn},
    signal::Signal,
    time::{Span, Timestamp},
};

mod candidate;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rated;
#[cfg(test)]
mod ruled_out;
mod scene;
#[cfg(test)]
pub(crate) mod tests;
mod track_record;
mod values;

pub use crate::recommender::{
    candidate::{OFFERED_FOR, TRACKED_DAYS},
    scene::{Hints, Scene},
    track_record::{HelpedIn, Track, Tracks},
    values::LARGE_LOGS,
};

/// The most that is offered for one incident at a time.
pub const MOST_OFFERED: usize = 3;
/// Approved and not started for longer than this, it is too late: things may be otherwise by now.
pub const STARTED_WITHIN: Span = Span::from_secs(60);

/// An app must be up again for that long before that is proved.
const UP_FOR: Span = Span::from_secs(90);
/// An app runs again if neither of these holds: it is up, and does not restart.
const RUNNING: [&str; 2] = [UP, "app.restarts"];
const UP: &str = "app.up";

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
        one.look_again();
        one.offer();
        events.append(&mut one.events);
    }
    events
}

/// True if nothing will become of it any more once its incident is over: then no proof is waited
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
        }
    }

    /// Returns whether a run worked, and whether that counts for or against the command; `None`
    /// while that is not known.
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
            Some(Ending::Recovered { since }) if self.runs_since(&one.proof.breach, since) => {
                return Some((since <= deadline, counts));
            }
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

    /// True if what recovered has done so for long enough: an app that was started is up for a
    /// while, and does not restart.
    fn runs_since(&self, key: &BreachKey, since: Timestamp) -> bool {
        let is_about_running = |signal: &Signal| RUNNING.contains(&signal.as_str());
        let troubled = || {
            self.incident.holding().any(|breach| {
                breach.key.subject == key.subject && is_about_running(&breach.key.signal)
            })
        };
        let stays = if key.signal.as_str() == UP { UP_FOR } else { Span::ZERO };
        !is_about_running(&key.signal) || (self.scene.now >= since.plus(stays) && !troubled())
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
            Stage::Offered if candidate::is_ruled_out(&self.scene, &self.incident, one) => {
                Some(Withdrawn::RuledOut)
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

    /// An incident whose commands did not help, or helped another breach only, is as new.
    fn look_again(&mut self) {
        let (from, step) = (self.incident.state, Step::BreachReturned);
        if self.incident.is_recovering_in_vain()
            && let Some(to) = from.after(step)
        {
            self.record(Event::Moved { incident: self.incident.number, from, step, to });
        }
    }

    /// Offers the commands that may help now, the best first.
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

    /// True if nothing that people or signals said speaks against it.
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

    /// True if the incident became more severe than it was then.
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

    /// True if it ran on the same subject a short while ago, for this incident or another one.
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
