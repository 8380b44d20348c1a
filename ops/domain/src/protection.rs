//! Protection in force: what the agent limits, whether it may, and safe mode. A projection of the
//! journal.

pub(crate) mod allowed;
pub(crate) mod measure;
pub(crate) mod organization;
mod plans;

use serde::{Deserialize, Serialize};

pub use crate::protection::{
    allowed::AllowedMeasure,
    measure::{
        ClassTraffic, IncidentMeasure, LimitedRequests, Measure, MeasureEnded, MeasureEnding,
        MeasureInForce, SafeModeStage,
    },
    organization::{
        LONGEST_OVERRIDE, MOST_OVERRIDES, OverrideEnding, PlanSource, is_organization_name,
        organization_named, organization_of_segment, organization_segment,
    },
    plans::{AssignedPlan, OrganizationPlans, PlanOverride},
};
use crate::{
    actor::Actor,
    id::IncidentNumber,
    journal::{Entry, Event, EventGroup, ProtectionEvent},
    time::{Span, Timestamp},
};

/// Automatic measures are suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Suspension {
    /// The one who suspended them.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
    /// The reason, in the words of whoever did.
    pub reason: String,
}

/// Safe mode in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SafeMode {
    /// The one who began it.
    pub by: Actor,
    /// The time.
    pub began_at: Timestamp,
    /// The incident that it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentNumber>,
    /// The reason.
    pub reason: String,
    /// Its stage.
    pub stage: SafeModeStage,
    /// Since when it is at that stage.
    pub stage_since: Timestamp,
    /// The last reminder that it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<SafeModeReminder>,
}

/// A reminder that safe mode is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SafeModeReminder {
    /// The time.
    pub at: Timestamp,
    /// Number of reminders, from 1.
    pub round: u32,
}

/// The most doublings of the time to the next reminder.
const MOST_DOUBLINGS: u32 = 3;

impl SafeMode {
    /// The reminder that is due, by its round. The first one comes `every` after the last change of
    /// the stage, each further one after twice the time, up to eight times.
    pub fn reminder_due(&self, every: Span, now: Timestamp) -> Option<u32> {
        let rounds = self.reminded.map_or(0, |last| last.round);
        let last = self.reminded.map_or(self.stage_since, |last| last.at.max(self.stage_since));
        let wait = every.as_micros().saturating_mul(1 << rounds.min(MOST_DOUBLINGS));
        (now.since(last) >= Span::from_micros(wait)).then(|| rounds.saturating_add(1))
    }
}

/// Protection in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Protection {
    /// Measures in force, in the order in which they began.
    pub measures: Vec<MeasureInForce>,
    /// The suspension of automatic measures, if they are suspended.
    pub suspension: Option<Suspension>,
    /// Safe mode, if it is in force.
    pub safe_mode: Option<SafeMode>,
    /// Time at which a person ended safe mode last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe_mode_ended_at: Option<Timestamp>,
    /// Overrides of organizations' plans of which no end is journalled, in the order in which they
    /// began; the time of one may be over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<PlanOverride>,
}

impl Protection {
    /// The state after entries, which come in their order. Others than those about protection
    /// change nothing.
    pub fn of(entries: &[Entry]) -> Self {
        let mut protection = Self::default();
        entries.iter().for_each(|entry| {
            protection.take(entry);
        });
        protection
    }

    /// Takes an entry; entries come in their order. True if it is about protection.
    pub fn take(&mut self, entry: &Entry) -> bool {
        let Some(event) = &entry.event else { return false };
        let EventGroup::Protection(event) = event.group() else { return false };
        let at = entry.at;
        match event {
            ProtectionEvent::MeasureBegan { incident, measure } => {
                self.measures.retain(|one| one.measure.requests != measure.requests);
                self.measures.push(MeasureInForce {
                    incident: *incident,
                    began_at: at,
                    measure: (**measure).clone(),
                });
            }
            ProtectionEvent::MeasureChanged { measure, .. } => {
                let known =
                    self.measures.iter_mut().find(|one| one.measure.requests == measure.requests);
                if let Some(known) = known {
                    known.measure = (**measure).clone();
                }
            }
            ProtectionEvent::MeasureEnded { requests, .. } => {
                self.measures.retain(|one| one.measure.requests != *requests);
            }
            ProtectionEvent::AutomationSuspended { reason } => {
                self.suspension = Some(Suspension { by: entry.actor, at, reason: reason.clone() });
            }
            ProtectionEvent::AutomationResumed => self.suspension = None,
            ProtectionEvent::SafeModeBegan { incident, reason } => {
                self.safe_mode = Some(SafeMode {
                    by: entry.actor,
                    began_at: at,
                    incident: *incident,
                    reason: reason.clone(),
                    stage: SafeModeStage::ReadOnly,
                    stage_since: at,
                    reminded: None,
                });
            }
            ProtectionEvent::SafeModeStageChanged { stage, .. } => {
                if let Some(safe_mode) = &mut self.safe_mode {
                    (safe_mode.stage, safe_mode.stage_since) = (*stage, at);
                }
            }
            ProtectionEvent::SafeModeReminded { round } => {
                if let Some(safe_mode) = &mut self.safe_mode {
                    safe_mode.reminded = Some(SafeModeReminder { at, round: *round });
                }
            }
            ProtectionEvent::SafeModeEnded => {
                (self.safe_mode, self.safe_mode_ended_at) = (None, Some(at));
            }
            // Of a million plans none is kept here.
            ProtectionEvent::OrganizationPlanSet { .. } => {}
            ProtectionEvent::OrganizationOverrideBegun { organization, .. } => {
                self.overrides.retain(|one| one.organization != *organization);
                self.overrides.extend(PlanOverride::begun(entry));
            }
            ProtectionEvent::OrganizationOverrideEnded { begun, .. } => {
                self.overrides.retain(|one| one.number != *begun);
            }
        }
        true
    }

    /// The measures that take effect: none while automatic measures are suspended, also before the
    /// ends of those in force are journalled.
    pub fn in_effect(&self) -> impl Iterator<Item = &MeasureInForce> {
        self.measures.iter().filter(|_| self.suspension.is_none())
    }

    /// The measure in force for some requests.
    pub fn measure(&self, requests: &LimitedRequests) -> Option<&MeasureInForce> {
        self.measures.iter().find(|one| one.measure.requests == *requests)
    }

    /// The ends of the overrides whose time is over.
    pub fn overrides_over(&self, now: Timestamp) -> Vec<Event> {
        let over = self.overrides.iter().filter(|one| one.until <= now);
        over.map(|one| Event::OrganizationOverrideEnded {
            organization: one.organization.clone(),
            begun: one.number,
            ending: OverrideEnding::Expired,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{breach::BreachKey, subject::Subject};

    fn entry(number: u64, event: Event) -> Entry {
        let at = Timestamp::from_secs(i64::try_from(number).unwrap_or_default());
        Entry { number, at, actor: Actor::Agent, event: Some(event) }
    }

    fn measure(class: &str, rate: f64) -> Measure {
        let organization: Subject = "organization:acme".parse().unwrap();
        Measure {
            requests: LimitedRequests {
                organization: organization.clone(),
                class: class.to_owned(),
            },
            rate,
            sent: 120.0,
            usual: Some(10.0),
            because: BreachKey {
                subject: organization,
                signal: "organization.batch".parse().unwrap(),
            },
            stage: 0,
            returns: 0,
            until: Timestamp::from_secs(600),
        }
    }

    #[test]
    fn reminders_come_less_often_each_time_and_a_new_stage_puts_them_off() {
        let mut protection = Protection::default();
        let began = Event::SafeModeBegan { incident: None, reason: "writes fail".into() };
        protection.take(&entry(0, began));
        let every = Span::from_secs(100);
        let due = |protection: &Protection, at: i64| {
            protection.safe_mode.as_ref()?.reminder_due(every, Timestamp::from_secs(at))
        };
        assert_eq!([due(&protection, 99), due(&protection, 100)], [None, Some(1)]);
        protection.take(&entry(100, Event::SafeModeReminded { round: 1 }));
        assert_eq!([due(&protection, 299), due(&protection, 300)], [None, Some(2)]);
        let stage = SafeModeStage::Interactive;
        protection.take(&entry(250, Event::SafeModeStageChanged { stage, incident: None }));
        assert_eq!([due(&protection, 449), due(&protection, 450)], [None, Some(2)]);
        protection.take(&entry(450, Event::SafeModeReminded { round: 9 }));
        assert_eq!([due(&protection, 1_249), due(&protection, 1_250)], [None, Some(10)]);
        protection.take(&entry(1_300, Event::SafeModeEnded));
        assert_eq!(due(&protection, 9_000), None);
    }

    #[test]
    fn protection_is_what_the_journal_tells() {
        let incident = IncidentNumber(1);
        let began =
            |class, rate| Event::MeasureBegan { incident, measure: measure(class, rate).into() };
        let mut entries = vec![
            entry(1, began("uploads", 15.0)),
            entry(2, began("writes", 20.0)),
            entry(3, Event::MeasureChanged { incident, measure: measure("uploads", 30.0).into() }),
            entry(4, Event::Stopped),
            entry(5, Event::AutomationSuspended { reason: "too eager".into() }),
            entry(
                6,
                Event::SafeModeBegan { incident: Some(incident), reason: "writes fail".into() },
            ),
            entry(
                7,
                Event::SafeModeStageChanged {
                    stage: SafeModeStage::Interactive,
                    incident: Some(incident),
                },
            ),
            entry(
                8,
                Event::MeasureEnded {
                    incident,
                    requests: measure("writes", 1.0).requests,
                    ending: MeasureEnding::Calm,
                },
            ),
        ];
        let protection = Protection::of(&entries);
        let [one] = &protection.measures[..] else { panic!("{protection:?}") };
        assert_eq!(protection.in_effect().count(), 0, "it is suspended");
        assert_eq!((one.began_at, one.measure.rate), (Timestamp::from_secs(1), 30.0));
        assert_eq!(protection.suspension.as_ref().map(|one| &*one.reason), Some("too eager"));
        let safe_mode = protection.safe_mode.as_ref().unwrap();
        assert_eq!(safe_mode.stage, SafeModeStage::Interactive);
        assert_eq!(
            (safe_mode.began_at, safe_mode.stage_since),
            (Timestamp::from_secs(6), Timestamp::from_secs(7))
        );
        entries.extend([entry(9, Event::AutomationResumed), entry(10, Event::SafeModeEnded)]);
        let protection = Protection::of(&entries);
        assert!(protection.suspension.is_none() && protection.safe_mode.is_none());
        // Begun again, it is the newer one.
        entries.push(entry(11, began("uploads", 12.0)));
        let protection = Protection::of(&entries);
        let rates: Vec<f64> = protection.measures.iter().map(|one| one.measure.rate).collect();
        assert_eq!(rates, [12.0]);
        // A stage of what is not in force changes nothing.
        let stage = SafeModeStage::Interactive;
        entries.push(entry(12, Event::SafeModeStageChanged { stage, incident: None }));
        assert!(Protection::of(&entries).safe_mode.is_none());
    }

    fn acme() -> Subject {
        "organization:acme".parse().unwrap()
    }

    fn begun(organization: Subject, plan: &str, until: i64) -> Event {
        Event::OrganizationOverrideBegun {
            organization,
            plan: plan.to_owned(),
            until: Timestamp::from_secs(until),
            reason: "migration".to_owned(),
        }
    }

    #[test]
    fn plans_are_what_the_journal_tells_of_their_organization() {
        let other: Subject = "organization:globex".parse().unwrap();
        let set = |organization: Subject, plan: Option<&str>| Event::OrganizationPlanSet {
            organization,
            plan: plan.map(str::to_owned),
        };
        let ended = |organization, begun| Event::OrganizationOverrideEnded {
            organization,
            begun,
            ending: OverrideEnding::Person,
        };
        let mut plans = OrganizationPlans::none(acme());
        let mut protection = Protection::default();
        let mut take = |number, event, plans: &mut OrganizationPlans| {
            let entry = entry(number, event);
            plans.take(&entry);
            assert!(protection.take(&entry));
            protection.overrides.iter().map(|one| one.plan.clone()).collect::<Vec<_>>()
        };
        take(1, set(acme(), Some("pro")), &mut plans);
        take(2, set(other.clone(), Some("large")), &mut plans);
        assert_eq!(plans.assigned.as_ref().map(|one| &*one.plan), Some("pro"));
        take(3, begun(acme(), "large", 10), &mut plans);
        // Another one takes its place.
        assert_eq!(take(4, begun(acme(), "small", 20), &mut plans), ["small"]);
        assert_eq!(take(5, begun(other.clone(), "pro", 20), &mut plans), ["small", "pro"]);
        let in_force = |plans: &OrganizationPlans, at| {
            plans.override_at(Timestamp::from_secs(at)).map(|one| one.plan.clone())
        };
        assert_eq!([in_force(&plans, 19), in_force(&plans, 20)], [Some("small".to_owned()), None]);
        assert_eq!(take(6, ended(other, 5), &mut plans), ["small"]);
        let stage = SafeModeStage::Interactive;
        take(7, Event::SafeModeStageChanged { stage, incident: None }, &mut plans);
        // The end of the one before it comes too late.
        assert_eq!(take(8, ended(acme(), 3), &mut plans), ["small"]);
        assert_eq!(plans.overridden.as_ref().map(|one| one.number), Some(4));
        assert!(take(9, ended(acme(), 4), &mut plans).is_empty());
        take(10, set(acme(), None), &mut plans);
        assert_eq!(plans, OrganizationPlans::none(acme()));
    }

    #[test]
    fn overrides_that_are_over_are_ended_once() {
        let mut protection = Protection::default();
        protection.take(&entry(1, begun(acme(), "large", 10)));
        assert!(protection.overrides_over(Timestamp::from_secs(9)).is_empty());
        let events = protection.overrides_over(Timestamp::from_secs(10));
        let [Event::OrganizationOverrideEnded { ending: OverrideEnding::Expired, begun: 1, .. }] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        protection.take(&entry(2, events[0].clone()));
        assert!(protection.overrides_over(Timestamp::from_secs(11)).is_empty());
    }
}
