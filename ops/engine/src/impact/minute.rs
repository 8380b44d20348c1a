//! The last minute of each organization.

use std::collections::{BTreeMap, VecDeque};

use domain::{
    subject::Subject,
    time::{MonotonicTime, Span, Timestamp},
};

use crate::gate::{Counts, Latencies};

/// Counts are kept in parts of this length.
const PART: Span = Span::from_secs(10);
/// The time that is looked at.
const MINUTE: Span = Span::from_mins(1);

/// Counts of one window of one organization, by class.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Names of classes.
    pub classes: &'a [&'a str],
    /// Counts of the classes, in the same order.
    pub counts: &'a [Counts],
    /// Time at which the window began.
    pub began_at: Timestamp,
}

/// The last minute of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationMinute {
    /// The organization.
    pub organization: Subject,
    /// Requests, whatever the answer.
    pub requests: u64,
    /// Results that were reported.
    pub results: u64,
    /// Failures among them.
    pub failed: u64,
    /// The beginning of the first window with a failure.
    pub failed_since: Option<Timestamp>,
    /// Results that tell how long the request took.
    pub latencies: u64,
    /// The time within which 95% of those requests were answered; `None` if there are none.
    pub p95: Option<Span>,
    /// The usual one; `None` if that is not known.
    pub usual: Option<Span>,
    /// Requests that a limit refused, by class, with the beginning of the first window with one.
    pub refused: BTreeMap<String, (u64, Timestamp)>,
    /// Requests that safe mode refused.
    pub paused: u64,
    /// The beginning of the first window with one of them.
    pub paused_since: Option<Timestamp>,
}

impl OrganizationMinute {
    /// A minute in which nothing happened.
    pub const fn new(organization: Subject) -> Self {
        Self {
            organization,
            requests: 0,
            results: 0,
            failed: 0,
            failed_since: None,
            latencies: 0,
            p95: None,
            usual: None,
            refused: BTreeMap::new(),
            paused: 0,
            paused_since: None,
        }
    }
}

/// A part of the minute.
#[derive(Clone, Debug)]
struct Part {
    began: MonotonicTime,
    counted: OrganizationMinute,
    latencies: Latencies,
}

impl Part {
    fn add(&mut self, sample: &Sample<'_>) {
        let Self { counted, latencies, .. } = self;
        for (class, counts) in sample.classes.iter().zip(sample.counts) {
            counted.requests = counted.requests.saturating_add(counts.requests);
            counted.results = counted.results.saturating_add(counts.results);
            counted.failed = counted.failed.saturating_add(counts.errors);
            counted.paused = counted.paused.saturating_add(counts.paused);
            latencies.merge(&counts.latencies);
            if counts.errors > 0 {
                counted.failed_since.get_or_insert(sample.began_at);
            }
            if counts.paused > 0 {
                counted.paused_since.get_or_insert(sample.began_at);
            }
            if counts.refused > 0 {
                refuse(&mut counted.refused, class, counts.refused, sample.began_at);
            }
        }
    }
}

fn refuse(
    all: &mut BTreeMap<String, (u64, Timestamp)>,
    class: &str,
    refused: u64,
    began_at: Timestamp,
) {
    match all.get_mut(class) {
        Some((known, _)) => *known = known.saturating_add(refused),
        None => {
            all.insert(class.to_owned(), (refused, began_at));
        }
    }
}

/// The last minutes of the organizations that are watched.
#[derive(Clone, Debug, Default)]
pub struct Traffic(BTreeMap<Subject, VecDeque<Part>>);

impl Traffic {
    /// Forgets the organizations that are not watched any more.
    pub fn retain(&mut self, stays: impl Fn(&Subject) -> bool) {
        self.0.retain(|organization, _| stays(organization));
    }

    /// Takes a window of an organization that ends now.
    pub fn take(&mut self, organization: &Subject, sample: &Sample<'_>, now: MonotonicTime) {
        if !self.0.contains_key(organization) {
            self.0.insert(organization.clone(), VecDeque::new());
        }
        let Some(parts) = self.0.get_mut(organization) else { return };
        while parts.front().is_some_and(|part| now.since(part.began) >= MINUTE) {
            parts.pop_front();
        }
        if parts.back().is_none_or(|part| now.since(part.began) >= PART) {
            let counted = OrganizationMinute::new(organization.clone());
            parts.push_back(Part { began: now, counted, latencies: Latencies::default() });
        }
        if let Some(part) = parts.back_mut() {
            part.add(sample);
        }
    }

    /// The last minute of each, by name.
    pub fn minutes(&self) -> Vec<OrganizationMinute> {
        self.0.iter().map(|(organization, parts)| sum(organization, parts)).collect()
    }
}

fn sum(organization: &Subject, parts: &VecDeque<Part>) -> OrganizationMinute {
    let mut all = OrganizationMinute::new(organization.clone());
    let mut latencies = Latencies::default();
    for Part { counted, latencies: more, .. } in parts {
        all.requests = all.requests.saturating_add(counted.requests);
        all.results = all.results.saturating_add(counted.results);
        all.failed = all.failed.saturating_add(counted.failed);
        all.paused = all.paused.saturating_add(counted.paused);
        all.failed_since = all.failed_since.or(counted.failed_since);
        all.paused_since = all.paused_since.or(counted.paused_since);
        for (class, (refused, began_at)) in &counted.refused {
            refuse(&mut all.refused, class, *refused, *began_at);
        }
        latencies.merge(more);
    }
    (all.latencies, all.p95) = (latencies.count(), latencies.quantile(0.95));
    all
}
