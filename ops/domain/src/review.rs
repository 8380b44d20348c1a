//! The lessons of an incident: facts that follow from journal and history, what people write beside
//! them, whether recommendations helped, and steps that prevent the next one. Projections of the
//! incident's own entries.

mod facts;
pub(crate) mod parts;
mod prevention;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::review::{
    facts::{
        EffectOf, EffectVerdict, Measured, MeasuredEffect, MeasuredStep, NotMeasured, ReviewFacts,
        ReviewStep, SeenLate, Slow, SlowReason, Spread, UsualTime,
    },
    parts::{BadDate, DueDate, PreventionPlan, Rating, RedactedStep, ReviewSections},
    prevention::{PreventionCounts, PreventionStep, PreventionSteps, REDACTED_WORDS, StepState},
};
use crate::{
    actor::Actor,
    journal::{Entry, Event},
    time::Timestamp,
};

/// Texts that people wrote in a review, as it was saved once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReviewVersion {
    /// The number of its entry.
    pub number: u64,
    /// The time at which it was saved.
    pub at: Timestamp,
    /// The person who saved it.
    pub by: Actor,
    /// The words.
    pub sections: ReviewSections,
}

/// The versions of what people wrote about one incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewVersions {
    /// Versions, oldest first. One that was redacted is not among them.
    pub versions: Vec<ReviewVersion>,
    /// The number of the newest version, redacted or not.
    newest: Option<u64>,
}

impl ReviewVersions {
    /// The versions after the entries `review_saved` of one incident, which come in their order; one
    /// without its event was redacted.
    pub fn of(entries: &[Entry]) -> Self {
        let version = |entry: &Entry| match &entry.event {
            Some(Event::ReviewSaved { sections, .. }) => Some(ReviewVersion {
                number: entry.number,
                at: entry.at,
                by: entry.actor,
                sections: sections.clone(),
            }),
            _ => None,
        };
        Self {
            versions: entries.iter().filter_map(version).collect(),
            newest: entries.last().map(|entry| entry.number),
        }
    }

    /// The newest version; `None` if it was redacted: an older one does not count again.
    pub fn last(&self) -> Option<&ReviewVersion> {
        self.versions.last().filter(|last| self.newest == Some(last.number))
    }

    /// True if a writer who has read this version, or none, may save the next one. Whoever has read
    /// a version that was redacted may not: their text may bring it back.
    pub fn may_replace(&self, read: Option<u64>) -> bool {
        match self.last() {
            Some(last) => read == Some(last.number),
            None => read.is_none(),
        }
    }
}

/// The rating that counts for each recommendation of an incident, by its place: the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Ratings(BTreeMap<u32, Rating>);

impl Ratings {
    /// The ratings after the entries of one incident, which come in their order.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let rated = |entry: &Entry| match &entry.event {
            Some(Event::RecommendationRated { place, rating, .. }) => Some((*place, *rating)),
            _ => None,
        };
        Self(entries.into_iter().filter_map(rated).collect())
    }

    /// The rating of the recommendation at a place.
    pub fn at(&self, place: u32) -> Option<Rating> {
        self.0.get(&place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, IncidentNumber};

    fn entry(number: u64, event: Option<Event>) -> Entry {
        let at = Timestamp::from_secs(i64::try_from(number).unwrap());
        Entry { number, at, actor: Actor::Account(AccountId(1)), event }
    }

    fn saved(number: u64, text: &str) -> Entry {
        let sections = ReviewSections { went_well: text.into(), ..ReviewSections::default() };
        entry(number, Some(Event::ReviewSaved { incident: IncidentNumber(7), sections }))
    }

    #[test]
    fn who_has_read_the_newest_version_may_replace_it() {
        let none = ReviewVersions::of(&[]);
        assert!(none.may_replace(None) && !none.may_replace(Some(1)));
        let two = ReviewVersions::of(&[saved(3, "a"), saved(5, "b")]);
        assert_eq!(two.last().map(|last| last.number), Some(5));
        assert!(two.may_replace(Some(5)) && !two.may_replace(Some(3)) && !two.may_replace(None));
    }

    #[test]
    fn an_older_version_does_not_count_again_when_the_newest_is_redacted() {
        let gone = ReviewVersions::of(&[saved(3, "a"), entry(5, None)]);
        assert_eq!(gone.last(), None);
        assert_eq!(gone.versions.len(), 1);
        // A text that was written over what is redacted may hold it.
        assert!(gone.may_replace(None) && !gone.may_replace(Some(5)) && !gone.may_replace(Some(3)));
        let older = ReviewVersions::of(&[entry(3, None), saved(5, "b")]);
        assert_eq!(older.last().map(|last| last.number), Some(5));
    }

    #[test]
    fn the_last_rating_of_a_recommendation_counts() {
        let rated = |number, place, rating| {
            let event = Event::RecommendationRated {
                incident: IncidentNumber(7),
                place,
                command: "pm2-reload".into(),
                signal: "app.memory".parse().unwrap(),
                rating,
            };
            entry(number, Some(event))
        };
        let ratings = Ratings::of(&[
            rated(1, 1, Rating::Wrong),
            rated(2, 2, Rating::RightArea),
            rated(3, 1, Rating::Fixed),
        ]);
        let all = [1, 2, 3].map(|place| ratings.at(place));
        assert_eq!(all, [Some(Rating::Fixed), Some(Rating::RightArea), None]);
    }
}
