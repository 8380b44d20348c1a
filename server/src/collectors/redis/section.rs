//! The Redis servers that are watched: `[[redis]]` in the file.

use std::collections::BTreeMap;

use super::{
    client::Client,
    collector::RedisCollector,
    settings::{BadRedisAddress, RedisAddress, RedisServer, Settings},
    signals::{KIND, SIGNALS},
};
use crate::{
    collectors::{
        collector::{Absence, CollectError, Collector, Listing},
        outside::Outside,
        registry::{Context, Declaration, Kind, SourceInfo, Unusable},
    },
    config::{
        ConfigProblem,
        found::{self, Found},
        place::Place,
        section::{Entries, Section},
    },
};

const ENTRIES: Entries = Entries {
    name: "redis",
    what: "a Redis",
    keys: &["name", "address", "user", "password_file", "ca_file"],
    kind: Some(KIND),
};

/// Redis, as the registry knows it.
#[derive(Debug)]
pub struct Redis;

impl Kind for Redis {
    const DECLARATION: Declaration =
        Declaration { signals: SIGNALS, keys: &[], entries: Some(ENTRIES) };
    const SOURCE: Option<SourceInfo> = Some(SourceInfo {
        label: "Redis",
        advice: "Add a section [[redis]] with name and address to the configuration. It takes effect when the file is saved.",
    });
    type Settings = Settings;
    type Target = RedisServer;

    fn read(section: &mut Section<'_>) -> Settings {
        let mut servers: Vec<RedisServer> = Vec::new();
        for (keys, place) in section.entries(ENTRIES.name) {
            let Some(server) = server(keys, place, section.problems()) else { continue };
            if servers.iter().any(|other| other.name == server.name) {
                let place = keys.get("name").and_then(Found::place).unwrap_or(place);
                section.problems().push(place.problem(
                    format!("two Redis servers have the name '{}'", server.name),
                    "a different name for each Redis".to_owned(),
                ));
            } else {
                servers.push(server);
            }
        }
        Settings { servers }
    }

    fn targets(settings: &Settings, _context: &Context) -> Vec<RedisServer> {
        settings.servers.clone()
    }

    fn name(server: &RedisServer) -> String {
        server.subject().as_str().to_owned()
    }

    fn build(server: &RedisServer, context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        let client = Client::new(server.clone(), context.outside.clone())?;
        Ok(Box::new(RedisCollector::new(client, context.interval)))
    }

    fn listings(settings: &Settings, _context: &Context) -> Vec<Listing> {
        let subjects = settings.servers.iter().map(RedisServer::subject).collect();
        vec![Listing::new(KIND, subjects, Absence::Gone)]
    }

    /// Servers whose password or certificates can't be read.
    fn check(settings: &Settings) -> Vec<Unusable> {
        let unusable = |server: &RedisServer| {
            let CollectError(problem) = Client::new(server.clone(), Outside::default()).err()?;
            let problem = problem.trim_end_matches('.').to_owned();
            Some(Unusable { problem, key: "name", value: server.name.clone() })
        };
        settings.servers.iter().filter_map(unusable).collect()
    }

    fn counted(settings: &Settings) -> Option<String> {
        match settings.servers.len() {
            0 => None,
            1 => Some("1 Redis".to_owned()),
            count => Some(format!("{count} Redis servers")),
        }
    }
}

type Keys = BTreeMap<&'static str, Found>;

fn server(keys: &Keys, place: &Place, problems: &mut Vec<ConfigProblem>) -> Option<RedisServer> {
    let before = problems.len();
    for (key, sample) in
        [("name", "name = \"main\""), ("address", "address = \"redis://127.0.0.1:6379\"")]
    {
        if !keys.contains_key(key) {
            let expected = format!("a line such as: {sample}");
            problems.push(place.problem(format!("a Redis without '{key}'"), expected));
        }
    }
    let name = value(keys, "name", problems, name);
    let address = value(keys, "address", problems, address);
    let user = value(keys, "user", problems, |found| {
        let user = found.quoted().map(ToOwned::to_owned);
        user.ok_or_else(|| "the name of a user, such as 'calm-ops'".to_owned())
    });
    let password_file = value(keys, "password_file", problems, found::path);
    let ca_file = value(keys, "ca_file", problems, found::path);
    if user.is_some() && !keys.contains_key("password_file") {
        let place = keys.get("user").and_then(Found::place).unwrap_or(place);
        problems.push(place.problem(
            "a user without a password".to_owned(),
            "also 'password_file', a file that contains only the password".to_owned(),
        ));
    }
    if problems.len() > before {
        return None;
    }
    Some(RedisServer { name: name?, address: address?, user, password_file, ca_file })
}

/// The value of a key, if it is there and fits.
fn value<T>(
    keys: &Keys,
    key: &str,
    problems: &mut Vec<ConfigProblem>,
    parse: impl FnOnce(&Found) -> Result<T, String>,
) -> Option<T> {
    let found = keys.get(key)?;
    let outcome = parse(found).map_err(|expected| {
        // An address with a password is refused, and not repeated.
        let has_password = found.text().contains('@');
        problems.push(if has_password {
            found.secret_problem(key, &expected)
        } else {
            found.problem(key, &expected)
        });
    });
    outcome.ok()
}

/// A name that can stand behind `redis:` in a subject without being changed.
fn name(found: &Found) -> Result<String, String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    match found.quoted() {
        Some(text) if text.len() <= 60 && text.chars().all(fine) => Ok(text.to_owned()),
        _ => {
            Err("a name of letters, digits, '-', '_' and '.', at most 60, such as 'main'"
                .to_owned())
        }
    }
}

fn address(found: &Found) -> Result<RedisAddress, String> {
    let text = found.quoted().unwrap_or_default();
    text.parse().map_err(|expected: BadRedisAddress| expected.to_string())
}
