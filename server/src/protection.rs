//! Protection in force: measures and safe mode as the journal tells them take effect at the gate
//! and in the flag file that proxies test.
//!
//! [`Enforcement`] takes every committed entry in its order, before whoever pressed gets an answer.
//! The flag file is there before a change is committed that begins safe mode, and goes after one
//! is committed that ends it: whenever the program is killed, the file is there while safe mode is
//! in force. [`at_start`] settles what a kill in between left behind.

mod flag;
mod mode;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    actor::Actor,
    journal::{Entry, Event, EventGroup, ProtectionEvent},
    protection::{Protection, SafeMode, SafeModeStage},
    time::Timestamp,
};
use tokio::sync::Semaphore;
use wording::protection as words;

pub use flag::Flag;
pub use mode::{mode, passes};

use flag::Found;

use crate::{
    clock::Clock,
    gate::Gatekeeper,
    store::{About, Change, Store, StoreError},
};

/// The time within which the flag file has to be written; what takes longer goes on by itself.
const LONGEST_WRITE: Duration = Duration::from_secs(2);

/// Number of plans of organizations that are read at a time.
const PLANS_PAGE: u32 = 10_000;

/// Takes the sentences that people have to know; false if it could not.
pub type Report = Box<dyn Fn(Vec<String>) -> bool + Send + Sync>;

/// The state of the flag file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// Holds this text.
    There(String),
    /// Not there.
    Gone,
}

#[derive(Debug, Default)]
struct State {
    protection: Arc<Protection>,
    /// Since when a change that begins safe mode may be on its way.
    expected_since: Option<Timestamp>,
    /// The flag file was put there for what the journal tells. Any other one is left alone.
    is_own: bool,
    /// The sentences that were reported last.
    told: Vec<String>,
}

impl State {
    fn wanted(&self) -> Wanted {
        if let Some(in_force) = &self.protection.safe_mode {
            return Wanted::There(text(in_force.began_at, in_force.stage));
        }
        match self.expected_since {
            Some(at) => Wanted::There(text(at, SafeModeStage::ReadOnly)),
            None => Wanted::Gone,
        }
    }
}

/// Puts protection in force.
pub struct Enforcement {
    gatekeeper: Option<Arc<Gatekeeper>>,
    flag: Option<Arc<Flag>>,
    clock: Clock,
    state: Arc<Mutex<State>>,
    /// Held by the write of the flag file that is under way: one that hangs is not waited for by
    /// more and more threads.
    writing: Arc<Semaphore>,
    report: Report,
}

impl std::fmt::Debug for Enforcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enforcement").field("flag", &self.flag).finish_non_exhaustive()
    }
}

impl Enforcement {
    /// Begins with what [`at_start`] found.
    pub fn new(
        protection: Protection,
        gatekeeper: Option<Arc<Gatekeeper>>,
        flag: Option<Arc<Flag>>,
        clock: Clock,
        report: Report,
    ) -> Self {
        if let Some(gatekeeper) = &gatekeeper {
            gatekeeper.set_protection(&protection);
        }
        // What was not begun is not there after the start, so a file that comes later is not ours.
        let is_own = protection.safe_mode.is_some();
        let state = State { protection: Arc::new(protection), is_own, ..State::default() };
        Self {
            gatekeeper,
            flag,
            clock,
            state: Arc::new(Mutex::new(state)),
            writing: Arc::new(Semaphore::new(1)),
            report,
        }
    }

    /// Takes nothing in force, for services without a gate.
    pub fn nowhere(clock: Clock) -> Self {
        Self::new(Protection::default(), None, None, clock, Box::new(|_| true))
    }

    /// Protection as it is in force.
    pub fn protection(&self) -> Arc<Protection> {
        Arc::clone(&self.state().protection)
    }

    /// Writes the flag file before a change that begins safe mode is committed.
    pub async fn expect_safe_mode(&self) {
        self.state().expected_since.get_or_insert(self.clock.now().wall);
        self.settle().await;
    }

    /// Whatever was on its way has arrived or will never: the journal tells all.
    pub fn expects_nothing(&self) {
        self.state().expected_since = None;
    }

    /// Puts committed entries in force; they come in their order.
    pub async fn take(&self, entries: &[Entry]) {
        let is_about_it = |entry: &Entry| {
            let group = entry.event.as_ref().map(Event::group);
            matches!(group, Some(EventGroup::Protection(_)))
        };
        if !entries.iter().any(is_about_it) {
            return;
        }
        {
            let mut state = self.state();
            let mut protection = Protection::clone(&state.protection);
            for entry in entries.iter().filter(|entry| is_about_it(entry)) {
                protection.take(entry);
                if begins_safe_mode(entry.event.as_slice()) {
                    state.expected_since = None;
                }
            }
            // Others wait meanwhile: it is set in the order of the journal.
            if let Some(gatekeeper) = &self.gatekeeper {
                gatekeeper.assign_plans(entries.iter().filter_map(plan_set));
                gatekeeper.set_protection(&protection);
            }
            state.protection = Arc::new(protection);
        }
        self.settle().await;
    }

    /// Brings the flag file in line with what is in force, and reports what is in the way.
    pub async fn settle(&self) {
        let sentences = match &self.flag {
            Some(flag) => self.bring_in_line(flag).await,
            None => self.without_flag(),
        };
        let mut state = self.state();
        if state.told == sentences {
            return;
        }
        for sentence in &sentences {
            tracing::warn!("{sentence}");
        }
        if (self.report)(sentences.clone()) {
            state.told = sentences;
        }
    }

    fn without_flag(&self) -> Vec<String> {
        let open = self.gatekeeper.is_some() && self.state().protection.safe_mode.is_some();
        open.then(|| words::NO_FLAG.to_owned()).into_iter().collect()
    }

    /// Looks the wanted contents up when it is the turn of a file's write, so that one that hung
    /// and goes on later writes nothing that is over.
    async fn bring_in_line(&self, flag: &Arc<Flag>) -> Vec<String> {
        let path = flag.path().display().to_string();
        let turn = tokio::time::timeout(LONGEST_WRITE, Arc::clone(&self.writing).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return vec![self.failed(&path, "it took too long")];
        };
        let (writer, state) = (Arc::clone(flag), Arc::clone(&self.state));
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut file = writer.lock();
            let (wanted, is_own) = {
                let state = lock(&state);
                (state.wanted(), state.is_own)
            };
            match (&wanted, file.look()?) {
                (Wanted::There(text), _) => {
                    file.write(text)?;
                    lock(&state).is_own = true;
                }
                (Wanted::Gone, Found::Nothing) => lock(&state).is_own = false,
                (Wanted::Gone, Found::File { .. }) if is_own => {
                    file.remove()?;
                    lock(&state).is_own = false;
                }
                (Wanted::Gone, Found::File { .. }) => return Ok(true),
            }
            Ok(false)
        });
        let told = match tokio::time::timeout(LONGEST_WRITE, work).await {
            Ok(Ok(Ok(false))) => return Vec::new(),
            Ok(Ok(Ok(true))) => words::stray_flag(&path),
            Ok(Ok(Err(error))) => {
                let error: std::io::Error = error;
                self.failed(&path, &error.to_string())
            }
            Ok(Err(_)) | Err(_) => self.failed(&path, "it took too long"),
        };
        vec![told]
    }

    fn failed(&self, path: &str, why: &str) -> String {
        match self.state().wanted() {
            Wanted::There(_) => words::flag_not_written(path, why),
            Wanted::Gone => words::flag_not_removed(path, why),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// True if events begin safe mode.
pub fn begins_safe_mode(events: &[Event]) -> bool {
    let begins = |event: &Event| {
        matches!(event.group(), EventGroup::Protection(ProtectionEvent::SafeModeBegan { .. }))
    };
    events.iter().any(begins)
}

/// Text of the flag file: a sentence for people, and the stage for programs.
fn text(since: Timestamp, stage: SafeModeStage) -> String {
    format!("{}\n{}\n", words::flag(since, stage), stage.as_str())
}

/// The stage that a flag file tells; the first one if it tells none, as one that was made by hand.
pub fn told_stage(text: &str) -> SafeModeStage {
    let line = text.lines().nth(1).map(str::trim);
    let stage = SafeModeStage::ALL.into_iter().find(|stage| Some(stage.as_str()) == line);
    stage.unwrap_or(SafeModeStage::ReadOnly)
}

/// The organization whose plan an entry sets or removes, and the plan.
fn plan_set(entry: &Entry) -> Option<(&str, Option<&str>)> {
    let EventGroup::Protection(ProtectionEvent::OrganizationPlanSet { organization, plan }) =
        entry.event.as_ref()?.group()
    else {
        return None;
    };
    Some((organization.name(), plan.as_deref()))
}

/// Lets the gate have the plans that are set; none of them is missing when it answers first.
pub async fn assign_plans(store: &dyn Store, gatekeeper: &Gatekeeper) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let page = store.as_organizations().assigned_plans(after.as_deref(), PLANS_PAGE).await?;
        gatekeeper.assign_plans(page.iter().map(|(name, plan)| (name.as_str(), Some(&**plan))));
        match page.into_iter().last() {
            Some((name, _)) => after = Some(name),
            None => return Ok(()),
        }
    }
}

/// Protection as the journal tells it at the start, and the flag file in line with it.
///
/// A file that is older than the end of safe mode was left behind by a kill, and is removed. Any
/// other one that the journal does not explain means that safe mode is in force all the same, and
/// is journalled so: it was begun and not written down, a person made the file while Calm Ops was
/// down, or an older backup was restored. Only a person ends it.
pub async fn at_start(
    store: &dyn Store,
    flag: Option<&Flag>,
    now: Timestamp,
) -> Result<Protection, StoreError> {
    let mut protection = Protection::of(&store.announced(now).await?);
    let Some(flag) = flag else { return Ok(protection) };
    if protection.safe_mode.is_some() {
        // A failure is told by the first `settle`.
        return Ok(protection);
    }
    let is_unexplained = is_unexplained(flag, protection.safe_mode_ended_at);
    if !is_unexplained.unwrap_or_else(|error| {
        tracing::warn!(path = %flag.path().display(), %error, "the flag file of safe mode can't be looked at or removed");
        false
    }) {
        return Ok(protection);
    }
    let began = Event::SafeModeBegan {
        incident: None,
        reason: words::adopted(&flag.path().display().to_string()),
    };
    let change = Change {
        at: now,
        actor: Actor::System,
        about: About::Nothing,
        decide: Box::new(move |_| Ok(vec![began])),
        people: None,
        monitor: None,
    };
    for entry in &store.change(change).await? {
        protection.take(entry);
    }
    Ok(protection)
}

/// True if there is a flag file that the journal does not explain. One from before the end of safe
/// mode is removed.
fn is_unexplained(flag: &Flag, ended_at: Option<Timestamp>) -> std::io::Result<bool> {
    let mut file = flag.lock();
    let Found::File { changed_at } = file.look()? else { return Ok(false) };
    let is_left = ended_at.is_some_and(|ended| changed_at < ended);
    if is_left {
        file.remove()?;
    }
    Ok(!is_left)
}

/// Safe mode as it is in force while Calm Ops may be down: as the journal tells it, or as a flag
/// file does that the journal does not explain.
pub fn in_force(protection: Protection, flag: Option<&Flag>) -> std::io::Result<Option<SafeMode>> {
    let (None, Some(flag)) = (&protection.safe_mode, flag) else {
        return Ok(protection.safe_mode);
    };
    let ended_at = protection.safe_mode_ended_at;
    let told = told_by_flag(flag)?;
    Ok(told.filter(|told| ended_at.is_none_or(|ended| told.began_at >= ended)))
}

/// The sentence about a flag file that could not be written if it were needed.
pub fn unusable(flag: &Flag) -> Option<String> {
    let path = flag.path().display().to_string();
    flag.try_out().err().map(|error| words::flag_unusable(&path, &error.to_string()))
}

/// Safe mode as a flag file tells it, for whoever can't read the journal.
pub fn told_by_flag(flag: &Flag) -> std::io::Result<Option<SafeMode>> {
    let Found::File { changed_at } = flag.lock().look()? else {
        // A folder that is not there tells nothing, such as one that is not mounted.
        let folder = flag.path().parent().map(std::fs::metadata).transpose();
        return folder.map(|_| None);
    };
    let stage = flag.read().map_or(SafeModeStage::ReadOnly, |text| told_stage(&text));
    Ok(Some(SafeMode {
        by: Actor::System,
        began_at: changed_at,
        incident: None,
        reason: String::new(),
        stage,
        stage_since: changed_at,
        reminded: None,
    }))
}

#[cfg(test)]
mod tests;
