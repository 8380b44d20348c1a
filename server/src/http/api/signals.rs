//! Pushed observations.

use axum::{Json, extract::State, response::IntoResponse as _};
use bytes::Bytes;
use commands::reading::PushObservations;
use domain::{access::Principal, error::ErrorKind};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        api::route::{Answer, Route},
        auth::RequestPrincipal,
        client_info::ClientInfo,
        error::{Kind, Problem, WrongField},
        extract::is_json,
        state::Site,
    },
    monitor::intake::{Pushed, WrongItem},
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post_with("/api/ops/signals", push)
            .needs::<PushObservations>()
            .asks_itself()
            .summary("Push observations: all of a batch, or nothing. 202 means evaluated, not yet on disk. `unit` and `at` are optional.")
            .body::<Batch<'static>>(r#"{"observations":[{"signal":"queue.depth","subject":"service:imports","value":412,"unit":"jobs","at":"2026-11-22T10:00:00Z"}]}"#)
            .status(202)
            .json::<Accepted>()
            .answer("`accepted`: how many."),
    ]
}

/// Observations, all of them or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    observations: Vec<Pushed<'a>>,
}

#[derive(Serialize, ToSchema)]
struct Accepted {
    /// How many.
    accepted: usize,
}

/// Takes a batch: all of it, or nothing.
async fn push(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    client: ClientInfo,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    if let Err(refusal) = site.service.check::<PushObservations>(&principal) {
        // As long as nobody is here who could make a token, this machine may push.
        if principal != Principal::Nobody
            || !client.from.is_loopback()
            || site.people.has_owner().await?
        {
            return Err(refusal.into());
        }
    }
    if is_json(&headers) != Some(true) {
        let detail = "Send the observations as application/json.".to_owned();
        return Err(Problem::new(Kind::ContentType, detail));
    }
    let batch: Batch<'_> =
        serde_json::from_slice(&bytes).map_err(|error| unreadable(&bytes, &error))?;
    let (most, count) = (site.push_observations, batch.observations.len());
    if count > most {
        let detail =
            format!("A batch may have {most} observations, this has {count}. Send it in parts.");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    let accepted = site.intake.push(&batch.observations).map_err(|wrong| wrong_item(&wrong))?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { accepted })).into_response())
}

fn wrong_item(wrong: &WrongItem) -> Problem {
    let WrongItem { index, field, problem } = wrong;
    let detail =
        format!("Observation {index}, {field}: {problem}. Nothing of the batch was taken.");
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
        let detail = format!("{pointer}: {problem}. Nothing was taken.");
        let wrong = WrongField { pointer, detail: (*problem).to_owned() };
        return Problem::new(Kind::Service(ErrorKind::Invalid), detail).with(vec![wrong]);
    }
    if !error.is_data() {
        let detail = format!("The body is not JSON: {error}. Nothing was taken.");
        return Problem::new(Kind::Malformed, detail);
    }
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let (pointer, problem) =
        find_wrong(&value).unwrap_or_else(|| (String::new(), error.to_string()));
    let detail = format!(
        "{}: {problem}. Nothing was taken.",
        if pointer.is_empty() { "The body" } else { &pointer }
    );
    Problem::new(Kind::Service(ErrorKind::Invalid), detail)
        .with(vec![WrongField { pointer, detail: problem }])
}

/// Where the parser stopped, as a JSON pointer.
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
                    *key = String::from_utf8_lossy(&read[start..end]).chars().take(40).collect();
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

fn find_wrong(value: &serde_json::Value) -> Option<(String, String)> {
    const FIELDS: [&str; 5] = ["signal", "subject", "value", "unit", "at"];
    let short = |text: &str| text.chars().take(40).collect::<String>();
    let body = match value.as_object() {
        Some(body) => body,
        None => return Some((String::new(), "expected an object with 'observations'".to_owned())),
    };
    if let Some(unknown) = body.keys().find(|name| *name != "observations") {
        return Some((
            format!("/{}", short(unknown)),
            "is not known here; known is observations".to_owned(),
        ));
    }
    let Some(items) = body.get("observations").and_then(|items| items.as_array()) else {
        return Some(("/observations".to_owned(), "expected a list of observations".to_owned()));
    };
    items.iter().enumerate().find_map(|(index, item)| {
        let at = |field: &str| format!("/observations/{index}/{field}");
        let Some(item) = item.as_object() else {
            return Some((format!("/observations/{index}"), "expected an object".to_owned()));
        };
        if let Some(unknown) = item.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Some((
                at(&short(unknown)),
                format!("is not known here; known are {}", FIELDS.join(", ")),
            ));
        }
        FIELDS.iter().find_map(|field| match (*field, item.get(*field)) {
            ("value", Some(value)) => {
                (!value.is_number()).then(|| (at(field), "expected a number".to_owned()))
            }
            ("signal" | "subject" | "value", None) => Some((at(field), "is missing".to_owned())),
            (_, None) | ("unit" | "at", Some(serde_json::Value::Null)) => None,
            (_, Some(value)) => {
                (!value.is_string()).then(|| (at(field), "expected a text".to_owned()))
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let error = serde_json::from_slice::<Batch<'_>>(b"{").err().unwrap();
        assert_eq!(serde_json::to_value(unreadable(b"{", &error)).unwrap()["status"], 400);
    }
}
