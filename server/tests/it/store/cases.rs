//! The properties of every store.

use std::sync::Arc;

use commands::reading::HistoryFilter;
use domain::{
    actor::Actor,
    error::{Conflict, Error},
    id::IncidentNumber,
    incident::Incident,
    journal::{BlindReason, Event},
    lifecycle::Step,
    severity::Severity,
    time::{Span, Timestamp},
    unit::Unit,
};
use server::store::{
    About, Archive, Change, Rollup, RollupStep, SeriesHistory, StoreError,
    verify::{rebuild, verify},
};
use sha2::Digest as _;

use crate::store::support::{Place, at, fill, opened, write};

pub async fn what_is_written_is_read_back(place: &Place) {
    let store = place.open().await;
    let opening = store.opening().await.unwrap();
    assert_eq!(
        (opening.cursor.number, opening.cursor.epoch, opening.monitor, opening.alive_at),
        (0, 1, None, None)
    );
    assert_eq!(store.next_number().await.unwrap(), IncidentNumber(1));
    fill(&*store).await;

    let entries = store.entries(0, 100).await.unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry.number).collect::<Vec<_>>(),
        (1..=8).collect::<Vec<_>>()
    );
    assert_eq!(entries[1].event, Some(opened(1, "host:web-1")));
    assert_eq!((entries[6].at, entries[6].actor), (at(5), Actor::Local));
    assert_eq!(store.entries(6, 1).await.unwrap(), entries[6..7]);

    let one = store.incident(IncidentNumber(1)).await.unwrap().unwrap();
    assert_eq!((one.reopened, one.breaches.len(), one.is_active()), (1, 2, true));
    assert_eq!(store.number_of(one.id).await.unwrap(), Some(one.number));
    assert_eq!(store.incident(IncidentNumber(9)).await.unwrap(), None);
    assert_eq!(store.next_number().await.unwrap(), IncidentNumber(3));
    assert_eq!(store.timeline(one.number, 2).await.unwrap(), entries[6..8]);
    assert_eq!(store.recent_incidents(at(0)).await.unwrap().len(), 2);

    let two = IncidentNumber(2);
    write(
        &*store,
        8,
        Actor::Local,
        vec![Event::Resolved { incident: two, step: Step::PersonResolved, note: None }],
    )
    .await
    .unwrap();
    let ended = async |subject: &str, since| {
        let ended = store.ended_about(&subject.parse().unwrap(), at(since)).await.unwrap();
        ended.into_iter().map(|one| one.number).collect::<Vec<_>>()
    };
    assert_eq!(ended("disk:/var@web_2", 8).await, [two]);
    assert_eq!(ended("disk:/var@web_2", 9).await, []);
    assert_eq!(ended("disk:/var@web", 8).await, [], "another subject");
    assert_eq!(ended("host:web-1", 0).await, [], "it is open");

    store.save_monitor(Some(b"\x00state"), at(9)).await.unwrap();
    store.save_monitor(None, at(10)).await.unwrap();
    let opening = store.opening().await.unwrap();
    assert_eq!(
        (opening.monitor.as_deref(), opening.alive_at),
        (Some(&b"\x00state"[..]), Some(at(10)))
    );

    assert_eq!(store.bundle(one.number).await.unwrap(), None);
    store.save_bundle(one.number, b"first").await.unwrap();
    store.save_bundle(one.number, b"second").await.unwrap();
    store.add_bundle(one.number, b"poorer").await.unwrap();
    assert_eq!(store.bundle(one.number).await.unwrap().as_deref(), Some(&b"second"[..]));
    store.add_bundle(IncidentNumber(2), b"only").await.unwrap();
    assert_eq!(store.bundle(IncidentNumber(2)).await.unwrap().as_deref(), Some(&b"only"[..]));

    let blind =
        |from, to| Event::Blind { from: at(from), to: at(to), why: BlindReason::NotRunning };
    write(&*store, 30, Actor::System, vec![blind(10, 12), blind(20, 30)]).await.unwrap();
    let spans = store.blind_spans(at(12), 10).await.unwrap();
    assert_eq!(spans.iter().map(|span| span.from).collect::<Vec<_>>(), [at(20), at(10)]);
    assert_eq!(store.blind_spans(at(13), 10).await.unwrap().len(), 1);
    // The newest of them, where there are more than are asked for.
    let newest = store.blind_spans(at(12), 1).await.unwrap();
    assert_eq!(newest.iter().map(|span| span.from).collect::<Vec<_>>(), [at(20)]);
}

pub async fn a_refusal_or_a_misfit_leaves_nothing_behind(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let before = (store.head().await.unwrap(), store.incident(IncidentNumber(1)).await.unwrap());
    let refusal = Error::from(Conflict::BindingChanged);
    for (number, seen) in [(1, &[IncidentNumber(1)][..]), (9, &[])] {
        let (about, refused) = (About::Incident(IncidentNumber(number)), refusal.clone());
        let decide = Box::new(move |known: &[Incident]| {
            assert_eq!(
                known.iter().map(|one| one.number).collect::<Vec<_>>(),
                seen,
                "the unknown one is left out"
            );
            Err(refused)
        });
        let change = Change {
            at: at(9),
            actor: Actor::Local,
            about,
            decide,
            people: None,
            monitor: Some(vec![1]),
        };
        assert!(
            matches!(store.change(change).await, Err(StoreError::Refused(found)) if found == refusal)
        );
    }
    for events in [
        vec![
            Event::Acknowledged { incident: IncidentNumber(1) },
            Event::Acknowledged { incident: IncidentNumber(9) },
        ],
        vec![opened(1, "host:web-1")],
        vec![Event::Resolved { incident: IncidentNumber(1), step: Step::StayedQuiet, note: None }],
    ] {
        assert!(matches!(
            write(&*store, 9, Actor::Agent, events).await,
            Err(StoreError::Misfit(_))
        ));
    }
    assert_eq!(
        (store.head().await.unwrap(), store.incident(IncidentNumber(1)).await.unwrap()),
        before
    );
    assert_eq!(store.opening().await.unwrap().monitor, None);
    write(&*store, 9, Actor::Agent, Vec::new()).await.unwrap();
    assert_eq!(store.head().await.unwrap(), before.0);
}

pub async fn numbers_have_no_gap_under_concurrent_changes(place: &Place) {
    // Two stores on one database, as two programs would have.
    let stores = [place.open().await, place.open().await];
    write(&*stores[0], 0, Actor::Agent, vec![opened(1, "host:web-1")]).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store: Arc<dyn Archive> = Arc::clone(&stores[task % 2]);
            tokio::spawn(async move {
                for turn in 0..5 {
                    let text = format!("{task}.{turn}");
                    let event = Event::Commented { incident: IncidentNumber(1), text };
                    let refused = write(
                        &*store,
                        1,
                        Actor::Agent,
                        vec![Event::Acknowledged { incident: IncidentNumber(9) }],
                    )
                    .await;
                    assert!(refused.is_err());
                    write(&*store, 1, Actor::Local, vec![event.clone(), event]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let entries = stores[0].entries(0, 1_000).await.unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry.number).collect::<Vec<_>>(),
        (1..=81).collect::<Vec<_>>()
    );
    assert_eq!(verify(&*stores[1], None).await.unwrap().head.number, 81);
}

pub async fn the_rows_are_what_the_journal_says(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    assert_eq!(rebuild(&*store).await.unwrap(), []);
    let statement =
        "UPDATE incident SET body = (SELECT body FROM incident WHERE number = 1) WHERE number = 2";
    place.attack(statement, statement).await.unwrap();
    assert_eq!(rebuild(&*store).await.unwrap(), [IncidentNumber(2)]);
}

pub async fn the_history_is_filtered_and_paged(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let found = async |filter: HistoryFilter, limit| {
        store
            .history(&filter, limit)
            .await
            .unwrap()
            .iter()
            .map(|incident| incident.number.0)
            .collect::<Vec<_>>()
    };
    let any = HistoryFilter::default;
    assert_eq!(found(any(), 10).await, [2, 1]);
    assert_eq!(found(any(), 1).await, [2]);
    assert_eq!(found(HistoryFilter { before: Some(IncidentNumber(2)), ..any() }, 1).await, [1]);
    assert_eq!(found(HistoryFilter { before: Some(IncidentNumber(1)), ..any() }, 1).await, [0; 0]);
    for (text, numbers) in [
        ("WORKER", &[1][..]),
        ("worker leak", &[1]),
        ("worker banana", &[]),
        ("100% ok", &[1]),
        ("%", &[1]),
        ("web_2", &[2]),
        ("web-1", &[1]),
        ("web", &[2, 1]),
        ("b_1", &[]),
        ("'; DROP TABLE incident; --", &[]),
        ("\\", &[]),
        ("\0", &[2, 1]),
    ] {
        assert_eq!(
            found(HistoryFilter { text: Some(text.into()), ..any() }, 10).await,
            numbers,
            "{text:?}"
        );
    }
    for (subject, numbers) in [
        ("host:web-1", &[1][..]),
        ("host:web-12", &[]),
        ("service:", &[1]),
        ("DISK:", &[2]),
        ("var", &[]),
        ("%", &[]),
        ("", &[2, 1]),
    ] {
        assert_eq!(
            found(HistoryFilter { subject: Some(subject.into()), ..any() }, 10).await,
            numbers,
            "{subject:?}"
        );
    }
    assert_eq!(
        found(HistoryFilter { severity: Some(Severity::Warning), ..any() }, 10).await,
        [2, 1]
    );
    assert_eq!(
        found(HistoryFilter { severity: Some(Severity::Critical), ..any() }, 10).await,
        [0; 0]
    );
    assert_eq!(found(HistoryFilter { from: Some(at(2)), ..any() }, 10).await, [2]);
    assert_eq!(found(HistoryFilter { to: Some(at(2)), ..any() }, 10).await, [1]);
    assert_eq!(found(HistoryFilter { practice: Some(false), ..any() }, 10).await, [2, 1]);
    assert_eq!(found(HistoryFilter { practice: Some(true), ..any() }, 10).await, [0; 0]);
    // Others of its kind are real.
    let events = vec![opened(3, "practice:smith"), opened(4, "practice:practice")];
    write(&*store, 7, Actor::Agent, events).await.unwrap();
    assert_eq!(found(HistoryFilter { practice: Some(false), ..any() }, 10).await, [3, 2, 1]);
    assert_eq!(found(HistoryFilter { practice: Some(true), ..any() }, 10).await, [4]);
}

pub fn rollup(subject: &str, step: RollupStep, start: Timestamp, mean: f64) -> Rollup {
    Rollup {
        subject: subject.parse().unwrap(),
        signal: "queue.depth".parse().unwrap(),
        unit: Unit::Count,
        step,
        start,
        min: mean - 1.0,
        max: mean + 1.0,
        mean,
        last: mean,
        count: 1,
    }
}

pub async fn rollups_join_are_pruned_and_tell_what_is_usual(place: &Place) {
    let store = place.open().await;
    let now = Timestamp::from_secs(1_790_006_400);
    let (subject, signal) = ("service:imports".parse().unwrap(), "queue.depth".parse().unwrap());
    let minute = |mean| rollup("service:imports", RollupStep::Minute, now, mean);
    store.write_rollups(&[minute(1.0), minute(3.0)]).await.unwrap();
    store
        .write_rollups(&[
            Rollup { count: 2, max: 9.0, ..minute(5.0) },
            Rollup { mean: f64::NAN, ..minute(1.0) },
        ])
        .await
        .unwrap();
    let course = async |step, from: Timestamp, to: Timestamp| {
        store.rollups(&subject, &signal, step, from, to).await.unwrap()
    };
    let joined = course(RollupStep::Minute, now, now.plus(Span::from_mins(1))).await;
    assert_eq!(
        joined,
        [Rollup { min: 0.0, max: 9.0, mean: 3.5, last: 5.0, count: 4, ..minute(0.0) }]
    );
    assert_eq!(course(RollupStep::Minute, now.minus(Span::from_mins(9)), now).await, []);
    assert_eq!(store.recent_minutes(now, 9).await.unwrap(), joined);
    assert_eq!(store.recent_minutes(now.plus(Span::from_secs(1)), 9).await.unwrap(), []);
    assert_eq!(store.recent_minutes(now, 0).await.unwrap(), []);
    assert_eq!(course(RollupStep::Hour, now, now.plus(Span::from_mins(1))).await, []);

    let hours = |subject: &'static str, count: u64| {
        (0..count).map(move |hour| {
            let value = if hour == 0 { 1_000.0 } else { f64::from(u32::try_from(hour).unwrap()) };
            rollup(subject, RollupStep::Hour, now.minus(Span::from_mins(60 * hour)), value)
        })
    };
    store
        .write_rollups(
            &hours("service:imports", 6).chain(hours("service:mail", 5)).collect::<Vec<_>>(),
        )
        .await
        .unwrap();
    let usual = store.usual(now.minus(Span::from_mins(60 * 24))).await.unwrap();
    assert_eq!(usual, [(subject.clone(), signal.clone(), 3.5)]);
    assert_eq!(store.usual(now).await.unwrap(), []);

    // On the first day the minutes tell it, from half an hour on.
    let minutes = |subject: &'static str, count: u64| {
        (0..count).map(move |minute| {
            rollup(subject, RollupStep::Minute, now.minus(Span::from_mins(minute)), 7.0)
        })
    };
    store
        .write_rollups(
            &minutes("service:mail", 30).chain(minutes("service:new", 29)).collect::<Vec<_>>(),
        )
        .await
        .unwrap();
    let usual = store.usual(now.minus(Span::from_mins(60 * 24))).await.unwrap();
    assert_eq!(
        usual,
        [
            (subject.clone(), signal.clone(), 3.5),
            ("service:mail".parse().unwrap(), signal.clone(), 7.0)
        ]
    );

    let long_ago = |days: u64| now.minus(Span::from_mins(60 * 24 * days));
    store
        .write_rollups(&[
            rollup("service:imports", RollupStep::Minute, long_ago(91), 1.0),
            rollup("service:imports", RollupStep::Minute, long_ago(89), 1.0),
            rollup("service:imports", RollupStep::Hour, long_ago(91), 1.0),
            rollup("service:imports", RollupStep::Hour, long_ago(731), 1.0),
        ])
        .await
        .unwrap();
    let many = |index: u64| {
        rollup("service:many", RollupStep::Minute, long_ago(92).minus(Span::from_mins(index)), 1.0)
    };
    store.write_rollups(&(0..5_100).map(many).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(store.prune(now).await.unwrap(), 5_102);
    assert_eq!(course(RollupStep::Minute, long_ago(999), now).await.len(), 1);
    assert_eq!(course(RollupStep::Hour, long_ago(999), long_ago(2)).await.len(), 1);
}

pub async fn what_is_too_old_is_removed_in_parts_and_bundles_with_it(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    // More than two parts.
    let old: Vec<_> = (0..11_000)
        .map(|minute| {
            rollup("service:imports", RollupStep::Minute, at(-100 * 86_400 + 60 * minute), 1.0)
        })
        .collect();
    store.write_rollups(&old).await.unwrap();
    let resolved =
        Event::Resolved { incident: IncidentNumber(1), step: Step::PersonResolved, note: None };
    write(&*store, 10, Actor::Local, vec![resolved]).await.unwrap();
    // The first is resolved, the second is active, and the others are known to nobody any more.
    for number in 1..=502 {
        store.save_bundle(IncidentNumber(number), b"bundle").await.unwrap();
    }
    let kept = async || {
        store.bundle_numbers().await.unwrap().iter().map(|number| number.0).collect::<Vec<_>>()
    };
    assert_eq!(store.prune(at(20)).await.unwrap(), 11_000);
    assert_eq!(
        kept().await,
        (2..=502).collect::<Vec<_>>(),
        "more than the newest 500 only where the incident is active"
    );
    store.save_bundle(IncidentNumber(1), b"bundle").await.unwrap();
    place
        .attack("DELETE FROM bundle WHERE incident > 2", "DELETE FROM bundle WHERE incident > 2")
        .await
        .unwrap();
    let days = |days: i64| at(10 + days * 86_400);
    assert_eq!(store.prune(days(89)).await.unwrap(), 0);
    assert_eq!(kept().await, [1, 2]);
    assert_eq!(store.prune(days(91)).await.unwrap(), 0);
    assert_eq!(kept().await, [2]);
}

pub async fn a_second_program_that_serves_is_refused(place: &Place) {
    let first = place.open_alone().await.unwrap();
    let Err(refused) = place.open_alone().await else { panic!("two serve") };
    assert!(refused.to_string().starts_with("Another Calm Ops"), "{refused}");
    assert!(refused.to_string().contains("choose another"), "{refused}");
    // A command beside it works.
    assert_eq!(place.open().await.head().await.unwrap().1.number, 0);
    drop(first);
    place.open_alone().await.unwrap();
}

pub async fn a_newer_schema_stops_with_a_sentence(place: &Place) {
    drop(place.open().await);
    place
        .attack(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, X'00', 0)",
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, '\\x00', 0)",
        )
        .await
        .unwrap();
    let Err(refused) = server::store::open(&place.at).await else { panic!("it was opened") };
    assert!(refused.to_string().contains("newer Calm Ops (schema 9999)"), "{refused}");
}

/// Restores a backup in the form that had no blocks, into a file of its own.
async fn an_earlier_backup_is_proved(whole: &str, file: &std::path::Path) {
    let earlier = whole.replace("\"format\":2", "\"format\":1");
    let (mut lines, mut count) = (String::new(), 0);
    for line in earlier.lines().filter(|line| !line.starts_with("{\"end\"")) {
        if !line.starts_with("{\"block\"") {
            lines += &format!("{line}\n");
            count += usize::from(line.starts_with("{\"rollup\""));
        }
    }
    let hash = domain::hash::Hash(sha2::Sha256::digest(&lines).into());
    lines += &format!("{{\"end\":{{\"sha256\":\"{hash}\"}}}}\n");
    std::fs::write(file, lines).unwrap();
    let place = Place::sqlite();
    server::backup::restore(file, &place.at, at(60)).await.unwrap();
    let histories = histories(&*place.open().await).await;
    assert_eq!((histories[0].blocks.len(), histories[0].rollups.len(), count), (0, 1, 1));
}

/// The history of every series.
pub async fn histories(store: &dyn Archive) -> Vec<SeriesHistory> {
    let (mut all, mut after) = (Vec::new(), 0);
    while let Some((series, history)) = store.series_history(after).await.unwrap() {
        after = series;
        all.push(history);
    }
    all
}

/// Writes a backup of one database and restores it into another one.
pub async fn a_backup_moves_from_one_place_to_another(from: &Place, to: &Place) {
    use server::backup::{backup, restore};

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("backup.calm-ops");
    let store = from.open().await;
    fill(&*store).await;
    let now = Timestamp::from_secs(1_790_006_400);
    store
        .write_rollups(&[rollup("service:imports", RollupStep::Minute, now, 0.1 + 0.2)])
        .await
        .unwrap();
    let old = rollup("service:imports", RollupStep::Minute, now.minus(Span::from_mins(9_000)), 0.1);
    store.write_rollups(&[old]).await.unwrap();
    assert_eq!(store.as_past().pack(now, 9).await.unwrap(), 1);
    store.save_bundle(IncidentNumber(1), &[0, 255]).await.unwrap();
    let head = backup(&*store, &file).await.unwrap();
    assert_eq!(head.number, 8);
    assert!(
        backup(&*store, &file).await.unwrap_err().to_string().contains("already"),
        "a backup is not replaced"
    );

    // Damage of any kind is seen before anything is written.
    let whole = std::fs::read_to_string(&file).unwrap();
    let damaged = directory.path().join("damaged");
    let lines: Vec<&str> = whole.lines().collect();
    for text in [
        whole.replace("leak", "Leak"),
        whole[..whole.len() / 2].to_owned(),
        lines[..lines.len() - 1].join("\n") + "\n",
        whole.replace("\"format\":2", "\"format\":3"),
        lines
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != 3)
            .map(|(_, line)| format!("{line}\n"))
            .collect(),
        String::new(),
        "hello\n".to_owned(),
    ] {
        assert_ne!(text, whole);
        std::fs::write(&damaged, text).unwrap();
        restore(&damaged, &to.at, at(60)).await.unwrap_err();
    }

    an_earlier_backup_is_proved(&whole, &damaged).await;
    let restored = restore(&file, &to.at, at(60)).await.unwrap();
    assert_eq!((restored.backup, restored.head.number, &restored.kept), (head, 9, &None));
    let there = to.open().await;
    let report = verify(&*there, Some(head)).await.unwrap();
    assert_eq!((report.head, report.differing), (restored.head, vec![]));
    assert!(there.head().await.unwrap().0.epoch > store.head().await.unwrap().0.epoch);
    assert_eq!(
        there.stored_entries(0, 8).await.unwrap(),
        store.stored_entries(0, 8).await.unwrap()
    );
    assert_eq!(there.entries(8, 9).await.unwrap()[0].event, Some(Event::Restored { number: 8 }));
    assert_eq!(
        there.recent_incidents(at(0)).await.unwrap(),
        store.recent_incidents(at(0)).await.unwrap()
    );
    let leak = HistoryFilter { text: Some("leak".into()), ..HistoryFilter::default() };
    assert_eq!(there.history(&leak, 9).await.unwrap().len(), 1);
    assert_eq!(histories(&*there).await, histories(&*store).await);
    assert_eq!(histories(&*there).await[0].blocks.len(), 1);
    assert_eq!(there.bundle(IncidentNumber(1)).await.unwrap(), Some(vec![0, 255]));
    // And it goes on from there.
    write(
        &*there,
        99,
        Actor::Local,
        vec![Event::Commented { incident: IncidentNumber(2), text: "on".into() }],
    )
    .await
    .unwrap();
    verify(&*there, Some(restored.head)).await.unwrap();
}
