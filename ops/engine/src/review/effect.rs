//! The effect of a command or a limit on its signal: the values before it against those after it.

use domain::{
    breach::{BreachKey, Crossing},
    incident::Incident,
    recommendation::Stage,
    review::{EffectOf, EffectVerdict, MeasuredEffect, Spread},
    time::{Span, Timestamp},
    unit::Unit,
};

/// The time before and after something was done in which values are compared.
pub const ACTION_WINDOW: Span = Span::from_mins(10);
/// The fewest values, before and after, that say something.
const LEAST_VALUES: u32 = 3;

/// Something that was done against a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The measure.
    pub of: EffectOf,
    /// The signal that it was for.
    pub key: BreachKey,
    /// Time at which it began.
    pub began_at: Timestamp,
    /// The time from which its effect can be seen.
    pub acts_from: Timestamp,
}

/// Values of a signal around something that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionValues {
    /// The measure that was taken.
    pub action: Action,
    /// The unit of the values.
    pub unit: Unit,
    /// The values before it.
    pub before: Vec<f64>,
    /// The values after it.
    pub after: Vec<f64>,
}

/// The commands that ran for an incident, and the limits that the agent set.
pub fn actions(incident: &Incident) -> Vec<Action> {
    let ran = incident.recommendations.iter().filter_map(|one| match &one.stage {
        Stage::Ended(ended) if ended.has_run() => Some(Action {
            of: EffectOf::Command { place: one.place, title: one.title.clone() },
            key: one.proof.breach.clone(),
            began_at: ended.started_at,
            acts_from: ended.at,
        }),
        _ => None,
    });
    let limits = incident.measures.iter().map(|one| Action {
        of: EffectOf::Limit { requests: one.measure.requests.clone() },
        key: one.measure.because.clone(),
        began_at: one.began_at,
        acts_from: one.began_at,
    });
    ran.chain(limits).collect()
}

/// Compares the values before and after. They say something where the middle halves of both do not
/// overlap.
pub(super) fn effect(incident: &Incident, values: &ActionValues) -> MeasuredEffect {
    let ActionValues { action, unit, before, after } = values;
    let (before, after) = (spread(before), spread(after));
    let crossing = incident.breach(&action.key).map(|known| known.breach.crossing);
    MeasuredEffect {
        of: action.of.clone(),
        at: action.began_at,
        key: action.key.clone(),
        unit: unit.clone(),
        before,
        after,
        verdict: verdict(crossing, before, after),
    }
}

fn verdict(
    crossing: Option<Crossing>,
    before: Option<Spread>,
    after: Option<Spread>,
) -> EffectVerdict {
    let enough = |spread: &Spread| spread.values >= LEAST_VALUES;
    let Some((before, after)) = before.filter(enough).zip(after.filter(enough)) else {
        return EffectVerdict::NotClear;
    };
    let (is_lower, is_higher) = (after.high < before.low, after.low > before.high);
    let is_better = match crossing {
        Some(Crossing::Above { .. } | Crossing::Rising { .. }) => is_lower,
        // It was on its way up to the limit, or down to it.
        Some(Crossing::Reaching { limit, .. }) if before.median <= limit => is_lower,
        Some(Crossing::Reaching { .. }) => is_higher,
        Some(Crossing::Below { .. }) => is_higher,
        Some(Crossing::Usual { bounds, .. })
            if bounds.high.is_some_and(|high| before.median > high) =>
        {
            is_lower
        }
        Some(Crossing::Usual { bounds, .. })
            if bounds.low.is_some_and(|low| before.median < low) =>
        {
            is_higher
        }
        Some(Crossing::Usual { .. }) => return EffectVerdict::NotClear,
        Some(Crossing::Silent { .. }) | None => return EffectVerdict::NotClear,
    };
    match (is_lower || is_higher, is_better) {
        (false, _) => EffectVerdict::NotClear,
        (true, true) => EffectVerdict::Better,
        (true, false) => EffectVerdict::Worse,
    }
}

/// Median and quartiles, each the smallest value that so many do not exceed; `None` of nothing.
pub(super) fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let quarter = |count: usize| {
        let place = (sorted.len() * count).div_ceil(4).saturating_sub(1);
        sorted.get(place).copied()
    };
    let values = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
    Some(Spread { values, low: quarter(1)?, median: quarter(2)?, high: quarter(3)? })
}
