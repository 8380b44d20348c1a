//! What each kind of value looks like. A parser answers with the value, or with what it expected.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use domain::time::Span;
use policy::catalogue::OwnPm2;

use super::{LogFormat, Secret, file::Place, problem::ConfigProblem};
use crate::http::client_info::Network;

/// A value as it was found, and where.
#[derive(Clone, Debug)]
pub(super) struct Found {
    kind: Kind,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Kind {
    /// A text: from a flag, from the environment, or in quotes in the file.
    Text(String),
    /// A number or a truth value of the file.
    Bare(String),
    /// A list of texts of the file.
    List(Vec<String>),
    /// Something that no key takes.
    Other(&'static str),
}

#[derive(Clone, Debug)]
enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    File(Place),
}

/// Which layer a value comes from; the smaller one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Flag,
    Environment,
    File,
}

impl Found {
    pub fn flag(name: &'static str, text: &str) -> Self {
        Self { kind: Kind::Text(text.to_owned()), origin: Origin::Flag(name) }
    }

    pub fn variable(name: &'static str, text: &str) -> Self {
        Self { kind: Kind::Text(text.to_owned()), origin: Origin::Variable(name) }
    }

    pub fn file_text(text: &str, place: Place) -> Self {
        Self { kind: Kind::Text(text.to_owned()), origin: Origin::File(place) }
    }

    pub fn file_bare(text: &str, place: Place) -> Self {
        Self { kind: Kind::Bare(text.to_owned()), origin: Origin::File(place) }
    }

    pub fn file_list(texts: Vec<String>, place: Place) -> Self {
        Self { kind: Kind::List(texts), origin: Origin::File(place) }
    }

    pub fn file_other(what: &'static str, place: Place) -> Self {
        Self { kind: Kind::Other(what), origin: Origin::File(place) }
    }

    /// The text, where it is one; empty otherwise.
    pub fn text(&self) -> &str {
        match &self.kind {
            Kind::Text(text) | Kind::Bare(text) => text,
            Kind::List(_) | Kind::Other(_) => "",
        }
    }

    pub fn place(&self) -> Option<&Place> {
        match &self.origin {
            Origin::File(place) => Some(place),
            Origin::Flag(_) | Origin::Variable(_) => None,
        }
    }

    pub fn layer(&self) -> Layer {
        match self.origin {
            Origin::Flag(_) => Layer::Flag,
            Origin::Variable(_) => Layer::Environment,
            Origin::File(_) => Layer::File,
        }
    }

    /// What to say about this value: what was found, where, and what was expected.
    pub fn problem(&self, key: &str, expected: &str) -> ConfigProblem {
        let value = match &self.kind {
            Kind::Text(text) | Kind::Bare(text) => {
                let short: String = text.chars().take(80).collect();
                format!("'{}'", short.escape_debug())
            }
            Kind::List(_) => "a list".to_owned(),
            Kind::Other(what) => (*what).to_owned(),
        };
        self.say(key, &value, expected)
    }

    /// The same about a value that must not be shown.
    pub fn secret_problem(&self, key: &str, expected: &str) -> ConfigProblem {
        match &self.origin {
            // The line of the file would show it.
            Origin::File(_) => ConfigProblem::sentence(format!(
                "{key} in the configuration file: expected {expected}"
            )),
            _ => self.say(key, "a value (not shown)", expected),
        }
    }

    fn say(&self, key: &str, value: &str, expected: &str) -> ConfigProblem {
        match &self.origin {
            Origin::Flag(name) => {
                ConfigProblem::sentence(format!("{name} is {value}: expected {expected}"))
            }
            Origin::Variable(name) => ConfigProblem::sentence(format!(
                "the environment variable {name} is {value}: expected {expected}"
            )),
            Origin::File(place) => place.problem(format!("{key} is {value}"), expected.to_owned()),
        }
    }

    /// The texts of a list.
    fn list(&self) -> Option<Vec<String>> {
        match &self.kind {
            Kind::List(texts) => Some(texts.clone()),
            // The environment has no lists.
            Kind::Text(text) if self.layer() == Layer::Environment => Some(
                text.split(',')
                    .map(|part| part.trim().to_owned())
                    .filter(|part| !part.is_empty())
                    .collect(),
            ),
            Kind::Text(_) | Kind::Bare(_) | Kind::Other(_) => None,
        }
    }

    /// The text of a value that has to be one. A bare number of the file is none.
    fn quoted(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) if !text.trim().is_empty() && !text.contains('\0') => {
                Some(text.trim())
            }
            _ => None,
        }
    }
}

pub(super) fn listen(found: &Found) -> Result<SocketAddr, String> {
    const EXPECTED: &str = "an address and a port, such as '127.0.0.1:3000'";
    let text = found.quoted().ok_or(EXPECTED)?;
    let text = text
        .strip_prefix("localhost:")
        .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| EXPECTED.to_owned())
}

/// How browsers reach Calm Ops from outside: scheme, host, and a port where it is not the usual
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(url::Url);

impl PublicUrl {
    /// The host's name, in lower case.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether browsers reach it safely.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The origin, as browsers write it: `https://ops.example.com`.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The address of a page below it.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

pub(super) fn public_url(found: &Found) -> Result<PublicUrl, String> {
    const EXPECTED: &str =
        "an address without a path, as browsers show it, such as 'https://ops.example.com'";
    let url: url::Url = found.quoted().and_then(|text| text.parse().ok()).ok_or(EXPECTED)?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(PublicUrl(url)) } else { Err(EXPECTED.to_owned()) }
}

pub(super) fn networks(found: &Found) -> Result<Vec<Network>, String> {
    const EXPECTED: &str = "addresses or networks, such as [\"127.0.0.1\", \"10.0.0.0/8\"] (in the environment with commas between them)";
    let texts = found.list().filter(|texts| texts.len() <= 100).ok_or(EXPECTED)?;
    texts.iter().map(|text| text.parse().map_err(|_| EXPECTED.to_owned())).collect()
}

pub(super) fn path(found: &Found) -> Result<PathBuf, String> {
    found
        .quoted()
        .map(PathBuf::from)
        .ok_or_else(|| "a path, such as '/var/lib/calm-ops'".to_owned())
}

pub(super) fn own_pm2(found: &Found) -> Result<OwnPm2, String> {
    const EXPECTED: &str = "the absolute path of the program pm2, such as '/home/deploy/.nvm/versions/node/v24.1.0/bin/pm2'";
    found.quoted().and_then(|text| text.parse().ok()).ok_or_else(|| EXPECTED.to_owned())
}

pub(super) fn host_name(found: &Found) -> Result<String, String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    found
        .quoted()
        .filter(|name| name.len() <= 64 && name.chars().all(fine))
        .map(str::to_owned)
        .ok_or_else(|| {
            "a name of letters, digits, '-', '_' and '.', at most 64, such as 'web-1'".to_owned()
        })
}

/// A duration within bounds.
pub(super) fn duration(found: &Found, least: Duration, most: Duration) -> Result<Duration, String> {
    let expected =
        || format!("a duration from {} to {}, such as '5 s'", Span::from(least), Span::from(most));
    let span: Span = found.quoted().and_then(|text| text.parse().ok()).ok_or_else(expected)?;
    let duration = span.to_std();
    if (least..=most).contains(&duration) { Ok(duration) } else { Err(expected()) }
}

pub(super) fn fresh_for(found: &Found) -> Result<Duration, String> {
    duration(found, Duration::from_secs(60), Duration::from_secs(7 * 86_400))
}

pub(super) fn interval(found: &Found) -> Result<Duration, String> {
    duration(found, Duration::from_secs(1), Duration::from_secs(300))
}

pub(super) fn allowed_hosts(found: &Found) -> Result<Vec<String>, String> {
    const EXPECTED: &str = "names without scheme, port and path, such as [\"ops.example.com\"] (in the environment with commas between them)";
    let names = found.list().ok_or(EXPECTED)?;
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let fine = |name: &String| name.len() <= 253 && name.split('.').all(label);
    if names.len() <= 100 && names.iter().all(fine) {
        Ok(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    } else {
        Err(EXPECTED.to_owned())
    }
}

pub(super) fn log_level(found: &Found) -> Result<String, String> {
    found
        .quoted()
        .filter(|text| {
            text.parse::<tracing_subscriber::filter::EnvFilter>().is_ok() && known_levels(text)
        })
        .map(str::to_owned)
        .ok_or_else(|| {
            "error, warn, info, debug or trace, or directives such as 'warn,server=debug'"
                .to_owned()
        })
}

/// A lone word is the name of a target to the filter, and would hide everything else.
fn known_levels(text: &str) -> bool {
    text.split(',').map(str::trim).all(|part| {
        part.contains('=')
            || part.contains('[')
            || part.parse::<tracing_subscriber::filter::LevelFilter>().is_ok()
    })
}

pub(super) fn log_format(found: &Found) -> Result<LogFormat, String> {
    match found.quoted() {
        Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        _ => Err("'text' or 'json'".to_owned()),
    }
}

pub(super) fn yes_or_no(found: &Found) -> Result<bool, String> {
    match (&found.kind, found.text()) {
        (Kind::Bare(_), "true") => Ok(true),
        (Kind::Bare(_), "false") => Ok(false),
        (Kind::Text(_), "true") if found.layer() != Layer::File => Ok(true),
        (Kind::Text(_), "false") if found.layer() != Layer::File => Ok(false),
        _ => Err("true or false, without quotes".to_owned()),
    }
}

/// A whole number. In the file it stands without quotes.
pub(super) fn count(found: &Found, least: usize, most: usize) -> Result<usize, String> {
    let bare = matches!(found.kind, Kind::Bare(_)) || found.layer() != Layer::File;
    let text = found.text().trim();
    let number = text.parse().ok().filter(|number| bare && (least..=most).contains(number));
    number.ok_or_else(|| format!("a whole number from {least} to {most}"))
}

/// A size in bytes: a number, or a text such as `1 MiB`.
pub(super) fn bytes(found: &Found) -> Result<usize, String> {
    const EXPECTED: &str = "a size from 1 KiB to 64 MiB, such as '1 MiB' or 1048576";
    let text = found.text().trim();
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor: usize = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1_024,
        "MiB" => 1_048_576,
        _ => return Err(EXPECTED.to_owned()),
    };
    let size = digits.parse::<usize>().ok().and_then(|number| number.checked_mul(factor));
    size.filter(|size| (1_024..=67_108_864).contains(size)).ok_or_else(|| EXPECTED.to_owned())
}

/// The address of a PostgreSQL database. The expected text never holds what was found.
pub(super) fn database_url(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    if (text.starts_with("postgres://") || text.starts_with("postgresql://"))
        && !text.contains(char::is_whitespace)
    {
        Ok(Secret::new(text))
    } else {
        Err("the address of a PostgreSQL database, such as 'postgres://calm_ops@localhost/calm_ops'; without one, SQLite in data_dir is used"
            .to_owned())
    }
}
