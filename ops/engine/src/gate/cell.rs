//! The state of one organization in one class: its quota, what is under way, and what was counted.
//!
//! Decisions are made through `&Cell` by many threads at once. What they rest on and what changes
//! rarely (the pace, the youngest generation of slots, the histogram) is plain data: a decision
//! that finds it out of date answers [`Stale`], and its caller prepares the cell as its only user.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use domain::time::{MonotonicTime, Span};
use policy::limits::Quota;

use crate::gate::{
    count::{raise, raise_bytes, take, take_bytes},
    latency::{Histogram, Latencies},
    pace::{Pace, Standing, nanos},
    slots::Slots,
};

/// The wait that is told when too many requests are under way: nothing says when one will end.
const SLOT_WAIT: Span = Span::from_secs(1);

/// The effect of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// Requests beyond the quota pass, and are counted as those that would have been refused.
    Observe,
    /// Requests beyond the quota are refused.
    On,
}

/// The part of a quota that a request exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// The rate, with its burst.
    Rate,
    /// The number of requests under way at the same time.
    Concurrency,
    /// The part of the capacity that batch requests of all organizations may take.
    BatchCapacity,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Passes.
    Passed,
    /// Passes although it exceeds its quota, which is only observed.
    WouldBeRefused(Exceeded),
    /// Refused.
    Refused(Exceeded),
}

/// The answer to a request, and the state of its quota after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// The state of the quota; `None` if there is none.
    pub standing: Option<Standing>,
}

impl Decision {
    /// The answer where there is no quota.
    pub(super) const UNLIMITED: Self = Self { verdict: Verdict::Passed, standing: None };

    /// True if the request may pass.
    pub fn passes(&self) -> bool {
        !matches!(self.verdict, Verdict::Refused(_))
    }
}

/// A cell that has to be prepared first.
#[derive(Debug)]
pub(super) struct Stale;

/// A request, with all that is computed from it once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    now: u64,
    generation: u32,
    content_length: u64,
    limit: Option<Limit>,
    /// Set for a request that exceeds the part of the capacity that batch requests may take.
    crowded: Option<Enforcement>,
}

#[derive(Clone, Copy, Debug)]
struct Limit {
    enforcement: Enforcement,
    pace: Pace,
    at_a_time: u32,
}

impl Arrival {
    pub fn new(
        now: MonotonicTime,
        generation: u32,
        content_length: u64,
        limit: Option<(Enforcement, Quota)>,
        crowded: Option<Enforcement>,
    ) -> Self {
        let limit = limit.map(|(enforcement, quota)| Limit {
            enforcement,
            pace: Pace::of(&quota),
            at_a_time: quota.at_a_time.map_or(u32::MAX, Into::into),
        });
        Self { now: nanos(now), generation, content_length, limit, crowded }
    }
}

/// The result of a request as the application or the proxy's log reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// True if it failed.
    pub failed: bool,
    /// Time for which it took, if that is known.
    pub latency: Option<Span>,
}

/// The state of one organization in one class.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// The theoretical arrival time in nanoseconds, under `pace`.
    arrival: AtomicU64,
    /// The pace of the last quota; `None` before the first.
    pace: Option<Pace>,
    slots: Slots,
    bytes: AtomicU64,
    requests: AtomicU32,
    refused: AtomicU32,
    would_be_refused: AtomicU32,
    paused: AtomicU32,
    results: AtomicU32,
    errors: AtomicU32,
    histogram: Option<Histogram>,
    /// Windows without a result.
    silent: AtomicU8,
}

impl Cell {
    /// A cell whose quota is used as that of another one.
    pub fn with_used_share_of(other: &Self) -> Self {
        let arrival = AtomicU64::new(other.arrival.load(Relaxed));
        Self { arrival, pace: other.pace, ..Self::default() }
    }

    /// Decides about a request and counts it.
    pub fn decide(&self, request: &Arrival) -> Result<Decision, Stale> {
        if self.slots.is_behind(request.generation) {
            return Err(Stale);
        }
        let passed = match request.crowded {
            // Its quota stays as it is.
            Some(Enforcement::On) => {
                let verdict = Verdict::Refused(Exceeded::BatchCapacity);
                self.count(request, verdict, false);
                return Ok(Decision { verdict, standing: None });
            }
            Some(Enforcement::Observe) => Verdict::WouldBeRefused(Exceeded::BatchCapacity),
            None => Verdict::Passed,
        };
        let Some(limit) = request.limit else {
            self.count(request, passed, self.slots.reserve(u32::MAX));
            return Ok(Decision { verdict: passed, standing: None });
        };
        if self.pace != Some(limit.pace) {
            return Err(Stale);
        }
        let mut reserved = self.slots.reserve(limit.at_a_time);
        let exceeded = if !reserved {
            Some(Exceeded::Concurrency)
        } else if !self.take_one(limit.pace, request.now) {
            Some(Exceeded::Rate)
        } else {
            None
        };
        let verdict = match (exceeded, limit.enforcement) {
            (None, _) => passed,
            (Some(exceeded), Enforcement::Observe) => {
                reserved = reserved || self.slots.reserve(u32::MAX);
                Verdict::WouldBeRefused(exceeded)
            }
            (Some(exceeded), Enforcement::On) => {
                if reserved {
                    self.slots.give_back();
                }
                reserved = false;
                Verdict::Refused(exceeded)
            }
        };
        self.count(request, verdict, reserved);
        let mut standing = limit.pace.standing(self.arrival.load(Relaxed), request.now);
        if exceeded == Some(Exceeded::Concurrency) {
            standing.retry_after = standing.retry_after.max(SLOT_WAIT);
        }
        Ok(Decision { verdict, standing: Some(standing) })
    }

    /// Takes one request of the quota: exact with any number of threads, as a decision only counts
    /// if nothing changed in the meantime.
    fn take_one(&self, pace: Pace, now: u64) -> bool {
        let mut known = self.arrival.load(Relaxed);
        loop {
            let admitted = pace.admit(known, now);
            let Some(next) = admitted.or_else(|| pace.repaired(known, now)) else {
                return false;
            };
            match self.arrival.compare_exchange_weak(known, next, Relaxed, Relaxed) {
                Ok(_) => return admitted.is_some(),
                Err(changed) => known = changed,
            }
        }
    }

    fn count(&self, request: &Arrival, verdict: Verdict, reserved: bool) {
        raise(&self.requests, 1);
        raise_bytes(&self.bytes, request.content_length);
        match verdict {
            Verdict::Passed => {}
            Verdict::WouldBeRefused(_) => raise(&self.would_be_refused, 1),
            Verdict::Refused(_) => raise(&self.refused, 1),
        }
        if reserved {
            self.slots.begin();
        }
    }

    /// Counts a request that safe mode refused: its quota stays as it is.
    pub fn pause(&self, content_length: u64) {
        raise(&self.requests, 1);
        raise_bytes(&self.bytes, content_length);
        raise(&self.paused, 1);
    }

    /// Makes the cell ready for a request. A new pace leaves the same share of the capacity used.
    pub fn prepare(&mut self, request: &Arrival) {
        self.slots.advance(request.generation);
        let Some(Limit { pace, .. }) = request.limit else { return };
        if let Some(known) = self.pace.replace(pace)
            && known != pace
        {
            let arrival = self.arrival.get_mut();
            *arrival = known.moved_to(pace, *arrival, request.now);
        }
    }

    /// Ends a request that began in this generation.
    pub fn end(&self, began: Option<u32>) {
        self.slots.end(began);
    }

    /// Counts a result. The latency is left to the caller where there is no histogram.
    pub fn report(&self, result: Reported) {
        raise(&self.results, 1);
        if result.failed {
            raise(&self.errors, 1);
        }
        if let (Some(latency), Some(histogram)) = (result.latency, &self.histogram) {
            histogram.record(latency);
        }
    }

    pub fn has_histogram(&self) -> bool {
        self.histogram.is_some()
    }

    pub fn add_histogram(&mut self) {
        self.histogram.get_or_insert_default();
    }

    /// Drops a histogram that has nothing in it; true if there was one.
    pub fn drop_histogram(&mut self) -> bool {
        self.histogram.take_if(|histogram| histogram.is_empty()).is_some()
    }

    /// True if there is a histogram and no result came for that many windows.
    pub fn is_silent(&self, windows: u8) -> bool {
        self.has_histogram() && self.silent.load(Relaxed) >= windows
    }

    /// Moves the counts to `into`.
    pub fn take(&self, generation: u32, into: &mut Counts) {
        let results = take(&self.results);
        let silent = self.silent.load(Relaxed).saturating_add(1);
        self.silent.store(if results == 0 { silent } else { 0 }, Relaxed);
        into.add(&Counts {
            requests: take(&self.requests),
            bytes: take_bytes(&self.bytes),
            refused: take(&self.refused),
            would_be_refused: take(&self.would_be_refused),
            paused: take(&self.paused),
            in_flight: u64::from(self.slots.under_way(generation)),
            results,
            errors: take(&self.errors),
            latencies: Latencies::default(),
        });
        if let Some(histogram) = &self.histogram {
            histogram.take(&mut into.latencies);
        }
    }

    /// Requests, bytes and refusals since the last [`Cell::take`].
    pub fn peek(&self) -> [u64; 3] {
        let refused = u64::from(self.refused.load(Relaxed));
        [
            u64::from(self.requests.load(Relaxed)),
            self.bytes.load(Relaxed),
            refused + u64::from(self.would_be_refused.load(Relaxed)),
        ]
    }

    /// True if something came since the last [`Cell::take`].
    pub fn is_used(&self) -> bool {
        self.requests.load(Relaxed) > 0 || self.results.load(Relaxed) > 0
    }

    /// True if the cell does what a new one would do: its quota is full, nothing is under way, and
    /// nothing is left to be taken.
    pub fn equals_new(&self, now: MonotonicTime, generation: u32) -> bool {
        let counts =
            [&self.requests, &self.results, &self.refused, &self.would_be_refused, &self.paused];
        self.arrival.load(Relaxed) <= nanos(now)
            && self.slots.under_way(generation) == 0
            && counts.iter().all(|count| count.load(Relaxed) == 0)
            && self.histogram.as_ref().is_none_or(Histogram::is_empty)
    }
}

/// Counts of a window of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were decided, whatever the answer.
    pub requests: u64,
    /// The content lengths of these requests, summed.
    pub bytes: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests that passed beyond a quota that is only observed.
    pub would_be_refused: u64,
    /// Requests that safe mode refused.
    pub paused: u64,
    /// Requests under way at the end of the window.
    pub in_flight: u64,
    /// Results that were reported.
    pub results: u64,
    /// Results that were failures.
    pub errors: u64,
    /// Latencies that were reported. Those of an organization without a histogram of its own are
    /// among those of the others.
    pub latencies: Latencies,
}

impl Counts {
    /// Adds the counts of others.
    pub fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.requests, other.requests),
            (&mut self.bytes, other.bytes),
            (&mut self.refused, other.refused),
            (&mut self.would_be_refused, other.would_be_refused),
            (&mut self.paused, other.paused),
            (&mut self.in_flight, other.in_flight),
            (&mut self.results, other.results),
            (&mut self.errors, other.errors),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
        self.latencies.merge(&other.latencies);
    }
}
