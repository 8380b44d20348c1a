//! The file of the thresholds, written when a person changes a row on its page: whole or not at all.
//!
//! The file is written before the journal tells of it, so that the journal never tells of a change
//! that there was not. A note in the data directory holds what is about to be journalled from before
//! the file is written until the entry is there: what a kill in between left is journalled at the next
//! start if the file has the new version, and forgotten if it does not.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use commands::threshold::WriteObstacle;
use domain::{
    hash::Hash,
    id::AccountId,
    journal::{Entry, Event},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    documents::{self, BadDocuments, THRESHOLDS},
    public_file::sync_folder,
};

/// Name of the note in the data directory.
const NOTE: &str = "threshold-change.json";

/// A change that is about to be journalled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The account of the person.
    pub account: Option<AccountId>,
    /// The last number of the journal before it.
    pub after: u64,
    /// SHA-256 of the new version.
    pub to: Hash,
    /// The event to journal.
    pub event: Event,
}

impl Note {
    /// True if an entry of a changed threshold tells of it. One that was redacted does if it came
    /// after the note: no other change begins before this one is journalled.
    pub fn is_told(&self, entry: &Entry) -> bool {
        entry.number > self.after
            && match &entry.event {
                Some(Event::ThresholdChanged { to, .. }) => *to == self.to,
                Some(_) => false,
                None => true,
            }
    }
}

/// A version of the file that is written beside it, and removed there when this is dropped.
#[derive(Debug)]
pub struct NextVersion {
    target: PathBuf,
    partial: PathBuf,
    before: String,
    after: String,
}

impl NextVersion {
    /// Its SHA-256.
    pub fn hash(&self) -> Hash {
        hash(&self.after)
    }
}

impl Drop for NextVersion {
    fn drop(&mut self) {
        // It is in its place already, or not wanted.
        let _ = fs::remove_file(&self.partial);
    }
}

/// The reasons for which the file was not written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// No longer the version that was read.
    #[error("the file has changed")]
    Changed,
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct ThresholdFile {
    /// The documents' directory; the built-in ones are in use without.
    dir: Option<PathBuf>,
    /// The data directory.
    data: PathBuf,
}

impl ThresholdFile {
    /// The file in the documents' directory, with its note in the data directory.
    pub fn new(dir: Option<&Path>, data: &Path) -> Self {
        Self { dir: dir.map(Path::to_owned), data: data.to_owned() }
    }

    /// The document as it is now.
    pub fn read(&self) -> Result<String, BadDocuments> {
        documents::read(self.dir.as_deref(), THRESHOLDS)
    }

    /// The reason that it can't be written, as far as that shows without trying.
    pub fn obstacle(&self) -> Option<WriteObstacle> {
        let Some(dir) = &self.dir else { return Some(WriteObstacle::BuiltIn) };
        let folder = fs::canonicalize(dir.join(THRESHOLDS)).ok()?.parent()?.to_owned();
        let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::access(&folder, access).err().map(|_| WriteObstacle::ReadOnly)
    }

    /// Writes another version beside the one that was read; it is on the disk when this returns.
    pub fn prepare(&self, before: String, after: String) -> io::Result<NextVersion> {
        let target = self.target()?;
        let partial = partial(&target);
        write_partial(&partial, &target, &after)?;
        Ok(NextVersion { target, partial, before, after })
    }

    /// Puts a prepared version in the place of the one that was read, and a note in the data
    /// directory. Both are on the disk when it returns.
    pub fn put(&self, next: &NextVersion, note: &Note) -> Result<(), NotWritten> {
        let put = || {
            let bytes = serde_json::to_vec(note).map_err(io::Error::other)?;
            self.write_note(&bytes)?;
            if fs::read_to_string(&next.target)? != next.before {
                return Err(NotWritten::Changed);
            }
            fs::rename(&next.partial, &next.target)?;
            if let Err(error) = sync_folder(&next.target) {
                self.take_back(next)?;
                return Err(error.into());
            }
            Ok(())
        };
        put().inspect_err(|_| {
            let is_there = self.read().is_ok_and(|text| hash(&text) == note.to);
            if !is_there {
                self.forget();
            }
        })
    }

    /// Puts the version before in its place again, unless somebody changed the file since.
    pub fn take_back(&self, next: &NextVersion) -> io::Result<()> {
        let NextVersion { target, partial, before, after } = next;
        if fs::read_to_string(target)? == *after {
            write_partial(partial, target, before)?;
            fs::rename(partial, target)?;
            sync_folder(target)?;
        }
        self.forget();
        Ok(())
    }

    /// The note of a change of which it is not known whether it was journalled, if the file has the
    /// version that it tells of. A note of a change that was not made is removed, with what was
    /// written beside the file. Called while no change is under way.
    pub fn pending(&self) -> Option<Note> {
        let note: Option<Note> = fs::read(self.data.join(NOTE)).ok().and_then(|bytes| {
            serde_json::from_slice(&bytes)
                .inspect_err(
                    |error| tracing::error!(%error, "the note of a changed threshold can't be read"),
                )
                .ok()
        });
        let is_made = |note: &Note| self.read().is_ok_and(|text| hash(&text) == note.to);
        let made = note.filter(is_made);
        if made.is_none() {
            if let Ok(target) = self.target() {
                let _ = fs::remove_file(partial(&target));
            }
            self.forget();
        }
        made
    }

    /// Removes the note: the journal tells of the change, or there was none.
    pub fn forget(&self) {
        match fs::remove_file(self.data.join(NOTE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "the note of a changed threshold could not be removed");
            }
            _ => {}
        }
    }

    /// The file itself, where a link leads to it.
    fn target(&self) -> io::Result<PathBuf> {
        let dir = self.dir.as_ref().ok_or(io::ErrorKind::NotFound)?;
        fs::canonicalize(dir.join(THRESHOLDS))
    }

    fn write_note(&self, bytes: &[u8]) -> io::Result<()> {
        let path = self.data.join(NOTE);
        let partial = path.with_extension("partial");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, &path)?;
        sync_folder(&path)
    }
}

/// The file beside another one in which its next version is written.
fn partial(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.calm-ops"))
}

/// Writes a version beside the file, with its mode and owner.
fn write_partial(partial: &Path, target: &Path, text: &str) -> io::Result<()> {
    let known = fs::metadata(target)?;
    if let Err(error) = fs::remove_file(partial)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file: File =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial)?;
    let written = (|| {
        file.write_all(text.as_bytes())?;
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (known.uid(), known.gid()) {
            chown(partial, Some(known.uid()), Some(known.gid()))?;
        }
        file.set_permissions(fs::Permissions::from_mode(known.mode() & 0o7777))?;
        file.sync_all()
    })();
    written.inspect_err(|_| {
        let _ = fs::remove_file(partial);
    })
}

/// SHA-256 of a document.
pub fn hash(text: &str) -> Hash {
    Hash(Sha256::digest(text.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use domain::{
        actor::Actor,
        threshold::{ThresholdCells, ThresholdRow, ThresholdWay},
        time::Timestamp,
    };

    use super::*;

    fn file(home: &Path, text: &str) -> ThresholdFile {
        let (dir, data) = (home.join("ops"), home.join("data"));
        fs::create_dir_all(dir.join(THRESHOLDS).parent().unwrap()).unwrap();
        fs::create_dir_all(&data).unwrap();
        fs::write(dir.join(THRESHOLDS), text).unwrap();
        ThresholdFile::new(Some(&dir), &data)
    }

    fn note(after: &str) -> Note {
        Note {
            account: Some(AccountId(1)),
            after: 7,
            to: hash(after),
            event: Event::AutomationResumed,
        }
    }

    fn prepared(file: &ThresholdFile, before: &str, after: &str) -> NextVersion {
        file.prepare(before.to_owned(), after.to_owned()).unwrap()
    }

    #[test]
    fn a_prepared_version_is_not_in_its_place_and_goes_when_it_is_not_wanted() {
        let home = tempfile::tempdir().unwrap();
        let file = file(home.path(), "before");
        let folder = home.path().join("ops").join(THRESHOLDS).parent().unwrap().to_owned();
        let count = || fs::read_dir(&folder).unwrap().count();
        let next = prepared(&file, "before", "after");
        assert_eq!((file.read().unwrap().as_str(), count()), ("before", 2));
        assert!(!home.path().join("data").join(NOTE).exists());
        drop(next);
        assert_eq!((file.read().unwrap().as_str(), count()), ("before", 1));
    }

    #[test]
    fn a_note_is_told_by_its_entry_even_if_that_was_redacted() {
        let note = note("after");
        let entry =
            |number, event| Entry { number, at: Timestamp::default(), actor: Actor::System, event };
        let changed = |to: &str| {
            let cells = || Box::new(ThresholdCells::default());
            Event::ThresholdChanged {
                document: THRESHOLDS.to_owned(),
                row: ThresholdRow {
                    signal: "queue.depth".parse().unwrap(),
                    subjects: "*".to_owned(),
                    way: ThresholdWay::Level,
                    line: 9,
                },
                before: cells(),
                after: cells(),
                from: hash("before"),
                to: hash(to),
                patch: String::new(),
                reason: "It alerts later.".to_owned(),
                proposal: None,
                by: None,
            }
        };
        assert!(note.is_told(&entry(8, Some(changed("after")))));
        assert!(note.is_told(&entry(9, None)), "it was redacted");
        for other in
            [entry(7, Some(changed("after"))), entry(8, Some(changed("x"))), entry(7, None)]
        {
            assert!(!note.is_told(&other), "{other:?}");
        }
    }

    #[test]
    fn a_version_is_written_whole_and_keeps_its_mode() {
        let home = tempfile::tempdir().unwrap();
        let file = file(home.path(), "before");
        let path = home.path().join("ops").join(THRESHOLDS);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!((file.obstacle(), file.pending()), (None, None));
        let next = prepared(&file, "before", "after");
        file.put(&next, &note("after")).unwrap();
        drop(next);
        assert_eq!(file.read().unwrap(), "after");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(file.pending(), Some(note("after")), "it waits for its entry");
        file.forget();
        assert_eq!(file.pending(), None);
        let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 1, "nothing is left beside it");
    }

    #[test]
    fn what_somebody_else_wrote_is_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        let file = file(home.path(), "theirs");
        let refused = file.put(&prepared(&file, "before", "after"), &note("after"));
        assert!(matches!(refused, Err(NotWritten::Changed)), "{refused:?}");
        assert_eq!((file.read().unwrap().as_str(), file.pending()), ("theirs", None));
        let next = prepared(&file, "theirs", "after");
        file.put(&next, &note("after")).unwrap();
        file.take_back(&next).unwrap();
        assert_eq!((file.read().unwrap().as_str(), file.pending()), ("theirs", None));
        let next = prepared(&file, "theirs", "after");
        file.put(&next, &note("after")).unwrap();
        fs::write(home.path().join("ops").join(THRESHOLDS), "newer").unwrap();
        file.take_back(&next).unwrap();
        assert_eq!(file.read().unwrap(), "newer");
    }

    #[test]
    fn a_note_of_a_change_that_was_not_made_is_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let file = file(home.path(), "before");
        let note = serde_json::to_vec(&note("after")).unwrap();
        file.write_note(&note).unwrap();
        assert_eq!(file.pending(), None);
        assert!(!home.path().join("data").join(NOTE).exists());
        assert_eq!(ThresholdFile::default().obstacle(), Some(WriteObstacle::BuiltIn));
    }
}
