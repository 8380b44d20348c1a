//! Files of a disk that were deleted while programs have them open: their space is freed only when
//! they are closed.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::Path,
};

use domain::{inspection::InspectionOutcome, subject::Subject, unit::Unit};
use wording::humanize;

use super::{
    look::{Look, Looked, mounted},
    processes,
};

/// The text that the kernel writes behind the path of a file that is gone.
const GONE: &[u8] = b" (deleted)";
/// More programs that hold one file are not named.
const MOST_HOLDERS: usize = 4;

#[derive(Debug)]
struct Held {
    bytes: u64,
    path: String,
    by: Vec<u32>,
}

/// Looks.
pub(super) fn look(disk: &Subject, host: &str, look: &Look) -> Looked {
    let root = mounted(disk, host)?;
    let device = fs::metadata(&root)
        .map_err(|error| format!("{} can't be looked at: {error}.", root.display()))?
        .dev();
    on_device(device, look)
}

fn on_device(device: u64, look: &Look) -> Looked {
    let mut files: BTreeMap<u64, Held> = BTreeMap::new();
    let unseen = processes::open_files(look, |pid, link, target| {
        let Some(path) = target.as_os_str().as_bytes().strip_suffix(GONE) else { return };
        // The link leads to the file itself, though its path does not any more.
        let Ok(data) = fs::metadata(link) else { return };
        if !data.is_file() || data.nlink() > 0 || data.dev() != device {
            return;
        }
        let held = files.entry(data.ino()).or_insert_with(|| Held {
            bytes: data.blocks().saturating_mul(512),
            path: String::from_utf8_lossy(path).into_owned(),
            by: Vec::new(),
        });
        if held.by.last() != Some(&pid) {
            held.by.push(pid);
        }
    })?;
    let mut held: Vec<Held> = files.into_values().collect();
    held.sort_by_key(|one| std::cmp::Reverse(one.bytes));
    let mut notes = Vec::new();
    if held.is_empty() {
        let among = if unseen == processes::Unseen::default() {
            "No program has a deleted file of this disk open."
        } else {
            "No deleted file of this disk is open in the processes that could be looked at."
        };
        notes.push(among.to_owned());
    } else {
        let all =
            humanize::value(held.iter().map(|one| one.bytes).sum::<u64>() as f64, &Unit::Bytes);
        notes.push(format!(
            "{all} in all. The space is freed when the program closes the file: when it is reloaded or restarted."
        ));
    }
    notes.extend(unseen.notes());
    Ok(InspectionOutcome::table(held.iter().map(row), notes))
}

fn row(held: &Held) -> String {
    let size = humanize::value(held.bytes as f64, &Unit::Bytes);
    let named = held.by.iter().take(MOST_HOLDERS);
    let mut by: Vec<String> =
        named.map(|pid| format!("{} ({pid})", processes::name(*pid))).collect();
    if held.by.len() > MOST_HOLDERS {
        by.push(format!("{} more", held.by.len() - MOST_HOLDERS));
    }
    format!("{size:>10}  {}  held by {}", Path::new(&held.path).display(), by.join(", "))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn seen(device: u64) -> (Vec<String>, Vec<String>) {
        match on_device(device, &Look::new(super::super::ENOUGH)).unwrap() {
            InspectionOutcome::Seen { lines, notes, .. } => (lines, notes),
            InspectionOutcome::Failed { why } => panic!("{why}"),
        }
    }

    #[test]
    fn a_file_that_was_deleted_while_it_is_open_is_found_until_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let device = fs::metadata(folder.path()).unwrap().dev();
        let path = folder.path().join("big\u{1b}[2J\n.log");
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(&vec![1; 3 << 20]).unwrap();
        file.sync_all().unwrap();
        // Its name only looks as if it was gone.
        let kept = fs::File::create(folder.path().join("kept (deleted)")).unwrap();
        let is_ours = |line: &String| line.contains("big.log");
        let own = format!("({})", std::process::id());
        let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        assert!(!seen(device).0.iter().any(|line| line.contains(&name)));
        fs::remove_file(&path).unwrap();
        let (lines, notes) = seen(device);
        let line = lines.iter().find(|line| is_ours(line));
        let line = line.unwrap_or_else(|| panic!("it is missing: {lines:#?}"));
        assert!(line.contains("MiB") && line.contains(&own) && !line.contains('\u{1b}'), "{line}");
        assert!(notes[0].contains("in all"), "{notes:?}");
        assert!(!seen(device + 1).0.iter().any(is_ours), "it is on another disk");
        drop((file, kept));
        assert!(!seen(device).0.iter().any(is_ours));
    }
}
