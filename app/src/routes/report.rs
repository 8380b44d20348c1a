//! A stability report, as it was made: its figures beside those of the report before, and its text.

use commands::report::ReportPage as Shown;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use wording::report;

use super::reports::PATH;
use crate::{
    components::{
        markdown::{Markdown, render},
        page::{followed, key},
        time::At,
    },
    problem::Problem,
};

/// A report.
#[server(prefix = "/api/pages", endpoint = "report", input = GetUrl)]
pub async fn get_report(id: String) -> Result<Shown, Problem> {
    use domain::error::ErrorKind;

    use crate::backend::{execute, refuse};
    let Ok(report) = id.parse::<u64>() else {
        return Err(refuse(Problem {
            kind: ErrorKind::NotFound,
            sentence: "There is no such report. Its address ends in a number.".into(),
        }));
    };
    execute(commands::reading::GetReport { report }).await
}

/// The page.
#[component]
pub(crate) fn ReportPage() -> AnyView {
    let key = key();
    followed(
        |answer: &Shown| report::title(answer.made.figures.period.kind).to_owned(),
        move || key().0,
        get_report,
        |answer: &Shown| Some(answer.cursor),
        |shown: RwSignal<Shown>, answer| {
            // A report stays as it was made: only its review is new.
            shown.update(|shown| {
                if shown.report == answer.report {
                    shown.reviewed = answer.reviewed;
                    shown.names.clone_from(&answer.names);
                }
            });
        },
        |answer| {
            let page = RwSignal::new(answer);
            (Some(page), view! { <Page page/> }.into_any())
        },
    )
}

#[component]
fn Page(page: RwSignal<Shown>) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    super::reports::listen();
    let number = page.with_untracked(|page| page.report);
    let title = page.with_untracked(|page| report::heading(&page.made.figures.period));
    let review = Memo::new(move |_| page.with(|page| (page.reviewed, page.may_review)));
    let reviewed = move || match review.get() {
        (Some(by), _) => {
            let who = page.with(|page| page.names.of(by.by));
            view! { <p class="quiet">"Reviewed by " {who} ", " <At at=Signal::stored(by.at)/> "."</p> }
                .into_any()
        }
        (None, true) => view! {
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="review"/>
                <input type="hidden" name="report" value=number/>
                <p><button class="button primary" type="submit">"Mark as reviewed"</button></p>
            </form>
        }
        .into_any(),
        (None, false) => {
            view! { <p class="quiet">"Not reviewed yet. Whoever may approve can mark it."</p> }
                .into_any()
        }
    };
    let made = page.with_untracked(|page| (page.names.of(page.made_by), page.made_at));
    let figures = page.with_untracked(figures);
    let text = page.with_untracked(|page| render(report::without_heading(&page.made.text, &title)));
    view! {
        <div class="page report">
            <h1>{title}</h1>
            {reviewed}
            {figures}
            <Markdown of=text/>
            <p class="quiet">"Made by " {made.0} ", " <At at=Signal::stored(made.1)/> ", and kept as it was."</p>
            <p class="links">
                <a href=format!("/api/ops/reports/{number}/report.md") rel="external" download="">"Download as Markdown"</a>
                <a href=PATH>"All reports"</a>
                <a href="/ops/prevention">"Prevention steps"</a>
            </p>
        </div>
    }
}

/// The promises beside those of the report before.
fn figures(page: &Shown) -> AnyView {
    let figures = &page.made.figures;
    let before = figures.before.map(|before| {
        let report = before.report;
        view! { <th scope="col"><a href=format!("{PATH}/{report}")>"The report before"</a></th> }
    });
    let rows = report::compared(figures).into_iter().map(|row| {
        let before =
            row.before.map(|before| view! { <td data-label="The report before">{before}</td> });
        view! { <tr><th scope="row">{row.label}</th><td data-label="This report">{row.now}</td>{before}</tr> }
    });
    view! {
        <table class="times">
            <thead><tr><th scope="col">"Promise"</th><th scope="col">"This report"</th>{before}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}
