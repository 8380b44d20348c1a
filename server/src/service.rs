//! The service: every reading and every change comes through it, each as a principal. Who may is
//! checked in `commands::service`; what an operation reads and changes is here.

mod audit;
mod backend;
mod contacts;
mod decision;
mod directory;
mod readings;

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::{
    accounts,
    command::{
        Acknowledge, Approve, CancelRun, Command, Comment, CreateShare, Decline, EndRun, Record,
        Redact, Reopen, Resolve, RetireSubject, RevokeShare, StartRun,
    },
    decide::decide,
    operation::{Committed, Operation},
    service::{Executable, Operations, Pending},
    situation::Situation,
    view::BlindSpan,
};
use domain::{
    access::Principal,
    actor::Actor,
    error::Error,
    hash::Head,
    id::IncidentNumber,
    incident::{Incident, apply},
    journal::{Cursor, Entry, Event},
    lifecycle::State,
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};
use tokio::sync::{Mutex, broadcast, watch};

use crate::{
    board::Board,
    clock::Clock,
    live::Live,
    recovery::Recovery,
    store::{About, Change, Decide, DecidePeople, Store, StoreError},
};

/// How long a change may take before it is given up.
const LONGEST_CHANGE: Duration = Duration::from_secs(15);
/// How long the public health answer waits for the database.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// How many changes a subscriber may be behind.
const BACKLOG: usize = 256;
/// How many resolved incidents are kept at hand.
const RESOLVED_AT_HAND: usize = 10;
/// How far back resolved incidents are looked for.
const RECENT: Span = Span::from_mins(30 * 24 * 60);
/// How many entries are read at a time when the service catches up.
const PAGE: u32 = 500;

/// What the service keeps at hand, so that a page costs no query for what all viewers share. It is of
/// one journal position.
#[derive(Clone, Debug)]
struct AtHand {
    cursor: Cursor,
    head: Head,
    /// By number; active ones and those resolved last.
    incidents: Arc<Vec<Incident>>,
    /// Newest first.
    blind: Arc<Vec<BlindSpan>>,
    /// It may be behind the database: read again before the next use.
    stale: bool,
}

/// See the module.
pub struct Service {
    inner: Arc<Inner>,
    operations: Operations,
}

pub use directory::Known;

struct Inner {
    store: Arc<dyn Store>,
    board: Arc<Board>,
    live: Arc<Live>,
    recovery: Arc<Recovery>,
    clock: Clock,
    /// Serializes changes, so that entries reach the live stream in the order of their numbers. It
    /// holds the last position sent.
    writing: Mutex<Option<Cursor>>,
    /// The last number that is known to be committed: what is at hand and older is not shown.
    committed: AtomicU64,
    at_hand: RwLock<Option<AtHand>>,
    /// Only one reader refreshes what is at hand, and the others wait for it.
    refreshing: Mutex<()>,
    changed: watch::Sender<u64>,
    /// Who is here, as read last.
    roster: RwLock<Option<Arc<Known>>>,
    /// Grows with every change about people.
    people_version: AtomicU64,
    people: watch::Sender<u64>,
    entries: broadcast::Sender<Arc<Vec<Entry>>>,
    proofs: audit::Proofs,
}

impl Service {
    /// Opens the door.
    pub fn new(
        store: Arc<dyn Store>,
        board: Arc<Board>,
        live: Arc<Live>,
        recovery: Arc<Recovery>,
        clock: Clock,
    ) -> Arc<Self> {
        let inner = Arc::new(Inner {
            store,
            board,
            live,
            recovery,
            clock,
            writing: Mutex::default(),
            committed: AtomicU64::default(),
            at_hand: RwLock::default(),
            refreshing: Mutex::default(),
            changed: watch::Sender::new(0),
            roster: RwLock::default(),
            people_version: AtomicU64::default(),
            people: watch::Sender::new(0),
            entries: broadcast::Sender::new(BACKLOG),
            proofs: audit::Proofs::default(),
        });
        let operations = Operations::new(Arc::new(backend::Handlers(Arc::clone(&inner))));
        Arc::new(Self { inner, operations })
    }

    /// What service, monitor and runner share about recovery.
    pub fn recovery(&self) -> &Arc<Recovery> {
        &self.inner.recovery
    }

    /// Changes whenever a person changed something: the monitor then looks again at once.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Every operation, executed for whoever may.
    pub const fn operations(&self) -> &Operations {
        &self.operations
    }

    /// Executes an operation, or says why not.
    pub fn execute<O: Executable>(&self, caller: Principal, operation: O) -> Pending<O::Output> {
        self.operations.execute(caller, operation)
    }

    /// Carries a change out that is known only as one of all.
    pub fn change(&self, caller: Principal, command: Command) -> Pending<Committed> {
        self.operations.change(caller, command)
    }

    /// Whether a caller may execute an operation, before anything is worked on for it.
    pub fn check<O: Operation>(&self, caller: &Principal) -> Result<(), Error> {
        self.operations.check::<O>(caller)
    }

    /// Changes whenever something about people was written: who reads on must ask again whether
    /// they may.
    pub fn people_changed(&self) -> watch::Receiver<u64> {
        self.inner.people.subscribe()
    }

    /// Who is here.
    pub async fn known(&self) -> Result<Arc<Known>, Error> {
        self.inner.known().await
    }

    /// Reads anew who is here, the next time.
    pub fn forget_known(&self) {
        self.inner.people_version.fetch_add(1, Ordering::Release);
    }

    /// The journal's end, as far as it is known without asking the database.
    pub fn head(&self) -> Head {
        self.inner.glance(|at_hand| at_hand.head).unwrap_or(Head::EMPTY)
    }

    /// The severities of the active incidents; those known last while the database fails, and
    /// `None` if none were ever read.
    pub async fn active(&self) -> Option<Vec<Severity>> {
        let active = |at_hand: &AtHand| {
            at_hand
                .incidents
                .iter()
                .filter(|incident| incident.is_active())
                .map(|incident| incident.severity)
                .collect()
        };
        match tokio::time::timeout(LONGEST_LOOK, self.inner.at_hand()).await {
            Ok(Ok(at_hand)) => Some(active(&at_hand)),
            _ => self.inner.glance(active),
        }
    }

    /// Every committed change from now on, in the order of the journal. Whoever lags is told so and
    /// reads the store.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Vec<Entry>>> {
        self.inner.entries.subscribe()
    }
}

impl Inner {
    fn glance<T>(&self, look: impl FnOnce(&AtHand) -> T) -> Option<T> {
        self.at_hand.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(look)
    }

    async fn change(&self, caller: &Principal, command: Command) -> Result<Committed, Error> {
        // Nobody acts without a name.
        let actor = caller.actor().ok_or(Error::SignIn)?;
        let beside = match self.call_beside(caller, &command).await? {
            Some(beside) => beside,
            None => Self::beside(&command, self.clock.now().wall)?,
        };
        let mut change = self.plan(caller, actor, command).await?;
        let mut sent = self.writing.lock().await;
        change.at = self.clock.now().wall;
        let before = match *sent {
            Some(cursor) => cursor,
            // The stream was opened at the journal's end before anything changed.
            None => self.store.head().await.map_err(refuse)?.0,
        };
        *sent = Some(before);
        let entries =
            match tokio::time::timeout(LONGEST_CHANGE, self.carry_out(change, beside)).await {
                Ok(Ok(entries)) => entries,
                failed => {
                    // It may have been carried out all the same: what is at hand is read again, and
                    // the next change sends what is missing.
                    self.mark_stale();
                    if !matches!(failed, Ok(Err(StoreError::Refused(_) | StoreError::Misfit(_)))) {
                        self.people_unclear();
                    }
                    return Err(failed.map_or_else(
                        |_| too_slow(),
                        |result| result.map_or_else(refuse_change, |_| too_slow()),
                    ));
                }
            };
        let Some((first, last)) = entries.first().zip(entries.last()) else {
            return Ok(Committed { cursor: before });
        };
        let after = Cursor { epoch: before.epoch, number: last.number };
        self.committed.store(last.number, Ordering::Release);
        self.people_changed(&entries);
        let redacted =
            entries.iter().any(|entry| matches!(entry.event, Some(Event::Redacted { .. })));
        if first.number == before.number + 1 {
            self.keep_at_hand(after, &entries).await;
            self.send(after.epoch, entries, actor);
            *sent = Some(after);
        } else {
            self.mark_stale();
            let number = self.send_missing(before, after, actor).await;
            *sent = Some(Cursor { epoch: before.epoch, number });
        }
        if redacted {
            // What is at hand may hold the words that were removed.
            self.mark_stale();
        }
        Ok(Committed { cursor: after })
    }

    /// What a command means as a change of the store.
    async fn plan(
        &self,
        caller: &Principal,
        actor: Actor,
        command: Command,
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
            Command::Redact(Redact { entry, reason }) => {
                return self.redaction(caller, actor, entry, &reason).await;
            }
            Command::RevokeShare(RevokeShare { share }) => {
                return self.revocation(actor, share).await;
            }
            Command::SetContact(_)
            | Command::RemoveContact(_)
            | Command::TestContact(_)
            | Command::EndCall(_) => (About::Nothing, None, Self::call_events(caller, command)?),
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

    /// What a command of one incident changes.
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
            let incident =
                incident.ok_or_else(|| Error::NotFound { what: format!("incident {number}") })?;
            let catalogue = recovery.catalogue();
            let catalogue = catalogue.as_deref().map(policy::catalogue::Catalogue::version);
            decide(
                incident,
                &command,
                Situation { actor, now: clock.now().wall, others: known, catalogue, role_since },
            )
        })
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
        if known { Ok(()) } else { Err(Error::NotFound { what: format!("subject {subject}") }) }
    }

    fn send(&self, epoch: u32, entries: Vec<Entry>, actor: Actor) {
        self.live.committed(epoch, &entries);
        // Nobody needs to listen.
        let _ = self.entries.send(Arc::new(entries));
        if actor.is_person() {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// An earlier change was carried out though its answer was lost: its entries go out first.
    /// Returns how far it came; the next change goes on from there.
    async fn send_missing(&self, before: Cursor, after: Cursor, actor: Actor) -> u64 {
        let mut number = before.number;
        while number < after.number {
            match self.store.entries(number, PAGE).await {
                Ok(entries) if !entries.is_empty() => {
                    number = entries.last().map_or(number, |entry| entry.number);
                    self.people_changed(&entries);
                    self.send(before.epoch, entries, actor);
                }
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, after = number, "entries could not be read for the live stream");
                    break;
                }
            }
        }
        number
    }

    fn mark_stale(&self) {
        if let Some(at_hand) = &mut *self.at_hand.write().unwrap_or_else(PoisonError::into_inner) {
            at_hand.stale = true;
        }
    }

    /// Carries the new entries out on what is at hand; where that is not possible it is read again
    /// later.
    async fn keep_at_hand(&self, after: Cursor, entries: &[Entry]) {
        let head = match self.store.head().await {
            Ok((cursor, head)) if cursor == after => head,
            _ => return self.mark_stale(),
        };
        let mut guard = self.at_hand.write().unwrap_or_else(PoisonError::into_inner);
        let Some(at_hand) = &mut *guard else { return };
        if !at_hand.stale && at_hand.cursor.number >= after.number {
            // A reader was quicker.
            return;
        }
        let follows =
            entries.first().is_some_and(|entry| entry.number == at_hand.cursor.number + 1);
        if at_hand.stale || !follows || !at_hand.take(entries) {
            at_hand.stale = true;
            return;
        }
        (at_hand.cursor, at_hand.head) = (after, head);
    }

    /// What is at hand, read again if it must be.
    async fn at_hand(&self) -> Result<AtHand, StoreError> {
        if let Some(at_hand) = self.fresh() {
            return Ok(at_hand);
        }
        let _one = self.refreshing.lock().await;
        if let Some(at_hand) = self.fresh() {
            return Ok(at_hand);
        }
        let mut tries = 3;
        loop {
            let (cursor, head) = self.store.head().await?;
            let now = self.clock.now().wall;
            let incidents =
                Arc::new(bounded(self.store.recent_incidents(now.minus(RECENT)).await?));
            let blind =
                Arc::new(self.store.blind_spans(now.minus(Span::from_mins(24 * 60))).await?);
            let at_hand = AtHand { cursor, head, incidents, blind, stale: false };
            // Only what is of one position is kept. In a storm of changes a reading of two is good
            // enough for one viewer: the stream goes on from the older one.
            if self.store.head().await?.0 == cursor {
                *self.at_hand.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(at_hand.clone());
                return Ok(at_hand);
            }
            tries -= 1;
            if tries == 0 {
                return Ok(at_hand);
            }
        }
    }

    fn fresh(&self) -> Option<AtHand> {
        let committed = self.committed.load(Ordering::Acquire);
        self.last_at_hand().filter(|at_hand| !at_hand.stale && at_hand.cursor.number >= committed)
    }

    fn last_at_hand(&self) -> Option<AtHand> {
        self.at_hand.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Looks at the caller in the transaction: their sign-in or role may have ended since they pressed.
fn standing(caller: &Principal) -> DecidePeople {
    let caller = caller.clone();
    Box::new(move |roster| accounts::stands(roster, &caller))
}

impl AtHand {
    /// False if the entries can't be carried out on what is here.
    fn take(&mut self, entries: &[Entry]) -> bool {
        let mut incidents = (*self.incidents).clone();
        for entry in entries {
            let Some(event) = &entry.event else { return false };
            if let Event::Blind { from, to, why } = event {
                Arc::make_mut(&mut self.blind)
                    .insert(0, BlindSpan { from: *from, to: *to, why: *why });
            }
            let Some(number) = event.incident() else { continue };
            let place = incidents.binary_search_by_key(&number, |incident| incident.number);
            let mut incident = place.ok().map(|at| incidents[at].clone());
            if apply(&mut incident, event, entry.actor, entry.at).is_err() {
                return false;
            }
            match (place, incident) {
                (Ok(at), Some(incident)) => incidents[at] = incident,
                (Err(at), Some(incident)) => incidents.insert(at, incident),
                (_, None) => return false,
            }
        }
        self.incidents = Arc::new(bounded(incidents));
        true
    }
}

/// Every active incident, and the ones resolved last.
fn bounded(mut incidents: Vec<Incident>) -> Vec<Incident> {
    let mut ends: Vec<Timestamp> = incidents.iter().filter_map(ended).collect();
    ends.sort_unstable_by(|a, b| b.cmp(a));
    if let Some(&oldest) = ends.get(RESOLVED_AT_HAND - 1) {
        incidents.retain(|incident| ended(incident).is_none_or(|end| end >= oldest));
    }
    incidents
}

fn ended(incident: &Incident) -> Option<Timestamp> {
    (incident.state == State::Resolved)
        .then(|| incident.resolution.as_ref().map_or(incident.updated_at, |end| end.at))
}

fn too_slow() -> Error {
    Error::Unavailable {
        advice:
            "The database did not answer in time, so it is not known whether this was done. Look at the page again before you repeat it."
                .to_owned(),
    }
}

/// The same for a change that was not carried out.
fn refuse_change(error: StoreError) -> Error {
    let unclear = matches!(error, StoreError::Unclear { .. });
    match refuse(error) {
        Error::Unavailable { advice } if !unclear => {
            Error::Unavailable { advice: format!("{advice} Nothing was changed.") }
        }
        refusal => refusal,
    }
}

/// What the outside learns of a failure; the inside is logged here, once.
pub(crate) fn refuse(error: StoreError) -> Error {
    match error {
        StoreError::Refused(refusal) => refusal,
        StoreError::Misfit(misfit) => Error::Conflict {
            problem: format!("{misfit}. Look at the page again: something has changed."),
        },
        StoreError::Unavailable { sentence, source } => {
            tracing::warn!(error = %source, "the database failed: {sentence}");
            Error::Unavailable { advice: sentence }
        }
        StoreError::Unclear { source } => {
            tracing::warn!(error = %source, "the database failed while it committed");
            too_slow()
        }
        StoreError::Inconsistent { .. } => {
            tracing::error!(%error, "a row holds what it can't");
            Error::Unavailable {
                advice: "A row in the database can't be read; the log says which. Run 'calm-ops journal verify', and restore a backup if it fails."
                    .to_owned(),
            }
        }
    }
}
