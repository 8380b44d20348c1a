//! A topic of the stream: a state that all readers share, and the last differences that led to it.
//! Each is encoded once, whoever reads it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::event::event;
use bytes::Bytes;
use commands::{
    stream::ReadingsChange,
    view::{Incidents, Overview, Readings},
};

/// Number of bytes of differences that are kept of a topic. A reader further behind gets the whole
/// state.
const RING_BYTES: usize = 256 * 1024;

/// A state that can be told whole, and as the difference to the one before.
pub(super) trait State: PartialEq {
    /// The whole state as an event.
    fn whole(&self) -> Bytes;
    /// The differences from the state before, as events; `None` where the whole is the shortest.
    fn since(&self, before: &Self) -> Option<Bytes>;
}

impl State for Readings {
    fn whole(&self) -> Bytes {
        event("readings", self)
    }

    fn since(&self, before: &Self) -> Option<Bytes> {
        Some(event("change", &ReadingsChange::between(before, self)))
    }
}

impl State for Incidents {
    fn whole(&self) -> Bytes {
        event("incidents", self)
    }

    fn since(&self, before: &Self) -> Option<Bytes> {
        let before: BTreeMap<_, _> =
            before.active.iter().chain(&before.resolved).map(|card| (card.number, card)).collect();
        let now = self.active.iter().chain(&self.resolved);
        let changed = now.filter(|card| before.get(&card.number) != Some(card));
        let events: Vec<u8> = changed.flat_map(|card| event("card", card)).collect();
        Some(Bytes::from(events))
    }
}

impl State for Overview {
    fn whole(&self) -> Bytes {
        event("overview", self)
    }

    fn since(&self, _: &Self) -> Option<Bytes> {
        None
    }
}

#[derive(Debug)]
struct Inner<T> {
    /// Counts the states; 0 before the first.
    version: u64,
    state: Option<Arc<T>>,
    /// The state as an event, once somebody needed it.
    whole: Option<Bytes>,
    /// The differences that lead to each of the last versions; the last one is that of `version`.
    ring: VecDeque<Bytes>,
    bytes: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Topic<T>(Mutex<Inner<T>>);

impl<T: State> Topic<T> {
    /// Versions begin after `first`, so that those of an earlier run of the program are never taken
    /// for ours.
    pub fn new(first: u64) -> Self {
        Self(Mutex::new(Inner {
            version: first,
            state: None,
            whole: None,
            ring: VecDeque::new(),
            bytes: 0,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next state, made for its version. Returns it, and whether it differs from the last.
    pub fn publish(&self, state: impl FnOnce(u64) -> T) -> (Arc<T>, Option<u64>) {
        let mut inner = self.lock();
        let version = inner.version + 1;
        let state = Arc::new(state(version));
        if let Some(before) = inner.state.clone() {
            if *before == *state {
                return (before, None);
            }
            match state.since(&before) {
                // What is sent of it is the same.
                Some(bytes) if bytes.is_empty() => {
                    (inner.whole, inner.state) = (None, Some(Arc::clone(&state)));
                    return (state, None);
                }
                Some(bytes) => {
                    inner.bytes += bytes.len();
                    inner.ring.push_back(bytes);
                }
                None => {
                    inner.ring.clear();
                    inner.bytes = 0;
                }
            }
            while inner.bytes > RING_BYTES
                && let Some(oldest) = inner.ring.pop_front()
            {
                inner.bytes -= oldest.len();
            }
        }
        inner.version = version;
        inner.whole = None;
        inner.state = Some(Arc::clone(&state));
        (state, Some(version))
    }

    /// Drops the differences: something in them was redacted.
    pub fn forget(&self) {
        let mut inner = self.lock();
        inner.ring.clear();
        inner.bytes = 0;
        inner.whole = None;
    }

    /// The differences for a reader who has `sent`, and the version that it leads to.
    pub fn after(&self, sent: Option<u64>) -> Option<(u64, Bytes)> {
        let mut inner = self.lock();
        let state = Arc::clone(inner.state.as_ref()?);
        let behind = sent.and_then(|sent| inner.version.checked_sub(sent));
        if behind == Some(0) {
            return None;
        }
        let at = behind
            .and_then(|behind| usize::try_from(behind).ok())
            .and_then(|behind| inner.ring.len().checked_sub(behind));
        if let (Some(at), Some(sent)) = (at, sent)
            && let Some(bytes) = inner.ring.get(at)
        {
            return Some((sent + 1, bytes.clone()));
        }
        let whole = inner.whole.get_or_insert_with(|| state.whole()).clone();
        Some((inner.version, whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Number(u64);

    impl State for Number {
        fn whole(&self) -> Bytes {
            Bytes::from(format!("={}", self.0))
        }

        fn since(&self, before: &Self) -> Option<Bytes> {
            Some(Bytes::from(format!("{}>{}", before.0, self.0)))
        }
    }

    fn text(told: Option<(u64, Bytes)>) -> Option<(u64, String)> {
        told.map(|(version, bytes)| (version, String::from_utf8(bytes.to_vec()).unwrap()))
    }

    #[test]
    fn a_reader_gets_each_difference_once_and_the_whole_where_one_is_missing() {
        let topic = Topic::new(100);
        assert_eq!(text(topic.after(None)), None);
        for number in 1..=3 {
            assert_eq!(topic.publish(|_| Number(number)).1, Some(100 + number));
        }
        assert_eq!(topic.publish(|_| Number(3)).1, None, "nothing has changed");
        let whole = |version: u64| Some((version, "=3".to_owned()));
        assert_eq!(text(topic.after(None)), whole(103));
        assert_eq!(text(topic.after(Some(101))), Some((102, "1>2".into())));
        assert_eq!(text(topic.after(Some(102))), Some((103, "2>3".into())));
        assert_eq!(text(topic.after(Some(103))), None);
        // Of before the first difference, of another run, and of the future.
        for foreign in [0, 42, 100, 900] {
            assert_eq!(text(topic.after(Some(foreign))), whole(103), "{foreign}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let topic = Topic::new(0);
        for number in 1..=100_000 {
            topic.publish(|_| Number(number));
        }
        assert!(topic.lock().bytes <= RING_BYTES);
        assert_eq!(text(topic.after(Some(1))), Some((100_000, "=100000".into())));
        assert_eq!(text(topic.after(Some(99_999))), Some((100_000, "99999>100000".into())));
    }
}
