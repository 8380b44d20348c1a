//! Facts of a review: what follows from journal and history, without anybody typing.

use serde::{Deserialize, Serialize};

use crate::{
    breach::BreachKey,
    protection::measure::LimitedRequests,
    time::{Span, Timestamp},
    unit::Unit,
};

/// A step from the beginning of an incident to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewStep {
    /// From the first deviation in history to the opening.
    Detect,
    /// From the opening to the first notification.
    Notify,
    /// From the opening to the acknowledgement.
    Acknowledge,
    /// From the opening to the first measure.
    Stabilize,
    /// From the first recommendation to the first decision.
    Decide,
    /// From the opening until the signals were back.
    Recover,
    /// From the opening to the end.
    Resolve,
}

impl ReviewStep {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Detect,
        Self::Notify,
        Self::Acknowledge,
        Self::Stabilize,
        Self::Decide,
        Self::Recover,
        Self::Resolve,
    ];
}

/// The reasons for which a step has no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotMeasured {
    /// Did not happen.
    DidNotHappen,
    /// The history before the problem is missing.
    NoHistory,
}

/// The time of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "measured", rename_all = "snake_case")]
pub enum Measured {
    /// So long, in microseconds.
    Took {
        /// The time.
        span: Span,
        /// True if it was at least so long: it began before the history that was looked at.
        at_least: bool,
    },
    /// Not known.
    Unknown {
        /// The reason.
        why: NotMeasured,
    },
}

impl Measured {
    /// The time, if it is known.
    pub const fn span(self) -> Option<Span> {
        match self {
            Self::Took { span, .. } => Some(span),
            Self::Unknown { .. } => None,
        }
    }
}

/// The times that are usual: of the real incidents of the last 90 days, at least five of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UsualTime {
    /// The smallest time that at least half of them do not exceed.
    pub median: Span,
    /// The shortest time.
    pub shortest: Span,
    /// The longest time.
    pub longest: Span,
    /// The number of incidents.
    pub incidents: u32,
}

/// A step of an incident against what is usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MeasuredStep {
    /// The step.
    pub step: ReviewStep,
    /// Its time.
    #[serde(flatten)]
    pub measured: Measured,
    /// The numbers of the entries that it follows from.
    pub entries: Vec<u64>,
    /// The usual time; `None` with fewer than five incidents.
    pub usual: Option<UsualTime>,
}

/// Something that was done against a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum EffectOf {
    /// A command that ran.
    Command {
        /// The place of its recommendation.
        place: u32,
        /// Its title.
        title: String,
    },
    /// A limit of the agent.
    Limit {
        /// The requests that it limited.
        requests: LimitedRequests,
    },
}

/// The middle of some values, and how far they spread: quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Spread {
    /// The number of values.
    pub values: u32,
    /// The lower quartile.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub high: f64,
}

/// The verdict of the values before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EffectVerdict {
    /// The signal was better after it.
    Better,
    /// The signal was worse after it.
    Worse,
    /// The values before and after lie within each other, or are too few.
    NotClear,
}

/// The effect of a command or a limit on the signal that it was for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MeasuredEffect {
    /// The measure.
    #[serde(flatten)]
    pub of: EffectOf,
    /// Time at which it began.
    pub at: Timestamp,
    /// The signal.
    pub key: BreachKey,
    /// The unit of its values.
    pub unit: Unit,
    /// The values in the ten minutes before; `None` if there are none.
    pub before: Option<Spread>,
    /// The values in the ten minutes after; `None` if there are none.
    pub after: Option<Spread>,
    /// The verdict.
    pub verdict: EffectVerdict,
}

/// The reasons for a slow step, as far as the journal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum SlowReason {
    /// The threshold has to hold for so long.
    Held {
        /// The time.
        span: Span,
    },
    /// So many notifications failed.
    CallsFailed {
        /// The number.
        count: u32,
    },
    /// So many recommendations expired before anybody decided.
    OffersExpired {
        /// The number.
        count: u32,
    },
    /// Two people had to approve.
    TwoApprovals,
    /// No command ran, and no limit was set.
    NothingDone,
    /// The signals were back, and it stayed open for so long after that.
    OpenAfterRecovery {
        /// The time.
        span: Span,
    },
}

/// The step that took longest, and longer than it ever did in the incidents that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Slow {
    /// The step.
    pub step: ReviewStep,
    /// Its time.
    pub span: Span,
    /// The longest time before.
    pub longest: Span,
    /// The reasons that are known.
    pub reasons: Vec<SlowReason>,
}

/// A signal that deviated long before it was a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeenLate {
    /// The signal.
    pub key: BreachKey,
    /// The time of its first deviation; it may have been earlier where `at_least` is true.
    pub deviated_at: Timestamp,
    /// True if the deviation began before the history that was looked at.
    pub at_least: bool,
    /// The time at which it was told as a problem.
    pub told_at: Timestamp,
    /// The number of the entry that told it, if it is known.
    pub entry: Option<u64>,
}

/// Everything that a review knows without anybody typing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReviewFacts {
    /// Each step, in the order of [`ReviewStep::ALL`].
    pub steps: Vec<MeasuredStep>,
    /// The effect of each command that ran and of each limit, in the order of their beginning.
    pub effects: Vec<MeasuredEffect>,
    /// The step that was slow, if one was.
    pub slow: Option<Slow>,
    /// Signals that were seen late, the latest first.
    pub seen_late: Vec<SeenLate>,
}
