//! Events since the last look: by organization for those that matter, summed for the rest.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    sync::atomic::Ordering::Relaxed,
};

use domain::time::MonotonicTime;

use crate::gate::{
    cell::{Cell, Counts},
    latency::Latencies,
    table::{Entry, Table},
};

/// The counts of a window of time. The counts of a request that is decided while the window is
/// taken may be part of this window or of the next one, each count in exactly one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The organizations that are pinned, and those with the most requests, bytes or refusals, by
    /// name.
    pub organizations: Vec<OrganizationCounts>,
    /// All others by class, those without cells of their own among them.
    pub others: Vec<Counts>,
    /// Organizations with cells of their own that are not pinned.
    pub own_cells: usize,
    /// Batch requests under way, while they have a bound.
    pub batch_under_way: u32,
    /// Queueing times that were reported.
    pub queueing: Latencies,
}

/// The counts of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationCounts {
    /// The organization.
    pub organization: Box<str>,
    /// True if it is pinned.
    pub pinned: bool,
    /// Its counts by class.
    pub classes: Vec<Counts>,
}

/// The organizations with the largest values, by name where values are equal.
struct Largest {
    most: usize,
    /// The least of them comes first.
    heap: BinaryHeap<Reverse<(u64, Reverse<Box<str>>)>>,
}

impl Largest {
    fn offer(&mut self, value: u64, name: &str) {
        if value == 0 || self.most == 0 {
            return;
        }
        if self.heap.len() >= self.most {
            let Some(Reverse((least, Reverse(last)))) = self.heap.peek() else { return };
            if (value, Reverse(name)) <= (*least, Reverse(&**last)) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(Reverse((value, Reverse(name.into()))));
    }
}

/// Organizations that are listed beside the pinned ones. More may happen before their counts are
/// taken: only the choice rests on it.
fn listed(table: &Table, most: usize) -> BTreeSet<Box<str>> {
    let mut measures = [const { BinaryHeap::new() }; 3].map(|heap| Largest { most, heap });
    table.visit(|entry| {
        if entry.pinned {
            return;
        }
        let mut sums = [0_u64; 3];
        for cell in &entry.cells {
            for (sum, value) in sums.iter_mut().zip(cell.peek()) {
                *sum = sum.saturating_add(value);
            }
        }
        for (largest, value) in measures.iter_mut().zip(sums) {
            largest.offer(value, &entry.name);
        }
    });
    let names = measures.into_iter().flat_map(|largest| largest.heap.into_vec());
    names.map(|Reverse((_, Reverse(name)))| name).collect()
}

/// Moves the counts of cells into those by class.
fn take_cells(table: &Table, cells: &[Cell], now: MonotonicTime, into: &mut [Counts]) {
    for ((class, cell), counts) in cells.iter().enumerate().zip(into) {
        cell.take(table.generation(class, now), counts);
    }
}

fn note_idleness(entry: &Entry) {
    let used = entry.cells.iter().any(Cell::is_used);
    let idle = entry.idle.load(Relaxed).saturating_add(1);
    entry.idle.store(if used { 0 } else { idle }, Relaxed);
}

/// Takes all counts, and drops organizations that are not needed any more.
pub(super) fn take(table: &Table, most_listed: usize, now: MonotonicTime) -> Window {
    let listed = listed(table, most_listed);
    let mut others = vec![Counts::default(); table.classes()];
    let mut organizations = Vec::new();
    table.sweep(now, |entry| {
        note_idleness(entry);
        if !entry.pinned && !listed.contains(&entry.name) {
            take_cells(table, &entry.cells, now, &mut others);
            return;
        }
        let mut classes = vec![Counts::default(); table.classes()];
        take_cells(table, &entry.cells, now, &mut classes);
        let organization = entry.name.clone();
        organizations.push(OrganizationCounts { organization, pinned: entry.pinned, classes });
    });
    table.visit_common(|cells| take_cells(table, cells, now, &mut others));
    for (histogram, counts) in table.histograms.iter().zip(&mut others) {
        histogram.take(&mut counts.latencies);
    }
    organizations.sort_unstable_by(|one, other| one.organization.cmp(&other.organization));
    Window {
        organizations,
        others,
        own_cells: table.own(),
        batch_under_way: 0,
        queueing: Latencies::default(),
    }
}
