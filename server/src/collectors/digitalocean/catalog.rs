//! Whole lists of an account, as they were read last.

use std::collections::BTreeSet;

use domain::{
    reason::FailureReason,
    subject::Subject,
    time::{MonotonicTime, Span},
};

use super::inventory::Droplet;

/// So many empty lists in a row say that there is nothing.
pub(super) const EMPTY_LISTS: u32 = 3;
/// The interval of reading the list of droplets with GPUs where there are none, and what is hardly
/// ever there.
pub(super) const SELDOM: Span = Span::from_mins(10);

/// The parts of the account of one kind, as whole lists told it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    /// The subjects that are there; `None` before the first list.
    pub subjects: Option<BTreeSet<Subject>>,
    /// Empty lists in a row.
    pub(super) empties: u32,
    /// Time at which it was read last.
    pub read_at: Option<MonotonicTime>,
    /// The reason it could not be read when it was asked for last.
    pub problem: Option<FailureReason>,
    /// Things on the list, watched or not.
    pub count: usize,
}

/// Droplets with GPUs: a list of their own names them, which is read after that of the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gpus {
    /// The others, while those with GPUs are read.
    others: Option<Vec<Droplet>>,
    /// Empty lists in a row.
    empties: u32,
    read_at: Option<MonotonicTime>,
}

impl Gpus {
    /// True if their list is the one that is read now.
    pub(crate) const fn are_read(&self) -> bool {
        self.others.is_some()
    }

    /// Forgets a list that was not read to its end.
    pub(crate) fn begin_anew(&mut self) {
        self.others = None;
    }

    /// Takes a whole list; all droplets, once those with GPUs are there too. Where there are none,
    /// their list is read seldom.
    pub(crate) fn join(&mut self, list: Vec<Droplet>, now: MonotonicTime) -> Option<Vec<Droplet>> {
        if let Some(mut all) = self.others.take() {
            self.empties = if list.is_empty() { self.empties.saturating_add(1) } else { 0 };
            self.read_at = Some(now);
            all.extend(list);
            return Some(all);
        }
        let is_recent = self.read_at.is_some_and(|at| now.since(at) < SELDOM);
        if self.empties >= EMPTY_LISTS && is_recent {
            return Some(list);
        }
        self.others = Some(list);
        None
    }

    /// True if it is known which there are: an empty list says so only when it stays so.
    pub(super) fn are_known(&self) -> bool {
        self.read_at.is_some() && (self.empties == 0 || self.empties >= EMPTY_LISTS)
    }
}
