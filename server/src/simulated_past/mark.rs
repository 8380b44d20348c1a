//! The mark of generated data: the first entry of the journal, which nobody can take away.

use std::sync::Arc;

use domain::{
    actor::Actor,
    error::DatabaseFault,
    journal::{Entry, Event},
    time::Timestamp,
};
use wording::timeline::generated_notice;

use super::PastError;
use crate::store::{self, About, Archive, Change, Store, StoreError, Where};

/// The name of the simulation of a bad week.
pub(super) const WEEK: &str = "week";
/// More entries than a week has.
const MOST_OF_A_WEEK: u32 = 5_000;

/// Opens an empty database to fill it. One that holds something is only looked at: it is refused as it
/// is, and not brought up to date.
pub(super) async fn open_empty(place: &Where) -> Result<Arc<dyn Archive>, PastError> {
    let is_missing = matches!(place, Where::Sqlite { path } if !path.exists());
    if !is_missing {
        match store::open_to_read(place).await {
            Ok(found) => expect_empty(&*found).await?,
            Err(StoreError::Unavailable { fault: DatabaseFault::NoSchema, .. }) => {}
            Err(StoreError::Unavailable { fault: DatabaseFault::OlderSchema, .. }) => {
                return Err(PastError::NotEmpty);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let archive = store::open_to_fill(place).await?;
    // Another program may have filled it meanwhile.
    expect_empty(&*archive).await?;
    Ok(archive)
}

/// Refuses a database with a journal.
async fn expect_empty(store: &dyn Store) -> Result<(), PastError> {
    let Some(first) = store.entries(0, 1).await?.into_iter().next() else { return Ok(()) };
    Err(match first.event {
        Some(Event::DataGenerated { .. }) => PastError::Generated,
        _ => PastError::NotEmpty,
    })
}

/// Marks an empty database.
pub(super) async fn mark(
    store: &dyn Store,
    simulation: &str,
    seed: u64,
    at: Timestamp,
) -> Result<(), PastError> {
    let event = Event::DataGenerated { simulation: simulation.to_owned(), seed };
    let change = Change {
        at,
        actor: Actor::Local,
        about: About::Nothing,
        decide: Box::new(move |_| Ok(vec![event])),
        people: None,
        monitor: None,
    };
    store.change(change).await?;
    Ok(())
}

/// The notice about generated data, if the journal begins with their mark.
pub async fn notice(store: &dyn Store) -> Result<Option<String>, StoreError> {
    let first = store.entries(0, 1).await?.into_iter().next();
    let Some(Event::DataGenerated { simulation, seed }) = first.and_then(|entry| entry.event)
    else {
        return Ok(None);
    };
    let until = if simulation == WEEK {
        end_of_week(&store.entries(1, MOST_OF_A_WEEK).await?)
    } else {
        None
    };
    Ok(Some(generated_notice(&simulation, seed, until)))
}

/// The moment at which the monitor of a simulated week stopped, before any other one started.
fn end_of_week(entries: &[Entry]) -> Option<Timestamp> {
    let mut has_started = false;
    for entry in entries {
        match &entry.event {
            Some(Event::Stopped) => return Some(entry.at),
            Some(Event::Started { .. }) if has_started => return None,
            Some(Event::Started { .. }) => has_started = true,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(events: Vec<Event>) -> Vec<Entry> {
        let entry = |(number, event): (u64, Event)| Entry {
            number,
            at: Timestamp::from_micros(i64::try_from(number).unwrap()),
            actor: Actor::System,
            event: Some(event),
        };
        (2..).zip(events).map(entry).collect()
    }

    #[test]
    fn a_week_ends_where_its_own_monitor_stopped() {
        let started = || Event::Started { version: "1".to_owned() };
        let whole = entries(vec![started(), Event::Stopped, started(), Event::Stopped]);
        assert_eq!(end_of_week(&whole), Some(Timestamp::from_micros(3)));
        let interrupted = entries(vec![started(), started(), Event::Stopped]);
        assert_eq!(end_of_week(&interrupted), None);
    }
}
