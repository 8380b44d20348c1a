//! The refusal of an execution: one rule, in one sentence.

use std::fmt;

use serde::Serialize;

/// The rule that refused a plan or a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A program is named by its absolute path, without `.`, `..` and empty parts.
    AbsolutePath,
    /// The program exists, and its path can be followed.
    Exists,
    /// The program is a regular file.
    RegularFile,
    /// The program may be executed.
    Executable,
    /// The program, its links and all directories above belong to root or to the user who runs it.
    TrustedOwner,
    /// None of them is writable by anybody else.
    NotWritableByOthers,
    /// Arguments are few, short, and show exactly what they are.
    PlainArguments,
    /// The user exists on this host.
    KnownUser,
    /// Only variables of a short list are passed on.
    KnownVariable,
    /// The time limit is more than nothing and at most an hour.
    TimeLimit,
    /// The output limit is sensible.
    OutputLimit,
    /// A program with a hash is exactly the one that was allowed.
    Hash,
    /// A check has no check of its own.
    OneCheck,
    /// The check before it succeeded.
    CheckPassed,
    /// Got a working directory of its own.
    WorkingDirectory,
    /// The system started it.
    Launch,
    /// Nobody cancelled it before it began.
    NotCancelled,
}

/// The refusal, by which rule, as a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// The problem, and its place.
    pub sentence: String,
}

impl Refusal {
    pub(super) fn new(rule: Rule, sentence: impl fmt::Display) -> Self {
        Self { rule, sentence: domain::redact::text(&sentence.to_string()) }
    }
}
