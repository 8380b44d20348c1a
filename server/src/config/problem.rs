//! The problems of a configuration, told with its place.

use std::fmt;

use policy::diagnostic::Diagnostic;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigProblem {
    /// In the file.
    InFile(Box<Diagnostic>),
    /// On the command line, in the environment, or about a file as a whole.
    Sentence(String),
}

impl ConfigProblem {
    pub(super) fn sentence(text: impl Into<String>) -> Self {
        Self::Sentence(text.into())
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFile(problem) => problem.fmt(f),
            Self::Sentence(text) => write!(f, "error: {text}"),
        }
    }
}

/// Everything that is wrong, in the order of the places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<ConfigProblem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
