//! The customer view: what a period did to organizations.

use std::collections::{BTreeMap, BTreeSet};

use commands::{
    audit::AuditFilter,
    impact::{ImpactList, ImpactPeriod, ImpactRecord, OrganizationImpact, days, states},
    view::BlindSpan,
};
use domain::{
    error::{Entity, Error},
    id::IncidentNumber,
    impact::{Impact, Times},
    incident::Incident,
    journal::Entry,
    protection::OrganizationPlans,
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{failure::refuse, inner::Inner, organizations::check};
use crate::{learned, store::StoreError};

/// The periods that the page of an organization shows, in days.
pub(super) const SHOWN_DAYS: [u32; 2] = [30, 90];
/// The most entries of a kind that are read, of one incident or of all; the newest count.
const ENTRIES: u32 = 2_000;
/// The most incidents that are read for one organization; the newest count.
const INCIDENTS: usize = 300;
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
        if !self.is_known(organization).await.map_err(refuse)? {
            return Err(Error::NotFound(Entity::Subject(organization.clone())));
        }
        let to = self.clock.now().wall;
        let longest = days(periods.iter().copied().max().unwrap_or_default());
        let read = self.read_for(organization, to.minus(day(longest))).await.map_err(refuse)?;
        let of = |asked: &u32| read.period(days(*asked), to).of(organization);
        Ok(periods.iter().map(of).collect())
    }

    /// What a period did to every organization.
    pub(super) async fn impact_list(&self, asked: u32) -> Result<ImpactList, Error> {
        let (to, days) = (self.clock.now().wall, days(asked));
        let read = self.read_for_all(to.minus(day(days))).await.map_err(refuse)?;
        Ok(read.period(days, to).list())
    }

    /// True if something is stored of an organization, or it is watched.
    async fn is_known(&self, organization: &Subject) -> Result<bool, StoreError> {
        let shown = self.board.shown();
        let mut traffic = shown.traffic.iter().flat_map(|traffic| traffic.iter());
        if shown.readings.readings.iter().any(|one| one.subject == *organization)
            || traffic.any(|one| one.requests.organization == *organization)
        {
            return Ok(true);
        }
        let store = self.store.as_organizations();
        let plans = store.plans_of(organization).await?;
        Ok(plans != OrganizationPlans::none(organization.clone())
            || !store.organization_entries(organization, None, 1).await?.is_empty())
    }

    /// The incidents that name an organization, and those that count more than they name.
    async fn read_for(&self, organization: &Subject, since: Timestamp) -> Result<Read, StoreError> {
        let (mut naming, mut complete) = self.incidents_naming(organization, since).await?;
        let (all, is_all) = self.states_since(since).await?;
        complete &= is_all;
        let names = |state: &Impact| {
            state.organizations.iter().any(|one| one.organization == *organization)
        };
        let (named, others): (BTreeMap<_, _>, _) =
            all.into_iter().partition(|(_, states)| states.iter().any(names));
        naming.extend(named.into_keys());
        complete &= naming.len() <= INCIDENTS;
        let mut records = Vec::new();
        for number in naming.iter().rev().take(INCIDENTS) {
            let (record, is_all) = self.record_of(*number).await?;
            complete &= is_all;
            records.extend(record);
        }
        for (number, states) in others {
            if !naming.contains(&number) && states.iter().any(Impact::has_unnamed) {
                let incident = self.real(number).await?;
                records.extend(incident.map(|incident| {
                    let end: Vec<_> = incident.resolution.iter().map(|end| end.at).collect();
                    record(&incident, Times::over(&end, &[]), states)
                }));
            }
        }
        let blind = self.store.blind_spans(since).await?;
        Ok(Read { records, blind, complete })
    }

    /// The incidents with an effect on any organization.
    async fn read_for_all(&self, since: Timestamp) -> Result<Read, StoreError> {
        let (all, mut complete) = self.states_since(since).await?;
        let mut records = Vec::new();
        for number in all.into_keys() {
            let (record, is_all) = self.record_of(number).await?;
            complete &= is_all;
            records.extend(record);
        }
        let blind = self.store.blind_spans(since).await?;
        Ok(Read { records, blind, complete })
    }

    /// The numbers of the incidents that named an organization since some time before a moment, or
    /// are active, and whether these are all. Of each the index has the first entry only.
    async fn incidents_naming(
        &self,
        organization: &Subject,
        since: Timestamp,
    ) -> Result<(BTreeSet<IncidentNumber>, bool), StoreError> {
        let since = since.minus(BEFORE);
        let names = |one: &&Incident| {
            let impact = one.impact.as_deref().filter(|_| one.is_active());
            let mut named = impact.into_iter().flat_map(|impact| &impact.organizations);
            named.any(|named| named.organization == *organization)
        };
        let at_hand = self.at_hand().await?;
        let active = at_hand.incidents.iter().filter(names).map(|one| one.number);
        let mut naming: BTreeSet<IncidentNumber> = active.collect();
        let (mut read, mut before) = (0, None);
        loop {
            let store = self.store.as_organizations();
            let page = store.organization_entries(organization, before, PAGE).await?;
            let is_last = page.len() < PAGE as usize || page.iter().any(|entry| entry.at < since);
            before = page.last().map(|entry| entry.number);
            read += page.len();
            let recent: Vec<Entry> = page.into_iter().filter(|entry| entry.at >= since).collect();
            naming.extend(states(&recent).into_keys());
            if is_last || read >= ENTRIES as usize {
                return Ok((naming, is_last));
            }
        }
    }

    /// The states of all incidents since some time before a moment, and whether these are all.
    async fn states_since(
        &self,
        since: Timestamp,
    ) -> Result<(BTreeMap<IncidentNumber, Vec<Impact>>, bool), StoreError> {
        let from = Some(since.minus(BEFORE));
        let filter = AuditFilter { from, ..AuditFilter::default() };
        let (entries, complete) = self.newest("impact_changed", filter).await?;
        Ok((states(&entries), complete))
    }

    /// All states of an incident, and when it was over; and whether these are all.
    async fn record_of(
        &self,
        number: IncidentNumber,
    ) -> Result<(Option<ImpactRecord>, bool), StoreError> {
        let Some(incident) = self.real(number).await? else { return Ok((None, true)) };
        let [impact, resolved, reopened] =
            ["impact_changed", "resolved", "reopened"].map(|kind| self.newest(kind, about(number)));
        let ((impact, complete), (resolved, _), (reopened, _)) =
            (impact.await?, resolved.await?, reopened.await?);
        let times = |entries: &[Entry]| entries.iter().map(|entry| entry.at).collect::<Vec<_>>();
        let over = Times::over(&times(&resolved), &times(&reopened));
        let states = states(&impact).remove(&number).unwrap_or_default();
        Ok((Some(record(&incident, over, states)), complete))
    }

    /// An incident, unless it is a practice.
    async fn real(&self, number: IncidentNumber) -> Result<Option<Incident>, StoreError> {
        Ok(self.store.incident(number).await?.filter(|incident| !incident.is_practice()))
    }

    /// The newest entries that fit, oldest first, and whether these are all.
    async fn newest(
        &self,
        kind: &str,
        filter: AuditFilter,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let entries = learned::entries(&*self.store, &filter, &[kind], ENTRIES).await?;
        let complete = entries.len() < ENTRIES as usize;
        Ok((entries, complete))
    }
}

impl Read {
    fn period(&self, days: u32, to: Timestamp) -> ImpactPeriod<'_> {
        let Self { records, blind, complete } = self;
        ImpactPeriod { days, to, records, blind, complete: *complete }
    }
}

fn record(incident: &Incident, over: Times, states: Vec<Impact>) -> ImpactRecord {
    ImpactRecord {
        incident: incident.number,
        opened_at: incident.opened_at,
        resolved_at: incident.resolution.as_ref().map(|end| end.at),
        over,
        states,
    }
}

fn about(incident: IncidentNumber) -> AuditFilter {
    AuditFilter { incident: Some(incident), ..AuditFilter::default() }
}

fn day(count: u32) -> Span {
    Span::from_secs(u64::from(count) * 86_400)
}
