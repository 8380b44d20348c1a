//! One subject through a backtest: baselines, evaluation and agent of the product.

use std::{collections::BTreeMap, error::Error, fmt, sync::Arc};

use domain::{
    id::IncidentNumber,
    time::{Span, Timestamp},
    unit::Unit,
};
use engine::{
    backtest::{Backtest, Rollup},
    evaluate::SeriesId,
};
use policy::thresholds::Thresholds;

use crate::data::Subject;

/// The rows for series of one metric, and for hosts with many.
const SERIES: &str = include_str!("series.md");
const HOSTS: &str = include_str!("hosts.md");
/// A Monday at midnight.
const EPOCH: i64 = 1_767_571_200;
const MOST_METRICS: usize = 38;

/// The rows of the exam, for subjects with so many metrics at most.
pub fn thresholds(metrics: usize) -> Result<Arc<Thresholds>, Box<dyn Error>> {
    let document = if metrics > 1 { HOSTS } else { SERIES };
    let text: String = document.lines().flat_map(for_each_metric).collect();
    let read = Thresholds::parse("thresholds.md", &text, fixtures::signals());
    let told = |problems: Vec<policy::diagnostic::Diagnostic>| {
        problems.first().map_or_else(String::new, ToString::to_string)
    };
    Ok(Arc::new(read.map_err(told)?))
}

/// A line that is about the metrics as lines about each of them.
fn for_each_metric(line: &str) -> Vec<String> {
    let about = |metric: usize| line.replace("metric.NN", &name(metric)) + "\n";
    if line.contains("metric.NN") {
        (1..=MOST_METRICS).map(about).collect()
    } else {
        vec![about(1)]
    }
}

fn name(metric: usize) -> String {
    format!("metric.m{metric:02}")
}

/// The outcome of one subject.
#[derive(Debug, Default)]
pub struct Outcome {
    pub days: f64,
    pub events: usize,
    pub false_incidents: usize,
    /// Breaches outside of all events, whether or not their incident also has others.
    pub false_breaches: usize,
    /// Of each event that was found, from its beginning to the first breach in it, in seconds.
    pub delays: Vec<i64>,
    pub held_days: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { days, events, false_incidents, delays, .. } = self;
        let found = delays.len();
        write!(f, "{days:>4.0} days, found {found:>2} of {events:>2}, false {false_incidents}")
    }
}

/// Runs one subject from its first row to its last. Ranges are told from an age of so many hours.
pub fn run(
    thresholds: &Arc<Thresholds>,
    subject: &Subject,
    trusted_after: u32,
) -> Result<Outcome, Box<dyn Error>> {
    let step = Span::from_secs(u64::try_from(subject.step)?);
    let mut backtest = Backtest::new(Arc::clone(thresholds), step).trusting_after(trusted_after);
    let kind = if subject.metrics > 1 { "host:examined" } else { "service:examined" };
    let mut ids: Vec<SeriesId> = Vec::with_capacity(subject.metrics);
    for metric in 1..=subject.metrics {
        let signal = name(metric).parse()?;
        let opened = backtest.open(&kind.parse()?, &signal, &Unit::Count);
        ids.push(opened.ok_or("no row is about this metric")?);
    }
    let mut last = 0;
    // When breaches of each incident held: from and to, in seconds since the first row.
    let mut held: BTreeMap<IncidentNumber, Vec<(i64, i64)>> = BTreeMap::new();
    let mut rollups = Vec::with_capacity(subject.metrics);
    subject.each_row(|row| {
        let before = std::mem::replace(&mut last, row.time);
        rollups.clear();
        let values = ids.iter().zip(&row.values).filter(|(_, value)| value.is_finite());
        rollups.extend(values.map(|(&series, &value)| Rollup {
            series,
            min: value,
            max: value,
            mean: value,
            last: value,
        }));
        backtest.step(Timestamp::from_secs(EPOCH + row.time), &rollups);
        for number in backtest.holding() {
            let spans = held.entry(number).or_default();
            match spans.last_mut() {
                Some((_, until)) if *until == before => *until = row.time,
                _ => spans.push((row.time, row.time)),
            }
        }
        Ok(())
    })?;
    let end = last + subject.step;
    let days = |seconds: i64| seconds as f64 / 86_400.0;
    let overlaps = |event: &(i64, i64), span: &(i64, i64)| span.0 <= event.1 && span.1 >= event.0;
    let is_false = |spans: &&Vec<(i64, i64)>| {
        !spans.iter().any(|span| subject.events.iter().any(|event| overlaps(event, span)))
    };
    let spans = || held.values().flatten();
    let is_outside = |span: &&(i64, i64)| !subject.events.iter().any(|event| overlaps(event, span));
    let found = |event: &(i64, i64)| {
        let first = spans().filter(|span| overlaps(event, span)).map(|span| span.0).min();
        first.map(|from| (from - event.0).max(0))
    };
    Ok(Outcome {
        days: days((end - i64::from(trusted_after) * 3_600).max(0)),
        events: subject.events.len(),
        false_incidents: held.values().filter(is_false).count(),
        false_breaches: spans().filter(is_outside).count(),
        delays: subject.events.iter().filter_map(found).collect(),
        held_days: spans().map(|span| days(span.1 - span.0 + subject.step)).sum(),
    })
}
