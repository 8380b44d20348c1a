//! The customer view: what a period did to organizations.

use std::collections::BTreeMap;

use commands::{
    impact::{ImpactList, ImpactPeriod, ImpactRecord, OrganizationImpact, days, states},
    view::BlindSpan,
};
use domain::{
    error::Error,
    id::IncidentNumber,
    impact::Impact,
    journal::Entry,
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{failure::refuse, inner::Inner, organizations::check};
use crate::{learned::of_kinds, store::StoreError};

/// The periods that the page of an organization shows, in days.
pub(super) const SHOWN_DAYS: [u32; 2] = [30, 90];
/// The most entries about impact that are read; the newest count.
const ENTRIES: usize = 2_000;
/// The entries of one reading.
const PAGE: u32 = 500;
/// How much earlier than a period an incident may have begun whose effects reach into it.
const BEFORE: Span = Span::from_mins(30 * 24 * 60);

/// What was read of a period.
struct Read {
    records: Vec<ImpactRecord>,
    blind: Vec<BlindSpan>,
    complete: bool,
}

impl Inner {
    /// What periods did to an organization.
    pub(super) async fn organization_impacts(
        &self,
        organization: &Subject,
        periods: &[u32],
    ) -> Result<Vec<OrganizationImpact>, Error> {
        check(organization)?;
        let to = self.clock.now().wall;
        let longest = days(periods.iter().copied().max().unwrap_or_default());
        let since = to.minus(day(longest));
        let (entries, complete) =
            self.impact_entries_of(organization, since.minus(BEFORE)).await.map_err(refuse)?;
        let read = self.impact_records(states(&entries), since, complete).await.map_err(refuse)?;
        let of = |asked: &u32| read.period(days(*asked), to).of(organization);
        Ok(periods.iter().map(of).collect())
    }

    /// What a period did to every organization.
    pub(super) async fn impact_list(&self, asked: u32) -> Result<ImpactList, Error> {
        let (to, days) = (self.clock.now().wall, days(asked));
        let since = to.minus(day(days));
        let mut entries =
            of_kinds(&*self.store, None, &["impact_changed"]).await.map_err(refuse)?;
        let complete = entries.len() < ENTRIES
            || entries.first().is_some_and(|first| first.at < since.minus(BEFORE));
        entries.retain(|entry| entry.at >= since.minus(BEFORE));
        let read = self.impact_records(states(&entries), since, complete).await.map_err(refuse)?;
        Ok(read.period(days, to).list())
    }

    /// The entries about impact on an organization since a moment, oldest first, and whether these
    /// are all.
    async fn impact_entries_of(
        &self,
        organization: &Subject,
        since: Timestamp,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let (mut entries, mut before) = (Vec::new(), None);
        loop {
            let store = self.store.as_organizations();
            let page = store.organization_entries(organization, before, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            let reached = page.iter().any(|entry| entry.at < since);
            before = page.last().map(|entry| entry.number);
            entries.extend(page.into_iter().filter(|entry| entry.at >= since));
            if is_last || reached || entries.len() >= ENTRIES {
                entries.sort_by_key(|entry| entry.number);
                return Ok((entries, is_last || reached));
            }
        }
    }

    /// The records of the incidents whose impact is told, with what is not known.
    async fn impact_records(
        &self,
        states: BTreeMap<IncidentNumber, Vec<Impact>>,
        since: Timestamp,
        complete: bool,
    ) -> Result<Read, StoreError> {
        let mut records = Vec::new();
        for (number, states) in states {
            let Some(incident) = self.store.incident(number).await? else { continue };
            if incident.is_practice() {
                continue;
            }
            records.push(ImpactRecord {
                incident: number,
                opened_at: incident.opened_at,
                resolved_at: incident.resolution.as_ref().map(|end| end.at),
                states,
            });
        }
        let blind = self.store.blind_spans(since).await?;
        Ok(Read { records, blind, complete })
    }
}

impl Read {
    fn period(&self, days: u32, to: Timestamp) -> ImpactPeriod<'_> {
        let Self { records, blind, complete } = self;
        ImpactPeriod { days, to, records, blind, complete: *complete }
    }
}

fn day(count: u32) -> Span {
    Span::from_secs(u64::from(count) * 86_400)
}
