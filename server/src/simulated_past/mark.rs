//! The mark of generated data: the first entry of the journal, which nobody can take away.

use std::sync::Arc;

use domain::{actor::Actor, error::DatabaseFault, journal::Event, time::Timestamp};

use super::PastError;
use crate::{
    generated::is_mark,
    store::{self, About, Archive, Change, Store, StoreError, Where},
};

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
    Err(if is_mark(&first) { PastError::Generated } else { PastError::NotEmpty })
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
