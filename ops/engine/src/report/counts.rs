//! The most frequent causes, and the noisiest thresholds.

use std::collections::BTreeMap;

use domain::{
    incident::Incident,
    recommendation::Stage,
    report::{CauseCount, NoisySignal},
    signal::Signal,
    subject::Subject,
};

use super::rank::small;

/// The most that are told.
const MOST: usize = 10;

/// The causes, the most frequent first; of two that are as frequent the one of the earlier name.
pub(super) fn causes(incidents: &[&Incident]) -> Vec<CauseCount> {
    let mut counts: BTreeMap<&Subject, usize> = BTreeMap::new();
    for one in incidents {
        *counts.entry(&one.cause).or_default() += 1;
    }
    let mut causes: Vec<CauseCount> = counts
        .into_iter()
        .map(|(cause, count)| CauseCount { cause: cause.clone(), incidents: small(count) })
        .collect();
    causes.sort_by_key(|one| std::cmp::Reverse(one.incidents));
    causes.truncate(MOST);
    causes
}

/// The signals with most problems, and how many of these nobody and nothing acted upon.
pub(super) fn noisy(incidents: &[&Incident]) -> Vec<NoisySignal> {
    let mut counts: BTreeMap<&Signal, (usize, usize)> = BTreeMap::new();
    for one in incidents {
        let quiet = usize::from(is_unattended(one));
        for known in &one.breaches {
            let (problems, unattended) = counts.entry(&known.breach.key.signal).or_default();
            *problems += 1;
            *unattended += quiet;
        }
    }
    let mut signals: Vec<NoisySignal> = counts
        .into_iter()
        .map(|(signal, (problems, unattended))| NoisySignal {
            signal: signal.clone(),
            problems: small(problems),
            unattended: small(unattended),
        })
        .collect();
    signals.sort_by_key(|one| std::cmp::Reverse((one.problems, one.unattended)));
    signals.truncate(MOST);
    signals
}

/// True if it is over and neither a person nor a measure nor a command did anything about it.
fn is_unattended(one: &Incident) -> bool {
    let ran = |stage: &Stage| matches!(stage, Stage::Ended(ended) if ended.has_run());
    !one.is_active()
        && !one.touched_by_person
        && one.acknowledged.is_none()
        && one.measures.is_empty()
        && !one.recommendations.iter().any(|recommended| ran(&recommended.stage))
}
