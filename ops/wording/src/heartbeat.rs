//! Sentences about the heartbeat.

/// The monitor did not look since the last sign.
pub const STUCK: &str = "The monitor has not checked anything since the last one.";
/// The database does not accept writes.
pub const NO_WRITES: &str = "The database does not accept writes.";
/// The receiver is too slow.
pub const NO_ANSWER: &str = "It did not answer in time.";

/// Says that no sign of life goes out; `why` is a sentence.
pub fn failed(host: &str, why: &str) -> String {
    format!(
        "No heartbeat was sent to {host}, so the service that expects it will report Calm Ops as down. {why}"
    )
}
