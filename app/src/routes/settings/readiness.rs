//! Readiness: whether what a crisis needs is set up, and was tried; and the form that begins a
//! practice.

use commands::{practice::PracticeState, readiness::Readiness};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use wording::{
    practice,
    readiness::{self, ReadinessCheck},
};

use super::page_of;
use crate::{
    components::{badge::Badge, page::page, time::At},
    problem::{Problem, SIGN_IN},
};

/// The address of the page, which also takes its forms.
pub(crate) const PATH: &str = "/ops/settings/readiness";

/// A form of the page that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedPractice {
    /// The reason for the refusal.
    pub problem: Problem,
}

/// The page, and what is said about a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadinessView {
    /// The state of readiness.
    pub readiness: Readiness,
    /// The form that was refused, and why.
    pub refused: Option<RefusedPractice>,
}

/// Reads whether the team is ready for a crisis.
#[server(prefix = "/api/pages", endpoint = "readiness", input = GetUrl)]
pub async fn get_readiness() -> Result<ReadinessView, Problem> {
    let readiness = crate::backend::execute(commands::reading::GetReadiness {}).await?;
    Ok(ReadinessView { readiness, refused: use_context::<RefusedPractice>() })
}

/// The page.
#[component]
pub(crate) fn ReadinessPage() -> AnyView {
    page(
        |_| "Readiness".to_owned(),
        || (),
        |()| get_readiness(),
        |_| {},
        |view| view! { <Page view/> }.into_any(),
    )
}

#[component]
fn Page(view: ReadinessView) -> impl IntoView {
    let ReadinessView { readiness, refused } = view;
    let checks: Vec<AnyView> = readiness::checks(&readiness).into_iter().map(check).collect();
    let content = view! {
        <p class="lead">{readiness::lead(&readiness)}</p>
        <div class="readiness">{checks}</div>
        {practise(&readiness.practice, refused)}
    };
    page_of(PATH, "Readiness", content.into_any())
}

fn check(check: ReadinessCheck) -> AnyView {
    let ReadinessCheck { id, heading, ready, sentence, at, details, advice, link } = check;
    let mark = if ready { ("healthy", "ready") } else { ("warning", "not ready") };
    let at = at.map(|at| view! { " " <At at=Signal::stored(at)/> "." });
    let details = (!details.is_empty()).then(|| {
        let details = details.into_iter().map(|detail| view! { <li>{detail}</li> });
        view! { <ul>{details.collect_view()}</ul> }
    });
    let advice = (!advice.is_empty()).then(|| view! { <p class="quiet">{advice}</p> });
    let link = link.map(|(href, words)| view! { <p class="links"><a href=href>{words}</a></p> });
    view! {
        <section aria-labelledby=id>
            <h2 id=id>{heading}</h2>
            <p><Badge of=Signal::stored(mark)/></p>
            <p>{sentence}{at}</p>
            {details}
            {advice}
            {link}
        </section>
    }
    .into_any()
}

/// The practice in force, or what will happen before one begins.
fn practise(state: &PracticeState, refused: Option<RefusedPractice>) -> AnyView {
    let is_open = refused.is_some();
    let refused = refused.map(|RefusedPractice { problem }| {
        let link = problem.asks_for_sign_in().then(|| {
            view! { " " <a href=format!("{SIGN_IN}{PATH}") rel="external">"Sign in"</a> }
        });
        view! { <p class="said refused" role="status">{problem.sentence} {link}</p> }
    });
    let content = match (&state.open, state.may_decide, &state.obstacle) {
        (Some(open), _, _) => {
            let end = state.may_end.then(|| {
                view! {
                    <form method="post" action=PATH>
                        <input type="hidden" name="what" value="end"/>
                        <button class="button" type="submit">"End the practice"</button>
                    </form>
                }
            });
            view! {
                <p>"A practice is in progress. It ends by " <At at=Signal::stored(open.until)/> " at the latest. Its incident is on the " <a href="/ops/incidents">"incidents page"</a> "."</p>
                {end}
            }
            .into_any()
        }
        (None, _, Some(obstacle)) => view! { <p>{obstacle.clone()}</p> }.into_any(),
        (None, false, None) => {
            view! { <p class="quiet">"Approvers and owners can begin one."</p> }.into_any()
        }
        (None, true, None) => begin(&state.notified, is_open),
    };
    view! {
        <section aria-labelledby="practise">
            <h2 id="practise">"Practise"</h2>
            <p>"Respond to an incident while nothing is wrong: real notifications, a real approval, and a command that changes nothing. It is marked as practice everywhere and counted nowhere. It ends if a real incident becomes critical."</p>
            {refused}
            {content}
        </section>
    }
    .into_any()
}

fn begin(notified: &[String], is_open: bool) -> AnyView {
    let option = |minutes: u32| {
        view! { <option value=minutes selected=minutes == 15>{minutes} " minutes"</option> }
    };
    let label = if notified.is_empty() {
        "Begin the practice"
    } else {
        "Begin the practice and notify them"
    };
    view! {
        <details class="fold" open=is_open>
            <summary>"Begin a practice"</summary>
            <p>{practice::notified(notified)}</p>
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="begin"/>
                <div>
                    <label for="practice-minutes">"Without an approval it ends after"</label>
                    <select id="practice-minutes" name="minutes">
                        {[5, 15, 30, 60].map(option).collect_view()}
                    </select>
                </div>
                <button class="button" type="submit">{label}</button>
            </form>
        </details>
    }
    .into_any()
}
