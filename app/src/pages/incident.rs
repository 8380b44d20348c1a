//! One incident, as a good briefing: summary, what was done, what is recommended, evidence, timeline. What is said comes from the server;
//! what can be done lives here.

use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    act::Act,
    fetch::get_incident,
    live,
    page::IncidentData,
    pages::lost,
    problem::Kind,
    pulse,
    sheet::{self, ready},
};

type Action = ServerAction<Act>;

/// The page of one incident.
#[component]
pub(crate) fn IncidentPage() -> AnyView {
    let params = use_params_map();
    let query = use_query_map();
    let live = live::live();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let incident = Resource::new(move || id.get(), get_incident);
    live::refetch_on(move || incident.refetch(), move |about| about.is_none_or(|about| id.with_untracked(|id| id.parse() == Ok(about))));

    // Made once for the page, so that an answer survives new data.
    let action = Action::new();
    let answer = action.value();
    Effect::new(move |_| {
        if answer.with(Option::is_some) {
            incident.refetch();
        }
    });
    // Without Wasm a refused form leads back here with a word; only known words are said.
    let problem = move || query.with(|query| query.get("problem").and_then(|code| Kind::sentence_of(&code)));
    let said = Memo::new(move |_| match (action.pending().get(), answer.get()) {
        (true, _) => ("said", "Working on it.".to_owned()),
        (false, Some(Ok(sentence))) => ("said done", sentence),
        (false, Some(Err(problem))) => ("said refused", problem.sentence),
        (false, None) => problem().map_or(("away", String::new()), |sentence| ("said refused", sentence.to_owned())),
    });
    sheet::whole(move || {
        Suspend::new(async move {
            match incident.await {
                Ok(incident) => {
                    live.read_at(incident.cursor);
                    pulse::place(format!("Incident {}", incident.number));
                    page(incident, action, said)
                }
                Err(problem) => lost::problem(&problem),
            }
        })
        .into_any()
    })
}

fn page(incident: IncidentData, action: Action, said: Memo<(&'static str, String)>) -> AnyView {
    let number = incident.number;
    let steps = steps(&incident, action);
    view! {
        <article class=incident.edge>
            {ready("head", incident.head)}
            <p role="status" class=move || said.get().0>{move || said.get().1}</p>
            {steps}
        </article>
        {ready("briefing", incident.briefing)}
        <section aria-labelledby="evidence">
            <h2 id="evidence">"Evidence"</h2>
            {ready("charts", incident.evidence)}
            {ready("snapshots", incident.snapshots)}
        </section>
        <section aria-labelledby="timeline">
            <h2 id="timeline">"Timeline"</h2>
            {ready("lines", incident.timeline)}
            {comment(number, action)}
        </section>
        <p class="links">
            <a href=format!("/api/ops/incidents/{number}/bundle") rel="external" download="">"Save everything about it as a file"</a>
        </p>
    }
    .into_any()
}

/// A form that does one thing; without Wasm it is a plain one.
fn form(number: u32, action: Action, what: &'static str, inside: AnyView) -> AnyView {
    view! {
        <ActionForm action>
            <input type="hidden" name="incident" value=number/>
            <input type="hidden" name="what" value=what/>
            {inside}
        </ActionForm>
    }
    .into_any()
}

fn button(action: Action, class: &'static str, word: &'static str) -> AnyView {
    view! { <button class=class type="submit" disabled=move || action.pending().get()>{word}</button> }.into_any()
}

fn words(id: &'static str, label: &'static str, required: bool) -> AnyView {
    view! { <label for=id>{label}</label><textarea id=id name="text" rows="3" maxlength="4000" required=required></textarea> }.into_any()
}

fn folded(class: &'static str, summary_class: &'static str, summary: &'static str, inside: AnyView) -> AnyView {
    view! { <details class=class><summary class=summary_class>{summary}</summary>{inside}</details> }.into_any()
}

/// The one next step as the one primary button; the others beside it, quieter.
fn steps(incident: &IncidentData, action: Action) -> AnyView {
    let number = incident.number;
    if incident.over {
        let inside = view! { {words("note", "Why it is not over", false)} {button(action, "button primary", "Open it again")} }.into_any();
        return folded("step", "button", "Open it again", form(number, action, "reopen", inside));
    }
    let style = |primary: bool| if primary { "button primary" } else { "button" };
    let resolve = || {
        let note = folded("fold", "", "Add a note", words("note", "Why it is over; kept for learning", false));
        let inside = view! { {button(action, style(incident.ending), "Resolve")} {note} }.into_any();
        form(number, action, "resolve", inside)
    };
    let take = || form(number, action, "acknowledge", button(action, style(!incident.ending), "Acknowledge"));
    let steps = match (incident.ending, incident.acknowledged) {
        (_, true) => vec![resolve()],
        (true, false) => vec![resolve(), take()],
        (false, false) => vec![take(), resolve()],
    };
    view! { <div class="decision">{steps}</div> }.into_any()
}

fn comment(number: u32, action: Action) -> AnyView {
    let inside = view! { {words("comment", "Write on the timeline", true)} {button(action, "button", "Write")} }.into_any();
    // What was written stands on the timeline now; after a refusal it stays here.
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        use wasm_bindgen::JsCast;
        if let (Some(Ok(_)), Some(field)) = (action.value().get(), document().get_element_by_id("comment"))
            && let Some(field) = field.dyn_ref::<web_sys::HtmlTextAreaElement>()
        {
            field.set_value("");
        }
    });
    form(number, action, "comment", inside)
}
