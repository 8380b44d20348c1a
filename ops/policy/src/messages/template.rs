//! Contents of a template: sentences of words and facts.

use super::fact::MessageFact;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessagePiece {
    /// Words, as they stand in the document.
    Words(String),
    /// A fact of the incident.
    Fact(MessageFact),
}

/// A sentence of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSentence {
    /// Its pieces.
    pub pieces: Vec<MessagePiece>,
    /// True if a new paragraph begins with it.
    pub begins_paragraph: bool,
}

/// The template of one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageTemplate {
    /// The subject line. Its facts are always known.
    pub subject: Vec<MessagePiece>,
    /// Its sentences, in their order; at least one.
    pub sentences: Vec<MessageSentence>,
}
