//! The board of readings: grouped by subject. Each row follows its own reading.

use std::{collections::BTreeMap, sync::Arc};

use commands::missing::missing;
use domain::{
    reading::{Reading, Status},
    signal::Signal,
    signals,
    subject::Subject,
    text,
};
use leptos::prelude::*;
use wording::humanize;

use crate::{
    components::{
        badge::{Badge, status_words},
        sparkline::Sparkline,
        time::Ago,
    },
    state::{OpsStore, OpsStoreFields, RowStoreFields, row},
    status,
};

/// Which rows stand where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// About whom; the collectors are one group, under the first of them.
    pub subject: Subject,
    /// Keys of the rows with a threshold or a problem, most telling first.
    pub telling: Vec<String>,
    /// Keys of the rows that are only shown, and of collectors that work.
    pub folded: Vec<String>,
    /// Whether a reading leaves it open that the subject was taken away.
    pub may_be_gone: bool,
    /// What else of its kind is missing on the same host, itself included.
    pub missing: Vec<Subject>,
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
pub(crate) fn group<'a>(readings: impl Iterator<Item = &'a Reading> + Clone) -> Vec<Group> {
    let gone = missing(readings.clone());
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
            let own = readings.iter().filter(|reading| reading.subject == subject);
            let may_be_gone = own.copied().any(may_be_gone);
            let (folded, telling): (Vec<&Reading>, Vec<&Reading>) =
                readings.into_iter().partition(|reading| {
                    reading.status == Status::Shown
                        || (is_collector(&reading.subject) && reading.status == Status::Healthy)
                });
            let keys = |readings: Vec<&Reading>| {
                let key = |one: &Reading| status::row_key(&one.subject, &one.signal);
                readings.into_iter().map(key).collect()
            };
            let group = Group {
                may_be_gone,
                missing: if gone.contains(&&subject) { alike(&subject, &gone) } else { Vec::new() },
                telling: keys(telling),
                folded: keys(folded),
                subject,
            };
            Some((worst, group))
        })
        .collect();
    // The order within is kept, so that the board changes its order with its breaches only.
    groups.sort_by_key(|(worst, _)| std::cmp::Reverse(*worst));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The board; `may` says whether its reader may retire subjects.
#[component]
pub(crate) fn Board(may: bool) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let groups = Memo::new(move |_| {
        ops.layout().track();
        let groups = ops.with_untracked(|ops| group(ops.rows.iter().map(|row| &row.reading)));
        groups.into_iter().map(|group| (group.subject.clone(), Arc::new(group))).collect::<Vec<_>>()
    });
    view! {
        <For each=move || groups.get() key=|(subject, _)| subject.clone() let:found>
            {
                let (subject, first) = found;
                let of = subject.clone();
                let group = Memo::new(move |before: Option<&Arc<Group>>| {
                    let found = groups.with(|groups| {
                        groups.iter().find(|(one, _)| *one == of).map(|(_, group)| Arc::clone(group))
                    });
                    found.unwrap_or_else(|| Arc::clone(before.unwrap_or(&first)))
                });
                view! { <Section subject group may/> }
            }
        </For>
    }
}

/// Whether a reading leaves it open that its subject was taken away.
fn may_be_gone(reading: &Reading) -> bool {
    reading.stale_since.is_some() || reading.status >= Status::Warning
}

/// What else of its kind is missing on the same host, and of a host all that is on it.
fn alike(subject: &Subject, missing: &[&Subject]) -> Vec<Subject> {
    let is_host = subject.kind() == "host";
    let fits = |other: &&&Subject| {
        subject.host().is_some()
            && other.host() == subject.host()
            && (is_host || other.kind() == subject.kind())
    };
    missing.iter().filter(fits).copied().cloned().collect()
}

/// The way to say that a subject is gone for good, alone or with what is missing beside it.
fn retire(subject: &Subject, alike: &[Subject]) -> AnyView {
    let all = (alike.len() > 1).then(|| {
        let names: Vec<String> = alike.iter().map(|one| text::isolated(one.name())).collect();
        view! {
            <form method="post" action="/ops/health">
                <p class="quiet">"Also missing: " {humanize::list(&names)}</p>
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
                <p class="quiet">"If it was removed on purpose, retire it: Calm Ops then expects no data from it. If it reports again, monitoring resumes."</p>
                <input type="hidden" name="what" value="retire"/>
                <input type="hidden" name="subject" value=subject.to_string()/>
                <button class="button" type="submit">"Retire " {title(subject)}</button>
            </form>
            {all}
        </details>
    }
    .into_any()
}

#[component]
fn Section(subject: Subject, group: Memo<Arc<Group>>, may: bool) -> impl IntoView {
    let is_collectors = is_collector(&subject);
    let telling = move || group.with(|group| group.telling.clone());
    let folded = move || group.with(|group| group.folded.clone());
    let is_telling = Memo::new(move |_| group.with(|group| !group.telling.is_empty()));
    let count = Memo::new(move |_| group.with(|group| group.folded.len()));
    let summary = move || match (is_collectors, count.get()) {
        (true, 1) => "1 collector is working".to_owned(),
        (true, few) => format!("{few} collectors are working"),
        (false, 1) => "1 signal without a threshold".to_owned(),
        (false, few) => format!("{few} signals without thresholds"),
    };
    let head = if is_collectors {
        "Collectors".into_any()
    } else {
        view! { <span class="kind">{subject.kind().to_owned()}</span>" " {title(&subject)} }
            .into_any()
    };
    let heading = status::subject_anchor(&subject);
    let id = heading.clone();
    let gone = Memo::new(move |_| {
        group.with(|group| (may && group.may_be_gone).then(|| group.missing.clone()))
    });
    view! {
        <section class="group" aria-labelledby=heading>
            <h3 id=id>{head}</h3>
            <Show when=move || is_telling.get()>
                <ul class="rows"><For each=telling key=String::clone let:key><Row key/></For></ul>
            </Show>
            <Show when=move || count.get() != 0>
                <details class="fold">
                    <summary>{summary}</summary>
                    <ul class="rows plain"><For each=folded key=String::clone let:key><Row key/></For></ul>
                </details>
            </Show>
            {move || gone.get().map(|alike| retire(&subject, &alike))}
        </section>
    }
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

/// A row: its reading beside its threshold, with the last hour as a sparkline.
#[component]
fn Row(key: String) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let row = row(ops, key.clone());
    let (reading, course) = (row.reading(), row.course());
    // What has just gone is shown as it was until its row is taken away.
    let reading = Memo::new(move |before: Option<&Option<Reading>>| {
        reading.try_get().or_else(|| before.cloned().flatten())
    });
    let of = move |tell: fn(&Reading) -> String| {
        move || reading.with(|reading| reading.as_ref().map(tell).unwrap_or_default())
    };
    let badge = Memo::new(move |_| {
        reading.with(|one| status_words(one.as_ref().map_or(Status::Unknown, |one| one.status)))
    });
    let is_plain = Memo::new(move |_| badge.get().0 == "shown");
    let stale_since = Memo::new(move |_| reading.with(|one| one.as_ref()?.stale_since));
    let picture = leptos::prelude::Signal::derive(move || {
        // Where there is no data, time goes on and the line does not.
        if stale_since.get().is_some() {
            ops.checked_at().track();
        }
        let course = course.try_get()?;
        let reading = reading.get_untracked()?;
        Some((course, reading, ops.checked_at().get_untracked()))
    });
    let note = move || match stale_since.get() {
        // What it comes to and what is usual says little of a value that is old.
        Some(at) => view! { <span class="heard">"last reading " <Ago at=at/></span> }.into_any(),
        None => view! { <span class="note">{of(status::note)}</span> }.into_any(),
    };
    let pictured = move || !is_plain.get();
    view! {
        <li
            class=move || format!("row is-{}", badge.get().0)
            class:stale=move || stale_since.get().is_some()
            data-row=key
        >
            <span class="label">{of(label)}</span>
            <Show when=pictured><Sparkline of=picture/></Show>
            <span class="value">{of(|reading| humanize::value(reading.value, &reading.unit))}</span>
            {note}
            <Show when=pictured><Badge of=badge/></Show>
        </li>
    }
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
        let groups = group(
            [
                reading("service:imports", "queue.depth", Status::Shown),
                reading("collector:host@web-1", "collector.failed", Status::Healthy),
                reading("collector:pm2@web-1", "collector.failed", Status::Unknown),
                reading("disk:/var@web-1", "disk.used", Status::Warning),
                reading("disk:/@web-1", "disk.used", Status::Watching),
                reading("host:web-1", "host.cpu.used", Status::Healthy),
                reading("host:web-1", "host.memory.used", Status::Unknown),
                reading("host:web-1", "host.uptime", Status::Shown),
            ]
            .iter(),
        );
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
        let names: Vec<&str> = groups[1].telling.iter().map(String::as_str).collect();
        assert_eq!(names, ["host.memory.used host:web-1", "host.cpu.used host:web-1"]);
        assert_eq!(groups[1].folded.len(), 1);
        assert!(groups[3].telling.is_empty());
        // A collector that works is folded away; one that does not is told.
        assert_eq!(
            [&groups[4].telling, &groups[4].folded].map(|keys| keys.join(",")),
            ["collector.failed collector:pm2@web-1", "collector.failed collector:host@web-1"]
        );
    }

    #[test]
    fn an_old_value_says_when_it_was_heard_and_not_what_it_comes_to() {
        let row = |one: &Reading| {
            let owner = Owner::new();
            owner.with(|| {
                let (key, reading) = (status::row_key(&one.subject, &one.signal), one.clone());
                let course = vec![(one.at, one.value)];
                let rows = vec![crate::state::Row { key: key.clone(), reading, course }];
                provide_context(OpsStore::new(crate::state::Ops { rows, ..Default::default() }));
                view! { <Row key/> }.to_html()
            })
        };
        let mut one = reading("service:imports", "queue.depth", Status::Critical);
        let young = row(&one);
        assert!(
            young.contains("usually 61%")
                && !young.contains("last reading")
                && !young.contains("stale"),
            "{young}"
        );
        one.stale_since = Some(Timestamp::from_secs(1_795_341_600));
        let old = row(&one);
        assert!(
            old.contains("last reading ")
                && old.contains("<time datetime=\"2026-11-22T10:00:00Z\"")
                && old.contains("row is-critical stale"),
            "{old}"
        );
        assert!(!old.contains("usually"), "{old}");
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
