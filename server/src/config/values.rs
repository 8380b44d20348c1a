//! The form of each kind of value. A parser answers with the value, or with what it expected.

use std::{net::SocketAddr, time::Duration};

pub(super) use super::found::{Found, count, duration, path};
use super::{log::LogFormat, secret::Secret};
use crate::{http::client_info::Network, time_zones::TeamZone};
use domain::input::checked_name;

pub(super) fn listen(found: &Found) -> Result<SocketAddr, String> {
    const EXPECTED: &str = "an address and a port, such as '127.0.0.1:3000'";
    let text = found.quoted().ok_or(EXPECTED)?;
    let text = text
        .strip_prefix("localhost:")
        .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| EXPECTED.to_owned())
}

/// The address of Calm Ops from outside: scheme, host, and a port where it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(url::Url);

impl PublicUrl {
    /// The host's name, in lower case.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// True if browsers reach it safely.
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
        "an address without a path, as browsers use it, such as 'https://ops.example.com'";
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

/// A line that everyone reads.
pub(super) fn title(found: &Found) -> Result<String, String> {
    found
        .quoted()
        .and_then(|text| checked_name("title", text).ok())
        .ok_or_else(|| "a line of 1 to 60 characters, such as 'Example status'".to_owned())
}

/// The name of what customers use, as messages to them say it.
pub(super) fn product(found: &Found) -> Result<String, String> {
    found
        .quoted()
        .and_then(|text| checked_name("product", text).ok())
        .ok_or_else(|| "a name of 1 to 60 characters in one line, such as 'Example'".to_owned())
}

/// The time zone of the team.
pub(super) fn time_zone(found: &Found) -> Result<TeamZone, String> {
    const EXPECTED: &str = "the name of a time zone, such as 'Europe/Berlin', or a difference to UTC, such as '+02:00'";
    found.quoted().and_then(TeamZone::of).ok_or_else(|| EXPECTED.to_owned())
}

/// The address at which an issue tracker takes a new issue: a link on a page, which nothing asks.
pub(super) fn issue_url(found: &Found) -> Result<String, String> {
    const EXPECTED: &str = "an address with {title} and {body}, such as 'https://git.example.com/team/issues/new?title={title}&body={body}'";
    let is_plain = |text: &&str| {
        let fine = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\');
        text.len() <= 500 && text.chars().all(fine) && text.contains("{title}")
    };
    let has_host = |text: &&str| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
    };
    let found = found.quoted().filter(is_plain).filter(has_host);
    found.map(str::to_owned).ok_or_else(|| EXPECTED.to_owned())
}

pub(super) fn recent_sign_in(found: &Found) -> Result<Duration, String> {
    duration(found, Duration::from_secs(60), Duration::from_secs(7 * 86_400))
}

/// At least what someone needs to wake up and look.
pub(super) fn escalate_after(found: &Found) -> Result<Duration, String> {
    duration(found, Duration::from_secs(60), Duration::from_secs(86_400))
}

pub(super) fn interval(found: &Found) -> Result<Duration, String> {
    duration(found, Duration::from_secs(1), Duration::from_secs(300))
}

pub(super) fn allowed_hosts(found: &Found) -> Result<Vec<String>, String> {
    const EXPECTED: &str = "names without scheme, port and path, such as [\"ops.example.com\"] (in the environment with commas between them)";
    hosts(found, is_host).ok_or_else(|| EXPECTED.to_owned())
}

pub(super) fn internal_hosts(found: &Found) -> Result<Vec<String>, String> {
    const EXPECTED: &str = "names or IPv4 addresses, best with their ports, such as [\"ntfy.lan:8080\"] (in the environment with commas between them)";
    let fine = |text: &str| match text.split_once(':') {
        Some((name, port)) => is_host(name) && port.parse::<u16>().is_ok_and(|port| port > 0),
        None => is_host(text),
    };
    hosts(found, fine).ok_or_else(|| EXPECTED.to_owned())
}

fn hosts(found: &Found, fine: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let names = found.list().filter(|names| names.len() <= 100)?;
    let small = names.iter().map(|name| name.to_ascii_lowercase());
    names.iter().all(|name| fine(name)).then(|| small.collect())
}

fn is_host(name: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
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
