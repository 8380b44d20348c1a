//! Proposals: of changed thresholds that were tried on history, the one that would have opened an
//! incident earlier without one interruption more, and the one that would have interrupted less
//! without missing anything that was critical or that a person acted on.

use domain::{
    backtest::{Benefit, Comparison, FoundIncident, MovedIncident},
    time::Span,
};

use super::{
    Known,
    compare::{compare, findings},
};

/// Earlier by less than this is no reason to change anything.
const LEAST_EARLIER: Span = Span::from_mins(1);
/// So many interruptions less at least are a reason.
const LEAST_FEWER: usize = 2;
/// An incident that was critical or that a person acted on may open this much later.
const LATER: Span = Span::from_mins(2);

/// An incident that opens earlier may begin this much before.
const BEGINS_BEFORE: Span = Span::from_mins(30);

/// A change that is worth deciding on.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The place of the change among those that were tried.
    pub place: usize,
    /// The reason.
    pub benefit: Benefit,
    /// The consequences.
    pub comparison: Comparison,
}

/// Chooses among changes that were tried; at most one proposal for each benefit. Of equally good
/// ones the first is taken. `known` are incidents of the time that was judged; where `older` ones of
/// the same signals were real, nothing quieter is proposed, as nobody can tell whether it would miss
/// them.
pub fn propose(
    today: &[FoundIncident],
    tried: &[Vec<FoundIncident>],
    known: &[Known],
    older: &[Known],
) -> Vec<Proposal> {
    let may_be_quieter = !older.iter().any(Known::is_real);
    let mut earlier: Option<Proposal> = None;
    let mut quieter: Option<Proposal> = None;
    for (place, found) in tried.iter().enumerate() {
        // An alarm that goes on for ever interrupts once, and is no use to anyone.
        if unended(found) > unended(today) {
            continue;
        }
        let comparison = compare(today, found, known);
        let benefit = earlier_by(today, found, known, &comparison);
        if let Some(benefit @ Benefit::Earlier { by, .. }) = benefit
            && earlier.as_ref().is_none_or(|best| gain(&best.benefit) < by)
        {
            earlier = Some(Proposal { place, benefit, comparison });
            continue;
        }
        if may_be_quieter
            && let Some(benefit @ Benefit::Quieter { fewer }) =
                fewer(today, found, known, &comparison)
            && quieter.as_ref().is_none_or(|best| less(&best.benefit) < fewer)
        {
            quieter = Some(Proposal { place, benefit, comparison });
        }
    }
    earlier.into_iter().chain(quieter).collect()
}

const fn gain(benefit: &Benefit) -> Span {
    match benefit {
        Benefit::Earlier { by, .. } => *by,
        Benefit::Quieter { .. } => Span::ZERO,
    }
}

const fn less(benefit: &Benefit) -> usize {
    match benefit {
        Benefit::Quieter { fewer } => *fewer,
        Benefit::Earlier { .. } => 0,
    }
}

/// The number of incidents that are not over where history ends.
fn unended(found: &[FoundIncident]) -> usize {
    found.iter().filter(|one| one.ended_at.is_none()).count()
}

/// The time for which incidents that ended were open, in all.
fn open_time(found: &[FoundIncident]) -> u64 {
    found
        .iter()
        .filter_map(|one| Some(one.ended_at?.since(one.opened_at).as_micros()))
        .fold(0, u64::saturating_add)
}

/// An incident that there was, as the thresholds in force and the proposed ones find it.
type Pair<'a> = (Option<&'a FoundIncident>, Option<&'a FoundIncident>);

/// True unless it would be told as less severe than it is today.
fn keeps_severity((before, after): Pair<'_>) -> bool {
    before.zip(after).is_none_or(|(before, after)| after.severity >= before.severity)
}

fn earlier_by(
    today: &[FoundIncident],
    proposed: &[FoundIncident],
    known: &[Known],
    comparison: &Comparison,
) -> Option<Benefit> {
    // One that began long before merely held before the trouble came.
    let begins_with_it =
        |one: &MovedIncident| one.proposed.began_at.plus(BEGINS_BEFORE) >= one.today.began_at;
    let pairs = || findings(today, known).into_iter().zip(findings(proposed, known));
    let is_harmless = comparison.added.is_empty()
        && comparison.missed.is_empty()
        && comparison.removed.is_empty()
        && comparison.moved.iter().all(begins_with_it)
        && pairs().all(keeps_severity)
        && comparison.interruptions_proposed.len() <= comparison.interruptions_today.len();
    if !is_harmless {
        return None;
    }
    // A warning that nobody acted on gains nothing from being told earlier.
    let real = known.iter().zip(pairs()).filter(|(one, _)| one.is_real());
    let gains = real.filter_map(|(one, pair)| {
        let (before, after) = (pair.0?, pair.1?);
        Some((before.opened_at.since(after.opened_at), one.number))
    });
    let (by, incident) = gains.max_by_key(|(by, number)| (*by, std::cmp::Reverse(*number)))?;
    (by >= LEAST_EARLIER).then_some(Benefit::Earlier { incident, by })
}

fn fewer(
    today: &[FoundIncident],
    proposed: &[FoundIncident],
    known: &[Known],
    comparison: &Comparison,
) -> Option<Benefit> {
    let fewer = comparison
        .interruptions_today
        .len()
        .saturating_sub(comparison.interruptions_proposed.len());
    let serves = |(before, after): Pair<'_>| {
        keeps_severity((before, after))
            && before.is_none_or(|before| {
                after.is_some_and(|after| after.opened_at.since(before.opened_at) <= LATER)
            })
    };
    let mut pairs = findings(today, known).into_iter().zip(findings(proposed, known)).zip(known);
    let is_harmless = comparison.added.is_empty()
        && open_time(proposed) <= open_time(today)
        && pairs.all(|(pair, one)| !one.is_real() || serves(pair));
    (is_harmless && fewer >= LEAST_FEWER).then_some(Benefit::Quieter { fewer })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{breach::BreachKey, id::IncidentNumber, severity::Severity, time::Timestamp};

    use super::*;

    fn keys() -> BTreeSet<BreachKey> {
        let key = BreachKey {
            subject: "service:imports".parse().unwrap(),
            signal: "queue.depth".parse().unwrap(),
        };
        BTreeSet::from([key])
    }

    fn at(minute: i64) -> Timestamp {
        fixtures::at(minute * 60)
    }

    /// An incident that began an hour before the given minute and opens then.
    fn found(hour: i64, opens_after: i64) -> FoundIncident {
        let began = hour * 60;
        FoundIncident {
            cause: "service:imports".parse().unwrap(),
            began_at: at(began),
            opened_at: at(began + opens_after),
            ended_at: Some(at(began + 20)),
            severity: Severity::Warning,
            keys: keys(),
            interruptions: vec![at(began + opens_after)],
        }
    }

    fn known(number: u32, hour: i64, acted_on: bool) -> Known {
        Known {
            number: IncidentNumber(number),
            began_at: at(hour * 60),
            opened_at: at(hour * 60 + 5),
            ended_at: Some(at(hour * 60 + 20)),
            keys: keys(),
            severity: Severity::Warning,
            acted_on,
        }
    }

    #[test]
    fn earlier_is_proposed_only_if_nothing_more_interrupts() {
        let today = [found(0, 5), found(10, 5)];
        let known = [known(1, 0, true), known(2, 10, true)];
        let better = vec![found(0, 4), found(10, 2)];
        let best_but_loud = vec![found(0, 1), found(10, 1), found(20, 1)];
        let proposals = propose(&today, &[best_but_loud, better.clone(), better], &known, &[]);
        assert_eq!(proposals.len(), 1);
        let (incident, by) = (IncidentNumber(2), Span::from_mins(3));
        assert_eq!(
            (proposals[0].place, proposals[0].benefit),
            (1, Benefit::Earlier { incident, by })
        );
        assert_eq!(propose(&today, &[today.to_vec()], &known, &[]), [], "no change, no proposal");
    }

    #[test]
    fn quieter_is_proposed_only_if_nothing_that_was_acted_on_is_missed_or_much_later() {
        let today: Vec<FoundIncident> = (0..4).map(|one| found(one * 10, 5)).collect();
        let noise: Vec<Known> =
            (0..4).map(|one| known(u32::try_from(one).unwrap(), one * 10, one == 0)).collect();
        let quiet = vec![found(0, 6)];
        let too_late = vec![found(0, 15)];
        let misses = vec![found(10, 5)];
        let proposals = propose(&today, &[misses.clone(), too_late.clone(), quiet], &noise, &[]);
        assert_eq!(proposals.len(), 1);
        assert_eq!((proposals[0].place, proposals[0].benefit), (2, Benefit::Quieter { fewer: 3 }));
        assert_eq!(propose(&today, &[misses, too_late], &noise, &[]), []);
    }

    #[test]
    fn an_alarm_that_holds_on_is_never_proposed() {
        let today: Vec<FoundIncident> = (0..4).map(|one| found(one * 10, 5)).collect();
        let noise: Vec<Known> =
            (0..4).map(|one| known(u32::try_from(one).unwrap(), one * 10, true)).collect();
        let endless = vec![FoundIncident { ended_at: None, ..found(0, 1) }];
        let long = vec![FoundIncident { ended_at: Some(at(40 * 60)), ..found(0, 1) }];
        assert_eq!(propose(&today, &[endless, long], &noise, &[]), []);
        let noise: Vec<Known> =
            noise.into_iter().map(|one| Known { acted_on: false, ..one }).collect();
        let long = vec![FoundIncident { ended_at: Some(at(40 * 60)), ..found(0, 5) }];
        assert_eq!(propose(&today, &[long], &noise, &[]), []);
        let before = FoundIncident { began_at: at(-600), opened_at: at(-595), ..found(0, 5) };
        let known = [known(1, 0, true)];
        assert_eq!(propose(&today[..1], &[vec![before]], &known, &[]), [], "it held before");
    }

    /// Four incidents today, of which a change leaves one.
    fn noise() -> (Vec<FoundIncident>, Vec<Known>, Vec<FoundIncident>) {
        let today = (0..4).map(|one| found(one * 10, 5)).collect();
        let known = (0..4).map(|one| known(u32::try_from(one).unwrap(), one * 10, false));
        (today, known.collect(), vec![found(0, 5)])
    }

    #[test]
    fn what_was_critical_is_not_missed_and_stays_critical() {
        let (mut today, mut known, mut quiet) = noise();
        let is_proposed = |today: &[FoundIncident], known: &[Known], quiet: &[FoundIncident]| {
            !propose(today, &[quiet.to_vec()], known, &[]).is_empty()
        };
        assert!(is_proposed(&today, &known, &quiet), "nobody acted on what is missed");
        known[1].severity = Severity::Critical;
        assert!(!is_proposed(&today, &known, &quiet), "a critical one is missed");
        (known[0].severity, known[1].severity) = (Severity::Critical, Severity::Warning);
        assert!(is_proposed(&today, &known, &quiet), "the critical one is found");
        today[0].severity = Severity::Critical;
        assert!(!is_proposed(&today, &known, &quiet), "it would be a warning only");
        quiet[0].severity = Severity::Critical;
        assert!(is_proposed(&today, &known, &quiet));
    }

    #[test]
    fn noise_is_not_told_earlier() {
        let (today, mut known, _) = noise();
        let earlier: Vec<FoundIncident> = (0..4).map(|one| found(one * 10, 2)).collect();
        let proposed =
            |known: &[Known]| propose(&today, std::slice::from_ref(&earlier), known, &[]);
        assert_eq!(proposed(&known), [], "nobody acted on any of them");
        known[2].acted_on = true;
        let (incident, by) = (IncidentNumber(2), Span::from_mins(3));
        assert_eq!(proposed(&known)[0].benefit, Benefit::Earlier { incident, by });
    }

    #[test]
    fn an_incident_is_not_opened_earlier_as_a_lesser_one() {
        let today = [FoundIncident { severity: Severity::Critical, ..found(0, 5) }];
        let (known, lesser) = ([known(1, 0, true)], vec![found(0, 2)]);
        assert_eq!(propose(&today, std::slice::from_ref(&lesser), &known, &[]), []);
        let as_bad = vec![FoundIncident { severity: Severity::Critical, ..found(0, 2) }];
        assert_eq!(propose(&today, &[lesser, as_bad], &known, &[])[0].place, 1);
    }

    #[test]
    fn nothing_quieter_is_proposed_where_an_older_incident_was_real() {
        let (today, now, quiet) = noise();
        let is_proposed = |older: &[Known]| {
            !propose(&today, std::slice::from_ref(&quiet), &now, older).is_empty()
        };
        assert!(is_proposed(&[]) && is_proposed(&[known(9, -900, false)]));
        assert!(!is_proposed(&[known(8, -950, false), known(9, -900, true)]));
        let critical = Known { severity: Severity::Critical, ..known(9, -900, false) };
        assert!(!is_proposed(&[critical]));
        let (earlier, known) = (vec![found(0, 2)], [known(1, 0, true)]);
        let older = [known[0].clone()];
        assert_eq!(propose(&today[..1], &[earlier], &known, &older).len(), 1, "earlier is told");
    }
}
