//! Backup and restore: one portable file for both databases.
//!
//! The file is text, one JSON object a line: a header, the journal's entries as they are stored,
//! history as blocks and roll-ups, replay bundles, and at the end the SHA-256 of all lines before it. The incidents are
//! not in it: they are what the journal makes of them. So a backup of SQLite can be restored into
//! PostgreSQL and the other way round, and the journal's hashes are the same in both.
//!
//! A backup is taken while Calm Ops runs: journal entries never change, so that all of them up to
//! one head are one state. A restore is refused while Calm Ops runs from that database: its
//! monitor, its streams and its open pages hold positions of the journal that would be gone under
//! them, and nothing in a journal is ever replaced. With SQLite the file that was there is kept
//! beside the restored one; with PostgreSQL the database must be empty. A restored journal begins a
//! new epoch, so that every reader from before starts again instead of going on from a number that
//! now means something else.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read as _, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use commands::{
    access_record::{AccessRecord, Difference, KINDS},
    accounts::{Accounts, Row},
};
use domain::{
    actor::Actor,
    error::DatabaseFault,
    hash::{Hash, Head},
    id::IncidentNumber,
    incident::Incident,
    journal::{Broken, Event, StoredEntry, Verifier},
    text::{clip, shown},
    time::Timestamp,
};
use sha2::{Digest as _, Sha256};

use self::line::{Line, block_line, entry_line, hex, rollup_line, step, unhex};
use crate::store::{
    Archive, Block, Item, PostgresStore, Rollup, SqliteStore, Store as _, StoreError, Where,
    readable,
    verify::{Fold, VerifyError},
};

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod line;

/// Number of rows that are read at a time.
const PAGE: u32 = 500;
/// The form that is written. Form 1 had no blocks, and is read as well.
const FORMAT: u32 = 2;
/// The longest line of a backup: longer ones are not ours.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// The reasons for which a backup or a restore did not come to its end; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file can't be read or written.
    #[error("{sentence}: {source}")]
    File {
        /// The file, and the attempt.
        sentence: String,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The file is not a whole backup.
    #[error(
        "line {line} of the backup: {problem}. The file is damaged or not a backup; use another one"
    )]
    Damaged {
        /// The number of the line.
        line: u64,
        /// The problem there.
        problem: String,
    },
    /// The journal in it is not whole.
    #[error("the journal in the backup was changed: {0}")]
    Journal(#[from] VerifyError),
    /// The rights of people in it are not what its journal says.
    #[error(
        "the backup, or the database that it came from, was changed: {}. Nothing was restored; use another backup",
        wording::access::differences(.0)
    )]
    Access(Vec<Difference>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The head of the backup.
    pub backup: Head,
    /// The journal's head now: one entry later, which tells of the restore.
    pub head: Head,
    /// The place where the file that was there before is kept.
    pub kept: Option<PathBuf>,
}

/// Writes a backup; Calm Ops may run meanwhile. An existing file is not replaced.
pub async fn backup(store: &dyn Archive, file: &Path) -> Result<Head, BackupError> {
    let trouble = |source| BackupError::File {
        sentence: format!("the backup '{}' can't be written", file.display()),
        source,
    };
    if file.exists() {
        return Err(trouble(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the file already exists; choose another name",
        )));
    }
    let partial = with_suffix(file, ".part");
    let written = write(store, &partial).await;
    let renamed = match written {
        Ok(head) => std::fs::rename(&partial, file)
            .and_then(|()| sync_directory(file))
            .map(|()| head)
            .map_err(trouble),
        Err(Unwritten::Io(source)) => Err(trouble(source)),
        Err(Unwritten::Store(error)) => Err(error.into()),
    };
    if renamed.is_err() {
        // Half a backup is no use to anyone.
        let _ = std::fs::remove_file(&partial);
    }
    renamed
}

enum Unwritten {
    Io(io::Error),
    Store(StoreError),
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<StoreError> for Unwritten {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Writer {
    out: BufWriter<File>,
    hasher: Sha256,
}

impl Writer {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.hasher.update(&bytes);
        self.out.write_all(&bytes)
    }
}

/// A new file for its owner alone. What is there under this name, a file with other rights or a
/// link, is taken away and never written to.
pub(crate) fn fresh(file: &Path) -> io::Result<File> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::options().write(true).create_new(true).mode(0o600).open(file)
}

async fn write(store: &dyn Archive, file: &Path) -> Result<Head, Unwritten> {
    // For the owner alone: it holds everything.
    let out = fresh(file)?;
    let mut writer = Writer { out: BufWriter::new(out), hasher: Sha256::new() };
    let (cursor, head, stored) = store.stored_access().await?;
    let mut access = AccessRecord::default();
    writer.line(&Line::CalmOpsBackup {
        format: FORMAT,
        epoch: cursor.epoch,
        number: head.number,
        hash: head.hash,
    })?;
    let mut after = 0;
    while after < head.number {
        let page = store.stored_entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for entry in page.into_iter().filter(|entry| entry.number <= head.number) {
            if KINDS.contains(&entry.kind.as_str()) {
                access.take(&readable(&entry)?);
            }
            writer.line(&entry_line(entry)?)?;
        }
    }
    let mut key = 0;
    while let Some((series, history)) = store.series_history(key).await? {
        key = series;
        for block in &history.blocks {
            writer.line(&block_line(&history, block))?;
        }
        for rollup in &history.rollups {
            writer.line(&rollup_line(rollup))?;
        }
    }
    for incident in store.bundle_numbers().await? {
        if let Some(body) = store.bundle(incident).await? {
            writer.line(&Line::Bundle { incident: incident.0, hex: hex(&body) })?;
        }
    }
    // As the journal of this very file allows.
    for row in access.restrict(&stored.accounts).lasting() {
        writer.line(&Line::Person(row))?;
    }
    let sha256 = Hash(writer.hasher.clone().finalize().into());
    writer.line(&Line::End { sha256 })?;
    writer.out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(head)
}

/// Reads a backup line by line, and checks at its end that it is whole.
struct Reader<R> {
    lines: R,
    hasher: Sha256,
    line: u64,
    /// The hash of all lines, once the end was read.
    ended: Option<Hash>,
}

/// The meaning of a line.
enum Read {
    Header { epoch: u32, head: Head },
    Item(Item),
}

impl Reader<BufReader<File>> {
    fn open(file: &Path) -> Result<Self, BackupError> {
        let opened = File::open(file);
        let opened = opened.map_err(|source| BackupError::File {
            sentence: format!("the backup '{}' can't be read", file.display()),
            source,
        })?;
        Ok(Self::new(BufReader::new(opened)))
    }
}

impl<R: BufRead> Reader<R> {
    fn new(lines: R) -> Self {
        Self { lines, hasher: Sha256::new(), line: 0, ended: None }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "called with texts and errors just as they come"
    )]
    fn damaged(&self, problem: impl ToString) -> BackupError {
        BackupError::Damaged { line: self.line, problem: shown(&clip(&problem.to_string(), 300)) }
    }

    /// The next line; `None` after the end, which must be there and right.
    fn next(&mut self) -> Result<Option<Read>, BackupError> {
        if self.ended.is_some() {
            return Ok(None);
        }
        self.line += 1;
        let mut bytes = Vec::new();
        let length = (&mut self.lines)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| self.damaged(error))?;
        if length == 0 || bytes.last() != Some(&b'\n') {
            return Err(self.damaged("the file ends too early"));
        }
        let line: Line = serde_json::from_slice(&bytes).map_err(|error| self.damaged(error))?;
        let read = match line {
            Line::CalmOpsBackup { format: 1 | FORMAT, epoch, number, hash } => {
                Read::Header { epoch, head: Head { number, hash } }
            }
            Line::CalmOpsBackup { format, .. } => {
                return Err(self.damaged(format!(
                    "its format is {format}, but this Calm Ops reads formats 1 and {FORMAT}"
                )));
            }
            Line::Entry { number, at, actor, kind, incident, payload_hash, hash, sealed } => {
                let payload = sealed.map(|sealed| {
                    unhex(&sealed.salt).map(|salt| (salt, sealed.payload.into_bytes()))
                });
                let payload = match payload {
                    Some(None) => return Err(self.damaged("a salt is not hexadecimal")),
                    Some(Some(payload)) => Some(payload),
                    None => None,
                };
                Read::Item(Item::Entry(StoredEntry {
                    number,
                    at_micros: at,
                    actor,
                    kind,
                    incident,
                    payload_hash,
                    hash,
                    payload,
                }))
            }
            Line::Person(Row::NoPasskey(_) | Row::NoSession(_)) => {
                return Err(self.damaged("a row of a person removes one"));
            }
            Line::Person(row) => Read::Item(Item::Row(Box::new(row))),
            Line::Rollup {
                subject,
                signal,
                unit,
                hour,
                start,
                values: [min, max, mean, last],
                count,
            } => {
                let rollup = Rollup {
                    subject: subject.parse().map_err(|error| self.damaged(error))?,
                    signal: signal.parse().map_err(|error| self.damaged(error))?,
                    unit: unit.parse().map_err(|error| self.damaged(error))?,
                    step: step(hour),
                    start: Timestamp::from_micros(start),
                    min,
                    max,
                    mean,
                    last,
                    count,
                };
                Read::Item(Item::Rollups(vec![rollup]))
            }
            Line::Block { subject, signal, unit, hour, start, base64 } => {
                let body = BASE64_STANDARD.decode(base64).map_err(|error| self.damaged(error))?;
                let start = Timestamp::from_micros(start);
                let block =
                    Block::read(step(hour), start, body).map_err(|error| self.damaged(error))?;
                Read::Item(Item::Block {
                    subject: subject.parse().map_err(|error| self.damaged(error))?,
                    signal: signal.parse().map_err(|error| self.damaged(error))?,
                    unit: unit.parse().map_err(|error| self.damaged(error))?,
                    block: Box::new(block),
                })
            }
            Line::Bundle { incident, hex } => {
                let body =
                    unhex(&hex).ok_or_else(|| self.damaged("a bundle is not hexadecimal"))?;
                Read::Item(Item::Bundle(IncidentNumber(incident), body))
            }
            Line::End { sha256 } => {
                if Hash(self.hasher.clone().finalize().into()) != sha256 {
                    return Err(self.damaged("the checksum does not match the content"));
                }
                self.ended = Some(sha256);
                return Ok(None);
            }
        };
        self.hasher.update(&bytes);
        Ok(Some(read))
    }
}

/// The proved contents of a backup.
struct Proved {
    epoch: u32,
    head: Head,
    incidents: Vec<(Incident, String)>,
    /// Of all lines: what is read again to be restored must be the same.
    sha256: Option<Hash>,
}

fn prove(mut reader: Reader<impl BufRead>) -> Result<Proved, BackupError> {
    let Some(Read::Header { epoch, head }) = reader.next()? else {
        return Err(reader.damaged("it does not start like a backup"));
    };
    let (mut verifier, mut fold) = (Verifier::new(None), Fold::default());
    let mut people = Accounts::default();
    while let Some(read) = reader.next()? {
        match read {
            Read::Header { .. } => return Err(reader.damaged("a second start")),
            Read::Item(Item::Entry(entry)) => {
                verifier.take(&entry).map_err(VerifyError::from)?;
                fold.take(&entry)?;
            }
            Read::Item(Item::Row(row)) => {
                let body = row.body().map_err(|error| reader.damaged(error))?;
                people
                    .take(row.kind(), &body.unwrap_or_default(), row.seen_at())
                    .map_err(|error| reader.damaged(error))?;
            }
            Read::Item(_) => {}
        }
    }
    verifier.finish(head).map_err(|broken: Broken| VerifyError::from(broken))?;
    let differences = fold.access.lasting_differences(&people);
    if !differences.is_empty() {
        return Err(BackupError::Access(differences));
    }
    Ok(Proved { epoch, head, incidents: fold.finish(), sha256: reader.ended })
}

/// Restores a backup. Everything in it is proved before anything is written. See the module for
/// what happens to what was there.
pub async fn restore(file: &Path, to: &Where, now: Timestamp) -> Result<Restored, BackupError> {
    let proved = prove(Reader::open(file)?)?;
    match to {
        Where::Postgres { url } => {
            let store = PostgresStore::connect_alone(url).await?;
            let backup = proved.head;
            let head = fill(&store, file, proved, 0, now).await?;
            store.leave().await;
            Ok(Restored { backup, head, kept: None })
        }
        Where::Sqlite { path } => restore_file(file, path, proved, now).await,
    }
}

async fn restore_file(
    file: &Path,
    path: &Path,
    proved: Proved,
    now: Timestamp,
) -> Result<Restored, BackupError> {
    let trouble = |source| BackupError::File {
        sentence: format!("the database '{}' can't be put in place", path.display()),
        source,
    };
    if let Some(directory) = path.parent() {
        crate::data_dir::make(directory).map_err(|source| BackupError::File {
            sentence: format!(
                "the data directory {} can't be created; choose a folder that you can write to with --data-dir",
                directory.display()
            ),
            source,
        })?;
    }
    // Held until everything is in its place: no server begins in between.
    let alone = crate::store::sqlite::hold(path)?;
    let existed = path.exists();
    let mut known_epoch = 0;
    // A damaged database is a good reason to restore: what it says about itself is welcome, not
    // needed.
    if existed && let Ok(store) = SqliteStore::open(path).await {
        known_epoch = store.head().await.map_or(0, |(cursor, _)| cursor.epoch);
        store.close().await;
    }
    let fresh = with_suffix(path, ".restoring");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with_suffix(&fresh, suffix));
    }
    let backup = proved.head;
    let store = SqliteStore::open(&fresh).await?;
    let filled = fill(&store, file, proved, known_epoch, now).await;
    store.close().await;
    let head = match filled {
        Ok(head) => head,
        Err(error) => {
            let _ = std::fs::remove_file(&fresh);
            return Err(error);
        }
    };
    let mut kept = None;
    if existed {
        let aside = with_suffix(path, &format!(".before-restore-{}", now.as_micros() / 1_000_000));
        for suffix in ["-wal", "-shm", ""] {
            let from = with_suffix(path, suffix);
            if from.exists() {
                std::fs::rename(&from, with_suffix(&aside, suffix)).map_err(trouble)?;
            }
        }
        kept = Some(aside);
    }
    std::fs::rename(&fresh, path).and_then(|()| sync_directory(path)).map_err(trouble)?;
    drop(alone);
    Ok(Restored { backup, head, kept })
}

async fn fill(
    store: &dyn Archive,
    file: &Path,
    proved: Proved,
    known_epoch: u32,
    now: Timestamp,
) -> Result<Head, BackupError> {
    let Proved { epoch, head, incidents, sha256 } = proved;
    // Minutes since 1970 make it new even if two restores of one backup know nothing of each other.
    let minutes = u32::try_from(now.as_micros() / 60_000_000).unwrap_or(0);
    let epoch = minutes.max(epoch.max(known_epoch).saturating_add(1));
    let mut reader = Reader::open(file)?;
    let mut restored = Some(Item::Restored {
        at: now,
        actor: Actor::System,
        event: Event::Restored { number: head.number },
    });
    let mut next = || loop {
        match reader.next() {
            Ok(Some(Read::Header { .. })) => {}
            Ok(Some(Read::Item(item))) => return Ok(Some(item)),
            // The very bytes that were proved.
            Ok(None) if reader.ended == sha256 => return Ok(restored.take()),
            Ok(None) => return Err(DatabaseFault::BackupChanged.into()),
            // It was whole a moment ago.
            Err(error) => {
                let source = sqlx::Error::Configuration(Box::new(error));
                return Err(StoreError::unavailable(DatabaseFault::BackupChanged, source));
            }
        }
    };
    Ok(store.fill(epoch, incidents, &mut next).await?)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A new name is durable when its directory is.
fn sync_directory(file: &Path) -> io::Result<()> {
    let parent =
        file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_was_put_there_before_is_never_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let (part, other) = (dir.path().join("nightly.part"), dir.path().join("other"));
        std::fs::write(&other, "mine").unwrap();
        symlink(&other, &part).unwrap();
        drop(fresh(&part).unwrap());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
        std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o666)).unwrap();
        drop(fresh(&part).unwrap());
        assert_eq!(std::fs::metadata(&part).unwrap().mode() & 0o777, 0o600);
    }
}
