//! Practice: an incident on purpose, through the real pipeline, with a command that changes nothing.
//!
//! [`Subject::is_practice`] is the only place that tells it from a real one; an incident is a
//! practice if it began with such a subject ([`Incident::is_practice`]).

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::IncidentNumber,
    incident::Incident,
    recommendation::Stage,
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};

/// The signal that is reported of it.
pub const SIGNAL: &str = "practice.pressure";
/// The value while a practice is in force, in per cent; zero before and after it.
pub const PRESSURE: f64 = 100.0;

/// The length of a practice where none is given.
pub const USUAL: Span = Span::from_mins(15);
/// The shortest practice.
pub const SHORTEST: Span = Span::from_secs(10);
/// The longest practice.
pub const LONGEST: Span = Span::from_mins(2 * 60);

/// The subject of every practice.
pub fn subject() -> Subject {
    Subject::practice()
}

/// The reasons for the end of a practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum PracticeEnding {
    /// Its command was approved and ran well.
    CommandRan,
    /// Its incident was resolved before that.
    Resolved,
    /// Its time was over.
    TimeOver,
    /// Someone ended it.
    Stopped,
    /// A real incident is critical.
    RealIncident {
        /// The incident.
        incident: IncidentNumber,
    },
}

/// The reasons for which a practice can't begin or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PracticeRefusal {
    /// One is in force already.
    InForce,
    /// None is in force.
    NotInForce,
    /// The incident of the last one is not resolved.
    Unresolved(IncidentNumber),
    /// A real incident is critical.
    RealIncident(IncidentNumber),
    /// No row of the thresholds makes an incident of its signal.
    NoRow,
    /// No command that changes nothing is approved for its signal.
    NoCommand,
}

/// A practice in force. Its number is that of the entry that began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OpenPractice {
    /// Its number.
    pub number: u64,
    /// The person who began it.
    pub by: Actor,
    /// Time at which it began.
    pub begun_at: Timestamp,
    /// Time at which it ends by itself.
    pub until: Timestamp,
}

/// The event that keeps a practice from beginning, or ends it: a real incident that needs a person
/// now.
pub fn yields_to(incidents: &[Incident]) -> Option<IncidentNumber> {
    let needs_someone = |one: &&Incident| {
        one.is_active() && !one.is_practice() && one.severity == Severity::Critical
    };
    incidents.iter().find(needs_someone).map(|one| one.number)
}

/// The incident of a practice that is active. There is one at most: none begins before it is
/// resolved.
pub fn active(incidents: &[Incident]) -> Option<&Incident> {
    incidents.iter().find(|one| one.is_active() && one.is_practice())
}

impl OpenPractice {
    /// The reason that it ends now; `None` while it goes on. A clock that was set back makes it no
    /// longer than a practice may be.
    pub fn ending(&self, incidents: &[Incident], now: Timestamp) -> Option<PracticeEnding> {
        if let Some(incident) = yields_to(incidents) {
            return Some(PracticeEnding::RealIncident { incident });
        }
        let has_run = |one: &Incident| {
            one.recommendations
                .iter()
                .any(|one| matches!(&one.stage, Stage::Ended(ended) if ended.outcome.is_success()))
        };
        if active(incidents).is_some_and(has_run) {
            return Some(PracticeEnding::CommandRan);
        }
        let was_resolved = |one: &Incident| {
            one.is_practice() && one.resolution.as_ref().is_some_and(|end| end.at >= self.begun_at)
        };
        if active(incidents).is_none() && incidents.iter().any(was_resolved) {
            return Some(PracticeEnding::Resolved);
        }
        let goes_on = now < self.until && self.until.since(now) <= LONGEST;
        (!goes_on).then_some(PracticeEnding::TimeOver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_subject_is_a_practice() {
        assert_eq!("practice:practice".parse(), Ok(subject()));
        assert!(subject().is_practice());
        // Kinds are free: a product for doctors has practices too.
        for real in ["service:practice", "practice:smith", "practice:practice@web-1"] {
            assert!(!real.parse::<Subject>().unwrap().is_practice(), "{real}");
        }
    }

    #[test]
    fn a_practice_ends_at_its_end_and_a_clock_that_was_set_back_makes_none_longer() {
        let at = Timestamp::from_secs;
        let open =
            OpenPractice { number: 7, by: Actor::Local, begun_at: at(0), until: at(1_000_000) };
        assert_eq!(open.ending(&[], at(999_999)), None);
        assert_eq!(open.ending(&[], at(1_000_000)), Some(PracticeEnding::TimeOver));
        assert_eq!(open.ending(&[], at(0)), Some(PracticeEnding::TimeOver));
    }
}
