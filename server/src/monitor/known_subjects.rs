//! The subjects that collectors speak for. It is kept across restarts, so that a disk or an app
//! that vanished while Calm Ops was off is missed, and what a person took out of the configuration
//! meanwhile is not. What is pushed is not in it: nobody here can say that it is gone.

use std::collections::{BTreeMap, BTreeSet};

use domain::subject::Subject;

use crate::collectors::{Absence, Listing};

/// True if a subject of a host that is not watched any more is still expected. What is a part of
/// Calm Ops itself, or comes and goes by itself, went with it.
pub fn is_kept_elsewhere(subject: &Subject) -> bool {
    matches!(subject.kind(), "host" | "disk" | "pm2" | "app")
}

/// See the module.
#[derive(Debug, Default)]
pub struct KnownSubjects {
    subjects: BTreeSet<Subject>,
    /// The numbers of those of which others may have the name too.
    numbers: BTreeMap<Subject, u64>,
    changed: bool,
}

/// The known subjects that are not listed any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// Gone on purpose.
    pub gone: Vec<Subject>,
    /// Nobody knows why, with the signal that tells it.
    pub missing: Vec<(Subject, &'static str)>,
}

impl KnownSubjects {
    /// Goes on with the subjects of the run before.
    pub fn restore(subjects: BTreeSet<Subject>) -> Self {
        Self { subjects, ..Self::default() }
    }

    /// Goes on with the numbers of the run before.
    pub fn restore_numbers(&mut self, numbers: BTreeMap<Subject, u64>) {
        self.numbers = numbers;
    }

    /// The numbers to keep for the next run.
    pub const fn numbers(&self) -> &BTreeMap<Subject, u64> {
        &self.numbers
    }

    /// Takes the number of a subject that a collector reported.
    pub fn number(&mut self, subject: &Subject, number: u64) {
        if self.subjects.contains(subject) && self.numbers.get(subject) != Some(&number) {
            self.numbers.insert(subject.clone(), number);
            self.changed = true;
        }
    }

    /// The subjects to keep for the next run.
    pub const fn subjects(&self) -> &BTreeSet<Subject> {
        &self.subjects
    }

    /// A collector reported this.
    pub fn add(&mut self, subject: &Subject) {
        if !self.subjects.contains(subject) {
            self.subjects.insert(subject.clone());
            self.changed = true;
        }
    }

    /// Nobody is expected to report this any more.
    pub fn retire(&mut self, subject: &Subject) {
        self.changed |= self.subjects.remove(subject);
        self.numbers.remove(subject);
    }

    /// True if a collector is expected to report this.
    pub fn contains(&self, subject: &Subject) -> bool {
        self.subjects.contains(subject)
    }

    /// Subjects that collectors reported once and that are not in the list of their kind any more.
    /// A list says nothing of another host, see [`is_kept_elsewhere`]. `expects` tells whether a
    /// signal that says that a subject is there was heard and has a threshold.
    pub fn unlisted(
        &self,
        listing: &Listing,
        host: &str,
        expects: impl Fn(&Subject, &str) -> bool,
    ) -> Unlisted {
        let mut unlisted = Unlisted::default();
        for subject in &self.subjects {
            if !listing.lacks(subject) {
                continue;
            }
            if is_kept_elsewhere(subject) && subject.host() != Some(host) {
                continue;
            }
            match listing.absence {
                Absence::Missing(signal) if expects(subject, signal) => {
                    unlisted.missing.push((subject.clone(), signal));
                }
                Absence::Missing(_) | Absence::Gone => unlisted.gone.push(subject.clone()),
            }
        }
        unlisted
    }

    /// True if what is kept changed since the last call; resets the mark.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(texts: &[&str]) -> Vec<Subject> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn listing(kind: &'static str, texts: &[&str], absence: Absence) -> Listing {
        Listing::new(kind, subjects(texts), absence)
    }

    #[test]
    fn what_is_on_a_host_of_which_nobody_tells_counts_as_listed() {
        let known = ["droplet-disk:/@web-1", "droplet-disk:/@web-2"];
        let collected = KnownSubjects::restore(subjects(&known).into_iter().collect());
        let mut disks = listing("droplet-disk", &[], Absence::Gone);
        disks.hosts.insert("web-1".to_owned());
        let unlisted = collected.unlisted(&disks, "calm", |_, _| true);
        assert_eq!(unlisted.gone, subjects(&known[1..]));
    }

    #[test]
    fn what_a_list_does_not_name_is_missing_and_gone_only_where_that_is_known() {
        let known = [
            "app:api@a",
            "disk:/@a",
            "disk:/old@a",
            "disk:/run/u@a",
            "disk:/@former",
            "endpoint:shop",
        ];
        let mut collected = KnownSubjects::restore(subjects(&known).into_iter().collect());
        let expects = |subject: &Subject, signal: &str| {
            signal == "disk.mounted" && !subject.name().starts_with("/run")
        };
        let mounted = Absence::Missing("disk.mounted");
        let disks = listing("disk", &["disk:/@a", "disk:/new@a"], mounted);
        let unlisted = collected.unlisted(&disks, "a", expects);
        assert_eq!(unlisted.gone, subjects(&["disk:/run/u@a"]));
        assert_eq!(unlisted.missing, [("disk:/old@a".parse().unwrap(), "disk.mounted")]);
        let removed = listing("endpoint", &[], Absence::Gone);
        assert_eq!(collected.unlisted(&removed, "a", expects).gone, subjects(&["endpoint:shop"]));
        let none = listing("network", &[], mounted);
        assert_eq!(collected.unlisted(&none, "a", expects), Unlisted::default());
        assert!(!collected.take_changed());
        for gone in subjects(&["disk:/run/u@a", "disk:/old@a"]) {
            collected.retire(&gone);
        }
        assert_eq!(collected.unlisted(&disks, "a", expects), Unlisted::default());
        assert!(collected.take_changed() && !collected.take_changed());
    }

    #[test]
    fn a_number_stays_until_its_subject_is_retired() {
        let mut collected = KnownSubjects::default();
        let [droplet]: [Subject; 1] = subjects(&["droplet:web-1"]).try_into().unwrap();
        collected.number(&droplet, 7);
        assert!(collected.numbers().is_empty(), "nothing reported it");
        collected.add(&droplet);
        assert!(collected.take_changed());
        collected.number(&droplet, 7);
        assert!(collected.take_changed());
        collected.number(&droplet, 7);
        assert!(!collected.take_changed());
        collected.number(&droplet, 8);
        assert_eq!(collected.numbers().get(&droplet), Some(&8));
        collected.retire(&droplet);
        assert!(collected.numbers().is_empty());
    }

    #[test]
    fn only_what_is_new_changes_what_is_kept() {
        let mut collected = KnownSubjects::default();
        let [disk]: [Subject; 1] = subjects(&["disk:/@a"]).try_into().unwrap();
        collected.add(&disk);
        assert!(collected.take_changed() && collected.contains(&disk));
        collected.add(&disk);
        assert!(!collected.take_changed());
    }
}
