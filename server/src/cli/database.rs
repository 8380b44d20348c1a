//! Access of commands to the database.

use std::io::Write;

use tokio::runtime::Runtime;

use super::outcome::Outcome;
use crate::store::Where;

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
