//! Prevention steps of all incidents: those that are still to be done, and what became of the others.

use commands::review::PreventionList;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use wording::review;

use crate::{
    components::page::page,
    live::live,
    problem::Problem,
    routes::review::{
        RefusedReview, kept,
        steps::{Listed, Row, item, rows},
        words_of_refusal,
    },
};

/// The address of the page, which also takes its forms.
pub(crate) const PATH: &str = "/ops/prevention";

/// The page, and a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreventionView {
    /// The steps.
    pub list: PreventionList,
    /// The form that was refused.
    pub refused: Option<RefusedReview>,
}

/// The page, or what was typed where it can't be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PreventionAnswer {
    /// The page.
    Page(Box<PreventionView>),
    /// The page can't be shown, and a form of it was refused: what was typed is kept.
    Kept {
        /// The reason why the page can't be shown.
        problem: Problem,
        /// The form.
        refused: Box<RefusedReview>,
    },
}

/// The prevention steps of all incidents.
#[server(prefix = "/api/pages", endpoint = "prevention", input = GetUrl)]
pub async fn get_prevention() -> Result<PreventionAnswer, Problem> {
    let list = crate::backend::execute(commands::reading::ListPrevention {}).await;
    match (list, use_context::<RefusedReview>()) {
        (Ok(list), refused) => {
            Ok(PreventionAnswer::Page(Box::new(PreventionView { list, refused })))
        }
        (Err(problem), Some(refused)) => {
            Ok(PreventionAnswer::Kept { problem, refused: Box::new(refused) })
        }
        (Err(problem), None) => Err(problem),
    }
}

/// The page.
#[component]
pub(crate) fn PreventionPage() -> AnyView {
    let live = live();
    let shown = StoredValue::new(None::<RwSignal<PreventionList>>);
    page(
        |_| "Prevention steps".to_owned(),
        || (),
        |()| get_prevention(),
        move |answer: &PreventionAnswer| {
            let PreventionAnswer::Page(view) = answer else { return };
            live.read_at(view.list.cursor);
            if let Some(shown) = shown.get_value() {
                shown.set(view.list.clone());
            }
        },
        move |answer| match answer {
            PreventionAnswer::Page(view) => {
                let PreventionView { list, refused } = *view;
                let list = RwSignal::new(list);
                shown.set_value(Some(list));
                view! { <Page list refused/> }.into_any()
            }
            PreventionAnswer::Kept { problem, refused } => {
                kept("Prevention steps".to_owned(), PATH.to_owned(), &problem, &refused)
            }
        },
    )
}

/// Asks again when the journal tells of a review, or of words that were removed.
#[cfg(feature = "hydrate")]
fn listen() {
    use domain::journal::{EventGroup, JournalEvent};

    let live = live();
    live.on_entry(move |entry| {
        let group = entry.event.as_ref().map(|event| event.group());
        if let Some(EventGroup::Review(_) | EventGroup::Journal(JournalEvent::Redacted { .. })) =
            group
        {
            live.refresh_soon();
        }
    });
}

#[component]
fn Page(list: RwSignal<PreventionList>, refused: Option<RefusedReview>) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen();
    let lead = Memo::new(move |_| list.with(lead));
    let overdue = Memo::new(move |_| list.with(|list| review::overdue(&list.open, list.today)));
    let open = Memo::new(move |_| list.with(|list| rows(&list.open, &list.names)));
    let ended = Memo::new(move |_| list.with(|list| rows(&list.ended, &list.names)));
    let said = refused.as_ref().map(|refused| words_of_refusal(refused, PATH));
    let listed = list.with_untracked(|list| Listed {
        action: PATH.to_owned(),
        names: list.names.clone(),
        issue_url: list.issue_url.clone(),
        is_generated: list.is_generated,
        may_write: list.may_write,
        refused,
    });
    let row = StoredValue::new(listed);
    let has_ended = Memo::new(move |_| ended.with(|ended| !ended.is_empty()));
    view! {
        <div class="page review prevention">
            <h1>"Prevention steps"</h1>
            <p class="lead" aria-live="polite">{move || lead.get()}</p>
            {move || overdue.get().map(|told| view! { <p class="notice">{told}</p> })}
            {said}
            <ul class="steps">
                <For each=move || open.get() key=Row::key let:step>
                    {row.with_value(|listed| item(listed, &step, true))}
                </For>
            </ul>
            <Show when=move || has_ended.get()>
                <h2>"Done or dropped"</h2>
                <ul class="steps">
                    <For each=move || ended.get() key=Row::key let:step>
                        {row.with_value(|listed| item(listed, &step, true))}
                    </For>
                </ul>
            </Show>
            <p class="links"><a href="/api/ops/prevention.md" rel="external" download="">"Download as Markdown"</a></p>
        </div>
    }
}

fn lead(list: &PreventionList) -> String {
    match list.open.len() {
        0 => "No prevention step is open. Steps are added in the review of an incident.".to_owned(),
        1 => "1 prevention step is open.".to_owned(),
        open => format!("{open} prevention steps are open."),
    }
}
