//! Measures of the agent, and the stages of safe mode.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor, breach::BreachKey, id::IncidentNumber, subject::Subject, time::Timestamp,
};

/// The requests that a measure limits: those of one organization in one class. At most one measure
/// is in force for them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LimitedRequests {
    /// The organization: `organization:acme`.
    pub organization: Subject,
    /// The class, as `limits.md` names it.
    pub class: String,
}

/// A limit that the agent has put in force for one organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Measure {
    /// The requests that it limits.
    #[serde(flatten)]
    pub requests: LimitedRequests,
    /// The rate that passes, in requests per second.
    pub rate: f64,
    /// The rate that was sent when it was decided, in requests per second.
    pub sent: f64,
    /// The rate that is usual, in requests per second; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<f64>,
    /// The breach that named it.
    pub because: BreachKey,
    /// Number of times it was widened since it began: each time the rate doubles.
    pub stage: u32,
    /// Number of times the problem came after it was widened.
    pub returns: u32,
    /// Time at which it ends at the latest.
    pub until: Timestamp,
}

/// The reason why a measure ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MeasureEnding {
    /// Its problem is over.
    Calm,
    /// Its time is over.
    Expired,
    /// A person ended it.
    Person,
    /// Automatic measures were suspended.
    Suspended,
    /// `limits.md` has no such class any more.
    NoSuchClass,
}

/// A measure of an incident, in force or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IncidentMeasure {
    /// The measure as it was when last written.
    #[serde(flatten)]
    pub measure: Measure,
    /// The time of its beginning.
    pub began_at: Timestamp,
    /// The time and the reason of its end; `None` while it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<MeasureEnded>,
}

/// The end of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MeasureEnded {
    /// The time.
    pub at: Timestamp,
    /// The one who ended it.
    pub by: Actor,
    /// The reason.
    pub ending: MeasureEnding,
}

/// A measure in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MeasureInForce {
    /// The incident that it belongs to.
    pub incident: IncidentNumber,
    /// The time of its beginning.
    pub began_at: Timestamp,
    /// The measure.
    #[serde(flatten)]
    pub measure: Measure,
}

/// The traffic of one organization in one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ClassTraffic {
    /// The requests.
    #[serde(flatten)]
    pub requests: LimitedRequests,
    /// Sent, in requests per second: over the last seconds.
    pub sent: f64,
    /// Refused, in requests per second.
    pub refused: f64,
    /// Passed although above a limit, in requests per second: the limit is only observed, or the
    /// agent may not refuse more.
    pub above: f64,
    /// Usually sent, in requests per second; `None` if that is not known.
    pub usual: Option<f64>,
}

/// A stage of safe mode. It begins with the first one; a person goes on to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SafeModeStage {
    /// Only reads and critical requests pass.
    ReadOnly,
    /// Interactive requests pass again; batch requests wait.
    Interactive,
}

impl SafeModeStage {
    /// All of them, in the order in which safe mode is left.
    pub const ALL: [Self; 2] = [Self::ReadOnly, Self::Interactive];

    /// As a header of the gate and the flag file write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Interactive => "interactive",
        }
    }
}
