//! What a page says when it can't do what was asked. The sentence is the desk's own; nothing else is told.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Which kind of problem it is: it decides the page's status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The actor may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// Something that was written is wrong.
    Invalid,
    /// It does not fit how things stand.
    Conflict,
    /// The database, or Calm Ops itself, can't be reached.
    Unavailable,
}

impl Kind {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Forbidden, "forbidden"),
        (Self::NotFound, "not-found"),
        (Self::Invalid, "invalid"),
        (Self::Conflict, "conflict"),
        (Self::Unavailable, "unavailable"),
    ];

    /// The word that stands in an address after a form was sent without Wasm.
    pub fn code(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, code)| code)
    }

    /// The sentence for such a word. Whatever else stands in the address is not shown.
    pub fn sentence_of(code: &str) -> Option<&'static str> {
        let (kind, _) = Self::ALL.iter().find(|(_, known)| *known == code)?;
        Some(match kind {
            Self::Forbidden => "You may not do this. Nothing was changed.",
            Self::NotFound => "There is no such incident. Nothing was changed.",
            Self::Invalid => {
                "The text was empty, too long or held control characters. Nothing was changed. Write plain text, at most 4000 characters."
            }
            Self::Conflict => {
                "The incident has moved on meanwhile, so this does not fit it any more. Nothing was changed. The page shows it as it is now."
            }
            Self::Unavailable => "The database can't be reached. Look at the page again before you repeat this.",
        })
    }
}

/// A problem, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which kind.
    pub kind: Kind,
    /// What a person reads.
    pub sentence: String,
}

impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self {
                kind: Kind::Invalid,
                sentence: "What was sent could not be read. Nothing was changed. Reload the page and try again.".into(),
            },
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::Request(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Response(_) => {
                Self { kind: Kind::Unavailable, sentence: "Calm Ops could not be reached. Check the connection and try again.".into() }
            }
        }
    }
}

#[cfg(feature = "ssr")]
impl From<rules::desk::Refusal> for Problem {
    fn from(refusal: rules::desk::Refusal) -> Self {
        use rules::desk::Refusal;
        let kind = match refusal {
            Refusal::Forbidden { .. } => Kind::Forbidden,
            Refusal::NotFound { .. } => Kind::NotFound,
            Refusal::Invalid { .. } => Kind::Invalid,
            Refusal::Conflict { .. } => Kind::Conflict,
            Refusal::Unavailable { .. } => Kind::Unavailable,
        };
        let text = refusal.to_string();
        let mut letters = text.chars();
        let mut sentence: String = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
        if !sentence.ends_with(['.', '?']) {
            sentence.push('.');
        }
        Self { kind, sentence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_that_leads_to_its_sentence_and_nothing_else_does() {
        for (kind, code) in Kind::ALL {
            assert_eq!(kind.code(), code);
            assert!(Kind::sentence_of(code).is_some());
        }
        assert_eq!(Kind::sentence_of("<script>"), None);
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_refusal_becomes_a_whole_sentence() {
        let problem = Problem::from(rules::desk::Refusal::NotFound { what: "incident 42".into() });
        assert_eq!(problem, Problem { kind: Kind::NotFound, sentence: "There is no incident 42.".into() });
    }
}
