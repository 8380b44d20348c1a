//! Comparison of an impact with the journalled one.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    impact::{Certainty, Effect, Evidence, Impact},
    subject::Subject,
};

/// Shares that differ by less, in percentage points, are told as the same.
const SAME_SHARE: f64 = 10.0;
/// Latencies that differ by a smaller factor are told as the same.
const SAME_LATENCY: f64 = 1.5;
/// Counts that differ by less than one of so many parts are told as the same, except for zero.
const PARTS: u32 = 5;

/// An effect without its figures: the organization, the effect, its certainty, whether it holds,
/// and whether it is long since anything was seen of it.
type Standing<'a> = (&'a Subject, Effect, Certainty, bool, bool);

/// Effects without their figures.
pub(super) fn standing(impact: &Impact) -> BTreeSet<Standing<'_>> {
    let listed = impact.organizations.iter().flat_map(|one| {
        one.effects.iter().map(|effect| {
            let (evidence, is_unseen) = (&effect.evidence, effect.last_seen.is_some());
            let (kind, certainty) = (evidence.effect(), evidence.certainty());
            (&one.organization, kind, certainty, effect.holds(), is_unseen)
        })
    });
    listed.collect()
}

/// True if the figures of the same effects differ by much.
pub(super) fn has_grown(known: &Impact, impact: &Impact) -> bool {
    let counts = |one: &Impact| [one.more_known, one.more_likely, one.not_reported];
    if counts(known).into_iter().zip(counts(impact)).any(|(known, now)| differ(known, now)) {
        return true;
    }
    let before = figures(known);
    figures(impact)
        .iter()
        .any(|(key, now)| before.get(key).is_none_or(|known| differs_much(known, now)))
}

/// Evidence of the effects that hold.
fn figures(impact: &Impact) -> BTreeMap<(&Subject, Effect), &Evidence> {
    let listed = impact.organizations.iter().flat_map(|one| {
        one.holding()
            .map(|effect| ((&one.organization, effect.evidence.effect()), &effect.evidence))
    });
    listed.collect()
}

const fn differ(known: u32, now: u32) -> bool {
    let apart = known.abs_diff(now).saturating_mul(PARTS);
    (known == 0) != (now == 0) || known != now && apart >= known
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
