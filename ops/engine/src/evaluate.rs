//! The evaluation: observations in, breaches out. One small state for each signal of each subject.
//!
//! [`Engine::observe`] folds what comes into its series; [`Engine::tick`] judges it. What is
//! guaranteed: the order in which observations arrive between two ticks does not matter, for one
//! series or for several; durations are counted on the monotonic clock and only while something was
//! heard; the same calls give the same breaches, also across [`Engine::save`] and
//! [`Engine::restore`].

mod alert_state;
mod checkpoint;
mod ending;
mod places;
mod presence;
#[cfg(test)]
mod relative_tests;
mod saved_state;
mod series;
#[cfg(test)]
mod tests;
mod unseen;
mod window;

pub use places::Place;
pub use saved_state::SavedState;

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::Arc,
};

use domain::{
    breach::{Breach, BreachKey, Crossing, Easing, Guidance, Unheard},
    name::BadName,
    reading::{Reading, Status},
    reason::FailureReason,
    severity::Severity,
    subject::Subject,
    time::{MonotonicTime, Now, Span, Timestamp},
    unit::Unit,
    usual::{NotJudged, Usual},
};
use foldhash::{fast, quality};
use policy::thresholds::{Effective, Level, Row, Thresholds};
use serde::{Deserialize, Serialize};

use crate::evaluate::{
    alert_state::Held,
    series::{Core, MISSED_ROUNDS, Plan, Silence, looks_back, seconds_to},
};

/// The index of one signal of one subject: small, dense from 0, and stable until its subject is
/// retired; then another may get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeriesId(pub u32);

/// The reasons for which an observation's series was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSeries {
    /// Its signal, subject or unit is not a name.
    #[error(transparent)]
    Name(#[from] BadName),
    /// There are as many series as are allowed.
    #[error(
        "the limit of {0} series is reached; retire subjects that no longer exist, or raise the limit"
    )]
    TooMany(usize),
    /// The signal is known with another unit.
    #[error("the unit is {found:?}, but this signal uses {known:?}")]
    Unit {
        /// The unit that came.
        found: String,
        /// The unit that is known.
        known: String,
    },
}

/// Everything that decides about breaches: the state of every series, under the thresholds in
/// force.
#[derive(Debug)]
pub struct Engine {
    thresholds: Arc<Thresholds>,
    limit: usize,
    hasher: quality::RandomState,
    /// From the hash of signal and subject to the first series that has it; the others follow by
    /// `Series::next`.
    index: HashMap<u64, u32, fast::FixedState>,
    series: Vec<Series>,
    /// Places of series that were retired: the next new ones take them.
    free: Vec<u32>,
    /// Beside each series: when its silence becomes a breach. Apart, so that a tick walks through
    /// little memory.
    deadlines: Vec<i64>,
    /// Series that were heard since the last tick.
    touched: Vec<u32>,
    /// Series with a breach.
    active: BTreeSet<u32>,
    dirty: bool,
}

#[derive(Debug)]
struct Series {
    core: Core,
    plan: Plan,
    /// The next series with the same hash.
    next: Option<u32>,
    /// Nothing was heard since it was added, retired or came to rest.
    unheard: bool,
    /// At rest: see [`Engine::rest`].
    rested: bool,
    /// Missed: its subject is not there any more, and nobody knows why: its last value says
    /// nothing.
    missed: bool,
    /// Retired, and its name leads here no more.
    free: bool,
}

const NEVER: i64 = i64::MAX;

fn micros(mono: MonotonicTime) -> i64 {
    i64::try_from(mono.as_micros()).unwrap_or(i64::MAX)
}

impl Engine {
    /// Begins without knowing any series. At most `limit` series are taken.
    pub fn new(thresholds: Arc<Thresholds>, limit: usize) -> Self {
        Self {
            thresholds,
            limit: limit.min(u32::MAX as usize),
            hasher: quality::RandomState::default(),
            index: HashMap::default(),
            series: Vec::new(),
            free: Vec::new(),
            deadlines: Vec::new(),
            touched: Vec::new(),
            active: BTreeSet::new(),
            dirty: false,
        }
    }

    /// Goes on from a saved state: breaches hold on until they are seen to be well for their time,
    /// and for a minute at least; pending durations go on from what they had reached. The time
    /// between is not counted, as nothing was seen in it, and no series is called silent before it
    /// had its full time to report again.
    pub fn restore(
        thresholds: Arc<Thresholds>,
        limit: usize,
        saved: &SavedState,
        now: Now,
    ) -> Self {
        let mut engine = Self::new(thresholds, limit);
        let mono = micros(now.mono);
        for core in &saved.series {
            let Ok(id) =
                engine.measured(core.signal.as_str(), core.subject.as_str(), core.unit.as_ref())
            else {
                continue;
            };
            let Some(series) = engine.series.get_mut(id.0 as usize) else {
                continue;
            };
            let unit = series.core.unit.take();
            series.core = core.clone();
            series.core.unit = unit;
            series.core.shift(mono);
            series.core.doubt();
            series.unheard = series.core.newest().is_none();
            if series.core.batch.is_some() {
                engine.touched.push(id.0);
            }
            engine.resolve(id.0, mono);
        }
        engine.dirty = false;
        engine
    }

    /// The state to keep.
    pub fn save(&self, now: Now) -> SavedState {
        let mono = micros(now.mono);
        let kept = |series: &&Series| !series.unheard && series.plan != Plan::default();
        let mut series: Vec<Core> =
            self.series.iter().filter(kept).map(|series| series.core.clone()).collect();
        for core in &mut series {
            core.shift(mono.saturating_neg());
        }
        series.sort_by(|one, two| (&one.subject, &one.signal).cmp(&(&two.subject, &two.signal)));
        SavedState { at: now.wall, series, standing: Vec::new() }
    }

    /// Puts other thresholds in force. Breaches whose threshold is gone end; the others go on under
    /// the new levels.
    pub fn set_thresholds(&mut self, thresholds: Arc<Thresholds>, now: Now) {
        self.judge(now);
        self.thresholds = thresholds;
        let mono = micros(now.mono);
        for id in 0..u32::try_from(self.series.len()).unwrap_or(u32::MAX) {
            self.resolve(id, mono);
        }
        self.dirty = true;
    }

    /// The thresholds in force.
    pub fn thresholds(&self) -> &Arc<Thresholds> {
        &self.thresholds
    }

    /// Ids are below this. Some of them may be of series that were retired.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// True if no series is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes one value. `at` is the source's time, `now` when it was received. Returns true if a
    /// breach may have begun, ended or changed, so that the caller need not wait for its next tick.
    pub fn observe(&mut self, id: SeriesId, value: f64, at: Timestamp, now: Now) -> bool {
        self.observe_with(id, value, None, at, now)
    }

    /// [`Engine::observe`] of a value whose reason is known.
    pub fn observe_with(
        &mut self,
        id: SeriesId,
        value: f64,
        reason: Option<&FailureReason>,
        at: Timestamp,
        now: Now,
    ) -> bool {
        let index = id.0 as usize;
        let (Some(series), Some(deadline)) =
            (self.series.get_mut(index), self.deadlines.get_mut(index))
        else {
            return false;
        };
        if !value.is_finite() {
            return false;
        }
        let mono = micros(now.mono);
        let waited = mono.saturating_sub(series.core.arrival);
        (series.unheard, series.rested, series.missed) = (false, false, false);
        if series.core.take(value, reason, at, (mono, now.wall)) {
            self.touched.push(id.0);
        }
        if let Some(no_data) = series.plan.no_data {
            *deadline = mono.saturating_add(no_data);
        }
        let rows = self.thresholds.rows();
        series.core.silent.is_some() || series.may_change(rows, value, waited, now.wall)
    }

    /// Says what is usual for a series at this hour. The value explains; levels that are relative to
    /// it are judged only while its range is known. What they hold goes on while it is not: nobody
    /// saw it recover.
    pub fn set_usual(&mut self, id: SeriesId, usual: Option<Usual>) {
        let Some(series) = self.series.get_mut(id.0 as usize) else { return };
        series.core.set_usual(usual.and_then(Usual::checked));
    }

    /// Says at which interval the source of a series is asked: silence counts from three missed
    /// rounds at the earliest. Returns whether that is new.
    pub fn set_interval(&mut self, id: SeriesId, interval: Span) -> bool {
        let interval = Some(i64::try_from(interval.as_micros()).unwrap_or(NEVER));
        let Some(series) = self.series.get_mut(id.0 as usize) else { return false };
        if series.core.interval == interval {
            return false;
        }
        series.core.interval = interval;
        let heard = series.core.heard();
        self.resolve(id.0, heard);
        true
    }

    /// Nothing could be observed for this long before `now` (the program slept or did not run):
    /// silence in that time means nothing, what was pending has not held in it, and what held is
    /// not well before that is seen for its time, and for a minute at least.
    pub fn blind(&mut self, span: Span, now: Now) {
        self.judge(now);
        let mono = micros(now.mono);
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        for (series, deadline) in self.series.iter_mut().zip(&mut self.deadlines) {
            series.core.blind(span, mono);
            *deadline = series.deadline(mono);
        }
        self.dirty = true;
    }

    /// Forgets a subject: it is no longer expected to report, and its series' places are free. If
    /// it reports again it begins anew.
    pub fn retire(&mut self, subject: &Subject) {
        for id in 0..u32::try_from(self.series.len()).unwrap_or(u32::MAX) {
            if self
                .series
                .get(id as usize)
                .is_none_or(|series| series.free || series.core.subject != *subject)
            {
                continue;
            }
            self.unlink(id);
            let (Some(series), Some(deadline)) =
                (self.series.get_mut(id as usize), self.deadlines.get_mut(id as usize))
            else {
                continue;
            };
            series.core = Core::new(series.core.signal.clone(), subject.clone(), None);
            (series.next, series.unheard, series.free) = (None, true, true);
            (series.rested, series.missed) = (false, false);
            *deadline = NEVER;
            self.free.push(id);
            self.active.remove(&id);
            self.touched.retain(|&touched| touched != id);
            self.dirty = true;
        }
    }

    /// Looks for silence, and returns every breach that holds, ordered by key.
    pub fn tick(&mut self, now: Now) -> Vec<Breach> {
        self.judge(now);
        let mono = micros(now.mono);
        let rows = self.thresholds.rows();
        for (id, deadline) in self.deadlines.iter_mut().enumerate() {
            if mono <= *deadline {
                continue;
            }
            *deadline = NEVER;
            if let Some(series) = self.series.get_mut(id)
                && series.core.silent.is_none()
            {
                let unheard = u64::try_from(mono.saturating_sub(series.core.heard())).unwrap_or(0);
                let since = now.wall.minus(Span::from_micros(unheard));
                series.core.silent = Some(Silence { since, fired_at: now.wall });
                self.active.insert(u32::try_from(id).unwrap_or(u32::MAX));
                self.dirty = true;
            }
        }
        for &id in &self.active {
            if let Some(series) = self.series.get_mut(id as usize)
                && series.core.silent.is_none()
                && series.plan.no_data.is_none()
                && mono.saturating_sub(series.core.heard())
                    > series.core.unheard_after(&series.plan)
            {
                let unheard = u64::try_from(mono.saturating_sub(series.core.heard())).unwrap_or(0);
                series.core.silent = Some(Silence {
                    since: now.wall.minus(Span::from_micros(unheard)),
                    fired_at: now.wall,
                });
                self.dirty = true;
            }
        }
        let mut breaches = Vec::with_capacity(self.active.len());
        let mut over = Vec::new();
        for &id in &self.active {
            let Some(series) = self.series.get_mut(id as usize) else {
                continue;
            };
            match series.breach(rows) {
                Some(breach) => breaches.push(breach),
                None => over.push(id),
            }
            for state in &mut series.core.states {
                state.tell();
            }
        }
        for id in over {
            self.active.remove(&id);
        }
        breaches.sort_by(|one, two| one.key.cmp(&two.key));
        breaches
    }

    /// True if anything that [`Engine::save`] keeps (breaches and pending durations) changed since
    /// the last call; resets the mark.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// The present reading of one series.
    pub fn reading(&self, id: SeriesId, now: Now) -> Option<Reading> {
        let series = self.series.get(id.0 as usize).filter(|series| !series.unheard)?;
        let (core, rows) = (&series.core, self.thresholds.rows());
        let (at, value) = core.newest()?;
        let number = |severity: Severity| match series.row(rows, 0)?.level(severity)? {
            Level::Above(level) | Level::Below(level) => Some(level),
            Level::Usual(level) => level.bounds(core.known_usual()?)?.near(value),
            Level::Rises { .. } | Level::Reaches { .. } => None,
        };
        Some(Reading {
            subject: core.subject.clone(),
            signal: core.signal.clone(),
            value,
            unit: core.unit.clone().unwrap_or(Unit::Count),
            at,
            status: series.status(rows, value, now),
            stale_since: series.stale_since(at, now),
            usual: core.usual,
            not_judged: series.not_judged(rows, now.wall),
            warning: number(Severity::Warning),
            critical: number(Severity::Critical),
            limit_in_seconds: series.shown_limit(rows),
            reason: core.newest_reason().cloned(),
        })
    }

    /// Judges every series that was heard since the last time, and ends what was only waiting to be
    /// told.
    fn judge(&mut self, now: Now) {
        let rows = self.thresholds.rows();
        let mono = micros(now.mono);
        for &id in &self.active {
            if let Some(series) = self.series.get_mut(id as usize)
                && series.core.batch.is_none()
            {
                self.dirty |= series.core.clear(&series.plan, rows, mono);
            }
        }
        for id in self.touched.drain(..) {
            let Some(series) = self.series.get_mut(id as usize) else {
                continue;
            };
            let changed = series.core.evaluate(&series.plan, rows, now.wall);
            self.dirty |= changed && series.plan != Plan::default();
            if series.core.states.iter().any(|state| state.held.is_some()) {
                self.active.insert(id);
            }
        }
    }

    fn adopt(&mut self, id: u32, unit: &Unit) {
        if let Some(series) = self.series.get_mut(id as usize) {
            series.core.unit = Some(unit.clone());
            let arrival = series.core.heard();
            self.resolve(id, arrival);
        }
    }

    /// Finds the rows for a series anew, and goes on under them.
    fn resolve(&mut self, id: u32, mono: i64) {
        let (Some(series), Some(deadline)) =
            (self.series.get_mut(id as usize), self.deadlines.get_mut(id as usize))
        else {
            return;
        };
        let rows = self.thresholds.rows();
        let core = &mut series.core;
        if core.unit.is_none() {
            core.unit = self.thresholds.unit_of(core.signal.as_str());
        }
        let effective = self.thresholds.rows_for(core.signal.as_str(), core.subject.as_str());
        series.plan = plan(&effective, rows, core.unit.as_ref());
        let rounds = core.interval.unwrap_or(0).saturating_mul(MISSED_ROUNDS);
        series.plan.no_data = series.plan.no_data.map(|no_data| no_data.max(rounds));
        for (state, row) in core.states.iter_mut().zip(series.plan.rows) {
            state.rule(row.and_then(|row| rows.get(row as usize)));
        }
        if series.plan.no_data.is_none() && core.held() == [false; 3] {
            core.silent = None;
        }
        if series.plan == Plan::default() {
            core.recovery = None;
        }
        if let Some(window) = &mut core.window
            && series.plan.window > 0
        {
            window.reach(series.plan.window);
        }
        *deadline = series.deadline(mono);
        if series.core.silent.is_some()
            || series.core.states.iter().any(|state| state.held.is_some())
        {
            self.active.insert(id);
        } else {
            self.active.remove(&id);
        }
    }
}

fn plan(effective: &Effective<'_>, rows: &[Row], unit: Option<&Unit>) -> Plan {
    // A row in another unit than the series cannot be compared with it.
    let fits = |row: &&Row| row.unit.is_none() || unit.is_none() || row.unit.as_ref() == unit;
    let place = |row: &Row| {
        let found = rows.binary_search_by(|other| {
            (other.signal.as_str(), other.line).cmp(&(row.signal.as_str(), row.line))
        });
        found.ok().and_then(|at| u32::try_from(at).ok())
    };
    let chosen = [effective.level, effective.rate, effective.forecast].map(|row| row.filter(fits));
    let no_data = effective
        .silence
        .and_then(|row| row.no_data_after)
        .map(|span| i64::try_from(span.as_micros()).unwrap_or(NEVER));
    Plan {
        rows: chosen.map(|row| row.and_then(place)),
        silence: effective.silence.and_then(place),
        no_data,
        window: chosen
            .iter()
            .flatten()
            .filter_map(|row| row.base())
            .map(looks_back)
            .max()
            .unwrap_or(0),
    }
}

impl Series {
    fn row<'a>(&self, rows: &'a [Row], way: usize) -> Option<&'a Row> {
        self.plan.rows.get(way).copied().flatten().and_then(|row| rows.get(row as usize))
    }

    fn deadline(&self, mono: i64) -> i64 {
        match self.plan.no_data {
            Some(no_data) if !self.unheard && self.core.silent.is_none() => {
                mono.saturating_add(no_data)
            }
            _ => NEVER,
        }
    }

    /// True if this value may begin, end or change a breach at the next evaluation.
    fn may_change(&self, rows: &[Row], value: f64, waited: i64, wall: Timestamp) -> bool {
        self.row(rows, 0).is_some_and(|row| {
            let state = &self.core.states[0];
            let worse = self.is_past(row, value, wall);
            match &state.held {
                None => worse && state.may_fire(row, waited),
                Some(_) if worse => state.may_fire(row, waited),
                Some(_) => true,
            }
        })
    }

    /// The reason that its level is not judged, where that is relative to what is usual and too
    /// little is known.
    fn not_judged(&self, rows: &[Row], wall: Timestamp) -> Option<NotJudged> {
        match self.row(rows, 0).and_then(Row::base)? {
            Level::Usual(level) => level.not_judged(self.core.known_usual(), wall),
            _ => None,
        }
    }

    /// True if a value is past the first level of a row that watches levels.
    fn is_past(&self, row: &Row, value: f64, wall: Timestamp) -> bool {
        match row.base() {
            Some(Level::Above(level)) => value > level,
            Some(Level::Below(level)) => value < level,
            Some(Level::Usual(level)) => {
                let usual = self.core.known_usual().map(|usual| usual.at(wall));
                let excess = usual.and_then(|usual| level.excess(value, usual));
                excess.is_some_and(|excess| excess > level.on_scale())
            }
            Some(Level::Rises { .. } | Level::Reaches { .. }) | None => false,
        }
    }

    /// A level as a breach tells it, with the values that are within it at this hour.
    fn crossing(&self, level: Level) -> Crossing {
        match (level.crossing(), self.core.known_usual()) {
            (Crossing::Usual { relative, .. }, Some(usual)) => {
                Crossing::Usual { relative, bounds: relative.bounds(usual).unwrap_or_default() }
            }
            (crossing, _) => crossing,
        }
    }

    fn status(&self, rows: &[Row], value: f64, now: Now) -> Status {
        // What something else keeps from being seen is unknown, whoever waits for it.
        let silent = self.core.silent.as_ref().filter(|_| !self.is_behind());
        let silent = silent.map(|_| self.silence_severity(rows));
        let severity = match (self.worst(rows), silent) {
            (Some((_, held, easing)), silent) => {
                Some(silent.filter(|_| easing.is_some()).unwrap_or(held.severity))
            }
            (None, silent) => silent,
        };
        match severity {
            Some(Severity::Critical) => return Status::Critical,
            Some(Severity::Warning) => return Status::Warning,
            None => {}
        }
        if self.is_unheard(micros(now.mono)) {
            return Status::Unknown;
        }
        if self.plan == Plan::default() {
            return Status::Shown;
        }
        let beyond = self.row(rows, 0).is_some_and(|row| self.is_past(row, value, now.wall));
        // What moves this fast just now is beyond its level before the row has reckoned it so.
        let soon = self.row(rows, 2).and_then(Row::base).zip(self.shown_limit(rows)).is_some_and(
            |(base, seconds)| match base {
                Level::Reaches { within, .. } => seconds < within.as_secs_f64(),
                Level::Above(_) | Level::Below(_) | Level::Usual(_) | Level::Rises { .. } => false,
            },
        );
        let beyond =
            beyond || soon || self.core.states.iter().skip(1).any(alert_state::State::is_beyond);
        if beyond {
            Status::Watching
        } else if self.not_judged(rows, now.wall).is_some() {
            // Nobody can tell that it is well.
            Status::Shown
        } else {
            Status::Healthy
        }
    }

    /// True if nothing was heard for longer than expected.
    fn is_unheard(&self, mono: i64) -> bool {
        self.missed
            || self.core.silent.is_some()
            || self.core.is_unseen()
            || self.core.age(mono) > self.core.old_after(&self.plan)
    }

    /// Since when nothing was heard, if that is longer than expected. What was received before a
    /// restart is told by its own time, as nothing was counted in between.
    fn stale_since(&self, value_at: Timestamp, now: Now) -> Option<Timestamp> {
        let mono = micros(now.mono);
        if !self.is_unheard(mono) {
            return None;
        }
        let counted = u64::try_from(mono.saturating_sub(self.core.heard())).unwrap_or(0);
        let since = self
            .core
            .silent
            .as_ref()
            .map_or_else(|| now.wall.minus(Span::from_micros(counted)), |silent| silent.since);
        Some(since.min(value_at))
    }

    /// True if it can't be seen because of something else, which is told by itself.
    fn is_behind(&self) -> bool {
        self.core.unseen.as_ref().is_some_and(|reason| reason.cause().is_some())
    }

    /// Silence is a warning; where the document knows only critical levels, it is critical, unless
    /// its cause is told by itself, or whoever tells of it answers and is only not clear.
    fn silence_severity(&self, rows: &[Row]) -> Severity {
        let is_open = self.core.unseen.as_ref().is_some_and(|reason| reason.is_open());
        if self.is_behind() || is_open {
            return Severity::Warning;
        }
        match self.plan.silence.and_then(|row| rows.get(row as usize)) {
            Some(row) if row.warning.is_none() && row.critical.is_some() => Severity::Critical,
            _ => Severity::Warning,
        }
    }

    /// Change per second that is told: of the last minutes; where a forecast's row is beyond its
    /// level, at least what that reckons with.
    fn slope(&self, rows: &[Row]) -> Option<f64> {
        let recent = self.core.slope(&self.plan);
        let state = &self.core.states[2];
        let reckoned = self
            .row(rows, 2)
            .filter(|_| state.is_beyond())
            .and_then(|row| self.core.forecast_slope(row));
        match (recent, reckoned) {
            (Some(recent), Some(reckoned))
                if recent * reckoned > 0.0 && recent.abs() > reckoned.abs() =>
            {
                Some(recent)
            }
            (recent, reckoned) => reckoned.or(recent),
        }
    }

    fn limit_in_seconds(&self, rows: &[Row], slope: Option<f64>) -> Option<f64> {
        let (_, value) = self.core.last?;
        let limit = match (self.row(rows, 2).and_then(Row::base), &self.core.unit) {
            (Some(Level::Reaches { limit, .. }), _) => limit,
            (_, Some(Unit::Percent)) => 100.0,
            _ => return None,
        };
        seconds_to(limit, value, slope?)
    }

    /// The forecast that a reading shows: none that the row could not use yet, unless a breach
    /// tells it.
    fn shown_limit(&self, rows: &[Row]) -> Option<f64> {
        let row = self.row(rows, 2)?;
        if self.core.held() == [false; 3] {
            self.core.forecast_slope(row)?;
        }
        self.limit_in_seconds(rows, self.slope(rows))
    }

    /// The worst of what holds: critical first, then level before rate before forecast.
    fn worst<'a>(&'a self, rows: &'a [Row]) -> Option<(&'a Row, &'a Held, Option<Easing>)> {
        let ways = self
            .core
            .states
            .iter()
            .enumerate()
            .filter_map(|(way, state)| Some((way, state, state.held.as_ref()?)));
        let (way, state, held) =
            ways.max_by_key(|(way, _, held)| (held.severity, std::cmp::Reverse(*way)))?;
        let row = self.row(rows, way)?;
        Some((row, held, state.easing(row)))
    }

    /// Its worst breach; or else its silence, also where the last value was well and only proof was
    /// awaited.
    fn breach(&self, rows: &[Row]) -> Option<Breach> {
        let core = &self.core;
        let (value_at, value) = core.last?;
        let told = self.worst(rows);
        let for_seconds = core.unheard_after(&self.plan) as f64 / 1e6;
        let unheard =
            core.silent.as_ref().map(|silent| Unheard { since: silent.since, for_seconds });
        let slope = self.slope(rows);
        let mut breach = Breach {
            key: BreachKey { subject: core.subject.clone(), signal: core.signal.clone() },
            severity: self.silence_severity(rows),
            crossing: Crossing::Silent { for_seconds },
            since: value_at,
            severity_since: value_at,
            fired_at: value_at,
            unsteady: false,
            easing: None,
            unheard: None,
            value,
            value_at,
            peak: value,
            unit: core.unit.clone().unwrap_or(Unit::Count),
            usual: core.usual,
            per_minute: slope.map(|slope| slope * 60.0),
            limit_in_seconds: self.limit_in_seconds(rows, slope),
            guidance: Guidance::default(),
            reason: core.unseen.as_deref().cloned(),
        };
        match (told, &core.silent) {
            // The last value was well and nothing was heard since: it is neither beyond its level
            // nor well, but silent.
            (None | Some((_, _, Some(_))), Some(silent)) => {
                (breach.since, breach.severity_since, breach.fired_at) =
                    (silent.since, silent.since, silent.fired_at);
                breach.guidance = Guidance::of_silence();
            }
            (Some((row, held, easing)), _) => {
                let level = row.level(held.severity).or(row.base())?;
                (breach.severity, breach.crossing) = (held.severity, self.crossing(level));
                (breach.since, breach.severity_since, breach.fired_at) =
                    (held.since, held.severity_since, held.fired_at);
                (breach.unsteady, breach.peak) = (held.unsteady, held.peak);
                (breach.easing, breach.unheard) = (easing, unheard);
                breach.guidance = row.guidance.clone();
                let unseen = breach.reason.filter(|_| unheard.is_some() || core.is_unseen());
                breach.reason = unseen.or_else(|| core.reason.as_deref().cloned());
            }
            (None, None) => return None,
        }
        Some(breach)
    }
}
