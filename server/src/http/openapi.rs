//! The description of the interface: made from the one table of routes, for programs (OpenAPI) and
//! for people.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    Json,
    response::{Html, IntoResponse, Response},
};
use domain::access::Permission;
use http::{HeaderValue, header};
use utoipa::{
    ToSchema,
    openapi::{
        Components, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem,
        PathsBuilder, Ref, RefOr, Required, ResponseBuilder, ResponsesBuilder,
        path::{OperationBuilder, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::Schema,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use crate::http::{
    api::{ROUTES, Route},
    assets,
    error::{Kind, Problem},
};

/// A type's schema; what it refers to is added to the list of all.
pub type Holds = fn(&mut Vec<(String, RefOr<Schema>)>) -> RefOr<Schema>;

/// The schema of a type.
pub fn of<T: ToSchema>(all: &mut Vec<(String, RefOr<Schema>)>) -> RefOr<Schema> {
    T::schemas(all);
    match T::schema() {
        RefOr::T(Schema::Object(object))
            if object.properties.is_empty()
                && object.enum_values.is_none()
                && T::name() == "String" =>
        {
            RefOr::T(Schema::Object(object))
        }
        schema => {
            let name = T::name().into_owned();
            all.push((name.clone(), schema));
            RefOr::Ref(Ref::from_schema_name(name))
        }
    }
}

/// A parameter of a query.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    required: bool,
    holds: Holds,
}

impl Parameter {
    /// One that may be left out.
    pub const fn optional<T: ToSchema>(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, required: false, holds: of::<T> }
    }

    /// One that must be there.
    pub const fn required<T: ToSchema>(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, required: true, holds: of::<T> }
    }
}

/// What an answer is.
#[derive(Clone, Copy)]
pub enum Content {
    /// JSON of a type.
    Json(Holds),
    /// JSON of a shape that is described elsewhere.
    Free,
    /// JSON Lines.
    Lines,
    /// Server-sent events.
    Stream,
    /// A page for people.
    Page,
}

fn method(route: &Route) -> HttpMethod {
    match route.method {
        "post" => HttpMethod::Post,
        "delete" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// `get /api/ops/incidents/{id}/bundle` is `getOpsIncidentsBundle`: stable as long as the address
/// is.
fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .trim_start_matches("/api")
        .split(['/', '.', '-'])
        .filter(|word| !word.is_empty() && !word.starts_with('{'));
    let one = if route.path.ends_with("{id}") { "One" } else { "" };
    words.fold(route.method.to_owned(), |mut id, word| {
        let (first, rest) = word.split_at(1);
        id.extend([&first.to_uppercase(), rest]);
        id
    }) + one
}

fn operation(route: &Route, all: &mut Vec<(String, RefOr<Schema>)>) -> OperationBuilder {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(route)))
        .summary(Some(route.summary));
    for name in route.path.split(['{', '}']).skip(1).step_by(2) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True);
        operation = operation.parameter(parameter.schema(Some(of::<String>(all))));
    }
    for one in route.query {
        let required = if one.required { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new()
            .name(one.name)
            .parameter_in(ParameterIn::Query)
            .required(required);
        operation = operation
            .parameter(parameter.description(Some(one.meaning)).schema(Some((one.holds)(all))));
    }
    if let Some((example, holds)) = route.body {
        let example = serde_json::from_str::<serde_json::Value>(example).ok();
        let content = ContentBuilder::new().schema(Some(holds(all))).example(example).build();
        operation = operation.request_body(Some(
            RequestBodyBuilder::new().content("application/json", content).build(),
        ));
    }
    if route.need != Permission::Nothing {
        let by = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        operation = operation.security(by("session"));
        if !matches!(route.need, Permission::Person { .. }) {
            operation = operation.security(by("token"));
        }
    }
    let (status, meaning) = route.answer;
    let good = ResponseBuilder::new().description(meaning);
    let good = match route.content {
        Content::Json(holds) => {
            good.content("application/json", ContentBuilder::new().schema(Some(holds(all))).build())
        }
        Content::Free => good.content("application/json", ContentBuilder::new().build()),
        Content::Lines => good.content(
            "application/jsonl",
            ContentBuilder::new().schema(Some(of::<String>(all))).build(),
        ),
        Content::Stream => good.content(
            "text/event-stream",
            ContentBuilder::new().schema(Some(of::<String>(all))).build(),
        ),
        Content::Page => {
            good.content("text/html", ContentBuilder::new().schema(Some(of::<String>(all))).build())
        }
    };
    let problem = ContentBuilder::new().schema(Some(of::<Problem>(all))).build();
    let wrong = ResponseBuilder::new()
        .description("What was wrong, and what to do: problem details (RFC 9457).");
    let wrong = wrong.content("application/problem+json", problem);
    operation.responses(
        ResponsesBuilder::new()
            .response(status.to_string(), good.build())
            .response("default", wrong.build())
            .build(),
    )
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    let (mut paths, mut all) = (PathsBuilder::new(), Vec::new());
    for route in ROUTES {
        paths = paths
            .path(route.path, PathItem::new(method(route), operation(route, &mut all).build()));
    }
    let mut components = Components::new();
    components.schemas.extend(all);
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token that an owner made."));
    components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    let session = ApiKeyValue::with_description(
        "calm_session",
        "The cookie of a sign-in; behind https it is `__Host-calm_session`.",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    let info = InfoBuilder::new()
        .title("Calm Ops")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("The interface for programs."));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components))
        .build()
}

/// `GET /api/openapi.json`
pub async fn json() -> Response {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);
    Json(&*DOCUMENT).into_response()
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

/// Who may ask.
fn for_whom(need: Permission) -> String {
    match need {
        Permission::Nothing => "everyone".to_owned(),
        Permission::Itself => "Calm Ops itself".to_owned(),
        Permission::ShareLink => "whoever holds the link".to_owned(),
        Permission::Ingest => "responders, and tokens with the scope 'ingest'".to_owned(),
        Permission::Read => "viewers, and tokens with the scope 'read'".to_owned(),
        Permission::Respond => "responders, and tokens with the scope 'respond'".to_owned(),
        Permission::Person { role, recently_authenticated } => {
            format!("{role}s{}", if recently_authenticated { ", with a fresh sign-in" } else { "" })
        }
    }
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
         <title>Interface · Calm Ops</title><link rel=\"stylesheet\" href=\"{}\"></head><body><main class=\"plain-page\"><h1>The interface for programs</h1>\
         <p>Errors are problem details (RFC 9457). Times are RFC 3339, UTC. The same for programs: <a href=\"/api/openapi.json\">openapi.json</a>. \
         Back to <a href=\"/ops/health\">health</a>.</p>{rows}<section><h2>Problems</h2><p>What <code>type</code> says after the <code>#</code>:</p><dl>{kinds}</dl></section></main></body></html>",
        escape(&assets::names().css)
    );
    let mut response = Html(page).into_response();
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    );
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A later type of the same name would take the place of the first without a word.
    #[test]
    fn every_name_stands_for_one_schema() {
        let mut all = Vec::new();
        ROUTES.iter().for_each(|route| drop(operation(route, &mut all)));
        let mut known = BTreeMap::new();
        for (name, schema) in all {
            let schema = serde_json::to_value(schema).unwrap();
            assert_eq!(
                *known.entry(name.clone()).or_insert_with(|| schema.clone()),
                schema,
                "two types are called {name}"
            );
        }
        assert!(known.len() > 60, "{}", known.len());
    }
}
