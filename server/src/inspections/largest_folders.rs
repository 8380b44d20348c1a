//! The largest folders and files of a disk: a walk that stays on the disk, follows no link, opens no
//! file, and ends with what it has seen when its time is over.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    ffi::{CStr, OsStr},
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
};

use domain::{inspection::InspectionOutcome, subject::Subject, unit::Unit};
use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, open, openat, statat},
    io::Errno,
};
use wording::humanize;

use super::look::{Look, Looked, mounted, ours};

/// So many files and folders are looked at.
const MOST_ENTRIES: u64 = 2_000_000;
/// Folders that lie deeper are not entered: each level holds a descriptor.
const DEEPEST: usize = 48;
/// Files with several names that are told apart.
const MOST_LINKS: usize = 200_000;
/// Number of folders and files that are named.
const FOLDERS: usize = 25;
const FILES: usize = 15;
/// Number of folders that are kept before those are left out that one below nearly fills.
const KEPT: usize = 200;

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// The largest of many.
#[derive(Debug)]
struct Largest {
    most: usize,
    kept: BinaryHeap<Reverse<(u64, PathBuf)>>,
}

impl Largest {
    fn new(most: usize) -> Self {
        Self { most, kept: BinaryHeap::new() }
    }

    fn add(&mut self, bytes: u64, path: impl FnOnce() -> PathBuf) {
        let is_full = self.kept.len() >= self.most;
        if is_full && self.kept.peek().is_some_and(|Reverse((least, _))| bytes <= *least) {
            return;
        }
        self.kept.push(Reverse((bytes, path())));
        if self.kept.len() > self.most {
            self.kept.pop();
        }
    }

    fn sorted(self) -> Vec<(u64, PathBuf)> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(one)| one).collect()
    }
}

/// A folder that is being looked at.
struct Open {
    folder: Dir,
    path: PathBuf,
    bytes: u64,
}

/// The findings of a walk.
#[derive(Debug)]
struct Seen {
    bytes: u64,
    entries: u64,
    folders: Largest,
    files: Largest,
    /// Folders that may not be read, and those that lie too deep.
    denied: u64,
    deep: u64,
    is_whole: bool,
}

/// Looks.
pub(super) fn look(disk: &Subject, host: &str, look: &Look) -> Looked {
    of_folder(&mounted(disk, host)?, MOST_ENTRIES, look)
}

fn of_folder(root: &Path, most: u64, look: &Look) -> Looked {
    let seen = walk(root, most, look).map_err(|error| match error {
        Errno::ACCESS | Errno::PERM => format!(
            "Calm Ops runs as {} and may not read {}. Give that user access to it, or look with 'du -x' as root.",
            ours(),
            root.display()
        ),
        error => format!("{} can't be read: {error}.", root.display()),
    })?;
    Ok(told(root, seen))
}

fn told(root: &Path, seen: Seen) -> InspectionOutcome {
    let size = |bytes: u64| humanize::value(bytes as f64, &Unit::Bytes);
    let row = |(bytes, path): &(u64, PathBuf)| format!("{:>10}  {}", size(*bytes), path.display());
    let folders = telling(root, &seen.folders.sorted());
    let files = seen.files.sorted();
    let mut lines = vec!["Largest folders, with all that is in them".to_owned()];
    lines.extend(folders.iter().map(row));
    if !files.is_empty() {
        lines.extend([String::new(), "Largest files".to_owned()]);
        lines.extend(files.iter().map(row));
    }
    let mut notes = Vec::new();
    if !seen.is_whole {
        notes.push(format!(
            "Stopped early, after {} files and folders with {}: what was not reached is missing.",
            seen.entries,
            size(seen.bytes)
        ));
    }
    if seen.denied > 0 {
        notes.push(format!(
            "Calm Ops runs as {} and may not read {} folders: what is in them is missing.",
            ours(),
            seen.denied
        ));
    }
    if seen.deep > 0 {
        notes.push(format!("{} folders lie too deep and are not counted.", seen.deep));
    }
    InspectionOutcome::table(lines, notes)
}

/// The folders that tell where the space is: one that a folder below it nearly fills tells no more
/// than that one.
fn telling(root: &Path, folders: &[(u64, PathBuf)]) -> Vec<(u64, PathBuf)> {
    let is_filled = |(bytes, path): &(u64, PathBuf)| {
        path != root
            && folders.iter().any(|(inner, below)| {
                below != path && below.starts_with(path) && inner / 9 >= bytes / 10
            })
    };
    folders.iter().filter(|one| !is_filled(one)).take(FOLDERS).cloned().collect()
}

fn walk(root: &Path, most: u64, look: &Look) -> Result<Seen, Errno> {
    let begin = open(root, FLAGS, Mode::empty())?;
    let device = fstat(&begin)?.st_dev;
    let mut seen = Seen {
        bytes: 0,
        entries: 0,
        folders: Largest::new(KEPT),
        files: Largest::new(FILES),
        denied: 0,
        deep: 0,
        is_whole: true,
    };
    let mut links = HashSet::new();
    let mut stack = vec![Open { folder: Dir::new(begin)?, path: root.to_owned(), bytes: 0 }];
    while let Some(here) = stack.last_mut() {
        seen.is_whole &= !look.is_over() && seen.entries < most;
        let next = if seen.is_whole { here.folder.read() } else { None };
        // What can't be read any further ends like a folder that has no more.
        let Some(Ok(entry)) = next else {
            close(&mut stack, &mut seen);
            continue;
        };
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        seen.entries += 1;
        let Ok(folder) = here.folder.fd() else { continue };
        let Ok(data) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let bytes = u64::try_from(data.st_blocks).unwrap_or(0).saturating_mul(512);
        if FileType::from_raw_mode(data.st_mode) == FileType::Directory {
            if data.st_dev != device {
                continue;
            }
            here.bytes = here.bytes.saturating_add(bytes);
            let path = joined(&here.path, name);
            if stack.len() >= DEEPEST {
                seen.deep += 1;
                continue;
            }
            let Some(here) = stack.last() else { continue };
            match enter(here, name, device) {
                Ok(Some(folder)) => stack.push(Open { folder, path, bytes: 0 }),
                Ok(None) => {}
                Err(_) => seen.denied += 1,
            }
            continue;
        }
        // A file with several names takes its space once.
        if data.st_nlink > 1 && links.len() < MOST_LINKS && !links.insert(data.st_ino) {
            continue;
        }
        here.bytes = here.bytes.saturating_add(bytes);
        seen.bytes = seen.bytes.saturating_add(bytes);
        seen.files.add(bytes, || joined(&here.path, name));
    }
    Ok(seen)
}

/// Opens a folder in the one that is open: it may have become a link, or another disk, meanwhile.
fn enter(here: &Open, name: &CStr, device: u64) -> Result<Option<Dir>, Errno> {
    let folder: OwnedFd = openat(here.folder.fd()?, name, FLAGS, Mode::empty())?;
    if fstat(&folder)?.st_dev != device {
        return Ok(None);
    }
    Dir::new(folder).map(Some)
}

/// Ends the innermost folder: what is in it is in the one above as well.
fn close(stack: &mut Vec<Open>, seen: &mut Seen) {
    let Some(done) = stack.pop() else { return };
    if let Some(above) = stack.last_mut() {
        above.bytes = above.bytes.saturating_add(done.bytes);
    }
    seen.folders.add(done.bytes, || done.path);
}

fn joined(path: &Path, name: &CStr) -> PathBuf {
    path.join(OsStr::from_bytes(name.to_bytes()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, time::Duration};

    use super::*;

    fn seen(root: &Path, most: u64, time: Duration) -> (Vec<String>, Vec<String>) {
        match of_folder(root, most, &Look::new(time)).unwrap() {
            InspectionOutcome::Seen { lines, notes, .. } => (lines, notes),
            InspectionOutcome::Failed { why } => panic!("{why}"),
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_largest_folder_is_found_and_links_and_other_disks_are_not_followed() {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("huge"), vec![1; 9 << 20]).unwrap();
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for folder in ["small", "large/logs", "odd\u{1b}[31m\nname"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("small/a"), vec![1; 200_000]).unwrap();
        fs::write(root.join("large/logs/out.log"), vec![1; 3 << 20]).unwrap();
        fs::write(root.join("large/b"), vec![1; 1 << 20]).unwrap();
        fs::write(root.join("odd\u{1b}[31m\nname/c"), vec![1; 300_000]).unwrap();
        fs::hard_link(root.join("large/logs/out.log"), root.join("large/logs/same")).unwrap();
        symlink(elsewhere.path(), root.join("away")).unwrap();
        symlink(root, root.join("small/round")).unwrap();
        let fifo = root.join("small/fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let (lines, notes) = seen(root, 1_000, LONG);
        assert!(notes.is_empty(), "{notes:?}");
        let text = lines.join("\n");
        assert!(!text.contains("huge") && !text.contains('\u{1b}'), "{text}");
        let end = |line: &str| line.rsplit_once("  ").unwrap().1.to_owned();
        assert_eq!(end(&lines[1]), root.display().to_string());
        assert!(
            lines[2].contains("MiB") && end(&lines[2]) == root.join("large").display().to_string()
        );
        assert!(text.contains("odd") && text.contains("name/c"), "{text}");
        let files = lines.iter().position(|line| line == "Largest files").unwrap();
        let largest = &lines[files + 1];
        assert!(largest.contains("out.log") || largest.contains("logs/same"), "{text}");
        // The bytes of one file with two names are there once.
        assert!(
            lines[1].trim_start().starts_with("4.") || lines[1].trim_start().starts_with("5"),
            "{text}"
        );
    }

    #[test]
    fn a_walk_ends_at_its_bounds_and_says_so() {
        let root = tempfile::tempdir().unwrap();
        for number in 0..50 {
            fs::write(root.path().join(format!("file {number}")), "x").unwrap();
        }
        for (most, time) in [(10, LONG), (1_000, Duration::ZERO)] {
            let (_, notes) = seen(root.path(), most, time);
            assert!(notes[0].starts_with("Stopped early"), "{notes:?}");
        }
        assert!(seen(root.path(), 1_000, LONG).1.is_empty());
        let mut deep = root.path().to_owned();
        for _ in 0..=DEEPEST {
            deep.push("d");
        }
        fs::create_dir_all(&deep).unwrap();
        let (_, notes) = seen(root.path(), 1_000, LONG);
        assert!(notes[0].contains("too deep"), "{notes:?}");
        let link = root.path().join("link");
        symlink(root.path(), &link).unwrap();
        let failed = of_folder(&link, 10, &Look::new(LONG)).unwrap_err();
        assert!(failed.contains("can't be read"), "{failed}");
    }

    #[test]
    fn a_folder_that_one_below_fills_is_left_out() {
        let one = |bytes, path: &str| (bytes, PathBuf::from(path));
        let all = vec![one(100, "/"), one(99, "/var"), one(98, "/var/log"), one(40, "/var/log/a")];
        let shown = telling(Path::new("/"), &all);
        let shown: Vec<_> = shown.iter().map(|(_, path)| path.display().to_string()).collect();
        assert_eq!(shown, ["/", "/var/log", "/var/log/a"]);
    }
}
