//! The organizations that the incident affects: one sentence, and a table.

use domain::impact::{AffectedOrganization, EffectOn};
use leptos::prelude::*;
use wording::{humanize, impact};

use super::state::IncidentState;
use crate::{
    components::{prose::prose, time::At},
    status::organization_href,
};

/// The impact; nothing where none was seen.
#[component]
pub(super) fn Impact(state: IncidentState) -> impl IntoView {
    let impact = Memo::new(move |_| state.incident.with(|incident| incident.impact.clone()));
    move || {
        impact.get().map(|shown| {
            let rows = shown.organizations.iter().flat_map(rows).collect::<Vec<_>>();
            view! {
                <section class="impact" aria-labelledby="impact">
                    <h2 id="impact">"Affected organizations"</h2>
                    <p>{prose(&impact::sentence(&shown))}</p>
                    <table class="affected">
                        <thead>
                            <tr><th scope="col">"Organization"</th><th scope="col">"Effect"</th><th scope="col">"Certainty"</th><th scope="col">"Since"</th><th scope="col">"Last seen"</th></tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </section>
            }
        })
    }
}

fn rows(one: &AffectedOrganization) -> Vec<AnyView> {
    one.effects.iter().map(|effect| row(one, effect)).collect()
}

fn row(one: &AffectedOrganization, effect: &EffectOn) -> AnyView {
    let name = humanize::name(&one.organization);
    let address = organization_href(&one.organization);
    let until = match (effect.until, effect.last_seen) {
        (Some(at), _) => view! { <At at=Signal::stored(at)/> }.into_any(),
        (None, Some(at)) => view! { <At at=Signal::stored(at)/> ", not known since" }.into_any(),
        (None, None) => "now".into_any(),
    };
    view! {
        <tr>
            <td><a href=address>{name}</a></td>
            <td data-label="Effect">{impact::detail(&effect.evidence)}</td>
            <td data-label="Certainty">{impact::certainty(effect.evidence.certainty())}</td>
            <td data-label="Since"><At at=Signal::stored(effect.since)/></td>
            <td data-label="Last seen">{until}</td>
        </tr>
    }
    .into_any()
}
