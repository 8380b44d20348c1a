//! A recommendation: one approved command with its values, from the offer to the proof that it
//! worked. Here is what it is and what people and the runner may do to it; which command is
//! recommended is decided by the engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    breach::BreachKey,
    hash::Hash,
    id::{IncidentNumber, RecommendationId},
    long_query::LongQuery,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};

/// The extent of what can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nobody notices.
    Low,
    /// Some may notice for a moment.
    Medium,
    /// Many notice, or it may get worse. Two different people approve.
    High,
}

impl Risk {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The people who may approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// One approver.
    One,
    /// Two different approvers.
    Two,
}

impl Approval {
    /// Number of different people.
    pub const fn people(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "one approver",
            Self::Two => "two approvers",
        }
    }
}

/// The way to undo it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// By this command of the catalogue, with the same values.
    By(String),
    /// Can't be undone, because of this.
    Never(String),
}

/// The reasons for a recommendation. Facts, so that each reader gets a sentence of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The catalogue says that it helps where this signal is beyond its level.
    Helps {
        /// The breach.
        breach: BreachKey,
    },
    /// The thresholds name it for this breach.
    Named {
        /// The breach.
        breach: BreachKey,
    },
    /// Proved to work before, or was not.
    Worked {
        /// So many times.
        times: u32,
        /// Of so many.
        of: u32,
        /// In so many days.
        days: u32,
    },
    /// People rated it after incidents with this signal.
    Rated {
        /// The signal.
        signal: Signal,
        /// The number of times that it fixed the problem.
        fixed: u32,
        /// The number of ratings.
        of: u32,
    },
    /// Resolved an earlier incident that is like this one.
    HelpedBefore {
        /// The earlier incident.
        incident: IncidentNumber,
    },
    /// Of all that it could act upon, this one uses the most.
    Largest {
        /// Of which signal.
        signal: Signal,
        /// The amount in bytes.
        bytes: u64,
    },
    /// Acts upon this query, which runs for long.
    LongQuery {
        /// The facts about it.
        query: LongQuery,
    },
    /// Acts upon all processes of an app, not only on the one in trouble.
    AllProcesses {
        /// Their number.
        count: u32,
    },
    /// Takes back what ran before.
    Undoes {
        /// The recommendation.
        recommendation: RecommendationId,
    },
}

/// The signal that will prove that it worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Awaited {
    /// The breach that has to recover.
    pub breach: BreachKey,
    /// Within this time after the run.
    pub within: Span,
}

/// One person's yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Given {
    /// The person.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
    /// The binding of the decision; see [`Recommendation::binding`].
    pub binding: Hash,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RunOutcome {
    /// By itself.
    Exited {
        /// With this code; 0 is success.
        code: i32,
    },
    /// A signal that is not ours ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// Took longer than it may and was ended.
    TimedOut,
    /// A person cancelled it and it was ended.
    Cancelled,
    /// The command itself was never started.
    NotStarted {
        /// The reason.
        why: String,
    },
    /// Started, and its end was not seen.
    Unknown,
}

impl RunOutcome {
    /// True if it did what it should, as far as its exit code tells.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Ended {
    /// Time at which it was started.
    pub started_at: Timestamp,
    /// The person who asked to end it early, and the time.
    pub cancelled: Option<(Actor, Timestamp)>,
    /// Time at which it was over.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: RunOutcome,
    /// Time for which it ran.
    pub duration: Span,
    /// True if it was proved to work; `None` while that is watched, and where nothing ran.
    pub worked: Option<bool>,
    /// The signal has recovered, and had begun to before it ran: that says nothing about the
    /// command.
    #[serde(default)]
    pub began_before: bool,
    /// The time of that proof.
    pub proved_at: Option<Timestamp>,
}

/// Time in which a run has to end after its limit.
const ENDING: Span = Span::from_secs(3);

impl Ended {
    /// True if something ran at all.
    pub const fn has_run(&self) -> bool {
        !matches!(self.outcome, RunOutcome::NotStarted { .. })
    }
}

/// The reasons for which a recommendation is no longer offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Withdrawn {
    /// Nobody decided in time.
    Expired,
    /// The breach that it was to help has recovered, or the incident is over.
    NotNeeded,
    /// The catalogue, or what it would act upon, is another one now.
    Changed,
    /// Fails for another reason now, against which this does not help.
    RuledOut,
    /// Approved, and Calm Ops did not come to run it in time.
    TooLate,
}

/// The stages of a recommendation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Waits for a decision.
    Offered,
    /// A person said no.
    Declined {
        /// The person.
        by: Actor,
        /// The time.
        at: Timestamp,
        /// The reason.
        reason: String,
    },
    /// No longer offered.
    Withdrawn {
        /// The time.
        at: Timestamp,
        /// The reason.
        why: Withdrawn,
    },
    /// Everyone who is needed said yes; it is about to run.
    Approved {
        /// The time.
        at: Timestamp,
    },
    /// Runs.
    Running {
        /// Since when.
        started_at: Timestamp,
        /// The person who asked to end it early, and the time.
        cancelled: Option<(Actor, Timestamp)>,
    },
    /// Has run.
    Ended(Ended),
}

/// One approved command with its values, as it is shown, approved and run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Recommendation {
    /// Its place among the recommendations of its incident, from 1.
    pub place: u32,
    /// The id of the command in the catalogue.
    pub command: String,
    /// The values of its placeholders.
    pub values: BTreeMap<String, String>,
    /// The command's title.
    pub title: String,
    /// The exact argument vector; empty for what Calm Ops carries out itself.
    pub argv: Vec<String>,
    /// The same as people read it, each argument quoted where that is needed; behind a team's own
    /// script the hash of its bytes.
    pub shown: String,
    /// The argument vector that must succeed first.
    pub check: Option<Vec<String>>,
    /// As whom it runs.
    pub user: String,
    /// On which host.
    pub host: String,
    /// The subject on which it acts: only one run at a time touches a subject.
    pub subject: Subject,
    /// The extent of what can go wrong.
    pub risk: Risk,
    /// The people who notice, in words.
    pub blast_radius: String,
    /// The expected effect, in words.
    pub effect: String,
    /// The way to undo it.
    pub undo: Undo,
    /// The people who may approve.
    pub approval: Approval,
    /// A run is stopped after this time.
    pub time_limit: Span,
    /// After a run it is not run on the same subject again for this time.
    #[serde(default)]
    pub cool_down: Span,
    /// The signal that will prove that it worked.
    pub proof: Awaited,
    /// The reasons for it, the most telling first.
    pub reasons: Vec<Reason>,
    /// The version of the catalogue that it is from: SHA-256, in hexadecimal.
    pub catalogue: String,
    /// Time at which it was offered.
    pub offered_at: Timestamp,
    /// Time at which the offer ends.
    pub expires_at: Timestamp,
    /// The people who approved it as it is now.
    pub approvals: Vec<Given>,
    /// The stage.
    pub stage: Stage,
}

impl Recommendation {
    /// The command with its values: the same for each offer of it.
    pub fn deed(&self) -> String {
        let values = self.values.iter().map(|(name, value)| format!(" {name}={value:?}"));
        std::iter::once(self.command.clone()).chain(values).collect()
    }

    /// True if it waits for a decision.
    pub const fn is_offered(&self) -> bool {
        matches!(self.stage, Stage::Offered)
    }

    /// True if it runs, or is about to.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Approved { .. } | Stage::Running { .. })
    }

    /// Until when it runs, or may still run: what was not seen to its end is given its time limit
    /// and what it takes to end it. `None` if it does not run.
    pub fn may_run_until(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Ended(Ended { outcome: RunOutcome::Unknown, started_at, .. }) => {
                Some(started_at.plus(self.time_limit).plus(ENDING))
            }
            Stage::Offered | Stage::Declined { .. } | Stage::Withdrawn { .. } | Stage::Ended(_) => {
                None
            }
            Stage::Approved { .. } | Stage::Running { .. } => Some(Timestamp::MAX),
        }
    }

    /// True if it runs, or may still run.
    pub fn may_run(&self, now: Timestamp) -> bool {
        self.may_run_until().is_some_and(|end| now < end)
    }

    /// Until when it is not to be run on the same subject again after it has run, by a cool-down;
    /// `None` if it has not.
    pub fn cools_until(&self, cool_down: Span) -> Option<Timestamp> {
        match &self.stage {
            Stage::Ended(ended) if ended.has_run() => Some(ended.at.plus(cool_down)),
            _ => None,
        }
    }

    /// True if it ran and it is still watched whether it worked.
    pub const fn awaits_proof(&self) -> bool {
        matches!(&self.stage, Stage::Ended(ended) if ended.worked.is_none() && ended.has_run())
    }

    /// Number of further people who have to approve.
    pub fn approvals_missing(&self) -> usize {
        usize::from(self.approval.people()).saturating_sub(self.approvals.len())
    }
}
