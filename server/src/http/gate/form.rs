//! Forms of the gate: what came of them.

use app::gate::Said;
use domain::error::{Error, FieldReason};

/// What came of a form: a word for the address, or what is said at once.
pub(super) enum Outcome {
    Done(&'static str),
    Said(Said),
}

/// The error of a form that can't be read.
pub(super) fn unreadable() -> Error {
    Error::invalid("form", FieldReason::Unreadable)
}
