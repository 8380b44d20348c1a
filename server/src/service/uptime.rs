//! Uptime of endpoints, counted from stored minutes and from what memory has of the last ones: once
//! a minute for all readers.

use std::{collections::BTreeSet, sync::Arc};

use commands::uptime::{EndpointUptime, UptimePage};
use domain::{
    error::Error,
    signal::Signal,
    subject::Subject,
    time::{Now, Span, Timestamp},
};
use engine::availability::{LOOK_BACK, PastWindow, ProbeStep, covered, step_of, steps_of};

use super::{
    failure::refuse,
    inner::Inner,
    uptime_keeper::{REACH, hour_of, in_order},
};
use crate::{
    probes::{self, PROBE},
    store::StoreError,
};

/// The most endpoints that are counted.
const MOST_ENDPOINTS: usize = 200;
/// Minutes are stored within this time, unless the database is away.
const UNSTORED: Span = Span::from_mins(120);

impl Inner {
    /// The uptime of all endpoints.
    pub(super) async fn uptime(&self) -> Result<UptimePage, Error> {
        let page = self.counted_uptime().await.map_err(refuse)?;
        Ok(UptimePage::clone(&page))
    }

    /// The uptime of one endpoint; `None` if the signal does not tell it.
    pub(super) async fn uptime_of(
        &self,
        endpoint: &Subject,
        signal: &Signal,
    ) -> Result<Option<EndpointUptime>, StoreError> {
        if signal.as_str() != PROBE {
            return Ok(None);
        }
        let count = async {
            let now = self.clock.now();
            let windows = self.uptime_windows(now).await?;
            let again = self.uptime.is_old(endpoint, now.mono);
            self.uptime_since_kept(endpoint, signal, &windows, now, again).await
        };
        self.uptime.shared(endpoint, || self.clock.now().mono, count).await
    }

    /// The maintenance windows of the time that is told of.
    async fn uptime_windows(&self, now: Now) -> Result<Arc<Vec<PastWindow>>, StoreError> {
        if let Some(windows) = self.uptime.windows(now.mono) {
            return Ok(windows);
        }
        let range = (hour_of(now.wall.minus(REACH)), now.wall);
        let windows = Arc::new(probes::windows(&*self.store, range).await?);
        self.uptime.keep_windows(&windows, now.mono);
        Ok(windows)
    }

    async fn counted_uptime(&self) -> Result<Arc<UptimePage>, StoreError> {
        let last = || self.uptime.last(self.clock.now().mono);
        if let Some(page) = last() {
            return Ok(page);
        }
        let _one = self.uptime.counting.lock().await;
        if let Some(page) = last() {
            return Ok(page);
        }
        let began = self.clock.now();
        let (cursor, _) = self.store.head().await?;
        let signal: Signal = PROBE.parse().map_err(|error: domain::name::BadName| {
            StoreError::inconsistent("series", PROBE, error)
        })?;
        let windows = self.uptime_windows(began).await?;
        // One that is new is not stored yet.
        let shown = self.board.shown();
        let readings = shown.readings.readings.iter().filter(|one| one.signal == signal);
        let mut known: BTreeSet<Subject> = readings.map(|one| one.subject.clone()).collect();
        known.extend(probes::endpoints(&*self.store).await?);
        let due = self.uptime.due(&known, began.mono);
        let (mut endpoints, mut left_out) = (Vec::new(), 0_usize);
        for endpoint in &known {
            // Those that are gone have no figures and take no place.
            if endpoints.len() == MOST_ENDPOINTS {
                left_out += 1;
                continue;
            }
            let again = due.contains(endpoint);
            let counted = self.uptime_since_kept(endpoint, &signal, &windows, began, again).await?;
            endpoints.extend(counted);
        }
        in_order(&mut endpoints);
        let page = Arc::new(UptimePage {
            cursor,
            at: began.wall,
            endpoints,
            left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        });
        self.uptime.keep(Arc::clone(&page), (began.mono, self.clock.now().mono));
        Ok(page)
    }

    async fn uptime_since_kept(
        &self,
        endpoint: &Subject,
        signal: &Signal,
        windows: &[PastWindow],
        now: Now,
        again: bool,
    ) -> Result<Option<EndpointUptime>, StoreError> {
        let from = self.uptime.read_from(endpoint, now.wall, again);
        // A late reading may be in memory long before those that memory has all of, so memory counts
        // from the last stored minute on.
        let split = step_of(now.wall.minus(UNSTORED)).max(from);
        // Steps before it tell how long the last of them holds.
        let range = (from.minus(LOOK_BACK), now.wall);
        let mut minutes = probes::minutes(&*self.store, endpoint, range).await?;
        let stored_until = minutes.last().map(|last| last.start.plus(Span::from_mins(1)));
        let cut = stored_until.map_or(split, |until| until.max(split));
        let recent = self.board.values(endpoint, signal, cut, now.wall);
        let recent = recent.map(|(_, values)| values).unwrap_or_default();
        let single = |(at, mean): (Timestamp, f64)| ProbeStep { start: at, mean, count: 1 };
        minutes.extend(recent.into_iter().filter(|(at, _)| *at >= cut).map(single));
        let steps = steps_of(minutes, &covered(windows, endpoint, range));
        Ok(self.uptime.count(endpoint, (from, &steps), windows, (now.wall, now.mono)))
    }
}
