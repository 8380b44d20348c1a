//! The page of one incident; while the database is away, as it was known last.

use std::time::Duration;

use commands::view;
use domain::{
    access::Principal,
    error::{Entity, Error},
    id::{IncidentNumber, RecommendationId},
    incident::Incident,
    journal::{Cursor, Entry, Event},
    reading::Reading,
    recommendation::Stage,
    snapshot::Snapshot,
    time::Span,
};
use wording::summary::incident_card;

use super::{failure::refuse, inner::Inner, readings::without_body};

/// Number of entries in a timeline.
const TIMELINE: u32 = 500;
/// Number of series on an incident's page.
const COURSES: usize = 6;

/// Similar incidents that are not found in this time are not waited for.
const SIMILAR_WITHIN: Duration = Duration::from_millis(300);

/// The state of an incident that is stored or remembered.
struct Stored {
    cursor: Cursor,
    incident: Option<Incident>,
    timeline: Vec<Entry>,
    snapshots: Vec<Snapshot>,
    trouble: Option<String>,
}

impl Inner {
    pub(super) async fn incident(
        &self,
        caller: &Principal,
        number: IncidentNumber,
    ) -> Result<view::IncidentPage, Error> {
        let read = async {
            // Read before everything else: the stream goes on from here, and what it repeats is
            // shown once more, never missed.
            let (cursor, _) = self.store.head().await?;
            let incident = self.store.incident(number).await?;
            let timeline = self.store.timeline(number, TIMELINE).await?;
            let snapshots = self.store.snapshots(number).await?;
            Ok(Stored { cursor, incident, timeline, snapshots, trouble: None })
        };
        let stored = match self.ask(read).await {
            Ok(stored) => stored,
            Err(error) => self.remembered(number).ok_or_else(|| refuse(error))?,
        };
        let Stored { cursor, incident, timeline, snapshots, trouble } = stored;
        let incident = incident.ok_or(Error::NotFound(Entity::Incident(number)))?;
        let until = incident
            .resolution
            .as_ref()
            .map_or_else(|| self.clock.now().wall, |end| end.at.plus(Span::from_mins(10)));
        let from = incident.began_at.minus(Span::from_mins(30));
        let mut series = Vec::new();
        for known in incident.breaches.iter().take(COURSES) {
            let key = &known.breach.key;
            series.extend(
                self.course(key.subject.clone(), key.signal.clone(), from, until).await.ok(),
            );
        }
        let shown = self.board.shown().readings;
        let takes_part = |reading: &&Reading| {
            incident.breaches.iter().any(|known| {
                known.breach.key.subject == reading.subject
                    && known.breach.key.signal == reading.signal
            })
        };
        let subjects = incident.subjects();
        let is_related = |other: &&Incident| {
            other.is_active()
                && other.number != number
                && other.subjects().into_iter().any(|subject| subjects.contains(&subject))
        };
        let at_hand = self.at_hand().await.ok().or_else(|| self.last_at_hand());
        let related = at_hand.map(|at_hand| {
            at_hand.incidents.iter().filter(is_related).map(incident_card).collect()
        });
        // That they can't be read is no reason not to show the incident.
        let similar = match trouble {
            None => tokio::time::timeout(SIMILAR_WITHIN, self.similar(&incident))
                .await
                .ok()
                .and_then(Result::ok)
                .unwrap_or_default(),
            Some(_) => Vec::new(),
        };
        let outputs = match self.outputs(&incident).await {
            Err(_) if trouble.is_some() => Vec::new(),
            outputs => outputs?,
        };
        let (notified, unreached) = match self.notified(&incident).await {
            Err(_) if trouble.is_some() => Default::default(),
            told => told?,
        };
        Ok(view::IncidentPage {
            cursor,
            trouble,
            notified,
            unreached,
            timeline: timeline.into_iter().map(without_body).collect(),
            snapshots,
            series,
            checked_at: shown.checked_at,
            readings: shown.readings.iter().filter(takes_part).cloned().collect(),
            related: related.unwrap_or_default(),
            similar,
            inspections: self.offered_inspections(&incident),
            outputs,
            commands: match self.recovery.catalogue() {
                None => view::CommandsState::Mistaken,
                Some(_) if self.recovery.facts().lacks_pm2() => view::CommandsState::NoPm2,
                Some(_) => view::CommandsState::Ready,
            },
            names: self.names().await?,
            reader: self.reader(caller).await?,
            incident,
        })
    }

    /// The state of an incident in memory while the database is away.
    fn remembered(&self, number: IncidentNumber) -> Option<Stored> {
        let at_hand = self.last_at_hand()?;
        let incident = at_hand.incidents.iter().find(|incident| incident.number == number)?.clone();
        let trouble =
            self.away().map(|(since, fault)| wording::error::from_memory(since, &fault))?;
        Some(Stored {
            cursor: at_hand.cursor,
            incident: Some(incident),
            timeline: Vec::new(),
            snapshots: Vec::new(),
            trouble: Some(trouble),
        })
    }

    /// The outputs of the runs of an incident: of one that is over, as the journal keeps it.
    pub(super) async fn outputs(&self, incident: &Incident) -> Result<Vec<view::RunOutput>, Error> {
        let mut outputs = Vec::new();
        let mut kept = false;
        for one in &incident.recommendations {
            let id = RecommendationId { incident: incident.number, place: one.place };
            outputs.extend(self.recovery.output(id));
            kept |= matches!(one.stage, Stage::Ended(_));
        }
        if kept {
            for entry in self.store.timeline(incident.number, TIMELINE).await.map_err(refuse)? {
                if let Some(Event::RunEnded { place, output, .. }) = entry.event {
                    outputs.retain(|output| output.place != place);
                    outputs.push(view::RunOutput { place, text: output, open: false });
                }
            }
        }
        Ok(outputs)
    }
}
