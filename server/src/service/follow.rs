//! Entries that another program wrote into the same journal, such as the command line: they reach
//! the monitor and the live stream as well.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{actor::Actor, journal::Cursor};
use tokio_util::sync::CancellationToken;

use super::{handle::Service, inner::Inner};

/// The interval of looks for them.
const EVERY: Duration = Duration::from_secs(2);
/// Longest time that a look holds up a change.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

impl Service {
    /// Looks for such entries until `stop`.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut ticker = tokio::time::interval(EVERY);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticker.tick() => {
                    self.inner.catch_up().await;
                    self.inner.enforcement().settle().await;
                }
            }
        }
    }
}

impl Inner {
    /// Sends what others wrote since the last entry that was sent.
    async fn catch_up(&self) {
        let mut sent = self.writing.lock().await;
        let before = sent.unwrap_or_else(|| self.live.head());
        // A database that is away is told of elsewhere.
        let Ok(Ok((after, _))) = tokio::time::timeout(LONGEST_LOOK, self.store.head()).await else {
            return;
        };
        if after.epoch != before.epoch {
            return;
        }
        if after.number <= before.number {
            self.enforcement().expects_nothing();
            return;
        }
        self.committed.store(after.number, Ordering::Release);
        self.mark_stale();
        let number = self.send_missing(before, after, Actor::Local).await;
        if number >= after.number {
            self.enforcement().expects_nothing();
        }
        *sent = Some(Cursor { epoch: before.epoch, number });
    }
}
