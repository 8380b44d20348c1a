//! A breach as a fact that can be told, and what kind of trouble it is.

use serde::{Deserialize, Serialize};

use crate::{
    breach::{Breach, Crossing, Easing, Unheard},
    time::Timestamp,
    words::{Severity, Signal, Subject, Unit},
};

/// One breach as a fact that can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Fact {
    /// About whom.
    pub subject: Subject,
    /// Which signal.
    pub signal: Signal,
    /// The value when this was written.
    pub value: f64,
    /// The most extreme value so far.
    pub peak: f64,
    /// The unit of all values here.
    pub unit: Unit,
    /// How bad.
    pub severity: Severity,
    /// In which way the threshold was crossed.
    pub crossing: Crossing,
    /// What is usual here.
    #[serde(default)]
    pub usual: Option<f64>,
    /// Change per minute.
    #[serde(default)]
    pub per_minute: Option<f64>,
    /// Seconds until the limit is reached at this rate.
    #[serde(default)]
    pub limit_in_seconds: Option<f64>,
    /// It comes and goes.
    #[serde(default)]
    pub unsteady: bool,
    /// The value is on the healthy side, and only proof is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub easing: Option<Easing>,
    /// Nothing more was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard: Option<Unheard>,
    /// When the value was observed.
    #[serde(default)]
    pub value_at: Timestamp,
}

pub(super) const fn eases(
    easing: Option<Easing>,
    unsteady: bool,
    unheard: Option<Unheard>,
) -> bool {
    easing.is_some() && !unsteady && unheard.is_none()
}

impl Fact {
    pub(super) fn of(breach: &Breach) -> Self {
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        let or_zero = |value: f64| if value.is_finite() { value } else { 0.0 };
        Self {
            subject: breach.key.subject.clone(),
            signal: breach.key.signal.clone(),
            value: or_zero(breach.value),
            peak: or_zero(breach.peak),
            unit: breach.unit.clone(),
            severity: breach.severity,
            crossing: breach.crossing,
            usual: finite(breach.usual),
            per_minute: finite(breach.per_minute),
            limit_in_seconds: finite(breach.limit_in_seconds).filter(|seconds| *seconds >= 0.0),
            unsteady: breach.unsteady,
            easing: breach.easing,
            unheard: breach.unheard,
            value_at: breach.value_at,
        }
    }

    pub(super) const fn is_silent(&self) -> bool {
        self.crossing.is_silent()
    }

    /// Whether it only waits for proof that it is over. What comes and goes, or is not heard of, is
    /// not told so.
    pub(super) const fn is_easing(&self) -> bool {
        eases(self.easing, self.unsteady, self.unheard)
    }

    /// Whether the value is beyond the level that is told with it, so that it can be told as what
    /// is.
    pub(super) fn is_beyond(&self) -> bool {
        match self.crossing {
            _ if self.easing.is_some() || self.unheard.is_some() || self.unsteady => false,
            Crossing::Above { level } => self.value > level,
            Crossing::Below { level } => self.value < level,
            Crossing::Rising { .. } | Crossing::Reaching { .. } | Crossing::Silent { .. } => true,
        }
    }

    pub(super) fn topic(&self) -> Topic {
        Topic::of(&self.subject, &self.signal, &self.crossing)
    }
}

/// What kind of trouble it is, in words that need no knowledge of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// An endpoint does not answer as it should.
    EndpointDown,
    /// An endpoint answers slowly.
    EndpointSlow,
    /// A certificate runs out.
    Certificate,
    /// An app does not run, or starts again and again.
    App,
    /// A disk is filling.
    Disk,
    /// Memory runs short.
    Memory,
    /// The processor is busy.
    Processor,
    /// A database is slow or away.
    Database,
    /// Work piles up.
    Queue,
    /// Something is not heard of.
    Silent,
    /// Anything else.
    Other,
}

impl Topic {
    pub(crate) fn of(subject: &Subject, signal: &Signal, crossing: &Crossing) -> Self {
        let signal = signal.as_str();
        let begins = |prefix: &str| signal.starts_with(prefix);
        if matches!(crossing, Crossing::Silent { .. }) || begins("collector.") {
            Self::Silent
        } else if begins("endpoint.certificate") {
            Self::Certificate
        } else if begins("endpoint.up") || begins("endpoint.status") {
            Self::EndpointDown
        } else if begins("endpoint.") {
            Self::EndpointSlow
        } else if begins("disk.") {
            Self::Disk
        } else if begins("app.") || begins("pm2.") {
            Self::App
        } else if signal.contains("memory") || signal.contains("swap") {
            Self::Memory
        } else if signal.contains("cpu") || signal.contains("load") {
            Self::Processor
        } else if begins("database.") || subject.kind() == "database" || begins("monitor.database")
        {
            Self::Database
        } else if begins("queue.") {
            Self::Queue
        } else {
            Self::Other
        }
    }
}
