//! Stability reports, newest first: each figure beside those of the others.

use commands::report::{ReportCard, ReportList};
use domain::{actor::Names, report::ReportKind};
use leptos::{prelude::*, server_fn::codec::GetUrl};
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

/// The list of reports.
#[server(prefix = "/api/pages", endpoint = "reports", input = GetUrl)]
pub async fn get_reports() -> Result<ReportsView, Problem> {
    let list = crate::door::execute(commands::reading::ListReports {}).await?;
    Ok(ReportsView { list, refused: use_context::<RefusedReport>() })
}

/// The page.
#[component]
pub(crate) fn ReportsPage() -> AnyView {
    followed(
        |_| "Stability reports".to_owned(),
        || (),
        |()| get_reports(),
        |answer: &ReportsView| Some(answer.list.cursor),
        |shown: RwSignal<ReportList>, answer| shown.set(answer.list.clone()),
        |answer| {
            let list = RwSignal::new(answer.list);
            (Some(list), view! { <Page list refused=answer.refused/> }.into_any())
        },
    )
}

/// Asks again when the journal tells of a report.
#[cfg(feature = "hydrate")]
pub(crate) fn listen() {
    use domain::journal::EventGroup;

    crate::live::live().refresh_on(|entry| {
        let group = entry.event.as_ref().map(|event| event.group());
        matches!(group, Some(EventGroup::Report(_)))
    });
}

#[component]
fn Page(list: RwSignal<ReportList>, refused: Option<RefusedReport>) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen();
    let lead = Memo::new(move |_| {
        list.with(|list| {
            let waiting = list.reports.iter().filter(|one| one.reviewed.is_none()).count();
            report::lead(list.reports.len(), waiting)
        })
    });
    let rows = Memo::new(move |_| list.with(|list| list.reports.clone()));
    let has_rows = Memo::new(move |_| rows.with(|rows| !rows.is_empty()));
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
        </div>
    }
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
