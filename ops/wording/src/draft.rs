//! Drafts of messages to customers: sentences of a template, filled with facts of an incident. A
//! sentence whose fact is not known is left out, and each one names the entries that it follows from.

mod fact;
mod since;
mod source;
#[cfg(test)]
mod tests;

pub use since::since_saved;
pub use source::DraftSource;

use commands::messages::{Draft, DraftSentence};
use domain::input::LONGEST_TEXT;
use policy::messages::{MessageFact, MessagePiece, MessageTemplate};

use source::Stated;

use crate::practice;

/// The most names, limits or problems in a sentence; the next bound where the draft would be too
/// long to be saved.
const MOST: [usize; 4] = [10, 5, 2, 1];

/// Composes the draft of a message. It can be saved as it is.
pub fn compose(template: &MessageTemplate, source: DraftSource<'_>) -> Draft {
    let mut drafts = MOST.into_iter().map(|most| compose_with(template, source, most));
    drafts
        .find(fits)
        .unwrap_or_else(|| shortened(compose_with(template, source, MOST[MOST.len() - 1])))
}

/// True if a draft can be saved.
fn fits(draft: &Draft) -> bool {
    draft.text().chars().count() <= LONGEST_TEXT
}

/// A draft without the sentences that do not fit.
fn shortened(mut draft: Draft) -> Draft {
    for sentence in std::mem::take(&mut draft.sentences) {
        draft.sentences.push(sentence);
        if !fits(&draft) {
            draft.sentences.pop();
        }
    }
    draft
}

/// Composes a draft with at most so many names, limits or problems in a sentence. One of a practice
/// says so first, in its subject and in its text, so that no copy of it is unmarked.
fn compose_with(template: &MessageTemplate, source: DraftSource<'_>, most: usize) -> Draft {
    let audience = template.audience();
    let stage = source.messages.stage(!source.incident.is_active());
    let parts = template.stage(stage);
    let states = |fact| fact::state(fact, audience, stage, source, most);
    let mut subject = fill(&parts.subject, states).map(|stated| stated.text).unwrap_or_default();
    let mut sentences: Vec<DraftSentence> = Vec::new();
    if source.incident.is_practice() {
        subject = format!("{} {subject}", practice::MARK);
        let entries = fact::opened(source.entries).into_iter().collect();
        let text = practice::NOTICE.to_owned();
        sentences.push(DraftSentence { text, entries, begins_paragraph: true });
    }
    // The paragraph goes on where the sentence that begins it is left out.
    let mut begins_paragraph = true;
    for sentence in &parts.sentences {
        begins_paragraph |= sentence.begins_paragraph;
        if let Some(Stated { text, entries }) = fill(&sentence.pieces, states) {
            sentences.push(DraftSentence { text, entries, begins_paragraph });
            begins_paragraph = false;
        }
    }
    Draft { audience, stage, subject, sentences }
}

/// A sentence with its facts; `None` if one of them is not known.
fn fill(pieces: &[MessagePiece], states: impl Fn(MessageFact) -> Option<Stated>) -> Option<Stated> {
    let mut filled = Stated { text: String::new(), entries: Vec::new() };
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            MessagePiece::Words(words) => filled.text.push_str(words),
            MessagePiece::Fact(fact) => {
                let Stated { text, entries } = states(*fact)?;
                let text = if index == 0 { capital(&text) } else { text };
                filled.text.push_str(&text);
                filled.entries.extend(entries);
            }
        }
    }
    filled.entries.sort_unstable();
    filled.entries.dedup();
    Some(filled)
}

/// A text with its first letter large, to begin a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
