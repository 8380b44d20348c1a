//! How often things are asked, held against the thresholds: what can't work at that interval, and
//! what follows it.

use std::collections::BTreeSet;

use domain::time::Span;
use policy::thresholds::{Level, Row, Thresholds};

use super::{Settings, registry::Context};

/// Silence is told after so many rounds at the earliest; the engine sees to it.
const ROUNDS: u64 = 3;

/// What the intervals mean for the thresholds, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Rows that can never fire at the interval of their source.
    pub unworkable: Vec<String>,
    /// Rows whose silence is told later than they say, because their source is asked less often.
    pub later: Vec<String>,
}

/// Compares the intervals of what is watched with the rows of the thresholds.
pub fn compare(settings: &Settings, context: &Context, thresholds: &Thresholds) -> Findings {
    let (mut findings, mut told) = (Findings::default(), BTreeSet::new());
    for target in settings.targets(context) {
        let Ok(collector) = target.build(context) else { continue };
        let (name, interval) = (target.name(), Span::from(collector.interval()));
        let signals = target.signals();
        let concerned = |row: &&Row| signals.get(row.signal.as_str()).is_some();
        for row in thresholds.rows().iter().filter(concerned) {
            // An endpoint is its own subject; what else there is to watch is not known yet.
            if name.contains(':') {
                let rows = thresholds.rows_for(row.signal.as_str(), &name);
                let in_force = [rows.level, rows.rate, rows.forecast, rows.silence];
                if !in_force.iter().flatten().any(|one| one.line == row.line) {
                    continue;
                }
            }
            let (signal, line) = (&row.signal, row.line);
            let silence = Span::from_micros(interval.as_micros().saturating_mul(ROUNDS));
            if let Some(no_data) = row.no_data_after.filter(|no_data| *no_data < silence)
                && told.insert((line, interval, true))
            {
                findings.later.push(format!(
                    "alerts/thresholds.md, line {line}: 'no data after {no_data}' of '{signal}' is shorter than three rounds of {name}, which is asked every {interval}. Silence is told after {silence} there."
                ));
            }
            if let Some(Level::Rises { within, .. }) = row.base()
                && within.as_micros() < interval.as_micros().saturating_mul(2)
                && told.insert((line, interval, false))
            {
                findings.unworkable.push(format!(
                    "alerts/thresholds.md, line {line}: a rise of '{signal}' within {within} is never seen, because {name} is asked every {interval}. Ask more often, or give the rise more time."
                ));
            }
        }
    }
    findings
}
