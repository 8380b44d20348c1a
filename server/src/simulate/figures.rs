//! Figures as people read them, and the lines of progress.

use std::time::Duration;

use domain::{time::Span, unit::Unit};
use engine::{
    gate::Latencies,
    simulation::{Outcome, Record},
};
use wording::humanize;

/// `12,345`
pub(super) fn count(count: u64) -> String {
    humanize::value(count as f64, &Unit::Count)
}

/// `3.2 s`, to a tenth of a second.
pub(super) fn seconds(span: Span) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

/// `0.42 ms`
pub(super) fn milliseconds(span: Span) -> String {
    humanize::value(span.as_secs_f64() * 1e3, &Unit::Milliseconds)
}

/// `12.5/s`
pub(super) fn rate(per_second: f64) -> String {
    format!("{}/s", humanize::value(per_second, &Unit::Count))
}

/// `1 request`, `2 requests`
pub(super) fn requests(number: u64) -> String {
    if number == 1 { "1 request".to_owned() } else { format!("{} requests", count(number)) }
}

/// The figures of a run so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    sent: u64,
    admitted: u64,
    refused: u64,
    others_refused: u64,
    failed: u64,
    /// Latencies of the others since the last line.
    others: Latencies,
}

impl Progress {
    /// Counts the result of a request.
    pub fn count(&mut self, record: &Record) {
        self.sent += 1;
        let is_chosen = record.planned.sender.is_chosen();
        match record.outcome {
            Outcome::Admitted => self.admitted += 1,
            Outcome::Refused if is_chosen => self.refused += 1,
            Outcome::Refused => self.others_refused += 1,
            Outcome::Failed => self.failed += 1,
        }
        if !is_chosen && record.outcome != Outcome::Refused {
            self.others.record(record.latency);
        }
    }

    /// One line, and begins the latencies of the next.
    pub fn line(&mut self, elapsed: Duration, chosen: &str) -> String {
        let others = std::mem::take(&mut self.others);
        let others = others.quantile(0.99).map_or_else(String::new, |span| {
            format!("; others: 99% within {}", milliseconds(span))
        });
        let more = [(self.others_refused, "of others refused"), (self.failed, "failed")];
        let more: String = more
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, text)| format!(", {} {text}", count(*number)))
            .collect();
        format!(
            "{:>5} s  {} answered, {} admitted, {} of {chosen} refused{more}{others}",
            elapsed.as_secs(),
            count(self.sent),
            count(self.admitted),
            count(self.refused),
        )
    }
}
