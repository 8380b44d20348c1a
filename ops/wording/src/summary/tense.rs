//! The tenses of sentences, by the phase of their incident.

use domain::summary::Summary;

/// The name of what must not be named to managers outside.
pub(crate) const GENERAL_PART: &str = "a part of the service";

/// The phase of the incident that a sentence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tense {
    /// Goes on, or all of it has recovered.
    Now,
    /// Not all of it has recovered.
    Holding,
    /// Over: sentences are in the past tense.
    Over,
}

impl Tense {
    pub(super) fn of(summary: &Summary) -> Self {
        if summary.is_over() {
            Self::Over
        } else if summary.basis.holding > 0 {
            Self::Holding
        } else {
            Self::Now
        }
    }
}
