//! Uptime of endpoints, counted from stored minutes and from what memory has of the last ones: for all
//! readers once a minute.

use std::{collections::BTreeSet, sync::Arc};

use commands::uptime::{EndpointUptime, UptimePage};
use domain::{
    error::Error,
    signal::Signal,
    subject::Subject,
    time::{Now, Span},
};
use engine::availability::{PastWindow, ProbeStep, joined, step_of};

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
        let now = self.clock.now();
        if let Some(page) = self.uptime.last(now.mono) {
            let is_it = |one: &&EndpointUptime| one.endpoint == *endpoint;
            // One that is not among them may be new, or left out.
            if let Some(one) = page.endpoints.iter().find(is_it) {
                return Ok(Some(one.clone()));
            }
        }
        let range = (hour_of(now.wall.minus(REACH)), now.wall);
        let windows = probes::windows(&*self.store, range).await?;
        self.uptime_since_kept(endpoint, signal, &windows, now).await
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
        let range = (hour_of(began.wall.minus(REACH)), began.wall);
        let windows = probes::windows(&*self.store, range).await?;
        // One that is new is not stored yet.
        let shown = self.board.shown();
        let readings = shown.readings.readings.iter().filter(|one| one.signal == signal);
        let mut known: BTreeSet<Subject> = readings.map(|one| one.subject.clone()).collect();
        known.extend(probes::endpoints(&*self.store).await?);
        let (mut endpoints, mut left_out) = (Vec::new(), 0_usize);
        for endpoint in &known {
            // Those that are gone have no figures and take no place.
            if endpoints.len() == MOST_ENDPOINTS {
                left_out += 1;
                continue;
            }
            endpoints.extend(self.uptime_since_kept(endpoint, &signal, &windows, began).await?);
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
    ) -> Result<Option<EndpointUptime>, StoreError> {
        let from = self.uptime.read_from(endpoint, now.wall, now.mono);
        // A late reading may be in memory long before those that memory has all of, so memory counts
        // from the last stored minute on.
        let split = step_of(now.wall.minus(UNSTORED)).max(from);
        let mut steps = probes::steps(&*self.store, endpoint, (from, split)).await?;
        let minutes = probes::minutes(&*self.store, endpoint, (split, now.wall)).await?;
        let cut = minutes.last().map_or(split, |last| last.start.plus(Span::from_mins(1)));
        let recent = self.board.values(endpoint, signal, cut, now.wall);
        let recent = recent.map(|(_, values)| values).unwrap_or_default();
        let stored = minutes.into_iter().map(|one| ProbeStep { start: step_of(one.start), ..one });
        steps.extend(stored);
        steps.extend(recent.iter().filter(|(at, _)| *at >= cut).map(|(at, value)| ProbeStep {
            start: step_of(*at),
            mean: *value,
            count: 1,
        }));
        let steps = joined(steps);
        Ok(self.uptime.count(endpoint, (from, &steps), windows, (now.wall, now.mono)))
    }
}
