//! The signals of a Redis.

use domain::signals::{SignalGroup, SignalInfo};

/// Kind of the subjects.
pub(super) const KIND: &str = "redis";

pub(super) const UP: &str = "redis.up";
pub(super) const MEMORY_USED: &str = "redis.memory.used";
pub(super) const MEMORY_SIZE: &str = "redis.memory.size";
pub(super) const EVICTIONS: &str = "redis.evictions";
pub(super) const CONNECTIONS: &str = "redis.connections";
pub(super) const REJECTED: &str = "redis.rejected";
pub(super) const LINKED: &str = "redis.replication.linked";
pub(super) const LAG: &str = "redis.replication.lag";
pub(super) const BEHIND: &str = "redis.replication.behind";

/// Signals of the collector.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["redis"],
    signals: &[
        SignalInfo::new(
            UP,
            "Availability",
            "yes/no",
            "Whether a Redis answers, and has loaded its data.",
        ),
        SignalInfo::new(
            MEMORY_USED,
            "Memory used",
            "%",
            "Used memory of a Redis, of its own limit (maxmemory); unknown without a limit.",
        ),
        SignalInfo::new(
            MEMORY_SIZE,
            "Memory size",
            "B",
            "Memory that a Redis has allocated, whether it has a limit or not.",
        ),
        SignalInfo::new(
            EVICTIONS,
            "Eviction rate",
            "keys/min",
            "Keys that a Redis deleted to stay within its memory limit.",
        ),
        SignalInfo::new(
            CONNECTIONS,
            "Connections used",
            "%",
            "Open connections to a Redis, of those that it allows (maxclients).",
        ),
        SignalInfo::new(
            REJECTED,
            "Rejection rate",
            "connections/min",
            "Connections that a Redis rejected because it allows no more.",
        ),
        SignalInfo::new(
            LINKED,
            "Primary connection",
            "yes/no",
            "Whether a replica is connected to its primary.",
        ),
        SignalInfo::new(
            LAG,
            "Replication lag",
            "s",
            "Time since a replica heard from its primary, or a primary from its slowest replica.",
        ),
        SignalInfo::new(
            BEHIND,
            "Unreplicated data",
            "B",
            "Changes that the slowest replica of a primary has not confirmed.",
        ),
    ],
};
