//! Plans that are set for organizations, as the gate looks them up for each request: without a lock
//! and without an allocation.
//!
//! The map is a tree of two levels with shared parts: whoever holds a copy sees it unchanged, and a
//! change copies one leaf and the two nodes above it, however many organizations there are. A
//! million organizations with names of up to 19 bytes ask for 44 MB in a million allocations (`cargo
//! bench -p engine --bench gate plans`); what the allocator rounds each up to comes on top.

use std::{hash::Hasher, sync::Arc};

use siphasher::sip::SipHasher13;

/// Children of each of the two levels.
const WIDTH: usize = 128;

/// One organization.
#[derive(Clone, Debug)]
struct Slot {
    name: Box<str>,
    /// The place of its plan's name.
    plan: u32,
}

/// Organizations in the order of their names.
type Leaf = Arc<Vec<Slot>>;

/// The plans that are set, by organization. A copy shares all that is not changed.
#[derive(Clone, Debug)]
pub struct AssignedPlans {
    key: [u64; 2],
    branches: Vec<Arc<Vec<Leaf>>>,
    /// Every name of a plan that was set, each once.
    plans: Arc<Vec<Box<str>>>,
    count: usize,
}

impl AssignedPlans {
    /// No organization has one. `key` has random bits that nobody outside knows, so that nobody can
    /// invent names that all stand in one leaf.
    pub fn new(key: [u64; 2]) -> Self {
        let branch = Arc::new(vec![Leaf::default(); WIDTH]);
        Self { key, branches: vec![branch; WIDTH], plans: Arc::default(), count: 0 }
    }

    /// Number of organizations that have a plan that is set.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// True if no organization has one.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The plan that is set for an organization. SipHash-1-3 (Aumasson and Bernstein, "SipHash: a
    /// fast short-input PRF", 2012) finds the leaf, a binary search the organization.
    pub fn plan(&self, organization: &str) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let (branch, leaf) = self.place(organization);
        let slots = self.branches.get(branch)?.get(leaf)?;
        let at = slots.binary_search_by(|slot| (*slot.name).cmp(organization)).ok()?;
        self.plans.get(slots.get(at)?.plan as usize).map(|name| &**name)
    }

    /// Sets the plan of an organization, or removes it.
    pub fn set(&mut self, organization: &str, plan: Option<&str>) {
        let plan = plan.map(|name| self.number(name));
        let (branch, leaf) = self.place(organization);
        let Some(branch) = self.branches.get_mut(branch) else { return };
        let Some(slots) = Arc::make_mut(branch).get_mut(leaf) else { return };
        let found = slots.binary_search_by(|slot| (*slot.name).cmp(organization));
        let slots = Arc::make_mut(slots);
        match (found, plan) {
            (Ok(at), Some(plan)) => slots[at].plan = plan,
            (Ok(at), None) => {
                slots.remove(at);
                self.count -= 1;
            }
            (Err(at), Some(plan)) => {
                // Leaves are small, and a million organizations must not take twice the room.
                slots.reserve_exact(1);
                slots.insert(at, Slot { name: organization.into(), plan });
                self.count += 1;
            }
            (Err(_), None) => {}
        }
    }

    fn place(&self, organization: &str) -> (usize, usize) {
        let mut hasher = SipHasher13::new_with_keys(self.key[0], self.key[1]);
        hasher.write(organization.as_bytes());
        let hash = hasher.finish();
        (hash as usize % WIDTH, (hash >> 32) as usize % WIDTH)
    }

    /// The place of a plan's name. Each was in the document when it was set, so there are few.
    fn number(&mut self, plan: &str) -> u32 {
        let known = self.plans.iter().position(|name| **name == *plan);
        let at = known.unwrap_or_else(|| {
            Arc::make_mut(&mut self.plans).push(plan.into());
            self.plans.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(fixtures::cases(100)))]
        #[test]
        fn it_is_a_map_and_copies_stay_as_they_were(
            changes in proptest::collection::vec(
                ("[a-d]{1,3}|\\PC{1,5}", proptest::option::of("p[0-5]")), 0..200),
            key in any::<[u64; 2]>(),
        ) {
            let mut plans = AssignedPlans::new(key);
            let mut expected = BTreeMap::new();
            let mut copies = Vec::new();
            for (name, plan) in &changes {
                copies.push((plans.clone(), expected.clone()));
                plans.set(name, plan.as_deref());
                match plan {
                    Some(plan) => drop(expected.insert(name.clone(), plan.clone())),
                    None => drop(expected.remove(name)),
                }
            }
            copies.push((plans, expected));
            for (plans, expected) in &copies {
                prop_assert_eq!(plans.len(), expected.len());
                for (name, _) in &changes {
                    prop_assert_eq!(plans.plan(name), expected.get(name).map(String::as_str));
                }
            }
        }
    }

    #[test]
    fn leaves_hold_no_more_room_than_they_need() {
        let mut plans = AssignedPlans::new([1, 2]);
        for number in 0..50_000 {
            plans.set(&format!("customer-{number}"), Some(["pro", "large"][number % 2]));
        }
        let leaves = plans.branches.iter().flat_map(|branch| branch.iter());
        let room: usize = leaves.map(|leaf| leaf.capacity()).sum();
        assert_eq!((plans.len(), room, plans.plans.len()), (50_000, 50_000, 2));
        assert_eq!(plans.plan("customer-49999"), Some("large"));
        assert_eq!(plans.plan("customer-50000"), None);
    }
}
