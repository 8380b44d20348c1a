//! Words around messages to customers: readers, stages, and sentences about them.

use commands::messages::MessagesPage;
use domain::message::{MessageAudience, MessageStage};

/// The readers inside a sentence: `affected organizations`.
pub const fn readers(audience: MessageAudience) -> &'static str {
    match audience {
        MessageAudience::Affected => "affected organizations",
        MessageAudience::All => "all customers",
        MessageAudience::Internal => "colleagues",
    }
}

/// The readers as a label.
pub const fn label(audience: MessageAudience) -> &'static str {
    match audience {
        MessageAudience::Affected => "Affected organizations",
        MessageAudience::All => "All customers",
        MessageAudience::Internal => "Colleagues",
    }
}

/// The readers as a label among others, where three have to fit on a phone.
pub const fn short_label(audience: MessageAudience) -> &'static str {
    match audience {
        MessageAudience::Affected => "Affected",
        MessageAudience::All | MessageAudience::Internal => label(audience),
    }
}

/// A stage as a label.
pub const fn stage(stage: MessageStage) -> &'static str {
    match stage {
        MessageStage::First => "First notice",
        MessageStage::Update => "Update",
        MessageStage::Resolved => "Resolved",
    }
}

/// Tells that a person sends messages, and not Calm Ops.
pub const CANT_SEND: &str =
    "Calm Ops can't send this. Copy it to where you write to your customers.";

/// The first sentence: who was told so far.
pub fn lead(page: &MessagesPage) -> String {
    let told: Vec<String> = page
        .messages
        .iter()
        .filter(|one| !one.sent.is_empty())
        .map(|one| readers(one.draft.audience).to_owned())
        .collect();
    let saved = page.messages.iter().filter(|one| one.saved.is_some()).count();
    match (told.as_slice(), saved) {
        ([], 0) => "No message is saved or marked as sent yet. These are drafts.".to_owned(),
        ([], 1) => "1 message is saved, and none is marked as sent yet.".to_owned(),
        ([], saved) => format!("{saved} messages are saved, and none is marked as sent yet."),
        (told, _) => format!("Marked as sent: to {}.", crate::humanize::list(told)),
    }
}

/// Tells that a saved message was written for another stage than the one of now.
pub fn other_stage(saved: MessageStage, now: MessageStage) -> Option<String> {
    let now = match (saved, now) {
        _ if saved == now => return None,
        (_, MessageStage::Resolved) => "the incident is resolved",
        (MessageStage::Resolved, _) => "the incident was reopened",
        (_, MessageStage::First) => "no message was sent yet",
        (_, MessageStage::Update) => "a message was sent since",
    };
    Some(format!("This was saved as \u{201c}{}\u{201d}; {now}.", stage(saved)))
}

/// Tells that a text is to be saved before its saved version is used.
pub const SAVE_FIRST: &str = "Save your changes first.";

/// Tells that the text to other readers is to be saved first.
pub fn other_unsaved(audience: MessageAudience) -> String {
    format!("Save or discard your changes to the message to {} first.", readers(audience))
}

/// Tells of further facts.
pub fn more_facts(count: usize) -> String {
    if count == 1 { "And 1 more.".to_owned() } else { format!("And {count} more.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reopened_incident_is_no_message_that_was_sent() {
        use MessageStage::{First, Resolved, Update};
        for (saved, now, told) in [
            (Resolved, First, "the incident was reopened."),
            (Resolved, Update, "the incident was reopened."),
            (First, Update, "a message was sent since."),
            (Update, First, "no message was sent yet."),
            (Update, Resolved, "the incident is resolved."),
        ] {
            let sentence = other_stage(saved, now).unwrap();
            assert!(sentence.ends_with(told), "{saved:?}, {now:?}: {sentence}");
        }
        assert_eq!(other_stage(Update, Update), None);
    }

    #[test]
    fn the_text_to_other_readers_is_named() {
        assert_eq!(
            other_unsaved(MessageAudience::Internal),
            "Save or discard your changes to the message to colleagues first."
        );
    }
}
