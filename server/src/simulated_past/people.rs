//! The people of a simulated week: accounts that nobody can sign in to, which act through the service
//! like everyone else. A run that they approve starts no process.

use std::{collections::BTreeMap, sync::Arc};

use commands::{
    account_change::{AccountChange, Invite, Join, SetClosed},
    accounts::{PasswordHash, decide},
    command::{
        Acknowledge, AddPreventionStep, Approve, Decline, EndRun, RateRecommendation, Resolve,
        SaveReview, StartRun,
    },
};
use domain::{
    access::{Principal, Role},
    actor::Actor,
    id::{AccountId, IncidentNumber, RecommendationId, SessionId},
    incident::Incident,
    journal::{Entry, Event},
    recommendation::{RunOutcome, Stage},
    review::{DueDate, PreventionPlan},
    time::{Span, Timestamp},
};
use engine::past::{Act, Response, Step, Week, next_act};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

use super::PastError;
use crate::{
    clock::Clock,
    people::{hash_of, new_secret},
    service::Service,
    store::{About, Change, DecidePeople, Store},
};

/// Their names.
const NAMES: [&str; 2] = ["Generated on-call", "Generated colleague"];
/// Output of a run of which only the journal knows.
const OUTPUT: &str = "Simulated: no process was started.\n";
/// Time between two looks at an incident.
const LOOK_EVERY: Span = Span::from_secs(30);

/// See the module.
pub(super) struct People {
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Clock,
    accounts: Vec<AccountId>,
    entries: Receiver<Arc<Vec<Entry>>>,
    /// The incidents that are open and have a trouble, with its place.
    open: BTreeMap<IncidentNumber, usize>,
    looked_at: Timestamp,
}

impl People {
    /// Lets them join.
    pub(super) async fn join(
        service: Arc<Service>,
        store: Arc<dyn Store>,
        clock: Clock,
    ) -> Result<Self, PastError> {
        let mut accounts = Vec::new();
        for name in NAMES {
            accounts.push(join(&*store, name, clock.now().wall).await?);
        }
        let (entries, looked_at) = (service.subscribe(), clock.now().wall);
        Ok(Self { service, store, clock, accounts, entries, open: BTreeMap::new(), looked_at })
    }

    /// Closes their accounts: they count as nobody who could respond from now on.
    pub(super) async fn leave(self) -> Result<(), PastError> {
        let now = self.clock.now().wall;
        for account in self.accounts {
            let closes = AccountChange::SetClosed(SetClosed { account, closed: true });
            people(&*self.store, Principal::Local, closes, now).await?;
        }
        Ok(())
    }

    /// Those who respond to a trouble take turns.
    fn principal(&self, trouble: usize) -> Principal {
        let id = self.accounts.get(trouble % NAMES.len()).copied().unwrap_or(AccountId(1));
        Principal::Account {
            id,
            role: Role::Approver,
            session: SessionId(u32::MAX),
            recently_authenticated: true,
        }
    }

    /// Does what it is time for; true if something was done.
    pub(super) async fn act(&mut self, week: &mut Week) -> Result<bool, PastError> {
        self.hear(week);
        let now = self.clock.now().wall;
        if self.open.is_empty() || now.since(self.looked_at) < LOOK_EVERY {
            return Ok(false);
        }
        self.looked_at = now;
        let mut acted = false;
        for (number, trouble) in self.open.clone() {
            let response = week.troubles.get(trouble).and_then(|one| one.response.clone());
            let (Some(response), Some(incident)) = (response, self.store.incident(number).await?)
            else {
                continue;
            };
            if let Some(act) = next_act(&response, &incident, now) {
                if matches!(act, Act::End(..)) {
                    week.end(trouble, now);
                }
                self.carry_out(act, &incident, trouble, &response).await?;
                acted = true;
            }
        }
        Ok(acted)
    }

    /// Notes which incidents were opened and ended.
    fn hear(&mut self, week: &Week) {
        loop {
            match self.entries.try_recv() {
                Ok(entries) => {
                    for event in entries.iter().filter_map(|entry| entry.event.as_ref()) {
                        match event {
                            Event::IncidentOpened { incident } => {
                                let trouble =
                                    week.trouble_of(&incident.subjects(), incident.began_at);
                                self.open.extend(trouble.map(|one| (incident.number, one)));
                            }
                            Event::Resolved { incident, .. } => {
                                self.open.remove(incident);
                            }
                            _ => {}
                        }
                    }
                }
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    async fn carry_out(
        &self,
        act: Act<'_>,
        incident: &Incident,
        trouble: usize,
        response: &Response,
    ) -> Result<(), PastError> {
        let (who, number) = (self.principal(trouble), incident.number);
        let id = |place: u32| RecommendationId { incident: number, place };
        match act {
            Act::Acknowledge => {
                self.service.execute(who, Acknowledge { incident: number }).await?;
            }
            Act::Approve(one) => {
                let (recommendation, binding) = (id(one.place), one.binding(incident));
                self.service.execute(who, Approve { recommendation, binding }).await?;
            }
            Act::Decline(one, reason) => {
                let (recommendation, reason) = (id(one.place), reason.to_owned());
                self.service.execute(who, Decline { recommendation, reason }).await?;
            }
            Act::Start(one) => {
                let recommendation = id(one.place);
                self.service.execute(Principal::System, StartRun { recommendation }).await?;
            }
            Act::End(one, duration) => {
                let end = EndRun {
                    recommendation: id(one.place),
                    outcome: RunOutcome::Exited { code: 0 },
                    duration,
                    output: OUTPUT.to_owned(),
                };
                self.service.execute(Principal::System, end).await?;
            }
            Act::Resolve(note) => {
                let resolve = Resolve { incident: number, note: note.to_owned() };
                self.service.execute(who.clone(), resolve).await?;
                self.learn(who, incident, response).await?;
            }
        }
        Ok(())
    }

    /// Writes down what is learned from a resolved incident.
    async fn learn(
        &self,
        who: Principal,
        incident: &Incident,
        response: &Response,
    ) -> Result<(), PastError> {
        let number = incident.number;
        let ran = incident.recommendations.iter().find(|one| matches!(one.stage, Stage::Ended(_)));
        if let Some((rating, one)) = response.rating.zip(ran) {
            let recommendation = RecommendationId { incident: number, place: one.place };
            let rate = RateRecommendation { recommendation, rating };
            self.service.execute(who.clone(), rate).await?;
        }
        if let Some(sections) = response.review.clone() {
            let save = SaveReview { incident: number, replaces: None, sections };
            self.service.execute(who.clone(), save).await?;
        }
        let owner = who.account().unwrap_or(AccountId(1));
        for step in &response.steps {
            let (text, plan) = match *step {
                Step::Planned { text, days } => {
                    let day = self.clock.now().wall.plus(Span::from_mins(days * 24 * 60));
                    (text, PreventionPlan::Planned { owner, due: DueDate::of(day) })
                }
                Step::NotDone { text, reason } => {
                    (text, PreventionPlan::WillNotBeDone { reason: reason.to_owned() })
                }
            };
            let add = AddPreventionStep { incident: number, text: text.to_owned(), plan };
            self.service.execute(who.clone(), add).await?;
        }
        Ok(())
    }
}

/// Invites an approver, who joins at once. Nothing that anybody types is their password.
async fn join(store: &dyn Store, name: &str, now: Timestamp) -> Result<AccountId, PastError> {
    let hash = hash_of(&new_secret()?);
    let invite = AccountChange::Invite(Invite { role: Role::Approver, hash });
    people(store, Principal::Local, invite, now).await?;
    let password = PasswordHash("none".to_owned());
    let joins = AccountChange::Join(Join { hash, name: name.to_owned(), password });
    people(store, Principal::System, joins, now).await?;
    let roster = store.roster().await?;
    Ok(roster.accounts.iter().map(|one| one.id).max().unwrap_or(AccountId(1)))
}

async fn people(
    store: &dyn Store,
    caller: Principal,
    change: AccountChange,
    at: Timestamp,
) -> Result<(), PastError> {
    let actor = caller.actor().unwrap_or(Actor::Local);
    let people: DecidePeople = Box::new(move |roster| decide(roster, &caller, &change, at));
    let change = Change {
        at,
        actor,
        about: About::Nothing,
        decide: Box::new(|_| Ok(Vec::new())),
        people: Some(people),
        monitor: None,
    };
    store.change(change).await?;
    Ok(())
}
