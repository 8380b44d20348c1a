//! One signal of one subject: what was heard of it, and where its rows stand.
//!
//! Observations are not judged one by one. They are folded into a [`Batch`] until the next
//! evaluation (a tick), and the fold does not depend on their order: it keeps the newest by source
//! time, the extremes, and when the first and the last arrived. So the order of arrival within a
//! tick cannot matter, and taking an observation costs a few comparisons. A level counts as held
//! only if every value of the batch is beyond it.

use domain::{
    reason::FailureReason,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
    unit::Unit,
    usual::{LearnedHistory, RelativeLevel, Usual, UsualRange},
};
use policy::thresholds::{Level, Row};
use serde::{Deserialize, Serialize};

use crate::evaluate::{
    alert_state::{Measure, State, Timing},
    window::Window,
};

const SECOND: i64 = 1_000_000;
/// Silence shorter than this never breaks a duration.
const SHORTEST_STALE: i64 = 30 * SECOND;
/// One time between reports that is longer than this says little of a source that reports more
/// often: it may have been away.
const LONGEST_GAP: i64 = 3_600 * SECOND;
/// So much older than its arrival a value may be: clocks differ, and senders take their time.
const USUAL_LAG: i64 = 60 * SECOND;
/// The period of a course that is only kept to tell the rate of a breach.
const BREACH_WINDOW: i64 = 600 * SECOND;
/// The period of the course that tells what moves just now.
const NEAR: i64 = 300 * SECOND;
/// Silence is told after so many rounds of the source at the earliest, whatever the document says.
pub(super) const MISSED_ROUNDS: i64 = 3;
/// Silence that is told while a breach holds, where the document names no time.
const LONG_UNHEARD: i64 = 900 * SECOND;

/// The values since the last evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Batch {
    count: u32,
    newest_at: Timestamp,
    newest: f64,
    oldest_at: Timestamp,
    max: f64,
    min: f64,
    first: i64,
    last: i64,
    /// The longest time between two of them.
    gap: i64,
    /// The age of the newest on arrival, beyond the usual one.
    #[serde(default, skip_serializing_if = "is_zero")]
    lag: i64,
    /// The reason that the newest is as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Box<FailureReason>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(span: &i64) -> bool {
    *span == 0
}

/// Silence that is a breach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Silence {
    pub since: Timestamp,
    pub fired_at: Timestamp,
}

/// The rows of the thresholds in force: level, rate, forecast; and the one that watches for
/// silence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub rows: [Option<u32>; 3],
    pub silence: Option<u32>,
    /// The silence that is too long, in microseconds.
    pub no_data: Option<i64>,
    /// The period that the course must cover; 0: none is needed.
    pub window: i64,
}

/// The state of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Core {
    pub signal: Signal,
    pub subject: Subject,
    pub unit: Option<Unit>,
    /// The newest value that was evaluated, and its source time.
    pub last: Option<(Timestamp, f64)>,
    /// The last arrival that was evaluated, or the end of a time in which nothing could be seen.
    pub arrival: i64,
    /// The age of that value on arrival beyond the usual one, by its own time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lag: i64,
    /// The usual time between reports.
    pub gap: Option<i64>,
    /// The interval at which its source is asked, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<i64>,
    pub batch: Option<Batch>,
    pub states: [State; 3],
    pub window: Option<Window>,
    /// The last minutes, finer: kept while a breach holds or may begin, and where a trend is
    /// watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Window>,
    pub silent: Option<Silence>,
    /// Since when the last breach was well, if it was seen to recover and nothing holds.
    #[serde(default)]
    pub recovery: Option<Timestamp>,
    pub usual: Option<f64>,
    /// The range in which nearly all values lie: where it is known, levels relative to `usual` are
    /// judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_range: Option<UsualRange>,
    /// The range of all values of the last days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usual_recent: Option<UsualRange>,
    /// Time for which the range holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usual_until: Option<Timestamp>,
    /// The history that both were learned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usual_learned: Option<LearnedHistory>,
    /// The reason of the newest value that was evaluated; while a breach waits for proof that it is
    /// over, why it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<FailureReason>>,
    /// The reason that nothing can be seen since the last value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Box<FailureReason>>,
    /// Something could not be seen since the last evaluation: no duration goes on over it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
}

impl Core {
    pub(super) fn new(signal: Signal, subject: Subject, unit: Option<Unit>) -> Self {
        Self {
            signal,
            subject,
            unit,
            last: None,
            arrival: 0,
            lag: 0,
            gap: None,
            interval: None,
            batch: None,
            states: Default::default(),
            window: None,
            near: None,
            silent: None,
            recovery: None,
            usual: None,
            usual_range: None,
            usual_recent: None,
            usual_until: None,
            usual_learned: None,
            reason: None,
            unseen: None,
            interrupted: false,
        }
    }

    /// Folds one observation in. Returns whether it is the first since the last evaluation.
    pub(super) fn take(
        &mut self,
        value: f64,
        reason: Option<&FailureReason>,
        at: Timestamp,
        now: (i64, Timestamp),
    ) -> bool {
        let (mono, wall) = now;
        self.unseen = None;
        let mut reason = reason.cloned().map(Box::new);
        // A late one tells that the source lives, but nothing about now. After the clock was set
        // back, what is known lies in the future: then the new one counts.
        let (at, value) = match self.last {
            Some((known, last)) if at < known && known <= wall => {
                reason.clone_from(&self.reason);
                (known, last)
            }
            _ => (at, value),
        };
        let behind = i64::try_from(wall.since(at).as_micros()).unwrap_or(i64::MAX);
        let lag = behind.saturating_sub(USUAL_LAG).max(0);
        let Some(batch) = &mut self.batch else {
            self.batch = Some(Batch {
                count: 1,
                newest_at: at,
                newest: value,
                oldest_at: at,
                max: value,
                min: value,
                first: mono,
                last: mono,
                gap: 0,
                lag,
                reason,
            });
            return true;
        };
        batch.count = batch.count.saturating_add(1);
        // Of two values with the same time the larger one, whichever came first.
        let same = at == batch.newest_at && value == batch.newest;
        if at > batch.newest_at || (at == batch.newest_at && value > batch.newest) {
            (batch.newest_at, batch.newest) = (at, value);
            batch.reason = reason;
            batch.lag = lag;
        } else if same {
            batch.reason = reason.max(batch.reason.take());
        }
        batch.oldest_at = batch.oldest_at.min(at);
        batch.max = batch.max.max(value);
        batch.min = batch.min.min(value);
        batch.gap = batch.gap.max(mono.saturating_sub(batch.last));
        batch.first = batch.first.min(mono);
        batch.last = batch.last.max(mono);
        false
    }

    /// Nothing could be seen just now; says whether that is new.
    pub(super) fn miss(&mut self, reason: &FailureReason) -> bool {
        self.interrupted |= !reason.is_about_silence();
        let before = self.unseen.replace(Box::new(reason.clone()));
        before.as_deref() != Some(reason)
    }

    /// The usual range, as far as it was ever learned.
    pub(super) fn known_usual(&self) -> Option<Usual> {
        self.usual.map(|value| Usual {
            value,
            range: self.usual_range,
            recent: self.usual_recent,
            until: self.usual_until,
            learned: self.usual_learned,
        })
    }

    /// Takes what is usual.
    pub(super) fn set_usual(&mut self, usual: Option<Usual>) {
        self.usual = usual.map(|usual| usual.value);
        self.usual_range = usual.and_then(|usual| usual.range);
        self.usual_recent = usual.and_then(|usual| usual.recent);
        self.usual_until = usual.and_then(|usual| usual.until);
        self.usual_learned = usual.and_then(|usual| usual.learned);
    }

    /// True if it was looked at and could not be seen.
    pub(super) fn is_unseen(&self) -> bool {
        self.unseen.as_ref().is_some_and(|reason| !reason.is_about_silence())
    }

    /// The reason that it is as it is, or can't be seen: evaluated or not.
    pub(super) fn newest_reason(&self) -> Option<&FailureReason> {
        let seen =
            || self.batch.as_ref().map_or(self.reason.as_ref(), |batch| batch.reason.as_ref());
        self.unseen.as_ref().or_else(seen).map(|reason| &**reason)
    }

    /// The newest value, evaluated or not.
    pub(super) fn newest(&self) -> Option<(Timestamp, f64)> {
        self.batch.as_ref().map(|batch| (batch.newest_at, batch.newest)).or(self.last)
    }

    /// The age of the newest value: by its own time when it came, and counted since.
    pub(super) fn age(&self, mono: i64) -> i64 {
        let lag = self.batch.as_ref().map_or(self.lag, |batch| batch.lag);
        mono.saturating_sub(self.heard()).saturating_add(lag)
    }

    /// The time it was last heard.
    pub(super) fn heard(&self) -> i64 {
        self.batch.as_ref().map_or(self.arrival, |batch| batch.last.max(self.arrival))
    }

    /// Silence for longer than this breaks a duration.
    pub(super) fn stale(&self, plan: &Plan) -> i64 {
        plan.no_data.unwrap_or_else(|| self.gap.unwrap_or(0).saturating_mul(3).max(SHORTEST_STALE))
    }

    /// A value that is older than this is not one of now: three times the usual time between
    /// reports, at least [`SHORTEST_STALE`], whatever the document calls too long.
    pub(super) fn old_after(&self, plan: &Plan) -> i64 {
        match self.gap {
            Some(gap) => gap.saturating_mul(3).max(SHORTEST_STALE),
            None => self.stale(plan),
        }
    }

    /// Silence for longer than this is told while a breach holds.
    pub(super) fn unheard_after(&self, plan: &Plan) -> i64 {
        plan.no_data.unwrap_or_else(|| self.stale(plan).max(LONG_UNHEARD))
    }

    /// Judges what came since the last evaluation; says whether anything changed that is worth
    /// keeping.
    pub(super) fn evaluate(&mut self, plan: &Plan, rows: &[Row], wall: Timestamp) -> bool {
        let Some(batch) = self.batch.take() else {
            return false;
        };
        let stale = self.stale(plan);
        let known = self.last.is_some();
        let held = self.held();
        let was_silent = self.silent.take().is_some();
        let mut changed = !known || was_silent;
        let elapsed = batch.last.saturating_sub(self.arrival).max(0);
        let intact = batch.gap <= stale && !std::mem::take(&mut self.interrupted);
        let timing = Timing {
            last: batch.last,
            elapsed: (known && intact && batch.first.saturating_sub(self.arrival) <= stale)
                .then_some(elapsed),
            own: if intact { batch.last.saturating_sub(batch.first).max(0) } else { 0 },
            oldest_at: batch.oldest_at,
            newest_at: batch.newest_at,
            wall,
        };
        if known {
            // Values that come at once, such as an hour of them each hour, are one report.
            let came = batch.first.saturating_sub(self.arrival).max(batch.gap).max(0);
            self.gap = Some(self.gap.map_or(came, |gap| {
                let longest = LONGEST_GAP.max(gap.saturating_mul(2));
                gap.saturating_mul(3).saturating_add(came.min(longest)) / 4
            }));
        }
        self.last = Some((batch.newest_at, batch.newest));
        self.lag = batch.lag;
        self.arrival = self.arrival.max(batch.last);
        if !known {
            self.arrival = batch.last;
        }
        if let Some(window) = &mut self.window {
            window.push(batch.last, batch.newest);
        } else if plan.window > 0 {
            let mut window = Window::new(plan.window);
            window.push(batch.last, batch.newest);
            self.window = Some(window);
        }
        let usual = self.known_usual().map(|usual| usual.at(wall));
        for (state, row) in self.states.iter_mut().zip(plan.rows) {
            let Some(row) = row.and_then(|row| rows.get(row as usize)) else {
                continue;
            };
            if state.is_at_rest() && is_well(row, &batch, self.window.as_ref()) {
                state.rest(row);
                continue;
            }
            match (measure(row, &batch, self.window.as_mut(), usual), row.base()) {
                (Some(measure), _) => changed |= state.step(row, measure, timing),
                (None, Some(Level::Usual(_))) => changed |= state.suspend(),
                (None, _) => {}
            }
        }
        if batch.reason.is_some() || self.held() == [false; 3] {
            self.reason = batch.reason;
        }
        self.note_recovery(held, was_silent.then_some(batch.oldest_at));
        let hot = self.states.iter().any(|state| state.is_pending() || state.held.is_some());
        match &self.window {
            None if hot => {
                let mut window = Window::new(BREACH_WINDOW);
                window.push(batch.last, batch.newest);
                self.window = Some(window);
            }
            Some(_) if !hot && plan.window == 0 => self.window = None,
            _ => {}
        }
        if hot || plan.window > 0 {
            self.near.get_or_insert_with(|| Window::new(NEAR)).push(batch.last, batch.newest);
        } else {
            self.near = None;
        }
        changed
    }

    /// Ends breaches that were only waiting to be told.
    pub(super) fn clear(&mut self, plan: &Plan, rows: &[Row], at: i64) -> bool {
        let held = self.held();
        let mut changed = false;
        for (state, row) in self.states.iter_mut().zip(plan.rows) {
            if let Some(row) = row.and_then(|row| rows.get(row as usize)) {
                changed |= state.clear(row, at);
            }
        }
        self.note_recovery(held, None);
        changed
    }

    pub(super) fn held(&self) -> [bool; 3] {
        self.states.each_ref().map(|state| state.held.is_some())
    }

    /// Notes since when all is well, where the last breach has just ended: by the rows that held
    /// `before`, or by a word after silence.
    fn note_recovery(&mut self, before: [bool; 3], heard: Option<Timestamp>) {
        if self.silent.is_some() || self.states.iter().any(|state| state.held.is_some()) {
            self.recovery = None;
            return;
        }
        let ended = self
            .states
            .iter()
            .zip(before)
            .filter(|(_, held)| *held)
            .filter_map(|(state, _)| state.recovery);
        if let Some(since) = ended.chain(heard).max() {
            self.recovery = Some(since);
        }
    }

    /// Change per second over the last minutes, as far as it goes on: what has ended or was a
    /// single step is none.
    pub(super) fn slope(&self, plan: &Plan) -> Option<f64> {
        let window = self.window.as_ref()?;
        let length = if plan.window > 0 { plan.window.min(BREACH_WINDOW) } else { BREACH_WINDOW };
        let bounded = |slope: f64| {
            self.near
                .as_ref()
                .and_then(|near| near.bounded(slope))
                .or_else(|| window.lasting(length))
        };
        let all = window.slope(length).and_then(bounded).or_else(|| window.lasting(plan.window));
        self.near.as_ref().map_or(all, |near| near.trend(all))
    }

    /// Change per second as a forecast's row reckons with it; `None` while its time is not known
    /// well enough.
    pub(super) fn forecast_slope(&self, row: &Row) -> Option<f64> {
        self.window.as_ref()?.lasting(looks_back(row.base()?))
    }

    /// Nothing could be seen for `span` until `now`: it neither counts as held nor as silence.
    pub(super) fn blind(&mut self, span: i64, now: i64) {
        for window in self.window.iter_mut().chain(&mut self.near) {
            let seen = now.saturating_sub(self.arrival).max(0);
            window.shift(span.saturating_sub(seen).max(0).saturating_neg());
        }
        self.arrival = now;
        self.doubt();
    }

    /// Nothing could be seen until now: see [`State::doubt`].
    pub(super) fn doubt(&mut self) {
        self.states.iter_mut().for_each(State::doubt);
    }

    /// Moves all times.
    pub(super) fn shift(&mut self, by: i64) {
        self.arrival = self.arrival.saturating_add(by);
        if let Some(batch) = &mut self.batch {
            batch.first = batch.first.saturating_add(by);
            batch.last = batch.last.saturating_add(by);
        }
        for window in self.window.iter_mut().chain(&mut self.near) {
            window.shift(by);
        }
        for state in &mut self.states {
            state.shift(by);
        }
    }
}

/// Says in few steps that no value is past a level of the row, also not past that of recovery. Where it
/// does not, [`measure`] tells.
fn is_well(row: &Row, batch: &Batch, window: Option<&Window>) -> bool {
    let Some(base) = row.base() else { return false };
    let levels = [row.warning, row.critical, row.recovers_at];
    let lowest = levels.into_iter().flatten().map(Level::on_scale).fold(f64::INFINITY, f64::min);
    match base {
        Level::Above(_) => batch.max <= lowest,
        Level::Below(_) => -batch.min <= lowest,
        Level::Usual(_) => false,
        Level::Rises { .. } => window
            .and_then(|window| window.steepest(looks_back(base)))
            .is_some_and(|slope| slope <= lowest),
        Level::Reaches { limit, .. } => window
            .and_then(|window| window.steepest(looks_back(base)))
            .is_some_and(|slope| (limit - batch.newest).abs() > slope * -lowest),
    }
}

/// The period that a row looks back, in microseconds; 0 if it does not.
pub(super) fn looks_back(level: Level) -> i64 {
    let micros = |span: domain::time::Span| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match level {
        Level::Above(_) | Level::Below(_) | Level::Usual(_) => 0,
        Level::Rises { within, .. } => micros(within),
        Level::Reaches { within, .. } => (micros(within) / 4).clamp(300 * SECOND, 3_600 * SECOND),
    }
}

/// Seconds until a limit is reached at a rate per second; `None` if it moves away or stands still.
pub(super) fn seconds_to(limit: f64, value: f64, slope: f64) -> Option<f64> {
    let seconds = (limit - value) / slope;
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}

/// The values of a batch on the scale of a relative level. Values on both sides of the usual one
/// were not all beyond it.
fn relative(level: RelativeLevel, batch: &Batch, usual: Usual) -> Option<Measure> {
    let (min, max) = (level.excess(batch.min, usual)?, level.excess(batch.max, usual)?);
    let both_sides = batch.min < usual.value && batch.max > usual.value;
    let is_low = batch.min < usual.value && min >= max;
    Some(Measure {
        worst: min.max(max),
        best: if both_sides && !level.is_multiple() { 0.0 } else { min.min(max) },
        newest: level.excess(batch.newest, usual)?,
        extreme: if is_low { batch.min } else { batch.max },
        usual: Some(usual),
    })
}

fn measure(
    row: &Row,
    batch: &Batch,
    window: Option<&mut Window>,
    usual: Option<Usual>,
) -> Option<Measure> {
    let base = row.base()?;
    let all = |scale: f64, extreme: f64| Measure {
        worst: scale,
        best: scale,
        newest: scale,
        extreme,
        usual: None,
    };
    Some(match base {
        Level::Above(_) => Measure {
            worst: batch.max,
            best: batch.min,
            newest: batch.newest,
            extreme: batch.max,
            usual: None,
        },
        Level::Below(_) => Measure {
            worst: -batch.min,
            best: -batch.max,
            newest: -batch.newest,
            extreme: batch.min,
            usual: None,
        },
        Level::Usual(level) => relative(level, batch, usual?)?,
        Level::Rises { .. } => all(window?.remembered_slope(looks_back(base))?, batch.max),
        Level::Reaches { limit, .. } => {
            let slope = window?.remembered_lasting(looks_back(base))?;
            let seconds = if batch.newest == limit {
                Some(0.0)
            } else {
                seconds_to(limit, batch.newest, slope)
            };
            all(seconds.map_or(f64::NEG_INFINITY, |seconds| -seconds), batch.newest)
        }
    })
}
