//! The gate: whether a request of an organization may pass, and what passes.
//!
//! [`Gate::decide`] answers for one request. It is called by many threads at once, takes no global
//! lock, and allocates nothing for an organization that it knows. The rate of a quota is kept by
//! the generic cell rate algorithm (`gate/pace.rs`), requests under way by slots that end on their
//! own (`gate/slots.rs`). Once a second [`Gate::take_window`] takes what was counted.
//!
//! Memory is bounded: at most [`Config::organizations`] have cells of their own. A cell whose quota
//! is full again and that is idle equals a new one and is dropped. While there is no room, further
//! organizations share a fixed number of common cells, each with the quota of one organization: a
//! client with many invented names gets no more than that many quotas. Pinned organizations are
//! always exact.
//!
//! **Approximations**: see `gate/slots.rs` for requests whose end is not heard. A quota that is
//! only observed lets requests beyond its concurrency pass, and they are under way then: what it
//! would have refused for concurrency is an upper bound. Decisions that meet at the last slot may
//! both be refused if the rate refuses one of them. Organizations with different quotas that share
//! a common cell use shares of their own quota each.
//!
//! The gate does not use the crate `governor`: its limiters have one quota for all keys, which
//! cannot change, no state that only observes, and no count of what is under way.

mod assigned;
mod batch;
mod cell;
mod config;
mod count;
mod fair;
mod latency;
mod pace;
mod slots;
mod table;
#[cfg(test)]
mod tests;
mod watch;
mod window;

use domain::time::{MonotonicTime, Span};
use policy::limits::Quota;

pub use crate::gate::{
    assigned::AssignedPlans,
    batch::BatchBound,
    cell::{Counts, Decision, Enforcement, Exceeded, Reported, Verdict},
    config::Config,
    fair::{Allowance, Caps, Demand, culprits, fair_shares},
    latency::Latencies,
    pace::{Standing, retry_after_seconds},
    watch::{Changes, Watchlist},
    window::{OrganizationCounts, Window},
};
use crate::gate::{
    batch::Batch,
    cell::{Arrival, Stale},
    latency::Histogram,
    slots::Lifetime,
    table::Table,
};

/// Quotas and counts of all organizations.
#[derive(Debug)]
pub struct Gate {
    table: Table,
    listed: usize,
    /// Batch requests of all organizations, while they have a bound.
    batch: Batch,
    /// Queueing times of all requests.
    queueing: Histogram,
}

impl Gate {
    /// A gate that knows no organization.
    pub fn new(config: &Config) -> Self {
        let longest = config.slot_lifetimes.iter().copied().max().unwrap_or(Span::ZERO);
        Self {
            table: Table::new(config),
            listed: config.listed,
            batch: Batch::new(Lifetime::new(longest)),
            queueing: Histogram::default(),
        }
    }

    /// Decides about a request of an organization in a class, and counts it. Without a quota it
    /// passes and is only counted. A class that the gate was not made for passes without a count.
    ///
    /// The quota may differ from that of the last request: the same share of it is used then, and
    /// it is in effect at once.
    pub fn decide(
        &self,
        organization: &str,
        class: u8,
        content_length: u64,
        limit: Option<(Enforcement, Quota)>,
        now: MonotonicTime,
    ) -> Decision {
        self.decide_crowded(organization, class, content_length, limit, None, now)
    }

    /// Decides about a batch request as [`Self::decide`], where all batch requests together have a
    /// bound. A request that exceeds it uses nothing of the quota of its organization.
    pub fn decide_batch(
        &self,
        organization: &str,
        class: u8,
        content_length: u64,
        limit: Option<(Enforcement, Quota)>,
        bound: BatchBound,
        now: MonotonicTime,
    ) -> Decision {
        let admission = self.batch.admit(bound, now);
        let crowded = admission.crowded;
        let decision =
            self.decide_crowded(organization, class, content_length, limit, crowded, now);
        self.batch.settle(admission, decision.passes(), now);
        decision
    }

    fn decide_crowded(
        &self,
        organization: &str,
        class: u8,
        content_length: u64,
        limit: Option<(Enforcement, Quota)>,
        crowded: Option<Enforcement>,
        now: MonotonicTime,
    ) -> Decision {
        let generation = self.table.generation(usize::from(class), now);
        let request = Arrival::new(now, generation, content_length, limit, crowded);
        let decide = |place: table::Place<'_>| place.cell.decide(&request);
        let decision = self
            .table
            .with(organization, class, true, decide, |cell, _pinned| cell.prepare(&request));
        decision.unwrap_or(Decision::UNLIMITED)
    }

    /// Counts a request that safe mode refused, whatever its quota is.
    pub fn pause(&self, organization: &str, class: u8, content_length: u64) {
        let pause = |place: table::Place<'_>| {
            place.cell.pause(content_length);
            Ok(())
        };
        let _ = self.table.with(organization, class, true, pause, |_, _| {});
    }

    /// Ends a request that passed. `began` is when it was decided, as far as that is known: without
    /// it the youngest request ends.
    pub fn end(&self, organization: &str, class: u8, began: Option<MonotonicTime>) {
        let began = began.map(|began| self.table.generation(usize::from(class), began));
        let end = |place: table::Place<'_>| {
            place.cell.end(began);
            Ok(())
        };
        let _ = self.table.with(organization, class, false, end, |_, _| {});
    }

    /// Ends a batch request that passed while there was a bound of them.
    pub fn end_batch(&self, began: Option<MonotonicTime>) {
        self.batch.end(began);
    }

    /// Counts the result of a request. Ending the request is another call, as an application and a
    /// proxy may both report. Results of an organization that is not known count for the others.
    pub fn report(&self, organization: &str, class: u8, reported: Reported) {
        let report = |place: table::Place<'_>| {
            let lacks = reported.latency.is_some() && !place.cell.has_histogram();
            if lacks && place.can_measure {
                return Err(Stale);
            }
            place.cell.report(reported);
            Ok(lacks)
        };
        let add = |cell: &mut cell::Cell, pinned| self.table.add_histogram(cell, pinned);
        let left = self.table.with(organization, class, false, report, add);
        if let (Some(true), Some(latency), Some(histogram)) =
            (left, reported.latency, self.table.histograms.get(usize::from(class)))
        {
            histogram.record(latency);
        }
    }

    /// Counts how long a request waited before its work began: the sign of overload.
    pub fn report_queueing(&self, waited: Span) {
        self.queueing.record(waited);
    }

    /// Gives an organization cells of its own for good, in addition to those of all others: for
    /// organizations that are configured or have a measure in force. They begin with a full quota
    /// unless the organization has cells of its own already.
    pub fn pin(&self, organization: &str) {
        self.table.pin(organization);
    }

    /// Ends a pin. Nothing changes for the organization until it is idle.
    pub fn unpin(&self, organization: &str) {
        self.table.unpin(organization);
    }

    /// Takes what was counted since the last call, and drops organizations that are idle. Called
    /// once a second by one caller.
    pub fn take_window(&self, now: MonotonicTime) -> Window {
        let mut window = window::take(&self.table, self.listed, now);
        self.queueing.take(&mut window.queueing);
        window.batch_under_way = self.batch.under_way(now);
        window
    }
}
