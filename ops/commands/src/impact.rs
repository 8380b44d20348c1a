//! Customer view: how long organizations were affected in a period, and by which incidents.

use std::collections::BTreeSet;

use domain::{
    error::{Error, FieldReason},
    id::IncidentNumber,
    impact::{AffectedTime, AffectedTimes, Evidence, Impact, ImpactHistory, ImpactOn, Times, Turn},
    incident::Incident,
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The most days of a period.
pub const MOST_DAYS: u32 = 366;

/// Checks the length of a period in days.
pub fn check_days(days: u32) -> Result<u32, Error> {
    if (1..=MOST_DAYS).contains(&days) {
        return Ok(days);
    }
    let expected = format!("a whole number from 1 to {MOST_DAYS}");
    Err(Error::invalid("days", FieldReason::Expected(expected.into())))
}

/// An incident that affected an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImpactOfIncident {
    /// The incident.
    pub incident: IncidentNumber,
    /// Its beginning.
    pub opened_at: Timestamp,
    /// Its resolution; `None` while it is active.
    pub resolved_at: Option<Timestamp>,
    /// The time in which it affected the organization within the period.
    #[serde(flatten)]
    pub time: AffectedTime,
    /// The last evidence of each effect, the worst first.
    pub evidence: Vec<Evidence>,
    /// The last sight of an effect of which it is not known whether it held on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_since: Option<Timestamp>,
}

/// The times of a period in which an organization was affected.
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
    /// The sum; a time counts once, however many incidents it is part of.
    #[serde(flatten)]
    pub time: AffectedTime,
    /// The incidents, newest first.
    pub incidents: Vec<ImpactOfIncident>,
    /// The time in which Calm Ops did not watch, in microseconds; that is in no other time.
    pub not_watched: Span,
    /// The number of incidents in which, at some time, more organizations were, or may have been,
    /// affected than were recorded by name, and this one was not among those that were.
    pub unnamed: u32,
    /// The number of incidents of which it is not known whether they affected it: they are about
    /// it and no effect was recorded, or an effect was last seen before the period.
    pub undecided: u32,
    /// False if there are more incidents or more entries in the journal than were read.
    pub complete: bool,
}

impl OrganizationImpact {
    /// True if nothing is missing: then no effect means that there was none that can be seen.
    pub fn is_fully_known(&self) -> bool {
        self.complete
            && self.unnamed == 0
            && self.undecided == 0
            && self.not_watched == Span::ZERO
            && self.incidents.iter().all(|one| one.unknown_since.is_none())
    }
}

/// The times of a period in which each organization was affected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImpactList {
    /// The beginning of the period.
    pub from: Timestamp,
    /// Its end: the time of reading.
    pub to: Timestamp,
    /// The organizations that were affected, in the order of their names' bytes.
    pub organizations: Vec<OrganizationImpact>,
    /// The time in which Calm Ops did not watch, in microseconds.
    pub not_watched: Span,
    /// False if there are more incidents or more entries in the journal than were read.
    pub complete: bool,
}

/// An entry about an incident that counts for its impact.
#[derive(Clone, Debug)]
pub enum ImpactStep {
    /// Its impact at a time.
    State(Box<Impact>),
    /// A resolution or a reopening.
    Turn(Turn),
}

/// An incident as the journal tells of its impact.
#[derive(Clone, Debug)]
pub struct ImpactRecord {
    /// The incident.
    pub incident: IncidentNumber,
    /// Its beginning.
    pub opened_at: Timestamp,
    /// Its resolution.
    pub resolved_at: Option<Timestamp>,
    /// The times in which it was over.
    pub over: Times,
    /// Its impact at several times, oldest first.
    pub states: Vec<Impact>,
}

impl ImpactRecord {
    /// Puts together what entries tell of an incident, in the order of the journal.
    pub fn of(incident: &Incident, steps: Vec<ImpactStep>) -> Self {
        let (mut states, mut turns) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                ImpactStep::State(impact) => states.push(*impact),
                ImpactStep::Turn(turn) => turns.push(turn),
            }
        }
        Self {
            incident: incident.number,
            opened_at: incident.opened_at,
            resolved_at: incident.resolution.as_ref().map(|end| end.at),
            over: Times::over(turns),
            states,
        }
    }
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
    /// The incidents that are about the organization in question.
    pub about: &'a BTreeSet<IncidentNumber>,
    /// Times in which Calm Ops did not watch.
    pub blind: &'a Times,
    /// False if there are more records than these.
    pub complete: bool,
}

/// A record with what its states tell of each organization.
type ReadRecord<'a> = (&'a ImpactRecord, ImpactHistory<'a>);

impl<'a> ImpactPeriod<'a> {
    /// Its beginning.
    pub fn from(&self) -> Timestamp {
        self.to.minus(Span::from_secs(u64::from(self.days) * 86_400))
    }

    fn not_watched(&self) -> Span {
        self.blind.within(&(self.from()..self.to)).length()
    }

    fn histories(&self) -> Vec<ReadRecord<'a>> {
        let history = |record: &'a ImpactRecord| {
            ImpactHistory::new(&record.states, &record.over, self.blind, self.to)
        };
        self.records.iter().map(|record| (record, history(record))).collect()
    }

    /// The times in which an organization was affected.
    pub fn of(&self, organization: &Subject) -> OrganizationImpact {
        self.of_histories(organization, &self.histories())
    }

    fn of_histories(&self, organization: &Subject, told: &[ReadRecord<'_>]) -> OrganizationImpact {
        let period = self.from()..self.to;
        let (mut times, mut incidents) = (AffectedTimes::default(), Vec::new());
        let mut undecided = 0;
        for (record, history) in told {
            let ImpactOn { times: own, evidence, unknown_since } =
                history.on(organization, &period).unwrap_or_default();
            if evidence.is_empty() {
                let is_open = record.opened_at < period.end
                    && record.resolved_at.is_none_or(|at| at >= period.start);
                let is_about = is_open && self.about.contains(&record.incident);
                undecided += u32::from(is_about || unknown_since.is_some());
                continue;
            }
            times = times.with(&own);
            incidents.push(ImpactOfIncident {
                incident: record.incident,
                opened_at: record.opened_at,
                resolved_at: record.resolved_at,
                time: own.time(),
                evidence,
                unknown_since,
            });
        }
        incidents.sort_by_key(|one| std::cmp::Reverse(one.incident));
        let reports = incidents.iter().flat_map(|one| &one.evidence).any(is_reported);
        let leaves_unnamed =
            |one: &&ReadRecord<'_>| one.1.leaves_unnamed(organization, &period, reports);
        let unnamed = told.iter().filter(leaves_unnamed).count();
        OrganizationImpact {
            organization: organization.clone(),
            days: self.days,
            from: period.start,
            to: period.end,
            time: times.time(),
            incidents,
            not_watched: self.not_watched(),
            unnamed: u32::try_from(unnamed).unwrap_or(u32::MAX),
            undecided,
            complete: self.complete,
        }
    }

    /// The same for every organization that is named.
    pub fn list(&self) -> ImpactList {
        let told = self.histories();
        let named: BTreeSet<&Subject> =
            told.iter().flat_map(|(_, history)| history.organizations()).collect();
        let all = named.into_iter().map(|organization| self.of_histories(organization, &told));
        ImpactList {
            from: self.from(),
            to: self.to,
            organizations: all.filter(|one| !one.incidents.is_empty()).collect(),
            not_watched: self.not_watched(),
            complete: self.complete,
        }
    }
}

/// True if an organization of which this is known reports the results of its requests.
const fn is_reported(evidence: &Evidence) -> bool {
    matches!(evidence, Evidence::Results { .. } | Evidence::Latency { .. })
}

#[cfg(test)]
mod tests {
    use domain::{
        impact::{AffectedOrganization, EffectOn},
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
            over: Times::over([Turn::Resolved(at(to))]),
            states: vec![Impact {
                at: at(to),
                organizations: vec![AffectedOrganization { organization, effects: vec![effect] }],
                more_known: 0,
                more_likely: 0,
                not_reported: 0,
            }],
        }
    }

    /// A day that ends at 0.
    fn day<'a>(records: &'a [ImpactRecord], blind: &'a Times) -> ImpactPeriod<'a> {
        const NONE: &BTreeSet<IncidentNumber> = &BTreeSet::new();
        ImpactPeriod { days: 1, to: at(0), records, about: NONE, blind, complete: true }
    }

    fn named(name: &str) -> Subject {
        organization_named(name).unwrap()
    }

    #[test]
    fn a_period_adds_up_each_organization_for_itself() {
        let records = [
            record(1, "acme", -600, -300),
            record(2, "acme", -400, -100),
            record(3, "globex", -60, 0),
        ];
        let blind = Times::of([(at(-90_000), at(-86_000)), (at(-350), at(-310))]);
        let period = day(&records, &blind);
        let acme = period.of(&named("acme"));
        // What was not watched is in the time of no incident, and in no sum.
        assert_eq!(acme.time.known, Span::from_secs(500 - 40));
        let incidents: Vec<(u32, u64)> =
            acme.incidents.iter().map(|one| (one.incident.0, one.time.known.as_secs())).collect();
        assert_eq!(incidents, [(2, 260), (1, 260)]);
        assert_eq!(acme.not_watched, Span::from_secs(440));
        let list = period.list();
        let names: Vec<&str> =
            list.organizations.iter().map(|one| one.organization.name()).collect();
        assert_eq!(names, ["acme", "globex"]);
        assert_eq!((list.organizations[0].time, list.not_watched), (acme.time, acme.not_watched));
        let other = period.of(&named("initech"));
        assert!(other.time.is_none() && other.incidents.is_empty());
        assert_eq!((acme.unnamed, other.unnamed), (0, 0));
        assert!(!other.is_fully_known());
        let none = Times::default();
        assert!(day(&records, &none).of(&named("initech")).is_fully_known());
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
            record.states[0].more_known = 4;
        }
        let none = Times::default();
        let of = |records: &[ImpactRecord], name| day(records, &none).of(&named(name)).unnamed;
        let unnamed = ["acme", "globex", "initech"].map(|name| of(&records, name));
        assert_eq!(unnamed, [1, 1, 2]);
        // One that reports its results is not among those that do not.
        for record in &mut records {
            (record.states[0].more_known, record.states[0].not_reported) = (0, 4);
        }
        let unnamed = ["acme", "globex", "initech"].map(|name| of(&records, name));
        assert_eq!(unnamed, [0, 0, 2]);
    }

    #[test]
    fn an_incident_about_an_organization_without_an_effect_is_a_gap() {
        let mut records = [record(1, "acme", -600, -300), record(2, "acme", -90_000, -89_000)];
        for record in &mut records {
            record.states.clear();
        }
        let (none, about) = (Times::default(), [1, 2].map(IncidentNumber).into());
        let period = ImpactPeriod { about: &about, ..day(&records, &none) };
        let acme = period.of(&named("acme"));
        assert!(acme.incidents.is_empty() && !acme.is_fully_known());
        assert_eq!(acme.undecided, 1);
        // One with an effect is none.
        let records = [record(1, "acme", -600, -300)];
        let period = ImpactPeriod { about: &about, ..day(&records, &none) };
        assert!(period.of(&named("acme")).is_fully_known());
    }

    #[test]
    fn an_effect_that_was_last_seen_before_the_period_is_a_gap() {
        let mut records = [record(1, "acme", -100_000, -300)];
        let state = &mut records[0].states[0];
        state.at = at(-90_000);
        let effect = &mut state.organizations[0].effects[0];
        (effect.until, effect.last_seen) = (None, Some(at(-95_000)));
        let none = Times::default();
        let acme = day(&records, &none).of(&named("acme"));
        assert_eq!((acme.incidents.len(), acme.undecided), (0, 1));
    }

    #[test]
    fn an_effect_that_was_seen_once_counts_as_an_incident() {
        let (records, none) = ([record(1, "acme", -600, -600)], Times::default());
        let acme = day(&records, &none).of(&named("acme"));
        assert_eq!((acme.incidents.len(), acme.time.known), (1, Span::ZERO));
        assert_eq!(day(&records, &none).list().organizations.len(), 1);
    }

    #[test]
    fn the_order_of_entries_tells_when_an_incident_was_over() {
        let incident = fixtures::incident(1).build();
        let state = record(1, "acme", -600, -300).states.remove(0);
        let steps = vec![
            ImpactStep::Turn(Turn::Resolved(at(-500))),
            // The clock was set back.
            ImpactStep::Turn(Turn::Reopened(at(-550))),
            ImpactStep::State(Box::new(state)),
        ];
        let record = ImpactRecord::of(&incident, steps);
        assert!(record.over.is_empty() && record.states.len() == 1);
    }

    #[test]
    fn a_period_is_of_one_to_366_days() {
        assert_eq!((check_days(1), check_days(366)), (Ok(1), Ok(366)));
        assert!(check_days(0).is_err() && check_days(367).is_err());
    }
}
