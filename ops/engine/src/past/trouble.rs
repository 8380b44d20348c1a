//! Troubles of a simulated past: what they do to signals, and how people respond.

use domain::{
    review::{Rating, ReviewSections},
    time::Span,
};

/// A trouble: something that goes wrong at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// The time from the first Monday's midnight to its beginning.
    pub begins: Span,
    /// The time after which it ends by itself, if nobody ends it before.
    pub lasts: Span,
    /// Its effects on signals.
    pub effects: Vec<Effect>,
    /// The response of people; nobody does anything without.
    pub response: Option<Response>,
}

/// Effect of a trouble on a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The place of the series.
    pub series: usize,
    /// The change of its values.
    pub shape: Shape,
}

/// Change of values by a trouble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// They rise by so much a minute, up to so much in all.
    Rises {
        /// By so much a minute.
        a_minute: f64,
        /// The most that is added.
        most: f64,
    },
    /// They are higher by this.
    Adds(f64),
    /// They are this.
    Is(f64),
}

impl Shape {
    /// A value as it becomes, so long after the trouble began.
    pub fn changed(self, usual: f64, after: Span) -> f64 {
        match self {
            Self::Rises { a_minute, most } => {
                usual + (a_minute * after.as_secs_f64() / 60.0).min(most)
            }
            Self::Adds(more) => usual + more,
            Self::Is(value) => value,
        }
    }
}

/// Response of people to the incident of a trouble.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The time from the opening until somebody acknowledges it.
    pub acknowledged: Span,
    /// The decision about recommendations.
    pub decision: Decision,
    /// The note with which they resolve it.
    pub note: &'static str,
    /// The time from when all signals are back until they do.
    pub resolved: Span,
    /// The rating of the recommendation that ran.
    pub rating: Option<Rating>,
    /// Their words in the review.
    pub review: Option<ReviewSections>,
    /// The prevention steps that they add.
    pub steps: Vec<Step>,
}

/// Decision about recommendations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They decide about none.
    None,
    /// They approve this command, so long after the opening. It ends the trouble.
    Approve {
        /// The command.
        command: &'static str,
        /// So long after the opening.
        after: Span,
    },
    /// They decline what is offered, so long after the opening.
    Decline {
        /// The reason.
        reason: &'static str,
        /// So long after the opening.
        after: Span,
    },
}

/// A prevention step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody does it within so many days.
    Planned {
        /// The step.
        text: &'static str,
        /// Within so many days.
        days: u64,
    },
    /// A step that will not be done.
    NotDone {
        /// The step.
        text: &'static str,
        /// The reason.
        reason: &'static str,
    },
}
