//! Sentences about what ran for an incident.

use domain::summary::RunResult;

/// For the team: what it was, upon what, and what came of it.
pub(super) fn team(title: &str, target: &str, result: RunResult, over: bool) -> String {
    let ran = format!("\u{201c}{title}\u{201d} was approved and run on {target}.");
    match result {
        RunResult::Running if over => {
            format!("\u{201c}{title}\u{201d} was approved and was still running on {target}.")
        }
        RunResult::Running => {
            format!("\u{201c}{title}\u{201d} was approved and is running on {target}.")
        }
        RunResult::Awaited if over => format!("{ran} It was not known yet whether it helped."),
        RunResult::Awaited => format!("{ran} Calm Ops is checking whether it helped."),
        RunResult::Worked => format!("{ran} It worked."),
        RunResult::Recovered if over => {
            format!("{ran} The problem had begun to recover before that.")
        }
        RunResult::Recovered => {
            format!("{ran} The problem is over, but had begun to recover before that.")
        }
        RunResult::DidNotHelp => format!("{ran} It did not help."),
        RunResult::Failed if over => format!("{ran} It failed."),
        RunResult::Failed => format!("{ran} It failed; see its output."),
        RunResult::EndedEarly => {
            format!("\u{201c}{title}\u{201d} was approved, started on {target} and stopped early.")
        }
        RunResult::Unknown if over => format!("{ran} The outcome was unknown."),
        RunResult::Unknown => format!("{ran} The outcome is unknown; check manually."),
    }
}

/// For those who answer for it: the command's name, and no machine.
pub(super) fn manager(title: &str, result: RunResult, over: bool) -> String {
    // What is shared outside comes without the title.
    let what = if title.is_empty() {
        "The team approved a fix".to_owned()
    } else {
        format!("The team approved a fix, \u{201c}{title}\u{201d}")
    };
    match result {
        RunResult::Running if over => format!("{what}. It was still being applied."),
        RunResult::Running => format!("{what}. It is being applied."),
        RunResult::Awaited if over => format!("{what}. It was not known yet whether it helped."),
        RunResult::Awaited => format!("{what}. We are checking whether it helped."),
        RunResult::Worked => format!("{what}. It worked."),
        RunResult::DidNotHelp | RunResult::Failed => format!("{what}. It did not help."),
        RunResult::EndedEarly => format!("{what} and stopped it early."),
        RunResult::Recovered | RunResult::Unknown => {
            format!("{what}. It is not known whether it helped.")
        }
    }
}

/// For those who use the product: no name of anything inside.
pub(super) fn customer(result: RunResult, over: bool) -> String {
    match result {
        RunResult::Recovered => "We applied a fix.",
        RunResult::Running | RunResult::Awaited | RunResult::EndedEarly | RunResult::Unknown
            if over =>
        {
            "We applied a fix."
        }
        RunResult::EndedEarly | RunResult::Unknown => "We tried a fix and are still working on it.",
        RunResult::Running => "We are applying a fix.",
        RunResult::Awaited => "We have applied a fix and are checking whether it helped.",
        RunResult::Worked => "We applied a fix, and it worked.",
        RunResult::DidNotHelp | RunResult::Failed if over => "A first fix did not help.",
        RunResult::DidNotHelp | RunResult::Failed => {
            "A first fix did not help. We are still working on it."
        }
    }
    .to_owned()
}
