//! The message to one audience: its text, and what a person does with it.

use commands::messages::{AudienceMessage, LONGEST_DESTINATION, SentMessage};
use domain::{
    actor::{Actor, Names},
    hash::Hash,
    input::LONGEST_TEXT,
    message::{MessageAudience, MessageStage, MessageVersion},
};
use leptos::{html, prelude::*};
use wording::message;

use super::{
    facts,
    state::{State, address},
};
use crate::{
    address::percent_encode,
    components::{copy::Copy, form::field_text, time::At},
};

/// The text area, and the version that its text was written after.
#[derive(Clone, Copy)]
struct Field {
    /// The text as it is typed.
    text: RwSignal<String>,
    /// The text that stands there as long as nobody typed: the draft, or the saved version.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser is typed in"))]
    put: StoredValue<String>,
    /// True if a save was refused, and what was typed still stands there.
    was_refused: bool,
    /// The newest version that its writer has read.
    replaces: RwSignal<Option<u64>>,
    stage: RwSignal<MessageStage>,
    node: NodeRef<html::Textarea>,
    /// The place that is typed where it is marked as sent.
    destination: RwSignal<String>,
}

impl Field {
    fn new(state: State, audience: MessageAudience, message: &AudienceMessage) -> Self {
        let refused = state.refused("save", audience);
        let was_refused = refused.is_some();
        let text = refused.map_or_else(|| message.text(), |refused| refused.text);
        let marked = state.refused("sent", audience);
        let destination = marked.map(|refused| refused.destination).unwrap_or_default();
        Self {
            put: StoredValue::new(message.text()),
            was_refused,
            text: RwSignal::new(text),
            replaces: RwSignal::new(message.saved.as_ref().map(|saved| saved.number)),
            stage: RwSignal::new(message.draft.stage),
            node: NodeRef::new(),
            destination: RwSignal::new(destination),
        }
    }

    /// Puts a newer text into the area, unless a person typed there or is about to.
    #[cfg(feature = "hydrate")]
    fn follow(self, message: Memo<Option<AudienceMessage>>) {
        Effect::new(move |before: Option<()>| {
            let Some(node) = self.node.get() else { return };
            let typed = node.value();
            self.text.set(typed.clone());
            let Some(message) = message.get().filter(|_| before.is_some()) else { return };
            let has_focus = document().active_element().is_some_and(|active| active == **node);
            if typed != self.put.get_value() || has_focus {
                return;
            }
            let text = message.text();
            node.set_value(&text);
            self.put.set_value(text.clone());
            self.text.set(text);
            self.replaces.set(message.saved.as_ref().map(|saved| saved.number));
            self.stage.set(message.draft.stage);
        });
    }
}

/// The message to one audience. Each part follows what it shows and nothing else, so that open
/// details and typed text survive an update.
#[component]
pub(super) fn Message(state: State, audience: MessageAudience) -> AnyView {
    let message = state.message(audience);
    let Some(first) = message.get_untracked() else { return ().into_any() };
    let field = Field::new(state, audience, &first);
    #[cfg(feature = "hydrate")]
    field.follow(message);
    let may_write = state.page.with_untracked(|page| page.may_write);
    let id = audience.as_str();
    let draft = Memo::new(move |_| message.get().map(|one| one.draft));
    let subject = Memo::new(move |_| draft.get().map(|one| one.subject).unwrap_or_default());
    let stage = move || draft.with(|one| one.as_ref().map(|one| message::stage(one.stage)));
    let marks = Memo::new(move |_| message.get().map(|one| one.sent).unwrap_or_default());
    let saved = Memo::new(move |_| {
        let one = message.get()?;
        let is_sent = one.saved.as_ref().is_some_and(|saved| one.is_sent(saved.number));
        Some((one.saved?, is_sent))
    });
    let newer = Memo::new(move |_| {
        let (saved, is_sent) = saved.get()?;
        let is_other = field.text.with(|typed| *typed != saved.text);
        let is_unread = field.was_refused || field.replaces.get() != Some(saved.number);
        (!is_sent && is_other && is_unread).then_some(saved)
    });
    let names = move || state.page.with(|page| page.names.clone());
    view! {
        <section class="message" aria-labelledby=format!("to-{id}")>
            <h2 id=format!("to-{id}")>{message::label(audience)}</h2>
            <p class="quiet">{stage} ". Subject: " <bdi>{move || subject.get()}</bdi></p>
            {move || message.get().map(|one| standing(&one, &names()))}
            {move || newer.get().map(|saved| other_version(&saved, &names()))}
            {text(state, audience, field, may_write)}
            {tools(state, audience, field, subject)}
            {may_write.then_some(move || saved.get().map(|(saved, is_sent)| next(state, audience, field, &saved, is_sent)))}
            {(!may_write).then(|| view! { <p class="quiet">"Responders, approvers and owners save, review and mark messages."</p> })}
            {move || sent(&marks.get(), &names())}
            {facts::behind(draft)}
        </section>
    }
    .into_any()
}

/// The standing of the saved version, and facts that are newer.
fn standing(one: &AudienceMessage, names: &Names) -> AnyView {
    let Some(saved) = &one.saved else {
        return view! { <p>"This is a draft made of facts. It is not saved yet."</p> }.into_any();
    };
    let who = names.of(saved.by);
    let reviews = saved.reviews.iter().map(|review| {
        view! { " Reviewed by " {names.of(review.by)} ", " <At at=Signal::stored(review.at)/> "." }
    });
    let sent = one.is_sent(saved.number).then_some(" It was marked as sent; below is a new draft.");
    let stage = message::other_stage(saved.stage, one.draft.stage)
        .filter(|_| !one.is_sent(saved.number))
        .map(|told| view! { <p class="notice">{told}</p> });
    view! {
        <p>"Saved by " {who} ", " <At at=Signal::stored(saved.at)/> "." {reviews.collect_view()} {sent}</p>
        {stage}
        {(!one.is_sent(saved.number)).then(|| facts::since_saved(one))}
    }
    .into_any()
}

/// A version that somebody saved while another text stands in the area.
fn other_version(saved: &MessageVersion, names: &Names) -> AnyView {
    view! {
        <details class="card" open>
            <summary>"The version that " {names.of(saved.by)} " saved"</summary>
            <p>"It differs from the text below, which is kept as you typed it."</p>
            <p class="published">{saved.text.clone()}</p>
        </details>
    }
    .into_any()
}

/// The text area with its form.
fn text(state: State, audience: MessageAudience, field: Field, may_write: bool) -> AnyView {
    let id = format!("text-{}", audience.as_str());
    let first = field.text.get_untracked();
    let typed = move |event| field.text.set(event_target_value(&event));
    view! {
        <form method="post" action=address(state.number(), audience)>
            <input type="hidden" name="what" value="save"/>
            <input type="hidden" name="audience" value=audience.as_str()/>
            <input type="hidden" name="stage" value=move || field.stage.get().as_str()/>
            <input type="hidden" name="replaces" value=move || field.replaces.get().map(|number| number.to_string()).unwrap_or_default()/>
            <div>
                <label for=id.clone()>"Text (plain)"</label>
                <textarea id=id name="text" rows="12" maxlength=LONGEST_TEXT required readonly=!may_write node_ref=field.node on:input=typed>{field_text(&first)}</textarea>
            </div>
            {may_write.then(|| view! { <button class="button primary" type="submit">"Save"</button> })}
        </form>
    }
    .into_any()
}

/// The ways in which a person takes the text elsewhere.
fn tools(state: State, audience: MessageAudience, field: Field, subject: Memo<String>) -> AnyView {
    let file = format!(
        "/api/ops/incidents/{}/messages.txt?audience={}",
        state.number(),
        audience.as_str()
    );
    let letter = move || mail(&subject.get(), &field.text.get());
    view! {
        <p class="links">
            <Copy text=field.text label="Copy the text"/>
            <a href=file rel="external" download="">"Download as text"</a>
            <a href=letter rel="external">"Open in mail program"</a>
        </p>
    }
    .into_any()
}

/// The address that opens a mail program with the message (RFC 6068). It has no recipient.
fn mail(subject: &str, text: &str) -> String {
    let text = text.replace('\n', "\r\n");
    format!("mailto:?subject={}&body={}", percent_encode(subject), percent_encode(&text))
}

/// The next steps for the saved version.
fn next(
    state: State,
    audience: MessageAudience,
    field: Field,
    saved: &MessageVersion,
    is_sent: bool,
) -> AnyView {
    let review = (!is_sent).then(|| review(state, audience, saved)).flatten();
    let destination = field.destination.get_untracked();
    let is_open = !destination.is_empty();
    let typed = move |event| field.destination.set(event_target_value(&event));
    let id = format!("destination-{}", audience.as_str());
    view! {
        {review}
        <details class="fold" open=is_open>
            <summary>"Mark as sent"</summary>
            <p>"Mark the saved version when you have sent it. This sends nothing."</p>
            <form method="post" action=address(state.number(), audience)>
                {version("sent", audience, saved.number, saved.binding)}
                <div>
                    <label for=id.clone()>"Where you sent it"</label>
                    <input id=id name="destination" type="text" maxlength=LONGEST_DESTINATION required placeholder="Help desk" value=destination on:input=typed/>
                </div>
                <button class="button" type="submit">"Mark as sent"</button>
            </form>
        </details>
    }
    .into_any()
}

/// The form of a review, for whoever did not save the version and has not reviewed it.
fn review(state: State, audience: MessageAudience, saved: &MessageVersion) -> Option<AnyView> {
    let reader = state.page.with_untracked(|page| page.reader.map(Actor::Account))?;
    if saved.by == reader {
        return Some(
            view! { <p class="quiet">"Somebody else can review it before you send it."</p> }
                .into_any(),
        );
    }
    let is_done = saved.reviews.iter().any(|review| review.by == reader);
    (!is_done).then(|| {
        view! {
            <form method="post" action=address(state.number(), audience)>
                {version("review", audience, saved.number, saved.binding)}
                <button class="button" type="submit">"Reviewed: the saved version is right"</button>
            </form>
        }
        .into_any()
    })
}

/// The hidden fields of a form about exactly one version.
fn version(what: &'static str, audience: MessageAudience, number: u64, binding: Hash) -> AnyView {
    view! {
        <input type="hidden" name="what" value=what/>
        <input type="hidden" name="audience" value=audience.as_str()/>
        <input type="hidden" name="version" value=number/>
        <input type="hidden" name="binding" value=binding.to_string()/>
    }
    .into_any()
}

/// Messages that were marked as sent, the newest first.
fn sent(marks: &[SentMessage], names: &Names) -> Option<AnyView> {
    let line = |one: &SentMessage| {
        let mark = &one.mark;
        let text = match &one.text {
            Some(text) => view! { <p class="published">{text.clone()}</p> }.into_any(),
            None => view! { <p class="quiet">"The text was redacted."</p> }.into_any(),
        };
        view! {
            <li class="line">
                <details class="fold">
                    <summary><bdi>{mark.destination.clone()}</bdi> ", " {names.of(mark.by)} ", " <At at=Signal::stored(mark.at)/></summary>
                    {text}
                </details>
            </li>
        }
    };
    (!marks.is_empty()).then(|| {
        let lines = marks.iter().rev().map(line).collect_view();
        view! { <h3>"Marked as sent"</h3><ol class="timeline">{lines}</ol> }.into_any()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_no_recipient_and_its_words_can_name_none() {
        let address = mail("A & B", "To: x\nBcc: y?cc=z&to=w\u{e4}");
        assert_eq!(
            address,
            "mailto:?subject=A%20%26%20B&body=To%3A%20x%0D%0ABcc%3A%20y%3Fcc%3Dz%26to%3Dw%C3%A4"
        );
        assert!(address.starts_with("mailto:?") && address.matches('&').count() == 1);
    }
}
