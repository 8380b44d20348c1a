//! REST: the same service as the pages, for other programs. [`ROUTES`] is the one table that makes the
//! router and its description.

use std::str::FromStr;

use axum::{
    Json, Router,
    body::Body,
    extract::{
        Extension, FromRequestParts, Path, Query as UrlQuery, Request, State,
        rejection::QueryRejection,
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use bytes::Bytes;
use commands::{
    command::{Acknowledge, Comment, Reopen, Resolve, RetireSubject},
    reading::{
        FindIncident, GetBundle, GetHealth, GetIncident, GetSeries, HistoryFilter, ListIncidents,
        ReadJournal, SearchHistory, StreamEvents,
    },
    service::Executable,
};
use domain::{
    access::{Permission, Principal, authorize},
    id::IncidentNumber,
    journal::Cursor,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use crate::{
    http::{
        auth::{self, As},
        client_info::ClientInfo,
        error::{Kind, Problem, WrongField},
        openapi::{self, Content, Holds, Parameter, of},
        push,
        state::Site,
        trail,
    },
    monitor,
    people::Shown,
};

mod contacts;
mod people;
mod recommendations;
mod routes;

pub use routes::ROUTES;

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// The method, in lower case.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// What it asks of its caller. The service decides by the same; a test holds both against each
    /// other.
    pub need: Permission,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Parameters of the query.
    pub query: &'static [Parameter],
    /// An example of the body that it takes, and its type.
    pub body: Option<(&'static str, Holds)>,
    /// The status of a good answer, and what it says.
    pub answer: (u16, &'static str),
    /// What the answer is.
    pub content: Content,
    /// Makes the handler.
    pub handler: fn() -> MethodRouter<Site>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// All routes, and problem details for whatever else is asked under `/api`.
pub fn router() -> Router<Site> {
    let router = ROUTES.iter().fold(Router::new(), |router, route| {
        let need = route.need;
        // Refused before a body is read, so that only those who may learn what it should look like.
        // The service asks again; a push has a rule of its own.
        let early =
            middleware::from_fn(move |As(caller): As, request: Request, next: Next| async move {
                if need != Permission::Ingest {
                    authorize(&caller, need).map_err(Problem::from)?;
                }
                Ok::<Response, Problem>(next.run(request).await)
            });
        router.route(route.path, (route.handler)().route_layer(early))
    });
    router.route("/api/{*rest}", axum::routing::any(nothing_here))
}

async fn nothing_here() -> Problem {
    Problem::new(Kind::NotFound, "There is nothing at this address; see /api.".to_owned())
}

/// A path's incident: its number, or its UUID.
pub(super) struct Which(pub IncidentNumber);

impl FromRequestParts<Site> for Which {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, site)
            .await
            .map_err(|_| unknown_incident("that"))?;
        if let Ok(number) = text.parse() {
            return Ok(Self(IncidentNumber(number)));
        }
        let id =
            text.parse().map_err(|_| unknown_incident("that: a number or a UUID names one"))?;
        let As(caller) = As::from_request_parts(parts, site).await?;
        Ok(Self(site.service.execute(caller, FindIncident { id }).await?.number))
    }
}

fn unknown_incident(name: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("There is no incident like {name}."))
}

/// Executes an operation, and gives its output as JSON.
pub(super) async fn execute<O>(
    site: &Site,
    caller: Principal,
    operation: O,
) -> Result<Response, Problem>
where
    O: Executable<Output: Serialize>,
{
    let output = site.service.execute(caller, operation).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(output)).into_response())
}

/// Reads a small JSON body. An empty one counts as `{}`.
pub(super) fn body<T: DeserializeOwned>(headers: &HeaderMap, bytes: &Bytes) -> Result<T, Problem> {
    let json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_none_or(
        |value| {
            value
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        },
    );
    if !json {
        let detail = "Send the body as application/json.".to_owned();
        return Err(Problem::new(Kind::ContentType, detail));
    }
    let bytes = if bytes.is_empty() { b"{}" } else { &bytes[..] };
    serde_json::from_slice(bytes).map_err(|error| {
        let kind = if error.is_data() { Kind::Invalid } else { Kind::Malformed };
        let (text, place) = (error.to_string(), error.line());
        let text = text.split(" at line ").next().unwrap_or_default().replace('`', "'");
        let detail = format!(
            "The body can't be read: {text} (line {place}, column {}). /api shows an example.",
            error.column()
        );
        Problem::new(kind, detail)
    })
}

/// How things stand, for everyone.
#[derive(Serialize, ToSchema)]
enum PublicStatus {
    #[serde(rename = "calm")]
    Calm,
    #[serde(rename = "warning")]
    Warning,
    #[serde(rename = "critical")]
    Critical,
    #[serde(rename = "not watching")]
    NotWatching,
}

#[derive(Serialize, ToSchema)]
struct PublicHealth {
    status: PublicStatus,
    /// `null` while it is not known: never a zero that only looks calm.
    active_incidents: Option<usize>,
    checked_at: Timestamp,
}

/// The monitor looks every second; this long without a look is trouble.
const STUCK: Span = Span::from_secs(30);

async fn public_health(State(site): State<Site>) -> Response {
    let shown = site.board.shown();
    let active = site.service.active().await;
    let worst = active.iter().flatten().copied().max().max(monitor::worst(&shown.readings));
    let stuck = site.clock.now().wall.since(shown.readings.checked_at) > STUCK;
    let status = match worst {
        _ if stuck => PublicStatus::NotWatching,
        Some(Severity::Critical) => PublicStatus::Critical,
        Some(Severity::Warning) => PublicStatus::Warning,
        None => PublicStatus::Calm,
    };
    let code = if stuck { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let health = PublicHealth {
        status,
        active_incidents: active.as_ref().map(Vec::len),
        checked_at: shown.readings.checked_at,
    };
    (code, [(header::CACHE_CONTROL, "no-store")], Json(health)).into_response()
}

async fn health(State(site): State<Site>, As(caller): As) -> Result<Response, Problem> {
    execute(&site, caller, GetHealth {}).await
}

async fn incidents(State(site): State<Site>, As(caller): As) -> Result<Response, Problem> {
    execute(&site, caller, ListIncidents {}).await
}

async fn incident(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
) -> Result<Response, Problem> {
    execute(&site, caller, GetIncident { incident }).await
}

async fn acknowledge(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
) -> Result<Response, Problem> {
    execute(&site, caller, Acknowledge { incident }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    #[serde(default)]
    note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retired {
    subject: Subject,
}

/// Nothing needs to be said.
#[derive(Deserialize, ToSchema)]
pub(super) struct Empty {}

async fn comment(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let Text { text } = body(&headers, &bytes)?;
    execute(&site, caller, Comment { incident, text }).await
}

async fn resolve(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let Note { note } = body(&headers, &bytes)?;
    execute(&site, caller, Resolve { incident, note }).await
}

async fn reopen(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let Note { note } = body(&headers, &bytes)?;
    execute(&site, caller, Reopen { incident, note }).await
}

async fn retire(
    State(site): State<Site>,
    As(caller): As,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let Retired { subject } = body(&headers, &bytes)?;
    execute(&site, caller, RetireSubject { subject }).await
}

async fn bundle(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
) -> Result<Response, Problem> {
    let bytes = site.service.execute(caller, GetBundle { incident }).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"incident-{incident}.json\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// The query's pairs, each field checked by hand so that an error names it.
pub(super) type Pairs =
    Result<UrlQuery<std::collections::BTreeMap<String, String>>, QueryRejection>;

pub(super) struct Fields {
    pairs: std::collections::BTreeMap<String, String>,
}

impl Fields {
    pub(super) fn new(pairs: Pairs, known: &[&str]) -> Result<Self, Problem> {
        let UrlQuery(pairs) =
            pairs.map_err(|error| Problem::new(Kind::Malformed, error.body_text()))?;
        let unknown = pairs.keys().find(|name| !known.contains(&name.as_str()));
        match unknown {
            Some(name) => {
                let name: String = name.chars().take(40).collect();
                Err(wrong(&name, format!("is not known here; known are {}", known.join(", "))))
            }
            None => Ok(Self { pairs }),
        }
    }

    pub(super) fn get<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        let text = self.pairs.get(name).filter(|text| !text.trim().is_empty());
        text.map(|text| text.parse())
            .transpose()
            .map_err(|error: T::Err| wrong(name, error.to_string()))
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let text = self.pairs.get(name).filter(|text| !text.trim().is_empty());
        text.map(|text| text.trim().parse())
            .transpose()
            .map_err(|_| wrong(name, "expected a whole number from 0 on".to_owned()))
    }
}

fn wrong(field: &str, detail: String) -> Problem {
    let sentence = format!("{field}: {detail}.");
    Problem::new(Kind::Invalid, sentence)
        .with(vec![WrongField { pointer: format!("?{field}"), detail }])
}

async fn history(
    State(site): State<Site>,
    As(caller): As,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::new(pairs, &["text", "severity", "subject", "from", "to", "before"])?;
    let filter = HistoryFilter {
        text: fields.get("text")?,
        severity: fields.get("severity")?,
        subject: fields.get("subject")?,
        from: fields.get("from")?,
        to: fields.get("to")?,
        before: fields.number("before")?.map(IncidentNumber),
    };
    execute(&site, caller, SearchHistory { filter }).await
}

async fn course(
    State(site): State<Site>,
    As(caller): As,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::new(pairs, &["subject", "signal", "from", "to"])?;
    let now = site.clock.now().wall;
    let subject: Subject =
        fields.get("subject")?.ok_or_else(|| wrong("subject", "is missing".to_owned()))?;
    let signal: Signal =
        fields.get("signal")?.ok_or_else(|| wrong("signal", "is missing".to_owned()))?;
    let to: Timestamp = fields.get("to")?.unwrap_or(now);
    let from: Timestamp = fields.get("from")?.unwrap_or_else(|| to.minus(Span::from_mins(60)));
    if from >= to {
        return Err(wrong("from", "must be before 'to'".to_owned()));
    }
    execute(&site, caller, GetSeries { subject, signal, from, to }).await
}

async fn journal(
    State(site): State<Site>,
    As(caller): As,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::new(pairs, &["after", "limit"])?;
    let (after, limit) =
        (fields.number("after")?.unwrap_or(0), fields.number("limit")?.unwrap_or(100));
    if !(1..=1_000).contains(&limit) {
        return Err(wrong("limit", format!("is {limit}; expected 1 to 1,000")));
    }
    execute(&site, caller, ReadJournal { after, limit }).await
}

async fn events(
    State(site): State<Site>,
    As(caller): As,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    site.service.check::<StreamEvents>(&caller)?;
    let fields = Fields::new(pairs, &["after"])?;
    let cursor: Option<Cursor> =
        match headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::parse) {
            Some(Ok(cursor)) => Some(cursor),
            Some(Err(_)) | None => fields.get("after")?,
        };
    let stream =
        site.live.open(cursor, site.store.clone(), site.stop.clone()).ok_or_else(|| {
            let detail =
                "As many readers as are allowed are connected. Try again in a moment.".to_owned();
            Problem::new(Kind::TooManyReaders, detail)
        })?;
    // Who may no longer read is cut off at once.
    let refused = auth::until_refused(
        site.people,
        site.service.people_changed(),
        Shown::by(&headers, &client),
        Permission::Read,
    );
    let stream = stream.take_until(Box::pin(refused));
    let mut response = Response::new(Body::from_stream(stream));
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
