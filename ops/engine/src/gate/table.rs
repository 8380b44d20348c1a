//! The cells of all organizations: sharded, bounded, and found without a global lock.
//!
//! Each shard is a table behind a reader-writer lock. Decisions hold it as readers, so that they
//! run beside each other; a writer adds an organization, drops some, or prepares a cell, which is
//! rare. Nothing that holds a lock panics, so a poisoned lock is used as it is.

use std::{
    hash::Hasher,
    sync::{
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed},
    },
};

use domain::time::MonotonicTime;
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

use crate::gate::{
    cell::{Cell, Stale},
    config::Config,
    latency::Histogram,
    slots::Lifetime,
};

/// Far more than there are threads, and enough that a shard of 100,000 organizations is swept in
/// microseconds.
const SHARDS: usize = 256;
/// Windows without a request after which an organization is dropped while there is room.
const IDLE_WINDOWS: u8 = 60;

/// One organization.
#[derive(Debug)]
pub(super) struct Entry {
    hash: u64,
    pub name: Box<str>,
    /// One for each class.
    pub cells: Box<[Cell]>,
    /// Kept, whether there is room or not.
    pub pinned: bool,
    /// Windows without a request.
    pub idle: AtomicU8,
}

/// A shard, alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(RwLock<HashTable<Entry>>);

/// A cell as a decision finds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub cell: &'a Cell,
    /// True if a histogram can be added.
    pub can_measure: bool,
}

/// The cells of all organizations.
#[derive(Debug)]
pub(super) struct Table {
    shards: Box<[Shard]>,
    /// Cells, one for each class, that are shared by organizations for which there is no room.
    common: Box<[RwLock<Box<[Cell]>>]>,
    /// Latencies by class for which there is no histogram of an organization.
    pub histograms: Box<[Histogram]>,
    lifetimes: Box<[Lifetime]>,
    key: [u64; 2],
    /// Organizations with cells that are not pinned. More than `most` only when pins ended.
    own: AtomicUsize,
    most: usize,
    /// Histograms of organizations. More than `most_histograms` only by those that are pinned.
    measured: AtomicUsize,
    most_measured: usize,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Takes one of `most`.
fn occupy(taken: &AtomicUsize, most: usize) -> bool {
    taken.fetch_update(Relaxed, Relaxed, |taken| (taken < most).then(|| taken + 1)).is_ok()
}

/// Gives one back.
fn release(taken: &AtomicUsize) {
    let _ = taken.fetch_update(Relaxed, Relaxed, |taken| taken.checked_sub(1));
}

fn collect<T>(count: usize, make: impl FnMut() -> T) -> Box<[T]> {
    std::iter::repeat_with(make).take(count).collect()
}

impl Table {
    pub fn new(config: &Config) -> Self {
        let classes = config.slot_lifetimes.len();
        Self {
            shards: collect(SHARDS, Shard::default),
            common: collect(config.common.max(1), || RwLock::new(collect(classes, Cell::default))),
            histograms: collect(classes, Histogram::default),
            lifetimes: config.slot_lifetimes.iter().copied().map(Lifetime::new).collect(),
            key: config.key,
            own: AtomicUsize::new(0),
            most: config.organizations,
            measured: AtomicUsize::new(0),
            most_measured: config.histograms,
        }
    }

    /// A keyed hash that nobody can foresee (SipHash-1-3: Aumasson and Bernstein, "SipHash: a fast
    /// short-input PRF", 2012). The table uses its lowest and highest bits, a shard and a common
    /// cell are chosen by others.
    fn hash(&self, organization: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.key[0], self.key[1]);
        hasher.write(organization.as_bytes());
        hasher.finish()
    }

    fn shard(&self, hash: u64) -> &RwLock<HashTable<Entry>> {
        &self.shards[(hash >> 40) as usize % SHARDS].0
    }

    fn common(&self, hash: u64) -> &RwLock<Box<[Cell]>> {
        &self.common[(hash >> 16) as usize % self.common.len()]
    }

    pub fn classes(&self) -> usize {
        self.lifetimes.len()
    }

    /// The generation of slots of a class; the oldest for a class that is unknown.
    pub fn generation(&self, class: usize, now: MonotonicTime) -> u32 {
        self.lifetimes.get(class).map_or(0, |lifetime| lifetime.generation(now))
    }

    /// Organizations with cells of their own that are not pinned.
    pub fn own(&self) -> usize {
        self.own.load(Relaxed)
    }

    fn has_room(&self) -> bool {
        self.own() < self.most
    }

    fn can_measure(&self, pinned: bool) -> bool {
        pinned || self.measured.load(Relaxed) < self.most_measured
    }

    /// Acts on the cell of an organization in a class. A new organization gets cells if `adds` and
    /// there is room, otherwise it uses a common one. What is stale is prepared and acted on again.
    /// `None` if the class is unknown.
    pub fn with<R>(
        &self,
        organization: &str,
        class: u8,
        adds: bool,
        act: impl Fn(Place<'_>) -> Result<R, Stale>,
        prepare: impl Fn(&mut Cell, bool),
    ) -> Option<R> {
        let hash = self.hash(organization);
        let class = usize::from(class);
        let is_it = |entry: &Entry| *entry.name == *organization;
        let known = if let Some(entry) = read(self.shard(hash)).find(hash, is_it) {
            let can_measure = self.can_measure(entry.pinned);
            if let Ok(done) = act(Place { cell: entry.cells.get(class)?, can_measure }) {
                return Some(done);
            }
            true
        } else {
            false
        };
        let stays = known || (adds && self.has_room());
        if !stays {
            return self.with_common(hash, class, act, prepare);
        }
        let mut shard = write(self.shard(hash));
        if shard.find(hash, is_it).is_none() {
            if !adds || !occupy(&self.own, self.most) {
                drop(shard);
                return self.with_common(hash, class, act, prepare);
            }
            let cells = self.cells_beside_common(hash);
            insert(&mut shard, hash, organization, cells, false);
        }
        let entry = shard.find_mut(hash, is_it)?;
        let cell = entry.cells.get_mut(class)?;
        prepare(cell, entry.pinned);
        act(Place { cell, can_measure: false }).ok()
    }

    fn with_common<R>(
        &self,
        hash: u64,
        class: usize,
        act: impl Fn(Place<'_>) -> Result<R, Stale>,
        prepare: impl Fn(&mut Cell, bool),
    ) -> Option<R> {
        let common = self.common(hash);
        if let Ok(done) = act(Place { cell: read(common).get(class)?, can_measure: false }) {
            return Some(done);
        }
        let mut cells = write(common);
        let cell = cells.get_mut(class)?;
        prepare(cell, false);
        act(Place { cell, can_measure: false }).ok()
    }

    /// Cells for a new organization. It may have used the common cell until now, so the same share
    /// of its quota stays used.
    fn cells_beside_common(&self, hash: u64) -> Box<[Cell]> {
        read(self.common(hash)).iter().map(Cell::with_used_share_of).collect()
    }

    /// Adds a histogram to a cell if there is room for it.
    pub fn add_histogram(&self, cell: &mut Cell, pinned: bool) {
        let most = if pinned { usize::MAX } else { self.most_measured };
        if !cell.has_histogram() && occupy(&self.measured, most) {
            cell.add_histogram();
        }
    }

    /// Gives an organization cells of its own for good.
    pub fn pin(&self, organization: &str) {
        let hash = self.hash(organization);
        let is_it = |entry: &Entry| *entry.name == *organization;
        let mut shard = write(self.shard(hash));
        if let Some(entry) = shard.find_mut(hash, is_it) {
            if !entry.pinned {
                entry.pinned = true;
                release(&self.own);
            }
            return;
        }
        let cells = collect(self.classes(), Cell::default);
        insert(&mut shard, hash, organization, cells, true);
    }

    /// Lets an organization be dropped once it is idle.
    pub fn unpin(&self, organization: &str) {
        let hash = self.hash(organization);
        let mut shard = write(self.shard(hash));
        let entry = shard.find_mut(hash, |entry| *entry.name == *organization);
        if let Some(entry) = entry.filter(|entry| entry.pinned) {
            entry.pinned = false;
            occupy(&self.own, usize::MAX);
        }
    }

    /// Visits each organization.
    pub fn visit(&self, mut visit: impl FnMut(&Entry)) {
        for shard in &self.shards {
            read(&shard.0).iter().for_each(&mut visit);
        }
    }

    /// Visits the cells that organizations share.
    pub fn visit_common(&self, mut visit: impl FnMut(&[Cell])) {
        for cells in &self.common {
            visit(&read(cells));
        }
    }

    /// Visits each organization, and then drops those that equal new ones: at once where room is
    /// scarce, otherwise when they are idle for a while.
    pub fn sweep(&self, now: MonotonicTime, mut visit: impl FnMut(&Entry)) {
        let scarce = self.own() >= self.most / 4 * 3;
        let idle = if scarce { 0 } else { IDLE_WINDOWS };
        let unmeasured = if self.can_measure(false) { IDLE_WINDOWS } else { 1 };
        for shard in &self.shards {
            let mut untidy = false;
            for entry in read(&shard.0).iter() {
                visit(entry);
                untidy |= self.is_over(entry, idle, now);
                untidy |=
                    !entry.pinned && entry.cells.iter().any(|cell| cell.is_silent(unmeasured));
            }
            if untidy {
                write(&shard.0).retain(|entry| self.tidy(entry, idle, unmeasured, now));
            }
        }
    }

    fn is_over(&self, entry: &Entry, idle: u8, now: MonotonicTime) -> bool {
        !entry.pinned
            && entry.idle.load(Relaxed) >= idle
            && (0..)
                .zip(&entry.cells)
                .all(|(class, cell)| cell.equals_new(now, self.generation(class, now)))
    }

    /// Drops what an organization no longer needs; false if that is all of it.
    fn tidy(&self, entry: &mut Entry, idle: u8, unmeasured: u8, now: MonotonicTime) -> bool {
        let over = self.is_over(entry, idle, now);
        for cell in &mut entry.cells {
            if (over || !entry.pinned && cell.is_silent(unmeasured)) && cell.drop_histogram() {
                release(&self.measured);
            }
        }
        if over {
            release(&self.own);
        }
        !over
    }
}

fn insert(
    shard: &mut HashTable<Entry>,
    hash: u64,
    organization: &str,
    cells: Box<[Cell]>,
    pinned: bool,
) {
    let entry = Entry { hash, name: organization.into(), cells, pinned, idle: AtomicU8::new(0) };
    shard.insert_unique(hash, entry, |entry| entry.hash);
}
