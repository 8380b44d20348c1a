//! The customers' words: what they may notice, and nothing about the inside. No host, path, process
//! or number of the machine is named.

use domain::{
    subject::Subject,
    summary::{Fact, Sentence, Topic},
};

use crate::{humanize, summary::runs};

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
        "Since when",
        "What you may notice",
        "What we are doing",
        "What you can do",
        "What to expect",
        "What we do not know yet",
    ]
}

/// An endpoint's name, if it is a plain word: one with digits, dots or slashes could tell about the
/// inside.
fn plain_name(subject: &Subject) -> Option<&str> {
    let name = subject.name();
    let plain = name.len() <= 30
        && subject.host().is_none()
        && name.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-');
    (subject.kind() == "endpoint" && plain).then_some(name)
}

fn part(fact: &Fact) -> &str {
    plain_name(&fact.subject).unwrap_or("a part of the service")
}

fn large(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// One sentence, or none where it is nothing for customers.
pub(super) fn sentence(sentence: &Sentence, over: bool) -> Option<String> {
    match sentence {
        Sentence::Flood { over: ended, .. } if *ended || over => Some("Several parts of the service had trouble at once.".to_owned()),
        Sentence::Flood { .. } => Some("Several parts of the service have trouble at once.".to_owned()),
        Sentence::Holds { fact } if over => Some(match fact.topic() {
            Topic::EndpointDown => format!("{} did not work as it should. We did not see it recover.", large(part(fact))),
            Topic::EndpointSlow => format!("{} was slower than it should be. We did not see it recover.", large(part(fact))),
            Topic::Silent => "We were checking a part of the service.".to_owned(),
            Topic::Certificate
            | Topic::App
            | Topic::Disk
            | Topic::Memory
            | Topic::Processor
            | Topic::Database
            | Topic::Queue
            | Topic::Other => "Something inside the service was not as it should be. We did not see it recover.".to_owned(),
        }),
        Sentence::Holds { fact } if fact.is_easing() => Some(match fact.topic() {
            Topic::EndpointDown | Topic::EndpointSlow => {
                format!("{} did not work as it should. It looks better, and we are making sure that it stays so.", large(part(fact)))
            }
            Topic::Silent
            | Topic::Certificate
            | Topic::App
            | Topic::Disk
            | Topic::Memory
            | Topic::Processor
            | Topic::Database
            | Topic::Queue
            | Topic::Other => {
                "Something inside the service was not as it should be. It looks better, and we are making sure that it stays so.".to_owned()
            }
        }),
        Sentence::Holds { fact } if fact.unheard.is_some() => Some("We are checking a part of the service.".to_owned()),
        Sentence::Holds { fact } => Some(match fact.topic() {
            Topic::EndpointDown => format!("{} does not work as it should.", large(part(fact))),
            Topic::EndpointSlow => format!("{} is slower than it should be.", large(part(fact))),
            Topic::Silent => "We are checking a part of the service.".to_owned(),
            Topic::Certificate
            | Topic::App
            | Topic::Disk
            | Topic::Memory
            | Topic::Processor
            | Topic::Database
            | Topic::Queue
            | Topic::Other => "Something inside the service is not as it should be.".to_owned(),
        }),
        Sentence::Cleared { fact } => Some(match fact.topic() {
            Topic::EndpointDown | Topic::EndpointSlow if over => {
                format!("{} did not work as it should, and then it did again.", large(part(fact)))
            }
            Topic::EndpointDown | Topic::EndpointSlow => format!("{} works as it should again.", large(part(fact))),
            Topic::Silent
            | Topic::Certificate
            | Topic::App
            | Topic::Disk
            | Topic::Memory
            | Topic::Processor
            | Topic::Database
            | Topic::Queue
            | Topic::Other => {
                let is = if over { "was" } else { "is" };
                format!("Something inside the service was not as it should be. It {is} well again.")
            }
        }),
        Sentence::Lost { .. } if over => {
            Some("We no longer watched a part that was not as it should be. We do not know how it was doing then.".to_owned())
        }
        Sentence::Lost { .. } => {
            Some("We no longer watch a part that was not as it should be. We do not know how it is doing now.".to_owned())
        }
        Sentence::Quiet { lost: 1.., .. } => Some("What we still watch looks well.".to_owned()),
        Sentence::Quiet { .. } => Some("All looks well again. We are making sure that it stays so.".to_owned()),
        Sentence::Over { at, lost: 1.., .. } => Some(format!("We stopped following this at {}.", humanize::moment(*at))),
        Sentence::Over { at, .. } => Some(format!("This ended at {}.", humanize::moment(*at))),
        Sentence::CameBack { .. } => Some("It came back after it had ended.".to_owned()),
        Sentence::Began { at, .. } if over => Some(format!("It began at {}.", humanize::moment(*at))),
        Sentence::Began { at, .. } => Some(format!("Since {}.", humanize::moment(*at))),
        Sentence::Lasted { span } => Some(format!("It lasted {span}.")),
        Sentence::EndpointsReached { endpoints, over } => {
            let may_be = if *over { "may have been" } else { "may be" };
            let names: Vec<String> = endpoints.iter().filter_map(plain_name).map(str::to_owned).collect();
            Some(if names.is_empty() {
                format!("A part of the service {may_be} slow or not available.")
            } else {
                format!("{} {may_be} slow or not available.", large(&humanize::list(&names)))
            })
        }
        Sentence::NoEndpoint if over => Some("We do not know of anything that you would have noticed.".to_owned()),
        Sentence::NoEndpoint => Some("We do not know of anything that you would notice.".to_owned()),
        Sentence::Watching => Some("We know of it and are watching it.".to_owned()),
        Sentence::LimitAhead { .. } | Sentence::Meaning { .. } => Some("Without a repair it may get worse.".to_owned()),
        Sentence::OutcomeUnknown | Sentence::GoesOn => Some("We do not know yet how it goes on.".to_owned()),
        Sentence::Wait | Sentence::ConfirmTheEnd | Sentence::Read { .. } | Sentence::Command { .. } | Sentence::LookAtEvidence => {
            Some("Nothing is needed from you.".to_owned())
        }
        Sentence::ReasonUnknown if over => Some("We do not know the reason.".to_owned()),
        Sentence::CustomersUnknown if over => Some("We do not know who was affected.".to_owned()),
        Sentence::ReasonUnknown => Some("We do not know the reason yet.".to_owned()),
        Sentence::Ran { result, .. } => Some(runs::customer(*result, over)),
        Sentence::CustomersUnknown => Some("We do not know yet who is affected.".to_owned()),
        Sentence::More { .. }
        | Sentence::Parts { .. }
        | Sentence::AfterChange { .. }
        | Sentence::EvidenceSaved
        | Sentence::NothingChanged
        | Sentence::EndsByItself { .. }
        | Sentence::NowUnknown { .. }
        | Sentence::UsualUnknown { .. } => None,
    }
}
