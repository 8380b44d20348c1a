//! The sentence of a page that can't do what was asked. The sentence is the service's own; nothing
//! else is told.

use domain::error::ErrorKind;
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Address where a person signs in. What follows is the path to be led back to.
pub(crate) const SIGN_IN: &str = "/sign-in?to=";

/// The sentence about a request that is not valid.
const UNREADABLE: &str =
    "The request was not valid. Nothing was changed. Reload the page and try again.";

/// A problem, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind; it decides the page's status code.
    pub kind: ErrorKind,
    /// The sentence that a person reads.
    pub sentence: String,
}

impl Problem {
    /// A request that is not valid.
    #[cfg(feature = "ssr")]
    pub(crate) fn unreadable() -> Self {
        Self { kind: ErrorKind::Invalid, sentence: UNREADABLE.to_owned() }
    }

    /// True if signing in solves it.
    pub(crate) const fn asks_for_sign_in(&self) -> bool {
        matches!(self.kind, ErrorKind::SignIn | ErrorKind::SignInAgain)
    }
}

/// The status code of an error: the same for pages and for programs.
#[cfg(feature = "ssr")]
pub const fn status(kind: ErrorKind) -> http::StatusCode {
    use http::StatusCode;
    match kind {
        ErrorKind::SignIn | ErrorKind::SignInAgain => StatusCode::UNAUTHORIZED,
        ErrorKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                // The framework would call it a fault of the server.
                #[cfg(feature = "ssr")]
                if let Some(response) =
                    leptos::prelude::use_context::<leptos_axum::ResponseOptions>()
                {
                    response.set_status(status(ErrorKind::Invalid));
                }
                Self { kind: ErrorKind::Invalid, sentence: UNREADABLE.into() }
            }
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::Request(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Response(_) => Self {
                kind: ErrorKind::Unavailable,
                sentence: "Can't reach Calm Ops. Check your connection and try again.".into(),
            },
        }
    }
}

#[cfg(feature = "ssr")]
impl From<domain::error::Error> for Problem {
    fn from(error: domain::error::Error) -> Self {
        let mut sentence = wording::error::sentence(&error);
        if error.kind() == ErrorKind::Invalid {
            sentence.push_str(" Nothing was changed.");
        }
        Self { kind: error.kind(), sentence }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use domain::{error::Entity, id::IncidentNumber};

    use super::*;

    #[test]
    fn a_refusal_becomes_a_whole_sentence() {
        let problem =
            Problem::from(domain::error::Error::NotFound(Entity::Incident(IncidentNumber(42))));
        assert_eq!(
            problem,
            Problem { kind: ErrorKind::NotFound, sentence: "Incident 42 does not exist.".into() }
        );
    }

    #[test]
    fn a_text_that_is_refused_says_which_rule_it_breaks() {
        use commands::command::{Command, Comment};
        use domain::input::LONGEST_TEXT;
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
            "The text is empty; enter at least one word. Nothing was changed."
        );
        assert_eq!(
            said("\u{7}".into()),
            "The text contains the control character U+0007; use plain text. Nothing was changed."
        );
        assert_eq!(
            said("x".repeat(LONGEST_TEXT + 7)),
            "The text can have at most 4000 characters; this has 4007. Nothing was changed."
        );
    }
}
