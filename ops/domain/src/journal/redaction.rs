//! The remainder of an event, and of an incident, without the words of people and the outputs of
//! programs.

use crate::{
    actor::Actor,
    id::IncidentNumber,
    incident::Incident,
    journal::{
        Event, EventGroup, IncidentEvent, MessageEvent, NotificationEvent, RecommendationEvent,
        ReviewEvent,
    },
    lifecycle::Step,
    maintenance::MaintenanceWindow,
    message::stage::RedactedMessage,
    recommendation::{RunOutcome, Stage},
    review::parts::{PreventionPlan, RedactedStep, ReviewSections},
};

impl Event {
    /// The same without what a person wrote or a program printed. Nothing that decides is in these
    /// words.
    #[must_use]
    pub fn without_words(self) -> Self {
        let left = match self.group() {
            EventGroup::Incident(event) => incident_without_words(event),
            EventGroup::Recommendation(event) => recommendation_without_words(event),
            EventGroup::Notification(event) => notification_without_words(event),
            EventGroup::Message(event) => message_without_words(event),
            EventGroup::Review(event) => review_without_words(event),
            // They are not about an incident, and in no bundle of one.
            EventGroup::Journal(_)
            | EventGroup::Share(_)
            | EventGroup::Document(_)
            | EventGroup::Threshold(_)
            | EventGroup::System(_)
            | EventGroup::Change(_)
            | EventGroup::Maintenance(_)
            | EventGroup::Practice(_)
            | EventGroup::Protection(_)
            | EventGroup::StatusPage(_)
            | EventGroup::Report(_)
            | EventGroup::Account(_) => None,
        };
        left.unwrap_or(self)
    }

    /// The message, or the mark that one was sent, that stays known when its words are redacted.
    pub const fn redacted_message(&self) -> Option<RedactedMessage> {
        let (incident, audience, stage, version) = match self {
            Self::MessageDraftSaved { incident, audience, stage, .. } => {
                (*incident, *audience, *stage, None)
            }
            Self::MessageMarkedSent { incident, audience, stage, version, .. } => {
                (*incident, *audience, *stage, Some(*version))
            }
            _ => return None,
        };
        Some(RedactedMessage { incident, audience, stage, version })
    }

    /// The end of a prevention step, which stays known when its words are redacted.
    pub const fn redacted_step(&self) -> Option<RedactedStep> {
        match self {
            Self::PreventionStepDone { step, .. } => {
                Some(RedactedStep { step: *step, is_done: true })
            }
            Self::PreventionStepDropped { step, .. } => {
                Some(RedactedStep { step: *step, is_done: false })
            }
            _ => None,
        }
    }

    /// The maintenance window that stays known when its reason is redacted.
    pub fn redacted_window(&self) -> Option<Box<MaintenanceWindow>> {
        let Self::MaintenanceBegun { window } = self else { return None };
        Some(Box::new(MaintenanceWindow { reason: String::new(), ..(**window).clone() }))
    }

    /// The effect of an entry of this kind on its incident, as far as that is known without its
    /// content; `None` where it can't be known.
    pub fn remainder(
        kind: &str,
        number: IncidentNumber,
        actor: Actor,
        incident: &Incident,
    ) -> Option<Self> {
        match kind {
            "commented" => Some(Self::Commented { incident: number, text: String::new() }),
            "resolved" => {
                let step = if actor.is_person() { Step::PersonResolved } else { Step::StayedQuiet };
                Some(Self::Resolved { incident: number, step, note: None })
            }
            "reopened" => Some(Self::Reopened { incident: number, note: None }),
            // Which one was declined is known where only one could be.
            "recommendation_declined" => {
                let mut offered = incident.offered();
                let only = offered.next().filter(|_| offered.next().is_none())?;
                Some(Self::RecommendationDeclined {
                    incident: number,
                    place: only.place,
                    reason: String::new(),
                })
            }
            "run_ended" => {
                let running = incident
                    .recommendations
                    .iter()
                    .find(|one| matches!(one.stage, Stage::Running { .. }))?;
                let duration = crate::time::Span::ZERO;
                Some(Self::RunEnded {
                    incident: number,
                    place: running.place,
                    outcome: RunOutcome::Unknown,
                    duration,
                    output: String::new(),
                })
            }
            _ => None,
        }
    }
}

fn incident_without_words(event: IncidentEvent<'_>) -> Option<Event> {
    match event {
        IncidentEvent::Commented { incident, text: _ } => {
            Some(Event::Commented { incident: *incident, text: String::new() })
        }
        IncidentEvent::Inspected { incident, inspection, outcome } => Some(Event::Inspected {
            incident: *incident,
            inspection: inspection.clone(),
            outcome: outcome.without_words(),
        }),
        IncidentEvent::Resolved { incident, step, note: _ } => {
            Some(Event::Resolved { incident: *incident, step: *step, note: None })
        }
        IncidentEvent::Reopened { incident, note: _ } => {
            Some(Event::Reopened { incident: *incident, note: None })
        }
        IncidentEvent::IncidentOpened { .. }
        | IncidentEvent::BreachJoined { .. }
        | IncidentEvent::BreachChanged { .. }
        | IncidentEvent::BreachCleared { .. }
        | IncidentEvent::Moved { .. }
        | IncidentEvent::SummaryWritten { .. }
        | IncidentEvent::SnapshotSaved { .. }
        | IncidentEvent::Acknowledged { .. }
        | IncidentEvent::ImpactChanged { .. }
        | IncidentEvent::ResolutionOffered { .. } => None,
    }
}

fn recommendation_without_words(event: RecommendationEvent<'_>) -> Option<Event> {
    match event {
        RecommendationEvent::RecommendationDeclined { incident, place, reason: _ } => {
            Some(Event::RecommendationDeclined {
                incident: *incident,
                place: *place,
                reason: String::new(),
            })
        }
        RecommendationEvent::RunEnded { incident, place, outcome, duration, output: _ } => {
            Some(Event::RunEnded {
                incident: *incident,
                place: *place,
                outcome: quiet(outcome.clone()),
                duration: *duration,
                output: String::new(),
            })
        }
        RecommendationEvent::Recommended { .. }
        | RecommendationEvent::RecommendationWithdrawn { .. }
        | RecommendationEvent::Approved { .. }
        | RecommendationEvent::RunStarted { .. }
        | RecommendationEvent::RunCancelled { .. }
        | RecommendationEvent::RunProved { .. } => None,
    }
}

fn notification_without_words(event: NotificationEvent<'_>) -> Option<Event> {
    match event {
        NotificationEvent::CallFailed { incident, account, contact, entry, why: _ } => {
            Some(Event::CallFailed {
                incident: *incident,
                account: *account,
                contact: *contact,
                entry: *entry,
                why: String::new(),
            })
        }
        NotificationEvent::Called { .. }
        | NotificationEvent::NotAcknowledged { .. }
        | NotificationEvent::ContactSet { .. }
        | NotificationEvent::ContactRemoved { .. } => None,
    }
}

fn message_without_words(event: MessageEvent<'_>) -> Option<Event> {
    match event {
        MessageEvent::MessageDraftSaved { incident, audience, stage, text: _ } => {
            Some(Event::MessageDraftSaved {
                incident: *incident,
                audience: *audience,
                stage: *stage,
                text: String::new(),
            })
        }
        MessageEvent::MessageMarkedSent { incident, audience, stage, version, destination: _ } => {
            Some(Event::MessageMarkedSent {
                incident: *incident,
                audience: *audience,
                stage: *stage,
                version: *version,
                destination: String::new(),
            })
        }
        MessageEvent::MessageDraftReviewed { .. } => None,
    }
}

fn review_without_words(event: ReviewEvent<'_>) -> Option<Event> {
    match event {
        ReviewEvent::ReviewSaved { incident, sections: _ } => {
            Some(Event::ReviewSaved { incident: *incident, sections: ReviewSections::default() })
        }
        ReviewEvent::PreventionStepAdded { incident, text: _, plan } => {
            let plan = match plan {
                PreventionPlan::Planned { .. } => plan.clone(),
                PreventionPlan::WillNotBeDone { reason: _ } => {
                    PreventionPlan::WillNotBeDone { reason: String::new() }
                }
            };
            let (incident, text) = (*incident, String::new());
            Some(Event::PreventionStepAdded { incident, text, plan })
        }
        ReviewEvent::PreventionStepDone { incident, step, evidence: _ } => {
            let (incident, step) = (*incident, *step);
            Some(Event::PreventionStepDone { incident, step, evidence: String::new() })
        }
        ReviewEvent::PreventionStepDropped { incident, step, reason: _ } => {
            let (incident, step) = (*incident, *step);
            Some(Event::PreventionStepDropped { incident, step, reason: String::new() })
        }
        ReviewEvent::RecommendationRated { .. } => None,
    }
}

fn quiet(outcome: RunOutcome) -> RunOutcome {
    match outcome {
        RunOutcome::NotStarted { why: _ } => {
            RunOutcome::NotStarted { why: "the reason was removed".to_owned() }
        }
        other => other,
    }
}

impl Incident {
    /// Forgets the words that an event brought into it; everything else stays as it is.
    pub fn forget(&mut self, event: &Event) {
        match event {
            Event::Resolved { note: Some(gone), .. } => {
                if let Some(end) =
                    self.resolution.as_mut().filter(|end| end.note.as_ref() == Some(gone))
                {
                    end.note = None;
                }
            }
            Event::RecommendationDeclined { place, .. } => {
                if let Some(one) = self.recommendations.iter_mut().find(|one| one.place == *place)
                    && let Stage::Declined { reason, .. } = &mut one.stage
                {
                    reason.clear();
                }
            }
            Event::RunEnded { place, .. } => {
                if let Some(one) = self.recommendations.iter_mut().find(|one| one.place == *place)
                    && let Stage::Ended(ended) = &mut one.stage
                {
                    ended.outcome = quiet(ended.outcome.clone());
                }
            }
            _ => {}
        }
    }

    /// The same without what people wrote.
    #[must_use]
    pub fn without_words(mut self) -> Self {
        if let Some(end) = &mut self.resolution {
            end.note = None;
        }
        for one in &mut self.recommendations {
            match &mut one.stage {
                Stage::Declined { reason, .. } => reason.clear(),
                Stage::Ended(ended) => ended.outcome = quiet(ended.outcome.clone()),
                Stage::Offered
                | Stage::Withdrawn { .. }
                | Stage::Approved { .. }
                | Stage::Running { .. } => {}
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inspection::{Inspection, InspectionOutcome},
        message::stage::{MessageAudience, MessageStage},
    };

    #[test]
    fn nothing_that_a_person_wrote_is_left() {
        let incident = IncidentNumber(7);
        let word = || "hunter2".to_owned();
        let events = [
            Event::Commented { incident, text: word() },
            Event::Inspected {
                incident,
                inspection: Inspection::TopProcesses,
                outcome: InspectionOutcome::table([word()], vec![word()]),
            },
            Event::Inspected {
                incident,
                inspection: Inspection::TopProcesses,
                outcome: InspectionOutcome::failed(&word()),
            },
            Event::MessageDraftSaved {
                incident,
                audience: MessageAudience::All,
                stage: MessageStage::First,
                text: word(),
            },
            Event::MessageMarkedSent {
                incident,
                audience: MessageAudience::All,
                stage: MessageStage::First,
                version: 1,
                destination: word(),
            },
            Event::ReviewSaved {
                incident,
                sections: ReviewSections { factors: word(), went_well: word(), to_change: word() },
            },
            Event::PreventionStepAdded {
                incident,
                text: word(),
                plan: PreventionPlan::WillNotBeDone { reason: word() },
            },
            Event::PreventionStepDone { incident, step: 1, evidence: word() },
            Event::PreventionStepDropped { incident, step: 1, reason: word() },
            Event::Resolved { incident, step: Step::PersonResolved, note: Some(word()) },
            Event::Reopened { incident, note: Some(word()) },
            Event::RecommendationDeclined { incident, place: 1, reason: word() },
            Event::RunEnded {
                incident,
                place: 1,
                outcome: RunOutcome::NotStarted { why: word() },
                duration: crate::time::Span::ZERO,
                output: word(),
            },
        ];
        for event in events {
            let kind = event.kind();
            let left = event.without_words();
            assert_eq!(left.kind(), kind);
            assert!(!serde_json::to_string(&left).unwrap().contains("hunter2"), "{left:?}");
        }
    }
}
