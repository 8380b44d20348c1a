//! The flag file: a proxy tests whether it is there, also while Calm Ops is not running.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use domain::time::Timestamp;

use crate::public_file::{sync_folder, write_partial};

/// The path of the flag file. Its writes come one after the other.
#[derive(Debug)]
pub struct Flag {
    path: PathBuf,
    turn: Mutex<()>,
}

/// The file at the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// None.
    Nothing,
    /// A file.
    File {
        /// Time at which it was written last.
        changed_at: Timestamp,
    },
}

/// Turn of one who looks and writes.
pub(super) struct Turn<'a> {
    path: &'a Path,
    _guard: MutexGuard<'a, ()>,
}

impl Flag {
    /// At a path.
    pub fn new(path: PathBuf) -> Self {
        Self { path, turn: Mutex::default() }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn lock(&self) -> Turn<'_> {
        let guard = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        Turn { path: &self.path, _guard: guard }
    }

    /// Its text.
    pub(super) fn read(&self) -> io::Result<String> {
        fs::read_to_string(&self.path)
    }

    /// Tries to write beside it, so that a folder that can't be written is known before the hour
    /// in which it matters.
    pub fn try_out(&self) -> io::Result<()> {
        let turn = self.lock();
        let partial = turn.partial();
        write_partial(&partial, b"")?;
        fs::remove_file(partial)
    }
}

impl Turn<'_> {
    /// Looks whether it is there.
    pub fn look(&self) -> io::Result<Found> {
        match fs::metadata(self.path) {
            Ok(found) => Ok(Found::File { changed_at: moment(found.modified()?) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Writes it, durably: after a crash there is the former one or this one. One that holds the
    /// same stays as it is.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        if fs::read_to_string(self.path).is_ok_and(|present| present == text) {
            return Ok(());
        }
        let partial = self.partial();
        write_partial(&partial, text.as_bytes())?;
        fs::rename(&partial, self.path)?;
        sync_folder(self.path)
    }

    /// Removes it, durably.
    pub fn remove(&mut self) -> io::Result<()> {
        match fs::remove_file(self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => sync_folder(self.path),
        }
    }

    fn partial(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        self.path.with_file_name(name)
    }
}

fn moment(time: SystemTime) -> Timestamp {
    let micros = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
