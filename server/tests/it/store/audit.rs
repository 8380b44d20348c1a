//! Looking through the journal, redactions and share links, on every store.

use commands::{
    audit::{AuditAuthor, AuditFilter, AuditGroup},
    sharing::{Audience, Parts, Share, ShareRequest},
};
use domain::{
    actor::Actor,
    error::{Entity, Error},
    hash::{Hash, Head},
    id::{AccountId, ContactId, IncidentNumber, ShareId},
    incident::Incident,
    journal::Event,
    lifecycle::Step,
};
use server::{
    export::{Export, ExportError, prove},
    store::{About, Archive, Beside, Change, StoreError, verify::verify},
};

use crate::store::support::{Place, at, fill, opened, write};

async fn found(store: &dyn Archive, filter: AuditFilter) -> Vec<u64> {
    store
        .as_trail()
        .trail(&filter, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|(entry, _)| entry.number)
        .collect()
}

pub async fn the_trail_is_filtered_and_paged(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    write(
        &*store,
        9,
        Actor::System,
        vec![Event::SubjectRetired { subject: "disk:/mnt/a\"b%@web-1".parse().unwrap() }],
    )
    .await
    .unwrap();
    let all = AuditFilter::default;
    assert_eq!(found(&*store, all()).await, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(
        found(&*store, AuditFilter { actor: Some(Actor::Local.into()), ..all() }).await,
        [8, 7, 6, 5]
    );
    assert_eq!(found(&*store, AuditFilter { kind: Some("commented".into()), ..all() }).await, [6]);
    assert_eq!(
        found(&*store, AuditFilter { incident: Some(IncidentNumber(2)), ..all() }).await,
        [3]
    );
    assert_eq!(
        found(&*store, AuditFilter { from: Some(at(2)), to: Some(at(5)), ..all() }).await,
        [6, 5, 4]
    );
    assert_eq!(
        found(&*store, AuditFilter { before: Some(4), actor: Some(Actor::Agent.into()), ..all() })
            .await,
        [3, 2]
    );
    let about =
        |subject: &str| AuditFilter { subject: Some(subject.into()), ..AuditFilter::default() };
    assert_eq!(found(&*store, about("disk:/var")).await, [3]);
    assert_eq!(found(&*store, about("SERVICE:imports")).await, [8, 7, 6, 5, 4, 2]);
    assert_eq!(
        found(&*store, about("disk:/mnt/a\"b%")).await,
        [9],
        "its own entry, whatever its name holds"
    );
    assert_eq!(
        found(&*store, about("disk:/mnt/a_")).await,
        [] as [u64; 0],
        "nothing in it is a pattern"
    );
    assert_eq!(
        found(&*store, AuditFilter { kind: Some("' OR 1=1 --".into()), ..all() }).await,
        [] as [u64; 0]
    );
    let page = store.as_trail().trail(&all(), 2).await.unwrap();
    let stored = store.stored_entries(6, 3).await.unwrap();
    assert_eq!(
        page,
        [(stored[2].clone(), Some(stored[1].hash)), (stored[1].clone(), Some(stored[0].hash)),]
    );
    let first = AuditFilter { before: Some(2), ..all() };
    let first = store.as_trail().trail(&first, 2).await.unwrap();
    assert_eq!((first.len(), first[0].1), (1, Some(Hash::GENESIS)));
    assert_eq!(
        store.as_trail().stored_entry(4).await.unwrap(),
        store.stored_entries(3, 1).await.unwrap().pop()
    );
    assert_eq!(store.as_trail().stored_entry(99).await.unwrap(), None);
    assert_eq!(store.as_trail().first_since(at(2)).await.unwrap(), Some(4));
    assert_eq!(store.as_trail().first_since(at(99)).await.unwrap(), None);
}

pub async fn a_group_of_kinds_is_found_with_whatever_else_narrows(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let document = Event::DocumentInForce {
        name: "alerts/thresholds.md".into(),
        sha256: "00".repeat(32),
        difference: String::new(),
    };
    let left = Event::ContactSet { account: AccountId(1), contact: ContactId(1) };
    write(&*store, 9, Actor::System, vec![document]).await.unwrap();
    write(&*store, 10, Actor::Account(AccountId(1)), vec![left]).await.unwrap();
    let of = |group| AuditFilter { group: Some(group), ..AuditFilter::default() };
    for (group, numbers) in [
        (AuditGroup::Decisions, &[8, 7, 5][..]),
        (AuditGroup::Incidents, &[8, 7, 6, 5, 4, 3, 2]),
        (AuditGroup::People, &[10]),
        (AuditGroup::Changes, &[9]),
    ] {
        assert_eq!(found(&*store, of(group)).await, numbers, "{group}");
    }
    let narrowed = AuditFilter {
        incident: Some(IncidentNumber(1)),
        actor: Some(Actor::Agent.into()),
        before: Some(4),
        ..of(AuditGroup::Incidents)
    };
    assert_eq!(found(&*store, narrowed).await, [2]);
    let contradiction = AuditFilter { kind: Some("commented".into()), ..of(AuditGroup::People) };
    assert_eq!(found(&*store, contradiction).await, [] as [u64; 0]);
    // Calm Ops is one author, whichever part of it wrote.
    let calm_ops = AuditFilter { actor: Some(AuditAuthor::CalmOps), ..AuditFilter::default() };
    assert_eq!(found(&*store, calm_ops).await, [9, 4, 3, 2, 1]);
}

async fn exported(store: &dyn Archive, after: u64) -> String {
    let mut export = Export::after(store, after).await.unwrap();
    let mut text = String::new();
    while let Some(lines) = export.next(store).await.unwrap() {
        text.push_str(&lines);
    }
    text
}

pub async fn an_export_proves_what_the_database_holds(place: &Place) {
    let store = place.open().await;
    assert_eq!(exported(&*store, 0).await, "");
    fill(&*store).await;
    let (_, head) = store.head().await.unwrap();
    let text = exported(&*store, 0).await;
    assert_eq!(text.lines().count(), 8);
    let proved = prove(text.as_bytes(), Some(head)).unwrap();
    assert_eq!(
        (proved.first, proved.head, proved.redacted, proved.unexplained),
        (1, head, 0, vec![])
    );
    // A part of it proves itself, and a head inside of it or just before it.
    let part = exported(&*store, 5).await;
    assert!(text.ends_with(&part));
    let before = Head { number: 5, hash: store.stored_entries(4, 1).await.unwrap()[0].hash };
    assert_eq!(prove(part.as_bytes(), Some(before)).unwrap().first, 6);
    assert!(matches!(
        prove(part.as_bytes(), Some(Head { number: 4, hash: before.hash })),
        Err(ExportError::Before { first: 6, noted: 4 })
    ));
    assert_eq!(exported(&*store, 8).await, "");
    assert_eq!(exported(&*store, 500).await, "");
    let said = |text: &str, noted| prove(text.as_bytes(), noted).unwrap_err().to_string();
    // The same words as for the database.
    let line = |number: usize| text.lines().nth(number - 1).unwrap().to_owned() + "\n";
    assert_eq!(
        said(&text.replace(&line(3), ""), None),
        "line 3: entry 3 is missing: entry 4 follows entry 2"
    );
    assert_eq!(
        said(&text.replace(&line(3), &(line(3) + &line(3))), None),
        "line 4: entry 3 was inserted or moved: entry 4 should be there"
    );
    assert_eq!(
        said(&text.replace("Restarted", "Destroyed"), None),
        "line 6: entry 6: its payload was changed"
    );
    assert_eq!(
        said(&text.replacen("\"actor\":\"local\"", "\"actor\":\"agent\"", 1), None),
        "line 5: entry 5 was changed or replaced"
    );
    assert_eq!(
        said(&text.replace(&line(8), ""), Some(head)),
        "line 8: entries 8 to 8 are missing at the end"
    );
    let other = Head { number: 4, hash: head.hash };
    assert!(said(&text, Some(other)).contains("was noted: the journal was rewritten up to there"));
    assert!(said(&text[..text.len() - 1], None).starts_with("line 8: it is cut off"));
    assert!(said(&text[..text.len() - 30], None).starts_with("line 8: it is cut off"));
    assert!(said(&format!("{}garbage\n", line(1)), None).starts_with("line 2: expected value"));
    assert!(said("\n", None).starts_with("line 1: "));
    assert_eq!(said("", None), "the file contains no entry");
}

pub async fn a_line_without_end_is_refused_before_it_is_held(_: &Place) {
    let endless = std::io::BufReader::new(std::io::Read::take(std::io::repeat(b'x'), 1 << 30));
    let said = prove(endless, None).unwrap_err().to_string();
    assert!(said.starts_with("line 1: it is longer than 16777216 bytes"), "{said}");
}

fn removal(entry: u64) -> Vec<Event> {
    vec![Event::Redacted {
        entry,
        reason: "a password".into(),
        message: None,
        step: None,
        window: None,
    }]
}

pub async fn a_redaction_takes_the_words_everywhere_and_the_journal_verifies(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let one = IncidentNumber(1);
    let secret = "hunter2-Zq9";
    let comment = |text: &str| Event::Commented { incident: one, text: text.into() };
    write(&*store, 7, Actor::Local, vec![comment(secret), comment("kept words")]).await.unwrap();
    let note = Some(format!("it was {secret}"));
    let resolved = Event::Resolved { incident: one, step: Step::PersonResolved, note };
    write(&*store, 8, Actor::Local, vec![resolved]).await.unwrap();
    store.save_bundle(one, secret.as_bytes()).await.unwrap();
    let noted = verify(&*store, None).await.unwrap().head;
    let looks = async |text: &str| {
        let filter = commands::reading::HistoryFilter {
            text: Some(text.into()),
            ..commands::reading::HistoryFilter::default()
        };
        store.history(&filter, 10).await.unwrap().len()
    };
    assert_eq!((looks(secret).await, looks("kept").await, looks("leak").await), (1, 1, 1));
    assert_eq!((noted.number, store.entries(10, 1).await.unwrap()[0].event.is_some()), (11, true));

    write(&*store, 20, Actor::Local, removal(9)).await.unwrap();
    write(&*store, 21, Actor::Local, removal(11)).await.unwrap();
    assert_eq!((looks(secret).await, looks("kept").await, looks("leak").await), (0, 1, 1));
    let incident = store.incident(one).await.unwrap().unwrap();
    assert_eq!(incident.resolution.as_ref().unwrap().note, None);
    assert_eq!(incident.updated_at, at(8), "nothing else of it changed");
    assert!(!incident.is_active());
    assert_eq!(store.bundle(one).await.unwrap(), None);
    for number in [9, 11] {
        let stored = store.as_trail().stored_entry(number).await.unwrap().unwrap();
        assert_eq!((stored.payload, stored.actor.as_str()), (None, "local"));
        assert_eq!(store.entries(number - 1, 1).await.unwrap()[0].event, None);
    }
    let report = verify(&*store, Some(noted)).await.unwrap();
    assert_eq!((report.redacted, report.unexplained, report.differing), (2, vec![], vec![]));
    let text = exported(&*store, 0).await;
    assert!(!text.contains(secret));
    let proved = prove(text.as_bytes(), Some(noted)).unwrap();
    assert_eq!((proved.redacted, proved.unexplained), (2, vec![]));

    // Once is enough, and what is no entry can't be removed; both leave nothing behind.
    let head = store.head().await.unwrap();
    for entry in [9, 500] {
        assert!(matches!(
            write(&*store, 22, Actor::Local, removal(entry)).await,
            Err(StoreError::Refused(Error::Conflict(_)))
        ));
    }
    // Nor can what says who decided, whoever asks the store.
    assert!(write(&*store, 22, Actor::Local, removal(1)).await.is_err());
    assert_eq!(store.head().await.unwrap(), head);

    // After a restore from what is left, what was ended is still ended.
    let directory = tempfile::tempdir().unwrap();
    let (file, other) = (directory.path().join("backup"), directory.path().join("restored.db"));
    server::backup::backup(&*store, &file).await.unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains(secret));
    let place = server::store::Where::Sqlite { path: other };
    server::backup::restore(&file, &place, at(60)).await.unwrap();
    let restored = server::store::open_archive(&place).await.unwrap();
    let again = restored.incident(one).await.unwrap().unwrap();
    assert_eq!((again.is_active(), again.resolution), (false, incident.resolution));
    assert_eq!(verify(&*restored, Some(noted)).await.unwrap().unexplained, [] as [u64; 0]);
}

pub async fn content_that_vanished_without_a_word_is_named(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let statement = "UPDATE journal SET payload = NULL, salt = NULL WHERE number = 6";
    place.attack(statement, statement).await.unwrap();
    assert_eq!(verify(&*store, None).await.unwrap().unexplained, [6]);
    assert_eq!(prove(exported(&*store, 0).await.as_bytes(), None).unwrap().unexplained, [6]);
    // What says who decided is guarded by the database itself.
    for number in [1, 2, 5, 7] {
        let statement =
            format!("UPDATE journal SET payload = NULL, salt = NULL WHERE number = {number}");
        assert_eq!(place.attack(&statement, &statement).await.is_err(), number != 7, "{number}");
    }
}

fn wanted(label: &str) -> ShareRequest {
    ShareRequest {
        label: label.into(),
        until: at(100),
        audience: Audience::Manager,
        parts: Parts { summary: true, timeline: false, now: true },
        hosts: true,
    }
}

async fn share(store: &dyn Archive, label: &str, token_hash: Hash) -> Result<ShareId, StoreError> {
    let one = IncidentNumber(1);
    let decide = Box::new(|known: &[Incident]| {
        if known.is_empty() {
            Err(Error::NotFound(Entity::Incident(IncidentNumber(1))))
        } else {
            Ok(vec![])
        }
    });
    let change = Change {
        at: at(10),
        actor: Actor::Local,
        about: About::Incident(one),
        decide,
        people: None,
        monitor: None,
    };
    let entries = store
        .as_trail()
        .change_with(change, Beside::Share { incident: one, wanted: wanted(label), token_hash })
        .await?;
    let Some(Event::ShareCreated { share, until, .. }) = entries.last().unwrap().event else {
        panic!("another entry")
    };
    assert_eq!((u64::from(share.0), until), (entries.last().unwrap().number, at(100)));
    Ok(share)
}

pub async fn a_share_link_opens_until_its_end_or_until_it_is_ended(place: &Place) {
    let store = place.open().await;
    let (token, other) = (Hash([7; 32]), Hash([8; 32]));
    assert!(matches!(share(&*store, "none", token).await, Err(StoreError::Refused(_))));
    fill(&*store).await;
    let id = share(&*store, "Support", token).await.unwrap();
    let second = share(&*store, "The board", other).await.unwrap();
    assert!(share(&*store, "the same token", token).await.is_err());
    let trail = store.as_trail();
    let expected = Share {
        id,
        incident: IncidentNumber(1),
        label: "Support".into(),
        audience: Audience::Manager,
        parts: Parts { summary: true, timeline: false, now: true },
        hosts: true,
        made_by: Actor::Local,
        made_at: at(10),
        until: at(100),
        revoked_at: None,
        last_used_at: None,
        views: 0,
    };
    assert_eq!(trail.opened_by(token, at(99)).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(trail.share(id).await.unwrap(), Some(expected));
    let listed: Vec<ShareId> = trail
        .shares(IncidentNumber(1), 10)
        .await
        .unwrap()
        .into_iter()
        .map(|share| share.id)
        .collect();
    assert_eq!(listed, [second, id]);
    assert_eq!(trail.shares(IncidentNumber(2), 10).await.unwrap(), []);
    trail.share_used(id, at(20), true).await.unwrap();
    trail.share_used(id, at(30), false).await.unwrap();
    let used = trail.share(id).await.unwrap().unwrap();
    assert_eq!((used.last_used_at, used.views), (Some(at(30)), 1));
    // Unknown, over, ended: nothing, by the same look-up.
    assert_eq!(trail.opened_by(Hash([9; 32]), at(99)).await.unwrap(), None);
    assert_eq!(trail.opened_by(token, at(100)).await.unwrap(), None);
    let end = || vec![Event::ShareRevoked { incident: IncidentNumber(1), share: id }];
    write(&*store, 40, Actor::Local, end()).await.unwrap();
    assert_eq!(trail.opened_by(token, at(41)).await.unwrap(), None);
    assert_eq!(trail.share(id).await.unwrap().unwrap().revoked_at, Some(at(40)));
    assert!(matches!(
        write(&*store, 41, Actor::Local, end()).await,
        Err(StoreError::Refused(Error::Conflict(_)))
    ));
    // To share is not to act on the incident.
    let incident = store.incident(IncidentNumber(1)).await.unwrap().unwrap();
    assert_eq!(incident.updated_at, at(6));
    let report = verify(&*store, None).await.unwrap();
    assert_eq!((report.head.number, report.differing), (11, vec![]));
}

/// The use of a filter's index: prints how long a page takes in a long journal.
pub async fn measure(place: &Place) {
    let store = place.open().await;
    write(&*store, 0, Actor::Agent, vec![opened(1, "host:web-1")]).await.unwrap();
    for turn in 0..200 {
        let events =
            (0..500).map(|_| Event::ResolutionOffered { incident: IncidentNumber(1) }).collect();
        write(&*store, turn, Actor::Agent, events).await.unwrap();
        if turn == 100 {
            write(
                &*store,
                turn,
                Actor::Local,
                vec![Event::Commented { incident: IncidentNumber(1), text: "one".into() }],
            )
            .await
            .unwrap();
        }
    }
    for filter in [
        AuditFilter::default(),
        AuditFilter { kind: Some("commented".into()), ..AuditFilter::default() },
        AuditFilter { actor: Some(Actor::Local.into()), ..AuditFilter::default() },
        AuditFilter { from: Some(at(100)), to: Some(at(101)), ..AuditFilter::default() },
        AuditFilter { subject: Some("host:nowhere".into()), ..AuditFilter::default() },
        AuditFilter { group: Some(AuditGroup::Incidents), ..AuditFilter::default() },
        AuditFilter { group: Some(AuditGroup::Changes), ..AuditFilter::default() },
    ] {
        let began = std::time::Instant::now();
        let found = store.as_trail().trail(&filter, 51).await.unwrap().len();
        println!("{found} entries in {:?}: {filter:?}", began.elapsed());
    }
    let began = std::time::Instant::now();
    let report = verify(&*store, None).await.unwrap();
    println!("{} entries verified in {:?}", report.head.number, began.elapsed());
    let began = std::time::Instant::now();
    println!("{} bytes exported in {:?}", exported(&*store, 0).await.len(), began.elapsed());
}
