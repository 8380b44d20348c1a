//! The three sections that people write, and what is said about a form of the page.

use commands::review::ReviewPage;
use domain::{
    input::LONGEST_TEXT,
    review::{ReviewSections, ReviewVersion},
};
use leptos::prelude::*;

use super::state::{RefusedReview, State, address};
use crate::{
    components::{
        form::field_text,
        markdown::{Markdown, render},
        time::At,
    },
    problem::{Problem, SIGN_IN},
};

/// The sections: name of the field, title, hint.
const SECTIONS: [(&str, &str); 3] = [
    ("factors", "Contributing factors"),
    ("went_well", "What went well"),
    ("to_change", "What to change"),
];

fn section<'a>(sections: &'a ReviewSections, name: &str) -> &'a str {
    match name {
        "factors" => &sections.factors,
        "went_well" => &sections.went_well,
        _ => &sections.to_change,
    }
}

/// The outcome of a form.
pub(super) fn said(state: State) -> Option<AnyView> {
    if let Some(refused) = state.refused.get_value() {
        return Some(refusal(&refused, &address(state.number())));
    }
    let sentence = match state.done.get_value().as_str() {
        "saved" => "Saved.",
        "rated" => "Thank you. The rating ranks the next recommendations.",
        "added" => "The step is added.",
        "finished" => "The step is done.",
        "dropped" => "The step is dropped.",
        _ => return None,
    };
    Some(view! { <p class="said done" role="status">{sentence}</p> }.into_any())
}

/// The reason for a refusal, and what to do.
pub(crate) fn refusal(refused: &RefusedReview, here: &str) -> AnyView {
    let link = refused.problem.asks_for_sign_in().then(|| {
        view! { " " <a href=format!("{SIGN_IN}{here}") rel="external">"Sign in"</a> }
    });
    let sentence = refused.problem.sentence.clone();
    view! { <p class="said refused" role="status">{sentence} {link}</p> }.into_any()
}

/// The sections. Their fields are made once: no update touches what is typed.
#[component]
pub(super) fn Words(state: State) -> impl IntoView {
    let saved = Memo::new(move |_| state.page.with(|page| page.saved.clone()));
    let read = state.page.with_untracked(|page| page.saved.as_ref().map(|saved| saved.number));
    let who = move || {
        saved.get().map(|saved| {
            let name = state.page.with(|page| page.names.of(saved.by));
            view! { <p class="quiet">"Saved by " {name} ", " <At at=Signal::stored(saved.at)/> "."</p> }
        })
    };
    // Whoever reads only sees the new version itself.
    let may_write = state.page.with_untracked(|page| page.may_write);
    let newer = move || {
        let is_newer = saved.with(|saved| saved.as_ref().map(|saved| saved.number)) != read;
        (is_newer && may_write).then(|| view! {
            <p class="notice" role="status">"This review was saved or redacted since you opened it. Your text is kept. " <a href=address(state.number()) rel="external">"Load the new version"</a></p>
        })
    };
    let form = state.page.with_untracked(|page| may_write.then(|| form(state, saved, page)));
    let earlier = Memo::new(move |_| state.page.with(earlier_versions));
    view! {
        <section aria-labelledby="words">
            <h2 id="words">"What we learned"</h2>
            {who}
            {newer}
            {form}
            {(!may_write).then_some(move || saved.with(|saved| read_only(saved.as_ref())))}
            {move || earlier.with(|versions| earlier_words(versions))}
        </section>
    }
}

fn form(state: State, saved: Memo<Option<ReviewVersion>>, page: &ReviewPage) -> AnyView {
    let refused = state.refused("save", None);
    let empty = ReviewSections::default();
    let read = page.saved.as_ref().map_or(&empty, |saved| &saved.sections);
    let fields = SECTIONS.map(|(name, title)| {
        let text = refused.as_ref().map_or(section(read, name), |refused| refused.field(name));
        view! {
            <div>
                <label for=name>{title}</label>
                <textarea id=name name=name rows="5" maxlength=LONGEST_TEXT>{field_text(text)}</textarea>
            </div>
        }
    });
    // What somebody else saved meanwhile stands beside what was typed.
    let beside = refused.is_some().then(|| {
        view! {
            <details class="card" open>
                <summary>"The version that is saved now"</summary>
                {move || saved.with(|saved| version(saved.as_ref()))}
            </details>
        }
    });
    let replaces = page.saved.as_ref().map(|saved| saved.number.to_string()).unwrap_or_default();
    view! {
        {beside}
        <form method="post" action=address(state.number())>
            <input type="hidden" name="what" value="save"/>
            <input type="hidden" name="replaces" value=replaces/>
            <p class="quiet">"Markdown. Write about the system and what people could see, not about who did what."</p>
            {fields.into_iter().collect_view()}
            <p><button class="button primary" type="submit">"Save"</button></p>
        </form>
    }
    .into_any()
}

fn version(saved: Option<&ReviewVersion>) -> AnyView {
    let nothing = || view! { <p class="quiet">"Nothing is written yet."</p> }.into_any();
    saved.map_or_else(nothing, |saved| rendered(&saved.sections))
}

fn read_only(saved: Option<&ReviewVersion>) -> AnyView {
    view! { {version(saved)} <p class="quiet">"Responders, approvers and owners write here."</p> }
        .into_any()
}

fn rendered(sections: &ReviewSections) -> AnyView {
    let written = SECTIONS.into_iter().filter(|(name, _)| !section(sections, name).is_empty());
    let shown = written.map(|(name, title)| {
        view! { <h3>{title}</h3> <Markdown of=render(section(sections, name))/> }
    });
    shown.collect_view().into_any()
}

/// Earlier versions, with the names of those who saved them.
fn earlier_versions(page: &ReviewPage) -> Vec<(String, ReviewVersion)> {
    let named = |version: &ReviewVersion| (page.names.of(version.by), version.clone());
    page.earlier.iter().map(named).collect()
}

fn earlier_words(earlier: &[(String, ReviewVersion)]) -> Option<AnyView> {
    let versions = earlier.iter().map(|(who, version)| {
        let who = who.clone();
        view! {
            <details class="fold">
                <summary>"Saved by " {who} ", " <At at=Signal::stored(version.at)/></summary>
                {rendered(&version.sections)}
            </details>
        }
    });
    (!earlier.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>"Earlier versions"</summary>
                {versions.collect_view()}
            </details>
        }
        .into_any()
    })
}

/// A form that was refused where the page can't be shown: what was typed is kept.
pub(crate) fn kept(
    title: String,
    address: String,
    problem: &Problem,
    refused: &RefusedReview,
) -> AnyView {
    let also = (problem.sentence != refused.problem.sentence).then(|| problem.sentence.clone());
    let (href, label) = if problem.asks_for_sign_in() {
        (format!("{SIGN_IN}{address}"), "Sign in")
    } else {
        (address, "Try again")
    };
    let typed = ["factors", "went_well", "to_change", "text", "evidence", "reason"];
    let typed: Vec<String> = typed
        .into_iter()
        .map(|name| refused.field(name).to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let texts = typed.iter().map(|text| {
        view! { <textarea aria-label="Your text" rows="6" readonly>{field_text(text)}</textarea> }
    });
    let note = (!typed.is_empty()).then(|| {
        view! { <p>"Your text is not saved, and is kept here only. Copy it, and paste it when the page can be shown again."</p> }
    });
    view! {
        <div class="page review">
            <h1>{title}</h1>
            <p class="lead">{refused.problem.sentence.clone()} " " {also}</p>
            {note}
            {texts.collect_view()}
            <p class="links"><a href=href rel="external">{label}</a> <a href="/ops/health">"Health"</a></p>
        </div>
    }
    .into_any()
}
