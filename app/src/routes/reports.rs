//! Stability reports, newest first: each figure beside those of the others.

use commands::report::{ReportCard, ReportList};
use domain::{actor::Names, report::ReportKind};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use wording::report;

use crate::{
    components::{page::followed, time::At},
    problem::{Problem, SIGN_IN},
};

/// The address of the page, which also takes its forms.
pub(crate) const PATH: &str = "/ops/reports";

/// A form that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReport {
    /// The reason for the refusal.
    pub problem: Problem,
}

/// The page, and a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportsView {
    /// The reports.
    pub list: ReportList,
    /// The form that was refused.
    pub refused: Option<RefusedReport>,
}

/// A page of the list of reports; `before` is the number before which it begins.
#[server(prefix = "/api/pages", endpoint = "reports", input = GetUrl)]
pub async fn get_reports(#[server(default)] before: String) -> Result<ReportsView, Problem> {
    let before = before.parse().ok();
    let list = crate::backend::execute(commands::reading::ListReports { before }).await?;
    Ok(ReportsView { list, refused: use_context::<RefusedReport>() })
}

/// The page.
#[component]
pub(crate) fn ReportsPage() -> AnyView {
    let query = use_query_map();
    followed(
        |_| "Stability reports".to_owned(),
        move || query.with(|query| query.get("before").unwrap_or_default()),
        get_reports,
        |answer: &ReportsView| Some(answer.list.cursor),
        |shown: RwSignal<ReportList>, answer| shown.set(answer.list.clone()),
        move |answer| {
            let list = RwSignal::new(answer.list);
            let is_newest = query.with_untracked(|query| {
                query.get("before").is_none_or(|before| before.parse::<u64>().is_err())
            });
            (Some(list), view! { <Page list refused=answer.refused is_newest/> }.into_any())
        },
    )
}

/// Asks again when the journal tells of a report.
#[cfg(feature = "hydrate")]
pub(crate) fn listen() {
    use domain::journal::{EventGroup, ReportEvent};

    crate::live::live().refresh_on(|entry| {
        let group = entry.event.as_ref().map(|event| event.group());
        matches!(
            group,
            Some(EventGroup::Report(
                ReportEvent::ReportMade { .. } | ReportEvent::ReportReviewed { .. }
            ))
        )
    });
}

#[component]
fn Page(
    list: RwSignal<ReportList>,
    refused: Option<RefusedReport>,
    is_newest: bool,
) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen();
    let lead = Memo::new(move |_| list.with(|list| report::lead(list, is_newest)));
    let rows = Memo::new(move |_| list.with(|list| list.reports.clone()));
    let has_rows = Memo::new(move |_| rows.with(|rows| !rows.is_empty()));
    let older = Memo::new(move |_| list.with(|list| list.older));
    let may_make = list.with_untracked(|list| list.may_make);
    view! {
        <div class="page reports">
            <h1>"Stability reports"</h1>
            <p class="lead" aria-live="polite">{move || lead.get()}</p>
            {refused.map(|refused| said(&refused))}
            {may_make.then(make)}
            <Show when=move || has_rows.get()>
                <table class="times">
                    <thead>
                        <tr>
                            <th scope="col">"Period"</th>
                            <th scope="col">"Incidents"</th>
                            <th scope="col">"Recovery, median"</th>
                            <th scope="col">"Recovery, 90%"</th>
                            <th scope="col">{report::OPENED_FIRST}</th>
                            <th scope="col">"Repeats"</th>
                            <th scope="col">"Reviewed"</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || rows.get() key=|one| (one.report, one.reviewed.is_some()) let:one>
                            {row(&one, &list.with_untracked(|list| list.names.clone()))}
                        </For>
                    </tbody>
                </table>
            </Show>
            <p class="links">
                {(!is_newest).then(|| view! { <a href=PATH>"Newest"</a> })}
                {move || older.get().map(|number| view! { <a href=older_page(number)>"Older"</a> })}
            </p>
        </div>
    }
}

/// The address of the page that begins before a report.
fn older_page(before: u64) -> String {
    format!("{PATH}?before={before}")
}

fn row(one: &ReportCard, names: &Names) -> AnyView {
    let cells = report::row(&one.promises).into_iter().map(|(label, figure)| {
        view! { <td data-label=label>{figure}</td> }
    });
    let reviewed = match one.reviewed {
        Some(review) => {
            let who = names.of(review.by);
            view! { {who} ", " <At at=Signal::stored(review.at)/> }.into_any()
        }
        None if one.period.kind == ReportKind::Daily => "-".into_any(),
        None => "not yet".into_any(),
    };
    let kind = report::kind(one.period.kind);
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{PATH}/{}", one.report)>{report::period(&one.period)}</a>
                <span class="quiet">" " {kind}</span>
            </th>
            {cells.collect_view()}
            <td data-label="Reviewed">{reviewed}</td>
        </tr>
    }
    .into_any()
}

/// The sentence about a form that was refused.
fn said(refused: &RefusedReport) -> AnyView {
    let link = refused.problem.asks_for_sign_in().then(|| {
        view! { " " <a href=format!("{SIGN_IN}{PATH}") rel="external">"Sign in"</a> }
    });
    let sentence = refused.problem.sentence.clone();
    view! { <p class="said refused" role="status">{sentence} {link}</p> }.into_any()
}

/// The form that makes one.
fn make() -> AnyView {
    let option = |kind: ReportKind| {
        let words = match kind {
            ReportKind::Daily => "the last 24 hours",
            ReportKind::Weekly => "the last 7 days",
            ReportKind::Monthly => "the last 30 days",
        };
        let selected = kind == ReportKind::Weekly;
        view! { <option value=kind.as_str() selected=selected>{words}</option> }
    };
    view! {
        <form method="post" action=PATH class="make-report">
            <input type="hidden" name="what" value="make"/>
            <label for="kind">"Make a report now about"</label>
            <select id="kind" name="kind">{ReportKind::ALL.map(option).into_iter().collect_view()}</select>
            <button class="button" type="submit">"Make report"</button>
        </form>
    }
    .into_any()
}
