//! `calm-ops report`: a stability report of the time up to now, kept and printed.

use std::io::Write;

use clap::ValueEnum;
use commands::report::make;
use domain::{
    error::{Error, Unavailable},
    report::ReportKind,
};

use super::{
    database::{Failure, work_on, write},
    outcome::Outcome,
};
use crate::{
    clock::Clock,
    config::Config,
    reports::{self, ReportDocuments},
    store::Store,
};

/// The length of a report.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Length {
    /// The last 24 hours.
    Daily,
    /// The last 7 days.
    Weekly,
    /// The last 30 days.
    Monthly,
}

impl From<Length> for ReportKind {
    fn from(length: Length) -> Self {
        match length {
            Length::Daily => Self::Daily,
            Length::Weekly => Self::Weekly,
            Length::Monthly => Self::Monthly,
        }
    }
}

/// Carries the command out.
pub(super) fn report(
    config: &Config,
    length: Length,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let (documents, problems) = ReportDocuments::in_force(config);
    for problem in problems {
        let _ = writeln!(err, "{problem}");
    }
    let work = async |store: &dyn Store| keep(store, config, &documents, length.into()).await;
    work_on(config, false, work, out, err)
}

async fn keep(
    store: &dyn Store,
    config: &Config,
    documents: &ReportDocuments,
    kind: ReportKind,
) -> Result<String, Failure> {
    let now = Clock::start().now().wall;
    let known = reports::known(store).await?;
    let period = reports::period::until(&config.time_zone, kind, now);
    let made = reports::make(store, &known, documents, &period, now).await?;
    let text = made.text.clone();
    match make(&known, made, now).pop() {
        Some(event) => {
            let number = write(store, event, now).await?;
            Ok(format!("{text}\nKept as report {number}: /ops/reports/{number}"))
        }
        // The same was made a moment ago.
        None => known
            .iter()
            .find(|one| one.made.figures.period.kind == kind)
            .map(|one| {
                format!("{}\nKept as report {1}: /ops/reports/{1}", one.made.text, one.report)
            })
            .ok_or_else(|| Error::from(Unavailable::Unclear).into()),
    }
}
