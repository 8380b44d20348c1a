//! The kernel's lines about memory that ran out, from its log.

use domain::{
    inspection::InspectionOutcome,
    time::{Span, Timestamp},
};
use rustix::{
    fs::{Mode, OFlags, open},
    io::{Errno, read},
    time::{ClockId, clock_gettime},
};
use wording::humanize;

use super::look::{Look, Looked, ours};

const LOG: &str = "/dev/kmsg";
/// A record has at most this many bytes.
const LONGEST_RECORD: usize = 8_192;
/// More records than this are not read.
const MOST_RECORDS: usize = 200_000;
/// The texts that the kernel writes when it ends a program for want of memory.
const TELLING: [&str; 5] = [
    "Out of memory",
    "invoked oom-killer",
    "oom-kill:",
    "oom_reaper:",
    "Memory cgroup out of memory",
];

/// Looks.
pub(super) fn look(now: Timestamp, look: &Look) -> Looked {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let log = open(LOG, flags, Mode::empty()).map_err(unreadable)?;
    let booted = clock_gettime(ClockId::Monotonic);
    let up = Span::from_micros(
        u64::try_from(booted.tv_sec).unwrap_or(0) * 1_000_000
            + u64::try_from(booted.tv_nsec).unwrap_or(0) / 1_000,
    );
    records(now.minus(up), look, |buffer| read(&log, buffer))
}

fn unreadable(error: Errno) -> String {
    match error {
        Errno::ACCESS | Errno::PERM => format!(
            "Calm Ops runs as {} and may not read the kernel's log. Look with 'journalctl -k' as root, or allow it with the sysctl kernel.dmesg_restrict=0.",
            ours()
        ),
        Errno::NOENT => "The kernel's log can't be seen from here, as in most containers. Look on the host itself with 'journalctl -k'.".to_owned(),
        error => format!("The kernel's log can't be read: {error}."),
    }
}

/// Reads records, one at a time, until there are no more.
fn records(
    booted_at: Timestamp,
    look: &Look,
    mut read: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
) -> Looked {
    let mut lines = Vec::new();
    let mut notes = Vec::new();
    let mut buffer = vec![0; LONGEST_RECORD];
    let mut count = 0;
    loop {
        count += 1;
        if look.is_over() || count > MOST_RECORDS {
            notes.push("There was no time to read all of the kernel's log.".to_owned());
            break;
        }
        match read(&mut buffer) {
            Ok(0) | Err(Errno::AGAIN) => break,
            // Overwritten while it was read, or interrupted.
            Err(Errno::PIPE | Errno::INTR) => {}
            Err(error) => return Err(unreadable(error)),
            Ok(length) => {
                let record = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
                lines.extend(line(&record, booted_at));
            }
        }
    }
    if lines.is_empty() {
        notes.insert(0, "The kernel's log has no line about memory that ran out. It keeps the newest lines since the machine was started.".to_owned());
    }
    Ok(InspectionOutcome::log(lines.iter().map(String::as_str), false, notes))
}

/// One record, `LEVEL,NUMBER,MICROSECONDS,FLAGS;TEXT`, if it is about memory that ran out. A program
/// may write records too, but not in the kernel's name.
fn line(record: &str, booted_at: Timestamp) -> Option<String> {
    let (head, text) = record.split_once(';')?;
    let mut head = head.split(',');
    let level: u32 = head.next()?.parse().ok()?;
    let micros: u64 = head.nth(1)?.parse().ok()?;
    let text = text.lines().next()?;
    let is_of_kernel = level / 8 == 0;
    if !is_of_kernel || !TELLING.iter().any(|telling| text.contains(telling)) {
        return None;
    }
    let at = booted_at.plus(Span::from_micros(micros));
    Some(format!("{}  {text}", humanize::moment(at)))
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, time::Duration};

    use super::*;

    const KILLED: &str = "3,1042,5000000,-;Out of memory: Killed process 812 (node) total-vm:1kB, anon-rss:2kB, file-rss:0kB\n SUBSYSTEM=x\n";

    fn seen(answers: Vec<Result<&str, Errno>>) -> Looked {
        let mut answers: VecDeque<_> = answers.into();
        let read = |buffer: &mut [u8]| match answers.pop_front() {
            None => Err(Errno::AGAIN),
            Some(Err(error)) => Err(error),
            Some(Ok(text)) => {
                buffer[..text.len()].copy_from_slice(text.as_bytes());
                Ok(text.len())
            }
        };
        records(Timestamp::from_secs(1_795_341_600), &Look::new(Duration::from_secs(60)), read)
    }

    #[test]
    fn lines_about_memory_are_shown_with_their_time_and_no_others() {
        let other = "6,1,0,-;eth0: link is up\n";
        // What a program writes has a facility of its own.
        let forged = KILLED.replace("3,1042", "11,1042");
        let looked = seen(vec![
            Ok(other),
            Err(Errno::PIPE),
            Ok(KILLED),
            Ok(&forged),
            Ok("x"),
            Ok("3,1;Out of memory"),
        ]);
        let InspectionOutcome::Seen { lines, notes, .. } = looked.unwrap() else {
            panic!("it was seen")
        };
        assert_eq!(
            lines,
            [
                "22 Nov 2026, 10:00:05 UTC  Out of memory: Killed process 812 (node) total-vm:1kB, anon-rss:2kB, file-rss:0kB"
            ]
        );
        assert!(notes.is_empty(), "{notes:?}");
        let InspectionOutcome::Seen { lines, notes, .. } = seen(vec![Ok(other)]).unwrap() else {
            panic!("it was seen")
        };
        assert!(lines.is_empty() && notes[0].contains("no line about memory"));
    }

    #[test]
    fn what_may_not_be_read_is_told_with_what_to_do() {
        let why = seen(vec![Ok(KILLED), Err(Errno::PERM)]).unwrap_err();
        assert!(why.contains(&format!("runs as {}", ours())) && why.contains("journalctl -k"));
        // Whatever this machine allows, it ends and says something.
        let now = Timestamp::from_secs(1_795_341_600);
        match look(now, &Look::new(Duration::from_secs(5))) {
            Ok(InspectionOutcome::Seen { .. }) => {}
            Ok(InspectionOutcome::Failed { why }) | Err(why) => {
                assert!(why.ends_with('.'), "{why}");
            }
        }
    }
}
