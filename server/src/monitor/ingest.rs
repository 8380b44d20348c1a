//! The intake: the one way in for observations, whether a collector measured them or someone pushed
//! them. Evaluated at once, in memory.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use commands::day::Heard;
use domain::{
    actor::Actor,
    input::unreadable,
    observation::{Observation, Unseen},
    reading::Reading,
    reason::FailureReason,
    signal::Signal,
    subject::Subject,
    time::{Now, Span, Timestamp},
    unit::Unit,
    usual::Usual,
};
use engine::evaluate::{Engine, NoSeries, Place, SeriesId};
use policy::thresholds::Thresholds;
use serde::Deserialize;
use tokio::sync::Notify;
use wording::{error::field_reason, limits::Crowd};

use crate::{
    clock::Clock,
    collectors::{self, Listing, Round},
    history::History,
    monitor::{known_subjects::KnownSubjects, refusals::Refusals, replay_recorder::Recording},
    objectives::Ledger,
    store::RollupStep,
};

/// An observation that may be this far in the future: clocks differ a little.
const AHEAD: Span = Span::from_secs(60);
/// An observation older than this says nothing about now.
const BEHIND: Span = Span::from_mins(60);
/// For how long it is told that pushed values found no room.
const CROWDED_FOR: Span = Span::from_mins(10);
/// A sender takes new series while it has fewer than so many for each place that is left. One alone
/// so comes to four of five places, and whoever comes next always finds some.
const SHARE: usize = 4;
/// The most signals that are named as those that use the room.
const MOST_NAMED: usize = 3;

/// The reason a push must not speak for a collector of this server.
const MEASURED_HERE: &str = "is measured by this Calm Ops itself for this subject, so it can't be sent. Use another signal name";

/// An observation as it is pushed.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pushed<'a> {
    /// The signal that was measured.
    #[schema(value_type = Signal)]
    #[serde(borrow)]
    pub signal: Cow<'a, str>,
    /// About whom.
    #[schema(value_type = Subject)]
    #[serde(borrow)]
    pub subject: Cow<'a, str>,
    /// The value.
    pub value: f64,
    /// In which unit; the signal's own if it is left out.
    #[schema(value_type = Option<Unit>)]
    #[serde(borrow, default)]
    pub unit: Option<Cow<'a, str>>,
    /// The time; now if it is left out.
    #[schema(value_type = Option<Timestamp>)]
    #[serde(borrow, default)]
    pub at: Option<Cow<'a, str>>,
}

/// The fault of one pushed observation. Nothing of its batch is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongItem {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The field.
    pub field: &'static str,
    /// The finding and the expectation.
    pub problem: String,
}

/// The state that observations change.
#[derive(Debug)]
pub struct Core {
    /// The rules' state.
    pub engine: Engine,
    /// The recent past.
    pub history: History,
    /// The recording for replays.
    pub recording: Recording,
    /// The subjects that collectors speak for.
    pub collected: KnownSubjects,
    /// The counts for objectives.
    pub objectives: Ledger,
    /// The usual values learned for this hour.
    usual: HashMap<(Subject, Signal), Usual>,
    /// The usual values of the last days, whatever the hour.
    medians: HashMap<(Subject, Signal), f64>,
    /// The last sender of each series.
    senders: Vec<Option<Actor>>,
    /// The first sender of each series: it stays theirs, whoever else pushes it.
    openers: Vec<Option<Actor>>,
    /// Number of series of each of those.
    held: BTreeMap<Actor, usize>,
    /// Something was observed since the board was written last.
    pub fresh: bool,
    left_out: Option<LeftOut>,
}

/// The reasons for which new series find no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoRoom {
    /// So many are known, and no more are taken.
    AtAll(usize),
    /// The sender has so many, and what is left is for others.
    ForOne(usize),
}

/// The reasons for which a pushed value has no place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NoPlace {
    /// Can't have any, whatever room there is.
    Series(NoSeries),
    /// There is no room.
    Room(NoRoom),
}

impl NoRoom {
    fn sentence(self) -> String {
        match self {
            Self::AtAll(count) => NoSeries::TooMany(count).to_string(),
            Self::ForOne(held) => format!(
                "this sender already has {held} series, and the rest is reserved for others; retire subjects that no longer exist, or raise the limit"
            ),
        }
    }
}

/// Pushed values that found no room.
#[derive(Clone, Copy, Debug)]
struct LeftOut {
    batches: u64,
    since: Timestamp,
    last: Now,
}

impl Core {
    fn observe(
        &mut self,
        id: SeriesId,
        value: f64,
        reason: Option<&FailureReason>,
        at: Timestamp,
        now: Now,
    ) -> bool {
        self.fresh = true;
        self.recording.observed(id, value, reason, at, now);
        self.history.add(id, value, at);
        self.engine.observe_with(id, value, reason, at, now)
    }

    /// Takes the series of a place, or opens it, as far as there is room.
    fn open(
        &mut self,
        place: Place,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
    ) -> Result<SeriesId, NoSeries> {
        let id = match place.id {
            Some(id) => {
                self.engine.learn_unit(id, unit);
                id
            }
            None => self.engine.series(signal, subject, unit)?,
        };
        self.opened(id, signal, subject, unit)
    }

    /// Finds a place for each item of a batch, without opening a series; the first that has none,
    /// with the reason.
    fn places<'a>(
        &self,
        batch: &'a [Pushed<'_>],
        units: impl Iterator<Item = Option<&'a Unit>>,
        who: Actor,
    ) -> Result<Vec<Place>, (usize, NoPlace)> {
        // Units of series that are new or have none yet, as the batch itself tells them.
        let mut told: HashMap<(&str, &str), Option<&Unit>> = HashMap::new();
        let (mut places, mut new) = (Vec::with_capacity(batch.len()), 0);
        for (index, (item, unit)) in batch.iter().zip(units).enumerate() {
            let (signal, subject) = (&*item.signal, &*item.subject);
            let wrong = |error| (index, NoPlace::Series(error));
            let place = self.engine.place_of(signal, subject, unit).map_err(wrong)?;
            places.push(place);
            if place.id.is_some() && place.has_unit {
                continue;
            }
            let known = match told.entry((signal, subject)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(first) => {
                    if place.id.is_none() {
                        new += 1;
                        let full = |error| (index, NoPlace::Room(error));
                        self.check_room(who, new).map_err(full)?;
                    }
                    first.insert(unit)
                }
            };
            match (*known, unit) {
                (Some(known), Some(unit)) if known != unit => {
                    let (found, known) = (unit.to_string(), known.to_string());
                    return Err(wrong(NoSeries::Unit { found, known }));
                }
                (None, Some(_)) => *known = unit,
                _ => {}
            }
        }
        Ok(places)
    }

    fn opened(
        &mut self,
        id: SeriesId,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
    ) -> Result<SeriesId, NoSeries> {
        let known = self.history.knows(id);
        if !known || (unit.is_some() && !self.recording.knows_unit(id)) {
            self.recording.series(id, &signal.parse()?, &subject.parse()?, unit);
        }
        if !known {
            let (signal, subject): (Signal, Subject) = (signal.parse()?, subject.parse()?);
            let known = unit
                .cloned()
                .or_else(|| collectors::signals().unit(signal.as_str()))
                .unwrap_or(Unit::Count);
            self.history.open(id, &subject, &signal, &known);
            if let Some(&usual) = self.usual.get(&(subject, signal)) {
                self.set_usual(id, usual);
            }
        }
        Ok(id)
    }

    /// Finds or opens a series that a collector measures: it always finds room.
    fn open_measured(
        &mut self,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
    ) -> Result<SeriesId, NoSeries> {
        let id = self.engine.measured(signal, subject, unit)?;
        self.opened(id, signal, subject, unit)
    }

    /// Takes a value that a collector measured.
    fn measured(
        &mut self,
        one: &Observation,
        interval: Option<Span>,
        now: Now,
    ) -> Result<bool, NoSeries> {
        let (signal, subject) = (one.signal.as_str(), one.subject.as_str());
        let id = self.open_measured(signal, subject, one.unit.as_ref())?;
        self.collected.add(&one.subject);
        let may_change = self.observe(id, one.value, one.reason.as_ref(), one.at, now);
        if let Some(interval) = interval
            && self.engine.set_interval(id, interval)
        {
            self.recording.interval(id, interval);
        }
        Ok(may_change)
    }

    /// Takes what is known of a subject for old, except for the signal that tells so, if there is
    /// one; with a reason, also for what can't be seen.
    pub(super) fn miss_all(
        &mut self,
        subject: &Subject,
        told_by: Option<&str>,
        why: Option<&FailureReason>,
    ) {
        for signal in collectors::signals().all() {
            if told_by == Some(&*signal.name) {
                continue;
            }
            let Some(id) = self.engine.heard(&signal.name, subject.as_str()) else { continue };
            self.engine.miss(id);
            if let Some(why) = why {
                self.recording.unseen(id, why);
                self.engine.unseen(id, why);
            }
        }
        self.fresh = true;
    }

    fn rest(&mut self, subject: &Subject, signal: &Signal) -> bool {
        let rests = self.engine.rest(signal.as_str(), subject.as_str());
        if rests {
            self.recording.rested(signal, subject);
            self.fresh = true;
        }
        rests
    }

    /// The senders in the room where pushed values found none a short while ago.
    pub fn crowd(&self, limit: usize, now: Now) -> Option<Crowd> {
        let left_out =
            self.left_out.filter(|left_out| now.mono.since(left_out.last.mono) < CROWDED_FOR)?;
        let mut pushed: BTreeMap<&Signal, usize> = BTreeMap::new();
        for (_, signal, subject) in self.history.series() {
            if !self.is_measured_here(signal.as_str(), subject.as_str()) {
                *pushed.entry(signal).or_default() += 1;
            }
        }
        let mut by: Vec<(usize, Signal)> =
            pushed.into_iter().map(|(signal, count)| (count, signal.clone())).collect();
        by.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        by.truncate(MOST_NAMED);
        Some(Crowd { limit, batches: left_out.batches, since: left_out.since, by })
    }

    fn leave_out(&mut self, now: Now) {
        // Several values of one batch come at the same moment, and count once.
        if self.left_out.is_some_and(|known| known.last == now) {
            return;
        }
        let known = self.left_out.filter(|known| now.mono.since(known.last.mono) < CROWDED_FOR);
        if known.is_none() {
            let series = self.engine.count();
            tracing::warn!(series, "there was no room for pushed values; see limits.series");
        }
        let before = known.unwrap_or(LeftOut { batches: 0, since: now.wall, last: now });
        self.left_out =
            Some(LeftOut { batches: before.batches.saturating_add(1), last: now, ..before });
    }

    /// True if a collector of this server reports this signal of this subject.
    pub fn is_measured_here(&self, signal: &str, subject: &str) -> bool {
        // Nobody sends anything of a practice: what is about one is told as a practice everywhere.
        subject.parse::<Subject>().is_ok_and(|subject| {
            subject.is_practice()
                || collectors::signals().get(signal).is_some() && self.collected.contains(&subject)
        })
    }

    fn sent(&mut self, id: SeriesId, who: Actor) {
        let place = id.0 as usize;
        if self.senders.len() <= place {
            self.senders.resize(place + 1, None);
            self.openers.resize(place + 1, None);
        }
        if let Some(sender) = self.senders.get_mut(place) {
            *sender = Some(who);
        }
        if let Some(opener @ None) = self.openers.get_mut(place) {
            *opener = Some(who);
            *self.held.entry(who).or_default() += 1;
        }
    }

    /// Forgets a subject.
    pub(super) fn retire(&mut self, subject: &Subject) {
        let series = self.history.series();
        let places: Vec<usize> =
            series.filter(|(_, _, of)| *of == subject).map(|(id, ..)| id.0 as usize).collect();
        for place in places {
            if let Some(sender) = self.senders.get_mut(place) {
                *sender = None;
            }
            let opener = self.openers.get_mut(place).and_then(Option::take);
            if let Some(count) = opener.and_then(|opener| self.held.get_mut(&opener)) {
                *count = count.saturating_sub(1);
            }
        }
        self.held.retain(|_, count| *count > 0);
        self.engine.retire(subject);
        self.history.retire(subject);
        self.collected.retire(subject);
    }

    /// Checks whether a sender may have so many new series. The last places are for those who have
    /// few, so that nobody takes all of them.
    fn check_room(&self, who: Actor, new: usize) -> Result<(), NoRoom> {
        let held = self.held.get(&who).copied().unwrap_or(0);
        let room = self.engine.room();
        // The last of them needs a place for itself, and others left beside it.
        match new.checked_sub(1) {
            None => Ok(()),
            Some(before) if room <= before => Err(NoRoom::AtAll(self.engine.count())),
            Some(before) if held + before < SHARE * (room - before) => Ok(()),
            Some(_) => Err(NoRoom::ForOne(held)),
        }
    }

    /// Takes one pushed observation, or says what is wrong with it. Returns whether it may have
    /// begun, ended or changed a breach.
    fn push_one(
        &mut self,
        item: &Pushed<'_>,
        who: Actor,
        now: Now,
    ) -> Result<bool, (&'static str, String)> {
        let (unit, at) = check(item, now)?;
        if self.is_measured_here(&item.signal, &item.subject) {
            return Err(("signal", MEASURED_HERE.to_owned()));
        }
        let place = self.engine.place_of(&item.signal, &item.subject, unit.as_ref());
        let place = place.map_err(|error| no_series(&error))?;
        if place.id.is_none() {
            self.check_room(who, 1).map_err(|error| {
                self.leave_out(now);
                ("subject", error.sentence())
            })?;
        }
        let id = self.open(place, &item.signal, &item.subject, unit.as_ref());
        let id = id.map_err(|error| no_series(&error))?;
        self.sent(id, who);
        Ok(self.observe(id, item.value, None, at, now))
    }

    /// The series of a reading of the past, or what is wrong with it.
    fn place_of_past(
        &self,
        item: &Pushed<'_>,
        now: Now,
    ) -> Result<(SeriesId, Timestamp), (&'static str, String)> {
        let (unit, at) = check_past(item, now)?;
        if self.is_measured_here(&item.signal, &item.subject) {
            return Err(("signal", MEASURED_HERE.to_owned()));
        }
        let place = self.engine.place_of(&item.signal, &item.subject, unit.as_ref());
        let id = place.map_err(|error| no_series(&error))?.id.ok_or_else(|| {
            let problem =
                "has no reading of this signal yet. Send a present one first; its history can follow";
            ("subject", problem.to_owned())
        })?;
        Ok((id, at))
    }

    /// Takes what is usual, for the series that are known and for those that come; none is opened
    /// for it.
    pub fn learn(
        &mut self,
        usual: HashMap<(Subject, Signal), Usual>,
        medians: HashMap<(Subject, Signal), f64>,
    ) {
        (self.usual, self.medians) = (usual, medians);
        let value = |(id, signal, subject): (SeriesId, &Signal, &Subject)| {
            self.usual.get(&(subject.clone(), signal.clone())).map(|&value| (id, value))
        };
        let known: Vec<_> = self.history.series().filter_map(value).collect();
        for (id, value) in known {
            self.set_usual(id, value);
        }
    }

    /// The usual value of a signal of a subject in the last days, whatever the hour.
    pub fn usual_of(&self, signal: &str, subject: &Subject) -> Option<f64> {
        let signal: Signal = signal.parse().ok()?;
        self.medians.get(&(subject.clone(), signal)).copied()
    }

    fn set_usual(&mut self, id: SeriesId, usual: Usual) {
        self.engine.set_usual(id, Some(usual));
        self.recording.usual(id, usual);
    }
}

/// See the module.
#[derive(Debug)]
pub struct Intake {
    /// Pushes that were refused.
    pub refusals: Refusals,
    core: Mutex<Core>,
    woken: Notify,
    clock: Clock,
}

impl Intake {
    /// Takes observations into an engine. `collected` is what collectors reported in the run
    /// before, `history` begins with what is stored of it.
    pub fn new(
        engine: Engine,
        recording: Recording,
        collected: BTreeSet<Subject>,
        history: History,
        clock: Clock,
    ) -> Arc<Self> {
        let collected = KnownSubjects::restore(collected);
        let core = Core {
            engine,
            history,
            recording,
            collected,
            objectives: Ledger::default(),
            usual: HashMap::new(),
            medians: HashMap::new(),
            senders: Vec::new(),
            openers: Vec::new(),
            held: BTreeMap::new(),
            fresh: false,
            left_out: None,
        };
        let refusals = Refusals::default();
        Arc::new(Self { refusals, core: Mutex::new(core), woken: Notify::new(), clock })
    }

    /// The state, for as long as the guard lives. Never across an await.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        // A panic while it was held can have left one series half changed; the others are right,
        // and watching goes on.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until an observation may have begun, ended or changed a breach.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Takes a pushed batch: all of it, or nothing.
    pub fn push(&self, batch: &[Pushed<'_>], who: Actor) -> Result<usize, WrongItem> {
        let now = self.clock.now();
        let mut checked = Vec::with_capacity(batch.len());
        for (index, item) in batch.iter().enumerate() {
            checked.push(check(item, now).map_err(|(field, problem)| WrongItem {
                index,
                field,
                problem,
            })?);
        }
        let mut core = self.core();
        if let Some(index) =
            batch.iter().position(|item| core.is_measured_here(&item.signal, &item.subject))
        {
            return Err(WrongItem { index, field: "signal", problem: MEASURED_HERE.to_owned() });
        }
        let wrong = |index, error: &NoSeries| {
            let (field, problem) = no_series(error);
            WrongItem { index, field, problem }
        };
        // Before any series is opened: what is refused leaves nothing behind.
        let units = checked.iter().map(|(unit, _)| unit.as_ref());
        let places = core.places(batch, units, who).map_err(|(index, error)| match error {
            NoPlace::Series(error) => wrong(index, &error),
            NoPlace::Room(error) => {
                core.leave_out(now);
                WrongItem { index, field: "subject", problem: error.sentence() }
            }
        })?;
        let mut changed = false;
        for (index, ((item, (unit, at)), place)) in
            batch.iter().zip(checked).zip(places).enumerate()
        {
            let (signal, subject, unit) = (&item.signal, &item.subject, unit.as_ref());
            let id = core.open(place, signal, subject, unit);
            let id = id.map_err(|error| wrong(index, &error))?;
            core.sent(id, who);
            changed |= core.observe(id, item.value, None, at, now);
        }
        drop(core);
        if changed {
            self.woken.notify_one();
        }
        Ok(batch.len())
    }

    /// Takes readings of the past for the history of series that report now: all of them, or
    /// nothing. None is evaluated, and none opens a series.
    pub fn import(&self, batch: &[Pushed<'_>]) -> Result<usize, WrongItem> {
        let now = self.clock.now();
        let mut core = self.core();
        let mut known = Vec::with_capacity(batch.len());
        for (index, item) in batch.iter().enumerate() {
            let one = core.place_of_past(item, now);
            known.push(one.map_err(|(field, problem)| WrongItem { index, field, problem })?);
        }
        if !core.history.has_room_for(batch.len()) {
            let problem = "too much history is waiting to be written; send it again in a minute";
            return Err(WrongItem { index: 0, field: "at", problem: problem.to_owned() });
        }
        for (item, (id, at)) in batch.iter().zip(known) {
            core.history.import(id, item.value, at, now.wall);
        }
        Ok(batch.len())
    }

    /// Notes why a push of someone was refused, for what it was about: signals and their subjects,
    /// or `None` where the body does not tell, which may be all that they pushed before. Should it
    /// fall silent, that is why.
    pub fn refuse<'a>(
        &self,
        who: Actor,
        about: Option<impl Iterator<Item = (&'a str, &'a str)>>,
        reason: &FailureReason,
    ) {
        let mut core = self.core();
        let ids: Vec<SeriesId> = match about {
            Some(about) => about
                .filter(|(signal, subject)| !core.is_measured_here(signal, subject))
                .filter_map(|(signal, subject)| core.engine.known(signal, subject))
                .collect(),
            None => (0..)
                .zip(&core.senders)
                .filter(|(_, sender)| **sender == Some(who))
                .map(|(place, _)| SeriesId(place))
                .collect(),
        };
        for id in ids {
            if core.engine.unseen(id, reason) {
                core.recording.unseen(id, reason);
                core.fresh = true;
            }
        }
    }

    /// Takes what is good of a pushed batch, each item with its place, and says what is not.
    pub fn push_good(&self, batch: &[(usize, Pushed<'_>)], who: Actor) -> (usize, Vec<WrongItem>) {
        let now = self.clock.now();
        let (mut wrong, mut changed) = (Vec::new(), false);
        let mut core = self.core();
        for (index, item) in batch {
            match core.push_one(item, who, now) {
                Ok(one) => changed |= one,
                Err((field, problem)) => wrong.push(WrongItem { index: *index, field, problem }),
            }
        }
        drop(core);
        if changed {
            self.woken.notify_one();
        }
        (batch.len() - wrong.len(), wrong)
    }

    /// Takes what was measured beside the rounds of collectors.
    pub fn take(&self, observations: &[Observation]) {
        self.measured(observations, None);
    }

    /// Takes what a collector measured; rounds come at `interval`. What can't be taken is told in
    /// the log: a collector's own names are right.
    fn measured(&self, observations: &[Observation], interval: Option<Span>) {
        let now = self.clock.now();
        let mut core = self.core();
        let mut changed = false;
        for one in observations.iter().filter(|one| one.value.is_finite()) {
            match core.measured(one, interval, now) {
                Ok(may_change) => changed |= may_change,
                Err(error) => {
                    tracing::warn!(signal = %one.signal, subject = %one.subject, %error, "a reading was not accepted");
                }
            }
        }
        drop(core);
        if changed {
            self.woken.notify_one();
        }
    }

    /// Takes a round of a collector of this host: what was measured, what could not be seen, what
    /// rests, what is missing. Rounds come at `interval`. Returns what is gone on purpose.
    pub fn take_round(&self, round: &Round, host: &str, interval: Span) -> Vec<Subject> {
        self.measured(&round.observations, Some(interval));
        self.core().objectives.take(&round.observations, &round.latencies);
        self.miss(&round.unseen);
        let mut gone = self.compare(&round.listings, host);
        self.rest(&round.at_rest);
        let mut core = self.core();
        for (subject, number) in &round.numbers {
            core.collected.number(subject, *number);
        }
        gone.extend(round.removed.iter().filter(|one| core.collected.contains(one)).cloned());
        gone
    }

    /// Lets series rest that are not expected to report for now.
    pub fn rest(&self, series: &[(Subject, Signal)]) {
        let mut core = self.core();
        let mut rests = false;
        for (subject, signal) in series {
            rests |= core.rest(subject, signal);
        }
        drop(core);
        if rests {
            self.woken.notify_one();
        }
    }

    /// Takes what a collector looked at and could not see.
    fn miss(&self, unseen: &[Unseen]) {
        let mut core = self.core();
        for one in unseen {
            match core.open_measured(one.signal.as_str(), one.subject.as_str(), None) {
                Ok(id) => {
                    core.recording.unseen(id, &one.reason);
                    core.engine.unseen(id, &one.reason);
                    core.fresh = true;
                }
                Err(error) => {
                    tracing::warn!(signal = %one.signal, subject = %one.subject, %error, "missing values were not recorded");
                }
            }
        }
    }

    /// Takes that nothing is known of a kind of subjects of this host, as whoever tells of them gives
    /// no answer: what was told last is old. That durations do not go on over it is said only
    /// where it lasts: `lasts`.
    pub fn untold(&self, kind: &str, host: &str, why: &FailureReason, lasts: bool) {
        let host = collectors::host::clean_name(host);
        let mut core = self.core();
        let core = &mut *core;
        let of_kind = |subject: &&Subject| subject.kind() == kind && subject.host() == Some(&*host);
        let subjects: Vec<Subject> =
            core.collected.subjects().iter().filter(of_kind).cloned().collect();
        for subject in &subjects {
            core.miss_all(subject, None, lasts.then_some(why));
        }
    }

    /// Compares what there is with what is known: what is missing is told by its signal, and what
    /// is gone on purpose is returned.
    pub fn compare(&self, listings: &[Listing], host: &str) -> Vec<Subject> {
        let now = self.clock.now();
        let host = collectors::host::clean_name(host);
        let (mut gone, mut told) = (Vec::new(), Vec::new());
        let mut core = self.core();
        for listing in listings {
            let expects = |subject: &Subject, signal: &str| {
                core.engine.heard(signal, subject.as_str()).is_some()
                    && core.engine.has_level(signal, subject.as_str())
            };
            let unlisted = core.collected.unlisted(listing, &host, expects);
            gone.extend(unlisted.gone);
            for (subject, signal) in &unlisted.missing {
                core.miss_all(subject, Some(signal), listing.why(subject));
            }
            told.extend(unlisted.missing.into_iter().filter_map(|(subject, signal)| {
                let unit = Some(Unit::YesNo);
                let reason = listing.why(&subject).cloned();
                let signal = signal.parse().ok()?;
                Some(Observation { signal, subject, value: 0.0, unit, reason, at: now.wall })
            }));
        }
        drop(core);
        self.take(&told);
        gone
    }

    /// The minutes of the last day in which a value came, of each series.
    pub fn heard(&self) -> HashMap<(Subject, Signal), Heard> {
        self.core().history.heard()
    }

    /// The unit of a signal and its recent values, for charts.
    pub fn values(
        &self,
        subject: &Subject,
        signal: &Signal,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<(Unit, Vec<(Timestamp, f64)>)> {
        self.core().history.values(subject, signal, from, to)
    }

    /// The present reading of a signal, whether it is among those that are shown or not.
    pub fn reading(&self, subject: &Subject, signal: &Signal) -> Option<Reading> {
        let (now, core) = (self.clock.now(), self.core());
        let id = core.engine.known(signal.as_str(), subject.as_str())?;
        core.engine.reading(id, now)
    }

    /// The present readings of the signals that fit, without a practice, whether they are among those
    /// that are shown or not.
    pub fn readings(&self, fits: impl Fn(&Signal) -> bool) -> Vec<Reading> {
        let (now, core) = (self.clock.now(), self.core());
        let series = core.history.series();
        let fitting = series.filter(|&(_, signal, of)| fits(signal) && !of.is_practice());
        fitting.filter_map(|(id, ..)| core.engine.reading(id, now)).collect()
    }

    /// The thresholds in force.
    pub fn thresholds(&self) -> Arc<Thresholds> {
        Arc::clone(self.core().engine.thresholds())
    }
}

/// The fault of an observation for which there is no series.
fn no_series(error: &NoSeries) -> (&'static str, String) {
    let field = if matches!(error, NoSeries::Unit { .. }) { "unit" } else { "subject" };
    (field, error.to_string())
}

/// The field of an observation that is wrong, and what is wrong with it.
type Wrong = (&'static str, String);

/// Everything about an observation that can be wrong without knowing the others.
fn check(item: &Pushed<'_>, now: Now) -> Result<(Option<Unit>, Timestamp), Wrong> {
    let (unit, at) = check_form(item)?;
    let at = at.unwrap_or(now.wall);
    if at > now.wall.plus(AHEAD) {
        return Err((
            "at",
            format!(
                "{at} is more than {AHEAD} in the future (it is {} here). Check the sender's clock",
                now.wall
            ),
        ));
    }
    if at < now.wall.minus(BEHIND) {
        return Err((
            "at",
            format!(
                "{at} is more than {BEHIND} ago, which is too old to evaluate (it is {} here). Send it to /api/ops/signals/history to keep it all the same",
                now.wall
            ),
        ));
    }
    Ok((unit, at))
}

/// Everything about an observation of the past that can be wrong without knowing the others.
fn check_past(item: &Pushed<'_>, now: Now) -> Result<(Option<Unit>, Timestamp), Wrong> {
    let (unit, at) = check_form(item)?;
    let Some(at) = at else {
        return Err(("at", "is missing: a reading of the past has a time".to_owned()));
    };
    if at > now.wall.minus(BEHIND) {
        return Err((
            "at",
            format!(
                "{at} is not older than {BEHIND} (it is {} here). Send it to /api/ops/signals, where it is evaluated",
                now.wall
            ),
        ));
    }
    if at < now.wall.minus(RollupStep::Hour.kept()) {
        return Err(("at", format!("{at} is more than 2 years ago; no history is kept that long")));
    }
    Ok((unit, at))
}

/// The largest value that is taken, either way: sums of any number of them are still numbers.
const LARGEST_VALUE: f64 = 1e150;

/// The form of an observation: its unit and time, where it has them.
fn check_form(item: &Pushed<'_>) -> Result<(Option<Unit>, Option<Timestamp>), Wrong> {
    Signal::check(&item.signal).map_err(|error| ("signal", error.to_string()))?;
    Subject::check_new(&item.subject).map_err(|error| ("subject", error.to_string()))?;
    if let Some(reason) = unreadable(&item.subject) {
        return Err(("subject", field_reason("subject", &reason)));
    }
    if !item.value.is_finite() || item.value.abs() > LARGEST_VALUE {
        return Err(("value", "expected a number between -1e150 and 1e150".to_owned()));
    }
    let unit = item
        .unit
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: domain::name::BadName| ("unit", error.to_string()))?;
    let at = item
        .at
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: domain::time::BadTimestamp| ("at", error.to_string()))?;
    Ok((unit, at))
}

#[cfg(test)]
mod tests;
