//! `calm-ops may-run CLASS`: whether requests or jobs of a class may run now, for cron jobs and
//! workers. It asks the journal, and the flag file where that can't be read; without either of
//! them the answer is no.

use std::{fs, io::Write};

use clap::Args;
use domain::protection::{Protection, SafeMode};
use policy::limits::{Class, Limits, Organization};
use wording::protection as words;

use super::{database, outcome::Outcome};
use crate::{
    clock::Clock,
    config::Config,
    documents,
    protection::{self, Flag},
    store::{self, Where},
};

/// The question.
#[derive(Args, Debug)]
pub(super) struct MayRun {
    /// The class, as protection/limits.md names it, such as 'uploads'.
    class: String,
    /// The organization that it is for: one that keeps writing in safe mode may.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
}

/// Can't be known: 1.
const UNKNOWN: Outcome = Outcome::Wrong;
/// Safe mode forbids it: 3.
const FORBIDDEN: Outcome = Outcome::Failed;

/// Answers with one sentence, and an exit code: 0 for yes, 3 for no, 2 for a class that there is
/// not, and 1 if it can't be known.
pub(super) fn may_run(
    config: &Config,
    asked: &MayRun,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let limits = match limits(config) {
        Ok(limits) => limits,
        Err(why) => {
            let _ = writeln!(err, "error: {}", words::may_not_be_known(&asked.class, &why));
            return UNKNOWN;
        }
    };
    let Some(class) = limits.classes().iter().find(|class| class.name == asked.class) else {
        let known: Vec<&str> = limits.classes().iter().map(|class| class.name.as_str()).collect();
        let _ = writeln!(err, "error: {}", words::no_such_class(&asked.class, &known));
        return Outcome::Usage;
    };
    match in_force(config) {
        Ok(in_force) => {
            let (may, told) = answer(class, &limits, asked, in_force.as_ref());
            let _ = writeln!(out, "{told}");
            if may { Outcome::Fine } else { FORBIDDEN }
        }
        Err(why) => {
            let _ = writeln!(err, "error: {}", words::may_not_be_known(&class.name, &why));
            UNKNOWN
        }
    }
}

fn answer(
    class: &Class,
    limits: &Limits,
    asked: &MayRun,
    in_force: Option<&SafeMode>,
) -> (bool, String) {
    let organization = asked.organization.as_deref().and_then(Organization::new);
    let keeps = organization.is_some_and(|one| limits.automation().keeps_writing(&one));
    let passes = in_force.is_none_or(|one| protection::passes(class, one.stage));
    (keeps || passes, words::may_run(&class.name, in_force, keeps, passes))
}

/// The limits in force: of a document with a mistake the last good version, as the server has it.
fn limits(config: &Config) -> Result<Limits, String> {
    let parse = |text: String| {
        Limits::parse(documents::LIMITS, &text).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            format!("{} has a mistake: {first}", documents::LIMITS)
        })
    };
    let read = documents::read(config.ops_dir.as_deref(), documents::LIMITS);
    read.map_err(|error| error.to_string()).and_then(parse).or_else(|why| {
        let kept = config.data_dir.join(documents::IN_FORCE).join(documents::LIMITS);
        fs::read_to_string(kept).map_err(|_| why.clone()).and_then(parse).map_err(|_| why)
    })
}

/// Safe mode, from the journal or else from the flag file.
fn in_force(config: &Config) -> Result<Option<SafeMode>, String> {
    let path = config.collectors.gate.safe_mode_flag.clone();
    let why = match from_journal(config) {
        Ok(protection) => {
            let shown = path.as_ref().map_or_else(String::new, |path| path.display().to_string());
            let found = protection::in_force(protection, path.map(Flag::new).as_ref());
            return found
                .map_err(|error| format!("The flag file {shown} can't be looked at: {error}."));
        }
        Err(why) => why,
    };
    let Some(path) = path else {
        return Err(format!("{why} There is no flag file either: gate.safe_mode_flag is not set."));
    };
    let shown = path.display().to_string();
    protection::told_by_flag(&Flag::new(path))
        .map_err(|error| format!("{why} The flag file {shown} can't be looked at either: {error}."))
}

fn from_journal(config: &Config) -> Result<Protection, String> {
    let at = config.place();
    if let Where::Sqlite { path } = &at
        && !path.exists()
    {
        return Err(format!("There is no database at {}.", path.display()));
    }
    let read = async {
        let store = store::open_to_read(&at).await?;
        store.announced(Clock::start().now().wall).await
    };
    let mut told = Vec::new();
    match database::run(read, &mut told) {
        Some(Ok(entries)) => Ok(Protection::of(&entries)),
        Some(Err(error)) => Err(format!("The journal can't be read: {error}.")),
        None => Err(String::from_utf8_lossy(&told).trim().to_owned()),
    }
}
