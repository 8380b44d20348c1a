//! The end of an app's error log. PM2 says where that is, so whoever may tell PM2 what to run could
//! name any file: only a regular file of PM2's own user is read, and no link is followed to it.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use domain::{inspection::InspectionOutcome, subject::Subject, time::Timestamp};
use rustix::{
    fs::{Mode, OFlags, open},
    io::Errno,
};
use wording::humanize;

use super::look::{Looked, Place, ours, user};

/// So much of the end of a log is read, in bytes.
const LOOKED_AT: u64 = 64 * 1024;
/// An app has a log for each of its processes in some configurations; more are not read.
const MOST_LOGS: usize = 4;

/// The end of a log.
#[derive(Debug, PartialEq, Eq)]
struct Tail {
    text: String,
    /// True if the log has more before it.
    is_cut: bool,
    written_at: Timestamp,
}

/// Looks.
pub(super) fn look(app: &Subject, place: &Place) -> Looked {
    let Some(apps) = &place.apps else {
        return Err("PM2 is not monitored on this host.".to_owned());
    };
    let logs = apps.error_logs(app, &place.host).ok_or_else(|| {
        format!(
            "PM2 does not list {} now, so it is not known where its log is.",
            humanize::subject(app)
        )
    })?;
    let owner = place.pm2_home.as_ref().and_then(|home| fs::metadata(home).ok());
    let Some(owner) = owner.map(|home| home.uid()) else {
        return Err(
            "The home of PM2 can't be looked at, so it is not known whose its logs are.".to_owned()
        );
    };
    let mut texts = Vec::new();
    let mut notes = Vec::new();
    let (mut is_cut, mut newest) = (false, None);
    let several = logs.len() > 1;
    for path in logs.iter().take(MOST_LOGS) {
        match tail(path, owner) {
            Ok(tail) => {
                if several {
                    texts.push(format!("{}:", path.display()));
                }
                texts.push(tail.text);
                is_cut |= tail.is_cut;
                newest = newest.max(Some(tail.written_at));
            }
            Err(why) => notes.push(why),
        }
    }
    if logs.len() > MOST_LOGS {
        notes.push(format!("Only {MOST_LOGS} of its {} error logs were read.", logs.len()));
    }
    if texts.is_empty() {
        return Err(if notes.is_empty() {
            "PM2 keeps no error log for it.".to_owned()
        } else {
            notes.join(" ")
        });
    }
    if let Some(at) = newest {
        notes.push(format!("Last written on {}.", humanize::moment(at)));
    }
    let text = texts.join("\n");
    let lines: Vec<&str> = text.lines().collect();
    if lines.iter().all(|line| line.trim().is_empty()) {
        notes.insert(0, "The error log is empty.".to_owned());
    }
    Ok(InspectionOutcome::log(lines, is_cut, notes))
}

/// Reads the end of a log of this user.
fn tail(path: &Path, owner: u32) -> Result<Tail, String> {
    let shown = path.display();
    // Without waiting for a writer where it is a pipe.
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => format!("{shown} is a symbolic link, and no link is followed."),
        Errno::NOENT => format!("{shown} does not exist: the app has not written an error yet."),
        Errno::ACCESS | Errno::PERM => format!(
            "Calm Ops runs as {} and may not read {shown}. Give that user access to the log.",
            ours()
        ),
        error => format!("{shown} can't be opened: {error}."),
    })?;
    let mut file = File::from(file);
    let failed = |error: std::io::Error| format!("{shown} can't be read: {error}.");
    let data = file.metadata().map_err(failed)?;
    if !data.is_file() {
        return Err(format!("{shown} is not a regular file."));
    }
    if data.uid() != owner {
        return Err(format!(
            "{shown} belongs to {} and not to {}, the user of PM2, so it is not read.",
            user(data.uid()),
            user(owner)
        ));
    }
    let from = data.len().saturating_sub(LOOKED_AT);
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = match text.split_once('\n') {
        // Of the line in which the reading began only the end is known.
        Some((_, rest)) if from > 0 && !rest.is_empty() => rest,
        _ => &text,
    };
    let written_at = Timestamp::from_micros(data.mtime().saturating_mul(1_000_000));
    Ok(Tail { text: text.to_owned(), is_cut: from > 0, written_at })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_a_regular_file_of_its_owner_is_read_and_of_it_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let us = rustix::process::geteuid().as_raw();
        fs::write(at("log"), "first\nsecond\n").unwrap();
        let read = tail(&at("log"), us).unwrap();
        assert_eq!((read.text.as_str(), read.is_cut), ("first\nsecond\n", false));
        let refused = |name: &str| tail(&at(name), us).unwrap_err();
        symlink(at("log"), at("link")).unwrap();
        assert!(refused("link").contains("symbolic link"));
        assert!(refused("none").contains("does not exist"));
        let fifo = at("fifo");
        let mode = Mode::RWXU;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(refused("fifo").contains("not a regular file"));
        fs::create_dir(at("folder")).unwrap();
        assert!(refused("folder").contains("not a regular file"));
        let other = tail(&at("log"), us + 1).unwrap_err();
        assert!(other.contains("so it is not read"), "{other}");

        let long = "a line of the log\n".repeat(20_000);
        fs::write(at("long"), format!("{long}the last line")).unwrap();
        let read = tail(&at("long"), us).unwrap();
        assert!(read.is_cut && read.text.len() as u64 <= LOOKED_AT);
        assert!(read.text.starts_with("a line") && read.text.ends_with("the last line"));
        fs::write(at("one"), [b"x".repeat(100_000), vec![0xff, 0xfe]].concat()).unwrap();
        let read = tail(&at("one"), us).unwrap();
        assert!(read.is_cut && read.text.ends_with('\u{fffd}'));
    }
}
