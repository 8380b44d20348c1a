//! The journal as a file: taken out, and proved without its database.

use std::{io::Write, path::Path};

use domain::{hash::Head, journal::Broken};

use super::{
    database::{exists, run},
    outcome::Outcome,
    wording::entries,
};
use crate::{
    config::Config,
    export::{self, ExportError},
    proof::unexplained,
    store,
};

/// `calm-ops journal export FILE`
pub(super) fn export(
    config: &Config,
    file: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let at = config.place();
    if let Err(outcome) = exists(&at, err) {
        return outcome;
    }
    let to_output = file == Path::new("-");
    let written = async {
        let store = store::open(&at).await?;
        if to_output {
            export::write(&*store, out).await
        } else {
            export::write_file(&*store, file).await
        }
    };
    match run(written, err) {
        Some(Ok(Head { number, hash })) => {
            if to_output {
                // The standard output holds the export itself.
                let _ = writeln!(err, "The head of the export is {number}:{hash}");
            } else {
                let _ = writeln!(
                    out,
                    "Wrote {} of the journal to {}.",
                    entries(number),
                    file.display()
                );
                let _ = writeln!(out, "Its head is {number}:{hash}");
                let _ = writeln!(
                    out,
                    "'calm-ops journal verify --file {} --head {number}:HASH' proves it anywhere.",
                    file.display()
                );
            }
            Outcome::Fine
        }
        Some(Err(error)) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Failed
        }
        None => Outcome::Failed,
    }
}

/// `calm-ops journal verify --file EXPORT.jsonl`
pub(super) fn verify_file(
    file: &Path,
    noted: Option<Head>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    match export::prove_file(file, noted) {
        Ok(proved) if proved.unexplained.is_empty() => {
            let Head { number, hash } = proved.head;
            let count = entries(number - proved.first + 1);
            let _ = writeln!(
                out,
                "The export is intact: {count}, none changed, missing, inserted or reordered."
            );
            if proved.first > 1 {
                let _ = writeln!(
                    out,
                    "It starts with entry {}; earlier entries are not in this file.",
                    proved.first
                );
            }
            if proved.redacted > 0 {
                let _ = writeln!(
                    out,
                    "The content of {} was redacted; each redaction is recorded in the journal.",
                    entries(proved.redacted)
                );
            }
            if noted.is_some() {
                let _ = writeln!(out, "It contains the head that you noted.");
            }
            let _ = writeln!(out, "Its head is {number}:{hash}");
            if noted.is_none() {
                let _ = writeln!(
                    out,
                    "Compare it with a head noted elsewhere (--head). On its own, a file only proves that its entries belong together."
                );
            }
            Outcome::Fine
        }
        Ok(proved) => {
            let _ = writeln!(
                err,
                "error: the chain of {} is intact, but {}.",
                file.display(),
                unexplained(&proved.unexplained)
            );
            Outcome::Wrong
        }
        Err(error @ (ExportError::File { .. } | ExportError::Store(_))) => {
            let _ = writeln!(err, "error: {error}.");
            Outcome::Failed
        }
        Err(error) => {
            let proved = match &error {
                ExportError::Broken { broken: Broken::OtherHead { .. }, .. } => {
                    " So neither that entry nor any before it is proven."
                }
                ExportError::Broken { .. } => " The entries before that one are intact.",
                ExportError::File { .. }
                | ExportError::Line { .. }
                | ExportError::Before { .. }
                | ExportError::Empty
                | ExportError::Store(_) => "",
            };
            let _ = writeln!(
                err,
                "error: the export {} is not intact: {error}.{proved}",
                file.display()
            );
            Outcome::Wrong
        }
    }
}
