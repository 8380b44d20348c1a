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

    /// The times in which an incident was over: each from a resolution to the next reopening, the
    /// last one without an end.
    pub fn over(resolved: &[Timestamp], reopened: &[Timestamp]) -> Self {
        let end_of = |from: &Timestamp| reopened.iter().copied().filter(|to| to > from).min();
        let over = resolved.iter().map(|from| (*from, end_of(from).unwrap_or(Timestamp::MAX)));
        Self::of(over)
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

    /// The part outside of others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        others.0.iter().fold(self.clone(), |left, (from, to)| {
            let around = |(begin, end): &(Timestamp, Timestamp)| {
                [(*begin, (*end).min(*from)), ((*begin).max(*to), *end)]
            };
            Self::of(left.0.iter().flat_map(around))
        })
    }

    /// The beginning of the first one that reaches beyond a moment.
    fn first_beyond(&self, at: Timestamp) -> Option<Timestamp> {
        self.0.iter().find(|(_, to)| *to > at).map(|(from, _)| *from)
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

/// An incident as the journal tells of its impact.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The states of its impact, oldest first.
    pub states: &'a [Impact],
    /// When it was over: each from its resolution to its reopening. No effect holds in them.
    pub over: &'a Times,
    /// The time of reading.
    pub now: Timestamp,
}

impl Told<'_> {
    /// True if organizations were, or may have been, affected within a period that are not named.
    pub fn leaves_unnamed(&self, period: &Range<Timestamp>) -> bool {
        self.states.iter().enumerate().any(|(place, state)| {
            let is_in_period = state.at < period.end && self.end_of(place) > period.start;
            is_in_period && state.has_unnamed()
        })
    }

    /// The effects of each state on an organization.
    fn effects_on(&self, organization: &Subject) -> Vec<Vec<EffectOn>> {
        let of = |state: &Impact| {
            let known = state.organizations.iter().find(|one| one.organization == *organization);
            known.map(|one| one.effects.clone()).unwrap_or_default()
        };
        self.states.iter().map(of).collect()
    }

    /// The time to which an effect lasts that had not ended in a state: to the next one, unless the
    /// incident was resolved before.
    fn end_of(&self, place: usize) -> Timestamp {
        let next = self.states.get(place + 1).map_or(self.now, |next| next.at.min(self.now));
        let over = self.states.get(place).and_then(|state| self.over.first_beyond(state.at));
        over.map_or(next, |over| over.min(next))
    }

    /// The time from which an effect is known, by the states up to the last one that tells of it:
    /// while they told it as likely, it was no more.
    fn known_from(&self, told: &[Vec<EffectOn>], last: &EffectOn) -> Timestamp {
        let mut was_likely = false;
        for (state, effects) in self.states.iter().zip(told) {
            let Some(earlier) = effects.iter().find(|one| is_later_of(last, one)) else { continue };
            match earlier.evidence.certainty() {
                Certainty::Known if was_likely => return state.at,
                Certainty::Known => return last.since,
                Certainty::Likely => was_likely = true,
            }
        }
        last.since
    }
}

/// True if one effect is another one as a later state tells it, or the same state: then it may have
/// begun earlier, but not later.
fn is_later_of(one: &EffectOn, other: &EffectOn) -> bool {
    one.since <= other.since && one.evidence.effect() == other.evidence.effect()
}

/// What an incident did to an organization within a period. The last state that tells of an effect
/// counts; one that had not ended in it lasts to the next state, or to where it was last seen.
/// `None` if it did nothing to it in that period.
pub fn impact_on(
    organization: &Subject,
    incident: &Told<'_>,
    period: &Range<Timestamp>,
) -> Option<ImpactOn> {
    let (mut known, mut likely, mut evidence) = (Vec::new(), Vec::new(), Vec::<Evidence>::new());
    let mut unknown_since = None;
    let told = incident.effects_on(organization);
    for (place, effects) in told.iter().enumerate() {
        let (until_now, later) = told.split_at(place + 1);
        for effect in effects {
            // The last state that tells of it knows most.
            if later.iter().flatten().any(|one| is_later_of(one, effect)) {
                continue;
            }
            let end = effect.until.or(effect.last_seen).unwrap_or_else(|| incident.end_of(place));
            let end = end.min(incident.now);
            match effect.evidence.certainty() {
                Certainty::Known => {
                    let from = incident.known_from(until_now, effect);
                    likely.push((effect.since, from.min(end)));
                    known.push((from, end));
                }
                Certainty::Likely => likely.push((effect.since, end)),
            }
            if effect.until.is_none() {
                unknown_since = unknown_since.max(effect.last_seen);
            }
            evidence.retain(|one| one.effect() != effect.evidence.effect());
            evidence.push(effect.evidence.clone());
        }
    }
    evidence.sort_by_key(Evidence::effect);
    let within = |times| Times::of(times).without(incident.over).within(period);
    let times = AffectedTimes { known: within(known), likely: within(likely) };
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

    fn endpoint(trouble: EndpointTrouble) -> Evidence {
        Evidence::Endpoint { endpoint: "endpoint:checkout".parse().unwrap(), trouble }
    }

    /// A likely effect of another kind than [`FAILS`].
    fn likely() -> Evidence {
        endpoint(EndpointTrouble::Slow)
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
        seconds_beside(states, &[], until, period)
    }

    /// The seconds known and likely of an incident that was over in some times.
    fn seconds_beside(
        states: &[Impact],
        over: &[(i64, i64)],
        now: i64,
        period: Range<i64>,
    ) -> Option<(u64, u64)> {
        let acme = organization_named("acme").unwrap();
        let over = Times::of(over.iter().map(|(from, to)| (at(*from), at(*to))));
        let period = at(period.start)..at(period.end);
        let told = Told { states, over: &over, now: at(now) };
        let time = impact_on(&acme, &told, &period)?.times.time();
        Some((time.known.as_secs(), time.likely.as_secs()))
    }

    #[test]
    fn what_was_likely_first_is_known_from_where_it_was_counted() {
        let fails_likely = || endpoint(EndpointTrouble::Failing);
        let states = [
            state(10, "acme", vec![effect(fails_likely(), 0, None)]),
            state(40, "acme", vec![effect(fails_likely(), 0, None)]),
            state(60, "acme", vec![effect(FAILS, 0, None)]),
            state(90, "acme", vec![effect(FAILS, 0, Some(80))]),
        ];
        assert_eq!(seconds(&states, 100, 0..1_000), Some((20, 60)));
        // That it turned out to have begun earlier makes it no other one.
        let mut earlier = states;
        earlier[2].organizations[0].effects[0].since = at(-10);
        earlier[3].organizations[0].effects[0].since = at(-10);
        assert_eq!(seconds(&earlier, 100, -100..1_000), Some((20, 70)));
        // One that was over before is another one.
        let other = [
            state(10, "acme", vec![effect(fails_likely(), 0, Some(5))]),
            state(60, "acme", vec![effect(FAILS, 50, Some(58))]),
        ];
        assert_eq!(seconds(&other, 100, 0..1_000), Some((8, 5)));
    }

    #[test]
    fn an_incident_is_over_from_each_resolution_to_the_next_reopening() {
        let over = Times::over(&[at(10), at(50)], &[at(30)]);
        assert_eq!(over, Times::of([(at(10), at(30)), (at(50), Timestamp::MAX)]));
        assert!(Times::over(&[], &[]).is_empty());
    }

    #[test]
    fn whoever_is_not_named_is_so_until_the_next_state() {
        let mut states = [state(10, "acme", Vec::new()), state(40, "acme", Vec::new())];
        states[0].not_reported = 3;
        let told = Told { states: &states, over: &Times::default(), now: at(100) };
        let periods = [at(0)..at(10), at(0)..at(11), at(39)..at(90), at(40)..at(90)];
        let unnamed = periods.map(|period| told.leaves_unnamed(&period));
        assert_eq!(unnamed, [false, true, true, false]);
        let over = Times::of([(at(20), Timestamp::MAX)]);
        assert!(!Told { over: &over, ..told }.leaves_unnamed(&(at(20)..at(90))));
    }

    #[test]
    fn what_held_ends_where_the_incident_is_over() {
        let states = [
            state(10, "acme", vec![effect(FAILS, 0, None)]),
            state(90, "acme", vec![effect(FAILS, 85, None)]),
        ];
        assert_eq!(seconds_beside(&states, &[(30, 80)], 100, 0..1_000), Some((45, 0)));
        // Nor does it hold where a reopened incident brings it back, or in an entry that came late.
        let states = [state(40, "acme", vec![effect(FAILS, 0, None)])];
        assert_eq!(seconds_beside(&states, &[(30, 80)], 100, 0..1_000), Some((30, 0)));
        let states = [state(90, "acme", vec![effect(FAILS, 0, None)])];
        assert_eq!(seconds_beside(&states, &[(30, 80)], 100, 0..1_000), Some((50, 0)));
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
        let told = Told { states: &states, over: &Times::default(), now: at(300) };
        let found = impact_on(&acme, &told, &(at(0)..at(1_000))).unwrap();
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
            let without = times.without(&Times::of([(at(period.0), at(period.1))]));
            prop_assert_eq!(without.length().as_secs() + count as u64, times.length().as_secs());
        }
    }
}
