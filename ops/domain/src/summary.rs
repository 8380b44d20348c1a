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

/// What is known of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// It is under way.
    Running,
    /// It is over, and it is watched whether it helped.
    Awaited,
    /// The signal recovered in time.
    Worked,
    /// It ran well, and the signal recovered, as it had begun to before.
    Recovered,
    /// It ran well, and the signal did not recover in time.
    DidNotHelp,
    /// It did not end well.
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
        /// How many signals took part.
        signals: u32,
        /// None of them is beyond its level any more.
        #[serde(default)]
        over: bool,
    },
    /// A breach that holds.
    Holds {
        /// What it is.
        fact: Fact,
    },
    /// A breach that has cleared.
    Cleared {
        /// What it was.
        fact: Fact,
    },
    /// A breach that is no longer watched: nobody saw it recover.
    Lost {
        /// What it was.
        fact: Fact,
    },
    /// Further breaches that are not told one by one.
    More {
        /// How many of them hold.
        holding: u32,
        /// How many have recovered.
        cleared: u32,
        /// How many are no longer watched.
        #[serde(default)]
        lost: u32,
    },
    /// All is quiet.
    Quiet {
        /// Since when.
        since: Timestamp,
        /// How many breaches are no longer watched.
        #[serde(default)]
        lost: u32,
    },
    /// It is over.
    Over {
        /// When.
        at: Timestamp,
        /// A person resolved it.
        by_person: bool,
        /// How many breaches still held then.
        holding: u32,
        /// How many were no longer watched.
        #[serde(default)]
        lost: u32,
    },
    /// It came back.
    CameBack {
        /// How often.
        times: u32,
    },
    /// When it began, and how long it took to be noticed.
    Began {
        /// When the first value went beyond its level.
        at: Timestamp,
        /// How much later the incident was opened.
        noticed_after: Span,
    },
    /// A change that was reported for about when it began.
    AfterChange {
        /// The change, without its subjects.
        change: ReportedChange,
        /// When it began.
        began_at: Timestamp,
    },
    /// How long it lasted.
    Lasted {
        /// From the first value beyond its level to the last recovery.
        span: Span,
    },
    /// What takes part.
    Parts {
        /// Which subjects, the cause first.
        subjects: Vec<Subject>,
        /// How many more.
        more: u32,
    },
    /// Endpoints that people use are among what takes part.
    EndpointsReached {
        /// Which.
        endpoints: Vec<Subject>,
        /// None of their breaches holds any more.
        #[serde(default)]
        over: bool,
    },
    /// Organizations that are affected, as counted at the gate.
    OrganizationsAffected {
        /// How many for which an effect was counted.
        known: u32,
        /// How many more that are likely affected.
        likely: u32,
        /// They are seen to be affected no longer.
        #[serde(default)]
        over: bool,
    },
    /// No endpoint takes part.
    NoEndpoint,
    /// The evidence was saved.
    EvidenceSaved,
    /// It is being watched.
    Watching,
    /// Nothing was changed on any machine.
    NothingChanged,
    /// An approved command ran.
    Ran {
        /// What it is called.
        title: String,
        /// What it acted upon.
        subject: Subject,
        /// What came of it.
        result: RunResult,
    },
    /// A limit of the agent is in force.
    Limited {
        /// The requests that it limits.
        requests: LimitedRequests,
        /// The rate that passes, in requests per second.
        rate: f64,
        /// When it ends at the latest.
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
        /// How many.
        count: u32,
    },
    /// A command that the thresholds name for it.
    Command {
        /// Its id.
        id: String,
        /// Why it is named.
        because: Fact,
    },
    /// Safe mode, which the thresholds name for it.
    SafeMode,
    /// A section of the guide.
    Read {
        /// Its anchor.
        section: String,
        /// What it is about.
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
        /// What it is about.
        fact: Fact,
        /// In how many seconds.
        seconds: f64,
    },
    /// What the thresholds say that it means.
    Meaning {
        /// The text.
        text: String,
        /// What it is about.
        topic: Topic,
    },
    /// What will follow is not known.
    OutcomeUnknown,
    /// It stays open while it goes on, and is watched.
    GoesOn,
    /// It stays open while it goes on, and the limits of the agent end.
    LimitsEnd {
        /// When the last of them ends at the latest.
        until: Timestamp,
    },
    /// It resolves by itself when it stays quiet.
    EndsByItself {
        /// After how long.
        quiet_for: Span,
    },
    /// The reason is not known.
    ReasonUnknown,
    /// Which customers are affected is not known.
    CustomersUnknown,
    /// Nothing is known of customers beside those that take part.
    OtherCustomersUnknown,
    /// How something is doing now is not known, as nothing is heard.
    NowUnknown {
        /// Of whom.
        subject: Subject,
    },
    /// What is usual for a signal is not known yet.
    UsualUnknown {
        /// Of whom.
        subject: Subject,
        /// Which signal.
        signal: Signal,
    },
}

/// How far an incident is, as far as its summary tells.
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

/// What a summary was composed from, in short: when it differs from the incident, the summary is
/// out of date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Basis {
    /// How far it was.
    pub phase: Phase,
    /// How many breaches held.
    pub holding: u32,
    /// How many had cleared.
    pub cleared: u32,
    /// How often it had been reopened.
    pub reopened: u32,
    /// Whether a person had acted on it, so that it ends only when a person says so.
    pub by_person: bool,
    /// How many approved commands ran just then.
    pub running: u32,
    /// How many had run.
    pub ran: u32,
    /// Of how many of these it was known whether they helped.
    pub proved: u32,
    /// How many limits of the agent were in force.
    #[serde(skip_serializing_if = "is_zero")]
    pub limited: u32,
    /// The rates that they let pass, summed, in tenths of a request per second.
    #[serde(skip_serializing_if = "is_zero")]
    pub limited_to: u32,
    /// How many had been lifted.
    #[serde(skip_serializing_if = "is_zero")]
    pub lifted: u32,
    /// How many organizations were affected.
    #[serde(skip_serializing_if = "is_zero")]
    pub affected: u32,
    /// How many more were likely affected.
    #[serde(skip_serializing_if = "is_zero")]
    pub likely: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What an incident's page says first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Summary {
    /// What it was composed from.
    pub basis: Basis,
    /// What happened.
    pub happened: Vec<Sentence>,
    /// Since when.
    pub since: Vec<Sentence>,
    /// Who is affected, as far as known.
    pub affected: Vec<Sentence>,
    /// What was done.
    pub done: Vec<Sentence>,
    /// What is recommended, with its reason.
    pub recommended: Vec<Sentence>,
    /// What happens if nobody acts.
    pub otherwise: Vec<Sentence>,
    /// What is not known.
    pub unknown: Vec<Sentence>,
}

impl Summary {
    /// Whether it tells of something that has ended: then all of it is told as what was.
    pub fn is_over(&self) -> bool {
        self.basis.phase == Phase::Over
    }

    /// Whether it tells of a practice.
    pub fn is_practice(&self) -> bool {
        self.happened.iter().any(|sentence| match sentence {
            Sentence::Holds { fact } | Sentence::Cleared { fact } | Sentence::Lost { fact } => {
                fact.subject.is_practice()
            }
            _ => false,
        })
    }
}
