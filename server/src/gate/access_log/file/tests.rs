//! Files that grow, are renamed, truncated, missing and in the way.

use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _};

use fixtures::cases;
use proptest::{collection::vec, prelude::*};
use tempfile::TempDir;

use super::*;

struct Log {
    dir: TempDir,
    follower: Follower,
}

impl Log {
    /// A log with a line from before.
    fn new() -> Self {
        let mut log = Self::absent();
        log.write("log", "old\n");
        assert_eq!(log.look(), (vec![], Look::default()));
        log
    }

    fn absent() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let follower = Follower::new(dir.path().join("log"));
        Self { dir, follower }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.at(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).unwrap();
    }

    fn look(&mut self) -> (Vec<String>, Look) {
        let mut lines = Vec::new();
        let look = self.follower.look(&mut |_, line| {
            lines.push(match line {
                Line::Whole(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Line::TooLong => "too long".to_owned(),
            });
        });
        (lines, look)
    }

    fn lines(&mut self) -> Vec<String> {
        let (lines, look) = self.look();
        assert_eq!(look, Look::default());
        lines
    }

    fn obstacle(&mut self) -> Option<Obstacle> {
        let look = self.look().1;
        assert_eq!(look.is_blind, look.obstacle.is_some());
        look.obstacle
    }
}

#[test]
fn what_is_added_is_read_once() {
    let mut log = Log::new();
    log.write("log", "one\ntw");
    assert_eq!(log.lines(), ["one"]);
    assert!(log.lines().is_empty());
    log.write("log", "o\n");
    assert_eq!(log.lines(), ["two"]);
}

#[test]
fn a_line_that_began_before_the_first_look_is_left_out() {
    let mut log = Log::absent();
    log.write("log", "old\nhalf");
    assert!(log.lines().is_empty());
    log.write("log", " of it\nnew\n");
    assert_eq!(log.lines(), ["new"]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_and_beside_the_new_one() {
    let mut log = Log::new();
    log.write("log", "one\n");
    log.rename("log", "log.1");
    // Nothing is there for a moment.
    assert_eq!(
        log.look(),
        (
            vec!["one".to_owned()],
            Look { obstacle: Some(Obstacle::Missing), is_blind: false, skipped: 0 }
        )
    );
    log.write("log.1", "two\n");
    log.write("log", "four\n");
    log.write("log.1", "three\n");
    assert_eq!(log.lines(), ["two", "three", "four"]);
    log.write("log.1", "five\n");
    log.write("log", "six\n");
    assert_eq!(log.lines(), ["five", "six"]);
    for _ in 0..LOOKS_AT_OLD {
        assert!(log.lines().is_empty());
    }
    assert!(log.follower.old.is_none(), "it is closed after a while");
}

#[test]
fn a_truncated_file_is_read_from_its_beginning_also_if_it_is_longer_again() {
    let mut log = Log::new();
    log.write("log", "one\nhal");
    assert_eq!(log.lines(), ["one"]);
    let truncate = |log: &Log| {
        fs::copy(log.at("log"), log.at("log.1")).unwrap();
        fs::File::options().write(true).open(log.at("log")).unwrap().set_len(0).unwrap();
    };
    truncate(&log);
    assert!(log.lines().is_empty());
    log.write("log", "two\n");
    assert_eq!(log.lines(), ["two"]);
    truncate(&log);
    log.write("log", "three is longer than all that was there\n");
    assert_eq!(log.lines(), ["three is longer than all that was there"]);
}

#[test]
fn what_is_in_the_way_is_told_and_tried_again() {
    let mut log = Log::absent();
    assert_eq!(log.obstacle(), Some(Obstacle::Missing));
    log.write("log", "first\n");
    assert_eq!(log.lines(), ["first"], "all of it is new");
    fs::remove_file(log.at("log")).unwrap();
    fs::create_dir(log.at("log")).unwrap();
    assert_eq!(log.obstacle(), Some(Obstacle::NoFile));
    fs::remove_dir(log.at("log")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        log.at("log"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert_eq!(log.obstacle(), Some(Obstacle::NoFile), "a pipe is not waited for");
    fs::remove_file(log.at("log")).unwrap();
    log.write("log", "second\n");
    assert_eq!(log.lines(), ["second"]);
    // The superuser reads everything.
    if !rustix::process::geteuid().is_root() {
        let mut log = Log::absent();
        log.write("log", "old\n");
        fs::set_permissions(log.at("log"), fs::Permissions::from_mode(0o0)).unwrap();
        let denied = Obstacle::Unreadable(io::ErrorKind::PermissionDenied);
        assert_eq!(log.obstacle(), Some(denied));
        fs::set_permissions(log.at("log"), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(log.lines().is_empty(), "it is old");
    }
}

#[test]
fn one_look_reads_a_bounded_part_and_what_is_far_behind_is_skipped_with_its_count() {
    let mut log = Log::new();
    let line = format!("{}\n", "x".repeat(1_023));
    let lines = |count: usize| line.repeat(count);
    log.write("log", &lines(1_500));
    assert_eq!([log.lines().len(), log.lines().len(), log.lines().len()], [1_024, 476, 0]);
    log.write("log", &lines(40 * 1_024));
    log.write("log", "ha");
    let (read, look) = log.look();
    assert_eq!(read.len(), 1_024);
    assert_eq!(look, Look { obstacle: None, is_blind: false, skipped: 39 * 1_024 * 1_024 + 2 });
    log.write("log", "lf\nnext\n");
    assert_eq!(log.lines(), ["next"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(32), failure_persistence: None, ..ProptestConfig::default() })]

    /// A writer that writes in pieces, and rotates as logrotate does: no line is lost or doubled.
    #[test]
    fn every_line_is_read_once_whatever_is_done_to_the_file(steps in vec(0_u8..6, 1..40)) {
        let mut log = Log::new();
        let (mut name, mut written, mut read) = ("log".to_owned(), 0, Vec::new());
        for (number, step) in steps.iter().enumerate() {
            match step {
                0 | 1 => {
                    log.write(&name, &format!("{written}\n"));
                    written += 1;
                }
                2 => {
                    log.write(&name, &format!("{written}"));
                    read.extend(log.look().0);
                    log.write(&name, "\n");
                    written += 1;
                }
                // Renamed, and still written to until the writer opens the path again.
                3 if name == "log" => {
                    name = format!("log.{number}");
                    log.rename("log", &name);
                }
                3 => {
                    read.extend(log.look().0);
                    name = "log".to_owned();
                    log.write("log", "");
                    // A file that comes and goes between two looks is not seen.
                    read.extend(log.look().0);
                }
                // What is written between a copy and the truncation is lost, so nothing is.
                4 if name == "log" => {
                    read.extend(log.look().0);
                    File::options().write(true).open(log.at("log")).unwrap().set_len(0).unwrap();
                }
                _ => read.extend(log.look().0),
            }
        }
        read.extend(log.look().0);
        let mut read: Vec<usize> = read.iter().map(|line| line.parse().unwrap()).collect();
        read.sort_unstable();
        prop_assert_eq!(read, (0..written).collect::<Vec<_>>());
    }
}
