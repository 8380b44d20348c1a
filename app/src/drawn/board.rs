//! The board of readings on the health page: grouped by subject. The browser changes it in place as the live stream brings new values.

use std::collections::BTreeMap;

use leptos::prelude::*;
use rules::{
    say,
    view::{Health, Reading, Spark, Status},
    words::{Signal, Subject},
};

use crate::{mark, spark, status};

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

/// Groups readings by subject: those in trouble first. Within a group what is worst comes first, then what stands in `say::KNOWN` earlier.
pub(crate) fn group(readings: &[Reading]) -> Vec<Group> {
    let order = |signal: &Signal| say::KNOWN.iter().position(|(name, _, _)| *name == signal.as_str()).unwrap_or(say::KNOWN.len());
    let mut subjects = BTreeMap::<(u8, &Subject), Vec<&Reading>>::new();
    for reading in readings {
        subjects.entry((rank(&reading.subject), &reading.subject)).or_default().push(reading);
    }
    let trouble = |reading: &&Reading| matches!(reading.status, Status::Warning | Status::Critical);
    let mut worst = BTreeMap::<Subject, Status>::new();
    for reading in readings.iter().filter(trouble) {
        let known = worst.entry(reading.subject.clone()).or_insert(reading.status);
        *known = reading.status.max(*known);
    }
    let mut groups: Vec<Group> = subjects
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
        .collect();
    // The order within is kept, so that the board changes its order with its breaches only.
    groups.sort_by_key(|group| std::cmp::Reverse(worst.get(&group.subject).copied()));
    groups
}

/// The rows as the page shows them.
pub(crate) fn board(health: &Health) -> AnyView {
    let sparks: BTreeMap<(&Subject, &Signal), &Spark> =
        health.sparks.iter().map(|spark| ((&spark.subject, &spark.signal), spark)).collect();
    let rows: BTreeMap<(&Subject, &Signal), &Reading> =
        health.now.readings.iter().map(|reading| ((&reading.subject, &reading.signal), reading)).collect();
    let row = |subject: &Subject, signal: &Signal| {
        let spark = sparks.get(&(subject, signal)).copied();
        rows.get(&(subject, signal)).map(|reading| row(reading, spark))
    };
    group(&health.now.readings).into_iter().map(|group| section(&group, &row)).collect_view().into_any()
}

fn section(group: &Group, row: &dyn Fn(&Subject, &Signal) -> Option<AnyView>) -> AnyView {
    let Group { subject, telling, folded } = group;
    let rows = |signals: &[Signal]| signals.iter().filter_map(|signal| row(subject, signal)).collect_view();
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

/// `/var on web-1`.
fn title(subject: &Subject) -> String {
    match subject.host().filter(|host| *host != subject.name()) {
        Some(host) => format!("{} on {host}", subject.name()),
        None => subject.name().to_owned(),
    }
}

fn row(reading: &Reading, spark: Option<&Spark>) -> AnyView {
    let (class, word) = mark::status_words(reading.status);
    let plain = reading.status == Status::Shown;
    view! {
        <li class=format!("row is-{class}") data-row=status::row_key(&reading.subject, &reading.signal)>
            <span class="label">{say::label(&reading.signal)}</span>
            {(!plain).then(|| picture(reading, spark))}
            <span class="value">{say::value(reading.value, &reading.unit)}</span>
            <span class="note">{status::note(reading)}</span>
            {(!plain).then(|| mark::mark(class, word))}
        </li>
    }
    .into_any()
}

/// The sparkline, with its course and its newest time beside it, so that the browser can go on with it. It is told in words next to it.
fn picture(reading: &Reading, spark: Option<&Spark>) -> AnyView {
    let points: Vec<(f64, f64)> = match spark {
        Some(spark) => {
            let newest = spark.points.last().map_or(0.0, |&(ago, _)| ago);
            spark.points.iter().map(|&(ago, value)| (f64::from(ago - newest), value)).collect()
        }
        None => vec![(0.0, reading.value)],
    };
    let geometry = spark::lay_out(&points, reading.warning, reading.critical);
    let level = |class: &'static str, y: Option<f64>| y.map(|y| view! { <line class=class x1="0" x2="120" y1=y y2=y></line> });
    view! {
        <svg
            class="spark"
            viewBox="0 0 120 32"
            preserveAspectRatio="none"
            aria-hidden="true"
            focusable="false"
            data-course=spark::write(&points)
            data-newest=reading.at.as_micros()
        >
            {level("level warning", geometry.warning)}
            {level("level critical", geometry.critical)}
            <polyline points=geometry.line></polyline>
        </svg>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::time::Timestamp;

    fn reading(subject: &str, signal: &str, status: Status) -> Reading {
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
    fn trouble_comes_first_then_hosts_and_what_is_worst_leads_its_group() {
        let groups = group(&[
            reading("service:imports", "queue.depth", Status::Shown),
            reading("disk:/var@web-1", "disk.used", Status::Warning),
            reading("disk:/@web-1", "disk.used", Status::Watching),
            reading("host:web-1", "host.cpu.used", Status::Healthy),
            reading("host:web-1", "host.memory.used", Status::Unknown),
            reading("host:web-1", "host.uptime", Status::Shown),
        ]);
        let subjects: Vec<&str> = groups.iter().map(|group| group.subject.as_str()).collect();
        assert_eq!(subjects, ["disk:/var@web-1", "host:web-1", "disk:/@web-1", "service:imports"]);
        let names: Vec<&str> = groups[1].telling.iter().map(Signal::as_str).collect();
        assert_eq!(names, ["host.memory.used", "host.cpu.used"]);
        assert_eq!(groups[1].folded.len(), 1);
        assert!(groups[3].telling.is_empty());
    }

    #[test]
    fn subjects_are_titled_with_their_host() {
        assert_eq!(title(&"disk:/var@web-1".parse().unwrap()), "/var on web-1");
        assert_eq!(title(&"host:web-1".parse().unwrap()), "web-1");
    }
}
