//! Rows of the thresholds that can't be judged yet, as `calm-ops check` tells them.

use domain::time::Timestamp;
use policy::thresholds::{Level, Row, Thresholds};

use crate::{
    baselines::{Baselines, WithheldHours},
    clock::Clock,
    config::Config,
    store::{self, NamedSeries, Store, StoreError, Where},
};

/// The most signals that are named for a row.
const MOST_NAMED: usize = 5;

/// A note for each row that is relative to what is usual and can't be judged for some signal. Without
/// a database there is no history.
pub(super) async fn notes(config: &Config, thresholds: &Thresholds) -> Vec<String> {
    if relative(thresholds).next().is_none() {
        return Vec::new();
    }
    let place = config.place();
    if matches!(&place, Where::Sqlite { path } if !path.exists()) {
        let note = |(row, _): (&Row, _)| of_row(row, &[], 0);
        return relative(thresholds).filter_map(note).collect();
    }
    let now = Clock::start().now().wall;
    let found = match store::open_to_read(&place).await {
        Ok(store) => look(&*store, config, thresholds, now).await,
        Err(error) => Err(error),
    };
    found.unwrap_or_else(|error| {
        vec![format!("history can't be read to tell which rows are not judged yet: {error}")]
    })
}

fn relative(thresholds: &Thresholds) -> impl Iterator<Item = (&Row, domain::usual::RelativeLevel)> {
    thresholds.rows().iter().filter_map(|row| match row.base()? {
        Level::Usual(level) => Some((row, level)),
        _ => None,
    })
}

async fn look(
    store: &dyn Store,
    config: &Config,
    thresholds: &Thresholds,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let baselines = Baselines::after(WithheldHours::stored(store).await?);
    let zone = &config.time_zone;
    baselines.learn(store, thresholds, zone, now).await?;
    let all = store.as_past().all_series().await?;
    let notes = relative(thresholds).filter_map(|(row, level)| {
        let holds = |one: &&NamedSeries| {
            let rows = thresholds.rows_for(one.signal.as_str(), one.subject.as_str());
            rows.level.is_some_and(|level| level.line == row.line)
        };
        let watched: Vec<&NamedSeries> = all.iter().filter(holds).collect();
        let reason = |one: &&NamedSeries| {
            let baseline = baselines.of(&one.subject, &one.signal);
            // Of a server that does not run nothing is stored just now; that is told elsewhere.
            let usual = baseline.and_then(|baseline| baseline.usual(zone.local(now)));
            let why = wording::signal::not_judged(level.not_judged(usual, now)?);
            Some(format!("{}: {why}", one.subject))
        };
        let reasons: Vec<String> = watched.iter().filter_map(reason).collect();
        of_row(row, &reasons, watched.len())
    });
    Ok(notes.collect())
}

/// The sentence about a row, of which so many signals are stored; `None` if all of them are judged.
fn of_row(row: &Row, reasons: &[String], stored: usize) -> Option<String> {
    let place = format!("line {} ({})", row.line, row.signal);
    if stored == 0 {
        return Some(format!("{place}: not judged yet: no history of it is stored."));
    }
    let named = reasons.get(..MOST_NAMED).unwrap_or(reasons).join("; ");
    let more = match reasons.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (!reasons.is_empty())
        .then(|| format!("{place}: {} of {stored} signals: {named}{more}.", reasons.len()))
}
