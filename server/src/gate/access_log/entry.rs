//! One line of the access log: the result of a request, or nothing that counts.
//!
//! Whether a result counts, and whether it ends a request that the gate has counted, is told by two
//! statuses: the one of the gate's answer, and the one of the application's.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;

use crate::{gate::report::ResultOfRequest, object::Object};

/// A line as the proxy writes it. All values are text, as an empty one stands for none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    uri: Cow<'a, str>,
    #[serde(borrow, default)]
    host: Cow<'a, str>,
    /// Headers that name the organization, as the proxy sent them to the gate.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    /// Seconds from the first byte of the request to the last of the answer.
    #[serde(borrow)]
    request_time: Cow<'a, str>,
    /// Milliseconds that the request waited for the application, as the application says.
    #[serde(borrow, default)]
    queue_ms: Cow<'a, str>,
    /// Status of the gate's answer.
    #[serde(borrow)]
    gate: Cow<'a, str>,
    /// Status of the application's answer.
    #[serde(borrow)]
    upstream: Cow<'a, str>,
}

/// A request that has ended.
#[derive(Debug)]
pub(super) struct Ended<'a> {
    pub result: ResultOfRequest<'a>,
    /// True if the gate has counted its begin.
    pub was_counted: bool,
}

/// The reason why a line can't be read. It holds nothing of the line's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// No JSON.
    NoJson {
        /// The column of what is wrong, in bytes from 1.
        column: usize,
    },
    /// A field is missing, unknown or no text.
    OtherFields,
    /// This field has a value that is not understood.
    Value(&'static str),
    /// Too long.
    TooLong,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoJson { column } => write!(f, "it is no JSON from column {column} on"),
            Self::OtherFields => f.write_str("a field is missing, unknown or no text"),
            Self::Value(field) => write!(f, "the value of {field} is not understood"),
            Self::TooLong => f.write_str("it is longer than 64 KiB"),
        }
    }
}

/// Reads a line; `None` if it is about no result: a request that was refused, or that the proxy
/// answered without having asked anyone.
pub(super) fn read(line: &str) -> Result<Option<Ended<'_>>, Unreadable> {
    let Object::<Fields<'_>>(fields) = serde_json::from_str(line).map_err(|error| {
        if error.is_data() {
            Unreadable::OtherFields
        } else {
            Unreadable::NoJson { column: error.column() }
        }
    })?;
    let Some(was_counted) = fields.is_end() else { return Ok(None) };
    let seconds: f64 = number("request_time", &fields.request_time)?;
    let queue_ms = match &*fields.queue_ms {
        "" | "-" => None,
        text => Some(number("queue_ms", text)?),
    };
    let result = ResultOfRequest {
        status: number("status", &fields.status)?,
        method: fields.method,
        uri: fields.uri,
        host: Some(fields.host).filter(|host| !host.is_empty()),
        headers: fields.headers,
        duration_ms: Some(seconds * 1_000.0),
        queue_ms,
    };
    Ok(Some(Ended { result, was_counted }))
}

impl Fields<'_> {
    /// True if this is the result of a request that the gate has counted, false if of another one;
    /// `None` if it is no result.
    fn is_end(&self) -> Option<bool> {
        let is_answered = !matches!(&*self.upstream, "" | "-");
        match last_status(&self.gate) {
            // It passed.
            "204" => Some(true),
            // It was refused. What the visitor got is no result of the application.
            "403" => None,
            // The gate was asked, and answered too late for the proxy: the request was counted.
            "504" => is_answered.then_some(true),
            // The gate was not asked, could not be reached or did not understand.
            _ => is_answered.then_some(false),
        }
    }
}

/// The last of several statuses: nginx lists those of each server that it has tried.
fn last_status(list: &str) -> &str {
    list.rsplit([',', ':']).next().unwrap_or_default().trim()
}

fn number<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable::Value(field))
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz {
    //! Any line is a result or has a reason that repeats nothing of it.

    use fixtures::fuzz::Target;

    use super::{Unreadable, read};
    use crate::{fuzz::texts, gate::report};

    pub(crate) const TARGETS: &[Target] = &[Target {
        name: "access-log",
        seeds,
        words: fixtures::json_words![
            "\\u0000",
            "\\",
            "\"gate\":",
            "\"204\"",
            "\"403\"",
            "\"504\"",
            "\"upstream\":",
            "\"status\":",
            "\"500\"",
            "\"headers\":",
            "\"queue_ms\":",
            "-",
            "nan",
            "1e308",
            "502, 204",
            "null",
        ],
        check,
    }];

    pub(super) const LINE: &str = r#"{"method":"POST","uri":"/uploads?x","host":"acme.shop.example","headers":{"X-Organization":"acme"},"status":"502","request_time":"0.250","queue_ms":"1.5","gate":"204","upstream":"502"}"#;

    fn seeds() -> Vec<Vec<u8>> {
        texts(&[LINE, &LINE.replace("\"204\"", "\"403\""), &LINE.replace("acme", "\\u0007\\\"")])
    }

    fn check(bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        match read(&line) {
            Ok(None) => {}
            Ok(Some(ended)) => drop(report::read(&ended.result)),
            Err(Unreadable::NoJson { column }) => assert!(column <= line.len() + 1, "{column}"),
            Err(reason) => assert!(reason.to_string().len() < 80),
        }
    }
}

#[cfg(test)]
mod tests {
    use fixtures::cases;
    use proptest::prelude::*;

    use super::{fuzz::LINE, *};

    fn ends(gate: &str, upstream: &str) -> Option<bool> {
        let line = LINE
            .replace(r#""gate":"204""#, &format!(r#""gate":"{gate}""#))
            .replace(r#""upstream":"502""#, &format!(r#""upstream":"{upstream}""#));
        read(&line).unwrap().map(|ended| ended.was_counted)
    }

    #[test]
    fn a_line_is_the_result_of_its_request() {
        let ended = read(LINE).unwrap().unwrap();
        assert!(ended.was_counted);
        let result = ended.result;
        assert_eq!((&*result.method, &*result.uri), ("POST", "/uploads?x"));
        assert!(matches!(result.uri, Cow::Borrowed(_)), "nothing is copied without need");
        assert_eq!(result.host.as_deref(), Some("acme.shop.example"));
        assert_eq!(result.headers["X-Organization"], "acme");
        assert_eq!((result.status, result.duration_ms), (502, Some(250.0)));
        assert_eq!(result.queue_ms, Some(1.5));
        let least = LINE.replace(r#""queue_ms":"1.5","#, "").replace("acme.shop.example", "");
        let least = read(&least).unwrap().unwrap().result;
        assert_eq!((least.queue_ms, least.host), (None, None));
    }

    #[test]
    fn a_refused_request_is_no_result_and_one_that_was_not_counted_ends_none() {
        assert_eq!(ends("204", "200"), Some(true));
        assert_eq!(ends("204", ""), Some(true), "the proxy answered what the gate let pass");
        assert_eq!(ends("502, 204", "200"), Some(true), "the second gate let it pass");
        assert_eq!((ends("403", ""), ends("403", "429")), (None, None), "the gate refused");
        assert_eq!((ends("504", "200"), ends("504", "")), (Some(true), None), "too late");
        assert_eq!((ends("502", "200"), ends("502", "")), (Some(false), None), "unreachable");
        assert_eq!((ends("", "200"), ends("", "-")), (Some(false), None), "not asked");
    }

    #[test]
    fn a_line_that_cannot_be_read_has_a_reason_without_its_content() {
        let reason = |from: &str, to: &str| read(&LINE.replace(from, to)).unwrap_err();
        assert_eq!(reason("{\"method\"", "method"), Unreadable::NoJson { column: 1 });
        assert_eq!(reason("\"gate\"", "\"secret\""), Unreadable::OtherFields);
        assert_eq!(reason("\"0.250\"", "0.250"), Unreadable::OtherFields);
        assert_eq!(reason("0.250", "secret"), Unreadable::Value("request_time"));
        assert_eq!(reason("status\":\"502", "status\":\"secret"), Unreadable::Value("status"));
        assert_eq!(reason("1.5", "secret"), Unreadable::Value("queue_ms"));
        assert_eq!(read("[]").unwrap_err(), Unreadable::OtherFields);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(256), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_a_visitor_sends_is_read_as_it_was(uri: String, host: String, status in 100_u16..1_000) {
            let text = |text: &str| serde_json::to_string(text).unwrap();
            let line = LINE
                .replace("\"/uploads?x\"", &text(&uri))
                .replace("\"acme.shop.example\"", &text(&host))
                .replace("\"status\":\"502\"", &format!("\"status\":\"{status}\""));
            let result = read(&line).unwrap().unwrap().result;
            prop_assert_eq!(&*result.uri, &*uri);
            prop_assert_eq!(result.host.as_deref().unwrap_or_default(), &*host);
            prop_assert_eq!(result.status, status);
        }
    }
}
