//! The commands about what is stored: proving the journal, saving everything, and putting it back.

use std::{fs, io::Write, path::Path, sync::Arc};

use domain::{
    hash::Head,
    journal::{Broken, Event},
};
use engine::replay::{self, Bundle};

use super::{
    database::{exists, run, write},
    outcome::Outcome,
    wording::entries,
};
use crate::{
    backup::{self, BackupError},
    clock::Clock,
    collectors,
    config::Config,
    proof::{sentences, unexplained},
    store::{
        self, Store,
        verify::{self, VerifyError},
    },
};

/// Reads `42:0f…`: a number and a hash, as the health page and every report show them.
pub(super) fn head(text: &str) -> Result<Head, String> {
    let expected = || {
        "a head as it is printed: the entry's number, a colon, and its hash of 64 hexadecimal digits"
            .to_owned()
    };
    let (number, hash) = text.split_once(':').ok_or_else(expected)?;
    Ok(Head {
        number: number.trim().parse().map_err(|_| expected())?,
        hash: hash.trim().parse().map_err(|_| expected())?,
    })
}

/// `calm-ops journal verify`
pub(super) fn verify(
    config: &Config,
    noted: Option<Head>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
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
        Ok(report) if !report.unexplained.is_empty() => {
            let _ = writeln!(
                err,
                "error: the chain is intact, but {}.",
                unexplained(&report.unexplained)
            );
            Outcome::Wrong
        }
        Ok(report) if report.is_whole() => {
            let Head { number, hash } = report.head;
            let _ = writeln!(
                out,
                "The journal is intact: {}, none changed, missing, inserted or reordered.",
                entries(number)
            );
            if report.redacted > 0 {
                let _ = writeln!(
                    out,
                    "The content of {} was redacted; each redaction is recorded in the journal.",
                    entries(report.redacted)
                );
            }
            let _ = writeln!(
                out,
                "Incidents, roles, tokens, sign-ins, share links and contacts match it. Not in the journal, and so not proven: names, labels, passwords, keys and secrets."
            );
            if report.untold > 0 {
                let _ = writeln!(
                    out,
                    "For {} tokens and share links from earlier versions it does not record everything that they allow.",
                    report.untold
                );
            }
            if noted.is_some() {
                let _ = writeln!(out, "It contains the head that you noted.");
            }
            let _ = writeln!(out, "Its head is {number}:{hash}");
            let _ = writeln!(
                out,
                "Note it elsewhere; 'calm-ops journal verify --head {number}:HASH' proves later that nothing before it was changed."
            );
            Outcome::Fine
        }
        Ok(report) => {
            let Head { number, hash } = report.head;
            let _ = writeln!(
                err,
                "error: the journal itself is intact up to {number}:{hash}, but the data stored beside it does not match it."
            );
            for sentence in sentences(&report) {
                let _ = writeln!(err, "{sentence}");
            }
            let _ = writeln!(
                err,
                "Either something else wrote to the database, or this is a bug. Calm Ops only allows what the journal records.\n\
                 'calm-ops backup FILE', and 'calm-ops restore FILE' into an empty database, rebuild incidents and roles. Keep a copy of the database as it is."
            );
            Outcome::Wrong
        }
        Err(VerifyError::Store(error)) => {
            let _ = writeln!(err, "error: the journal could not be read: {error}");
            Outcome::Failed
        }
        Err(error) => {
            let proved = match &error {
                VerifyError::Broken(Broken::OtherHead { .. }) => {
                    "So neither that entry nor any before it is proven."
                }
                _ => "The entries before that one are intact.",
            };
            let _ = writeln!(
                err,
                "error: the journal is not intact: {error}.\n{proved} Keep a copy of the database as it is, and compare it with a backup."
            );
            Outcome::Wrong
        }
    }
}

/// `calm-ops backup FILE`
pub(super) fn backup(
    config: &Config,
    file: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let at = config.place();
    if let Err(outcome) = exists(&at, err) {
        return outcome;
    }
    let saved = async {
        let store = store::open_archive(&at).await?;
        let head = backup::backup(&*store, file).await?;
        let now = Clock::start().now().wall;
        let noted = write(&*store, Event::BackedUp { number: head.number }, now).await;
        Ok::<_, BackupError>((head, noted))
    };
    match run(saved, err) {
        Some(Ok((Head { number, hash }, noted))) => {
            let _ = writeln!(
                out,
                "Saved {} of the journal and their data to {}.",
                entries(number),
                file.display()
            );
            let _ = writeln!(out, "Its journal head is {number}:{hash}");
            if noted.is_err() {
                let _ = writeln!(
                    err,
                    "The backup is complete, but the journal could not note it: readiness in the settings does not know of it."
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

/// `calm-ops restore FILE`
pub(super) fn restore(
    config: &Config,
    file: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let now = Clock::start().now().wall;
    let at = config.place();
    match run(backup::restore(file, &at, now), err) {
        Some(Ok(restored)) => {
            let Head { number, hash } = restored.backup;
            let _ = writeln!(
                out,
                "Restored {} of the journal from {}; its head is {number}:{hash}",
                entries(number),
                file.display()
            );
            let Head { number, hash } = restored.head;
            let _ = writeln!(
                out,
                "One more entry records the restore: the head is now {number}:{hash}"
            );
            let _ = writeln!(
                out,
                "Nobody is notified yet: contacts and share links are never in a backup. Everyone has to add their contacts again in the settings."
            );
            if let Some(kept) = restored.kept {
                let _ = writeln!(out, "The previous database is kept as {}", kept.display());
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

/// The largest bundle that is read, in bytes.
const LARGEST_BUNDLE: u64 = 256 * 1024 * 1024;

/// `calm-ops replay FILE`
pub(super) fn replay(file: &Path, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let shown = file.display();
    let text = fs::metadata(file).and_then(|data| {
        if data.len() > LARGEST_BUNDLE {
            Err(std::io::ErrorKind::FileTooLarge.into())
        } else {
            fs::read(file)
        }
    });
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            let _ = writeln!(
                err,
                "error: {shown} can't be read: {error}. You can download a bundle from an incident's page."
            );
            return Outcome::Failed;
        }
    };
    let bundle: Bundle = match serde_json::from_slice(&text) {
        Ok(bundle) => bundle,
        Err(error) => {
            let _ = writeln!(
                err,
                "error: {shown} is not a replay bundle: {error}. You can download a bundle from an incident's page."
            );
            return Outcome::Wrong;
        }
    };
    match replay::replay(&bundle, wording::replay::describe, collectors::signals()) {
        Ok(replayed) => {
            if bundle.rules_version != replay::RULES_VERSION {
                let (then, now) = (&bundle.rules_version, replay::RULES_VERSION);
                let _ = writeln!(out, "Decided by version {then}, replayed by version {now}.");
            }
            let _ = writeln!(out, "{replayed}");
            if replayed.is_same() { Outcome::Fine } else { Outcome::Wrong }
        }
        Err(error) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Wrong
        }
    }
}
