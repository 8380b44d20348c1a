//! Times in which an organization was affected, put together from what the journal told of an
//! incident's impact.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};

use super::{Certainty, EffectOn, Evidence, Impact, Times};
use crate::{
    subject::Subject,
    time::{Span, Timestamp},
};

/// An end that is told so late was not seen: Calm Ops was started again meanwhile, and knows of the
/// effect from the journal alone.
const LATE: Span = Span::from_mins(10);

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

    /// Their lengths: what is likely counts beside what is known.
    pub fn time(&self) -> AffectedTime {
        let known = self.known.length();
        AffectedTime { known, likely: self.known.with(&self.likely).length().minus(known) }
    }
}

/// The length of the times in which an organization was affected.
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

/// Effects of an incident on an organization within a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImpactOn {
    /// The times of the effects that were watched; an effect that was seen once is in none.
    pub times: AffectedTimes,
    /// The last evidence of each effect, the worst first; what is known counts before what is
    /// likely. Empty if no effect was seen in the period.
    pub evidence: Vec<Evidence>,
    /// The last sight of an effect of which nothing showed after that whether it held on; the time
    /// after it is in no time.
    pub unknown_since: Option<Timestamp>,
}

impl ImpactOn {
    /// Adds an effect of which it is known when it held.
    fn add(&mut self, evidence: &Evidence, times: &AffectedTimes) {
        self.times = self.times.with(times);
        let old = self.evidence.iter_mut().find(|one| one.effect() == evidence.effect());
        match old {
            Some(old) if old.certainty() < evidence.certainty() => {}
            Some(old) => *old = evidence.clone(),
            None => self.evidence.push(evidence.clone()),
        }
    }
}

/// The effects that a state tells of an organization.
#[derive(Clone, Copy, Debug)]
struct Mention<'a> {
    /// The place of the state.
    place: usize,
    effects: &'a [EffectOn],
}

/// An effect as one of several states tells it.
type Sight<'a> = (usize, &'a EffectOn);

/// An incident as the journal tells of its impact.
#[derive(Clone, Debug)]
pub struct ImpactHistory<'a> {
    states: &'a [Impact],
    over: &'a Times,
    blind: &'a Times,
    now: Timestamp,
    mentions: BTreeMap<&'a Subject, Vec<Mention<'a>>>,
}

impl<'a> ImpactHistory<'a> {
    /// The states of its impact, oldest first; the times in which it was over, in which no effect
    /// holds; those in which nothing was watched, in which nothing is known; and the time of
    /// reading.
    pub fn new(states: &'a [Impact], over: &'a Times, blind: &'a Times, now: Timestamp) -> Self {
        let mut mentions: BTreeMap<&Subject, Vec<Mention<'_>>> = BTreeMap::new();
        for (place, state) in states.iter().enumerate() {
            for one in &state.organizations {
                let mention = Mention { place, effects: &one.effects };
                mentions.entry(&one.organization).or_default().push(mention);
            }
        }
        Self { states, over, blind, now, mentions }
    }

    /// The organizations that are named.
    pub fn organizations(&self) -> impl Iterator<Item = &'a Subject> {
        self.mentions.keys().copied()
    }

    /// True if some state within a period tells of organizations without a name, and of this one
    /// nothing. What is not known of those that report no results does not count for one that does
    /// (`reports`).
    pub fn leaves_unnamed(
        &self,
        organization: &Subject,
        period: &Range<Timestamp>,
        reports: bool,
    ) -> bool {
        let mentions = self.mentions.get(organization).map_or(&[][..], Vec::as_slice);
        let is_named =
            |place: usize| mentions.binary_search_by_key(&place, |one| one.place).is_ok();
        self.states.iter().enumerate().any(|(place, state)| {
            let counts =
                state.more_known > 0 || state.more_likely > 0 || state.not_reported > 0 && !reports;
            let end = self.end_of(place);
            let is_in_period = state.at < end && state.at < period.end && end > period.start;
            counts && is_in_period && !is_named(place)
        })
    }

    /// The time to which a state holds: to the next one, unless the incident was resolved before.
    fn end_of(&self, place: usize) -> Timestamp {
        let next = self.states.get(place + 1).map_or(self.now, |next| next.at.min(self.now));
        let over = self.states.get(place).and_then(|state| self.over.first_beyond(state.at));
        over.map_or(next, |over| over.min(next))
    }

    /// Effects on an organization within a period; `None` if nothing was seen of it then, and
    /// nothing is open. Of an effect the last state that tells of it counts.
    pub fn on(&self, organization: &Subject, period: &Range<Timestamp>) -> Option<ImpactOn> {
        let mentions = self.mentions.get(organization)?;
        let mut found = ImpactOn::default();
        for (nth, mention) in mentions.iter().enumerate() {
            let (until_now, later) = mentions.split_at(nth + 1);
            let continues = |one: &Mention<'_>, effect: &EffectOn| {
                one.effects.iter().any(|later| is_later_of(later, effect))
            };
            for effect in mention.effects {
                if !later.iter().any(|one| continues(one, effect)) {
                    self.add(&mut found, &sights(until_now, effect), period);
                }
            }
        }
        found.evidence.sort_by_key(Evidence::effect);
        let is_none = found.evidence.is_empty() && found.unknown_since.is_none();
        (!is_none).then_some(found)
    }

    /// Adds an effect as the states tell it that tell of it.
    fn add(&self, found: &mut ImpactOn, sights: &[Sight<'_>], period: &Range<Timestamp>) {
        let Some((place, last)) = sights.last().copied() else { return };
        let (end, is_open) = self.end(place, last);
        let mut silent: Vec<(Timestamp, Timestamp)> =
            sights.windows(2).filter_map(|pair| self.silence(pair[0], pair[1])).collect();
        let held = Times::of([(last.since, end)]).without(&Times::of(silent.iter().copied()));
        if is_open {
            silent.push((end, self.over.first_beyond(end).unwrap_or(self.now)));
        }
        let is_in_period =
            |(from, to): &&(Timestamp, Timestamp)| *from < period.end && *to > period.start;
        let open = silent.iter().filter(is_in_period).map(|(from, _)| *from).max();
        found.unknown_since = found.unknown_since.max(open);
        let within = |times: &Times| times.without(self.over).within(period);
        let is_moment = last.since == end && period.contains(&end) && !self.over.holds(end);
        if !is_moment && within(&held).is_empty() {
            return;
        }
        let known = match last.evidence.certainty() {
            Certainty::Known => held.within(&(self.known_from(sights, last)..Timestamp::MAX)),
            Certainty::Likely => Times::default(),
        };
        let counted = |times: &Times| within(times).without(self.blind);
        let likely = counted(&held.without(&known));
        found.add(&last.evidence, &AffectedTimes { known: counted(&known), likely });
    }

    /// The time to which an effect held as the last state that tells of it, and true if it is not
    /// known whether it held on. A later state that does not tell of it any more has left it out,
    /// held or ended: so it is known up to the last one that does.
    fn end(&self, place: usize, last: &EffectOn) -> (Timestamp, bool) {
        if let Some(until) = last.until {
            return (until.min(self.now), false);
        }
        if let Some(seen) = last.last_seen {
            return (seen.min(self.now), true);
        }
        let at = self.states.get(place).map_or(self.now, |state| state.at);
        let over = self.over.first_beyond(at);
        match self.states.get(place + 1) {
            Some(next) if over.is_none_or(|over| over > next.at) => {
                (at.max(last.since).min(self.now), true)
            }
            _ => (over.unwrap_or(self.now).min(self.now), false),
        }
    }

    /// The time between two states that tell of an effect in which nothing showed whether it held:
    /// from where the first one saw it last. So a resolution, which ends what still held for all
    /// that is known, ends nothing earlier or later.
    fn silence(
        &self,
        (_, before): Sight<'_>,
        (place, after): Sight<'_>,
    ) -> Option<(Timestamp, Timestamp)> {
        if before.until.is_some() {
            return None;
        }
        let told = self.states.get(place).map(|state| state.at);
        if let (None, Some(until), Some(told)) = (before.last_seen, after.until, told) {
            let is_resolution = self.over.first_beyond(until) == Some(until);
            let is_late = !is_resolution && told.since(until) > LATE;
            return is_late.then_some((until, told));
        }
        let (from, to) = (before.last_seen?, after.until.or(after.last_seen).or(told)?);
        (from < to).then_some((from, to))
    }

    /// The time from which an effect is known: while states told it as likely, it was no more.
    fn known_from(&self, sights: &[Sight<'_>], last: &EffectOn) -> Timestamp {
        let certainty = |sight: &Sight<'_>| sight.1.evidence.certainty();
        let likely = sights.iter().position(|sight| certainty(sight) == Certainty::Likely);
        let is_first_known = sights.first().is_some_and(|one| certainty(one) == Certainty::Known);
        let Some(likely) = likely.filter(|_| !is_first_known) else { return last.since };
        let known = sights[likely..].iter().find(|sight| certainty(sight) == Certainty::Known);
        let at = known.and_then(|(place, _)| self.states.get(*place)).map(|state| state.at);
        at.unwrap_or(last.since)
    }
}

/// An effect as each state tells it, up to the last one.
fn sights<'a>(mentions: &[Mention<'a>], last: &EffectOn) -> Vec<Sight<'a>> {
    let of = |mention: &Mention<'a>| {
        let effect = mention.effects.iter().find(|one| is_later_of(last, one));
        effect.map(|effect| (mention.place, effect))
    };
    mentions.iter().filter_map(of).collect()
}

/// True if one effect is another one as a later state tells it, or the same state: then it may have
/// begun earlier, but not later.
fn is_later_of(one: &EffectOn, other: &EffectOn) -> bool {
    one.since <= other.since && one.evidence.effect() == other.evidence.effect()
}

#[cfg(test)]
mod tests;
