//! Keeps the replay bundles of incidents: at their opening, and at their end.
//!
//! What led to an incident matters most. A bundle that begins after the opening (Calm Ops was
//! started anew, or the incident took longer than is recorded) never takes the place of one that
//! was kept before. One that can't be saved is tried again.

use domain::{
    id::IncidentNumber,
    time::{Now, Span, Timestamp},
};
use engine::replay::Bundle;

use crate::{monitor::time_limit::within, store::Store};

/// The pause before a bundle that could not be saved is tried again.
const AGAIN_AFTER: Span = Span::from_secs(5);
/// The most that wait; a flood of incidents over a broken database must not fill the memory.
const MOST_WANTED: usize = 200;

/// An incident whose bundle is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub number: IncidentNumber,
    /// Time at which it was opened, as far as that is known.
    pub opened_at: Option<Timestamp>,
}

/// The incidents whose bundles wait.
#[derive(Debug)]
pub(super) struct Waiting {
    wanted: Vec<Wanted>,
    not_before: Now,
}

impl Waiting {
    pub(super) const fn new(now: Now) -> Self {
        Self { wanted: Vec::new(), not_before: now }
    }

    pub(super) fn add(&mut self, wanted: Wanted) {
        if self.wanted.len() < MOST_WANTED
            && !self.wanted.iter().any(|one| one.number == wanted.number)
        {
            self.wanted.push(wanted);
        }
    }

    /// Takes back what could not be saved.
    pub(super) fn put_back(&mut self, unkept: Vec<Wanted>, now: Now) {
        if !unkept.is_empty() {
            self.not_before = Now { wall: now.wall, mono: now.mono.plus(AGAIN_AFTER) };
        }
        unkept.into_iter().for_each(|one| self.add(one));
    }

    pub(super) fn take_due(&mut self, now: Now) -> Vec<Wanted> {
        if now.mono < self.not_before.mono { Vec::new() } else { std::mem::take(&mut self.wanted) }
    }
}

/// Saves a bundle for some incidents. Returns those for which it failed.
pub(super) async fn keep(store: &dyn Store, bundle: Bundle, wanted: Vec<Wanted>) -> Vec<Wanted> {
    let from = bundle.checkpoint.now.wall;
    let encoded = tokio::task::spawn_blocking(move || serde_json::to_vec(&bundle)).await;
    let bytes = match encoded
        .map_err(|error| error.to_string())
        .and_then(|bytes| bytes.map_err(|error| error.to_string()))
    {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(error, "a replay bundle can't be encoded");
            return Vec::new();
        }
    };
    for (place, Wanted { number, opened_at }) in wanted.iter().enumerate() {
        let covers = opened_at.is_some_and(|opened_at| from <= opened_at);
        let saved = if covers {
            within(store.save_bundle(*number, &bytes)).await
        } else {
            within(store.add_bundle(*number, &bytes)).await
        };
        if let Err(sentence) = saved {
            tracing::warn!(
                incident = number.0,
                sentence,
                "the replay bundle could not be saved; retrying"
            );
            return wanted[place..].to_vec();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{announcements::Announcements, time::MonotonicTime};
    use engine::{
        evaluate::SavedState,
        replay::{Checkpoint, Recorder},
    };

    use super::*;
    use crate::store::SqliteStore;

    fn now(seconds: i64) -> Now {
        Now {
            wall: Timestamp::from_secs(1_795_000_000 + seconds),
            mono: MonotonicTime::from_micros(seconds.unsigned_abs() * 1_000_000),
        }
    }

    /// A bundle that begins then.
    fn bundle(seconds: i64) -> Bundle {
        let mut recorder = Recorder::new(10);
        recorder.checkpoint(Checkpoint {
            now: now(seconds),
            state: SavedState::default(),
            limit: 1,
            incidents: Vec::new(),
            next_number: IncidentNumber(1),
            steady_since: now(0).wall,
            documents: BTreeMap::new(),
            announcements: Announcements::default(),
        });
        recorder.bundle().unwrap()
    }

    #[tokio::test]
    async fn a_bundle_that_begins_after_the_opening_takes_no_other_ones_place() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap();
        let number = IncidentNumber(1);
        let begins = async || {
            let bytes = store.bundle(number).await.unwrap().unwrap();
            serde_json::from_slice::<Bundle>(&bytes).unwrap().checkpoint.now
        };
        let wanted = vec![Wanted { number, opened_at: Some(now(100).wall) }];
        assert_eq!(keep(&store, bundle(150), wanted.clone()).await, []);
        assert_eq!(begins().await, now(150), "better than none");
        assert_eq!(keep(&store, bundle(100), wanted.clone()).await, []);
        assert_eq!(begins().await, now(100), "one that covers the opening is better");
        assert_eq!(keep(&store, bundle(101), wanted).await, []);
        assert_eq!(keep(&store, bundle(99), vec![Wanted { number, opened_at: None }]).await, []);
        assert_eq!(begins().await, now(100), "the first stays");
    }

    #[tokio::test]
    async fn what_could_not_be_saved_waits_a_little_and_is_not_lost() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap();
        store.close().await;
        let wanted: Vec<_> = (1..=3)
            .map(|number| Wanted { number: IncidentNumber(number), opened_at: None })
            .collect();
        let unkept = keep(&store, bundle(1), wanted.clone()).await;
        assert_eq!(unkept, wanted);
        let mut waiting = Waiting::new(now(0));
        waiting.put_back(unkept, now(10));
        waiting.add(wanted[0]);
        assert_eq!(waiting.take_due(now(14)), []);
        assert_eq!(waiting.take_due(now(15)), wanted);
        assert_eq!(waiting.take_due(now(15)), []);
    }
}
