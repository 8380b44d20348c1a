//! Pushed observations.

use std::str::FromStr;

use axum::{Extension, Json, extract::State, response::IntoResponse as _};
use bytes::Bytes;
use commands::reading::PushObservations;
use domain::{
    access::Principal,
    actor::Actor,
    error::{Error, ErrorKind},
    reason::FailureReason,
    text::shown,
    time::Timestamp,
};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    http::{
        api::route::{Answer, Route},
        auth::RequestPrincipal,
        client_info::ClientInfo,
        error::{Kind, Problem, WrongField},
        extract::{ApiQuery, Fields, FromQuery, is_json},
        middleware::body::Unread,
        schema::Parameter,
        state::Site,
    },
    monitor::{
        ingest::{Intake, Pushed, WrongItem},
        refusals::Reason,
    },
    object::{Object, objects},
};

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod once;

use once::Once;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post_with("/api/ops/signals", push)
            .needs::<PushObservations>()
            .query(Keep::PARAMETERS)
            .asks_itself()
            .summary("Send readings: the whole batch or nothing; with `keep=good` the valid ones. 202 means evaluated, not yet on disk. `unit` and `at` are optional.")
            .body::<Batch<'static>>(r#"{"observations":[{"signal":"queue.depth","subject":"service:imports","value":412,"unit":"jobs","at":"2026-11-22T10:00:00Z"}]}"#)
            .status(202)
            .json::<Accepted>()
            .answer("`accepted`: how many. With `keep=good` also `refused`, how many were not valid, and `errors`, the first ones with their places."),
        Route::post_with("/api/ops/signals/history", import)
            .needs::<PushObservations>()
            .summary("Send readings of the past, older than an hour, for the history of series that report now: the whole batch or nothing. They are kept and not evaluated. `at` is required; a reading that is sent twice counts twice.")
            .body::<Batch<'static>>(r#"{"observations":[{"signal":"queue.depth","subject":"service:imports","value":412,"unit":"jobs","at":"2026-11-01T10:00:00Z"}]}"#)
            .status(202)
            .json::<Accepted>()
            .answer("`accepted`: how many."),
    ]
}

/// The most errors of a batch that are listed.
const MOST_ERRORS: usize = 20;

/// The parts that are kept of a batch in which something is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keep {
    /// Nothing.
    #[default]
    All,
    /// The good ones.
    Good,
}

impl FromStr for Keep {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            "good" => Ok(Self::Good),
            _ => Err("expected 'all' or 'good'"),
        }
    }
}

impl FromQuery for Keep {
    const PARAMETERS: &'static [Parameter] = &[Parameter::optional::<String>(
        "keep",
        "`all` accepts the whole batch or nothing (the default), `good` accepts the valid readings and lists the others",
    )];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(fields.get("keep")?.unwrap_or_default())
    }
}

/// Observations, all of them or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow, deserialize_with = "objects")]
    observations: Vec<Pushed<'a>>,
}

#[derive(Serialize, ToSchema)]
struct Accepted {
    /// The number.
    accepted: usize,
    /// Number of those that were not good and left out.
    #[serde(skip_serializing_if = "is_none")]
    refused: usize,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<WrongField>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// Takes a batch: all of it or nothing, or what is good of it.
async fn push(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    client: ClientInfo,
    keep: Result<ApiQuery<Keep>, Problem>,
    unread: Option<Extension<Unread>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let who = principal.actor().unwrap_or(Actor::Local);
    let may = site.service.check::<PushObservations>(&principal);
    // As long as nobody is here who could make a token, this machine may push.
    let is_open = || async {
        let is_here = principal == Principal::Nobody && client.from.is_loopback();
        Ok::<_, Error>(is_here && !site.people.has_owner().await?)
    };
    let taken = match (may, unread, keep) {
        (Err(refusal), unread, _) if !is_open().await? => {
            let problem = unread.map_or_else(|| refusal.into(), |Extension(Unread(one))| one);
            // Strangers are told, and not told of.
            if principal == Principal::Nobody {
                return Err(problem);
            }
            Err(problem)
        }
        (_, Some(Extension(Unread(problem))), _) | (_, None, Err(problem)) => Err(problem),
        (_, None, Ok(ApiQuery(keep))) => is_readable(&headers).and_then(|()| {
            let take = if keep == Keep::All { take_all } else { take_good };
            take(&site.intake, site.push_observations, who, &bytes)
        }),
    };
    let refused = match &taken {
        Ok(Accepted { errors, .. }) => errors.first().map(|first| (first.clone(), true)),
        Err(problem) => Some((problem.first(), false)),
    };
    match refused {
        Some((WrongField { pointer: place, detail: problem }, rest_taken)) => {
            let sender = match principal {
                Principal::Nobody => "A program on this machine".to_owned(),
                _ => site.service.known().await?.names.of(who),
            };
            let reason = Reason { place, problem, rest_taken };
            let now = site.clock.now();
            let why = site.intake.refusals.refused(who, sender, &reason, now);
            let count = explain(&site, who, &bytes, rest_taken, &why);
            let count = taken.as_ref().map_or(count, |accepted| accepted.refused);
            site.intake.refusals.add(u64::try_from(count.max(1)).unwrap_or(u64::MAX), now);
        }
        None => site.intake.refusals.taken(who),
    }
    Ok((StatusCode::ACCEPTED, Json(taken?)).into_response())
}

/// Takes readings of the past. What is wrong with them says nothing about now, so that it is told to
/// the sender alone.
async fn import(State(site): State<Site>, headers: HeaderMap, bytes: Bytes) -> Answer {
    is_readable(&headers)?;
    let Object::<Batch<'_>>(batch) =
        serde_json::from_slice(&bytes).map_err(|error| unreadable(&bytes, &error))?;
    is_small_enough(site.push_observations, batch.observations.len())?;
    let accepted = site.intake.import(&batch.observations).map_err(|wrong| wrong_item(&wrong))?;
    let accepted = Accepted { accepted, refused: 0, errors: Vec::new() };
    Ok((StatusCode::ACCEPTED, Json(accepted)).into_response())
}

/// Tells the series that a refused push was about why they may fall silent: where the good values
/// were taken, only those of the others. Returns how many values the push has, as far as that can
/// be read.
fn explain(site: &Site, who: Actor, bytes: &[u8], rest_taken: bool, why: &FailureReason) -> usize {
    let value: Value = serde_json::from_slice(&without_nan(bytes)).unwrap_or_default();
    let items = wrong_batch(&value).ok().filter(|items| !items.is_empty());
    let count = items.map_or(0, |items| items.len());
    let about = items.map(|items| {
        items.iter().enumerate().filter_map(move |(index, item)| {
            let text = |field| item.get(field).and_then(Value::as_str);
            let is_about = !rest_taken || wrong_in(index, item).is_some();
            Some((text("signal")?, text("subject")?)).filter(|_| is_about)
        })
    });
    site.intake.refuse(who, about, why);
    count
}

fn is_readable(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) == Some(true) {
        return Ok(());
    }
    let detail = "Send the readings as application/json.".to_owned();
    Err(Problem::new(Kind::ContentType, detail))
}

fn is_small_enough(most: usize, count: usize) -> Result<(), Problem> {
    if count <= most {
        return Ok(());
    }
    let detail =
        format!("A batch can have at most {most} readings; this has {count}. Send it in parts.");
    Err(Problem::new(Kind::TooLarge, detail))
}

fn take_all(intake: &Intake, most: usize, who: Actor, bytes: &[u8]) -> Result<Accepted, Problem> {
    let Object::<Batch<'_>>(batch) =
        serde_json::from_slice(bytes).map_err(|error| unreadable(bytes, &error))?;
    is_small_enough(most, batch.observations.len())?;
    let accepted = intake.push(&batch.observations, who).map_err(|wrong| wrong_item(&wrong))?;
    Ok(Accepted { accepted, refused: 0, errors: Vec::new() })
}

fn take_good(intake: &Intake, most: usize, who: Actor, bytes: &[u8]) -> Result<Accepted, Problem> {
    let bytes = &without_nan(bytes)[..];
    let Once(value) = serde_json::from_slice(bytes).map_err(|error| unreadable(bytes, &error))?;
    let items = match wrong_batch(&value) {
        Ok(items) => items,
        Err((pointer, problem)) => return Err(wrong_at(pointer, problem)),
    };
    is_small_enough(most, items.len())?;
    let (mut good, mut wrong) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match wrong_in(index, item) {
            Some((pointer, detail)) => wrong.push((index, WrongField { pointer, detail })),
            None => good.extend(Pushed::deserialize(item).ok().map(|item| (index, item))),
        }
    }
    let (accepted, refused) = intake.push_good(&good, who);
    wrong.extend(refused.into_iter().map(|WrongItem { index, field, problem }| {
        let pointer = format!("/observations/{index}/{field}");
        (index, WrongField { pointer, detail: problem })
    }));
    wrong.sort_by_key(|(index, _)| *index);
    let refused = items.len() - accepted;
    let errors: Vec<WrongField> =
        wrong.into_iter().map(|(_, wrong)| wrong).take(MOST_ERRORS).collect();
    if accepted == 0 && refused > 0 {
        let detail = "None of the readings is valid, so none was accepted.".to_owned();
        return Err(Problem::new(Kind::Service(ErrorKind::Invalid), detail).with(errors));
    }
    Ok(Accepted { accepted, refused, errors })
}

/// Replaces the names that some programs write for numbers that JSON does not have by what JSON has
/// for no value.
fn without_nan(bytes: &[u8]) -> Vec<u8> {
    const NONE: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let (mut out, mut at, mut in_text) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if let Some(found) = NONE.iter().find(|word| !in_text && rest.starts_with(word)) {
            out.extend_from_slice(b"null");
            at += found.len();
            continue;
        }
        let length = if in_text && byte == b'\\' { 2.min(rest.len()) } else { 1 };
        in_text ^= byte == b'"';
        out.extend_from_slice(&rest[..length]);
        at += length;
    }
    out
}

fn wrong_item(wrong: &WrongItem) -> Problem {
    let WrongItem { index, field, problem } = wrong;
    let detail = format!("Reading {index}, {field}: {problem}. Nothing in the batch was accepted.");
    let pointer = format!("/observations/{index}/{field}");
    Problem::new(Kind::Service(ErrorKind::Invalid), detail)
        .with(vec![WrongField { pointer, detail: problem.clone() }])
}

/// Finds out what is wrong with a body that does not fit: slowly, as this is rare.
fn unreadable(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    // These two are told by the parser alone: a value of JSON can hold neither.
    let told = [
        ("number out of range", "is too large for a number"),
        ("duplicate field", "is there twice"),
    ];
    if let Some((_, problem)) = told.iter().find(|(beginning, _)| text.starts_with(beginning)) {
        let pointer = place(bytes, error.line(), error.column());
        let detail = format!("{pointer}: {problem}. Nothing was accepted.");
        let wrong = WrongField { pointer, detail: (*problem).to_owned() };
        return Problem::new(Kind::Service(ErrorKind::Invalid), detail).with(vec![wrong]);
    }
    if !error.is_data() {
        let detail = format!("The body is not JSON: {error}. Nothing was accepted.");
        let pointer = place(bytes, error.line(), error.column());
        let wrong = WrongField { pointer, detail: not_json(bytes, error) };
        return Problem::new(Kind::Malformed, detail).with(vec![wrong]);
    }
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let (pointer, problem) =
        find_wrong(&value).unwrap_or_else(|| (String::new(), error.to_string()));
    wrong_at(pointer, problem)
}

/// Describes what is no JSON at a place, in words.
fn not_json(bytes: &[u8], error: &serde_json::Error) -> String {
    let line = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1));
    let rest = line.and_then(|line| line.get(error.column().saturating_sub(1)..));
    match rest {
        Some([b'N' | b'I', ..] | [b'-', b'I', ..]) => {
            "NaN and Infinity are not JSON; leave such values out".to_owned()
        }
        _ => format!("is not JSON ({error})"),
    }
}

fn wrong_at(pointer: String, problem: String) -> Problem {
    let detail = format!(
        "{}: {problem}. Nothing was accepted.",
        if pointer.is_empty() { "The body" } else { &pointer }
    );
    Problem::new(Kind::Service(ErrorKind::Invalid), detail)
        .with(vec![WrongField { pointer, detail: problem }])
}

/// The place where the parser stopped, as a JSON pointer.
fn place(bytes: &[u8], line: usize, column: usize) -> String {
    enum Inside {
        Object { key: String, next_is_key: bool },
        List(usize),
    }
    let before: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let read = &bytes[..before.saturating_add(column).min(bytes.len())];
    let (mut stack, mut at) = (Vec::new(), 0);
    while let Some(&byte) = read.get(at) {
        at += 1;
        match (byte, stack.last_mut()) {
            (b'"', inside) => {
                let start = at;
                while read.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if read[at] == b'\\' { 2 } else { 1 };
                }
                let end = at.min(read.len());
                at = end + 1;
                if let Some(Inside::Object { key, next_is_key: true }) = inside {
                    *key = short(&String::from_utf8_lossy(&read[start..end]));
                }
            }
            (b'{', _) => stack.push(Inside::Object { key: String::new(), next_is_key: true }),
            (b'[', _) => stack.push(Inside::List(0)),
            (b'}' | b']', _) => drop(stack.pop()),
            (b':', Some(Inside::Object { next_is_key, .. })) => *next_is_key = false,
            (b',', Some(Inside::Object { next_is_key, .. })) => *next_is_key = true,
            (b',', Some(Inside::List(index))) => *index += 1,
            _ => {}
        }
    }
    let part = |inside: &Inside| match inside {
        Inside::Object { key, .. } => format!("/{key}"),
        Inside::List(index) => format!("/{index}"),
    };
    stack.iter().map(part).collect()
}

fn find_wrong(value: &Value) -> Option<(String, String)> {
    match wrong_batch(value) {
        Ok(items) => items.iter().enumerate().find_map(|(index, item)| wrong_in(index, item)),
        Err(wrong) => Some(wrong),
    }
}

/// The begin of a name of a field, fit to be shown.
fn short(text: &str) -> String {
    shown(&text.chars().take(40).collect::<String>())
}

/// The items of a batch, or what is wrong around them.
fn wrong_batch(value: &Value) -> Result<&Vec<Value>, (String, String)> {
    let Some(body) = value.as_object() else {
        return Err((String::new(), "expected an object with 'observations'".to_owned()));
    };
    if let Some(unknown) = body.keys().find(|name| *name != "observations") {
        return Err((format!("/{}", short(unknown)), "is unknown; use observations".to_owned()));
    }
    let items = body.get("observations").and_then(Value::as_array);
    items.ok_or_else(|| ("/observations".to_owned(), "expected a list of readings".to_owned()))
}

/// The fault in the form of an item.
fn wrong_in(index: usize, item: &Value) -> Option<(String, String)> {
    const FIELDS: [&str; 5] = ["signal", "subject", "value", "unit", "at"];
    let at = |field: &str| format!("/observations/{index}/{field}");
    let Some(item) = item.as_object() else {
        return Some((format!("/observations/{index}"), "expected an object".to_owned()));
    };
    if let Some(unknown) = item.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Some((
            at(&short(unknown)),
            format!("is unknown; use one of {}", FIELDS.join(", ")),
        ));
    }
    FIELDS.iter().find_map(|field| match (*field, item.get(*field)) {
        ("value", Some(value)) => (!value.is_number())
            .then(|| (at(field), format!("expected a number, found {}", kind(value)))),
        ("signal" | "subject" | "value", None) => Some((at(field), "is missing".to_owned())),
        (_, None) | ("unit" | "at", Some(Value::Null)) => None,
        (_, Some(value)) => (!value.is_string())
            .then(|| (at(field), format!("expected a text, found {}", kind(value)))),
    })
}

/// The kind of JSON of a value.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_has_no_number_for_is_no_value_but_in_texts_it_stays() {
        for (body, read) in [
            (r#"{"a":NaN,"b":-Infinity}"#, r#"{"a":null,"b":null}"#),
            (r#"{"NaN":"\"NaN","c":Infinity"#, r#"{"NaN":"\"NaN","c":null"#),
            (r#""\"#, r#""\"#),
        ] {
            assert_eq!(String::from_utf8(without_nan(body.as_bytes())).unwrap(), read);
        }
    }

    #[test]
    fn what_is_wrong_is_found_with_its_place() {
        for (body, pointer) in [
            (r"[]", ""),
            (r#"{"observation":[]}"#, "/observation"),
            (r#"{"observations":3}"#, "/observations"),
            (
                r#"{"observations":[{"signal":"a","subject":"b:c","value":1},{"signal":"a","subject":"b:c","value":"1"}]}"#,
                "/observations/1/value",
            ),
            (r#"{"observations":[{"subject":"b:c","value":1}]}"#, "/observations/0/signal"),
            (
                r#"{"observations":[{"signal":"a","subject":"b:c","value":1,"when":2}]}"#,
                "/observations/0/when",
            ),
            (
                r#"{"observations":[{"signal":"a","subject":"b:c","value":1,"at":2}]}"#,
                "/observations/0/at",
            ),
            (
                "{\"observations\":[\n{\"signal\":\"a\\\"\",\"subject\":\"b:c\",\"value\":1},\n{\"value\":1e999}]}",
                "/observations/1/value",
            ),
            (
                r#"{"observations":[{"signal":"a","value":1},{"value":1,"signal":"a","value":2}]}"#,
                "/observations/0/subject",
            ),
            (
                r#"{"observations":[{"signal":"a","subject":"b:c","value":1},{"value":1,"signal":"a","value":2}]}"#,
                "/observations/1/value",
            ),
            (r#"{"observations":[],"observations":[]}"#, "/observations"),
        ] {
            let error = serde_json::from_slice::<Batch<'_>>(body.as_bytes()).err().unwrap();
            let problem = serde_json::to_value(unreadable(body.as_bytes(), &error)).unwrap();
            assert_eq!(problem["status"], 422, "{body}");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        }
        let nan = br#"{"observations":[{"signal":"a","subject":"b:c","value":1},{"value":NaN}]}"#;
        let error = serde_json::from_slice::<Batch<'_>>(nan).err().unwrap();
        let problem = serde_json::to_value(unreadable(nan, &error)).unwrap();
        assert_eq!(problem["errors"][0]["pointer"], "/observations/1/value");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().starts_with("NaN"), "{problem}");
        let error = serde_json::from_slice::<Batch<'_>>(b"{").err().unwrap();
        assert_eq!(serde_json::to_value(unreadable(b"{", &error)).unwrap()["status"], 400);
    }
}
