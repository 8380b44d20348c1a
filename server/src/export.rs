//! The journal as lines of text: taken out while Calm Ops runs, and proved without it.
//!
//! Each line is one entry with all that its hash covers, the hash before it, and salt and payload
//! exactly as they are stored. So a file, or any part of one, can be checked on another machine, by
//! this program or by a few lines of any other one.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _, Write},
    path::{Path, PathBuf},
};

use commands::audit::{BadLine, Removals, begins, from_line, to_line};
use domain::{
    hash::{Hash, Head},
    journal::{Broken, Verifier},
};

use crate::store::{Store, StoreError};

/// Number of entries that are read at a time.
const PAGE: u32 = 200;
/// The longest line that is read, in bytes: longer ones are not ours.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;
/// The number of rounds that take along what is written meanwhile.
const ROUNDS: u32 = 10;

/// An export on its way: it holds a position, and a page at a time.
#[derive(Clone, Debug)]
pub struct Export {
    at: Head,
    goal: Head,
    rounds: u32,
}

impl Export {
    /// Begins after an entry; 0 is the beginning.
    pub async fn after(store: &dyn Store, number: u64) -> Result<Self, StoreError> {
        let (_, goal) = store.head().await?;
        let hash = match number {
            0 => Some(Hash::GENESIS),
            number => store.as_trail().stored_entry(number).await?.map(|entry| entry.hash),
        };
        // After the last entry there is nothing.
        let at = hash.map_or(goal, |hash| Head { number, hash });
        Ok(Self { at, goal, rounds: 0 })
    }

    /// The next lines; `None` at the end.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<String>, StoreError> {
        if self.at.number >= self.goal.number {
            // A content that was removed while this was read is explained by an entry after the
            // head of then: it comes along.
            let (_, head) = store.head().await?;
            if head.number <= self.goal.number || self.rounds >= ROUNDS {
                return Ok(None);
            }
            (self.goal, self.rounds) = (head, self.rounds + 1);
        }
        let mut lines = String::new();
        for entry in store
            .stored_entries(self.at.number, PAGE)
            .await?
            .iter()
            .filter(|entry| entry.number <= self.goal.number)
        {
            let line = to_line(entry, self.at.hash)
                .map_err(|error| StoreError::inconsistent("journal", entry.number, error))?;
            lines.push_str(&line);
            self.at = Head { number: entry.number, hash: entry.hash };
        }
        Ok((!lines.is_empty()).then_some(lines))
    }

    /// The last entry that was given.
    pub const fn reached(&self) -> Head {
        self.at
    }
}

/// The reasons for which an export could not be written, or not be proved.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file can't be read or written.
    #[error("{sentence}: {source}")]
    File {
        /// The file, and the attempt.
        sentence: String,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// A line is not one of an export.
    #[error("line {line}: {problem}. The file is damaged, or is not an export of a journal")]
    Line {
        /// The number of the line.
        line: u64,
        /// The problem.
        problem: String,
    },
    /// The chain is not whole.
    #[error("line {line}: {broken}")]
    Broken {
        /// At which line it shows.
        line: u64,
        /// The broken place.
        broken: Broken,
    },
    /// The noted head lies before the file's beginning.
    #[error(
        "the file starts with entry {first}, so it can't prove a head that was noted at entry {noted}; export from the first entry"
    )]
    Before {
        /// The first entry of the file.
        first: u64,
        /// The number of the noted head.
        noted: u64,
    },
    /// There is nothing in it.
    #[error("the file contains no entry")]
    Empty,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The proof of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The number of its first entry.
    pub first: u64,
    /// Its last entry, and that one's hash.
    pub head: Head,
    /// Of how many the content was removed.
    pub redacted: u64,
    /// Entries whose content was removed although no entry of the file says so.
    pub unexplained: Vec<u64>,
}

/// Writes the whole journal into a file, for its owner alone; one that exists is not replaced.
pub async fn write_file(store: &dyn Store, file: &Path) -> Result<Head, ExportError> {
    let trouble = |source| ExportError::File {
        sentence: format!("the export '{}' can't be written", file.display()),
        source,
    };
    if file.exists() {
        return Err(trouble(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the file already exists; choose another name",
        )));
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let partial = PathBuf::from(name);
    let out = crate::backup::fresh(&partial).map_err(trouble)?;
    let mut out = io::BufWriter::new(out);
    let written = async {
        let head = write(store, &mut out).await?;
        out.into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(trouble)?;
        std::fs::rename(&partial, file).map_err(trouble)?;
        Ok(head)
    };
    let written = written.await;
    if written.is_err() {
        // A part that looks like the whole is no use to anyone.
        let _ = std::fs::remove_file(&partial);
    }
    written
}

/// Writes the whole journal.
pub async fn write(store: &dyn Store, out: &mut dyn Write) -> Result<Head, ExportError> {
    let trouble =
        |source| ExportError::File { sentence: "the export can't be written".to_owned(), source };
    let mut export = Export::after(store, 0).await?;
    while let Some(lines) = export.next(store).await? {
        out.write_all(lines.as_bytes()).map_err(trouble)?;
    }
    out.flush().map_err(trouble)?;
    Ok(export.reached())
}

/// Proves a file, up to its end and to a head that was noted elsewhere. It holds one line at a
/// time.
pub fn prove_file(file: &Path, noted: Option<Head>) -> Result<Proved, ExportError> {
    let opened = File::open(file);
    let opened = opened.map_err(|source| ExportError::File {
        sentence: format!("'{}' can't be read", file.display()),
        source,
    })?;
    prove(BufReader::new(opened), noted)
}

/// Proves lines.
pub fn prove(mut lines: impl BufRead, noted: Option<Head>) -> Result<Proved, ExportError> {
    let mut walk: Option<(u64, Verifier)> = None;
    let (mut removals, mut number, mut line) = (Removals::default(), 0, Vec::new());
    loop {
        line.clear();
        number += 1;
        let wrong = |problem: String| ExportError::Line { line: number, problem };
        let read = lines.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
        let read = read.map_err(|source| ExportError::File {
            sentence: format!("line {number} can't be read"),
            source,
        })?;
        if read == 0 {
            break;
        }
        match line.pop() {
            Some(b'\n') => {}
            _ if line.len() as u64 >= LONGEST_LINE => {
                return Err(wrong(format!("it is longer than {LONGEST_LINE} bytes")));
            }
            _ => {
                return Err(wrong(
                    "it is cut off: the file does not end with a line break".to_owned(),
                ));
            }
        }
        let (entry, before) =
            from_line(&line).map_err(|error: BadLine| wrong(error.to_string()))?;
        let broken = |broken| ExportError::Broken { line: number, broken };
        let (_, verifier) = match &mut walk {
            Some(walk) => walk,
            None => {
                let start = begins(&entry, before).map_err(broken)?;
                if let Some(noted) = noted {
                    if noted.number < start.number {
                        return Err(ExportError::Before {
                            first: entry.number,
                            noted: noted.number,
                        });
                    }
                    if noted.number == start.number && noted.hash != start.hash {
                        return Err(broken(Broken::OtherHead {
                            number: noted.number,
                            found: start.hash,
                            noted: noted.hash,
                        }));
                    }
                }
                walk.insert((entry.number, Verifier::after(start, noted)))
            }
        };
        let last = verifier.reached().0;
        verifier.take(&entry).map_err(broken)?;
        if before != last.hash {
            return Err(broken(Broken::Changed { number: entry.number }));
        }
        removals.take(&entry);
    }
    let Some((first, verifier)) = walk else { return Err(ExportError::Empty) };
    let (reached, _) = verifier.reached();
    let (head, redacted) =
        verifier.finish(reached).map_err(|broken| ExportError::Broken { line: number, broken })?;
    Ok(Proved { first, head, redacted, unexplained: removals.unexplained() })
}
