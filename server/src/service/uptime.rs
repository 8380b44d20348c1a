//! Uptime of endpoints, counted from stored minutes and from what memory has of the last ones: for all
//! readers once a minute.

use std::sync::Arc;

use commands::uptime::{EndpointUptime, UptimePage};
use domain::{
    error::Error,
    signal::Signal,
    subject::Subject,
    time::{Now, Span, Timestamp},
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
const MINUTE: i64 = 60_000_000;

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
        let known = probes::endpoints(&*self.store).await?;
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
        // Memory has the last minutes, which are not stored yet: from the first whole one on.
        let recent = self.board.values(endpoint, signal, from, now.wall);
        let recent = recent.map(|(_, values)| values).unwrap_or_default();
        let cut = recent.first().map_or(now.wall, |(first, _)| whole_minute(*first));
        let mut steps = probes::steps(&*self.store, endpoint, (from, cut.max(from))).await?;
        steps.extend(recent.iter().filter(|(at, _)| *at >= cut).map(|(at, value)| ProbeStep {
            start: step_of(*at),
            mean: *value,
            count: 1,
        }));
        let steps = joined(steps);
        Ok(self.uptime.count(endpoint, (from, &steps), windows, (now.wall, now.mono)))
    }
}

/// The beginning of the first minute that does not begin before a moment.
fn whole_minute(at: Timestamp) -> Timestamp {
    let begin = Timestamp::from_micros(at.as_micros().div_euclid(MINUTE) * MINUTE);
    if begin < at { begin.plus(Span::from_mins(1)) } else { begin }
}
