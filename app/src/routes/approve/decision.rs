//! The question with its two answers, or what stands in their place.

use commands::view::{Blocker, Plan, RecommendationPage, Viewer};
use domain::{
    access::Role,
    actor::Actor,
    hash::Hash,
    recommendation::{Approval, Stage},
};
use leptos::prelude::*;
use wording::recommendation::{Advice, May, lower};

use super::now::{MOST_SHOWN, Now, is_person, sign_in};
use crate::{
    actions::{Outcome, Step},
    components::{
        form::{Forms, StepForm, Submit, Words},
        prose::prose,
        time::{Ago, At},
        timeline::author,
    },
    routes::incident::recommendation,
};

type State = RwSignal<RecommendationPage>;

const fn advice_of(page: &RecommendationPage) -> Advice<'_> {
    Advice { incident: &page.incident, one: &page.recommendation, names: &page.names }
}

/// Text that was written and refused without Wasm, where its field does not stand any more.
#[component]
pub(super) fn KeptText(state: State, outcome: Outcome) -> impl IntoView {
    let Outcome::Refused(refused) = outcome else { return ().into_any() };
    let text = refused.sent.text.clone();
    if text.trim().is_empty() {
        return ().into_any();
    }
    let is_decline = refused.sent.step == Some(Step::Decline);
    let is_shown = state.with_untracked(|page| {
        is_decline && page.recommendation.is_offered() && page.incident.is_active()
    });
    let number = state.with_untracked(|page| page.id.incident);
    (!is_shown)
        .then(|| {
            let incident = format!("/ops/incidents/{number}#comment");
            view! {
                <p>"Your text is kept here. You can also add it to the " <a href=incident>"incident's timeline"</a> "."</p>
                <blockquote>{text}</blockquote>
            }
        })
        .into_any()
}

/// The part that is shown: another one only where the reader has not begun to decide.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// The question, with the hash of what is decided upon.
    Open(Hash),
    /// The offer has ended, with its incident or before.
    Ended { is_active: bool },
    /// Decided, or is no longer offered.
    Closed,
}

fn part(page: &RecommendationPage) -> Part {
    if !page.recommendation.is_offered() {
        Part::Closed
    } else if advice_of(page).stands_at(page.checked_at) {
        Part::Open(page.binding)
    } else {
        Part::Ended { is_active: page.incident.is_active() }
    }
}

/// The decision.
#[component]
pub(super) fn Decide(state: State, forms: Forms, outcome: Outcome) -> impl IntoView {
    let present = Memo::new(move |_| state.with(part));
    // The question is asked again only when the reader wants to see what has changed.
    let shown = RwSignal::new(present.get_untracked());
    let is_other = Memo::new(move |_| {
        let (shown, present) = (shown.get(), present.get());
        matches!(shown, Part::Open(_)) && shown != present
    });
    // What can't be decided any more is told at once.
    Effect::new(move |_| {
        let present = present.get();
        let keeps = matches!(
            (&*shown.read_untracked(), &present),
            (Part::Open(before), Part::Open(now)) if before != now
        );
        if !keeps && shown.with_untracked(|shown| *shown != present) {
            shown.set(present);
        }
    });
    let outcome = StoredValue::new(outcome);
    let changed = move || {
        is_other.get().then(|| {
            view! {
                <p class="notice" role="status">
                    "This recommendation has just changed. " <button class="button" type="button" on:click=move |_| shown.set(present.get_untracked())>"Show what is new"</button>
                </p>
            }
        })
    };
    let view = move || {
        let shown = shown.get();
        state.with_untracked(|page| {
            let advice = advice_of(page);
            let incident = format!("/ops/incidents/{}", page.id.incident);
            match shown {
                Part::Open(_) => open(page, &advice, forms, &outcome.get_value(), is_other),
                Part::Closed => closed(&advice, &incident),
                Part::Ended { is_active } => {
                    let why = if is_active {
                        "This recommendation has expired."
                    } else {
                        "The incident is resolved, so nothing has to be run."
                    };
                    view! {
                        <h2>{advice.what()}</h2>
                        <p>{why} " Nothing was run."</p>
                        <p><a class="button primary" href=incident>"Open the incident"</a></p>
                    }
                    .into_any()
                }
            }
        })
    };
    view! { <div id="decide" class="decide">{changed} {view}</div> }
}

fn open(
    page: &RecommendationPage,
    advice: &Advice<'_>,
    forms: Forms,
    outcome: &Outcome,
    is_other: Memo<bool>,
) -> AnyView {
    let may = advice.may(page.reader.as_ref());
    let why = advice.reasons().into_iter().next();
    view! {
        <h2 class="ask">{advice.what()} "?"</h2>
        {different(advice, outcome)}
        {why.map(|why| view! { <p>{prose(&why)}</p> })}
        {recommendation::risk(advice)}
        <p>"If nobody acts: " {prose(&lower(&advice.if_nobody_acts()))}</p>
        <p class="quiet">
            "Recommended by " {author(Actor::Agent, advice.names.of(Actor::Agent))} ". It would run " {advice.place()} ":"
        </p>
        {recommendation::command(advice)}
        {recommendation::first_approval(advice)}
        {answers(page, advice, may, forms, is_other)}
        <p class="quiet">{advice.approval()} " Expires at " <At at=Signal::stored(advice.one.expires_at)/> "."</p>
    }
    .into_any()
}

/// Tells that there is nothing to decide any more.
fn closed(advice: &Advice<'_>, incident: &str) -> AnyView {
    let Some(gone) = advice.gone() else {
        // It runs, or ran: that is told already.
        return view! { <p class="links"><a href=incident.to_owned()>"Back to the incident"</a></p> }.into_any();
    };
    let next = advice.incident.offered().next().map(|one| Advice {
        incident: advice.incident,
        one,
        names: advice.names,
    });
    let next = next.map_or_else(
        || view! { <p><a class="button primary" href=incident.to_owned()>"Back to the incident"</a></p> }.into_any(),
        |next| {
            view! {
                <p><a class="button primary" href=next.address()>"Next: " {next.lower_what()}</a></p>
                <p class="links"><a href=incident.to_owned()>"Back to the incident"</a></p>
            }
            .into_any()
        },
    );
    let reason = if let Stage::Declined { reason, .. } = &advice.one.stage {
        Some(reason.clone())
    } else {
        None
    };
    view! {
        <h2>{advice.what()}</h2>
        <p>{prose(&gone)} " Nothing was run."</p>
        {reason.map(|reason| view! { <blockquote>{reason}</blockquote> })}
        {recommendation::command(advice)}
        {next}
    }
    .into_any()
}

/// The people who can decide, for a reader who can't.
fn onlooker(advice: &Advice<'_>, reader: Option<&Viewer>) -> AnyView {
    let is_person = is_person(reader);
    let word = if is_person { "Sign in as someone else" } else { "Sign in to decide" };
    let who = match advice.one.approval {
        Approval::One => "An approver decides this.",
        Approval::Two => "Two approvers decide this.",
    };
    let primary = if is_person { "button" } else { "button primary" };
    let can = if reader.is_none_or(|reader| reader.role >= Role::Responder) {
        " You can read everything here, and comment on the incident's timeline."
    } else {
        " You can read everything here."
    };
    view! {
        <p class="notice">{who} {can}</p>
        <p><a class=primary href=sign_in(&advice.address()) rel="external">{word}</a></p>
    }
    .into_any()
}

/// The two answers, as far as the reader may give them.
fn answers(
    page: &RecommendationPage,
    advice: &Advice<'_>,
    may: May,
    forms: Forms,
    is_other: Memo<bool>,
) -> AnyView {
    let place = advice.one.place;
    let to = sign_in(&advice.address());
    let yes = match (may, &page.plan) {
        (May::Look, _) => return onlooker(advice, page.reader.as_ref()),
        _ if page.blocked_by.is_some() => page.blocked_by.as_ref().map(wait).into_any(),
        (_, Plan::Refused { why }) => view! { <p class="notice">"It can't be run right now: " {why.clone()}</p> }.into_any(),
        (May::SignInAgain, _) => view! {
            <p class="notice">"To approve, sign in again (your last sign-in was too long ago). You come back to this page; nothing is decided yet."</p>
            <p class="answer"><a class="button primary" href=to rel="external">"Sign in again"</a></p>
        }
        .into_any(),
        (May::Decline, _) => view! { <p class="notice">"Your approval is recorded. A second approver is needed, because the risk is high."</p> }.into_any(),
        (May::Decide, Plan::Ready { .. }) => {
            let (binding, what) = (page.binding.to_string(), advice.lower_what());
            let seen: Vec<String> = advice.decided_upon().iter().map(|(label, value)| format!("{label}\t{}", one_line(value))).collect();
            view! {
                <StepForm forms step=Step::Approve>
                    <input type="hidden" name="place" value=place/>
                    <input type="hidden" name="binding" value=binding/>
                    <input type="hidden" name="seen" value=seen.join("\n")/>
                    <Submit forms class=Signal::stored("button primary") disabled=is_other>"Approve: " {what}</Submit>
                </StepForm>
            }
            .into_any()
        }
    };
    let is_open = forms.refused(Step::Decline).is_some();
    view! {
        <div class="answers">
            {yes}
            <details class="step" open=is_open>
                <summary class="button">"Decline"</summary>
                <StepForm forms step=Step::Decline>
                    <input type="hidden" name="place" value=place/>
                    <Words forms step=Step::Decline label="Why not? (kept for the review)"/>
                    <Submit forms class=Signal::stored("button")>"Decline"</Submit>
                </StepForm>
            </details>
        </div>
    }
    .into_any()
}

/// A step that has to be over first, for this incident or another one.
fn wait(other: &Blocker) -> AnyView {
    let link = view! { <a href=format!("/ops/approve/{}", other.id)>{other.title.clone()}</a> };
    match other.until {
        None => {
            view! { <p class="notice">{link} " is running on the same target. Wait until it has finished."</p> }.into_any()
        }
        Some(until) => view! {
            <p class="notice">
                {link} " was started on the same target and may still be running. Check manually, and wait until "
                <At at=Signal::stored(until)/> "."
            </p>
        }
        .into_any(),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\t'], " ")
}

/// The changes since the form was shown that was refused.
fn different(advice: &Advice<'_>, outcome: &Outcome) -> Option<AnyView> {
    let refused = outcome.refused(Step::Approve)?;
    let was = |label: &str| {
        let mut lines = refused.sent.seen.lines().filter_map(|line| line.split_once('\t'));
        lines.find(|(known, _)| *known == label).map(|(_, value)| value.to_owned())
    };
    let changed = advice.decided_upon().into_iter().filter_map(|(label, is)| {
        let (was, is) = (was(label)?, one_line(&is));
        let nothing = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
        (was != is).then(|| view! { <div><dt>{label}</dt><dd><del>{nothing(was)}</del> " " <ins>{nothing(is)}</ins></dd></div> })
    });
    let changed: Vec<_> = changed.collect();
    (!changed.is_empty()).then(|| {
        view! { <h2>"What has changed"</h2><dl class="terms different">{changed}</dl> }.into_any()
    })
}

/// Everything else, folded.
#[component]
pub(super) fn About(state: State) -> impl IntoView {
    let number = state.with_untracked(|page| page.id.incident);
    let reasons = move || {
        state.with(|page| {
            let reasons = advice_of(page).reasons();
            reasons.iter().map(|reason| view! { <li>{prose(reason)}</li> }).collect_view()
        })
    };
    let terms = move || state.with(|page| recommendation::terms(&advice_of(page)));
    let has_more = Memo::new(move |_| state.with(|page| page.readings.len() > MOST_SHOWN));
    let plan = Memo::new(move |_| {
        state.with(|page| match &page.plan {
            Plan::Ready { text } => Some(text.clone()),
            Plan::Refused { .. } => None,
        })
    });
    let plan = move || {
        plan.get().map(|text| view! {
            <details class="fold"><summary>"Exact command line"</summary><pre tabindex="0" aria-label="Exact command line">{text}</pre></details>
        })
    };
    let approvals = move || {
        state.with(|page| {
            let given: Vec<_> = page
                .recommendation
                .approvals
                .iter()
                .map(|given| view! { <li>{author(given.by, page.names.of(given.by))} ", " <Ago at=Signal::stored(given.at)/></li> })
                .collect();
            (!given.is_empty()).then(|| {
                view! { <details class="fold"><summary>"Approvals"</summary><ul>{given}</ul></details> }
            })
        })
    };
    view! {
        <div id="about" class="about">
            <details class="fold">
                <summary>"Reason, expected effect, success check, undo"</summary>
                <ul class="reasons">{reasons}</ul>
                {terms}
            </details>
            <Show when=move || has_more.get()>
                <details class="fold"><summary>"More signals"</summary><Now state from=MOST_SHOWN to=usize::MAX/></details>
            </Show>
            {plan}
            {approvals}
            <p class="links">
                <a href=format!("/ops/incidents/{number}")>"Incident"</a>
                <a href=format!("/ops/incidents/{number}#timeline")>"Timeline"</a>
            </p>
        </div>
    }
}
