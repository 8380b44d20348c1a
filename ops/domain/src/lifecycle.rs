//! The states of an incident, and which steps lead on. `ops/agent/flow.md` shows the same table to
//! people; a test holds the two together.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::BadName;

/// The states of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A threshold has held: the incident is open.
    Detected,
    /// A safe and reversible measure is in force.
    Stabilizing,
    /// The next step needs a person.
    AwaitingDecision,
    /// Every breach has cleared, or an approved command has run: waiting for proof.
    Recovering,
    /// Over.
    Resolved,
}

impl State {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Detected,
        Self::Stabilizing,
        Self::AwaitingDecision,
        Self::Recovering,
        Self::Resolved,
    ];

    /// The words that are shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Stabilizing => "stabilizing",
            Self::AwaitingDecision => "awaiting decision",
            Self::Recovering => "recovering",
            Self::Resolved => "resolved",
        }
    }

    /// Returns the state to which a step leads; `None` if it is not allowed.
    pub const fn after(self, step: Step) -> Option<Self> {
        use State::{AwaitingDecision, Detected, Recovering, Resolved, Stabilizing};
        match (self, step) {
            (Detected, Step::Stabilize) => Some(Stabilizing),
            (Detected | Stabilizing, Step::AskForDecision) => Some(AwaitingDecision),
            (Detected | Stabilizing | AwaitingDecision, Step::Quiet | Step::CommandRan) => {
                Some(Recovering)
            }
            (Recovering, Step::BreachReturned) => Some(Detected),
            (Recovering, Step::StayedQuiet) => Some(Resolved),
            (Detected | Stabilizing | AwaitingDecision | Recovering, Step::PersonResolved) => {
                Some(Resolved)
            }
            (Resolved, Step::Reopen) => Some(Detected),
            (Detected, Step::BreachReturned | Step::StayedQuiet | Step::Reopen)
            | (
                Stabilizing,
                Step::Stabilize | Step::BreachReturned | Step::StayedQuiet | Step::Reopen,
            )
            | (
                AwaitingDecision,
                Step::Stabilize
                | Step::AskForDecision
                | Step::BreachReturned
                | Step::StayedQuiet
                | Step::Reopen,
            )
            | (
                Recovering,
                Step::Stabilize
                | Step::AskForDecision
                | Step::Quiet
                | Step::CommandRan
                | Step::Reopen,
            )
            | (
                Resolved,
                Step::Stabilize
                | Step::AskForDecision
                | Step::Quiet
                | Step::CommandRan
                | Step::BreachReturned
                | Step::StayedQuiet
                | Step::PersonResolved,
            ) => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| BadName {
            found: format!("{:?}", text.chars().take(60).collect::<String>()),
            what: "state",
            expected: "'detected', 'stabilizing', 'awaiting decision', 'recovering' or 'resolved'",
        })
    }
}

/// The steps of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A measure was put in force.
    Stabilize,
    /// The agent recommends something that a person must decide.
    AskForDecision,
    /// The last breach cleared.
    Quiet,
    /// An approved command ran.
    CommandRan,
    /// A breach came back, or a new one joined, while recovering.
    BreachReturned,
    /// All was quiet for its time, and no person had acted: the agent resolves.
    StayedQuiet,
    /// A person resolved it.
    PersonResolved,
    /// Trouble came back, or a person reopened it.
    Reopen,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Stabilize,
        Self::AskForDecision,
        Self::Quiet,
        Self::CommandRan,
        Self::BreachReturned,
        Self::StayedQuiet,
        Self::PersonResolved,
        Self::Reopen,
    ];

    /// The words that `flow.md` uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stabilize => "stabilize",
            Self::AskForDecision => "ask for decision",
            Self::Quiet => "quiet",
            Self::CommandRan => "command ran",
            Self::BreachReturned => "breach returned",
            Self::StayedQuiet => "stayed quiet",
            Self::PersonResolved => "person resolved",
            Self::Reopen => "reopen",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
