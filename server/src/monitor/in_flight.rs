//! Work of the monitor that is on its way: its results, and how they are waited for.

use std::{
    collections::HashMap,
    future::pending,
    time::{Duration, Instant},
};

use domain::{
    error::Error, id::IncidentNumber, incident::Incident, journal::Entry, signal::Signal,
    subject::Subject, time::Timestamp, usual::Usual,
};
use tokio::task::JoinHandle;

use crate::{monitor::bundles::Wanted, store::Rollup};

/// One write on its way to the database.
#[derive(Debug)]
pub(super) enum Landed {
    Recorded(Result<(), Error>, Vec<Wanted>),
    Reloaded(Result<Stored, String>),
    Rolled { failed: Option<(Vec<Rollup>, String)> },
    Saved(Result<(), String>),
    Kept { unkept: Vec<Wanted> },
}

/// The incidents as they are stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) incidents: Vec<Incident>,
    pub(super) next_number: IncidentNumber,
    /// The entries that announce something, as far as it may still matter.
    pub(super) announced: Vec<Entry>,
    /// The journal's number that they are of; they may hold more if changes came all the while.
    pub(super) number: u64,
}

/// The database fails.
#[derive(Debug)]
pub(super) struct Away {
    pub(super) since: Timestamp,
    /// The reason, and what to do.
    pub(super) sentence: String,
    /// A write failed: that readings succeed does not end it then, as they do while another program
    /// holds the lock.
    pub(super) writing: bool,
}

/// The usual values of each series.
#[derive(Debug, Default)]
pub(super) struct UsualValues {
    /// At this hour.
    pub(super) usual: HashMap<(Subject, Signal), Usual>,
    /// In the last days, whatever the hour.
    pub(super) medians: HashMap<(Subject, Signal), f64>,
    /// False if what is usual at this hour was not read, or not of all.
    pub(super) is_whole: bool,
}

/// Waits for the write that is on its way; for ever if there is none. Given up in the middle,
/// nothing is lost: the write stays.
pub(super) async fn landed(
    flight: &mut Option<(Instant, JoinHandle<Landed>)>,
) -> (Duration, Option<Landed>) {
    let Some((began, task)) = flight else { return pending().await };
    let landed =
        task.await.inspect_err(|error| tracing::error!(%error, "a write failed unexpectedly")).ok();
    let took = began.elapsed();
    *flight = None;
    (took, landed)
}

/// The same for what is learned; `None` if it could not be read.
pub(super) async fn studied(
    study: &mut Option<JoinHandle<Option<UsualValues>>>,
) -> Option<UsualValues> {
    let Some(task) = study else { return pending().await };
    let usual = task
        .await
        .inspect_err(|error| tracing::error!(%error, "learning usual values failed unexpectedly"))
        .unwrap_or_default();
    *study = None;
    usual
}

/// Waits for the record that is being read; for ever if none is.
pub(super) async fn tracked(
    tracking: &mut Option<JoinHandle<Option<Vec<Entry>>>>,
) -> Option<Vec<Entry>> {
    let Some(task) = tracking else { return pending().await };
    let read = task
        .await
        .inspect_err(|error| tracing::error!(%error, "reading past results failed unexpectedly"))
        .unwrap_or_default();
    *tracking = None;
    read
}
