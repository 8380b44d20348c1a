//! Years of incidents and months of readings, written as a restore writes them: at once, with every
//! event through the rules of incidents and every entry in the chain.

use std::sync::Arc;

use domain::{
    actor::Actor,
    hash::Head,
    incident::Incident,
    journal::{BlindReason, Event, StoredEntry, seal},
    time::{Span, Timestamp},
};
use engine::past::{LifeError, Lives, fleet, gaps};

use super::{PastError, backdrop, mark::open_empty};
use crate::{
    clock::Clock,
    collectors,
    config::Config,
    data_dir,
    store::{Archive, Item, StoreError, remark},
};

const DAY: u64 = 24 * 60;
/// Incidents lie in this time.
const YEARS: Span = Span::from_mins(730 * DAY);
const HOUR: i64 = 3_600_000_000;
/// Entries between two lines of progress.
const TOLD_EVERY: u64 = 100_000;

/// Size of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySize {
    /// Incidents, over two years.
    pub incidents: u32,
    /// Entries of the journal, about.
    pub entries: usize,
    /// Days of minutes.
    pub days: u64,
    /// Series with minutes.
    pub signals: usize,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// A history that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeHistory {
    /// The end of the journal.
    pub head: Head,
    /// The incidents.
    pub incidents: u32,
    /// The series.
    pub signals: usize,
}

/// Progress of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many entries are written.
    Entries(u64),
    /// The readings of so many series are written.
    Series(usize),
}

/// An event with its time and author.
type Told = (Timestamp, Actor, Event);

/// Makes a past in the empty database of a configuration.
pub async fn make_history(
    config: &Config,
    size: HistorySize,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<MadeHistory, PastError> {
    if !Lives::fit(size.incidents, size.entries, YEARS) {
        return Err(PastError::Size { most: Lives::most(YEARS), entries: Lives::LEAST_ENTRIES });
    }
    collectors::declare_signals();
    data_dir::make(&config.data_dir)
        .map_err(|source| PastError::Folder { path: config.data_dir.clone(), source })?;
    let store: Arc<dyn Archive> = open_empty(&config.place()).await?;
    let now = Clock::start().now().wall;
    let until = Timestamp::from_micros(now.as_micros().div_euclid(HOUR) * HOUR);
    let began = until.minus(YEARS);
    let from = until.minus(Span::from_mins(size.days * DAY));
    let unseen = gaps(from, until);
    let incidents = ended(size, (began, until))?;
    let series = fleet(size.signals, Span::from_mins(size.days * DAY))?;
    let mut readings = (0_usize..).zip(&series).map(|(stream, one)| {
        let seed = (size.seed, stream as u64);
        let history = backdrop::history(one, seed, from, (from, until), &unseen);
        (stream + 1, Item::History(history))
    });
    let range = (began, until);
    let head = write(&*store, size, range, incidents, &unseen, &mut readings, progress).await?;
    store.save_monitor(None, until).await?;
    store.leave().await;
    Ok(MadeHistory { head, incidents: size.incidents, signals: size.signals })
}

fn lives(size: HistorySize, range: (Timestamp, Timestamp)) -> Lives {
    Lives::new(size.seed, size.incidents, size.entries, range)
}

/// The incidents as they stand at the end, each with the words by which it is found.
fn ended(
    size: HistorySize,
    range: (Timestamp, Timestamp),
) -> Result<Vec<(Incident, String)>, LifeError> {
    let with_words = |life: Result<_, LifeError>| {
        let (steps, incident): (Vec<engine::past::PastStep>, Incident) = life?;
        let events = steps.iter().flat_map(|step| &step.events);
        Ok((incident, events.filter_map(remark).collect()))
    };
    lives(size, range).map(with_words).collect()
}

/// Writes the journal with its incidents, and the numbered readings; all of it or nothing.
async fn write(
    store: &dyn Archive,
    size: HistorySize,
    (began, until): (Timestamp, Timestamp),
    incidents: Vec<(Incident, String)>,
    unseen: &[(Timestamp, Timestamp)],
    readings: &mut (dyn Iterator<Item = (usize, Item)> + Send),
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Head, PastError> {
    let mark = Event::DataGenerated { simulation: "history".to_owned(), seed: size.seed };
    let first = (began, Actor::Local, mark);
    let blind = unseen.iter().map(|(from, to)| {
        let event = Event::Blind { from: *from, to: *to, why: BlindReason::NotRunning };
        (*to, Actor::System, event)
    });
    let lived = lives(size, (began, until)).map(|life| life.map(|(steps, _)| steps));
    let mut told = InOrder { lived, waiting: Vec::new(), beside: blind.collect() };
    let mut first = Some(first);
    let mut head = Head::EMPTY;
    let mut next = || {
        let Some((at, actor, event)) = first.take().map(Ok).or_else(|| told.next()).transpose()?
        else {
            return Ok(readings.next().map(|(count, item)| {
                if count.is_multiple_of(10) {
                    progress(Progress::Series(count));
                }
                item
            }));
        };
        let entry = sealed(head, at, actor, &event, size.seed)?;
        head = Head { number: entry.number, hash: entry.hash };
        if head.number.is_multiple_of(TOLD_EVERY) {
            progress(Progress::Entries(head.number));
        }
        Ok(Some(Item::Entry(entry)))
    };
    Ok(store.fill(1, incidents, &mut next).await?)
}

/// Events in the order of time: those of incidents, and those beside them.
struct InOrder<L> {
    lived: L,
    /// Events of the present incident, the next one last.
    waiting: Vec<Told>,
    /// Events beside incidents, the first one first.
    beside: std::collections::VecDeque<Told>,
}

impl<L: Iterator<Item = Result<Vec<engine::past::PastStep>, LifeError>>> InOrder<L> {
    fn next(&mut self) -> Option<Result<Told, StoreError>> {
        if self.waiting.is_empty()
            && let Some(steps) = self.lived.next()
        {
            let steps = match steps {
                Ok(steps) => steps,
                Err(error) => {
                    return Some(Err(StoreError::inconsistent("incident", "a past one", error)));
                }
            };
            self.waiting = steps
                .into_iter()
                .rev()
                .flat_map(|step| {
                    let told = move |event| (step.at, step.actor, event);
                    step.events.into_iter().rev().map(told)
                })
                .collect();
        }
        let next = self.waiting.last().map(|(at, ..)| *at);
        let is_due = |(at, ..): &Told| next.is_none_or(|next| *at <= next);
        if self.beside.front().is_some_and(is_due) {
            return self.beside.pop_front().map(Ok);
        }
        self.waiting.pop().map(Ok)
    }
}

/// An entry onto the chain's end. Nothing generated is a secret: the salt follows from the seed.
fn sealed(
    head: Head,
    at: Timestamp,
    actor: Actor,
    event: &Event,
    seed: u64,
) -> Result<StoredEntry, StoreError> {
    let salt = [seed.to_be_bytes(), head.number.to_be_bytes()].concat();
    seal(head, at, actor, event, salt)
        .map_err(|error| StoreError::inconsistent("journal", head.number + 1, error))
}
