//! A set of hours, counted from the Unix epoch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Hours of one block.
const BLOCK: i64 = 64;

/// One bit for each hour, in blocks: the hours of 8 weeks take 22 of them, however they lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct HourSet(BTreeMap<i64, u64>);

/// The place of an hour: its block, and its bit there.
const fn place(hour: i64) -> (i64, u64) {
    (hour.div_euclid(BLOCK), 1_u64 << hour.rem_euclid(BLOCK))
}

impl HourSet {
    /// No hour.
    pub(super) const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds the hours from the first to the last. Returns whether one of them is new.
    pub(super) fn insert(&mut self, first: i64, last: i64) -> bool {
        let mut is_news = false;
        for hour in first..=last {
            let (block, bit) = place(hour);
            let hours = self.0.entry(block).or_default();
            is_news |= *hours & bit == 0;
            *hours |= bit;
        }
        is_news
    }

    /// Adds the hours of another set.
    pub(super) fn extend(&mut self, other: &Self) {
        for (block, hours) in &other.0 {
            *self.0.entry(*block).or_default() |= hours;
        }
    }

    /// True if it is one of these.
    pub(super) fn contains(&self, hour: i64) -> bool {
        let (block, bit) = place(hour);
        self.0.get(&block).is_some_and(|hours| hours & bit != 0)
    }

    /// All hours, the oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = i64> {
        self.0.iter().flat_map(|(block, hours)| {
            let first = block.saturating_mul(BLOCK);
            let is_in = move |bit: &i64| hours & (1_u64 << *bit) != 0;
            (0..BLOCK).filter(is_in).map(move |bit| first.saturating_add(bit))
        })
    }

    /// The newest hour.
    pub(super) fn newest(&self) -> Option<i64> {
        self.iter().next_back()
    }

    /// Drops the blocks that are older than that of an hour.
    pub(super) fn forget_before(&mut self, hour: i64) {
        self.0 = self.0.split_off(&place(hour).0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_kept_one_by_one_whatever_their_block() {
        let mut hours = HourSet::none();
        assert!(hours.insert(-65, -63) && hours.insert(62, 64));
        assert!(!hours.insert(63, 64) && hours.insert(64, 65));
        assert!(!hours.insert(9, 8), "that is none");
        assert_eq!(hours.iter().collect::<Vec<i64>>(), [-65, -64, -63, 62, 63, 64, 65]);
        assert!(hours.contains(-65) && hours.contains(65) && !hours.contains(0));
        assert_eq!(hours.newest(), Some(65));
        let text = serde_json::to_string(&hours).unwrap();
        assert_eq!(serde_json::from_str::<HourSet>(&text).unwrap(), hours);
        hours.forget_before(63);
        assert_eq!(hours.iter().collect::<Vec<i64>>(), [62, 63, 64, 65], "its block stays");
        let mut other = HourSet::none();
        other.insert(60, 62);
        hours.extend(&other);
        assert_eq!(hours.iter().collect::<Vec<i64>>(), [60, 61, 62, 63, 64, 65]);
    }

    #[test]
    fn eight_weeks_take_little_room_however_their_hours_lie() {
        let mut hours = HourSet::none();
        for hour in (494_001..494_001 + 1_344).step_by(2) {
            assert!(hours.insert(hour, hour));
        }
        assert_eq!((hours.iter().count(), hours.0.len()), (672, 22));
        assert!(serde_json::to_string(&hours).unwrap().len() < 700);
    }
}
