//! `calm-ops simulate week` and `history`: a past in an empty database, marked as generated.

use std::{fmt::Write as _, io::Write, sync::mpsc, time::Duration};

use clap::{Args, Subcommand};
use domain::{
    hash::Head,
    report::ReportPeriod,
    time::{Span, Timestamp},
};

use super::outcome::Outcome;
use crate::{
    config::Config,
    simulated_past::{
        HistorySize, MadeHistory, MadeWeek, PastError, Progress, make_history, make_week,
    },
};

/// A simulated past.
#[derive(Debug, Subcommand)]
pub(super) enum Past {
    /// A bad week in simulated time, through the real monitor and service: incidents, what people do
    /// about them, reviews, proposals, and the summary of the last Monday. It takes some seconds. The
    /// data directory must be empty; everything in it is marked as generated.
    Week(Seed),
    /// Two years of incidents and months of readings, to try how Calm Ops works with much data. The
    /// database must be empty; everything in it is marked as generated.
    History(Size),
}

/// The size of a past.
#[derive(Args, Debug)]
pub(super) struct Size {
    /// The number of incidents.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    incidents: u32,
    /// The number of entries of the journal, about; at least 20 for each incident.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    entries: usize,
    /// The days of readings.
    #[arg(long, value_name = "NUMBER", default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=90))]
    days: u64,
    /// The number of signals with readings.
    #[arg(long, value_name = "NUMBER", default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    signals: u32,
    #[command(flatten)]
    seed: Seed,
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
            Past::History(size) => {
                let size = HistorySize {
                    incidents: size.incidents,
                    entries: size.entries,
                    days: size.days,
                    signals: usize::try_from(size.signals).unwrap_or(usize::MAX),
                    seed: size.seed.seed,
                };
                let (tell, told) = mpsc::channel();
                let mut progress = move |one: Progress| {
                    let _ = tell.send(one);
                };
                let making = make_history(config, size, &mut progress);
                Ok(history(&follow(making, &told, err).await?))
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

/// Tells the progress of what is made, until it is.
async fn follow<T>(
    making: impl Future<Output = T>,
    told: &mpsc::Receiver<Progress>,
    err: &mut dyn Write,
) -> T {
    let mut making = std::pin::pin!(making);
    loop {
        let made = tokio::time::timeout(Duration::from_millis(500), &mut making).await;
        for one in told.try_iter() {
            let _ = match one {
                Progress::Entries(count) => writeln!(err, "  {count} entries of the journal"),
                Progress::Series(count) => writeln!(err, "  readings of {count} signals"),
            };
        }
        if let Ok(made) = made {
            return made;
        }
    }
}

/// Words about a history that was made.
fn history(made: &MadeHistory) -> String {
    let Head { number, hash } = made.head;
    format!(
        "Generated {} incidents, {number} entries of the journal and readings of {} signals. Nothing of it happened, and the journal says so.\n\
         Its head is {number}:{hash}",
        made.incidents, made.signals
    )
}

/// Words about a week that was made, and how to look at it.
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
            let _ = writeln!(text, "  {path:<28} {what}");
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
