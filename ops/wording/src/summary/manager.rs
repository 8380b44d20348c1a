//! The managers' words: plain, without the machine's vocabulary.

use domain::{
    summary::{Fact, Sentence, Topic},
    text,
    time::Span,
};

use crate::{change, humanize, summary::runs};

pub(super) const fn headings(over: bool) -> [&'static str; 7] {
    let affected = if over { "Who was affected" } else { "Who is affected" };
    [
        "What happened",
        "Since when",
        affected,
        "What was done",
        "What comes next",
        "If nobody acts",
        "What is not known",
    ]
}

fn holds(fact: &Fact) -> String {
    let name = text::isolated(&text::clip(fact.subject.name(), 40));
    if fact.is_easing() {
        let what = match fact.topic() {
            Topic::EndpointDown | Topic::EndpointSlow => format!("The service {name}"),
            Topic::App => "A program".to_owned(),
            Topic::Disk | Topic::Memory | Topic::Processor => "A server".to_owned(),
            Topic::Database => "A database".to_owned(),
            Topic::Certificate | Topic::Queue | Topic::Silent | Topic::Other => {
                "Something that we watch".to_owned()
            }
        };
        return format!(
            "{what} had trouble and looks better. It is not yet sure that it stays so."
        );
    }
    if fact.unheard.is_some() {
        return "A part that had trouble does not report any more.".to_owned();
    }
    match fact.topic() {
        Topic::EndpointDown => format!("The service {name} does not answer as it should."),
        Topic::EndpointSlow => format!("The service {name} answers slowly."),
        Topic::Certificate => format!("The security certificate of {name} needs to be renewed."),
        Topic::App => "One of our programs does not run as it should.".to_owned(),
        Topic::Disk => "A server is running out of disk space.".to_owned(),
        Topic::Memory => "A server is running out of memory.".to_owned(),
        Topic::Processor => "A server has more work than it can do.".to_owned(),
        Topic::Database => "A database is slow or not available.".to_owned(),
        Topic::Queue => "Work is waiting longer than it should.".to_owned(),
        Topic::Silent => "A part of what we watch does not report.".to_owned(),
        Topic::Other => "Something that we watch is beyond its limit.".to_owned(),
    }
}

fn cleared(fact: &Fact, over: bool) -> String {
    let name = text::isolated(&text::clip(fact.subject.name(), 40));
    let (is, has) = if over { ("was", "had") } else { ("is", "has") };
    match fact.topic() {
        Topic::EndpointDown if over => {
            format!("The service {name} did not answer, and then it did again.")
        }
        Topic::EndpointDown => format!("The service {name} answers again."),
        Topic::EndpointSlow => format!("The service {name} {is} as fast as usual again."),
        Topic::Certificate => format!("The security certificate of {name} {is} renewed."),
        Topic::App if over => "A program that had trouble ran as it should again.".to_owned(),
        Topic::App => "A program that had trouble runs as it should again.".to_owned(),
        Topic::Disk => format!("A server that was short of disk space {has} enough again."),
        Topic::Memory => format!("A server that was short of memory {has} enough again."),
        Topic::Processor if over => "A server that had too much work kept up again.".to_owned(),
        Topic::Processor => "A server that had too much work keeps up again.".to_owned(),
        Topic::Database => format!("A database that was slow or away {is} well again."),
        Topic::Queue => format!("Work that was waiting {is} being done again."),
        Topic::Silent if over => "A part of what we watch did not report for a while.".to_owned(),
        Topic::Silent => "Trouble with a missing report is over.".to_owned(),
        Topic::Other => format!("Something that was beyond its limit {is} well again."),
    }
}

/// What still held when all was ended.
fn held(fact: &Fact) -> String {
    let name = text::isolated(&text::clip(fact.subject.name(), 40));
    let what = match fact.topic() {
        Topic::EndpointDown => format!("The service {name} did not answer as it should"),
        Topic::EndpointSlow => format!("The service {name} answered slowly"),
        Topic::Certificate => format!("The security certificate of {name} needed to be renewed"),
        Topic::App => "One of our programs did not run as it should".to_owned(),
        Topic::Disk => "A server was running out of disk space".to_owned(),
        Topic::Memory => "A server was running out of memory".to_owned(),
        Topic::Processor => "A server had more work than it could do".to_owned(),
        Topic::Database => "A database was slow or not available".to_owned(),
        Topic::Queue => "Work was waiting longer than it should".to_owned(),
        Topic::Silent => return "A part of what we watch did not report, and was not heard of again before the end.".to_owned(),
        Topic::Other => "Something that we watch was beyond its limit".to_owned(),
    };
    format!("{what}, and was not seen to recover.")
}

/// One sentence, or none where it is nothing for managers.
pub(super) fn sentence(sentence: &Sentence, over: bool) -> Option<String> {
    match sentence {
        Sentence::Flood { over: ended, .. } if *ended || over => {
            Some("Many things had trouble at once. They were handled together.".to_owned())
        }
        Sentence::Flood { .. } => {
            Some("Many things have trouble at once. They are handled together.".to_owned())
        }
        Sentence::Holds { fact } => Some(if over { held(fact) } else { holds(fact) }),
        Sentence::Cleared { fact } => Some(cleared(fact, over)),
        Sentence::Lost { fact } => {
            let what = match fact.topic() {
                Topic::EndpointDown => {
                    format!(
                        "The service {} did not answer when last seen, and",
                        text::isolated(&text::clip(fact.subject.name(), 40))
                    )
                }
                Topic::EndpointSlow
                | Topic::Certificate
                | Topic::App
                | Topic::Disk
                | Topic::Memory
                | Topic::Processor
                | Topic::Database
                | Topic::Queue
                | Topic::Silent
                | Topic::Other => "Something that had trouble when last seen".to_owned(),
            };
            let is = if over { "was" } else { "is" };
            Some(format!("{what} {is} no longer watched. Whether it recovered is not known."))
        }
        Sentence::More { holding, cleared, lost } => {
            let count = holding.saturating_add(*cleared).saturating_add(*lost);
            let takes = match (count, over) {
                (1, false) => "signal takes",
                (_, false) => "signals take",
                (1, true) => "signal took",
                (_, true) => "signals took",
            };
            Some(format!("{count} more {takes} part."))
        }
        Sentence::Quiet { lost: 1.., .. } => {
            Some("Nothing that is still watched has trouble now.".to_owned())
        }
        Sentence::Quiet { .. } => {
            Some("All is quiet now, and we are making sure that it stays so.".to_owned())
        }
        Sentence::Over { at, by_person: true, .. } => {
            Some(format!("A colleague ended it at {}.", humanize::moment(*at)))
        }
        Sentence::Over { at, lost: 1.., .. } => Some(format!(
            "It was closed at {}, as nothing that is still watched had trouble.",
            humanize::moment(*at)
        )),
        Sentence::Over { at, by_person: false, .. } => {
            Some(format!("It ended at {}.", humanize::moment(*at)))
        }
        Sentence::CameBack { times: 1 } => Some("It came back once.".to_owned()),
        Sentence::CameBack { times } => Some(format!("It came back {times} times.")),
        Sentence::Began { at, noticed_after } if *noticed_after < Span::from_secs(1) => {
            Some(format!("It began at {} and was noticed at once.", humanize::moment(*at)))
        }
        Sentence::Began { at, noticed_after } => Some(format!(
            "It began at {} and was noticed after {noticed_after}.",
            humanize::moment(*at)
        )),
        Sentence::AfterChange { change, began_at } => {
            Some(change::after_for_managers(change, *began_at))
        }
        Sentence::Lasted { span } => Some(format!("It lasted {span}.")),
        Sentence::EndpointsReached { endpoints, over } => {
            let names: Vec<String> =
                endpoints.iter().map(|one| text::isolated(&text::clip(one.name(), 40))).collect();
            let (use_it, can) = if *over { ("used", "could") } else { ("use", "can") };
            Some(format!("People who {use_it} {} {can} notice it.", humanize::list(&names)))
        }
        Sentence::NoEndpoint if over => {
            Some("Whether people who use the service noticed it is not known.".to_owned())
        }
        Sentence::NoEndpoint => {
            Some("Whether people who use the service notice it is not known.".to_owned())
        }
        Sentence::EvidenceSaved => {
            Some("Calm Ops noticed it by itself and saved the evidence.".to_owned())
        }
        Sentence::Ran { title, result, .. } => Some(runs::manager(title, *result, over)),
        Sentence::NothingChanged => Some("Nothing was changed by it.".to_owned()),
        Sentence::Command { .. } | Sentence::Read { .. } | Sentence::LookAtEvidence => {
            Some("The team looks at it and decides.".to_owned())
        }
        Sentence::Wait => Some("Nothing needs to be decided while it stays quiet.".to_owned()),
        Sentence::ConfirmTheEnd => Some("The team confirms that it is over.".to_owned()),
        Sentence::LimitAhead { fact, seconds } => Some(match fact.topic() {
            Topic::Disk => format!("The disk space is used up in {}.", humanize::about(*seconds)),
            Topic::Memory => format!("The memory is used up in {}.", humanize::about(*seconds)),
            Topic::EndpointDown
            | Topic::EndpointSlow
            | Topic::Certificate
            | Topic::App
            | Topic::Processor
            | Topic::Database
            | Topic::Queue
            | Topic::Silent
            | Topic::Other => format!("A limit is reached in {}.", humanize::about(*seconds)),
        }),
        Sentence::Meaning { topic, .. } => Some(
            match topic {
                Topic::EndpointDown | Topic::EndpointSlow => {
                    "People can't use this part of the service as they expect."
                }
                Topic::Certificate => {
                    "Browsers will refuse the connection once the certificate has run out."
                }
                Topic::App => "What this program does is delayed or does not happen.",
                Topic::Disk => "Without space, programs on the server can stop.",
                Topic::Memory => "Without memory, programs on the server can be stopped.",
                Topic::Processor => "The service becomes slower.",
                Topic::Database => "What needs the database becomes slow or stops.",
                Topic::Queue => "Work is done later than people expect.",
                Topic::Silent => "Trouble there would not be seen.",
                Topic::Other => "It may get worse.",
            }
            .to_owned(),
        ),
        Sentence::GoesOn => {
            Some("It stays open while this goes on, and Calm Ops keeps watching.".to_owned())
        }
        Sentence::OutcomeUnknown => Some("What follows is not known.".to_owned()),
        Sentence::EndsByItself { quiet_for } => {
            Some(format!("It ends by itself when all stays quiet for {quiet_for}."))
        }
        Sentence::ReasonUnknown if over => Some("Why it happened is not known.".to_owned()),
        Sentence::CustomersUnknown if over => {
            Some("Which customers were affected is not known.".to_owned())
        }
        Sentence::NowUnknown { .. } if over => {
            Some("How the part that did not report was doing at the end is not known.".to_owned())
        }
        Sentence::ReasonUnknown => Some("The reason is not known yet.".to_owned()),
        Sentence::CustomersUnknown => {
            Some("Which customers are affected is not known yet.".to_owned())
        }
        Sentence::NowUnknown { .. } => {
            Some("How the part that does not report is doing is not known.".to_owned())
        }
        Sentence::Parts { .. } | Sentence::Watching | Sentence::UsualUnknown { .. } => None,
    }
}
