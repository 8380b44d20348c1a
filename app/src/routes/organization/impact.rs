//! How long the organization was affected, the incidents behind it, and the report for that customer.

use commands::impact::{ImpactOfIncident, OrganizationImpact};
use leptos::prelude::*;
use wording::customer;

use super::state::State;
use crate::{
    components::{prose::prose, time::At},
    status::organization_href,
};

/// The most incidents that are listed.
const LISTED: usize = 20;

/// The section; nothing where it could not be read.
#[component]
pub(super) fn Impact(state: State) -> impl IntoView {
    let impact = Memo::new(move |_| state.view.with(|view| view.impact.clone()));
    move || {
        let periods = impact.get();
        let longest = periods.last()?.clone();
        Some(view! {
            <section class="impact" aria-labelledby="impact">
                <h2 id="impact">"Impact"</h2>
                {periods.iter().map(period).collect_view()}
                {incidents(&longest)}
                {customer::gaps(&longest).into_iter().map(|gap| view! { <p class="quiet">{prose(&gap)}</p> }).collect_view()}
                <p class="links">{periods.iter().map(report).collect_view()}</p>
            </section>
        })
    }
}

fn period(one: &OrganizationImpact) -> AnyView {
    view! { <p>{prose(&customer::period(one))}</p> }.into_any()
}

fn report(one: &OrganizationImpact) -> AnyView {
    let page = organization_href(&one.organization);
    let days = one.days;
    let address = format!("/api{page}/report.md?days={days}");
    view! {
        <a href=address rel="external" download="">"Report for this customer, " {days} " days"</a> " "
    }
    .into_any()
}

fn incidents(longest: &OrganizationImpact) -> Option<AnyView> {
    let rows = longest.incidents.iter().take(LISTED).map(row).collect_view();
    (!longest.incidents.is_empty()).then(|| {
        view! {
            <table class="affected">
                <thead>
                    <tr><th scope="col">"Incident"</th><th scope="col">"Opened"</th><th scope="col">"Affected"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    })
}

fn row(one: &ImpactOfIncident) -> AnyView {
    let number = one.incident.0;
    view! {
        <tr>
            <td><a href=format!("/ops/incidents/{number}")>"Incident " {number}</a></td>
            <td data-label="Opened"><At at=Signal::stored(one.opened_at)/></td>
            <td data-label="Affected">{customer::time(one.time)}</td>
        </tr>
    }
    .into_any()
}
