//! The board of readings on the health page: grouped by subject, changed in place as the live stream brings new values.

use std::collections::BTreeMap;

use leptos::prelude::*;
use rules::{
    say,
    time::Timestamp,
    view::{Reading, Readings, Spark, Status},
    words::{Signal, Subject},
};

use crate::parts::{
    mark,
    spark::{self, LONGEST},
};

type Key = (Subject, Signal);

/// One row: a reading and its recent course, each a signal of its own, so that a new value changes one row only.
#[derive(Clone, Copy)]
struct Row {
    reading: RwSignal<Reading>,
    /// When, and the value; oldest first.
    course: RwSignal<Vec<(Timestamp, f64)>>,
}

/// Which rows stand where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// About whom.
    pub subject: Subject,
    /// Signals that have a threshold or a problem, most telling first.
    pub telling: Vec<Signal>,
    /// Signals that are only shown.
    pub folded: Vec<Signal>,
}

/// All rows.
#[derive(Clone, Copy)]
pub(crate) struct Board {
    rows: StoredValue<BTreeMap<Key, Row>>,
    groups: RwSignal<Vec<Group>>,
}

/// Hosts first, then what lies on them, then what is pushed; Calm Ops itself last.
fn rank(subject: &Subject) -> u8 {
    match subject.kind() {
        "host" => 0,
        "disk" => 1,
        "network" => 2,
        "pm2" => 3,
        "app" => 4,
        "endpoint" => 5,
        "database" => 6,
        "service" => 7,
        "monitor" | "collector" | "calm-ops" => 9,
        _ => 8,
    }
}

/// Groups readings by subject. Within a group what is worst comes first, then what stands in `say::KNOWN` earlier.
pub(crate) fn group(readings: &[Reading]) -> Vec<Group> {
    let order = |signal: &Signal| say::KNOWN.iter().position(|(name, _, _)| *name == signal.as_str()).unwrap_or(say::KNOWN.len());
    let mut subjects = BTreeMap::<(u8, &Subject), Vec<&Reading>>::new();
    for reading in readings {
        subjects.entry((rank(&reading.subject), &reading.subject)).or_default().push(reading);
    }
    subjects
        .into_iter()
        .map(|((_, subject), mut readings)| {
            readings.sort_by(|one, other| {
                let key = |reading: &Reading| (std::cmp::Reverse(reading.status), order(&reading.signal));
                key(one).cmp(&key(other)).then_with(|| one.signal.cmp(&other.signal))
            });
            let (folded, telling): (Vec<&Reading>, Vec<&Reading>) =
                readings.into_iter().partition(|reading| reading.status == Status::Shown);
            let signals = |readings: Vec<&Reading>| readings.into_iter().map(|reading| reading.signal.clone()).collect();
            Group { subject: subject.clone(), telling: signals(telling), folded: signals(folded) }
        })
        .collect()
}

/// The beginning of a row's course: a spark's points with their times.
fn course(spark: Option<&Spark>, reading: &Reading, checked_at: Timestamp) -> Vec<(Timestamp, f64)> {
    let moment = |seconds: f32| Timestamp::from_micros(checked_at.as_micros() - (f64::from(seconds) * 1e6) as i64);
    match spark {
        Some(spark) => spark.points.iter().map(|&(seconds, value)| (moment(seconds), value)).collect(),
        None => vec![(reading.at, reading.value)],
    }
}

impl Board {
    /// From the page's first data.
    pub(crate) fn new(health: &crate::page::HealthData) -> Self {
        let sparks: BTreeMap<(&Subject, &Signal), &Spark> =
            health.sparks.iter().map(|spark| ((&spark.subject, &spark.signal), spark)).collect();
        let rows = health.now.readings.iter().map(|reading| {
            let spark = sparks.get(&(&reading.subject, &reading.signal)).copied();
            let course = RwSignal::new(course(spark, reading, health.now.checked_at));
            ((reading.subject.clone(), reading.signal.clone()), Row { reading: RwSignal::new(reading.clone()), course })
        });
        Self { rows: StoredValue::new(rows.collect()), groups: RwSignal::new(group(&health.now.readings)) }
    }

    /// Takes what the live stream brought. Says whether there was something that this board has no row for: then the page is asked anew.
    pub(crate) fn update(self, now: &Readings) -> bool {
        let mut unknown = false;
        for reading in &now.readings {
            let key = (reading.subject.clone(), reading.signal.clone());
            let Some(row) = self.rows.with_value(|rows| rows.get(&key).copied()) else {
                unknown = true;
                continue;
            };
            if row.reading.with_untracked(|old| old.at < reading.at) {
                row.course.update(|course| {
                    course.push((reading.at, reading.value));
                    let surplus = course.len().saturating_sub(LONGEST);
                    course.drain(..surplus);
                });
            }
            if row.reading.with_untracked(|old| old != reading) {
                row.reading.set(reading.clone());
            }
        }
        let groups = group(&now.readings);
        if !unknown && self.groups.with_untracked(|old| *old != groups) {
            self.groups.set(groups);
        }
        unknown
    }

    /// The rows as the page shows them.
    pub(crate) fn view(self) -> AnyView {
        (move || self.groups.get().into_iter().map(|group| self.group(&group)).collect_view()).into_any()
    }

    fn row(self, subject: &Subject, signal: &Signal) -> Option<Row> {
        self.rows.with_value(|rows| rows.get(&(subject.clone(), signal.clone())).copied())
    }

    fn group(self, group: &Group) -> AnyView {
        let Group { subject, telling, folded } = group;
        let rows = |signals: &[Signal]| signals.iter().filter_map(|signal| self.row(subject, signal)).map(row).collect_view();
        let few = folded.len();
        let heading = format!("subject-{}", subject.as_str().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        view! {
            <section class="group" aria-labelledby=heading>
                <h3 id=heading.clone()><span class="kind">{subject.kind().to_owned()}</span>" " {title(subject)}</h3>
                {(!telling.is_empty()).then(|| view! { <ul class="rows">{rows(telling)}</ul> })}
                {(few > 0).then(|| view! {
                    <details class="fold">
                        <summary>{few} {if few == 1 { " signal without a threshold" } else { " signals without a threshold" }}</summary>
                        <ul class="rows plain">{rows(folded)}</ul>
                    </details>
                })}
            </section>
        }
        .into_any()
    }
}

/// `/var on web-1`.
fn title(subject: &Subject) -> String {
    match subject.host().filter(|host| *host != subject.name()) {
        Some(host) => format!("{} on {host}", subject.name()),
        None => subject.name().to_owned(),
    }
}

/// What stands under the value: what is usual, or when the limit is near.
pub(crate) fn note(reading: &Reading) -> String {
    let usual = reading.usual.map(|usual| format!("usually {}", say::value(usual, &reading.unit)));
    let full = reading.limit_in_seconds.map(|seconds| {
        let word = if reading.signal.as_str().ends_with("used") { "full" } else { "at its limit" };
        format!("{word} in {}", say::seconds(seconds))
    });
    full.into_iter().chain(usual).collect::<Vec<_>>().join(", ")
}

fn row(row: Row) -> AnyView {
    let Row { reading, course } = row;
    let (label, plain) = reading.with_untracked(|reading| (say::label(&reading.signal), reading.status == Status::Shown));
    let status = Memo::new(move |_| reading.with(|reading| reading.status));
    let note = Memo::new(move |_| reading.with(note));
    let picture = Memo::new(move |_| {
        let (warning, critical) = reading.with(|reading| (reading.warning, reading.critical));
        course.with(|course| {
            let newest = course.last().map(|&(at, _)| at).unwrap_or_default();
            let points: Vec<(f64, f64)> = course.iter().map(|&(at, value)| (newest.since(at).as_secs_f64(), value)).collect();
            spark::lay_out(&points, warning, critical)
        })
    });
    view! {
        <li class=move || format!("row is-{}", mark::status_words(status.get()).0)>
            <span class="label">{label}</span>
            {(!plain).then(|| spark::spark(move || picture.get()))}
            <span class="value">{move || reading.with(|reading| say::value(reading.value, &reading.unit))}</span>
            <span class="note">{move || note.get()}</span>
            {(!plain).then(|| move || {
                let (class, word) = mark::status_words(status.get());
                mark::mark(class, word)
            })}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn reading(subject: &str, signal: &str, status: Status) -> Reading {
        Reading {
            subject: subject.parse().unwrap(),
            signal: signal.parse().unwrap(),
            value: 93.0,
            unit: "%".parse().unwrap(),
            at: Timestamp::from_secs(0),
            status,
            usual: Some(61.0),
            warning: None,
            critical: None,
            limit_in_seconds: None,
        }
    }

    #[test]
    fn hosts_come_first_and_what_is_worst_leads_its_group() {
        let groups = group(&[
            reading("service:imports", "queue.depth", Status::Shown),
            reading("disk:/var@web-1", "disk.used", Status::Warning),
            reading("host:web-1", "host.cpu.used", Status::Healthy),
            reading("host:web-1", "host.memory.used", Status::Critical),
            reading("host:web-1", "host.uptime", Status::Shown),
        ]);
        let subjects: Vec<&str> = groups.iter().map(|group| group.subject.as_str()).collect();
        assert_eq!(subjects, ["host:web-1", "disk:/var@web-1", "service:imports"]);
        let names: Vec<&str> = groups[0].telling.iter().map(Signal::as_str).collect();
        assert_eq!(names, ["host.memory.used", "host.cpu.used"]);
        assert_eq!(groups[0].folded.len(), 1);
        assert!(groups[2].telling.is_empty());
    }

    #[test]
    fn a_forecast_stands_before_what_is_usual() {
        let mut reading = reading("disk:/var@web-1", "disk.used", Status::Healthy);
        reading.limit_in_seconds = Some(12_000.0);
        assert_eq!(note(&reading), "full in 3 h 20 min, usually 61 %");
    }

    #[test]
    fn subjects_are_titled_with_their_host() {
        assert_eq!(title(&"disk:/var@web-1".parse().unwrap()), "/var on web-1");
        assert_eq!(title(&"host:web-1".parse().unwrap()), "web-1");
    }
}
