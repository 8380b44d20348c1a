//! An event as it is sent.

use bytes::Bytes;
use serde::Serialize;

/// An event without an id.
pub(super) fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    Bytes::from(format!("data: {{\"event\":\"{name}\",\"data\":{data}}}\n\n"))
}
