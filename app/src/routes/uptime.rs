//! Uptime: how often each endpoint answered over a day, a week, a month and a quarter.

use commands::uptime::{EndpointUptime, UptimePage as View};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use wording::{humanize, uptime as words};

use crate::{
    components::{
        page::followed,
        time::At,
        uptime::{cells, heads},
    },
    problem::Problem,
    status::signal_href,
};

/// The uptime of all endpoints.
#[server(prefix = "/api/pages", endpoint = "uptime", input = GetUrl)]
pub async fn get_uptime() -> Result<View, Problem> {
    crate::backend::execute(commands::reading::GetUptime {}).await
}

/// The page.
#[component]
pub(crate) fn UptimePage() -> AnyView {
    followed(
        |_| "Uptime".to_owned(),
        || (),
        |()| get_uptime(),
        |answer: &View| Some(answer.cursor),
        |shown: RwSignal<View>, answer| shown.set(answer.clone()),
        |answer| {
            let shown = RwSignal::new(answer);
            (Some(shown), view! { <Page shown/> }.into_any())
        },
    )
}

#[component]
fn Page(shown: RwSignal<View>) -> impl IntoView {
    let lead = Memo::new(move |_| shown.with(words::lead));
    let at = Memo::new(move |_| shown.with(|view| view.at));
    let left_out = Memo::new(move |_| shown.with(|view| words::left_out(view.left_out)));
    let rows = Memo::new(move |_| shown.with(|view| view.endpoints.clone()));
    let has_rows = Memo::new(move |_| rows.with(|rows| !rows.is_empty()));
    view! {
        <div class="page uptime">
            <h1>"Uptime"</h1>
            <p class="lead">{move || lead.get()}</p>
            <Show when=move || has_rows.get()>
                <table class="times">
                    <thead><tr><th scope="col">"Endpoint"</th>{heads()}</tr></thead>
                    <tbody>
                        {move || rows.with(|rows| rows.iter().map(row).collect_view())}
                    </tbody>
                </table>
            </Show>
            {move || left_out.get().map(|told| view! { <p>{told}</p> })}
            <p class="quiet">{words::MEANING} " Counted " <At at=at/> "."</p>
            <p class="links">
                <a href="/ops/health">"Health"</a>
                <a href="/ops/history">"History"</a>
            </p>
        </div>
    }
}

fn row(one: &EndpointUptime) -> AnyView {
    let name = humanize::name(&one.endpoint);
    // The signal that says whether it answers.
    let name = match "endpoint.up".parse() {
        Ok(signal) => view! { <a href=signal_href(&one.endpoint, &signal)>{name}</a> }.into_any(),
        Err(_) => name.into_any(),
    };
    view! { <tr><th scope="row">{name}</th>{cells(&one.periods)}</tr> }.into_any()
}
