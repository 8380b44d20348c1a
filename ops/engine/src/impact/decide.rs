//! The impact of each active incident, and the changes of it that are journalled.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::IncidentNumber,
    impact::{AffectedOrganization, Certainty, Effect, EffectOn, Evidence, Impact, MOST_NAMED},
    incident::Incident,
    journal::Event,
    protection::Protection,
    subject::Subject,
    time::{MonotonicTime, Now, Span, Timestamp},
};

use super::{
    CALM, GROWTH_EVERY, OrganizationMinute,
    figures::{Active, Seen, is_unreported, seen},
};

/// A list that is full changes at most so often: then many begin and end.
const CROWDED_EVERY: Span = Span::from_secs(10);
/// Shares that differ by less, in percentage points, are told as the same.
const SAME_SHARE: f64 = 10.0;
/// Latencies that differ by a smaller factor are told as the same.
const SAME_LATENCY: f64 = 1.5;

/// What is decided from.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Incidents.
    pub incidents: &'a [Incident],
    /// Measures and safe mode in force.
    pub protection: &'a Protection,
    /// The last minute of each organization; `None` if it was not counted just now.
    pub minutes: Option<&'a [OrganizationMinute]>,
    /// The time.
    pub now: Now,
}

/// An effect as it was last seen.
#[derive(Clone, Debug)]
struct Sighting {
    evidence: Evidence,
    since: Timestamp,
    until: Option<Timestamp>,
    seen_at: Now,
}

impl Sighting {
    fn effect(&self) -> EffectOn {
        EffectOn { evidence: self.evidence.clone(), since: self.since, until: self.until }
    }

    fn see(&mut self, seen: Seen, now: Now) {
        let is_new = self.until.is_some() || self.evidence.certainty() != seen.evidence.certainty();
        if is_new {
            (self.since, self.until) = (seen.since, None);
        }
        (self.evidence, self.seen_at) = (seen.evidence, now);
    }

    fn end_if_calm(&mut self, now: Now) {
        if self.until.is_none() && now.mono.since(self.seen_at.mono) >= CALM {
            self.until = Some(self.seen_at.wall.max(self.since));
        }
    }
}

/// The effects on the organizations of one incident.
#[derive(Clone, Debug, Default)]
struct Effects {
    organizations: BTreeMap<Subject, BTreeMap<Effect, Sighting>>,
    written: Option<MonotonicTime>,
}

/// What is remembered from one look to the next. The journal has it as well, except for when an
/// effect was last seen: after a restart that counts from then on.
#[derive(Clone, Debug, Default)]
pub struct Assessor(BTreeMap<IncidentNumber, Effects>);

impl Assessor {
    /// Decides what is journalled now.
    pub fn decide(&mut self, scene: &Scene<'_>) -> Vec<Event> {
        let active = Active::new(scene.incidents, scene.protection);
        let numbers: BTreeSet<IncidentNumber> = active.iter().map(|one| one.number).collect();
        self.0.retain(|number, _| numbers.contains(number));
        // What was not counted is not calm.
        let Some(minutes) = scene.minutes else { return Vec::new() };
        for incident in active.iter() {
            self.0.entry(incident.number).or_insert_with(|| Effects::of(incident, scene.now));
        }
        let mut unreported = BTreeMap::<IncidentNumber, Vec<&Subject>>::new();
        for minute in minutes {
            for one in seen(minute, &active, scene.now.wall) {
                if let Some(effects) = self.0.get_mut(&one.incident) {
                    effects.see(&minute.organization, one, scene.now);
                }
            }
            if is_unreported(minute)
                && let Some(incident) = active.of_results(&minute.organization)
            {
                unreported.entry(incident.number).or_default().push(&minute.organization);
            }
        }
        let mut events = Vec::new();
        for incident in active.iter() {
            let Some(effects) = self.0.get_mut(&incident.number) else { continue };
            let unreported = unreported.get(&incident.number).map_or(&[][..], Vec::as_slice);
            let impact = effects.assess(unreported, scene.now);
            if effects.is_due(incident.impact.as_deref(), &impact, scene.now.mono) {
                effects.written = Some(scene.now.mono);
                events.push(Event::ImpactChanged {
                    incident: incident.number,
                    impact: Box::new(impact),
                });
            }
        }
        events
    }
}

impl Effects {
    /// As the journal tells them.
    fn of(incident: &Incident, now: Now) -> Self {
        let mut effects = Self::default();
        for one in incident.impact.iter().flat_map(|impact| &impact.organizations) {
            let known = one.effects.iter().map(|effect| {
                let EffectOn { evidence, since, until } = effect.clone();
                (evidence.effect(), Sighting { evidence, since, until, seen_at: now })
            });
            effects.organizations.insert(one.organization.clone(), known.collect());
        }
        effects
    }

    fn see(&mut self, organization: &Subject, seen: Seen, now: Now) {
        let known = self.organizations.entry(organization.clone()).or_default();
        let effect = seen.evidence.effect();
        if let Some(sighting) = known.get_mut(&effect) {
            sighting.see(seen, now);
        } else {
            let Seen { evidence, since, .. } = seen;
            known.insert(effect, Sighting { evidence, since, until: None, seen_at: now });
        }
    }

    /// Ends what was not seen for long, and lists the rest. Those that ended and find no place are
    /// forgotten.
    fn assess(&mut self, unreported: &[&Subject], now: Now) -> Impact {
        let all = self.organizations.values_mut().flat_map(BTreeMap::values_mut);
        all.for_each(|one| one.end_if_calm(now));
        let listed = self.organizations.iter().map(|(organization, effects)| {
            let effects = effects.values().map(Sighting::effect).collect();
            AffectedOrganization { organization: organization.clone(), effects }
        });
        let mut listed: Vec<AffectedOrganization> = listed.collect();
        listed.sort_by_cached_key(rank);
        let rest = listed.split_off(listed.len().min(MOST_NAMED));
        let count = |certainty| {
            let count = rest.iter().filter(|one| one.certainty() == Some(certainty)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let (more_known, more_likely) = (count(Certainty::Known), count(Certainty::Likely));
        for one in rest.iter().filter(|one| one.certainty().is_none()) {
            self.organizations.remove(&one.organization);
        }
        let is_affected = |organization: &Subject| {
            let effects = self.organizations.get(organization);
            effects.is_some_and(|effects| effects.values().any(|one| one.until.is_none()))
        };
        let unknown = unreported.iter().filter(|one| !is_affected(one)).count();
        let not_reported = u32::try_from(unknown).unwrap_or(u32::MAX);
        Impact { at: now.wall, organizations: listed, more_known, more_likely, not_reported }
    }

    /// Whether it is journalled now.
    fn is_due(&self, known: Option<&Impact>, impact: &Impact, now: MonotonicTime) -> bool {
        let Some(known) = known else { return !impact.organizations.is_empty() };
        let waits = |time: Span| self.written.is_some_and(|at| now.since(at) < time);
        if standing(known) != standing(impact) {
            let is_full = impact.organizations.len() >= MOST_NAMED;
            return !(is_full && waits(CROWDED_EVERY));
        }
        has_grown(known, impact) && !waits(GROWTH_EVERY)
    }
}

/// The place in the list: known before likely, the worse effect first, then the older one. Figures
/// have no part in it, as the list would change each time they do.
fn rank(one: &AffectedOrganization) -> (bool, Option<Certainty>, Option<Effect>, i64, Subject) {
    let certainty = one.certainty();
    let worst = one.holding().map(|effect| effect.evidence.effect()).min();
    let at = if certainty.is_some() {
        one.holding().map(|effect| effect.since.as_micros()).min()
    } else {
        one.effects.iter().filter_map(|effect| effect.until).max().map(|at| -at.as_micros())
    };
    (certainty.is_none(), certainty, worst, at.unwrap_or_default(), one.organization.clone())
}

/// Effects without their figures.
fn standing(impact: &Impact) -> BTreeSet<(&Subject, Effect, Certainty, bool)> {
    let listed = impact.organizations.iter().flat_map(|one| {
        one.effects.iter().map(|effect| {
            let evidence = &effect.evidence;
            (&one.organization, evidence.effect(), evidence.certainty(), effect.holds())
        })
    });
    listed.collect()
}

/// Whether the figures of the same effects differ by much.
fn has_grown(known: &Impact, impact: &Impact) -> bool {
    let counts = |one: &Impact| (one.more_known, one.more_likely, one.not_reported);
    let effects = |one: &'_ Impact| -> BTreeMap<(Subject, Effect), Evidence> {
        let listed = one.organizations.iter().flat_map(|organization| {
            organization.holding().map(|effect| {
                let evidence = effect.evidence.clone();
                ((organization.organization.clone(), evidence.effect()), evidence)
            })
        });
        listed.collect()
    };
    let before = effects(known);
    let differs = |(key, evidence): (&(Subject, Effect), &Evidence)| {
        before.get(key).is_none_or(|known| differs_much(known, evidence))
    };
    counts(known) != counts(impact) || effects(impact).iter().any(differs)
}

fn differs_much(known: &Evidence, now: &Evidence) -> bool {
    let share = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
    let of = |evidence: &Evidence| match evidence {
        Evidence::Results { failed: part, of }
        | Evidence::Refused { refused: part, of }
        | Evidence::Paused { paused: part, of } => Some(share(*part, *of)),
        Evidence::Latency { .. } | Evidence::Endpoint { .. } => None,
    };
    match (known, now) {
        (Evidence::Latency { p95: known, .. }, Evidence::Latency { p95: now, .. }) => {
            let (known, now) = (known.as_secs_f64(), now.as_secs_f64());
            now > known * SAME_LATENCY || known > now * SAME_LATENCY
        }
        _ => match (of(known), of(now)) {
            (Some(known), Some(now)) => (known - now).abs() >= SAME_SHARE,
            _ => known != now,
        },
    }
}
