//! The decision summary: typed sentences, composed by rules from the evidence and rendered for each
//! reader.
//!
//! What is stored are facts, never prose: a reader who must not see a host's name gets a sentence
//! that was made without it.

use serde::{Deserialize, Serialize};

use crate::{
    breach::{Breach, Ending, Guidance},
    incident::{Incident, IncidentBreach},
    lifecycle::State,
    say,
    time::{Span, Timestamp},
    words::{Signal, Subject},
};

mod customer;
mod fact;
mod manager;
mod outlived;
mod runs;
mod team;
#[cfg(test)]
mod tests;

use fact::eases;
pub use fact::{Fact, Topic};
pub use runs::RunResult;

/// The most facts that are told one by one.
const MOST_FACTS: usize = 5;
/// The most facts of which it is told what is not known.
const MOST_UNKNOWN: usize = 2;
/// The most subjects that are named.
const MOST_SUBJECTS: usize = 6;
/// The most commands that are named.
const MOST_COMMANDS: usize = 3;
/// The longest text from a document, in characters.
const LONGEST_TEXT: usize = 300;
/// The longest command id or section anchor, in characters.
const LONGEST_ID: usize = 80;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// Those who repair: everything, with names and numbers.
    Team,
    /// Those who use the product: no hosts, paths, process names or inner numbers.
    Customer,
    /// Those who answer for it: plain words.
    Manager,
}

impl Reader {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Team, Self::Customer, Self::Manager];
}

/// One reader's sentence for a fact, or none where it is nothing for that reader; in the past tense
/// once it is `over`.
type Say = fn(&Sentence, over: bool) -> Option<String>;

/// A part of the rendered summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its sentences, in order.
    pub sentences: Vec<String>,
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
    /// A command that the thresholds name for it.
    Command {
        /// Its id.
        id: String,
        /// Why it is named.
        because: Fact,
    },
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
    /// It resolves by itself when it stays quiet.
    EndsByItself {
        /// After how long.
        quiet_for: Span,
    },
    /// The reason is not known.
    ReasonUnknown,
    /// Which customers are affected is not known.
    CustomersUnknown,
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
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Basis {
    /// Of an incident as it stands.
    pub fn of(incident: &Incident) -> Self {
        let (running, ran, proved) = runs::counts(incident);
        let mut holding = 0;
        let mut waits = true;
        for IncidentBreach { breach, .. } in
            incident.breaches.iter().filter(|known| known.cleared_at.is_none())
        {
            holding += 1;
            waits &= eases(breach.easing, breach.unsteady, breach.unheard);
        }
        Self {
            phase: match incident.state {
                State::Detected | State::Stabilizing | State::AwaitingDecision => Phase::Going,
                State::Recovering => Phase::Recovering,
                State::Resolved => Phase::Over,
            },
            holding: count(holding),
            cleared: count(incident.breaches.len() - holding),
            reopened: incident.reopened,
            // It is only told where nothing is left but to wait.
            by_person: incident.touched_by_person && waits && incident.is_active(),
            running,
            ran,
            proved,
        }
    }
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
    /// Composes the summary of an incident as it stands; the one it carries is not looked at.
    pub fn compose(incident: &Incident, quiet_for: Span) -> Self {
        let basis = Basis::of(incident);
        let mut told: Vec<&IncidentBreach> = incident.breaches.iter().collect();
        // Stable, so that what is equal stays in the order of joining.
        told.sort_by_key(|known| {
            let breach = &known.breach;
            (
                known.cleared_at.is_some(),
                std::cmp::Reverse(breach.severity),
                breach.key.subject != incident.cause,
            )
        });
        let holding: Vec<Fact> = told
            .iter()
            .filter(|known| known.cleared_at.is_none())
            .map(|known| Fact::of(&known.breach))
            .collect();
        let mut summary = Self {
            basis,
            happened: happened(incident, &told, basis),
            since: vec![Sentence::Began {
                at: incident.began_at,
                noticed_after: incident.opened_at.since(incident.began_at),
            }],
            affected: affected(incident),
            // The evidence is saved in the same transaction that records the incident.
            done: vec![Sentence::EvidenceSaved],
            ..Self::default()
        };
        if let Some(end) = &incident.resolution {
            let recovered = incident.breaches.iter().map(|known| match known.ending {
                Some(Ending::Recovered { since }) => Some(since.min(end.at)),
                Some(Ending::NoLongerWatched) | None => None,
            });
            // What was waiting for proof is no trouble any more; and where nobody saw the end, it
            // is not known how long it lasted.
            if let Some(last) =
                recovered.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max())
            {
                summary.since.push(Sentence::Lasted { span: last.since(incident.began_at) });
            }
        }
        if basis.phase != Phase::Over {
            summary.done.push(Sentence::Watching);
        }
        summary.done.extend(runs::told(incident));
        match basis.phase {
            Phase::Over => {}
            _ if holding.iter().all(Fact::is_easing) => {
                let end = if basis.by_person { Sentence::ConfirmTheEnd } else { Sentence::Wait };
                summary.recommended.push(end);
                if !basis.by_person {
                    summary.otherwise.push(Sentence::EndsByItself { quiet_for });
                }
            }
            Phase::Untold | Phase::Going | Phase::Recovering => {
                summary.recommended = recommended(&told);
                summary.otherwise = otherwise(&told);
            }
        }
        summary.unknown = unknown(&holding, &told, summary.is_over());
        summary
    }

    /// Whether it tells of something that has ended: then all of it is told as what was.
    fn is_over(&self) -> bool {
        self.basis.phase == Phase::Over
    }

    /// The first sentence, for lists and titles.
    pub fn headline(&self) -> String {
        let first = self.happened.first().and_then(|first| team::sentence(first, self.is_over()));
        first.unwrap_or_else(|| "Nothing is told about this incident yet.".to_owned())
    }

    /// All of it in one reader's words. Parts without a sentence for this reader are left out.
    pub fn render(&self, reader: Reader) -> Vec<Section> {
        let over = self.is_over();
        let (headings, sentence): (_, Say) = match reader {
            Reader::Team => (team::headings(over), team::sentence),
            Reader::Customer => (customer::headings(over), customer::sentence),
            Reader::Manager => (manager::headings(over), manager::sentence),
        };
        let parts = [
            &self.happened,
            &self.since,
            &self.affected,
            &self.done,
            &self.recommended,
            &self.otherwise,
            &self.unknown,
        ];
        let mut sections: Vec<Section> = Vec::new();
        for (heading, part) in headings.into_iter().zip(parts) {
            let mut sentences: Vec<String> = Vec::new();
            for text in part.iter().filter_map(|one| sentence(one, over)) {
                // Facts that differ only in what this reader does not see are told once.
                if !sentences.contains(&text) {
                    sentences.push(text);
                }
            }
            if !sentences.is_empty() {
                sections.push(Section { heading: heading.to_owned(), sentences });
            }
        }
        sections
    }
}

fn happened(incident: &Incident, told: &[&IncidentBreach], basis: Basis) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    if incident.flood {
        sentences.push(Sentence::Flood {
            signals: count(told.len()),
            over: basis.holding == 0 || !incident.is_active(),
        });
    }
    sentences.extend(told.iter().take(MOST_FACTS).map(|known| {
        let fact = Fact::of(&known.breach);
        match known.cleared_at {
            None => Sentence::Holds { fact },
            Some(_) if known.is_lost() => Sentence::Lost { fact },
            Some(_) => Sentence::Cleared { fact },
        }
    }));
    if told.len() > MOST_FACTS {
        let rest = &told[MOST_FACTS..];
        let holding = rest.iter().filter(|known| known.cleared_at.is_none()).count();
        let lost = rest.iter().filter(|known| known.is_lost()).count();
        sentences.push(Sentence::More {
            holding: count(holding),
            cleared: count(rest.len() - holding - lost),
            lost: count(lost),
        });
    }
    if basis.reopened > 0 {
        sentences.push(Sentence::CameBack { times: basis.reopened });
    }
    let lost = count(told.iter().filter(|known| known.is_lost()).count());
    if let Some(end) = &incident.resolution {
        sentences.push(Sentence::Over {
            at: end.at,
            by_person: end.by.is_person(),
            holding: basis.holding,
            lost,
        });
    } else if let Some(since) = incident.quiet_since {
        sentences.push(Sentence::Quiet { since, lost });
    }
    sentences
}

fn affected(incident: &Incident) -> Vec<Sentence> {
    let subjects = incident.subjects();
    // A certificate that runs out some day hurts nobody yet.
    let hurts = |one: &Subject| {
        let own = incident.breaches.iter().filter(|known| known.breach.key.subject == *one);
        let mut topics =
            own.map(|known| Topic::of(one, &known.breach.key.signal, &known.breach.crossing));
        topics.any(|topic| topic != Topic::Certificate)
    };
    let known: Vec<&Subject> =
        subjects.iter().copied().filter(|one| one.kind() == "endpoint").collect();
    let endpoints: Vec<Subject> =
        known.iter().filter(|one| hurts(one)).take(MOST_SUBJECTS).map(|&one| one.clone()).collect();
    let more = count(subjects.len().saturating_sub(MOST_SUBJECTS));
    let parts = Sentence::Parts {
        subjects: subjects.into_iter().take(MOST_SUBJECTS).cloned().collect(),
        more,
    };
    if endpoints.is_empty() {
        return if known.is_empty() { vec![parts, Sentence::NoEndpoint] } else { vec![parts] };
    }
    let over = !incident.is_active()
        || !incident.breaches.iter().any(|known| {
            known.cleared_at.is_none() && endpoints.contains(&known.breach.key.subject)
        });
    vec![parts, Sentence::EndpointsReached { endpoints, over }]
}

fn topic_of(breach: &Breach) -> Topic {
    if breach.unheard.is_some() {
        return Topic::Silent;
    }
    Topic::of(&breach.key.subject, &breach.key.signal, &breach.crossing)
}

/// The breaches that are more than a wait for proof.
fn pressing<'a>(told: &'a [&IncidentBreach]) -> impl Iterator<Item = &'a Breach> {
    let holding = told.iter().filter(|known| known.cleared_at.is_none()).map(|known| &known.breach);
    holding.filter(|breach| !Fact::of(breach).is_easing())
}

fn recommended(told: &[&IncidentBreach]) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut named: Vec<(&str, &Subject)> = Vec::new();
    let mut sections: Vec<&str> = Vec::new();
    let mut reading = Vec::new();
    let silence = Guidance::of_silence();
    for breach in pressing(told) {
        let guidance = if breach.unheard.is_some() { &silence } else { &breach.guidance };
        for id in &guidance.commands {
            let pair = (id.as_str(), &breach.key.subject);
            if named.len() < MOST_COMMANDS && !named.contains(&pair) {
                named.push(pair);
                sentences.push(Sentence::Command {
                    id: say::clip(id, LONGEST_ID),
                    because: Fact::of(breach),
                });
            }
        }
        let section = guidance.runbook.as_str();
        if !section.is_empty() && sections.len() < MOST_COMMANDS && !sections.contains(&section) {
            sections.push(section);
            let topic = topic_of(breach);
            reading.push(Sentence::Read { section: say::clip(section, LONGEST_ID), topic });
        }
    }
    sentences.extend(reading);
    if sentences.is_empty() {
        sentences.push(Sentence::LookAtEvidence);
    }
    sentences
}

fn otherwise(told: &[&IncidentBreach]) -> Vec<Sentence> {
    let holding: Vec<&Breach> = pressing(told).collect();
    let mut sentences = Vec::new();
    let facts = holding
        .iter()
        .map(|breach| Fact::of(breach))
        .filter(|fact| !fact.is_silent() && fact.is_beyond());
    let nearest = facts
        .filter_map(|fact| Some((fact.limit_in_seconds?, fact)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((seconds, fact)) = nearest.filter(|(seconds, _)| *seconds <= team::FORESEEABLE) {
        sentences.push(Sentence::LimitAhead { fact, seconds });
    }
    let silence = Guidance::of_silence();
    let mut meanings: Vec<&str> = Vec::new();
    for breach in holding {
        // What the row means may not be so any more where nothing is heard.
        let guidance = if breach.unheard.is_some() { &silence } else { &breach.guidance };
        let text = guidance.meaning.trim();
        if !text.is_empty() && meanings.len() < MOST_COMMANDS && !meanings.contains(&text) {
            meanings.push(text);
            let topic = topic_of(breach);
            sentences.push(Sentence::Meaning { text: say::clip(text, LONGEST_TEXT), topic });
        }
    }
    sentences.push(Sentence::GoesOn);
    sentences
}

fn unknown(holding: &[Fact], told: &[&IncidentBreach], over: bool) -> Vec<Sentence> {
    let mut sentences = vec![Sentence::ReasonUnknown, Sentence::CustomersUnknown];
    for known in told.iter().filter(|known| known.is_lost()).take(MOST_UNKNOWN) {
        let sentence = Sentence::NowUnknown { subject: known.breach.key.subject.clone() };
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    for fact in holding.iter().take(MOST_UNKNOWN) {
        let sentence = if fact.is_silent() || fact.unheard.is_some() {
            Sentence::NowUnknown { subject: fact.subject.clone() }
        } else if fact.usual.is_none() && team::is_measured(fact) && !over {
            Sentence::UsualUnknown { subject: fact.subject.clone(), signal: fact.signal.clone() }
        } else {
            continue;
        };
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// What a breach shows, as the part of a sentence, without its full stop: as the team reads it.
pub fn breach_for_people(breach: &Breach) -> String {
    team::holds(&Fact::of(breach))
}

/// A subject as people say it: `the disk /var on web-1`, `web-1`, `service imports`.
pub fn subject_for_people(subject: &Subject) -> String {
    say::subject(subject)
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `2026-11-22 10:00 UTC`.
fn moment(at: Timestamp) -> String {
    at.to_chrono().format("%Y-%m-%d %H:%M UTC").to_string()
}
