//! Sentences about readiness: what is set up for a crisis, what is missing, and what to do about it.

use commands::{
    practice::{PRACTISED_WITHIN, PracticeState},
    readiness::{FEWEST_APPROVERS, Reachability, Readiness, ReadinessTopic, Responder, SignOfLife},
};
use domain::{text::isolated, time::Timestamp};

use crate::practice;

/// One check, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessCheck {
    /// The id of its heading.
    pub id: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// True if it is ready.
    pub ready: bool,
    /// The state in words. With a time it has no full stop: the time ends it.
    pub sentence: String,
    /// The time that ends the sentence.
    pub at: Option<Timestamp>,
    /// One sentence for each part of it that is not ready.
    pub details: Vec<String>,
    /// The next step; empty if it is ready.
    pub advice: &'static str,
    /// The page where it is done, if it is done on one.
    pub link: Option<(&'static str, &'static str)>,
}

/// The sentence of status.
pub fn lead(readiness: &Readiness) -> String {
    let all = ReadinessTopic::ALL.len();
    match ReadinessTopic::ALL.iter().filter(|topic| !readiness.is_ready(**topic)).count() {
        0 => format!("Ready: all {all} checks pass."),
        1 => format!("1 of {all} checks needs attention."),
        some => format!("{some} of {all} checks need attention."),
    }
}

/// All checks, in their order.
pub fn checks(readiness: &Readiness) -> Vec<ReadinessCheck> {
    ReadinessTopic::ALL
        .into_iter()
        .map(|topic| {
            let ready = readiness.is_ready(topic);
            let mut check = match topic {
                ReadinessTopic::Contacts => contacts(&readiness.responders, ready),
                ReadinessTopic::Approvers => approvers(readiness.approvers),
                ReadinessTopic::Backup => backup(readiness.backup_at, ready),
                ReadinessTopic::SignOfLife => sign_of_life(readiness.sign_of_life),
                ReadinessTopic::Links => links(readiness.links),
                ReadinessTopic::Practice => practised(&readiness.practice, readiness.at),
            };
            check.ready = ready;
            if ready {
                (check.advice, check.link) = ("", None);
            }
            check
        })
        .collect()
}

fn check(id: &'static str, heading: &'static str, sentence: impl Into<String>) -> ReadinessCheck {
    ReadinessCheck {
        id,
        heading,
        ready: false,
        sentence: sentence.into(),
        at: None,
        details: Vec::new(),
        advice: "",
        link: None,
    }
}

fn contacts(responders: &[Responder], ready: bool) -> ReadinessCheck {
    let missing = responders.iter().filter(|one| one.reachability != Reachability::Tried).count();
    let sentence = match (responders.len(), missing) {
        (0, _) => "Nobody is here to respond to incidents.".to_owned(),
        (1, 0) => "A message reached the only member who responds within the last 90 days.".into(),
        (all, 0) => {
            format!("Messages reached all {all} members who respond within the last 90 days.")
        }
        (1, _) => "It is not certain that the only member who responds can be reached.".into(),
        (all, some) => {
            format!("It is not certain that {some} of {all} members who respond can be reached.")
        }
    };
    let detail = |one: &Responder| {
        let name = isolated(&one.name);
        match &one.reachability {
            Reachability::Tried => None,
            Reachability::NotTried => {
                Some(format!("{name}: no message was sent within the last 90 days."))
            }
            Reachability::Failing { problem } => {
                Some(format!("{name}: the last message could not be sent. {problem}"))
            }
            Reachability::NoContact => Some(format!("{name} has no contact.")),
        }
    };
    ReadinessCheck {
        details: if ready { Vec::new() } else { responders.iter().filter_map(detail).collect() },
        advice: "Each member adds their own contacts and sends a test.",
        link: Some(("/ops/settings/notifications", "Open notifications")),
        ..check("contacts", "Contacts", sentence)
    }
}

fn approvers(count: u32) -> ReadinessCheck {
    let sentence = match count {
        0 => "Nobody can approve commands.".to_owned(),
        1 => "Only 1 member can approve commands.".to_owned(),
        count => format!("{count} members can approve commands."),
    };
    const { assert!(FEWEST_APPROVERS == 2, "the advice names the number") };
    ReadinessCheck {
        advice: "Have at least 2: one may be away, and some commands need two approvals.",
        link: Some(("/ops/settings/members", "Open members")),
        ..check("approvers", "Approvers", sentence)
    }
}

fn backup(at: Option<Timestamp>, ready: bool) -> ReadinessCheck {
    let sentence = match (at, ready) {
        (None, _) => "No backup by calm-ops backup is known.",
        (Some(_), true) => "The last backup was made",
        (Some(_), false) => "The last backup is older than 7 days. It was made",
    };
    ReadinessCheck {
        at,
        advice: "Run calm-ops backup FILE every day, and keep a copy on another machine. Backups by other programs are not known here.",
        ..check("backup", "Backup", sentence)
    }
}

fn sign_of_life(sign: SignOfLife) -> ReadinessCheck {
    let (sentence, at, advice) = match sign {
        SignOfLife::Off => (
            "No sign of life is sent, so nobody is told when Calm Ops itself is down.",
            None,
            "Set heartbeat.url in the configuration to an address that expects regular requests.",
        ),
        SignOfLife::NotSent => (
            "No sign of life was sent since the start.",
            None,
            "The first one is sent within seconds of the start. Read this page again.",
        ),
        SignOfLife::Sent { at } => ("The last sign of life was sent", Some(at), ""),
        SignOfLife::Failing => {
            ("The last sign of life could not be sent.", None, "The health page says why.")
        }
    };
    ReadinessCheck {
        at,
        advice,
        link: (sign == SignOfLife::Failing).then_some(("/ops/health", "Open health")),
        ..check("sign-of-life", "Sign of life", sentence)
    }
}

fn links(links: bool) -> ReadinessCheck {
    let sentence = if links {
        "Notifications link to the page of their incident."
    } else {
        "Notifications have no link to their incident."
    };
    ReadinessCheck {
        advice: "Set public_url in the configuration to the address that phones can open.",
        ..check("links", "Links in notifications", sentence)
    }
}

fn practised(state: &PracticeState, now: Timestamp) -> ReadinessCheck {
    const ADVICE: &str =
        "Practise every few months: below, or with calm-ops practice on this machine.";
    let Some(last) = &state.last else {
        return ReadinessCheck {
            advice: ADVICE,
            ..check("practice", "Last practice", "The team has not practised yet.")
        };
    };
    let old = if now.since(last.at) > PRACTISED_WITHIN {
        "The last practice is older than 90 days."
    } else {
        ""
    };
    let sentence = format!("{} {old} It began", practice::went(&last.steps));
    ReadinessCheck {
        at: Some(last.at),
        advice: ADVICE,
        ..check("practice", "Last practice", sentence.replace("  ", " "))
    }
}

#[cfg(test)]
mod tests {
    use commands::practice::{LastPractice, PracticeSteps};
    use domain::{actor::Actor, journal::Cursor, time::Span};

    use super::*;

    #[test]
    fn each_check_that_is_not_ready_says_what_to_do() {
        let name = |name: &str, reachability| Responder { name: name.to_owned(), reachability };
        let mut readiness = Readiness {
            cursor: Cursor::default(),
            at: Timestamp::from_secs(1_795_000_000),
            responders: vec![
                name("One", Reachability::Tried),
                name("Two", Reachability::NoContact),
                name("Three", Reachability::Failing { problem: "It answered 500.".to_owned() }),
            ],
            approvers: 1,
            backup_at: None,
            sign_of_life: SignOfLife::Off,
            links: false,
            practice: PracticeState::default(),
        };
        assert_eq!(lead(&readiness), "6 of 6 checks need attention.");
        let found = checks(&readiness);
        assert!(found.iter().all(|one| !one.ready && !one.advice.is_empty()), "{found:?}");
        assert_eq!(
            found[0].sentence,
            "It is not certain that 2 of 3 members who respond can be reached."
        );
        assert_eq!(found[0].details.len(), 2);
        assert!(found[0].details[1].ends_with("could not be sent. It answered 500."));
        readiness.responders.truncate(1);
        readiness.approvers = 2;
        readiness.backup_at = Some(readiness.at);
        readiness.sign_of_life = SignOfLife::Sent { at: readiness.at };
        let took = Some(Span::from_secs(41));
        let steps = PracticeSteps { opened: took, acknowledged: took, ..PracticeSteps::default() };
        let last = LastPractice { at: readiness.at, by: Actor::Local, incident: None, steps };
        readiness.practice.last = Some(last);
        let told = |readiness: &Readiness| checks(readiness).pop().unwrap();
        assert_eq!(
            told(&readiness).sentence,
            "It was acknowledged after 41 s, but nobody approved its command. It began"
        );
        assert!(!told(&readiness).ready);
        readiness.practice.last.as_mut().unwrap().steps.approved = took;
        assert_eq!(lead(&readiness), "1 of 6 checks needs attention.");
        readiness.links = true;
        assert_eq!(lead(&readiness), "Ready: all 6 checks pass.");
        let found = checks(&readiness);
        let calm = |one: &ReadinessCheck| {
            one.ready && one.advice.is_empty() && one.link.is_none() && one.details.is_empty()
        };
        assert!(found.iter().all(calm), "{found:?}");
    }
}
