//! The runner, with real processes.

mod ends;
mod plans;
mod prints;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use server::{
    clock::Clock,
    exec::{Output, Piece, Plan, Runner},
};

/// A runner with a short grace, and a place for programs that the tests write.
pub struct Bench {
    /// The folder of all of it.
    pub dir: tempfile::TempDir,
    /// The runner.
    pub runner: Runner,
}

impl Bench {
    /// In a new directory.
    pub fn set_up() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let runner = Runner::new(dir.path().join("places"), Clock::start())
            .unwrap()
            .with_grace(Duration::from_millis(400));
        Self { dir, runner }
    }

    /// A path below the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program: a script with a first line of its own.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path(name);
        // Written by another process: a descriptor of ours that is open for writing could be
        // inherited by a process that another test starts at this moment, and the kernel would
        // refuse to execute the file.
        let status = std::process::Command::new("/bin/sh")
            .args(["-c", "printf '%s\n%s\n' '#!/bin/sh' \"$1\" >\"$0\" && chmod 755 \"$0\""])
            .args([path.as_os_str(), body.as_ref()])
            .status()
            .unwrap();
        assert!(status.success());
        path
    }

    /// A plan for such a program, without arguments.
    pub fn plan(&self, body: &str) -> Plan {
        Plan::of(self.script("program", body)).finish().unwrap()
    }

    /// No place of a run is left.
    pub fn is_tidy(&self) -> bool {
        fs::read_dir(self.path("places")).unwrap().count() == 0
    }
}

/// The lines that are kept.
pub fn lines(output: &Output) -> Vec<String> {
    let line = |piece| match piece {
        Piece::Line(line) => Some(line.text.to_string()),
        Piece::LeftOut(_) => None,
    };
    output.pieces().into_iter().filter_map(line).collect()
}

/// True if a process with this number runs (and is not just waiting to be noticed).
pub fn runs(pid: &str) -> bool {
    let stat =
        fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits until it holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(10), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
