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
    field::{Basis, Field, News, Origin},
    form::{Message, panel},
    panel::Panel,
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

/// A text that was refused.
fn refused(text: &str) -> RefusedMessage {
    RefusedMessage {
        what: "save".into(),
        audience: AUDIENCE.as_str().into(),
        text: text.into(),
        destination: String::new(),
        problem: Problem {
            kind: domain::error::ErrorKind::Conflict,
            sentence: "Somebody else saved.".into(),
        },
    }
}

#[test]
fn a_refused_text_stays_beside_the_version_that_somebody_else_saved() {
    let shown = html(page(Some(saved(2, "theirs"))), Some(refused("mine")));
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

/// The number and the text of a later version.
fn newer(by: u32, text: &str) -> MessageVersion {
    MessageVersion { number: 11, ..saved(by, text) }
}

/// The panel after something happened to its page and its text area.
fn after(first: MessagesPage, happen: impl FnOnce(Panel)) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        let message = first.messages[0].clone();
        let state = State::new(MessagesView { page: first, refused: None });
        let shown = Panel::new(state, AUDIENCE, Field::new(state, AUDIENCE, &message));
        let view = panel(shown);
        happen(shown);
        view.to_html()
    });
    html.replace("<!>", "")
}

/// The opening tag of the button that says this.
fn button<'a>(html: &'a str, label: &str) -> &'a str {
    let (before, _) = html.split_once(&format!("{label}</button>")).expect("a button");
    let (_, tag) = before.rsplit_once("<button").expect("its opening tag");
    tag
}

/// The live page with another version, and the text area as it follows.
fn takes(panel: Panel, page: &MessagesPage, has_focus: bool) {
    panel.state.take(page);
    panel.field.offer(&page.messages[0], has_focus);
}

#[test]
fn what_is_marked_and_reviewed_is_the_version_that_was_read() {
    let read = saved(2, "one");
    let binding = read.binding.to_string();
    let update = page(Some(newer(3, "two")));
    let shown = after(page(Some(read.clone())), |panel| takes(panel, &update, false));
    assert_eq!(shown.matches("name=\"version\" value=\"9\"").count(), 2, "{shown}");
    assert!(!shown.contains("name=\"version\" value=\"11\""), "{shown}");
    assert_eq!(shown.matches(&binding).count(), 2, "{shown}");
    assert!(shown.contains(" saved another version, "), "{shown}");
    assert!(shown.contains(">one</textarea>") && shown.contains(">two</p>"), "{shown}");
    assert!(shown.contains("name=\"replaces\" value=\"9\""), "{shown}");
    assert!(button(&shown, "Reviewed: the saved version is right").contains("disabled"), "{shown}");
    assert!(!button(&shown, "Mark as sent").contains("disabled"), "{shown}");
    assert!(!shown.contains("Download as text"), "the file is the other version: {shown}");
    // The reader wants to see it.
    let shown = after(page(Some(read)), |panel| {
        takes(panel, &update, false);
        panel.load();
    });
    assert_eq!(shown.matches("name=\"version\" value=\"11\"").count(), 2, "{shown}");
    assert!(!shown.contains("another version"), "{shown}");
    assert!(
        !button(&shown, "Reviewed: the saved version is right").contains("disabled"),
        "{shown}"
    );
}

#[test]
fn a_draft_follows_and_a_version_waits_and_a_redacted_one_goes() {
    let owner = Owner::new();
    owner.with(|| {
        let text = |first: MessagesPage, second: MessagesPage, has_focus: bool| {
            let message = first.to(AUDIENCE).cloned().unwrap();
            let state = State::new(MessagesView { page: first, refused: None });
            let field = Field::new(state, AUDIENCE, &message);
            field.offer(second.to(AUDIENCE).unwrap(), has_focus);
            field.typed.text.get_untracked()
        };
        let draft = page(None).messages[0].text();
        let mut other = page(None);
        other.messages[0].draft.sentences[0].text = "It goes on.".into();
        assert_eq!(text(page(None), other.clone(), false), "It goes on.");
        assert_eq!(text(page(None), other, true), draft, "who is about to type");
        assert_eq!(text(page(None), page(Some(saved(2, "one"))), false), draft);
        assert_eq!(text(page(Some(saved(2, "hunter2"))), page(None), true), draft);
        let basis = |version| Basis { version, is_sent: false };
        let read = basis(Some(saved(2, "one")));
        assert_eq!(News::since(&read, &read), None);
        let sent = Basis { is_sent: true, ..read.clone() };
        assert_eq!(News::since(&read, &sent), Some(News::Sent));
        assert_eq!(News::since(&read, &basis(None)), Some(News::Removed));
    });
}

#[test]
fn steps_about_the_saved_text_wait_until_the_typed_one_is_saved() {
    let shown = html(page(Some(saved(2, "theirs"))), Some(refused("mine")));
    assert!(shown.contains("Save your changes first."), "{shown}");
    for absent in ["Mark as sent", "Reviewed: ", "Download as text"] {
        assert!(!shown.contains(absent), "{absent} in {shown}");
    }
    let shown = after(page(Some(saved(2, "one"))), |panel| {
        panel.field.typed.text.set("one, and more".into());
    });
    assert!(shown.contains("Save your changes first."), "{shown}");
    assert!(!shown.contains("Mark as sent") && !shown.contains("Download as text"), "{shown}");
    assert!(!button(&shown, "Save").contains("disabled"), "{shown}");
}

#[test]
fn no_form_loses_what_was_typed_to_other_readers() {
    let shown = after(page(Some(saved(2, "one"))), |panel| {
        panel.state.typed(MessageAudience::Internal).text.set("typed".into());
    });
    let sentence = "Save or discard your changes to the message to colleagues first.";
    assert!(shown.contains(sentence), "{shown}");
    for label in ["Save", "Mark as sent", "Reviewed: the saved version is right"] {
        assert!(button(&shown, label).contains("disabled"), "{label} in {shown}");
    }
    assert!(shown.contains("readonly"), "one text at a time: {shown}");
    let owner = Owner::new();
    owner.with(|| {
        let state = State::new(MessagesView { page: page(None), refused: None });
        for audience in MessageAudience::ALL {
            assert_eq!(state.typed(audience).audience, audience);
        }
    });
}

#[test]
fn a_text_that_the_browser_put_back_replaces_no_version_unread() {
    let restored = |panel: Panel| panel.field.restore("old words".into());
    let shown = after(page(Some(saved(2, "theirs"))), restored);
    assert!(shown.contains("<p class=\"published\">theirs</p>"), "{shown}");
    assert!(shown.contains("Keep my text") && shown.contains("Discard my text"), "{shown}");
    assert!(button(&shown, "Save").contains("disabled"), "{shown}");
    let shown = after(page(Some(saved(2, "theirs"))), |panel| {
        restored(panel);
        panel.field.origin.set(Origin::Refused);
    });
    assert!(shown.contains("theirs</p>") && !shown.contains("Keep my text"), "{shown}");
    assert!(!button(&shown, "Save").contains("disabled"), "{shown}");
    // Nothing was saved that it could replace.
    assert!(!button(&after(page(None), restored), "Save").contains("disabled"));
}

#[test]
fn an_entry_that_changes_no_name_renders_none_again() {
    let owner = Owner::new();
    owner.with(|| {
        let state = State::new(MessagesView { page: page(None), refused: None });
        let (names, runs) = (state.names(), StoredValue::new(0));
        let rendered = Memo::new(move |_| {
            names.get();
            runs.update_value(|runs| *runs += 1);
        });
        rendered.get();
        state.page.update(|page| page.cursor.number += 1);
        rendered.get();
        assert_eq!(runs.get_value(), 1);
        state.page.update(|page| _ = page.names.0.insert(person(2), "Bo".into()));
        rendered.get();
        assert_eq!(runs.get_value(), 2);
    });
}
