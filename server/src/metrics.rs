//! The present values in Prometheus' text format 0.0.4. Made of what is in memory, once every few
//! seconds for all who ask.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use bytes::Bytes;
use commands::{
    sources::{SourceState, SourceStatus},
    view::Readings,
};
use domain::{
    reading::{Reading, Status},
    severity::Severity,
    signals::SignalInfo,
    time::{MonotonicTime, Span, Timestamp},
    unit::Unit,
};
use tokio::sync::Mutex;

use crate::{board::Board, clock::Clock, collectors, service::Service};

/// The type of content of the format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// A text is shared for so long.
const SHARED_FOR: Span = Span::from_secs(2);
/// Readings are of the present if the monitor looked this recently.
const PRESENT: Span = Span::from_secs(30);
/// Endings that the format keeps for other types of metrics.
const RESERVED: [&str; 5] = ["_bucket", "_count", "_info", "_sum", "_total"];

/// The text that is shared by all who ask.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Option<(MonotonicTime, Bytes)>>);

impl Metrics {
    /// The text, at most two seconds old.
    pub async fn text(&self, service: &Service, board: &Board, clock: Clock) -> Bytes {
        let mut kept = self.0.lock().await;
        let now = clock.now();
        if let Some((at, text)) = &*kept
            && now.mono.since(*at) < SHARED_FOR
        {
            return text.clone();
        }
        let shown = board.shown();
        let sources = service.sources().shown(now).map(|(sources, _)| sources);
        let incidents = service.active().await;
        let present = Present {
            at: now.wall,
            readings: &shown.readings,
            sources: sources.as_deref().unwrap_or_default(),
            incidents: incidents.as_deref(),
            journal: service.head().number,
        };
        let text = Bytes::from(present.text());
        *kept = Some((now.mono, text.clone()));
        text
    }
}

/// Everything that is told.
struct Present<'a> {
    at: Timestamp,
    readings: &'a Readings,
    sources: &'a [SourceStatus],
    /// Severities of active incidents; `None` while they are not known.
    incidents: Option<&'a [Severity]>,
    /// Number of the last entry of the journal; 0 while it is not known.
    journal: u64,
}

impl Present<'_> {
    fn text(&self) -> String {
        let mut text = Exposition::default();
        self.itself(&mut text);
        self.collectors(&mut text);
        self.readings(&mut text);
        text.0
    }

    fn itself(&self, text: &mut Exposition) {
        let version = env!("CARGO_PKG_VERSION");
        text.gauge("calm_ops_build_info", "Version of Calm Ops.")
            .sample(&[("version", version)], 1.0);
        let name = "calm_ops_last_check_timestamp_seconds";
        text.gauge(name, "Time at which the monitor looked last.")
            .sample(&[], seconds_of(self.readings.checked_at));
        if let Some(incidents) = self.incidents {
            let mut open = text.gauge(
                "calm_ops_incidents_open",
                "Active incidents by severity, without practices.",
            );
            for severity in [Severity::Warning, Severity::Critical] {
                let count = incidents.iter().filter(|one| **one == severity).count();
                open.sample(&[("severity", severity.as_str())], count as f64);
            }
        }
        if self.journal > 0 {
            let name = "calm_ops_journal_entries_total";
            text.counter(name, "Entries of the journal: the number of the last one.")
                .sample(&[], self.journal as f64);
        }
    }

    /// A collector of which nothing is known yet has no sample.
    fn collectors(&self, text: &mut Exposition) {
        let mut up = text.gauge(
            "calm_ops_collector_up",
            "Whether the last round of a collector returned data: 1 or 0.",
        );
        for source in self.sources {
            let value = match source.state {
                SourceState::Waiting => continue,
                SourceState::Working | SourceState::Partial { .. } => 1.0,
                SourceState::Failing { .. } | SourceState::Overdue { .. } => 0.0,
            };
            up.sample(&[("collector", source.name.as_str())], value);
        }
        let mut took = text.gauge(
            "calm_ops_collector_round_duration_seconds",
            "Duration of a collector's last round.",
        );
        for source in self.sources {
            if let Some(span) = source.took {
                took.sample(&[("collector", source.name.as_str())], span.as_secs_f64());
            }
        }
        let mut success = text.gauge(
            "calm_ops_collector_last_success_timestamp_seconds",
            "End of a collector's last successful round.",
        );
        for source in self.sources {
            if let Some(at) = source.last_success {
                success.sample(&[("collector", source.name.as_str())], seconds_of(at));
            }
        }
    }

    fn readings(&self, text: &mut Exposition) {
        let mut statuses = text
            .gauge("calm_ops_readings", "Readings by status; unknown ones have no value below.");
        for (status, name) in STATUSES {
            let count = self.readings.readings.iter().filter(|one| one.status == status).count();
            statuses.sample(&[("status", name)], count as f64);
        }
        let name = "calm_ops_readings_left_out";
        text.gauge(name, "Readings beyond the 500 that are told of one by one.")
            .sample(&[], f64::from(self.readings.left_out));
        if self.at.since(self.readings.checked_at) > PRESENT {
            return;
        }
        let mut declared: BTreeMap<&str, Vec<&Reading>> = BTreeMap::new();
        let mut pushed = Vec::new();
        for one in self.readings.readings.iter().filter(|one| is_present(one)) {
            match collectors::signals().get(one.signal.as_str()) {
                Some(info) if info.unit == one.unit.as_str() => {
                    declared.entry(one.signal.as_str()).or_default().push(one);
                }
                _ => pushed.push(one),
            }
        }
        for info in collectors::signals().all() {
            let Some(readings) = declared.get(info.name.as_ref()) else { continue };
            let (name, factor) = metric(info);
            let mut family = text.gauge(&name, &info.meaning);
            for one in readings {
                family.sample(&[("subject", one.subject.as_str())], one.value * factor);
            }
        }
        let mut family = text.gauge(
            "calm_ops_pushed_value",
            "Value of a signal that a program sent, in the unit that it sent.",
        );
        for one in pushed {
            let labels = [
                ("signal", one.signal.as_str()),
                ("subject", one.subject.as_str()),
                ("unit", one.unit.as_str()),
            ];
            family.sample(&labels, one.value);
        }
    }
}

const STATUSES: [(Status, &str); 6] = [
    (Status::Healthy, "healthy"),
    (Status::Shown, "shown"),
    (Status::Unknown, "unknown"),
    (Status::Watching, "watching"),
    (Status::Warning, "warning"),
    (Status::Critical, "critical"),
];

/// Whether a reading is of the present. `collector.failed` is told as `calm_ops_collector_up`.
fn is_present(reading: &Reading) -> bool {
    reading.status != Status::Unknown
        && reading.stale_since.is_none()
        && reading.signal.as_str() != "collector.failed"
}

fn seconds_of(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

/// Name of the metric of a declared signal, in its base unit, and the factor from the signal's unit.
/// See <https://prometheus.io/docs/practices/naming/>.
fn metric(info: &SignalInfo) -> (String, f64) {
    let mut name = format!("calm_ops_{}", info.name.replace(['.', '-'], "_"));
    let (unit, factor) = match info.unit.parse().unwrap_or(Unit::Count) {
        Unit::Count | Unit::YesNo => (String::new(), 1.0),
        Unit::Percent => ("ratio".to_owned(), 0.01),
        Unit::Bytes => ("bytes".to_owned(), 1.0),
        Unit::BytesPerSecond => ("bytes_per_second".to_owned(), 1.0),
        Unit::Seconds => ("seconds".to_owned(), 1.0),
        Unit::Milliseconds => ("seconds".to_owned(), 0.001),
        Unit::Days => {
            name = name.replace("_days_", "_");
            ("seconds".to_owned(), 86_400.0)
        }
        Unit::Other(text) => (text.replace("/s", "_per_second").replace(['/', '.', '-'], "_"), 1.0),
    };
    // `gate.requests` in requests/s names its unit already.
    let first = unit.split('_').next().unwrap_or_default();
    if !first.is_empty() && name.ends_with(&format!("_{first}")) {
        name.push_str(&unit[first.len()..]);
    } else if !unit.is_empty() {
        name = format!("{name}_{unit}");
    }
    for reserved in RESERVED {
        if name.ends_with(reserved) {
            name.truncate(name.len() - reserved.len());
        }
    }
    (name, factor)
}

/// A text in the format 0.0.4, written family by family.
#[derive(Debug, Default)]
struct Exposition(String);

impl Exposition {
    fn gauge<'a>(&'a mut self, name: &str, help: &'a str) -> Family<'a> {
        self.family(name, help, "gauge")
    }

    fn counter<'a>(&'a mut self, name: &str, help: &'a str) -> Family<'a> {
        self.family(name, help, "counter")
    }

    fn family<'a>(&'a mut self, name: &str, help: &'a str, kind: &'static str) -> Family<'a> {
        Family { text: &mut self.0, name: name.to_owned(), help, kind, is_begun: false }
    }
}

/// A metric with its samples. One without samples is left out.
struct Family<'a> {
    text: &'a mut String,
    name: String,
    help: &'a str,
    kind: &'static str,
    is_begun: bool,
}

impl Family<'_> {
    fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        // Writing to a string does not fail.
        let _ = self.write(labels, value);
    }

    fn write(&mut self, labels: &[(&str, &str)], value: f64) -> fmt::Result {
        let Self { text, name, help, kind, is_begun } = self;
        if !std::mem::replace(is_begun, true) {
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        }
        text.push_str(name);
        for (place, (label, value)) in labels.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let before = if place == 0 { '{' } else { ',' };
            write!(text, "{before}{label}=\"{value}\"")?;
        }
        if !labels.is_empty() {
            text.push('}');
        }
        let value = match value {
            _ if value.is_nan() => "NaN".to_owned(),
            f64::INFINITY => "+Inf".to_owned(),
            f64::NEG_INFINITY => "-Inf".to_owned(),
            _ => value.to_string(),
        };
        writeln!(text, " {value}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_secs(1_795_000_000)
    }

    fn reading(signal: &str, subject: &str, value: f64, unit: &str) -> Reading {
        Reading {
            subject: subject.parse().unwrap(),
            signal: signal.parse().unwrap(),
            value,
            unit: unit.parse().unwrap(),
            at: now(),
            status: Status::Healthy,
            stale_since: None,
            usual: None,
            not_judged: None,
            warning: None,
            critical: None,
            limit_in_seconds: None,
            reason: None,
        }
    }

    fn readings(readings: Vec<Reading>) -> Readings {
        Readings {
            version: 1,
            checked_at: now(),
            readings,
            troubles: Vec::new(),
            left_out: 0,
            withheld: 0,
        }
    }

    fn text(readings: &Readings, at: Timestamp) -> String {
        let present = Present {
            at,
            readings,
            sources: &[],
            incidents: Some(&[Severity::Critical]),
            journal: 42,
        };
        present.text()
    }

    #[test]
    fn values_are_in_base_units_under_names_of_the_field() {
        let all = readings(vec![
            reading("host.memory.used", "host:web-1", 61.0, "%"),
            reading("endpoint.total", "endpoint:shop", 250.0, "ms"),
            reading("endpoint.certificate.days_left", "endpoint:shop", 2.0, "d"),
            reading("host.processes.count", "host:web-1", 140.0, ""),
            reading("queue.depth", "service:imports", 412.0, "jobs"),
        ]);
        let text = text(&all, now());
        for line in [
            "# TYPE calm_ops_host_memory_used_ratio gauge",
            "calm_ops_host_memory_used_ratio{subject=\"host:web-1\"} 0.61",
            "calm_ops_endpoint_total_seconds{subject=\"endpoint:shop\"} 0.25",
            "calm_ops_endpoint_certificate_left_seconds{subject=\"endpoint:shop\"} 172800",
            "calm_ops_host_processes{subject=\"host:web-1\"} 140",
            "calm_ops_pushed_value{signal=\"queue.depth\",subject=\"service:imports\",unit=\"jobs\"} 412",
            "calm_ops_incidents_open{severity=\"critical\"} 1",
            "calm_ops_incidents_open{severity=\"warning\"} 0",
            "# TYPE calm_ops_journal_entries_total counter",
            "calm_ops_journal_entries_total 42",
            "calm_ops_last_check_timestamp_seconds 1795000000",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn no_two_signals_share_a_name_and_each_is_valid() {
        let mut names = BTreeSet::new();
        for info in collectors::signals().all() {
            let (name, _) = metric(info);
            let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(fine) && !name.contains("__"), "{name}");
            assert!(!RESERVED.iter().any(|reserved| name.ends_with(reserved)), "{name}");
            assert!(names.insert(name.clone()), "{name} of {}", info.name);
        }
        assert!(names.contains("calm_ops_gate_requests_per_second"), "{names:?}");
        assert!(names.contains("calm_ops_organization_bytes_per_second"), "{names:?}");
    }

    #[test]
    fn what_is_not_of_the_present_has_no_value() {
        let mut unknown = reading("host.cpu.used", "host:web-1", 3.0, "%");
        unknown.status = Status::Unknown;
        let mut stale = reading("host.swap.used", "host:web-1", 3.0, "%");
        stale.stale_since = Some(now());
        let all = readings(vec![unknown, stale, reading("queue.depth", "service:a", 1.0, "")]);
        let told = text(&all, now());
        assert!(!told.contains("cpu_used") && !told.contains("swap_used"), "{told}");
        assert!(told.contains("calm_ops_readings{status=\"unknown\"} 1"), "{told}");
        assert!(told.contains("calm_ops_pushed_value{"), "{told}");
        let late = text(&all, now().plus(Span::from_secs(31)));
        assert!(!late.contains("calm_ops_pushed_value"), "the monitor stands still: {late}");
        let all = readings(Vec::new());
        let unknown =
            Present { at: now(), readings: &all, sources: &[], incidents: None, journal: 0 };
        let told = unknown.text();
        assert!(!told.contains("incidents") && !told.contains("journal"), "{told}");
    }

    #[test]
    fn labels_are_escaped() {
        let mut text = Exposition::default();
        let mut family = text.gauge("a", "One \\ two\nthree");
        family.sample(&[("b", "a\"b\\c\nd"), ("e", "")], f64::NAN);
        family.sample(&[], f64::NEG_INFINITY);
        assert_eq!(
            text.0,
            "# HELP a One \\\\ two\\nthree\n# TYPE a gauge\na{b=\"a\\\"b\\\\c\\nd\",e=\"\"} NaN\na -Inf\n"
        );
    }
}
