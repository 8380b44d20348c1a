//! Checks of fields that several channels have.

use std::borrow::Cow;

use domain::error::{Error, FieldReason};

use crate::collectors::http::ProbeUrl;

/// The longest web address, in characters.
pub const LONGEST_ADDRESS: u16 = 2_000;

/// The longest secret, in characters.
pub const LONGEST_SECRET: u16 = 500;

/// Builds the error of a field that is not of the form that is expected: a noun phrase.
pub fn wrong(field: &'static str, expected: impl Into<Cow<'static, str>>) -> Error {
    Error::invalid(field, FieldReason::Expected(expected.into()))
}

/// Checks a text without blanks.
pub fn plain(field: &'static str, text: &str, most: u16) -> Result<(), Error> {
    let fine = !text.is_empty()
        && text.chars().count() <= usize::from(most)
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if fine { Ok(()) } else { Err(wrong(field, format!("1 to {most} characters without spaces"))) }
}

/// Checks a secret that goes into a header, or is kept beside one that does.
pub fn secret(field: &'static str, text: &str) -> Result<(), Error> {
    plain(field, text, LONGEST_SECRET)?;
    if text.is_ascii() {
        Ok(())
    } else {
        Err(wrong(field, "ASCII letters, digits and punctuation"))
    }
}

/// Checks an address that is asked over HTTP. Whether its host may be asked is looked at when
/// something is sent.
pub fn web_address(field: &'static str, text: &str) -> Result<(), Error> {
    plain(field, text, LONGEST_ADDRESS)?;
    let checked = text.parse::<ProbeUrl>();
    checked
        .map(|_| ())
        .map_err(|error| Error::invalid(field, FieldReason::Unusable(error.to_string())))
}

/// The host of an address, without path, query and credentials.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_shown_without_what_lets_someone_in() {
        for (url, expected) in [
            ("https://hooks.example.com/services/hunter2?key=hunter2", "hooks.example.com"),
            ("https://user:hunter2@hooks.example.com/x", "hooks.example.com"),
            ("http://127.0.0.1:81", "127.0.0.1:81"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
