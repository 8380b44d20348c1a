//! Changes a row of the thresholds: its form, a trial on stored history, the difference of the
//! document, and the acceptance. History's own proposals stand beside it.

mod proposals;
mod state;
#[cfg(all(test, feature = "ssr"))]
mod tests;
mod trial;

pub use state::ThresholdAnswer;
pub(crate) use state::address;
#[cfg(feature = "ssr")]
pub(crate) use state::{PATH, SentThreshold};

pub(crate) use proposals::offered;

use commands::threshold::{EditableRow, LONGEST_CELL, TRIAL_DAYS, ThresholdPage as View};
use domain::threshold::ThresholdWay;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::{use_location, use_params_map};
use wording::{humanize, threshold};

use crate::{components::page::page, live::live, problem::Problem, status::signal_href};
use state::{State, fields};

/// The days that are tried if nothing else is chosen.
const USUAL_DAYS: u32 = 90;

/// The page for one signal; `query` names the subject, and may name a row, new texts or a proposal.
#[server(prefix = "/api/pages", endpoint = "threshold", input = GetUrl)]
pub async fn get_threshold(
    #[server(default)] signal: String,
    #[server(default)] query: String,
) -> Result<ThresholdAnswer, Problem> {
    state::read(&signal, &query).await
}

/// The page.
#[component]
pub(crate) fn ThresholdPage() -> AnyView {
    let (params, query) = (use_params_map(), use_location().search);
    let live = live();
    let shown = StoredValue::new(None::<State>);
    page(
        |answer: &ThresholdAnswer| match &answer.page {
            Ok(page) => {
                format!("Threshold: {}", humanize::lower_signal_of(&page.signal, &page.subject))
            }
            Err(_) => "Threshold".to_owned(),
        },
        move || {
            let signal = params.with(|params| params.get("signal").unwrap_or_default());
            (signal, query.get())
        },
        |(signal, query)| get_threshold(signal, query),
        move |answer: &ThresholdAnswer| {
            let Ok(page) = &answer.page else { return };
            live.read_at(page.cursor);
            if let Some(state) = shown.get_value() {
                state.take(page);
            }
        },
        move |answer| {
            let ThresholdAnswer { page, asked, sent } = answer;
            match page {
                Ok(page) => {
                    let state = State::new(*page, asked, sent);
                    shown.set_value(Some(state));
                    view! { <Page state/> }.into_any()
                }
                Err(problem) => refused(&problem),
            }
        },
    )
}

/// Page in place of a signal that there is not.
fn refused(problem: &Problem) -> AnyView {
    view! {
        <div class="page">
            <h1>"This threshold can't be shown"</h1>
            <p class="lead">{problem.sentence.clone()}</p>
            <p class="links"><a href="/ops/health">"All signals"</a></p>
        </div>
    }
    .into_any()
}

#[component]
fn Page(state: State) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    state.listen();
    let page = state.page.get_untracked();
    let name = humanize::lower_signal_of(&page.signal, &page.subject);
    let first = page.hash;
    let newer = Memo::new(move |_| state.page.with(|page| page.hash != first));
    let mistake = Memo::new(move |_| state.page.with(|page| page.mistake.clone()));
    let obstacle = page.obstacle.map(threshold::obstacle);
    let here = address(&page.subject, &page.signal);
    let chosen = state.chosen(&page);
    let lead = if page.rows.is_empty() && page.mistake.is_none() {
        format!("No row of {} is in force for it. Add one in the document.", page.document)
    } else {
        format!(
            "What alerts stands in {}. Try a change on stored history before it takes effect.",
            page.document
        )
    };
    let reload = here.clone();
    view! {
        <div class="page threshold">
            <h1>"Threshold of " {name}</h1>
            <p class="lead">{lead}</p>
            {state::said(state, &here)}
            {move || newer.get().then(|| view! {
                <p class="notice" role="status">"The document has changed since you opened this page. " <a href=reload.clone() rel="external">"Look at it as it is now"</a></p>
            })}
            {move || mistake.get().map(|told| view! { <p class="notice">{told}</p> })}
            {obstacle.map(|told| view! { <p class="notice">{told}</p> })}
            <proposals::OfPage state/>
            {others(&page, chosen.as_ref(), &here)}
            {chosen.map(|row| form(state, &page, &row, &here))}
            {trial::outcome(state, &page, &here)}
            <p class="links"><a href=signal_href(&page.subject, &page.signal)>"The history of this signal"</a></p>
        </div>
    }
}

/// Links to the other rows of the signal.
fn others(page: &View, chosen: Option<&EditableRow>, here: &str) -> Option<AnyView> {
    let is_other = |one: &&EditableRow| Some(one.row.line) != chosen.map(|row| row.row.line);
    let links: Vec<_> = page
        .rows
        .iter()
        .filter(is_other)
        .map(|one| {
            let href = format!("{here}&line={}", one.row.line);
            view! { <a href=href>"Change the row that watches " {way(one.row.way)}</a> }
        })
        .collect();
    (!links.is_empty()).then(|| view! { <p class="links">{links}</p> }.into_any())
}

const fn way(way: ThresholdWay) -> &'static str {
    match way {
        ThresholdWay::Level => "the level",
        ThresholdWay::Rise => "how fast it rises",
        ThresholdWay::Forecast => "when it reaches a limit",
    }
}

/// The form that tries a change.
fn form(state: State, page: &View, row: &EditableRow, here: &str) -> AnyView {
    let cells = state.cells(page, row);
    let inputs =
        fields(&cells).into_iter().zip(row.cells.texts()).map(|((name, label, text), now)| {
            let note =
                (text != now).then(|| view! { <span class="quiet">"now " {now.to_owned()}</span> });
            view! {
                <div>
                    <label for=name>{label} " " {note}</label>
                    <input id=name name=name type="text" maxlength=LONGEST_CELL value=text/>
                </div>
            }
        });
    let inputs = inputs.collect_view();
    let days = state.days().unwrap_or(USUAL_DAYS);
    let options = TRIAL_DAYS.map(|value| {
        let word = if value == 730 { "2 years".to_owned() } else { format!("{value} days") };
        view! { <option value=value selected=value == days>{word}</option> }
    });
    let try_it = if page.may_try {
        view! { <button class="button primary" type="submit">"Try it"</button> }.into_any()
    } else {
        view! { <p class="quiet">"Responders, approvers and owners try changes."</p> }.into_any()
    };
    let about = format!("Line {}, subjects {}.", row.row.line, row.row.subjects);
    view! {
        <section aria-labelledby="row">
            <h2 id="row">"The row"</h2>
            <p class="quiet">{about} " Write each as in the document: above 85%, above 3 times usual and 50 ms, 5 min, 5 min / 1 min, or - for none."</p>
            <form method="post" action=here.to_owned()>
                <input type="hidden" name="what" value="try"/>
                {state::hidden(page, row.row.line, page.hash, state.proposal())}
                {inputs}
                <div>
                    <label for="days">"Try on the last"</label>
                    <select id="days" name="days">{options.into_iter().collect_view()}</select>
                </div>
                {try_it}
            </form>
        </section>
    }
    .into_any()
}
