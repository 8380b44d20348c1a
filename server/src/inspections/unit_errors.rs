//! The last warnings and errors of a systemd service, by `journalctl`: the one inspection that runs
//! a program, by its absolute path and with a fixed vector. The service's name is one that the
//! approved commands list.

use std::path::Path;

use domain::{
    inspection::{InspectionOutcome, MOST_LINES, UnitName},
    time::Span,
};

use super::look::{Looked, Turn, ours};
use crate::exec::{Outcome, Piece, Plan, Runner, Stream};

const PROGRAMS: [&str; 2] = ["/usr/bin/journalctl", "/bin/journalctl"];
const TIME_LIMIT: Span = Span::from_secs(6);
const OUTPUT_LIMIT: usize = 64 * 1024;

/// Looks.
pub(super) async fn look(runner: &Runner, unit: &UnitName, turn: Turn) -> Looked {
    let program = PROGRAMS.into_iter().find(|path| Path::new(path).is_file());
    let program = program.ok_or(
        "This host has no journalctl, so what its services wrote can't be read here. Look at the log files of the service.",
    )?;
    by(program, runner, unit, turn).await
}

async fn by(program: &str, runner: &Runner, unit: &UnitName, turn: Turn) -> Looked {
    let plan = Plan::of(program)
        .args(["--no-pager", "--output=short-iso", "--priority=warning"])
        .arg(format!("--lines={MOST_LINES}"))
        .arg(format!("--unit={unit}"))
        .time_limit(TIME_LIMIT)
        .output_limit(OUTPUT_LIMIT)
        .finish()
        .map_err(|refusal| format!("journalctl was not started: {}.", refusal.sentence))?;
    let report = runner.start(plan).wait().await;
    drop(turn);
    let (mut lines, mut said) = (Vec::new(), Vec::new());
    for piece in report.output.pieces() {
        if let Piece::Line(line) = piece {
            match line.stream {
                // What journalctl says of itself begins so.
                Stream::Out if line.text.starts_with("-- ") => {}
                Stream::Out => lines.push(line.text),
                Stream::Err => said.push(line.text),
            }
        }
    }
    match report.command.outcome {
        Outcome::TimedOut => return Err("journalctl took too long and was ended.".to_owned()),
        Outcome::NotStarted { refusal } => {
            return Err(format!("journalctl was not started: {}.", refusal.sentence));
        }
        Outcome::Exited { .. }
        | Outcome::Signalled { .. }
        | Outcome::Cancelled
        | Outcome::Unknown => {}
    }
    let denied = said.iter().any(|line| {
        line.contains("permission") || line.contains("not seeing messages from other users")
    });
    let advice = || {
        format!(
            "Calm Ops runs as {} and may not read all of the system log. Add that user to the group systemd-journal, and start Calm Ops again.",
            ours()
        )
    };
    if lines.is_empty() {
        if denied {
            return Err(advice());
        }
        if let Some(first) = said.first() {
            return Err(format!("journalctl could not read the log: {first}"));
        }
        let none = "The system log has no warning or error of this service. Many services write everything as information: look with 'journalctl -u'.";
        return Ok(InspectionOutcome::log([], false, vec![none.to_owned()]));
    }
    let notes = if denied { vec![advice()] } else { Vec::new() };
    Ok(InspectionOutcome::log(lines.iter().map(|line| &**line), false, notes))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::{clock::Clock, inspections::Inspections};

    /// The result with a program in the place of `journalctl`.
    async fn seen(script: &str) -> Looked {
        let folder = tempfile::Builder::new().prefix("calm-ops-").tempdir().unwrap();
        let program = folder.path().join("journalctl");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let runner = Runner::new(folder.path().join("runs"), Clock::start()).unwrap();
        let inspections = Inspections::default();
        let now = Clock::start().now().mono;
        let turn = inspections.begin(None, "unit_errors", now).unwrap();
        let unit = "nginx.service".parse().unwrap();
        by(program.to_str().unwrap(), &runner, &unit, turn).await
    }

    #[tokio::test]
    async fn the_vector_is_fixed_and_what_it_prints_is_shown_without_secrets() {
        let looked = seen("echo \"$# $*\"; echo '-- No entries --'; echo 'DB_PASSWORD=hunter2 refused'; env | sort").await;
        let Ok(InspectionOutcome::Seen { lines, notes, .. }) = looked else { panic!("{looked:?}") };
        assert_eq!(
            lines[0],
            "5 --no-pager --output=short-iso --priority=warning --lines=50 --unit=nginx.service"
        );
        let text = lines.join(" ");
        assert!(text.contains("refused") && !text.contains("hunter2"), "{text}");
        assert!(!text.contains("No entries") && !text.contains("CARGO"), "{text}");
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[tokio::test]
    async fn what_may_not_be_read_or_is_not_there_is_told() {
        let hint = "echo 'Hint: You are currently not seeing messages from other users and the system.' >&2";
        let why = seen(hint).await.unwrap_err();
        assert!(why.contains("systemd-journal"), "{why}");
        let Ok(InspectionOutcome::Seen { notes, .. }) = seen(&format!("{hint}; echo one")).await
        else {
            panic!("a line was seen")
        };
        assert!(notes[0].contains("systemd-journal"), "{notes:?}");
        let why = seen("echo 'Failed to open files' >&2; exit 1").await.unwrap_err();
        assert!(why.contains("Failed to open files"), "{why}");
        let Ok(InspectionOutcome::Seen { lines, notes, .. }) = seen("exit 0").await else {
            panic!("it was read")
        };
        assert!(lines.is_empty() && notes[0].contains("no warning or error"), "{notes:?}");
    }
}
