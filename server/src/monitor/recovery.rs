//! What the monitor knows of recovery: which commands are recommended, and what worked before.

use std::sync::Arc;

use domain::{
    journal::{Entry, Event},
    time::{Now, Span},
};
use engine::recommender::{self, Scene, TRACKED_DAYS, Tracks};

use crate::monitor::{Monitor, time_limit::within};

/// How often the track record is read anew, so that what is too old leaves it; and how soon after a
/// failure.
const TRACK_EVERY: Span = Span::from_secs(6 * 3_600);
const TRACK_AGAIN: Span = Span::from_secs(10);

impl Monitor {
    /// What is to be recorded about recommendations, once the host was looked at and the track
    /// record is known.
    pub(super) fn recommend(&mut self, now: Now) -> Vec<Event> {
        self.track(now);
        let recovery = self.parts.service.recovery();
        let (Some(hints), Some(tracks)) = (recovery.hints(), &self.tracks) else {
            return Vec::new();
        };
        // What is stored may be otherwise: it is read anew first.
        if self.stale {
            return Vec::new();
        }
        let (catalogue, facts) = (recovery.catalogue(), recovery.facts());
        recommender::decide(Scene {
            incidents: &self.known,
            policy: self.parts.documents.thresholds().policy(),
            catalogue: catalogue.as_deref(),
            facts: &facts,
            hints: &hints,
            tracks,
            host: &self.parts.host,
            now: now.wall,
        })
    }

    /// Reads the track record when it is due. No decision waits for it but those that need it.
    fn track(&mut self, now: Now) {
        let wait = if self.tracks.is_some() { TRACK_EVERY } else { TRACK_AGAIN };
        if self.tracking.is_some()
            || self.tracked_at.is_some_and(|at| now.mono.since(at.mono) < wait)
        {
            return;
        }
        self.tracked_at = Some(now);
        self.proofs.clear();
        let store = Arc::clone(&self.store);
        let since = now.wall.minus(Span::from_secs(u64::from(TRACKED_DAYS) * 86_400));
        self.tracking = Some(tokio::spawn(async move {
            let read = within(store.proofs(since)).await;
            read.inspect_err(|sentence| {
                tracing::warn!(sentence, "the results of past commands could not be read");
            })
            .ok()
        }));
    }

    /// Takes the record as it was read, and what came meanwhile.
    pub(super) fn tracked(&mut self, read: Option<Vec<Entry>>) {
        let Some(entries) = read else { return };
        let last = entries.last().map_or(0, |entry| entry.number);
        let mut tracks = Tracks::new();
        let since = self.proofs.drain(..).filter(|entry| entry.number > last);
        for entry in entries.into_iter().chain(since) {
            if let Some(event) = &entry.event {
                tracks.take(event, entry.at);
            }
        }
        self.tracks = Some(tracks);
    }

    /// Takes what was committed.
    pub(super) fn proved(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Some(event) = entry.event.as_ref().filter(|event| Tracks::takes(event)) else {
                continue;
            };
            if self.tracking.is_some() {
                self.proofs.push(entry.clone());
            }
            if let Some(tracks) = &mut self.tracks {
                tracks.take(event, entry.at);
            }
        }
    }
}
