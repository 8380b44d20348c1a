//! Changes: what a command means for the store, carried out in one transaction.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use commands::{
    accounts,
    command::{
        Acknowledge, AddPreventionStep, Approve, BeginMaintenance, BeginPractice, BeginSafeMode,
        CancelRun, Command, Comment, CreateShare, Decline, DeclineThreshold, DropPreventionStep,
        EndMaintenance, EndMeasure, EndPractice, EndRun, EndSafeMode, Escalate,
        FinishPreventionStep, MakeReport, MarkMessageSent, PublishNotice, PublishUpdate,
        RateRecommendation, Record, Redact, Reopen, ReportChange, Resolve, ResumeAutomation,
        RetireMissing, RetireSubject, ReviewMessage, ReviewReport, RevokeShare, RunInspection,
        SaveMessage, SaveReview, SetSafeModeStage, StartRun, SuspendAutomation, WithdrawUpdate,
    },
    decide::decide,
    maintenance::check_open,
    missing::{covered, missing},
    operation::Committed,
    protection,
    situation::Situation,
    status_page,
};
use domain::{
    access::Principal,
    actor::Actor,
    error::{DatabaseFault, Entity, Error, FieldReason, Unavailable},
    id::IncidentNumber,
    incident::Incident,
    inspection::InspectionOutcome,
    journal::{Cursor, Event},
    protection::Protection,
    report::MadeReport,
    subject::Subject,
    time::Timestamp,
};
use tokio::time::timeout;

use super::{
    failure::{refuse, refuse_change, too_slow},
    inner::Inner,
};
use crate::protection::begins_safe_mode;
use crate::store::{About, Change, Decide, DecidePeople, StoreError};

/// Longest time for a change before it is given up.
const LONGEST_CHANGE: Duration = Duration::from_secs(15);

/// Longest time for the facts of a decision: other changes wait meanwhile.
const LONGEST_PLAN: Duration = Duration::from_secs(5);

/// The facts that are found out before a change is planned.
enum Beforehand {
    /// Nothing is needed.
    Nothing,
    /// The outcome of an inspection.
    Inspected(InspectionOutcome),
    /// A report.
    Report(Box<MadeReport>),
    /// The event of a changed threshold.
    Threshold(Box<Event>),
}

impl Inner {
    pub(super) async fn change(
        &self,
        caller: &Principal,
        command: Command,
    ) -> Result<Committed, Error> {
        // Nobody acts without a name.
        let actor = caller.actor().ok_or(Error::SignIn)?;
        let beforehand = self.beforehand(&command).await?;
        let about_people = matches!(command, Command::Account(_));
        let begins_safe_mode = match &command {
            Command::BeginSafeMode(_) => true,
            Command::Record(Record { events, .. }) => begins_safe_mode(events),
            _ => false,
        };
        let mut rewriting = self.begin_rewriting(&command).await?;
        let mut sent = self.writing.lock().await;
        // What a decision is made of can't change until it is carried out.
        let planned = async {
            let beside = match self.notification_beside(caller, &command).await? {
                Some(beside) => beside,
                None => Self::beside(&command, self.clock.now().wall)?,
            };
            let beforehand = match rewriting.events().pop() {
                Some(event) => Beforehand::Threshold(Box::new(event)),
                None => beforehand,
            };
            Ok((self.plan(caller, actor, command, beforehand).await?, beside))
        };
        let nothing_is_written = || Error::from(Unavailable::Unchanged(DatabaseFault::NoAnswer));
        let (change, beside) =
            timeout(LONGEST_PLAN, planned).await.unwrap_or_else(|_| Err(nothing_is_written()))?;
        let before = match *sent {
            Some(cursor) => cursor,
            // The stream was opened at the journal's end before anything changed.
            None => self.store.head().await.map_err(refuse)?.0,
        };
        *sent = Some(before);
        if begins_safe_mode {
            self.enforcement().expect_safe_mode().await;
        }
        // A document is written before its change is journalled, which must never tell of one that
        // was not written.
        self.put_thresholds(&mut rewriting, actor, before.number).await?;
        let entries = match timeout(LONGEST_CHANGE, self.carry_out(change, beside)).await {
            Ok(Ok(entries)) => entries,
            failed => {
                // It may have been carried out all the same: what is at hand is read again, and
                // the next change sends what is missing.
                self.mark_stale();
                let unclear = matches!(failed, Err(_) | Ok(Err(StoreError::Unclear { .. })));
                if about_people && unclear {
                    self.people_unclear();
                }
                if !unclear {
                    self.take_back_thresholds(&mut rewriting).await;
                }
                if begins_safe_mode && !unclear {
                    self.enforcement().expects_nothing();
                    self.enforcement().settle().await;
                }
                return Err(failed.map_or_else(
                    |_| too_slow(),
                    |result| result.map_or_else(refuse_change, |_| too_slow()),
                ));
            }
        };
        self.thresholds_journalled(&mut rewriting).await;
        let Some((first, last)) = entries.first().zip(entries.last()) else {
            return Ok(Committed { cursor: before });
        };
        let after = Cursor { epoch: before.epoch, number: last.number };
        self.committed.store(last.number, Ordering::Release);
        self.people_changed(&entries);
        let redacted =
            entries.iter().any(|entry| matches!(entry.event, Some(Event::Redacted { .. })));
        if first.number == before.number + 1 {
            self.enforcement().take(&entries).await;
            self.publisher().take(&entries);
            self.keep_at_hand(after, &entries).await;
            self.send(after.epoch, entries, actor);
            *sent = Some(after);
        } else {
            self.mark_stale();
            let number = self.send_missing(before, after, actor).await;
            if number < last.number {
                // It is in force all the same when it is answered; it comes once more in its order.
                self.enforcement().take(&entries).await;
                self.publisher().take(&entries);
            }
            *sent = Some(Cursor { epoch: before.epoch, number });
        }
        if redacted {
            // What is at hand may hold the words that were removed.
            self.mark_stale();
        }
        Ok(Committed { cursor: after })
    }

    /// Does the part that takes seconds, so that no other change waits for it.
    async fn beforehand(&self, command: &Command) -> Result<Beforehand, Error> {
        Ok(match command {
            Command::RunInspection(RunInspection { incident, inspection }) => {
                Beforehand::Inspected(self.inspect(*incident, inspection).await?)
            }
            Command::MakeReport(MakeReport { kind }) => {
                Beforehand::Report(Box::new(self.made_report(*kind).await?))
            }
            _ => Beforehand::Nothing,
        })
    }

    /// Returns a command as a change of the store, while no other change of this process is under
    /// way.
    async fn plan(
        &self,
        caller: &Principal,
        actor: Actor,
        command: Command,
        beforehand: Beforehand,
    ) -> Result<Change, Error> {
        let (about, monitor, decide): (_, _, Decide) = match command {
            Command::Account(change) => {
                let (at, caller) = (self.clock.now().wall, caller.clone());
                let people: DecidePeople =
                    Box::new(move |roster| accounts::decide(roster, &caller, &change, at));
                let decide: Decide = Box::new(|_| Ok(Vec::new()));
                return Ok(Change {
                    at,
                    actor,
                    about: About::Nothing,
                    decide,
                    people: Some(people),
                    monitor: None,
                });
            }
            Command::Record(Record { events, monitor }) => {
                (About::Nothing, monitor, Box::new(move |_| Ok(events)))
            }
            Command::RetireSubject(RetireSubject { subject }) => {
                self.check_known(&subject).await?;
                (
                    About::Nothing,
                    None,
                    Box::new(move |_| Ok(vec![Event::SubjectRetired { subject }])),
                )
            }
            Command::RetireMissing(RetireMissing { subjects }) => {
                let shown = self.board.shown().readings;
                let gone = covered(missing(&shown.readings), &subjects);
                if gone.is_empty() {
                    return Err(Error::invalid("subjects", FieldReason::NothingMissing));
                }
                let retired =
                    |subject: &Subject| Event::SubjectRetired { subject: subject.clone() };
                let events: Vec<Event> = gone.into_iter().map(retired).collect();
                (About::Nothing, None, Box::new(move |_| Ok(events)))
            }
            Command::ReportChange(ReportChange { change }) => {
                let change = Box::new(change.checked(self.clock.now().wall)?);
                (
                    About::Nothing,
                    None,
                    Box::new(move |_| Ok(vec![Event::ChangeReported { change }])),
                )
            }
            Command::BeginMaintenance(BeginMaintenance { request }) => {
                let open = self.at_hand().await.map_err(refuse)?.announcements;
                let window = Box::new(request.checked(&open, self.clock.now().wall)?);
                let events = vec![Event::MaintenanceBegun { window }];
                (About::Nothing, None, Box::new(move |_| Ok(events)))
            }
            Command::EndMaintenance(EndMaintenance { window }) => {
                check_open(&self.at_hand().await.map_err(refuse)?.announcements, window)?;
                let list = self.board.shown().withheld.get(&window).cloned().unwrap_or_default();
                (About::Nothing, None, Box::new(move |_| Ok(vec![list.ended(window)])))
            }
            Command::EndMeasure(EndMeasure { requests }) => {
                let event = protection::end_measure(&*self.protection().await?, &requests)?;
                let about = event.incident().map_or(About::Nothing, About::Incident);
                (about, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::SuspendAutomation(SuspendAutomation { reason }) => {
                let event = protection::suspend(&*self.protection().await?, &reason)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::ResumeAutomation(ResumeAutomation {}) => {
                let event = protection::resume(&*self.protection().await?)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::BeginSafeMode(BeginSafeMode { incident, reason }) => {
                self.check_not_practice(incident).await?;
                let event =
                    protection::begin_safe_mode(&*self.protection().await?, incident, &reason)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::SetSafeModeStage(SetSafeModeStage { stage }) => {
                let event = protection::set_safe_mode_stage(&*self.protection().await?, stage)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::EndSafeMode(EndSafeMode {}) => {
                let event = protection::end_safe_mode(&*self.protection().await?)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::BeginPractice(BeginPractice { length }) => {
                let (about, decide) = self.begin_practice(length).await?;
                (about, None, decide)
            }
            Command::EndPractice(EndPractice {}) => {
                let (about, decide) = self.end_practice().await?;
                (about, None, decide)
            }
            Command::SetOrganizationPlan(wanted) => {
                (About::Nothing, None, self.set_organization_plan(wanted).await?)
            }
            Command::BeginPlanOverride(wanted) => {
                (About::Nothing, None, self.begin_plan_override(wanted).await?)
            }
            Command::EndPlanOverride(wanted) => {
                (About::Nothing, None, self.end_plan_override(wanted).await?)
            }
            Command::PublishNotice(PublishNotice { incident, state, title, text }) => {
                if let Some(number) = incident {
                    self.check_incident(number).await?;
                }
                let event = status_page::publish_notice(incident, state, &title, &text)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::PublishUpdate(PublishUpdate { notice, state, text }) => {
                let page = self.publisher().page();
                let event = status_page::publish_update(&page, notice, state, &text)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::WithdrawUpdate(WithdrawUpdate { notice, update, reason }) => {
                let page = self.publisher().page();
                let event = status_page::withdraw(&page, notice, update, &reason)?;
                (About::Nothing, None, Box::new(move |_| Ok(vec![event])))
            }
            Command::SaveMessage(SaveMessage { incident, .. })
            | Command::ReviewMessage(ReviewMessage { incident, .. })
            | Command::MarkMessageSent(MarkMessageSent { incident, .. }) => {
                let (about, events) = self.message_events(actor, incident, command).await?;
                (about, None, Box::new(move |_| Ok(events)))
            }
            Command::SaveReview(SaveReview { incident, .. })
            | Command::AddPreventionStep(AddPreventionStep { incident, .. })
            | Command::FinishPreventionStep(FinishPreventionStep { incident, .. })
            | Command::DropPreventionStep(DropPreventionStep { incident, .. }) => {
                let (about, events) = self.review_events(actor, incident, command).await?;
                (about, None, Box::new(move |_| Ok(events)))
            }
            Command::MakeReport(MakeReport { kind: _ }) => {
                let events = match beforehand {
                    Beforehand::Report(made) => self.keep_report(*made).await?,
                    Beforehand::Inspected(_) | Beforehand::Threshold(_) | Beforehand::Nothing => {
                        Vec::new()
                    }
                };
                (About::Nothing, None, Box::new(move |_| Ok(events)))
            }
            Command::ReviewReport(ReviewReport { report }) => {
                let events = self.review_report(report).await?;
                (About::Nothing, None, Box::new(move |_| Ok(events)))
            }
            Command::RateRecommendation(RateRecommendation { recommendation, .. }) => {
                let incident = recommendation.incident;
                (About::Incident(incident), None, self.decision(incident, actor, None, command))
            }
            // As for a yes: whoever has just gone decides about no threshold.
            Command::ChangeThreshold(_) => {
                let threshold = match beforehand {
                    Beforehand::Threshold(event) => vec![*event],
                    Beforehand::Inspected(_) | Beforehand::Report(_) | Beforehand::Nothing => {
                        Vec::new()
                    }
                };
                return Ok(Change {
                    at: self.clock.now().wall,
                    actor,
                    about: About::Nothing,
                    decide: Box::new(move |_| Ok(threshold)),
                    people: Some(standing(caller)),
                    monitor: None,
                });
            }
            Command::DeclineThreshold(DeclineThreshold { proposal, reason }) => {
                let events = self.declined_threshold(proposal, &reason).await?;
                (About::Nothing, None, Box::new(move |_| Ok(events)))
            }
            Command::RunInspection(RunInspection { incident, inspection }) => {
                let events = match beforehand {
                    Beforehand::Inspected(outcome) => {
                        vec![Event::Inspected { incident, inspection, outcome }]
                    }
                    Beforehand::Report(_) | Beforehand::Threshold(_) | Beforehand::Nothing => {
                        Vec::new()
                    }
                };
                (About::Incident(incident), None, Box::new(move |_| Ok(events)))
            }
            Command::Redact(Redact { entry, reason }) => {
                return self.redaction(caller, actor, entry, &reason).await;
            }
            Command::RevokeShare(RevokeShare { share }) => {
                return self.revocation(actor, share).await;
            }
            Command::SetContact(_)
            | Command::RemoveContact(_)
            | Command::TestContact(_)
            | Command::RecordDelivery(_) => {
                (About::Nothing, None, Self::notification_events(caller, command)?)
            }
            // As for a yes: a link must not be left behind by someone who has just gone.
            Command::CreateShare(CreateShare { incident, .. }) => {
                let (at, decide) =
                    (self.clock.now().wall, self.decision(incident, actor, None, command));
                return Ok(Change {
                    at,
                    actor,
                    about: About::Incident(incident),
                    decide,
                    people: Some(standing(caller)),
                    monitor: None,
                });
            }
            Command::Acknowledge(Acknowledge { incident })
            | Command::Escalate(Escalate { incident, .. })
            | Command::Comment(Comment { incident, .. })
            | Command::Resolve(Resolve { incident, .. })
            | Command::Reopen(Reopen { incident, .. }) => {
                (About::Incident(incident), None, self.decision(incident, actor, None, command))
            }
            Command::Decline(Decline { recommendation, .. })
            | Command::CancelRun(CancelRun { recommendation })
            | Command::EndRun(EndRun { recommendation, .. }) => {
                let incident = recommendation.incident;
                (About::Incident(incident), None, self.decision(incident, actor, None, command))
            }
            // Whether something else runs on the same subject is looked up in the same transaction.
            Command::Approve(Approve { recommendation, .. })
            | Command::StartRun(StartRun { recommendation }) => {
                let (about, incident) =
                    (About::IncidentAndRuns(recommendation.incident), recommendation.incident);
                let decide =
                    self.decision(incident, actor, self.role_since(caller).await?, command);
                return Ok(Change {
                    at: self.clock.now().wall,
                    actor,
                    about,
                    decide,
                    people: Some(standing(caller)),
                    monitor: None,
                });
            }
        };
        Ok(Change { at: self.clock.now().wall, actor, about, decide, people: None, monitor })
    }

    /// The changes that a command of one incident makes.
    fn decision(
        &self,
        number: IncidentNumber,
        actor: Actor,
        role_since: Option<Timestamp>,
        command: Command,
    ) -> Decide {
        let (recovery, clock) = (Arc::clone(&self.recovery), self.clock);
        Box::new(move |known: &[Incident]| {
            let incident = known.iter().find(|incident| incident.number == number);
            let incident = incident.ok_or(Error::NotFound(Entity::Incident(number)))?;
            let catalogue = recovery.catalogue();
            let catalogue = catalogue.as_deref().map(policy::catalogue::Catalogue::version);
            decide(
                incident,
                &command,
                Situation { actor, now: clock.now().wall, others: known, catalogue, role_since },
            )
        })
    }

    /// Safe mode is never for a practice.
    async fn check_not_practice(&self, incident: Option<IncidentNumber>) -> Result<(), Error> {
        let Some(number) = incident else { return Ok(()) };
        match self.store.incident(number).await.map_err(refuse)? {
            Some(known) if known.is_practice() => Err(not_a_practice()),
            _ => Ok(()),
        }
    }

    /// A notice and a message can only be about an incident that there is, and that is real.
    pub(super) async fn check_incident(&self, number: IncidentNumber) -> Result<(), Error> {
        let known = self.store.incident(number).await.map_err(refuse)?;
        let known = known.ok_or(Error::NotFound(Entity::Incident(number)))?;
        if known.is_practice() {
            return Err(not_a_practice());
        }
        Ok(())
    }

    async fn protection(&self) -> Result<Arc<Protection>, Error> {
        Ok(self.at_hand().await.map_err(refuse)?.protection)
    }

    /// Only what reports, or what an active incident is about, can be retired: a wrong name would
    /// be no use to anyone.
    async fn check_known(&self, subject: &Subject) -> Result<(), Error> {
        let reports =
            self.board.shown().readings.readings.iter().any(|reading| reading.subject == *subject);
        let known = reports
            || self
                .at_hand()
                .await
                .map_err(refuse)?
                .incidents
                .iter()
                .any(|incident| incident.is_active() && incident.subjects().contains(&subject));
        if known { Ok(()) } else { Err(Error::NotFound(Entity::Subject(subject.clone()))) }
    }
}

fn not_a_practice() -> Error {
    let expected = "a real incident: this one is a practice";
    Error::invalid("incident", FieldReason::Expected(expected.into()))
}

/// Looks at the caller in the transaction: their sign-in or role may have ended since they pressed.
fn standing(caller: &Principal) -> DecidePeople {
    let caller = caller.clone();
    Box::new(move |roster| accounts::stands(roster, &caller))
}
