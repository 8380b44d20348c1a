//! Recommendations: what waits for a decision, what runs, and what became of it.

use commands::view::{CommandsState, RunOutput};
use domain::{
    actor::Names,
    incident::Incident,
    recommendation::{Ended, Recommendation, RunOutcome, Stage},
};
use leptos::prelude::*;
use wording::recommendation::{Advice, lower};

use super::{
    brief::{self, Runbook},
    head::card,
    state::IncidentState,
};
use crate::{
    actions::Step,
    components::{
        badge::Badge,
        form::{Forms, StepForm, Submit, first_line_kept},
        prose::prose,
        time::{Ago, At},
        timeline::author,
    },
};

/// Name of an incident's recommendation on its page.
fn advice<'a>(incident: &'a Incident, one: &'a Recommendation, names: &'a Names) -> Advice<'a> {
    Advice { incident, one, names }
}

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

/// The run under way, or how the last run ended, with its output.
#[component]
pub(super) fn Ran(state: IncidentState, forms: Forms) -> impl IntoView {
    let shown = Memo::new(move |_| state.incident.with(|incident| run(incident).cloned()));
    let told = move || {
        let one = shown.get()?;
        let view = state.incident.with_untracked(|incident| {
            state.names.with(|names| progress(&advice(incident, &one, names), forms))
        });
        Some(view)
    };
    let output = Memo::new(move |_| {
        let place = shown.with(|one| one.as_ref().map(|one| one.place))?;
        state.outputs.with(|all| all.iter().find(|output| output.place == place).cloned())
    });
    view! {
        <div id="ran" class="ran">{told}</div>
        <div id="output" class="output"><Printed shown output path=format!("/ops/incidents/{}", state.number())/></div>
    }
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

/// The risk, and who notices.
pub(crate) fn risk(advice: &Advice<'_>) -> AnyView {
    let class = match advice.one.risk {
        domain::recommendation::Risk::Low => "healthy",
        domain::recommendation::Risk::Medium => "warning",
        domain::recommendation::Risk::High => "critical",
    };
    view! { <p class="risk"><Badge of=Signal::stored((class, advice.risk()))/> " " {prose(&advice.one.blast_radius)}</p> }.into_any()
}

/// The terms of a decision.
pub(crate) fn terms(advice: &Advice<'_>) -> AnyView {
    let term = |word: &'static str, text: String| view! { <div><dt>{word}</dt><dd>{prose(&text)}</dd></div> };
    // The first reason stands above.
    let more = advice.reasons().into_iter().skip(1).collect::<Vec<_>>().join(" ");
    view! {
        <dl class="terms">
            {(!more.is_empty()).then(|| term("Also", more))}
            {term("Expected", advice.one.effect.clone())}
            {term("Success check", advice.proof())}
            {term("Undo", advice.undo())}
            {term("Who decides", advice.approval())}
            <div><dt>"Expires"</dt><dd><At at=Signal::stored(advice.one.expires_at)/></dd></div>
        </dl>
    }
    .into_any()
}

/// The first of two approvals.
pub(crate) fn first_approval(advice: &Advice<'_>) -> Option<AnyView> {
    let (who, at) = advice.first_yes()?;
    let who = author(who, advice.names.of(who));
    Some(view! { <p class="notice">{who} " approved it, " <Ago at=Signal::stored(at)/> ". A second approval is needed."</p> }.into_any())
}

/// The run under way, or the end of the last one.
pub(crate) fn progress(advice: &Advice<'_>, forms: Forms) -> AnyView {
    let (one, place) = (advice.one, advice.one.place);
    let yes = one
        .approvals
        .iter()
        .map(|given| advice.names.of(given.by))
        .collect::<Vec<_>>()
        .join(" and ");
    let approved = (!yes.is_empty()).then(|| format!("Approved by {yes}. "));
    let (class, word, told) = match &one.stage {
        Stage::Approved { .. } => {
            ("watching", "approved", view! { <p>{approved} "Starting now."</p> }.into_any())
        }
        Stage::Running { started_at, cancelled } => {
            let limit = advice.limit().to_string();
            let told = match cancelled {
                Some((by, at)) => {
                    view! { <p>{author(*by, advice.names.of(*by))} " asked to stop it, " <Ago at=Signal::stored(*at)/> ". Stopping it."</p> }.into_any()
                }
                None => view! {
                    <p>{approved} "Running since " <At at=Signal::stored(*started_at)/> ". It is stopped after " {limit} " at the latest."</p>
                    <StepForm forms step=Step::Cancel>
                        <input type="hidden" name="place" value=place/>
                        <Submit forms class=Signal::stored("button")>"Stop it"</Submit>
                    </StepForm>
                }
                .into_any(),
            };
            ("watching", "running", told)
        }
        Stage::Ended(ended) => {
            let (class, word) = verdict(ended);
            (class, word, over(advice, ended, approved))
        }
        Stage::Offered | Stage::Declined { .. } | Stage::Withdrawn { .. } => return ().into_any(),
    };
    view! {
        <h2>{advice.what()}</h2>
        <p><Badge of=Signal::stored((class, word))/></p>
        {command(advice)}
        {told}
    }
    .into_any()
}

/// The mark of a run that is over.
const fn verdict(ended: &Ended) -> (&'static str, &'static str) {
    match (&ended.outcome, ended.worked) {
        (RunOutcome::Unknown, _) => ("unknown", "outcome unknown"),
        (RunOutcome::NotStarted { .. }, _) => ("unknown", "not started"),
        (RunOutcome::Cancelled, _) => ("unknown", "stopped early"),
        (_, Some(true)) if ended.began_before => ("healthy", "recovered"),
        (_, Some(true)) => ("healthy", "it worked"),
        (RunOutcome::Exited { code: 0 }, Some(false)) => ("warning", "it did not help"),
        (RunOutcome::Exited { code: 0 }, None) => ("watching", "checking whether it worked"),
        (RunOutcome::Exited { .. } | RunOutcome::Signalled { .. } | RunOutcome::TimedOut, _) => {
            ("warning", "it failed")
        }
    }
}

/// The end of a run, and whether it helped.
fn over(advice: &Advice<'_>, ended: &Ended, approved: Option<String>) -> AnyView {
    let is_unknown = ended.outcome == RunOutcome::Unknown;
    let by_hand = is_unknown.then(|| {
        view! {
            <p class="notice">"It was started at "<At at=Signal::stored(ended.started_at)/> ". Check manually before anything else is run:"</p>
            <p class="command"><code dir="ltr">{advice.look()}</code></p>
        }
    });
    let proof = match (ended.worked, advice.watched_until()) {
        // How it ended says it all.
        (Some(false), _) if !ended.outcome.is_success() && !is_unknown => None,
        (Some(worked), _) => Some(view! { <p><strong>{prose(&advice.worked(ended, worked))}</strong></p> }.into_any()),
        (None, Some((what, until))) if !is_unknown => {
            Some(view! { <p><strong>"Checking " {what} " until " <At at=Signal::stored(until)/> "."</strong></p> }.into_any())
        }
        (None, _) => None,
    };
    let started = !matches!(ended.outcome, RunOutcome::NotStarted { .. });
    let told = view! { <p>{approved} {started.then(|| view! { "Started " <Ago at=Signal::stored(ended.started_at)/> ". " })} {prose(&advice.ended(ended))}</p> };
    // What matters most now comes first: the proof, or that it failed.
    if ended.outcome.is_success() || (ended.worked.is_some() && !is_unknown) {
        view! { {proof} {told} }.into_any()
    } else {
        view! { {by_hand} {told} {proof} }.into_any()
    }
}

/// The output of a run. What comes is added, so that only that is read out, and the reader's place in
/// it stays.
#[component]
pub(crate) fn Printed(
    #[prop(into)] shown: Signal<Option<Recommendation>>,
    #[prop(into)] output: Signal<Option<RunOutput>>,
    /// Address of the page on which it stands.
    path: String,
) -> impl IntoView {
    #[derive(Clone, Copy, PartialEq)]
    enum Part {
        Nothing,
        Running,
        Ended { is_open: bool },
        Silent,
    }
    let is_empty =
        Memo::new(move |_| output.with(|one| one.as_ref().is_none_or(|one| one.text.is_empty())));
    let part = Memo::new(move |_| {
        shown.with(|one| match one.as_ref().map(|one| &one.stage) {
            Some(Stage::Running { .. }) => Part::Running,
            Some(Stage::Ended(Ended { outcome, .. }))
                if !matches!(outcome, RunOutcome::NotStarted { .. }) =>
            {
                match (is_empty.get(), outcome) {
                    // What was printed was not seen either.
                    (true, RunOutcome::Unknown) => Part::Nothing,
                    (true, _) => Part::Silent,
                    (false, outcome) => Part::Ended { is_open: !outcome.is_success() },
                }
            }
            _ => Part::Nothing,
        })
    });
    let text = Memo::new(move |_| {
        output.with(|one| one.as_ref().map(|one| one.text.clone()).unwrap_or_default())
    });
    move || {
        match part.get() {
        Part::Nothing => ().into_any(),
        Part::Silent => view! { <p class="quiet">"No output."</p> }.into_any(),
        Part::Running => view! {
            <Log text/>
            // Without Wasm the page is asked for again by hand.
            <p class="links again"><a href=path.clone() rel="external">"Refresh"</a></p>
        }
        .into_any(),
        Part::Ended { is_open } => view! {
            <details class="fold" open=is_open>
                <summary>"Output"</summary>
                <pre class="printed" aria-label="Output" tabindex="0">{first_line_kept(text.get())}</pre>
            </details>
        }
        .into_any(),
    }
    }
}

/// A log that is added to. It follows its end while the reader is there.
#[component]
fn Log(text: Memo<String>) -> impl IntoView {
    let node: NodeRef<leptos::html::Pre> = NodeRef::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move |before: Option<String>| {
        let now = text.get();
        if let (Some(before), Some(log)) = (before, node.get()) {
            let top = log.scroll_top();
            let is_at_end = top + log.client_height() + 24 >= log.scroll_height();
            match now.strip_prefix(&before) {
                Some("") => {}
                Some(more) => {
                    let _ = log.append_child(&document().create_text_node(more));
                }
                None => log.set_text_content(Some(&now)),
            }
            log.set_scroll_top(if is_at_end { log.scroll_height() } else { top });
        }
        now
    });
    view! {
        <pre node_ref=node class="printed" role="log" aria-live="polite" aria-label="Output" tabindex="0">
            {first_line_kept(text.get_untracked())}
        </pre>
    }
}

/// The recommendations of now and before.
#[component]
pub(super) fn Advices(state: IncidentState) -> impl IntoView {
    let card = card(state);
    let view = move || {
        let awaits = card.with(|card| card.awaits_decision);
        let commands = state.commands.get();
        state.names.with(|names| state.incident.with(|one| advices(one, names, awaits, commands)))
    };
    view! { <div id="advice" class="advice">{view}</div> }
}

fn advices(
    incident: &Incident,
    names: &Names,
    awaits_decision: bool,
    commands: CommandsState,
) -> AnyView {
    let advice = |one| advice(incident, one, names);
    let mut offered = incident.offered().filter(|_| incident.is_active()).map(advice);
    // While one runs, or is watched, the others wait behind it.
    let first =
        if awaits_decision { offered.next().map(|first| recommended(&first)) } else { None };
    let others = offered.map(|other| option(&other)).collect_view();
    let next = brief::runbooks(incident).1;
    let none = (first.is_none() && nothing_fits(incident))
        .then(|| nothing(incident, commands, next.as_ref()));
    let shown = run(incident).map(|one| one.place);
    let past = incident
        .recommendations
        .iter()
        .filter(|one| Some(one.place) != shown && !one.is_offered() && !one.is_under_way());
    let past: Vec<AnyView> = past.map(|one| before(&advice(one))).collect();
    let past = (!past.is_empty()).then(|| {
        view! { <details class="fold"><summary>"Earlier recommendations"</summary><ul class="before">{past}</ul></details> }
    });
    view! { {first} {none} {others} {past} }.into_any()
}

/// True if a breach holds and nothing is on its way to help.
fn nothing_fits(incident: &Incident) -> bool {
    let on_its_way = |one: &Recommendation| one.is_under_way() || one.awaits_proof();
    incident.is_active()
        && incident.holding().next().is_some()
        && !incident.recommendations.iter().any(on_its_way)
}

/// That no command helps, and what does.
fn nothing(incident: &Incident, commands: CommandsState, next: Option<&Runbook>) -> AnyView {
    let no_pm2 = match commands {
        CommandsState::Mistaken => {
            return view! {
                <p class="none">
                    "The file of approved commands has a mistake, so nothing is recommended and nothing runs until it is fixed. "
                    <a href="/ops/health">"Health shows the line"</a> "."
                </p>
            }
            .into_any();
        }
        CommandsState::NoPm2 => Some(view! {
            <p class="none">
                "PM2 runs apps here, but its program was not found in the usual places, so its commands can't be recommended. Set its path as "
                <code>"pm2.program"</code> " in the configuration, and restart Calm Ops."
            </p>
        }),
        CommandsState::Ready => None,
    };
    let link = next.map_or_else(
        || view! { <a href="/ops/runbook">"When things break"</a> }.into_any(),
        |next| {
            view! { <a href=format!("/ops/runbook#{}", next.slug)>{next.title.clone()}</a> }
                .into_any()
        },
    );
    // What was offered before fits, and yet is not offered again now.
    let why = if incident.recommendations.is_empty() {
        "No approved command covers this."
    } else {
        "There are no other recommendations."
    };
    view! { {no_pm2} <p class="none">{why} " See the runbook: " {link} "."</p> }.into_any()
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

/// The reason, the command, its place, and the extent of what can go wrong.
fn offer(advice: &Advice<'_>) -> AnyView {
    view! {
        {first_approval(advice)}
        {advice.reasons().first().map(|reason| view! { <p>{prose(reason)}</p> })}
        {command(advice)}
        <p class="quiet">"Runs " {advice.place()} "."</p>
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
