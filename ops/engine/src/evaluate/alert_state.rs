//! One row for one series: how long it was beyond its levels, whether that is a breach, and whether
//! it came to rest again.

use std::cmp::Ordering;

use domain::{
    breach::Easing,
    severity::Severity,
    time::{Span, Timestamp},
    usual::{RelativeLevel, Side, Usual},
};
use policy::thresholds::{Level, Row};
use serde::{Deserialize, Serialize};

/// Coming back this often within the window is unsteady.
const UNSTEADY: usize = 3;
const SHORTEST_WINDOW: i64 = 600_000_000;
const SHORTEST_QUIET: i64 = 60_000_000;

/// The result of the observations since the last evaluation, on a scale on which more is worse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    pub worst: f64,
    pub best: f64,
    pub newest: f64,
    /// The most extreme value itself.
    pub extreme: f64,
    /// The usual value, for a level relative to it.
    pub usual: Option<Usual>,
}

/// The times of arrival. Times are microseconds of the engine's own scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// The last arrival.
    pub last: i64,
    /// Since the arrival before these, if nothing is missing between.
    pub elapsed: Option<i64>,
    /// From the first of these to the last, if nothing is missing between.
    pub own: i64,
    /// The oldest and the newest source time of these.
    pub oldest_at: Timestamp,
    /// See above.
    pub newest_at: Timestamp,
    /// The wall clock of the evaluation.
    pub wall: Timestamp,
}

/// Beyond a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Hold {
    since: Timestamp,
    /// For how many microseconds this was seen.
    reached: i64,
    peak: f64,
}

/// A breach that holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Held {
    pub severity: Severity,
    pub since: Timestamp,
    /// Since when it is as severe as that.
    pub severity_since: Timestamp,
    pub fired_at: Timestamp,
    pub peak: f64,
    pub unsteady: bool,
    /// Critical before.
    #[serde(default)]
    was_critical: bool,
    /// Went on through a time in which nothing could be seen, and was not seen beyond its level
    /// since.
    #[serde(default)]
    doubtful: bool,
    /// Some tick has told it: it does not end before anyone heard of it.
    told: bool,
}

/// Back on the healthy side while the breach holds on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Settled {
    since: Timestamp,
    /// For how many microseconds this was seen.
    reached: i64,
    /// The arrival of the first of these values, and of the last after it, whatever was missed
    /// between.
    first: i64,
    spans: i64,
}

/// The state of one row for one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    warning: Option<Hold>,
    critical: Option<Hold>,
    pub held: Option<Held>,
    /// For how long the value is back on the healthy side of warning.
    settled: Option<Settled>,
    /// Since when the last breach that was seen to recover was well.
    pub recovery: Option<Timestamp>,
    /// The newest value is at or past the recovery level.
    recovered: bool,
    /// The times at which it came back after it had seemed over.
    returns: Vec<i64>,
    /// The end of the last breach.
    ended: Option<i64>,
    /// The kind of level.
    kind: u8,
}

fn kind(row: &Row) -> u8 {
    match row.base() {
        None => 0,
        Some(Level::Above(_)) => 1,
        Some(Level::Below(_)) => 2,
        Some(Level::Rises { .. }) => 3,
        Some(Level::Reaches { .. }) => 4,
        Some(Level::Usual(level)) => match level.side {
            Side::Above => 5,
            Side::Below => 6,
            Side::Outside => 7,
            Side::OutsideRecent => 8,
        },
    }
}

/// The one of two values that is farther outside of the range of this hour, on whichever side; the
/// known one where neither is.
fn farther(level: RelativeLevel, usual: Option<Usual>, known: f64, new: f64) -> f64 {
    let Some(usual) = usual else { return known };
    let outside = |value: f64| level.excess(value, usual).unwrap_or(0.0);
    let distance = |value: f64| (value - usual.value).abs();
    let is_farther = match outside(new).total_cmp(&outside(known)) {
        // A range without a width: everything else is beyond it alike.
        Ordering::Equal => outside(new).is_infinite() && distance(new) > distance(known),
        order => order.is_gt(),
    };
    if is_farther { new } else { known }
}

fn micros(span: Span) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// Time for which the row's first level must hold; what has to be quiet before a breach ends
/// follows from it.
fn duration(row: &Row) -> i64 {
    micros(if row.warning.is_some() { row.warning_for } else { row.critical_for })
}

fn window(row: &Row) -> i64 {
    duration(row).saturating_mul(10).max(SHORTEST_WINDOW)
}

impl Held {
    /// For how long it must be quiet to end.
    fn needed(&self, row: &Row) -> i64 {
        let quiet = duration(row);
        if self.unsteady { quiet.saturating_mul(3).max(SHORTEST_QUIET) } else { quiet }
    }
}

impl Settled {
    fn begin(timing: Timing) -> Self {
        Self { since: timing.newest_at, reached: 0, first: timing.last, spans: 0 }
    }
}

impl Hold {
    /// The state of one level after these observations; whether its duration is reached.
    fn step(
        hold: &mut Option<Self>,
        level: Option<Level>,
        needed: Span,
        measure: Measure,
        timing: Timing,
        worse: impl Fn(f64, f64) -> f64,
    ) -> bool {
        let Some(level) = level.map(Level::on_scale) else {
            *hold = None;
            return false;
        };
        let all = measure.best > level;
        *hold = match (hold.take(), timing.elapsed) {
            (Some(hold), Some(elapsed)) if all => {
                let peak = worse(hold.peak, measure.extreme);
                Some(Self { reached: hold.reached.saturating_add(elapsed), peak, ..hold })
            }
            _ if all => {
                Some(Self { since: timing.oldest_at, reached: timing.own, peak: measure.extreme })
            }
            _ if measure.newest > level => {
                Some(Self { since: timing.newest_at, reached: 0, peak: measure.extreme })
            }
            _ => None,
        };
        let needed = micros(needed);
        (needed == 0 && measure.worst > level)
            || hold.as_ref().is_some_and(|hold| hold.reached >= needed)
    }
}

impl State {
    /// Takes what was observed since the last evaluation; says whether anything changed that is
    /// worth keeping.
    pub(super) fn step(&mut self, row: &Row, measure: Measure, timing: Timing) -> bool {
        let Some(base) = row.base() else {
            return false;
        };
        let worse = |known: f64, new: f64| match base {
            Level::Above(_)
            | Level::Rises { .. }
            | Level::Usual(RelativeLevel { side: Side::Above, .. }) => known.max(new),
            Level::Below(_) | Level::Usual(RelativeLevel { side: Side::Below, .. }) => {
                known.min(new)
            }
            Level::Usual(level) => farther(level, measure.usual, known, new),
            Level::Reaches { limit, .. } if limit >= measure.extreme => known.max(new),
            Level::Reaches { .. } => known.min(new),
        };
        let was_pending = self.is_pending();
        self.kind = kind(row);
        let warns =
            Hold::step(&mut self.warning, row.warning, row.warning_for, measure, timing, worse);
        let alarms =
            Hold::step(&mut self.critical, row.critical, row.critical_for, measure, timing, worse);
        let fires =
            if alarms { Some(Severity::Critical) } else { warns.then_some(Severity::Warning) };
        let base = base.on_scale();
        self.recovered = measure.newest <= row.recovers_at.map_or(base, Level::on_scale);
        let before = self.held.clone();

        if let Some(mut held) = self.held.take() {
            let beyond_critical =
                row.critical.is_some_and(|level| measure.newest > level.on_scale());
            let before = held.severity;
            // It is unsteady until it did not come back for a whole window, and as long it stays as
            // severe as it was.
            let oldest = timing.last.saturating_sub(window(row));
            self.returns.retain(|&time| time >= oldest);
            held.unsteady &= !self.returns.is_empty();
            held.severity = match fires {
                Some(Severity::Critical) => Severity::Critical,
                _ if row.warning.is_none() => Severity::Critical,
                _ if held.severity == Severity::Critical && (beyond_critical || held.unsteady) => {
                    Severity::Critical
                }
                _ => Severity::Warning,
            };
            if held.severity != before {
                let hold = self.critical.as_ref().filter(|_| held.severity == Severity::Critical);
                held.severity_since = hold.map_or(timing.newest_at, |hold| hold.since);
                if held.severity == Severity::Critical && held.was_critical {
                    self.came_back(row, timing.last);
                }
            }
            held.was_critical |= held.severity == Severity::Critical;
            held.peak = worse(held.peak, measure.extreme);
            let beyond = measure.worst > base;
            held.doubtful &= !beyond;
            if beyond && self.settled.take().is_some() {
                self.came_back(row, timing.last);
            }
            if measure.newest <= base {
                self.settled = Some(match (self.settled.take(), timing.elapsed) {
                    (Some(mut settled), elapsed) => {
                        settled.spans =
                            timing.last.saturating_sub(settled.first).max(settled.spans);
                        if let Some(elapsed) = elapsed {
                            settled.reached = settled.reached.saturating_add(elapsed);
                        } else {
                            (settled.since, settled.reached) = (timing.newest_at, 0);
                        }
                        settled
                    }
                    (None, _) => Settled::begin(timing),
                });
            }
            held.unsteady |= self.returns.len() >= UNSTEADY;
            self.held = Some(held);
            self.clear(row, timing.last);
        } else if let Some(severity) = fires {
            if self.ended.is_some_and(|ended| timing.last.saturating_sub(ended) <= window(row)) {
                self.came_back(row, timing.last);
            } else {
                self.returns.clear();
            }
            let hold = self.warning.as_ref().or(self.critical.as_ref());
            let own = if severity == Severity::Critical {
                self.critical.as_ref()
            } else {
                self.warning.as_ref()
            };
            self.held = Some(Held {
                severity,
                since: hold.map_or(timing.newest_at, |hold| hold.since),
                severity_since: own.map_or(timing.newest_at, |own| own.since),
                was_critical: severity == Severity::Critical,
                fired_at: timing.wall,
                peak: hold.map_or(measure.extreme, |hold| hold.peak),
                unsteady: self.returns.len() >= UNSTEADY,
                doubtful: false,
                told: false,
            });
            self.settled = (measure.newest <= base).then(|| Settled::begin(timing));
        }
        was_pending || self.is_pending() || self.held != before
    }

    /// Nothing holds and nothing is pending.
    pub(super) fn is_at_rest(&self) -> bool {
        self.held.is_none() && !self.is_pending()
    }

    /// Does what [`State::step`] does where nothing holds, nothing is pending and no value is past any
    /// level of the row: nothing that is worth keeping.
    pub(super) fn rest(&mut self, row: &Row) {
        self.kind = kind(row);
        self.recovered = true;
    }

    fn came_back(&mut self, row: &Row, at: i64) {
        let oldest = at.saturating_sub(window(row));
        self.returns.retain(|&time| time >= oldest);
        if self.returns.len() > UNSTEADY {
            self.returns.remove(0);
        }
        self.returns.push(at);
    }

    /// Ends the breach if it was told, has recovered and was quiet for its time. Says whether it
    /// did.
    pub(super) fn clear(&mut self, row: &Row, at: i64) -> bool {
        let Some(held) = &self.held else {
            return false;
        };
        let needed = held.needed(row);
        // Counters over a time know nothing right after a restart: one healthy value is no proof
        // then.
        let sure = |settled: &Settled| !held.doubtful || settled.spans >= SHORTEST_QUIET;
        let proven = self.settled.as_ref().filter(|settled| {
            held.told && self.recovered && settled.reached >= needed && sure(settled)
        });
        let Some(since) = proven.map(|settled| settled.since) else {
            return false;
        };
        self.held = None;
        self.settled = None;
        self.ended = Some(at);
        self.recovery = Some(since);
        true
    }

    /// Nothing could be seen until now: what is to end a breach must be seen anew.
    pub(super) fn doubt(&mut self) {
        if let Some(held) = &mut self.held {
            held.doubtful = true;
            self.settled = None;
        }
    }

    /// Notes that the usual value is not known: nothing is pending then, and what holds goes on
    /// until it is judged again. Says whether that changed anything.
    pub(super) fn suspend(&mut self) -> bool {
        let was_pending = self.is_pending();
        (self.warning, self.critical) = (None, None);
        self.doubt();
        was_pending
    }

    /// The breach holds on while its value is on the healthy side.
    pub(super) fn easing(&self, row: &Row) -> Option<Easing> {
        let (held, settled) = (self.held.as_ref()?, self.settled.as_ref()?);
        let shortest = if held.doubtful { SHORTEST_QUIET } else { 0 };
        let recovers_at = match (row.recovers_at, row.base()) {
            (Some(Level::Above(at)), Some(Level::Above(base)))
            | (Some(Level::Below(at)), Some(Level::Below(base))) => (at != base).then_some(at),
            _ => None,
        };
        Some(Easing {
            since: settled.since,
            stays_for_seconds: held.needed(row).max(shortest) as f64 / 1e6,
            recovers_at,
        })
    }

    /// Somebody hears of the breach now.
    pub(super) fn tell(&mut self) {
        if let Some(held) = &mut self.held {
            held.told = true;
        }
    }

    /// True if a duration is running: towards a breach or towards its end.
    pub(super) fn is_pending(&self) -> bool {
        self.warning.is_some() || self.critical.is_some() || self.settled.is_some()
    }

    /// True if it is beyond a level.
    pub(super) fn is_beyond(&self) -> bool {
        self.warning.is_some() || self.critical.is_some()
    }

    /// True if another observation beyond may complete a duration, after this many microseconds.
    pub(super) fn may_fire(&self, row: &Row, elapsed: i64) -> bool {
        let due = |hold: &Option<Hold>, level: Option<Level>, needed: Span| {
            level.is_some()
                && (needed == Span::ZERO
                    || hold
                        .as_ref()
                        .is_some_and(|hold| hold.reached.saturating_add(elapsed) >= micros(needed)))
        };
        due(&self.warning, row.warning, row.warning_for)
            || due(&self.critical, row.critical, row.critical_for)
    }

    /// Goes on under another row: a breach stays if the row watches the same kind of level.
    pub(super) fn rule(&mut self, row: Option<&Row>) {
        match row {
            Some(row) if kind(row) == self.kind => {
                if let Some(held) = &mut self.held {
                    held.severity = match held.severity {
                        Severity::Critical if row.critical.is_none() => Severity::Warning,
                        Severity::Warning if row.warning.is_none() => Severity::Critical,
                        severity => severity,
                    };
                }
            }
            _ => *self = Self::default(),
        }
    }

    /// Moves all times, and bounds what a stored state may hold.
    pub(super) fn shift(&mut self, by: i64) {
        self.returns.truncate(UNSTEADY + 1);
        for time in self.returns.iter_mut().chain(&mut self.ended) {
            *time = time.saturating_add(by);
        }
        if let Some(settled) = &mut self.settled {
            settled.first = settled.first.saturating_add(by);
        }
    }
}
