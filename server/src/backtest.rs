//! Backtests: stored history through the thresholds in force and through proposed ones.

use std::sync::Arc;

use commands::backtest::{BacktestReport, Interruptions, ProposedThresholds};
use domain::{
    backtest::FoundIncident,
    breach::BreachKey,
    id::IncidentNumber,
    signals::Signals,
    time::{Span, Timestamp},
};
use engine::{
    backtest::{Backtest, Known, Proposal, Rollup, compare},
    baseline::HourOfHistory,
    evaluate::SeriesId,
};
use policy::thresholds::{Level, Row, Thresholds, Variant, variants};

use crate::{
    baselines::{LEARNED_FROM, Troubles, WithheldHours, hour_of, hours, is_relative},
    store::{Bucket, NamedSeries, RollupStep, Store, StoreError},
    time_zones::TeamZone,
    trials::OwnTurn,
};

/// History is read in parts of this length, in which so many series have a step for each minute: so
/// the memory is bounded.
const PART: Span = Span::from_mins(24 * 60);
const SERIES_OF_PART: u64 = 1_000;
/// The shortest part of more series, and the longest of fewer.
const SHORTEST_PART: Span = Span::from_mins(60);
const LONGEST_PART: Span = Span::from_mins(5 * 24 * 60);
/// Time from 22:00 to 07:00 is night.
const NIGHT: (i64, i64) = (7 * 60, 22 * 60);
const MINUTES_OF_A_DAY: i64 = 24 * 60;
const MINUTE: i64 = 60_000_000;

/// Changed thresholds, and how they differ from those in force.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The thresholds.
    pub thresholds: Arc<Thresholds>,
    /// The difference of the documents.
    pub difference: String,
}

/// The distance of the reader's time zone from UTC at a moment, in minutes.
pub type Offset<'a> = &'a (dyn Fn(Timestamp) -> i32 + Sync);

/// Judges what is stored since a moment, up to `now`. Nights are those of the reader, hours of the
/// week those of the team. `progress` is told after each part of history until when it was judged.
pub async fn backtest(
    store: &dyn Store,
    thresholds: Arc<Thresholds>,
    changed: Option<Changed>,
    (since, now): (Timestamp, Timestamp),
    (offset, zone): (Offset<'_>, &TeamZone),
    progress: &mut (dyn FnMut(Timestamp) + Send),
) -> Result<BacktestReport, StoreError> {
    let minutes_since = now.minus(RollupStep::Minute.kept()).max(since);
    let all = real_series(store).await?;
    let documents: Vec<Arc<Thresholds>> = std::iter::once(Arc::clone(&thresholds))
        .chain(changed.iter().map(|changed| Arc::clone(&changed.thresholds)))
        .collect();
    let judged: Vec<&NamedSeries> =
        all.iter().filter(|one| documents.iter().any(|document| is_about(document, one))).collect();
    let mut from = None;
    let mut found: Vec<Vec<FoundIncident>> = vec![Vec::new(); documents.len()];
    for (step, range) in
        [(RollupStep::Hour, (since, minutes_since)), (RollupStep::Minute, (minutes_since, now))]
    {
        let mut runs: Vec<Run<'_>> =
            documents.iter().map(|document| Run::new(document, step, &judged, zone)).collect();
        learn_before(store, &documents, &judged, range.0, &mut runs).await?;
        let mut part = range.0;
        while part < range.1 {
            let until = part.plus(part_of(judged.len())).min(range.1);
            let values = read(store, &judged, step, (part, until)).await?;
            if from.is_none() {
                from = values.first().map(|first| first.start);
            }
            runs.iter_mut().for_each(|run| run.take(&values));
            progress(until);
            part = until;
        }
        for (found, run) in found.iter_mut().zip(runs) {
            // What holds where hours end is judged anew by the minutes.
            found.extend(run.backtest.finish().into_iter().map(|one| FoundIncident {
                ended_at: one.ended_at.or((range.1 < now).then_some(range.1)),
                ..one
            }));
        }
    }
    let incidents = store.recent_incidents(from.unwrap_or(now)).await?;
    let known: Vec<Known> = incidents
        .iter()
        .filter(|one| from.is_some_and(|from| one.began_at >= from))
        .filter_map(Known::of)
        .collect();
    let nights = |at: &[Timestamp]| interruptions(at, offset);
    let mut found = found.into_iter();
    let (today, proposed) = (found.next().unwrap_or_default(), found.next());
    let alone = compare(&today, &[], &known);
    let mut not_found: Vec<IncidentNumber> = alone.unseen;
    not_found.sort_unstable();
    let proposed = changed.zip(proposed).map(|(changed, found)| {
        let comparison = compare(&today, &found, &known);
        ProposedThresholds {
            today: nights(&comparison.interruptions_today),
            proposed: nights(&comparison.interruptions_proposed),
            comparison,
            difference: changed.difference,
        }
    });
    Ok(BacktestReport {
        from,
        until: now,
        minutes_since,
        series: (judged.len(), all.len()),
        interruptions: nights(&alone.interruptions_today),
        found: today,
        known: known.len(),
        not_found,
        proposed,
    })
}

/// Lets runs learn what was usual before a moment, where a level is relative to it.
async fn learn_before(
    store: &dyn Store,
    documents: &[Arc<Thresholds>],
    series: &[&NamedSeries],
    since: Timestamp,
    runs: &mut [Run<'_>],
) -> Result<(), StoreError> {
    let is_wanted =
        |one: &NamedSeries| documents.iter().any(|all| is_relative(all, &one.subject, &one.signal));
    let wanted: Vec<(usize, &&NamedSeries)> =
        series.iter().enumerate().filter(|(_, one)| is_wanted(one)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let from = since.minus(LEARNED_FROM);
    let withheld = WithheldHours::stored(store).await?;
    let troubles = Troubles::of(&store.recent_incidents(from).await?, &withheld, (from, since));
    for (place, NamedSeries { subject, signal, .. }) in wanted {
        let range = (from, hour_of(since));
        let known = hours(store, &troubles, (subject, signal), range).await?;
        runs.iter_mut().for_each(|run| run.learn(place, &known));
    }
    Ok(())
}

/// The most steps of one row's signals that proposals are made from.
const MOST_VALUES: usize = 4_000_000;

/// The proposal for one row of the thresholds.
#[derive(Clone, Debug)]
pub struct RowProposal {
    /// The row.
    pub row: Row,
    /// Since when history was judged.
    pub since: Timestamp,
    /// The change.
    pub variant: Variant,
    /// The proposal: its reason, and its consequences.
    pub proposal: Proposal,
}

/// Tries small changes of every row on the minutes since a moment. Also the lines of the rows that
/// have too much history to be tried.
pub async fn propose(
    store: &dyn Store,
    (file, text): (&str, &str),
    signals: &'static Signals,
    (since, now): (Timestamp, Timestamp),
    progress: &mut (dyn FnMut(u32) + Send),
) -> Result<(Vec<RowProposal>, Vec<u32>), StoreError> {
    let Ok(thresholds) = Thresholds::parse(file, text, signals) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let proposer = Proposer {
        file,
        text,
        signals,
        thresholds: Arc::new(thresholds),
        range: (since.max(now.minus(RollupStep::Minute.kept())), now),
        most_values: MOST_VALUES,
    };
    let (mut proposals, mut skipped) = (Vec::new(), Vec::new());
    for row in proposer.thresholds.rows() {
        progress(row.line);
        match proposer.propose(store, row, None).await? {
            Some(found) => proposals.extend(found),
            None => skipped.push(row.line),
        }
    }
    Ok((proposals, skipped))
}

/// Tries small changes of rows of one document.
pub struct Proposer<'a> {
    /// The document's name.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The declared signals.
    pub signals: &'static Signals,
    /// The thresholds.
    pub thresholds: Arc<Thresholds>,
    /// The time whose minutes are judged.
    pub range: (Timestamp, Timestamp),
    /// The most steps of one row's signals that are held in memory.
    pub most_values: usize,
}

impl Proposer<'_> {
    /// The proposals for a row; `None` if it has too much history to be tried. Between two changes a
    /// person may have the turn.
    pub async fn propose(
        &self,
        store: &dyn Store,
        row: &Row,
        mut turn: Option<&mut OwnTurn>,
    ) -> Result<Option<Vec<RowProposal>>, StoreError> {
        // What is usual is not read for proposals: relative levels stay as they are.
        if matches!(row.base(), Some(Level::Usual(_))) {
            return Ok(Some(Vec::new()));
        }
        let Self { file, text, signals, thresholds, range, most_values } = self;
        let (since, now) = *range;
        let all = real_series(store).await?;
        let series: Vec<&NamedSeries> =
            all.iter().filter(|one| holds(thresholds, row, one)).collect();
        let days = usize::try_from(now.since(since).as_secs() / 86_400 + 1).unwrap_or(usize::MAX);
        if series.len().saturating_mul(days).saturating_mul(24 * 60) > *most_values {
            return Ok(None);
        }
        let values = read(store, &series, RollupStep::Minute, (since, now)).await?;
        // Nothing of it is relative to an hour.
        let zone = TeamZone::default();
        let run = |thresholds: &Arc<Thresholds>| {
            let mut run = Run::new(thresholds, RollupStep::Minute, &series, &zone);
            run.take(&values);
            run.backtest.finish()
        };
        let today = run(thresholds);
        if today.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let first = values.first().map_or(since, |first| first.start);
        // Also those of a time whose minutes are not read: of them nobody can tell what becomes.
        let (known, older): (Vec<Known>, Vec<Known>) = store
            .recent_incidents(since.min(now.minus(RollupStep::Minute.kept())))
            .await?
            .iter()
            .filter_map(Known::of)
            .filter(|one| one.keys.iter().any(|key| is_key(&series, key)))
            .partition(|one| one.began_at >= first);
        let variants = variants(file, text, row.line, signals);
        let mut tried: Vec<Vec<FoundIncident>> = Vec::with_capacity(variants.len());
        for variant in &variants {
            if let Some(turn) = turn.as_deref_mut() {
                turn.let_others_first().await;
            }
            let changed = Thresholds::parse(file, &variant.text, signals);
            tried.push(changed.map_or_else(|_| today.clone(), |changed| run(&Arc::new(changed))));
        }
        let found = engine::backtest::propose(&today, &tried, &known, &older);
        let proposals = found.into_iter().filter_map(|proposal| {
            let variant = variants.get(proposal.place)?.clone();
            Some(RowProposal { row: row.clone(), since: first, variant, proposal })
        });
        Ok(Some(proposals.collect()))
    }
}

/// True if a row is in force for a series.
fn holds(thresholds: &Thresholds, row: &Row, series: &NamedSeries) -> bool {
    let rows = thresholds.rows_for(series.signal.as_str(), series.subject.as_str());
    let in_force = [rows.level, rows.rate, rows.forecast];
    in_force.into_iter().flatten().any(|one| one.line == row.line)
}

fn is_key(series: &[&NamedSeries], key: &BreachKey) -> bool {
    series.iter().any(|one| one.subject == key.subject && one.signal == key.signal)
}

/// All series but those of practices, which count nowhere.
async fn real_series(store: &dyn Store) -> Result<Vec<NamedSeries>, StoreError> {
    let mut all = store.as_past().all_series().await?;
    all.retain(|one| !one.subject.is_practice());
    Ok(all)
}

/// The length of the parts in which so many series are read.
fn part_of(series: usize) -> Span {
    let series = u64::try_from(series).unwrap_or(u64::MAX).max(1);
    let part = PART.as_micros().saturating_mul(SERIES_OF_PART) / series;
    Span::from_micros(part).clamp(SHORTEST_PART, LONGEST_PART)
}

fn is_about(thresholds: &Thresholds, series: &NamedSeries) -> bool {
    !thresholds.rows_for(series.signal.as_str(), series.subject.as_str()).is_empty()
}

fn interruptions(at: &[Timestamp], offset: Offset<'_>) -> Interruptions {
    let is_night = |at: &&Timestamp| {
        let minutes = at.as_micros().div_euclid(MINUTE) + i64::from(offset(**at));
        let minute = minutes.rem_euclid(MINUTES_OF_A_DAY);
        minute < NIGHT.0 || minute >= NIGHT.1
    };
    Interruptions { all: at.len(), at_night: at.iter().filter(is_night).count() }
}

/// One step of one series.
#[derive(Clone, Copy, Debug)]
struct Value {
    start: Timestamp,
    /// The place of the series among the judged ones.
    place: u32,
    min: f64,
    max: f64,
    mean: f64,
    last: f64,
}

/// The values of a part of history, in the order of time.
async fn read(
    store: &dyn Store,
    series: &[&NamedSeries],
    step: RollupStep,
    range: (Timestamp, Timestamp),
) -> Result<Vec<Value>, StoreError> {
    let mut stored = Vec::with_capacity(series.len());
    for NamedSeries { subject, signal, .. } in series {
        stored.push(
            store.as_past().buckets(subject, signal, step, range, step.length()).await?.into_iter(),
        );
    }
    Ok(in_order(stored))
}

/// The steps of all series in the order of time. Those of each are in that order; within a step the
/// series keep theirs.
fn in_order(series: Vec<impl ExactSizeIterator<Item = Bucket>>) -> Vec<Value> {
    let mut values = Vec::with_capacity(series.iter().map(ExactSizeIterator::len).sum());
    let mut series: Vec<_> = series.into_iter().map(Iterator::peekable).collect();
    while let Some(start) =
        series.iter_mut().filter_map(|one| one.peek()).map(|bucket| bucket.start).min()
    {
        for (place, one) in (0_u32..).zip(&mut series) {
            values.extend(one.next_if(|bucket| bucket.start == start).map(|bucket| Value {
                start,
                place,
                min: bucket.min,
                max: bucket.max,
                mean: bucket.mean,
                last: bucket.last,
            }));
        }
    }
    values
}

/// History on its way through one document.
struct Run<'a> {
    backtest: Backtest,
    /// Beside the judged series: how this document names them, if it is about them.
    ids: Vec<Option<SeriesId>>,
    step: Vec<Rollup>,
    zone: &'a TeamZone,
}

impl<'a> Run<'a> {
    fn new(
        thresholds: &Arc<Thresholds>,
        step: RollupStep,
        series: &[&NamedSeries],
        zone: &'a TeamZone,
    ) -> Self {
        let mut backtest = Backtest::new(Arc::clone(thresholds), step.length());
        let ids =
            series.iter().map(|one| backtest.open(&one.subject, &one.signal, &one.unit)).collect();
        Self { backtest, ids, step: Vec::new(), zone }
    }

    /// Takes hours from before the first step of the series at a place.
    fn learn(&mut self, place: usize, hours: &[HourOfHistory]) {
        if let Some(series) = self.ids.get(place).copied().flatten() {
            for hour in hours {
                self.backtest.set_offset(self.zone.offset(hour.start));
                self.backtest.learn(series, hour);
            }
        }
    }

    fn take(&mut self, values: &[Value]) {
        for values in values.chunk_by(|one, other| one.start == other.start) {
            let Some(first) = values.first() else { continue };
            self.step.clear();
            self.step.extend(values.iter().filter_map(|value| {
                let series = self.ids.get(value.place as usize).copied().flatten()?;
                Some(Rollup {
                    series,
                    min: value.min,
                    max: value.max,
                    mean: value.mean,
                    last: value.last,
                })
            }));
            self.backtest.set_offset(self.zone.offset(first.start));
            self.backtest.step(first.start, &self.step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_the_order_of_time_and_series_in_theirs() {
        let bucket = |minute: i64| Bucket {
            start: Timestamp::from_micros(minute * MINUTE),
            min: 0.0,
            mean: 1.0,
            max: 2.0,
            last: 1.0,
            count: 4,
        };
        let all = [vec![3, 4, 9], vec![], vec![1, 3, 9, 10]];
        let series = all.map(|minutes: Vec<i64>| minutes.into_iter().map(bucket));
        let found =
            in_order(series.into_iter().map(|one| one.collect::<Vec<_>>().into_iter()).collect());
        let found: Vec<(i64, u32)> =
            found.iter().map(|value| (value.start.as_micros() / MINUTE, value.place)).collect();
        assert_eq!(found, [(1, 2), (3, 0), (3, 2), (4, 0), (9, 0), (9, 2), (10, 2)]);
    }

    #[test]
    fn fewer_series_are_read_in_longer_parts_and_the_memory_is_bounded() {
        for (series, hours) in [(0, 120), (1, 120), (200, 120), (400, 60), (1_000, 24), (50_000, 1)]
        {
            assert_eq!(part_of(series), Span::from_mins(60 * hours), "{series}");
        }
    }

    #[test]
    fn a_night_is_one_of_the_readers_time_zone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let times =
            [at("2026-11-20T21:30:00Z"), at("2026-11-20T06:30:00Z"), at("2026-11-20T12:00:00Z")];
        let count = |offset: i32| interruptions(&times, &move |_| offset).at_night;
        assert_eq!((count(0), count(60), count(-60)), (1, 1, 1));
        assert_eq!((count(30), count(600), count(-120)), (1, 1, 1));
    }
}
