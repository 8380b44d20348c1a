//! What is published on the status page, and the forms by which people publish, follow up and
//! withdraw.

mod forms;
mod state;

pub use state::StatusView;
#[cfg(feature = "ssr")]
pub(crate) use state::{PATH, SentOutcome, SentStatus};

use domain::status_page::{Notice, StatusUpdate};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use wording::status_page::{lead, notice_state};

use crate::{
    components::{page::page, time::At},
    live::live,
    problem::Problem,
};

/// The page about the status page. `incident` is for a new notice.
#[server(prefix = "/api/pages", endpoint = "status", input = GetUrl)]
pub async fn get_status_page(#[server(default)] incident: String) -> Result<StatusView, Problem> {
    let page = crate::door::execute(commands::reading::GetStatusPage {}).await?;
    let sent = use_context::<SentStatus>();
    let named = sent.as_ref().map_or(incident.as_str(), |sent| sent.incident.as_str());
    Ok(StatusView { page, incident: named.parse().ok().filter(|number| *number > 0), sent })
}

/// The page.
#[component]
pub(crate) fn StatusPage() -> AnyView {
    let live = live();
    let query = leptos_router::hooks::use_query_map();
    page(
        |_| "Status page".to_owned(),
        move || query.with(|query| query.get("incident").unwrap_or_default()),
        get_status_page,
        move |view: &StatusView| live.read_at(view.page.cursor),
        |view| view! { <Page view/> }.into_any(),
    )
}

#[component]
fn Page(view: StatusView) -> impl IntoView {
    let current = view.page.page.current().len();
    let begin = forms::begin(&view);
    let notices: Vec<AnyView> =
        view.page.page.current().into_iter().map(|one| card(&view, one)).collect();
    let mut resolved: Vec<&Notice> =
        view.page.page.notices.iter().filter(|notice| !notice.is_current()).collect();
    resolved.reverse();
    let resolved: Vec<AnyView> = resolved.into_iter().map(|one| card(&view, one)).collect();
    view! {
        <div class="page status-page-forms">
            <h1>"Status page"</h1>
            <p class="lead">{lead(current)}</p>
            <p>"Everyone can read " <a href="/status" rel="external">"the status page"</a> " without an account. It shows what people publish here, word by word, and nothing else."</p>
            {forms::said(view.sent.as_ref())}
            {begin}
            {(!notices.is_empty()).then(|| view! { <section aria-labelledby="current"><h2 id="current">"Current notices"</h2>{notices}</section> })}
            {(!resolved.is_empty()).then(|| view! { <section aria-labelledby="resolved"><h2 id="resolved">"Resolved"</h2>{resolved}</section> })}
        </div>
    }
}

/// A notice with its updates and its forms.
fn card(view: &StatusView, notice: &Notice) -> AnyView {
    let id = format!("notice-{}", notice.number);
    let incident = notice.incident.map(|number| {
        view! { <p class="quiet">"For " <a href=format!("/ops/incidents/{number}")>"incident " {number.0}</a> ". The public does not see this."</p> }
    });
    let updates: Vec<AnyView> =
        notice.newest_first().map(|update| line(view, notice, update)).collect();
    view! {
        <article class="card" aria-labelledby=id>
            <h3 id=id.clone()><bdi>{notice.title.clone()}</bdi></h3>
            {incident}
            <ol class="timeline">{updates}</ol>
            {forms::follow(view, notice)}
            {forms::withdraw(view, notice)}
        </article>
    }
    .into_any()
}

fn line(view: &StatusView, notice: &Notice, update: &StatusUpdate) -> AnyView {
    let who = view.page.names.of(update.by);
    let withdraw = (update.number != notice.number)
        .then(|| forms::withdraw_update(view, notice, update.number));
    view! {
        <li class="line">
            <p class="quiet">{notice_state(update.state)} ", " {who} ", " <At at=Signal::stored(update.at)/></p>
            <p class="published">{update.text.clone()}</p>
            {withdraw}
        </li>
    }
    .into_any()
}
