//! Checks that a person asks for: every collector begins a round at once, and how many of them could
//! read what they watch is told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use commands::view::CheckResult;
use domain::time::{MonotonicTime, Span};
use tokio::sync::watch;

use crate::clock::Clock;

/// A check that is asked for so soon after a round's beginning is that round.
const LEAST_GAP: Span = Span::from_secs(1);
/// Longest time that a check waits for the slowest collector.
const WAIT: Duration = Duration::from_secs(10);

/// The last round of a collector.
#[derive(Clone, Copy, Debug)]
struct Round {
    began: MonotonicTime,
    failed: bool,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// The collectors that run, with their last round that ended.
    collectors: BTreeMap<u64, Option<Round>>,
    last: Option<CheckResult>,
}

/// See the module.
#[derive(Debug)]
pub struct Checks {
    /// Grows whenever a check is asked for.
    asked: watch::Sender<u64>,
    /// Grows whenever a round ends, or a collector.
    ended: watch::Sender<u64>,
    state: Mutex<State>,
    /// Longest time that a check waits for the slowest collector.
    wait: Duration,
}

impl Default for Checks {
    fn default() -> Self {
        let (asked, ended) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { asked, ended, state: Mutex::default(), wait: WAIT }
    }
}

impl Checks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes part with a collector, until what is returned is dropped.
    pub fn join(self: &Arc<Self>) -> Participant {
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.collectors.insert(id, None);
        Participant { checks: Arc::clone(self), id, asked: self.asked.subscribe(), began: None }
    }

    /// Lets every collector begin a round, and waits for their ends as long as a page can.
    pub async fn run(&self, clock: Clock) -> CheckResult {
        let now = clock.now();
        let since = now.mono.minus(LEAST_GAP);
        let mut ended = self.ended.subscribe();
        self.asked.send_modify(|count| *count += 1);
        let all = async {
            while self.result(now.wall, since).unfinished > 0 && ended.changed().await.is_ok() {}
        };
        let _ = tokio::time::timeout(self.wait, all).await;
        let result = self.result(now.wall, since);
        self.state().last = Some(result);
        result
    }

    /// The last check that was asked for.
    pub fn last(&self) -> Option<CheckResult> {
        self.state().last
    }

    fn result(&self, at: domain::time::Timestamp, since: MonotonicTime) -> CheckResult {
        let state = self.state();
        let mut result = CheckResult { at, collectors: 0, failed: 0, unfinished: 0 };
        for round in state.collectors.values() {
            result.collectors += 1;
            match round.filter(|round| round.began >= since) {
                Some(round) => result.failed += u32::from(round.failed),
                None => result.unfinished += 1,
            }
        }
        result
    }
}

/// A collector that takes part.
#[derive(Debug)]
pub struct Participant {
    checks: Arc<Checks>,
    id: u64,
    asked: watch::Receiver<u64>,
    began: Option<MonotonicTime>,
}

impl Participant {
    /// Waits until a check is asked for that no round has just begun for.
    pub async fn asked(&mut self, clock: Clock) {
        loop {
            // Its sender lives as long as the collector takes part.
            let _ = self.asked.changed().await;
            if self.began.is_none_or(|began| clock.now().mono.since(began) >= LEAST_GAP) {
                return;
            }
        }
    }

    /// Notes that a round begins.
    pub const fn begin(&mut self, now: MonotonicTime) {
        self.began = Some(now);
    }

    /// Notes that the round has ended, and whether it brought nothing.
    pub fn end(&self, failed: bool) {
        let round = self.began.map(|began| Round { began, failed });
        self.checks.state().collectors.insert(self.id, round);
        self.checks.ended.send_modify(|count| *count += 1);
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        self.checks.state().collectors.remove(&self.id);
        self.checks.ended.send_modify(|count| *count += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn collect(checks: Arc<Checks>, clock: Clock, failed: bool, takes: Duration) {
        let mut one = checks.join();
        loop {
            one.asked(clock).await;
            one.begin(clock.now().mono);
            tokio::time::sleep(takes).await;
            one.end(failed);
        }
    }

    #[tokio::test]
    async fn a_check_tells_how_many_could_be_read_and_waits_for_no_one_for_ever() {
        let wait = Duration::from_millis(400);
        let (checks, clock) = (Arc::new(Checks { wait, ..Checks::default() }), Clock::start());
        let takes = Duration::from_millis;
        let counts = |one: CheckResult| (one.collectors, one.failed, one.unfinished);
        assert_eq!(counts(checks.run(clock).await), (0, 0, 0));
        for (failed, millis) in [(false, 0), (true, 20), (false, 40)] {
            tokio::spawn(collect(Arc::clone(&checks), clock, failed, takes(millis)));
        }
        let hangs = tokio::spawn(collect(Arc::clone(&checks), clock, false, takes(60_000)));
        tokio::time::sleep(takes(20)).await;
        assert_eq!(counts(checks.run(clock).await), (4, 1, 1));
        assert_eq!(checks.last().map(counts), Some((4, 1, 1)));
        hangs.abort();
        let _ = hangs.await;
        assert_eq!(checks.run(clock).await.collectors, 3);
    }
}
