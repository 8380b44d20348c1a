//! The customers' words: what they may notice, and nothing about the inside. No host, path, process
//! or number of the machine is named.

use domain::{
    subject::Subject,
    summary::{Fact, Sentence, Topic},
};

use crate::{
    humanize,
    summary::{runs, tense::Tense},
};

pub(super) const fn headings(over: bool) -> [&'static str; 7] {
    if over {
        return [
            "What happened",
            "When",
            "What you may have noticed",
            "What we did",
            "What you can do",
            "What to expect",
            "What we do not know",
        ];
    }
    [
        "What is happening",
        "When it started",
        "What you may notice",
        "What we are doing",
        "What you can do",
        "What to expect",
        "What we do not know yet",
    ]
}

/// An endpoint's name, if it is a plain word: one with digits, dots or slashes could tell about the
/// inside.
pub(crate) fn plain_name(subject: &Subject) -> Option<&str> {
    let name = subject.name();
    let plain = name.len() <= 30
        && subject.host().is_none()
        && name.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-');
    (subject.kind() == "endpoint" && plain).then_some(name)
}

fn part(fact: &Fact) -> String {
    large(plain_name(&fact.subject).unwrap_or("a part of the service"))
}

fn large(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The kinds of problems of which customers are told.
enum Told {
    /// A part that they use is away.
    Down,
    /// A part that they use is slow.
    Slow,
    /// There is no data about a part.
    Silent,
    /// Something that they don't see.
    Inside,
}

const fn told(topic: Topic) -> Told {
    match topic {
        Topic::EndpointDown => Told::Down,
        Topic::EndpointSlow => Told::Slow,
        Topic::Silent => Told::Silent,
        Topic::Certificate
        | Topic::App
        | Topic::Disk
        | Topic::Memory
        | Topic::Processor
        | Topic::Database
        | Topic::Queue
        | Topic::Other => Told::Inside,
    }
}

fn holds(fact: &Fact) -> String {
    match told(fact.topic()) {
        Told::Down | Told::Slow if fact.is_easing() => {
            format!(
                "{} had a problem and is improving. We are making sure it stays fixed.",
                part(fact)
            )
        }
        Told::Silent | Told::Inside if fact.is_easing() => {
            "A problem inside the service is improving. We are making sure it stays fixed."
                .to_owned()
        }
        _ if fact.unheard.is_some() => "We are checking a part of the service.".to_owned(),
        Told::Down => format!("{} is not working properly.", part(fact)),
        Told::Slow => format!("{} is slower than usual.", part(fact)),
        Told::Silent => "We are checking a part of the service.".to_owned(),
        Told::Inside => "We have detected a problem inside the service.".to_owned(),
    }
}

/// The problem that still held when all was ended.
fn held(fact: &Fact) -> String {
    const UNSEEN: &str = "We had not seen it recover when we closed this.";
    match told(fact.topic()) {
        Told::Down => format!("{} was not working properly. {UNSEEN}", part(fact)),
        Told::Slow => format!("{} was slower than usual. {UNSEEN}", part(fact)),
        Told::Silent => "We were checking a part of the service.".to_owned(),
        Told::Inside => format!("There was a problem inside the service. {UNSEEN}"),
    }
}

fn cleared(fact: &Fact, over: bool) -> String {
    match (told(fact.topic()), over) {
        (Told::Down, true) => format!("{} had a problem, which was fixed.", part(fact)),
        (Told::Down, false) => format!("{} is working again.", part(fact)),
        (Told::Slow, true) => format!("{} was slow and returned to normal speed.", part(fact)),
        (Told::Slow, false) => format!("{} is back to normal speed.", part(fact)),
        (Told::Silent | Told::Inside, true) => {
            "There was a problem inside the service, which was fixed.".to_owned()
        }
        (Told::Silent | Told::Inside, false) => {
            "A problem inside the service has been fixed.".to_owned()
        }
    }
}

/// One sentence, or none where it is nothing for customers.
pub(super) fn sentence(sentence: &Sentence, tense: Tense) -> Option<String> {
    let over = tense == Tense::Over;
    Some(match sentence {
        Sentence::Flood { over: ended, .. } if *ended || over => {
            "Several parts of the service had problems at the same time.".to_owned()
        }
        Sentence::Flood { .. } => "Several parts of the service have problems.".to_owned(),
        Sentence::Holds { fact } if over => held(fact),
        Sentence::Holds { fact } => holds(fact),
        Sentence::Cleared { fact } => cleared(fact, over),
        Sentence::Lost { .. } if over => {
            "We no longer monitor a part that had a problem, so we do not know whether it recovered.".to_owned()
        }
        Sentence::Lost { .. } => {
            "We no longer monitor a part that had a problem, so we do not know its current state.".to_owned()
        }
        Sentence::Quiet { lost: 1.., .. } => "Everything that we still monitor is working.".to_owned(),
        Sentence::Quiet { .. } => "Everything is working again. We are monitoring it.".to_owned(),
        Sentence::Over { at, holding: 0, lost: 0, .. } => {
            format!("This was resolved at {}.", humanize::moment(*at))
        }
        Sentence::Over { at, .. } => format!("We closed this at {}.", humanize::moment(*at)),
        Sentence::CameBack { .. } => "The problem returned after it was resolved.".to_owned(),
        Sentence::Began { at, .. } => format!("It began at {}.", humanize::moment(*at)),
        Sentence::Lasted { span } => format!("It lasted {}.", humanize::rough(*span)),
        Sentence::EndpointsReached { endpoints, over } => {
            let may_be = if *over { "may have been" } else { "may be" };
            let names: Vec<String> = endpoints.iter().filter_map(plain_name).map(str::to_owned).collect();
            if names.is_empty() {
                format!("A part of the service {may_be} slow or unavailable.")
            } else {
                format!("{} {may_be} slow or unavailable.", large(&humanize::list(&names)))
            }
        }
        // How many others are affected is nobody's business.
        Sentence::OrganizationsAffected { known, over, .. } => {
            let are = match (*known > 0, *over) {
                (true, false) => "are",
                (true, true) => "were",
                (false, false) => "may be",
                (false, true) => "may have been",
            };
            format!("Some customers {are} affected.")
        }
        Sentence::NoEndpoint if over => "We were not aware of any impact on you.".to_owned(),
        Sentence::NoEndpoint => "We are not aware of any impact on you.".to_owned(),
        Sentence::Watching => "We are aware of it and monitoring it.".to_owned(),
        Sentence::LimitAhead { .. } | Sentence::Meaning { .. } => "It may get worse until it is fixed.".to_owned(),
        Sentence::OutcomeUnknown | Sentence::GoesOn | Sentence::LimitsEnd { .. } => "We will update this page as we learn more.".to_owned(),
        Sentence::Wait | Sentence::ConfirmTheEnd | Sentence::Read { .. } | Sentence::Command { .. } | Sentence::LookAtEvidence => {
            "You do not need to do anything.".to_owned()
        }
        Sentence::ReasonUnknown if over => "We do not know the cause.".to_owned(),
        Sentence::ReasonUnknown => "We do not know the cause yet.".to_owned(),
        Sentence::OtherCustomersUnknown if over => "We do not know who was affected.".to_owned(),
        Sentence::OtherCustomersUnknown => "We do not know yet who is affected.".to_owned(),
        Sentence::CustomersUnknown if over => "We do not know who was affected.".to_owned(),
        Sentence::CustomersUnknown => "We do not know yet who is affected.".to_owned(),
        Sentence::Ran { result, .. } => runs::customer(*result, over),
        Sentence::More { .. }
        | Sentence::Parts { .. }
        | Sentence::AfterChange { .. }
        | Sentence::EvidenceSaved
        | Sentence::NothingChanged
        | Sentence::Limited { .. }
        | Sentence::LimitLifted { .. }
        | Sentence::MoreLimits { .. }
        | Sentence::SafeMode
        | Sentence::EndsByItself { .. }
        | Sentence::NowUnknown { .. }
        | Sentence::UsualUnknown { .. } => return None,
    })
}
