//! Share links: an incident for people without an account. What such a page says is composed here,
//! from an allow-list: nothing that a person wrote, no name of a person, no host, path, process or
//! number of the machine. Only managers may be told the hosts, where a person allows it.

#[cfg(test)]
mod tests;

use commands::sharing::{Audience, Share, SharedPage};
use domain::{
    change::ReportedChange,
    incident::Incident,
    journal::{Entry, Event, EventGroup, IncidentEvent, RecommendationEvent},
    lifecycle::{State, Step},
    subject::Subject,
    summary::{Fact, Sentence, Summary, Topic},
    time::Timestamp,
};

use crate::summary;

/// The most lines of a shared timeline: the newest.
const LINES: usize = 100;

/// The longest name of a part of the service that is told, in bytes.
const LONGEST_NAME: usize = 30;

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
    let sections = summary::render(&anonymize(incident, audience, known_hosts), reader);
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

/// Tells an event in general words. Every group names its events: a new one is not shared before
/// someone has thought about it.
fn happened(event: &Event, audience: Audience) -> Option<&'static str> {
    match event.group() {
        EventGroup::Incident(event) => incident_happened(event),
        EventGroup::Recommendation(event) => recommendation_happened(event, audience),
        EventGroup::Notification(_)
        | EventGroup::Share(_)
        | EventGroup::Journal(_)
        | EventGroup::Document(_)
        | EventGroup::System(_)
        | EventGroup::Change(_)
        | EventGroup::Maintenance(_)
        | EventGroup::Account(_) => None,
    }
}

const fn incident_happened(event: IncidentEvent<'_>) -> Option<&'static str> {
    match event {
        IncidentEvent::IncidentOpened { .. } => Some("The trouble was noticed."),
        IncidentEvent::BreachJoined { .. } => Some("More took part in it."),
        IncidentEvent::Acknowledged { .. } => Some("Someone took it on."),
        IncidentEvent::Moved { step, .. } => match step {
            Step::Stabilize => Some("A safe measure took effect."),
            Step::Quiet => Some("All looked well again, and was watched."),
            Step::BreachReturned => Some("It came back."),
            Step::AskForDecision
            | Step::CommandRan
            | Step::StayedQuiet
            | Step::PersonResolved
            | Step::Reopen => None,
        },
        IncidentEvent::Resolved { .. } => Some("It was over."),
        IncidentEvent::Reopened { .. } => Some("It was opened again."),
        IncidentEvent::BreachChanged { .. }
        | IncidentEvent::BreachCleared { .. }
        | IncidentEvent::SummaryWritten { .. }
        | IncidentEvent::SnapshotSaved { .. }
        | IncidentEvent::Commented { .. }
        | IncidentEvent::ResolutionOffered { .. } => None,
    }
}

fn recommendation_happened(
    event: RecommendationEvent<'_>,
    audience: Audience,
) -> Option<&'static str> {
    let managers = |sentence: &'static str| (audience == Audience::Manager).then_some(sentence);
    match event {
        RecommendationEvent::Recommended { .. } => managers("A repair was recommended."),
        RecommendationEvent::RecommendationDeclined { .. } => {
            managers("The team decided against a recommended repair.")
        }
        RecommendationEvent::Approved { .. } => managers("A colleague approved a repair."),
        RecommendationEvent::RunStarted { .. } => Some("A repair began."),
        RecommendationEvent::RunEnded { .. } => Some("The repair ended."),
        RecommendationEvent::RunProved { counts: false, .. } => {
            Some("Whether the repair did anything is not known.")
        }
        RecommendationEvent::RunProved { worked: true, .. } => Some("The repair worked."),
        RecommendationEvent::RunProved { worked: false, .. } => Some("The repair did not help."),
        RecommendationEvent::RecommendationWithdrawn { .. }
        | RecommendationEvent::RunCancelled { .. } => None,
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
fn anonymize(incident: &Incident, audience: Audience, known_hosts: &[String]) -> Summary {
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
    let fact = |fact: &Fact| {
        let subject =
            general(&fact.subject, Topic::of(&fact.subject, &fact.signal, &fact.crossing));
        Fact { subject, reason: None, ..fact.clone() }
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
        // What was changed, and to which version, is the team's own.
        Sentence::AfterChange { change, began_at } => Sentence::AfterChange {
            change: ReportedChange {
                what: String::new(),
                version: None,
                subjects: Vec::new(),
                ..change.clone()
            },
            began_at: *began_at,
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
