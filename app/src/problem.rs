//! What a page says when it can't do what was asked. The sentence is the service's own; nothing else
//! is told.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Address where a person signs in. What follows is the path to be led back to.
pub(crate) const SIGN_IN: &str = "/sign-in?to=";

/// Which kind of problem it is: it decides the page's status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nobody is signed in, or not lately enough.
    SignIn,
    /// Too many tries.
    Throttled,
    /// The caller may not.
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

/// What is wrong with what a person wrote: `The text is empty; write at least a word.`
#[cfg(feature = "ssr")]
fn refused_text(field: &str, problem: &str) -> String {
    let may = if problem.starts_with("at most") { " may have" } else { "" };
    format!("the {field}{may} {}. Nothing was changed.", problem.trim_end_matches('.'))
}

#[cfg(feature = "ssr")]
impl From<domain::error::Error> for Problem {
    fn from(refusal: domain::error::Error) -> Self {
        use domain::error::Error;
        let kind = match refusal {
            Error::SignIn | Error::SignInAgain => Kind::SignIn,
            Error::Throttled { .. } => Kind::Throttled,
            Error::Forbidden { .. } => Kind::Forbidden,
            Error::NotFound { .. } => Kind::NotFound,
            Error::Invalid { .. } => Kind::Invalid,
            Error::Conflict { .. } => Kind::Conflict,
            Error::Unavailable { .. } => Kind::Unavailable,
        };
        let text = match refusal {
            Error::Invalid { field, problem }
                if matches!(field.as_str(), "text" | "note" | "reason" | "label") =>
            {
                refused_text(&field, &problem)
            }
            refusal => refusal.to_string(),
        };
        let mut letters = text.chars();
        let mut sentence: String = letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
        if !sentence.ends_with(['.', '?']) {
            sentence.push('.');
        }
        Self { kind, sentence }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_becomes_a_whole_sentence() {
        let problem = Problem::from(domain::error::Error::NotFound { what: "incident 42".into() });
        assert_eq!(
            problem,
            Problem { kind: Kind::NotFound, sentence: "There is no incident 42.".into() }
        );
    }

    #[test]
    fn a_text_that_is_refused_says_which_rule_it_breaks() {
        use commands::command::{Command, Comment};
        use domain::text::LONGEST_TEXT;
        let said = |text: String| {
            let situation = commands::situation::Situation {
                actor: domain::actor::Actor::Local,
                now: domain::time::Timestamp::default(),
                others: &[],
                catalogue: None,
                role_since: None,
            };
            let command =
                Command::Comment(Comment { incident: domain::id::IncidentNumber(1), text });
            Problem::from(
                commands::decide::decide(&crate::sample::incident(), &command, situation)
                    .unwrap_err(),
            )
            .sentence
        };
        assert_eq!(
            said(String::new()),
            "The text is empty; write at least a word. Nothing was changed."
        );
        assert_eq!(
            said("\u{7}".into()),
            "The text holds the control character U+0007; write plain text. Nothing was changed."
        );
        assert_eq!(
            said("x".repeat(LONGEST_TEXT + 7)),
            "The text may have at most 4000 characters, this has 4007. Nothing was changed."
        );
    }
}
