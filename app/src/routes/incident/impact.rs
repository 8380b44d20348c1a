//! The organizations that the incident affects: one sentence, and a table.

use domain::{
    impact::{AffectedOrganization, EffectOn, Times, Told, impact_on},
    time::Timestamp,
};
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
    let ended = Memo::new(move |_| {
        state.incident.with(|incident| incident.resolution.as_ref().map(|end| end.at))
    });
    move || {
        impact.get().map(|shown| {
            let now = ended.get().unwrap_or(shown.at);
            // Effects that came back are in earlier states, which are not at hand: it is a part of
            // the time, and how certain that part is, is not known either.
            let times = |one: &AffectedOrganization| {
                let all = Timestamp::from_micros(i64::MIN)..Timestamp::MAX;
                let states = std::slice::from_ref(&*shown);
                let told = Told { states, over: &Times::default(), now };
                let time = impact_on(&one.organization, &told, &all).map(|on| on.times.time());
                let told = time.map(|time| format!("at least {}", time.known.plus(time.likely)));
                told.unwrap_or_default()
            };
            let organizations = shown.organizations.iter();
            let rows: Vec<AnyView> =
                organizations.flat_map(|one| rows(one, &times(one))).collect();
            view! {
                <section class="impact" aria-labelledby="impact">
                    <h2 id="impact">"Affected organizations"</h2>
                    <p>{prose(&impact::sentence(&shown))}</p>
                    <table class="affected">
                        <thead>
                            <tr><th scope="col">"Organization"</th><th scope="col">"Effect"</th><th scope="col">"Certainty"</th><th scope="col">"Since"</th><th scope="col">"Last seen"</th><th scope="col">"Time"</th></tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </section>
            }
        })
    }
}

fn rows(one: &AffectedOrganization, time: &str) -> Vec<AnyView> {
    let told = |place: usize| if place == 0 { time.to_owned() } else { String::new() };
    let effects = one.effects.iter().enumerate();
    effects.map(|(place, effect)| row(one, effect, told(place))).collect()
}

fn row(one: &AffectedOrganization, effect: &EffectOn, time: String) -> AnyView {
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
            <td data-label="Time">{time}</td>
        </tr>
    }
    .into_any()
}
