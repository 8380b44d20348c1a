//! A file that grows, read to its end again and again, also while it is rotated.
//!
//! A rotation by renaming is seen by another file at the path: the new one is read from its
//! beginning, and the old one for another minute, as the proxy still writes to it until it is told
//! to reopen its logs. A rotation by truncation is seen by what stands before the place that was
//! reached: it is not what was read there, or no longer there.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::lines::{Line, Lines};

/// Bytes that are read in one look.
const MOST_AT_ONCE: usize = 1024 * 1024;
/// Bytes that may wait to be read; with more of them, all are skipped.
const MOST_BEHIND: u64 = 32 * 1024 * 1024;
/// Looks during which a file that was renamed is read as well.
const LOOKS_AT_OLD: u32 = 1_200;
const BUFFER: usize = 64 * 1024;
/// Bytes before the place that was reached by which a truncation is seen.
const TAIL: usize = 64;

/// The reason why nothing can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// There is no file.
    Missing,
    /// A folder, a pipe or the like.
    NoFile,
    /// The system does not let it be read.
    Unreadable(io::ErrorKind),
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            kind => Self::Unreadable(kind),
        }
    }
}

/// The outcome of one look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub obstacle: Option<Obstacle>,
    /// True if lines may be written that can't be read. A file that was only renamed is still read.
    pub is_blind: bool,
    /// Bytes that were not read, as too many waited.
    pub skipped: u64,
}

/// A file that is open, and how far it was read.
#[derive(Debug)]
struct Open {
    file: File,
    /// Device and inode.
    id: (u64, u64),
    at: u64,
    /// The bytes before `at`.
    tail: Vec<u8>,
    lines: Lines,
}

/// The file at a path.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    current: Option<Open>,
    /// The file that was there before, and the looks that are left for it.
    old: Option<(Open, u32)>,
    /// True if a file that comes has nothing in it from before the first look.
    is_new: bool,
}

impl Follower {
    /// Begins at the end of the file.
    pub const fn new(path: PathBuf) -> Self {
        Self { path, current: None, old: None, is_new: false }
    }

    /// Hands on the lines that were added since the last look.
    pub fn look(&mut self, take: &mut dyn FnMut(u64, Line<'_>)) -> Look {
        let mut look = Look::default();
        match self.opened() {
            Ok(None) => {}
            Ok(Some(opened)) => {
                if let Some((old, _)) = self.old.take() {
                    look.skipped += old.waiting();
                }
                let old = self.current.replace(opened);
                self.old = old.map(|old| (old, LOOKS_AT_OLD));
            }
            Err(obstacle) => {
                self.is_new |= obstacle == Obstacle::Missing;
                look.obstacle = Some(obstacle);
                look.is_blind = obstacle != Obstacle::Missing || self.current.is_none();
            }
        }
        let mut budget = MOST_AT_ONCE;
        if let Some((mut old, looks)) = self.old.take() {
            let read = old.read(&mut budget, take);
            look.skipped += old.catch_up();
            let looks = if old.waiting() > 0 { looks } else { looks.saturating_sub(1) };
            self.old = (read.is_ok() && looks > 0).then_some((old, looks));
        }
        if let Some(current) = &mut self.current {
            if let Err(error) = current.read(&mut budget, take) {
                look.obstacle = look.obstacle.or_else(|| Some(error.into()));
                look.is_blind = true;
            }
            look.skipped += current.catch_up();
        }
        look
    }

    /// Opens the file at the path, if it is another one than the last.
    fn opened(&mut self) -> Result<Option<Open>, Obstacle> {
        let found = self.path.metadata()?;
        if self.current.as_ref().is_some_and(|open| open.id == (found.dev(), found.ino())) {
            return Ok(None);
        }
        // What is no file may wait for a writer when it is opened.
        if !found.is_file() {
            return Err(Obstacle::NoFile);
        }
        let is_new = self.is_new || self.current.is_some();
        let opened = Open::begin(&self.path, is_new)?;
        self.is_new = false;
        Ok(Some(opened))
    }
}

impl Open {
    fn begin(path: &Path, from_beginning: bool) -> Result<Self, Obstacle> {
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(Obstacle::NoFile);
        }
        let at = if from_beginning { 0 } else { found.len() };
        let id = (found.dev(), found.ino());
        let mut open = Self { file, id, at, tail: Vec::new(), lines: Lines::from(at, false) };
        open.begin_at(at)?;
        Ok(open)
    }

    /// Goes on at another place, which may be inside of a line.
    fn begin_at(&mut self, at: u64) -> io::Result<()> {
        self.at = at;
        self.tail = self.before(at)?;
        self.lines = Lines::from(at, self.tail.last().is_some_and(|byte| *byte != b'\n'));
        Ok(())
    }

    /// The bytes before a place, as far as they are there.
    fn before(&self, at: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(at).unwrap_or(TAIL).min(TAIL);
        let mut bytes = vec![0; length];
        match self.file.read_exact_at(&mut bytes, at.saturating_sub(length as u64)) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self, budget: &mut usize, take: &mut dyn FnMut(u64, Line<'_>)) -> io::Result<()> {
        if self.before(self.at)? != self.tail {
            self.begin_at(0)?;
        }
        let mut buffer = vec![0; BUFFER];
        while *budget > 0 {
            let read = match self.file.read_at(&mut buffer, self.at) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            self.lines.feed(bytes, take);
            self.at += read as u64;
            *budget = budget.saturating_sub(read);
            let kept = bytes.len().saturating_sub(TAIL);
            self.tail.extend_from_slice(bytes.get(kept..).unwrap_or_default());
            let surplus = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..surplus);
        }
        Ok(())
    }

    /// Bytes that wait to be read.
    fn waiting(&self) -> u64 {
        self.file.metadata().map_or(0, |found| found.len().saturating_sub(self.at))
    }

    /// Skips what waits, if it is too much; the count of bytes.
    fn catch_up(&mut self) -> u64 {
        let waiting = self.waiting();
        if waiting <= MOST_BEHIND || self.begin_at(self.at + waiting).is_err() {
            return 0;
        }
        waiting
    }
}

#[cfg(test)]
mod tests;
