//! The message to one audience: its text, and the ways in which a person takes it elsewhere.

use commands::messages::{AudienceMessage, SentMessage};
use domain::{
    actor::Names,
    input::LONGEST_TEXT,
    message::{MessageAudience, MessageVersion},
};
use leptos::prelude::*;
use wording::message;

use super::{
    facts,
    field::{Basis, Field, News, Origin},
    panel::Panel,
    state::{State, address},
    steps,
};
use crate::{
    address::percent_encode,
    clock::Clock,
    components::{copy::Copy, form::field_text, time::At},
};

/// The message to one audience.
#[component]
pub(super) fn Message(state: State, audience: MessageAudience) -> AnyView {
    let first = state.page.with_untracked(|page| page.to(audience).cloned());
    let Some(first) = first else { return ().into_any() };
    let field = Field::new(state, audience, &first);
    panel(Panel::new(state, audience, field))
}

/// Each part follows what it shows and nothing else, so that open details and typed text survive an
/// update.
pub(super) fn panel(panel: Panel) -> AnyView {
    let Panel { state, audience, field, message, names, .. } = panel;
    #[cfg(feature = "hydrate")]
    field.follow(message);
    let may_write = state.page.with_untracked(|page| page.may_write);
    let id = audience.as_str();
    let draft = Memo::new(move |_| message.get().map(|one| one.draft));
    let subject = Memo::new(move |_| draft.get().map(|one| one.subject).unwrap_or_default());
    let stage = move || draft.with(|one| one.as_ref().map(|one| message::stage(one.stage)));
    let standing = move || {
        let (message, read, shown) = (message.get()?, field.read.get(), panel.shown.get());
        Some(names.with(|names| standing(&message, &read, shown.as_ref(), names)))
    };
    view! {
        <section class="message" aria-labelledby=format!("to-{id}")>
            <h2 id=format!("to-{id}")>{message::label(audience)}</h2>
            <p class="quiet">{stage} ". Subject: " <bdi>{move || subject.get()}</bdi></p>
            {standing}
            {move || panel.news.get().map(|news| newer(panel, news))}
            {beside(panel)}
            {text(panel, may_write)}
            {tools(panel, subject)}
            {may_write.then(|| steps::next(panel))}
            {(!may_write).then(|| view! { <p class="quiet">"Responders, approvers and owners save, review and mark messages."</p> })}
            {sent(panel)}
            {facts::behind(draft)}
        </section>
    }
    .into_any()
}

/// The standing of the version in front of the reader, and facts that are newer.
fn standing(
    message: &AudienceMessage,
    read: &Basis,
    shown: Option<&MessageVersion>,
    names: &Names,
) -> AnyView {
    let Some(shown) = shown else {
        return view! { <p>"This is a draft made of facts. It is not saved yet."</p> }.into_any();
    };
    let who = names.of(shown.by);
    let reviews = shown.reviews.iter().map(|review| {
        view! { " Reviewed by " {names.of(review.by)} ", " <At at=Signal::stored(review.at)/> "." }
    });
    let sent = read.is_sent.then_some(" It was marked as sent; below is a new draft.");
    let stage = message::other_stage(shown.stage, message.draft.stage)
        .filter(|_| !read.is_sent)
        .map(|told| view! { <p class="notice">{told}</p> });
    let is_newest = message.saved.as_ref().is_some_and(|saved| saved.number == shown.number);
    view! {
        <p>"Saved by " {who} ", " <At at=Signal::stored(shown.at)/> "." {reviews.collect_view()} {sent}</p>
        {stage}
        {(!read.is_sent && is_newest).then(|| facts::since_saved(message))}
    }
    .into_any()
}

/// A change since the version in front of the reader, who decides when to see it.
fn newer(panel: Panel, news: News) -> AnyView {
    let kept = move || {
        if panel.is_unsaved.get() {
            "The text below is kept as you typed it."
        } else {
            "The text below is the one that you read."
        }
    };
    let label = move || {
        if panel.is_unsaved.get() {
            "Discard my changes and show what is new"
        } else {
            "Show what is new"
        }
    };
    let told = match news {
        News::Saved(version) => {
            let who = panel.names.with_untracked(|names| names.of(version.by));
            view! {
                <p>{who} " saved another version, " <At at=Signal::stored(version.at)/> ". " {kept}</p>
                <details class="fold">
                    <summary>"The other version"</summary>
                    <p class="published">{version.text}</p>
                </details>
            }
            .into_any()
        }
        News::Sent => view! {
            <p>"This version was marked as sent, and there is a new draft. " {kept}</p>
        }
        .into_any(),
        News::Removed => {
            view! { <p>"The version that you read was redacted. " {kept}</p> }.into_any()
        }
    };
    view! {
        <div class="notice" role="status">
            {told}
            <p><button class="button" type="button" on:click=move |_| panel.load()>{label}</button></p>
        </div>
    }
    .into_any()
}

/// The saved version beside a text that its writer may have typed without having read it.
fn beside(panel: Panel) -> impl Fn() -> Option<AnyView> + Send + Sync + 'static {
    let Panel { field, names, is_unsaved, .. } = panel;
    // It does not change with each letter.
    let version = Memo::new(move |_| {
        let is_beside = is_unsaved.get() && field.origin.get() != Origin::Version;
        field.read.get().version.filter(|_| is_beside)
    });
    let choice = move || {
        let keep = move |_| field.origin.set(Origin::Refused);
        view! {
            <p>"The text below came back with the page, or was typed before it was ready. Compare them, and choose one before you save."</p>
            <p>
                <button class="button" type="button" on:click=keep>"Keep my text"</button> " "
                <button class="button" type="button" on:click=move |_| panel.load()>"Discard my text"</button>
            </p>
        }
    };
    move || {
        let version = version.get()?;
        let who = names.with_untracked(|names| names.of(version.by));
        let asks = move || (field.origin.get() == Origin::Restored).then(choice);
        Some(
            view! {
                <details class="card" open>
                    <summary>"The version that " {who} " saved"</summary>
                    <p>"It differs from the text below, which is kept as you typed it."</p>
                    <p class="published">{version.text}</p>
                    {asks}
                </details>
            }
            .into_any(),
        )
    }
}

/// The text area with its form.
fn text(panel: Panel, may_write: bool) -> AnyView {
    let Panel { state, audience, field, waits_for, .. } = panel;
    let id = format!("text-{}", audience.as_str());
    let first = field.typed.text.get_untracked();
    let typed = move |event| field.typed.text.set(event_target_value(&event));
    let replaces =
        move || field.read.with(Basis::number).map(|number| number.to_string()).unwrap_or_default();
    // One text at a time: saving one loads a new document.
    let is_readonly = move || !may_write || (waits_for.get().is_some() && !panel.is_unsaved.get());
    view! {
        {move || waits_for.get().map(|other| waiting(state, other))}
        <form method="post" action=address(state.number(), audience)>
            <input type="hidden" name="what" value="save"/>
            <input type="hidden" name="audience" value=audience.as_str()/>
            <input type="hidden" name="stage" value=move || field.stage.get().as_str()/>
            <input type="hidden" name="replaces" value=replaces/>
            <div>
                <label for=id.clone()>"Text (plain)"</label>
                <textarea id=id name="text" rows="12" maxlength=LONGEST_TEXT required readonly=is_readonly node_ref=field.node on:input=typed>{field_text(&first)}</textarea>
            </div>
            {may_write.then(|| save(panel))}
        </form>
    }
    .into_any()
}

/// The buttons below the text.
fn save(panel: Panel) -> AnyView {
    let Panel { field, is_unsaved, waits_for, .. } = panel;
    let clock = use_context::<Clock>().unwrap_or_else(Clock::provide);
    let must_wait = move || {
        let must_choose = is_unsaved.get() && field.origin.get() == Origin::Restored;
        must_choose || waits_for.get().is_some()
    };
    let discard = move || {
        (clock.is_alive() && is_unsaved.get()).then(|| {
            view! { " " <button class="button" type="button" on:click=move |_| panel.load()>"Discard my changes"</button> }
        })
    };
    view! {
        <p>
            <button class="button primary" type="submit" disabled=must_wait>"Save"</button>
            {discard}
        </p>
    }
    .into_any()
}

/// Tells that the text to another audience is to be saved first.
fn waiting(state: State, other: MessageAudience) -> AnyView {
    view! {
        <p class="notice" role="status">
            {message::other_unsaved(other)} " "
            <a href=address(state.number(), other)>{message::label(other)}</a>
        </p>
    }
    .into_any()
}

/// The ways in which a person takes the text elsewhere. The file is the saved text: it is offered
/// only where that is the text in front of the reader.
fn tools(panel: Panel, subject: Memo<String>) -> AnyView {
    let Panel { state, audience, field, is_unsaved, news, .. } = panel;
    let text = field.typed.text;
    let letter = move || mail(&subject.get(), &text.get());
    let file = move || {
        if is_unsaved.get() {
            return Some(view! { <span class="quiet">{message::SAVE_FIRST}</span> }.into_any());
        }
        let (number, word) = (state.number(), audience.as_str());
        let href = format!("/api/ops/incidents/{number}/messages.txt?audience={word}");
        news.with(Option::is_none).then(|| {
            view! { <a href=href rel="external" download="">"Download as text"</a> }.into_any()
        })
    };
    view! {
        <p class="links">
            <Copy text label="Copy the text"/>
            <a href=letter rel="external">"Open in mail program"</a>
            {file}
        </p>
    }
    .into_any()
}

/// The address that opens a mail program with the message (RFC 6068). It has no recipient.
fn mail(subject: &str, text: &str) -> String {
    let text = text.replace('\n', "\r\n");
    format!("mailto:?subject={}&body={}", percent_encode(subject), percent_encode(&text))
}

/// Messages that were marked as sent, the newest first. An opened text stays open.
fn sent(panel: Panel) -> AnyView {
    let Panel { message, names, .. } = panel;
    let marks = Memo::new(move |_| {
        let mut marks = message.get().map(|one| one.sent).unwrap_or_default();
        marks.reverse();
        marks
    });
    let has_marks = Memo::new(move |_| marks.with(|marks| !marks.is_empty()));
    let line = move |one: SentMessage| {
        let SentMessage { mark, text } = one;
        let text = match text {
            Some(text) => view! { <p class="published">{text}</p> }.into_any(),
            None => view! { <p class="quiet">"The text was redacted."</p> }.into_any(),
        };
        let who = move || names.with(|names| names.of(mark.by));
        view! {
            <li class="line">
                <details class="fold">
                    <summary><span><bdi>{mark.destination}</bdi> ", " {who} ", " <At at=Signal::stored(mark.at)/></span></summary>
                    {text}
                </details>
            </li>
        }
    };
    view! {
        <Show when=move || has_marks.get()>
            <h3>"Marked as sent"</h3>
            <ol class="timeline">
                // One whose text was redacted is another line.
                <For each=move || marks.get() key=|one| (one.mark.number, one.text.is_some()) let:one>
                    {line(one)}
                </For>
            </ol>
        </Show>
    }
    .into_any()
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
