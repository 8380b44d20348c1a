//! The times of an incident's steps, what is usual, and the entries that they follow from.

use domain::{
    breach::{Breach, Ending},
    incident::Incident,
    journal::{Entry, Event},
    recommendation::{Recommendation, Stage},
    review::{Measured, NotMeasured, ReviewStep, UsualTime},
    time::{Span, Timestamp},
};

use super::onset::Onset;

/// The fewest incidents that tell what is usual.
const LEAST_INCIDENTS: usize = 5;

/// The problem with which an incident began.
pub fn opening_breach(incident: &Incident) -> Option<&Breach> {
    incident.breaches.first().map(|known| &known.breach)
}

/// A problem as it was told first: one that came back has begun anew in the incident, and one that
/// fell silent has another level.
pub fn first_told<'a>(entries: &'a [Entry], breach: &'a Breach) -> &'a Breach {
    let told = |entry: &'a Entry| match &entry.event {
        Some(Event::IncidentOpened { incident }) => {
            incident.breach(&breach.key).map(|known| &known.breach)
        }
        Some(Event::BreachJoined { breach: joined, .. }) => {
            Some(joined.as_ref()).filter(|joined| joined.key == breach.key)
        }
        _ => None,
    };
    entries.iter().find_map(told).unwrap_or(breach)
}

/// The times of all steps of an incident, in the order of [`ReviewStep::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepTimes([Measured; ReviewStep::ALL.len()]);

impl StepTimes {
    /// The times of an incident: `notified` is the time of the first notification about it,
    /// `acknowledged` that of its first acknowledgement if it was reopened, which takes that away,
    /// and `onset` the first deviation of the problem with which it began.
    pub fn of(
        incident: &Incident,
        notified: Option<Timestamp>,
        acknowledged: Option<Timestamp>,
        onset: Onset,
    ) -> Self {
        let acknowledged = acknowledged.or(incident.acknowledged.map(|one| one.at));
        let since_opening = |at: Option<Timestamp>| match at {
            Some(at) => took(at.since(incident.opened_at)),
            None => Measured::Unknown { why: NotMeasured::DidNotHappen },
        };
        Self(ReviewStep::ALL.map(|step| {
            match step {
                ReviewStep::Detect => match onset {
                    Onset::Unknown => Measured::Unknown { why: NotMeasured::NoHistory },
                    // It is that of a problem that came back.
                    Onset::At { at, .. } if at > incident.opened_at => {
                        Measured::Unknown { why: NotMeasured::NoHistory }
                    }
                    Onset::At { at, at_least } => {
                        Measured::Took { span: incident.opened_at.since(at), at_least }
                    }
                },
                ReviewStep::Notify => since_opening(notified),
                ReviewStep::Acknowledge => since_opening(acknowledged),
                ReviewStep::Stabilize => {
                    since_opening(incident.measures.iter().map(|one| one.began_at).min())
                }
                ReviewStep::Decide => decision(incident)
                    .map_or(Measured::Unknown { why: NotMeasured::DidNotHappen }, took),
                ReviewStep::Recover => since_opening(recovered_at(incident)),
                ReviewStep::Resolve => {
                    since_opening(incident.resolution.as_ref().map(|end| end.at))
                }
            }
        }))
    }

    /// The time of a step.
    pub fn of_step(&self, step: ReviewStep) -> Measured {
        self.0[step as usize]
    }
}

const fn took(span: Span) -> Measured {
    Measured::Took { span, at_least: false }
}

/// The time from the first recommendation to the first decision about one.
fn decision(incident: &Incident) -> Option<Span> {
    let decided_at = |one: &Recommendation| match (&one.stage, one.approvals.first()) {
        (Stage::Declined { at, .. }, _) => Some(*at),
        (_, given) => given.map(|given| given.at),
    };
    let offered = incident.recommendations.iter().map(|one| one.offered_at).min()?;
    let decided = incident.recommendations.iter().filter_map(decided_at).min()?;
    Some(decided.since(offered))
}

/// The time since which all signals were seen to be well; `None` if some were not.
pub fn recovered_at(incident: &Incident) -> Option<Timestamp> {
    let since = |ending: &Option<Ending>| match ending {
        Some(Ending::Recovered { since }) => Some(*since),
        Some(Ending::NoLongerWatched | Ending::Stopped) | None => None,
    };
    let all: Option<Vec<Timestamp>> =
        incident.breaches.iter().map(|known| since(&known.ending)).collect();
    all?.into_iter().max()
}

/// The first acknowledgement. Reopening forgets it in the incident, and the journal does not.
pub(super) fn acknowledged(entries: &[Entry]) -> Option<Timestamp> {
    let is_it = |entry: &&Entry| matches!(entry.event, Some(Event::Acknowledged { .. }));
    entries.iter().find(is_it).map(|entry| entry.at)
}

/// The usual time of a step; `None` with fewer than five incidents in which it is known.
pub(super) fn usual(past: &[StepTimes], step: ReviewStep) -> Option<UsualTime> {
    // One that took at least so long is among them: without it, something shorter were the longest.
    let mut spans: Vec<Span> = past.iter().filter_map(|times| times.of_step(step).span()).collect();
    if spans.len() < LEAST_INCIDENTS {
        return None;
    }
    spans.sort_unstable();
    Some(UsualTime {
        median: *spans.get((spans.len() - 1) / 2)?,
        shortest: *spans.first()?,
        longest: *spans.last()?,
        incidents: u32::try_from(spans.len()).unwrap_or(u32::MAX),
    })
}

/// The numbers of the entries that a step follows from.
pub(super) fn entries_of(step: ReviewStep, entries: &[Entry]) -> Vec<u64> {
    let first = |is: fn(&Event) -> bool| {
        let fits = |entry: &&Entry| entry.event.as_ref().is_some_and(is);
        entries.iter().find(fits).map(|entry| entry.number)
    };
    let last = |is: fn(&Event) -> bool| {
        let fits = |entry: &&Entry| entry.event.as_ref().is_some_and(is);
        entries.iter().rev().find(fits).map(|entry| entry.number)
    };
    match step {
        ReviewStep::Detect => first(|event| matches!(event, Event::IncidentOpened { .. })),
        ReviewStep::Notify => first(|event| matches!(event, Event::Called { .. })),
        ReviewStep::Acknowledge => first(|event| matches!(event, Event::Acknowledged { .. })),
        ReviewStep::Stabilize => first(|event| matches!(event, Event::MeasureBegan { .. })),
        ReviewStep::Recover => last(|event| matches!(event, Event::BreachCleared { .. })),
        ReviewStep::Resolve => last(|event| matches!(event, Event::Resolved { .. })),
        ReviewStep::Decide => {
            let offered = first(|event| matches!(event, Event::Recommended { .. }));
            let decided = first(|event| {
                matches!(event, Event::Approved { .. } | Event::RecommendationDeclined { .. })
            });
            return decided
                .map_or_else(Vec::new, |decided| offered.into_iter().chain([decided]).collect());
        }
    }
    .into_iter()
    .collect()
}
