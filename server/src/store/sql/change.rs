//! Changes: reads, decides and writes in one transaction.

use std::collections::{BTreeMap, btree_map};

use commands::{accounts::ends_links_of, practice::check_in_force, sharing::shown};
use domain::{
    error::{Conflict, Error},
    hash::Head,
    id::{IncidentNumber, ShareId},
    incident,
    journal::{Entry, Event, seal},
};

use super::{
    Connection, Database, access, calls, organizations,
    read::{active, load, lock_head, practice_in_force, set_meta, with_runs, written_after},
    redaction, shares,
    write::{salt, write_entry, write_incident, write_row},
};
use crate::store::{
    change::{About, Beside, Change},
    error::StoreError,
    rows,
};

/// The kinds of entries about the messages of an incident.
const MESSAGES: [&str; 3] =
    ["message_draft_saved", "message_draft_reviewed", "message_marked_sent"];
/// The kinds of entries about the review of an incident and its prevention steps. Ratings are not
/// among them: each stands for itself.
const REVIEWS: [&str; 4] =
    ["review_saved", "prevention_step_added", "prevention_step_done", "prevention_step_dropped"];

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
    check(&mut transaction, about).await?;
    let mut seen = match about {
        About::IncidentAndRuns(_) => with_runs(&mut transaction, at).await?,
        About::Practice { .. } => active(&mut transaction).await?,
        About::Nothing | About::Incident(_) | About::Messages { .. } | About::Review { .. } => {
            Vec::new()
        }
    };
    if let About::Incident(number)
    | About::IncidentAndRuns(number)
    | About::Messages { incident: number, .. }
    | About::Review { incident: number, .. } = about
    {
        let incident = load(&mut transaction, number).await?;
        seen.retain(|other| other.number != number);
        seen.extend(incident.clone());
        known.insert(number, incident);
    }
    let mut events = decide(&seen)?;
    if let Some(people) = people {
        let outcome = people(&access::roster(database, &mut transaction).await?)?;
        for account in outcome.events.iter().filter_map(ends_links_of) {
            events.extend(shares::ends_of_links(&mut transaction, account, at).await?);
        }
        events.extend(outcome.events);
        if let Some(account) = outcome.contacts_of {
            events.extend(calls::ends_of_contacts(&mut transaction, account).await?);
        }
        for row in &outcome.rows {
            write_row(&mut transaction, row).await?;
        }
    }
    // A link, and a contact, bears the number of the entry that tells of it.
    let share = u32::try_from(head.number + 1 + events.len() as u64)
        .map(ShareId)
        .unwrap_or(ShareId(u32::MAX));
    if let Beside::Share { incident, wanted, .. } = &beside {
        events.push(Event::ShareCreated {
            incident: *incident,
            share,
            until: wanted.until,
            audience: Some(wanted.audience),
            shows: shown(wanted.parts, wanted.hosts),
        });
    }
    events.extend(calls::event(&beside, share.0));
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
        carry_out(&mut transaction, &entry).await?;
        entries.push(entry);
    }
    if let Some(entry) = entries.last() {
        shares::write_share(&mut transaction, share, entry, &beside).await?;
    }
    calls::write(&mut transaction, &beside, share.0).await?;
    if let Some(monitor) = monitor {
        set_meta(&mut transaction, "monitor", &monitor).await?;
    }
    database.commit(transaction, head).await?;
    if entries.iter().any(|entry| matches!(entry.event, Some(Event::Redacted { .. }))) {
        database.scrub().await;
    }
    Ok(entries)
}

/// Refuses a change that was decided by what is not so any more.
async fn check(connection: &mut Connection, about: About) -> Result<(), StoreError> {
    match about {
        About::Messages { incident, after } => {
            if written_after(connection, (incident, after), &MESSAGES).await? {
                return Err(Error::from(Conflict::MessageChanged).into());
            }
        }
        About::Review { incident, after } => {
            if written_after(connection, (incident, after), &REVIEWS).await? {
                return Err(Error::from(Conflict::ReviewChanged).into());
            }
        }
        About::Practice { in_force } => {
            check_in_force(in_force, practice_in_force(connection).await?)?;
        }
        About::Nothing | About::Incident(_) | About::IncidentAndRuns(_) => {}
    }
    Ok(())
}

/// Carries out the rest of an entry in its transaction.
async fn carry_out(connection: &mut Connection, entry: &Entry) -> Result<(), StoreError> {
    organizations::carry_out(connection, entry).await?;
    match &entry.event {
        Some(Event::Redacted { entry: number, .. }) => redaction::redact(connection, *number).await,
        Some(Event::ShareRevoked { share, .. }) => {
            shares::revoke(connection, *share, entry.at).await
        }
        Some(event) => calls::carry_out(connection, event, entry).await,
        None => Ok(()),
    }
}
