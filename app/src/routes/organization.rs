//! An organization: what limits and affects it now, its plan, its traffic, and what happened to it.

mod impact;
mod plan;
mod state;
mod timeline;
mod traffic;

pub use state::OrganizationView;
#[cfg(feature = "ssr")]
pub(crate) use state::{PATH, RefusedOverride};

use commands::organizations::IncidentOfOrganization;
use domain::{id::IncidentNumber, protection::MeasureInForce};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::{use_params_map, use_query_map};
use wording::{humanize, organization};

use crate::{
    components::{page::followed, prose::prose},
    problem::Problem,
    routes::protection::lift,
};
use state::State;

/// The sentence about an address that can't name an organization.
#[cfg(feature = "ssr")]
const NO_NAME: &str =
    "No organization can have this name: at most 100 visible characters without '@'.";

/// The page of an organization; `id` is the part of the address that names it, `before` the entry
/// before which its timeline begins.
#[server(prefix = "/api/pages", endpoint = "organization", input = GetUrl)]
pub async fn get_organization(
    #[server(default)] id: String,
    #[server(default)] before: String,
) -> Result<OrganizationView, Problem> {
    crate::backend::check::<commands::reading::GetOrganization>()?;
    let unknown = || {
        crate::backend::refuse(Problem {
            kind: domain::error::ErrorKind::NotFound,
            sentence: NO_NAME.to_owned(),
        })
    };
    let organization = domain::protection::organization_of_segment(&id).ok_or_else(unknown)?;
    let before = before.parse().ok();
    let reading = commands::reading::GetOrganization { organization, before };
    let page = crate::backend::execute(reading).await?;
    Ok(OrganizationView { page, refused: use_context::<RefusedOverride>() })
}

/// The page.
#[component]
pub(crate) fn OrganizationPage() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let impact = impact::load();
    followed(
        |answer: &OrganizationView| humanize::name(&answer.page.plans.organization),
        move || {
            let id = params.with(|params| params.get("id").unwrap_or_default());
            (id, query.with(|query| query.get("before").unwrap_or_default()))
        },
        |(id, before)| get_organization(id, before),
        |answer: &OrganizationView| Some(answer.page.cursor),
        |state: State, answer| state.view.set(answer.page.clone()),
        move |OrganizationView { page, refused }| {
            let (view, refused) = (RwSignal::new(page), StoredValue::new(refused));
            let state = State { view, refused, impact };
            (Some(state), view! { <Page state/> }.into_any())
        },
    )
}

/// Follows the journal: what may concern the organization loads the page again.
#[cfg(feature = "hydrate")]
fn listen(state: State) {
    crate::live::live().refresh_on(move |entry| {
        // This one may be gone.
        let is_new = state.view.try_with_untracked(|view| {
            let concerns = |event| state::concerns(event, &view.plans.organization);
            entry.number > view.cursor.number && entry.event.as_ref().is_some_and(concerns)
        });
        is_new == Some(true)
    });
}

#[component]
fn Page(state: State) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen(state);
    let name = state.view.with_untracked(|view| view.plans.organization.name().to_owned());
    let status =
        Memo::new(move |_| state.view.with(|view| organization::status(view, view.checked_at)));
    view! {
        <div class="page protection organization">
            <h1><bdi>{name}</bdi></h1>
            <p class="lead" aria-live="polite">{move || prose(&status.get())}</p>
            <Now state/>
            <plan::Plan state/>
            {impact::impact(state.impact)}
            <traffic::Traffic state/>
            <timeline::Timeline state/>
        </div>
    }
}

/// Active incidents, and limits of the agent with the form that lifts each; nothing where there are
/// none. Only other limits make the forms anew: no button is replaced while it is pressed.
#[component]
fn Now(state: State) -> impl IntoView {
    let measures = Memo::new(move |_| state.view.with(|view| view.measures.clone()));
    let incidents = Memo::new(move |_| {
        let known = |one: &IncidentOfOrganization| (one.incident, one.effects.is_some());
        state.view.with(|view| view.incidents.iter().map(known).collect::<Vec<_>>())
    });
    let may_stop = state.view.with_untracked(|view| view.may_stop);
    let has_any = Memo::new(move |_| {
        measures.with(|all| !all.is_empty()) || incidents.with(|all| !all.is_empty())
    });
    let limits =
        move || measures.with(|all| all.iter().map(|one| limit(one, may_stop)).collect_view());
    view! {
        <Show when=move || has_any.get()>
            <section aria-labelledby="now">
                <h2 id="now">"Now"</h2>
                <ul class="cards">
                    {limits}
                    {move || incidents.with(|all| all.iter().map(incident).collect_view())}
                </ul>
            </section>
        </Show>
    }
}

/// A limit of the agent, with the form that lifts it.
fn limit(one: &MeasureInForce, may_stop: bool) -> AnyView {
    let told =
        wording::protection::limited(&one.measure.requests, one.measure.rate, one.measure.until);
    let form = may_stop.then(|| lift(&one.measure.requests, Some(one.incident.0)));
    view! { <li class="card"><p class="card-title">{prose(&told)}</p>{form}</li> }.into_any()
}

/// An active incident, and whether it affects the organization.
fn incident((number, affects): &(IncidentNumber, bool)) -> AnyView {
    let word = if *affects { "It affects the organization." } else { "It is about its traffic." };
    view! {
        <li class="card">
            <p class="card-title"><a href=format!("/ops/incidents/{number}")>"Incident " {number.0}</a></p>
            <p class="card-foot">{word}</p>
        </li>
    }
    .into_any()
}
