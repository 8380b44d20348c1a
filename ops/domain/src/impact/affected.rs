//! How long an organization was affected: times put together from what the journal told of an
//! incident's impact.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Certainty, EffectOn, Evidence, Impact};
use crate::{
    subject::Subject,
    time::{Span, Timestamp},
};

/// Times that are apart and in order, each from its beginning to before its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(Vec<(Timestamp, Timestamp)>);

impl Times {
    /// Puts times together: what overlaps or touches becomes one; empty ones are left out.
    pub fn of(times: impl IntoIterator<Item = (Timestamp, Timestamp)>) -> Self {
        let mut times: Vec<_> = times.into_iter().filter(|(from, to)| from < to).collect();
        times.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (from, to) in times {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    /// Puts these and others together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied())
    }

    /// The part within a period.
    #[must_use]
    pub fn within(&self, period: &Range<Timestamp>) -> Self {
        let clipped = |(from, to): &(Timestamp, Timestamp)| {
            ((*from).max(period.start), (*to).min(period.end))
        };
        Self::of(self.0.iter().map(clipped))
    }

    /// The sum of their lengths.
    pub fn length(&self) -> Span {
        let lengths = self.0.iter().map(|(from, to)| to.since(*from));
        lengths.fold(Span::ZERO, Span::plus)
    }

    /// True if there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The times in which an organization was affected: those in which an effect was counted for it,
/// and those in which one was likely.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AffectedTimes {
    /// An effect was counted.
    pub known: Times,
    /// An effect was likely; part of it may be known too.
    pub likely: Times,
}

impl AffectedTimes {
    /// Puts these and others together: a time counts once, however many incidents it is part of.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self { known: self.known.with(&other.known), likely: self.likely.with(&other.likely) }
    }

    /// How long: what is likely counts beside what is known.
    pub fn time(&self) -> AffectedTime {
        let known = self.known.length();
        AffectedTime { known, likely: self.known.with(&self.likely).length().minus(known) }
    }
}

/// How long an organization was affected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AffectedTime {
    /// With an effect that was counted for it, in microseconds.
    pub known: Span,
    /// Beside that, with an effect that was likely, in microseconds.
    pub likely: Span,
}

impl AffectedTime {
    /// True if it was not affected.
    pub fn is_none(self) -> bool {
        self.known == Span::ZERO && self.likely == Span::ZERO
    }
}

/// What an incident did to an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpactOn {
    /// When.
    pub times: AffectedTimes,
    /// The last evidence of each effect, the worst first.
    pub evidence: Vec<Evidence>,
    /// When an effect was last seen of which nothing has shown since whether it held on: what came
    /// after is in no time.
    pub unknown_since: Option<Timestamp>,
}

/// What an incident did to an organization within a period, as the states of its impact tell,
/// oldest first; `until` is its end, or now. The last state that tells of an effect counts; one
/// that had not ended in it lasts to the next state, or to where it was last seen. `None` if it did
/// nothing to it in that period.
pub fn impact_on(
    organization: &Subject,
    states: &[&Impact],
    until: Timestamp,
    period: &Range<Timestamp>,
) -> Option<ImpactOn> {
    let effects_in = |state: &Impact| -> Vec<EffectOn> {
        let known = state.organizations.iter().find(|one| one.organization == *organization);
        known.map(|one| one.effects.clone()).unwrap_or_default()
    };
    let (mut known, mut likely, mut evidence) = (Vec::new(), Vec::new(), Vec::<Evidence>::new());
    let mut unknown_since = None;
    let told: Vec<Vec<EffectOn>> = states.iter().map(|state| effects_in(state)).collect();
    for (place, effects) in told.iter().enumerate() {
        let next = states.get(place + 1).map_or(until, |next| next.at.min(until));
        let later = told.get(place + 1..).unwrap_or_default();
        for effect in effects {
            let is_same = |one: &EffectOn| {
                one.since == effect.since && one.evidence.effect() == effect.evidence.effect()
            };
            // The last state that tells of it knows most.
            if later.iter().flatten().any(is_same) {
                continue;
            }
            let end = effect.until.or(effect.last_seen).unwrap_or(next);
            let times = match effect.evidence.certainty() {
                Certainty::Known => &mut known,
                Certainty::Likely => &mut likely,
            };
            times.push((effect.since, end.min(until)));
            if effect.until.is_none() {
                unknown_since = unknown_since.max(effect.last_seen);
            }
            evidence.retain(|one| one.effect() != effect.evidence.effect());
            evidence.push(effect.evidence.clone());
        }
    }
    evidence.sort_by_key(Evidence::effect);
    let times = AffectedTimes {
        known: Times::of(known).within(period),
        likely: Times::of(likely).within(period),
    };
    let is_none = times.known.is_empty() && times.likely.is_empty();
    (!is_none).then_some(ImpactOn { times, evidence, unknown_since })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        impact::{AffectedOrganization, EndpointTrouble},
        protection::organization_named,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    const FAILS: Evidence = Evidence::Results { failed: 5, of: 10 };

    fn likely() -> Evidence {
        let endpoint = "endpoint:checkout".parse().unwrap();
        Evidence::Endpoint { endpoint, trouble: EndpointTrouble::Slow }
    }

    fn effect(evidence: Evidence, since: i64, until: Option<i64>) -> EffectOn {
        EffectOn { evidence, since: at(since), until: until.map(at), last_seen: None }
    }

    fn state(moment: i64, name: &str, effects: Vec<EffectOn>) -> Impact {
        let organization = organization_named(name).unwrap();
        Impact {
            at: at(moment),
            organizations: vec![AffectedOrganization { organization, effects }],
            more_known: 0,
            more_likely: 0,
            not_reported: 0,
        }
    }

    fn seconds(states: &[Impact], until: i64, period: Range<i64>) -> Option<(u64, u64)> {
        let acme = organization_named("acme").unwrap();
        let states: Vec<&Impact> = states.iter().collect();
        let period = at(period.start)..at(period.end);
        let time = impact_on(&acme, &states, at(until), &period)?.times.time();
        Some((time.known.as_secs(), time.likely.as_secs()))
    }

    #[test]
    fn known_and_likely_are_apart_and_a_second_counts_once() {
        let states =
            [state(100, "acme", vec![effect(FAILS, 0, Some(60)), effect(likely(), 30, Some(100))])];
        assert_eq!(seconds(&states, 500, 0..1_000), Some((60, 40)));
        assert_eq!(seconds(&states, 500, 50..80), Some((10, 20)));
        assert_eq!(seconds(&states, 500, 100..1_000), None);
        assert_eq!(
            seconds(&[state(100, "globex", vec![effect(FAILS, 0, None)])], 500, 0..1_000),
            None
        );
    }

    #[test]
    fn an_effect_that_came_back_leaves_out_the_time_between() {
        let states = [
            state(10, "acme", vec![effect(FAILS, 0, None)]),
            state(60, "acme", vec![effect(FAILS, 0, Some(50))]),
            state(200, "acme", vec![effect(FAILS, 190, None)]),
        ];
        assert_eq!(seconds(&states, 300, 0..1_000), Some((50 + 110, 0)));
        // One that is over is not known to have lasted beyond its last state.
        assert_eq!(seconds(&states[..1], 40, 0..1_000), Some((40, 0)));
    }

    #[test]
    fn what_was_not_seen_any_more_is_in_no_time_and_said() {
        let silent = EffectOn { last_seen: Some(at(70)), ..effect(FAILS, 0, None) };
        let states = [state(100, "acme", vec![silent])];
        assert_eq!(seconds(&states, 300, 0..1_000), Some((70, 0)));
        let acme = organization_named("acme").unwrap();
        let states: Vec<&Impact> = states.iter().collect();
        let found = impact_on(&acme, &states, at(300), &(at(0)..at(1_000))).unwrap();
        assert_eq!(found.unknown_since, Some(at(70)));
    }

    #[test]
    fn times_of_several_incidents_count_once() {
        let one = AffectedTimes { known: Times::of([(at(0), at(60))]), likely: Times::default() };
        let other = AffectedTimes {
            known: Times::of([(at(30), at(90)), (at(90), at(90))]),
            likely: Times::of([(at(80), at(100))]),
        };
        let time = one.with(&other).time();
        assert_eq!((time.known.as_secs(), time.likely.as_secs()), (90, 10));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn times_put_together_are_apart_and_as_long_as_their_seconds(
            some in proptest::collection::vec((0..50i64, 0..50i64), 0..12),
            period in (0..50i64, 0..50i64),
        ) {
            let times = Times::of(some.iter().map(|(from, to)| (at(*from), at(*to))));
            prop_assert!(times.0.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let is_in = |second: &i64| some.iter().any(|(from, to)| from <= second && second < to);
            prop_assert_eq!(times.length().as_secs(), (0..50).filter(is_in).count() as u64);
            let within = times.within(&(at(period.0)..at(period.1)));
            let in_period = |second: &i64| period.0 <= *second && *second < period.1;
            let count = (0..50).filter(|second| is_in(second) && in_period(second)).count();
            prop_assert_eq!(within.length().as_secs(), count as u64);
        }
    }
}
