//! Share links: an incident for people without an account. What such a page says is composed here,
//! from an allow-list: nothing that a person wrote, no name of a person, no host, path, process or
//! number of the machine. Only managers may be told the hosts, where a person allows it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    desk::Refusal,
    incident::{Incident, IncidentNumber},
    journal::{Cursor, Entry, Event, Hash},
    lifecycle::{State, Step},
    people::{Names, ShareId},
    summary::{self, Section, Sentence, Summary, Topic},
    time::{Span, Timestamp},
    words::{Actor, Subject, is_hidden},
};

/// The longest time that a link may be open.
pub const LONGEST: Span = Span::from_mins(90 * 24 * 60);
/// The longest label, in characters.
pub const LONGEST_LABEL: usize = 80;
/// The most lines of a shared timeline: the newest.
const LINES: usize = 100;
/// The longest name of a part of the service that is told, in bytes.
const LONGEST_NAME: usize = 30;

/// For whom a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those who use the product.
    Customer,
    /// Those who answer for it.
    Manager,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Manager];

    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Manager => "manager",
        }
    }

    /// The audience of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Which parts of an incident a link shows. Its state and times are always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Parts {
    /// The summary, in the words for the audience.
    pub summary: bool,
    /// What happened when, in general words.
    pub timeline: bool,
    /// How things stand now.
    pub now: bool,
}

/// What is kept of a token: its SHA-256.
pub fn token_hash(token: &str) -> Hash {
    Hash(Sha256::digest(token.as_bytes()).into())
}

/// A link as a person wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// What the team calls it; the page does not show it.
    pub label: String,
    /// When it ends.
    pub until: Timestamp,
    /// For whom it is.
    pub audience: Audience,
    /// What it shows.
    pub parts: Parts,
    /// Whether it names the hosts; for managers only.
    pub hosts: bool,
}

impl Wanted {
    /// As it is kept, or what is wrong with it.
    pub fn checked(self, now: Timestamp) -> Result<Self, Refusal> {
        let wrong = |field: &str, problem: String| {
            Err(Refusal::Invalid { field: field.to_owned(), problem })
        };
        let label = self.label.trim();
        let length = label.chars().count();
        if label.is_empty() {
            return wrong(
                "label",
                "is empty; say for whom it is, so that it can be found again".to_owned(),
            );
        }
        if length > LONGEST_LABEL {
            return wrong(
                "label",
                format!("at most {LONGEST_LABEL} characters, this has {length}"),
            );
        }
        if label.chars().any(|c| c.is_control() || is_hidden(c)) {
            return wrong(
                "label",
                "holds a character that is not seen; write plain text".to_owned(),
            );
        }
        if self.until <= now {
            return wrong("until", "is over already; choose a later end".to_owned());
        }
        if self.until > now.plus(LONGEST) {
            return wrong(
                "until",
                format!("a link is open for at most {} days", LONGEST.as_secs() / 86_400),
            );
        }
        if !(self.parts.summary || self.parts.timeline || self.parts.now) {
            return wrong("parts", "choose at least one part to show".to_owned());
        }
        if self.hosts && self.audience != Audience::Manager {
            return wrong("hosts", "customers are never told the names of hosts; leave it out, or make the link for managers".to_owned());
        }
        Ok(Self { label: label.to_owned(), ..self })
    }
}

/// A link as it is kept. Its token is kept nowhere, only the token's hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Share {
    /// Which.
    pub id: ShareId,
    /// What it shows.
    pub incident: IncidentNumber,
    /// What the team calls it.
    pub label: String,
    /// For whom it is.
    pub audience: Audience,
    /// Which parts it shows.
    pub parts: Parts,
    /// Whether it names the hosts.
    pub hosts: bool,
    /// Who made it.
    pub made_by: Actor,
    /// When.
    pub made_at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// When a person ended it early.
    pub revoked_at: Option<Timestamp>,
    /// When it was looked at last.
    pub last_used_at: Option<Timestamp>,
    /// How often it was opened.
    pub views: u64,
}

impl Share {
    /// Whether it still opens.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.until
    }
}

/// The links of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Shares {
    /// The journal position at which they were read.
    pub cursor: Cursor,
    /// When that was.
    pub at: Timestamp,
    /// The links, newest first.
    pub shares: Vec<Share>,
    /// How those who made them are called.
    #[serde(default)]
    pub names: Names,
}

/// What a link shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedPage {
    /// For whom it is.
    pub audience: Audience,
    /// The first sentence.
    pub title: String,
    /// Where it stands, in general words.
    pub state: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When the page was read.
    pub at: Timestamp,
    /// When the link ends.
    pub until: Timestamp,
    /// How things stand now, if that is shared: sentences.
    pub now: Vec<String>,
    /// The summary, if it is shared.
    pub sections: Vec<Section>,
    /// What happened when, oldest first, if it is shared.
    pub timeline: Vec<(Timestamp, String)>,
    /// The hosts that take part, if they may be told.
    pub hosts: Vec<String>,
}

/// Composes the page of a link. `known_hosts` are names that must not be told, beside those of the
/// incident itself.
pub fn compose(
    incident: &Incident,
    entries: &[Entry],
    share: &Share,
    known_hosts: &[String],
    now: Timestamp,
) -> SharedPage {
    let audience = share.audience;
    let hosts = share.hosts && audience == Audience::Manager;
    let reader = match audience {
        Audience::Customer => summary::Reader::Customer,
        Audience::Manager => summary::Reader::Manager,
    };
    let sections = guarded(incident, audience, known_hosts).render(reader);
    // Without the summary its first sentence is not told either, not even in a preview.
    let title = sections
        .first()
        .filter(|_| share.parts.summary)
        .and_then(|first| first.sentences.first())
        .cloned();
    let general = if incident.is_active() {
        "Something is being looked at"
    } else {
        "Something was looked at, and is over"
    };
    SharedPage {
        audience,
        title: title.unwrap_or_else(|| general.to_owned()),
        state: state(incident.state, audience).to_owned(),
        began_at: incident.began_at,
        ended_at: incident.resolution.as_ref().map(|end| end.at),
        at: now,
        until: share.until,
        now: if share.parts.now { standing(incident, audience) } else { Vec::new() },
        sections: if share.parts.summary { sections } else { Vec::new() },
        timeline: if share.parts.timeline { timeline(entries, audience) } else { Vec::new() },
        hosts: if hosts { names_of_hosts(incident) } else { Vec::new() },
    }
}

fn names_of_hosts(incident: &Incident) -> Vec<String> {
    let mut hosts: Vec<String> = incident
        .subjects()
        .into_iter()
        .filter_map(|subject| subject.host().map(str::to_owned))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

const fn state(state: State, audience: Audience) -> &'static str {
    match (state, audience) {
        (State::Detected | State::Stabilizing | State::AwaitingDecision, Audience::Customer) => {
            "We are working on it"
        }
        (State::Recovering, Audience::Customer) => "It is getting better",
        (State::Detected, Audience::Manager) => "Noticed; the team is looking at it",
        (State::Stabilizing, Audience::Manager) => "A safe measure is in force",
        (State::AwaitingDecision, Audience::Manager) => "The team decides about the next step",
        (State::Recovering, Audience::Manager) => "Recovering; it is being watched",
        (State::Resolved, _) => "It is over",
    }
}

/// How things stand now, in general words.
fn standing(incident: &Incident, audience: Audience) -> Vec<String> {
    let over = incident.state == State::Resolved;
    let all = incident.breaches.len();
    let lost = incident.breaches.iter().filter(|known| known.is_lost()).count();
    let holding = incident.breaches.iter().filter(|known| known.cleared_at.is_none()).count();
    let mut sentences = Vec::new();
    match audience {
        Audience::Customer => sentences.push(
            match (over, holding, lost) {
                (true, 0, 0) => "Everything that had trouble works as it should.",
                (true, _, _) => "We no longer follow this.",
                (false, 0, 0) => "All looks well again. We are making sure that it stays so.",
                (false, 0, _) => "What we still watch looks well.",
                (false, _, _) => "It is not over yet. This page shows when it is.",
            }
            .to_owned(),
        ),
        Audience::Manager => {
            let things = |count: usize| {
                if count == 1 { "1 thing".to_owned() } else { format!("{count} things") }
            };
            let (had, is) = if over { ("had", ["was", "were"]) } else { ("has", ["is", "are"]) };
            let be = |count: usize| if count == 1 { is[0] } else { is[1] };
            match holding {
                0 if lost == 0 && all == 1 => {
                    sentences.push("What was in trouble has recovered.".to_owned());
                }
                0 if lost == 0 => sentences.push(format!(
                    "Everything that was in trouble ({}) has recovered.",
                    things(all)
                )),
                0 => {}
                1 if all == 1 && !over => sentences.push("The trouble goes on.".to_owned()),
                1 => sentences.push(format!(
                    "1 of {} still {had} trouble{}.",
                    things(all),
                    if over { " when it was ended" } else { "" }
                )),
                _ => {
                    let (have, end) =
                        if over { ("had", " when it was ended") } else { ("have", "") };
                    sentences
                        .push(format!("{holding} of {} still {have} trouble{end}.", things(all)));
                }
            }
            if lost > 0 {
                sentences.push(format!(
                    "{} {} no longer watched; whether it recovered is not known.",
                    things(lost),
                    be(lost)
                ));
            }
            if !over {
                let held = if incident.acknowledged.is_some() {
                    "A colleague has taken it on."
                } else {
                    "Nobody has taken it on yet."
                };
                sentences.push(held.to_owned());
            }
        }
    }
    sentences
}

/// What happened when. What only the team needs is left out; what says the same as the line before
/// it is told once.
fn timeline(entries: &[Entry], audience: Audience) -> Vec<(Timestamp, String)> {
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    for entry in entries {
        let Some(sentence) = entry.event.as_ref().and_then(|event| happened(event, audience))
        else {
            continue;
        };
        if lines.last().is_none_or(|(_, last)| last != sentence) {
            lines.push((entry.at, sentence.to_owned()));
        }
    }
    let surplus = lines.len().saturating_sub(LINES);
    lines.split_off(surplus)
}

/// An event in general words. Every event is named here: a new one is not shared before someone has
/// thought about it.
fn happened(event: &Event, audience: Audience) -> Option<&'static str> {
    let managers = |sentence: &'static str| (audience == Audience::Manager).then_some(sentence);
    match event {
        Event::IncidentOpened { .. } => Some("The trouble was noticed."),
        Event::BreachJoined { .. } => Some("More took part in it."),
        Event::Acknowledged { .. } => Some("Someone took it on."),
        Event::Moved { step: Step::Stabilize, .. } => Some("A safe measure took effect."),
        Event::Moved { step: Step::Quiet, .. } => Some("All looked well again, and was watched."),
        Event::Moved { step: Step::BreachReturned, .. } => Some("It came back."),
        Event::Recommended { .. } => managers("A repair was recommended."),
        Event::RecommendationDeclined { .. } => {
            managers("The team decided against a recommended repair.")
        }
        Event::Approved { .. } => managers("A colleague approved a repair."),
        Event::RunStarted { .. } => Some("A repair began."),
        Event::RunEnded { .. } => Some("The repair ended."),
        Event::RunProved { counts: false, .. } => {
            Some("Whether the repair did anything is not known.")
        }
        Event::RunProved { worked: true, .. } => Some("The repair worked."),
        Event::RunProved { worked: false, .. } => Some("The repair did not help."),
        Event::Resolved { .. } => Some("It was over."),
        Event::Reopened { .. } => Some("It was opened again."),
        Event::Moved {
            step:
                Step::AskForDecision
                | Step::CommandRan
                | Step::StayedQuiet
                | Step::PersonResolved
                | Step::Reopen,
            ..
        }
        | Event::BreachChanged { .. }
        | Event::BreachCleared { .. }
        | Event::SummaryWritten { .. }
        | Event::SnapshotSaved { .. }
        | Event::Commented { .. }
        | Event::ResolutionOffered { .. }
        | Event::RecommendationWithdrawn { .. }
        | Event::RunCancelled { .. }
        | Event::Called { .. }
        | Event::CallFailed { .. }
        | Event::ShareCreated { .. }
        | Event::ShareRevoked { .. }
        | Event::Started { .. }
        | Event::Stopped
        | Event::ClockJumped { .. }
        | Event::Blind { .. }
        | Event::DocumentInForce { .. }
        | Event::DocumentRefused { .. }
        | Event::SubjectRetired { .. }
        | Event::Restored { .. }
        | Event::Redacted { .. }
        | Event::OwnerLinkMade
        | Event::AccountCreated { .. }
        | Event::RoleChanged { .. }
        | Event::AccountClosed { .. }
        | Event::SignedIn { .. }
        | Event::SignedOut { .. }
        | Event::PasswordSet { .. }
        | Event::PasskeyAdded { .. }
        | Event::PasskeyRemoved { .. }
        | Event::Invited { .. }
        | Event::InvitationWithdrawn { .. }
        | Event::TokenCreated { .. }
        | Event::TokenRevoked { .. }
        | Event::ContactSet { .. }
        | Event::ContactRemoved { .. } => None,
    }
}

/// Whether an endpoint's name is a plain word that tells nothing about the inside: no digit, dot or
/// slash, and not the name of a host.
fn is_plain(subject: &Subject, hosts: &[String]) -> bool {
    let name = subject.name();
    subject.kind() == "endpoint"
        && subject.host().is_none()
        && name.len() <= LONGEST_NAME
        && name.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-')
        && !hosts.iter().any(|host| name.eq_ignore_ascii_case(host))
}

/// The summary with every name that may tell about the inside replaced. It is made before the
/// sentences are, so that no sentence can bring a name back; every sentence is named here, so that
/// a new one is thought about.
fn guarded(incident: &Incident, audience: Audience, known_hosts: &[String]) -> Summary {
    let mut hosts = names_of_hosts(incident);
    hosts.extend_from_slice(known_hosts);
    let general = |subject: &Subject, topic: Topic| {
        if is_plain(subject, &hosts) {
            return subject.clone();
        }
        let name = match topic {
            // The customers' words know a general name of their own for what is not a plain word.
            _ if audience == Audience::Customer => "part 1",
            // As it stands in the managers' sentences: "The service concerned answers slowly."
            Topic::EndpointDown | Topic::EndpointSlow => "concerned",
            Topic::Certificate
            | Topic::App
            | Topic::Disk
            | Topic::Memory
            | Topic::Processor
            | Topic::Database
            | Topic::Queue
            | Topic::Silent
            | Topic::Other => "a part of the service",
        };
        // The kind decides about a topic.
        Subject::build(subject.kind(), name, None)
    };
    let fact = |fact: &summary::Fact| {
        let subject =
            general(&fact.subject, Topic::of(&fact.subject, &fact.signal, &fact.crossing));
        summary::Fact { subject, ..fact.clone() }
    };
    let sentence = |sentence: &Sentence| match sentence {
        Sentence::Holds { fact: one } => Sentence::Holds { fact: fact(one) },
        Sentence::Cleared { fact: one } => Sentence::Cleared { fact: fact(one) },
        Sentence::Lost { fact: one } => Sentence::Lost { fact: fact(one) },
        Sentence::LimitAhead { fact: one, seconds } => {
            Sentence::LimitAhead { fact: fact(one), seconds: *seconds }
        }
        Sentence::Command { id: _, because } => {
            Sentence::Command { id: String::new(), because: fact(because) }
        }
        Sentence::Read { section: _, topic } => {
            Sentence::Read { section: String::new(), topic: *topic }
        }
        Sentence::Meaning { text: _, topic } => {
            Sentence::Meaning { text: String::new(), topic: *topic }
        }
        Sentence::Parts { subjects: _, more } => {
            Sentence::Parts { subjects: Vec::new(), more: *more }
        }
        Sentence::EndpointsReached { endpoints, over } => {
            let mut plain: Vec<Subject> =
                endpoints.iter().filter(|one| is_plain(one, &hosts)).cloned().collect();
            if plain.is_empty() && audience == Audience::Manager {
                plain.push(Subject::build("endpoint", "a part of the service", None));
            }
            Sentence::EndpointsReached { endpoints: plain, over: *over }
        }
        Sentence::NowUnknown { subject } => {
            Sentence::NowUnknown { subject: general(subject, Topic::Other) }
        }
        Sentence::UsualUnknown { subject, signal } => Sentence::UsualUnknown {
            subject: general(subject, Topic::Other),
            signal: signal.clone(),
        },
        // A title may name what is inside: the document's words are the team's own.
        Sentence::Ran { title: _, subject, result } => Sentence::Ran {
            title: String::new(),
            subject: general(subject, Topic::Other),
            result: *result,
        },
        Sentence::Flood { .. }
        | Sentence::More { .. }
        | Sentence::Quiet { .. }
        | Sentence::Over { .. }
        | Sentence::CameBack { .. }
        | Sentence::Began { .. }
        | Sentence::Lasted { .. }
        | Sentence::NoEndpoint
        | Sentence::EvidenceSaved
        | Sentence::Watching
        | Sentence::NothingChanged
        | Sentence::LookAtEvidence
        | Sentence::Wait
        | Sentence::ConfirmTheEnd
        | Sentence::OutcomeUnknown
        | Sentence::GoesOn
        | Sentence::EndsByItself { .. }
        | Sentence::ReasonUnknown
        | Sentence::CustomersUnknown => sentence.clone(),
    };
    let Summary { basis, happened, since, affected, done, recommended, otherwise, unknown } =
        &incident.summary;
    let part = |sentences: &[Sentence]| sentences.iter().map(sentence).collect();
    Summary {
        basis: *basis,
        happened: part(happened),
        since: part(since),
        affected: part(affected),
        done: part(done),
        recommended: part(recommended),
        otherwise: part(otherwise),
        unknown: part(unknown),
    }
}

#[cfg(test)]
mod tests;
