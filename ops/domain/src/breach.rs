//! A breach: a threshold that has held. What the evaluation hands to the incident agent.

use serde::{Deserialize, Serialize};

use crate::{
    protection::allowed::AllowedMeasure,
    reason::{FailureReason, Remedy},
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
    unit::Unit,
    usual::{Bounds, RelativeLevel},
};

/// The key of a breach: one signal of one subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BreachKey {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
}

/// In which way a threshold was crossed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "way")]
pub enum Crossing {
    /// The value is above this level.
    Above {
        /// The level, in the signal's unit.
        level: f64,
    },
    /// The value is below this level.
    Below {
        /// The level, in the signal's unit.
        level: f64,
    },
    /// The value rises faster than this.
    Rising {
        /// By how much, in the signal's unit.
        by: f64,
        /// In how many seconds.
        within_seconds: f64,
    },
    /// At its present rate the value reaches the limit soon.
    Reaching {
        /// The limit, in the signal's unit.
        limit: f64,
        /// The horizon in seconds: nearer than this is a breach.
        within_seconds: f64,
    },
    /// The value is far from what is usual at this hour.
    Usual {
        /// The level, relative to what is usual.
        relative: RelativeLevel,
        /// The values within the level at this hour; none where that is not known.
        #[serde(default)]
        bounds: Bounds,
    },
    /// Nothing was heard for longer than this.
    Silent {
        /// In seconds.
        for_seconds: f64,
    },
}

impl Crossing {
    /// True if it is about silence.
    pub const fn is_silent(&self) -> bool {
        matches!(self, Self::Silent { .. })
    }
}

/// A breach that holds while its value is on the healthy side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Easing {
    /// Since when.
    pub since: Timestamp,
    /// For how many seconds it must stay so.
    pub stays_for_seconds: f64,
    /// The level that it must reach besides, in the signal's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovers_at: Option<f64>,
}

/// Silence while a breach holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Unheard {
    /// Time of the last value.
    pub since: Timestamp,
    /// After how many seconds that is told.
    pub for_seconds: f64,
}

/// The reasons for the end of a breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Ending {
    /// Seen to be well again.
    Recovered {
        /// Since when it was well; what came after was waiting for proof.
        since: Timestamp,
    },
    /// Its subject was retired, or nothing in the thresholds is about it any more: whether it
    /// recovered is not known.
    NoLongerWatched,
    /// Someone stopped what it is about, or it ended as it was meant to: it is not expected to
    /// report until it runs again.
    Stopped,
}

/// The words of a threshold's row for people; carried along so that an incident explains itself
/// with the words that were in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Guidance {
    /// Its meaning, one sentence.
    pub meaning: String,
    /// The section of `when-things-break.md` to read, as its anchor; empty if none.
    pub runbook: String,
    /// Ids of approved commands that may help, most telling first.
    pub commands: Vec<String>,
    /// Measures that the agent may take on its own, in the order in which it takes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<AllowedMeasure>,
}

impl Guidance {
    /// The words about silence, whatever the row says about its levels.
    pub fn of_silence() -> Self {
        Self {
            meaning: "There is no data from it, so its state is unknown; problems there would go unnoticed.".to_owned(),
            runbook: "no-data".to_owned(),
            commands: Vec::new(),
            measures: Vec::new(),
        }
    }
}

/// A threshold that has held and has not recovered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Breach {
    /// Whose, and of which signal.
    #[serde(flatten)]
    pub key: BreachKey,
    /// The severity that holds now.
    pub severity: Severity,
    /// The level that fired for that severity.
    pub crossing: Crossing,
    /// Time at which the value first went beyond the level, by the wall clock.
    pub since: Timestamp,
    /// Since when it is as severe as it is now.
    pub severity_since: Timestamp,
    /// Time at which the threshold had held for its duration.
    pub fired_at: Timestamp,
    /// Comes and goes.
    pub unsteady: bool,
    /// The latest value is on the healthy side, and the breach only waits for proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub easing: Option<Easing>,
    /// Nothing more was heard: the latest value is old. For a silent signal the crossing says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard: Option<Unheard>,
    /// The latest value, in `unit`; for a silent signal the last one that was heard.
    pub value: f64,
    /// The time of that value.
    pub value_at: Timestamp,
    /// The most extreme value since it began.
    pub peak: f64,
    /// The unit of all values here.
    pub unit: Unit,
    /// The usual value for this signal here, if enough is known.
    pub usual: Option<f64>,
    /// Change per minute over the last minutes, if enough is known.
    pub per_minute: Option<f64>,
    /// Seconds until the natural limit (100 %, or the threshold's own) is reached at the present
    /// rate.
    pub limit_in_seconds: Option<f64>,
    /// The words of the document about it.
    pub guidance: Guidance,
    /// The reason that it is so, or that nothing is heard, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
}

impl Breach {
    /// True if the document names safe mode for it, which is for what is critical.
    pub fn names_safe_mode(&self) -> bool {
        self.severity == Severity::Critical
            && self.guidance.measures.contains(&AllowedMeasure::SafeMode)
    }

    /// Measures on a host that its reason leaves room for.
    pub fn remedy(&self) -> Remedy {
        self.reason.as_ref().map_or(Remedy::Any, FailureReason::remedy)
    }

    /// Commands that the document names, unless the reason speaks against some of them.
    pub fn commands(&self) -> &[String] {
        if self.remedy() == Remedy::Any { &self.guidance.commands } else { &[] }
    }
}
