//! Notices that are published on the status page, and the forms by which people publish, follow up
//! and withdraw.

mod forms;
mod state;

pub use state::StatusView;
#[cfg(feature = "ssr")]
pub(crate) use state::{PATH, SentOutcome, SentStatus};

use domain::status_page::{Notice, StatusUpdate};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use wording::status_page::{lead, notice_state};

use crate::{
    components::{page::followed, time::At},
    problem::Problem,
};

/// The page about the status page. `incident` is for a new notice.
#[server(prefix = "/api/pages", endpoint = "status", input = GetUrl)]
pub async fn get_status_page(#[server(default)] incident: String) -> Result<StatusView, Problem> {
    let page = crate::backend::execute(commands::reading::GetStatusPage {}).await?;
    let sent = use_context::<SentStatus>();
    let named = sent.as_ref().map_or(incident.as_str(), |sent| sent.incident.as_str());
    Ok(StatusView { page, incident: named.parse().ok().filter(|number| *number > 0), sent })
}

/// The page.
#[component]
pub(crate) fn StatusPage() -> AnyView {
    let query = leptos_router::hooks::use_query_map();
    followed(
        |_| "Status page".to_owned(),
        move || query.with(|query| query.get("incident").unwrap_or_default()),
        get_status_page,
        |answer: &StatusView| Some(answer.page.cursor),
        // A form that was refused stays with what was said about it.
        |shown: RwSignal<StatusView>, answer| {
            shown.update(|shown| shown.page.clone_from(&answer.page));
        },
        |answer| {
            let view = RwSignal::new(answer);
            (Some(view), view! { <Page view/> }.into_any())
        },
    )
}

/// Follows the journal: others may publish and withdraw meanwhile, and a redaction removes words.
#[cfg(feature = "hydrate")]
fn listen(view: RwSignal<StatusView>) {
    use domain::journal::{EventGroup, JournalEvent};

    crate::live::live().refresh_on(move |entry| {
        let is_about_it = matches!(
            entry.event.as_ref().map(|event| event.group()),
            Some(EventGroup::StatusPage(_) | EventGroup::Journal(JournalEvent::Redacted { .. }))
        );
        // This one may be gone.
        is_about_it
            && view.try_with_untracked(|view| entry.number > view.page.cursor.number) == Some(true)
    });
}

#[component]
fn Page(view: RwSignal<StatusView>) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    listen(view);
    let page = move |read: fn(&domain::status_page::StatusPage) -> Vec<u64>| {
        Memo::new(move |_| view.with(|view| read(&view.page.page)))
    };
    let current = page(|page| page.current().iter().map(|one| one.number).collect());
    let resolved = page(|page| {
        let resolved = page.notices.iter().rev().filter(|notice| !notice.is_current());
        resolved.map(|one| one.number).collect()
    });
    let said = view.with_untracked(|view| forms::said(view.sent.as_ref()));
    let begin = view.with_untracked(forms::begin);
    let cards = move |numbers: Memo<Vec<u64>>| {
        view! {
            <For each=move || numbers.get() key=|number| *number let:number>
                {card(view, number)}
            </For>
        }
    };
    view! {
        <div class="page status-page-forms">
            <h1>"Status page"</h1>
            <p class="lead" aria-live="polite">{move || lead(current.with(Vec::len))}</p>
            <p>"Everyone can read " <a href="/status" rel="external">"the status page"</a> " without an account. It shows what people publish here, word by word, and nothing else."</p>
            {said}
            {begin}
            <Show when=move || current.with(|current| !current.is_empty())>
                <section aria-labelledby="current"><h2 id="current">"Current notices"</h2>{cards(current)}</section>
            </Show>
            <Show when=move || resolved.with(|resolved| !resolved.is_empty())>
                <section aria-labelledby="resolved"><h2 id="resolved">"Resolved"</h2>{cards(resolved)}</section>
            </Show>
        </div>
    }
}

/// A notice with its updates and its forms. What is typed into them stays when others publish.
fn card(view: RwSignal<StatusView>, number: u64) -> Option<AnyView> {
    let notice =
        move |view: &StatusView| -> Option<Notice> { view.page.page.notice(number).cloned() };
    let first = view.with_untracked(notice)?;
    let updates = Memo::new(move |_| {
        let notice = view.with(notice);
        notice.map(|one| one.newest_first().cloned().collect::<Vec<_>>()).unwrap_or_default()
    });
    let id = format!("notice-{number}");
    let incident = first.incident.map(|number| {
        view! { <p class="quiet">"For " <a href=format!("/ops/incidents/{number}")>"incident " {number.0}</a> ". The public does not see this."</p> }
    });
    let follow = view.with_untracked(|view| forms::follow(view, &first));
    let withdraw = view.with_untracked(|view| forms::withdraw(view, &first));
    let title = first.title.clone();
    Some(
        view! {
            <article class="card" aria-labelledby=id>
                <h3 id=id.clone()><bdi>{title}</bdi></h3>
                {incident}
                <ol class="timeline">
                    <For each=move || updates.get() key=|update| update.number let:update>
                        {line(view, &first, &update)}
                    </For>
                </ol>
                {follow}
                {withdraw}
            </article>
        }
        .into_any(),
    )
}

fn line(view: RwSignal<StatusView>, notice: &Notice, update: &StatusUpdate) -> AnyView {
    let (who, withdraw) = view.with_untracked(|view| {
        let withdraw = (update.number != notice.number)
            .then(|| forms::withdraw_update(view, notice, update.number));
        (view.page.names.of(update.by), withdraw)
    });
    view! {
        <li class="line">
            <p class="quiet">{notice_state(update.state)} ", " {who} ", " <At at=Signal::stored(update.at)/></p>
            <p class="published">{update.text.clone()}</p>
            {withdraw}
        </li>
    }
    .into_any()
}
