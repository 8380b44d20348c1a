//! Forms of the gate: their fields, and what came of them.

use app::gate::Said;
use domain::error::{Error, FieldReason};

/// The fields of a form, in their order.
pub(super) fn fields(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The value of a field; empty where there is none.
pub(super) fn field(fields: &[(String, String)], name: &str) -> String {
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}

/// What came of a form: a word for the address, or what is said at once.
pub(super) enum Outcome {
    Done(&'static str),
    Said(Said),
}

/// The error of a form that can't be read.
pub(super) fn unreadable() -> Error {
    Error::invalid("form", FieldReason::Unreadable)
}
