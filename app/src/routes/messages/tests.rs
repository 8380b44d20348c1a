//! The message to one audience as the server renders it.

use commands::messages::{
    AudienceMessage, Draft, DraftSentence, MessagesPage, NewFact, SentMessage,
};
use domain::{
    actor::{Actor, Names},
    id::{AccountId, IncidentNumber},
    journal::Cursor,
    message::{
        MessageAudience, MessageReview, MessageSent, MessageStage, MessageVersion, message_binding,
    },
};
use leptos::prelude::*;

use super::{
    form::Message,
    state::{MessagesView, RefusedMessage, State},
};
use crate::{problem::Problem, sample::at};

const INCIDENT: IncidentNumber = IncidentNumber(7);
const AUDIENCE: MessageAudience = MessageAudience::All;
const HOSTILE: &str = "</textarea><script>alert(1)</script>";

const fn person(id: u32) -> Actor {
    Actor::Account(AccountId(id))
}

fn saved(by: u32, text: &str) -> MessageVersion {
    let stage = MessageStage::First;
    MessageVersion {
        number: 9,
        at: at(60),
        by: person(by),
        stage,
        text: text.to_owned(),
        binding: message_binding(INCIDENT, AUDIENCE, stage, text),
        reviews: Vec::new(),
    }
}

/// The page with one message, as a responder with the account 1 reads it.
fn page(saved: Option<MessageVersion>) -> MessagesPage {
    let sentence = DraftSentence {
        text: format!("It began. {HOSTILE}"),
        entries: vec![3],
        begins_paragraph: true,
    };
    let draft = Draft {
        audience: AUDIENCE,
        stage: MessageStage::First,
        subject: "Example: a problem".into(),
        sentences: vec![sentence],
    };
    let (since_saved, sent) = (Vec::new(), Vec::new());
    let message = AudienceMessage { draft, saved, since_saved, more_since_saved: 0, sent };
    MessagesPage {
        cursor: Cursor { epoch: 1, number: 12 },
        checked_at: at(120),
        incident: INCIDENT,
        headline: "x".into(),
        is_resolved: false,
        messages: vec![message],
        names: Names::default(),
        reader: Some(AccountId(1)),
        may_write: true,
    }
}

fn html(page: MessagesPage, refused: Option<RefusedMessage>) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        let state = State::new(MessagesView { page, refused });
        view! { <Message state audience=AUDIENCE/> }.to_html()
    });
    html.replace("<!>", "")
}

#[test]
fn a_draft_is_text_and_each_sentence_leads_to_its_entries() {
    let shown = html(page(None), None);
    assert!(!shown.contains("<script>"), "{shown}");
    assert!(shown.contains("It is not saved yet."), "{shown}");
    assert!(shown.contains("href=\"/ops/journal?before=4#entry-3\""), "{shown}");
    assert!(shown.contains("mailto:?subject=Example%3A%20a%20problem&amp;body="), "{shown}");
    assert!(shown.contains("name=\"replaces\" value=\"\""), "{shown}");
    for absent in ["Mark as sent", "Reviewed"] {
        assert!(!shown.contains(absent), "nothing is saved yet: {shown}");
    }
}

#[test]
fn the_author_can_not_review_and_who_may_not_write_gets_no_button() {
    let reviewed = |page: MessagesPage| html(page, None).contains("Reviewed: the saved version");
    assert!(!reviewed(page(Some(saved(1, "one")))));
    assert!(reviewed(page(Some(saved(2, "one")))));
    let mut done = saved(2, "one");
    done.reviews.push(MessageReview { by: person(1), at: at(90) });
    assert!(!reviewed(page(Some(done))));
    let mut reader = page(Some(saved(2, "one")));
    reader.may_write = false;
    let shown = html(reader, None);
    assert!(!shown.contains("type=\"submit\""), "{shown}");
    assert!(shown.contains("Responders, approvers and owners save"), "{shown}");
}

#[test]
fn a_refused_text_stays_beside_the_version_that_somebody_else_saved() {
    let refused = RefusedMessage {
        what: "save".into(),
        audience: AUDIENCE.as_str().into(),
        text: "mine".into(),
        destination: String::new(),
        problem: Problem {
            kind: domain::error::ErrorKind::Conflict,
            sentence: "Somebody else saved.".into(),
        },
    };
    let shown = html(page(Some(saved(2, "theirs"))), Some(refused));
    assert!(shown.contains(">mine</textarea>"), "{shown}");
    assert!(shown.contains("<p class=\"published\">theirs</p>"), "{shown}");
    assert!(shown.contains("name=\"replaces\" value=\"9\""), "{shown}");
}

#[test]
fn what_is_newer_than_the_saved_text_and_what_was_sent_are_told() {
    let mut now = page(Some(saved(1, "one")));
    let message = &mut now.messages[0];
    message.draft.stage = MessageStage::Resolved;
    message.since_saved =
        vec![NewFact { number: 11, at: at(100), sentence: "Ada resolved it.".into() }];
    message.more_since_saved = 2;
    let shown = html(now.clone(), None);
    for part in
        ["Since this was saved:", "Ada resolved it.", "And 2 more.", "the incident is resolved"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let mark = MessageSent {
        number: 10,
        at: at(80),
        by: person(1),
        version: 9,
        stage: MessageStage::First,
        destination: "Help <desk>".into(),
    };
    now.messages[0].sent.push(SentMessage { mark, text: Some("one".into()) });
    let shown = html(now, None);
    assert!(
        shown.contains("Help &lt;desk&gt;") && shown.contains("below is a new draft"),
        "{shown}"
    );
    assert!(!shown.contains("Since this was saved:"), "what was sent is over: {shown}");
}
