//! Prevention steps: what a team does so that an incident does not come back. The number of a step is
//! that of the entry that added it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{AccountId, IncidentNumber},
    journal::{Entry, Event},
    review::parts::{DueDate, PreventionPlan},
    time::Timestamp,
};

/// Stands for the evidence, or the reason, of an end whose words were redacted.
pub const REDACTED_WORDS: &str = "(redacted)";

/// The states of a prevention step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// Somebody does it until a day.
    Open {
        /// The owner.
        owner: AccountId,
        /// The day.
        due: DueDate,
    },
    /// Done.
    Done {
        /// The owner.
        owner: AccountId,
        /// The person who said so.
        by: Actor,
        /// The time at which they said so.
        at: Timestamp,
        /// The number of the entry that says so.
        entry: u64,
        /// The proof.
        evidence: String,
    },
    /// Will not be done.
    Dropped {
        /// The person who decided that.
        by: Actor,
        /// The time of the decision.
        at: Timestamp,
        /// The number of the entry that says so.
        entry: u64,
        /// The reason.
        reason: String,
    },
}

/// A prevention step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PreventionStep {
    /// Its number.
    pub number: u64,
    /// The incident that it follows from.
    pub incident: IncidentNumber,
    /// The time at which it was added.
    pub added_at: Timestamp,
    /// The person who added it.
    pub added_by: Actor,
    /// The task, in one line.
    pub text: String,
    /// The state.
    #[serde(flatten)]
    pub state: StepState,
}

impl PreventionStep {
    /// True if it is still to be done.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, StepState::Open { .. })
    }

    /// The number of days for which it has been due; `None` if it is not, or is not open.
    pub fn overdue_days(&self, today: DueDate) -> Option<i64> {
        match self.state {
            StepState::Open { due, .. } => Some(today.days_since(due)).filter(|days| *days > 0),
            StepState::Done { .. } | StepState::Dropped { .. } => None,
        }
    }
}

/// Numbers of prevention steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PreventionCounts {
    /// Steps that are still to be done.
    pub open: u32,
    /// Those of them whose day has passed.
    pub overdue: u32,
}

/// Prevention steps, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreventionSteps(pub Vec<PreventionStep>);

impl PreventionSteps {
    /// The steps after entries, which come in their order; redactions are among them. A step whose
    /// own words were redacted is gone.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut steps = Self::default();
        let (mut redactions, mut redacted) = (Vec::new(), BTreeMap::new());
        for entry in entries {
            match &entry.event {
                Some(Event::Redacted { entry: of, step: Some(end), .. }) => {
                    redactions.push((*of, *end));
                }
                Some(event) => steps.take(entry, event),
                None => drop(redacted.insert(entry.number, entry)),
            }
        }
        for (of, end) in redactions {
            // Whoever ended it said so, and not whoever removed the words.
            if let Some(entry) = redacted.get(&of) {
                steps.end(end.step, entry, end.is_done, REDACTED_WORDS);
            }
        }
        steps
    }

    fn take(&mut self, entry: &Entry, event: &Event) {
        match event {
            Event::PreventionStepAdded { incident, text, plan } => {
                let (number, added_at, added_by) = (entry.number, entry.at, entry.actor);
                let state = match plan {
                    PreventionPlan::Planned { owner, due } => {
                        StepState::Open { owner: *owner, due: *due }
                    }
                    PreventionPlan::WillNotBeDone { reason } => StepState::Dropped {
                        by: added_by,
                        at: added_at,
                        entry: number,
                        reason: reason.clone(),
                    },
                };
                let (incident, text) = (*incident, text.clone());
                let step = PreventionStep { number, incident, added_at, added_by, text, state };
                self.0.push(step);
            }
            Event::PreventionStepDone { step, evidence, .. } => {
                self.end(*step, entry, true, evidence);
            }
            Event::PreventionStepDropped { step, reason, .. } => {
                self.end(*step, entry, false, reason);
            }
            _ => {}
        }
    }

    /// Ends a step; one that has ended stays as it is.
    fn end(&mut self, number: u64, entry: &Entry, is_done: bool, words: &str) {
        let Some(step) = self.0.iter_mut().find(|one| one.number == number) else { return };
        let StepState::Open { owner, .. } = step.state else { return };
        let (by, at, entry, words) = (entry.actor, entry.at, entry.number, words.to_owned());
        step.state = if is_done {
            StepState::Done { owner, by, at, entry, evidence: words }
        } else {
            StepState::Dropped { by, at, entry, reason: words }
        };
    }

    /// The numbers of steps that are open, and of those whose day has passed.
    pub fn counts(&self, today: DueDate) -> PreventionCounts {
        let count = |is: &dyn Fn(&PreventionStep) -> bool| {
            u32::try_from(self.0.iter().filter(|one| is(one)).count()).unwrap_or(u32::MAX)
        };
        PreventionCounts {
            open: count(&PreventionStep::is_open),
            overdue: count(&|one| one.overdue_days(today).is_some()),
        }
    }

    /// A step by its number.
    pub fn get(&self, number: u64) -> Option<&PreventionStep> {
        self.0.iter().find(|one| one.number == number)
    }

    /// The steps that are still to be done, those that are due first at the beginning.
    pub fn open(&self) -> Vec<&PreventionStep> {
        let due = |step: &PreventionStep| match step.state {
            StepState::Open { due, .. } => Some((due, step.number)),
            StepState::Done { .. } | StepState::Dropped { .. } => None,
        };
        let mut open: Vec<&PreventionStep> = self.0.iter().filter(|one| one.is_open()).collect();
        open.sort_by_key(|one| due(one));
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCIDENT: IncidentNumber = IncidentNumber(7);

    fn entry(number: u64, event: Event) -> Entry {
        let at = Timestamp::from_secs(i64::try_from(number).unwrap());
        Entry { number, at, actor: Actor::Account(AccountId(1)), event: Some(event) }
    }

    fn added(number: u64, due: &str) -> Entry {
        let plan = PreventionPlan::Planned { owner: AccountId(2), due: due.parse().unwrap() };
        let text = format!("step {number}");
        entry(number, Event::PreventionStepAdded { incident: INCIDENT, text, plan })
    }

    fn done(number: u64, step: u64) -> Entry {
        let evidence = "hunter2".into();
        entry(number, Event::PreventionStepDone { incident: INCIDENT, step, evidence })
    }

    #[test]
    fn a_step_ends_once() {
        let dropped =
            Event::PreventionStepDropped { incident: INCIDENT, step: 1, reason: "no".into() };
        let steps = PreventionSteps::of(&[
            added(1, "2026-12-04"),
            added(2, "2026-12-01"),
            done(3, 1),
            entry(4, dropped),
            done(5, 99),
        ]);
        assert!(matches!(steps.get(1).unwrap().state, StepState::Done { entry: 3, .. }));
        assert_eq!(steps.open().iter().map(|one| one.number).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn the_step_that_is_due_first_stands_first_and_is_overdue_the_day_after() {
        let steps = PreventionSteps::of(&[added(1, "2026-12-04"), added(2, "2026-12-01")]);
        assert_eq!(steps.open().iter().map(|one| one.number).collect::<Vec<_>>(), [2, 1]);
        let overdue = |today: &str| steps.get(2).unwrap().overdue_days(today.parse().unwrap());
        assert_eq!((overdue("2026-12-01"), overdue("2026-12-03")), (None, Some(2)));
        let counts = steps.counts("2026-12-03".parse().unwrap());
        assert_eq!(counts, PreventionCounts { open: 2, overdue: 1 });
    }

    #[test]
    fn a_step_stays_done_when_its_evidence_is_redacted() {
        let end = done(3, 1);
        let step = end.event.as_ref().and_then(Event::redacted_step);
        let reason = "a name".into();
        let tells = Event::Redacted { entry: 3, reason, message: None, step, window: None };
        let gone = Entry { event: None, ..end };
        // Somebody else removes the words; whoever did the step still said so, and when.
        let tells = Entry { actor: Actor::Account(AccountId(3)), ..entry(4, tells) };
        let steps = PreventionSteps::of(&[added(1, "2026-12-04"), gone, tells]);
        let done = StepState::Done {
            owner: AccountId(2),
            by: Actor::Account(AccountId(1)),
            at: Timestamp::from_secs(3),
            entry: 3,
            evidence: REDACTED_WORDS.into(),
        };
        assert_eq!(steps.get(1).unwrap().state, done);
    }

    #[test]
    fn what_will_not_be_done_is_never_open() {
        let plan = PreventionPlan::WillNotBeDone { reason: "too dear".into() };
        let event = Event::PreventionStepAdded { incident: INCIDENT, text: "x".into(), plan };
        let steps = PreventionSteps::of(&[entry(1, event)]);
        assert!(steps.open().is_empty());
        assert!(
            matches!(&steps.0[0].state, StepState::Dropped { reason, .. } if reason == "too dear")
        );
    }
}
