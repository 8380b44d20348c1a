//! Managed databases: their own page of metrics in the format of Prometheus, at port 9273, as
//! DigitalOcean's monitoring API has nothing for PostgreSQL. One collector for each.

use std::{collections::BTreeSet, fs, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{reason::FailureReason, subject::Subject, time::Timestamp};
use futures::{FutureExt as _, future::BoxFuture};

use super::{
    inventory::Unreadable,
    prometheus::{self, Sample},
    settings::Database,
    signals::SIGNALS,
};
use crate::collectors::{
    collector::{CollectError, Collector, Round},
    http::Fetcher,
    outside::Outside,
};

/// The interval of reading a page: DigitalOcean renews it about once a minute.
const EVERY: Duration = Duration::from_secs(60);
/// Longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The largest page.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Names by which the pages of different engines tell the same.
const IDLE: &[&str] = &["cpu_usage_idle"];
const MEMORY_USED: &[&str] = &["mem_used_percent"];
const MEMORY_AVAILABLE: &[&str] = &["mem_available_percent"];
const DISK_USED: &[&str] = &["disk_used_percent"];
const CONNECTIONS: &[&str] = &[
    "postgresql_pg_stat_database_numbackends",
    "postgresql_numbackends",
    "pg_stat_database_numbackends",
    "mysql_threads_connected",
    "redis_clients",
];
const MOST_CONNECTIONS: &[&str] = &[
    "postgresql_pg_settings_max_connections",
    "postgresql_max_connections",
    "pg_settings_max_connections",
    "mysql_variables_max_connections",
    "redis_maxclients",
];
const LAG: &[&str] = &[
    "postgresql_pg_stat_replication_replay_lag",
    "pg_replication_lag",
    "pg_replication_lag_seconds",
    "mysql_slave_seconds_behind_master",
    "mysql_slave_status_seconds_behind_master",
];

/// Watches the metrics of one managed database.
pub(super) struct DatabaseCollector {
    name: String,
    subject: Subject,
    database: Database,
    fetcher: Fetcher,
    outside: Outside,
    /// Signals that the page brought.
    heard: BTreeSet<&'static str>,
}

impl DatabaseCollector {
    /// Watches a database; fails if its certificates or its password can't be read.
    pub(super) fn new(database: Database, outside: Outside) -> Result<Self, CollectError> {
        let subject = database.subject();
        let fetcher = Fetcher::new(database.ca_file.as_deref(), PATIENCE, MOST_BYTES)?;
        let (name, heard) = (subject.as_str().to_owned(), BTreeSet::new());
        let collector = Self { name, subject, database, fetcher, outside, heard };
        collector.authorization()?;
        Ok(collector)
    }

    /// The header that lets in: read anew each time, so that a new password needs no restart.
    fn authorization(&self) -> Result<String, CollectError> {
        let path = &self.database.password_file;
        let text = fs::read_to_string(path).map_err(|error| {
            CollectError(format!(
                "The password file {} of the managed database '{}' can't be read: {error}.",
                path.display(),
                self.database.name
            ))
        })?;
        let password = text.trim();
        if password.is_empty() {
            return Err(CollectError(format!(
                "The password file {} is empty. Write the password of the metrics page into it.",
                path.display()
            )));
        }
        let both = format!("{}:{password}", self.database.user);
        Ok(format!("Basic {}", STANDARD.encode(both)))
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        let authorization = self.authorization()?;
        let mut round = Round::new(SIGNALS);
        let asked =
            self.fetcher.get(&self.database.url, &authorization, "text/plain", &self.outside).await;
        let outcome = match asked {
            Ok(page) => read_page(page.status, &page.body).and_then(|samples| known(&samples)),
            Err(reason) => Err(reason),
        };
        match outcome {
            Ok(values) => {
                round.observe(now, &self.subject, "managed_database.metrics", 1.0);
                for &(signal, value) in &values {
                    round.observe(now, &self.subject, signal, value);
                }
                for signal in left(&mut self.heard, &values) {
                    let told = "The metrics page does not tell it any more";
                    round.miss(&self.subject, signal, FailureReason::told(told));
                }
            }
            Err(reason @ FailureReason::Behind { .. }) => return Ok(self.unmeasured(&reason)),
            Err(reason) => {
                round.observe_with(
                    now,
                    &self.subject,
                    "managed_database.metrics",
                    0.0,
                    Some(reason.clone()),
                );
                for signal in OF_PAGE.into_iter().skip(1) {
                    round.miss(&self.subject, signal, reason.clone());
                }
            }
        }
        Ok(round)
    }
}

/// The signals of the page: that it can be read, and what it brings.
pub(super) const OF_PAGE: [&str; 6] = [
    "managed_database.metrics",
    "managed_database.cpu",
    "managed_database.memory",
    "managed_database.disk",
    "managed_database.connections",
    "managed_database.replication_lag",
];

impl Collector for DatabaseCollector {
    fn name(&self) -> &str {
        &self.name
    }

    fn interval(&self) -> Duration {
        EVERY
    }

    fn time_limit(&self) -> Duration {
        PATIENCE + Duration::from_secs(8)
    }

    fn unmeasured(&self, why: &FailureReason) -> Round {
        let mut round = Round::new(SIGNALS);
        for signal in OF_PAGE {
            round.miss(&self.subject, signal, why.clone());
        }
        round
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).boxed()
    }
}

fn read_page(status: u16, body: &[u8]) -> Result<Vec<Sample>, FailureReason> {
    let told = |sentence: &str| FailureReason::told(sentence);
    match status {
        200 => {}
        401 | 403 => {
            return Err(told(&format!(
                "The metrics page rejected user or password (status {status}). Compare both with the database's page at DigitalOcean"
            )));
        }
        _ => return Err(told(&format!("The metrics page answered with status {status}"))),
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| told("The metrics page can't be used: it is not a text in UTF-8"))?;
    let all = [IDLE, MEMORY_USED, MEMORY_AVAILABLE, DISK_USED, CONNECTIONS, MOST_CONNECTIONS, LAG];
    let is_wanted = |name: &str| all.iter().any(|names| names.contains(&name));
    prometheus::read(text, is_wanted)
        .map_err(|Unreadable(problem)| told(&format!("The metrics page can't be used: {problem}")))
}

/// The signals that a page brings: one without any is not the page of a database.
fn known(samples: &[Sample]) -> Result<Vec<(&'static str, f64)>, FailureReason> {
    let values = measured(samples);
    if values.is_empty() {
        let told = "The metrics page has none of the values of a database. Compare its address with the database's page at DigitalOcean";
        return Err(FailureReason::told(told));
    }
    Ok(values)
}

/// Signals that a page brought before, and not now.
fn left(heard: &mut BTreeSet<&'static str>, values: &[(&'static str, f64)]) -> Vec<&'static str> {
    let now: BTreeSet<&'static str> = values.iter().map(|(signal, _)| *signal).collect();
    let left = heard.difference(&now).copied().collect();
    heard.extend(now);
    left
}

/// The signals that the samples of a page come to.
fn measured(samples: &[Sample]) -> Vec<(&'static str, f64)> {
    let of = |names: &'static [&'static str]| {
        samples
            .iter()
            .filter(move |one| names.contains(&one.name.as_str()) && one.value.is_finite())
    };
    let most = |names| of(names).map(|one| one.value).reduce(f64::max);
    let least = |names| of(names).map(|one| one.value).reduce(f64::min);
    let is_share = |value: &f64| (0.0..=100.0).contains(value);
    let is_total = |one: &&Sample| one.labels.get("cpu").is_none_or(|cpu| cpu == "cpu-total");
    let idle = of(IDLE).filter(is_total).map(|one| one.value).reduce(f64::min);
    let connections = of(CONNECTIONS).map(|one| one.value).reduce(|one, other| one + other);
    let used = connections.zip(most(MOST_CONNECTIONS).filter(|most| *most > 0.0));
    let memory = most(MEMORY_USED).or_else(|| Some(100.0 - least(MEMORY_AVAILABLE)?));
    [
        ("managed_database.cpu", idle.map(|idle| 100.0 - idle).filter(is_share)),
        ("managed_database.memory", memory.filter(is_share)),
        ("managed_database.disk", most(DISK_USED).filter(is_share)),
        ("managed_database.connections", used.map(|(now, most)| now / most * 100.0)),
        ("managed_database.replication_lag", most(LAG).map(|lag| lag.max(0.0))),
    ]
    .into_iter()
    .filter_map(|(signal, value)| Some((signal, value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "cpu_usage_idle{cpu=\"cpu0\",host=\"main-1\"} 10\n\
        cpu_usage_idle{cpu=\"cpu-total\",host=\"main-1\"} 60\n\
        cpu_usage_idle{cpu=\"cpu-total\",host=\"main-2\"} 90\n\
        mem_available_percent{host=\"main-1\"} 25\n\
        disk_used_percent{path=\"/\"} 41.5\ndisk_used_percent{path=\"/data\"} 71.5\n\
        postgresql_pg_stat_database_numbackends{datname=\"a\"} 15\n\
        postgresql_pg_stat_database_numbackends{datname=\"b\"} 5\n\
        postgresql_pg_settings_max_connections 25\n\
        postgresql_pg_stat_replication_replay_lag NaN\n";

    #[test]
    fn the_page_is_read_into_signals() {
        let samples = read_page(200, PAGE.as_bytes()).unwrap();
        assert_eq!(
            measured(&samples),
            [
                ("managed_database.cpu", 40.0),
                ("managed_database.memory", 75.0),
                ("managed_database.disk", 71.5),
                ("managed_database.connections", 80.0),
            ]
        );
    }

    #[test]
    fn whatever_is_wrong_with_a_page_nothing_is_measured() {
        let cases: [(u16, &[u8]); 6] = [
            (401, PAGE.as_bytes()),
            (500, b""),
            (200, b""),
            (200, b"cpu_usage_idle{cpu=\"cp"),
            // A number that was cut is another number.
            (200, b"disk_used_percent 41.5\ndisk_used_percent{path=\"/data\"} 7"),
            (200, b"\xff"),
        ];
        for (status, body) in cases {
            assert!(read_page(status, body).is_err(), "{status}");
        }
    }

    #[test]
    fn a_page_without_any_value_of_a_database_is_not_fine() {
        let page = read_page(200, b"# TYPE up gauge\nup 1\n").unwrap();
        assert!(known(&page).is_err());
        assert_eq!(known(&read_page(200, PAGE.as_bytes()).unwrap()).unwrap().len(), 4);
    }

    #[test]
    fn what_a_page_brought_once_is_missed() {
        let mut heard = BTreeSet::new();
        assert!(left(&mut heard, &[("managed_database.disk", 1.0)]).is_empty());
        let cpu = [("managed_database.cpu", 1.0)];
        for _ in 0..2 {
            assert_eq!(left(&mut heard, &cpu), ["managed_database.disk"]);
        }
    }
}
