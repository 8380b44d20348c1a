//! The mark of generated data: the first entry of the journal, which nobody can take away.

use domain::{actor::Actor, journal::Event, time::Timestamp};
use wording::timeline::generated;

use super::PastError;
use crate::store::{About, Change, Store, StoreError};

/// Marks an empty database; one with a journal is refused.
pub(super) async fn mark(
    store: &dyn Store,
    simulation: &str,
    seed: u64,
    at: Timestamp,
) -> Result<(), PastError> {
    if store.head().await?.1.number != 0 {
        return Err(PastError::NotEmpty);
    }
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
