//! The present values in Prometheus' text format 0.0.4. Made of what is in memory and one look at
//! the journal, once every few seconds for all who ask.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::LazyLock,
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

use crate::{clock::Clock, collectors, current_status::CurrentStatus, service::Service};

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
    pub async fn text(&self, service: &Service, board: &CurrentStatus, clock: Clock) -> Bytes {
        let mut kept = self.0.lock().await;
        let now = clock.now();
        if let Some((at, text)) = &*kept
            && now.mono.since(*at) < SHARED_FOR
        {
            return text.clone();
        }
        let shown = board.shown();
        let sources = service.sources().shown(now).map(|(sources, _)| sources);
        let (incidents, journal) = service.stored().await.unzip();
        let declared = board.readings(|signal| METRICS.contains_key(signal.as_str()));
        let present = Present {
            at: now.wall,
            readings: &shown.readings,
            declared: &declared,
            sources: sources.as_deref().unwrap_or_default(),
            incidents: incidents.as_deref(),
            journal,
        };
        let text = Bytes::from(present.text());
        *kept = Some((now.mono, text.clone()));
        text
    }
}

/// Everything that is told.
struct Present<'a> {
    at: Timestamp,
    /// The readings that the health page tells one by one.
    readings: &'a Readings,
    /// All readings of declared signals.
    declared: &'a [Reading],
    sources: &'a [SourceStatus],
    /// Severities of active incidents; `None` while they can't be read.
    incidents: Option<&'a [Severity]>,
    /// Number of the last entry of the journal; `None` while it can't be read.
    journal: Option<u64>,
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
        // Before the first look there is none.
        if self.readings.checked_at > Timestamp::default() {
            let name = "calm_ops_last_check_timestamp_seconds";
            text.gauge(name, "Time at which the monitor looked last.")
                .sample(&[], seconds_of(self.readings.checked_at));
        }
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
        if let Some(number) = self.journal {
            let name = "calm_ops_journal_entries_total";
            text.counter(name, "Entries of the journal: the number of the last one.")
                .sample(&[], number as f64);
        }
    }

    /// A collector of which nothing is known yet, or that has nothing to see, is neither up nor
    /// down.
    fn collectors(&self, text: &mut Exposition) {
        let mut up = text.gauge(
            "calm_ops_collector_up",
            "Whether the last round of a collector returned data: 1 or 0; no sample where there is nothing to see.",
        );
        for source in self.sources {
            let value = match source.state {
                SourceState::Waiting => continue,
                _ if source.sees_nothing() => continue,
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
        // While the monitor stands still nothing is known to be as it was.
        if self.at.since(self.readings.checked_at) > PRESENT {
            return;
        }
        let mut statuses = text.gauge(
            "calm_ops_readings",
            "Readings of the health page by status, at most 500; unknown ones have no value below.",
        );
        for (status, name) in STATUSES {
            let count = self.readings.readings.iter().filter(|one| one.status == status).count();
            statuses.sample(&[("status", name)], count as f64);
        }
        let name = "calm_ops_readings_left_out";
        text.gauge(name, "Readings beyond those 500: calm_ops_pushed_value can lack some.")
            .sample(&[], f64::from(self.readings.left_out));
        let mut families: BTreeMap<&str, (&Metric, Vec<&Reading>)> = BTreeMap::new();
        for one in self.declared.iter().filter(|one| is_present(one)) {
            if let Some(metric) = metric_of(one) {
                let family = families.entry(&metric.name);
                family.or_insert_with(|| (metric, Vec::new())).1.push(one);
            }
        }
        for (metric, readings) in families.values() {
            let mut family = text.gauge(&metric.name, &metric.help);
            for one in readings {
                family.sample(&[("subject", one.subject.as_str())], one.value * metric.factor);
            }
        }
        let pushed = self.readings.readings.iter().filter(|one| {
            is_present(one) && is_told(one.signal.as_str()) && metric_of(one).is_none()
        });
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

/// True if a reading is of the present.
fn is_present(reading: &Reading) -> bool {
    reading.status != Status::Unknown && reading.stale_since.is_none()
}

/// Tells signals that are told apart. `collector.failed` is told as `calm_ops_collector_up`.
/// Organizations are named by requests, where anybody can invent them: each would be a label.
fn is_told(signal: &str) -> bool {
    signal != "collector.failed" && !signal.starts_with("organization.")
}

fn seconds_of(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

/// The metrics of the declared signals that are told, by signal.
static METRICS: LazyLock<BTreeMap<&str, Metric>> = LazyLock::new(|| {
    let told = collectors::signals().all().iter().filter(|info| is_told(&info.name));
    told.map(|info| (&*info.name, Metric::of(info))).collect()
});

/// The metric of a reading; `None` if its signal is not declared, or in another unit.
fn metric_of(reading: &Reading) -> Option<&'static Metric> {
    METRICS.get(reading.signal.as_str()).filter(|metric| metric.unit == reading.unit.as_str())
}

/// The metric of a declared signal, in its base unit.
/// See <https://prometheus.io/docs/practices/naming/>.
#[derive(Debug)]
struct Metric {
    name: String,
    help: String,
    /// The unit of the signal, and the factor from it.
    unit: &'static str,
    factor: f64,
}

impl Metric {
    fn of(info: &'static SignalInfo) -> Self {
        let mut name = format!("calm_ops_{}", info.name.replace(['.', '-'], "_"));
        let mut help = info.meaning.to_string();
        let (unit, factor) = match info.unit.parse().unwrap_or(Unit::Count) {
            Unit::Count | Unit::YesNo => (String::new(), 1.0),
            Unit::Percent => {
                help.push_str(" 1 is 100%.");
                ("ratio".to_owned(), 0.01)
            }
            Unit::Bytes => ("bytes".to_owned(), 1.0),
            Unit::BytesPerSecond => ("bytes_per_second".to_owned(), 1.0),
            Unit::Seconds => ("seconds".to_owned(), 1.0),
            Unit::Milliseconds => {
                help.push_str(" In seconds.");
                ("seconds".to_owned(), 0.001)
            }
            Unit::Days => {
                name = name.replace("_days_", "_");
                help = help.replace("Days until", "Time until") + " In seconds.";
                ("seconds".to_owned(), 86_400.0)
            }
            Unit::Other(text) => {
                let text = text.replace("/s", "_per_second").replace("/min", "_per_minute");
                (text.replace(['/', '.', '-'], "_"), 1.0)
            }
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
        Self { name, help, unit: &info.unit, factor }
    }
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

    use commands::sources::SeenReadings;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_secs(1_795_000_000)
    }

    fn reading(signal: &str, subject: &str, value: f64, unit: &str) -> Reading {
        let unit = unit.parse().unwrap();
        Reading { unit, at: now(), ..fixtures::reading(subject, signal, value) }
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

    fn present(readings: &Readings, at: Timestamp) -> Present<'_> {
        Present {
            at,
            readings,
            declared: &readings.readings,
            sources: &[],
            incidents: Some(&[Severity::Critical]),
            journal: Some(42),
        }
    }

    fn text(readings: &Readings, at: Timestamp) -> String {
        present(readings, at).text()
    }

    fn source(name: &str, state: SourceState, readings: u32) -> SourceStatus {
        SourceStatus {
            name: name.to_owned(),
            kind: "This host".to_owned(),
            state,
            interval: Span::from_secs(5),
            last_success: Some(now()),
            took: Some(Span::from_secs(1)),
            next_at: None,
            seen: SeenReadings { readings, ..SeenReadings::default() },
            notes: Vec::new(),
            advice: String::new(),
        }
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
    fn no_two_metrics_share_a_name_and_each_is_valid() {
        let mut told: Vec<Reading> = METRICS
            .iter()
            .map(|(signal, metric)| reading(signal, "host:web-1", 1.0, metric.unit))
            .collect();
        told.push(reading("queue.depth", "service:imports", 412.0, "jobs"));
        let (all, host) = (readings(told), [source("host", SourceState::Working, 2)]);
        let told = Present { sources: &host, ..present(&all, now()) }.text();
        let names: Vec<&str> = told
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        // Beside declared signals these ten, which no signal may ever be called.
        let fixed = [
            "calm_ops_build_info",
            "calm_ops_last_check_timestamp_seconds",
            "calm_ops_incidents_open",
            "calm_ops_journal_entries_total",
            "calm_ops_collector_up",
            "calm_ops_collector_round_duration_seconds",
            "calm_ops_collector_last_success_timestamp_seconds",
            "calm_ops_readings",
            "calm_ops_readings_left_out",
            "calm_ops_pushed_value",
        ];
        let once: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!((once.len(), names.len()), (names.len(), METRICS.len() + fixed.len()));
        assert!(fixed.iter().all(|name| once.contains(name)), "{once:?}");
        for Metric { name, .. } in METRICS.values() {
            let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(fine) && !name.contains("__"), "{name}");
            assert!(!RESERVED.iter().any(|reserved| name.ends_with(reserved)), "{name}");
        }
        assert!(once.contains("calm_ops_gate_requests_per_second"), "{once:?}");
    }

    #[test]
    fn a_help_text_is_about_the_unit_of_the_value() {
        for Metric { name, help, factor, .. } in METRICS.values() {
            let told = help.ends_with("In seconds.") || help.ends_with("1 is 100%.");
            assert_eq!(told, (factor - 1.0).abs() > 1e-9, "{name}: {help}");
            assert!(!help.contains("Days"), "{name}: {help}");
        }
    }

    #[test]
    fn names_that_anybody_can_invent_are_no_labels() {
        let told = text(
            &readings(vec![
                reading("organization.batch", "organization:x1", 3.0, "requests/s"),
                reading("organization.batch", "organization:x2", 3.0, ""),
                reading("gate.requests", "gate:gate@web-1", 6.0, "requests/s"),
            ]),
            now(),
        );
        assert!(!told.contains("organization"), "{told}");
        assert!(told.contains("calm_ops_gate_requests_per_second{"), "{told}");
    }

    #[test]
    fn a_collector_is_up_only_while_it_sees_something() {
        let failing = SourceState::Failing { problem: "It is away.".to_owned(), since: now() };
        let sources = [
            source("sees", SourceState::Working, 3),
            source("partly", SourceState::Partial { unseen: 1, problems: Vec::new() }, 3),
            source("fails", failing, 3),
            source("idle", SourceState::Working, 0),
            source("waits", SourceState::Waiting, 0),
        ];
        let none = readings(Vec::new());
        let told = Present { sources: &sources, ..present(&none, now()) }.text();
        let up: Vec<&str> =
            told.lines().filter(|line| line.starts_with("calm_ops_collector_up")).collect();
        assert_eq!(
            up,
            [
                "calm_ops_collector_up{collector=\"sees\"} 1",
                "calm_ops_collector_up{collector=\"partly\"} 1",
                "calm_ops_collector_up{collector=\"fails\"} 0",
            ]
        );
    }

    #[test]
    fn what_the_health_page_leaves_out_has_a_value_all_the_same() {
        let shown = Readings { left_out: 1, ..readings(Vec::new()) };
        let all = [reading("host.memory.used", "host:web-1", 50.0, "%")];
        let told = Present { declared: &all, ..present(&shown, now()) }.text();
        assert!(told.contains("calm_ops_host_memory_used_ratio{subject=\"host:web-1\"} 0.5"));
        assert!(told.contains("calm_ops_readings_left_out 1"), "{told}");
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
        for part in ["calm_ops_pushed_value", "calm_ops_readings"] {
            assert!(!late.contains(part), "the monitor stands still: {late}");
        }
        assert!(late.contains("calm_ops_last_check_timestamp_seconds 1795000000"), "{late}");
        let all = Readings { checked_at: Timestamp::default(), ..readings(Vec::new()) };
        let unknown = Present { incidents: None, journal: None, ..present(&all, now()) };
        let told = unknown.text();
        for part in ["incidents", "journal", "last_check"] {
            assert!(!told.contains(part), "{part} is in {told}");
        }
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
