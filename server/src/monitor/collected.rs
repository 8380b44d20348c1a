//! The subjects that collectors speak for. It is kept across restarts, so that a disk, an app or an
//! endpoint that vanished while Calm Ops was off is retired, and not missed for ever. What is
//! pushed is not in it: nobody here can say that it is gone.

use std::collections::BTreeSet;

use domain::subject::Subject;

use crate::collectors::Listing;

/// See the module.
#[derive(Debug, Default)]
pub struct Collected {
    subjects: BTreeSet<Subject>,
    changed: bool,
}

impl Collected {
    /// Goes on with the subjects of the run before.
    pub fn restore(subjects: BTreeSet<Subject>) -> Self {
        Self { subjects, changed: false }
    }

    /// What to keep for the next run.
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
    }

    /// Whether a collector is expected to report this.
    pub fn contains(&self, subject: &Subject) -> bool {
        self.subjects.contains(subject)
    }

    /// What collectors reported once and what is not there any more. A host that was renamed takes
    /// its subjects' old names with it.
    pub fn missing(&self, listing: &Listing) -> Vec<Subject> {
        let gone = |subject: &&Subject| {
            subject.kind() == listing.kind && !listing.subjects.contains(subject)
        };
        self.subjects.iter().filter(gone).cloned().collect()
    }

    /// Whether what is kept changed since the last call; resets the mark.
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

    #[test]
    fn what_a_complete_list_of_its_kind_does_not_name_is_missing() {
        let known = ["app:api@a", "disk:/@a", "disk:/old@a", "disk:/@former", "endpoint:shop"];
        let mut collected = Collected::restore(subjects(&known).into_iter().collect());
        let disks = Listing { kind: "disk", subjects: subjects(&["disk:/@a", "disk:/new@a"]) };
        assert_eq!(collected.missing(&disks), subjects(&["disk:/@former", "disk:/old@a"]));
        assert_eq!(
            collected.missing(&Listing { kind: "endpoint", subjects: Vec::new() }),
            subjects(&["endpoint:shop"])
        );
        assert!(collected.missing(&Listing { kind: "network", subjects: Vec::new() }).is_empty());
        assert!(!collected.take_changed());
        for gone in collected.missing(&disks) {
            collected.retire(&gone);
        }
        assert!(
            collected.missing(&disks).is_empty()
                && collected.take_changed()
                && !collected.take_changed()
        );
    }

    #[test]
    fn only_what_is_new_changes_what_is_kept() {
        let mut collected = Collected::default();
        let [disk]: [Subject; 1] = subjects(&["disk:/@a"]).try_into().unwrap();
        collected.add(&disk);
        assert!(collected.take_changed() && collected.contains(&disk));
        collected.add(&disk);
        assert!(!collected.take_changed());
    }
}
