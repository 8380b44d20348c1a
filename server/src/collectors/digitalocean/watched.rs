//! One droplet, load balancer, app or database that is watched: its subject, what its samples came
//! to, and how its values move.

use std::collections::{BTreeMap, BTreeSet};

use domain::{reason::FailureReason, subject::Subject};
use policy::thresholds::Thresholds;

use super::{
    call::{Item, Metric},
    fold::{Folded, Measured},
    inventory::ThingKind,
    nearness::{Course, is_near},
    samples::Series,
    signals::{DROPLET, DROPLET_DISK},
};

/// The part of a new change in the slope that is known.
const FRESH: f64 = 0.3;
/// The longest name of a host.
const LONGEST_NAME: usize = 64;

/// How something is, as its list tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Standing {
    /// It runs.
    #[default]
    Up,
    /// It does not.
    Down,
    /// Nobody can say, or not yet.
    Unclear,
}

/// Something that is watched.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// Its subject.
    pub subject: Subject,
    /// Its name in subjects.
    pub label: String,
    /// Whether it is the host that Calm Ops runs on, which is measured directly.
    pub is_this_host: bool,
    /// Its processors, of a droplet.
    pub processors: u32,
    /// How it is.
    pub standing: Standing,
    /// What its samples came to.
    pub folded: Folded,
    /// Why a metric brought nothing when it was asked for last.
    pub problems: BTreeMap<Metric, FailureReason>,
    /// Metrics with a value near a threshold.
    pub near: BTreeSet<Metric>,
    courses: BTreeMap<(&'static str, Option<String>), (i64, Course)>,
}

impl Watched {
    /// Begins to watch something under a label.
    pub(crate) fn new(kind: &str, label: &str, this_host: Option<&str>) -> Self {
        let subject = match this_host {
            Some(host) => Subject::build("host", host, None),
            None => Subject::build(kind, label, None),
        };
        Self {
            subject,
            label: label.to_owned(),
            is_this_host: this_host.is_some(),
            processors: 0,
            standing: Standing::Unclear,
            folded: Folded::default(),
            problems: BTreeMap::new(),
            near: BTreeSet::new(),
            courses: BTreeMap::new(),
        }
    }

    /// The metrics that are asked for.
    pub(crate) fn metrics(&self, item: &Item) -> &'static [Metric] {
        if self.is_this_host || self.standing != Standing::Up {
            return &[];
        }
        metrics(item)
    }

    /// The subject of a value.
    pub(crate) fn subject_of(&self, part: Option<&str>) -> Subject {
        match part {
            Some(part) => Subject::build(DROPLET_DISK, part, Some(&self.label)),
            None => self.subject.clone(),
        }
    }

    /// The subjects and signals of which values came, of all metrics or of one.
    pub(crate) fn heard(&self, of: Option<Metric>) -> Vec<(Subject, &'static str)> {
        let is_of = |signal: &str| of.is_none_or(|metric| signals(metric).contains(&signal));
        let heard = self.courses.keys().filter(|(signal, _)| is_of(signal));
        heard.map(|(signal, part)| (self.subject_of(part.as_deref()), *signal)).collect()
    }

    /// The subjects of its parts.
    pub(crate) fn parts(&self) -> BTreeSet<Subject> {
        let parts = self.courses.keys().filter_map(|(_, part)| part.as_deref());
        parts.map(|part| self.subject_of(Some(part))).collect()
    }

    /// Takes samples, and notes whether a value is near a threshold.
    pub(crate) fn take(
        &mut self,
        metric: Metric,
        series: &[Series],
        now: i64,
        thresholds: Option<&Thresholds>,
    ) -> Vec<Measured> {
        let measured = self.folded.take(metric, series, self.processors, now);
        for one in &measured {
            let key = (one.signal, one.part.clone());
            let course = match self.courses.get(&key) {
                Some((at, before)) => {
                    let change = (one.value - before.value) / (one.at - at).max(1) as f64;
                    let slope = before.slope * (1.0 - FRESH) + change * FRESH;
                    Course { value: one.value, slope }
                }
                None => Course { value: one.value, slope: 0.0 },
            };
            self.courses.insert(key, (one.at, course));
        }
        if let Some(thresholds) = thresholds.filter(|_| !measured.is_empty()) {
            let mut own =
                self.courses.iter().filter(|((signal, _), _)| signals(metric).contains(signal));
            let is_near = own.any(|((signal, part), (_, course))| {
                is_near(thresholds, signal, &self.subject_of(part.as_deref()), *course)
            });
            if is_near {
                self.near.insert(metric)
            } else {
                self.near.remove(&metric)
            };
        }
        measured
    }
}

/// The signals of a metric.
pub(crate) const fn signals(metric: Metric) -> &'static [&'static str] {
    match metric {
        Metric::Cpu => &["droplet.cpu.used", "droplet.cpu.steal"],
        Metric::MemoryAvailable => &["droplet.memory.used"],
        Metric::DiskFree => &["droplet.disk.used"],
        Metric::Load => &["droplet.load.per_core"],
        Metric::MemoryTotal | Metric::DiskSize => &[],
        Metric::HealthChecks => &["load_balancer.healthy"],
        Metric::Connections => &["load_balancer.connections"],
        Metric::BalancerCpu => &["load_balancer.cpu"],
        Metric::Responses => &["load_balancer.errors"],
        Metric::AppCpu => &["app_platform.cpu"],
        Metric::AppMemory => &["app_platform.memory"],
        Metric::AppRestarts => &["app_platform.restarts"],
    }
}

/// The metrics of an item.
const fn metrics(item: &Item) -> &'static [Metric] {
    match item {
        Item::Droplet(_) => &[
            Metric::MemoryTotal,
            Metric::DiskSize,
            Metric::Cpu,
            Metric::MemoryAvailable,
            Metric::DiskFree,
            Metric::Load,
        ],
        Item::Thing(ThingKind::LoadBalancer, _) => {
            &[Metric::HealthChecks, Metric::Responses, Metric::BalancerCpu, Metric::Connections]
        }
        Item::Thing(ThingKind::App, _) => &[Metric::AppCpu, Metric::AppMemory, Metric::AppRestarts],
        // Its own page of metrics tells more, and costs no request.
        Item::Thing(ThingKind::Database, _) => &[],
    }
}

/// Names of one kind of item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    /// Of its subjects.
    pub kind: &'static str,
    /// The signal that tells how it is.
    pub up: &'static str,
    /// The signal that tells that it is in the account.
    pub listed: &'static str,
}

impl Names {
    /// Those of an item's kind.
    pub(crate) const fn of(item: &Item) -> Self {
        match item {
            Item::Droplet(_) => Self { kind: DROPLET, up: "droplet.up", listed: "droplet.listed" },
            Item::Thing(kind, _) => Self::of_kind(*kind),
        }
    }

    /// Those of a kind of thing.
    pub(crate) const fn of_kind(kind: ThingKind) -> Self {
        match kind {
            ThingKind::LoadBalancer => Self {
                kind: "load-balancer",
                up: "load_balancer.up",
                listed: "load_balancer.listed",
            },
            ThingKind::App => {
                Self { kind: "platform-app", up: "app_platform.up", listed: "app_platform.listed" }
            }
            ThingKind::Database => Self {
                kind: "managed-database",
                up: "managed_database.up",
                listed: "managed_database.listed",
            },
        }
    }
}

/// A name as subjects have it, and no other of its kind: others of the same name get their number.
pub(crate) fn label(name: &str, id: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let clean = |text: &str| -> String {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        text.chars().map(|c| if fits(c) { c } else { '-' }).collect()
    };
    let mut own = clean(name);
    own.truncate(LONGEST_NAME);
    if own.is_empty() || is_taken(&own) {
        let id: String = clean(id).chars().take(36).collect();
        own.truncate(LONGEST_NAME.saturating_sub(id.len() + 1));
        own = format!("{own}-{id}");
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_names_of_hosts_and_differ() {
        let taken = |own: &str| own == "web-1";
        assert_eq!(label("web-1.example.com", "7", taken), "web-1.example.com");
        assert_eq!(label("web-1", "3164444", taken), "web-1-3164444");
        assert_eq!(label("a b/ä@x", "7", taken), "a-b---x");
        assert_eq!(label("", "7", taken), "-7");
        let long = label(&"x".repeat(300), "7", taken);
        assert_eq!(long.len(), LONGEST_NAME);
        let disk = Watched::new(DROPLET, "web-1", None).subject_of(Some("/var/lib"));
        assert_eq!(disk.as_str(), "droplet-disk:/var/lib@web-1");
    }

    #[test]
    fn this_host_is_one_subject_and_is_not_measured_twice() {
        let mut here = Watched::new(DROPLET, "web-1", Some("calm-host"));
        here.standing = Standing::Up;
        assert_eq!(here.subject.as_str(), "host:calm-host");
        assert!(here.metrics(&Item::Droplet(1)).is_empty());
    }
}
