//! Extractors: the parts of a request as types, each with the error that says what is wrong.

use std::{fmt, str::FromStr};

use app::Form;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use commands::reading::FindIncident;
use domain::{
    error::{Error, ErrorKind},
    id::{
        AccountId, ContactId, IncidentNumber, InvitationId, PasskeyId, RecommendationId, SessionId,
        ShareId, TokenId,
    },
    text::{clip, shown},
    time::Timestamp,
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::{
    http::{
        auth::RequestPrincipal,
        error::{Kind, Problem, WrongField},
        schema::{self, Parameter, SchemaOf},
        state::Site,
    },
    object::Object,
};

/// The description of a part of a route's request.
pub trait Described {
    /// Schema of the body, where this reads it.
    const BODY: Option<SchemaOf> = None;
    /// Parameters of the query, where this reads them.
    const QUERY: &'static [Parameter] = &[];
}

/// True if a body is JSON by its `Content-Type`; `None` if nothing is said of it.
pub fn is_json(headers: &HeaderMap) -> Option<bool> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default();
    Some(kind.trim().eq_ignore_ascii_case("application/json"))
}

/// A JSON body. An empty one counts as `{}`.
pub struct ApiJson<T>(pub T);

impl<T: ToSchema> Described for ApiJson<T> {
    const BODY: Option<SchemaOf> = Some(schema::of::<T>);
}

impl<T: DeserializeOwned> FromRequest<Site> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Problem> {
        let json = is_json(request.headers()).unwrap_or(true);
        let bytes = Bytes::from_request(request, site).await.map_err(|error| {
            let too_large = error.status() == StatusCode::PAYLOAD_TOO_LARGE;
            let kind = if too_large { Kind::TooLarge } else { Kind::Malformed };
            Problem::new(kind, error.body_text())
        })?;
        if !json {
            let detail = "Send the body as application/json.".to_owned();
            return Err(Problem::new(Kind::ContentType, detail));
        }
        let bytes = if bytes.is_empty() { b"{}" } else { &bytes[..] };
        let read = serde_json::from_slice(bytes).map_err(|error| unreadable(&error));
        read.map(|Object(value)| Self(value))
    }
}

fn unreadable(error: &serde_json::Error) -> Problem {
    let kind = if error.is_data() { Kind::Service(ErrorKind::Invalid) } else { Kind::Malformed };
    let (text, place) = (error.to_string(), error.line());
    let text = text.split(" at line ").next().unwrap_or_default();
    let text = shown(&clip(text, 300)).replace('`', "'");
    let detail = format!(
        "The body is not valid: {text} (line {place}, column {}). See /api for an example.",
        error.column()
    );
    Problem::new(kind, detail)
}

/// The fields of a query, each checked by itself so that an error names it.
pub struct Fields(Form);

impl Fields {
    /// Reads a query. Refuses what is damaged, what stands there twice, and a field that is not one
    /// of `known`.
    pub(super) fn read(query: &str, known: &[Parameter]) -> Result<Self, Problem> {
        let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
        let form = Form::read(query.as_bytes()).map_err(|error| match error {
            Error::InvalidField { field, reason } => {
                wrong_field(&field, wording::error::field_reason(&field, &reason))
            }
            error => error.into(),
        })?;
        if let Some((name, _)) = form.iter().find(|(name, _)| !names.contains(name)) {
            let name = shown(&name.chars().take(40).collect::<String>());
            let detail = format!("is unknown; use one of {}", names.join(", "));
            return Err(wrong_field(&name, detail));
        }
        Ok(Self(form))
    }

    fn text(&self, name: &str) -> Option<&str> {
        Some(self.0.get(name)).filter(|text| !text.trim().is_empty())
    }

    /// The value of a field; an empty one counts as left out.
    pub fn get<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(str::parse)
            .transpose()
            .map_err(|error: T::Err| wrong_field(name, error.to_string()))
    }

    /// The value of a field that must be there.
    pub fn required<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<T, Problem> {
        self.get(name)?.ok_or_else(|| wrong_field(name, "is missing".to_owned()))
    }

    /// The value of a field that is a number.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|text| text.trim().parse())
            .transpose()
            .map_err(|_| wrong_field(name, "expected a whole number, 0 or more".to_owned()))
    }
}

/// The error of a field of the query.
pub fn wrong_field(field: &str, detail: String) -> Problem {
    let sentence = format!("{field}: {detail}.");
    Problem::new(Kind::Service(ErrorKind::Invalid), sentence)
        .with(vec![WrongField { pointer: format!("?{field}"), detail }])
}

/// A value that is read from the fields of a query.
pub trait FromQuery: Sized {
    /// The fields that there are. Any other is refused.
    const PARAMETERS: &'static [Parameter];

    /// Reads the value; `now` is the time of the request.
    fn from_query(fields: &Fields, now: Timestamp) -> Result<Self, Problem>;
}

/// A value from the query.
pub struct ApiQuery<T>(pub T);

impl<T: FromQuery> Described for ApiQuery<T> {
    const QUERY: &'static [Parameter] = T::PARAMETERS;
}

impl<T: FromQuery> FromRequestParts<Site> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let fields = Fields::read(parts.uri.query().unwrap_or_default(), T::PARAMETERS)?;
        T::from_query(&fields, site.clock.now().wall).map(Self)
    }
}

/// The incident of a path: its number, or its UUID.
pub struct IncidentPath(pub IncidentNumber);

impl Described for IncidentPath {}

impl FromRequestParts<Site> for IncidentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, site)
            .await
            .map_err(|_| unknown_incident("that"))?;
        if let Ok(number) = text.parse() {
            return Ok(Self(IncidentNumber(number)));
        }
        let id = text
            .parse()
            .map_err(|_| unknown_incident("with this name; use its number or its UUID"))?;
        let RequestPrincipal(principal) = RequestPrincipal::from_request_parts(parts, site).await?;
        Ok(Self(site.service.execute(principal, FindIncident { id }).await?.number))
    }
}

fn unknown_incident(name: &str) -> Problem {
    Problem::new(Kind::Service(ErrorKind::NotFound), format!("Incident {name} does not exist."))
}

/// A name that stands in a path.
pub trait PathId: Sized {
    /// The answer to a text that names nothing.
    const UNKNOWN: &'static str;

    /// Reads the name.
    fn parse(text: &str) -> Option<Self>;
}

macro_rules! path_numbers {
    ($($id:ident: $unknown:literal,)*) => {
        $(
            impl PathId for $id {
                const UNKNOWN: &'static str = $unknown;

                fn parse(text: &str) -> Option<Self> {
                    text.parse().ok().map(Self)
                }
            }
        )*
    };
}

path_numbers! {
    AccountId: "There is no account with this name; use its number.",
    SessionId: "There is no sign-in with this name; use its number.",
    PasskeyId: "There is no passkey with this name; use its number.",
    InvitationId: "There is no invitation with this name; use its number.",
    TokenId: "There is no token with this name; use its number.",
    ShareId: "There is no share link with this name; use its number.",
}

impl PathId for ContactId {
    const UNKNOWN: &'static str = "There is no contact with this name; use its number.";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0).map(Self)
    }
}

impl PathId for RecommendationId {
    const UNKNOWN: &'static str =
        "There is no recommendation with this name; use one such as '42-1'.";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The one name of a path.
pub struct IdPath<T>(pub T);

impl<T> Described for IdPath<T> {}

impl<T: PathId, S: Send + Sync> FromRequestParts<S> for IdPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await.ok();
        text.and_then(|Path(text)| T::parse(&text))
            .map(Self)
            .ok_or_else(|| Problem::new(Kind::Service(ErrorKind::NotFound), T::UNKNOWN.to_owned()))
    }
}
