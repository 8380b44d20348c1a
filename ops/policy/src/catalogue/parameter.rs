//! Placeholders of a command, the values for them, and what a host was seen to have.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalogue::{
    kind::Kind,
    programs::Program,
    script::OwnPm2,
    violation::{Refused, Rule, refused, shown},
};

/// More names of one kind than this are not looked at.
const MOST_SEEN: usize = 1_000;

/// A placeholder of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placeholder {
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Placeholder {
    /// Its name, without the braces.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Every value that is allowed on a host, in order.
    pub fn choices(&self, facts: &Facts) -> Vec<String> {
        let seen = |names: &BTreeSet<String>| {
            names.iter().filter(|name| self.kind.check(name).is_ok()).cloned().collect()
        };
        match &self.kind {
            Kind::App => seen(&facts.apps),
            Kind::Unit { of } => of.clone(),
            Kind::Certificate => seen(&facts.certificates),
            Kind::Query => seen(&facts.queries),
            // The parser bounds how many these are.
            Kind::Number { from, to, step, .. } => (0..=(to - from) / step.max(&1))
                .map(|count| (from + count * step).to_string())
                .collect(),
        }
    }

    /// Checks whether a value is allowed on a host.
    pub fn check(&self, value: &str, facts: &Facts) -> Result<(), Refused> {
        self.kind.check(value)?;
        let (seen, where_) = match &self.kind {
            Kind::Unit { .. } | Kind::Number { .. } => return Ok(()),
            Kind::App => (facts.apps.contains(value), "an app that PM2 runs on this host now"),
            Kind::Certificate => {
                (facts.certificates.contains(value), "a certificate that certbot has on this host")
            }
            Kind::Query => (facts.queries.contains(value), "a query that still runs"),
        };
        if seen { Ok(()) } else { Err(refused(Rule::NotSeen, shown(value), where_)) }
    }
}

/// Values for a command's placeholders, by name. They may be hostile: [`crate::catalogue::command::Command::fill`]
/// checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub(super) BTreeMap<String, String>);

impl Values {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a placeholder.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// With one more; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }
}

impl FromIterator<(String, String)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// The facts about a host: which programs are where, and what it was seen to have a moment ago.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub(super) programs: BTreeMap<Program, String>,
    apps: BTreeSet<String>,
    certificates: BTreeSet<String>,
    queries: BTreeSet<String>,
}

fn bounded(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().take(MOST_SEEN).collect()
}

impl Facts {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A program is there, at one of [`Program::candidates`]. Any other path is refused.
    pub fn with_program(mut self, program: Program, path: &str) -> Result<Self, Refused> {
        if !program.candidates().contains(&path) {
            return Err(refused(
                Rule::Absent,
                shown(path),
                format!("one of {}", program.candidates().join(", ")),
            ));
        }
        self.programs.insert(program, path.to_owned());
        Ok(self)
    }

    /// PM2 is where the host's own configuration says.
    #[must_use]
    pub fn with_own_pm2(mut self, path: &OwnPm2) -> Self {
        self.programs.insert(Program::Pm2, path.as_str().to_owned());
        self
    }

    /// True if PM2 runs apps while its program is in none of the known places, so that none of its
    /// commands can be offered.
    pub fn lacks_pm2(&self) -> bool {
        !self.apps.is_empty() && !self.programs.contains_key(&Program::Pm2)
    }

    /// The apps that PM2 runs, by the names that PM2 gives them.
    #[must_use]
    pub fn with_apps(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.apps = bounded(names);
        self
    }

    /// The certificates that certbot has: the names of the files in its `renewal` directory,
    /// without `.conf`.
    #[must_use]
    pub fn with_certificates(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.certificates = bounded(names);
        self
    }

    /// The queries that run in the database, each as `PID@STARTED`.
    #[must_use]
    pub fn with_queries(mut self, queries: impl IntoIterator<Item = String>) -> Self {
        self.queries = bounded(queries);
        self
    }
}
