//! The start page: the way to the page that matters now.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{components::page::page, problem::Problem};

/// The destination of `/`: to the incident that needs someone, or to the health page.
#[server(prefix = "/api/pages", endpoint = "home", input = GetUrl)]
pub async fn get_home() -> Result<String, Problem> {
    let incidents = crate::backend::execute(commands::reading::ListIncidents {}).await?;
    let path = match incidents.active.as_slice() {
        [only] => format!("/ops/incidents/{}", only.number),
        [] | [_, _, ..] => "/ops/health".to_owned(),
    };
    leptos_axum::redirect(&path);
    Ok(path)
}

/// The page.
#[component]
pub(crate) fn HomePage() -> AnyView {
    page(
        |_| String::new(),
        || (),
        |()| get_home(),
        |_| {},
        |path: String| {
            view! {
                <div class="page">
                    <h1>"Calm Ops"</h1>
                    <p><a href=path>"Go to the page that matters now"</a></p>
                </div>
            }
            .into_any()
        },
    )
}
