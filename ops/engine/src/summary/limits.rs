//! Limits of a summary: how many of each are told, and how long a text may be.

/// The most facts that are told one by one.
pub(super) const MOST_FACTS: usize = 5;

/// The most facts of which it is told what is not known.
pub(super) const MOST_UNKNOWN: usize = 2;

/// The most runs that are told one by one: the latest.
pub(super) const MOST_RUNS: usize = 4;

/// The most limits of the agent that are told one by one.
pub(super) const MOST_LIMITS: usize = 4;

/// The most subjects that are named.
pub(super) const MOST_SUBJECTS: usize = 6;

/// The most commands that are named.
pub(super) const MOST_COMMANDS: usize = 3;

/// The longest text from a document, in characters.
pub(super) const LONGEST_TEXT: usize = 300;

/// The longest command id or section anchor, in characters.
pub(super) const LONGEST_ID: usize = 80;

/// The number as a summary holds it.
pub(super) fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
