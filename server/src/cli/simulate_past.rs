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
    /// about them, reviews, proposals, and the summary of the last Monday. It takes some seconds. It needs
    /// a new folder (--data-dir); its journal, pages and reports are marked.
    Week(Basis),
    /// Two years of incidents and months of readings, to try how Calm Ops works with much data. It needs
    /// a new folder (--data-dir); its journal and pages are marked.
    History(Size),
}

/// The size of a past.
#[derive(Args, Debug)]
pub(super) struct Size {
    /// The number of incidents; two years have room for about 17,000.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
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
    basis: Basis,
}

/// Seed and place of a past.
#[derive(Args, Debug)]
pub(super) struct Basis {
    /// The seed of all random numbers: in the same time zone the same seed makes the same readings.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Fill the configured PostgreSQL database, which must be empty and can't be used for anything else
    /// later.
    #[arg(long)]
    into_database: bool,
}

impl Past {
    const fn basis(&self) -> &Basis {
        match self {
            Self::Week(basis) | Self::History(Size { basis, .. }) => basis,
        }
    }
}

/// The reason why nothing is generated there: what is filled stays generated for ever, so it is never
/// a place that was only configured.
const fn obstacle(config: &Config, basis: &Basis, names_folder: bool) -> Option<&'static str> {
    if !names_folder {
        return Some(
            "generated data need a folder of their own: name a new one on the command line with --data-dir",
        );
    }
    match (&config.database_url, basis.into_database) {
        (Some(_), false) => Some(
            "a PostgreSQL database is configured, and would be filled with generated data. Unset DATABASE_URL or database_url to use the folder, or add --into-database if it is meant for that",
        ),
        (None, true) => Some("--into-database needs a configured database, such as DATABASE_URL"),
        (Some(_), true) | (None, false) => None,
    }
}

/// Carries the command out.
pub(super) fn simulate(
    config: &Config,
    past: &Past,
    names_folder: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    if let Some(obstacle) = obstacle(config, past.basis(), names_folder) {
        let _ = writeln!(err, "error: {obstacle}.");
        return Outcome::Usage;
    }
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
            Past::Week(Basis { seed, .. }) => {
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
                    seed: size.basis.seed,
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
            if matches!(error, PastError::Size { .. }) { Outcome::Usage } else { Outcome::Failed }
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
         Look at it{}:\n  calm-ops --data-dir {} --ops-dir {}\n\n\
         What this host reports from then on is real, and commands that you approve there really run.\n\
         Open the owner link that it prints, then:\n",
        made.incidents,
        if config.database_url.is_some() { " with the same database" } else { "" },
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
