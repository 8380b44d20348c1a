//! One approved command in the documents of a test, from its offer to its end; and a machine whose
//! `nginx` only tells how it was called.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::program::{Home, Running};

/// The catalogue of a test: one command, which may help `queue.depth`.
pub fn catalogue(runs: &str, check: &str, user: &str) -> String {
    format!(
        "format: 1\n\n| command | `tried` |\n| --- | --- |\n| title | Try it |\n| helps | `queue.depth` |\n| runs | `{runs}` |\n\
         | check | {check} |\n| effect | It is seen. |\n| risk | low |\n| blast radius | Nobody notices. |\n\
         | undo | can't be undone, because it is over |\n| approval | one approver |\n| runs as | {user} |\n| time limit | 30 s |\n\
         | cool-down | 10 min |\n| proof | `queue.depth` within 20 min |\n"
    )
}

/// A home with that catalogue, and with the scripts that its configuration lists; no PM2 is looked
/// for.
pub fn home(catalogue: &str, scripts: &str) -> Home {
    let home = Home::new();
    write_catalogue(&home, catalogue);
    fs::write(configuration(&home), format!("[pm2]\nenabled = false\n{scripts}")).unwrap();
    home
}

pub fn write_catalogue(home: &Home, text: &str) {
    fs::write(home.ops().join("runbooks/recovery.commands.md"), text).unwrap();
}

/// A folder with a path of plain letters, as a script of one's own must have.
pub fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("calm-ops-").tempdir().unwrap()
}

/// A script of one's own named `own`, and the section of the configuration that lists it.
pub fn own_script(folder: &tempfile::TempDir, text: &str) -> (PathBuf, String) {
    let path = folder.path().join("own");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let section = format!(
        "[[script]]\nname = \"own\"\npath = \"{}\"\nsha256 = \"{}\"\n",
        path.display(),
        sha256(&path)
    );
    (path, section)
}

/// The SHA-256 of a file, as it is written.
pub fn sha256(file: &Path) -> String {
    Sha256::digest(fs::read(file).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The configuration's file.
pub fn configuration(home: &Home) -> PathBuf {
    home.dir.path().join("calm-ops.toml")
}

/// Adds the arguments that every command of the program gets here.
pub fn at(mut command: Command, home: &Home, arguments: &[&str]) -> Command {
    command
        .args(arguments)
        .arg("--config")
        .arg(configuration(home))
        .arg("--data-dir")
        .arg(home.data());
    command.arg("--ops-dir").arg(home.ops()).env_remove("DATABASE_URL");
    command
}

/// The program itself.
pub fn calm_ops() -> Command {
    Command::new(env!("CARGO_BIN_EXE_calm-ops"))
}

/// The output of a command, with its code.
pub fn said(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Opens the incident, and waits for the offer; its page.
pub fn offered(program: &Running) -> Value {
    program.push("service:imports", 9_000.0);
    program.incident_about("service:imports");
    program.until("the recommendation", |program| {
        let page = program.get("/api/ops/recommendations/1-1");
        (page.status == 200).then(|| page.json())
    })
}

/// Says yes to what is shown, and waits for the end; its page.
pub fn approved(program: &Running) -> Value {
    let page = program.get("/api/ops/recommendations/1-1").json();
    let yes = program.post(
        "/api/ops/recommendations/1-1/approve",
        &format!(r#"{{"binding":{}}}"#, page["binding"]),
    );
    assert_eq!(yes.status, 200, "{yes:?}");
    program.until("the end of the run", |program| {
        let page = program.get("/api/ops/recommendations/1-1").json();
        (page["recommendation"]["stage"]["stage"] == "ended").then_some(page)
    })
}

/// The vectors of a dry run's text, the check's first: each from its lines `program` and
/// `argument`.
pub fn vectors(text: &str) -> Vec<Vec<String>> {
    let mut vectors: Vec<Vec<String>> = Vec::new();
    for line in text.lines() {
        if let Some(program) = line.strip_prefix("  program ") {
            vectors.push(vec![program.trim().to_owned()]);
        } else if let Some((_, argument)) =
            line.strip_prefix("  argument ").and_then(|rest| rest.trim().split_once(' '))
        {
            vectors.last_mut().unwrap().push(argument.trim().to_owned());
        }
    }
    vectors
}

/// The words behind a label in a dry run's text.
pub fn labelled<'a>(text: &'a str, label: &str) -> Vec<&'a str> {
    let prefix = format!("  {label} ");
    text.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::trim).collect()
}

/// A view of the machine's files in which `nginx` tells how it was called, and `sudo` obeys the
/// lines of a test. Nothing of the machine itself is changed.
pub struct World<'a>(&'a Path);

impl<'a> World<'a> {
    /// Prepares it in a folder; `None`, loudly, where it can't be had.
    pub fn new(folder: &'a Path) -> Option<Self> {
        let possible = Command::new("unshare")
            .args(["--mount", "true"])
            .output()
            .is_ok_and(|output| output.status.success());
        if !possible || !rustix::process::geteuid().is_root() {
            eprintln!(
                "SKIPPED: only root can have a view of its own of the machine's files (unshare --mount)"
            );
            return None;
        }
        let places = folder.join("world");
        fs::create_dir_all(&places).unwrap();
        let told =
            "#!/bin/sh\nprintf 'argv'\nprintf ' %s' \"$0\" \"$@\"\necho\necho \"user $(id -un)\"\n";
        fs::write(places.join("nginx"), told).unwrap();
        fs::write(places.join("sudoers"), "root ALL=(ALL:ALL) ALL\n").unwrap();
        fs::write(places.join("calm-ops"), "").unwrap();
        for (name, mode) in [("nginx", 0o755), ("sudoers", 0o440), ("calm-ops", 0o755)] {
            fs::set_permissions(places.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        Some(Self(folder))
    }

    /// Puts lines in force for `sudo`.
    pub fn set_sudoers(&self, lines: &str) {
        let file = self.0.join("world/sudoers");
        fs::write(&file, format!("Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n{lines}")).unwrap();
    }

    /// A program in there, as this user.
    pub fn command(&self, user: &str, program: &str) -> Command {
        let script = "
            set -e
            if [ -e /usr/sbin/nginx ]; then mount --bind \"$0/nginx\" /usr/sbin/nginx; else mount --bind \"$0\" /usr/local/sbin; fi
            [ ! -e /etc/sudoers ] || mount --bind \"$0/sudoers\" /etc/sudoers
            mount --bind \"$1\" \"$0/calm-ops\"
            user=$2 program=$3; shift 3
            case $program in calm-ops) program=$0/calm-ops ;; esac
            exec setpriv --reuid \"$user\" --regid \"$(id -g \"$user\")\" --init-groups -- \"$program\" \"$@\"";
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--", "sh", "-c", script])
            .arg(self.0.join("world"))
            .arg(env!("CARGO_BIN_EXE_calm-ops"));
        command.args([user, program]).current_dir("/").env_remove("DATABASE_URL");
        command
    }
}

/// Gives a folder with all that is in it to a user.
pub fn give(path: &Path, user: u32) {
    chown(path, Some(user), None).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give(&entry.unwrap().path(), user));
    }
}
