//! Readings grouped by subject: how each subject is doing, and which of its rows stand where. Pure.

use std::collections::{BTreeMap, BTreeSet};

use commands::missing::missing;
use domain::{
    reading::{Reading, Status},
    signal::Signal,
    signals,
    subject::Subject,
};
use wording::humanize;

use crate::{components::badge::status_words, status};

/// The status of a subject: the worst of its signals, which its tile and its card tell alike. What
/// can't be seen outweighs what is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SubjectStatus {
    /// None of its signals has a threshold.
    Shown,
    /// All keep their thresholds.
    Healthy,
    /// One is beyond its level, not long enough yet.
    Watching,
    /// Of one nothing is heard.
    Unknown,
    /// One is a warning.
    Warning,
    /// One is critical.
    Critical,
}

impl SubjectStatus {
    /// From the worst to the best.
    pub(super) const ALL: [Self; 6] =
        [Self::Critical, Self::Warning, Self::Unknown, Self::Watching, Self::Healthy, Self::Shown];

    const fn of(status: Status) -> Self {
        match status {
            Status::Shown => Self::Shown,
            Status::Healthy => Self::Healthy,
            Status::Watching => Self::Watching,
            Status::Unknown => Self::Unknown,
            Status::Warning => Self::Warning,
            Status::Critical => Self::Critical,
        }
    }

    /// Class and word.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        status_words(match self {
            Self::Shown => Status::Shown,
            Self::Healthy => Status::Healthy,
            Self::Watching => Status::Watching,
            Self::Unknown => Status::Unknown,
            Self::Warning => Status::Warning,
            Self::Critical => Status::Critical,
        })
    }

    /// True if a person has to know.
    pub(crate) const fn is_problem(self) -> bool {
        matches!(self, Self::Unknown | Self::Warning | Self::Critical)
    }
}

/// A subject, and which of its rows stand where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// About whom; the collectors are one group, under the first of them.
    pub subject: Subject,
    /// The status.
    pub status: SubjectStatus,
    /// Keys of the rows that stand in its card: what is wrong; where nothing is, what has a
    /// threshold.
    pub told: Vec<String>,
    /// Keys of the rows that are folded away in it.
    pub folded: Vec<String>,
    /// Key of the row whose value stands for the subject in one line.
    pub telling: Option<String>,
    /// `3 healthy`.
    pub counts: String,
    /// The words to search in, in lower case.
    pub words: String,
    /// True if a reading leaves it open that the subject was taken away.
    pub may_be_gone: bool,
    /// Subjects of its kind that are missing on the same host, itself included.
    pub missing: Vec<Subject>,
}

impl Group {
    /// True if it is that of the collectors.
    pub fn is_collectors(&self) -> bool {
        is_collector(&self.subject)
    }

    /// The sentence about the rows that are folded away.
    pub fn fold(&self) -> String {
        let count = self.folded.len();
        match (self.status.is_problem(), count) {
            (true, 1) => "1 more signal".to_owned(),
            (true, _) => format!("{count} more signals"),
            (false, 1) => "1 signal without a threshold".to_owned(),
            (false, _) => format!("{count} signals without thresholds"),
        }
    }
}

/// All groups in their order, and each by its subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Groups {
    /// The worst first, then hosts and what is on them.
    pub all: Vec<Group>,
    places: BTreeMap<Subject, usize>,
}

impl Groups {
    /// Groups readings by subject.
    pub fn of<'a>(readings: impl Iterator<Item = &'a Reading> + Clone) -> Self {
        let all = group(readings);
        let places = all.iter().enumerate().map(|(at, one)| (one.subject.clone(), at)).collect();
        Self { all, places }
    }

    /// The group of a subject, if it is there.
    pub fn get(&self, subject: &Subject) -> Option<&Group> {
        self.places.get(subject).and_then(|at| self.all.get(*at))
    }
}

/// The place of a group among those that are equally bad.
type Place<'a> = (u8, &'a str);

pub(super) fn is_collector(subject: &Subject) -> bool {
    subject.kind() == "collector"
}

/// Hosts first, then what lies on them, then what is pushed; Calm Ops itself last.
fn rank(subject: &Subject) -> u8 {
    match subject.kind() {
        "host" | "droplet" => 0,
        "disk" | "droplet-disk" => 1,
        "network" => 2,
        "pm2" => 3,
        "app" | "platform-app" => 4,
        "endpoint" | "load-balancer" => 5,
        "database" | "managed-database" | "redis" => 6,
        "service" => 7,
        "monitor" | "collector" | "calm-ops" => 9,
        _ => 8,
    }
}

fn group<'a>(readings: impl Iterator<Item = &'a Reading> + Clone) -> Vec<Group> {
    let gone = missing(readings.clone());
    let mut places = BTreeMap::<Place<'_>, Vec<&Reading>>::new();
    for reading in readings {
        let name = if is_collector(&reading.subject) { "" } else { reading.subject.as_str() };
        places.entry((rank(&reading.subject), name)).or_default().push(reading);
    }
    let mut groups: Vec<Group> =
        places.into_values().filter_map(|readings| one(readings, &gone)).collect();
    // The order within is kept, so that it changes with what is wrong only.
    groups.sort_by_key(|group| {
        std::cmp::Reverse(Some(group.status).filter(|status| status.is_problem()))
    });
    groups
}

/// The group of a subject's readings.
fn one(mut readings: Vec<&Reading>, gone: &[&Subject]) -> Option<Group> {
    let declared = signals::declared();
    let order = |signal: &Signal| declared.position(signal.as_str());
    // What is worst comes first, then what its collector declares earlier.
    readings.sort_by(|one, other| {
        let key = |reading: &Reading| (std::cmp::Reverse(reading.status), order(&reading.signal));
        key(one)
            .cmp(&key(other))
            .then_with(|| (&one.signal, &one.subject).cmp(&(&other.signal, &other.subject)))
    });
    let status = readings.iter().map(|reading| SubjectStatus::of(reading.status)).max()?;
    let subject = readings.iter().map(|reading| &reading.subject).min()?.clone();
    let may_be_gone =
        readings.iter().filter(|reading| reading.subject == subject).any(|one| may_be_gone(one));
    let (counts, words) = (counts(&readings), words(&readings));
    let is_told = |reading: &&Reading| match reading.status {
        // What has a threshold that can't be judged yet is not folded away.
        Status::Shown => {
            status == SubjectStatus::Shown || (!status.is_problem() && reading.not_judged.is_some())
        }
        Status::Healthy => !status.is_problem(),
        Status::Unknown | Status::Watching | Status::Warning | Status::Critical => true,
    };
    let key = |one: &&Reading| status::row_key(&one.subject, &one.signal);
    let (told, folded): (Vec<&Reading>, Vec<&Reading>) =
        readings.iter().partition(|one| is_told(one));
    Some(Group {
        status,
        telling: readings.first().filter(|_| !is_collector(&subject)).map(key),
        told: told.iter().map(key).collect(),
        folded: folded.iter().map(key).collect(),
        counts,
        words,
        may_be_gone,
        missing: if gone.contains(&&subject) { alike(&subject, gone) } else { Vec::new() },
        subject,
    })
}

/// `1 critical, 3 healthy`; of signals without a threshold only where there are no others.
fn counts(readings: &[&Reading]) -> String {
    let count = |status: SubjectStatus| {
        let is = |reading: &&&Reading| SubjectStatus::of(reading.status) == status;
        readings.iter().filter(is).count()
    };
    let judged = SubjectStatus::ALL.into_iter().filter(|status| *status != SubjectStatus::Shown);
    let not_judged =
        readings.iter().filter(|one| one.status == Status::Shown && one.not_judged.is_some());
    let told: Vec<String> = judged
        .map(|status| (count(status), status.words().1))
        .chain([(not_judged.count(), "not judged yet")])
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    match (told.is_empty(), readings.len()) {
        (false, _) => told.join(", "),
        (true, 1) => "1 signal".to_owned(),
        (true, all) => format!("{all} signals"),
    }
}

/// The words by which readings are found.
fn words(readings: &[&Reading]) -> String {
    let mut words = BTreeSet::new();
    for reading in readings {
        words.insert(reading.subject.as_str().to_lowercase());
        words.insert(reading.signal.as_str().to_lowercase());
        words.insert(humanize::label(&reading.signal).to_lowercase());
    }
    words.into_iter().collect::<Vec<_>>().join("\n")
}

/// True if a reading leaves it open that its subject was taken away.
fn may_be_gone(reading: &Reading) -> bool {
    reading.stale_since.is_some() || reading.status >= Status::Warning
}

/// Subjects of its kind that are missing on the same host, and of a host all that is on it.
fn alike(subject: &Subject, missing: &[&Subject]) -> Vec<Subject> {
    let is_host = subject.kind() == "host";
    let fits = |other: &&&Subject| {
        subject.host().is_some()
            && other.host() == subject.host()
            && (is_host || other.kind() == subject.kind())
    };
    missing.iter().filter(fits).copied().cloned().collect()
}

/// The order that a reader who points at a list goes on to see: what was there keeps its place, what
/// is new stands at the end.
pub(super) fn keep_order(before: &[Subject], now: &[Subject]) -> Vec<Subject> {
    let (was, is): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), now.iter().collect());
    let kept = before.iter().filter(|subject| is.contains(subject));
    kept.chain(now.iter().filter(|subject| !was.contains(subject))).cloned().collect()
}

#[cfg(test)]
pub(super) mod tests;
