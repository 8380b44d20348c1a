//! What is recommended on an incident's page: what waits for a decision, what runs, and what became
//! of it.

use commands::view::{CommandsState, IncidentPage, RunOutput};
use domain::{
    incident::Incident,
    recommendation::{Ended, Recommendation, RunOutcome, Stage},
};
use leptos::prelude::*;
use wording::recommendation::{Advice, lower};

use crate::{
    clock,
    deed::Deed,
    drawn::{prose::prose, steps, timeline::author},
    facts::{Briefing, Guide},
    mark,
};

/// The run that is shown: what runs or is about to, else what ran last.
fn run(incident: &Incident) -> Option<&Recommendation> {
    let ended = |one: &Recommendation| {
        if let Stage::Ended(ended) = &one.stage { Some(ended.at) } else { None }
    };
    let under_way = incident.recommendations.iter().rfind(|one| one.is_under_way());
    under_way.or_else(|| {
        incident
            .recommendations
            .iter()
            .filter(|one| ended(one).is_some())
            .max_by_key(|one| ended(one))
    })
}

/// What runs, or how the last run ended.
pub(crate) fn ran(page: &IncidentPage) -> String {
    let IncidentPage { incident, names, .. } = page;
    let address = format!("/ops/incidents/{}", incident.number);
    run(incident)
        .map(|one| progress(&Advice { incident, one, names }, &address))
        .unwrap_or_default()
}

/// What the run that is shown prints or printed.
pub(crate) fn output(page: &IncidentPage) -> String {
    let output =
        |one: &Recommendation| page.outputs.iter().find(|output| output.place == one.place);
    run(&page.incident).map(|one| printed(one, output(one))).unwrap_or_default()
}

/// The command itself: all of it, wherever it has to break.
pub(crate) fn command(advice: &Advice<'_>) -> AnyView {
    let check = advice.check().map(|check| view! { <p class="quiet">"First, " <code dir="ltr">{check}</code> " has to succeed."</p> });
    let own = advice.one.argv.is_empty().then(
        || view! { <p class="quiet">"Calm Ops does this itself; no program is started."</p> },
    );
    view! { <p class="command"><code dir="ltr">{advice.one.shown.clone()}</code></p> {check} {own} }
        .into_any()
}

/// How much can go wrong, and who notices.
pub(crate) fn risk(advice: &Advice<'_>) -> AnyView {
    let class = match advice.one.risk {
        domain::recommendation::Risk::Low => "healthy",
        domain::recommendation::Risk::Medium => "warning",
        domain::recommendation::Risk::High => "critical",
    };
    view! { <p class="risk">{mark::mark(class, advice.risk())} " " {prose(&advice.one.blast_radius)}</p> }.into_any()
}

/// What else is to be known before a decision.
pub(crate) fn terms(advice: &Advice<'_>) -> AnyView {
    let term = |word: &'static str, text: String| view! { <div><dt>{word}</dt><dd>{prose(&text)}</dd></div> };
    // The first reason stands above.
    let more = advice.reasons().into_iter().skip(1).collect::<Vec<_>>().join(" ");
    view! {
        <dl class="terms">
            {(!more.is_empty()).then(|| term("Also", more))}
            {term("Expected", advice.one.effect.clone())}
            {term("Proof", advice.proof())}
            {term("Undo", advice.undo())}
            {term("Who decides", advice.approval())}
            <div><dt>"Offered until"</dt><dd>{clock::exact(advice.one.expires_at)}</dd></div>
        </dl>
    }
    .into_any()
}

/// The first of two people who said yes.
pub(crate) fn first_yes(advice: &Advice<'_>) -> Option<AnyView> {
    let (who, at) = advice.first_yes()?;
    let who = author(who, advice.names.of(who));
    Some(view! { <p class="notice">{who} " said yes, " {clock::moment(at)} ". One more approver has to say yes."</p> }.into_any())
}

/// What runs, or how it ended. `page` is the address of the page on which it stands.
pub(crate) fn progress(advice: &Advice<'_>, page: &str) -> String {
    let one = advice.one;
    let yes = one
        .approvals
        .iter()
        .map(|given| advice.names.of(given.by))
        .collect::<Vec<_>>()
        .join(" and ");
    let approved = (!yes.is_empty()).then(|| format!("Approved by {yes}. "));
    let (class, word, told) = match &one.stage {
        Stage::Approved { .. } => (
            "watching",
            "approved",
            view! { <p>{approved} "It starts this moment."</p> }.into_any(),
        ),
        Stage::Running { started_at, cancelled } => {
            let limit = advice.limit().to_string();
            let told = match cancelled {
                Some((by, at)) => {
                    view! { <p>{author(*by, advice.names.of(*by))} " asked to end it, " {clock::moment(*at)} ". It is being ended."</p> }.into_any()
                }
                None => view! {
                    <p>{approved} "It runs since " {clock::exact(*started_at)} " and is ended after " {limit} " at the latest."</p>
                    {steps::decide(page, advice, Deed::Cancel, steps::button("button", "Cancel it"))}
                }
                .into_any(),
            };
            ("watching", "running", told)
        }
        Stage::Ended(ended) => {
            let (class, word) = verdict(ended);
            (class, word, over(advice, ended, approved))
        }
        Stage::Offered | Stage::Declined { .. } | Stage::Withdrawn { .. } => return String::new(),
    };
    view! {
        <h2>{advice.what()}</h2>
        <p>{mark::mark(class, word)}</p>
        {command(advice)}
        {told}
    }
    .into_any()
    .to_html()
}

/// The mark of a run that is over.
const fn verdict(ended: &Ended) -> (&'static str, &'static str) {
    match (&ended.outcome, ended.worked) {
        (RunOutcome::Unknown, _) => ("unknown", "outcome unknown"),
        (RunOutcome::NotStarted { .. }, _) => ("unknown", "not started"),
        (RunOutcome::Cancelled, _) => ("unknown", "ended early"),
        (_, Some(true)) if ended.began_before => ("healthy", "it has recovered"),
        (_, Some(true)) => ("healthy", "it worked"),
        (RunOutcome::Exited { code: 0 }, Some(false)) => ("warning", "it did not help"),
        (RunOutcome::Exited { code: 0 }, None) => ("watching", "watching whether it works"),
        (RunOutcome::Exited { .. } | RunOutcome::Signalled { .. } | RunOutcome::TimedOut, _) => {
            ("warning", "it failed")
        }
    }
}

/// How a run ended, and whether it helped.
fn over(advice: &Advice<'_>, ended: &Ended, approved: Option<String>) -> AnyView {
    let is_unknown = ended.outcome == RunOutcome::Unknown;
    let by_hand = is_unknown.then(|| {
        view! {
            <p class="notice">"It was started at " {clock::exact(ended.started_at)} ". Check by hand before anything else is run:"</p>
            <p class="command"><code dir="ltr">{advice.look()}</code></p>
        }
    });
    let proof = match (ended.worked, advice.watched_until()) {
        // How it ended says it all.
        (Some(false), _) if !ended.outcome.is_success() && !is_unknown => None,
        (Some(worked), _) => Some(view! { <p><strong>{prose(&advice.worked(ended, worked))}</strong></p> }.into_any()),
        (None, Some((what, until))) if !is_unknown => {
            Some(view! { <p><strong>"Watching " {what} " until " {clock::exact(until)} "."</strong></p> }.into_any())
        }
        (None, _) => None,
    };
    let started = !matches!(ended.outcome, RunOutcome::NotStarted { .. });
    let told = view! { <p>{approved} {started.then(|| view! { "Started " {clock::moment(ended.started_at)} ". " })} {prose(&advice.ended(ended))}</p> };
    // What matters most now comes first: the proof, or that it failed.
    if ended.outcome.is_success() || (ended.worked.is_some() && !is_unknown) {
        view! { {proof} {told} }.into_any()
    } else {
        view! { {by_hand} {told} {proof} }.into_any()
    }
}

/// What a run prints, or printed: the browser adds what comes, and leaves alone where the reader is
/// in it.
pub(crate) fn printed(one: &Recommendation, output: Option<&RunOutput>) -> String {
    let text = output.map(|output| output.text.clone()).unwrap_or_default();
    match &one.stage {
        Stage::Running { .. } => {
            view! {
                <pre class="printed" role="log" aria-live="polite" aria-label="What it prints" tabindex="0" inner_html=steps::plain(&text)></pre>
                // Where the page is not alive, it is asked for again by hand.
                <p class="links again"><a href="">"Look again"</a></p>
            }
            .into_any()
            .to_html()
        }
        Stage::Ended(Ended { outcome, .. })
            if !matches!(outcome, RunOutcome::NotStarted { .. }) =>
        {
            if text.is_empty() && matches!(outcome, RunOutcome::Unknown) {
                // What was printed was not seen either.
                return String::new();
            }
            if text.is_empty() {
                return view! { <p class="quiet">"It printed nothing."</p> }.into_any().to_html();
            }
            view! {
                <details class="fold" open=!outcome.is_success()>
                    <summary>"What it printed"</summary>
                    <pre class="printed" aria-label="What it printed" tabindex="0" inner_html=steps::plain(&text)></pre>
                </details>
            }
            .into_any()
            .to_html()
        }
        Stage::Ended(_)
        | Stage::Offered
        | Stage::Declined { .. }
        | Stage::Withdrawn { .. }
        | Stage::Approved { .. } => String::new(),
    }
}

/// What is recommended now, and what was before.
pub(crate) fn advice(page: &IncidentPage, brief: &Briefing) -> String {
    let IncidentPage { incident, names, .. } = page;
    let advice = |one| Advice { incident, one, names };
    let mut offered = incident.offered().filter(|_| incident.is_active()).map(advice);
    // While one runs, or is watched, the others wait behind it.
    let first = if brief.card.awaits_decision {
        offered.next().map(|first| recommended(&first))
    } else {
        None
    };
    let others = offered.map(|other| option(&other)).collect_view();
    let none =
        (first.is_none() && nothing_fits(incident)).then(|| nothing(page, brief.next.as_ref()));
    let shown = run(incident).map(|one| one.place);
    let past = incident
        .recommendations
        .iter()
        .filter(|one| Some(one.place) != shown && !one.is_offered() && !one.is_under_way());
    let past: Vec<AnyView> = past.map(|one| before(&advice(one))).collect();
    let past = (!past.is_empty()).then(|| {
        view! { <details class="fold"><summary>"What was recommended before"</summary><ul class="before">{past}</ul></details> }
    });
    view! { {first} {none} {others} {past} }.into_any().to_html()
}

/// Whether a breach holds and nothing is on its way to help.
fn nothing_fits(incident: &Incident) -> bool {
    let on_its_way = |one: &Recommendation| one.is_under_way() || one.awaits_proof();
    incident.is_active()
        && incident.holding().next().is_some()
        && !incident.recommendations.iter().any(on_its_way)
}

/// That no command helps, and what does.
fn nothing(page: &IncidentPage, guide: Option<&Guide>) -> AnyView {
    let no_pm2 = match page.commands {
        CommandsState::Mistaken => {
            return view! {
                <p class="none">
                    "The page of approved commands has a mistake, so nothing is recommended and nothing runs until it is mended. "
                    <a href="/ops/health">"Health shows the line"</a> "."
                </p>
            }
            .into_any();
        }
        CommandsState::NoPm2 => Some(view! {
            <p class="none">
                "PM2 runs apps here, but its program is in none of the usual places, so none of its commands can be offered. Name its path as "
                <code>"pm2.program"</code> " in the configuration of Calm Ops, and start Calm Ops again."
            </p>
        }),
        CommandsState::Ready => None,
    };
    let link = guide.map_or_else(
        || view! { <a href="/ops/runbook">"the guide"</a> }.into_any(),
        |guide| {
            view! { <a href=format!("/ops/runbook#{}", guide.slug)>{guide.title.clone()}</a> }
                .into_any()
        },
    );
    // What was offered before fits, and yet is not offered again now.
    let why = if page.incident.recommendations.is_empty() {
        "No approved command fits this."
    } else {
        "Nothing else is recommended now."
    };
    view! { {no_pm2} <p class="none">{why} " The guide says what to look at: " {link} "."</p> }
        .into_any()
}

/// The one that is recommended most.
fn recommended(advice: &Advice<'_>) -> AnyView {
    view! {
        <h2>"Recommended: " {advice.lower_what()}</h2>
        {offer(advice)}
        <p><a class="button primary" href=advice.address()>"Review and decide"</a></p>
        {terms(advice)}
    }
    .into_any()
}

/// Another one that may help as well.
fn option(advice: &Advice<'_>) -> AnyView {
    view! {
        <details class="fold option">
            <summary><span>"Also possible: " {advice.lower_what()} ", " {advice.risk()}</span></summary>
            {offer(advice)}
            {terms(advice)}
            <p><a class="button" href=advice.address()>"Review and decide"</a></p>
        </details>
    }
    .into_any()
}

/// Why, what exactly, where, and how much can go wrong.
fn offer(advice: &Advice<'_>) -> AnyView {
    view! {
        {first_yes(advice)}
        {advice.reasons().first().map(|reason| view! { <p>{prose(reason)}</p> })}
        {command(advice)}
        <p class="quiet">"It runs " {advice.place()} "."</p>
        {risk(advice)}
        <p>"If nobody acts: " {prose(&lower(&advice.if_nobody_acts()))}</p>
    }
    .into_any()
}

/// One that is over, in a line.
fn before(advice: &Advice<'_>) -> AnyView {
    let told = match &advice.one.stage {
        Stage::Ended(ended) => {
            ended.worked.map_or_else(|| advice.ended(ended), |worked| advice.worked(ended, worked))
        }
        Stage::Offered
        | Stage::Approved { .. }
        | Stage::Running { .. }
        | Stage::Declined { .. }
        | Stage::Withdrawn { .. } => advice.gone().unwrap_or_default(),
    };
    let reason = if let Stage::Declined { reason, .. } = &advice.one.stage {
        Some(reason.clone())
    } else {
        None
    };
    view! {
        <li>
            <p><a href=advice.address()>{advice.what()}</a> ": " {prose(&told)}</p>
            {reason.map(|reason| view! { <blockquote>{reason}</blockquote> })}
        </li>
    }
    .into_any()
}
