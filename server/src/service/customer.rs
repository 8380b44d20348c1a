//! The customer view: times of a period in which organizations were affected.

use std::collections::BTreeSet;

use commands::impact::{
    ImpactList, ImpactPeriod, ImpactRecord, ImpactStep, OrganizationImpact, check_days,
};
use domain::{
    error::{Entity, Error},
    id::IncidentNumber,
    impact::{Times, Turn},
    incident::Incident,
    journal::{Event, StoredEntry},
    protection::OrganizationPlans,
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{failure::refuse, inner::Inner, organizations::check};
use crate::store::{StoreError, readable};

/// The most entries of one incident that are read; the newest count.
const ENTRIES: u32 = 2_000;
/// The most incidents that are read; the newest count.
const INCIDENTS: u32 = 300;
/// The most times without watching that are read; the newest count.
const BLIND: u32 = 10_000;

/// The records of a period.
struct PeriodRecords {
    days: u32,
    to: Timestamp,
    records: Vec<ImpactRecord>,
    about: BTreeSet<IncidentNumber>,
    blind: Times,
    complete: bool,
}

impl PeriodRecords {
    fn period(&self) -> ImpactPeriod<'_> {
        let Self { days, to, records, about, blind, complete } = self;
        ImpactPeriod { days: *days, to: *to, records, about, blind, complete: *complete }
    }

    /// Takes what was read with a limit: all of it fits only if the limit was not reached.
    fn take<T>(&mut self, read: Vec<T>, limit: u32) -> Vec<T> {
        self.complete &= read.len() < limit as usize;
        read
    }
}

impl Inner {
    /// The times in which an organization was affected, for each length of a period: all of them
    /// are told from what is read of the longest one.
    pub(super) async fn organization_impact(
        &self,
        organization: &Subject,
        days: Vec<u32>,
    ) -> Result<Vec<OrganizationImpact>, Error> {
        check(organization)?;
        let days: Vec<u32> = days.into_iter().map(check_days).collect::<Result<_, _>>()?;
        let Some(longest) = days.iter().copied().max() else { return Ok(Vec::new()) };
        if !self.is_known(organization).await.map_err(refuse)? {
            return Err(Error::NotFound(Entity::Subject(organization.clone())));
        }
        let read = self.period_records(longest, Some(organization)).await.map_err(refuse)?;
        let of_days = |days| ImpactPeriod { days, ..read.period() }.of(organization);
        Ok(days.into_iter().map(of_days).collect())
    }

    /// The same for every organization.
    pub(super) async fn impact_list(&self, days: u32) -> Result<ImpactList, Error> {
        let read = self.period_records(check_days(days)?, None).await.map_err(refuse)?;
        Ok(read.period().list())
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

    /// The incidents of a period with an effect on an organization; those that are about one, and
    /// those that named it, are read whatever there is of others.
    async fn period_records(
        &self,
        days: u32,
        organization: Option<&Subject>,
    ) -> Result<PeriodRecords, StoreError> {
        let to = self.clock.now().wall;
        let since = to.minus(Span::from_secs(u64::from(days) * 86_400));
        let mut read = PeriodRecords {
            days,
            to,
            records: Vec::new(),
            about: BTreeSet::new(),
            blind: Times::default(),
            complete: true,
        };
        let store = self.store.as_organizations();
        let of_any = store.incidents_affecting(None, since, INCIDENTS).await?;
        let mut numbers: BTreeSet<_> = read.take(of_any, INCIDENTS).into_iter().collect();
        if let Some(organization) = organization {
            let own = store.incidents_affecting(Some(organization), since, INCIDENTS).await?;
            numbers.extend(read.take(own, INCIDENTS));
            let past = self.store.as_past();
            let about = past.incidents_about(organization, (since, to), INCIDENTS).await?;
            read.about = read.take(about, INCIDENTS).iter().map(|one| one.number).collect();
            numbers.extend(&read.about);
        }
        for number in numbers {
            let Some(incident) = self.store.incident(number).await? else { continue };
            if !incident.is_practice() {
                let record = self.record_of(&incident, &mut read).await?;
                read.records.push(record);
            }
        }
        let blind = self.store.blind_spans(since, BLIND).await?;
        let blind = read.take(blind, BLIND);
        read.blind = Times::of(blind.iter().map(|one| (one.from, one.to)));
        Ok(read)
    }

    /// All that the journal tells of the impact of an incident.
    async fn record_of(
        &self,
        incident: &Incident,
        read: &mut PeriodRecords,
    ) -> Result<ImpactRecord, StoreError> {
        let store = self.store.as_organizations();
        let entries = store.impact_entries(incident.number, ENTRIES).await?;
        let mut steps = Vec::new();
        for stored in read.take(entries, ENTRIES).iter().rev() {
            let step = step(stored)?;
            // A state that was redacted is missing.
            read.complete &= step.is_some();
            steps.extend(step);
        }
        Ok(ImpactRecord::of(incident, steps))
    }
}

/// The step that an entry tells; `None` for a state whose content is gone. That an incident was
/// resolved or reopened stays known without the content.
fn step(stored: &StoredEntry) -> Result<Option<ImpactStep>, StoreError> {
    let at = Timestamp::from_micros(stored.at_micros);
    Ok(match stored.kind.as_str() {
        "resolved" => Some(ImpactStep::Turn(Turn::Resolved(at))),
        "reopened" => Some(ImpactStep::Turn(Turn::Reopened(at))),
        _ => match readable(stored)?.event {
            Some(Event::ImpactChanged { impact, .. }) => Some(ImpactStep::State(impact)),
            _ => None,
        },
    })
}
