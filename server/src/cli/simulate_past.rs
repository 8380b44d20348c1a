//! `calm-ops simulate week`: a past in an empty data directory, marked as generated.

use std::io::Write;

use clap::{Args, Subcommand};
use domain::{
    report::ReportPeriod,
    time::{Span, Timestamp},
};

use super::outcome::Outcome;
use crate::{
    config::Config,
    simulated_past::{MadeWeek, PastError, make_week},
};

/// A simulated past.
#[derive(Debug, Subcommand)]
pub(super) enum Past {
    /// A bad week in simulated time, through the real monitor and service: incidents, what people do
    /// about them, reviews, proposals, and the summary of the last Monday. It takes some seconds. The
    /// data directory must be empty; everything in it is marked as generated.
    Week(Seed),
}

/// The seed of a past.
#[derive(Args, Debug)]
pub(super) struct Seed {
    /// The seed of all random numbers: the same seed makes the same readings.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// Carries the command out.
pub(super) fn simulate(
    config: &Config,
    past: &Past,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(err, "error: this command can't be started: {error}.");
            return Outcome::Failed;
        }
    };
    let done = runtime.block_on(async {
        match past {
            Past::Week(Seed { seed }) => {
                let mut progress = |at: Timestamp| {
                    let _ = writeln!(err, "  simulated until {}", at.to_seconds_text());
                };
                let made = make_week(config, *seed, &mut progress).await?;
                Ok::<_, PastError>(week(config, &made))
            }
        }
    });
    match done {
        Ok(text) => {
            let _ = writeln!(out, "{text}");
            Outcome::Fine
        }
        Err(error) => {
            let end = if error.to_string().ends_with('.') { "" } else { "." };
            let _ = writeln!(err, "error: {error}{end}");
            Outcome::Failed
        }
    }
}

/// What was made, and how to look at it.
fn week(config: &Config, made: &MadeWeek) -> String {
    let (from, to) = days(&made.period);
    let mut text = format!(
        "Generated a bad week, {from} to {to}: {} incidents. Nothing of it happened, and the journal says so.\n\n\
         Look at it:\n  calm-ops --data-dir {} --ops-dir {}\n\n\
         Open the owner link that it prints, then:\n",
        made.incidents,
        config.data_dir.display(),
        made.documents.display()
    );
    let review = made.first.map(|number| format!("/ops/incidents/{number}/review"));
    let report = made.report.map(|number| format!("/ops/reports/{number}"));
    for (path, what) in [
        (review, "the review of the first incident, with a proposed threshold"),
        (Some("/ops/prevention".to_owned()), "the prevention steps"),
        (report, "Monday's summary"),
    ] {
        if let Some(path) = path {
            text.push_str(&format!("  {path:<28} {what}\n"));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The first and the last day of a period, on the clocks of the team.
fn days(period: &ReportPeriod) -> (String, String) {
    let day = |at: Timestamp, offset: i32| {
        let local = at.as_micros().saturating_add(i64::from(offset) * 60_000_000);
        Timestamp::from_micros(local).to_seconds_text().chars().take(10).collect()
    };
    let last = period.to.minus(Span::from_micros(1));
    (day(period.from, period.from_offset), day(last, period.to_offset))
}
