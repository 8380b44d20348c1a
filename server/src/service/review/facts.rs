//! The source of a review's facts: history around an incident, and the incidents that it is
//! compared with.

use commands::{audit::AuditFilter, reading::HistoryFilter, view::SeriesPoint};
use domain::{
    breach::{Breach, BreachKey},
    error::{Entity, Error},
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
/// The length of the longest roll-ups.
const HOUR: Span = Span::from_mins(60);
/// The most signals and actions that are looked at.
const MOST_LOOKED_AT: usize = 12;
/// The most entries of a kind about an incident that are read to find the first one.
const OF_KIND: u32 = 500;

/// True for a point that tells of a time within two moments. A mean of an hour does not: it stands
/// for itself, or is due again, for at least that long.
fn tells_within(point: &SeriesPoint, from: Timestamp, to: Timestamp) -> bool {
    let is_of_an_hour = point.until.since(point.at) >= HOUR;
    !is_of_an_hour && from <= point.at && point.at < to
}

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
            onsets.push((first.key.clone(), self.onset_of(first).await?));
        }
        let actions = self.action_values(incident).await?;
        let past = self.past_times(incident.number).await?;
        let notified = self.first_of(incident.number, "called").await.map_err(refuse)?;
        let compared = u32::try_from(past.len()).unwrap_or(u32::MAX);
        let (onsets, actions, past) = (&onsets, &actions, &past);
        let source = Source { incident, entries, notified, onsets, actions, past };
        Ok((facts(source), compared))
    }

    /// The first deviation of a problem.
    async fn onset_of(&self, breach: &Breach) -> Result<Onset, Error> {
        let (from, to) = (breach.since.minus(LOOK_BACK), breach.since.plus(Span::from_micros(1)));
        let points = self.history_of(&breach.key, from, to).await?;
        let values: Vec<_> = points.iter().map(|point| (point.at, point.mean)).collect();
        Ok(onset(&values, breach))
    }

    /// The values around what was done.
    async fn action_values(&self, incident: &Incident) -> Result<Vec<ActionValues>, Error> {
        let mut found = Vec::new();
        for action in actions(incident).into_iter().take(MOST_LOOKED_AT) {
            let (began, acts) = (action.began_at, action.acts_from);
            let before = self.values(&action.key, began.minus(ACTION_WINDOW), began).await?;
            let after = self.values(&action.key, acts, acts.plus(ACTION_WINDOW)).await?;
            let known = incident.breach(&action.key).map(|known| known.breach.unit.clone());
            let unit = known.unwrap_or(Unit::Count);
            found.push(ActionValues { action, unit, before, after });
        }
        Ok(found)
    }

    /// The values of a signal from a moment to another one, shortly after each other.
    async fn values(
        &self,
        key: &BreachKey,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<f64>, Error> {
        let points = self.history_of(key, from, to).await?;
        Ok(points
            .iter()
            .filter(|point| tells_within(point, from, to))
            .map(|one| one.mean)
            .collect())
    }

    /// The history of a signal; none where there is no such series.
    async fn history_of(
        &self,
        key: &BreachKey,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<SeriesPoint>, Error> {
        match self.course(key.subject.clone(), key.signal.clone(), from, to).await {
            Ok(series) => Ok(series.points),
            Err(Error::NotFound(Entity::Series(..))) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The times of the real incidents of the last 90 days that are over, without one.
    async fn past_times(&self, without: IncidentNumber) -> Result<Vec<StepTimes>, Error> {
        let from = Some(self.clock.now().wall.minus(COMPARED));
        let filter = HistoryFilter { from, practice: Some(false), ..HistoryFilter::default() };
        let found = self.store.past_incidents(&filter, LOOKED_THROUGH).await.map_err(refuse)?;
        let is_over = found.iter().filter(|one| one.resolved_at.is_some() && one.number != without);
        let mut times = Vec::new();
        for one in is_over.take(MOST_COMPARED) {
            let incident = self.store.incident(one.number).await.map_err(refuse)?;
            let Some(incident) = incident else { continue };
            let onset = match opening_breach(&incident) {
                Some(breach) => self.onset_of(breach).await?,
                None => Onset::Unknown,
            };
            let notified = self.first_of(one.number, "called").await.map_err(refuse)?;
            // Reopening forgets who took note first.
            let acknowledged = if incident.reopened > 0 {
                self.first_of(one.number, "acknowledged").await.map_err(refuse)?
            } else {
                None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_an_hour_tells_nothing_of_ten_minutes() {
        let at = |minutes: i64| Timestamp::from_secs(minutes * 60);
        let tells = |from, until| {
            let (min, mean, max) = (1.0, 2.0, 3.0);
            let point = SeriesPoint { at: at(from), until: at(until), min, mean, max };
            tells_within(&point, at(0), at(10))
        };
        assert!(tells(0, 2) && tells(9, 11));
        assert!(!tells(-1, 2) && !tells(10, 12));
        assert!(!tells(0, 90), "an hour that begins with them");
    }
}
