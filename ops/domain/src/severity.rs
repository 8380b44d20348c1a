//! Severity of a breach or an incident.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::{BadName, bad};

/// The severity: critical beats warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Needs attention today.
    Warning,
    /// Needs a person now.
    Critical,
}

impl Severity {
    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text {
            "warning" => Ok(Self::Warning),
            "critical" => Ok(Self::Critical),
            _ => Err(bad(text, "severity", "'warning' or 'critical'")),
        }
    }
}
