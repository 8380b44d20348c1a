//! The OpenAPI document of a list of routes.

use domain::access::Permission;
use utoipa::openapi::{
    Components, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem,
    PathsBuilder, Required, ResponseBuilder, ResponsesBuilder,
    path::{OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    security::{
        ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
    },
};

use crate::http::{
    api::route::Route,
    error::Problem,
    schema::{Content, Schemas, of},
};

mod channels;

fn method(route: &Route) -> HttpMethod {
    match route.method {
        "post" => HttpMethod::Post,
        "put" => HttpMethod::Put,
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

/// Describes a route; the schemas that it refers to are added to the list of all.
pub fn operation(route: &Route, all: &mut Schemas) -> OperationBuilder {
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
            .parameter(parameter.description(Some(one.meaning)).schema(Some((one.schema)(all))));
    }
    if let Some((example, schema)) = route.body {
        let example = serde_json::from_str::<serde_json::Value>(example).ok();
        let content = ContentBuilder::new().schema(Some(schema(all))).example(example).build();
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
        Content::Json(schema) => good
            .content("application/json", ContentBuilder::new().schema(Some(schema(all))).build()),
        Content::Free => good.content("application/json", ContentBuilder::new().build()),
        Content::Lines => good.content(
            "application/jsonl",
            ContentBuilder::new().schema(Some(of::<String>(all))).build(),
        ),
        Content::Csv => {
            good.content("text/csv", ContentBuilder::new().schema(Some(of::<String>(all))).build())
        }
        Content::Text => good
            .content("text/plain", ContentBuilder::new().schema(Some(of::<String>(all))).build()),
        Content::Markdown => good.content(
            "text/markdown",
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
        .description("What is wrong and what to do, as problem details (RFC 9457).");
    let wrong = wrong.content("application/problem+json", problem);
    operation.responses(
        ResponsesBuilder::new()
            .response(status.to_string(), good.build())
            .response("default", wrong.build())
            .build(),
    )
}

/// Makes the OpenAPI document of routes.
pub fn document(routes: &[Route]) -> OpenApi {
    let (mut paths, mut all) = (PathsBuilder::new(), Vec::new());
    for route in routes {
        paths = paths
            .path(route.path, PathItem::new(method(route), operation(route, &mut all).build()));
    }
    let mut components = Components::new();
    components.schemas.extend(all);
    components.schemas.extend(channels::schemas());
    let token =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token."));
    components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    let session = ApiKeyValue::with_description(
        "calm_session_INSTANCE",
        "The session cookie. Its name differs by installation; with https it starts with `__Host-`.",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    let info = InfoBuilder::new()
        .title("Calm Ops")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("The API of Calm Ops."));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components))
        .build()
}
