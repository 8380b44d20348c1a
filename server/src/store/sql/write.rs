//! How a change is written. Like `shared.rs` it is compiled once for each database.

use std::collections::{BTreeMap, btree_map};

use commands::accounts::{Accounts, Row as RosterRow, ends_links_of};
use domain::{
    hash::Head,
    id::{IncidentNumber, ShareId},
    incident::{self, Incident},
    journal::{Entry, Event, StoredEntry, seal},
    time::Timestamp,
};
use sqlx::Row as _;

use super::{
    super::{
        About, Change, StoreError,
        rows::{self, IncidentRow},
        trail::Beside,
    },
    Connection, Database,
    shared::{bound, load, lock_head, set_meta, with_runs},
    shared_calls, shared_trail,
};

pub(super) fn salt() -> Result<Vec<u8>, StoreError> {
    let mut salt = vec![0; 16];
    getrandom::fill(&mut salt).map_err(|error| {
        StoreError::trouble(format!("The system gives no randomness: {error}."))
    })?;
    Ok(salt)
}

pub(super) async fn write_incident(
    connection: &mut Connection,
    incident: &Incident,
    remarks: &str,
) -> Result<(), StoreError> {
    let row = IncidentRow::new(incident)?;
    sqlx::query(
        "INSERT INTO incident (number, id, severity, state, cause, headline, opened_at, updated_at, resolved_at, may_run_until, subjects, search, body,
                               remarks)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (number) DO UPDATE SET severity = excluded.severity, state = excluded.state, cause = excluded.cause,
             headline = excluded.headline, updated_at = excluded.updated_at, resolved_at = excluded.resolved_at,
             may_run_until = excluded.may_run_until, subjects = excluded.subjects, search = excluded.search, body = excluded.body,
             remarks = incident.remarks || excluded.remarks",
    )
    .bind(row.number)
    .bind(row.id)
    .bind(row.severity)
    .bind(row.state)
    .bind(row.cause)
    .bind(row.headline)
    .bind(row.opened_at)
    .bind(row.updated_at)
    .bind(row.resolved_at)
    .bind(row.may_run_until)
    .bind(row.subjects)
    .bind(row.search)
    .bind(row.body)
    .bind(remarks)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn write_entry(
    connection: &mut Connection,
    entry: &StoredEntry,
) -> Result<(), StoreError> {
    let (salt, payload) =
        entry.payload.as_ref().map(|(salt, payload)| (salt.as_slice(), payload.as_slice())).unzip();
    sqlx::query(
        "INSERT INTO journal (number, at_micros, actor, kind, incident, payload_hash, hash, salt, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(bound(entry.number))
    .bind(entry.at_micros)
    .bind(&entry.actor)
    .bind(&entry.kind)
    .bind(entry.incident.map(i64::from))
    .bind(&entry.payload_hash.0[..])
    .bind(&entry.hash.0[..])
    .bind(salt)
    .bind(payload)
    .execute(connection)
    .await?;
    Ok(())
}

/// Everyone who is or was here, as far as this transaction sees.
pub(super) async fn roster(connection: &mut Connection) -> Result<Accounts, StoreError> {
    let rows = sqlx::query("SELECT kind, id, body, seen FROM roster ORDER BY kind, id")
        .fetch_all(connection)
        .await?;
    let mut roster = Accounts::default();
    for row in &rows {
        let (kind, id): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
        let seen: Option<i64> = row.try_get(3)?;
        roster.take(kind, row.try_get(2)?, seen.map(Timestamp::from_micros)).map_err(|error| {
            StoreError::inconsistent("roster", format_args!("{kind} {id}"), error)
        })?;
    }
    Ok(roster)
}

pub(super) async fn write_row(
    connection: &mut Connection,
    row: &RosterRow,
) -> Result<(), StoreError> {
    let (kind, id) = (row.kind(), i64::from(row.id()));
    let body = row
        .body()
        .map_err(|error| StoreError::inconsistent("roster", format_args!("{kind} {id}"), error))?;
    let Some(body) = body else {
        sqlx::query("DELETE FROM roster WHERE kind = $1 AND id = $2")
            .bind(kind)
            .bind(id)
            .execute(connection)
            .await?;
        return Ok(());
    };
    // When it was seen is not decided here: it only begins here.
    sqlx::query(
        "INSERT INTO roster (kind, id, body, seen) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
    )
    .bind(kind)
    .bind(id)
    .bind(body)
    .bind(row.seen_at().map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}

/// A change, with what is written beside it.
pub(super) async fn change(
    database: &Database,
    change: Change,
    beside: Beside,
) -> Result<Vec<Entry>, StoreError> {
    let Change { at, actor, about, decide, people, monitor } = change;
    let mut transaction = database.begin().await?;
    let mut head = lock_head(&mut transaction).await?;
    let mut known = BTreeMap::new();
    let mut seen = if let About::IncidentAndRuns(_) = about {
        with_runs(&mut transaction, at).await?
    } else {
        Vec::new()
    };
    if let About::Incident(number) | About::IncidentAndRuns(number) = about {
        let incident = load(&mut transaction, number).await?;
        seen.retain(|other| other.number != number);
        seen.extend(incident.clone());
        known.insert(number, incident);
    }
    let mut events = decide(&seen)?;
    if let Some(people) = people {
        let outcome = people(&roster(&mut transaction).await?)?;
        for account in outcome.events.iter().filter_map(ends_links_of) {
            events.extend(shared_trail::ends_of_links(&mut transaction, account, at).await?);
        }
        events.extend(outcome.events);
        for row in &outcome.rows {
            write_row(&mut transaction, row).await?;
        }
    }
    // A link, and a contact, bears the number of the entry that tells of it.
    let share = u32::try_from(head.number + 1 + events.len() as u64)
        .map(ShareId)
        .unwrap_or(ShareId(u32::MAX));
    if let Beside::Share { incident, wanted, .. } = &beside {
        events.push(Event::ShareCreated { incident: *incident, share, until: wanted.until });
    }
    events.extend(shared_calls::event(&beside, share.0));
    let mut touched: BTreeMap<IncidentNumber, String> = BTreeMap::new();
    for event in &events {
        let Some(number) = event.incident() else { continue };
        let incident = match known.entry(number) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(place) => place.insert(load(&mut transaction, number).await?),
        };
        incident::apply(incident, event, actor, at)?;
        touched.entry(number).or_default().push_str(&rows::remark(event).unwrap_or_default());
    }
    for (number, remarks) in &touched {
        if let Some(Some(incident)) = known.get(number) {
            write_incident(&mut transaction, incident, remarks).await?;
        }
    }
    let mut entries = Vec::with_capacity(events.len());
    for event in events {
        let sealed = seal(head, at, actor, &event, salt()?)
            .map_err(|error| StoreError::inconsistent("journal", head.number + 1, error))?;
        write_entry(&mut transaction, &sealed).await?;
        head = Head { number: sealed.number, hash: sealed.hash };
        let entry = Entry { number: sealed.number, at, actor, event: Some(event) };
        shared_trail::carry_out(&mut transaction, &entry).await?;
        if let Some(event) = &entry.event {
            shared_calls::carry_out(&mut transaction, event).await?;
        }
        entries.push(entry);
    }
    if let Some(entry) = entries.last() {
        shared_trail::write_share(&mut transaction, share, entry, &beside).await?;
    }
    shared_calls::write(&mut transaction, &beside, share.0).await?;
    if let Some(monitor) = monitor {
        set_meta(&mut transaction, "monitor", &monitor).await?;
    }
    database.commit(transaction, head).await?;
    if entries.iter().any(|entry| matches!(entry.event, Some(Event::Redacted { .. }))) {
        database.scrub().await;
    }
    Ok(entries)
}
