//! `calm-ops backtest`: stored history judged by the thresholds in force, and by changed ones.

use std::{
    fs,
    io::{IsTerminal as _, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use commands::notifications::Zone;
use domain::{
    name::BadName,
    signals,
    time::{BadSpan, Span, Timestamp},
};
use engine::backtest::Proposal;
use policy::{diagnostic::Diagnostic, thresholds::Thresholds};
use wording::backtest as words;

use super::{
    database::{Failure, work_on},
    outcome::Outcome,
};
use crate::{
    backtest::{self, Changed, RowProposal},
    clock::Clock,
    config::Config,
    documents::{self, THRESHOLDS},
    store::{RollupStep, Store},
    time_zones,
};

const EXAMPLES: &str = "\
Examples:
  calm-ops backtest
  cp ops/alerts/thresholds.md new.md && $EDITOR new.md && calm-ops backtest --change new.md --zone Europe/Berlin

Minutes of history are kept for 90 days, hours for two years; what is told of hours is approximate.
An interruption is an incident that opens, comes back or becomes more severe; night is from 22:00 to 07:00.

Exit codes:
  0  judged; the changed thresholds miss no incident that those in force find
  1  the changed thresholds would have missed an incident, or the document holds mistakes
  2  the command line or the configuration is not valid
  3  the history could not be read";

/// Parameters of a backtest.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Backtest {
    /// A changed thresholds.md, to be compared with the one in force.
    #[arg(long, value_name = "FILE")]
    change: Option<PathBuf>,
    /// Try small changes of every row, and propose those that would have opened an incident earlier
    /// without one interruption more, or interrupted less without missing anything that was critical
    /// or acted on.
    #[arg(long, conflicts_with = "change")]
    propose: bool,
    /// The period, such as '14 d'.
    #[arg(long, value_name = "DURATION", default_value = "90 d", value_parser = span)]
    since: Span,
    /// The time zone of the report and of the night, such as 'Europe/Berlin' or '+02:00'.
    #[arg(long, value_name = "ZONE", default_value = "+00:00", value_parser = zone)]
    zone: Zone,
}

fn span(text: &str) -> Result<Span, BadSpan> {
    text.parse()
}

fn zone(text: &str) -> Result<Zone, String> {
    let zone: Zone = text.parse().map_err(|error: BadName| error.to_string())?;
    match time_zones::offset(&zone, Timestamp::default()) {
        Some(_) => Ok(zone),
        None => {
            Err(format!("no time zone is called {text:?}; expected a name such as 'Europe/Berlin'"))
        }
    }
}

fn read(file: &str, text: &str) -> Result<Arc<Thresholds>, String> {
    Thresholds::parse(file, text, signals::declared()).map(Arc::new).map_err(|problems| {
        problems.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n\n")
    })
}

/// The document in force, and the proposal.
fn documents(
    dir: Option<&Path>,
    change: Option<&Path>,
) -> Result<(Arc<Thresholds>, Option<Changed>), String> {
    let text = documents::read(dir, THRESHOLDS).map_err(|error| error.to_string())?;
    let thresholds = read(THRESHOLDS, &text)?;
    let Some(path) = change else { return Ok((thresholds, None)) };
    let name = path.display().to_string();
    let changed = fs::read_to_string(path).map_err(|error| {
        format!("error: {name} can't be read: {error}. It must be a thresholds.md of its own.")
    })?;
    let difference = documents::patch(THRESHOLDS, &text, &changed);
    let changed = Changed { thresholds: read(&name, &changed)?, difference };
    Ok((thresholds, Some(changed)))
}

/// Tells progress on a terminal; nothing elsewhere.
fn tell(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{text}");
    }
}

fn propose(config: &Config, asked: &Backtest, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let done = async |store: &dyn Store| {
        let text = match documents::read(config.ops_dir.as_deref(), THRESHOLDS) {
            Ok(text) => text,
            Err(error) => return Ok(error.to_string()),
        };
        let now = Clock::start().now().wall;
        let mut progress = |line: u32| tell(&format!("Trying line {line} "));
        let range = (now.minus(asked.since), now);
        let proposed = backtest::propose(
            store,
            (THRESHOLDS, &text),
            signals::declared(),
            range,
            &mut progress,
        )
        .await;
        tell("\n");
        let (proposals, skipped) = proposed.map_err(Failure::Store)?;
        let mut lines: Vec<String> = Vec::new();
        for RowProposal { row, variant, proposal, .. } in &proposals {
            let (column, before, after) = &variant.words;
            let change = (*column, &**before, &**after);
            let Proposal { benefit, comparison, .. } = proposal;
            lines.push(words::proposal(
                row.signal.as_str(),
                row.line,
                change,
                *benefit,
                comparison,
            ));
        }
        lines.push(words::proposals_end(proposals.len(), &skipped));
        Ok(lines.join("\n\n"))
    };
    work_on(config, true, done, out, err)
}

/// Carries the command out.
pub(super) fn backtest(
    config: &Config,
    asked: &Backtest,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let (thresholds, changed) = match documents(config.ops_dir.as_deref(), asked.change.as_deref())
    {
        Ok(read) => read,
        Err(problems) => {
            let _ = writeln!(err, "{problems}");
            return Outcome::Wrong;
        }
    };
    if asked.propose {
        return propose(config, asked, out, err);
    }
    let mut misses = false;
    let done = async |store: &dyn Store| {
        let now = Clock::start().now().wall;
        let since = now.minus(asked.since.min(RollupStep::Hour.kept()));
        let offset = |at| time_zones::offset(&asked.zone, at).unwrap_or_default();
        let mut progress =
            |until: Timestamp| tell(&format!("Judged until {}", until.to_seconds_text()));
        let judged = backtest::backtest(
            store,
            thresholds,
            changed,
            (since, now),
            (&offset, &config.time_zone),
            &mut progress,
        )
        .await;
        tell("\n");
        let judged = judged.map_err(Failure::Store)?;
        misses = judged.proposed.as_ref().is_some_and(|one| !one.comparison.missed.is_empty());
        let local = |at: Timestamp| {
            let minutes = i64::from(offset(at));
            let there = at.to_chrono() + chrono::TimeDelta::minutes(minutes);
            there.format("%Y-%m-%d %H:%M").to_string()
        };
        Ok(words::report(&judged, &local).trim_end().to_owned())
    };
    match work_on(config, true, done, out, err) {
        Outcome::Fine if misses => Outcome::Wrong,
        outcome => outcome,
    }
}
