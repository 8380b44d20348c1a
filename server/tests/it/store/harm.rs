//! The harm that someone with the file or the database's password could do to the journal.

use domain::{actor::Actor, hash::Head, id::IncidentNumber, journal::Event};
use server::store::verify::verify;

use crate::store::support::{Place, fill, write};

pub async fn the_database_refuses_to_change_the_journal(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let before = verify(&*store, None).await.unwrap();
    let zeros = "00".repeat(32);
    let again = |verb: &str, number: u32, bytes: &str, end: &str| {
        format!(
            "{verb} INTO journal (number, at_micros, actor, kind, payload_hash, hash) \
             VALUES ({number}, 0, 'local', 'started', {bytes}'{zeros}', {bytes}'{zeros}') {end}"
        )
    };
    let both = |statement: &str| (statement.to_owned(), statement.to_owned());
    let upsert = "ON CONFLICT (number) DO UPDATE SET actor = 'local'";
    for (sqlite, postgres) in [
        both("UPDATE journal SET actor = 'agent' WHERE number = 4"),
        both("UPDATE journal SET at_micros = at_micros + 1 WHERE number = 4"),
        both("UPDATE journal SET number = 99 WHERE number = 4"),
        both("UPDATE journal SET payload = NULL, salt = NULL, actor = 'agent' WHERE number = 5"),
        both("UPDATE journal SET payload = NULL WHERE number = 5"),
        both("DELETE FROM journal WHERE number = 8"),
        both("DELETE FROM journal"),
        both("DELETE FROM journal_head"),
        both("UPDATE journal_head SET number = 3"),
        both("UPDATE journal_head SET number = number + 1"),
        (again("INSERT", 4, "X", ""), again("INSERT", 4, "", "").replace("'00", "'\\x00")),
        (again("INSERT", 12, "X", ""), again("INSERT", 12, "", "").replace("'00", "'\\x00")),
        (again("INSERT", 4, "X", upsert), again("INSERT", 4, "", upsert).replace("'00", "'\\x00")),
        (again("INSERT OR REPLACE", 4, "X", ""), "TRUNCATE journal".to_owned()),
        (again("INSERT OR IGNORE", 4, "X", ""), "TRUNCATE journal_head".to_owned()),
        (
            format!("INSERT OR REPLACE INTO journal_head VALUES (1, 2, X'{zeros}')"),
            "TRUNCATE journal CASCADE".to_owned(),
        ),
        (
            "UPDATE OR REPLACE journal SET number = 3 WHERE number = 4".to_owned(),
            "DELETE FROM ONLY journal".to_owned(),
        ),
    ] {
        assert!(place.attack(&sqlite, &postgres).await.is_err(), "{sqlite} / {postgres}");
        assert_eq!(verify(&*store, None).await.unwrap(), before, "{sqlite} / {postgres}");
    }
    // The one change that is allowed: a redaction, which verification reports.
    let redaction = "UPDATE journal SET payload = NULL, salt = NULL WHERE number = 6";
    place.attack(redaction, redaction).await.unwrap();
    let report = verify(&*store, Some(before.head)).await.unwrap();
    assert_eq!((report.head, report.redacted, report.differing), (before.head, 1, vec![]));
    assert_eq!(store.entries(5, 1).await.unwrap()[0].event, None);
    write(
        &*store,
        9,
        Actor::Local,
        vec![Event::Commented { incident: IncidentNumber(1), text: "on".into() }],
    )
    .await
    .unwrap();
}

/// Each kind of harm with the guards taken away, and what verification says about it.
pub const HARMS: [(&str, &str); 13] = [
    ("UPDATE journal SET actor = 'agent' WHERE number = 5", "entry 5 was changed"),
    ("UPDATE journal SET kind = 'stopped' WHERE number = 1", "entry 1 was changed"),
    ("UPDATE journal SET at_micros = at_micros + 1 WHERE number = 8", "entry 8 was changed"),
    ("UPDATE journal SET incident = 2 WHERE number = 5", "entry 5 was changed"),
    (
        "UPDATE journal SET payload = (SELECT payload FROM journal WHERE number = 3) WHERE number = 2",
        "entry 2: its payload was changed",
    ),
    (
        "UPDATE journal SET salt = (SELECT salt FROM journal WHERE number = 3) WHERE number = 2",
        "entry 2: its payload was changed",
    ),
    (
        "UPDATE journal SET hash = (SELECT hash FROM journal WHERE number = 3) WHERE number = 2",
        "entry 2 was changed",
    ),
    ("DELETE FROM journal WHERE number = 3", "entry 3 is missing: entry 4 follows entry 2"),
    ("DELETE FROM journal WHERE number >= 7", "entries 7 to 8 are missing at the end"),
    ("DELETE FROM journal", "entries 1 to 8 are missing at the end"),
    (
        "INSERT INTO journal SELECT 9, at_micros, actor, kind, incident, payload_hash, hash, salt, payload FROM journal WHERE number = 8",
        "entry 9 was changed or replaced",
    ),
    (
        "UPDATE journal SET number = 100 WHERE number = 4; UPDATE journal SET number = 4 WHERE number = 5; \
         UPDATE journal SET number = 5 WHERE number = 100",
        "entry 4 was changed",
    ),
    (
        "DELETE FROM journal WHERE number > 6; UPDATE journal_head SET number = 6, hash = (SELECT hash FROM journal WHERE number = 6)",
        "entries 7 to 8 are missing at the end",
    ),
];

pub async fn harm_is_named(place: &Place, (statement, named): (&str, &str)) {
    let store = place.open().await;
    fill(&*store).await;
    let noted: Head = verify(&*store, None).await.unwrap().head;
    place.harm(statement).await;
    let error = verify(&*store, Some(noted)).await.expect_err(statement).to_string();
    assert!(error.contains(named), "{statement}: {error}");
}
