//! The endpoints that are checked: `[[endpoint]]` in the file.

use std::{collections::BTreeMap, time::Duration};

use domain::{subject::Subject, time::Span};

use hyper::{
    Method,
    header::{HeaderName, HeaderValue},
};

use super::{Endpoint, HttpCollector, ProbeUrl, SIGNALS, SentHeader, Statuses};
use crate::{
    collectors::{
        collector::{Absence, CollectError, Collector, Listing},
        registry::{Context, Declaration, Kind, SourceInfo, Unusable},
    },
    config::{
        ConfigProblem,
        found::{self, Found},
        place::Place,
        secret::Secret,
        section::{Entries, Section},
    },
};

const ENTRIES: Entries = Entries {
    name: "endpoint",
    what: "an endpoint",
    keys: &[
        "name",
        "url",
        "method",
        "headers",
        "body",
        "expect_status",
        "expect_text",
        "follow_redirects",
        "interval",
        "time_limit",
        "ca_file",
    ],
    kind: Some(KIND),
};

/// The kind of the subjects.
const KIND: &str = "endpoint";

/// An endpoint is asked less often than the host if nothing is said: it is someone else's work.
const LEAST_STANDARD_INTERVAL: Duration = Duration::from_secs(15);

/// Settings of the HTTP probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The endpoints that are checked.
    pub endpoints: Vec<Endpoint>,
}

/// HTTP probes, as the registry knows them.
#[derive(Debug)]
pub struct Http;

impl Kind for Http {
    const DECLARATION: Declaration =
        Declaration { signals: SIGNALS, keys: &[], entries: Some(ENTRIES) };
    const SOURCE: Option<SourceInfo> = Some(SourceInfo {
        label: "Endpoint",
        advice: "Add a section [[endpoint]] with name and url to the configuration. It takes effect when the file is saved.",
    });
    type Settings = Settings;
    type Target = Endpoint;

    fn read(section: &mut Section<'_>) -> Settings {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        let interval = section.interval();
        for (keys, place) in section.entries(ENTRIES.name) {
            let Some(endpoint) = read(keys, place, interval, section.problems()) else { continue };
            if endpoints.iter().any(|other| other.name == endpoint.name) {
                let place = keys.get("name").and_then(Found::place).unwrap_or(place);
                section.problems().push(place.problem(
                    format!("two endpoints have the name '{}'", endpoint.name),
                    "a different name for each endpoint".to_owned(),
                ));
            } else {
                endpoints.push(endpoint);
            }
        }
        Settings { endpoints }
    }

    fn targets(settings: &Settings, _context: &Context) -> Vec<Endpoint> {
        settings.endpoints.clone()
    }

    fn name(endpoint: &Endpoint) -> String {
        subject(endpoint).as_str().to_owned()
    }

    fn build(endpoint: &Endpoint, context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        let collector = HttpCollector::new(endpoint.clone())?;
        Ok(Box::new(collector.with_outside(context.outside.clone())))
    }

    fn patience(endpoint: &Endpoint) -> Option<Duration> {
        Some(endpoint.time_limit.to_std())
    }

    fn listings(settings: &Settings, _context: &Context) -> Vec<Listing> {
        let subjects = settings.endpoints.iter().map(subject).collect();
        vec![Listing::new(KIND, subjects, Absence::Gone)]
    }

    /// Endpoints whose certificates can't be read.
    fn check(settings: &Settings) -> Vec<Unusable> {
        let unusable = |endpoint: &Endpoint| {
            let problem = HttpCollector::new(endpoint.clone()).err()?;
            Some(Unusable {
                problem: format!("the endpoint '{}' can't be checked: {problem}", endpoint.name),
                key: "ca_file",
                value: endpoint.ca_file.as_deref()?.to_string_lossy().into_owned(),
            })
        };
        settings.endpoints.iter().filter_map(unusable).collect()
    }

    fn counted(settings: &Settings) -> Option<String> {
        let count = settings.endpoints.len();
        Some(format!("{count} {}", if count == 1 { "endpoint" } else { "endpoints" }))
    }
}

fn subject(endpoint: &Endpoint) -> Subject {
    Subject::build(KIND, &endpoint.name, None)
}

fn read(
    keys: &BTreeMap<&'static str, Found>,
    place: &Place,
    interval: Duration,
    problems: &mut Vec<ConfigProblem>,
) -> Option<Endpoint> {
    let before = problems.len();
    let mut get = Get { keys, problems };
    let name = get.needed("name", place, name);
    let url = get.needed("url", place, url);
    let method = get.value("method", method);
    let headers = get.secret("headers", headers);
    let body = get.secret("body", body);
    let expect_status = get.value("expect_status", |found| {
        found
            .text()
            .parse::<Statuses>()
            .map_err(|_| "statuses from 100 to 599, such as 200 or \"200-299,404\"".to_owned())
    });
    let expect_text = get.value("expect_text", |found| match found.text() {
        text if (1..=1_000).contains(&text.len()) => Ok(text.to_owned()),
        _ => Err("a text of at most 1,000 bytes".to_owned()),
    });
    let follow_redirects = get.value("follow_redirects", found::yes_or_no);
    let interval = get
        .value("interval", |found| {
            found::duration(found, Duration::from_secs(1), Duration::from_secs(3_600))
        })
        .unwrap_or_else(|| interval.max(LEAST_STANDARD_INTERVAL));
    let time_limit = get.value("time_limit", |found| {
        found::duration(found, Duration::from_millis(100), Duration::from_secs(60))
    });
    let ca_file = get.value("ca_file", found::path);
    if method == Some(Method::HEAD) && expect_text.is_some() {
        get.unworkable(
            "expect_text",
            place,
            "a text is expected, but an answer to HEAD has none",
            "another method, or no 'expect_text'",
        );
    }
    if follow_redirects != Some(false)
        && expect_status.as_ref().is_some_and(Statuses::are_redirects)
    {
        get.unworkable(
            "expect_status",
            place,
            "only redirects are expected, but they are followed",
            "also 'follow_redirects = false', or the status at the end",
        );
    }
    let (Some(name), Some(url)) = (name, url) else { return None };
    let standard = Endpoint::new(&name, url);
    (problems.len() == before).then(|| Endpoint {
        expect_status: expect_status.unwrap_or(standard.expect_status),
        expect_text,
        method: method.unwrap_or(standard.method),
        headers: headers.unwrap_or_default(),
        body,
        follow_redirects: follow_redirects.unwrap_or(standard.follow_redirects),
        interval: Span::from(interval),
        time_limit: time_limit.map_or(standard.time_limit, Span::from),
        ca_file,
        ..standard
    })
}

struct Get<'a> {
    keys: &'a BTreeMap<&'static str, Found>,
    problems: &'a mut Vec<ConfigProblem>,
}

impl Get<'_> {
    fn value<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&Found) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.keys.get(key)?;
        parse(found).map_err(|expected| self.problems.push(found.problem(key, &expected))).ok()
    }

    /// [`Get::value`] of what must not be shown.
    fn secret<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&Found) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.keys.get(key)?;
        parse(found)
            .map_err(|expected| self.problems.push(found.secret_problem(key, &expected)))
            .ok()
    }

    /// Values that each have the right form and can't work together.
    fn unworkable(&mut self, key: &str, place: &Place, found: &str, expected: &str) {
        let place = self.keys.get(key).and_then(Found::place).unwrap_or(place);
        self.problems.push(place.problem(found.to_owned(), expected.to_owned()));
    }

    fn needed<T>(
        &mut self,
        key: &str,
        place: &Place,
        parse: impl FnOnce(&Found) -> Result<T, String>,
    ) -> Option<T> {
        if !self.keys.contains_key(key) {
            self.problems.push(place.problem(
                format!("an endpoint without '{key}'"),
                format!("a line such as: {}", sample(key)),
            ));
        }
        self.value(key, parse)
    }
}

fn sample(key: &str) -> &'static str {
    if key == "name" { "name = \"checkout\"" } else { "url = \"https://shop.example/checkout\"" }
}

/// A name that can stand behind `endpoint:` in a subject without being changed.
fn name(found: &Found) -> Result<String, String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    let text = found.text();
    if (1..=60).contains(&text.len()) && text.chars().all(fine) {
        Ok(text.to_owned())
    } else {
        Err("a name of letters, digits, '-', '_' and '.', at most 60, such as 'checkout'"
            .to_owned())
    }
}

fn method(found: &Found) -> Result<Method, String> {
    match found.text() {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "OPTIONS" => Ok(Method::OPTIONS),
        _ => Err("\"GET\", \"HEAD\", \"POST\", \"PUT\" or \"OPTIONS\"".to_owned()),
    }
}

/// Headers that belong to the connection, or that the address sets.
const NOT_SENT: [&str; 6] =
    ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te"];

fn headers(found: &Found) -> Result<Vec<SentHeader>, String> {
    let expected = || {
        "at most 20 headers, such as [\"Authorization: Bearer ...\"], other than those of the connection and Host".to_owned()
    };
    let header = |text: &String| {
        let (name, value) = text.split_once(':')?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        HeaderValue::from_str(value).ok()?;
        let fits = text.len() <= 4_000 && !NOT_SENT.contains(&name.as_str());
        let name: HeaderName = name.parse().ok()?;
        fits.then(|| SentHeader { name, value: Secret::new(value) })
    };
    let texts = found.list().filter(|texts| texts.len() <= 20).ok_or_else(expected)?;
    texts.iter().map(header).collect::<Option<_>>().ok_or_else(expected)
}

fn body(found: &Found) -> Result<Secret, String> {
    match found.text() {
        text if (1..=65_536).contains(&text.len()) => Ok(Secret::new(text)),
        _ => Err("a text of at most 64 KiB".to_owned()),
    }
}

fn url(found: &Found) -> Result<ProbeUrl, String> {
    let text = Some(found.text().trim()).filter(|text| text.len() <= 2_000);
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| "an http or https address without user and password, such as 'https://shop.example/checkout'".to_owned())
}
