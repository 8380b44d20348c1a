//! The look-up of similar incidents, as the monitor waits for it.

use std::{collections::BTreeMap, future::pending};

use domain::{
    id::IncidentNumber,
    time::{MonotonicTime, Now, Span},
};
use engine::recommender::HelpedIn;
use tokio::task::JoinHandle;

/// A recommendation does not wait longer for what helped in similar incidents.
const SIMILAR_WITHIN: Span = Span::from_secs(3);

/// The question about one incident.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// The number of its problems at that time; `None` if it is to be asked again.
    pub problems: Option<usize>,
    /// The time.
    pub at: MonotonicTime,
    /// True if the answer came.
    pub answered: bool,
}

/// The look-up of what helped in incidents like the active ones: one at a time.
#[derive(Default)]
pub(super) struct SimilarLookup {
    pub asked: BTreeMap<IncidentNumber, Asked>,
    pub task: Option<JoinHandle<(IncidentNumber, Vec<HelpedIn>)>>,
}

impl SimilarLookup {
    /// True while an answer may still come in time.
    pub(super) fn is_awaited(&self, incident: IncidentNumber, now: Now) -> bool {
        self.asked
            .get(&incident)
            .is_some_and(|asked| !asked.answered && now.mono.since(asked.at) < SIMILAR_WITHIN)
    }

    /// Asks about every incident once more; nothing waits for that.
    pub(super) fn ask_again(&mut self) {
        self.asked.values_mut().for_each(|asked| asked.problems = None);
    }

    /// Waits for the answer; for ever if nothing was asked.
    pub(super) async fn answer(&mut self) -> Option<(IncidentNumber, Vec<HelpedIn>)> {
        let Some(task) = &mut self.task else { return pending().await };
        let found = task
            .await
            .inspect_err(|error| tracing::error!(%error, "looking up similar incidents failed"))
            .ok();
        self.task = None;
        found
    }
}
