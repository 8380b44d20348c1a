//! The endpoints that are checked: `[[endpoint]]` in the file.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use super::{
    file::Place,
    problem::ConfigProblem,
    values::{self, Found},
};

/// An address that is asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointConfig {
    /// Its name, as in `endpoint:checkout`.
    pub name: String,
    /// Where it is: http or https.
    pub url: String,
    /// The status that a healthy one answers with; any from 200 to 399 without.
    pub expect_status: Option<u16>,
    /// A text that a healthy answer holds.
    pub expect_text: Option<String>,
    /// How often it is asked.
    pub interval: Duration,
    /// How long an answer may take.
    pub time_limit: Duration,
    /// More certificate authorities to trust, as PEM.
    pub ca_file: Option<PathBuf>,
}

/// How long an answer may take if nothing is said.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// An endpoint is asked less often than the host if nothing is said: it is someone else's work.
const LEAST_STANDARD_INTERVAL: Duration = Duration::from_secs(15);

pub(super) fn read(
    keys: &BTreeMap<&'static str, Found>,
    place: &Place,
    interval: Duration,
    problems: &mut Vec<ConfigProblem>,
) -> Option<EndpointConfig> {
    let before = problems.len();
    let mut get = Get { keys, problems };
    let name = get.needed("name", place, name);
    let url = get.needed("url", place, url);
    let expect_status = get.value("expect_status", |found| {
        values::count(found, 100, 599)
            .ok()
            .and_then(|status| u16::try_from(status).ok())
            .ok_or_else(|| "a status from 100 to 599, such as 200".to_owned())
    });
    let expect_text = get.value("expect_text", |found| match found.text() {
        text if (1..=1_000).contains(&text.len()) => Ok(text.to_owned()),
        _ => Err("a text of at most 1,000 bytes".to_owned()),
    });
    let interval = get
        .value("interval", |found| values::duration(found, Duration::from_secs(1), Duration::from_secs(3_600)))
        .unwrap_or_else(|| interval.max(LEAST_STANDARD_INTERVAL));
    let time_limit =
        get.value("time_limit", |found| values::duration(found, Duration::from_millis(100), Duration::from_secs(60))).unwrap_or(TIME_LIMIT);
    let ca_file = get.value("ca_file", values::path);
    let (Some(name), Some(url)) = (name, url) else { return None };
    (problems.len() == before).then_some(EndpointConfig { name, url, expect_status, expect_text, interval, time_limit, ca_file })
}

struct Get<'a> {
    keys: &'a BTreeMap<&'static str, Found>,
    problems: &'a mut Vec<ConfigProblem>,
}

impl Get<'_> {
    fn value<T>(&mut self, key: &str, parse: impl FnOnce(&Found) -> Result<T, String>) -> Option<T> {
        let found = self.keys.get(key)?;
        parse(found).map_err(|expected| self.problems.push(found.problem(key, &expected))).ok()
    }

    fn needed<T>(&mut self, key: &str, place: &Place, parse: impl FnOnce(&Found) -> Result<T, String>) -> Option<T> {
        if !self.keys.contains_key(key) {
            self.problems.push(place.problem(format!("an endpoint without '{key}'"), format!("a line such as: {}", sample(key))));
        }
        self.value(key, parse)
    }
}

fn sample(key: &str) -> &'static str {
    if key == "name" { "name = \"checkout\"" } else { "url = \"https://shop.example/checkout\"" }
}

/// What can stand behind `endpoint:` in a subject without being changed.
fn name(found: &Found) -> Result<String, String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    let text = found.text();
    if (1..=60).contains(&text.len()) && text.chars().all(fine) {
        Ok(text.to_owned())
    } else {
        Err("a name of letters, digits, '-', '_' and '.', at most 60, such as 'checkout'".to_owned())
    }
}

fn url(found: &Found) -> Result<String, String> {
    const EXPECTED: &str = "an http or https address without user and password, such as 'https://shop.example/checkout'";
    let text = found.text().trim();
    let parsed = reqwest::Url::parse(text).map_err(|_| EXPECTED)?;
    let fine = matches!(parsed.scheme(), "http" | "https")
        && parsed.host_str().is_some_and(|host| !host.is_empty())
        && parsed.username().is_empty()
        && parsed.password().is_none()
        && text.len() <= 2_000;
    if fine { Ok(text.to_owned()) } else { Err(EXPECTED.to_owned()) }
}
