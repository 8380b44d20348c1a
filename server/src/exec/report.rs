//! Report of a run: how each of its programs ended.

use domain::time::{Span, Timestamp};
use serde::Serialize;

use crate::exec::{output::Output, rule::Refusal};

/// The ways in which a process ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// The outcomes of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// Ended by itself with this code.
    Exited {
        /// The code; 0 is success.
        code: i32,
    },
    /// A signal that is not ours ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// Took longer than it may and was ended.
    TimedOut,
    /// Somebody cancelled it and it was ended.
    Cancelled,
    /// The command itself was never started.
    NotStarted {
        /// The reason.
        refusal: Refusal,
    },
    /// Started, and its end could not be seen.
    Unknown,
}

impl Outcome {
    /// True if it did what it should, as far as its exit code tells.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// A process that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Began {
    /// Its number, which is its group's.
    pub pid: u32,
    /// The time.
    pub at: Timestamp,
    /// Time for which it took from [`Runner::start`](super::Runner::start), or from the end of the
    /// check, to the process.
    pub latency: Span,
}

/// One program of a run, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The outcome.
    pub outcome: Outcome,
    /// The process, if there was one.
    pub began: Option<Began>,
    /// Time for which it ran.
    pub duration: Span,
    /// The end of the process itself, also when it was made to.
    pub exit: Option<Exit>,
    /// Processes that it had started were still there, or held its output open, when we stopped to
    /// wait.
    pub outlived: bool,
}

/// The report of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The command.
    pub command: Part,
    /// The check before it, if it has one.
    pub check: Option<Part>,
    /// The end of all of it.
    pub ended: Timestamp,
    /// The output of both.
    pub output: Output,
}
