//! The configuration: flags, environment, one TOML file, and a default for every key, in this
//! order.
//!
//! It is read from [`Sources`], never from the machine itself, so that a test can say what the
//! machine would. Every value ends in one place: a key is found in the first layer that has it, is
//! parsed once, and what is wrong with it is told with its place. The file that documents all keys,
//! `calm-ops.example.toml`, is held against the defaults by a test.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use domain::report::ReportKind;
use file::FileLayer;
use found::Found;
use layers::Layers;
use policy::catalogue::OwnScript;
use section::Section;

use crate::{
    collectors,
    http::{client_info::Network, tls::Files},
    store::Where,
    time_zones::TeamZone,
};

mod file;
mod flags;
pub mod found;
mod heartbeat;
mod keys;
mod layers;
mod log;
mod mail;
pub mod place;
mod problem;
mod script;
pub(crate) mod secret;
pub mod section;
mod sources;
mod values;

pub use flags::Flags;
pub use heartbeat::Heartbeat;
pub use log::{Log, LogFormat};
pub use mail::{Mail, MailTls};
pub use problem::{ConfigError, ConfigProblem};
pub use secret::Secret;
pub use sources::{Machine, Sources};

pub use values::PublicUrl;

/// The documented configuration file, as `calm-ops init` writes it.
pub const EXAMPLE: &str = include_str!("../../calm-ops.example.toml");

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address of the pages.
    pub listen: SocketAddr,
    /// The address of it from outside, as their browsers show it.
    pub public_url: Option<PublicUrl>,
    /// The proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// A certificate for TLS of its own.
    pub tls: Option<Files>,
    /// True if browsers are told to reach this host by https only.
    pub hsts: bool,
    /// The time after a sign-in in which an approval asks for no other one.
    pub recent_sign_in: Duration,
    /// The folder of the data: the SQLite database, the reserve file.
    pub data_dir: PathBuf,
    /// Own documents; the built-in ones without.
    pub ops_dir: Option<PathBuf>,
    /// PostgreSQL; SQLite in `data_dir` without.
    pub database_url: Option<Secret>,
    /// The name of this host; its own name without.
    pub host_name: Option<String>,
    /// The name of the product in messages to customers; "our service" without.
    pub product: Option<String>,
    /// The address of an issue tracker, with `{title}` and `{body}` of a prevention step.
    pub issue_url: Option<String>,
    /// The time zone of the team, in which the days of reports begin.
    pub time_zone: TeamZone,
    /// The stability reports that are made by themselves, the shortest first.
    pub reports: Vec<ReportKind>,
    /// The interval of looks at the host, PM2 and Calm Ops itself.
    pub interval: Duration,
    /// More names that this server is reached by, beside `localhost` and the loopback addresses.
    pub allowed_hosts: Vec<String>,
    /// The contents and the form of the log.
    pub log: Log,
    /// The collectors, each with its own settings.
    pub collectors: collectors::Settings,
    /// Hosts inside of this machine's networks to which calls may be sent.
    pub allowed_internal_hosts: Vec<String>,
    /// Time after which everyone is called again for a critical incident that nobody acknowledged.
    pub escalate_after: Duration,
    /// The address to which signs of life are sent.
    pub heartbeat: Option<Heartbeat>,
    /// The server for e-mail.
    pub mail: Option<Mail>,
    /// The public status page.
    pub status: Status,
    /// The bounds of the work that others can cause.
    pub limits: Limits,
    /// The team's own scripts that approved commands may start.
    pub scripts: Vec<OwnScript>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// The title of the status page where none is set.
const STATUS_TITLE: &str = "Status";

/// The public status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its title.
    pub title: String,
    /// The folder for static files; none without.
    pub directory: Option<PathBuf>,
}

/// The bounds of the work that others can cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Greatest number of series (a signal of a subject) that are kept.
    pub series: usize,
    /// The largest body of one push, in bytes.
    pub push_bytes: usize,
    /// Greatest number of observations in one push.
    pub push_observations: usize,
    /// Greatest number of streams that are open at a time.
    pub streams: usize,
}

impl Config {
    /// Reads the configuration: flags win over the environment, it wins over the file, and it over
    /// the defaults. Every problem is told.
    pub fn load(flags: &Flags, sources: &impl Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let environment: BTreeMap<String, String> =
            sources.environment().into_iter().filter(|(_, value)| !value.is_empty()).collect();
        problems.extend(environment.keys().filter_map(|name| keys::unknown_variable(name)));

        let path =
            flags.config.clone().or_else(|| environment.get("CALM_OPS_CONFIG").map(PathBuf::from));
        let file = match &path {
            Some(path) => FileLayer::read(path, sources, &mut problems),
            None => FileLayer::default(),
        };
        let layers = Layers { flags, environment: &environment, file: &file };
        let config = layers.config(path, sources, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    /// Reads the settings of the collectors again: what may change without a restart is new. `None`
    /// if there is no file. After an error the last values stay in force.
    pub fn reload(
        &self,
        sources: &impl Sources,
    ) -> Option<Result<collectors::Settings, ConfigError>> {
        let path = self.file.as_deref()?;
        let mut problems = Vec::new();
        let file = FileLayer::read(path, sources, &mut problems);
        let entries = |name| file.entries(name);
        let settings = self.collectors.reload(&mut Section::new(
            &|_| None,
            &entries,
            self.interval,
            &mut problems,
        ));
        // They count from the next start; that a mistake stands there is told now.
        file.scripts(&mut problems);
        Some(if problems.is_empty() { Ok(settings) } else { Err(ConfigError { problems }) })
    }

    /// The database: PostgreSQL where an address is given, a file in the data directory without.
    pub fn place(&self) -> Where {
        match &self.database_url {
            Some(url) => Where::Postgres { url: url.expose().to_owned() },
            None => Where::Sqlite { path: self.data_dir.join("calm-ops.db") },
        }
    }

    /// The configuration when nothing is set.
    pub fn standard() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            public_url: None,
            trusted_proxies: Vec::new(),
            tls: None,
            hsts: false,
            recent_sign_in: Duration::from_secs(3_600),
            data_dir: PathBuf::from("./data"),
            ops_dir: None,
            database_url: None,
            host_name: None,
            product: None,
            issue_url: None,
            time_zone: TeamZone::default(),
            reports: vec![ReportKind::Weekly],
            interval: Duration::from_secs(5),
            allowed_hosts: Vec::new(),
            log: Log { level: "warn".to_owned(), format: LogFormat::Text },
            collectors: collectors::Settings::default(),
            allowed_internal_hosts: Vec::new(),
            escalate_after: Duration::from_secs(300),
            heartbeat: None,
            mail: None,
            status: Status { title: STATUS_TITLE.to_owned(), directory: None },
            limits: Limits {
                series: 10_000,
                push_bytes: 1_048_576,
                push_observations: 10_000,
                streams: 20_000,
            },
            scripts: Vec::new(),
            file: None,
        }
    }
}

impl Layers<'_> {
    /// The weekly report, and those of other lengths that are switched on.
    fn reports(&self, problems: &mut Vec<ConfigProblem>) -> Vec<ReportKind> {
        let mut is_on = |key| self.value(key, false, found::yes_or_no, problems);
        let (daily, monthly) = (is_on("reports.daily"), is_on("reports.monthly"));
        let all = ReportKind::ALL.into_iter();
        let made = |kind: &ReportKind| match kind {
            ReportKind::Daily => daily,
            ReportKind::Weekly => true,
            ReportKind::Monthly => monthly,
        };
        all.filter(made).collect()
    }

    fn config(
        &self,
        file: Option<PathBuf>,
        sources: &impl Sources,
        problems: &mut Vec<ConfigProblem>,
    ) -> Config {
        let standard = Config::standard();
        let optional = |found: &Found| values::path(found).map(Some);
        let interval = self.value("interval", standard.interval, values::interval, problems);
        Config {
            listen: self.value("listen", standard.listen, values::listen, problems),
            public_url: self.value(
                "public_url",
                None,
                |found| values::public_url(found).map(Some),
                problems,
            ),
            trusted_proxies: self.value("trusted_proxies", Vec::new(), values::networks, problems),
            tls: self.tls(problems),
            hsts: self.value("hsts", standard.hsts, found::yes_or_no, problems),
            recent_sign_in: self.value(
                "auth.recent_sign_in",
                standard.recent_sign_in,
                values::recent_sign_in,
                problems,
            ),
            data_dir: self.value("data_dir", standard.data_dir, values::path, problems),
            ops_dir: self.value("ops_dir", None, optional, problems),
            database_url: self.database_url(sources, problems),
            host_name: self.value(
                "host_name",
                None,
                |found| values::host_name(found).map(Some),
                problems,
            ),
            product: self.value(
                "product",
                None,
                |found| values::product(found).map(Some),
                problems,
            ),
            issue_url: self.value(
                "review.issue_url",
                None,
                |found| values::issue_url(found).map(Some),
                problems,
            ),
            time_zone: self.value(
                "reports.time_zone",
                standard.time_zone,
                values::time_zone,
                problems,
            ),
            reports: self.reports(problems),
            interval,
            allowed_hosts: self.value("allowed_hosts", Vec::new(), values::allowed_hosts, problems),
            log: Log {
                level: self.value("log.level", standard.log.level, values::log_level, problems),
                format: self.value("log.format", standard.log.format, values::log_format, problems),
            },
            collectors: collectors::Settings::read(&mut Section::new(
                &|key| self.find(key),
                &|name| self.file.entries(name),
                interval,
                problems,
            )),
            allowed_internal_hosts: self.value(
                "notifications.allowed_internal_hosts",
                Vec::new(),
                values::internal_hosts,
                problems,
            ),
            escalate_after: self.value(
                "notifications.escalate_after",
                standard.escalate_after,
                values::escalate_after,
                problems,
            ),
            heartbeat: self.heartbeat(problems),
            mail: self.mail(sources, problems),
            status: Status {
                title: self.value("status.title", standard.status.title, values::title, problems),
                directory: self.value("status.directory", None, optional, problems),
            },
            limits: Limits {
                series: self.value(
                    "limits.series",
                    standard.limits.series,
                    |f| values::count(f, 100, 1_000_000),
                    problems,
                ),
                push_bytes: self.value(
                    "limits.push_bytes",
                    standard.limits.push_bytes,
                    values::bytes,
                    problems,
                ),
                push_observations: self.value(
                    "limits.push_observations",
                    standard.limits.push_observations,
                    |f| values::count(f, 1, 1_000_000),
                    problems,
                ),
                streams: self.value(
                    "limits.streams",
                    standard.limits.streams,
                    |f| values::count(f, 1, 1_000_000),
                    problems,
                ),
            },
            scripts: self.file.scripts(problems),
            file,
        }
    }

    /// A certificate and its key belong together.
    fn tls(&self, problems: &mut Vec<ConfigProblem>) -> Option<Files> {
        let mut file = |key| self.value(key, None, |found| values::path(found).map(Some), problems);
        match (file("tls.certificate"), file("tls.key")) {
            (Some(certificate), Some(key)) => Some(Files { certificate, key }),
            (None, None) => None,
            (certificate, _) => {
                let (given, missing) = if certificate.is_some() {
                    ("tls.certificate", "tls.key")
                } else {
                    ("tls.key", "tls.certificate")
                };
                if let Some(found) = self.find(given) {
                    problems.push(
                        found.problem(
                            given,
                            &format!("also {missing}: a certificate needs its key"),
                        ),
                    );
                }
                None
            }
        }
    }

    /// The database's address may hold a password: it can lie in a file of its own.
    fn database_url(
        &self,
        sources: &impl Sources,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<Secret> {
        let (direct, from_file) = (self.find("database_url"), self.find("database_url_file"));
        if let (Some(direct), Some(other)) = (&direct, &from_file)
            && direct.layer() == other.layer()
        {
            problems.push(
                other
                    .problem("database_url_file", "only one of database_url and database_url_file"),
            );
            return None;
        }
        // The layer that wins decides; `DATABASE_URL` in the environment beats a file's
        // `database_url_file`.
        let use_file = match (&direct, &from_file) {
            (Some(direct), Some(other)) => other.layer() < direct.layer(),
            (None, Some(_)) => true,
            _ => false,
        };
        if use_file {
            let found = from_file?;
            let path = match values::path(&found) {
                Ok(path) => path,
                Err(expected) => {
                    problems.push(found.problem("database_url_file", &expected));
                    return None;
                }
            };
            match sources.read_file(&path) {
                Ok(text) => values::database_url(text.trim())
                    .map_err(|expected| {
                        problems.push(ConfigProblem::sentence(format!(
                            "{}: expected {expected}",
                            path.display()
                        )));
                    })
                    .ok(),
                Err(error) => {
                    problems.push(found.problem(
                        "database_url_file",
                        &format!("a file that can be read ({error})"),
                    ));
                    None
                }
            }
        } else {
            let found = direct?;
            values::database_url(found.text())
                .map_err(|expected| problems.push(found.secret_problem("database_url", &expected)))
                .ok()
        }
    }
}

#[cfg(test)]
mod tests;
