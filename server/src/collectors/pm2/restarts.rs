//! The restarts of one process that nobody meant: it ended, and PM2 started it again.
//!
//! PM2 counts every restart, also a reload, a restart by hand or by a schedule; these renew
//! `created_at`, and what happened in such a round is not counted here. Nor is what they were for:
//! once a process ran on for two minutes after one, its restarts before are over. That is how a
//! restart that helped is told from one that did not.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use domain::time::{Span, Timestamp};

use super::wire::Instance;

/// Restarts are counted over this time.
const WINDOW: Duration = Duration::from_secs(600);
/// A process that runs for that long after it was restarted on purpose does not crash any more.
const STEADY: Duration = Duration::from_secs(120);

/// See the module.
#[derive(Debug)]
pub(super) struct Restarts {
    counter: u64,
    created: Option<f64>,
    /// Since when it is watched.
    since: Instant,
    /// Watched from its first start on.
    from_start: bool,
    recent: VecDeque<(Instant, u64)>,
    /// Time at which it last restarted, whoever meant it.
    changed: Instant,
    /// Restarted on purpose, and has not run on for long enough since.
    mended: bool,
    memory: f64,
}

impl Restarts {
    pub(super) fn new(instance: &Instance, now: Instant) -> Self {
        let counter = counter(instance);
        Self {
            counter,
            created: instance.pm2_env.created_at,
            since: now,
            from_start: counter == 0,
            recent: VecDeque::new(),
            changed: now,
            mended: false,
            memory: 0.0,
        }
    }

    /// True if nothing of the window was missed: it was watched for all of it or from its start on,
    /// or it has run on since before it began.
    pub(super) fn has_seen_all(&self, instance: &Instance, wall: Timestamp, now: Instant) -> bool {
        let started = instance.pm2_env.pm_uptime;
        let ran = started.map(|millis| wall.since(Timestamp::from_micros((millis * 1e3) as i64)));
        let ran_on =
            instance.pm2_env.status == "online" && ran.is_some_and(|ran| ran >= Span::from(WINDOW));
        now.saturating_duration_since(self.since) >= WINDOW || self.from_start || ran_on
    }

    /// Number of restarts within the window.
    pub(super) fn count(&mut self, instance: &Instance, now: Instant) -> u64 {
        let state = &instance.pm2_env;
        let counter = counter(instance);
        // A counter that fell was reset, and has counted from zero since.
        let new = counter.checked_sub(self.counter).unwrap_or(counter);
        let renewed = state.created_at.is_some() && state.created_at != self.created;
        // PM2 itself restarts what uses too much memory: nobody meant that.
        let too_large = state.max_memory_restart.is_some_and(|most| self.memory > most);
        let meant = renewed && !too_large;
        let crashes = if meant { 0 } else { new };
        if new > 0 || renewed {
            self.changed = now;
            self.mended |= meant;
        }
        (self.counter, self.created) = (counter, state.created_at);
        self.memory = instance.monit.memory.unwrap_or(0.0);
        if crashes > 0 {
            self.recent.push_back((now, crashes));
        }
        let runs_on =
            state.status == "online" && now.saturating_duration_since(self.changed) >= STEADY;
        if self.mended && runs_on {
            self.mended = false;
            self.recent.clear();
        }
        while self.recent.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW)
        {
            self.recent.pop_front();
        }
        // An interval that is too short must not make this grow.
        while self.recent.len() > 1_000 {
            self.recent.pop_front();
        }
        self.recent.iter().fold(0, |sum, (_, new)| sum.saturating_add(*new))
    }
}

fn counter(instance: &Instance) -> u64 {
    instance.pm2_env.restart_time.unwrap_or(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(restarts: u32, created: u32, more: &str) -> Instance {
        let text = format!(
            r#"{{"pm_id":0,"name":"api","pm2_env":{{"status":"online","restart_time":{restarts},"created_at":{created}{more}}},"monit":{{"memory":900}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    /// The counts of a process that is seen at these seconds with these counters and times of
    /// creation.
    fn counts(seen: &[(u64, u32, u32)], more: &str) -> Vec<u64> {
        let start = Instant::now();
        let (_, restarts, created) = seen[0];
        let mut known = Restarts::new(&process(restarts, created, more), start);
        let seen = seen.iter().map(|&(second, restarts, created)| {
            known.count(&process(restarts, created, more), start + Duration::from_secs(second))
        });
        seen.collect()
    }

    #[test]
    fn restarts_are_those_of_the_last_ten_minutes() {
        let seen = [(0, 40, 1), (5, 43, 1), (10, 2, 1), (606, 2, 1), (611, 2, 1)];
        assert_eq!(counts(&seen, ""), [0, 3, 5, 2, 0], "a reset counter counts from zero");
    }

    #[test]
    fn reloads_are_not_counted_and_the_crashes_after_them_are() {
        let seen = [(0, 0, 1), (5, 1, 2), (10, 2, 3), (15, 5, 4), (20, 7, 4)];
        assert_eq!(counts(&seen, ""), [0, 0, 0, 0, 2]);
    }

    #[test]
    fn a_restart_on_purpose_that_holds_for_two_minutes_ends_a_crash_loop() {
        let helped = [(0, 0, 1), (5, 6, 1), (10, 7, 2), (129, 7, 2), (130, 7, 2)];
        assert_eq!(counts(&helped, ""), [0, 6, 6, 6, 0]);
        let crashed = [(0, 0, 1), (5, 6, 1), (10, 7, 2), (60, 8, 2), (179, 8, 2), (180, 8, 2)];
        assert_eq!(counts(&crashed, ""), [0, 6, 6, 7, 7, 0]);
        let alone = [(0, 0, 1), (5, 6, 1), (300, 6, 1), (606, 6, 1)];
        assert_eq!(counts(&alone, ""), [0, 6, 6, 0], "by itself only time ends it");
    }

    #[test]
    fn what_pm2_restarts_because_of_its_memory_was_not_meant() {
        let seen = [(0, 0, 1), (30, 1, 2), (60, 2, 3), (90, 3, 4)];
        assert_eq!(counts(&seen, r#","max_memory_restart":800"#), [0, 1, 2, 3]);
        assert_eq!(counts(&seen, r#","max_memory_restart":1000"#), [0, 0, 0, 0]);
    }
}
