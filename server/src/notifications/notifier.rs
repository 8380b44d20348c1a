//! The notifier: a worker that follows the journal from a position of its own, queues who is to be
//! told, and sends what is due.
//!
//! The position moves on in the transaction that fills the outbox, so that a restart loses no call
//! and repeats none. What was sent is marked in the transaction that journals it. If Calm Ops is
//! ended between the two, the same message goes out once more, with the same id: ntfy shows it in
//! place of the first one, and a mail program or a receiver of webhooks can tell that it is a
//! repetition.
//!
//! Whatever is sent goes to an address that a person has set for themselves, and to no other one.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use commands::{
    command::{Escalate, RecordDelivery},
    notifications::{
        CALM_RETRY, Contact, ContactState, Delivery, Notification, Progress, Reason, SafeModeNews,
        Unacknowledged, due, lacks_attention, reminder_after, retry_after,
    },
};
use domain::{
    access::Principal,
    actor::Actor,
    error::Error,
    id::{ContactId, IncidentNumber},
    incident::Incident,
    time::{MonotonicTime, Now, Span},
};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::{sync::CancellationToken, task::JoinMap};
use wording::{
    error::sentence,
    notification::{self, Message},
};

use super::{channel::Outgoing, channels, outbound::Outbound};
use crate::{
    clock::Clock,
    reports,
    service::Service,
    store::{LastMessage, Store, StoreError, Waiting},
    time_zones,
};

/// Entries that are read at a time.
const PAGE: u32 = 500;
/// Messages that are sent at the same time.
const AT_ONCE: usize = 8;
/// Time that sending has to come to its end when Calm Ops stops.
const LEAVE_AFTER: Duration = Duration::from_secs(2);
/// That nothing was to be told of so many entries is noted, so that a restart does not read them
/// again.
const NOTE_EVERY: u64 = 2_000;

/// A clock that was set back by more than this changes what is due.
const SET_BACK: i64 = 1_000_000;
/// The most reminders that are decided at a time.
const MOST_REMINDERS: usize = 8;

/// Number of tries of a last message to a contact that is gone.
const LAST_MESSAGE_TRIES: u32 = 6;

/// Rhythm of the work; tests use another one.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Time after which it looks even though nothing was heard.
    pub look: Duration,
    /// Time limit of one try.
    pub time_limit: Duration,
    /// After so many failures in a row: when it is tried again, or that it is given up.
    pub retry: fn(u32) -> Option<Span>,
    /// The interval at which calls that were given up are tried while nobody took note of their
    /// incident.
    pub calm: Span,
    /// Time for which a report is tried before it is given up.
    pub reports: Span,
    /// Time after which everyone is told again of a critical incident that nobody took note of.
    pub escalate_after: Span,
    /// A reminder that could not be decided, or that nobody could get, is looked at again after this.
    pub remind_again: Span,
    /// The interval at which calls that wait for the end of quiet hours are looked at again.
    pub quiet: Span,
    /// The interval of proofs that the database takes writes.
    pub prove: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            time_limit: Duration::from_secs(20),
            retry: retry_after,
            calm: CALM_RETRY,
            reports: Span::from_mins(24 * 60),
            escalate_after: Span::from_mins(5),
            remind_again: Span::from_secs(10),
            quiet: Span::from_mins(15),
            prove: Duration::from_secs(20),
        }
    }
}

/// Tells people of what happened, by the contacts that they have set.
pub struct Notifier {
    pub(super) service: Arc<Service>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) outbound: Outbound,
    pub(super) pace: Pace,
    report: Report,
    pub(super) stop: CancellationToken,
}

/// Takes what people have to know about a part of Calm Ops, in sentences, whenever that changes; false
/// if it could not be taken just now.
pub type Report = Box<dyn Fn(Vec<String>) -> bool + Send + Sync>;

/// Contacts by which something is being sent: one thing at a time by each. A contact is in it until
/// the worker takes note of the end, which it does not do while it reads the outbox: what it reads
/// there may be from before the end, and would be sent again.
type Sending = JoinMap<ContactId, Result<(), StoreError>>;

impl Notifier {
    /// Sends until `stop`.
    pub fn new(
        service: Arc<Service>,
        store: Arc<dyn Store>,
        clock: Clock,
        outbound: Outbound,
        pace: Pace,
        report: Report,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self { service, store, clock, outbound, pace, report, stop })
    }

    /// Works until told to stop. Where it never worked before, it begins after the entry `begin`:
    /// nobody is called for what was.
    pub async fn run(self: Arc<Self>, begin: u64) {
        tokio::join!(Arc::clone(&self).follow(begin), self.watch_database());
    }

    /// Follows the journal, and sends what is due.
    async fn follow(self: Arc<Self>, begin: u64) {
        // Subscribed first: what is written while the outbox is filled is heard.
        let mut entries = self.service.subscribe();
        let mut look = tokio::time::interval(self.pace.look);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut reading = None;
        let mut sending = Sending::new();
        let mut reminders = Reminders::new();
        let mut wall_ahead = None;
        let mut told = None;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                heard = entries.recv() => match heard {
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                },
                Some((contact, done)) = sending.join_next() => match done {
                    // There may be more for the same contact.
                    Ok(Ok(())) => {}
                    // The next look tries again.
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "a notification could not be processed; retrying");
                        continue;
                    }
                    Err(error) => {
                        tracing::error!(contact = contact.0, %error, "Calm Ops failed unexpectedly while sending a notification; retrying");
                        continue;
                    }
                },
                _ = look.tick() => {}
            }
            if let Err(error) = self.fill(&mut reading, begin).await {
                // Read anew from the database: what is in memory may be ahead of it.
                reading = None;
                tracing::debug!(%error, "the outbox could not be filled; retrying");
            }
            if let Some(place) = &reading
                && let Err(error) = self.remind(&place.progress, &mut reminders).await
            {
                tracing::debug!(%error, "reminders could not be processed; retrying");
            }
            if let Err(error) = self.keep_time(&mut wall_ahead).await {
                tracing::debug!(%error, "the outbox could not be reordered; retrying");
            }
            if let Err(error) = self.tell(&mut told).await {
                tracing::debug!(%error, "the contacts could not be read; retrying");
            }
            if let Err(error) = self.send_due(&mut sending).await {
                tracing::debug!(%error, "the outbox could not be read; retrying");
            }
        }
        // What is not marked as sent by then is sent once more by the next start, with the same id.
        let _ = tokio::time::timeout(LEAVE_AFTER, async {
            while sending.join_next().await.is_some() {}
        })
        .await;
    }

    /// Reads on in the journal, and queues who is to be called.
    async fn fill(&self, reading: &mut Option<Reading>, begin: u64) -> Result<(), StoreError> {
        let calls = self.store.as_calls();
        let place = match reading {
            Some(place) => place,
            None => {
                let stored = calls.progress().await?;
                let is_new = stored.is_none();
                let progress = stored.unwrap_or_else(|| Progress::begin(begin));
                if is_new {
                    calls.queue(&progress, &[], self.clock.now().wall).await?;
                }
                reading.insert(Reading { noted: progress.clone(), progress })
            }
        };
        loop {
            let entries = self.store.entries(place.progress.after, PAGE).await?;
            let now = self.clock.now().wall;
            if entries.is_empty() && !place.progress.is_waiting(now) {
                return Ok(());
            }
            let mut incidents = BTreeMap::new();
            for number in Progress::about(&entries) {
                incidents
                    .extend(self.store.incident(number).await?.map(|incident| (number, incident)));
            }
            let wanted = place.progress.take(&entries, &incidents, now);
            if !wanted.is_empty() || place.is_worth_a_note() {
                let contacts =
                    if wanted.is_empty() { Vec::new() } else { self.open_contacts().await? };
                let queued: Vec<(Notification, ContactId)> = wanted
                    .iter()
                    .flat_map(|call| {
                        let told = call.recipients(&contacts).into_iter();
                        told.map(|contact| (call.clone(), contact.id))
                    })
                    .collect();
                calls.queue(&place.progress, &queued, now).await?;
                place.noted = place.progress.clone();
            }
        }
    }

    /// Decides to tell everyone again of critical incidents that nobody took note of. What is due by
    /// either clock is due, so that a wall clock that was set back delays nothing.
    async fn remind(
        &self,
        progress: &Progress,
        reminders: &mut Reminders,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        reminders
            .retain(|incident, _| progress.unacknowledged().any(|one| one.incident == *incident));
        let is_due = |one: &Unacknowledged, reminders: &mut Reminders| {
            let wait = reminder_after(self.pace.escalate_after, one.rounds);
            let reminder = reminders.entry(one.incident).or_insert_with(|| Reminder::of(one, now));
            if reminder.rounds != one.rounds {
                *reminder = Reminder::of(one, now);
            }
            let waited = now.wall.since(one.at) >= wait || now.mono.since(reminder.since) >= wait;
            waited && now.mono >= reminder.not_before
        };
        let overdue: Vec<Unacknowledged> = progress
            .unacknowledged()
            .filter(|one| is_due(one, reminders))
            .take(MOST_REMINDERS)
            .collect();
        if overdue.is_empty() {
            return Ok(());
        }
        let reachable = self.open_contacts().await?.iter().any(|contact| contact.enabled);
        for one in overdue {
            if let Some(reminder) = reminders.get_mut(&one.incident) {
                reminder.not_before = now.mono.plus(self.pace.remind_again);
            }
            let stored = self.store.incident(one.incident).await?;
            if !reachable || !stored.as_ref().is_some_and(lacks_attention) {
                continue;
            }
            let (incident, round) = (one.incident, one.rounds.saturating_add(1));
            let decided =
                self.service.execute(Principal::System, Escalate { incident, round }).await;
            if let Err(error) = decided {
                tracing::debug!(%incident, error = sentence(&error), "a reminder could not be decided");
            }
        }
        Ok(())
    }

    /// After a start, and after the wall clock was set back, what waits is due at once: when it was
    /// to be due says nothing any more.
    async fn keep_time(&self, ahead: &mut Option<i64>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mono = i64::try_from(now.mono.as_micros()).unwrap_or(i64::MAX);
        let found = now.wall.as_micros().saturating_sub(mono);
        if ahead.is_none_or(|known| found < known.saturating_sub(SET_BACK)) {
            self.store.as_calls().hasten().await?;
        }
        *ahead = Some(found);
        Ok(())
    }

    /// Tells who could not be called and why, when that changes.
    async fn tell(&self, told: &mut Option<Vec<String>>) -> Result<(), StoreError> {
        // While it can't be read there is nothing new to tell.
        let Ok(known) = self.service.known().await else { return Ok(()) };
        let contacts = self.store.as_calls().contact_problems().await?;
        let is_open = |contact: &Contact| {
            let account = known.roster.account(contact.account);
            account.is_some_and(|account| account.closed_at.is_none())
        };
        let states: Vec<ContactState> = contacts
            .into_iter()
            .filter(|(contact, _)| contact.enabled && is_open(contact))
            .map(|(contact, problem)| ContactState {
                person: known.names.of(Actor::Account(contact.account)),
                contact: contact.label,
                problem,
            })
            .collect();
        let sentences = notification::reach(&states);
        if told.as_ref() != Some(&sentences) && (self.report)(sentences.clone()) {
            *told = Some(sentences);
        }
        Ok(())
    }

    /// The contacts of those who are still here.
    pub(super) async fn open_contacts(&self) -> Result<Vec<Contact>, StoreError> {
        let roster = self.store.roster().await?;
        let mut contacts = self.store.as_calls().contacts(None).await?;
        contacts.retain(|contact| {
            roster.account(contact.account).is_some_and(|account| account.closed_at.is_none())
        });
        Ok(contacts)
    }

    /// Begins to send what is due.
    async fn send_due(self: &Arc<Self>, sending: &mut Sending) -> Result<(), StoreError> {
        // Many more than are sent at once: those of busy contacts and reports are among them.
        let now = self.clock.now().wall;
        let mut waiting = self.store.as_calls().due(now, 64 * AT_ONCE as u32).await?;
        // Reports come last, and leave room for what is urgent.
        let is_report = |one: &Waiting| matches!(one.call.why, Reason::Report { .. });
        waiting.sort_by_key(is_report);
        for one in waiting {
            let contact = one.contact.id;
            let most = if is_report(&one) { AT_ONCE / 2 } else { AT_ONCE };
            if sending.len() < most && !sending.contains_key(&contact) {
                let this = Arc::clone(self);
                sending.spawn(contact, async move { this.work(one).await });
            }
        }
        let last = self.store.as_calls().last_messages(self.clock.now().wall, 4 * AT_ONCE as u32);
        for one in last.await? {
            let contact = one.contact.id;
            if sending.len() < AT_ONCE && !sending.contains_key(&contact) {
                let this = Arc::clone(self);
                sending.spawn(contact, async move {
                    this.send_last(one).await;
                    Ok(())
                });
            }
        }
        Ok(())
    }

    /// Sends the last message to a contact that is gone, and tries a few times.
    async fn send_last(&self, LastMessage { call, contact, failures }: LastMessage) {
        let public_url = self.outbound.public_url.as_deref();
        let message = notification::message(&call, None, public_url);
        let problem = self.send(&call, &contact, &message).await;
        let failures = failures.saturating_add(1);
        let again = problem.and_then(|_| (self.pace.retry)(failures));
        let again = again.filter(|_| failures < LAST_MESSAGE_TRIES);
        let until = again.map(|wait| self.clock.now().wall.plus(wait));
        let calls = self.store.as_calls();
        let mut wait = Duration::from_millis(200);
        while let Err(error) = calls.keep_last_message(call.entry, until, failures).await {
            tracing::warn!(contact = contact.id.0, %error, "the sending of a last message could not be recorded yet");
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    /// Tries to send a message once; the reason if it could not be sent.
    async fn send(
        &self,
        call: &Notification,
        contact: &Contact,
        message: &Message,
    ) -> Option<String> {
        let (id, now) = (id(call, contact.id), self.clock.now().wall);
        let outgoing = Outgoing { id: &id, notification: call, message, now };
        let sending = channels::send(&contact.channel, &outgoing, &self.outbound);
        let tried = tokio::time::timeout(self.pace.time_limit, sending).await;
        tried.unwrap_or_else(|_| Err("It did not answer in time.".to_owned())).err()
    }

    /// The words of a call; `None` of a report that is not in the journal.
    async fn message(
        &self,
        call: &Notification,
        incident: Option<&Incident>,
    ) -> Result<Option<Message>, StoreError> {
        let public_url = self.outbound.public_url.as_deref();
        let Reason::Report { .. } = call.why else {
            return Ok(Some(notification::message(call, incident, public_url)));
        };
        let found = reports::made(&*self.store, call.entry).await?;
        Ok(found.map(|made| notification::stability_report(call.entry, &made, public_url)))
    }

    /// Looks at one call anew, and sends it if it still stands.
    async fn work(&self, waiting: Waiting) -> Result<(), StoreError> {
        let Waiting { call, contact, failures, given_up } = waiting;
        let calls = self.store.as_calls();
        let is_over = |news: SafeModeNews| {
            news.is_over_with_it() && self.service.protection().safe_mode.is_none()
        };
        let incident = match call.why {
            Reason::SafeMode { news } if is_over(news) => {
                return calls.drop_call(&call, contact.id).await;
            }
            Reason::Test
            | Reason::NothingWritten
            | Reason::Many { .. }
            | Reason::SafeMode { .. }
            | Reason::Access { .. }
            | Reason::Report { .. } => None,
            Reason::Opened
            | Reason::Escalated
            | Reason::Reopened
            | Reason::NotAcknowledged { .. }
            | Reason::Offered { .. }
            | Reason::DidNotHelp { .. } => self.store.incident(call.incident).await?,
        };
        let roster = self.store.roster().await?;
        let account = roster.account(contact.account).filter(|account| account.closed_at.is_none());
        let is_report = matches!(call.why, Reason::Report { .. });
        if account.is_none_or(|account| is_report && !reports::may_read(account)) {
            return calls.drop_call(&call, contact.id).await;
        }
        if given_up {
            let about = self.store.incident(call.incident).await?;
            let waits = |one: &Incident| one.is_active() && one.acknowledged.is_none();
            if !about.as_ref().is_some_and(waits) {
                return calls.drop_call(&call, contact.id).await;
            }
        }
        let now = self.clock.now().wall;
        let offset = contact
            .quiet
            .as_ref()
            .and_then(|quiet| time_zones::offset(&quiet.zone, now))
            .unwrap_or(0);
        match due(&call, &contact, incident.as_ref(), now, offset) {
            Delivery::Over => return calls.drop_call(&call, contact.id).await,
            Delivery::Wait(until) => {
                return calls
                    .put_off(
                        &call,
                        contact.id,
                        until.min(now.plus(self.pace.quiet)),
                        failures,
                        None,
                    )
                    .await;
            }
            Delivery::Send => {}
        }
        let Some(message) = self.message(&call, incident.as_ref()).await? else {
            return calls.drop_call(&call, contact.id).await;
        };
        match self.send(&call, &contact, &message).await {
            None => self.end(call, &contact, None).await,
            Some(problem) => {
                tracing::info!(
                    contact = contact.id.0,
                    entry = call.entry,
                    failures = failures + 1,
                    problem,
                    "a notification could not be sent"
                );
                let failures = failures.saturating_add(1);
                // Who tests looks at the answer.
                let wait =
                    if call.why == Reason::Test { None } else { (self.pace.retry)(failures) };
                let wait = match wait {
                    Some(wait) => wait,
                    None if given_up => self.pace.calm,
                    // A report is worth reading a day later: an outage of the mail server loses none.
                    None if is_report && now.since(call.at) < self.pace.reports => self.pace.calm,
                    None => {
                        self.end(call.clone(), &contact, Some(problem.clone())).await;
                        if call.why == Reason::Test {
                            return Ok(());
                        }
                        self.pace.calm
                    }
                };
                let until = self.clock.now().wall.plus(wait);
                return calls.put_off(&call, contact.id, until, failures, Some(&problem)).await;
            }
        }
        Ok(())
    }

    /// Marks a call as sent or given up and journals it, and tries until it is written or Calm Ops
    /// stops.
    async fn end(&self, call: Notification, contact: &Contact, failed: Option<String>) {
        let mut wait = Duration::from_millis(200);
        loop {
            let (call, failed) = (call.clone(), failed.clone());
            let delivery =
                RecordDelivery { call, account: contact.account, contact: contact.id, failed };
            match self.service.execute(Principal::System, delivery).await {
                Err(error @ Error::Unavailable(_)) => {
                    tracing::warn!(
                        contact = contact.id.0,
                        error = sentence(&error),
                        "the sending of a notification could not be recorded yet"
                    );
                }
                // Removed meanwhile, or asked for anew.
                Ok(_) | Err(Error::Conflict(_) | Error::NotFound(_)) => return,
                Err(error) => {
                    return tracing::error!(
                        contact = contact.id.0,
                        error = sentence(&error),
                        "the result of a notification was rejected"
                    );
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }
}

/// Reminders of incidents that nobody took note of, while this program runs.
type Reminders = BTreeMap<IncidentNumber, Reminder>;

/// A reminder that waits.
struct Reminder {
    rounds: u32,
    /// Time at which it began to wait, as far as this program knows.
    since: MonotonicTime,
    /// Not looked at again before.
    not_before: MonotonicTime,
}

impl Reminder {
    const fn of(one: &Unacknowledged, now: Now) -> Self {
        Self { rounds: one.rounds, since: now.mono, not_before: now.mono }
    }
}

/// The position up to which the journal was read, and what of that the database knows.
struct Reading {
    progress: Progress,
    noted: Progress,
}

impl Reading {
    /// True if what is remembered has changed, apart from the position: that alone is noted now and
    /// then.
    fn is_worth_a_note(&self) -> bool {
        !self.progress.remembers_the_same(&self.noted)
            || self.progress.after >= self.noted.after + NOTE_EVERY
    }
}

/// Id of a message, the same each time it is sent.
fn id(call: &Notification, contact: ContactId) -> String {
    format!("calm-ops-{}-{}-{}", call.entry, contact, call.at.as_micros())
}
