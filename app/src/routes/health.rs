//! Health: one sentence that is true right now, what needs a person, then the readings.

mod board;
mod cards;
mod day;
mod filter;
mod group;
mod maintenance;
mod row;
#[cfg(feature = "ssr")]
mod thin;
mod tiles;

use commands::{
    maintenance::MaintenanceCard,
    view::{BlindSpan, CheckResult, DocumentState, Health},
};
use domain::journal::BlindReason;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use wording::humanize;

pub use maintenance::WindowForm;

use crate::{
    components::{
        incident_card::{Cards, List},
        notice::linked,
        page::page,
        time::{Ago, At},
    },
    live::live,
    page::Mood,
    problem::Problem,
    state::{OpsStore, OpsStoreFields, load_health},
    status::{self, Waiting},
};

/// More active incidents than so many take one line each.
const MOST_CARDS: usize = 3;

/// The health page, and what is said about a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthPageView {
    /// Health.
    pub health: Health,
    /// The maintenance window that was not begun, and why not.
    pub refused_window: Option<(WindowForm, String)>,
    /// The reason a subject was not retired.
    pub not_retired: Option<String>,
}

/// The health page.
#[server(prefix = "/api/pages", endpoint = "health", input = GetUrl)]
pub async fn get_health() -> Result<HealthPageView, Problem> {
    use crate::forms::{NotRetired, RefusedWindow};
    let mut health = crate::backend::execute(commands::reading::GetHealth {}).await?;
    health.sparklines.iter_mut().for_each(thin::thin);
    Ok(HealthPageView {
        health,
        refused_window: use_context::<RefusedWindow>()
            .map(|refused| (refused.form, refused.problem.sentence)),
        not_retired: use_context::<NotRetired>().map(|NotRetired(problem)| problem.sentence),
    })
}

/// The page.
#[component]
pub(crate) fn HealthPage() -> AnyView {
    let ops = expect_context::<OpsStore>();
    let live = live();
    page(
        |_| "Health".to_owned(),
        || (),
        |()| get_health(),
        move |view: &HealthPageView| {
            live.read_at(view.health.cursor);
            load_health(ops, &view.health);
        },
        |view| view! { <Page view/> }.into_any(),
    )
}

#[component]
fn Page(view: HealthPageView) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let HealthPageView { health, refused_window, not_retired } = view;
    let may = health.may_maintain;
    let is_many = Memo::new(move |_| {
        ops.active().track();
        ops.with_untracked(|ops| ops.active.len() > MOST_CARDS)
    });
    // Each is made anew only when it is another: a form in it keeps what was typed.
    let maintenance =
        Memo::new(move |_| ops.overview().with(|overview| overview.maintenance.clone()));
    let gaps = Memo::new(move |_| ops.overview().with(|overview| overview.blind.clone()));
    let in_force = Memo::new(move |_| ops.overview().with(|overview| overview.documents.clone()));
    let left_out = move || {
        let count = ops.left_out().get();
        (count > 0).then(|| view! {
            <p class="quiet">{count} " more signals are not shown, to keep the page fast. They are still monitored."</p>
        })
    };
    view! {
        <div class="page health">
            <h1 class="away">"Health"</h1>
            <div class="top">
                <Standing/>
                {health.may_check.then(|| view! {
                    <form method="post" action="/ops/health">
                        <input type="hidden" name="what" value="check"/>
                        <button class="button" type="submit">"Check now"</button>
                    </form>
                })}
            </div>
            {health.check.map(checked)}
            <div class="troubles">{move || troubles(&ops.troubles().get())}</div>
            {not_retired.map(|why| view! { <p class="said refused" role="status">{why}</p> })}
            <div class="refused">{move || in_force.with(|documents| edits(documents))}</div>
            <div class="needs" class:many=move || is_many.get()><Cards list=List::Active/></div>
            <board::Board may/>
            {left_out}
            {move || maintenance.with(|open| windows(open, may))}
            {may.then(|| view! { <maintenance::Begin refused=refused_window/> })}
            {move || gaps.with(|gaps| blind(gaps))}
            {health.prevention.and_then(wording::review::open_steps).map(|told| view! {
                <p class="quiet">{told} " " <a href="/ops/prevention">"Prevention steps"</a></p>
            })}
            {health.report.map(|one| view! {
                <p class="quiet">
                    {wording::report::waiting(&one.period)} " "
                    <a href=format!("/ops/reports/{}", one.report)>"Report"</a>
                </p>
            })}
            <footer class="foot">
                <p><a href="/ops/uptime">"Uptime of endpoints"</a></p>
                <p>"Calm Ops " {health.version} "."</p>
                {move || in_force.with(|in_force| documents(in_force))}
            </footer>
        </div>
    }
}

/// The sentence of status, and when it was last checked.
#[component]
fn Standing() -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let sentence = Memo::new(move |_| {
        let waiting = ops.active().with(|active| Waiting::of(active));
        let active = status::active_sentence(waiting);
        let sentence = ops.count().with(|count| status::status_sentence(active, count));
        status::with_practice(sentence, waiting)
    });
    let class = move || {
        ops.active().track();
        ops.layout().track();
        match ops.with_untracked(|ops| ops.pulse()).map(|pulse| pulse.mood) {
            Some(Mood::Critical) => "status is-critical",
            Some(Mood::Warning) => "status is-warning",
            Some(Mood::Calm | Mood::Blind) | None => "status",
        }
    };
    let checked_at = Signal::derive(move || ops.checked_at().get());
    let is_checked = Memo::new(move |_| checked_at.get().as_micros() > 0);
    view! {
        <p class=class>
            <strong aria-live="polite">{move || sentence.get()}</strong>
            <Show when=move || is_checked.get()>
                <span class="checked">" Checked " <Ago at=checked_at/> "."</span>
            </Show>
        </p>
    }
}

/// The result of a check that a person asked for.
fn checked(check: CheckResult) -> AnyView {
    let CheckResult { at, collectors, failed, unfinished } = check;
    let sources = if collectors == 1 { " source, " } else { " sources, " };
    let failed = (failed > 0).then(|| format!(" {failed} could not be read."));
    let have = if unfinished == 1 { "has" } else { "have" };
    let unfinished =
        (unfinished > 0).then(|| format!(" {unfinished} {have} not answered within 10 s."));
    view! { <p class="said done">"Checked " {collectors} {sources} <Ago at=Signal::stored(at)/> "." {failed} {unfinished}</p> }
        .into_any()
}

/// Everything that can't be seen, or works in a lesser way.
fn troubles(troubles: &[String]) -> Vec<AnyView> {
    troubles.iter().map(|one| view! { <p class="notice">{linked(one)}</p> }.into_any()).collect()
}

/// Documents whose edit was refused, and where the mistake is. That they are not in force is told
/// among the troubles.
fn edits(documents: &[DocumentState]) -> Vec<AnyView> {
    let refused = documents.iter().filter_map(|document| {
        let error = document.error.clone()?;
        Some(view! {
            <div class="notice">
                <pre>{error}</pre>
                <p>
                    "Fix " <code>{document.name.clone()}</code>
                    "; it is reloaded automatically. The version from " <At at=Signal::stored(document.since)/> " stays in force."
                </p>
            </div>
        }.into_any())
    });
    refused.collect()
}

fn windows(open: &[MaintenanceCard], may: bool) -> AnyView {
    maintenance::windows(open, may)
}

/// Times without data.
fn blind(blind: &[BlindSpan]) -> Option<AnyView> {
    let spans = blind.iter().map(|span| {
        let why = match span.why {
            BlindReason::NotRunning => "Calm Ops was not running",
            BlindReason::Asleep => "the machine was suspended, or Calm Ops could not run",
        };
        let length = humanize::seconds(span.to.since(span.from).as_secs_f64());
        view! {
            <li>
                "No data from " <At at=Signal::stored(span.from)/> " to " <At at=Signal::stored(span.to)/> " (" {length} "): " {why} "."
            </li>
        }
    });
    (!blind.is_empty()).then(|| {
        view! {
            <section class="unseen" aria-labelledby="unseen">
                <h2 id="unseen">"Gaps in the last 24 hours"</h2>
                <ul>{spans.collect_view()}</ul>
            </section>
        }
        .into_any()
    })
}

/// The documents in force.
fn documents(documents: &[DocumentState]) -> Option<AnyView> {
    let items = documents.iter().map(|document| {
        let hash: String = document.sha256.chars().take(12).collect();
        view! {
            <li><code>{document.name.clone()}</code> ", in force since " <At at=Signal::stored(document.since)/> ", " <code>{hash}</code></li>
        }
    });
    (!documents.is_empty()).then(|| {
        view! {
            <details class="fold"><summary>"Documents in force"</summary><ul>{items.collect_view()}</ul></details>
        }
        .into_any()
    })
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn what_came_of_a_check_is_counted() {
        let owner = Owner::new();
        let told = |collectors, failed, unfinished| {
            owner.with(|| {
                Clock::provide();
                let at = Timestamp::from_secs(1_795_341_600);
                let html = checked(CheckResult { at, collectors, failed, unfinished }).to_html();
                html.replace("<!>", "")
            })
        };
        let all = told(6, 0, 0);
        assert!(all.contains("Checked 6 sources, <time") && !all.contains("not"), "{all}");
        let some = told(6, 1, 2);
        assert!(
            some.contains("</time>. 1 could not be read. 2 have not answered within 10 s."),
            "{some}"
        );
    }
}
