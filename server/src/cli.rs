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

mod check;
mod data;
mod database;
mod health;
mod init;
mod journal;
mod maintenance;
mod outcome;
mod owner_link;
mod people;
mod printable;
mod recovery;
mod serve;
mod units;
mod wording;

pub use outcome::Outcome;
use printable::Printable;

const AFTER: &str = "\
Examples:
  calm-ops                                     watch this host, pages on http://localhost:3000, data in ./data
  calm-ops serve --config /etc/calm-ops.toml   the same, with your own settings
  calm-ops init /etc/calm-ops                  write the documents to change: thresholds, runbooks, the configuration
  calm-ops check --ops-dir /etc/calm-ops       are these documents good?
  calm-ops init --systemd calm-ops             a unit by which systemd runs it as the user calm-ops
  calm-ops health                              does it run and watch? One line, for cron, systemd and containers
  calm-ops init --sudoers calm-ops             the sudo lines for exactly what may run on this machine as somebody else
  calm-ops run --dry-run 42-1                  what exactly would a recommendation execute? Nothing is run
  calm-ops maintenance begin --for '2 h' --reason 'New disks' '*@web-1'
                                               planned work: what it breaks opens no incident until it ends
  calm-ops journal verify                      was anything in the record changed?
  calm-ops journal export journal.jsonl        the record as lines of JSON; 'journal verify --file' proves them anywhere

A flag wins over the environment (CALM_OPS_*, DATABASE_URL), the environment over the file of --config, the file over the defaults.
'calm-ops init DIR' writes calm-ops.example.toml, which explains every key.

Exit codes:
  0  done, and all is well
  1  something that was checked is wrong: a document, the journal, a replay
  2  the command line or the configuration can't be used
  3  it could not be done: a port that is taken, a directory that can't be written, a database that can't be reached";

/// Calm Ops watches a machine, opens an incident by itself when something is really wrong, saves
/// the evidence, and explains it calmly.
#[derive(Debug, Parser)]
#[command(name = "calm-ops", version, after_long_help = AFTER, after_help = "'calm-ops --help' says more, with examples.")]
#[command(max_term_width = 110)]
struct Line {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch, decide, and serve the pages. What happens when no command is given.
    Serve,
    /// Say whether the documents and the configuration are good; every problem is told with its
    /// place.
    Check,
    /// Ask the server that runs here whether it watches: one line and an exit code, for cron, systemd
    /// and containers. Incidents are no failure.
    Health,
    /// Write the built-in documents and an explained configuration into a folder, to change them.
    /// Nothing is ever overwritten.
    Init(Init),
    /// Show exactly what a recommendation would execute on this machine now. There is no way to run
    /// it from here.
    Run(Run),
    /// Print a link by which an owner comes in: the first one, or one more if nobody can sign in
    /// any more.
    OwnerLink,
    /// The record of everything that happened.
    #[command(subcommand)]
    Journal(Journal),
    /// Planned work: windows during which breaches of some subjects open no incident.
    #[command(subcommand)]
    Maintenance(maintenance::Maintenance),
    /// Save everything that is stored into one file, while Calm Ops runs. The same file fits SQLite
    /// and PostgreSQL.
    Backup(OneFile),
    /// Put a backup back. Calm Ops must not be running on that data; what was there is kept.
    Restore(OneFile),
    /// Run the rules again over an incident's bundle, and say whether they decide the same, byte
    /// for byte.
    Replay(OneFile),
}

#[derive(Args, Debug)]
struct OneFile {
    /// The file.
    file: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Journal {
    /// Prove that no entry was changed, removed, inserted or reordered, and that the incidents are
    /// what the journal says.
    Verify {
        /// A head that was noted earlier, as it is shown: NUMBER:HASH. The journal must hold
        /// exactly it.
        #[arg(long, value_name = "N:HASH", value_parser = data::head)]
        head: Option<Head>,
        /// Prove an export instead of the database: no database is needed.
        #[arg(long, value_name = "EXPORT.jsonl")]
        file: Option<PathBuf>,
    },
    /// Write every entry as one line of JSON, with all that is needed to prove the chain elsewhere.
    /// Calm Ops may run meanwhile.
    Export {
        /// The file; '-' writes to the standard output.
        file: PathBuf,
    },
}

#[derive(Args, Debug)]
struct Init {
    /// The folder; it is made if it does not exist.
    #[arg(required_unless_present_any = ["sudoers", "systemd", "cron"])]
    #[arg(conflicts_with_all = ["sudoers", "systemd", "cron"])]
    dir: Option<PathBuf>,
    /// Write no documents, but print the lines that sudo needs, so that the user of Calm Ops may
    /// run exactly the approved commands of this machine as others. Without a name it is the user
    /// who asks.
    #[arg(long, value_name = "USER")]
    sudoers: Option<Option<String>>,
    /// Write no documents, but print a unit for systemd that runs Calm Ops with this configuration.
    /// Without a name it runs as the user who asks.
    #[arg(long, value_name = "USER", conflicts_with_all = ["sudoers", "cron"])]
    systemd: Option<Option<String>>,
    /// Write no documents, but print a line for cron that asks every five minutes whether Calm Ops
    /// watches; cron sends a mail when it does not.
    #[arg(long, conflicts_with = "sudoers")]
    cron: bool,
}

#[derive(Args, Debug)]
struct Run {
    /// Only show it. Always needed: a command runs only after an approval on the pages or the
    /// interface.
    #[arg(long, required = true)]
    dry_run: bool,
    /// The recommendation, as its page names it, such as 42-1.
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
