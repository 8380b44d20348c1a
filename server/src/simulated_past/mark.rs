//! The mark of generated data: the first entry of the journal, which nobody can take away.

use domain::{actor::Actor, journal::Event, time::Timestamp};
use wording::timeline::generated;

use super::PastError;
use crate::store::{About, Change, Store, StoreError};

/// Refuses a database with a journal.
pub(super) async fn expect_empty(store: &dyn Store) -> Result<(), PastError> {
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

/// The sentence about generated data, if the journal begins with their mark.
pub async fn notice(store: &dyn Store) -> Result<Option<String>, StoreError> {
    let first = store.entries(0, 1).await?.into_iter().next();
    Ok(first.and_then(|entry| match entry.event? {
        Event::DataGenerated { simulation, seed } => Some(generated(&simulation, seed)),
        _ => None,
    }))
}
