//! The journal of this machine's Calm Ops, read beside a server that runs.

use std::sync::Arc;

use domain::{journal::Entry, time::Timestamp};

use crate::store::{self, Store, StoreError, Where};

/// Entries that are read at a time, and at most in all.
const PAGE: u32 = 500;
const MOST: usize = 5_000;

/// The journal from the beginning of a run on.
pub struct JournalReader {
    store: Arc<dyn Store>,
    /// The last entry before the run.
    after: u64,
}

/// The entries of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// True if there are more than were read.
    pub more: bool,
}

impl JournalReader {
    /// Opens the data for reading, and notes where the journal ends. The sentence says why it can't
    /// be read.
    pub async fn open(at: &Where) -> Result<Self, String> {
        if let Where::Sqlite { path } = at
            && !path.exists()
        {
            return Err(format!(
                "there is no database at {}; set the data directory with --data-dir",
                path.display()
            ));
        }
        let open = async {
            let store = store::open_to_read(at).await?;
            let (cursor, _) = store.head().await?;
            Ok(Self { store, after: cursor.number })
        };
        open.await.map_err(|error: StoreError| error.to_string())
    }

    /// The entries of the run, those written after `until` left out.
    pub async fn read(&self, until: Timestamp) -> Result<Told, String> {
        let mut told = Told::default();
        let mut after = self.after;
        loop {
            let page = self.store.entries(after, PAGE).await.map_err(|error| error.to_string())?;
            let Some(last) = page.last() else { break };
            after = last.number;
            let room = MOST - told.entries.len();
            told.more = page.len() > room;
            told.entries.extend(page.into_iter().take(room).filter(|entry| entry.at <= until));
            if told.more {
                break;
            }
        }
        Ok(told)
    }
}

impl std::fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JournalReader").field("after", &self.after).finish_non_exhaustive()
    }
}
