//! Sources: what each collector of a server sees, and how its rounds go.

use domain::{
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The most subjects of a source that are listed.
pub const MOST_SUBJECTS: usize = 20;
/// The most signals of a subject that are listed.
pub const MOST_SIGNALS: usize = 30;
/// The most problems of a source that are listed.
pub const MOST_PROBLEMS: usize = 5;
/// The most notes of a collector's own that are listed.
pub const MOST_NOTES: usize = 5;

/// A subject that a source reported on, with the signals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeenSubject {
    /// The subject.
    pub subject: Subject,
    /// Its first signals, at most 30.
    pub signals: Vec<Signal>,
}

/// The readings of a source's last successful round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeenReadings {
    /// Number of subjects.
    pub subjects: u32,
    /// Number of readings: signals of all subjects.
    pub readings: u32,
    /// The first subjects, at most 20.
    pub listed: Vec<SeenSubject>,
}

/// State of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SourceState {
    /// No round has ended since the start.
    Waiting,
    /// The last round saw everything that it looked at.
    Working,
    /// The last round could see only a part of what it looked at.
    Partial {
        /// Number of what could not be seen.
        unseen: u32,
        /// The first ones, at most 5, each a sentence.
        problems: Vec<String>,
    },
    /// The last round could see nothing of what it looked at, or none could begin.
    Failing {
        /// The reason, in one sentence or more.
        problem: String,
        /// The first of the rounds that failed without a success between.
        since: Timestamp,
    },
    /// A round is overdue: it neither ended nor was given up, or it did not begin.
    Overdue {
        /// True if the round has begun.
        is_running: bool,
        /// The reason of the try before, if that failed.
        problem: Option<String>,
        /// The time at which the round began or should have begun.
        since: Timestamp,
    },
}

/// A collector of this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceStatus {
    /// Its name, as in `collector:host`.
    pub name: String,
    /// Its kind as people call it: `Endpoint`.
    pub kind: String,
    /// Its state.
    #[serde(flatten)]
    pub state: SourceState,
    /// The time from one round to the next.
    pub interval: Span,
    /// The end of its last successful round.
    pub last_success: Option<Timestamp>,
    /// The duration of its last round.
    pub took: Option<Span>,
    /// The beginning of its next round; `None` while one is under way.
    pub next_at: Option<Timestamp>,
    /// The readings of its last successful round.
    pub seen: SeenReadings,
    /// Short notes of its own, and what it leaves out.
    pub notes: Vec<String>,
    /// The way to give it something to see, if it sees nothing; empty otherwise.
    pub advice: String,
}

impl SourceStatus {
    /// True if it works and there is nothing that it could see.
    pub fn sees_nothing(&self) -> bool {
        self.state == SourceState::Working && self.seen.readings == 0
    }
}

/// A kind of source that is not configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AbsentSource {
    /// The kind as people call it.
    pub kind: String,
    /// The way to add one.
    pub advice: String,
}

/// The sources of this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourcesPage {
    /// The time.
    pub at: Timestamp,
    /// True if this server runs collectors. One that does not knows nothing of sources.
    pub collects: bool,
    /// The sources, those that need attention first, then by kind and name.
    pub sources: Vec<SourceStatus>,
    /// Kinds that are not configured.
    pub absent: Vec<AbsentSource>,
}
