//! Measures in force, and the switch that suspends them.

use domain::protection::{LimitedRequests, MeasureInForce, PlanOverride};
use leptos::prelude::*;
use wording::{humanize, protection};

use super::state::{PATH, State, by, refusal};
use crate::{
    components::time::{Ago, At},
    status::organization_href,
};

/// The measures in force; nothing where there are none.
#[component]
pub(super) fn Measures(state: State) -> impl IntoView {
    let measures = Memo::new(move |_| {
        state.protection(|protection| protection.in_effect().cloned().collect::<Vec<_>>())
    });
    let may = state.view.with_untracked(|view| view.may_stop);
    move || {
        measures.with(|measures| {
            (!measures.is_empty()).then(|| {
                view! {
                    <section aria-labelledby="limits">
                        <h2 id="limits">"Limits in force"</h2>
                        {refusal(state.refused("lift"))}
                        <ul class="cards">{measures.iter().map(|one| card(one, may)).collect_view()}</ul>
                    </section>
                }
            })
        })
    }
}

/// Overrides of the plans of organizations; nothing where there are none.
#[component]
pub(super) fn Overrides(state: State) -> impl IntoView {
    let overrides = Memo::new(move |_| state.protection(|protection| protection.overrides.clone()));
    let item = |one: &PlanOverride| {
        view! {
            <li>
                <a href=organization_href(&one.organization)><bdi>{one.organization.name().to_owned()}</bdi></a>
                ": plan " <bdi>{one.plan.clone()}</bdi> " until " <At at=Signal::stored(one.until)/>
            </li>
        }
    };
    move || {
        overrides.with(|overrides| {
            (!overrides.is_empty()).then(|| {
                view! {
                    <section aria-labelledby="overrides">
                        <h2 id="overrides">"Overrides of plans"</h2>
                        <ul>{overrides.iter().map(item).collect_view()}</ul>
                    </section>
                }
            })
        })
    }
}

/// One measure: what passes, why, and its end.
fn card(one: &MeasureInForce, may: bool) -> AnyView {
    let MeasureInForce { incident, began_at, measure } = one;
    let organization = measure.requests.organization.name().to_owned();
    let usual = measure
        .usual
        .map_or_else(String::new, |usual| format!(", usually {}", protection::rate(usual)));
    view! {
        <li class="card">
            <p class="card-title">
                "Limit for " {measure.requests.class.clone()} " of " <bdi>{organization}</bdi> ": " {protection::rate(measure.rate)}
            </p>
            <p class="card-foot">
                {format!(
                    "{} were sent when it began{usual}. The rest is refused with the time after which to try again.",
                    protection::rate(measure.sent)
                )}
            </p>
            <p class="card-foot">
                "Began " <Ago at=Signal::stored(*began_at)/> ", ends at " <At at=Signal::stored(measure.until)/> " at the latest, and before that in stages when the problem is over. For "
                <a href=format!("/ops/incidents/{incident}")>"incident " {incident.0}</a> "."
            </p>
            {may.then(|| lift(&measure.requests, None))}
        </li>
    }
    .into_any()
}

/// The form that lifts a measure. It leads back to the page of an incident, if one is named.
pub(crate) fn lift(requests: &LimitedRequests, incident: Option<u32>) -> AnyView {
    let label = format!("Lift the limit for {}", protection::requests(requests));
    let back = incident.map(|number| {
        view! { <input type="hidden" name="incident" value=number/> }
    });
    view! {
        <form method="post" action=PATH>
            <input type="hidden" name="what" value="lift"/>
            <input type="hidden" name="organization" value=requests.organization.as_str().to_owned()/>
            <input type="hidden" name="class" value=requests.class.clone()/>
            {back}
            <button class="button" type="submit" aria-label=label>"Lift the limit"</button>
        </form>
    }
    .into_any()
}

/// The bounds of the agent, and the switch that suspends its measures.
#[component]
pub(super) fn Automation(state: State) -> impl IntoView {
    let suspension =
        Memo::new(move |_| state.protection(|protection| protection.suspension.clone()));
    let bounds = Memo::new(move |_| state.view.with(|view| view.bounds.clone()));
    let batch = Memo::new(move |_| state.view.with(|view| view.batch));
    let (may_stop, may_decide) = state.view.with_untracked(|view| (view.may_stop, view.may_decide));
    let told = move || {
        bounds.with(|bounds| {
            format!(
                "Without a person, Calm Ops limits an organization only where a threshold says so. It refuses at most {}% of all requests, limits at most {} organizations at a time, and each limit ends after {} at the latest.",
                bounds.largest_share_percent,
                bounds.most_organizations,
                humanize::seconds(bounds.longest_measure.as_secs_f64()),
            )
        })
    };
    let switch = move || match suspension.get() {
        Some(one) => {
            let resume = may_decide.then(|| {
                view! {
                    <form method="post" action=PATH>
                        <input type="hidden" name="what" value="resume"/>
                        <button class="button primary" type="submit">"Resume automatic measures"</button>
                    </form>
                }
            });
            let who = (!may_decide).then(|| {
                view! { <p class="quiet">"Approvers and owners can resume them."</p> }
            });
            view! {
                <p class="notice">"Suspended by " {by(state, one.by, one.at)} ": " <bdi>{one.reason}</bdi></p>
                {refusal(state.refused("resume"))}
                {resume}
                {who}
            }
            .into_any()
        }
        None if may_stop => suspend(state),
        None => {
            view! { <p class="quiet">"Responders can suspend automatic measures."</p> }.into_any()
        }
    };
    view! {
        <section aria-labelledby="automation">
            <h2 id="automation">"Automatic measures"</h2>
            <p>{told}</p>
            {move || batch.get().map(|one| view! { <p>{protection::batch(&one)}</p> })}
            <p class="quiet">"These bounds are in protection/limits.md of your documents."</p>
            {switch}
        </section>
    }
}

/// The form that suspends automatic measures.
fn suspend(state: State) -> AnyView {
    let refused = state.refused("suspend");
    let is_open = refused.is_some();
    let typed = refused.as_ref().map(|one| one.reason.clone()).unwrap_or_default();
    view! {
        <details class="fold" open=is_open>
            <summary>"Suspend automatic measures"</summary>
            {refusal(refused)}
            <p>"This lifts all limits of Calm Ops at once, and it sets no new ones until someone resumes them. Limits that stand in limits.md, and safe mode, stay in force."</p>
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="suspend"/>
                <div>
                    <label for="suspend-reason">"Reason (stays in the journal)"</label>
                    <input id="suspend-reason" name="reason" type="text" maxlength="300" required value=typed/>
                </div>
                <button class="button" type="submit">"Suspend"</button>
            </form>
        </details>
    }
    .into_any()
}
