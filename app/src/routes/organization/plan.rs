//! The plan of an organization, its override, and the forms that begin and end one.

use commands::organizations::OrganizationPage as View;
use domain::protection::{LONGEST_OVERRIDE, PlanOverride};
use leptos::prelude::*;
use wording::{humanize, organization};

use super::state::{PATH, RefusedOverride, State};
use crate::{
    components::{prose::prose, time::At},
    problem::SIGN_IN,
    status::organization_href,
};

/// Times that the form offers, in hours.
const HOURS: [(&str, &str); 6] = [
    ("1", "1 hour"),
    ("4", "4 hours"),
    ("24", "1 day"),
    ("72", "3 days"),
    ("168", "7 days"),
    ("720", "30 days"),
];

/// The section about the plan.
#[component]
pub(super) fn Plan(state: State) -> impl IntoView {
    // What is typed survives every update: only another plan or override makes the forms anew.
    let overridden = Memo::new(move |_| state.view.with(|view| view.plans.overridden.clone()));
    let sentence = Memo::new(move |_| state.view.with(organization::plan));
    let quotas = Memo::new(move |_| state.view.with(|view| view.quotas.clone()));
    let may = state.view.with_untracked(|view| view.may_override);
    let who = (!may).then(|| {
        view! { <p class="quiet">"Approvers and owners can give it another plan for a time."</p> }
    });
    view! {
        <section aria-labelledby="plan">
            <h2 id="plan">"Plan"</h2>
            {refusal(state)}
            <p>{move || prose(&sentence.get())}</p>
            {move || state.view.with(assigned)}
            {move || overridden.with(|one| one.as_ref().map(|one| card(state, one)))}
            {move || quotas.with(|quotas| {
                let row = |one: &commands::organizations::ClassQuota| {
                    let told = one.quota.as_ref().map_or_else(|| "not limited".to_owned(), organization::quota);
                    view! { <tr><th scope="row">{one.class.clone()}</th><td>{told}</td></tr> }
                };
                (!quotas.is_empty()).then(|| view! {
                    <table class="quotas">
                        <thead><tr><th scope="col">"Class"</th><th scope="col">"Quota"</th></tr></thead>
                        <tbody>{quotas.iter().map(row).collect_view()}</tbody>
                    </table>
                })
            })}
            {may.then(|| form(state))}
            {who}
        </section>
    }
}

/// The reason why a form was refused, whether the reader still sees that form or not.
fn refusal(state: State) -> Option<AnyView> {
    let RefusedOverride { problem, .. } = state.refused.get_value()?;
    let link = problem.asks_for_sign_in().then(|| {
        let organization = state.view.with_untracked(|view| view.plans.organization.clone());
        let href = format!("{SIGN_IN}{}", organization_href(&organization));
        view! { " " <a href=href rel="external">"Sign in"</a> }
    });
    Some(view! { <p class="said refused" role="status">{problem.sentence} {link}</p> }.into_any())
}

/// The one who set the plan.
fn assigned(view: &View) -> Option<AnyView> {
    let one = view.plans.assigned.as_ref()?;
    let told = format!(
        "{} set it to {} at {}.",
        view.names.of(one.by),
        one.plan,
        humanize::moment(one.at)
    );
    Some(view! { <p class="quiet">{prose(&told)}</p> }.into_any())
}

/// The override of which no end is journalled.
fn card(state: State, one: &PlanOverride) -> AnyView {
    let (who, may) = state.view.with_untracked(|view| (view.names.of(one.by), view.may_override));
    let end = may.then(|| {
        view! {
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="end"/>
                <input type="hidden" name="organization" value=one.organization.as_str().to_owned()/>
                <button class="button" type="submit">"End the override"</button>
            </form>
        }
    });
    view! {
        <div class="card">
            <p class="card-title">"Override: plan " <bdi>{one.plan.clone()}</bdi> " until " <At at=Signal::stored(one.until)/></p>
            <p class="card-foot">{who} ", " <At at=Signal::stored(one.began_at)/> ": " <bdi>{one.reason.clone()}</bdi></p>
            {end}
        </div>
    }
    .into_any()
}

/// The form that begins an override.
fn form(state: State) -> AnyView {
    let (organization, plans) = state
        .view
        .with_untracked(|view| (view.plans.organization.clone(), view.known_plans.clone()));
    if plans.is_empty() {
        return view! { <p class="quiet">"limits.md has no plans, so there is none to give."</p> }
            .into_any();
    }
    let refused = state.refused.get_value().filter(|one| one.what == "begin");
    let typed = |read: fn(&RefusedOverride) -> &str| {
        refused.as_ref().map(|one| read(one).to_owned()).unwrap_or_default()
    };
    let (plan, hours, reason) =
        (typed(|one| &one.plan), typed(|one| &one.hours), typed(|one| &one.reason));
    let plans = plans.into_iter().map(|name| {
        let is_chosen = name == plan;
        view! { <option value=name selected=is_chosen>{name.clone()}</option> }
    });
    let hours = HOURS.map(|(value, word)| {
        view! { <option value=value selected=value == hours>{word}</option> }
    });
    view! {
        <details class="fold" open=refused.is_some()>
            <summary>"Give it another plan for a time"</summary>
            <p>{organization::about_overrides(LONGEST_OVERRIDE)}</p>
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="begin"/>
                <input type="hidden" name="organization" value=organization.as_str().to_owned()/>
                <div>
                    <label for="override-plan">"Plan"</label>
                    <select id="override-plan" name="plan">{plans.collect_view()}</select>
                </div>
                <div>
                    <label for="override-hours">"Ends after"</label>
                    <select id="override-hours" name="hours">{hours.into_iter().collect_view()}</select>
                </div>
                <div>
                    <label for="override-reason">"Reason (stays in the journal)"</label>
                    <input id="override-reason" name="reason" type="text" maxlength="300" required value=reason/>
                </div>
                <button class="button" type="submit">"Give this plan"</button>
            </form>
        </details>
    }
    .into_any()
}
