use domain::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::status::{count, status_sentence};

pub(in crate::routes::health) fn reading(subject: &str, signal: &str, status: Status) -> Reading {
    Reading {
        unit: "%".parse().unwrap(),
        at: Timestamp::from_secs(0),
        status,
        usual: Some(61.0),
        ..fixtures::reading(subject, signal, 93.0)
    }
}

fn names(groups: &Groups) -> Vec<&str> {
    groups.all.iter().map(|group| group.subject.as_str()).collect()
}

#[test]
fn trouble_comes_first_then_hosts_and_what_is_worst_leads_its_group() {
    let readings = [
        reading("service:imports", "queue.depth", Status::Shown),
        reading("collector:host@web-1", "collector.failed", Status::Healthy),
        reading("collector:pm2@web-1", "collector.failed", Status::Unknown),
        reading("disk:/var@web-1", "disk.used", Status::Warning),
        reading("disk:/@web-1", "disk.used", Status::Watching),
        reading("host:web-1", "host.cpu.used", Status::Healthy),
        reading("host:web-1", "host.memory.used", Status::Unknown),
        reading("host:web-1", "host.uptime", Status::Shown),
        reading("app:api@web-1", "app.memory", Status::Critical),
    ];
    let groups = Groups::of(readings.iter());
    assert_eq!(
        names(&groups),
        [
            "app:api@web-1",
            "disk:/var@web-1",
            "host:web-1",
            "collector:host@web-1",
            // What is only watched keeps its place: it comes and goes.
            "disk:/@web-1",
            "service:imports",
        ]
    );
    let host = groups.get(&"host:web-1".parse().unwrap()).unwrap();
    assert_eq!(host.status, SubjectStatus::Unknown);
    assert_eq!(host.counts, "1 no data, 1 healthy");
    // Only what is wrong stands in the card; the rest is folded away.
    assert_eq!(host.told, ["host.memory.used host:web-1"]);
    assert_eq!(host.folded, ["host.uptime host:web-1", "host.cpu.used host:web-1"]);
    assert_eq!(
        (host.fold(), host.telling.as_deref()),
        ("2 more signals".into(), Some("host.memory.used host:web-1"))
    );
    // Without a threshold there is nothing else to show.
    let queue = groups.get(&"service:imports".parse().unwrap()).unwrap();
    assert_eq!((queue.told.len(), queue.folded.len(), queue.counts.as_str()), (1, 0, "1 signal"));
    // A collector that works is folded away; one that does not is told.
    let collectors = &groups.all[3];
    assert_eq!(
        [&collectors.told, &collectors.folded].map(|keys| keys.join(",")),
        ["collector.failed collector:pm2@web-1", "collector.failed collector:host@web-1"]
    );
    assert!(collectors.is_collectors() && collectors.telling.is_none());
}

#[test]
fn a_healthy_subject_tells_what_has_a_threshold_and_folds_the_rest() {
    let readings = [
        reading("host:web-1", "host.cpu.used", Status::Healthy),
        reading("host:web-1", "host.uptime", Status::Shown),
    ];
    let groups = Groups::of(readings.iter());
    let host = &groups.all[0];
    assert_eq!((host.told.len(), host.folded.len(), host.counts.as_str()), (1, 1, "1 healthy"));
    assert_eq!(host.fold(), "1 signal without a threshold");
}

#[test]
fn what_may_be_gone_can_be_retired_where_it_stands() {
    let well = reading("disk:/data@web-1", "disk.used", Status::Healthy);
    let old = Reading { stale_since: Some(Timestamp::from_secs(0)), ..well.clone() };
    let missing = reading("disk:/data@web-1", "disk.mounted", Status::Warning);
    assert_eq!([&well, &old, &missing].map(may_be_gone), [false, true, true]);
}

#[test]
fn no_two_subjects_share_an_anchor() {
    let anchor = |subject: &str| status::subject_anchor(&subject.parse().unwrap());
    assert_eq!(anchor("disk:/var@web-1"), "subject-disk:/var@web-1");
    for (one, other) in [
        ("service:a b", "service:a_b"),
        ("service:a_20b", "service:a b"),
        ("service:<i>", "service:_i_"),
        ("service:ä", "service:a"),
    ] {
        assert_ne!(anchor(one), anchor(other));
    }
    assert!(anchor("service:a\"b c").chars().all(|c| c.is_ascii() && c != '"' && c != ' '));
}

fn subject(name: u8) -> Subject {
    format!("service:s{name}").parse().unwrap()
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let status = prop::sample::select(vec![
        Status::Healthy,
        Status::Shown,
        Status::Watching,
        Status::Unknown,
        Status::Warning,
        Status::Critical,
    ]);
    prop::collection::vec((0..12u8, 0..4u8, status), 0..40).prop_map(|rows| {
        let mut rows: Vec<Reading> = rows
            .into_iter()
            .map(|(name, signal, status)| {
                reading(subject(name).as_str(), &format!("job.value{signal}"), status)
            })
            .collect();
        rows.sort_by(|a, b| (&a.subject, &a.signal).cmp(&(&b.subject, &b.signal)));
        rows.dedup_by(|a, b| (&a.subject, &a.signal) == (&b.subject, &b.signal));
        rows
    })
}

proptest! {
    #[test]
    fn each_reading_has_one_row_and_sentence_and_groups_agree(readings in readings()) {
        let groups = Groups::of(readings.iter());
        let mut rows: Vec<&String> =
            groups.all.iter().flat_map(|group| group.told.iter().chain(&group.folded)).collect();
        rows.sort();
        let mut keys: Vec<String> =
            readings.iter().map(|one| status::row_key(&one.subject, &one.signal)).collect();
        keys.sort();
        prop_assert_eq!(rows, keys.iter().collect::<Vec<_>>());
        // The worst first.
        let problems: Vec<SubjectStatus> =
            groups.all.iter().map(|group| group.status).filter(|one| one.is_problem()).collect();
        prop_assert!(problems.is_sorted_by(|one, next| one >= next));
        prop_assert!(groups.all.iter().take(problems.len()).all(|one| one.status.is_problem()));
        let counted = count(readings.iter());
        let sentence = status_sentence(None, &counted);
        let has = |status| groups.all.iter().any(|group| group.status == status);
        prop_assert_eq!(sentence.starts_with("All calm."),
            !readings.is_empty() && problems.is_empty() && !has(SubjectStatus::Watching));
        prop_assert_eq!(counted.beyond > 0, has(SubjectStatus::Warning) || has(SubjectStatus::Critical));
        for group in &groups.all {
            prop_assert_eq!(groups.get(&group.subject), Some(group));
            prop_assert!(!group.told.is_empty());
        }
    }

    #[test]
    fn who_points_at_a_list_sees_nothing_move(before in prop::collection::btree_set(0..20u8, 0..20), now in prop::collection::btree_set(0..20u8, 0..20)) {
        // Backwards, so that the orders differ.
        let before: Vec<Subject> = before.into_iter().rev().map(subject).collect();
        let now: Vec<Subject> = now.into_iter().map(subject).collect();
        let kept = keep_order(&before, &now);
        let mut sorted = kept.clone();
        sorted.sort();
        let mut all = now.clone();
        all.sort();
        prop_assert_eq!(sorted, all);
        let still: Vec<&Subject> = before.iter().filter(|one| now.contains(one)).collect();
        prop_assert_eq!(kept.iter().take(still.len()).collect::<Vec<_>>(), still);
        prop_assert_eq!(keep_order(&kept, &now), kept);
    }
}

#[test]
fn what_can_not_be_judged_yet_is_told_beside_what_is_healthy() {
    let young = |signal| Reading {
        not_judged: Some(domain::usual::NotJudged::Young { age_hours: 80 }),
        ..reading("service:a", signal, Status::Shown)
    };
    let readings = [
        reading("service:a", "queue.depth", Status::Healthy),
        young("queue.age"),
        reading("service:a", "queue.other", Status::Shown),
    ];
    let group = &Groups::of(readings.iter()).all[0];
    assert_eq!(group.counts, "1 healthy, 1 not judged yet");
    assert_eq!((group.told.len(), group.folded.len()), (2, 1));
    let alone = Groups::of([young("queue.age")].iter());
    assert_eq!(alone.all[0].counts, "1 not judged yet");
}
