//! The reading for a decision: one recommendation with all around it.

use std::{sync::Arc, time::Duration};

use commands::{approve::blocked_by, view};
use domain::{
    access::Principal,
    breach::BreachKey,
    error::{Entity, Error},
    id::RecommendationId,
    reading::Reading,
    recommendation::{Recommendation, Stage},
};
use tokio::sync::Semaphore;

use super::{failure::refuse, inner::Inner};
use crate::remediation::tail;

/// Longest time for the disks to tell what would be executed.
const LOOK_LIMIT: Duration = Duration::from_secs(3);
/// So many of these looks at a time.
static LOOKS: Semaphore = Semaphore::const_new(4);
/// The most output on the page where is decided, in bytes.
const MOST_OUTPUT: usize = 8 * 1024;

impl Inner {
    /// The page where a command is decided upon.
    pub(super) async fn recommendation(
        &self,
        caller: &Principal,
        id: RecommendationId,
    ) -> Result<view::RecommendationPage, Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let missing = || Error::NotFound(Entity::Recommendation(id));
        let incident =
            self.store.incident(id.incident).await.map_err(refuse)?.ok_or_else(missing)?;
        let recommendation = incident.recommendation(id.place).cloned().ok_or_else(missing)?;
        let shown = self.board.shown().readings;
        let matters = |reading: &&Reading| {
            let is =
                |key: &BreachKey| key.subject == reading.subject && key.signal == reading.signal;
            is(&recommendation.proof.breach) || incident.holding().any(|breach| is(&breach.key))
        };
        let mut outputs = self.outputs(&incident).await?;
        outputs.retain(|output| output.place == id.place);
        outputs.iter_mut().for_each(shorten);
        let now = self.clock.now().wall;
        let others = self.store.incidents_with_runs(now).await.map_err(refuse)?;
        let blocked_by =
            blocked_by(&recommendation, &incident, &others, now).map(|(id, run)| view::Blocker {
                id,
                title: run.title.clone(),
                until: if let Stage::Ended(_) = &run.stage { run.may_run_until() } else { None },
            });
        Ok(view::RecommendationPage {
            cursor,
            id,
            binding: recommendation.binding(&incident),
            checked_at: shown.checked_at,
            readings: shown.readings.iter().filter(matters).cloned().collect(),
            plan: self.dry_run(&recommendation).await,
            output: outputs.pop(),
            blocked_by,
            names: self.names().await?,
            reader: self.reader(caller).await?,
            recommendation,
            incident,
        })
    }

    /// The plan that would be executed: that is looked up on the disk, and one that hangs must hold
    /// up nobody else.
    async fn dry_run(&self, one: &Recommendation) -> view::Plan {
        let (recovery, one) = (Arc::clone(&self.recovery), one.clone());
        let look = async {
            // Those that hang keep their place, so that they do not become ever more.
            let place = LOOKS.acquire().await.ok()?;
            let work = move || {
                let _place = place;
                recovery.plan(&one)
            };
            tokio::task::spawn_blocking(work).await.ok()
        };
        tokio::time::timeout(LOOK_LIMIT, look).await.ok().flatten().unwrap_or_else(|| view::Plan::Refused {
            why:
                "This host's disks did not answer in time, so it is not known what would be executed. Reload this page in a moment."
                    .to_owned(),
        })
    }
}

/// Leaves the end of an output, in whole lines: a phone on a poor connection gets it again and
/// again while it grows.
fn shorten(output: &mut view::RunOutput) {
    const MARK: &str = "[see the incident's page for the earlier output]\n";
    if output.text.len() <= MOST_OUTPUT {
        return;
    }
    output.text = format!("{MARK}{}", tail(&output.text, MOST_OUTPUT - MARK.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_output_the_end_is_left() {
        let text: String = (0..20_000).map(|number| format!("line {number} ü\n")).collect();
        let mut output = view::RunOutput { place: 1, text, open: true };
        shorten(&mut output);
        assert!(
            output.text.len() <= MOST_OUTPUT && output.text.len() > MOST_OUTPUT - 100,
            "{}",
            output.text.len()
        );
        assert!(
            output.text.starts_with("[see the incident's page for the earlier output]\nline ")
                && output.text.ends_with("line 19999 ü\n")
        );
        let mut output = view::RunOutput {
            place: 1,
            text: format!("{}\nend\n", "x".repeat(20_000)),
            open: true,
        };
        shorten(&mut output);
        assert!(
            output.text.ends_with("xxx\nend\n") && output.text.len() > MOST_OUTPUT - 100,
            "one long line"
        );
        let mut output = view::RunOutput { place: 1, text: "short\n".to_owned(), open: false };
        shorten(&mut output);
        assert_eq!(output.text, "short\n");
    }
}
