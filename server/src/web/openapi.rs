//! The description of the interface: made from the one table of routes, for programs (OpenAPI) and for people.

use std::fmt::Write as _;

use axum::{
    Json,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, header};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, RefOr, Required,
    ResponseBuilder, ResponsesBuilder, Type,
    path::{OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    schema::Schema,
};

use crate::web::{
    api::{ROUTES, Route},
    assets,
};

fn method(route: &Route) -> HttpMethod {
    if route.method == "post" { HttpMethod::Post } else { HttpMethod::Get }
}

/// The schema of an example, one level after the other: every field of an example body is described by what it holds.
fn schema(example: &serde_json::Value) -> Schema {
    use serde_json::Value;
    let plain = |kind| Schema::Object(ObjectBuilder::new().schema_type(kind).build());
    match example {
        Value::Object(fields) => {
            let object = fields.iter().fold(ObjectBuilder::new().schema_type(Type::Object), |object, (name, value)| {
                let object = object.property(name, RefOr::T(schema(value)));
                if matches!(name.as_str(), "unit" | "at" | "note") { object } else { object.required(name) }
            });
            Schema::Object(object.build())
        }
        Value::Array(items) => {
            let items = items.first().map_or_else(|| plain(Type::Object), schema);
            Schema::Array(utoipa::openapi::schema::ArrayBuilder::new().items(RefOr::T(items)).build())
        }
        Value::Number(_) => plain(Type::Number),
        Value::Bool(_) => plain(Type::Boolean),
        Value::String(_) | Value::Null => plain(Type::String),
    }
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in ROUTES {
        let mut operation = OperationBuilder::new().summary(Some(route.summary));
        for name in route.path.split(['{', '}']).skip(1).step_by(2) {
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
            operation = operation.parameter(parameter.schema(Some(ObjectBuilder::new().schema_type(Type::String).build())));
        }
        for &(name, meaning) in route.query {
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(meaning));
            operation = operation.parameter(parameter.schema(Some(ObjectBuilder::new().schema_type(Type::String).build())));
        }
        if let Some(example) = route.body.and_then(|body| serde_json::from_str::<serde_json::Value>(body).ok()) {
            let content = ContentBuilder::new().schema(Some(schema(&example))).example(Some(example)).build();
            operation = operation.request_body(Some(RequestBodyBuilder::new().content("application/json", content).build()));
        }
        let (status, meaning) = route.answer;
        let good = ResponseBuilder::new().description(meaning).build();
        let wrong = ResponseBuilder::new().description("What was wrong, and what to do: problem details (RFC 9457).");
        let wrong = wrong.content("application/problem+json", ContentBuilder::new().build()).build();
        let responses = ResponsesBuilder::new().response(status.to_string(), good).response("default", wrong).build();
        paths = paths.path(route.path, PathItem::new(method(route), operation.responses(responses).build()));
    }
    let info = InfoBuilder::new().title("Calm Ops").version(env!("CARGO_PKG_VERSION")).description(Some("The interface for programs."));
    OpenApiBuilder::new().info(info.build()).paths(paths.build()).build()
}

/// `GET /api/openapi.json`
pub async fn json() -> Response {
    Json(document()).into_response()
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

/// `GET /api`
pub async fn page() -> Response {
    let mut rows = String::new();
    for route in ROUTES {
        let _ = write!(
            rows,
            "<section><h2><code>{} {}</code></h2><p>{}</p>",
            route.method.to_uppercase(),
            escape(route.path),
            prose(route.summary)
        );
        if !route.query.is_empty() {
            rows.push_str("<dl>");
            for (name, meaning) in route.query {
                let _ = write!(rows, "<dt><code>{}</code></dt><dd>{}</dd>", escape(name), prose(meaning));
            }
            rows.push_str("</dl>");
        }
        if let Some(body) = route.body {
            let _ = write!(rows, "<p>Body:</p><pre tabindex=\"0\"><code>{}</code></pre>", escape(body));
        }
        let _ = write!(rows, "<p>Answer {}: {}</p></section>", route.answer.0, prose(route.answer.1));
    }
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Interface · Calm Ops</title><link rel=\"stylesheet\" href=\"{}\"></head><body><main class=\"plain-page\"><h1>The interface for programs</h1>\
         <p>Errors are problem details (RFC 9457). Times are RFC 3339, UTC. The same for programs: <a href=\"/api/openapi.json\">openapi.json</a>. \
         Back to <a href=\"/ops/health\">health</a>.</p>{rows}</main></body></html>",
        escape(&assets::names().css)
    );
    let mut response = Html(page).into_response();
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
