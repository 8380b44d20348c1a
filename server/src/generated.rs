//! The mark of generated data: the first entry of a journal that a simulated past began.

use domain::{
    journal::{Entry, Event},
    time::Timestamp,
};
use wording::generated::{self as words, End};

use crate::store::{Store, StoreError};

/// The name of the simulation of a bad week.
pub(crate) const WEEK: &str = "week";
/// More entries than a week has.
const MOST_OF_A_WEEK: u32 = 5_000;

/// True for the entry that marks generated data.
pub(crate) const fn is_mark(first: &Entry) -> bool {
    matches!(first.event, Some(Event::DataGenerated { .. }))
}

/// True if the journal begins with generated data.
pub async fn is_generated(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(store.entries(0, 1).await?.first().is_some_and(is_mark))
}

/// The notice about generated data, if the journal begins with their mark.
pub async fn notice(store: &dyn Store) -> Result<Option<String>, StoreError> {
    let first = store.entries(0, 1).await?.into_iter().next();
    let Some(Event::DataGenerated { simulation, seed }) = first.and_then(|entry| entry.event)
    else {
        return Ok(None);
    };
    let end = if simulation == WEEK {
        let end = end_of_week(&store.entries(1, MOST_OF_A_WEEK).await?);
        end.map_or(End::Interrupted, End::At)
    } else {
        End::FirstStart
    };
    Ok(Some(words::notice(&simulation, seed, end)))
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
    use domain::actor::Actor;

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
