//! The recent past of every series at full resolution, in memory; and the roll-ups that go to the
//! database in batches.

use std::collections::{HashMap, VecDeque};

use commands::day::Heard;
use domain::{
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};
use engine::evaluate::SeriesId;

use crate::store::{Rollup, RollupStep};

/// The most values kept of one series.
const MOST_POINTS: usize = 720;
/// The longest time that a value is kept at full resolution.
pub const LONGEST: Span = Span::from_mins(60);
/// The most roll-ups that wait for a database that is away: about a day of 50 signals.
const MOST_WAITING: usize = 100_000;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// The values of one minute or hour so far.
#[derive(Clone, Copy, Debug)]
struct Gathered {
    start: i64,
    min: f64,
    max: f64,
    sum: f64,
    last: f64,
    count: u32,
}

impl Gathered {
    fn new(start: i64, value: f64) -> Self {
        Self { start, min: value, max: value, sum: value, last: value, count: 1 }
    }

    fn take(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.last = value;
        self.count = self.count.saturating_add(1);
    }

    fn join(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.last = other.last;
        self.count = self.count.saturating_add(other.count);
    }
}

#[derive(Debug)]
struct Series {
    subject: Subject,
    signal: Signal,
    unit: Unit,
    /// The times (microseconds since 1970) and values, oldest first.
    points: VecDeque<(i64, f64)>,
    /// The minutes in which a value came.
    heard: Heard,
    /// The means of the minutes before the start of the program, oldest first.
    earlier: Vec<(i64, f64)>,
    minute: Option<Gathered>,
    hour: Option<Gathered>,
}

/// Roll-ups that wait to be written, oldest first, within bounds: a database that is away must not
/// fill the memory.
#[derive(Debug, Default)]
struct Waiting {
    rollups: VecDeque<Rollup>,
    dropped: u64,
}

impl Waiting {
    fn push(&mut self, rollup: Rollup) {
        if self.rollups.len() >= MOST_WAITING {
            self.rollups.pop_front();
            self.drop_one();
        }
        self.rollups.push_back(rollup);
    }

    fn drop_one(&mut self) {
        if self.dropped == 0 {
            tracing::warn!(
                most = MOST_WAITING,
                "too many roll-ups are waiting for the database; the oldest are dropped"
            );
        }
        self.dropped += 1;
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct History {
    series: Vec<Option<Series>>,
    waiting: Waiting,
    /// The last minutes of the run before, for series that were not opened yet.
    earlier: HashMap<(Subject, Signal), Vec<(i64, f64)>>,
}

impl History {
    /// Begins with the minutes that are stored of the run before.
    pub fn after(minutes: Vec<Rollup>) -> Self {
        let mut history = Self::default();
        for minute in minutes {
            let middle = minute.start.as_micros() + MINUTE / 2;
            let key = (minute.subject, minute.signal);
            history.earlier.entry(key).or_default().push((middle, minute.mean));
        }
        for points in history.earlier.values_mut() {
            points.sort_by_key(|&(at, _)| at);
        }
        history
    }

    /// Makes room for a series under its id; a known one stays.
    pub fn open(&mut self, id: SeriesId, subject: &Subject, signal: &Signal, unit: &Unit) {
        let index = id.0 as usize;
        if self.series.len() <= index {
            self.series.resize_with(index + 1, || None);
        }
        let place = &mut self.series[index];
        if place.as_ref().is_none_or(|known| known.subject != *subject || known.signal != *signal) {
            let points = VecDeque::new();
            let earlier = self.earlier.remove(&(subject.clone(), signal.clone()));
            *place = Some(Series {
                subject: subject.clone(),
                signal: signal.clone(),
                unit: unit.clone(),
                points,
                heard: Heard::default(),
                earlier: earlier.unwrap_or_default(),
                minute: None,
                hour: None,
            });
        }
    }

    /// True if a series has its room.
    pub fn knows(&self, id: SeriesId) -> bool {
        self.series.get(id.0 as usize).is_some_and(Option::is_some)
    }

    /// Takes a value.
    pub fn add(&mut self, id: SeriesId, value: f64, at: Timestamp) {
        let Some(Some(series)) = self.series.get_mut(id.0 as usize) else { return };
        let micros = at.as_micros();
        series.heard.mark(at);
        if series.points.back().is_none_or(|&(last, _)| last <= micros) {
            if series.points.len() >= MOST_POINTS {
                series.points.pop_front();
            }
            series.points.push_back((micros, value));
        } else {
            // A value that comes late is put in its place.
            let place = series.points.partition_point(|&(time, _)| time <= micros);
            series.points.insert(place, (micros, value));
            if series.points.len() > MOST_POINTS {
                series.points.pop_front();
            }
        }
        let start = micros.div_euclid(MINUTE) * MINUTE;
        match &mut series.minute {
            Some(minute) if minute.start == start => minute.take(value),
            Some(_) => {
                close_minute(series, &mut self.waiting);
                series.minute = Some(Gathered::new(start, value));
            }
            None => series.minute = Some(Gathered::new(start, value)),
        }
    }

    /// True if so many values of the past can be taken: they never push out what was just measured.
    pub fn has_room_for(&self, values: usize) -> bool {
        let most = MOST_WAITING / 2;
        self.waiting.rollups.len().saturating_add(values.saturating_mul(2)) <= most
    }

    /// Takes a value of the past, older than what is kept at full resolution: for the roll-ups
    /// alone.
    pub fn import(&mut self, id: SeriesId, value: f64, at: Timestamp, now: Timestamp) {
        let Some(Some(series)) = self.series.get(id.0 as usize) else { return };
        let start = |step: i64| at.as_micros().div_euclid(step) * step;
        if at >= now.minus(RollupStep::Minute.kept()) {
            let minute = Gathered::new(start(MINUTE), value);
            self.waiting.push(rollup(series, RollupStep::Minute, &minute));
        }
        let hour = Gathered::new(start(HOUR), value);
        self.waiting.push(rollup(series, RollupStep::Hour, &hour));
    }

    /// Ends the minutes and hours that are over, and forgets what is too old to keep at full
    /// resolution. With `all` the current minute and hour are ended too: for a graceful stop.
    pub fn roll_up(&mut self, now: Timestamp, all: bool) {
        let (micros, oldest) = (now.as_micros(), now.minus(LONGEST).as_micros());
        for series in self.series.iter_mut().flatten() {
            if series.minute.as_ref().is_some_and(|minute| all || minute.start + MINUTE <= micros) {
                close_minute(series, &mut self.waiting);
            }
            if series.hour.as_ref().is_some_and(|hour| all || hour.start + HOUR <= micros) {
                close_hour(series, &mut self.waiting);
            }
            series.earlier.retain(|&(time, _)| time >= oldest);
            while series.points.front().is_some_and(|&(time, _)| time < oldest) {
                series.points.pop_front();
            }
        }
    }

    /// Hands out the oldest roll-ups that wait.
    pub fn take_rollups(&mut self, most: usize) -> Vec<Rollup> {
        let count = most.min(self.waiting.rollups.len());
        self.waiting.rollups.drain(..count).collect()
    }

    /// Takes roll-ups back that could not be written. When too many wait, the oldest are given up.
    pub fn put_back(&mut self, rollups: Vec<Rollup>) {
        for rollup in rollups.into_iter().rev() {
            if self.waiting.rollups.len() < MOST_WAITING {
                self.waiting.rollups.push_front(rollup);
            } else {
                self.waiting.drop_one();
            }
        }
    }

    /// Every series that is known.
    pub fn series(&self) -> impl Iterator<Item = (SeriesId, &Signal, &Subject)> {
        let places = self.series.iter().enumerate();
        places.filter_map(|(id, series)| {
            series.as_ref().map(|one| {
                (SeriesId(u32::try_from(id).unwrap_or(u32::MAX)), &one.signal, &one.subject)
            })
        })
    }

    /// The minutes of the last day in which a value came, since the start of the program.
    pub fn heard(&self) -> HashMap<(Subject, Signal), Heard> {
        let key = |one: &Series| (one.subject.clone(), one.signal.clone());
        self.series.iter().flatten().map(|one| (key(one), one.heard.clone())).collect()
    }

    /// Forgets a subject's values.
    pub fn retire(&mut self, subject: &Subject) {
        for place in &mut self.series {
            if let Some(series) = place
                && series.subject == *subject
            {
                close_minute(series, &mut self.waiting);
                close_hour(series, &mut self.waiting);
                *place = None;
            }
        }
    }

    /// The values of a series from a moment on, as seconds after the first and value, thinned to at
    /// most `most` points.
    pub fn course(
        &self,
        id: SeriesId,
        from: Timestamp,
        most: usize,
    ) -> Option<(Timestamp, Vec<(f32, f64)>)> {
        let points = self.points(id, from)?;
        let &(first, _) = points.first()?;
        // Whoever thins keeps the last value of each step: what is shown last is what holds now.
        let step = points.len().div_ceil(most.max(1));
        let thinned = points.rchunks(step).rev().filter_map(|chunk| chunk.last());
        let seconds = |time: i64| ((time - first) as f64 / 1e6) as f32;
        Some((
            Timestamp::from_micros(first),
            thinned.map(|&(time, value)| (seconds(time), value)).collect(),
        ))
    }

    /// The unit of a series, and its values between two moments at full resolution, oldest first.
    pub fn values(
        &self,
        subject: &Subject,
        signal: &Signal,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<(Unit, Vec<(Timestamp, f64)>)> {
        let series = self
            .series
            .iter()
            .flatten()
            .find(|series| series.subject == *subject && series.signal == *signal)?;
        let (from, to) = (from.as_micros(), to.as_micros());
        let points = series.points.iter().filter(|&&(time, _)| time >= from && time < to);
        let values = points.map(|&(time, value)| (Timestamp::from_micros(time), value)).collect();
        Some((series.unit.clone(), values))
    }

    fn points(&self, id: SeriesId, from: Timestamp) -> Option<Vec<(i64, f64)>> {
        let series = self.series.get(id.0 as usize)?.as_ref()?;
        let start = series.points.partition_point(|&(time, _)| time < from.as_micros());
        let first = series.points.front().map_or(i64::MAX, |&(time, _)| time);
        let since = |&&(time, _): &&(i64, f64)| time >= from.as_micros() && time < first;
        let earlier = series.earlier.iter().filter(since).copied();
        Some(earlier.chain(series.points.range(start..).copied()).collect())
    }
}

fn close_minute(series: &mut Series, waiting: &mut Waiting) {
    let Some(minute) = series.minute.take() else { return };
    waiting.push(rollup(series, RollupStep::Minute, &minute));
    let start = minute.start.div_euclid(HOUR) * HOUR;
    match &mut series.hour {
        Some(hour) if hour.start == start => hour.join(&minute),
        Some(_) => {
            close_hour(series, waiting);
            series.hour = Some(Gathered { start, ..minute });
        }
        None => series.hour = Some(Gathered { start, ..minute }),
    }
}

fn close_hour(series: &mut Series, waiting: &mut Waiting) {
    if let Some(hour) = series.hour.take() {
        waiting.push(rollup(series, RollupStep::Hour, &hour));
    }
}

fn rollup(series: &Series, step: RollupStep, gathered: &Gathered) -> Rollup {
    Rollup {
        subject: series.subject.clone(),
        signal: series.signal.clone(),
        unit: series.unit.clone(),
        step,
        start: Timestamp::from_micros(gathered.start),
        min: gathered.min,
        max: gathered.max,
        // Rounding must not lead out of what came.
        mean: (gathered.sum / f64::from(gathered.count)).clamp(gathered.min, gathered.max),
        last: gathered.last,
        count: gathered.count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> (History, SeriesId) {
        let (mut history, id) = (History::default(), SeriesId(0));
        history.open(
            id,
            &"host:a".parse().unwrap(),
            &"host.cpu.used".parse().unwrap(),
            &Unit::Percent,
        );
        (history, id)
    }

    #[test]
    fn a_course_goes_on_from_what_was_stored_before_the_start() {
        let (mut before, id) = history();
        for second in 0..180 {
            before.add(id, f64::from(second / 60), Timestamp::from_secs(i64::from(second)));
        }
        before.roll_up(Timestamp::from_secs(180), true);
        let mut minutes = before.take_rollups(usize::MAX);
        minutes.retain(|rollup| rollup.step == RollupStep::Minute);
        minutes.reverse();
        let mut after = History::after(minutes);
        after.open(
            id,
            &"host:a".parse().unwrap(),
            &"host.cpu.used".parse().unwrap(),
            &Unit::Percent,
        );
        after.add(id, 9.0, Timestamp::from_secs(200));
        let (first, points) = after.course(id, Timestamp::from_secs(60), 60).unwrap();
        assert_eq!(first, Timestamp::from_secs(90), "the first minute is too old");
        assert_eq!(points, [(0.0, 1.0), (60.0, 2.0), (110.0, 9.0)]);
        after.roll_up(Timestamp::from_secs(3_800), false);
        assert_eq!(after.course(id, Timestamp::from_secs(0), 60).unwrap().1, [(0.0, 9.0)]);
    }

    #[test]
    fn minutes_and_hours_are_rolled_up_once() {
        let (mut history, id) = history();
        for second in 0..7_200 {
            history.add(id, f64::from(second % 60), Timestamp::from_secs(i64::from(second)));
        }
        history.roll_up(Timestamp::from_secs(7_200), false);
        let rollups = history.take_rollups(usize::MAX);
        let minutes: Vec<_> =
            rollups.iter().filter(|rollup| rollup.step == RollupStep::Minute).collect();
        let hours: Vec<_> =
            rollups.iter().filter(|rollup| rollup.step == RollupStep::Hour).collect();
        assert_eq!((minutes.len(), hours.len()), (120, 2));
        assert!(minutes.iter().all(|minute| minute.count == 60
            && minute.min == 0.0
            && minute.max == 59.0
            && minute.mean == 29.5));
        assert!(hours.iter().all(|hour| hour.count == 3_600 && hour.last == 59.0));
        history.roll_up(Timestamp::from_secs(7_300), true);
        assert!(history.take_rollups(usize::MAX).is_empty());
    }

    #[test]
    fn a_database_that_is_away_and_a_sender_that_jumps_between_minutes_do_not_fill_the_memory() {
        let (mut history, id) = history();
        for jump in 0..i64::try_from(MOST_WAITING).unwrap() + 10 {
            history.add(id, 1.0, Timestamp::from_secs(jump % 2 * 60));
        }
        let batch = history.take_rollups(1_000);
        assert_eq!((batch.len(), history.waiting.rollups.len()), (1_000, MOST_WAITING - 1_000));
        for jump in 0..500 {
            history.add(id, 1.0, Timestamp::from_secs(jump % 2 * 60));
        }
        let newest = batch[999].clone();
        history.put_back(batch);
        assert_eq!(history.waiting.rollups.len(), MOST_WAITING);
        assert_eq!(
            history.waiting.rollups[499], newest,
            "the oldest are given up, the others keep their order"
        );
    }

    #[test]
    fn late_values_are_put_in_their_place_and_the_ring_is_bounded() {
        let (mut history, id) = history();
        for second in [1_i64, 3, 2, 4] {
            history.add(id, second as f64, Timestamp::from_secs(second));
        }
        let (_, course) = history.course(id, Timestamp::from_secs(0), 100).unwrap();
        assert_eq!(course.iter().map(|point| point.1).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
        for second in 5..5_000 {
            history.add(id, 1.0, Timestamp::from_secs(second));
        }
        assert_eq!(history.points(id, Timestamp::from_secs(0)).unwrap().len(), MOST_POINTS);
        assert_eq!(history.course(id, Timestamp::from_secs(0), 60).unwrap().1.len(), 60);
    }
}
