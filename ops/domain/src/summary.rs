//! The decision summary: facts as typed sentences. What is stored are facts, never prose: a reader who must
//! not see a host's name gets a sentence that was made without it.

mod fact;

pub use fact::{FORESEEABLE, Fact, Rate, RatePer, TOLD_IN_WORDS, Topic, eases};

use serde::{Deserialize, Serialize};

use crate::{
    change::ReportedChange,
    protection::measure::{LimitedRequests, MeasureEnding},
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};

/// The result of a run, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// Under way.
    Running,
    /// Over, and it is watched whether it helped.
    Awaited,
    /// The signal recovered in time.
    Worked,
    /// Ran well, and the signal recovered, as it had begun to before.
    Recovered,
    /// Ran well, and the signal did not recover in time.
    DidNotHelp,
    /// Did not end well.
    Failed,
    /// A person ended it early.
    EndedEarly,
    /// Its end was not seen.
    Unknown,
}

/// One thing that a summary says: facts, from which each reader's sentence is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Sentence {
    /// Many unrelated things at once.
    Flood {
        /// Number of signals that took part.
        signals: u32,
        /// None of them is beyond its level any more.
        #[serde(default)]
        over: bool,
    },
    /// A breach that holds.
    Holds {
        /// The fact.
        fact: Fact,
    },
    /// A breach that has cleared.
    Cleared {
        /// The fact.
        fact: Fact,
    },
    /// A breach that is no longer watched: nobody saw it recover.
    Lost {
        /// The fact.
        fact: Fact,
    },
    /// Further breaches that are not told one by one.
    More {
        /// Number of those that hold.
        holding: u32,
        /// Number of those that have recovered.
        cleared: u32,
        /// Number of those that are no longer watched.
        #[serde(default)]
        lost: u32,
    },
    /// All is quiet.
    Quiet {
        /// Since when.
        since: Timestamp,
        /// Number of breaches that are no longer watched.
        #[serde(default)]
        lost: u32,
    },
    /// Over.
    Over {
        /// The time.
        at: Timestamp,
        /// A person resolved it.
        by_person: bool,
        /// Number of breaches that still held then.
        holding: u32,
        /// Number of those that were no longer watched.
        #[serde(default)]
        lost: u32,
    },
    /// Came back.
    CameBack {
        /// Number of times.
        times: u32,
    },
    /// The beginning, and the time until it was noticed.
    Began {
        /// The time at which the first value went beyond its level.
        at: Timestamp,
        /// Time from the beginning until the incident was opened.
        noticed_after: Span,
    },
    /// A change that was reported for about when it began.
    AfterChange {
        /// The change, without its subjects.
        change: ReportedChange,
        /// Time at which it began.
        began_at: Timestamp,
    },
    /// The duration.
    Lasted {
        /// From the first value beyond its level to the last recovery.
        span: Span,
    },
    /// The signals and subjects that take part.
    Parts {
        /// The subjects, the cause first.
        subjects: Vec<Subject>,
        /// Number of further ones.
        more: u32,
    },
    /// Endpoints that people use are among what takes part.
    EndpointsReached {
        /// The endpoints.
        endpoints: Vec<Subject>,
        /// None of their breaches holds any more.
        #[serde(default)]
        over: bool,
    },
    /// Organizations that are affected, as counted at the gate.
    OrganizationsAffected {
        /// Number of those for which an effect was counted.
        known: u32,
        /// Number of further ones that are likely affected.
        likely: u32,
        /// They are seen to be affected no longer.
        #[serde(default)]
        over: bool,
    },
    /// No endpoint takes part.
    NoEndpoint,
    /// The evidence was saved.
    EvidenceSaved,
    /// Being watched.
    Watching,
    /// Nothing was changed on any machine.
    NothingChanged,
    /// An approved command ran.
    Ran {
        /// Its title.
        title: String,
        /// The subject on which it acted.
        subject: Subject,
        /// The result.
        result: RunResult,
    },
    /// A limit of the agent is in force.
    Limited {
        /// The requests that it limits.
        requests: LimitedRequests,
        /// The rate that passes, in requests per second.
        rate: f64,
        /// Time at which it ends at the latest.
        until: Timestamp,
    },
    /// A limit of the agent is no longer in force.
    LimitLifted {
        /// The requests that it limited.
        requests: LimitedRequests,
        /// The reason.
        ending: MeasureEnding,
    },
    /// Further limits that are not told one by one.
    MoreLimits {
        /// The number.
        count: u32,
    },
    /// A command that the thresholds name for it.
    Command {
        /// Its id.
        id: String,
        /// The reason that it is named.
        because: Fact,
    },
    /// Safe mode, which the thresholds name for it.
    SafeMode,
    /// A section of the guide.
    Read {
        /// Its anchor.
        section: String,
        /// The topic.
        topic: Topic,
    },
    /// Nothing is named for it: the evidence is what there is.
    LookAtEvidence,
    /// Nothing is to be done while it stays quiet.
    Wait,
    /// A person has acted: it ends when a person says so.
    ConfirmTheEnd,
    /// At the present rate a limit is reached.
    LimitAhead {
        /// The fact.
        fact: Fact,
        /// In how many seconds.
        seconds: f64,
    },
    /// The meaning by the thresholds.
    Meaning {
        /// The text.
        text: String,
        /// The topic.
        topic: Topic,
    },
    /// The outcome is not known.
    OutcomeUnknown,
    /// Stays open while it goes on, and is watched.
    GoesOn,
    /// Stays open while it goes on, and the limits of the agent end.
    LimitsEnd {
        /// Time at which the last of them ends at the latest.
        until: Timestamp,
    },
    /// Resolves by itself when it stays quiet.
    EndsByItself {
        /// After how long.
        quiet_for: Span,
    },
    /// The reason is not known.
    ReasonUnknown,
    /// The affected customers are not known.
    CustomersUnknown,
    /// Nothing is known of customers beside those that take part.
    OtherCustomersUnknown,
    /// The present state is not known, as nothing is heard.
    NowUnknown {
        /// Of whom.
        subject: Subject,
    },
    /// The usual value of a signal is not known yet.
    UsualUnknown {
        /// Of whom.
        subject: Subject,
        /// The signal.
        signal: Signal,
    },
}

/// The phase of an incident, as far as its summary tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not yet told.
    #[default]
    Untold,
    /// Something is wrong.
    Going,
    /// All is quiet, or a command has run.
    Recovering,
    /// Over.
    Over,
}

/// The basis of a summary, in short: when it differs from the incident, the summary is out of date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Basis {
    /// The phase.
    pub phase: Phase,
    /// Number of breaches that held.
    pub holding: u32,
    /// Number of those that had cleared.
    pub cleared: u32,
    /// Number of times it had been reopened.
    pub reopened: u32,
    /// True if a person had acted on it, so that it ends only when a person says so.
    pub by_person: bool,
    /// Number of approved commands that were running.
    pub running: u32,
    /// Number of those that had run.
    pub ran: u32,
    /// Of how many of these it was known whether they helped.
    pub proved: u32,
    /// Number of limits of the agent that were in force.
    #[serde(skip_serializing_if = "is_zero")]
    pub limited: u32,
    /// The rates that they let pass, summed, in tenths of a request per second.
    #[serde(skip_serializing_if = "is_zero")]
    pub limited_to: u32,
    /// Number of those that had been lifted.
    #[serde(skip_serializing_if = "is_zero")]
    pub lifted: u32,
    /// Number of organizations that were affected.
    #[serde(skip_serializing_if = "is_zero")]
    pub affected: u32,
    /// Number of further ones that were likely affected.
    #[serde(skip_serializing_if = "is_zero")]
    pub likely: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The first part of an incident's page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Summary {
    /// The basis of its composition.
    pub basis: Basis,
    /// The events.
    pub happened: Vec<Sentence>,
    /// Since when.
    pub since: Vec<Sentence>,
    /// The people affected, as far as known.
    pub affected: Vec<Sentence>,
    /// The measures taken.
    pub done: Vec<Sentence>,
    /// The recommendation, with its reason.
    pub recommended: Vec<Sentence>,
    /// The consequences if nobody acts.
    pub otherwise: Vec<Sentence>,
    /// The facts that are not known.
    pub unknown: Vec<Sentence>,
}

impl Summary {
    /// True if it tells of something that has ended: then all of it is told as what was.
    pub fn is_over(&self) -> bool {
        self.basis.phase == Phase::Over
    }

    /// True if it tells of a practice.
    pub fn is_practice(&self) -> bool {
        self.happened.iter().any(|sentence| match sentence {
            Sentence::Holds { fact } | Sentence::Cleared { fact } | Sentence::Lost { fact } => {
                fact.subject.is_practice()
            }
            _ => false,
        })
    }
}
