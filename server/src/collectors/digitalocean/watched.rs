//! One droplet, load balancer, app or database that is watched: its subject, what its samples came
//! to, and how its values move.

use std::collections::{BTreeMap, BTreeSet};

use domain::{reason::FailureReason, subject::Subject};
use policy::thresholds::Thresholds;

use super::{
    call::{Item, Metric},
    fold::{Folded, Measured},
    inventory::{Droplet, Standing, ThingKind},
    nearness::{Course, is_near},
    samples::Series,
    signals::{DROPLET, DROPLET_DISK},
};

/// The part of a new change in the slope that is known.
const FRESH: f64 = 0.3;
/// The longest name of a host.
const LONGEST_NAME: usize = 64;
/// The longest number in a name: that of a UUID.
const LONGEST_ID: usize = 36;

/// Something that is watched.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// Its subject.
    pub subject: Subject,
    /// Its name in subjects.
    pub label: String,
    /// True if it is the host that Calm Ops runs on, which is measured directly.
    pub is_this_host: bool,
    /// Its processors, of a droplet.
    pub processors: u32,
    /// Its memory and disk, of a droplet, once they were told.
    pub size: Option<(u64, u64)>,
    /// Its standing.
    pub standing: Standing,
    /// The result of its samples.
    pub folded: Folded,
    /// The reason a metric brought nothing when it was asked for last.
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
            size: None,
            standing: Standing::Unclear(String::new()),
            folded: Folded::default(),
            problems: BTreeMap::new(),
            near: BTreeSet::new(),
            courses: BTreeMap::new(),
        }
    }

    /// Takes what a list says of a droplet; whether it got another size.
    pub(crate) fn see(&mut self, droplet: &Droplet, now: i64) -> bool {
        self.processors = droplet.processors;
        self.standing = droplet.standing.clone();
        if droplet.size == (0, 0) {
            return false;
        }
        let before = self.size.replace(droplet.size);
        let is_resized = before.is_some_and(|before| before != droplet.size);
        if is_resized {
            self.folded.resized(now);
        }
        is_resized
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

    /// The values of a metric that are older than its newest sample allows: what they are about
    /// is not told any more, such as a file system that was unmounted.
    pub(crate) fn left(&self, metric: Metric, old: i64) -> Vec<(Subject, &'static str)> {
        let newest = self.folded.newest(metric).unwrap_or(i64::MIN);
        let is_left =
            |signal: &str, at: i64| signals(metric).contains(&signal) && newest - at > old;
        let left = self.courses.iter().filter(|((signal, _), (at, _))| is_left(signal, *at));
        left.map(|((signal, part), _)| (self.subject_of(part.as_deref()), *signal)).collect()
    }

    /// Goes on under another label: whatever is told of it is about another subject from now on.
    pub(crate) fn rename(&mut self, kind: &str, label: &str) {
        self.label = label.to_owned();
        if !self.is_this_host {
            self.subject = Subject::build(kind, label, None);
        }
        self.courses.clear();
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

/// The labels of items of one kind, which follow from their list alone, so that they are the same
/// after a restart: a name as subjects have it is that of the lowest number, others of the same
/// name have theirs behind it.
pub(crate) fn labels<'a>(
    list: impl IntoIterator<Item = (Item, &'a str)>,
) -> BTreeMap<Item, String> {
    let names: BTreeMap<Item, String> =
        list.into_iter().map(|(item, name)| (item, plain_label(name))).collect();
    let mut taken = BTreeSet::new();
    let label = |(item, plain): (Item, String)| {
        let is_first = !plain.is_empty() && taken.insert(plain.clone());
        let label = if is_first { plain } else { numbered_label(&plain, &item) };
        (item, label)
    };
    names.into_iter().map(label).collect()
}

/// The name of an item as subjects have it.
pub(crate) fn plain_label(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars().take(LONGEST_NAME).map(|c| if fits(c) { c } else { '-' }).collect()
}

/// The same with the item's number.
pub(crate) fn numbered_label(plain: &str, item: &Item) -> String {
    let id = match item {
        Item::Droplet(id) => id.to_string(),
        Item::Thing(_, id) => plain_label(id).chars().take(LONGEST_ID).collect(),
    };
    let room = LONGEST_NAME.saturating_sub(id.len() + 1);
    format!("{}-{id}", plain.chars().take(room).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_names_of_hosts_and_differ() {
        let long = "x".repeat(300);
        let long = long.as_str();
        let named = |list: &[(u64, &str)]| {
            let list = list.iter().map(|(id, name)| (Item::Droplet(*id), *name));
            labels(list).into_values().collect::<Vec<_>>()
        };
        assert_eq!(named(&[(7, "web-1.example.com")]), ["web-1.example.com"]);
        assert_eq!(named(&[(7, "a b/ä@x")]), ["a-b---x"]);
        assert_eq!(named(&[(7, "")]), ["-7"]);
        let both = named(&[(7, long), (8, long)]);
        assert!(both.iter().all(|label| label.len() == LONGEST_NAME) && both[0] != both[1]);
        // The order of the list does not matter.
        for list in [[(7, "web-1"), (9, "web-1")], [(9, "web-1"), (7, "web-1")]] {
            assert_eq!(named(&list), ["web-1", "web-1-9"]);
        }
        assert_eq!(named(&[(9, "web-1")]), ["web-1"]);
        let disk = Watched::new(DROPLET, "web-1", None).subject_of(Some("/var/lib"));
        assert_eq!(disk.as_str(), "droplet-disk:/var/lib@web-1");
    }

    #[test]
    fn what_is_not_listed_can_be_retired() {
        let kinds = [None].into_iter().chain(ThingKind::ALL.map(Some));
        for kind in kinds {
            let names = kind.map_or(Names::of(&Item::Droplet(1)), Names::of_kind);
            assert!(commands::missing::OF_PRESENCE.contains(&names.listed), "{names:?}");
        }
    }

    #[test]
    fn this_host_is_one_subject_and_is_not_measured_twice() {
        let mut here = Watched::new(DROPLET, "web-1", Some("calm-host"));
        here.standing = Standing::Up;
        assert_eq!(here.subject.as_str(), "host:calm-host");
        assert!(here.metrics(&Item::Droplet(1)).is_empty());
    }
}
