use domain::{id::AccountId, journal::Entry};
use proptest::prelude::*;

use super::*;

const INCIDENT: IncidentNumber = IncidentNumber(7);
const TO: (MessageAudience, MessageStage) = (MessageAudience::All, MessageStage::First);

const fn person(id: u32) -> Actor {
    Actor::Account(AccountId(id))
}

/// A journal of one incident's messages, to which a test adds what is decided.
#[derive(Default)]
struct Journal(Vec<Entry>);

impl Journal {
    fn messages(&self) -> Messages {
        Messages::of(INCIDENT, &self.0)
    }

    fn all(&self) -> AudienceMessages {
        self.messages().to(MessageAudience::All).clone()
    }

    fn take(&mut self, actor: Actor, events: Vec<Event>) -> usize {
        let count = events.len();
        for event in events {
            let number = self.0.len() as u64 + 1;
            let at = Timestamp::from_secs(i64::try_from(number).unwrap());
            self.0.push(Entry { number, at, actor, event: Some(event) });
        }
        count
    }

    fn save(&mut self, by: u32, replaces: Option<u64>, text: &str) -> Result<usize, Error> {
        let events = save(INCIDENT, &self.messages(), TO, replaces, text, person(by))?;
        Ok(self.take(person(by), events))
    }

    fn review(&mut self, by: u32, read: ReadVersion) -> Result<usize, Error> {
        let events = review(INCIDENT, &self.messages(), TO.0, read, person(by))?;
        Ok(self.take(person(by), events))
    }

    fn mark(&mut self, by: u32, read: ReadVersion, destination: &str) -> Result<usize, Error> {
        let events = mark_sent(INCIDENT, &self.messages(), TO.0, read, destination)?;
        Ok(self.take(person(by), events))
    }

    /// The newest version, as a person reads it.
    fn read(&self) -> ReadVersion {
        let MessageVersion { number, binding, .. } = *self.all().last().unwrap();
        ReadVersion { number, binding }
    }
}

#[test]
fn a_save_over_a_version_that_was_not_read_is_refused_and_the_same_words_change_nothing() {
    let mut journal = Journal::default();
    assert_eq!(journal.save(1, None, "one\r\ntwo"), Ok(1));
    assert_eq!(journal.all().last().unwrap().text, "one\ntwo");
    // Pressed twice, or sent again after the connection was lost.
    assert_eq!(journal.save(1, None, "one\ntwo"), Ok(0));
    let changed = Err(Error::from(Conflict::MessageChanged));
    assert_eq!(journal.save(2, None, "three"), changed);
    assert_eq!(journal.save(2, Some(9), "three"), changed);
    assert_eq!(journal.save(2, Some(1), "three"), Ok(1));
    assert_eq!(journal.save(1, Some(1), "four"), changed);
    assert!(matches!(journal.save(1, Some(2), " "), Err(Error::InvalidField { .. })));
    assert!(matches!(
        journal.save(1, Some(2), &"x".repeat(4_001)),
        Err(Error::InvalidField { .. })
    ));
}

#[test]
fn a_review_is_by_somebody_else_and_for_the_words_that_were_read() {
    let mut journal = Journal::default();
    journal.save(1, None, "one").unwrap();
    let first = journal.read();
    assert_eq!(journal.review(1, first), Err(Conflict::MessageIsYours.into()));
    let other = ReadVersion { binding: Hash([7; 32]), ..first };
    assert_eq!(journal.review(2, other), Err(Conflict::MessageChanged.into()));
    assert_eq!(journal.review(2, first), Ok(1));
    assert_eq!(journal.review(2, first), Ok(0));
    journal.save(2, Some(first.number), "two").unwrap();
    assert_eq!(journal.review(3, first), Err(Conflict::MessageChanged.into()));
    assert!(journal.all().last().unwrap().reviews.is_empty());
}

#[test]
fn a_mark_says_which_version_and_where_and_what_was_sent_was_sent() {
    let mut journal = Journal::default();
    journal.save(1, None, "one").unwrap();
    let first = journal.read();
    journal.save(2, Some(first.number), "two").unwrap();
    assert_eq!(journal.mark(1, first, "  Help \n desk "), Ok(1));
    let known = journal.mark(1, first, "help desk");
    assert_eq!(known, Err(Conflict::MessageMarkedSent.into()));
    assert_eq!(journal.mark(1, first, "Mail"), Ok(1));
    for bad in ["", " ", "a\u{202e}b", &"x".repeat(LONGEST_DESTINATION + 1)] {
        assert!(matches!(journal.mark(1, first, bad), Err(Error::InvalidField { .. })), "{bad:?}");
    }
    let draft = Draft {
        audience: MessageAudience::All,
        stage: MessageStage::Update,
        subject: "s".into(),
        sentences: vec![sentence("A.", false), sentence("B.", false), sentence("C.", true)],
    };
    let page = AudienceMessage::new(draft, &journal.all(), (Vec::new(), 0));
    assert_eq!(page.sent[0].mark.destination, "Help desk");
    assert_eq!(page.sent[0].text.as_deref(), Some("one"));
    // The newer version was not sent: work goes on with it.
    assert_eq!(page.text(), "two");
    journal.mark(2, journal.read(), "Mail").unwrap();
    let page = AudienceMessage::new(page.draft, &journal.all(), (Vec::new(), 0));
    assert_eq!(page.text(), "A. B.\n\nC.");
}

fn sentence(text: &str, begins_paragraph: bool) -> DraftSentence {
    DraftSentence { text: text.into(), entries: Vec::new(), begins_paragraph }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(64)))]

    /// Whatever people press: nobody's words are replaced by somebody who has not read them, and no
    /// review is by the author or for other words.
    #[test]
    fn no_version_is_lost_and_no_review_is_for_other_words(
        steps in prop::collection::vec((0..3_u8, 1..4_u32, 0..4_u64, 0..3_usize), 0..40),
    ) {
        let mut journal = Journal::default();
        for (what, by, version, word) in steps {
            let text = ["a", "b", "c"][word];
            let before = journal.all();
            let known = before.version(version);
            let read = known.map(|one| ReadVersion { number: one.number, binding: one.binding });
            match (what, read) {
                (0, _) => {
                    let replaces = (version > 0).then_some(version);
                    if journal.save(by, replaces, text) == Ok(1) {
                        prop_assert_eq!(before.last().map(|last| last.number), replaces);
                    }
                }
                (1, Some(read)) => _ = journal.review(by, read),
                (_, Some(read)) => _ = journal.mark(by, read, text),
                (_, None) => {}
            }
            let after = journal.all();
            prop_assert!(after.versions.len() >= before.versions.len());
            for version in &after.versions {
                prop_assert!(version.reviews.iter().all(|review| review.by != version.by));
            }
            prop_assert!(after.sent.iter().all(|one| after.version(one.version).is_some()));
        }
    }
}
