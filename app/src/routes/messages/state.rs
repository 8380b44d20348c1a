//! State of the page, and a form of it that was refused.

use commands::messages::{AudienceMessage, MessagesPage};
use domain::{actor::Names, message::MessageAudience};
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

impl RefusedMessage {
    /// True if it was this form.
    fn is_form(&self, what: &str, audience: MessageAudience) -> bool {
        self.what == what && self.audience == audience.as_str()
    }
}

/// The page, or what was typed where it can't be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MessagesAnswer {
    /// The page.
    Page(Box<MessagesView>),
    /// The page can't be shown, and a form of it was refused: what was typed is kept.
    Kept {
        /// The number of the incident, as it stands in the address.
        id: String,
        /// The reason why the page can't be shown.
        problem: Problem,
        /// The form.
        refused: Box<RefusedMessage>,
    },
}

impl MessagesAnswer {
    /// The page, where it can be shown.
    pub(super) fn page(&self) -> Option<&MessagesPage> {
        match self {
            Self::Page(view) => Some(&view.page),
            Self::Kept { .. } => None,
        }
    }
}

/// The page, and a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessagesView {
    /// The messages.
    pub page: MessagesPage,
    /// The form that was refused.
    pub refused: Option<RefusedMessage>,
}

/// The text to one audience.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    pub audience: MessageAudience,
    /// The text as it is typed.
    pub text: RwSignal<String>,
    /// The text that stood there before anybody typed: the draft, or the saved version.
    pub base: RwSignal<String>,
}

impl Typed {
    fn new(
        audience: MessageAudience,
        page: &MessagesPage,
        refused: Option<&RefusedMessage>,
    ) -> Self {
        let base = page.to(audience).map(AudienceMessage::text).unwrap_or_default();
        let refused = refused.filter(|refused| refused.is_form("save", audience));
        let text = refused.map_or_else(|| base.clone(), |refused| refused.text.clone());
        Self { audience, text: RwSignal::new(text), base: RwSignal::new(base) }
    }

    /// True if a new document would lose what was typed.
    pub fn is_unsaved(self) -> bool {
        self.text.with(|text| self.base.with(|base| text != base))
    }
}

/// State of the page, kept in step with the journal.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub page: RwSignal<MessagesPage>,
    pub refused: StoredValue<Option<RefusedMessage>>,
    /// The texts, in the order of [`MessageAudience::ALL`].
    texts: [Typed; MessageAudience::ALL.len()],
}

impl State {
    pub fn new(view: MessagesView) -> Self {
        let MessagesView { page, refused } = view;
        let texts =
            MessageAudience::ALL.map(|audience| Typed::new(audience, &page, refused.as_ref()));
        Self { page: RwSignal::new(page), refused: StoredValue::new(refused), texts }
    }

    /// The number of the incident.
    pub fn number(self) -> u32 {
        self.page.with_untracked(|page| page.incident.0)
    }

    /// The same, of a page that may be gone.
    #[cfg(feature = "hydrate")]
    pub fn try_number(self) -> Option<u32> {
        self.page.try_with_untracked(|page| page.incident.0)
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

    /// Names of people; not every entry of the journal changes them.
    pub fn names(self) -> Memo<Names> {
        Memo::new(move |_| self.page.with(|page| page.names.clone()))
    }

    /// The text to an audience.
    pub fn typed(self, audience: MessageAudience) -> Typed {
        let [affected, all, internal] = self.texts;
        match audience {
            MessageAudience::Affected => affected,
            MessageAudience::All => all,
            MessageAudience::Internal => internal,
        }
    }

    /// Another audience whose text is not saved. A form loads a new document, which would lose it.
    pub fn unsaved_elsewhere(self, audience: MessageAudience) -> Option<MessageAudience> {
        let is_other = |typed: &&Typed| typed.audience != audience && typed.is_unsaved();
        self.texts.iter().find(is_other).map(|typed| typed.audience)
    }

    /// The form that was refused, if it was this one.
    pub fn refused(self, what: &str, audience: MessageAudience) -> Option<RefusedMessage> {
        self.refused.with_value(|refused| refused.clone().filter(|one| one.is_form(what, audience)))
    }
}
