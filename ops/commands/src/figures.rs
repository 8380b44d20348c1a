//! Figures about incidents: how many, how long they lasted, how soon someone acknowledged them.

use domain::{
    id::IncidentNumber,
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The most incidents that figures are made of: the newest.
pub const MOST: u32 = 10_000;

/// The period that is told of where nothing narrows a search, and the one before it.
pub const PERIOD: Span = Span::from_mins(30 * 24 * 60);

/// Time that is looked back where nothing narrows a search: that of the charts, which begin on a
/// Monday, and a day more, as weeks in which clocks are set back are longer.
pub const REACH: Span = Span::from_mins((13 * 7 + 1) * 24 * 60);

/// An incident as its figures need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastIncident {
    /// Its number.
    pub number: IncidentNumber,
    /// The highest severity that it reached.
    pub severity: Severity,
    /// The subject with which it began.
    pub cause: Subject,
    /// Time of its opening.
    pub opened_at: Timestamp,
    /// Time of its end; `None` while it is active.
    pub resolved_at: Option<Timestamp>,
    /// Time at which all its signals were back; `None` if that was not seen.
    pub recovered_at: Option<Timestamp>,
    /// Time of the first acknowledgement.
    pub acknowledged_at: Option<Timestamp>,
}

/// The incident that lasted longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Longest {
    /// Its number.
    pub incident: IncidentNumber,
    /// Its duration, in microseconds.
    pub lasted: Span,
}

/// The subject where most incidents began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MostAffected {
    /// The subject.
    pub subject: Subject,
    /// Number of incidents that began there.
    pub incidents: u32,
}

/// Figures about some incidents.
///
/// A duration is the time from the opening to the end: active incidents have none. A median is the
/// smallest duration that at least half of them do not exceed: of an even number the smaller one of
/// the two in the middle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HistoryFigures {
    /// Number of incidents.
    pub incidents: u32,
    /// Number of critical ones.
    pub critical: u32,
    /// Number of those that are still active, and so in no duration.
    pub active: u32,
    /// Median duration of those that are resolved, in microseconds.
    pub median: Option<Span>,
    /// The longest one of those that are resolved.
    pub longest: Option<Longest>,
    /// Number of those that someone acknowledged.
    pub acknowledged: u32,
    /// Median time from the opening to the first acknowledgement, of those that someone
    /// acknowledged, in microseconds.
    pub acknowledged_within: Option<Span>,
    /// The subject where most of them began, if more than one began there and no other has as many.
    pub most_affected: Option<MostAffected>,
}

/// Figures about what a search of the history found as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HistorySummary {
    /// The incidents that were found; where nothing narrows the search, those that were opened in
    /// the last 30 days.
    pub figures: HistoryFigures,
    /// Those of the 30 days before, if nothing narrows the search.
    pub before: Option<HistoryFigures>,
    /// True if there are more incidents than the newest 10,000, which were looked at.
    pub is_partial: bool,
}

/// The smallest duration that at least half of them do not exceed.
pub(crate) fn median(mut spans: Vec<Span>) -> Option<Span> {
    spans.sort_unstable();
    spans.get(spans.len().saturating_sub(1) / 2).copied()
}

fn count(incidents: &[&PastIncident], is: impl Fn(&PastIncident) -> bool) -> u32 {
    small(incidents.iter().filter(|one| is(one)).count())
}

pub(crate) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn most_affected(incidents: &[&PastIncident]) -> Option<MostAffected> {
    let mut causes: Vec<&Subject> = incidents.iter().map(|one| &one.cause).collect();
    causes.sort_unstable();
    let mut groups: Vec<(usize, &Subject)> =
        causes.chunk_by(|one, next| one == next).map(|group| (group.len(), group[0])).collect();
    groups.sort_unstable();
    let (most, subject) = groups.pop()?;
    let next = groups.last().map_or(0, |(count, _)| *count);
    (most > 1 && most > next)
        .then(|| MostAffected { subject: subject.clone(), incidents: small(most) })
}

impl HistoryFigures {
    /// The figures of some incidents. A practice is none of them.
    pub fn of(incidents: &[&PastIncident]) -> Self {
        let incidents: Vec<&PastIncident> =
            incidents.iter().copied().filter(|one| !one.cause.is_practice()).collect();
        let incidents = incidents.as_slice();
        let durations = || {
            incidents
                .iter()
                .filter_map(|one| Some((one.resolved_at?.since(one.opened_at), one.number)))
        };
        let acknowledged: Vec<Span> = incidents
            .iter()
            .filter_map(|one| Some(one.acknowledged_at?.since(one.opened_at)))
            .collect();
        Self {
            incidents: small(incidents.len()),
            critical: count(incidents, |one| one.severity == Severity::Critical),
            active: count(incidents, |one| one.resolved_at.is_none()),
            median: median(durations().map(|(lasted, _)| lasted).collect()),
            longest: durations().max().map(|(lasted, incident)| Longest { incident, lasted }),
            acknowledged: small(acknowledged.len()),
            acknowledged_within: median(acknowledged),
            most_affected: most_affected(incidents),
        }
    }
}

impl HistorySummary {
    /// Summary of what a search found, at most [`MOST`] incidents.
    pub fn of_search(found: &[PastIncident], is_partial: bool) -> Self {
        let figures = HistoryFigures::of(&found.iter().collect::<Vec<_>>());
        Self { figures, before: None, is_partial }
    }

    /// Summary where nothing narrows the search, of the incidents since [`REACH`] before `now`.
    pub fn of_lately(incidents: &[PastIncident], is_partial: bool, now: Timestamp) -> Self {
        let age = |one: &PastIncident| now.since(one.opened_at);
        let within = |from: Span, to: Span| {
            let chosen: Vec<&PastIncident> =
                incidents.iter().filter(|one| (from..to).contains(&age(one))).collect();
            HistoryFigures::of(&chosen)
        };
        Self {
            figures: within(Span::ZERO, PERIOD),
            before: Some(within(PERIOD, PERIOD.plus(PERIOD))),
            is_partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_secs(1_795_341_600 + minutes * 60)
    }

    fn past(number: u32, opened: i64, lasted: Option<u64>, seen: Option<u64>) -> PastIncident {
        let opened_at = at(opened);
        PastIncident {
            number: IncidentNumber(number),
            severity: if number.is_multiple_of(3) { Severity::Critical } else { Severity::Warning },
            cause: format!("service:job-{}", number % 4).parse().unwrap(),
            opened_at,
            resolved_at: lasted.map(|minutes| opened_at.plus(Span::from_mins(minutes))),
            recovered_at: None,
            acknowledged_at: seen.map(|minutes| opened_at.plus(Span::from_mins(minutes))),
        }
    }

    fn figures(incidents: &[PastIncident]) -> HistoryFigures {
        HistoryFigures::of(&incidents.iter().collect::<Vec<_>>())
    }

    #[test]
    fn half_of_them_are_not_longer_than_the_median() {
        let minutes = |lasted: &[u64]| {
            let all: Vec<_> = lasted.iter().map(|one| past(1, 0, Some(*one), None)).collect();
            figures(&all).median.map(|median| median.as_secs() / 60)
        };
        assert_eq!(
            [minutes(&[]), minutes(&[7]), minutes(&[9, 1]), minutes(&[9, 1, 5]), minutes(&[4; 6])],
            [None, Some(7), Some(1), Some(5), Some(4)]
        );
    }

    #[test]
    fn a_practice_is_in_no_figure() {
        let now = at(100);
        let real = vec![past(3, 0, Some(7), Some(2)), past(6, 0, None, None)];
        let practised = |number, lasted| PastIncident {
            cause: domain::practice::subject(),
            ..past(number, 0, lasted, Some(1))
        };
        let all = [real.clone(), vec![practised(9, Some(50)), practised(12, None)]].concat();
        let lately = |some: &[PastIncident]| HistorySummary::of_lately(some, false, now);
        assert_eq!(lately(&all), lately(&real));
        let searched = |some: &[PastIncident]| HistorySummary::of_search(some, false);
        assert_eq!(searched(&all), searched(&real));
    }

    #[test]
    fn what_is_active_counts_and_has_no_duration() {
        let found = figures(&[past(3, 0, None, Some(2)), past(6, 0, Some(8), None)]);
        assert_eq!((found.incidents, found.critical, found.active), (2, 2, 1));
        assert_eq!(found.median, Some(Span::from_mins(8)));
        let longest = Longest { incident: IncidentNumber(6), lasted: Span::from_mins(8) };
        assert_eq!(found.longest, Some(longest));
        assert_eq!((found.acknowledged, found.acknowledged_within), (1, Some(Span::from_mins(2))));
        assert_eq!(figures(&[]), HistoryFigures::default());
    }

    #[test]
    fn the_most_affected_subject_is_one_and_has_more_than_one_incident() {
        let most = |numbers: &[u32]| {
            let all: Vec<_> = numbers.iter().map(|one| past(*one, 0, None, None)).collect();
            figures(&all).most_affected.map(|most| (most.subject.to_string(), most.incidents))
        };
        assert_eq!(most(&[1, 2, 3]), None, "each had one");
        assert_eq!(most(&[1, 5, 2, 6]), None, "two had two");
        assert_eq!(most(&[1, 5, 9, 2, 6]), Some(("service:job-1".to_owned(), 3)));
        assert_eq!(most(&[]), None);
    }

    #[test]
    fn the_last_30_days_stand_beside_the_30_days_before() {
        let day = 24 * 60;
        let opened = [0, 1, -30 * day + 1, -30 * day, -59 * day, -60 * day, -90 * day, -91 * day];
        let all: Vec<_> =
            opened.iter().zip(1..).map(|(at, number)| past(number, *at, None, None)).collect();
        let summary = HistorySummary::of_lately(&all, false, at(0));
        // A clock that was set back may have opened one in the future: it counts as new.
        assert_eq!(summary.figures.incidents, 3);
        assert_eq!(summary.before.map(|before| before.incidents), Some(2));
    }

    prop_compose! {
        fn any_incident()(
            number in 1u32..40, opened in -150_000i64..10, lasted in proptest::option::of(0u64..500),
            seen in proptest::option::of(0u64..500),
        ) -> PastIncident {
            past(number, opened, lasted, seen)
        }
    }

    proptest! {
        #[test]
        fn figures_are_those_of_a_naive_count(all in proptest::collection::vec(any_incident(), 0..40)) {
            let found = figures(&all);
            let durations: Vec<Span> =
                all.iter().filter_map(|one| Some(one.resolved_at?.since(one.opened_at))).collect();
            prop_assert_eq!(found.incidents as usize, all.len());
            prop_assert_eq!(found.active as usize, all.len() - durations.len());
            // The definition, tried with each duration.
            let half = |limit: &&Span| {
                2 * durations.iter().filter(|one| one <= limit).count() >= durations.len()
            };
            prop_assert_eq!(found.median, durations.iter().filter(half).min().copied());
            prop_assert_eq!(found.longest.map(|one| one.lasted), durations.iter().max().copied());
            if let Some(longest) = found.longest {
                prop_assert!(all.iter().any(|one| one.number == longest.incident
                    && one.resolved_at.is_some_and(|end| end.since(one.opened_at) == longest.lasted)));
            }
            if let Some(most) = found.most_affected {
                let of = |subject: &Subject| all.iter().filter(|one| one.cause == *subject).count();
                prop_assert_eq!(of(&most.subject), most.incidents as usize);
                for one in &all {
                    prop_assert!(one.cause == most.subject || of(&one.cause) < of(&most.subject));
                }
            }
        }
    }
}
