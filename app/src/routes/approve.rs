//! The phone's page: one recommendation, everything that a decision needs without scrolling, the
//! rest folded below it.
//!
//! What is decided upon does not change under the finger: the form keeps the binding it was shown
//! with, and is disabled as soon as the present one differs.

mod decision;
mod now;

use commands::view::{RecommendationPage, RunOutput};
use domain::recommendation::Recommendation;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use wording::{recommendation::Advice, summary::incident_card};

use now::{MOST_SHOWN, Now, sign_in};

use crate::{
    actions::{Outcome, Place, Refused},
    components::{
        badge::{Badge, severity_words},
        form::{Forms, Said},
        incident_card::{edge, headline},
        page::{followed, key},
        prose::prose,
    },
    problem::Problem,
    routes::incident::recommendation,
};

/// The page of a recommendation, or what was typed where it can't be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ApproveAnswer {
    /// The page.
    Page(Box<ApproveView>),
    /// The page can't be shown, and a form of it was refused: what was typed is kept.
    Kept {
        /// The recommendation, as it stands in the address.
        id: String,
        /// The reason the page can't be shown.
        problem: Problem,
        /// The form.
        refused: Box<Refused>,
    },
}

impl ApproveAnswer {
    /// The page, where it can be shown.
    fn page(&self) -> Option<&RecommendationPage> {
        match self {
            Self::Page(view) => Some(&view.page),
            Self::Kept { .. } => None,
        }
    }
}

/// The page of a recommendation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApproveView {
    /// The recommendation, with everything that a decision needs.
    pub page: RecommendationPage,
    /// The outcome of a form that was sent without Wasm.
    pub outcome: Outcome,
}

/// The page of one recommendation; `done` is the word that a form led back with.
#[server(prefix = "/api/pages", endpoint = "approve", input = GetUrl)]
pub async fn get_approve(
    id: String,
    #[server(default)] done: String,
) -> Result<ApproveAnswer, Problem> {
    read::approve(&id, &done).await
}

#[cfg(feature = "ssr")]
mod read {
    use commands::reading::GetRecommendation;
    use domain::{actor::Actor, error::ErrorKind, id::RecommendationId, recommendation::Stage};

    use super::*;
    use crate::{
        actions::Step,
        backend::{execute, refuse},
    };

    pub(super) async fn approve(id: &str, done: &str) -> Result<ApproveAnswer, Problem> {
        match (recommendation(id).await, use_context::<Refused>()) {
            (Ok(page), refused) => {
                let outcome = match (refused, Step::of_done(done)) {
                    (Some(refused), _) => Outcome::Refused(Box::new(refused)),
                    (None, Some(step)) if is_so(&page, step) => Outcome::Done(step),
                    (None, _) => Outcome::None,
                };
                Ok(ApproveAnswer::Page(Box::new(ApproveView { page, outcome })))
            }
            (Err(problem), Some(refused)) => {
                let refused = Box::new(refused);
                Ok(ApproveAnswer::Kept { id: id.to_owned(), problem, refused })
            }
            (Err(problem), None) => Err(problem),
        }
    }

    async fn recommendation(id: &str) -> Result<RecommendationPage, Problem> {
        let Ok(recommendation) = id.parse::<RecommendationId>() else {
            let sentence =
                "There is no such recommendation. Its address ends like 42-1.".to_owned();
            return Err(refuse(Problem { kind: ErrorKind::NotFound, sentence }));
        };
        execute(GetRecommendation { recommendation }).await
    }

    /// True if the reader did what the address says was done: an address is only believed where the
    /// journal agrees.
    fn is_so(page: &RecommendationPage, step: Step) -> bool {
        let Some(reader) = &page.reader else { return false };
        let is_mine = |by: Actor| by == Actor::Account(reader.account);
        let one = &page.recommendation;
        match (step, &one.stage) {
            (Step::Approve, _) => one.approvals.iter().any(|given| is_mine(given.by)),
            (Step::Decline, Stage::Declined { by, .. }) => is_mine(*by),
            (Step::Cancel, Stage::Running { cancelled: Some((by, _)), .. }) => is_mine(*by),
            (
                Step::Acknowledge | Step::Comment | Step::Inspect | Step::Resolve | Step::Reopen,
                _,
            )
            | (
                Step::Decline | Step::Cancel,
                Stage::Offered | Stage::Approved { .. } | Stage::Withdrawn { .. } | Stage::Ended(_),
            )
            | (Step::Decline, Stage::Running { .. })
            | (Step::Cancel, Stage::Declined { .. } | Stage::Running { cancelled: None, .. }) => {
                false
            }
        }
    }
}

/// The page.
#[component]
pub(crate) fn ApprovePage() -> AnyView {
    followed(
        |answer: &ApproveAnswer| match answer {
            ApproveAnswer::Page(view) => format!("Approve {}", view.page.id),
            ApproveAnswer::Kept { id, .. } => format!("Approve {id}"),
        },
        key(),
        |(id, done)| get_approve(id, done),
        |answer| answer.page().map(|page| page.cursor),
        // Another recommendation has a state of its own.
        |state: RwSignal<RecommendationPage>, answer: &ApproveAnswer| {
            if let Some(page) = answer.page()
                && state.try_with_untracked(|known| known.id == page.id && known != page)
                    == Some(true)
            {
                state.set(page.clone());
            }
        },
        |answer| match answer {
            ApproveAnswer::Page(view) => {
                let ApproveView { page, outcome } = *view;
                let state = RwSignal::new(page);
                (Some(state), view! { <Page state outcome/> }.into_any())
            }
            ApproveAnswer::Kept { id, problem, refused } => (None, kept(&id, &problem, *refused)),
        },
    )
}

/// The page as it is kept in step. Whether a decision still stands is for the server to say, so it
/// is asked when the journal tells of the incident.
#[cfg(feature = "hydrate")]
fn listen(state: RwSignal<RecommendationPage>) {
    use crate::state::OpsStoreFields;
    let live = crate::live::live();
    let incident = state.with_untracked(|page| page.id.incident);
    live.on_entry(move |entry| {
        if entry.event.as_ref().and_then(domain::journal::Event::incident) == Some(incident) {
            live.refresh_soon();
        }
    });
    live.on_run(move |number| {
        if number == incident.0 {
            live.refresh_soon();
        }
    });
    Effect::new(move |_| {
        let checked_at = live.ops.checked_at().get();
        let newest = live.ops.with_untracked(|ops| {
            let readings = state.with_untracked(|page| page.readings.clone());
            readings
                .into_iter()
                .map(|one| ops.newest(&one).cloned().unwrap_or(one))
                .collect::<Vec<_>>()
        });
        if state.with_untracked(|page| page.readings != newest) {
            state.update(|page| (page.readings, page.checked_at) = (newest, checked_at));
        }
    });
}

#[component]
fn Page(state: RwSignal<RecommendationPage>, outcome: Outcome) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen(state);
    let id = state.with_untracked(|page| page.id);
    let address = format!("/ops/approve/{id}");
    let forms = Forms::new(Place::Decision, id.incident.0, address.clone(), outcome.clone());
    let edge = move || {
        state.with(|page| {
            format!("brief asks {}", edge(page.incident.state, page.incident.severity))
        })
    };
    let one = Memo::new(move |_| state.with(|page| page.recommendation.clone()));
    let progress = move || {
        let one = one.get();
        state.with_untracked(|page| {
            let advice = Advice { incident: &page.incident, one: &one, names: &page.names };
            recommendation::progress(&advice, forms)
        })
    };
    let shown: Signal<Option<Recommendation>> = Signal::derive(move || Some(one.get()));
    let output: Memo<Option<RunOutput>> =
        Memo::new(move |_| state.with(|page| page.output.clone()));
    view! {
        <div class="page">
            <article id="brief" class=edge>
                <Head state/>
                <Said forms/>
                <decision::KeptText state outcome=outcome.clone()/>
                <div id="ran" class="ran">{progress}</div>
                <div id="output" class="output"><recommendation::Printed shown output path=address/></div>
                <decision::Decide state forms outcome/>
            </article>
            <decision::About state/>
        </div>
    }
}

/// The problem, its severity, and the live values.
#[component]
fn Head(state: RwSignal<RecommendationPage>) -> impl IntoView {
    let card = Memo::new(move |_| state.with(|page| incident_card(&page.incident)));
    let title = Memo::new(move |_| card.with(headline));
    let is_over = move || {
        state.with(|page| {
            (!page.incident.is_active())
                .then(|| view! { <span class="state">{page.incident.state.as_str()}</span> })
        })
    };
    let number = state.with_untracked(|page| page.id.incident.0);
    let practice = state
        .with_untracked(|page| page.incident.is_practice())
        .then(|| view! { <p class="notice">{wording::practice::NOTICE}</p> });
    view! {
        <div id="head" class="head">
            <p class="card-head">
                <span class="number">"Incident " {number}</span>
                <Badge of=Signal::derive(move || card.with(|card| severity_words(card.severity)))/>
                {is_over}
            </p>
            <h1>{move || prose(&title.get())}</h1>
            {practice}
            <Now state from=0 to=MOST_SHOWN/>
        </div>
    }
}

/// The page that can't be shown after a form was sent: what happened, and what was typed.
fn kept(id: &str, problem: &Problem, refused: Refused) -> AnyView {
    let address = format!("/ops/approve/{id}");
    let Refused { sent, problem: why } = refused;
    let also = (problem.sentence != why.sentence).then(|| problem.sentence.clone());
    let next = if problem.asks_for_sign_in() {
        view! { <a class="button primary" href=sign_in(&address) rel="external">"Sign in"</a> }
            .into_any()
    } else {
        view! { <a class="button primary" href=address rel="external">"Check the current state"</a> }.into_any()
    };
    view! {
        <div class="page">
            <h1>"Recommendation " {id.to_owned()}</h1>
            <p class="lead">{why.sentence} " " {also}</p>
            <p>"Check the current state, then decide. Pressing twice is harmless: an approved command runs once."</p>
            {(!sent.text.trim().is_empty()).then(|| view! { <p>"Your text is kept here:"</p><blockquote>{sent.text}</blockquote> })}
            <p>{next}</p>
        </div>
    }
    .into_any()
}
