//! Report of a run: how each of its programs ended.

use domain::time::{Span, Timestamp};
use serde::Serialize;

use crate::run::{output::Output, rule::Refusal};

/// How a process ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// It ended by itself with this code.
    Exited {
        /// The code; 0 is success.
        code: i32,
    },
    /// A signal that is not ours ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It took longer than it may and was ended.
    TimedOut,
    /// Somebody cancelled it and it was ended.
    Cancelled,
    /// The command itself was never started.
    NotStarted {
        /// Why.
        refusal: Refusal,
    },
    /// It was started, and its end could not be seen.
    Unknown,
}

impl Outcome {
    /// Whether it did what it should, as far as its exit code tells.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// A process that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Began {
    /// Its number, which is its group's.
    pub pid: u32,
    /// When.
    pub at: Timestamp,
    /// How long it took from [`Runner::start`](super::Runner::start), or from the end of the check, to the process.
    pub latency: Span,
}

/// One program of a run, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// How it ended.
    pub outcome: Outcome,
    /// The process, if there was one.
    pub began: Option<Began>,
    /// How long it ran.
    pub duration: Span,
    /// How the process itself ended, also when it was made to.
    pub exit: Option<Exit>,
    /// Processes that it had started were still there, or held its output open, when we stopped to
    /// wait.
    pub outlived: bool,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The command.
    pub command: Part,
    /// The check before it, if it has one.
    pub check: Option<Part>,
    /// When all of it was over.
    pub ended: Timestamp,
    /// What both printed.
    pub output: Output,
}
