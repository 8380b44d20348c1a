//! The board of readings on the health page: grouped by subject. The browser changes it in place as
//! the live stream brings new values.

use std::collections::BTreeMap;

use commands::{
    missing::missing,
    view::{Health, Sparkline},
};
use domain::{
    reading::{Reading, Status},
    signal::Signal,
    signals,
    subject::Subject,
    text,
};
use leptos::prelude::*;
use wording::humanize;

use crate::{clock, mark, spark, status};

/// Which rows stand where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// About whom; the collectors are one group, under the first of them.
    pub subject: Subject,
    /// What has a threshold or a problem, most telling first.
    pub telling: Vec<(Subject, Signal)>,
    /// What is only shown, and collectors that work.
    pub folded: Vec<(Subject, Signal)>,
}

/// Where a reading stands: what is worst comes first.
type Place<'a> = (u8, &'a str);

fn is_collector(subject: &Subject) -> bool {
    subject.kind() == "collector"
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

/// Groups readings by subject: those in trouble first. Within a group what is worst comes first,
/// then what its collector declares earlier.
pub(crate) fn group(readings: &[Reading]) -> Vec<Group> {
    let declared = signals::declared();
    let order = |signal: &Signal| declared.position(signal.as_str());
    let trouble = |reading: &Reading| {
        Some(reading.status).filter(|status| matches!(status, Status::Warning | Status::Critical))
    };
    let mut places = BTreeMap::<Place<'_>, Vec<&Reading>>::new();
    for reading in readings {
        let name = if is_collector(&reading.subject) { "" } else { reading.subject.as_str() };
        places.entry((rank(&reading.subject), name)).or_default().push(reading);
    }
    let mut groups: Vec<(Option<Status>, Group)> = places
        .into_values()
        .filter_map(|mut readings| {
            readings.sort_by(|one, other| {
                let key =
                    |reading: &Reading| (std::cmp::Reverse(reading.status), order(&reading.signal));
                key(one)
                    .cmp(&key(other))
                    .then_with(|| (&one.signal, &one.subject).cmp(&(&other.signal, &other.subject)))
            });
            let worst = readings.iter().filter_map(|reading| trouble(reading)).max();
            let subject = readings.iter().map(|reading| &reading.subject).min()?.clone();
            let (folded, telling): (Vec<&Reading>, Vec<&Reading>) =
                readings.into_iter().partition(|reading| {
                    reading.status == Status::Shown
                        || (is_collector(&reading.subject) && reading.status == Status::Healthy)
                });
            let keys = |readings: Vec<&Reading>| {
                readings
                    .into_iter()
                    .map(|reading| (reading.subject.clone(), reading.signal.clone()))
                    .collect()
            };
            Some((worst, Group { subject, telling: keys(telling), folded: keys(folded) }))
        })
        .collect();
    // The order within is kept, so that the board changes its order with its breaches only.
    groups.sort_by_key(|(worst, _)| std::cmp::Reverse(*worst));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The rows as the page shows them.
pub(crate) fn board(health: &Health, responds: bool) -> AnyView {
    let sparklines: BTreeMap<(&Subject, &Signal), &Sparkline> =
        health.sparklines.iter().map(|spark| ((&spark.subject, &spark.signal), spark)).collect();
    let rows: BTreeMap<(&Subject, &Signal), &Reading> = health
        .now
        .readings
        .iter()
        .map(|reading| ((&reading.subject, &reading.signal), reading))
        .collect();
    let row = |subject: &Subject, signal: &Signal| {
        let spark = sparklines.get(&(subject, signal)).copied();
        rows.get(&(subject, signal)).map(|reading| row(reading, spark))
    };
    let missing = missing(&health.now.readings);
    group(&health.now.readings)
        .into_iter()
        .map(|group| {
            let of = health.now.readings.iter().filter(|one| one.subject == group.subject);
            let retires = responds && of.into_iter().any(may_be_gone);
            section(&group, &row, retires.then(|| retire(&group.subject, &missing)))
        })
        .collect_view()
        .into_any()
}

/// Whether a reading leaves it open that its subject was taken away.
fn may_be_gone(reading: &Reading) -> bool {
    reading.stale_since.is_some() || reading.status >= Status::Warning
}

/// What else of its kind is missing on the same host, and of a host all that is on it.
fn alike<'a>(subject: &Subject, missing: &[&'a Subject]) -> Vec<&'a Subject> {
    let is_host = subject.kind() == "host";
    let fits = |other: &&&Subject| {
        subject.host().is_some()
            && other.host() == subject.host()
            && (is_host || other.kind() == subject.kind())
    };
    missing.iter().filter(fits).copied().collect()
}

/// The way to say that a subject is gone for good, alone or with what is missing beside it.
fn retire(subject: &Subject, missing: &[&Subject]) -> AnyView {
    let alike = if missing.contains(&subject) { alike(subject, missing) } else { Vec::new() };
    let all = (alike.len() > 1).then(|| {
        let names: Vec<String> = alike.iter().map(|one| text::isolated(one.name())).collect();
        view! {
            <form method="post" action="/ops/health">
                <p class="quiet">"Missing as well: " {humanize::list(&names)}</p>
                <input type="hidden" name="what" value="retire-missing"/>
                {alike.iter().map(|one| view! { <input type="hidden" name="missing" value=one.to_string()/> }).collect_view()}
                <button class="button" type="submit">"Retire all " {alike.len()}</button>
            </form>
        }
    });
    view! {
        <details class="fold">
            <summary>"Gone for good?"</summary>
            <form method="post" action="/ops/health">
                <p class="quiet">"If it was taken away on purpose, retire it: Calm Ops then expects nothing from it. If it reports again, it begins anew."</p>
                <input type="hidden" name="what" value="retire"/>
                <input type="hidden" name="subject" value=subject.to_string()/>
                <button class="button" type="submit">"Retire " {title(subject)}</button>
            </form>
            {all}
        </details>
    }
    .into_any()
}

fn section(
    group: &Group,
    row: &dyn Fn(&Subject, &Signal) -> Option<AnyView>,
    retire: Option<AnyView>,
) -> AnyView {
    let Group { subject, telling, folded } = group;
    let rows = |keys: &[(Subject, Signal)]| {
        keys.iter().filter_map(|(subject, signal)| row(subject, signal)).collect_view()
    };
    let few = folded.len();
    let summary = match (is_collector(subject), few) {
        (true, 1) => " collector works",
        (true, _) => " collectors work",
        (false, 1) => " signal without a threshold",
        (false, _) => " signals without a threshold",
    };
    let head = if is_collector(subject) {
        "Collectors".into_any()
    } else {
        view! { <span class="kind">{subject.kind().to_owned()}</span>" " {title(subject)} }
            .into_any()
    };
    let heading =
        format!("subject-{}", subject.as_str().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    view! {
        <section class="group" aria-labelledby=heading>
            <h3 id=heading.clone()>{head}</h3>
            {(!telling.is_empty()).then(|| view! { <ul class="rows">{rows(telling)}</ul> })}
            {(few > 0).then(|| view! {
                <details class="fold">
                    <summary>{few} {summary}</summary>
                    <ul class="rows plain">{rows(folded)}</ul>
                </details>
            })}
            {retire}
        </section>
    }
    .into_any()
}

/// `/var on web-1`.
fn title(subject: &Subject) -> AnyView {
    let host = subject.host().filter(|host| *host != subject.name());
    view! { <bdi>{subject.name().to_owned()}</bdi> {host.map(|host| format!(" on {host}"))} }
        .into_any()
}

/// The signal's name; a collector's signal stands among those of the others, and names its own.
fn label(reading: &Reading) -> String {
    let label = humanize::label(&reading.signal);
    if is_collector(&reading.subject) {
        format!("{}: {}", text::isolated(reading.subject.name()), label.to_lowercase())
    } else {
        label
    }
}

fn row(reading: &Reading, spark: Option<&Sparkline>) -> AnyView {
    let (class, word) = mark::status_words(reading.status);
    let plain = reading.status == Status::Shown;
    view! {
        <li
            class=format!("row is-{class}")
            data-row=status::row_key(&reading.subject, &reading.signal)
            data-old=reading.stale_since.map(|_| "")
        >
            <span class="label">{label(reading)}</span>
            {(!plain).then(|| picture(reading, spark))}
            <span class="value">{humanize::value(reading.value, &reading.unit)}</span>
            {match reading.stale_since {
                // What it comes to and what is usual says little of a value that is old.
                Some(at) => view! { <span class="heard">"last heard " {clock::moment(at)}</span> }.into_any(),
                None => view! { <span class="note">{status::note(reading)}</span> }.into_any(),
            }}
            {(!plain).then(|| mark::mark(class, word))}
        </li>
    }
    .into_any()
}

/// The sparkline, with its course and its newest time beside it, so that the browser can go on with
/// it. It is told in words next to it.
fn picture(reading: &Reading, spark: Option<&Sparkline>) -> AnyView {
    let points: Vec<(f64, f64)> = match spark {
        Some(spark) => {
            // It ends at the right edge, unless it ended a while ago.
            let newest = spark
                .points
                .last()
                .filter(|_| reading.stale_since.is_none())
                .map_or(0.0, |&(ago, _)| ago);
            spark.points.iter().map(|&(ago, value)| (f64::from(ago - newest), value)).collect()
        }
        None => vec![(0.0, reading.value)],
    };
    let geometry = spark::lay_out(&points, reading.warning, reading.critical);
    let level = |class: &'static str, y: Option<i32>| {
        y.map(|y| view! { <line class=class x1="0" x2="1200" y1=y y2=y></line> })
    };
    view! {
        <svg
            class="spark"
            viewBox="0 0 1200 320"
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
    use domain::time::Timestamp;

    fn reading(subject: &str, signal: &str, status: Status) -> Reading {
        Reading {
            subject: subject.parse().unwrap(),
            signal: signal.parse().unwrap(),
            value: 93.0,
            unit: "%".parse().unwrap(),
            at: Timestamp::from_secs(0),
            status,
            stale_since: None,
            reason: None,
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
            reading("collector:host@web-1", "collector.failed", Status::Healthy),
            reading("collector:pm2@web-1", "collector.failed", Status::Unknown),
            reading("disk:/var@web-1", "disk.used", Status::Warning),
            reading("disk:/@web-1", "disk.used", Status::Watching),
            reading("host:web-1", "host.cpu.used", Status::Healthy),
            reading("host:web-1", "host.memory.used", Status::Unknown),
            reading("host:web-1", "host.uptime", Status::Shown),
        ]);
        let subjects: Vec<&str> = groups.iter().map(|group| group.subject.as_str()).collect();
        assert_eq!(
            subjects,
            [
                "disk:/var@web-1",
                "host:web-1",
                "disk:/@web-1",
                "service:imports",
                "collector:host@web-1"
            ]
        );
        let names: Vec<&str> =
            groups[1].telling.iter().map(|(_, signal)| signal.as_str()).collect();
        assert_eq!(names, ["host.memory.used", "host.cpu.used"]);
        assert_eq!(groups[1].folded.len(), 1);
        assert!(groups[3].telling.is_empty());
        // A collector that works is folded away; one that does not is told.
        let collectors = [&groups[4].telling, &groups[4].folded]
            .map(|keys| keys.iter().map(|(subject, _)| subject.name()).collect::<Vec<_>>());
        assert_eq!(collectors, [vec!["pm2"], vec!["host"]]);
    }

    #[test]
    fn an_old_value_says_when_it_was_heard_and_its_line_ends_there() {
        let mut one = reading("service:imports", "queue.depth", Status::Critical);
        let spark = Sparkline {
            subject: one.subject.clone(),
            signal: one.signal.clone(),
            points: vec![(600.0, 1.0), (540.0, 2.0), (300.0, 3.0)],
        };
        let end = |html: &str| {
            let line = html
                .split("<polyline points=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap();
            line.rsplit(' ').next().and_then(|point| point.split(',').next()).unwrap().to_owned()
        };
        let html = row(&one, Some(&spark)).to_html();
        assert!(
            html.contains("usually 61%")
                && !html.contains("last heard")
                && !html.contains("data-old"),
            "{html}"
        );
        assert_eq!(end(&html), "1200");
        one.stale_since = Some(Timestamp::from_secs(1_795_341_600));
        let html = row(&one, Some(&spark)).to_html();
        assert!(
            html.contains("last heard <time datetime=\"2026-11-22T10:00:00Z\"")
                && html.contains("data-old"),
            "{html}"
        );
        assert!(!html.contains("usually"), "{html}");
        assert_eq!(end(&html), "600");
    }

    #[test]
    fn what_may_be_gone_can_be_retired_where_it_stands() {
        let well = reading("disk:/data@web-1", "disk.used", Status::Healthy);
        let old = Reading { stale_since: Some(Timestamp::from_secs(0)), ..well.clone() };
        let missing = reading("disk:/data@web-1", "disk.mounted", Status::Warning);
        assert_eq!([&well, &old, &missing].map(may_be_gone), [false, true, true]);
        let form = retire(&missing.subject, &[]).to_html();
        assert!(
            form.contains("action=\"/ops/health\"") && form.contains("value=\"disk:/data@web-1\""),
            "{form}"
        );
    }

    #[test]
    fn subjects_are_titled_with_their_host() {
        let title = |subject: &str| title(&subject.parse().unwrap()).to_html();
        assert!(title("disk:/var@web-1").starts_with("<bdi>/var</bdi> on web-1"));
        assert!(title("host:web-1").starts_with("<bdi>web-1</bdi>"));
        assert!(!title("host:web-1").contains(" on "));
    }
}
