//! The facts of `/proc` about processes: their names, users and open files. All of it is hostile
//! text, and any process may end at any moment.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::look::Look;
use crate::collectors::host::shown_name;

/// More processes and open files than this are not looked at.
const MOST_PROCESSES: usize = 50_000;
const MOST_FILES: usize = 500_000;
/// So much of a small file of `/proc` is read, in bytes.
const LONGEST: u64 = 4_096;

/// The processes that there are.
pub(super) fn all() -> Result<impl Iterator<Item = (u32, PathBuf)>, String> {
    let folder = fs::read_dir("/proc").map_err(|error| format!("/proc can't be read: {error}."))?;
    let pid = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))
    };
    Ok(folder.filter_map(pid).take(MOST_PROCESSES))
}

/// A small file of a process.
pub(super) fn small(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name of a process's executable.
pub(super) fn name(pid: u32) -> String {
    let text = small(Path::new(&format!("/proc/{pid}/comm"))).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let name = shown_name(text.trim());
    if name.is_empty() { "?".to_owned() } else { name }
}

/// The number of a process's user.
pub(super) fn user_of(pid: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|data| data.uid())
}

/// The part of the open files that could not be seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unseen {
    /// Files of processes that belong to others.
    pub others: bool,
    /// The rest, as there was no time left or there are too many.
    pub rest: bool,
}

/// Hands on every open file of every process that this program may look at: the process, the link,
/// and where it leads.
pub(super) fn open_files(
    look: &Look,
    mut take: impl FnMut(u32, &Path, &Path),
) -> Result<Unseen, String> {
    let (mut unseen, mut count) = (Unseen::default(), 0);
    for (pid, path) in all()? {
        let files = match fs::read_dir(path.join("fd")) {
            Ok(files) => files,
            Err(error) => {
                unseen.others |= error.kind() == ErrorKind::PermissionDenied;
                continue;
            }
        };
        for file in files.flatten() {
            count += 1;
            if look.is_over() || count > MOST_FILES {
                unseen.rest = true;
                return Ok(unseen);
            }
            let link = file.path();
            match fs::read_link(&link) {
                Ok(target) => take(pid, &link, &target),
                Err(error) => unseen.others |= error.kind() == ErrorKind::PermissionDenied,
            }
        }
    }
    Ok(unseen)
}

impl Unseen {
    /// The notes about it, where something could not be seen.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.others {
            notes.push(format!(
                "Calm Ops runs as {} and may not read the open files of other users' processes, so there may be more.",
                super::look::ours()
            ));
        }
        if self.rest {
            notes.push("There was no time to look at all open files.".to_owned());
        }
        notes
    }
}
