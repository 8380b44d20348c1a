//! What the facts of a review are read from: history around an incident, and the incidents that it is
//! compared with.

use commands::{audit::AuditFilter, reading::HistoryFilter};
use domain::{
    breach::{Breach, BreachKey},
    error::Error,
    id::IncidentNumber,
    incident::Incident,
    journal::Entry,
    review::ReviewFacts,
    time::{Span, Timestamp},
    unit::Unit,
};
use engine::review::{
    ACTION_WINDOW, ActionValues, LOOK_BACK, Onset, Source, StepTimes, actions, facts, first_told,
    onset, opening_breach,
};

use crate::{
    service::{failure::refuse, inner::Inner},
    store::StoreError,
};

/// The time in which incidents are compared.
const COMPARED: Span = Span::from_mins(90 * 24 * 60);
/// The most incidents that are compared: the newest. Each costs a look at its history.
const MOST_COMPARED: usize = 50;
/// The most that are looked through for them: one that is active tells nothing yet.
const LOOKED_THROUGH: u32 = 200;
/// The most signals and actions that are looked at.
const MOST_LOOKED_AT: usize = 12;
/// The most entries of a kind about an incident that are read to find the first one.
const OF_KIND: u32 = 500;

impl Inner {
    /// The facts of a review, and the number of incidents that it was compared with.
    pub(super) async fn review_facts(
        &self,
        incident: &Incident,
        entries: &[Entry],
    ) -> Result<(ReviewFacts, u32), Error> {
        let mut onsets = Vec::new();
        for known in incident.breaches.iter().take(MOST_LOOKED_AT) {
            let first = first_told(entries, &known.breach);
            onsets.push((first.key.clone(), self.onset_of(first).await));
        }
        let actions = self.action_values(incident).await;
        let past = self.past_times(incident.number).await.map_err(refuse)?;
        let compared = u32::try_from(past.len()).unwrap_or(u32::MAX);
        let (onsets, actions, past) = (&onsets, &actions, &past);
        Ok((facts(Source { incident, entries, onsets, actions, past }), compared))
    }

    /// The first deviation of a problem; not known where history can't be read.
    async fn onset_of(&self, breach: &Breach) -> Onset {
        let (from, to) = (breach.since.minus(LOOK_BACK), breach.since.plus(Span::from_micros(1)));
        let key = &breach.key;
        match self.course(key.subject.clone(), key.signal.clone(), from, to).await {
            Ok(series) => {
                let values = series.points.iter().map(|point| (point.at, point.mean));
                onset(&values.collect::<Vec<_>>(), breach)
            }
            Err(_) => onset(&[], breach),
        }
    }

    /// The values around what was done.
    async fn action_values(&self, incident: &Incident) -> Vec<ActionValues> {
        let mut found = Vec::new();
        for action in actions(incident).into_iter().take(MOST_LOOKED_AT) {
            let (began, acts) = (action.began_at, action.acts_from);
            let before = self.values(&action.key, began.minus(ACTION_WINDOW), began).await;
            let after = self.values(&action.key, acts, acts.plus(ACTION_WINDOW)).await;
            let known = incident.breach(&action.key).map(|known| known.breach.unit.clone());
            let unit = known.unwrap_or(Unit::Count);
            found.push(ActionValues { action, unit, before, after });
        }
        found
    }

    /// The values of a signal from a moment to another one; none where they can't be read.
    async fn values(&self, key: &BreachKey, from: Timestamp, to: Timestamp) -> Vec<f64> {
        let read = self.course(key.subject.clone(), key.signal.clone(), from, to).await;
        let points = read.map(|series| series.points).unwrap_or_default();
        let within = points.into_iter().filter(|point| from <= point.at && point.at < to);
        within.map(|point| point.mean).collect()
    }

    /// The times of the real incidents of the last 90 days that are over, without one.
    async fn past_times(&self, without: IncidentNumber) -> Result<Vec<StepTimes>, StoreError> {
        let from = Some(self.clock.now().wall.minus(COMPARED));
        let filter = HistoryFilter { from, practice: Some(false), ..HistoryFilter::default() };
        let found = self.store.past_incidents(&filter, LOOKED_THROUGH).await?;
        let is_over = found.iter().filter(|one| one.resolved_at.is_some() && one.number != without);
        let mut times = Vec::new();
        for one in is_over.take(MOST_COMPARED) {
            let Some(incident) = self.store.incident(one.number).await? else { continue };
            let onset = match opening_breach(&incident) {
                Some(breach) => self.onset_of(breach).await,
                None => Onset::Unknown,
            };
            let notified = self.first_of(one.number, "called").await?;
            // Reopening forgets who took note first.
            let acknowledged = match incident.reopened {
                0 => None,
                _ => self.first_of(one.number, "acknowledged").await?,
            };
            times.push(StepTimes::of(&incident, notified, acknowledged, onset));
        }
        Ok(times)
    }

    /// The time of the first entry of a kind about an incident.
    async fn first_of(
        &self,
        incident: IncidentNumber,
        kind: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (kind, incident) = (Some(kind.to_owned()), Some(incident));
        let filter = AuditFilter { incident, kind, ..AuditFilter::default() };
        let found = self.store.as_trail().trail(&filter, OF_KIND).await?;
        Ok(found.last().map(|(stored, _)| Timestamp::from_micros(stored.at_micros)))
    }
}
