//! The monitor's knowledge about recovery: which commands are recommended, and what worked before.

use std::sync::Arc;

use crate::{
    monitor::{Monitor, similar_lookup::Asked, time_limit::within},
    service::similar::helped_before,
};
use domain::{
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    time::{Now, Span},
};
use engine::recommender::{self, HelpedIn, Scene, TRACKED_DAYS, Tracks};

/// The interval of reading the track record anew, so that what is too old leaves it; and how soon
/// after a failure.
const TRACK_EVERY: Span = Span::from_secs(6 * 3_600);
const TRACK_AGAIN: Span = Span::from_secs(10);

impl Monitor {
    /// The events to record about recommendations, once the host was looked at and the track record
    /// is known.
    pub(super) fn recommend(&mut self, now: Now) -> Vec<Event> {
        self.track(now);
        self.look_for_similar(now);
        let recovery = self.parts.service.recovery();
        let (Some(hints), Some(tracks)) = (recovery.hints(), &self.tracks) else {
            return Vec::new();
        };
        // What is stored may be otherwise: it is read anew first.
        if self.stale {
            return Vec::new();
        }
        let (catalogue, facts) = (recovery.catalogue(), recovery.facts());
        let mut decided = recommender::decide(Scene {
            incidents: &self.known,
            policy: self.parts.documents.thresholds().policy(),
            catalogue: catalogue.as_deref(),
            facts: &facts,
            hints: &hints,
            tracks,
            host: &self.parts.host,
            now: now.wall,
        });
        // What is offered stays as it is: it is offered with what was learned, or a moment later.
        decided.retain(|event| match event {
            Event::Recommended { incident, .. } => !self.similar.is_awaited(*incident, now),
            _ => true,
        });
        decided
    }

    /// Asks for what helped in incidents like an active one: once, and again when a problem joined.
    fn look_for_similar(&mut self, now: Now) {
        let active = |number: IncidentNumber| {
            self.known.iter().any(|one| one.number == number && one.is_active())
        };
        self.similar.asked.retain(|number, _| active(*number));
        if let Some(tracks) = &mut self.tracks {
            tracks.keep_helped(active);
        }
        if self.similar.task.is_some() || self.tracks.is_none() {
            return;
        }
        let is_due = |one: &&Incident| {
            let asked = self.similar.asked.get(&one.number);
            one.is_active()
                && !one.is_practice()
                && asked.is_none_or(|asked| asked.problems != Some(one.breaches.len()))
        };
        let Some(one) = self.known.iter().find(is_due) else { return };
        let (number, problems) = (one.number, Some(one.breaches.len()));
        let at = self.similar.asked.get(&number).map_or(now.mono, |asked| asked.at);
        self.similar.asked.insert(number, Asked { problems, at, answered: false });
        let store = Arc::clone(&self.store);
        self.similar.task = Some(tokio::spawn(async move {
            let read = within(helped_before(&*store, number)).await;
            let helped = read
                .inspect_err(|sentence| {
                    tracing::info!(sentence, "similar incidents could not be looked up");
                })
                .unwrap_or_default();
            (number, helped)
        }));
    }

    /// Takes what helped in incidents like an active one.
    pub(super) fn found_similar(&mut self, found: Option<(IncidentNumber, Vec<HelpedIn>)>) {
        let Some((number, helped)) = found else { return };
        if let Some(asked) = self.similar.asked.get_mut(&number) {
            asked.answered = true;
        }
        if let Some(tracks) = &mut self.tracks {
            tracks.take_helped(number, helped);
        }
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
        if let Some(known) = self.tracks.take() {
            tracks.take_helped_of(known);
        }
        self.tracks = Some(tracks);
    }

    /// Takes what was committed.
    pub(super) fn proved(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Some(event) = entry.event.as_ref().filter(|event| Tracks::takes(event)) else {
                continue;
            };
            // What was rated may be what helped in a similar incident.
            if matches!(event, Event::RecommendationRated { .. }) {
                self.similar.ask_again();
            }
            if self.tracking.is_some() {
                self.proofs.push(entry.clone());
            }
            if let Some(tracks) = &mut self.tracks {
                tracks.take(event, entry.at);
            }
        }
    }
}
