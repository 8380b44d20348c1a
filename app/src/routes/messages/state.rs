//! State of the page, and a form of it that was refused.

use commands::messages::{AudienceMessage, MessagesPage};
use domain::message::MessageAudience;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// The route of the page, which also takes its forms.
#[cfg(feature = "ssr")]
pub(crate) const PATH: &str = "/ops/incidents/{id}/messages";

/// The address of the message to an audience.
pub(crate) fn address(incident: u32, audience: MessageAudience) -> String {
    format!("/ops/incidents/{incident}/messages?to={}", audience.as_str())
}

/// A form of the page that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMessage {
    /// The word of the form: `save`, `review` or `sent`.
    pub what: String,
    /// The word of the audience.
    pub audience: String,
    /// The text that was typed.
    pub text: String,
    /// The place that was typed.
    pub destination: String,
    /// The reason for the refusal.
    pub problem: Problem,
}

/// The page, and a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessagesView {
    /// The messages.
    pub page: MessagesPage,
    /// The form that was refused.
    pub refused: Option<RefusedMessage>,
}

/// State of the page, kept in step with the journal.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub page: RwSignal<MessagesPage>,
    pub refused: StoredValue<Option<RefusedMessage>>,
}

impl State {
    pub fn new(view: MessagesView) -> Self {
        let MessagesView { page, refused } = view;
        Self { page: RwSignal::new(page), refused: StoredValue::new(refused) }
    }

    /// The number of the incident.
    pub fn number(self) -> u32 {
        self.page.with_untracked(|page| page.incident.0)
    }

    /// Takes a page that was loaded again. An answer may be older than the last one, or of another
    /// incident.
    pub fn take(self, page: &MessagesPage) {
        let is_newer = |known: &MessagesPage| {
            known.incident == page.incident && known.cursor.number <= page.cursor.number
        };
        if self.page.try_with_untracked(is_newer) == Some(true) {
            self.page.set(page.clone());
        }
    }

    /// The message to an audience; follows the journal.
    pub fn message(self, audience: MessageAudience) -> Memo<Option<AudienceMessage>> {
        Memo::new(move |_| self.page.with(|page| page.to(audience).cloned()))
    }

    /// The form that was refused, if it was this one.
    pub fn refused(self, what: &str, audience: MessageAudience) -> Option<RefusedMessage> {
        self.refused.with_value(|refused| {
            refused.clone().filter(|one| one.what == what && one.audience == audience.as_str())
        })
    }
}
