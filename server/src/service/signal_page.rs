//! The history of one signal: its values over a period, and everything that explains them. Without
//! the database, what memory has.

use std::cmp::Reverse;

use commands::{
    reading::GetSignal,
    signal_page::{SignalEvent, SignalIncident, SignalPage, ThresholdRule, UsualSpan},
    view::{BlindSpan, Series, SeriesPoint},
};
use domain::{
    change::{LONGEST_AGO, ReportedChange},
    error::{Entity, Error},
    incident::Incident,
    journal::{Cursor, Event},
    recommendation::{Recommendation, Stage},
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
    usual::UsualRange,
};
use engine::baseline::RANGE_HOLDS_FOR;
use policy::thresholds::{Effective, Level, Row, Thresholds};
use wording::summary::incident_card;

use super::{
    buckets::{Plan, Source, first_minute, merged, split},
    failure::refuse,
    inner::Inner,
};
use crate::{
    baselines::hour_of,
    store::{BLIND_SPANS, RollupStep, StoreError, StoredSeries},
    time_zones::TeamZone,
};

/// One week: the line beside the values is so much older.
const WEEK: Span = Span::from_mins(7 * 24 * 60);
const HOUR: Span = Span::from_mins(60);
/// The most incidents about a subject that are read.
const MOST_INCIDENTS: u32 = 200;
/// The most reported changes that are read.
const MOST_CHANGES: u32 = 500;
/// The most incidents that are listed, and the most events.
const MOST_LISTED: usize = 50;

/// A period, from beginning to end.
type Range = (Timestamp, Timestamp);

/// Everything that is stored of a period.
#[derive(Default)]
struct Stored {
    cursor: Cursor,
    series: Option<StoredSeries>,
    points: Vec<SeriesPoint>,
    week_before: Vec<SeriesPoint>,
    incidents: Vec<Incident>,
    changes: Vec<ReportedChange>,
    has_more: bool,
    blind: Vec<BlindSpan>,
}

impl Inner {
    pub(super) async fn signal(&self, asked: GetSignal) -> Result<SignalPage, Error> {
        let GetSignal { subject, signal, period } = asked;
        let now = self.clock.now().wall;
        let range = period.bounds(now)?;
        let plan = Plan::new(range.0, range.1, now);
        // Memory may reach a moment further than the time at which was asked.
        let end = if range.1 == now { Timestamp::MAX } else { range.1 };
        let recent = self.board.values(&subject, &signal, plan.minutes.0, end);
        let (unit, recent) =
            recent.map_or((None, Vec::new()), |(unit, recent)| (Some(unit), recent));
        let read = self.stored_period(&subject, &signal, range, plan, &recent);
        let (stored, failed) = match self.ask(read).await {
            Ok(stored) => (stored, None),
            Err(error) => (Stored::default(), Some(error)),
        };
        let known = unit.or_else(|| stored.series.as_ref().map(|series| series.unit.clone()));
        let Some(unit) = known else {
            return Err(
                failed.map_or_else(|| Error::NotFound(Entity::Signal(subject, signal)), refuse)
            );
        };
        let trouble = failed.map(|error| match self.away() {
            Some((since, fault)) => wording::signal::from_memory(since, &fault),
            None => wording::error::sentence(&refuse(error)),
        });
        let points = if trouble.is_some() {
            merged(plan.width, &[Source::singles(&recent)])
        } else {
            stored.points
        };
        let (warning, critical) = self.board.levels(&subject, &signal, &unit);
        let thresholds = self.board.thresholds();
        let effective = thresholds.as_deref().map(|all| in_force(all, &signal, &subject, &unit));
        let (thresholds, no_data_after_seconds) =
            effective.as_ref().map_or((Vec::new(), None), rules);
        let (events, more_events) =
            listed(events(&subject, &stored.incidents, stored.changes, range));
        let (incidents, more_incidents) =
            listed(passages(&subject, &signal, &stored.incidents, range));
        let declared = domain::signals::declared().get(signal.as_str());
        let last_at = stored.series.and_then(|series| series.last_at);
        let proposals = if thresholds.is_empty() || trouble.is_some() {
            Vec::new()
        } else {
            let signals = vec![(subject.clone(), signal.clone())];
            self.offered_thresholds(signals).await.unwrap_or_default()
        };
        let uptime = match &trouble {
            None => self.uptime_of(&subject, &signal).await.unwrap_or_default(),
            Some(_) => None,
        };
        let zone = self.zone();
        let usual = self.usual_spans(&subject, &signal, range, &zone);
        let usual = where_heard(usual, &points, plan.width);
        Ok(SignalPage {
            uptime,
            usual,
            usual_zone: zone.name().to_owned(),
            proposals: proposals.into_iter().map(|one| one.proposal).collect(),
            cursor: stored.cursor,
            meaning: declared.map(|info| info.meaning.to_string()).unwrap_or_default(),
            from: range.0,
            to: range.1,
            is_current: range.1 == now,
            step_seconds: plan.width.as_secs_f64(),
            week_before: stored.week_before,
            checked_at: self.board.shown().readings.checked_at,
            reading: self.board.reading(&subject, &signal),
            last_at: last_at.filter(|_| points.is_empty()),
            thresholds,
            no_data_after_seconds,
            incidents,
            events,
            has_more: stored.has_more || more_events || more_incidents,
            blind: stored.blind,
            trouble,
            series: Series { subject, signal, unit, warning, critical, points },
        })
    }

    /// The usual range in each hour of a period of up to a week.
    fn usual_spans(
        &self,
        subject: &Subject,
        signal: &Signal,
        (from, to): Range,
        zone: &TeamZone,
    ) -> Vec<UsualSpan> {
        let baselines = self.set_up.get().map(|set_up| &set_up.baselines);
        let Some(baseline) = baselines.and_then(|all| all.of(subject, signal)) else {
            return Vec::new();
        };
        if to.since(from) > WEEK {
            return Vec::new();
        }
        let hours = std::iter::successors(Some(hour_of(from)), |hour| Some(hour.plus(HOUR)));
        let span = |hour: Timestamp| {
            let usual = baseline.usual(zone.local(hour))?;
            let UsualRange { low, high } = usual.range?;
            let (from, to) = (hour.max(from), hour.plus(HOUR).min(to));
            Some(UsualSpan { from, to, value: usual.value, low, high })
        };
        hours.take_while(|hour| *hour < to).filter_map(span).collect()
    }

    async fn stored_period(
        &self,
        subject: &Subject,
        signal: &Signal,
        range: Range,
        plan: Plan,
        recent: &[(Timestamp, f64)],
    ) -> Result<Stored, StoreError> {
        // Read before everything else: the stream goes on from here.
        let (cursor, _) = self.store.head().await?;
        let past = self.store.as_past();
        let series = past.series(subject, signal).await?;
        let points = self.points(subject, signal, plan, recent).await?;
        let week_before = if range.1.since(range.0) <= WEEK {
            let moved = |at: Timestamp| at.minus(WEEK);
            let before = Plan {
                width: plan.width,
                hours: (moved(plan.hours.0), moved(plan.hours.1)),
                minutes: (moved(plan.minutes.0), moved(plan.minutes.1)),
            };
            let later = |point: SeriesPoint| SeriesPoint {
                at: point.at.plus(WEEK),
                until: point.until.plus(WEEK),
                ..point
            };
            let points = self.points(subject, signal, before, &[]).await?;
            points.into_iter().map(later).collect()
        } else {
            Vec::new()
        };
        let incidents = past.incidents_about(subject, range, MOST_INCIDENTS).await?;
        // A change may be reported a day after it was made.
        let reported = (range.0, range.1.plus(LONGEST_AGO));
        let entries = past.changes_reported(reported, MOST_CHANGES).await?;
        let has_more =
            incidents.len() >= MOST_INCIDENTS as usize || entries.len() >= MOST_CHANGES as usize;
        let change = |event: Option<Event>| match event {
            Some(Event::ChangeReported { change }) => Some(*change),
            _ => None,
        };
        let mut blind = self.store.blind_spans(range.0, BLIND_SPANS).await?;
        blind.retain(|span| span.from < range.1);
        Ok(Stored {
            cursor,
            series,
            points,
            week_before,
            incidents,
            changes: entries.into_iter().filter_map(|entry| change(entry.event)).collect(),
            has_more,
            blind,
        })
    }

    /// The values of a plan: hours, minutes, and what memory has.
    async fn points(
        &self,
        subject: &Subject,
        signal: &Signal,
        plan: Plan,
        recent: &[(Timestamp, f64)],
    ) -> Result<Vec<SeriesPoint>, StoreError> {
        let past = self.store.as_past();
        let buckets = |step, range: Range| async move {
            if range.0 >= range.1 {
                return Ok(Vec::new());
            }
            past.buckets(subject, signal, step, range, plan.width).await
        };
        let in_first_minute = match first_minute(recent) {
            Some((from, to)) => {
                let found =
                    self.store.rollups(subject, signal, RollupStep::Minute, from, to).await?;
                found.iter().map(|rollup| u64::from(rollup.count)).sum()
            }
            None => 0,
        };
        let (end, recent) = split(recent, in_first_minute).unwrap_or((plan.minutes.1, &[]));
        let hours = buckets(RollupStep::Hour, plan.hours).await?;
        let minutes =
            buckets(RollupStep::Minute, (plan.minutes.0, plan.minutes.1.min(end))).await?;
        let sources = [Source::hours(hours), Source::minutes(minutes), Source::singles(recent)];
        Ok(merged(plan.width, &sources))
    }
}

/// The spans of whole hours as far as they are known to what judges by them: where a value came in
/// the hour, or not long before it.
fn where_heard(spans: Vec<UsualSpan>, points: &[SeriesPoint], width: Span) -> Vec<UsualSpan> {
    let known = |span: UsualSpan| {
        let before = points.partition_point(|point| point.at < span.to);
        let last = points.get(before.checked_sub(1)?)?;
        // The hour of the last moment that the point is of.
        let moment = last.at.plus(width.max(Span::from_micros(1))).minus(Span::from_micros(1));
        let to = hour_of(moment).plus(HOUR).plus(RANGE_HOLDS_FOR).min(span.to);
        (to > span.from).then_some(UsualSpan { to, ..span })
    };
    spans.into_iter().filter_map(known).collect()
}

/// The first of a list that is shown, and whether there are more.
fn listed<T>(mut all: Vec<T>) -> (Vec<T>, bool) {
    let more = all.len() > MOST_LISTED;
    all.truncate(MOST_LISTED);
    (all, more)
}

/// The times at which the signal was past its threshold, newest first.
fn passages(
    subject: &Subject,
    signal: &Signal,
    incidents: &[Incident],
    (from, to): Range,
) -> Vec<SignalIncident> {
    let passage = |incident: &Incident| {
        let known = incident.breaches.iter().find(|known| {
            known.breach.key.subject == *subject && known.breach.key.signal == *signal
        })?;
        let end = known.cleared_at.or(incident.resolution.as_ref().map(|end| end.at));
        let is_in = known.breach.since < to && end.is_none_or(|end| end >= from);
        is_in.then(|| SignalIncident {
            card: incident_card(incident),
            severity: known.breach.severity,
            from: known.breach.since,
            to: end,
        })
    };
    incidents.iter().filter_map(passage).collect()
}

/// Start of the run of a recommendation, if it was run.
const fn started_at(one: &Recommendation) -> Option<Timestamp> {
    match &one.stage {
        Stage::Running { started_at, .. } => Some(*started_at),
        Stage::Ended(ended) if ended.has_run() => Some(ended.started_at),
        _ => None,
    }
}

/// Commands that ran for incidents about a subject, and changes that may have touched it; newest
/// first.
fn events(
    subject: &Subject,
    incidents: &[Incident],
    changes: Vec<ReportedChange>,
    (from, to): Range,
) -> Vec<SignalEvent> {
    let runs = incidents.iter().flat_map(|incident| {
        incident.recommendations.iter().filter_map(|one| {
            let outcome = match &one.stage {
                Stage::Ended(ended) => Some(ended.outcome.clone()),
                _ => None,
            };
            Some(SignalEvent::Run {
                at: started_at(one)?,
                incident: incident.number,
                title: one.title.clone(),
                outcome,
            })
        })
    });
    let changes = changes.into_iter().filter(|change| change.touches(subject));
    let changes = changes.map(|change| SignalEvent::Change { change });
    let mut events: Vec<SignalEvent> =
        runs.chain(changes).filter(|event| event.at() >= from && event.at() < to).collect();
    events.sort_by_key(|event| Reverse(event.at()));
    events
}

/// The rows in force for a signal whose unit can be compared with it.
fn in_force<'a>(
    thresholds: &'a Thresholds,
    signal: &Signal,
    subject: &Subject,
    unit: &Unit,
) -> Effective<'a> {
    let fits = |row: &&Row| row.unit.as_ref().is_none_or(|known| known == unit);
    let effective = thresholds.rows_for(signal.as_str(), subject.as_str());
    Effective {
        level: effective.level.filter(fits),
        rate: effective.rate.filter(fits),
        forecast: effective.forecast.filter(fits),
        silence: effective.silence,
    }
}

/// The thresholds of a signal as facts, and after how many seconds silence alerts.
fn rules(effective: &Effective<'_>) -> (Vec<ThresholdRule>, Option<f64>) {
    let rule = |row: &Row| ThresholdRule {
        warning: row.warning.map(Level::crossing),
        critical: row.critical.map(Level::crossing),
        warning_for_seconds: row.warning_for.as_secs_f64(),
        critical_for_seconds: row.critical_for.as_secs_f64(),
        recovers_at: match row.recovers_at.or_else(|| row.base()) {
            Some(Level::Above(level) | Level::Below(level)) => Some(level),
            Some(Level::Usual(_) | Level::Rises { .. } | Level::Reaches { .. }) | None => None,
        },
        guidance: row.guidance.clone(),
    };
    let rows = [effective.level, effective.rate, effective.forecast];
    let silence = effective.silence.and_then(|row| row.no_data_after);
    (rows.into_iter().flatten().map(rule).collect(), silence.map(Span::as_secs_f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_range_is_told_where_values_came_and_no_longer_than_it_holds() {
        let minute = |minute: u64| hour_of(fixtures::at(0)).plus(Span::from_mins(minute));
        let span = |hour: u64| UsualSpan {
            from: minute(hour * 60),
            to: minute(hour * 60 + 60),
            value: 2.0,
            low: 1.0,
            high: 3.0,
        };
        let point = |at: u64| SeriesPoint {
            at: minute(at),
            until: minute(at + 10),
            min: 2.0,
            mean: 2.0,
            max: 2.0,
        };
        let points: Vec<SeriesPoint> = (60..120).chain(500..520).step_by(5).map(point).collect();
        let told = where_heard((0..12).map(span).collect(), &points, Span::from_mins(5));
        let told: Vec<(Timestamp, Timestamp)> =
            told.iter().map(|span| (span.from, span.to)).collect();
        let whole = |hour: u64| (minute(hour * 60), minute(hour * 60 + 60));
        let half = |hour: u64| (minute(hour * 60), minute(hour * 60 + 30));
        assert_eq!(told, [whole(1), whole(2), half(3), whole(8), whole(9), half(10)]);
        assert_eq!(where_heard(vec![span(0)], &[], Span::from_mins(5)), []);
    }
}
