//! The commands about what is stored: proving the journal, saving everything, and putting it back.

use std::{io::Write, sync::Arc};

use rules::journal::Head;

use super::Outcome;
use crate::{
    config::Config,
    store::{
        self, Store, Where,
        verify::{self, VerifyError},
    },
};

/// Runs one command to its end; these do one thing after the other.
pub(super) fn run<T>(future: impl Future<Output = T>, err: &mut dyn Write) -> Option<T> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => Some(runtime.block_on(future)),
        Err(error) => {
            let _ = writeln!(err, "error: this command can't be started: {error}.");
            None
        }
    }
}

/// A mistyped folder must not become an empty database.
fn exists(at: &Where, err: &mut dyn Write) -> Result<(), Outcome> {
    match at {
        Where::Sqlite { path } if !path.exists() => {
            let _ = writeln!(err, "error: there is no database at {}. Say where the data lie with --data-dir.", path.display());
            Err(Outcome::Failed)
        }
        _ => Ok(()),
    }
}

/// Reads `42:0f…`: a number and a hash, as the health page and every report show them.
pub(super) fn head(text: &str) -> Result<Head, String> {
    let expected = || "a head as it is shown: the entry's number, a colon, and its hash of 64 hexadecimal digits".to_owned();
    let (number, hash) = text.split_once(':').ok_or_else(expected)?;
    Ok(Head { number: number.trim().parse().map_err(|_| expected())?, hash: hash.trim().parse().map_err(|_| expected())? })
}

/// `calm-ops journal verify`
pub(super) fn verify(config: &Config, noted: Option<Head>, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let at = config.place();
    if let Err(outcome) = exists(&at, err) {
        return outcome;
    }
    let report = async {
        let store: Arc<dyn Store> = store::open(&at).await?;
        verify::verify(&*store, noted).await
    };
    let Some(report) = run(report, err) else { return Outcome::Failed };
    match report {
        Ok(report) if report.differing.is_empty() => {
            let Head { number, hash } = report.head;
            let _ = writeln!(out, "The journal verifies: {number} entries, none changed, missing, inserted or reordered.");
            if report.redacted > 0 {
                let _ = writeln!(out, "Of {} entries the content was redacted; each redaction is itself in the journal.", report.redacted);
            }
            if noted.is_some() {
                let _ = writeln!(out, "It holds the head that you noted.");
            }
            let _ = writeln!(out, "Its head is {number}:{hash}");
            let _ = writeln!(
                out,
                "Note it elsewhere; 'calm-ops journal verify --head {number}:HASH' proves later that nothing before it was changed."
            );
            Outcome::Fine
        }
        Ok(report) => {
            let names: Vec<String> = report.differing.iter().map(ToString::to_string).collect();
            let _ = writeln!(
                err,
                "error: the journal itself verifies up to {}:{}, but what is stored of incident {} is not what the journal says.\n\
                 Someone else wrote into the database, or this is a defect. 'calm-ops backup FILE' and 'restore FILE' into an empty place rebuild it.",
                report.head.number,
                report.head.hash,
                names.join(", ")
            );
            Outcome::Wrong
        }
        Err(VerifyError::Store(error)) => {
            let _ = writeln!(err, "error: the journal could not be read: {error}");
            Outcome::Failed
        }
        Err(error) => {
            let _ = writeln!(
                err,
                "error: the journal is not whole: {error}.\nWhat comes before that entry is proved. Keep a copy of the database as it is, and compare it with a backup."
            );
            Outcome::Wrong
        }
    }
}
