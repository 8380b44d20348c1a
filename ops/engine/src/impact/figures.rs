//! Evidence from one minute of one organization, and the incident that it belongs to.

use domain::{
    breach::{Breach, Ending},
    id::IncidentNumber,
    impact::{Effect, EndpointTrouble, Evidence},
    incident::Incident,
    protection::{IncidentMeasure, Protection},
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{
    FAILING_SHARE, FEWEST_FAILURES, FEWEST_LATENCIES, OrganizationMinute, SLOW, SLOW_FACTOR,
};

/// The kind of subjects that are organizations.
const ORGANIZATION: &str = "organization";
/// Kinds of subjects that answer requests.
const SERVING: [&str; 3] = ["endpoint", "app", "service"];
/// Signals of an endpoint that tell that it is slow; all others tell that it fails.
const SLOW_SIGNALS: [&str; 2] = ["endpoint.first_byte", "endpoint.total"];
/// The one that tells nothing about requests now.
const CERTIFICATE: &str = "endpoint.certificate.days_left";

/// The question whether an effect holds in an incident.
type HoldsEffect<'a> = &'a dyn Fn(IncidentNumber) -> bool;

/// Something that was seen of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub incident: IncidentNumber,
    pub evidence: Evidence,
    /// The first window in which it was seen.
    pub since: Timestamp,
}

/// Incidents that are active, the oldest first, with what decides where evidence belongs.
pub(super) struct Active<'a> {
    incidents: Vec<&'a Incident>,
    protection: &'a Protection,
}

impl<'a> Active<'a> {
    pub fn new(incidents: &'a [Incident], protection: &'a Protection) -> Self {
        let mut incidents: Vec<&Incident> =
            incidents.iter().filter(|one| one.is_active() && !one.is_practice()).collect();
        incidents.sort_by_key(|one| (one.opened_at, one.number));
        Self { incidents, protection }
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a Incident> {
        self.incidents.iter().copied()
    }

    fn has(&self, number: IncidentNumber) -> bool {
        self.incidents.iter().any(|one| one.number == number)
    }

    /// The oldest one about this organization.
    fn about(&self, organization: &Subject) -> Option<IncidentNumber> {
        self.iter().find(|one| one.subjects().contains(&organization)).map(|one| one.number)
    }

    /// The one to which failures and latencies of this organization belong that belong nowhere yet:
    /// the one about it, otherwise the newest one with a problem of what serves requests, otherwise
    /// the newest about anything but organizations. An effect begins soon after its cause, so that
    /// the newest is the likeliest.
    pub fn of_new_results(&self, organization: &Subject) -> Option<IncidentNumber> {
        let is_general =
            |one: &&Incident| one.subjects().iter().any(|subject| subject.kind() != ORGANIZATION);
        let serves = |one: &Incident| {
            one.holding().any(|breach| SERVING.contains(&breach.key.subject.kind()))
        };
        self.about(organization).or_else(|| {
            let general = self.iter().filter(is_general);
            let newest = general.max_by_key(|one| (serves(one), one.opened_at, one.number));
            newest.map(|one| one.number)
        })
    }

    /// Those to which failures and latencies belong: those that have the effect already, and the
    /// one about the organization; only where there is none of them, another one.
    fn of_results(&self, organization: &Subject, holds: HoldsEffect<'_>) -> Vec<IncidentNumber> {
        let about = self.about(organization);
        let numbers = self.iter().map(|one| one.number);
        let known: Vec<IncidentNumber> =
            numbers.filter(|number| about == Some(*number) || holds(*number)).collect();
        if known.is_empty() {
            return self.of_new_results(organization).into_iter().collect();
        }
        known
    }

    /// Those to which refusals in a class belong: that of the measure; where there is none, the one
    /// about the organization, and those that have the effect already and never had a measure for
    /// it.
    fn of_limit(
        &self,
        organization: &Subject,
        class: &str,
        holds: HoldsEffect<'_>,
    ) -> Vec<IncidentNumber> {
        let measure = self.protection.in_effect().find(|one| {
            one.measure.requests.organization == *organization
                && one.measure.requests.class == class
        });
        if let Some(measure) = measure {
            return Some(measure.incident).filter(|number| self.has(*number)).into_iter().collect();
        }
        let about = self.about(organization);
        let belongs = |one: &&Incident| {
            about == Some(one.number)
                || holds(one.number) && measures(one, organization).next().is_none()
        };
        self.iter().filter(belongs).map(|one| one.number).collect()
    }

    /// Those to which refusals of safe mode belong, if it is in force.
    fn of_paused(&self, holds: HoldsEffect<'_>) -> Vec<IncidentNumber> {
        let Some(in_force) = &self.protection.safe_mode else { return Vec::new() };
        let numbers = self.iter().map(|one| one.number);
        numbers.filter(|number| in_force.incident == Some(*number) || holds(*number)).collect()
    }

    fn is_breached(&self, signal: &str, subject: &Subject) -> bool {
        let is_it = |breach: &Breach| {
            breach.key.signal.as_str() == signal && breach.key.subject == *subject
        };
        self.iter().any(|one| one.holding().any(is_it))
    }

    /// Everything that a minute shows of its organization, for each incident that it belongs to.
    /// `holds` tells where an effect on it holds already.
    pub fn seen(
        &self,
        minute: &OrganizationMinute,
        holds: &dyn Fn(IncidentNumber, Effect) -> bool,
        now: Timestamp,
    ) -> Vec<Seen> {
        let organization = &minute.organization;
        let mut seen = Vec::new();
        let slowness = slowness(minute, self).map(|evidence| (evidence, now));
        for (evidence, since) in failures(minute).into_iter().chain(slowness) {
            let holds = |number| holds(number, evidence.effect());
            let incidents = self.of_results(organization, &holds).into_iter();
            seen.extend(incidents.map(|incident| Seen {
                incident,
                evidence: evidence.clone(),
                since,
            }));
        }
        seen.extend(refusals(minute, self, &|number| holds(number, Effect::Limited)));
        if let Some(since) = minute.paused_since {
            let incidents = self.of_paused(&|number| holds(number, Effect::ReadOnly)).into_iter();
            let evidence = Evidence::Paused { paused: minute.paused, of: minute.requests };
            seen.extend(incidents.map(|incident| Seen {
                incident,
                evidence: evidence.clone(),
                since,
            }));
        }
        if is_unreported(minute) {
            seen.extend(likely(self, now));
        }
        seen
    }
}

/// Measures of an incident for an organization, in force or ended.
fn measures<'a>(
    incident: &'a Incident,
    organization: &'a Subject,
) -> impl Iterator<Item = &'a IncidentMeasure> {
    incident.measures.iter().filter(|one| one.measure.requests.organization == *organization)
}

/// True if the organization sends requests and nothing tells how they end.
pub(super) const fn is_unreported(minute: &OrganizationMinute) -> bool {
    minute.requests > 0 && minute.results == 0
}

fn failures(minute: &OrganizationMinute) -> Option<(Evidence, Timestamp)> {
    let (failed, of) = (minute.failed, minute.results);
    let is_failing = failed >= FEWEST_FAILURES && failed as f64 >= of as f64 * FAILING_SHARE;
    minute
        .failed_since
        .filter(|_| is_failing)
        .map(|since| (Evidence::Results { failed, of }, since))
}

fn slowness(minute: &OrganizationMinute, active: &Active<'_>) -> Option<Evidence> {
    // Of few, the slowest alone is what 95% do not exceed.
    let p95 = minute.p95.filter(|_| minute.latencies >= FEWEST_LATENCIES)?;
    let usual = minute.usual.filter(|usual| *usual > Span::ZERO);
    is_slow(p95, minute, active).then_some(Evidence::Latency { p95, usual })
}

fn is_slow(p95: Span, minute: &OrganizationMinute, active: &Active<'_>) -> bool {
    p95 >= SLOW
        && match minute.usual.filter(|usual| *usual > Span::ZERO) {
            Some(usual) => p95.as_micros() >= usual.as_micros().saturating_mul(SLOW_FACTOR),
            None => active.is_breached("organization.latency", &minute.organization),
        }
}

/// True if something shows the opposite of an effect. Silence shows nothing: neither results that
/// are not reported, nor an organization that sends nothing or that is not watched any more.
pub(super) fn is_refuted(
    evidence: &Evidence,
    organization: &Subject,
    minute: Option<&OrganizationMinute>,
    incident: &Incident,
    active: &Active<'_>,
) -> bool {
    let sends = minute.is_some_and(|minute| minute.requests > 0);
    let works = || {
        minute.is_some_and(|minute| {
            let (failed, results) = (minute.failed as f64, minute.results as f64);
            minute.results > 0 && failed < results * FAILING_SHARE
        })
    };
    let is_fast =
        || minute.is_some_and(|minute| minute.p95.is_some_and(|p95| !is_slow(p95, minute, active)));
    match evidence {
        Evidence::Results { .. } => works(),
        Evidence::Latency { .. } => is_fast(),
        Evidence::Refused { .. } => {
            let mut measures = measures(incident, organization).peekable();
            sends || measures.peek().is_some() && measures.all(|one| one.ended.is_some())
        }
        Evidence::Paused { .. } => {
            let passes = minute.is_some_and(|minute| minute.paused == 0);
            active.protection.safe_mode.is_none() || sends && passes
        }
        Evidence::Endpoint { endpoint, trouble } => {
            let is_well = match trouble {
                EndpointTrouble::Failing => works(),
                EndpointTrouble::Slow => is_fast(),
            };
            is_well || has_recovered(incident, endpoint, *trouble)
        }
    }
}

/// True if no endpoint of an incident has this trouble any more, and this one was seen to recover.
fn has_recovered(incident: &Incident, endpoint: &Subject, trouble: EndpointTrouble) -> bool {
    let is_it = |breach: &Breach| trouble_of(breach) == Some(trouble);
    let mut of_endpoint = incident
        .breaches
        .iter()
        .filter(|one| is_it(&one.breach) && one.breach.key.subject == *endpoint)
        .peekable();
    !incident.holding().any(is_it)
        && of_endpoint.peek().is_some()
        && of_endpoint.all(|one| matches!(one.ending, Some(Ending::Recovered { .. })))
}

/// The trouble of an endpoint that a breach tells of; `None` if it is about something else.
fn trouble_of(breach: &Breach) -> Option<EndpointTrouble> {
    let (signal, subject) = (breach.key.signal.as_str(), &breach.key.subject);
    (subject.kind() == "endpoint" && signal != CERTIFICATE).then(|| {
        let is_slow = SLOW_SIGNALS.contains(&signal);
        if is_slow { EndpointTrouble::Slow } else { EndpointTrouble::Failing }
    })
}

/// Refusals by incident: those of one incident are one effect.
fn refusals(minute: &OrganizationMinute, active: &Active<'_>, holds: HoldsEffect<'_>) -> Vec<Seen> {
    let mut by_incident = std::collections::BTreeMap::<IncidentNumber, (u64, Timestamp)>::new();
    for (class, (refused, since)) in &minute.refused {
        for incident in active.of_limit(&minute.organization, class, holds) {
            let known = by_incident.entry(incident).or_insert((0, *since));
            *known = (known.0.saturating_add(*refused), known.1.min(*since));
        }
    }
    let of = minute.requests;
    let seen = by_incident.into_iter().map(|(incident, (refused, since))| Seen {
        incident,
        evidence: Evidence::Refused { refused, of },
        since,
    });
    seen.collect()
}

/// The consequences of endpoints in incidents: for each incident the worst trouble.
fn likely(active: &Active<'_>, now: Timestamp) -> Vec<Seen> {
    let worst = |incident: &Incident| {
        let troubles = incident.holding().filter(|breach| breach.unheard.is_none());
        let troubles = troubles.filter_map(|breach| {
            let trouble = trouble_of(breach)?;
            Some((trouble == EndpointTrouble::Slow, breach.key.subject.clone(), trouble))
        });
        let (_, endpoint, trouble) =
            troubles.min_by_key(|(is_slow, subject, _)| (*is_slow, subject.clone()))?;
        let evidence = Evidence::Endpoint { endpoint, trouble };
        Some(Seen { incident: incident.number, evidence, since: now })
    };
    active.iter().filter_map(worst).collect()
}
