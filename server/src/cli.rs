//! The command line: what can be asked of the program, and what it answers. Every failure is a
//! sentence that says what is wrong and what to do, and an exit code that a script can tell apart.

use std::{ffi::OsString, io::Write, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use domain::{hash::Head, id::RecommendationId};

use crate::{
    collectors,
    config::{Config, ConfigError, Flags, Sources},
    umask,
};

mod automation;
mod backtest;
mod check;
mod data;
mod database;
mod file_limit;
mod health;
mod init;
mod journal;
mod maintenance;
mod may_run;
mod not_judged;
mod outcome;
mod owner_link;
mod people;
mod practice;
mod printable;
mod recovery;
mod report;
mod serve;
mod simulate;
mod simulate_past;
mod units;
mod wording;

pub use outcome::Outcome;
use printable::Printable;

const AFTER: &str = "\
Examples:
  calm-ops                                     monitor this host: pages on http://localhost:3000, data in ./data
  calm-ops serve --config /etc/calm-ops.toml   the same, with your own settings
  calm-ops init /etc/calm-ops                  write the documents to edit: thresholds, runbooks, configuration
  calm-ops check --ops-dir /etc/calm-ops       check these documents
  calm-ops init --systemd calm-ops             print a systemd unit that runs it as the user calm-ops
  calm-ops health                              check that it is running: one line, for cron, systemd and containers
  calm-ops init --sudoers calm-ops             print the sudo lines for the commands that run as another user
  calm-ops run --dry-run 42-1                  show what a recommendation would execute; nothing is run
  calm-ops maintenance begin --for '2 h' --reason 'New disks' '*@web-1'
                                               planned work: its problems open no incident until it ends
  calm-ops automation off --reason 'Too eager' stop every automatic measure at once
  calm-ops practice --for '15 min'             practise an incident, with real notifications and a command that changes nothing
  calm-ops may-run uploads && ./nightly-import run a job unless safe mode is in force
  calm-ops simulate upload-spike --organization acme --rate 50/s
                                               send an upload spike to the gate, and report who was limited when
  calm-ops simulate week --data-dir demo       fill an empty folder with a bad week, to look at its reviews and its summary
  calm-ops journal verify                      check that no entry was changed
  calm-ops journal export journal.jsonl        write the journal as JSON Lines, to verify anywhere with 'journal verify --file'

Flags override the environment (CALM_OPS_*, DATABASE_URL), which overrides the file of --config, which overrides the defaults.
'calm-ops init DIR' writes calm-ops.example.toml, which explains every key.

Exit codes:
  0  success
  1  a check failed: a document, the journal, a replay
  2  the command line or the configuration is not valid
  3  it could not be done, such as a port in use, a directory without write access or an unreachable database
'may-run' answers by them: 0 yes, 3 no, 2 no such class, 1 not known.";

/// Calm Ops monitors a machine, opens an incident when something is really wrong, saves the
/// evidence, and explains it calmly.
#[derive(Debug, Parser)]
#[command(name = "calm-ops", version, after_long_help = AFTER, after_help = "Run 'calm-ops --help' for details and examples.")]
#[command(max_term_width = 110)]
struct Line {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Monitor and serve the pages. This is the default command.
    Serve,
    /// Check the documents and the configuration; every problem is shown with its place.
    Check,
    /// Check that the server on this machine is running: one line and an exit code, for cron, systemd
    /// and containers. Incidents are not a failure.
    Health,
    /// Write the built-in documents and an annotated configuration to a folder, to edit them. Existing
    /// files are kept.
    Init(Init),
    /// Show exactly what a recommendation would execute on this machine now. It can't be run from here.
    Run(Run),
    /// Print a link to become an owner: for the first owner, or when nobody can sign in any more.
    OwnerLink,
    /// The record of everything that happened.
    #[command(subcommand)]
    Journal(Journal),
    /// Planned work: windows during which problems of some subjects open no incident.
    #[command(subcommand)]
    Maintenance(maintenance::Maintenance),
    /// Limits that Calm Ops sets on its own: one switch to stop all of it.
    #[command(subcommand)]
    Automation(automation::Automation),
    /// Practise an incident: real notifications, an approval, and a command that changes nothing.
    /// It is followed until it is resolved, and reported.
    Practice(practice::Practice),
    /// Check whether requests or jobs of a class may run now, or safe mode forbids it: one sentence
    /// and an exit code, for cron jobs and workers. 0: yes; 3: no; 2: no such class; 1: not known, so
    /// rather not.
    MayRun(may_run::MayRun),
    /// Send simulated traffic with trouble from one organization to the gate, or through a proxy, and
    /// report what happened; or fill an empty data directory with a simulated past.
    Simulate(Box<simulate::Simulate>),
    /// Make a stability report of the time up to now, keep it and print it as Markdown. Calm Ops may be
    /// running: the report is on the page of reports at once.
    Report {
        /// Its length.
        #[arg(value_enum)]
        length: report::Length,
    },
    /// Save all data to one file, while Calm Ops is running. The file works for SQLite and
    /// PostgreSQL.
    Backup(OneFile),
    /// Restore a backup. Calm Ops must not be running on that data; the previous data is kept.
    Restore(OneFile),
    /// Judge stored history by the thresholds in force, or by changed ones beside them: which incidents
    /// would have opened, earlier or later, and how often people would have been interrupted. Nothing
    /// is changed, and Calm Ops may be running.
    Backtest(backtest::Backtest),
    /// Replay an incident's bundle and check that the decisions are the same, byte for byte.
    Replay(OneFile),
}

#[derive(Args, Debug)]
struct OneFile {
    /// The file.
    file: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Journal {
    /// Check that no entry was changed, removed, inserted or reordered, and that the incidents match
    /// the journal.
    Verify {
        /// A head that was noted earlier, as NUMBER:HASH. The journal must contain exactly this
        /// entry.
        #[arg(long, value_name = "N:HASH", value_parser = data::head)]
        head: Option<Head>,
        /// Verify an export instead of the database.
        #[arg(long, value_name = "EXPORT.jsonl")]
        file: Option<PathBuf>,
    },
    /// Write every entry as one line of JSON, to verify the chain elsewhere. Calm Ops may be running.
    Export {
        /// The file; '-' writes to standard output.
        file: PathBuf,
    },
}

#[derive(Args, Debug)]
struct Init {
    /// The folder; it is created if it does not exist.
    #[arg(required_unless_present_any = ["sudoers", "systemd", "cron"])]
    #[arg(conflicts_with_all = ["sudoers", "systemd", "cron"])]
    dir: Option<PathBuf>,
    /// Only print the sudo lines that allow the user of Calm Ops to run exactly the approved commands
    /// of this machine as other users. Default: the current user.
    #[arg(long, value_name = "USER")]
    sudoers: Option<Option<String>>,
    /// Only print a systemd unit that runs Calm Ops with this configuration. Default: the current
    /// user.
    #[arg(long, value_name = "USER", conflicts_with_all = ["sudoers", "cron"])]
    systemd: Option<Option<String>>,
    /// Only print a cron line that checks every five minutes that Calm Ops is running; cron sends an
    /// e-mail when it is not.
    #[arg(long, conflicts_with = "sudoers")]
    cron: bool,
}

#[derive(Args, Debug)]
struct Run {
    /// Only show it. Always required: a command runs only after an approval on the pages or through
    /// the API.
    #[arg(long, required = true)]
    dry_run: bool,
    /// The recommendation, such as 42-1.
    #[arg(value_name = "ID")]
    recommendation: RecommendationId,
}

/// Runs the program. `out` is for what was asked, `err` for what went wrong.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    sources: &impl Sources,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    collectors::declare_signals();
    let (out, err) = (&mut Printable(out), &mut Printable(err));
    let line = match Line::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // `--help` and `--version` come this way as well.
            if error.use_stderr() {
                let _ = write!(err, "{error}");
                return Outcome::Usage;
            }
            let _ = write!(out, "{error}");
            return Outcome::Fine;
        }
    };
    // Documents are written for everyone who may read this machine's configuration; all else is ours.
    if !matches!(line.command, Some(Command::Init(_))) {
        umask::make_strict();
    }
    let config = Config::load(&line.flags, sources);
    match line.command.unwrap_or(Command::Serve) {
        // Needs no configuration: it is how one begins.
        Command::Init(Init { dir: Some(dir), .. }) => init::init(&dir, out, err),
        Command::Init(Init { dir: None, systemd: Some(user), .. }) => {
            with(config, err, |config, err| units::systemd(&config, user.as_deref(), out, err))
        }
        Command::Init(Init { dir: None, cron: true, .. }) => {
            with(config, err, |config, err| units::cron(&config, out, err))
        }
        Command::Health => with(config, err, |config, err| health::health(&config, out, err)),
        Command::Init(Init { dir: None, sudoers, .. }) => with(config, err, |config, err| {
            recovery::sudoers(&config, sudoers.flatten().as_deref(), out, err)
        }),
        Command::Run(Run { dry_run: _, recommendation }) => {
            with(config, err, |config, err| recovery::dry_run(&config, recommendation, out, err))
        }
        Command::Check => check::check(config, out, err),
        Command::Serve => with(config, err, |config, err| serve::serve(config, out, err)),
        Command::OwnerLink => {
            with(config, err, |config, err| people::owner_link(&config, out, err))
        }
        Command::Maintenance(what) => {
            with(config, err, |config, err| maintenance::maintenance(&config, what, out, err))
        }
        Command::Automation(what) => {
            with(config, err, |config, err| automation::automation(&config, what, out, err))
        }
        Command::Practice(asked) => {
            with(config, err, |config, err| practice::practice(&config, &asked, out, err))
        }
        Command::MayRun(asked) => {
            with(config, err, |config, err| may_run::may_run(&config, &asked, out, err))
        }
        Command::Report { length } => {
            with(config, err, |config, err| report::report(&config, length, out, err))
        }
        Command::Simulate(arguments) => {
            let names_folder = line.flags.data_dir.is_some();
            with(config, err, |config, err| {
                simulate::simulate(&config, *arguments, names_folder, out, err)
            })
        }
        Command::Backtest(asked) => {
            with(config, err, |config, err| backtest::backtest(&config, &asked, out, err))
        }
        // A bundle holds all that is needed.
        Command::Replay(OneFile { file }) => data::replay(&file, out, err),
        Command::Backup(OneFile { file }) => {
            with(config, err, |config, err| data::backup(&config, &file, out, err))
        }
        Command::Restore(OneFile { file }) => {
            with(config, err, |config, err| data::restore(&config, &file, out, err))
        }
        // A file holds all that is needed.
        Command::Journal(Journal::Verify { head, file: Some(file) }) => {
            journal::verify_file(&file, head, out, err)
        }
        // It is told as it is stored, byte for byte.
        Command::Journal(Journal::Export { file }) => {
            with(config, err, |config, err| journal::export(&config, &file, out.0, err))
        }
        Command::Journal(Journal::Verify { head, file: None }) => {
            with(config, err, |config, err| data::verify(&config, head, out, err))
        }
    }
}

/// Goes on with a good configuration.
fn with(
    config: Result<Config, ConfigError>,
    err: &mut dyn Write,
    then: impl FnOnce(Config, &mut dyn Write) -> Outcome,
) -> Outcome {
    match config {
        Ok(config) => then(config, err),
        Err(error) => {
            let _ = writeln!(err, "{error}");
            Outcome::Usage
        }
    }
}

#[cfg(test)]
mod tests;
