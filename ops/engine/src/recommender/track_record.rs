//! Track record: how often each command worked on each subject, how people rated it for each signal,
//! and in which similar incidents it helped.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{IncidentNumber, RecommendationId},
    journal::Event,
    review::Rating,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
};

/// The points of the best rating; see [`points`].
pub(super) const BEST_RATING: u64 = 6;

/// The points of a rating: what was one step short is worth half of what fixed the problem.
const fn points(rating: Rating) -> u64 {
    match rating {
        Rating::Fixed => BEST_RATING,
        Rating::OneStepShort => 3,
        Rating::RightArea => 1,
        Rating::Wrong => 0,
    }
}

/// Number of times a command was proved to work on a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// So many times it worked.
    pub worked: u32,
    /// Of so many runs.
    pub total: u32,
    /// The time at which the last one was proved, or was not.
    pub last: Timestamp,
}

/// People's ratings of a command for a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rated {
    /// The number of times that it fixed the problem.
    pub fixed: u32,
    /// The number of ratings.
    pub total: u32,
    /// The sum of their points, each from 0 to [`BEST_RATING`].
    pub(super) points: u64,
}

/// An incident that is like another one, with the commands that helped in it, each with the signal
/// that recovered by it.
pub type HelpedIn = (IncidentNumber, BTreeSet<(String, Signal)>);

/// The track record of each command: its runs on each subject, its ratings for each signal, of which
/// the last one of a recommendation counts, and what helped in incidents like the active ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracks {
    runs: BTreeMap<String, BTreeMap<Subject, Track>>,
    ratings: BTreeMap<(String, Signal), BTreeMap<RecommendationId, Rating>>,
    helped: BTreeMap<IncidentNumber, Vec<HelpedIn>>,
}

impl Tracks {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// True if a track record is made of such events.
    pub const fn takes(event: &Event) -> bool {
        matches!(event, Event::RunProved { .. } | Event::RecommendationRated { .. })
    }

    /// Takes an event of the journal; only a run whose proof is known counts, and what people rated.
    pub fn take(&mut self, event: &Event, at: Timestamp) {
        if let Event::RecommendationRated { incident, place, command, signal, rating } = event {
            let id = RecommendationId { incident: *incident, place: *place };
            let ratings = self.ratings.entry((command.clone(), signal.clone())).or_default();
            ratings.insert(id, *rating);
        }
        let Event::RunProved { command, subject, worked, counts, .. } = event else { return };
        if subject.is_practice() {
            return;
        }
        let track =
            self.runs.entry(command.clone()).or_default().entry(subject.clone()).or_default();
        track.worked = track.worked.saturating_add(u32::from(*worked && *counts));
        track.total = track.total.saturating_add(u32::from(*counts));
        track.last = track.last.max(at);
    }

    /// Takes what helped in the incidents that are like one, the most similar first.
    pub fn take_helped(&mut self, incident: IncidentNumber, helped: Vec<HelpedIn>) {
        self.helped.insert(incident, helped);
    }

    /// Forgets what helped in incidents that are like others than these.
    pub fn keep_helped(&mut self, keep: impl Fn(IncidentNumber) -> bool) {
        self.helped.retain(|number, _| keep(*number));
    }

    /// Takes over what another record knows of similar incidents.
    pub fn take_helped_of(&mut self, other: Self) {
        self.helped = other.helped;
    }

    /// The incidents that are like one in which a command helped a signal, the most similar first.
    pub(super) fn helped(
        &self,
        incident: IncidentNumber,
        command: &str,
        signal: &Signal,
    ) -> Vec<IncidentNumber> {
        let similar = self.helped.get(&incident).into_iter().flatten();
        let wanted = (command.to_owned(), signal.clone());
        let helped = similar.filter(|(_, helped)| helped.contains(&wanted));
        helped.map(|(number, _)| *number).collect()
    }

    /// Of one command on one subject.
    pub fn of(&self, command: &str, subject: &Subject) -> Track {
        self.runs
            .get(command)
            .and_then(|subjects| subjects.get(subject))
            .copied()
            .unwrap_or_default()
    }

    /// The ratings of one command for one signal.
    pub fn rated(&self, command: &str, signal: &Signal) -> Rated {
        let Some(ratings) = self.ratings.get(&(command.to_owned(), signal.clone())) else {
            return Rated::default();
        };
        let is_fixed = |rating: &&Rating| **rating == Rating::Fixed;
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Rated {
            fixed: small(ratings.values().filter(is_fixed).count()),
            total: small(ratings.len()),
            points: ratings.values().map(|rating| points(*rating)).sum(),
        }
    }
}
