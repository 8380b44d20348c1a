//! The next steps for a saved message: a review, and the mark that it was sent. Both are for the
//! version that was read, whatever somebody saves meanwhile.

use commands::messages::LONGEST_DESTINATION;
use domain::{
    actor::Actor,
    hash::Hash,
    message::{MessageAudience, MessageVersion},
};
use leptos::prelude::*;

use super::{panel::Panel, state::address};

/// The states of a review by the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Review {
    Open,
    /// The reader saved it.
    IsAuthor,
    Done,
}

/// The version that the forms are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    number: u64,
    binding: Hash,
    /// True if it was sent before it was read: the text in the area is the next draft.
    is_sent: bool,
}

/// The next steps. With unsaved text there are none: they would not be about that text.
pub(super) fn next(panel: Panel) -> AnyView {
    let Panel { state, field, shown, is_unsaved, .. } = panel;
    let reader = state.page.with_untracked(|page| page.reader.map(Actor::Account));
    // Neither closes or empties the form of the other.
    let version = Memo::new(move |_| {
        let is_sent = field.read.with(|read| read.is_sent);
        let known =
            |one: &MessageVersion| Version { number: one.number, binding: one.binding, is_sent };
        shown.with(|shown| shown.as_ref().map(known)).filter(|_| !is_unsaved.get())
    });
    let review = Memo::new(move |_| {
        let version = version.get().filter(|version| !version.is_sent)?;
        let review = shown.with(|shown| Some(of_reader(shown.as_ref()?, reader?)))?;
        Some((version, review))
    });
    view! {
        {move || review.get().map(|(version, review)| reviewing(panel, version, review))}
        {move || version.get().map(|version| mark(panel, version))}
    }
    .into_any()
}

fn of_reader(version: &MessageVersion, reader: Actor) -> Review {
    if version.by == reader {
        Review::IsAuthor
    } else if version.reviews.iter().any(|review| review.by == reader) {
        Review::Done
    } else {
        Review::Open
    }
}

/// The form of a review, for whoever did not save the version and has not reviewed it.
fn reviewing(panel: Panel, version: Version, review: Review) -> Option<AnyView> {
    let Panel { state, audience, news, waits_for, .. } = panel;
    let is_old = move || news.with(Option::is_some);
    let must_wait = move || is_old() || waits_for.get().is_some();
    match review {
        Review::Done => None,
        Review::IsAuthor => Some(
            view! { <p class="quiet">"Somebody else can review it before you send it."</p> }
                .into_any(),
        ),
        Review::Open => Some(
            view! {
                <form method="post" action=address(state.number(), audience)>
                    {fields("review", audience, version)}
                    <button class="button" type="submit" disabled=must_wait>"Reviewed: the saved version is right"</button>
                </form>
                {move || is_old().then(|| view! { <p class="quiet">"This version is no longer the newest. Show what is new to review it."</p> })}
            }
            .into_any(),
        ),
    }
}

/// The form that marks the version as sent.
fn mark(panel: Panel, version: Version) -> AnyView {
    let Panel { state, audience, field, waits_for, .. } = panel;
    let destination = field.destination.get_untracked();
    let is_open = !destination.is_empty();
    let typed = move |event| field.destination.set(event_target_value(&event));
    let id = format!("destination-{}", audience.as_str());
    let (label, what) = if version.is_sent {
        (
            "Mark as sent to another place",
            "This is for the saved version that was sent, not for the new draft above. It sends nothing.",
        )
    } else {
        ("Mark as sent", "Mark the saved version above when you have sent it. This sends nothing.")
    };
    view! {
        <details class="fold" open=is_open>
            <summary>{label}</summary>
            <p>{what}</p>
            <form method="post" action=address(state.number(), audience)>
                {fields("sent", audience, version)}
                <div>
                    <label for=id.clone()>"Where you sent it"</label>
                    <input id=id name="destination" type="text" maxlength=LONGEST_DESTINATION required placeholder="Help desk" value=destination on:input=typed/>
                </div>
                <button class="button" type="submit" disabled=move || waits_for.get().is_some()>"Mark as sent"</button>
            </form>
        </details>
    }
    .into_any()
}

/// The hidden fields of a form about exactly one version.
fn fields(what: &'static str, audience: MessageAudience, version: Version) -> AnyView {
    view! {
        <input type="hidden" name="what" value=what/>
        <input type="hidden" name="audience" value=audience.as_str()/>
        <input type="hidden" name="version" value=version.number/>
        <input type="hidden" name="binding" value=version.binding.to_string()/>
    }
    .into_any()
}
