//! The traffic of an organization by class, and its signals.

use domain::protection::ClassTraffic;
use leptos::prelude::*;
use wording::{humanize, protection::rate};

use super::state::State;
use crate::{
    components::time::Ago,
    state::{OpsStore, OpsStoreFields},
    status::signal_href,
};

/// The section about traffic.
#[component]
pub(super) fn Traffic(state: State) -> impl IntoView {
    let traffic = Memo::new(move |_| state.view.with(|view| view.traffic.clone()));
    let checked_at = Memo::new(move |_| state.view.with(|view| view.checked_at));
    let content = move || {
        traffic.with(|traffic| match traffic {
            None => view! { <p class="empty">"Calm Ops does not watch its traffic now: it sent nothing in the last minutes, or others send more."</p> }.into_any(),
            Some(classes) => view! {
                <div class="scrolled">
                    <table class="traffic">
                        <thead>
                            <tr>
                                <th scope="col">"Class"</th>
                                <th scope="col">"Sent"</th>
                                <th scope="col">"Usually"</th>
                                <th scope="col">"Refused"</th>
                                <th scope="col">"Passed above a limit"</th>
                            </tr>
                        </thead>
                        <tbody>{classes.iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
                <p class="quiet">"Seen " <Ago at=checked_at/> "."</p>
            }
            .into_any(),
        })
    };
    view! {
        <section aria-labelledby="traffic">
            <h2 id="traffic">"Traffic"</h2>
            {content}
            <Signals state/>
        </section>
    }
}

fn row(one: &ClassTraffic) -> impl IntoView + use<> {
    let cell = |value: f64| if value > 0.0 { rate(value) } else { "-".to_owned() };
    view! {
        <tr>
            <th scope="row">{one.requests.class.clone()}</th>
            <td data-label="Sent">{cell(one.sent)}</td>
            <td data-label="Usually">{one.usual.map_or_else(|| "-".to_owned(), rate)}</td>
            <td data-label="Refused">{cell(one.refused)}</td>
            <td data-label="Passed above a limit">{cell(one.above)}</td>
        </tr>
    }
}

/// Its signals with their present values, which the stream keeps in step.
#[component]
fn Signals(state: State) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let organization = state.view.with_untracked(|view| view.plans.organization.clone());
    let subject = organization.clone();
    let values = Memo::new(move |_| {
        ops.checked_at().track();
        ops.with_untracked(|ops| {
            let own = ops.rows.iter().map(|row| &row.reading).filter(|one| one.subject == subject);
            own.map(|one| (one.signal.clone(), humanize::value(one.value, &one.unit)))
                .collect::<Vec<_>>()
        })
    });
    let signals = Memo::new(move |_| state.view.with(|view| view.signals.clone()));
    move || {
        let known = signals.get();
        (!known.is_empty()).then(|| {
            let items = known.iter().map(|signal| {
                let name = humanize::label(signal);
                let value = values.with(|values| {
                    let own = values.iter().find(|(known, _)| known == signal);
                    own.map(|(_, value)| format!(": {value}"))
                });
                view! { <li><a href=signal_href(&organization, signal)>{name}</a>{value}</li> }
            });
            view! { <h3>"Signals"</h3><ul>{items.collect_view()}</ul> }
        })
    }
}
