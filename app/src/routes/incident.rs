//! One incident: what is expected, what was done, what is recommended and why, the evidence, and the
//! timeline. It follows the journal by the same fold as the server.

pub(crate) mod brief;
#[cfg(all(test, feature = "ssr"))]
mod consistency;
mod evidence;
mod head;
mod impact;
mod inspections;
mod measures;
mod rating;
pub(crate) mod recommendation;
mod state;
mod steps;
#[cfg(all(test, feature = "ssr"))]
mod tests;

use commands::{sharing::Shares, view::IncidentPage as View};
use domain::{access::Role, incident::Incident};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{Outcome, Place, Refused},
    components::{
        form::{Forms, Said, field_text},
        incident_card::edge,
        notice::linked,
        page::{followed, key},
        similar::similar,
        timeline::Timeline,
    },
    problem::Problem,
    routes::shares::Sharing,
};
use state::IncidentState;

/// The page of an incident, or what was typed where it can't be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IncidentAnswer {
    /// The page.
    Page(Box<IncidentView>),
    /// The page can't be shown, and a form of it was refused: what was typed is kept.
    Kept {
        /// The number, as it stands in the address.
        id: String,
        /// The reason the page can't be shown.
        problem: Problem,
        /// The form.
        refused: Box<Refused>,
    },
}

impl IncidentAnswer {
    /// The page, where it can be shown.
    fn page(&self) -> Option<&View> {
        match self {
            Self::Page(view) => Some(&view.page),
            Self::Kept { .. } => None,
        }
    }
}

/// The page of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentView {
    /// The incident, with everything that is known about it.
    pub page: View,
    /// Its share links; `None` where they can't be read.
    pub shares: Option<Shares>,
    /// The outcome of a form that was sent without Wasm.
    pub outcome: Outcome,
}

/// The page of one incident. A UUID leads to the number; `done` is the word that a form led back
/// with.
#[server(prefix = "/api/pages", endpoint = "incident", input = GetUrl)]
pub async fn get_incident(
    id: String,
    #[server(default)] done: String,
) -> Result<IncidentAnswer, Problem> {
    read::incident(&id, &done).await
}

#[cfg(feature = "ssr")]
pub(crate) mod read {
    use commands::reading::{FindIncident, GetIncident, ListShares};
    use domain::{error::ErrorKind, id::IncidentNumber};

    use super::*;
    use crate::{
        actions::Step,
        backend::{execute, look, refuse},
    };

    pub(crate) async fn incident(id: &str, done: &str) -> Result<IncidentAnswer, Problem> {
        let outcome = match (use_context::<Refused>(), Step::of_done(done)) {
            (Some(refused), _) => Outcome::Refused(Box::new(refused)),
            (None, Some(step)) => Outcome::Done(step),
            (None, None) => Outcome::None,
        };
        let page = match (page(id).await, outcome.clone()) {
            (Ok(page), _) => page,
            (Err(problem), Outcome::Refused(refused)) => {
                return Ok(IncidentAnswer::Kept { id: id.to_owned(), problem, refused });
            }
            (Err(problem), Outcome::None | Outcome::Done(_)) => return Err(problem),
        };
        // That its links can't be read is no reason not to show the incident.
        let shares = look(ListShares { incident: page.incident.number }).await;
        Ok(IncidentAnswer::Page(Box::new(IncidentView { page, shares, outcome })))
    }

    async fn page(id: &str) -> Result<View, Problem> {
        let incident = if let Ok(number) = id.parse::<u32>() {
            IncidentNumber(number)
        } else if let Ok(uuid) = id.parse() {
            let number = execute(FindIncident { id: uuid }).await?.number;
            leptos_axum::redirect(&format!("/ops/incidents/{number}"));
            number
        } else {
            return Err(refuse(Problem {
                kind: ErrorKind::NotFound,
                sentence: "There is no such incident. Its address ends in a number.".into(),
            }));
        };
        execute(GetIncident { incident }).await
    }
}

/// The page.
#[component]
pub(crate) fn IncidentPage() -> AnyView {
    followed(
        |answer: &IncidentAnswer| match answer {
            IncidentAnswer::Page(view) => format!("Incident {}", view.page.incident.number),
            IncidentAnswer::Kept { id, .. } => format!("Incident {id}"),
        },
        key(),
        |(id, done)| get_incident(id, done),
        |answer| answer.page().map(|page| page.cursor),
        |state: IncidentState, answer: &IncidentAnswer| {
            if let Some(page) = answer.page() {
                state.take(page);
            }
        },
        |answer| match answer {
            IncidentAnswer::Page(view) => {
                let IncidentView { page, shares, outcome } = *view;
                let state = IncidentState::new(page);
                (Some(state), view! { <Page state shares outcome/> }.into_any())
            }
            IncidentAnswer::Kept { id, problem, refused } => (None, kept(&id, &problem, *refused)),
        },
    )
}

#[component]
fn Page(state: IncidentState, shares: Option<Shares>, outcome: Outcome) -> impl IntoView {
    let number = state.number();
    let address = format!("/ops/incidents/{number}");
    let forms = |place| Forms::new(place, number, address.clone(), outcome.clone());
    let (steps, comment, decision) =
        (forms(Place::Steps), forms(Place::Comment), forms(Place::Decision));
    let edge =
        move || state.incident.with(|one| format!("brief {}", edge(one.state, one.severity)));
    let reader = state.reader.get_value();
    // Nobody outside is told of a practice.
    let is_practice = state.incident.with_untracked(Incident::is_practice);
    let may_publish =
        !is_practice && reader.as_ref().is_some_and(|reader| reader.role >= Role::Approver);
    let is_resolved = Memo::new(move |_| state.incident.with(|one| !one.is_active()));
    state.listen();
    view! {
        <div class="page incident">
            <div class="story">
                {move || state.trouble.get().map(|one| view! { <p class="notice">{linked(&one)}</p> })}
                <article id="brief" class=edge>
                    <head::Head state/>
                    <measures::Measures state/>
                    <recommendation::Ran state forms=decision/>
                    <Said forms=decision/>
                    <recommendation::Advices state/>
                    <steps::Steps state forms=steps/>
                    <Said forms=steps/>
                    <rating::Rating state/>
                </article>
                <head::Briefing state/>
                <impact::Impact state/>
                {similar(state.similar.into())}
                {(!is_practice).then(|| view! {
                    <p class="links">
                        {move || is_resolved.get().then(|| view! { <a href=format!("/ops/incidents/{number}/review")>"Review"</a> " " })}
                        <a href=format!("/ops/incidents/{number}/messages")>"Messages to customers"</a>
                    </p>
                })}
                <evidence::Evidence state/>
                <inspections::Inspections state forms=forms(Place::Inspections)/>
            </div>
            <section class="log" aria-labelledby="timeline">
                <h2 id="timeline">"Timeline"</h2>
                <Timeline lines=state.lines end="newest"/>
                <div id="newest" class="newest">
                    <steps::Comment state forms=comment/>
                    <Said forms=comment/>
                </div>
            </section>
            <div class="rest">
                <Sharing number shares reader/>
                <p class="links">
                    {may_publish.then(|| view! { <a href=format!("/ops/status?incident={number}")>"Publish on the status page"</a> })}
                    <a href=format!("/api/ops/incidents/{number}/bundle") rel="external" download="">"Download the incident bundle"</a>
                </p>
            </div>
        </div>
    }
}

/// The page that can't be shown after a form was sent: what happened, and what was typed.
fn kept(id: &str, problem: &Problem, refused: Refused) -> AnyView {
    let sentence = (problem.sentence != refused.problem.sentence).then(|| problem.sentence.clone());
    let address = format!("/ops/incidents/{id}");
    let text = (!refused.sent.text.is_empty()).then(|| {
        view! {
            <p>"Your text is kept here. Copy it, and send it again in a moment."</p>
            <textarea aria-label="Your text" rows="6" readonly>{field_text(&refused.sent.text)}</textarea>
        }
    });
    view! {
        <div class="page">
            <h1>"Incident " {id.to_owned()}</h1>
            <p class="lead">{refused.problem.sentence} " " {sentence}</p>
            {text}
            <p class="links"><a href=address rel="external">"Try again"</a> <a href="/ops/health">"Health"</a></p>
        </div>
    }
    .into_any()
}
