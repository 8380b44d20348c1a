//! The recording for replays, gathered while the monitor runs: everything that decides, in its
//! order.

use commands::view::Document;
use domain::{
    announcements::Announcements,
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    reason::FailureReason,
    signal::Signal,
    subject::Subject,
    time::{Now, Span, Timestamp},
    unit::Unit,
    usual::Usual,
};
use engine::{
    evaluate::{Engine, SeriesId},
    replay::{Bundle, Checkpoint, Input, Recorder, SeriesName},
};

/// The most that is kept, in inputs; an event counts for many.
const MOST: usize = 60_000;

/// See the module.
#[derive(Debug)]
pub struct Recording {
    recorder: Recorder,
    /// By series: whether its unit was recorded.
    with_unit: Vec<bool>,
    /// The announcements, as they were recorded last.
    announcements: Announcements,
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            recorder: Recorder::new(MOST),
            with_unit: Vec::new(),
            announcements: Announcements::default(),
        }
    }
}

/// The state beside the engine, for a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The incidents that the agent looks at.
    pub incidents: &'a [Incident],
    /// The number that the next one gets.
    pub next_number: IncidentNumber,
    /// Since when time ran on evenly.
    pub steady_since: Timestamp,
    /// The announcements of people and programs.
    pub announcements: &'a Announcements,
}

impl Recording {
    /// Takes a checkpoint if one is due.
    pub fn checkpoint(
        &mut self,
        engine: &Engine,
        limit: usize,
        standing: Standing<'_>,
        documents: &[Document],
        now: Now,
    ) {
        if !self.recorder.is_due(now) {
            return;
        }
        self.announcements = standing.announcements.clone().without_words();
        self.recorder.checkpoint(Checkpoint {
            now,
            state: engine.checkpoint(now),
            limit,
            incidents: standing.incidents.iter().cloned().map(Incident::without_words).collect(),
            next_number: standing.next_number,
            steady_since: standing.steady_since,
            documents: documents
                .iter()
                .map(|document| (document.name.clone(), document.markdown.clone()))
                .collect(),
            announcements: self.announcements.clone(),
        });
    }

    /// A series was opened.
    pub fn series(
        &mut self,
        series: SeriesId,
        signal: &Signal,
        subject: &Subject,
        unit: Option<&Unit>,
    ) {
        let place = series.0 as usize;
        if self.with_unit.len() <= place {
            self.with_unit.resize(place + 1, false);
        }
        if let Some(with_unit) = self.with_unit.get_mut(place) {
            *with_unit = unit.is_some();
        }
        self.recorder.record(Input::Series(SeriesName {
            series,
            signal: signal.clone(),
            subject: subject.clone(),
            unit: unit.cloned(),
        }));
    }

    /// True if a unit of this series was recorded. A sender may give it later than the first value,
    /// and it decides from then on.
    pub fn knows_unit(&self, series: SeriesId) -> bool {
        self.with_unit.get(series.0 as usize).copied().unwrap_or(false)
    }

    /// A value came.
    pub fn observed(
        &mut self,
        series: SeriesId,
        value: f64,
        reason: Option<&FailureReason>,
        at: Timestamp,
        now: Now,
    ) {
        let reason = reason.cloned();
        self.recorder.record(Input::Observe { series, value, at, now, reason });
    }

    /// A series could not be seen.
    pub fn unseen(&mut self, series: SeriesId, reason: &FailureReason) {
        self.recorder.record(Input::Unseen { series, reason: reason.clone() });
    }

    /// Notes that a usual range became known.
    pub fn usual(&mut self, series: SeriesId, usual: Usual) {
        let Usual { value, range, recent, until, .. } = usual;
        self.recorder.record(Input::Usual { series, usual: Some(value), range, recent, until });
    }

    /// The interval at which its source is asked became known.
    pub fn interval(&mut self, series: SeriesId, interval: Span) {
        self.recorder.record(Input::Interval { series, interval });
    }

    /// Nothing could be observed for a while.
    pub fn blind(&mut self, span: Span, now: Now) {
        self.recorder.record(Input::Blind { span, now });
    }

    /// Time did not run on evenly before this.
    pub fn steady(&mut self, since: Timestamp) {
        self.recorder.record(Input::Steady { since });
    }

    /// A subject is gone.
    pub fn retired(&mut self, subject: &Subject) {
        self.recorder.record(Input::Retire { subject: subject.clone() });
    }

    /// The agent is about to look, and knows of this; recorded where it changed.
    pub fn announced(&mut self, announcements: &Announcements) {
        let announcements = announcements.clone().without_words();
        if self.announcements != announcements {
            self.announcements = announcements.clone();
            self.recorder.record(Input::Announced { announcements });
        }
    }

    /// A series came to rest.
    pub fn rested(&mut self, signal: &Signal, subject: &Subject) {
        self.recorder.record(Input::Rest { signal: signal.clone(), subject: subject.clone() });
    }

    /// A document came into force.
    pub fn document(&mut self, name: &str, text: &str, now: Now) {
        self.recorder.record(Input::Document { name: name.to_owned(), text: text.to_owned(), now });
    }

    /// The incidents were read anew from what is stored.
    pub fn incidents(&mut self, incidents: &[Incident], next_number: IncidentNumber) {
        self.recorder.record(Input::Incidents {
            incidents: incidents.iter().cloned().map(Incident::without_words).collect(),
            next_number,
        });
    }

    /// Entries were committed. Evidence stays on the incident's page.
    pub fn committed(&mut self, entries: &[Entry]) {
        // What was committed before and is sent late comes together with what others did at another
        // time.
        for change in entries.chunk_by(|one, other| (one.actor, one.at) == (other.actor, other.at))
        {
            self.applied(change);
        }
    }

    fn applied(&mut self, change: &[Entry]) {
        let Some(first) = change.first() else { return };
        let events = change
            .iter()
            .filter_map(|entry| entry.event.as_ref())
            .filter(|event| event.incident().is_some());
        let events: Vec<Event> = events
            .map(|event| match event {
                Event::SnapshotSaved { incident, snapshot } => Event::SnapshotSaved {
                    incident: *incident,
                    snapshot: Box::new(snapshot.without_body()),
                },
                // What people wrote decides nothing, and a bundle is sent around.
                other => other.clone().without_words(),
            })
            .collect();
        if !events.is_empty() {
            self.recorder.record(Input::Applied { events, actor: first.actor, at: first.at });
        }
    }

    /// The engine looked.
    pub fn ticked(&mut self, now: Now) {
        self.recorder.record(Input::Tick { now });
    }

    /// The agent decided.
    pub fn decided(&mut self, now: Now, events: &[Event]) {
        self.recorder.decided(now, events);
    }

    /// All of it.
    pub fn bundle(&self) -> Option<Bundle> {
        self.recorder.bundle()
    }
}
