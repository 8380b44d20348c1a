//! The managers' words: plain, without the machine's vocabulary.

use domain::{
    subject::Subject,
    summary::{Fact, Sentence, Topic},
    text,
    time::Span,
};

use crate::{
    change, humanize, impact,
    summary::{
        runs,
        tense::{GENERAL_PART, Tense},
    },
};

pub(super) const fn headings(over: bool) -> [&'static str; 7] {
    let affected = if over { "Who was affected" } else { "Who is affected" };
    [
        "What happened",
        "When it started",
        affected,
        "What was done",
        "Next steps",
        "If nobody acts",
        "What we do not know",
    ]
}

fn name(subject: &Subject) -> String {
    text::isolated(&text::clip(subject.name(), 40))
}

/// `the checkout service`, or the general name of what must not be named.
fn service(fact: &Fact) -> String {
    match fact.subject.name() {
        GENERAL_PART => GENERAL_PART.to_owned(),
        _ => format!("the {} service", name(&fact.subject)),
    }
}

/// [`service`] at the beginning of a sentence.
fn large_service(fact: &Fact) -> String {
    let mut service = service(fact);
    if let Some(first) = service.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    service
}

fn holds(fact: &Fact) -> String {
    if fact.is_easing() {
        let what = match fact.topic() {
            Topic::EndpointDown | Topic::EndpointSlow => service(fact),
            Topic::App => "one of our programs".to_owned(),
            Topic::Disk | Topic::Memory | Topic::Processor => "one of our servers".to_owned(),
            Topic::Database => "one of our databases".to_owned(),
            Topic::Certificate | Topic::Queue | Topic::Silent | Topic::Other => {
                "one of our systems".to_owned()
            }
        };
        return format!("A problem with {what} is improving. We are making sure it stays fixed.");
    }
    if fact.unheard.is_some() {
        return "There is no current data from a system that had a problem.".to_owned();
    }
    match fact.topic() {
        Topic::EndpointDown => format!("{} is not working properly.", large_service(fact)),
        Topic::EndpointSlow => format!("{} is slow.", large_service(fact)),
        Topic::Certificate => {
            format!("The security certificate of {} has to be renewed.", name(&fact.subject))
        }
        Topic::App => "One of our programs is not working properly.".to_owned(),
        Topic::Disk => "A server is running out of disk space.".to_owned(),
        Topic::Memory => "A server is running out of memory.".to_owned(),
        Topic::Processor => "A server is overloaded.".to_owned(),
        Topic::Database => "A database is slow or unavailable.".to_owned(),
        Topic::Queue => "Work is waiting longer than it should.".to_owned(),
        Topic::Silent => "There is no data from one of our systems.".to_owned(),
        Topic::Other => "We have detected a problem with one of our systems.".to_owned(),
    }
}

fn cleared(fact: &Fact, over: bool) -> String {
    let (is, has) = if over { ("was", "had") } else { ("is", "has") };
    match fact.topic() {
        Topic::EndpointDown if over => {
            format!("{} had a problem, which was fixed.", large_service(fact))
        }
        Topic::EndpointDown => format!("{} is working again.", large_service(fact)),
        Topic::EndpointSlow => format!("{} {is} back to normal speed.", large_service(fact)),
        Topic::Certificate if over => {
            format!("The security certificate of {} was renewed.", name(&fact.subject))
        }
        Topic::Certificate => {
            format!("The security certificate of {} has been renewed.", name(&fact.subject))
        }
        Topic::App if over => "A program that had a problem was working again.".to_owned(),
        Topic::App => "A program that had a problem is working again.".to_owned(),
        Topic::Disk => format!("A server that was short of disk space {has} enough again."),
        Topic::Memory => format!("A server that was short of memory {has} enough again."),
        Topic::Processor => format!("A server that was overloaded {is} back to normal."),
        Topic::Database => {
            format!("A database that was slow or unavailable {is} back to normal.")
        }
        Topic::Queue => format!("Work that was waiting {is} being done again."),
        Topic::Silent if over => {
            "There was no data from one of our systems for a while.".to_owned()
        }
        Topic::Silent => "Data is arriving again from one of our systems.".to_owned(),
        Topic::Other if over => "A problem with one of our systems was fixed.".to_owned(),
        Topic::Other => "A problem with one of our systems has been fixed.".to_owned(),
    }
}

/// The problem that still held when all was ended.
fn held(fact: &Fact) -> String {
    let what = match fact.topic() {
        Topic::EndpointDown => format!("{} was not working properly", large_service(fact)),
        Topic::EndpointSlow => format!("{} was slow", large_service(fact)),
        Topic::Certificate => {
            format!("The security certificate of {} had to be renewed", name(&fact.subject))
        }
        Topic::App => "One of our programs was not working properly".to_owned(),
        Topic::Disk => "A server was running out of disk space".to_owned(),
        Topic::Memory => "A server was running out of memory".to_owned(),
        Topic::Processor => "A server was overloaded".to_owned(),
        Topic::Database => "A database was slow or unavailable".to_owned(),
        Topic::Queue => "Work was waiting longer than it should".to_owned(),
        Topic::Silent => "There was no data from one of our systems".to_owned(),
        Topic::Other => "One of our systems had a problem".to_owned(),
    };
    let end = if fact.is_easing() {
        "It was improving when the incident was closed."
    } else {
        "This had not changed when the incident was closed."
    };
    format!("{what}. {end}")
}

/// One sentence, or none where it is nothing for managers.
pub(super) fn sentence(sentence: &Sentence, tense: Tense) -> Option<String> {
    let over = tense == Tense::Over;
    Some(match sentence {
        Sentence::Flood { over: ended, .. } if *ended || over => {
            "Several systems had problems at the same time. They were handled together.".to_owned()
        }
        Sentence::Flood { .. } => {
            "Several systems have problems at the same time. They are handled together.".to_owned()
        }
        Sentence::Holds { fact } if over => held(fact),
        Sentence::Holds { fact } => holds(fact),
        Sentence::Cleared { fact } => cleared(fact, over),
        Sentence::Lost { fact } => {
            let what = match fact.topic() {
                Topic::EndpointDown | Topic::EndpointSlow => large_service(fact),
                Topic::Certificate
                | Topic::App
                | Topic::Disk
                | Topic::Memory
                | Topic::Processor
                | Topic::Database
                | Topic::Queue
                | Topic::Silent
                | Topic::Other => "One of our systems".to_owned(),
            };
            let is = if over { "was" } else { "is" };
            format!(
                "{what} had a problem and {is} no longer monitored, so it is not known whether it recovered."
            )
        }
        Sentence::More { holding, cleared, lost } => {
            let count = holding.saturating_add(*cleared).saturating_add(*lost);
            let (one, many) = if over { ("was", "were") } else { ("is", "are") };
            if count == 1 {
                format!("1 more signal {one} involved.")
            } else {
                format!("{count} more signals {many} involved.")
            }
        }
        Sentence::Quiet { lost: 1.., .. } => {
            "Nothing that is still monitored has a problem.".to_owned()
        }
        Sentence::Quiet { .. } => {
            "Everything is back to normal. We are making sure it stays that way.".to_owned()
        }
        Sentence::Over { at, by_person: true, .. } => {
            format!("A colleague resolved it at {}.", humanize::moment(*at))
        }
        Sentence::Over { at, lost: 1.., .. } => format!(
            "It was closed at {}, because nothing that was still monitored had a problem.",
            humanize::moment(*at)
        ),
        Sentence::Over { at, .. } => format!("It was resolved at {}.", humanize::moment(*at)),
        Sentence::CameBack { times: 1 } => "The problem returned once.".to_owned(),
        Sentence::CameBack { times } => format!("The problem returned {times} times."),
        Sentence::Began { at, noticed_after } if *noticed_after < Span::from_secs(1) => {
            format!("It began at {} and was detected immediately.", humanize::moment(*at))
        }
        Sentence::Began { at, noticed_after } => {
            let at = humanize::moment(*at);
            if *noticed_after < Span::from_mins(1) {
                format!("It began at {at} and was detected within a minute.")
            } else {
                format!(
                    "It began at {at} and was detected {} later.",
                    humanize::rough(*noticed_after)
                )
            }
        }
        Sentence::AfterChange { change, began_at } => change::after_for_managers(change, *began_at),
        Sentence::Lasted { span } => format!("It lasted {}.", humanize::rough(*span)),
        Sentence::EndpointsReached { endpoints, over } => {
            let names: Vec<String> = endpoints.iter().map(name).collect();
            let may = if *over { "may have noticed" } else { "may notice" };
            format!("Users of {} {may}.", humanize::list(&names))
        }
        Sentence::OrganizationsAffected { known, likely, over } => {
            impact::counted(*known, *likely, *over, "customer")
        }
        Sentence::NoEndpoint if over => "It is not known whether users were affected.".to_owned(),
        Sentence::NoEndpoint => "We do not know yet whether users are affected.".to_owned(),
        Sentence::EvidenceSaved => {
            "Calm Ops detected it automatically and saved the evidence.".to_owned()
        }
        Sentence::Ran { title, result, .. } => runs::manager(title, *result, over),
        Sentence::Limited { .. } | Sentence::MoreLimits { .. } => {
            "Calm Ops limits customers who send far more than usual, for a time.".to_owned()
        }
        Sentence::LimitLifted { .. } => {
            "A limit for a customer who sent far more than usual was lifted.".to_owned()
        }
        Sentence::NothingChanged => "No automatic changes were made.".to_owned(),
        Sentence::SafeMode
        | Sentence::Command { .. }
        | Sentence::Read { .. }
        | Sentence::LookAtEvidence => "The team is deciding on the next step.".to_owned(),
        Sentence::Wait => "There is nothing to decide as long as it stays this way.".to_owned(),
        Sentence::ConfirmTheEnd => "The team will confirm when it is over.".to_owned(),
        Sentence::LimitAhead { fact, seconds } => {
            let what = match fact.topic() {
                Topic::Disk => "the disk space will be used up",
                Topic::Memory => "the memory will be used up",
                Topic::EndpointDown
                | Topic::EndpointSlow
                | Topic::Certificate
                | Topic::App
                | Topic::Processor
                | Topic::Database
                | Topic::Queue
                | Topic::Silent
                | Topic::Other => "a limit will be reached",
            };
            format!("At this rate, {what} in {}.", humanize::about(*seconds))
        }
        Sentence::Meaning { topic, .. } => match topic {
            Topic::EndpointDown | Topic::EndpointSlow => {
                "This part of the service does not work as users expect."
            }
            Topic::Certificate => {
                "Browsers will refuse to connect once the certificate has expired."
            }
            Topic::App => "What this program does is delayed or not done.",
            Topic::Disk => "Programs on a server without free space can stop working.",
            Topic::Memory => "Programs on a server without free memory can be stopped.",
            Topic::Processor => "The service becomes slower.",
            Topic::Database => "Everything that needs the database becomes slow or stops.",
            Topic::Queue => "Work is done later than users expect.",
            Topic::Silent => "Problems there would go unnoticed.",
            Topic::Other => "It may get worse.",
        }
        .to_owned(),
        Sentence::LimitsEnd { until } => format!(
            "The incident stays open. The limits end at {} at the latest.",
            humanize::moment(*until)
        ),
        Sentence::GoesOn => "The incident stays open, and Calm Ops keeps watching.".to_owned(),
        Sentence::OutcomeUnknown => "It is not known what happens next.".to_owned(),
        Sentence::EndsByItself { quiet_for } => {
            format!("It resolves itself {}.", humanize::after_quiet(*quiet_for))
        }
        Sentence::ReasonUnknown if over => "The cause is not known.".to_owned(),
        Sentence::ReasonUnknown => "The cause is not known yet.".to_owned(),
        Sentence::OtherCustomersUnknown if over => {
            "It is not known whether other customers were affected.".to_owned()
        }
        Sentence::OtherCustomersUnknown => {
            "It is not known whether other customers are affected.".to_owned()
        }
        Sentence::CustomersUnknown if over => {
            "It is not known which customers were affected.".to_owned()
        }
        Sentence::CustomersUnknown => {
            "It is not known yet which customers are affected.".to_owned()
        }
        Sentence::NowUnknown { .. } if over => {
            "The final state of the system without data is not known.".to_owned()
        }
        Sentence::NowUnknown { .. } => {
            "The current state of the system without data is not known.".to_owned()
        }
        Sentence::Parts { .. } | Sentence::Watching | Sentence::UsualUnknown { .. } => return None,
    })
}
