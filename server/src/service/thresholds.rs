//! Rows of the thresholds as the document has them, trials of changes on stored history, and what
//! history proposes.

use std::{sync::Arc, time::Duration};

use commands::{
    audit::AuditFilter,
    command::DeclineThreshold,
    operation::Operation as _,
    reading::{GetThreshold, GetThresholdPatch, TryThreshold},
    threshold::{
        EditableRow, OfferedThreshold, ThresholdEdit, ThresholdPage, ThresholdTrial, check_days,
        decline,
    },
};
use domain::{
    access::Principal,
    authorization::authorize,
    error::{Conflict, Entity, Error, FieldReason},
    journal::{Entry, Event},
    signal::Signal,
    signals,
    subject::Subject,
    threshold::{
        ThresholdCells, ThresholdProposal, ThresholdProposals, ThresholdRefusal, ThresholdRow,
    },
    time::Span,
};
use policy::thresholds::{EditError, RowChange, Thresholds, edit, row_cells};
use tokio::{runtime::Handle, task::spawn_blocking, time::timeout};

use super::{failure::refuse, handle::Service, inner::Inner};
use crate::{
    backtest::{self, Changed},
    documents::{BadDocuments, THRESHOLDS, patch},
    store::{StoreError, readable},
    threshold_file::{ThresholdFile, hash},
    trials::{Busy, Trials},
};

/// Longest time for a trial.
const LONGEST_TRIAL: Duration = Duration::from_secs(30);
/// Longest time that a trial waits for another one.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The most entries of a kind that are read: the newest.
const ENTRIES: u32 = 500;
/// The most proposals that are shown.
const PROPOSALS: usize = 10;

/// A document with a row that is in force for a signal.
pub(super) struct Shown {
    /// The document.
    pub text: String,
    thresholds: Arc<Thresholds>,
}

impl Shown {
    /// Reads the document.
    pub fn read(file: &ThresholdFile) -> Result<Self, Error> {
        Self::of(file.read())
    }

    fn of(text: Result<String, BadDocuments>) -> Result<Self, Error> {
        let wrong = |mistake: String| Conflict::Threshold(ThresholdRefusal::DocumentWrong(mistake));
        let text = text.map_err(|error| wrong(error.to_string()))?;
        let thresholds =
            Thresholds::parse(THRESHOLDS, &text, signals::declared()).map_err(|mistakes| {
                let first = mistakes.first();
                wrong(
                    first.map_or_else(String::new, |one| {
                        format!("line {}: {}", one.line, one.found)
                    }),
                )
            })?;
        Ok(Self { text, thresholds: Arc::new(thresholds) })
    }

    /// The rows in force for a signal, without those that only watch silence.
    fn rows(&self, subject: &Subject, signal: &Signal) -> Vec<EditableRow> {
        let rows = self.thresholds.rows_for(signal.as_str(), subject.as_str());
        let rows = [rows.level, rows.rate, rows.forecast].into_iter().flatten();
        rows.filter_map(|row| {
            let cells = row_cells(THRESHOLDS, &self.text, row.line)?;
            Some(EditableRow { row: row.named()?, cells })
        })
        .collect()
    }

    /// The document with a row changed: the row, its cells before, and the new text.
    pub fn edited(
        &self,
        subject: &Subject,
        signal: &Signal,
        wanted: &ThresholdEdit,
    ) -> Result<(ThresholdRow, ThresholdCells, String), Error> {
        if hash(&self.text) != wanted.document {
            return Err(Conflict::Threshold(ThresholdRefusal::DocumentChanged).into());
        }
        let found = self.rows(subject, signal).into_iter().find(|one| one.row.line == wanted.line);
        let EditableRow { row, cells } = found.ok_or_else(|| {
            Error::NotFound(Entity::ThresholdRow(subject.clone(), signal.clone()))
        })?;
        let change = RowChange::between(&cells, &wanted.cells);
        let text = edit(THRESHOLDS, &self.text, row.line, &change, signals::declared())
            .map_err(|error| not_edited(&error))?;
        if text == self.text {
            return Err(Conflict::Threshold(ThresholdRefusal::Unchanged).into());
        }
        self.check_row(&text, row.line)?;
        Ok((row, cells, text))
    }

    /// Checks that a changed row still watches something, in the same unit.
    fn check_row(&self, text: &str, line: u32) -> Result<(), Error> {
        let changed = Thresholds::parse(THRESHOLDS, text, signals::declared())
            .map_err(|mistakes| not_edited(&EditError::Wrong(mistakes)))?;
        let row_of = |all: &Thresholds| all.rows().iter().find(|row| row.line == line).cloned();
        let (before, after) = (row_of(&self.thresholds), row_of(&changed));
        let unusable =
            |problem: String| Err(Error::invalid("threshold", FieldReason::Unusable(problem)));
        if after.as_ref().is_none_or(|row| row.named().is_none()) {
            let problem = "it has no level; to switch a row off, edit the document";
            return unusable(problem.to_owned());
        }
        if let Some(why) = after.as_ref().and_then(|row| row.unworkable(signals::declared())) {
            return unusable(format!("the row can't work: {why}"));
        }
        match (before.and_then(|row| row.unit), after.and_then(|row| row.unit)) {
            (Some(before), Some(after)) if before != after => unusable(format!(
                "the unit of the signal is {}, and not {}",
                before.as_str(),
                after.as_str()
            )),
            _ => Ok(()),
        }
    }
}

/// The proposals for rows as they are now, newest first: one that is open is for a row that has not
/// changed since.
fn of_rows<'a>(
    all: &'a ThresholdProposals,
    rows: &'a [EditableRow],
) -> impl Iterator<Item = &'a ThresholdProposal> {
    all.all().rev().filter(|one| {
        let is_here = |row: &EditableRow| {
            row.row.is_same(&one.row) && (!one.is_open() || row.cells == one.before)
        };
        rows.iter().any(is_here)
    })
}

fn not_edited(error: &EditError) -> Error {
    let problem = match error {
        EditError::Wrong(mistakes) => mistakes.first().map_or_else(String::new, |first| {
            format!("{}; expected {}", first.found, first.expected)
        }),
        other => other.to_string(),
    };
    Error::invalid("threshold", FieldReason::Unusable(problem))
}

impl Inner {
    /// The file of the thresholds.
    pub(super) fn threshold_file(&self) -> ThresholdFile {
        self.set_up.get().map(|set_up| set_up.thresholds.clone()).unwrap_or_default()
    }

    /// Does something with the file of the thresholds, on a thread that may wait for the disk.
    pub(super) async fn with_thresholds<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ThresholdFile) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let file = self.threshold_file();
        spawn_blocking(move || work(&file)).await.map_err(|error| {
            tracing::error!(%error, "the thresholds could not be looked at");
            super::failure::too_slow()
        })
    }

    /// The rows that are in force for a signal, as the document has them now.
    pub(super) async fn threshold_page(
        &self,
        caller: &Principal,
        asked: GetThreshold,
    ) -> Result<ThresholdPage, Error> {
        let GetThreshold { subject, signal } = asked;
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let (of_subject, of_signal) = (subject.clone(), signal.clone());
        let read = move |file: &ThresholdFile| {
            let text = file.read();
            let hash = hash(text.as_deref().unwrap_or_default());
            let shown = Shown::of(text).map(|shown| shown.rows(&of_subject, &of_signal));
            (hash, shown, file.obstacle())
        };
        let (hash, shown, obstacle) = self.with_thresholds(read).await?;
        let (rows, mistake) = match shown {
            Ok(rows) => (rows, None),
            Err(error) => (Vec::new(), Some(wording::error::sentence(&error))),
        };
        let all = self.threshold_proposals().await.map_err(refuse)?;
        let proposals = of_rows(&all, &rows).take(PROPOSALS).cloned().collect();
        Ok(ThresholdPage {
            cursor,
            subject,
            signal,
            document: THRESHOLDS.to_owned(),
            hash,
            rows,
            mistake,
            obstacle,
            proposals,
            may_try: authorize(caller, TryThreshold::PERMISSION).is_ok(),
            may_change: authorize(caller, DeclineThreshold::PERMISSION).is_ok(),
        })
    }

    /// The open proposals for some signals, each with one of the signals that it is about.
    pub(super) async fn offered_thresholds(
        &self,
        signals: Vec<(Subject, Signal)>,
    ) -> Result<Vec<OfferedThreshold>, Error> {
        let all = self.threshold_proposals().await.map_err(refuse)?;
        if !all.all().any(ThresholdProposal::is_open) {
            return Ok(Vec::new());
        }
        let rows = self
            .with_thresholds(move |file| {
                // A document that can't be read is told elsewhere.
                let Ok(shown) = Shown::read(file) else { return Vec::new() };
                let rows =
                    |(subject, signal): (Subject, Signal)| (shown.rows(&subject, &signal), subject);
                signals.into_iter().map(rows).collect::<Vec<_>>()
            })
            .await?;
        let mut offered: Vec<OfferedThreshold> = Vec::new();
        for (rows, subject) in rows {
            for proposal in of_rows(&all, &rows).filter(|one| one.is_open()) {
                if !offered.iter().any(|known| known.proposal.number == proposal.number) {
                    let (subject, proposal) = (subject.clone(), proposal.clone());
                    offered.push(OfferedThreshold { subject, proposal });
                }
            }
        }
        Ok(offered)
    }

    /// The patch of a change.
    pub(super) async fn threshold_patch(&self, asked: GetThresholdPatch) -> Result<String, Error> {
        let GetThresholdPatch { subject, signal, edit } = asked;
        let edit = edit.checked()?;
        self.with_thresholds(move |file| {
            let shown = Shown::read(file)?;
            let (_, _, after) = shown.edited(&subject, &signal, &edit)?;
            Ok(patch(THRESHOLDS, &shown.text, &after))
        })
        .await?
    }

    /// Tries a change on stored history: one at a time, for a bounded time, on a thread of its own.
    pub(super) async fn try_threshold(&self, asked: TryThreshold) -> Result<ThresholdTrial, Error> {
        let TryThreshold { subject, signal, edit, days } = asked;
        check_days(days)?;
        let edit = edit.checked()?;
        let wanted = edit.clone();
        let (shown, after) = self
            .with_thresholds(move |file| {
                let shown = Shown::read(file)?;
                let (_, _, after) = shown.edited(&subject, &signal, &wanted)?;
                Ok::<_, Error>((shown, after))
            })
            .await??;
        let thresholds = Thresholds::parse(THRESHOLDS, &after, signals::declared());
        let thresholds =
            Arc::new(thresholds.map_err(|mistakes| not_edited(&EditError::Wrong(mistakes)))?);
        let changed = Changed { thresholds, difference: patch(THRESHOLDS, &shown.text, &after) };
        let permit = self.trials.of_person(LONGEST_WAIT).await.map_err(|busy| {
            Error::from(Conflict::Threshold(match busy {
                Busy::Person => ThresholdRefusal::TrialRuns,
                Busy::Own => ThresholdRefusal::OwnTrialRuns,
            }))
        })?;
        let (store, now) = (Arc::clone(&self.store), self.clock.now().wall);
        let since = now.minus(Span::from_mins(u64::from(days) * 24 * 60));
        let (runtime, zone) = (Handle::current(), self.zone());
        let of_team = zone.clone();
        // It goes on when the reader goes away, and the next one waits for it.
        let judged = spawn_blocking(move || {
            let _permit = permit;
            let mut progress = |_| {};
            runtime.block_on(timeout(
                LONGEST_TRIAL,
                backtest::backtest(
                    &*store,
                    shown.thresholds,
                    Some(changed),
                    (since, now),
                    (&|at| of_team.offset(at), &of_team),
                    &mut progress,
                ),
            ))
        });
        let too_long = || Error::from(Conflict::Threshold(ThresholdRefusal::TrialTooLong));
        let report = judged.await.map_err(|_| too_long())?.map_err(|_| too_long())?;
        ThresholdTrial::of(edit, days, zone.name(), report.map_err(refuse)?).ok_or_else(too_long)
    }

    /// The events by which a person declines a proposal.
    pub(super) async fn declined_threshold(
        &self,
        proposal: u64,
        reason: &str,
    ) -> Result<Vec<Event>, Error> {
        decline(&self.threshold_proposals().await.map_err(refuse)?, proposal, reason)
    }

    /// The proposals of history, and their fates.
    pub(super) async fn threshold_proposals(&self) -> Result<ThresholdProposals, StoreError> {
        let kinds = ["threshold_proposed", "threshold_changed", "threshold_declined"];
        Ok(ThresholdProposals::of(&self.threshold_entries(&kinds).await?))
    }

    /// The newest entries of some kinds, oldest first.
    pub(super) async fn threshold_entries(&self, kinds: &[&str]) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for kind in kinds {
            let filter = AuditFilter { kind: Some((*kind).to_owned()), ..AuditFilter::default() };
            for (stored, _) in self.store.as_trail().trail(&filter, ENTRIES).await? {
                entries.push(readable(&stored)?);
            }
        }
        entries.sort_by_key(|entry| entry.number);
        Ok(entries)
    }
}

impl Service {
    /// The proposals of history, and their fates.
    pub async fn threshold_proposals(&self) -> Result<ThresholdProposals, StoreError> {
        self.inner.threshold_proposals().await
    }

    /// Trials on history: one at a time.
    pub fn trials(&self) -> Trials {
        self.inner.trials.clone()
    }
}
