//! Runs the collectors, each in a task of its own with its own rhythm and time limit. One that
//! hangs, fails or panics stops nothing and is itself a signal: `collector.failed`.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use commands::sources::MOST_NOTES;
use domain::{reason::FailureReason, subject::Subject, text::clip, time::Span};
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wording::reason;

use crate::{
    checks::Participant,
    clock::Clock,
    collectors::{Collector, Facts, Round, Settings, itself, registry::Context, shortage},
    monitor::ingest::Intake,
    sources::{RoundEnd, SourceKeeper},
};

/// The news of a collector for the monitor besides observations.
#[derive(Debug)]
pub enum Told {
    /// These subjects are gone for good reason.
    Gone(Vec<Subject>),
    /// This is what is watched from now on.
    Watched(Box<(Settings, Context)>),
    /// Facts for snapshots alone.
    Facts(Facts),
    /// Notes for people about a part of Calm Ops, or about what a collector can't see or leaves
    /// out, in sentences; empty when all is well.
    Notices {
        /// The part.
        of: String,
        /// The sentences.
        sentences: Vec<String>,
    },
    /// The reason that a collector brings nothing, or `None` when it works again.
    Failing {
        /// The collector.
        name: String,
        /// The reason.
        problem: Option<String>,
    },
}

/// The silence about something over which no duration goes on.
const LONG_UNTOLD: Span = Span::from_secs(15);

/// The most characters of a note of a collector.
const LONGEST_NOTE: usize = 200;

/// The destination of the rounds of collectors.
#[derive(Clone, Debug)]
pub struct Outlet {
    /// The name of this host.
    pub host: String,
    /// The destination of observations.
    pub intake: Arc<Intake>,
    /// The clock that stamps them.
    pub clock: Clock,
    /// The destination of all else.
    pub tell: mpsc::Sender<Told>,
    /// The place of their status.
    pub sources: Arc<SourceKeeper>,
}

/// Runs one collector until `stop`, in its rhythm and whenever a check is asked for.
pub async fn run(
    mut collector: Box<dyn Collector>,
    outlet: Outlet,
    mut checks: Participant,
    stop: CancellationToken,
) {
    let Outlet { host, intake, clock, tell: told, sources } = outlet;
    let name = collector.name().to_owned();
    let subject = Subject::build("collector", &name, Some(&host));
    let mut ticker = tokio::time::interval(collector.interval().max(Duration::from_millis(100)));
    ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let interval = Span::from(collector.interval());
    let (mut failing, mut untold_since) = (false, None);
    let mut noted = Vec::new();
    loop {
        // What was told to stop reports nothing more: it would be missed for ever.
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            _ = ticker.tick() => {}
            () = checks.asked(clock) => ticker.reset(),
        }
        let began = clock.now();
        checks.begin(began.mono);
        sources.round_began(&name, began);
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            outcome = attempt(&mut *collector, clock) => outcome,
        };
        let mut untold = Vec::new();
        let notes = notes(&*collector);
        let end = match &outcome {
            Ok(round) => RoundEnd::of(round, notes),
            Err(failure) => RoundEnd::Failed { problem: failure.sentence(), notes },
        };
        sources.round_ended(&name, end, clock.now());
        let problem = match outcome {
            Ok(round) => {
                let gone = intake.take_round(&round, &host, interval);
                if !gone.is_empty() {
                    let _ = told.send(Told::Gone(gone)).await;
                }
                untold = round.untold;
                if let Some(facts) = round.facts {
                    let _ = told.send(Told::Facts(facts)).await;
                }
                if round.notes != noted {
                    noted.clone_from(&round.notes);
                    for note in &noted {
                        tracing::warn!(collector = name, note, "a collector can't see everything");
                    }
                    let notes = Told::Notices { of: name.clone(), sentences: round.notes };
                    let _ = told.send(notes).await;
                }
                None
            }
            Err(failure) => {
                let why = failure.reason();
                if matches!(failure, Failure::OwnLimit(_)) {
                    let unmeasured = collector.unmeasured(&why);
                    intake.take_round(&unmeasured, &host, interval);
                }
                untold.extend(collector.tells_of().iter().map(|kind| (*kind, why.clone())));
                Some(failure)
            }
        };
        let now = clock.now().mono;
        let since = *untold_since.get_or_insert(now);
        for (kind, why) in &untold {
            intake.untold(kind, &host, why, now.since(since) >= LONG_UNTOLD);
        }
        if untold.is_empty() {
            untold_since = None;
        }
        let mut own = Round::new(itself::SIGNALS);
        let failed = f64::from(u8::from(problem.is_some()));
        let why = problem.as_ref().map(Failure::reason);
        own.observe_with(clock.now().wall, &subject, "collector.failed", failed, why);
        intake.take(&own.observations);
        if problem.is_some() || failing {
            failing = problem.is_some();
            // The log tells of a limit for all collectors together.
            let in_log = matches!(problem, Some(Failure::Problem(_)));
            let problem = problem.map(|failure| failure.sentence());
            if let Some(problem) = problem.as_ref().filter(|_| in_log) {
                tracing::warn!(collector = name, problem, "a collector returned no data");
            }
            let _ = told.send(Told::Failing { name: name.clone(), problem }).await;
        }
        checks.end(failing);
    }
    if !noted.is_empty() {
        let _ = told.send(Told::Notices { of: name.clone(), sentences: Vec::new() }).await;
    }
    if failing {
        let _ = told.send(Told::Failing { name, problem: None }).await;
    }
}

/// The reasons for a round without a result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Calm Ops had reached a limit, so nothing was looked at.
    OwnLimit(FailureReason),
    /// Anything else, in a sentence.
    Problem(String),
}

impl Failure {
    fn reason(&self) -> FailureReason {
        match self {
            Self::OwnLimit(why) => why.clone(),
            Self::Problem(sentence) => FailureReason::told(sentence),
        }
    }

    /// The reason, in one sentence or more.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::OwnLimit(why) => reason::sentence(why),
            Self::Problem(sentence) => sentence.clone(),
        }
    }
}

/// One round, or why there was none. What was looked at while files were short is in doubt.
pub(crate) async fn attempt(collector: &mut dyn Collector, clock: Clock) -> Result<Round, Failure> {
    if let Some(why) = shortage::now() {
        return Err(Failure::OwnLimit(why));
    }
    let limit = collector.time_limit();
    let round = tokio::time::timeout(limit, collector.collect(clock.now().wall));
    let outcome = AssertUnwindSafe(round).catch_unwind().await;
    if let Some(why) = shortage::now() {
        return Err(Failure::OwnLimit(why));
    }
    Err(Failure::Problem(match outcome {
        Ok(Ok(Ok(round))) => return Ok(round),
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(_)) => format!("It did not finish within {}.", Span::from(limit)),
        Err(panic) => format!("It failed unexpectedly: {}.", panic_text(&*panic)),
    }))
}

/// The first notes of a collector, clipped. One that fails to write them stops nothing.
pub(crate) fn notes(collector: &dyn Collector) -> Vec<String> {
    let notes = std::panic::catch_unwind(AssertUnwindSafe(|| collector.source_notes()));
    let notes = notes.unwrap_or_else(|panic| {
        vec![format!("Its notes failed unexpectedly: {}.", panic_text(&*panic))]
    });
    notes.iter().take(MOST_NOTES).map(|note| clip(note, LONGEST_NOTE)).collect()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use commands::sources::{SourceState, SourceStatus};
    use domain::time::Timestamp;
    use engine::evaluate::Engine;
    use futures::future::BoxFuture;
    use policy::thresholds::Thresholds;

    use super::*;
    use crate::{
        checks::Checks,
        collectors::{CollectError, signals},
        history::History,
        monitor::replay_recorder::Recording,
        sources::NewSource,
    };

    /// A collector whose rounds end in one way.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum SampleEnd {
        Panics,
        Hangs,
        Errs,
    }

    impl Collector for SampleEnd {
        fn name(&self) -> &'static str {
            "sample"
        }

        fn interval(&self) -> Duration {
            Duration::from_millis(100)
        }

        fn time_limit(&self) -> Duration {
            Duration::from_millis(50)
        }

        fn source_notes(&self) -> Vec<String> {
            assert!(*self != Self::Panics, "a note is missing");
            let mut notes = vec!["x".repeat(1_000); 9];
            notes.insert(0, "4 of 5 requests are left.".to_owned());
            notes
        }

        fn collect(&mut self, _: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
            let how = *self;
            Box::pin(async move {
                match how {
                    Self::Panics => panic!("a number is missing"),
                    Self::Hangs => std::future::pending().await,
                    Self::Errs => Err(CollectError("It is away. Start it.".to_owned())),
                }
            })
        }
    }

    async fn told_of(collector: SampleEnd) -> SourceStatus {
        let clock = Clock::start();
        let text = crate::embedded::document(crate::documents::THRESHOLDS).unwrap();
        let thresholds = Thresholds::parse("t", &text, signals()).unwrap();
        let engine = Engine::new(Arc::new(thresholds), 100);
        let (collected, history) = (BTreeSet::new(), History::default());
        let intake = Intake::new(engine, Recording::default(), collected, history, clock);
        let (tell, mut heard) = mpsc::channel(64);
        let sources = Arc::new(SourceKeeper::default());
        let source = NewSource {
            name: "sample".to_owned(),
            kind: "Sample",
            advice: "",
            interval: Span::from(collector.interval()),
            time_limit: Span::from(collector.time_limit()),
        };
        sources.begin(source, clock.now());
        let outlet =
            Outlet { host: "web-1".to_owned(), intake, clock, tell, sources: Arc::clone(&sources) };
        let checks: Arc<Checks> = Arc::default();
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(Box::new(collector), outlet, checks.join(), stop.clone()));
        while !matches!(heard.recv().await, Some(Told::Failing { problem: Some(_), .. })) {}
        let (mut shown, _) = sources.shown(clock.now()).unwrap();
        stop.cancel();
        task.await.unwrap();
        shown.remove(0)
    }

    #[tokio::test]
    async fn a_panic_a_hang_and_an_error_are_told_as_the_status_of_the_source() {
        let (note, missing) =
            ("4 of 5 requests are left.", "Its notes failed unexpectedly: a note is missing.");
        for (collector, words, note) in [
            (SampleEnd::Panics, "It failed unexpectedly: a number is missing.", missing),
            (SampleEnd::Hangs, "It did not finish within 50 ms.", note),
            (SampleEnd::Errs, "It is away. Start it.", note),
        ] {
            let status = told_of(collector).await;
            let SourceState::Failing { problem, .. } = &status.state else { panic!("{status:?}") };
            assert_eq!(problem, words);
            assert_eq!(status.last_success, None);
            assert_eq!(status.notes[0], note);
            assert!(status.notes.len() <= MOST_NOTES, "{status:?}");
            assert!(status.notes.iter().all(|one| one.chars().count() <= LONGEST_NOTE));
        }
    }
}
