//! The description of the interface: for programs (OpenAPI), and for people.

use std::{fmt::Write as _, sync::OnceLock};

use axum::{
    Json,
    response::{Html, IntoResponse, Response},
};
use domain::access::Permission;
use http::{HeaderValue, header};
use utoipa::openapi::OpenApi;

use crate::http::{
    api::route::Route,
    assets,
    error::Kind,
    openapi::document,
    schema::{Content, Parameter},
};

/// The routes of the description of `all`, which it is a part of.
pub(super) fn routes(all: fn() -> Vec<Route>) -> Vec<Route> {
    vec![
        Route::get_with("/api/openapi.json", async move || json(all))
            .public()
            .summary("The API description for programs.")
            .answer("An OpenAPI 3.1 document."),
        Route::get_with("/api", async move || page(&all()))
            .public()
            .content(Content::Page)
            .summary("The API description for people.")
            .answer("A page."),
    ]
}

fn json(all: fn() -> Vec<Route>) -> Response {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    Json(DOCUMENT.get_or_init(|| document(&all()))).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A sentence: what stands between backticks is code.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (index, piece) in text.split('`').enumerate() {
        let (before, after) = if index % 2 == 1 { ("<code>", "</code>") } else { ("", "") };
        html.extend([before, &escape(piece), after]);
    }
    html
}

/// The callers that may ask.
fn for_whom(need: Permission) -> String {
    match need {
        Permission::Nothing => "everyone".to_owned(),
        Permission::Itself => "Calm Ops itself".to_owned(),
        Permission::ShareLink => "anyone with the link".to_owned(),
        Permission::Ingest => "responders, and tokens with the scope 'ingest'".to_owned(),
        Permission::Read => "viewers, and tokens with the scope 'read'".to_owned(),
        Permission::Respond => "responders, and tokens with the scope 'respond'".to_owned(),
        Permission::SetPlans => "approvers, and tokens with the scope 'plans'".to_owned(),
        Permission::Person { role, recently_authenticated } => {
            format!(
                "{role}s{}",
                if recently_authenticated { ", with a recent sign-in" } else { "" }
            )
        }
    }
}

fn page(routes: &[Route]) -> Response {
    let mut rows = String::new();
    for route in routes {
        let _ = write!(
            rows,
            "<section><h2><code>{} {}</code></h2><p>{}</p>",
            route.method.to_uppercase(),
            escape(route.path),
            prose(route.summary)
        );
        if !route.query.is_empty() {
            rows.push_str("<dl>");
            for Parameter { name, meaning, .. } in route.query {
                let _ = write!(
                    rows,
                    "<dt><code>{}</code></dt><dd>{}</dd>",
                    escape(name),
                    prose(meaning)
                );
            }
            rows.push_str("</dl>");
        }
        if let Some((body, _)) = route.body {
            let _ =
                write!(rows, "<p>Body:</p><pre tabindex=\"0\"><code>{}</code></pre>", escape(body));
        }
        let _ = write!(
            rows,
            "<p>Answer {}: {}</p><p>For {}.</p></section>",
            route.answer.0,
            prose(route.answer.1),
            for_whom(route.need)
        );
    }
    let mut kinds = String::new();
    for (kind, meaning) in Kind::ALL {
        let kind = kind.as_str();
        let _ =
            write!(kinds, "<dt id=\"{kind}\"><code>{kind}</code></dt><dd>{}</dd>", prose(meaning));
    }
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>API · Calm Ops</title><link rel=\"stylesheet\" href=\"{}\"></head><body><main class=\"plain-page\"><h1>API</h1>\
         <p>Errors are problem details (RFC 9457). Times are RFC 3339, UTC. The same for programs: <a href=\"/api/openapi.json\">openapi.json</a>. \
         Back to <a href=\"/ops/health\">health</a>.</p>{rows}<section><h2>Problems</h2><p>The part of <code>type</code> after the <code>#</code>:</p><dl>{kinds}</dl></section></main></body></html>",
        escape(&assets::names().css)
    );
    let mut response = Html(page).into_response();
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    );
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
