//! The apps that were deleted on purpose: those that are gone from a list of the same daemon in
//! which others stay. A daemon that came back, with fewer apps or with none, says nothing of the
//! kind.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use domain::subject::Subject;

/// An app that is not listed for that long was not deleted to be started anew.
const DELETED_AFTER: Duration = Duration::from_secs(15);
/// For how long it is told that an app was deleted.
const TOLD_FOR: Duration = Duration::from_secs(3_600);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The time at which each app was last listed by the daemon that answers now, without a gap
    /// since.
    listed: HashMap<Subject, Instant>,
    daemon: Option<i32>,
    deleted: HashMap<Subject, Instant>,
}

impl List {
    /// The daemon did not answer: what it lists the next time may be another one's.
    pub(super) fn unanswered(&mut self) {
        self.listed.clear();
    }

    /// Takes a list. Returns what is there, with what may only be deleted to be started anew, and
    /// what was deleted.
    pub(super) fn compare(
        &mut self,
        there: &BTreeSet<Subject>,
        daemon: Option<i32>,
        now: Instant,
    ) -> (Vec<Subject>, Vec<Subject>) {
        let stays = self.daemon == daemon && self.listed.keys().any(|known| there.contains(known));
        self.daemon = daemon;
        if !stays {
            self.listed.clear();
        }
        let since = |at: &Instant| now.saturating_duration_since(*at);
        let is_over =
            |known: &Subject, at: &Instant| !there.contains(known) && since(at) >= DELETED_AFTER;
        for (known, _) in self.listed.extract_if(|known, at| is_over(known, at)) {
            self.deleted.insert(known, now);
        }
        self.listed.extend(there.iter().map(|subject| (subject.clone(), now)));
        self.deleted.retain(|known, at| since(at) < TOLD_FOR && !self.listed.contains_key(known));
        let sorted = |subjects: BTreeSet<&Subject>| subjects.into_iter().cloned().collect();
        (sorted(self.listed.keys().collect()), sorted(self.deleted.keys().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apps(names: &[&str]) -> BTreeSet<Subject> {
        names.iter().map(|name| Subject::build("app", name, None)).collect()
    }

    /// The listed and the deleted apps, by the first letters.
    fn seen(list: &mut List, names: &[&str], daemon: i32, now: Instant) -> (String, String) {
        let (there, deleted) = list.compare(&apps(names), Some(daemon), now);
        let text = |all: Vec<Subject>| all.iter().map(Subject::name).collect::<String>();
        (text(there), text(deleted))
    }

    #[test]
    fn only_what_leaves_a_list_in_which_others_stay_was_deleted() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let told = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let mut list = List::default();
        assert_eq!(seen(&mut list, &["a", "b", "c"], 1, at(0)), told("abc", ""));
        assert_eq!(seen(&mut list, &["a", "b"], 1, at(14)), told("abc", ""), "it may come back");
        assert_eq!(seen(&mut list, &["a", "b"], 1, at(15)), told("ab", "c"));
        assert_eq!(seen(&mut list, &["a", "b"], 1, at(65)), told("ab", "c"), "until it is taken");
        assert_eq!(seen(&mut list, &["a", "b", "c"], 1, at(70)), told("abc", ""));
        // Another daemon lists fewer.
        assert_eq!(seen(&mut list, &["a"], 2, at(75)), told("a", ""));
        assert_eq!(seen(&mut list, &["a"], 2, at(200)), told("a", ""));
        // Nobody stays.
        assert_eq!(seen(&mut list, &[], 2, at(205)), told("", ""));
        assert_eq!(seen(&mut list, &["b"], 2, at(300)), told("b", ""));
        // What came between is not known.
        assert_eq!(seen(&mut list, &["a", "b"], 2, at(305)), told("ab", ""));
        list.unanswered();
        assert_eq!(seen(&mut list, &["b"], 2, at(310)), told("b", ""));
        assert_eq!(seen(&mut list, &["b"], 2, at(400)), told("b", ""));
    }

    #[test]
    fn what_waits_when_the_others_go_too_was_not_deleted() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut list = List::default();
        seen(&mut list, &["a", "b"], 1, at(0));
        assert_eq!(seen(&mut list, &["a"], 1, at(10)).0, "ab");
        assert_eq!(seen(&mut list, &[], 1, at(20)), (String::new(), String::new()));
        assert_eq!(seen(&mut list, &["a"], 1, at(100)), ("a".to_owned(), String::new()));
    }
}
