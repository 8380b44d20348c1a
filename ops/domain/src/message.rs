//! Messages to customers about an incident, as people saved, reviewed and marked them. A projection
//! of the incident's own entries. Nothing sends a message: a person copies it to where it is written.

pub(crate) mod stage;

use serde::{Deserialize, Serialize};

pub use crate::message::stage::{MessageAudience, MessageStage, RedactedMessage, message_binding};
use crate::{
    actor::Actor,
    hash::Hash,
    id::IncidentNumber,
    journal::{Entry, EventGroup, JournalEvent, MessageEvent},
    time::Timestamp,
};

/// The destination of a mark whose words were redacted.
pub const REDACTED_DESTINATION: &str = "(redacted)";

/// A review of a message by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MessageReview {
    /// The person.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
}

/// A message as it was saved once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MessageVersion {
    /// The number of its entry.
    pub number: u64,
    /// The time at which it was saved.
    pub at: Timestamp,
    /// The person who saved it.
    pub by: Actor,
    /// The stage that it was written for.
    pub stage: MessageStage,
    /// Its text.
    pub text: String,
    /// The hash of exactly this message.
    pub binding: Hash,
    /// Reviews of exactly this message.
    pub reviews: Vec<MessageReview>,
}

/// A mark that a person set: a message was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MessageSent {
    /// The number of its entry.
    pub number: u64,
    /// The time of the mark.
    pub at: Timestamp,
    /// The person who set it.
    pub by: Actor,
    /// The version that was sent.
    pub version: u64,
    /// The stage of that version.
    pub stage: MessageStage,
    /// The place to which a person copied it, such as a help desk; [`REDACTED_DESTINATION`] where
    /// it was redacted.
    pub destination: String,
}

/// The messages to one audience.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudienceMessages {
    /// Versions, oldest first. One that was redacted is not among them.
    pub versions: Vec<MessageVersion>,
    /// Marks that a version was sent, oldest first.
    pub sent: Vec<MessageSent>,
    /// The newest version that was redacted.
    redacted: Option<u64>,
}

impl AudienceMessages {
    /// The newest version; `None` if it was redacted: an older one does not count again.
    pub fn last(&self) -> Option<&MessageVersion> {
        self.versions.last().filter(|last| self.redacted < Some(last.number))
    }

    /// True if a writer who has read this version, or none, may save the next one.
    pub fn may_replace(&self, read: Option<u64>) -> bool {
        match self.last() {
            Some(last) => read == Some(last.number),
            None => read.is_none() || read == self.redacted,
        }
    }

    /// A version by its number.
    pub fn version(&self, number: u64) -> Option<&MessageVersion> {
        self.versions.iter().find(|one| one.number == number)
    }

    /// The stage of the next message: a first notice until one was marked as sent.
    pub fn stage(&self, is_resolved: bool) -> MessageStage {
        match (is_resolved, self.sent.is_empty()) {
            (true, _) => MessageStage::Resolved,
            (false, true) => MessageStage::First,
            (false, false) => MessageStage::Update,
        }
    }
}

/// The messages about one incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    affected: AudienceMessages,
    all: AudienceMessages,
    internal: AudienceMessages,
}

impl Messages {
    /// The messages of an incident after entries, which come in their order; redactions of its
    /// messages are among them. Entries about others change nothing.
    pub fn of(incident: IncidentNumber, entries: &[Entry]) -> Self {
        let mut messages = Self::default();
        for entry in entries {
            match entry.event.as_ref().map(|one| one.group()) {
                Some(EventGroup::Message(event)) if event.incident() == incident => {
                    messages.take(entry, event);
                }
                Some(EventGroup::Journal(JournalEvent::Redacted {
                    entry: number,
                    message: Some(message),
                    ..
                })) if message.incident == incident => {
                    let redacted = entries.iter().find(|one| one.number == *number);
                    messages.redact(*number, *message, redacted);
                }
                _ => {}
            }
        }
        messages
    }

    /// The messages to an audience.
    pub const fn to(&self, audience: MessageAudience) -> &AudienceMessages {
        match audience {
            MessageAudience::Affected => &self.affected,
            MessageAudience::All => &self.all,
            MessageAudience::Internal => &self.internal,
        }
    }

    const fn to_mut(&mut self, audience: MessageAudience) -> &mut AudienceMessages {
        match audience {
            MessageAudience::Affected => &mut self.affected,
            MessageAudience::All => &mut self.all,
            MessageAudience::Internal => &mut self.internal,
        }
    }

    fn take(&mut self, entry: &Entry, event: MessageEvent<'_>) {
        let (number, at, by) = (entry.number, entry.at, entry.actor);
        match event {
            MessageEvent::MessageDraftSaved { incident, audience, stage, text } => {
                let binding = message_binding(*incident, *audience, *stage, text);
                let (stage, text, reviews) = (*stage, text.clone(), Vec::new());
                let version = MessageVersion { number, at, by, stage, text, binding, reviews };
                self.to_mut(*audience).versions.push(version);
            }
            MessageEvent::MessageDraftReviewed { audience, version, .. } => {
                let versions = &mut self.to_mut(*audience).versions;
                let is_meant = |one: &&mut MessageVersion| one.number == *version && one.by != by;
                if let Some(version) = versions.iter_mut().find(is_meant) {
                    version.reviews.push(MessageReview { by, at });
                }
            }
            MessageEvent::MessageMarkedSent { audience, stage, version, destination, .. } => {
                let (stage, version, destination) = (*stage, *version, destination.clone());
                let sent = MessageSent { number, at, by, version, stage, destination };
                self.to_mut(*audience).sent.push(sent);
            }
        }
    }

    /// Takes note of a redaction: that there was a version, or a mark, stays known.
    fn redact(&mut self, number: u64, message: RedactedMessage, entry: Option<&Entry>) {
        let RedactedMessage { audience, stage, version, .. } = message;
        let messages = self.to_mut(audience);
        let Some(version) = version else {
            messages.versions.retain(|one| one.number != number);
            messages.redacted = messages.redacted.max(Some(number));
            return;
        };
        let Some(Entry { at, actor, .. }) = entry else { return };
        let (at, by, destination) = (*at, *actor, REDACTED_DESTINATION.to_owned());
        messages.sent.retain(|one| one.number != number);
        messages.sent.push(MessageSent { number, at, by, version, stage, destination });
        messages.sent.sort_by_key(|one| one.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::AccountId, journal::Event};

    const INCIDENT: IncidentNumber = IncidentNumber(7);
    const AUDIENCE: MessageAudience = MessageAudience::Affected;

    fn entry(number: u64, by: u32, event: Event) -> Entry {
        let at = Timestamp::from_secs(i64::try_from(number).unwrap());
        Entry { number, at, actor: Actor::Account(AccountId(by)), event: Some(event) }
    }

    fn saved(number: u64, by: u32, text: &str) -> Entry {
        let (stage, text) = (MessageStage::First, text.to_owned());
        let event =
            Event::MessageDraftSaved { incident: INCIDENT, audience: AUDIENCE, stage, text };
        entry(number, by, event)
    }

    fn reviewed(number: u64, by: u32, version: u64) -> Entry {
        let (incident, audience) = (INCIDENT, AUDIENCE);
        entry(number, by, Event::MessageDraftReviewed { incident, audience, version })
    }

    /// The entry without its words, and the entry that tells so.
    fn redacted(of: &Entry, number: u64) -> [Entry; 2] {
        let message = of.event.as_ref().and_then(Event::redacted_message);
        let event = Event::Redacted {
            entry: of.number,
            reason: "a name".into(),
            message,
            step: None,
            window: None,
        };
        [Entry { event: None, ..*of }, entry(number, 1, event)]
    }

    fn sent(number: u64, version: u64) -> Entry {
        let event = Event::MessageMarkedSent {
            incident: INCIDENT,
            audience: AUDIENCE,
            stage: MessageStage::First,
            version,
            destination: "Help desk".into(),
        };
        entry(number, 1, event)
    }

    #[test]
    fn a_review_is_for_exactly_one_version_and_by_somebody_else() {
        let entries = [
            saved(1, 1, "a"),
            reviewed(2, 1, 1),
            reviewed(4, 2, 9),
            reviewed(5, 2, 1),
            saved(6, 2, "a"),
        ];
        let messages = Messages::of(INCIDENT, &entries);
        let to = messages.to(AUDIENCE);
        let reviews: Vec<usize> = to.versions.iter().map(|one| one.reviews.len()).collect();
        assert_eq!(reviews, [1, 0], "a new version of the same words has no review");
        assert_eq!(to.versions[0].reviews[0].by, Actor::Account(AccountId(2)));
        assert_eq!(messages.to(MessageAudience::All), &AudienceMessages::default());
    }

    #[test]
    fn the_stage_follows_from_what_was_sent_and_from_the_incident() {
        let unsent = Messages::of(INCIDENT, &[saved(1, 1, "a")]);
        assert_eq!(unsent.to(AUDIENCE).stage(false), MessageStage::First);
        let told = Messages::of(INCIDENT, &[saved(1, 1, "a"), sent(2, 1)]);
        assert_eq!(told.to(AUDIENCE).stage(false), MessageStage::Update);
        assert_eq!(told.to(AUDIENCE).stage(true), MessageStage::Resolved);
        assert_eq!(told.to(MessageAudience::All).stage(false), MessageStage::First);
    }

    #[test]
    fn a_redacted_text_is_gone_and_what_was_sent_stays_known() {
        let gone = Entry { event: None, ..saved(1, 1, "hunter2") };
        let messages = Messages::of(INCIDENT, &[gone, sent(2, 1)]);
        let to = messages.to(AUDIENCE);
        assert_eq!((to.last(), to.version(1)), (None, None));
        assert_eq!((to.sent[0].version, to.stage(false)), (1, MessageStage::Update));
    }

    #[test]
    fn a_superseded_version_does_not_count_again_when_the_newer_one_is_redacted() {
        let [gone, tells] = redacted(&saved(2, 1, "hunter2"), 4);
        let other = Event::MessageDraftSaved {
            incident: INCIDENT,
            audience: MessageAudience::All,
            stage: MessageStage::First,
            text: "b".into(),
        };
        let mut entries = vec![saved(1, 1, "a"), gone, entry(3, 1, other), tells];
        let messages = Messages::of(INCIDENT, &entries);
        let to = messages.to(AUDIENCE);
        assert_eq!(to.last(), None);
        assert!(to.version(1).is_some(), "it may have been sent");
        assert!(to.may_replace(Some(2)) && to.may_replace(None) && !to.may_replace(Some(1)));
        let of_others = messages.to(MessageAudience::All);
        assert_eq!(of_others.last().map(|one| one.number), Some(3), "other readers keep theirs");
        entries.push(saved(5, 2, "c"));
        let messages = Messages::of(INCIDENT, &entries);
        let to = messages.to(AUDIENCE);
        assert_eq!(to.last().map(|one| one.number), Some(5));
        assert!(to.may_replace(Some(5)) && !to.may_replace(Some(2)) && !to.may_replace(None));
    }

    #[test]
    fn a_mark_whose_destination_is_redacted_stays_a_mark() {
        let [gone, tells] = redacted(&sent(2, 1), 4);
        let messages = Messages::of(INCIDENT, &[saved(1, 1, "a"), gone, sent(3, 1), tells]);
        let to = messages.to(AUDIENCE);
        let told: Vec<(u64, &str)> =
            to.sent.iter().map(|one| (one.number, one.destination.as_str())).collect();
        assert_eq!(told, [(2, REDACTED_DESTINATION), (3, "Help desk")]);
        assert_eq!((to.sent[0].version, to.stage(false)), (1, MessageStage::Update));
    }

    #[test]
    fn other_incidents_and_other_parts_make_another_hash() {
        let of = |incident, audience, stage, text: &str| {
            message_binding(IncidentNumber(incident), audience, stage, text)
        };
        let all = [
            of(7, AUDIENCE, MessageStage::First, "a"),
            of(8, AUDIENCE, MessageStage::First, "a"),
            of(7, MessageAudience::All, MessageStage::First, "a"),
            of(7, AUDIENCE, MessageStage::Update, "a"),
            of(7, AUDIENCE, MessageStage::First, "a "),
        ];
        let texts: std::collections::BTreeSet<String> =
            all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), all.len());
        let other = Messages::of(IncidentNumber(8), &[saved(1, 1, "a")]);
        assert_eq!(other, Messages::default());
    }
}
