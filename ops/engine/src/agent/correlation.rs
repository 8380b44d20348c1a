//! Who depends on whom, through others too, and which breaches belong together because of it.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use domain::{breach::Breach, subject::Subject};
use policy::{incident_policy::IncidentPolicy, pattern::matches};

/// How many steps of dependence are followed.
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
        let host = subject
            .host()
            .filter(|_| subject.kind() != "host")
            .map(|host| Subject::build("host", host, None));
        let rows = self
            .policy
            .dependencies
            .iter()
            .filter(|row| matches(&row.subject, subject.as_str()))
            .map(|row| row.needs.clone());
        host.into_iter().chain(rows).collect()
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

    /// Whether they are the same, or one needs the other.
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
