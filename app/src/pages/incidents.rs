//! Active incidents, and the last resolved ones.

use leptos::prelude::*;
use rules::view::Incidents;

use crate::{fetch::get_incidents, live, pages::lost, parts::card::cards, pulse};

/// The list of incidents.
#[component]
pub(crate) fn IncidentsPage() -> impl IntoView {
    pulse::place("Incidents");
    let live = live::live();
    let incidents = Resource::new(|| (), |()| get_incidents());
    live::refetch_on(move || incidents.refetch(), |_| true);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match incidents.await {
                    Ok(incidents) => {
                        live.read_at(incidents.cursor);
                        list(&incidents)
                    }
                    Err(problem) => lost::problem(&problem),
                }
            })}
        </Transition>
    }
}

/// `Nothing is active.`, or how many are and what they need.
pub(crate) fn sentence(active: usize, waiting: usize) -> String {
    match (active, waiting) {
        (0, _) => "No incident is active.".to_owned(),
        (1, 0) => "One incident is active, and someone is on it.".to_owned(),
        (1, _) => "One incident needs someone.".to_owned(),
        (active, 0) => format!("{active} incidents are active, and someone is on each."),
        (active, 1) => format!("{active} incidents are active; one needs someone."),
        (active, waiting) => format!("{active} incidents are active; {waiting} need someone."),
    }
}

fn list(incidents: &Incidents) -> AnyView {
    let waiting = incidents.active.iter().filter(|card| !card.acknowledged).count();
    let active = if incidents.active.is_empty() {
        view! {
            <p class="empty">
                "When a threshold of " <code>"alerts/thresholds.md"</code>
                " holds for its time, Calm Ops opens an incident here by itself, saves the evidence and explains it."
            </p>
        }
        .into_any()
    } else {
        cards(&incidents.active)
    };
    let resolved = if incidents.resolved.is_empty() {
        view! { <p class="empty">"None yet. What is over is kept here and in the history, with its timeline."</p> }.into_any()
    } else {
        cards(&incidents.resolved)
    };
    view! {
        <h1>"Incidents"</h1>
        <p class="lead" aria-live="polite">{sentence(incidents.active.len(), waiting)}</p>
        <section aria-labelledby="active"><h2 id="active">"Active"</h2>{active}</section>
        <section aria-labelledby="resolved">
            <h2 id="resolved">"Resolved last"</h2>
            {resolved}
            <p class="links"><a href="/ops/history">"All incidents"</a></p>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn the_sentence_counts_what_needs_someone() {
        assert_eq!(sentence(0, 0), "No incident is active.");
        assert_eq!(sentence(1, 1), "One incident needs someone.");
        assert_eq!(sentence(3, 1), "3 incidents are active; one needs someone.");
    }
}
