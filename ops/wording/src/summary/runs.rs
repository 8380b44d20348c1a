//! Sentences about what ran for an incident.

use domain::summary::RunResult;

/// For the team: what it was, upon what, and what came of it.
pub(super) fn team(title: &str, target: &str, result: RunResult, over: bool) -> String {
    match result {
        RunResult::Running if over => {
            format!("\u{201c}{title}\u{201d} was approved and was running on {target}.")
        }
        RunResult::Running => {
            format!("\u{201c}{title}\u{201d} was approved and is running on {target}.")
        }
        RunResult::Awaited if over => {
            format!(
                "\u{201c}{title}\u{201d} was approved and ran on {target}. Whether it helped was not yet known."
            )
        }
        RunResult::Awaited => format!(
            "\u{201c}{title}\u{201d} was approved and ran on {target}. Whether it helped is being watched."
        ),
        RunResult::Worked => format!(
            "\u{201c}{title}\u{201d} was approved, ran on {target}, and worked: its signal recovered in time."
        ),
        RunResult::Recovered => {
            format!(
                "\u{201c}{title}\u{201d} was approved and ran on {target}. Its signal has recovered, and had begun to before it ran."
            )
        }
        RunResult::DidNotHelp => {
            format!(
                "\u{201c}{title}\u{201d} was approved and ran on {target}. It did not help: its signal did not recover in time."
            )
        }
        RunResult::Failed => {
            format!(
                "\u{201c}{title}\u{201d} was approved and was started on {target}. It did not end well; look at its output."
            )
        }
        RunResult::EndedEarly => format!(
            "\u{201c}{title}\u{201d} was approved, was started on {target}, and was ended early."
        ),
        RunResult::Unknown if over => {
            format!(
                "\u{201c}{title}\u{201d} was approved and was started on {target}. Its end was not seen."
            )
        }
        RunResult::Unknown => {
            format!(
                "\u{201c}{title}\u{201d} was approved and was started on {target}. Its outcome is unknown; check by hand."
            )
        }
    }
}

/// For those who answer for it: the command's name, and no machine.
pub(super) fn manager(title: &str, result: RunResult, over: bool) -> String {
    // What is shared outside comes without the title.
    let what = if title.is_empty() {
        "The team approved one step".to_owned()
    } else {
        format!("The team approved one step, \u{201c}{title}\u{201d}")
    };
    match result {
        RunResult::Running if over => format!("{what}; it was under way."),
        RunResult::Running => format!("{what}; it is under way."),
        RunResult::Awaited if over => format!("{what}. Whether it helped was not yet known."),
        RunResult::Awaited => format!("{what}. Whether it helped is being watched."),
        RunResult::Worked => format!("{what}, and it helped."),
        RunResult::DidNotHelp | RunResult::Failed => format!("{what}. It did not help."),
        RunResult::EndedEarly => format!("{what}, and ended it early."),
        RunResult::Recovered | RunResult::Unknown => {
            format!("{what}. Whether it helped is not known.")
        }
    }
}

/// For those who use the product: no name of anything inside.
pub(super) fn customer(result: RunResult, over: bool) -> String {
    match result {
        RunResult::Recovered => "We took a step to repair it.",
        RunResult::Running | RunResult::Awaited | RunResult::EndedEarly | RunResult::Unknown
            if over =>
        {
            "We took a step to repair it."
        }
        RunResult::EndedEarly | RunResult::Unknown => {
            "We took a step to repair it, and we are working on it."
        }
        RunResult::Running => "We are taking a step to repair it.",
        RunResult::Awaited => {
            "We have taken a step to repair it, and we are watching whether it helps."
        }
        RunResult::Worked => "We took a step to repair it, and it helped.",
        RunResult::DidNotHelp | RunResult::Failed if over => {
            "We took a step to repair it that did not help."
        }
        RunResult::DidNotHelp | RunResult::Failed => {
            "We took a step to repair it that did not help, and we are working on it."
        }
    }
    .to_owned()
}
