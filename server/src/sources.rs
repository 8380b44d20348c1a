//! The status of each collector: what it sees, and how its rounds go. Each round writes its own
//! status; readers share one snapshot.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use commands::sources::{
    AbsentSource, MOST_PROBLEMS, MOST_SIGNALS, MOST_SUBJECTS, SeenReadings, SeenSubject,
    SourceState, SourceStatus,
};
use domain::{
    signal::Signal,
    subject::Subject,
    time::{Now, Span, Timestamp},
};
use wording::sources::{blind, unseen, untold};

use crate::collectors::Round;

/// A round that takes this much longer than its limit is overdue: the task that runs it hangs.
const GRACE: Span = Span::from_secs(10);

/// A collector that is about to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// Its name, as in `collector:host`.
    pub name: String,
    /// Its kind as people call it; empty where that is not declared.
    pub kind: &'static str,
    /// The way in which it gets something to see.
    pub advice: &'static str,
    /// The time from one round to the next.
    pub interval: Span,
    /// The time limit of a round.
    pub time_limit: Span,
}

/// The end of a round.
#[derive(Clone, Debug)]
pub enum RoundEnd {
    /// Brought readings.
    Done {
        /// The readings.
        seen: SeenReadings,
        /// Number of what could not be seen.
        unseen: usize,
        /// The first ones, each a sentence.
        problems: Vec<String>,
        /// The parts it leaves out, and notes of the collector.
        notes: Vec<String>,
    },
    /// Saw nothing of what it looked at, for this reason.
    Failed {
        /// The reason.
        problem: String,
        /// Notes of the collector.
        notes: Vec<String>,
    },
}

impl RoundEnd {
    /// The end of a round that came to its end, with notes of its collector.
    pub fn of(round: &Round, mut notes: Vec<String>) -> Self {
        let told = round.untold.iter().map(|(kind, why)| untold(kind, why));
        let missed = round.unseen.iter().map(|one| unseen(&one.subject, &one.signal, &one.reason));
        let problems: Vec<String> = told.chain(missed).take(MOST_PROBLEMS).collect();
        let unseen = round.untold.len() + round.unseen.len();
        notes.extend(round.notes.iter().cloned());
        if round.observations.is_empty() && unseen > 0 {
            return Self::Failed { problem: blind(&problems, unseen), notes };
        }
        Self::Done { seen: seen(round), unseen, problems, notes }
    }
}

/// The readings of a round, counted and listed up to a bound.
fn seen(round: &Round) -> SeenReadings {
    let mut subjects: BTreeMap<&Subject, Vec<&Signal>> = BTreeMap::new();
    for one in &round.observations {
        subjects.entry(&one.subject).or_default().push(&one.signal);
    }
    let listed = subjects.iter().take(MOST_SUBJECTS).map(|(subject, signals)| SeenSubject {
        subject: (*subject).clone(),
        signals: signals.iter().take(MOST_SIGNALS).map(|signal| (*signal).clone()).collect(),
    });
    SeenReadings {
        listed: listed.collect(),
        subjects: u32::try_from(subjects.len()).unwrap_or(u32::MAX),
        readings: u32::try_from(round.observations.len()).unwrap_or(u32::MAX),
    }
}

/// The status of one collector, as its rounds write it.
#[derive(Clone, Debug)]
struct Kept {
    source: NewSource,
    state: SourceState,
    /// The beginning of the last round, and whether it goes on.
    began: Now,
    is_running: bool,
    last_success: Option<Timestamp>,
    took: Option<Span>,
    seen: SeenReadings,
    notes: Vec<String>,
}

impl Kept {
    fn new(source: NewSource, now: Now) -> Self {
        Self {
            source,
            state: SourceState::Waiting,
            began: now,
            is_running: true,
            last_success: None,
            took: None,
            seen: SeenReadings::default(),
            notes: Vec::new(),
        }
    }

    fn fail(&mut self, problem: String, now: Now) {
        let since = match self.state {
            SourceState::Failing { since, .. } => since,
            _ => now.wall,
        };
        self.state = SourceState::Failing { problem, since };
    }

    fn end(&mut self, end: RoundEnd, now: Now) {
        self.is_running = false;
        self.took = Some(now.mono.since(self.began.mono));
        match end {
            RoundEnd::Done { seen, unseen, problems, notes } => {
                self.last_success = Some(now.wall);
                (self.seen, self.notes) = (seen, notes);
                let unseen = u32::try_from(unseen).unwrap_or(u32::MAX);
                self.state = match unseen {
                    0 => SourceState::Working,
                    _ => SourceState::Partial { unseen, problems },
                };
            }
            RoundEnd::Failed { problem, notes } => {
                self.notes = notes;
                self.fail(problem, now);
            }
        }
    }

    /// The time from the beginning of the last round to that of the one that is waited for.
    const fn pause(&self) -> Span {
        if self.is_running { Span::ZERO } else { self.source.interval }
    }

    /// True if nothing came of it for longer than anything may take. One that can't be started is
    /// tried again all the time and never overdue.
    fn is_overdue(&self, now: Now) -> bool {
        let limit = self.source.time_limit.plus(GRACE);
        now.mono.since(self.began.mono) > limit.plus(self.pause())
    }

    fn overdue(&self) -> SourceState {
        let problem = match &self.state {
            SourceState::Failing { problem, .. } => Some(problem.clone()),
            _ => None,
        };
        let since = self.began.wall.plus(self.pause());
        SourceState::Overdue { is_running: self.is_running, problem, since }
    }

    fn status(&self, now: Now) -> SourceStatus {
        let passed = now.mono.since(self.began.mono);
        let is_overdue = self.is_overdue(now);
        let state = if is_overdue { self.overdue() } else { self.state.clone() };
        let next_at = now.wall.plus(self.source.interval.minus(passed));
        SourceStatus {
            name: self.source.name.clone(),
            kind: self.source.kind.to_owned(),
            state,
            interval: self.source.interval,
            last_success: self.last_success,
            took: self.took,
            next_at: (!self.is_running && !is_overdue).then_some(next_at),
            seen: self.seen.clone(),
            notes: self.notes.clone(),
            advice: self.source.advice.to_owned(),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Known {
    sources: BTreeMap<String, Arc<Kept>>,
    absent: Vec<AbsentSource>,
}

/// See the module. `None` where no collectors run.
#[derive(Debug, Default)]
pub struct SourceKeeper(RwLock<Option<Arc<Known>>>);

impl SourceKeeper {
    /// Readers hold the snapshot that was: it is copied only while one does.
    fn write(&self, write: impl FnOnce(&mut Known)) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        write(Arc::make_mut(known.get_or_insert_default()));
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Kept)) {
        self.write(|known| {
            if let Some(kept) = known.sources.get_mut(name) {
                change(Arc::make_mut(kept));
            }
        });
    }

    /// Keeps these collectors only, and the kinds that are not configured.
    pub fn configure(&self, names: &[String], absent: Vec<AbsentSource>) {
        self.write(|known| {
            known.sources.retain(|name, _| names.contains(name));
            known.absent = absent;
        });
    }

    /// Begins with a collector: nothing is known of it yet.
    pub fn begin(&self, source: NewSource, now: Now) {
        self.write(|known| {
            let name = source.name.clone();
            known.sources.insert(name, Arc::new(Kept::new(source, now)));
        });
    }

    /// Notes that a collector can't be started. It is tried again after its interval.
    pub fn not_started(&self, source: NewSource, problem: String, now: Now) {
        self.write(|known| {
            let name = source.name.clone();
            // One that ran under this name was another: its configuration has changed.
            let before = known.sources.get(&name).filter(|kept| kept.source == source);
            let mut kept = match before {
                Some(kept) => Kept::clone(kept),
                None => Kept::new(source, now),
            };
            (kept.began, kept.is_running) = (now, false);
            kept.fail(problem, now);
            known.sources.insert(name, Arc::new(kept));
        });
    }

    /// Notes the beginning of a round.
    pub fn round_began(&self, name: &str, now: Now) {
        self.change(name, |kept| (kept.began, kept.is_running) = (now, true));
    }

    /// Notes the end of a round.
    pub fn round_ended(&self, name: &str, end: RoundEnd, now: Now) {
        self.change(name, |kept| kept.end(end, now));
    }

    /// Every collector, with what needs attention first, and the kinds that are not configured.
    /// `None` where no collectors run.
    pub fn shown(&self, now: Now) -> Option<(Vec<SourceStatus>, Vec<AbsentSource>)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let mut sources: Vec<SourceStatus> =
            known.sources.values().map(|kept| kept.status(now)).collect();
        sources.sort_by_key(|one| rank(&one.state));
        Some((sources, known.absent.clone()))
    }
}

const fn rank(state: &SourceState) -> u8 {
    match state {
        SourceState::Overdue { .. } => 0,
        SourceState::Failing { .. } => 1,
        SourceState::Partial { .. } => 2,
        SourceState::Waiting => 3,
        SourceState::Working => 4,
    }
}

#[cfg(test)]
mod tests {
    use domain::{reason::FailureReason, time::MonotonicTime};

    use super::*;
    use crate::collectors::host;

    fn at(seconds: u64) -> Now {
        let wall = Timestamp::from_secs(1_795_000_000).plus(Span::from_secs(seconds));
        Now { wall, mono: MonotonicTime::from_micros((1_000 + seconds) * 1_000_000) }
    }

    fn source(name: &str) -> NewSource {
        NewSource {
            name: name.to_owned(),
            kind: "This host",
            advice: "",
            interval: Span::from_secs(5),
            time_limit: Span::from_secs(4),
        }
    }

    fn round() -> Round {
        let subject = Subject::build("host", "web-1", None);
        let mut round = Round::new(host::SIGNALS);
        round.observe(at(0).wall, &subject, "host.memory.used", 61.0);
        round.observe(at(0).wall, &subject, "host.cpu.used", 12.0);
        round
    }

    fn only(keeper: &SourceKeeper, seconds: u64) -> SourceStatus {
        let (mut sources, _) = keeper.shown(at(seconds)).unwrap();
        assert_eq!(sources.len(), 1);
        sources.remove(0)
    }

    #[test]
    fn a_status_follows_its_rounds_and_never_outlives_them() {
        let keeper = SourceKeeper::default();
        assert!(keeper.shown(at(0)).is_none(), "no collectors run here");
        keeper.begin(source("host"), at(0));
        assert_eq!(only(&keeper, 1).state, SourceState::Waiting);
        keeper.round_began("host", at(1));
        keeper.round_ended("host", RoundEnd::of(&round(), vec!["Note.".to_owned()]), at(3));
        let working = only(&keeper, 4);
        assert_eq!(working.state, SourceState::Working);
        assert_eq!((working.seen.subjects, working.seen.readings), (1, 2));
        assert_eq!(working.seen.listed[0].signals.len(), 2);
        assert_eq!(working.took, Some(Span::from_secs(2)));
        assert_eq!((working.last_success, working.next_at), (Some(at(3).wall), Some(at(6).wall)));
        assert_eq!(working.notes, ["Note."]);

        for began in [6, 11] {
            keeper.round_began("host", at(began));
            assert_eq!(only(&keeper, began).next_at, None, "it is under way");
            let problem = "It failed unexpectedly: oh.".to_owned();
            let failed = RoundEnd::Failed { problem, notes: Vec::new() };
            keeper.round_ended("host", failed, at(began + 1));
        }
        let failing = only(&keeper, 13);
        let SourceState::Failing { problem, since } = &failing.state else { panic!("{failing:?}") };
        assert_eq!((problem.as_str(), *since), ("It failed unexpectedly: oh.", at(7).wall));
        assert_eq!((failing.last_success, failing.seen.readings), (Some(at(3).wall), 2));

        keeper.configure(&["other".to_owned()], Vec::new());
        keeper.round_ended("host", RoundEnd::of(&round(), Vec::new()), at(14));
        let (shown, _) = keeper.shown(at(14)).unwrap();
        assert!(shown.is_empty(), "what is not watched does not come back: {shown:?}");
    }

    #[test]
    fn what_hangs_is_not_shown_as_working() {
        let keeper = SourceKeeper::default();
        keeper.begin(source("host"), at(0));
        keeper.round_began("host", at(0));
        keeper.round_ended("host", RoundEnd::of(&round(), Vec::new()), at(1));
        // Its task is gone, so that no round begins.
        assert_eq!(only(&keeper, 19).state, SourceState::Working);
        let overdue = SourceState::Overdue { is_running: false, problem: None, since: at(5).wall };
        assert_eq!(only(&keeper, 20).state, overdue, "it should have begun after 5 s");
        assert_eq!(only(&keeper, 20).next_at, None);
        // A round that blocks its thread is not given up.
        keeper.round_began("host", at(30));
        assert_eq!(only(&keeper, 44).state, SourceState::Working);
        let overdue = SourceState::Overdue { is_running: true, problem: None, since: at(30).wall };
        assert_eq!(only(&keeper, 45).state, overdue);
        // The reason of a failure is not forgotten over it.
        let problem = "No answer.".to_owned();
        let failed = RoundEnd::Failed { problem: problem.clone(), notes: Vec::new() };
        keeper.round_ended("host", failed, at(46));
        let (problem, since) = (Some(problem), at(35).wall);
        let overdue = SourceState::Overdue { is_running: false, problem, since };
        assert_eq!(only(&keeper, 60).state, overdue);
    }

    #[test]
    fn a_round_that_sees_nothing_of_what_it_looked_at_is_no_success() {
        let keeper = SourceKeeper::default();
        keeper.begin(source("host"), at(0));
        keeper.round_ended("host", RoundEnd::of(&round(), Vec::new()), at(1));
        let host = Subject::build("host", "web-1", None);
        let mut blind = Round::new(host::SIGNALS);
        for signal in ["host.memory.used", "host.cpu.used"] {
            blind.miss(&host, signal, FailureReason::told("No file handle is free."));
        }
        for seconds in [6, 11] {
            keeper.round_began("host", at(seconds));
            keeper.round_ended("host", RoundEnd::of(&blind, Vec::new()), at(seconds + 1));
        }
        let status = only(&keeper, 13);
        let SourceState::Failing { problem, since } = &status.state else { panic!("{status:?}") };
        assert_eq!(problem.matches("No file handle is free.").count(), 2, "{problem}");
        assert_eq!(*since, at(7).wall);
        assert_eq!((status.last_success, status.seen.readings), (Some(at(1).wall), 2));
        // One that has nothing to look at is all right.
        keeper.round_ended("host", RoundEnd::of(&Round::default(), Vec::new()), at(16));
        let status = only(&keeper, 17);
        assert!(status.sees_nothing() && status.last_success == Some(at(16).wall), "{status:?}");
    }

    #[test]
    fn what_can_not_be_seen_is_told_and_comes_first() {
        let keeper = SourceKeeper::default();
        keeper.begin(source("a"), at(0));
        keeper.begin(source("b"), at(0));
        keeper.round_ended("a", RoundEnd::of(&round(), Vec::new()), at(1));
        let mut lesser = round();
        let disk = Subject::build("disk", "/var", Some("web-1"));
        lesser.miss(&disk, "disk.used", FailureReason::told("The disk does not answer."));
        keeper.round_ended("b", RoundEnd::of(&lesser, Vec::new()), at(1));
        let (sources, _) = keeper.shown(at(2)).unwrap();
        assert_eq!(sources[0].name, "b");
        let SourceState::Partial { unseen: 1, problems } = &sources[0].state else {
            panic!("{sources:?}")
        };
        assert!(problems[0].contains("The disk does not answer."), "{problems:?}");
    }

    #[test]
    fn a_collector_that_can_not_be_started_fails_until_it_can() {
        let keeper = SourceKeeper::default();
        // Under its name another one ran: what that saw is not what this one sees.
        keeper.begin(source("host"), at(0));
        keeper.round_ended("host", RoundEnd::of(&round(), Vec::new()), at(0));
        let unstarted = || NewSource { time_limit: Span::ZERO, ..source("host") };
        for seconds in [1, 2, 4] {
            keeper.not_started(unstarted(), "No file.".to_owned(), at(seconds));
        }
        let status = only(&keeper, 5);
        let SourceState::Failing { since, .. } = status.state else { panic!("{status:?}") };
        assert_eq!(since, at(1).wall);
        assert_eq!((status.last_success, status.took, status.seen.readings), (None, None, 0));
        keeper.begin(source("host"), at(6));
        assert_eq!(only(&keeper, 6).state, SourceState::Waiting);
    }
}
