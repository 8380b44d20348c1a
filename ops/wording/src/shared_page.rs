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
    protection::LimitedRequests,
    subject::Subject,
    summary::{Fact, Sentence, Summary},
    time::Timestamp,
};

use crate::{
    practice,
    standing::Standing,
    summary::{self, GENERAL_PART},
};

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
    let general = if incident.is_practice() {
        practice::NOTICE
    } else if incident.is_active() {
        "We are looking into a problem"
    } else {
        "This incident is closed"
    };
    SharedPage {
        audience,
        title: title.filter(|_| !incident.is_practice()).unwrap_or_else(|| general.to_owned()),
        state: state(incident, audience).to_owned(),
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

/// The state in a few words. It says no more than the sentences under it.
fn state(incident: &Incident, audience: Audience) -> &'static str {
    match (Standing::of(incident), audience) {
        (Standing::Resolved, _) => "Resolved",
        (Standing::Closed, _) => "Closed",
        (Standing::Recovered, _) => "Back to normal; we are monitoring it",
        (Standing::Improving, _) => "Improving; we are making sure it stays fixed",
        (Standing::NoData, Audience::Customer) => "We are looking into it",
        (Standing::NoData, Audience::Manager) => "No current data; the team is looking into it",
        (Standing::Ongoing, Audience::Customer) => "We are working on it",
        (Standing::Ongoing, Audience::Manager) => match incident.state {
            State::Detected | State::Resolved => "Detected; the team is looking into it",
            State::Stabilizing => "A temporary measure is in place",
            State::AwaitingDecision => "The team is deciding on the next step",
            State::Recovering => "A fix was applied; we are checking whether it worked",
        },
    }
}

/// The state of now, in general words.
fn standing(incident: &Incident, audience: Audience) -> Vec<String> {
    match audience {
        Audience::Customer => vec![customer_standing(incident).to_owned()],
        Audience::Manager => manager_standing(incident),
    }
}

fn customer_standing(incident: &Incident) -> &'static str {
    let lost = incident.breaches.iter().any(|known| known.is_lost());
    match Standing::of(incident) {
        Standing::Resolved => "Everything that had a problem is working again.",
        Standing::Closed => "We are no longer following this.",
        Standing::Recovered if lost => "Everything that we still monitor is working.",
        Standing::Recovered => "Everything is working again. We are monitoring it.",
        Standing::Improving => "It is improving. We are making sure it stays fixed.",
        Standing::NoData => "We have no current data. This page will show when we know more.",
        Standing::Ongoing => "It is not fixed yet. This page will show when it is.",
    }
}

fn manager_standing(incident: &Incident) -> Vec<String> {
    let standing = Standing::of(incident);
    let all = incident.breaches.len();
    let lost = incident.breaches.iter().filter(|known| known.is_lost()).count();
    let holding: Vec<Fact> = incident.holding().map(Fact::of).collect();
    let improving = holding.iter().filter(|fact| fact.is_easing()).count();
    let silent = holding
        .iter()
        .filter(|fact| !fact.is_easing() && (fact.is_silent() || fact.unheard.is_some()))
        .count();
    let mut sentences = Vec::new();
    let mut say = |count: usize, one: &str, ending: [&str; 2]| {
        if count == 0 {
            return;
        }
        let who = match (all, count) {
            (1, _) => one.to_owned(),
            (all, count) if all == count => format!("All {all} problems"),
            (all, count) => format!("{count} of {all} problems"),
        };
        let ending = if count == 1 { ending[0] } else { ending[1] };
        sentences.push(format!("{who} {ending}."));
    };
    let problem = "The problem";
    if standing.is_over() {
        let open = ["had not recovered when it was closed", "had not recovered when it was closed"];
        say(holding.len(), problem, open);
        say(all - holding.len() - lost, problem, ["recovered", "recovered"]);
    } else {
        say(holding.len() - improving - silent, problem, ["is ongoing", "are ongoing"]);
        say(
            silent,
            problem,
            ["can't be seen: there is no data", "can't be seen: there is no data"],
        );
        say(improving, problem, ["is improving", "are improving"]);
        say(all - holding.len() - lost, problem, ["has recovered", "have recovered"]);
    }
    let no_longer = match (standing.is_over(), lost) {
        (_, 0) => None,
        (true, 1) => Some("1 signal was no longer monitored".to_owned()),
        (true, lost) => Some(format!("{lost} signals were no longer monitored")),
        (false, 1) => Some("1 signal is no longer monitored".to_owned()),
        (false, lost) => Some(format!("{lost} signals are no longer monitored")),
    };
    if let Some(no_longer) = no_longer {
        let they = if lost == 1 { "it" } else { "they" };
        sentences.push(format!("{no_longer}, so it is not known whether {they} recovered."));
    }
    if !standing.is_over() {
        let handled = if incident.acknowledged.is_some() {
            "A colleague is working on it."
        } else {
            "Nobody has started working on it yet."
        };
        sentences.push(handled.to_owned());
    }
    sentences
}

/// The events with their times. What only the team needs is left out; what says the same as the
/// line before it is told once.
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
        // Who is limited is nobody's business, and what a person publishes is theirs to say.
        EventGroup::Protection(_)
        | EventGroup::StatusPage(_)
        | EventGroup::Message(_)
        // What a team learns is its own.
        | EventGroup::Review(_)
        | EventGroup::Report(_)
        | EventGroup::Notification(_)
        | EventGroup::Share(_)
        | EventGroup::Journal(_)
        | EventGroup::Document(_)
        | EventGroup::Threshold(_)
        | EventGroup::System(_)
        | EventGroup::Change(_)
        | EventGroup::Maintenance(_)
        | EventGroup::Practice(_)
        | EventGroup::Account(_) => None,
    }
}

const fn incident_happened(event: IncidentEvent<'_>) -> Option<&'static str> {
    match event {
        IncidentEvent::IncidentOpened { .. } => Some("The problem was detected."),
        IncidentEvent::BreachJoined { .. } => Some("More problems were detected."),
        IncidentEvent::Acknowledged { .. } => Some("Someone started working on it."),
        IncidentEvent::Moved { step, .. } => match step {
            Step::Stabilize => Some("A temporary measure was put in place."),
            Step::Quiet => Some("Everything was back to normal and being monitored."),
            Step::BreachReturned => Some("The problem is not over."),
            Step::AskForDecision
            | Step::CommandRan
            | Step::StayedQuiet
            | Step::PersonResolved
            | Step::Reopen => None,
        },
        IncidentEvent::Resolved { .. } => Some("The incident was resolved."),
        IncidentEvent::Reopened { .. } => Some("The incident was reopened."),
        IncidentEvent::BreachChanged { .. }
        | IncidentEvent::BreachCleared { .. }
        | IncidentEvent::SummaryWritten { .. }
        | IncidentEvent::SnapshotSaved { .. }
        | IncidentEvent::Commented { .. }
        | IncidentEvent::Inspected { .. }
        | IncidentEvent::ImpactChanged { .. }
        | IncidentEvent::ResolutionOffered { .. } => None,
    }
}

fn recommendation_happened(
    event: RecommendationEvent<'_>,
    audience: Audience,
) -> Option<&'static str> {
    let managers = |sentence: &'static str| (audience == Audience::Manager).then_some(sentence);
    match event {
        RecommendationEvent::Recommended { .. } => managers("A fix was recommended."),
        RecommendationEvent::RecommendationDeclined { .. } => {
            managers("The team decided against a recommended fix.")
        }
        RecommendationEvent::Approved { .. } => managers("A colleague approved a fix."),
        RecommendationEvent::RunStarted { .. } => Some("A fix was started."),
        RecommendationEvent::RunEnded { .. } => Some("The fix finished running."),
        RecommendationEvent::RunProved { counts: false, .. } => {
            Some("It is not known whether the fix had an effect.")
        }
        RecommendationEvent::RunProved { worked: true, .. } => Some("The fix worked."),
        RecommendationEvent::RunProved { worked: false, .. } => Some("The fix did not help."),
        RecommendationEvent::RecommendationWithdrawn { .. }
        | RecommendationEvent::RunCancelled { .. } => None,
    }
}

/// True if an endpoint's name is a plain word that tells nothing about the inside: no digit, dot or
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
    let general = |subject: &Subject| {
        if is_plain(subject, &hosts) {
            return subject.clone();
        }
        let name = match audience {
            // The customers' words know a general name of their own for what is not a plain word.
            Audience::Customer => "part 1",
            Audience::Manager => GENERAL_PART,
        };
        // The kind decides about a topic.
        Subject::build(subject.kind(), name, None)
    };
    let fact = |fact: &Fact| {
        let subject = general(&fact.subject);
        Fact { subject, reason: None, ..fact.clone() }
    };
    let someone = || LimitedRequests {
        organization: Subject::build("organization", GENERAL_PART, None),
        class: String::new(),
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
                plain.push(Subject::build("endpoint", GENERAL_PART, None));
            }
            Sentence::EndpointsReached { endpoints: plain, over: *over }
        }
        Sentence::NowUnknown { subject } => Sentence::NowUnknown { subject: general(subject) },
        Sentence::UsualUnknown { subject, signal } => {
            Sentence::UsualUnknown { subject: general(subject), signal: signal.clone() }
        }
        // Who else is limited is nobody's business.
        Sentence::Limited { requests: _, rate, until } => {
            Sentence::Limited { requests: someone(), rate: *rate, until: *until }
        }
        Sentence::LimitLifted { requests: _, ending } => {
            Sentence::LimitLifted { requests: someone(), ending: *ending }
        }
        // A title may name what is inside: the document's words are the team's own.
        Sentence::Ran { title: _, subject, result } => {
            Sentence::Ran { title: String::new(), subject: general(subject), result: *result }
        }
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
        | Sentence::OrganizationsAffected { .. }
        | Sentence::NoEndpoint
        | Sentence::EvidenceSaved
        | Sentence::Watching
        | Sentence::NothingChanged
        | Sentence::LookAtEvidence
        | Sentence::Wait
        | Sentence::ConfirmTheEnd
        | Sentence::OutcomeUnknown
        | Sentence::GoesOn
        | Sentence::LimitsEnd { .. }
        | Sentence::EndsByItself { .. }
        | Sentence::ReasonUnknown
        | Sentence::MoreLimits { .. }
        | Sentence::SafeMode
        | Sentence::OtherCustomersUnknown
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
