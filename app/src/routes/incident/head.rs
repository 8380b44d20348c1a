//! Number, severity, headline, what is expected, the facts, and the summary.

use commands::view::IncidentCard;
use domain::{subject::Subject, time::Timestamp};
use leptos::prelude::*;
use wording::{humanize, summary::incident_card};

use super::{
    brief::{self, Newest},
    state::IncidentState,
};
use crate::components::{
    badge::{Badge, severity_words},
    incident_card::{headline, state_label},
    notice::linked,
    prose::prose,
    time::Ago,
};

/// The card of the incident, as lists have it.
pub(super) fn card(state: IncidentState) -> Memo<IncidentCard> {
    Memo::new(move |_| state.incident.with(incident_card))
}

/// Number, severity, headline, what is expected, and the facts.
#[component]
pub(super) fn Head(state: IncidentState) -> impl IntoView {
    let card = card(state);
    let title = Memo::new(move |_| card.with(headline));
    let standing = Memo::new(move |_| {
        state.names.with(|names| state.incident.with(|incident| brief::standing(incident, names)))
    });
    let related = move || {
        let related = state.related.get().into_iter().map(|(number, headline)| {
            view! {
                <p class="notice">
                    <a href=format!("/ops/incidents/{number}")>"Incident " {number}</a> " about the same is active: " {prose(&headline)}
                </p>
            }
        });
        related.collect_view()
    };
    let unreached = move || {
        let unreached = state.unreached.get().into_iter();
        unreached.map(|one| view! { <p class="notice">{linked(&one)}</p> }).collect_view()
    };
    let practice = state
        .incident
        .with_untracked(domain::incident::Incident::is_practice)
        .then(|| view! { <p class="notice">{wording::practice::NOTICE}</p> });
    view! {
        <div id="head" class="head">
            <p class="card-head">
                <span class="number">"Incident " {state.number()}</span>
                <Badge of=Signal::derive(move || card.with(|card| severity_words(card.severity)))/>
                <span class="state">{move || card.with(state_label)}</span>
            </p>
            <h1>{move || prose(&title.get())}</h1>
            {practice}
            <p class="lead">{move || prose(&standing.get())}</p>
            {related}
            {unreached}
            <Facts state card/>
        </div>
    }
}

fn fact(word: &'static str, value: impl IntoView + 'static) -> AnyView {
    view! { <div><dt>{word}</dt><dd>{value}</dd></div> }.into_any()
}

/// The time of opening, who handles it, since when it is back to normal; or how it ended.
#[component]
fn Facts(state: IncidentState, card: Memo<IncidentCard>) -> impl IntoView {
    let by = move |actor, at: Timestamp| {
        let who = state.names.with(|names| names.of(actor));
        view! { {who} ", " <Ago at=Signal::stored(at)/> }
    };
    let people = move || {
        state.incident.with(|incident| {
            let over = incident.resolution.is_some();
            let held = match &incident.acknowledged {
                Some(taken) => {
                    let word = if over { "Handled by" } else { "Acknowledged by" };
                    Some(fact(word, by(taken.by, taken.at)))
                }
                None => (!over).then(|| fact("Acknowledged by", "Nobody yet")),
            };
            let quiet = incident.quiet_since.filter(|_| !over);
            view! {
                {held}
                {quiet.map(|at| fact("Back to normal since", view! { <Ago at=Signal::stored(at)/> }))}
                {incident.resolution.as_ref().map(|end| fact("Resolved by", by(end.by, end.at)))}
                {(incident.reopened > 0).then(|| fact("Reopened", times(incident.reopened)))}
            }
        })
    };
    // The value of the first signal that still holds.
    let newest = Memo::new(move |_| {
        state.breaches.with(|rows| {
            rows.iter().filter(|row| row.cleared_at.is_none()).find_map(|row| row.newest.clone())
        })
    });
    let newest = move || {
        newest.get().map(|Newest { key, value, stale_since, .. }| match stale_since {
            Some(at) => fact(
                "Last reading",
                view! { <span data-reading=key>{value}</span> ", " <Ago at=Signal::stored(at)/> },
            ),
            None => fact("Now", view! { <span data-reading=key>{value}</span> }),
        })
    };
    let opened_at = card.with_untracked(|card| card.opened_at);
    let subject = card.with_untracked(|card| cause(&card.cause));
    view! {
        <dl class="facts">
            {fact("Opened", view! { <Ago at=Signal::stored(opened_at)/> })}
            {people}
            {newest}
            {fact("Source", subject)}
        </dl>
    }
}

/// The subject where it began; one with a name that sentences cut is named whole.
fn cause(subject: &Subject) -> AnyView {
    let told = humanize::subject(subject);
    let whole = (!told.contains(subject.name()))
        .then(|| view! { " (" <bdi>{subject.name().to_owned()}</bdi> ")" });
    view! { {humanize::capital(&told)} {whole} }.into_any()
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// The summary, as its rules composed it; the runbook's sections stand as links where a step is
/// recommended.
#[component]
pub(super) fn Briefing(state: IncidentState) -> impl IntoView {
    let card = card(state);
    let shown = Memo::new(move |_| {
        state.incident.with(|incident| {
            let title = card.with(headline);
            let awaits = card.with(|card| card.awaits_decision);
            let mut sections = brief::sections(incident);
            // What happens if nobody acts stands beside the decision, where one is asked for.
            sections.retain(|section| {
                !(awaits && section.heading.to_lowercase().contains("nobody acts"))
            });
            for section in &mut sections {
                // The first sentence stands above already.
                section.sentences.retain(|sentence| *sentence != title);
            }
            sections.retain(|section| !section.sentences.is_empty());
            (sections, brief::runbooks(incident).0)
        })
    });
    let view = move || {
        let (sections, runbooks) = shown.get();
        let has_runbooks = !runbooks.is_empty();
        let links = move || {
            let links = runbooks.iter().map(|runbook| view! { <a href=format!("/ops/runbook#{}", runbook.slug)>"Open the runbook: " {runbook.title.clone()}</a> });
            view! { <p class="links">{links.collect_view()}</p> }.into_any()
        };
        let recommended = sections
            .iter()
            .rposition(|section| section.heading.to_lowercase().contains("next steps"));
        let apart = (has_runbooks && recommended.is_none()).then(|| {
            view! { <section aria-labelledby="help"><h2 id="help">"What may help"</h2>{links()}</section> }
        });
        let sections = sections.into_iter().enumerate().map(|(index, section)| {
            let id = format!(
                "about-{}",
                section.heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
            );
            let heading = id.clone();
            let sentences =
                section.sentences.into_iter().map(|sentence| view! { <p>{prose(&sentence)}</p> });
            view! {
                <section aria-labelledby=id>
                    <h2 id=heading>{section.heading}</h2>
                    {sentences.collect_view()}
                    {(has_runbooks && recommended == Some(index)).then(&links)}
                </section>
            }
        });
        view! { {sections.collect_view()} {apart} }
    };
    view! { <div id="briefing" class="briefing">{view}</div> }
}
