//! Sources of a draft, and a fact in words.

use domain::{
    incident::Incident,
    journal::Entry,
    message::{AudienceMessages, MessageStage},
    time::Timestamp,
};

/// Everything that a draft is made of.
#[derive(Clone, Copy, Debug)]
pub struct DraftSource<'a> {
    /// The incident as it is now.
    pub incident: &'a Incident,
    /// Its entries, in their order.
    pub entries: &'a [Entry],
    /// The messages to the readers so far.
    pub messages: &'a AudienceMessages,
    /// The name of the product, if one is configured.
    pub product: Option<&'a str>,
    /// The time of the draft.
    pub now: Timestamp,
}

/// A fact in words, with the entries that it follows from.
pub(super) struct Stated {
    pub text: String,
    pub entries: Vec<u64>,
}

/// True if a stage tells of what is over.
pub(super) const fn is_over(stage: MessageStage) -> bool {
    matches!(stage, MessageStage::Resolved)
}
