//! The text area of one message, and the version that its reader has in front of them. A version
//! that somebody else saves is told, and takes its place only when the reader wants to see it: what
//! is marked as sent or reviewed is what was read.

use commands::messages::AudienceMessage;
use domain::message::{MessageAudience, MessageStage, MessageVersion};
use leptos::{html, prelude::*};

use super::state::{State, Typed};

/// The saved version that a text goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Basis {
    pub version: Option<MessageVersion>,
    /// True if it was marked as sent, and the text is the next draft.
    pub is_sent: bool,
}

impl Basis {
    pub fn of(message: &AudienceMessage) -> Self {
        let version = message.saved.clone();
        let is_sent = version.as_ref().is_some_and(|version| message.is_sent(version.number));
        Self { version, is_sent }
    }

    pub fn number(&self) -> Option<u64> {
        self.version.as_ref().map(|version| version.number)
    }
}

/// A change since the reader's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Somebody saved another version.
    Saved(MessageVersion),
    /// The version was marked as sent, and there is a new draft.
    Sent,
    /// The version was redacted.
    Removed,
}

impl News {
    pub fn since(read: &Basis, newest: &Basis) -> Option<Self> {
        match &newest.version {
            Some(version) if read.number() < Some(version.number) => {
                Some(Self::Saved(version.clone()))
            }
            _ if newest.number() < read.number() => Some(Self::Removed),
            _ => (newest.is_sent && !read.is_sent).then_some(Self::Sent),
        }
    }
}

/// The way in which the text came into the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Goes on from the version that was read.
    Version,
    /// A save was refused, and what was typed still stands there.
    Refused,
    /// The browser put it back, after a reload or on the way back, or it was typed before the page
    /// was alive: its writer may not have read the version.
    Restored,
}

/// The text area, and the version that its reader has in front of them.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub typed: Typed,
    pub read: RwSignal<Basis>,
    pub origin: RwSignal<Origin>,
    pub stage: RwSignal<MessageStage>,
    pub node: NodeRef<html::Textarea>,
    /// The place that is typed where it is marked as sent.
    pub destination: RwSignal<String>,
}

impl Field {
    pub fn new(state: State, audience: MessageAudience, message: &AudienceMessage) -> Self {
        let was_refused = state.refused("save", audience).is_some();
        let marked = state.refused("sent", audience);
        let destination = marked.map(|refused| refused.destination).unwrap_or_default();
        let origin = if was_refused { Origin::Refused } else { Origin::Version };
        Self {
            typed: state.typed(audience),
            read: RwSignal::new(Basis::of(message)),
            origin: RwSignal::new(origin),
            stage: RwSignal::new(message.draft.stage),
            node: NodeRef::new(),
            destination: RwSignal::new(destination),
        }
    }

    /// Puts the newest text into the area.
    pub fn load(self, message: &AudienceMessage) {
        let text = message.text();
        if let Some(node) = self.node.get_untracked() {
            node.set_value(&text);
        }
        self.typed.base.set(text.clone());
        self.typed.text.set(text);
        self.read.set(Basis::of(message));
        self.origin.set(Origin::Version);
        self.stage.set(message.draft.stage);
    }

    /// Takes a text that stood in the area when the page came alive, and that was not rendered.
    #[cfg(any(all(test, feature = "ssr"), feature = "hydrate"))]
    pub fn restore(self, text: String) {
        let is_other = self.typed.base.with_untracked(|base| *base != text);
        let may_be_unread = self.read.with_untracked(|read| read.version.is_some());
        self.typed.text.set(text);
        self.origin.set(if is_other && may_be_unread { Origin::Restored } else { Origin::Version });
    }

    /// Puts a newer draft into the area, unless a person typed there or is about to. Redacted words
    /// do not stay. Another version waits until the reader wants to see it.
    #[cfg(any(all(test, feature = "ssr"), feature = "hydrate"))]
    pub fn offer(self, message: &AudienceMessage, has_focus: bool) {
        let news = self.read.with_untracked(|read| News::since(read, &Basis::of(message)));
        let may_follow = match news {
            Some(News::Saved(_) | News::Sent) => false,
            Some(News::Removed) => true,
            None => !has_focus,
        };
        if may_follow && !untrack(|| self.typed.is_unsaved()) {
            self.load(message);
        }
    }

    /// Keeps the area in step with the journal.
    #[cfg(feature = "hydrate")]
    pub fn follow(self, message: Memo<Option<AudienceMessage>>) {
        Effect::new(move |has_begun: Option<bool>| {
            let Some(node) = self.node.get() else { return false };
            let value = node.value();
            if self.typed.text.with_untracked(|text| *text != value) {
                if has_begun == Some(true) {
                    self.typed.text.set(value);
                } else {
                    self.restore(value);
                }
            }
            let has_focus = document().active_element().is_some_and(|active| active == **node);
            if let Some(message) = message.get() {
                self.offer(&message, has_focus);
            }
            true
        });
    }
}
