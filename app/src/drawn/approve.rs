//! The phone's page: one recommendation, everything that a decision needs without scrolling, the
//! rest folded below it.

use commands::view::{Blocker, Plan, RecommendationPage};
use domain::{
    actor::Actor,
    reading::{Reading, Status},
    recommendation::Stage,
};
use leptos::prelude::*;
use wording::{
    humanize,
    recommendation::{Advice, May, lower},
    summary::incident_card,
};

use crate::{
    clock,
    deed::Deed,
    door,
    drawn::{block, bound, edge, headline, prose::prose, recommendation, steps, timeline::author},
    facts::{Refused, Told},
    mark,
    problem::Problem,
    status,
};

/// The most signals that stand above the decision; the others are folded.
const MOST_SHOWN: usize = 2;

/// What is said where the page is alive and something that is decided upon has changed: the reader
/// sees it before they press.
const CHANGED: &str =
    "What this decision is about has changed just now. Load the page again, then decide.";

/// The page, with what it has to tell.
pub(crate) fn page(page: &RecommendationPage, told: &Told) -> String {
    let RecommendationPage { incident, recommendation: one, names, .. } = page;
    let advice = Advice { incident, one, names };
    let edge = format!("brief asks {}", edge(incident.state, incident.severity));
    let binding = advice.stands_at(page.checked_at).then(|| page.binding.to_string());
    view! {
        <article id="brief" class=edge data-hash="">
            {block("head", head(page))}
            {steps::said(Deed::Approve, told)}
            {kept(&advice, told)}
            {block("ran", recommendation::progress(&advice, &advice.address()))}
            {block("output", recommendation::printed(one, page.output.as_ref()))}
            {bound("decide", decision(page, &advice, told), binding, CHANGED)}
        </article>
        {block("about", about(page, &advice))}
    }
    .into_any()
    .to_html()
}

/// What is wrong, how bad, and the live values.
fn head(page: &RecommendationPage) -> String {
    let incident = &page.incident;
    let number = incident.number.0;
    let rows: Vec<AnyView> =
        page.readings.iter().take(MOST_SHOWN).map(|reading| now(page, reading)).collect();
    view! {
        <p class="card-head">
            <span class="number">"Incident " {number}</span>
            {mark::severity(incident.severity)}
            {(!incident.is_active()).then(|| view! { <span class="state">{incident.state.as_str()}</span> })}
        </p>
        <h1>{prose(&headline(&incident_card(incident)))}</h1>
        <ul class="now">{rows}</ul>
    }
    .into_any()
    .to_html()
}

/// One signal as it is now, with what is usual: the browser keeps it new.
fn now(page: &RecommendationPage, reading: &Reading) -> AnyView {
    let usual =
        reading.usual.map(|usual| format!(" (usually {})", humanize::value(usual, &reading.unit)));
    let old = reading.stale_since.map(|_| "");
    // Where it began stands in the headline.
    let of = (reading.subject != page.incident.cause)
        .then(|| format!(" of {}", humanize::subject(&reading.subject)));
    let (class, word) =
        mark::status_words(if old.is_some() { Status::Unknown } else { reading.status });
    let heard = reading.stale_since.map(|at| view! { ", last heard " {clock::moment(at)} });
    view! {
        <li>
            {mark::mark(class, word)} " " {humanize::label(&reading.signal)} {of} " now: "
            <strong data-reading=status::row_key(&reading.subject, &reading.signal) data-old=old>{humanize::value(reading.value, &reading.unit)}</strong>
            {usual} {heard}
        </li>
    }
    .into_any()
}

/// What was written and refused, where its field does not stand any more.
fn kept(advice: &Advice<'_>, told: &Told) -> Option<AnyView> {
    let Told::Refused(Refused { asked, .. }) = told else { return None };
    let is_shown =
        asked.deed == Some(Deed::Decline) && advice.one.is_offered() && advice.incident.is_active();
    (!asked.text.trim().is_empty() && !is_shown).then(|| {
        let incident = format!("/ops/incidents/{}#comment", advice.incident.number);
        view! {
            <p>"What you wrote is kept here. It fits on the " <a href=incident>"incident's timeline"</a> " too."</p>
            <blockquote>{asked.text.clone()}</blockquote>
        }
        .into_any()
    })
}

/// The question with its two answers, or what stands in their place.
fn decision(page: &RecommendationPage, advice: &Advice<'_>, told: &Told) -> String {
    let incident = format!("/ops/incidents/{}", advice.incident.number);
    if !advice.one.is_offered() {
        return closed(advice, &incident);
    }
    if !advice.stands_at(page.checked_at) {
        let why = if advice.incident.is_active() {
            "This offer has ended."
        } else {
            "The incident is resolved, so nothing is to be run."
        };
        return view! {
            <h2>{advice.what()}</h2>
            <p>{why} " Nothing was run."</p>
            <p><a class="button primary" href=incident>"Look at the incident"</a></p>
        }
        .into_any()
        .to_html();
    }
    let may = advice.may(page.reader.as_ref());
    let why = advice.reasons().into_iter().next();
    view! {
        {different(advice, told)}
        {why.map(|why| view! { <p>{prose(&why)}</p> })}
        {recommendation::risk(advice)}
        <p>"If nobody acts: " {prose(&lower(&advice.if_nobody_acts()))}</p>
        <p class="quiet">"Recommended by " {author(Actor::Agent, advice.names.of(Actor::Agent))}</p>
        <h2 class="ask">"Run exactly this " {advice.place()} "?"</h2>
        {recommendation::command(advice)}
        {recommendation::first_yes(advice)}
        {answers(page, advice, may, told)}
        <p class="quiet">{advice.approval()} " The offer stands until " {clock::exact(advice.one.expires_at)} "."</p>
    }
    .into_any()
    .to_html()
}

/// What is said where there is nothing to decide any more.
fn closed(advice: &Advice<'_>, incident: &str) -> String {
    let Some(gone) = advice.gone() else {
        // It runs, or ran: that is told already.
        return view! { <p class="links"><a href=incident.to_owned()>"Back to the incident"</a></p> }.into_any().to_html();
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
    .to_html()
}

/// The two answers, as far as the reader may give them.
fn answers(page: &RecommendationPage, advice: &Advice<'_>, may: May, told: &Told) -> AnyView {
    let sign_in = door::sign_in(&advice.address());
    let yes = match (may, &page.plan) {
        (May::Look, _) => {
            let word = if page.reader.is_some() { "Sign in as someone else" } else { "Sign in to decide" };
            let who = match advice.one.approval {
                domain::recommendation::Approval::One => "An approver decides this.",
                domain::recommendation::Approval::Two => "Two approvers decide this.",
            };
            let primary = if page.reader.is_some() { "button" } else { "button primary" };
            return view! {
                <p class="notice">{who} " You can read everything here, and write on the incident's timeline."</p>
                <p><a class=primary href=sign_in rel="external">{word}</a></p>
            }
            .into_any();
        }
        _ if page.blocked_by.is_some() => page.blocked_by.as_ref().map(wait).into_any(),
        (_, Plan::Refused { why }) => view! { <p class="notice">"It can't be run as things are: " {why.clone()}</p> }.into_any(),
        (May::SignInAgain, _) => view! {
            <p class="notice">"To approve, sign in again: your last sign-in is too long ago. Then this page comes back, and nothing is decided yet."</p>
            <p class="answer"><a class="button primary" href=sign_in rel="external">"Sign in again"</a></p>
        }
        .into_any(),
        (May::Decline, _) => view! { <p class="notice">"Your yes counts. It needs another approver too, because the risk is high."</p> }.into_any(),
        (May::Decide, Plan::Ready { .. }) => {
            let seen: Vec<String> = advice.decided_upon().iter().map(|(label, value)| format!("{label}\t{}", one_line(value))).collect();
            let inside = view! {
                <input type="hidden" name="binding" value=page.binding.to_string()/>
                <input type="hidden" name="seen" value=seen.join("\n")/>
                {steps::button("button primary", format!("Approve: {}", advice.lower_what()))}
            };
            steps::decide(&advice.address(), advice, Deed::Approve, inside.into_any())
        }
    };
    let open = steps::refused(told, Deed::Decline).is_some();
    let no = view! { {steps::words(Deed::Decline, "Why not; kept for learning", told)} {steps::button("button", "Decline, and run nothing")} };
    view! {
        <div class="answers">
            {yes}
            <details class="step" open=open>
                <summary class="button">"Decline"</summary>
                {steps::decide(&advice.address(), advice, Deed::Decline, no.into_any())}
            </details>
        </div>
    }
    .into_any()
}

/// What has to be over first, for this incident or another one.
fn wait(other: &Blocker) -> AnyView {
    let link = view! { <a href=format!("/ops/approve/{}", other.id)>{other.title.clone()}</a> };
    match other.until {
        None => {
            view! { <p class="notice">{link} " runs on the same just now. One at a time: wait for its end, then decide."</p> }.into_any()
        }
        Some(until) => view! {
            <p class="notice">
                {link} " was started on the same, and its end was not seen. It may still run: look by hand, and wait until "
                {clock::exact(until)} "."
            </p>
        }
        .into_any(),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\t'], " ")
}

/// What has changed since the form was shown that was refused.
fn different(advice: &Advice<'_>, told: &Told) -> Option<AnyView> {
    let refused = steps::refused(told, Deed::Approve)?;
    let was = |label: &str| {
        let mut lines = refused.asked.seen.lines().filter_map(|line| line.split_once('\t'));
        lines.find(|(known, _)| *known == label).map(|(_, value)| value.to_owned())
    };
    let changed = advice.decided_upon().into_iter().filter_map(|(label, is)| {
        let (was, is) = (was(label)?, one_line(&is));
        let nothing = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
        (was != is).then(|| view! { <div><dt>{label}</dt><dd><del>{nothing(was)}</del> " " <ins>{nothing(is)}</ins></dd></div> })
    });
    let changed: Vec<_> = changed.collect();
    (!changed.is_empty()).then(|| {
        view! { <h2>"What is different now"</h2><dl class="terms different">{changed}</dl> }
            .into_any()
    })
}

/// Everything else, folded.
fn about(page: &RecommendationPage, advice: &Advice<'_>) -> String {
    let RecommendationPage { readings, plan, .. } = page;
    let more: Vec<AnyView> =
        readings.iter().skip(MOST_SHOWN).map(|reading| now(page, reading)).collect();
    let reasons: Vec<_> =
        advice.reasons().iter().map(|reason| view! { <li>{prose(reason)}</li> }).collect();
    let plan = match plan {
        Plan::Ready { text } => Some(view! {
            <details class="fold"><summary>"What exactly would be executed"</summary><pre tabindex="0" aria-label="What would be executed">{text.clone()}</pre></details>
        }),
        Plan::Refused { .. } => None,
    };
    let approvals: Vec<_> = advice
        .one
        .approvals
        .iter()
        .map(|given| view! { <li>{author(given.by, advice.names.of(given.by))} " said yes, " {clock::moment(given.at)}</li> })
        .collect();
    let approvals = (!approvals.is_empty()).then(|| {
        view! { <details class="fold"><summary>"Who said yes"</summary><ul>{approvals}</ul></details> }
    });
    let number = advice.incident.number;
    view! {
        <details class="fold">
            <summary>"Why, what is expected, how it is proven, undo"</summary>
            <ul class="reasons">{reasons}</ul>
            {recommendation::terms(advice)}
        </details>
        {(!more.is_empty()).then(|| view! { <details class="fold"><summary>"More signals"</summary><ul class="now">{more}</ul></details> })}
        {plan}
        {approvals}
        <p class="links">
            <a href=format!("/ops/incidents/{number}")>"The incident"</a>
            <a href=format!("/ops/incidents/{number}#timeline")>"Its timeline"</a>
        </p>
    }
    .into_any()
    .to_html()
}

/// What stands where the page can't be shown after a form was sent: what happened, and what was
/// typed.
pub(crate) fn lost(id: &str, problem: &Problem, refused: &Refused) -> String {
    let address = format!("/ops/approve/{id}");
    let (text, why) = (&refused.asked.text, &refused.problem.sentence);
    let also = (problem.sentence != *why).then(|| problem.sentence.clone());
    let next = if problem.asks_for_sign_in() {
        view! { <a class="button primary" href=door::sign_in(&address) rel="external">"Sign in"</a> }.into_any()
    } else {
        view! { <a class="button primary" href=address>"See how it stands"</a> }.into_any()
    };
    view! {
        <h1>"Recommendation " {id.to_owned()}</h1>
        <p class="lead">{why.clone()} " " {also}</p>
        <p>"Look how it stands, then decide. To press twice is harmless: what is approved runs once."</p>
        {(!text.trim().is_empty()).then(|| view! { <p>"What you wrote is kept here:"</p><blockquote>{text.clone()}</blockquote> })}
        <p>{next}</p>
    }
    .into_any()
    .to_html()
}
