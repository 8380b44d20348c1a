//! Templates of messages to customers: `ops/reports/messages/`, one document for each audience, read
//! into types. A template holds sentences and facts from a closed list: there is none for a cause,
//! and words that promise something or name a cause are refused.

mod fact;
mod read;
mod refused;
mod template;
#[cfg(test)]
mod tests;

pub use fact::MessageFact;
pub use template::{MessagePiece, MessageSentence, StageTemplate};

use domain::{
    message::{MessageAudience, MessageStage},
    signals::Signals,
};

use crate::diagnostic::Diagnostic;

/// The path of an audience's document inside the documents' directory.
pub const fn message_document(audience: MessageAudience) -> &'static str {
    match audience {
        MessageAudience::Affected => "reports/messages/affected.md",
        MessageAudience::All => "reports/messages/all.md",
        MessageAudience::Internal => "reports/messages/internal.md",
    }
}

/// The templates of the messages to one audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageTemplate {
    audience: MessageAudience,
    first: StageTemplate,
    update: StageTemplate,
    resolved: StageTemplate,
}

impl MessageTemplate {
    /// Reads the document of an audience. `file` is how errors name it. All problems are told, in
    /// the order of their places.
    pub fn parse(
        audience: MessageAudience,
        file: &str,
        text: &str,
        signals: &Signals,
    ) -> Result<Self, Vec<Diagnostic>> {
        let [first, update, resolved] = read::read(audience, file, text, signals)?;
        Ok(Self { audience, first, update, resolved })
    }

    /// The readers of the messages.
    pub const fn audience(&self) -> MessageAudience {
        self.audience
    }

    /// The template of a stage.
    pub const fn stage(&self, stage: MessageStage) -> &StageTemplate {
        match stage {
            MessageStage::First => &self.first,
            MessageStage::Update => &self.update,
            MessageStage::Resolved => &self.resolved,
        }
    }
}
