//! Access of commands to the database.

use std::{io::Write, sync::Arc};

use domain::{
    actor::Actor,
    error::{Error, Unavailable},
    journal::Event,
    time::Timestamp,
};
use tokio::runtime::Runtime;
use wording::error::sentence;

use super::outcome::Outcome;
use crate::{
    config::Config,
    store::{self, About, Change, Decide, Store, StoreError, Where},
};

/// The reason why something could not be done.
pub(super) enum Failure {
    /// A rule refuses it.
    Refused(Error),
    /// The database failed.
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(error) => Self::Refused(error),
            error => Self::Store(error),
        }
    }
}

/// Works on the data beside a server that may run, and prints the result. `reads` opens it for
/// reading alone.
pub(super) fn work_on(
    config: &Config,
    reads: bool,
    work: impl AsyncFnOnce(&dyn Store) -> Result<String, Failure>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let at = config.place();
    if let Err(outcome) = exists(&at, err) {
        return outcome;
    }
    let done = async {
        let store: Arc<dyn Store> =
            if reads { store::open_to_read(&at).await? } else { store::open(&at).await? };
        work(&*store).await
    };
    match run(done, err) {
        Some(Ok(text)) => {
            let _ = writeln!(out, "{text}");
            Outcome::Fine
        }
        Some(Err(Failure::Refused(error))) => {
            let _ = writeln!(err, "error: {}", sentence(&error));
            match error {
                Error::InvalidField { .. } => Outcome::Usage,
                _ => Outcome::Failed,
            }
        }
        Some(Err(Failure::Store(error))) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Failed
        }
        None => Outcome::Failed,
    }
}

/// Writes an event as whoever sits at this machine; the number of its entry.
pub(super) async fn write(store: &dyn Store, event: Event, at: Timestamp) -> Result<u64, Failure> {
    decide(store, (About::Nothing, Box::new(move |_| Ok(vec![event]))), at).await
}

/// Writes what is decided in the transaction, as whoever sits at this machine; the number of its
/// last entry.
pub(super) async fn decide(
    store: &dyn Store,
    (about, decide): (About, Decide),
    at: Timestamp,
) -> Result<u64, Failure> {
    let change = Change { at, actor: Actor::Local, about, decide, people: None, monitor: None };
    let entries = store.change(change).await?;
    Ok(entries.last().map(|entry| entry.number).ok_or(Error::from(Unavailable::Unclear))?)
}

/// Runs one command to its end; these do one thing after the other.
pub(super) fn run<T>(future: impl Future<Output = T>, err: &mut dyn Write) -> Option<T> {
    runtime(err).map(|runtime| runtime.block_on(future))
}

/// The same for a future that also writes to `err`.
pub(super) fn runtime(err: &mut dyn Write) -> Option<Runtime> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => Some(runtime),
        Err(error) => {
            let _ = writeln!(err, "error: this command can't be started: {error}.");
            None
        }
    }
}

/// A mistyped folder must not become an empty database.
pub(super) fn exists(at: &Where, err: &mut dyn Write) -> Result<(), Outcome> {
    match at {
        Where::Sqlite { path } if !path.exists() => {
            let _ = writeln!(
                err,
                "error: there is no database at {}. Set the data directory with --data-dir.",
                path.display()
            );
            Err(Outcome::Failed)
        }
        _ => Ok(()),
    }
}
