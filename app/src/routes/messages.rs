//! Messages to customers about an incident: for each audience a draft made of facts, what people
//! saved, and how it goes on. A person copies a message to where it is sent.

mod facts;
mod field;
mod form;
mod kept;
mod panel;
mod state;
mod steps;
#[cfg(all(test, feature = "ssr"))]
mod tests;

pub use state::MessagesAnswer;
pub(crate) use state::address;
#[cfg(feature = "ssr")]
pub(crate) use state::{PATH, RefusedMessage};

use domain::message::MessageAudience;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::{use_params_map, use_query_map};
use wording::message;

use crate::{
    components::page::followed,
    problem::{Problem, SIGN_IN},
};
use state::State;

/// The messages about one incident.
#[server(prefix = "/api/pages", endpoint = "messages", input = GetUrl)]
pub async fn get_messages(id: String) -> Result<MessagesAnswer, Problem> {
    use domain::{error::ErrorKind, id::IncidentNumber};

    use crate::backend::{execute, refuse};
    let Ok(number) = id.parse::<u32>() else {
        return Err(refuse(Problem {
            kind: ErrorKind::NotFound,
            sentence: "There is no such incident. Its address ends in a number.".into(),
        }));
    };
    let incident = IncidentNumber(number);
    let page = execute(commands::reading::GetMessages { incident }).await;
    match (page, use_context::<RefusedMessage>()) {
        (Ok(page), refused) => {
            Ok(MessagesAnswer::Page(Box::new(state::MessagesView { page, refused })))
        }
        (Err(problem), Some(refused)) => {
            Ok(MessagesAnswer::Kept { id, problem, refused: Box::new(refused) })
        }
        (Err(problem), None) => Err(problem),
    }
}

/// The page.
#[component]
pub(crate) fn MessagesPage() -> AnyView {
    let params = use_params_map();
    followed(
        |answer: &MessagesAnswer| match answer {
            MessagesAnswer::Page(view) => {
                format!("Messages about incident {}", view.page.incident)
            }
            MessagesAnswer::Kept { id, .. } => format!("Messages about incident {id}"),
        },
        // Neither the audience nor what a form led back with makes it another page: what was typed
        // stays.
        move || params.with(|params| params.get("id").unwrap_or_default()),
        get_messages,
        |answer| answer.page().map(|page| page.cursor),
        |state: State, answer: &MessagesAnswer| {
            if let Some(page) = answer.page() {
                state.take(page);
            }
        },
        |answer| match answer {
            MessagesAnswer::Page(view) => {
                let state = State::new(*view);
                (Some(state), view! { <Page state/> }.into_any())
            }
            MessagesAnswer::Kept { id, problem, refused } => {
                (None, kept::kept(&id, &problem, *refused))
            }
        },
    )
}

/// Asks again when the journal tells of the incident, or of words that were removed: what a draft
/// says is known by the server only.
#[cfg(feature = "hydrate")]
fn listen(state: State) {
    use domain::journal::Event;

    crate::live::live().refresh_on(move |entry| {
        entry.event.as_ref().is_some_and(|event| {
            event.incident().map(|number| number.0) == state.try_number()
                || matches!(event, Event::Redacted { .. })
        })
    });
}

/// The audience that the address names.
fn audience_of(word: Option<String>) -> MessageAudience {
    word.and_then(|word| MessageAudience::of(&word)).unwrap_or(MessageAudience::Affected)
}

#[component]
fn Page(state: State) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen(state);
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.with(|query| audience_of(query.get("to"))));
    let done = query.with_untracked(|query| query.get("done").unwrap_or_default());
    let number = state.number();
    let tab = move |audience: MessageAudience| {
        let here = move || (chosen.get() == audience).then_some("page");
        view! { <li><a href=address(number, audience) aria-current=here>{message::short_label(audience)}</a></li> }
    };
    // All of them stay, so that what was typed in one survives a look at another.
    let panel = move |audience: MessageAudience| {
        view! {
            <div hidden=move || chosen.get() != audience>
                <form::Message state audience/>
            </div>
        }
    };
    let lead = Memo::new(move |_| state.page.with(message::lead));
    let headline = Memo::new(move |_| state.page.with(|page| page.headline.clone()));
    view! {
        <div class="page messages">
            <h1>"Messages about incident " {number}</h1>
            <p class="lead" aria-live="polite">{move || lead.get()}</p>
            <p><a href=format!("/ops/incidents/{number}")>"Incident " {number}</a> ": " {move || headline.get()}</p>
            <p class="notice">{message::CANT_SEND}</p>
            {said(state, number, chosen.get_untracked(), &done)}
            <nav class="tabs" aria-label="Readers"><ul>{MessageAudience::ALL.map(tab).into_iter().collect_view()}</ul></nav>
            {MessageAudience::ALL.map(panel).into_iter().collect_view()}
        </div>
    }
}

/// The outcome of a form.
fn said(state: State, number: u32, chosen: MessageAudience, done: &str) -> Option<AnyView> {
    if let Some(refused) = state.refused.get_value() {
        let problem = refused.problem;
        let link = problem.asks_for_sign_in().then(|| {
            let href = format!("{SIGN_IN}{}", address(number, chosen));
            view! { " " <a href=href rel="external">"Sign in"</a> }
        });
        let sentence = problem.sentence;
        return Some(
            view! { <p class="said refused" role="status">{sentence} {link}</p> }.into_any(),
        );
    }
    let sentence = match done {
        "saved" => "Saved. Nothing was sent.",
        "reviewed" => "Noted that you reviewed it.",
        "sent" => "Marked as sent.",
        _ => return None,
    };
    Some(view! { <p class="said done" role="status">{sentence}</p> }.into_any())
}
