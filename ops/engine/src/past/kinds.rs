//! Kinds of problems of past incidents, and what people write about them.

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kind {
    /// The kind of subject.
    pub subject: &'static str,
    /// Its name on a host.
    pub name: &'static str,
    /// The signal.
    pub signal: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The level that it is above.
    pub level: f64,
    /// Its meaning.
    pub meaning: &'static str,
    /// The section of the runbook.
    pub runbook: &'static str,
}

const fn kind(
    (subject, name): (&'static str, &'static str),
    (signal, unit): (&'static str, &'static str),
    level: f64,
    meaning: &'static str,
    runbook: &'static str,
) -> Kind {
    Kind { subject, name, signal, unit, level, meaning, runbook }
}

/// All kinds.
pub(super) const KINDS: [Kind; 6] = [
    kind(("host", ""), ("host.memory.used", "%"), 85.0, "Memory is running out.", "memory"),
    kind(
        ("host", ""),
        ("host.cpu.used", "%"),
        90.0,
        "The processors are fully used.",
        "cpu-and-load",
    ),
    kind(("disk", "/var"), ("disk.used", "%"), 88.0, "A disk is nearly full.", "disk-full"),
    kind(("app", "api"), ("app.restarts", ""), 2.0, "A program keeps restarting.", "crash-loop"),
    kind(
        ("service", "imports"),
        ("queue.depth", "jobs"),
        1_000.0,
        "Work is piling up faster than it is done.",
        "queue",
    ),
    kind(
        ("service", "search"),
        ("endpoint.first_byte", "ms"),
        1_500.0,
        "An endpoint answers slowly.",
        "slow-endpoint",
    ),
];

/// Words of people.
pub(super) const NOTES: [&str; 8] = [
    "Restarted the worker by hand after the release",
    "A poisoned message blocked the importer; removed it from the queue",
    "The disk was full of old logs; rotated them",
    "Too many connections from the nightly report; stopped it",
    "The cache was cold after the move and is warm again",
    "A customer imported everything at once",
    "The provider had a fault and repaired it",
    "Nobody knows why; it went away while we looked",
];
