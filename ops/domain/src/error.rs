//! Errors of the service.

use serde::{Deserialize, Serialize};

/// Why the service does not do it. Each says what to do next; none carries what only the log may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Error {
    /// Nobody is signed in.
    #[error("Sign in first.")]
    SignIn,
    /// The sign-in is too old for this.
    #[error("Sign in again: your last sign-in is too long ago for this decision.")]
    SignInAgain,
    /// The caller may not.
    #[error("This needs {needs}.")]
    Forbidden {
        /// Who could, such as `an approver`.
        needs: String,
    },
    /// Too many tries.
    #[error("Too many tries. Wait {seconds} s, then try again.")]
    Throttled {
        /// How long to wait.
        seconds: u32,
    },
    /// There is no such thing.
    #[error("There is no {what}.")]
    NotFound {
        /// What was looked for, such as `incident 42`.
        what: String,
    },
    /// A field is wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: String,
        /// What was wrong, and what was expected.
        problem: String,
    },
    /// It does not fit how things stand now.
    #[error("{problem}")]
    Conflict {
        /// How things stand.
        problem: String,
    },
    /// The database can't be reached.
    #[error("{advice}")]
    Unavailable {
        /// What is wrong, whether something was changed as far as known, and what to do.
        advice: String,
    },
}

impl Error {
    /// Builds the error of a wrong field.
    pub fn invalid(field: &str, problem: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), problem: problem.into() }
    }

    /// Builds the error of a change that does not fit how things stand.
    pub fn conflict(problem: impl Into<String>) -> Self {
        Self::Conflict { problem: problem.into() }
    }
}
