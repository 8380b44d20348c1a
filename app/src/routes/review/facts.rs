//! Facts of the review: each follows from journal and history, and names the entries behind it.

use domain::review::MeasuredStep;
use leptos::prelude::*;
use wording::review;

use super::state::State;

/// Times of the steps, what helped, what was slow, and what was seen late.
#[component]
pub(super) fn Facts(state: State) -> impl IntoView {
    let facts = Memo::new(move |_| state.page.with(|page| page.facts.clone()));
    let rows = move || facts.with(|facts| facts.steps.iter().map(row).collect_view());
    let effects =
        move || facts.with(|facts| listed("What helped", facts.effects.iter().map(review::effect)));
    let slow =
        move || facts.with(|facts| listed("What was slow", facts.slow.iter().map(review::slow)));
    let late = move || {
        facts.with(|facts| {
            listed("What was seen late", facts.seen_late.iter().map(review::seen_late))
        })
    };
    view! {
        <section aria-labelledby="times">
            <h2 id="times">"Times"</h2>
            <table class="times">
                <thead><tr><th scope="col">"Step"</th><th scope="col">"Took"</th><th scope="col">"Usual"</th><th scope="col">"Entries"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="quiet">{review::COUNTED}</p>
        </section>
        {effects}
        {slow}
        {late}
    }
}

fn row(one: &MeasuredStep) -> impl IntoView + use<> {
    let entries = one.entries.iter().map(|number| {
        view! { <a href=format!("#entry-{number}")>{*number}</a> " " }
    });
    view! {
        <tr>
            <th scope="row">{review::step(one.step)}</th>
            <td data-label="Took">{review::took(one)}</td>
            <td data-label="Usual">{review::usual(one)}</td>
            <td data-label="Entries">{entries.collect_view()}</td>
        </tr>
    }
}

fn listed(title: &'static str, items: impl Iterator<Item = String>) -> Option<AnyView> {
    let items: Vec<String> = items.collect();
    (!items.is_empty()).then(|| {
        let items = items.into_iter().map(|item| view! { <li>{item}</li> }).collect_view();
        view! { <section><h2>{title}</h2><ul>{items}</ul></section> }.into_any()
    })
}
