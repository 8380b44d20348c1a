//! Sentences about the heartbeat.

/// The monitor did not look since the last sign.
pub const STUCK: &str = "The monitor did not look at anything since the last one.";
/// The database takes no writes.
pub const NO_WRITES: &str = "The database takes no writes.";
/// The receiver is too slow.
pub const NO_ANSWER: &str = "It did not answer in time.";

/// Says that no sign of life goes out; `why` is a sentence.
pub fn failed(host: &str, why: &str) -> String {
    format!(
        "No heartbeat is sent to {host}: whoever waits for it there will think that Calm Ops is gone. {why}"
    )
}
