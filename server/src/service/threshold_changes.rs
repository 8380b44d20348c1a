//! Changes of a row of the thresholds: the document is written anew before the journal tells of it, and
//! what was interrupted in between is journalled later.

use std::{pin::Pin, sync::Arc, time::Duration};

use commands::{
    command::{ChangeThreshold, Command, Record},
    threshold::{WriteObstacle, checked_reason, open},
};
use domain::{
    access::Principal,
    actor::Actor,
    error::{Conflict, DatabaseFault, Error, Unavailable},
    journal::Event,
    threshold::{ThresholdProposal, ThresholdRefusal},
};
use tokio::{sync::OwnedMutexGuard, task::spawn_blocking, time::timeout};

use super::{
    failure::{refuse, too_slow},
    handle::Service,
    inner::Inner,
    thresholds::Shown,
};
use crate::{
    documents::{THRESHOLDS, patch},
    threshold_file::{NextVersion, NotWritten, Note, ThresholdFile, hash},
};

/// The longest time for one step of a change on the disk, in the database or behind an earlier
/// change.
const LONGEST_STEP: Duration = Duration::from_secs(5);

/// A change that is being journalled, which is itself a change.
type Settled<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// The right to write the document: no other change of it begins meanwhile.
type Turn = OwnedMutexGuard<()>;

/// The document written anew beside the one in force, and what is journalled of it.
struct Rewritten {
    next: Arc<NextVersion>,
    event: Event,
}

/// A change of the thresholds under way; nothing at all for another command.
#[derive(Default)]
pub(super) struct Rewriting {
    // Goes before the turn ends.
    rewritten: Option<Rewritten>,
    turn: Option<Turn>,
}

impl Rewriting {
    /// The events that tell of it.
    pub(super) fn events(&self) -> Vec<Event> {
        self.rewritten.iter().map(|one| one.event.clone()).collect()
    }
}

fn nothing_is_written<T>(_: T) -> Error {
    Unavailable::Unchanged(DatabaseFault::NoAnswer).into()
}

fn not_writable(error: &std::io::Error) -> Error {
    tracing::warn!(%error, "the thresholds could not be written");
    Conflict::Threshold(ThresholdRefusal::NotWritable(error.to_string())).into()
}

impl Inner {
    /// Does something with the file of the thresholds, for a bounded time; `None` if it takes longer.
    /// It goes on then, and the turn ends with it, so that no other change comes in between.
    async fn in_turn<T: Send + 'static>(
        &self,
        turn: &mut Option<Turn>,
        work: impl FnOnce(&ThresholdFile) -> T + Send + 'static,
    ) -> Option<T> {
        let (file, held) = (self.threshold_file(), turn.take());
        // What was done is dropped before the turn ends.
        let working = spawn_blocking(move || (work(&file), held));
        match timeout(LONGEST_STEP, working).await {
            Ok(Ok((done, held))) => {
                *turn = held;
                Some(done)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the thresholds could not be looked at");
                None
            }
            Err(_) => {
                tracing::error!("the disk of the thresholds does not answer");
                None
            }
        }
    }

    /// Begins a change of the thresholds, and writes the new version beside the document. An earlier
    /// change is in the journal before. Called before any other change has to wait for this one.
    pub(super) async fn begin_rewriting(&self, command: &Command) -> Result<Rewriting, Error> {
        let wanted = match command {
            Command::ChangeThreshold(wanted) => Some(wanted.clone()),
            // What is declined is not accepted at the same time.
            Command::DeclineThreshold(_) => None,
            _ => return Ok(Rewriting::default()),
        };
        let turn = timeout(LONGEST_STEP, Arc::clone(&self.rewriting).lock_owned());
        let mut rewriting =
            Rewriting { rewritten: None, turn: Some(turn.await.map_err(nothing_is_written)?) };
        if let Some(wanted) = wanted {
            self.settle_thresholds().await?;
            rewriting.rewritten = Some(self.rewritten(&mut rewriting.turn, wanted).await?);
        }
        Ok(rewriting)
    }

    /// The document with a row changed, bound to the version that was shown.
    async fn rewritten(
        &self,
        turn: &mut Option<Turn>,
        wanted: ChangeThreshold,
    ) -> Result<Rewritten, Error> {
        let ChangeThreshold { subject, signal, edit, reason } = wanted;
        let (edit, reason) = (edit.checked()?, checked_reason(&reason)?);
        let proposal = match edit.proposal {
            Some(number) => {
                let all = timeout(LONGEST_STEP, self.threshold_proposals()).await;
                let all = all.map_err(nothing_is_written)?.map_err(refuse)?;
                Some(open(&all, number)?.clone())
            }
            None => None,
        };
        let work = move |file: &ThresholdFile| {
            if file.obstacle() == Some(WriteObstacle::BuiltIn) {
                return Err(Conflict::Threshold(ThresholdRefusal::BuiltIn).into());
            }
            let shown = Shown::read(file)?;
            let (row, before, after) = shown.edited(&subject, &signal, &edit)?;
            // A proposal is accepted by the change that it proposes, and by no other.
            let is_accepted = |one: &ThresholdProposal| {
                one.row.is_same(&row) && one.before == before && one.after == edit.cells
            };
            let proposal = proposal.filter(is_accepted).map(|one| one.number);
            let event = Event::ThresholdChanged {
                document: THRESHOLDS.to_owned(),
                row,
                before: Box::new(before),
                after: Box::new(edit.cells),
                from: hash(&shown.text),
                to: hash(&after),
                patch: patch(THRESHOLDS, &shown.text, &after),
                reason,
                proposal,
                by: None,
            };
            let next = file.prepare(shown.text, after).map_err(|error| not_writable(&error))?;
            Ok::<_, Error>(Rewritten { next: Arc::new(next), event })
        };
        self.in_turn(turn, work).await.ok_or(()).map_err(nothing_is_written)?
    }

    /// Puts the new version in the place of the document; the entry must follow. `head` is the last
    /// number of the journal.
    pub(super) async fn put_thresholds(
        &self,
        rewriting: &mut Rewriting,
        actor: Actor,
        head: u64,
    ) -> Result<(), Error> {
        let Rewriting { rewritten: Some(rewritten), turn } = rewriting else { return Ok(()) };
        let account = match actor {
            Actor::Account(account) => Some(account),
            _ => None,
        };
        let (next, event) = (Arc::clone(&rewritten.next), rewritten.event.clone());
        let note = Note { account, after: head, to: next.hash(), event };
        // It may be put there all the same: its note tells, and it is journalled later.
        let put = self.in_turn(turn, move |file| file.put(&next, &note)).await;
        put.ok_or_else(too_slow)?.map_err(|error| match error {
            NotWritten::Changed => Conflict::Threshold(ThresholdRefusal::DocumentChanged).into(),
            NotWritten::Io(error) => not_writable(&error),
        })
    }

    /// Puts the document back as it was: its change was refused.
    pub(super) async fn take_back_thresholds(&self, rewriting: &mut Rewriting) {
        let Rewriting { rewritten: Some(rewritten), turn } = rewriting else { return };
        let next = Arc::clone(&rewritten.next);
        if let Some(Err(error)) = self.in_turn(turn, move |file| file.take_back(&next)).await {
            tracing::error!(%error, "the thresholds could not be put back as they were");
        }
    }

    /// Notes that the journal tells of the document as it is.
    pub(super) async fn thresholds_journalled(&self, rewriting: &mut Rewriting) {
        if rewriting.rewritten.is_some() {
            // A note that stays is removed at the next look, as its entry is there.
            let _ = self.in_turn(&mut rewriting.turn, ThresholdFile::forget).await;
        }
    }

    /// A change that was made and is not in the journal: a kill came between, or the database failed.
    async fn unjournalled_threshold(&self) -> Result<Option<Event>, Error> {
        let Some(note) = self.with_thresholds(ThresholdFile::pending).await? else {
            return Ok(None);
        };
        let entries = self.threshold_entries(&["threshold_changed"]).await.map_err(refuse)?;
        if entries.iter().any(|entry| note.is_told(entry)) {
            self.with_thresholds(ThresholdFile::forget).await?;
            return Ok(None);
        }
        Ok(Some(match note.event {
            Event::ThresholdChanged {
                document,
                row,
                before,
                after,
                from,
                to,
                patch,
                reason,
                proposal,
                by: _,
            } => Event::ThresholdChanged {
                document,
                row,
                before,
                after,
                from,
                to,
                patch,
                reason,
                proposal,
                by: note.account,
            },
            other => other,
        }))
    }

    /// Journals a change that was made and is not in the journal. Called while no change of the
    /// thresholds is under way.
    fn settle_thresholds(&self) -> Settled<'_> {
        Box::pin(async move {
            let Some(event) = self.unjournalled_threshold().await? else { return Ok(()) };
            let record = Record { events: vec![event], monitor: None };
            self.change(&Principal::System, record.into()).await?;
            self.with_thresholds(ThresholdFile::forget).await
        })
    }
}

impl Service {
    /// Journals a change of the thresholds that a kill or the database kept from the journal.
    pub async fn settle_thresholds(&self) {
        let _turn = self.inner.rewriting.lock().await;
        if let Err(error) = self.inner.settle_thresholds().await {
            tracing::warn!(?error, "it could not be journalled whether a threshold was changed");
        }
    }
}
