//! The impact of each active incident, and the changes of it that are journalled.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::IncidentNumber,
    impact::{AffectedOrganization, Certainty, Effect, Impact, MOST_NAMED},
    incident::Incident,
    journal::Event,
    protection::Protection,
    subject::Subject,
    time::{MonotonicTime, Now, Span},
};

use super::{
    ENTRY_EVERY, GROWTH_EVERY, MOST_REMEMBERED, OrganizationMinute,
    figures::{Active, Seen, is_refuted, is_unreported},
    growth::{has_grown, standing},
    sighting::Sighting,
};

/// Everything that a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Incidents.
    pub incidents: &'a [Incident],
    /// Measures and safe mode in force.
    pub protection: &'a Protection,
    /// The last minute of each organization; `None` if it was not counted just now, as without a
    /// gate: nothing is seen then, neither an effect nor its opposite in requests.
    pub minutes: Option<&'a [OrganizationMinute]>,
    /// The time.
    pub now: Now,
}

/// The effects on the organizations of one incident.
#[derive(Clone, Debug, Default)]
struct Effects {
    organizations: BTreeMap<Subject, BTreeMap<Effect, Sighting>>,
    written: Option<MonotonicTime>,
}

/// The memory from one look to the next. The journal has it as well, except for when an effect was
/// last seen after the entry was written, and for organizations that it only counts.
#[derive(Clone, Debug, Default)]
pub struct Assessor(BTreeMap<IncidentNumber, Effects>);

impl Assessor {
    /// Decides what is journalled now.
    pub fn decide(&mut self, scene: &Scene<'_>) -> Vec<Event> {
        let active = Active::new(scene.incidents, scene.protection);
        let numbers: BTreeSet<IncidentNumber> = active.iter().map(|one| one.number).collect();
        self.0.retain(|number, _| numbers.contains(number));
        // What was not counted is not calm, but it is not seen any more either.
        let is_counted = scene.minutes.is_some();
        let minutes = scene.minutes.unwrap_or_default();
        for incident in active.iter() {
            self.0.entry(incident.number).or_insert_with(|| Effects::of(incident, scene.now));
        }
        let mut unreported = BTreeMap::<IncidentNumber, Vec<&Subject>>::new();
        for minute in minutes {
            self.take(minute, &active, scene.now);
            if is_unreported(minute)
                && let Some(number) = active.of_new_results(&minute.organization)
            {
                unreported.entry(number).or_default().push(&minute.organization);
            }
        }
        let minutes = minutes.iter().map(|one| (&one.organization, one)).collect();
        let mut events = Vec::new();
        for incident in active.iter() {
            let Some(effects) = self.0.get_mut(&incident.number) else { continue };
            effects.look_for_ends(incident, &active, &minutes, scene.now);
            let unreported = unreported.get(&incident.number).map_or(&[][..], Vec::as_slice);
            let mut impact = effects.assess(unreported, scene.now);
            if !is_counted {
                keep_counts(&mut impact, incident.impact.as_deref());
            }
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

    /// Takes what a minute shows to the incidents that it belongs to.
    fn take(&mut self, minute: &OrganizationMinute, active: &Active<'_>, now: Now) {
        let organization = &minute.organization;
        let holds = |number: IncidentNumber, effect: Effect| {
            self.0.get(&number).is_some_and(|known| known.holds(organization, effect))
        };
        for one in active.seen(minute, &holds, now.wall) {
            if let Some(effects) = self.0.get_mut(&one.incident) {
                effects.see(organization, one, now);
            }
        }
    }
}

impl Effects {
    /// As the journal tells them.
    fn of(incident: &Incident, now: Now) -> Self {
        let mut effects = Self::default();
        let Some(impact) = &incident.impact else { return effects };
        for one in &impact.organizations {
            let known = one
                .effects
                .iter()
                .map(|effect| (effect.evidence.effect(), Sighting::of(effect, impact.at, now)));
            effects.organizations.insert(one.organization.clone(), known.collect());
        }
        effects
    }

    fn holds(&self, organization: &Subject, effect: Effect) -> bool {
        let known = self.organizations.get(organization).and_then(|known| known.get(&effect));
        known.is_some_and(Sighting::holds)
    }

    fn see(&mut self, organization: &Subject, seen: Seen, now: Now) {
        let Seen { evidence, since, .. } = seen;
        let known = self.organizations.entry(organization.clone()).or_default();
        match known.get_mut(&evidence.effect()) {
            Some(sighting) => sighting.see(evidence, since, now),
            None => {
                known.insert(evidence.effect(), Sighting::new(evidence, since, now));
            }
        }
    }

    /// Looks for the opposite of each effect that holds and was not seen now.
    fn look_for_ends(
        &mut self,
        incident: &Incident,
        active: &Active<'_>,
        minutes: &BTreeMap<&Subject, &OrganizationMinute>,
        now: Now,
    ) {
        for (organization, effects) in &mut self.organizations {
            let minute = minutes.get(organization).copied();
            for one in effects.values_mut().filter(|one| one.holds() && !one.is_seen(now)) {
                if is_refuted(&one.evidence, organization, minute, incident, active) {
                    one.refute(now);
                } else {
                    one.miss(now);
                }
            }
        }
    }

    /// Lists the effects. Those that ended and find no place are forgotten, and so are those beyond
    /// [`MOST_REMEMBERED`].
    fn assess(&mut self, unreported: &[&Subject], now: Now) -> Impact {
        let listed = self.organizations.iter().map(|(organization, effects)| {
            let effects = effects.values().map(Sighting::effect).collect();
            AffectedOrganization { organization: organization.clone(), effects }
        });
        let mut listed: Vec<AffectedOrganization> = listed.collect();
        listed.sort_by_cached_key(rank);
        for one in listed.split_off(listed.len().min(MOST_REMEMBERED)) {
            self.organizations.remove(&one.organization);
        }
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
            effects.is_some_and(|effects| effects.values().any(Sighting::holds))
        };
        let unknown = unreported.iter().filter(|one| !is_affected(one)).count();
        let not_reported = u32::try_from(unknown).unwrap_or(u32::MAX);
        Impact { at: now.wall, organizations: listed, more_known, more_likely, not_reported }
    }

    /// True if it is journalled now.
    fn is_due(&self, known: Option<&Impact>, impact: &Impact, now: MonotonicTime) -> bool {
        let Some(known) = known else { return !impact.organizations.is_empty() };
        let waits = |time: Span| self.written.is_some_and(|at| now.since(at) < time);
        if waits(ENTRY_EVERY) {
            return false;
        }
        standing(known) != standing(impact) || has_grown(known, impact) && !waits(GROWTH_EVERY)
    }
}

/// Keeps what the journal tells of organizations that it only counts, where nothing is counted now:
/// after a restart nothing else is known of them.
fn keep_counts(impact: &mut Impact, known: Option<&Impact>) {
    impact.not_reported = known.map_or(0, |known| known.not_reported);
    let Some(known) = known else { return };
    impact.more_known = impact.more_known.max(known.more_known);
    impact.more_likely = impact.more_likely.max(known.more_likely);
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
