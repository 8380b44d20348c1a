//! Customer view: how long organizations were affected in a period, and by which incidents.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::IncidentNumber,
    impact::{AffectedTime, AffectedTimes, Evidence, Impact, ImpactOn, Times, Told, impact_on},
    journal::{Entry, Event},
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::view::BlindSpan;

/// The most days of a period.
pub const MOST_DAYS: u32 = 366;

/// The days of a period that is asked for: at least one.
pub fn days(asked: u32) -> u32 {
    asked.clamp(1, MOST_DAYS)
}

/// An incident that affected an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImpactOfIncident {
    /// The incident.
    pub incident: IncidentNumber,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was resolved; `None` while it is active.
    pub resolved_at: Option<Timestamp>,
    /// How long it affected the organization within the period.
    #[serde(flatten)]
    pub time: AffectedTime,
    /// The last evidence of each effect, the worst first.
    pub evidence: Vec<Evidence>,
    /// When an effect was last seen of which it is not known whether it held on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_since: Option<Timestamp>,
}

/// What a period did to an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganizationImpact {
    /// The organization.
    pub organization: Subject,
    /// The length of the period in days.
    pub days: u32,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end: the time of reading.
    pub to: Timestamp,
    /// How long it was affected; a time counts once, however many incidents it is part of.
    #[serde(flatten)]
    pub time: AffectedTime,
    /// The incidents, newest first.
    pub incidents: Vec<ImpactOfIncident>,
    /// How long nothing was known because Calm Ops did not watch, in microseconds.
    pub not_watched: Span,
    /// The number of incidents in which more organizations were, or may have been, affected than
    /// were recorded by name, and this one is not among those that were.
    pub unnamed: u32,
    /// False if there are more entries in the journal than were read.
    pub complete: bool,
}

/// What a period did to every organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImpactList {
    /// The organizations that were affected, in the order of their names' bytes.
    pub organizations: Vec<OrganizationImpact>,
}

/// An incident as the journal tells of its impact.
#[derive(Clone, Debug)]
pub struct ImpactRecord {
    /// The incident.
    pub incident: IncidentNumber,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// When it was over.
    pub over: Times,
    /// Its impact at several times, oldest first.
    pub states: Vec<Impact>,
}

/// A period with its records.
#[derive(Clone, Copy, Debug)]
pub struct ImpactPeriod<'a> {
    /// Its length in days.
    pub days: u32,
    /// Its end.
    pub to: Timestamp,
    /// The records of the incidents.
    pub records: &'a [ImpactRecord],
    /// Times of which nothing is known.
    pub blind: &'a [BlindSpan],
    /// False if there are more records than these.
    pub complete: bool,
}

impl ImpactPeriod<'_> {
    /// Its beginning.
    pub fn from(&self) -> Timestamp {
        self.to.minus(Span::from_secs(u64::from(self.days) * 86_400))
    }

    /// What it did to an organization.
    pub fn of(&self, organization: &Subject) -> OrganizationImpact {
        let period = self.from()..self.to;
        let (mut times, mut incidents) = (AffectedTimes::default(), Vec::new());
        let mut unnamed = 0;
        for record in self.records {
            let told = Told { states: &record.states, over: &record.over, now: self.to };
            let Some(found) = impact_on(organization, &told, &period) else {
                unnamed += u32::from(told.leaves_unnamed(&period));
                continue;
            };
            let ImpactOn { times: own, evidence, unknown_since } = found;
            incidents.push(ImpactOfIncident {
                incident: record.incident,
                opened_at: record.opened_at,
                resolved_at: record.resolved_at,
                time: own.time(),
                evidence,
                unknown_since,
            });
            times = times.with(&own);
        }
        incidents.sort_by_key(|one| std::cmp::Reverse(one.incident));
        let blind = Times::of(self.blind.iter().map(|one| (one.from, one.to)));
        OrganizationImpact {
            organization: organization.clone(),
            days: self.days,
            from: period.start,
            to: period.end,
            time: times.time(),
            incidents,
            not_watched: blind.within(&period).length(),
            unnamed,
            complete: self.complete,
        }
    }

    /// What it did to every organization that is named.
    pub fn list(&self) -> ImpactList {
        let states = self.records.iter().flat_map(|record| &record.states);
        let named = states.flat_map(|state| &state.organizations).map(|one| &one.organization);
        let named: BTreeSet<&Subject> = named.collect();
        let all = named.into_iter().map(|organization| self.of(organization));
        ImpactList { organizations: all.filter(|one| !one.incidents.is_empty()).collect() }
    }
}

/// The states of impact that entries tell, oldest first, by incident.
pub fn states(entries: &[Entry]) -> BTreeMap<IncidentNumber, Vec<Impact>> {
    let mut states: BTreeMap<IncidentNumber, Vec<Impact>> = BTreeMap::new();
    for entry in entries {
        if let Some(Event::ImpactChanged { incident, impact }) = &entry.event {
            states.entry(*incident).or_default().push((**impact).clone());
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use domain::{
        impact::{AffectedOrganization, EffectOn},
        journal::BlindReason,
        protection::organization_named,
    };

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_795_341_600 + seconds)
    }

    fn record(incident: u32, name: &str, from: i64, to: i64) -> ImpactRecord {
        let evidence = Evidence::Results { failed: 1, of: 10 };
        let effect = EffectOn { evidence, since: at(from), until: Some(at(to)), last_seen: None };
        let organization = organization_named(name).unwrap();
        ImpactRecord {
            incident: IncidentNumber(incident),
            opened_at: at(from),
            resolved_at: Some(at(to)),
            over: Times::over(&[at(to)], &[]),
            states: vec![Impact {
                at: at(to),
                organizations: vec![AffectedOrganization { organization, effects: vec![effect] }],
                more_known: 0,
                more_likely: 0,
                not_reported: 0,
            }],
        }
    }

    #[test]
    fn a_period_adds_up_each_organization_for_itself() {
        let records = [
            record(1, "acme", -600, -300),
            record(2, "acme", -400, -100),
            record(3, "globex", -60, 0),
        ];
        let blind =
            [BlindSpan { from: at(-90_000), to: at(-86_000), why: BlindReason::NotRunning }];
        let period =
            ImpactPeriod { days: 1, to: at(0), records: &records, blind: &blind, complete: true };
        let acme = period.of(&organization_named("acme").unwrap());
        assert_eq!(acme.time.known, Span::from_secs(500));
        let incidents: Vec<u32> = acme.incidents.iter().map(|one| one.incident.0).collect();
        assert_eq!(incidents, [2, 1]);
        assert_eq!(acme.not_watched, Span::from_secs(400));
        let names: Vec<String> = period
            .list()
            .organizations
            .iter()
            .map(|one| one.organization.name().to_owned())
            .collect();
        assert_eq!(names, ["acme", "globex"]);
        let other = period.of(&organization_named("initech").unwrap());
        assert!(other.time.is_none() && other.incidents.is_empty());
        assert_eq!((acme.unnamed, other.unnamed), (0, 0));
    }

    #[test]
    fn incidents_that_name_others_and_count_more_are_a_gap() {
        let mut records = [
            record(1, "acme", -600, -300),
            record(2, "globex", -400, -100),
            record(3, "globex", -90_000, -89_000),
        ];
        for record in &mut records {
            // It is over when it is resolved; what was counted holds until then.
            record.states[0].at = record.opened_at;
            record.states[0].not_reported = 4;
        }
        let period =
            ImpactPeriod { days: 1, to: at(0), records: &records, blind: &[], complete: true };
        let unnamed = ["acme", "globex", "initech"]
            .map(|name| period.of(&organization_named(name).unwrap()).unnamed);
        assert_eq!(unnamed, [1, 1, 2]);
    }
}
