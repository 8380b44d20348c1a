//! Evidence from one minute of one organization, and the incident that it belongs to.

use domain::{
    id::IncidentNumber,
    impact::{EndpointTrouble, Evidence},
    incident::Incident,
    protection::Protection,
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{FAILING_SHARE, FEWEST_FAILURES, OrganizationMinute, SLOW, SLOW_FACTOR};

/// The kind of subjects that are organizations.
const ORGANIZATION: &str = "organization";
/// Signals of an endpoint that tell that it is slow; all others tell that it fails.
const SLOW_SIGNALS: [&str; 2] = ["endpoint.first_byte", "endpoint.total"];
/// The one that tells nothing about requests now.
const CERTIFICATE: &str = "endpoint.certificate.days_left";

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
    fn about(&self, organization: &Subject) -> Option<&'a Incident> {
        self.iter().find(|one| one.subjects().contains(&organization))
    }

    /// The one to which failures and latencies of this organization belong.
    pub fn of_results(&self, organization: &Subject) -> Option<&'a Incident> {
        let is_general =
            |one: &&Incident| one.subjects().iter().any(|subject| subject.kind() != ORGANIZATION);
        self.about(organization).or_else(|| self.iter().find(is_general))
    }

    /// The one to which refusals in a class belong: that of the measure, otherwise the one about
    /// the organization.
    fn of_limit(&self, organization: &Subject, class: &str) -> Option<IncidentNumber> {
        let measure = self.protection.measures.iter().find(|one| {
            one.measure.requests.organization == *organization
                && one.measure.requests.class == class
        });
        match measure {
            Some(measure) => Some(measure.incident).filter(|number| self.has(*number)),
            None => self.about(organization).map(|one| one.number),
        }
    }

    fn of_safe_mode(&self) -> Option<IncidentNumber> {
        let in_force = self.protection.safe_mode.as_ref()?;
        in_force.incident.filter(|number| self.has(*number))
    }

    fn is_breached(&self, signal: &str, subject: &Subject) -> bool {
        let is_it = |breach: &domain::breach::Breach| {
            breach.key.signal.as_str() == signal && breach.key.subject == *subject
        };
        self.iter().any(|one| one.holding().any(is_it))
    }
}

/// Everything that a minute shows of its organization.
pub(super) fn seen(minute: &OrganizationMinute, active: &Active<'_>, now: Timestamp) -> Vec<Seen> {
    let mut seen = Vec::new();
    if let Some(incident) = active.of_results(&minute.organization) {
        let incident = incident.number;
        seen.extend(failures(minute).map(|(evidence, since)| Seen { incident, evidence, since }));
        let evidence = slowness(minute, active);
        seen.extend(evidence.map(|evidence| Seen { incident, evidence, since: now }));
    }
    seen.extend(refusals(minute, active));
    if let Some(incident) = active.of_safe_mode()
        && let Some(since) = minute.paused_since
    {
        let evidence = Evidence::Paused { paused: minute.paused, of: minute.requests };
        seen.push(Seen { incident, evidence, since });
    }
    if is_unreported(minute) {
        seen.extend(likely(active, now));
    }
    seen
}

/// Whether the organization sends requests and nothing tells how they end.
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
    let p95 = minute.p95.filter(|p95| *p95 >= SLOW)?;
    let usual = minute.usual.filter(|usual| *usual > Span::ZERO);
    let is_slow = match usual {
        Some(usual) => p95.as_micros() >= usual.as_micros().saturating_mul(SLOW_FACTOR),
        None => active.is_breached("organization.latency", &minute.organization),
    };
    is_slow.then_some(Evidence::Latency { p95, usual })
}

/// Refusals by incident: those of one incident are one effect.
fn refusals(minute: &OrganizationMinute, active: &Active<'_>) -> Vec<Seen> {
    let mut by_incident = std::collections::BTreeMap::<IncidentNumber, (u64, Timestamp)>::new();
    for (class, (refused, since)) in &minute.refused {
        if let Some(incident) = active.of_limit(&minute.organization, class) {
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

/// What follows from endpoints of incidents: for each incident the worst trouble.
fn likely(active: &Active<'_>, now: Timestamp) -> Vec<Seen> {
    let worst = |incident: &Incident| {
        let troubles = incident.holding().filter_map(|breach| {
            let (signal, subject) = (breach.key.signal.as_str(), &breach.key.subject);
            let is_seen = breach.unheard.is_none();
            (is_seen && subject.kind() == "endpoint" && signal != CERTIFICATE).then(|| {
                let is_slow = SLOW_SIGNALS.contains(&signal);
                let trouble =
                    if is_slow { EndpointTrouble::Slow } else { EndpointTrouble::Failing };
                (is_slow, subject.clone(), trouble)
            })
        });
        let (_, endpoint, trouble) =
            troubles.min_by_key(|(is_slow, subject, _)| (*is_slow, subject.clone()))?;
        let evidence = Evidence::Endpoint { endpoint, trouble };
        Some(Seen { incident: incident.number, evidence, since: now })
    };
    active.iter().filter_map(worst).collect()
}
