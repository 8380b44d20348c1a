//! The result of a request.

use domain::time::Span;

use crate::simulation::request::Planned;

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Passed.
    Admitted,
    /// A limit refused it.
    Refused,
    /// Got no answer in time, or a failure.
    Failed,
}

/// A request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The request as it was planned.
    pub planned: Planned,
    /// Its result.
    pub outcome: Outcome,
    /// The status of the answer; 0 without one.
    pub status: u16,
    /// The number of times that it was sent: more than one where its client tries again.
    pub attempts: u32,
    /// The time from when it was meant to be sent to the end of the answer, or to when it failed.
    pub latency: Span,
    /// The time from when it was meant to be sent to the first answer that refused it.
    pub refused: Option<Span>,
    /// Delay from the planned time to when the simulator took it up.
    pub late: Span,
}
