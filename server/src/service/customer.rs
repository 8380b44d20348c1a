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
    time::Timestamp,
};

use super::{failure::refuse, inner::Inner, organizations::check};
use crate::store::{StoreError, readable};

/// The most entries of one incident that are read; the newest count.
const ENTRIES: u32 = 2_000;
/// The most incidents that are read; the newest count.
const INCIDENTS: u32 = 300;
/// The most times without watching that are read; the newest count.
const BLIND: u32 = 10_000;

/// The records of periods that end now.
struct PeriodRecords {
    to: Timestamp,
    records: Vec<ImpactRecord>,
    about: BTreeSet<IncidentNumber>,
    blind: Times,
    /// The lengths in days of periods with more incidents than were read.
    cut: BTreeSet<u32>,
    /// Something that was not read may matter up to this time.
    missing_until: Option<Timestamp>,
}

impl PeriodRecords {
    /// The period of a length: it has all of its records, even where a longer one has not.
    fn period(&self, days: u32) -> ImpactPeriod<'_> {
        let Self { to, records, about, blind, cut, missing_until } = self;
        let period = ImpactPeriod { days, to: *to, records, about, blind, complete: true };
        let is_missing = missing_until.is_some_and(|until| until > period.from());
        ImpactPeriod { complete: !is_missing && !cut.contains(&days), ..period }
    }

    fn miss_until(&mut self, at: Timestamp) {
        self.missing_until = self.missing_until.max(Some(at));
    }
}

/// True if there may be more than was read with a limit.
const fn is_cut<T>(read: &[T], limit: u32) -> bool {
    read.len() >= limit as usize
}

impl Inner {
    /// The times in which an organization was affected, for each length of a period: an incident that
    /// is in several of them is read once.
    pub(super) async fn organization_impact(
        &self,
        organization: &Subject,
        days: Vec<u32>,
    ) -> Result<Vec<OrganizationImpact>, Error> {
        check(organization)?;
        let days: Vec<u32> = days.into_iter().map(check_days).collect::<Result<_, _>>()?;
        if days.is_empty() {
            return Ok(Vec::new());
        }
        if !self.is_known(organization).await.map_err(refuse)? {
            return Err(Error::NotFound(Entity::Subject(organization.clone())));
        }
        let read = self.period_records(&days, Some(organization)).await.map_err(refuse)?;
        Ok(days.into_iter().map(|days| read.period(days).of(organization)).collect())
    }

    /// The same for every organization.
    pub(super) async fn impact_list(&self, days: u32) -> Result<ImpactList, Error> {
        let read = self.period_records(&[check_days(days)?], None).await.map_err(refuse)?;
        Ok(read.period(days).list())
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

    /// The incidents of periods with an effect on an organization; those that are about one, and
    /// those that named it, are read whatever there is of others.
    async fn period_records(
        &self,
        days: &[u32],
        organization: Option<&Subject>,
    ) -> Result<PeriodRecords, StoreError> {
        let to = self.clock.now().wall;
        let mut read = PeriodRecords {
            to,
            records: Vec::new(),
            about: BTreeSet::new(),
            blind: Times::default(),
            cut: BTreeSet::new(),
            missing_until: None,
        };
        let store = self.store.as_organizations();
        let (mut numbers, mut earliest) = (BTreeSet::new(), to);
        for days in days.iter().copied().collect::<BTreeSet<u32>>() {
            let since = read.period(days).from();
            earliest = earliest.min(since);
            let of_any = store.incidents_affecting(None, since, INCIDENTS).await?;
            let mut is_period_cut = is_cut(&of_any, INCIDENTS);
            numbers.extend(of_any);
            if let Some(organization) = organization {
                let own = store.incidents_affecting(Some(organization), since, INCIDENTS).await?;
                let past = self.store.as_past();
                let about = past.incidents_about(organization, (since, to), INCIDENTS).await?;
                is_period_cut |= is_cut(&own, INCIDENTS) || is_cut(&about, INCIDENTS);
                numbers.extend(own);
                numbers.extend(about.iter().map(|one| one.number));
                read.about.extend(about.iter().map(|one| one.number));
            }
            if is_period_cut {
                read.cut.insert(days);
            }
        }
        for number in numbers {
            let Some(incident) = self.store.incident(number).await? else { continue };
            if !incident.is_practice() {
                let record = self.record_of(&incident, &mut read).await?;
                read.records.push(record);
            }
        }
        let blind = self.store.blind_spans(earliest, BLIND).await?;
        if let Some(oldest) = blind.last().filter(|_| is_cut(&blind, BLIND)) {
            read.miss_until(oldest.to);
        }
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
        let (mut steps, mut is_missing) = (Vec::new(), is_cut(&entries, ENTRIES));
        for stored in entries.iter().rev() {
            let step = step(stored)?;
            match &step {
                // What was missing is known from here on.
                Some(ImpactStep::State(impact)) if is_missing => {
                    read.miss_until(impact.at);
                    is_missing = false;
                }
                Some(_) => {}
                None => is_missing = true,
            }
            steps.extend(step);
        }
        if is_missing {
            read.miss_until(incident.resolution.as_ref().map_or(read.to, |end| end.at));
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
