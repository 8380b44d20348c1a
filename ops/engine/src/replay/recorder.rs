//! Gathers what a replay needs while the monitor runs, within bounds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    journal::Event,
    time::{MonotonicTime, Now, Span},
};

use crate::{
    evaluate::SeriesId,
    replay::{Bundle, Checkpoint, FORMAT, Input, RULES_VERSION, SeriesName},
};

/// The interval of checkpoints.
const EVERY: Span = Span::from_mins(5);
/// At least this long is covered.
const COVERED: Span = Span::from_mins(15);

/// An event or an incident is much larger than a value: it counts for this many.
const EVENT_WEIGHT: usize = 64;

#[derive(Debug)]
struct Part {
    checkpoint: Checkpoint,
    inputs: Vec<Input>,
    weight: usize,
    /// The names of series that were retired here, as their numbers go to others.
    retired: BTreeMap<SeriesId, SeriesName>,
}

fn weight(input: &Input) -> usize {
    match input {
        Input::Applied { events, .. } | Input::Decided { events, .. } => {
            1 + EVENT_WEIGHT * events.len()
        }
        Input::Incidents { incidents, .. } => 1 + EVENT_WEIGHT * incidents.len(),
        Input::Announced { announcements } => 1 + EVENT_WEIGHT * announcements.len(),
        Input::Document { .. } => EVENT_WEIGHT,
        Input::Series(_)
        | Input::Observe { .. }
        | Input::Unseen { .. }
        | Input::Usual { .. }
        | Input::Interval { .. }
        | Input::Blind { .. }
        | Input::Retire { .. }
        | Input::Rest { .. }
        | Input::Steady { .. }
        | Input::Tick { .. } => 1,
    }
}

/// See the module. Whoever holds it gives a [`Checkpoint`] whenever one is due, and every input in
/// its order.
#[derive(Debug)]
pub struct Recorder {
    limit: usize,
    count: usize,
    parts: VecDeque<Part>,
    names: BTreeMap<SeriesId, SeriesName>,
    cut_short: bool,
    wants: bool,
}

impl Recorder {
    /// Keeps at most this many inputs; an event counts for 64.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            count: 0,
            parts: VecDeque::new(),
            names: BTreeMap::new(),
            cut_short: false,
            wants: true,
        }
    }

    /// True if a checkpoint is due: at the beginning, every five minutes, and after more came than
    /// is kept.
    pub fn is_due(&self, now: Now) -> bool {
        let last: Option<MonotonicTime> = self.parts.back().map(|part| part.checkpoint.now.mono);
        self.wants || last.is_none_or(|last| now.mono.since(last) >= EVERY)
    }

    /// Takes a checkpoint: how things stand before the next input. What is older than is covered is
    /// dropped.
    pub fn checkpoint(&mut self, checkpoint: Checkpoint) {
        let now = checkpoint.now.mono;
        self.parts.push_back(Part {
            checkpoint,
            inputs: Vec::new(),
            weight: 0,
            retired: BTreeMap::new(),
        });
        self.wants = false;
        while self.parts.get(1).is_some_and(|next| now.since(next.checkpoint.now.mono) >= COVERED) {
            self.drop_first();
            // From here on it covers its time again.
            self.cut_short = false;
        }
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.parts.pop_front() {
            self.count -= first.weight;
        }
    }

    /// Takes one input. Before the first checkpoint, or after too many inputs, it is not kept: the
    /// next bundle begins later.
    pub fn record(&mut self, input: Input) {
        if let Input::Series(name) = &input {
            // The first stays: what a later sender adds comes after, in its place.
            self.names.entry(name.series).or_insert_with(|| name.clone());
        }
        if let Input::Retire { subject } = &input {
            for (id, name) in self.names.extract_if(.., |_, name| name.subject == *subject) {
                if let Some(part) = self.parts.back_mut().filter(|_| !self.wants) {
                    part.retired.entry(id).or_insert(name);
                }
            }
        }
        if self.wants {
            return;
        }
        let Some(part) = self.parts.back_mut() else { return };
        let weight = weight(&input);
        part.inputs.push(input);
        part.weight += weight;
        self.count += weight;
        if self.count > self.limit {
            self.cut_short = true;
            while self.count > self.limit && self.parts.len() > 1 {
                self.drop_first();
            }
            if self.count > self.limit {
                self.drop_first();
                self.wants = true;
            }
        }
    }

    /// The agent looked, and decided this: to be called each time, also when it decided nothing.
    pub fn decided(&mut self, now: Now, events: &[Event]) {
        self.record(Input::Decided { now, events: events.to_vec() });
    }

    /// Everything that is kept, as a bundle; `None` before the first checkpoint.
    pub fn bundle(&self) -> Option<Bundle> {
        let checkpoint = self.parts.front()?.checkpoint.clone();
        let inputs: Vec<Input> =
            self.parts.iter().flat_map(|part| part.inputs.iter().cloned()).collect();
        let mut opened = BTreeSet::new();
        let mut used = BTreeSet::new();
        for input in &inputs {
            match input {
                Input::Series(name) => {
                    opened.insert(name.series);
                }
                Input::Observe { series, .. }
                | Input::Unseen { series, .. }
                | Input::Usual { series, .. }
                | Input::Interval { series, .. }
                    if !opened.contains(series) =>
                {
                    used.insert(*series);
                }
                _ => {}
            }
        }
        // How it was called at the beginning.
        let name = |id| {
            self.parts.iter().find_map(|part| part.retired.get(id)).or_else(|| self.names.get(id))
        };
        let series = used.iter().filter_map(|id| name(id).cloned()).collect();
        Some(Bundle {
            format: FORMAT,
            rules_version: RULES_VERSION.to_owned(),
            cut_short: self.cut_short,
            checkpoint,
            series,
            inputs,
        })
    }
}
