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

/// How much can go wrong.
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

/// Who may approve.
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
    /// How many different people.
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

/// How it is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// By this command of the catalogue, with the same values.
    By(String),
    /// It can't be undone, because of this.
    Never(String),
}

/// Why a command is recommended. Facts, so that each reader gets a sentence of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The catalogue says that it helps where this signal is beyond its level.
    Helps {
        /// Which breach.
        breach: BreachKey,
    },
    /// The thresholds name it for this breach.
    Named {
        /// Which breach.
        breach: BreachKey,
    },
    /// It was proved to work before, or was not.
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
    /// It resolved an earlier incident that is like this one.
    HelpedBefore {
        /// The earlier incident.
        incident: IncidentNumber,
    },
    /// Of all that it could act upon, this one uses the most.
    Largest {
        /// Of which signal.
        signal: Signal,
        /// How much, in bytes.
        bytes: u64,
    },
    /// It acts upon this query, which runs for long.
    LongQuery {
        /// What is known of it.
        query: LongQuery,
    },
    /// It acts upon all processes of an app, not only on the one in trouble.
    AllProcesses {
        /// How many there are.
        count: u32,
    },
    /// It takes back what ran before.
    Undoes {
        /// Which recommendation.
        recommendation: RecommendationId,
    },
}

/// What will prove that it worked.
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
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What was decided upon; see [`Recommendation::binding`].
    pub binding: Hash,
}

/// How a run ended.
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
    /// It took longer than it may and was ended.
    TimedOut,
    /// A person cancelled it and it was ended.
    Cancelled,
    /// The command itself was never started.
    NotStarted {
        /// Why.
        why: String,
    },
    /// It was started, and its end was not seen.
    Unknown,
}

impl RunOutcome {
    /// Whether it did what it should, as far as its exit code tells.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Ended {
    /// When it was started.
    pub started_at: Timestamp,
    /// Who asked to end it early, and when.
    pub cancelled: Option<(Actor, Timestamp)>,
    /// When it was over.
    pub at: Timestamp,
    /// How.
    pub outcome: RunOutcome,
    /// How long it ran.
    pub duration: Span,
    /// Whether it was proved to work; `None` while that is watched, and where nothing ran.
    pub worked: Option<bool>,
    /// The signal has recovered, and had begun to before it ran: that says nothing about the
    /// command.
    #[serde(default)]
    pub began_before: bool,
    /// When that was known.
    pub proved_at: Option<Timestamp>,
}

/// How long a run has to end when its time is over.
const ENDING: Span = Span::from_secs(3);

impl Ended {
    /// Whether something ran at all.
    pub const fn has_run(&self) -> bool {
        !matches!(self.outcome, RunOutcome::NotStarted { .. })
    }
}

/// Why a recommendation is no longer offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Withdrawn {
    /// Nobody decided in time.
    Expired,
    /// What it was to help has recovered, or the incident is over.
    NotNeeded,
    /// The catalogue, or what it would act upon, is another one now.
    Changed,
    /// It fails for another reason now, against which this does not help.
    RuledOut,
    /// It was approved, and Calm Ops did not come to run it in time.
    TooLate,
}

/// How far a recommendation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// It waits for a decision.
    Offered,
    /// A person said no.
    Declined {
        /// Who.
        by: Actor,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// It is no longer offered.
    Withdrawn {
        /// When.
        at: Timestamp,
        /// Why.
        why: Withdrawn,
    },
    /// Everyone who is needed said yes; it is about to run.
    Approved {
        /// When.
        at: Timestamp,
    },
    /// It runs.
    Running {
        /// Since when.
        started_at: Timestamp,
        /// Who asked to end it early, and when.
        cancelled: Option<(Actor, Timestamp)>,
    },
    /// It ran.
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
    /// What the command is called.
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
    /// What it acts upon: only one run at a time touches a subject.
    pub subject: Subject,
    /// How much can go wrong.
    pub risk: Risk,
    /// Who notices, in words.
    pub blast_radius: String,
    /// What is expected, in words.
    pub effect: String,
    /// How it is undone.
    pub undo: Undo,
    /// Who may approve.
    pub approval: Approval,
    /// A run is stopped after this time.
    pub time_limit: Span,
    /// After a run it is not run on the same subject again for this time.
    #[serde(default)]
    pub cool_down: Span,
    /// What will prove that it worked.
    pub proof: Awaited,
    /// Why it is recommended, the most telling first.
    pub reasons: Vec<Reason>,
    /// The version of the catalogue that it is from: SHA-256, in hexadecimal.
    pub catalogue: String,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// When the offer ends.
    pub expires_at: Timestamp,
    /// Who said yes to it as it is now.
    pub approvals: Vec<Given>,
    /// How far it is.
    pub stage: Stage,
}

impl Recommendation {
    /// The command with its values: the same for each offer of it.
    pub fn deed(&self) -> String {
        let values = self.values.iter().map(|(name, value)| format!(" {name}={value:?}"));
        std::iter::once(self.command.clone()).chain(values).collect()
    }

    /// Whether it waits for a decision.
    pub const fn is_offered(&self) -> bool {
        matches!(self.stage, Stage::Offered)
    }

    /// Whether it runs, or is about to.
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

    /// Whether it runs, or may still run.
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

    /// Whether it ran and it is still watched whether it worked.
    pub const fn awaits_proof(&self) -> bool {
        matches!(&self.stage, Stage::Ended(ended) if ended.worked.is_none() && ended.has_run())
    }

    /// How many more people have to say yes.
    pub fn approvals_missing(&self) -> usize {
        usize::from(self.approval.people()).saturating_sub(self.approvals.len())
    }
}
