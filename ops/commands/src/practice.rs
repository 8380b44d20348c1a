//! Practice as it is asked for, followed and told afterwards.

use domain::{
    actor::Actor,
    error::{Conflict, Error, FieldReason},
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    practice::{
        LONGEST, OpenPractice, PracticeEnding, PracticeRefusal, SHORTEST, active, yields_to,
    },
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// A practice counts for so long as one that shows how the team responds.
pub const PRACTISED_WITHIN: Span = Span::from_mins(90 * 24 * 60);
/// The most entries of an incident that its report is made of.
pub const MOST_ENTRIES: u32 = 500;

/// Begins a practice, or says what is in the way. `incidents` are the active ones at least.
pub fn begin(
    open: Option<&OpenPractice>,
    incidents: &[Incident],
    length: Span,
    now: Timestamp,
) -> Result<Event, Error> {
    if length < SHORTEST || length > LONGEST {
        let expected = "a time from 10 s to 2 h, such as '15 min'";
        return Err(Error::invalid("for", FieldReason::Expected(expected.into())));
    }
    obstacle(open, incidents).map_or(Ok(()), |refusal| Err(refused(refusal)))?;
    Ok(Event::PracticeBegun { until: now.plus(length) })
}

/// The obstacle to a practice, beside the documents.
pub fn obstacle(open: Option<&OpenPractice>, incidents: &[Incident]) -> Option<PracticeRefusal> {
    let in_force = open.map(|_| PracticeRefusal::InForce);
    let real = || yields_to(incidents).map(PracticeRefusal::RealIncident);
    let unresolved = || active(incidents).map(|one| PracticeRefusal::Unresolved(one.number));
    in_force.or_else(real).or_else(unresolved)
}

/// Ends a practice before its end.
pub fn end(open: Option<&OpenPractice>) -> Result<Event, Error> {
    let open = open.ok_or_else(|| refused(PracticeRefusal::NotInForce))?;
    Ok(Event::PracticeEnded { practice: open.number, ending: PracticeEnding::Stopped })
}

/// Refuses what was decided while another practice was in force, or none, than now. Practices are
/// told apart by their numbers.
pub fn check_in_force(decided: Option<u64>, now: Option<u64>) -> Result<(), Error> {
    match now {
        _ if now == decided => Ok(()),
        Some(_) => Err(refused(PracticeRefusal::InForce)),
        None => Err(refused(PracticeRefusal::NotInForce)),
    }
}

/// A refusal as an error.
pub fn refused(refusal: PracticeRefusal) -> Error {
    Conflict::Practice(refusal).into()
}

/// The durations of the steps of a practice, in microseconds. What did not happen has no time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PracticeSteps {
    /// From the beginning of the practice to the opening of its incident.
    pub opened: Option<Span>,
    /// From the opening to the first notification that was sent.
    pub notified: Option<Span>,
    /// From the opening to the first acknowledgement.
    pub acknowledged: Option<Span>,
    /// From the opening to the last approval.
    pub approved: Option<Span>,
    /// From the opening to the end of the run, if that ended well.
    pub ran: Option<Span>,
    /// From the opening to the recovery.
    pub recovered: Option<Span>,
    /// From the opening to the end of the incident.
    pub resolved: Option<Span>,
}

impl PracticeSteps {
    /// The steps of a practice, from the entries about its incident, oldest first.
    pub fn of(begun_at: Timestamp, incident: Option<&Incident>, timeline: &[Entry]) -> Self {
        let Some(incident) = incident else { return Self::default() };
        let opened_at = incident.opened_at;
        let since = |entry: &Entry| entry.at.since(opened_at);
        let first = |is: fn(&Event) -> bool| {
            timeline.iter().find(|entry| entry.event.as_ref().is_some_and(is)).map(since)
        };
        let last = |is: fn(&Event) -> bool| {
            timeline.iter().rev().find(|entry| entry.event.as_ref().is_some_and(is)).map(since)
        };
        Self {
            opened: Some(opened_at.since(begun_at)),
            notified: first(|event| matches!(event, Event::Called { .. })),
            acknowledged: first(|event| matches!(event, Event::Acknowledged { .. })),
            approved: last(|event| matches!(event, Event::Approved { .. })),
            ran: last(
                |event| matches!(event, Event::RunEnded { outcome, .. } if outcome.is_success()),
            ),
            recovered: last(|event| matches!(event, Event::BreachCleared { .. })),
            resolved: incident.resolution.as_ref().map(|end| end.at.since(opened_at)),
        }
    }
}

/// The last practice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LastPractice {
    /// Time at which it began.
    pub at: Timestamp,
    /// The person who began it.
    pub by: Actor,
    /// Its incident, if one was opened.
    pub incident: Option<IncidentNumber>,
    /// The durations of the steps.
    pub steps: PracticeSteps,
}

/// Practice as readiness tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PracticeState {
    /// The last one, which may be in force.
    pub last: Option<LastPractice>,
    /// The one in force.
    pub open: Option<OpenPractice>,
    /// Those who are notified of one, by name, each once.
    pub notified: Vec<String>,
    /// The reason why none can begin now, as a sentence; none if one can.
    pub obstacle: Option<String>,
    /// True if the reader may begin one.
    pub may_decide: bool,
    /// True if the reader may end one.
    pub may_end: bool,
}

impl PracticeState {
    /// True if the team practised lately, up to an approval.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        self.last.as_ref().is_some_and(|last| {
            now.since(last.at) <= PRACTISED_WITHIN
                && last.steps.acknowledged.is_some()
                && last.steps.approved.is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::{hash::Hash, practice::subject, severity::Severity};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_795_000_000 + seconds)
    }

    fn incident(number: u32, of: &str, severity: Severity) -> Incident {
        let breach = fixtures::breach().on(of).severity(severity).build();
        fixtures::incident(number).of([breach]).build()
    }

    #[test]
    fn one_practice_at_a_time_and_none_while_something_real_is_critical() {
        let begin = |open: Option<&OpenPractice>, incidents: &[Incident], seconds| {
            begin(open, incidents, Span::from_secs(seconds), at(0))
        };
        let refusal = |result: Result<Event, Error>| match result {
            Err(Error::Conflict(Conflict::Practice(refusal))) => Some(refusal),
            _ => None,
        };
        let practice = incident(7, subject().as_str(), Severity::Critical);
        let real = incident(8, "host:web-1", Severity::Critical);
        let warning = incident(9, "host:web-2", Severity::Warning);
        let begun = begin(None, std::slice::from_ref(&warning), 900).unwrap();
        assert_eq!(begun, Event::PracticeBegun { until: at(900) });
        assert_eq!(
            refusal(begin(None, std::slice::from_ref(&practice), 900)),
            Some(PracticeRefusal::Unresolved(IncidentNumber(7)))
        );
        let both = [practice, real, warning];
        assert_eq!(
            refusal(begin(None, &both, 900)),
            Some(PracticeRefusal::RealIncident(IncidentNumber(8)))
        );
        let open = OpenPractice { number: 3, by: Actor::Local, begun_at: at(0), until: at(900) };
        assert_eq!(refusal(begin(Some(&open), &both, 900)), Some(PracticeRefusal::InForce));
        for wrong in [9, 7_201] {
            let wrong = begin(None, &[], wrong);
            assert!(matches!(wrong, Err(Error::InvalidField { .. })), "{wrong:?}");
        }
        let ended = Event::PracticeEnded { practice: 3, ending: PracticeEnding::Stopped };
        assert_eq!(end(Some(&open)), Ok(ended));
        assert_eq!(refusal(end(None)), Some(PracticeRefusal::NotInForce));
    }

    #[test]
    fn a_practice_ends_for_what_is_real_first_and_then_for_what_came_of_it() {
        let open = OpenPractice { number: 3, by: Actor::Local, begun_at: at(0), until: at(900) };
        let practice = incident(7, subject().as_str(), Severity::Critical);
        let warning = incident(9, "host:web-2", Severity::Warning);
        assert_eq!(open.ending(&[practice.clone(), warning], at(10)), None);
        let real = incident(8, "host:web-1", Severity::Critical);
        assert_eq!(
            open.ending(&[practice, real], at(10)),
            Some(PracticeEnding::RealIncident { incident: IncidentNumber(8) })
        );
    }

    #[test]
    fn what_did_not_happen_has_no_time() {
        let practice = incident(7, subject().as_str(), Severity::Critical);
        let number = practice.number;
        let entry = |number, seconds: u64, event| Entry {
            number,
            at: practice.opened_at.plus(Span::from_secs(seconds)),
            actor: Actor::Local,
            event: Some(event),
        };
        let timeline = [
            entry(1, 4, Event::Acknowledged { incident: number }),
            entry(2, 9, Event::Approved { incident: number, place: 1, binding: Hash([0; 32]) }),
        ];
        let begun_at = practice.opened_at.minus(Span::from_secs(2));
        let steps = PracticeSteps::of(begun_at, Some(&practice), &timeline);
        assert_eq!(steps.opened, Some(Span::from_secs(2)));
        assert_eq!(steps.acknowledged, Some(Span::from_secs(4)));
        assert_eq!(steps.approved, Some(Span::from_secs(9)));
        assert_eq!((steps.notified, steps.ran, steps.recovered), (None, None, None));
        assert_eq!(PracticeSteps::of(begun_at, None, &timeline), PracticeSteps::default());
        let last = LastPractice { at: begun_at, by: Actor::Local, incident: Some(number), steps };
        let mut state = PracticeState { last: Some(last), ..PracticeState::default() };
        assert!(state.is_ready(begun_at.plus(PRACTISED_WITHIN)));
        assert!(!state.is_ready(begun_at.plus(PRACTISED_WITHIN).plus(Span::from_secs(1))));
        state.last.as_mut().unwrap().steps.approved = None;
        assert!(!state.is_ready(begun_at), "nobody approved");
        assert!(!PracticeState::default().is_ready(begun_at), "never");
    }
}
