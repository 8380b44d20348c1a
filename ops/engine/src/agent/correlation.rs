//! Dependencies, through others too, and which breaches belong together because of it.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use domain::{breach::Breach, reason::FailureReason, subject::Subject};
use policy::{
    incident_policy::{Dependency, IncidentPolicy},
    pattern::matches,
};

/// The kind of the subjects of objectives.
const OBJECTIVE: &str = "objective";
/// Number of steps of dependence that are followed.
const FARTHEST: usize = 4;

/// See the module. What a subject needs is worked out once.
pub(super) struct Correlation<'a> {
    policy: &'a IncidentPolicy,
    needs: RefCell<BTreeMap<Subject, Rc<BTreeSet<Subject>>>>,
}

impl<'a> Correlation<'a> {
    pub(super) fn new(policy: &'a IncidentPolicy) -> Self {
        Self { policy, needs: RefCell::default() }
    }

    fn direct(&self, subject: &Subject) -> Vec<Subject> {
        // Nothing real depends on a practice, nor it on anything, whatever patterns say.
        if subject.is_practice() {
            return Vec::new();
        }
        let host = subject
            .host()
            .filter(|_| subject.kind() != "host")
            .map(|host| Subject::build("host", host, None));
        // Of an app only its PM2 tells.
        let pm2 = subject
            .host()
            .filter(|_| subject.kind() == "app")
            .map(|host| Subject::build("pm2", "pm2", Some(host)));
        let rows = self
            .policy
            .dependencies
            .iter()
            .filter(|row| matches(&row.subject, subject.as_str()) && !row.needs.is_practice())
            .filter(|_| subject.kind() != OBJECTIVE)
            .map(|row| row.needs.clone());
        host.into_iter().chain(pm2).chain(rows).collect()
    }

    /// The subjects whose events an objective counts; none for what is no objective.
    pub(super) fn counted(&self, subject: &Subject) -> impl Iterator<Item = &'a Subject> + use<'a> {
        let rows: &'a [Dependency] = &self.policy.dependencies;
        let name = (subject.kind() == OBJECTIVE).then(|| subject.as_str().to_owned());
        rows.iter().filter(move |row| Some(&row.subject) == name.as_ref()).map(|row| &row.needs)
    }

    /// Everything that a subject needs, directly or through others.
    pub(super) fn needs(&self, subject: &Subject) -> Rc<BTreeSet<Subject>> {
        if let Some(known) = self.needs.borrow().get(subject) {
            return Rc::clone(known);
        }
        let mut found = BTreeSet::new();
        let mut edge = vec![subject.clone()];
        for _ in 0..FARTHEST {
            let next: Vec<Subject> = edge.iter().flat_map(|one| self.direct(one)).collect();
            edge = next
                .into_iter()
                .filter(|one| one != subject && found.insert(one.clone()))
                .collect();
        }
        let found = Rc::new(found);
        self.needs.borrow_mut().insert(subject.clone(), Rc::clone(&found));
        found
    }

    /// True if they are the same, or one needs the other.
    pub(super) fn related(&self, one: &Subject, other: &Subject) -> bool {
        one == other || self.needs(one).contains(other) || self.needs(other).contains(one)
    }

    /// Parts the breaches into groups that belong together. In each the cause comes first: what
    /// most others need, then the most severe, then by key. Groups are ordered by the severity of
    /// their worst breach, then by their cause's key.
    pub(super) fn groups<'b>(&self, breaches: &[&'b Breach]) -> Vec<Vec<&'b Breach>> {
        let mut place: BTreeMap<&Subject, usize> = BTreeMap::new();
        let mut leader: Vec<usize> = (0..breaches.len()).collect();
        for (index, breach) in breaches.iter().enumerate() {
            let first = *place.entry(&breach.key.subject).or_insert(index);
            join(&mut leader, first, index);
        }
        let mut needed: BTreeMap<&Subject, usize> = BTreeMap::new();
        for (subject, &index) in &place {
            for need in self.needs(subject).iter() {
                if let Some((&known, &other)) = place.get_key_value(need) {
                    join(&mut leader, index, other);
                    *needed.entry(known).or_default() += 1;
                }
            }
        }
        // By the place where they failed, the first of each kind of failure there.
        let mut failed: BTreeMap<&str, Vec<(usize, &FailureReason)>> = BTreeMap::new();
        for (index, reason) in reasons(breaches) {
            if let Some(cause) = cause(breaches[index])
                && let Some((&known, &other)) = place.get_key_value(cause)
            {
                join(&mut leader, index, other);
                *needed.entry(known).or_default() += 1;
            }
            let Some(key) = reason.place().or(cause(breaches[index]).map(Subject::as_str)) else {
                continue;
            };
            let there = failed.entry(key).or_default();
            match there.iter().find(|(_, other)| other.is_like(reason)) {
                Some(&(first, _)) => join(&mut leader, first, index),
                None => there.push((index, reason)),
            }
        }
        let mut groups: BTreeMap<usize, Vec<&Breach>> = BTreeMap::new();
        for (index, breach) in breaches.iter().enumerate() {
            groups.entry(find(&leader, index)).or_default().push(breach);
        }
        let mut groups: Vec<Vec<&Breach>> = groups.into_values().collect();
        for group in &mut groups {
            group.sort_by_key(|breach| {
                let weight = needed.get(&breach.key.subject).copied().unwrap_or(0);
                (Reverse(weight), Reverse(breach.severity), breach.key.clone())
            });
        }
        groups.sort_by_key(|group| {
            let worst = group.iter().map(|breach| breach.severity).max();
            (Reverse(worst), group.first().map(|breach| breach.key.clone()))
        });
        groups
    }
}

/// True if two breaches belong together by their reasons: one names the other as its cause, or both
/// fail for one cause.
pub(super) fn shares_cause(one: &Breach, other: &Breach) -> bool {
    let (first, second) = (cause(one), cause(other));
    let alike = one.reason.as_ref().zip(other.reason.as_ref());
    first == Some(&other.key.subject)
        || second == Some(&one.key.subject)
        || (first.is_some() && first == second)
        || alike.is_some_and(|(one, other)| one.shares_cause(other))
}

/// The obstacle that keeps a breach's subject from being seen, where that is all that is wrong with
/// it: one that had failed before has a cause of its own.
fn cause(breach: &Breach) -> Option<&Subject> {
    breach.reason.as_ref().filter(|_| breach.crossing.is_silent())?.cause()
}

/// The reasons of those that have one, by their places.
fn reasons<'b>(breaches: &[&'b Breach]) -> impl Iterator<Item = (usize, &'b FailureReason)> {
    let reason = |(index, breach): (usize, &&'b Breach)| Some((index, breach.reason.as_ref()?));
    breaches.iter().enumerate().filter_map(reason)
}

fn find(leader: &[usize], mut index: usize) -> usize {
    while leader[index] != index {
        index = leader[index];
    }
    index
}

fn join(leader: &mut [usize], one: usize, other: usize) {
    let (one, other) = (find(leader, one), find(leader, other));
    leader[one.max(other)] = one.min(other);
}

#[cfg(test)]
mod tests {
    use domain::{
        breach::Crossing,
        reason::{FailureReason, RequestPhase},
        time::Span,
    };

    use super::*;

    fn down(subject: &str, reason: FailureReason) -> Breach {
        let breach = fixtures::breach().on(subject).signal("endpoint.up").critical().build();
        Breach { reason: Some(reason), ..breach }
    }

    fn silent(address: &str) -> FailureReason {
        let phase = RequestPhase::Connect;
        FailureReason::TimedOut { phase, address: Some(address.into()), after: Span::from_secs(2) }
    }

    fn groups(breaches: &[Breach]) -> Vec<Vec<&str>> {
        let policy = IncidentPolicy::default();
        let all: Vec<&Breach> = breaches.iter().collect();
        let names = |group: Vec<&Breach>| {
            let place = |one: &Breach| breaches.iter().position(|other| other.key == one.key);
            group.into_iter().filter_map(place).collect::<Vec<_>>()
        };
        let groups = Correlation::new(&policy).groups(&all);
        let groups = groups.into_iter().map(names);
        groups
            .map(|group| group.iter().map(|&at| breaches[at].key.subject.as_str()).collect())
            .collect()
    }

    #[test]
    fn apps_of_which_pm2_tells_nothing_are_one_group_with_it() {
        let pm2 = "pm2:pm2@a";
        let by = || pm2.parse().unwrap();
        let silent = |app: &str| {
            let reason = FailureReason::NotTold { by: by(), why: "nobody listens".into() };
            Breach { crossing: Crossing::Silent { for_seconds: 120.0 }, ..down(app, reason) }
        };
        let of_pm2 = fixtures::breach().on(pm2).signal("pm2.up").build();
        let all = [silent("app:api@a"), silent("app:web@a"), of_pm2];
        assert_eq!(groups(&all), [vec![pm2, "app:api@a", "app:web@a"]]);
        let listed = |app: &str| down(app, FailureReason::NotListed { by: by(), others: false });
        let all = [
            listed("app:api@a"),
            listed("app:web@a"),
            down("app:other@b", FailureReason::told("x")),
        ];
        assert_eq!(groups(&all), [vec!["app:api@a", "app:web@a"], vec!["app:other@b"]]);
    }

    #[test]
    fn what_fails_alike_at_one_place_is_one_group_and_what_a_cause_explains_joins_it() {
        let line = "line:outside@web-1";
        let behind = || FailureReason::Behind { cause: line.parse().unwrap() };
        let silent_since =
            |breach: Breach| Breach { crossing: Crossing::Silent { for_seconds: 300.0 }, ..breach };
        let all = [
            down("endpoint:a", silent("198.51.100.7:443")),
            down("endpoint:b", silent("198.51.100.7:80")),
            down("endpoint:c", silent("198.51.100.8:443")),
            down("endpoint:d", FailureReason::Refused { address: "198.51.100.7:443".into() }),
            silent_since(down("endpoint:e", behind())),
            silent_since(down("endpoint:f", behind())),
            fixtures::breach().on(line).signal("outside.reachable").critical().build(),
        ];
        assert_eq!(
            groups(&all),
            [
                vec!["endpoint:a", "endpoint:b"],
                vec!["endpoint:c"],
                vec!["endpoint:d"],
                vec![line, "endpoint:e", "endpoint:f"],
            ]
        );
        // What was down before is an incident of its own, also while it can't be seen.
        assert!(!shares_cause(&all[6], &down("endpoint:g", behind())));
        // The same for what comes later.
        assert!(shares_cause(&all[0], &all[1]) && shares_cause(&all[6], &all[4]));
        assert!(shares_cause(&all[4], &all[5]) && !shares_cause(&all[0], &all[3]));
    }
}
