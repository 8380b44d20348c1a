//! One message as its panel shows it: the version in front of the reader, and what changed since.

use commands::messages::AudienceMessage;
use domain::{
    actor::Names,
    message::{MessageAudience, MessageVersion},
};
use leptos::prelude::*;

use super::{
    field::{Basis, Field, News},
    state::State,
};

/// The message to one audience, and what of it changed since it was read.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    pub state: State,
    pub audience: MessageAudience,
    pub field: Field,
    pub message: Memo<Option<AudienceMessage>>,
    pub names: Memo<Names>,
    /// The version in front of the reader, with its reviews of now.
    pub shown: Memo<Option<MessageVersion>>,
    pub news: Memo<Option<News>>,
    pub is_unsaved: Memo<bool>,
    /// Another audience whose text is to be saved first.
    pub waits_for: Memo<Option<MessageAudience>>,
}

impl Panel {
    pub fn new(state: State, audience: MessageAudience, field: Field) -> Self {
        let message = state.message(audience);
        let shown = Memo::new(move |_| {
            let read = field.read.get().version?;
            let newest = message.get().and_then(|message| message.saved);
            Some(newest.filter(|newest| newest.number == read.number).unwrap_or(read))
        });
        let news = Memo::new(move |_| {
            let newest = Basis::of(&message.get()?);
            field.read.with(|read| News::since(read, &newest))
        });
        Self {
            state,
            audience,
            field,
            message,
            names: state.names(),
            shown,
            news,
            is_unsaved: Memo::new(move |_| field.typed.is_unsaved()),
            waits_for: Memo::new(move |_| state.unsaved_elsewhere(audience)),
        }
    }

    /// Puts the newest text into the area.
    pub fn load(self) {
        if let Some(message) = self.message.get_untracked() {
            self.field.load(&message);
        }
    }
}
