//! A breach as a fact that can be told, and what kind of trouble it is.

use serde::{Deserialize, Serialize};

use crate::{
    breach::{Breach, Crossing, Easing, Unheard},
    reason::FailureReason,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
    unit::Unit,
};

/// One breach as a fact that can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Fact {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// The value when this was written.
    pub value: f64,
    /// The most extreme value so far.
    pub peak: f64,
    /// The unit of all values here.
    pub unit: Unit,
    /// The severity.
    pub severity: Severity,
    /// In which way the threshold was crossed.
    pub crossing: Crossing,
    /// The usual value here.
    #[serde(default)]
    pub usual: Option<f64>,
    /// Change per minute.
    #[serde(default)]
    pub per_minute: Option<f64>,
    /// Seconds until the limit is reached at this rate.
    #[serde(default)]
    pub limit_in_seconds: Option<f64>,
    /// Comes and goes.
    #[serde(default)]
    pub unsteady: bool,
    /// The value is on the healthy side, and only proof is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub easing: Option<Easing>,
    /// Nothing more was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard: Option<Unheard>,
    /// Time at which the value was observed.
    #[serde(default)]
    pub value_at: Timestamp,
    /// The reason that it is so, or that nothing is heard, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
}

/// True if a breach only waits for proof that it is over. What comes and goes, or is not heard of,
/// is not told so.
pub const fn eases(easing: Option<Easing>, unsteady: bool, unheard: Option<Unheard>) -> bool {
    easing.is_some() && !unsteady && unheard.is_none()
}

impl Fact {
    /// Takes the facts of a breach; numbers that are not finite are left out.
    pub fn of(breach: &Breach) -> Self {
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
            reason: breach.reason.clone(),
        }
    }

    /// True if it is about silence.
    pub const fn is_silent(&self) -> bool {
        self.crossing.is_silent()
    }

    /// True if it only waits for proof that it is over. What comes and goes, or is not heard of, is
    /// not told so.
    pub const fn is_easing(&self) -> bool {
        eases(self.easing, self.unsteady, self.unheard)
    }

    /// True if the value is beyond the level that is told with it, so that it can be told as what
    /// is.
    pub fn is_beyond(&self) -> bool {
        match self.crossing {
            _ if self.easing.is_some() || self.unheard.is_some() || self.unsteady => false,
            Crossing::Above { level } => self.value > level,
            Crossing::Below { level } => self.value < level,
            Crossing::Usual { bounds, .. } => bounds.exclude(self.value),
            Crossing::Rising { .. } | Crossing::Reaching { .. } | Crossing::Silent { .. } => true,
        }
    }

    /// The kind of trouble that it is.
    pub fn topic(&self) -> Topic {
        Topic::of(&self.subject, &self.signal, &self.crossing)
    }
}

/// Forecasts further ahead than this many seconds say nothing.
pub const FORESEEABLE: f64 = 7.0 * 86_400.0;

/// Signals that are yes or no, or are told in words of their own: there is no usual value to
/// compare with.
pub const TOLD_IN_WORDS: [&str; 14] = [
    "endpoint.up",
    "endpoint.status",
    "app.up",
    "app.listed",
    "app.job_failed",
    "disk.mounted",
    "pm2.up",
    "redis.up",
    "redis.replication.linked",
    "collector.failed",
    "outside.reachable",
    "outside.names",
    "endpoint.certificate.days_left",
    "disk.read_only",
];

/// A change at a scale at which it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// True if the value rises.
    pub rising: bool,
    /// The amount of the change, in the fact's unit; positive.
    pub amount: f64,
    /// The time in which it changes so much.
    pub per: RatePer,
}

/// The time that a [`Rate`] refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatePer {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

impl Fact {
    /// The change per minute, or else per hour; `None` where it is too small to show.
    pub fn rate(&self) -> Option<Rate> {
        let per_minute = self.per_minute?;
        let rising = per_minute > 0.0;
        [(per_minute.abs(), RatePer::Minute), (per_minute.abs() * 60.0, RatePer::Hour)]
            .into_iter()
            .find(|(amount, _)| {
                *amount >= 0.1 || (*amount >= 0.005 && matches!(self.unit, Unit::Other(_)))
            })
            .map(|(amount, per)| Rate { rising, amount, per })
    }

    /// The seconds until the limit is reached, if that is near enough to be told.
    pub fn foreseeable_limit(&self) -> Option<f64> {
        self.limit_in_seconds.filter(|seconds| *seconds <= FORESEEABLE)
    }

    /// True if it is a measured quantity that has a usual value.
    pub fn is_measured(&self) -> bool {
        let signal = self.signal.as_str();
        !TOLD_IN_WORDS.contains(&signal) && signal != "app.restarts"
    }
}

/// The kind of trouble, in words that need no knowledge of the machine.
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
    /// Tells the kind of trouble by what is measured and how it crossed its threshold.
    pub fn of(subject: &Subject, signal: &Signal, crossing: &Crossing) -> Self {
        let signal = signal.as_str();
        let begins = |prefix: &str| signal.starts_with(prefix);
        if matches!(crossing, Crossing::Silent { .. }) || begins("collector.") || begins("outside.")
        {
            Self::Silent
        } else if begins("endpoint.certificate") {
            Self::Certificate
        } else if begins("endpoint.up") || begins("endpoint.status") {
            Self::EndpointDown
        } else if begins("endpoint.") {
            Self::EndpointSlow
        } else if (begins("disk.") && !begins("disk.read_only")) || begins("droplet.disk") {
            Self::Disk
        } else if begins("managed_database.") || begins("redis.") {
            Self::Database
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
