//! What a person can do to an incident: plain forms. A page that is alive sends them without
//! leaving. What came of it is said beside the button that was pressed.

use domain::{incident::Incident, input::LONGEST_TEXT, lifecycle::State};
use leptos::prelude::*;
use wording::recommendation::Advice;

use crate::{
    deed::{Asked, Deed},
    facts::{Briefing, Refused, Told},
};

/// A form that does one thing to an incident, sent to the address of its page.
fn form(incident: &str, deed: Deed, inside: AnyView) -> AnyView {
    form_at(&format!("/ops/incidents/{incident}"), incident, deed, inside)
}

/// A form that does one thing, sent to the address of the page on which it stands: that leads to
/// where it is said, with and without Wasm.
fn form_at(page: &str, incident: &str, deed: Deed, inside: AnyView) -> AnyView {
    // What is refused because things have changed is answered with the whole page as it is now.
    let whole = matches!(deed, Deed::Approve | Deed::Decline | Deed::Cancel).then_some("");
    view! {
        <form method="post" action=format!("{page}#{}", deed.place()) data-act=deed.place() data-whole=whole>
            <input type="hidden" name="incident" value=incident.to_owned()/>
            <input type="hidden" name="what" value=deed.name()/>
            {inside}
        </form>
    }
    .into_any()
}

/// A form that does one thing to a recommendation. `page` is the address of the page on which it
/// stands.
pub(super) fn decide(page: &str, advice: &Advice<'_>, deed: Deed, inside: AnyView) -> AnyView {
    let about =
        view! { <input type="hidden" name="place" value=advice.one.place/> {inside} }.into_any();
    form_at(page, &advice.incident.number.to_string(), deed, about)
}

/// A button that sends its form.
pub(super) fn button(class: &'static str, word: impl Into<String>) -> AnyView {
    view! { <button class=class type="submit">{word.into()}</button> }.into_any()
}

/// What was refused of this deed.
pub(super) fn refused(told: &Told, deed: Deed) -> Option<&Refused> {
    if let Told::Refused(refused) = told {
        Some(refused).filter(|refused| refused.asked.deed == Some(deed))
    } else {
        None
    }
}

/// A field for words; what was refused still stands in it.
pub(super) fn words(deed: Deed, label: &'static str, told: &Told) -> AnyView {
    let id = match deed {
        Deed::Comment => "comment",
        Deed::Decline => "reason",
        Deed::Acknowledge | Deed::Resolve | Deed::Reopen | Deed::Approve | Deed::Cancel => "note",
    };
    let refused = refused(told, deed);
    let text = refused.map(|refused| plain(&refused.asked.text)).unwrap_or_default();
    let described = refused.map(|_| deed.place());
    view! {
        <label for=id>{label}</label>
        <textarea
            id=id
            name="text"
            rows="3"
            maxlength=LONGEST_TEXT
            required={matches!(deed, Deed::Comment | Deed::Decline)}
            autofocus=refused.is_some()
            aria-invalid=refused.map(|_| "true")
            aria-describedby=described
            inner_html=text
        ></textarea>
    }
    .into_any()
}

/// A text as the content of a field, or of what was printed: nothing in it is markup, and its first
/// line break is not taken for one of the markup's own.
pub(crate) fn plain(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// What came of the deeds that are said at the place of this one. It is empty until something did.
pub(crate) fn said(deed: Deed, told: &Told) -> AnyView {
    let (class, sentence) = match told {
        Told::Done(done) if done.place() == deed.place() => {
            ("said done", done.sentence().to_owned())
        }
        Told::Refused(refused)
            if refused.asked.deed.unwrap_or(Deed::Acknowledge).place() == deed.place() =>
        {
            ("said refused", refused.problem.sentence.clone())
        }
        Told::Nothing | Told::Done(_) | Told::Refused(_) => ("away", String::new()),
    };
    view! { <p id=deed.place() role="status" class=class>{sentence}</p> }.into_any()
}

/// The one next step as the one primary button; the others beside it, quieter.
pub(crate) fn steps(incident: &Incident, brief: &Briefing, told: &Told) -> AnyView {
    let number = incident.number.to_string();
    if incident.state == State::Resolved {
        let inside = view! { {words(Deed::Reopen, "Why it is not over", told)} {button("button primary", "Open it again")} }.into_any();
        let open = refused(told, Deed::Reopen).is_some();
        return view! {
            <details class="step" open=open>
                <summary class="button">"Open it again"</summary>
                {form(&number, Deed::Reopen, inside)}
            </details>
        }
        .into_any();
    }
    let (acknowledged, quiet) = (incident.acknowledged.is_some(), brief.still.is_none());
    // Where a command is recommended, that is the next step.
    let style = |primary: bool| if primary && !brief.decides { "button primary" } else { "button" };
    let resolve = || {
        let open = refused(told, Deed::Resolve).is_some();
        let inside = view! {
            {button(style(quiet), "Resolve")}
            <details class="fold" open=open>
                <summary>"Add a note"</summary>
                {words(Deed::Resolve, "Why it is over; kept for learning", told)}
            </details>
            {brief.still.clone().map(|still| view! { <p class="still quiet">{still}</p> })}
        };
        form(&number, Deed::Resolve, inside.into_any())
    };
    let take = || form(&number, Deed::Acknowledge, button(style(!quiet), "Acknowledge"));
    let guide = || {
        let (address, word) = brief.next.as_ref().map_or_else(
            || ("/ops/runbook".to_owned(), "Read the guide".to_owned()),
            |guide| {
                (format!("/ops/runbook#{}", guide.slug), format!("Read the guide: {}", guide.title))
            },
        );
        view! { <a class=style(true) href=address>{word}</a> }.into_any()
    };
    let steps = match (quiet, acknowledged) {
        (true, true) => vec![resolve()],
        (true, false) => vec![resolve(), take()],
        (false, false) => vec![take(), resolve()],
        (false, true) => vec![guide(), resolve()],
    };
    view! { <div class="decision">{steps}</div> }.into_any()
}

/// A form that writes on the timeline.
pub(crate) fn comment(incident: &str, told: &Told) -> AnyView {
    let inside =
        view! { {words(Deed::Comment, "Write on the timeline", told)} {button("button", "Write")} };
    view! { {form(incident, Deed::Comment, inside.into_any())} {said(Deed::Comment, told)} }
        .into_any()
}

/// The form that was refused, for a page that can't be shown.
pub(crate) fn again(incident: &str, refused: &Refused) -> AnyView {
    let deed = refused.asked.deed.unwrap_or(Deed::Comment);
    let asked = Asked { deed: Some(deed), ..refused.asked.clone() };
    let told = Told::Refused(Refused { asked, ..refused.clone() });
    form(incident, deed, view! { {words(deed, "What you wrote", &told)} {button("button primary", "Send it again")} }.into_any())
}
