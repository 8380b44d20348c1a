//! Pieces of every step: the mark, patterns, and one change after the other.

use std::borrow::Cow;

use regex::Regex;

/// Stands where a secret was.
pub const MARK: &str = "[secret]";

/// A pattern that cannot be wrong at run time: the tests compile all of them.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Goes on with the changed line, or with the same one where nothing was changed.
pub(super) fn step<'a>(line: Cow<'a, str>, change: impl Fn(&str) -> Cow<'_, str>) -> Cow<'a, str> {
    match change(&line) {
        Cow::Borrowed(_) => line,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}
