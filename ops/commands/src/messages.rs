//! Messages to customers as people draft them: what may be saved, reviewed and marked as sent, and
//! the page of an incident's messages. Nothing here sends anything, and nothing that sends reads it.

use domain::{
    actor::{Actor, Names},
    error::{Conflict, Error, FieldReason},
    hash::Hash,
    id::{AccountId, IncidentNumber},
    input::{checked, unreadable},
    journal::{Cursor, Event},
    message::{
        AudienceMessages, MessageAudience, MessageSent, MessageStage, MessageVersion, Messages,
    },
    text::{folded, plain},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest text of where a message was sent, in characters.
pub const LONGEST_DESTINATION: usize = 120;

/// One version of a message, as a person read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadVersion {
    /// Its number.
    pub number: u64,
    /// The hash of exactly that message.
    pub binding: Hash,
}

impl ReadVersion {
    /// The version, if it is still there and says what was read.
    fn find(self, messages: &AudienceMessages) -> Result<&MessageVersion, Error> {
        let known = messages.version(self.number).filter(|one| one.binding == self.binding);
        known.ok_or_else(|| Conflict::MessageChanged.into())
    }
}

/// Saves a message. `replaces` is the newest version that its writer has read; the same words once
/// more change nothing.
pub fn save(
    incident: IncidentNumber,
    messages: &Messages,
    to: (MessageAudience, MessageStage),
    replaces: Option<u64>,
    text: &str,
    actor: Actor,
) -> Result<Vec<Event>, Error> {
    let (audience, stage) = to;
    let text = checked("text", text, true)?.unwrap_or_default();
    let last = messages.to(audience).last();
    if last.is_some_and(|last| last.text == text && last.stage == stage && last.by == actor) {
        return Ok(Vec::new());
    }
    if !messages.to(audience).may_replace(replaces) {
        return Err(Conflict::MessageChanged.into());
    }
    Ok(vec![Event::MessageDraftSaved { incident, audience, stage, text }])
}

/// Notes that a person has read the newest version and found it good. The same person once more
/// changes nothing.
pub fn review(
    incident: IncidentNumber,
    messages: &Messages,
    audience: MessageAudience,
    read: ReadVersion,
    actor: Actor,
) -> Result<Vec<Event>, Error> {
    let messages = messages.to(audience);
    let version = read.find(messages)?;
    if messages.last().map(|last| last.number) != Some(version.number) {
        return Err(Conflict::MessageChanged.into());
    }
    if version.by == actor {
        return Err(Conflict::MessageIsYours.into());
    }
    if version.reviews.iter().any(|review| review.by == actor) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::MessageDraftReviewed { incident, audience, version: version.number }])
}

/// Marks a version as sent. It may be an older one: what was sent was sent, whatever somebody else
/// has saved since.
pub fn mark_sent(
    incident: IncidentNumber,
    messages: &Messages,
    audience: MessageAudience,
    read: ReadVersion,
    destination: &str,
) -> Result<Vec<Event>, Error> {
    let destination = checked_destination(destination)?;
    let messages = messages.to(audience);
    let MessageVersion { number: version, stage, .. } = *read.find(messages)?;
    let is_known = |one: &MessageSent| {
        one.version == version && folded(&one.destination) == folded(&destination)
    };
    if messages.sent.iter().any(is_known) {
        return Err(Conflict::MessageMarkedSent.into());
    }
    Ok(vec![Event::MessageMarkedSent { incident, audience, stage, version, destination }])
}

/// The place to which a message was sent, as it is kept: one line.
fn checked_destination(text: &str) -> Result<String, Error> {
    let text = plain(text);
    let length = text.chars().count();
    let reason = if text.is_empty() {
        FieldReason::Empty
    } else if length > LONGEST_DESTINATION {
        FieldReason::TooLong { most: LONGEST_DESTINATION, length }
    } else if let Some(reason) = unreadable(&text) {
        reason
    } else {
        return Ok(text);
    };
    Err(Error::invalid("destination", reason))
}

/// A sentence of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DraftSentence {
    /// The sentence.
    pub text: String,
    /// The numbers of the journal's entries that it follows from; none where it states no fact.
    pub entries: Vec<u64>,
    /// True if a new paragraph begins with it.
    pub begins_paragraph: bool,
}

/// A message made of facts, for a person to edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Draft {
    /// Its readers.
    pub audience: MessageAudience,
    /// Its stage.
    pub stage: MessageStage,
    /// A subject line, for a mail.
    pub subject: String,
    /// Its sentences. One whose fact is not known is left out.
    pub sentences: Vec<DraftSentence>,
}

impl Draft {
    /// Its text: a paragraph is one line, with an empty line between two.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for sentence in &self.sentences {
            if !text.is_empty() {
                text.push_str(if sentence.begins_paragraph { "\n\n" } else { " " });
            }
            text.push_str(&sentence.text);
        }
        text
    }
}

/// Something that happened after a message was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewFact {
    /// The number of its entry.
    pub number: u64,
    /// The time of its entry.
    pub at: Timestamp,
    /// The entry in a sentence, for the team.
    pub sentence: String,
}

/// A mark that a message was sent, with what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SentMessage {
    /// The mark.
    #[serde(flatten)]
    pub mark: MessageSent,
    /// The text that was sent; `None` where it was redacted.
    pub text: Option<String>,
}

/// The message to one audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AudienceMessage {
    /// The draft, made of what is known now.
    pub draft: Draft,
    /// The newest version that a person saved. It is never changed by anything else.
    pub saved: Option<MessageVersion>,
    /// Facts that are newer than that version, oldest first; the newest ones.
    pub since_saved: Vec<NewFact>,
    /// Facts that are newer as well and not listed.
    pub more_since_saved: usize,
    /// Marks that a version was sent, oldest first.
    pub sent: Vec<SentMessage>,
}

impl AudienceMessage {
    /// Puts together what is known of the messages to an audience.
    pub fn new(draft: Draft, messages: &AudienceMessages, since: (Vec<NewFact>, usize)) -> Self {
        let (since_saved, more_since_saved) = since;
        let sent = messages.sent.iter().map(|mark| {
            let text = messages.version(mark.version).map(|version| version.text.clone());
            SentMessage { mark: mark.clone(), text }
        });
        let (saved, sent) = (messages.last().cloned(), sent.collect());
        Self { draft, saved, since_saved, more_since_saved, sent }
    }

    /// The text that a person goes on with: the saved one, as long as it was not sent, else the
    /// draft.
    pub fn text(&self) -> String {
        match &self.saved {
            Some(saved) if !self.is_sent(saved.number) => saved.text.clone(),
            _ => self.draft.text(),
        }
    }

    /// True if this version was marked as sent.
    pub fn is_sent(&self, version: u64) -> bool {
        self.sent.iter().any(|one| one.mark.version == version)
    }
}

/// The messages about an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MessagesPage {
    /// The journal position at which it was read.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// The time of the drafts.
    pub checked_at: Timestamp,
    /// The incident.
    pub incident: IncidentNumber,
    /// Its headline, for the team.
    pub headline: String,
    /// True if it is resolved.
    pub is_resolved: bool,
    /// A message for each audience, in the order of [`MessageAudience::ALL`].
    pub messages: Vec<AudienceMessage>,
    /// Names of those who saved, reviewed and marked.
    pub names: Names,
    /// The account of the reader, if it is a person who signed in.
    pub reader: Option<AccountId>,
    /// True if the reader may save, review and mark.
    pub may_write: bool,
}

impl MessagesPage {
    /// The message to an audience.
    pub fn to(&self, audience: MessageAudience) -> Option<&AudienceMessage> {
        self.messages.iter().find(|one| one.draft.audience == audience)
    }
}

#[cfg(test)]
mod tests;
