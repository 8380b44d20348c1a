//! The journal as people look through it: searching, proving, exporting and redacting it.

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use commands::{
    audit::AuditFilter,
    command::Redact,
    operation::Operation as _,
    reading::{ExportJournal, ReadJournal, SearchAudit, VerifyJournal},
};
use domain::{
    authorization::authorize,
    error::{Error, Unavailable},
    id::IncidentNumber,
    time::Timestamp,
};
use futures::stream;
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    export::Export,
    http::{
        api::route::{Answer, Route},
        auth::RequestPrincipal,
        error::Problem,
        extract::{ApiJson, ApiQuery, Fields, FromQuery, IdPath, PathId},
        schema::{Content, Parameter},
        state::Site,
    },
    people::Shown,
    store::StoreError,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/trail", |ApiQuery(filter)| SearchAudit { filter })
            .summary("The journal, newest first, 50 entries on a page, with the hashes of the chain. Each parameter narrows the result.")
            .answer("`entries`, `next` if there is another page, and what the last verification found."),
        Route::get("/api/ops/journal/verify", || VerifyJournal {})
            .summary("Verifies the chain of the journal now, for at most 10 s; `calm-ops journal verify` has no limit and compares the incidents too.")
            .answer("`head` is how far it was verified, `goal` how far it should be; `broken` says what is wrong, or is `null`."),
        Route::get_with("/api/ops/journal.jsonl", export)
            .needs::<ExportJournal>()
            .query(Beginning::PARAMETERS)
            .content(Content::Lines)
            .summary("The journal as JSON Lines, oldest first, to verify the chain elsewhere with `calm-ops journal verify --file`. In safe mode it is refused with 503.")
            .answer("One entry a line: number, time, actor, kind, incident, the hash before it, payload hash, hash, salt, payload."),
        Route::post(
            "/api/ops/journal/{id}/redact",
            |IdPath(Entry(entry)), ApiJson(WhyRedacted { reason })| Redact { entry, reason },
        )
        .summary("Permanently redacts an entry: words of people, outputs, evidence. The chain stays intact, and the redaction is recorded.")
        .example(r#"{"reason":"A password was pasted."}"#),
    ]
}

impl FromQuery for AuditFilter {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::optional::<String>(
            "group",
            "a group of kinds: 'decisions', 'incidents', 'people' or 'changes'",
        ),
        Parameter::optional::<String>(
            "actor",
            "the actor: 'agent', 'system', 'calm-ops' for both, 'local', 'account:7' or 'token:3'",
        ),
        Parameter::optional::<String>("kind", "the kind of entry, such as 'commented'"),
        Parameter::optional::<String>(
            "subject",
            "entries about this subject, or one that starts with this",
        ),
        Parameter::optional::<u64>("incident", "entries about this incident"),
        Parameter::optional::<Timestamp>("from", "written at or after this time (RFC 3339)"),
        Parameter::optional::<Timestamp>("to", "written before this time (RFC 3339)"),
        Parameter::optional::<u64>(
            "before",
            "entries with a smaller number: `next` of the previous page",
        ),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self {
            group: fields.get("group")?,
            actor: fields.get("actor")?,
            kind: fields.get("kind")?,
            subject: fields.get("subject")?,
            incident: fields.number("incident")?.map(IncidentNumber),
            from: fields.get("from")?,
            to: fields.get("to")?,
            before: fields.number("before")?,
        })
    }
}

/// Number of an entry.
struct Entry(u64);

impl PathId for Entry {
    const UNKNOWN: &'static str = "There is no entry with this name; use its number.";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WhyRedacted {
    reason: String,
}

/// The entry before the first one of an export.
struct Beginning {
    after: Option<u64>,
    from: Option<Timestamp>,
}

impl FromQuery for Beginning {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::optional::<u64>("after", "entries after this number; 0 if left out"),
        Parameter::optional::<Timestamp>(
            "from",
            "entries written at or after this time (RFC 3339)",
        ),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self { after: fields.number("after")?, from: fields.get("from")? })
    }
}

async fn export(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    shown: Shown,
    ApiQuery(Beginning { after, from }): ApiQuery<Beginning>,
) -> Answer {
    // The service says whether the caller may read the journal; its answer is empty.
    site.service.execute(principal, ReadJournal { after: u64::MAX, limit: 1 }).await?;
    if site.service.protection().safe_mode.is_some() {
        return Err(Error::from(Unavailable::SafeMode).into());
    }
    let trouble = |error: StoreError| {
        tracing::warn!(%error, "the journal could not be exported");
        Problem::from(Error::from(Unavailable::Export))
    };
    let since = match from {
        Some(from) => site
            .store
            .as_trail()
            .first_since(from)
            .await
            .map_err(trouble)?
            .map_or(u64::MAX, |first| first.saturating_sub(1)),
        None => 0,
    };
    let export =
        Export::after(&*site.store, after.unwrap_or(0).max(since)).await.map_err(trouble)?;
    let (store, stop, people) = (site.store.clone(), site.stop.clone(), site.people.clone());
    // One page at a time, when the reader has taken the one before. A failure in the middle breaks
    // the connection, so that nobody takes a part for the whole.
    let lines = stream::unfold(Some(export), move |export| {
        let (store, stop, people) = (store.clone(), stop.clone(), people.clone());
        async move {
            let mut export = export?;
            if stop.is_cancelled() {
                return Some((Err(std::io::Error::other("the server is stopping")), None));
            }
            // Whoever reads slowly may have lost the right meanwhile.
            if !people
                .caller(shown)
                .await
                .is_ok_and(|caller| authorize(&caller, ExportJournal::PERMISSION).is_ok())
            {
                return Some((Err(std::io::Error::other("the sign-in has ended")), None));
            }
            match export.next(&*store).await {
                Ok(Some(lines)) => Some((Ok(Bytes::from(lines)), Some(export))),
                Ok(None) => None,
                Err(error) => {
                    tracing::warn!(%error, "an export of the journal ended early");
                    Some((Err(std::io::Error::other("the journal can't be read")), None))
                }
            }
        }
    });
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"calm-ops-journal.jsonl\""),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
