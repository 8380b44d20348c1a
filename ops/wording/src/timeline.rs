//! Each event of a timeline as one calm sentence. The match names every event: a new one does not
//! compile until it can be said.

use domain::{
    access::AuthMethod,
    actor::{Actor, Names},
    breach::{Breach, Crossing, Ending},
    id::{AccountId, TokenId},
    journal::{BlindReason, Entry, Event},
    lifecycle::Step,
    recommendation::{Recommendation, RunOutcome, Withdrawn},
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
    unit::Unit,
};
use policy::known_signals;

use crate::{humanize, summary};

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The journal's number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who, as a page names them.
    pub who: String,
    /// What happened, as a sentence.
    pub sentence: String,
    /// What a person wrote, if they did.
    pub words: Option<String>,
    /// How it weighs.
    pub tone: Tone,
}

/// How a line of the timeline weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something got worse: a warning.
    Warning,
    /// Something got worse: critical.
    Critical,
    /// Something got better.
    Better,
    /// A person did something.
    Person,
    /// Everything else.
    Quiet,
}

/// An entry as a line of the timeline.
pub fn line(entry: &Entry, names: &Names) -> Line {
    let (sentence, tone, words) = match &entry.event {
        Some(event) => {
            (sentence(event, entry.actor, names), tone(event, entry.actor), words(event))
        }
        None => (
            "What stood here was redacted. The journal still proves that it was there.".to_owned(),
            Tone::Quiet,
            None,
        ),
    };
    Line { number: entry.number, at: entry.at, who: names.of(entry.actor), sentence, words, tone }
}

/// `Memory used of web-1`.
fn named(subject: &Subject, signal: &Signal) -> String {
    format!("{} of {}", humanize::label(signal), humanize::subject(subject))
}

/// What a breach that is over shows.
fn recovered(subject: &Subject, signal: &Signal) -> String {
    let large = humanize::capital(&humanize::subject(subject));
    match signal.as_str() {
        "endpoint.up" => format!("{large} answers as expected again"),
        "app.up" => format!("{large} is running again"),
        "pm2.up" => format!("PM2 on {} answers again", subject.host().unwrap_or("this host")),
        "collector.failed" => format!("{large} works again"),
        _ => format!("{} is back to normal", named(subject, signal)),
    }
}

fn crossed(breach: &Breach) -> String {
    // What is not beyond its level now, or not heard of, is told in the summary's words.
    let beyond = match breach.crossing {
        Crossing::Above { level } => breach.value > level,
        Crossing::Below { level } => breach.value < level,
        Crossing::Rising { .. } | Crossing::Reaching { .. } | Crossing::Silent { .. } => true,
    };
    // Nor has what is yes or no a level.
    if breach.easing.is_some() || breach.unheard.is_some() || !beyond || breach.unit == Unit::YesNo
    {
        return summary::breach_for_people(breach);
    }
    let unit = &breach.unit;
    let named = named(&breach.key.subject, &breach.key.signal);
    let value = humanize::value(breach.value, unit);
    let usual = breach
        .usual
        .map(|usual| format!(" (usually {})", humanize::value(usual, unit)))
        .unwrap_or_default();
    match breach.crossing {
        Crossing::Above { level } => {
            format!("{named} is {value}{usual}, above {}", humanize::value(level, unit))
        }
        Crossing::Below { level } => {
            format!("{named} is {value}{usual}, below {}", humanize::value(level, unit))
        }
        Crossing::Rising { by, within_seconds } => {
            format!(
                "{named} is {value}{usual} and rises by more than {} in {}",
                humanize::value(by, unit),
                humanize::seconds(within_seconds)
            )
        }
        Crossing::Reaching { limit, within_seconds } => {
            let left = humanize::seconds(breach.limit_in_seconds.unwrap_or(within_seconds));
            format!(
                "{named} is {value}{usual} and reaches {} in about {left}",
                humanize::value(limit, unit)
            )
        }
        Crossing::Silent { for_seconds } => format!(
            "{named} was not heard for {}; the last value was {value}",
            humanize::seconds(for_seconds)
        ),
    }
}

/// What a step means, when the lifecycle moves on.
fn moved(step: Step) -> &'static str {
    match step {
        Step::Stabilize => "A safe measure is in force",
        Step::AskForDecision => "The next step needs a person",
        Step::Quiet => "Nothing that is watched is in trouble any more",
        Step::CommandRan => "An approved command ran",
        Step::BreachReturned => "It came back",
        Step::StayedQuiet => "It stayed quiet",
        Step::PersonResolved => "A person ended it",
        Step::Reopen => "It was opened again",
    }
}

/// What happened, as one sentence.
fn sentence(event: &Event, actor: Actor, names: &Names) -> String {
    let who = || names.of(actor);
    let account = |id: AccountId| names.of(Actor::Account(id));
    // Its name begins a sentence elsewhere.
    let program =
        |id: TokenId| names.of(Actor::Token(id)).replacen("The program", "the program", 1);
    match event {
        Event::Started { version } => format!("Calm Ops {version} started."),
        Event::Stopped => "Calm Ops stopped in good order.".into(),
        Event::ClockJumped { by_micros } => {
            let way = if *by_micros < 0 { "back" } else { "forward" };
            format!(
                "The clock jumped {way} by {}.",
                humanize::seconds(by_micros.unsigned_abs() as f64 / 1e6)
            )
        }
        Event::Blind { from, to, why } => {
            let why = match why {
                BlindReason::NotRunning => "Calm Ops was not running",
                BlindReason::Asleep => "the machine slept",
            };
            format!(
                "Nothing is known of {}: {why}.",
                humanize::seconds(to.since(*from).as_secs_f64())
            )
        }
        Event::DocumentInForce { name, .. } => format!("A new version of {name} is in force."),
        Event::DocumentRefused { name, .. } => {
            format!("An edit of {name} has an error. The last good version stays in force.")
        }
        Event::SubjectRetired { subject } => {
            format!(
                "{} is gone and is no longer expected to report.",
                humanize::capital(&humanize::subject(subject))
            )
        }
        Event::Restored { number } => {
            format!("The data came from a backup that ended with entry {number}.")
        }
        Event::IncidentOpened { incident } => {
            let first = incident
                .breaches
                .first()
                .map(|known| format!(": {}", crossed(&known.breach)))
                .unwrap_or_default();
            let flood = if incident.flood {
                " Much happens at once, so this incident gathers it."
            } else {
                ""
            };
            format!("Opened as {}{first}.{flood}", incident.severity)
        }
        Event::BreachJoined { breach, .. } => format!("Joined: {}.", crossed(breach)),
        Event::BreachChanged { breach, .. } if breach.unsteady && breach.unheard.is_none() => {
            let named = named(&breach.key.subject, &breach.key.signal);
            format!("Now {}: {named} comes and goes, and counts as one breach.", breach.severity)
        }
        Event::BreachChanged { breach, .. } => {
            format!("Now {}: {}.", breach.severity, crossed(breach))
        }
        Event::BreachCleared { key, ending: Ending::Recovered { .. }, .. } => {
            format!("{}.", recovered(&key.subject, &key.signal))
        }
        Event::BreachCleared { key, ending: Ending::NoLongerWatched, .. } => {
            let named = if known_signals::known_unit(key.signal.as_str()) == Some(Unit::YesNo) {
                humanize::capital(&humanize::subject(&key.subject))
            } else {
                named(&key.subject, &key.signal)
            };
            format!("{named} is no longer watched. Whether it recovered is not known.")
        }
        Event::Moved { step, to, .. } => format!("{}: the incident is {to}.", moved(*step)),
        Event::SummaryWritten { .. } => "The summary was written anew.".into(),
        Event::SnapshotSaved { snapshot, .. } => {
            let count = snapshot.breaches.len();
            if count == 0 {
                "Evidence was saved.".into()
            } else {
                format!(
                    "Evidence was saved ({count} {}).",
                    if count == 1 { "breach" } else { "breaches" }
                )
            }
        }
        Event::Acknowledged { .. } => format!("{} acknowledged it.", who()),
        Event::Commented { .. } => format!("{} wrote:", who()),
        Event::ResolutionOffered { .. } => {
            "All is quiet. Because a person has acted on it, Calm Ops leaves the end to them."
                .into()
        }
        Event::Resolved { step, note, .. } => {
            let colon = if note.is_some() { ", and wrote:" } else { "." };
            match step {
                Step::StayedQuiet => "Resolved: what is watched stayed quiet for its time.".into(),
                Step::Stabilize
                | Step::AskForDecision
                | Step::Quiet
                | Step::CommandRan
                | Step::BreachReturned
                | Step::PersonResolved
                | Step::Reopen => format!("{} resolved it{colon}", who()),
            }
        }
        Event::Reopened { note, .. } => match (actor.is_person(), note) {
            (true, Some(_)) => format!("{} opened it again, and wrote:", who()),
            (true, None) => format!("{} opened it again.", who()),
            (false, _) => "The trouble came back, so Calm Ops opened it again.".into(),
        },
        Event::Recommended { incident, recommendation } => {
            let Recommendation { place, title, shown, .. } = &**recommendation;
            format!("Recommendation {incident}-{place}: {title} ({shown}).")
        }
        Event::RecommendationWithdrawn { incident, place, why } => match why {
            Withdrawn::Expired => {
                format!("Nobody decided in time, so recommendation {incident}-{place} ended.")
            }
            Withdrawn::NotNeeded => {
                format!("Recommendation {incident}-{place} is not needed any more.")
            }
            Withdrawn::Changed => {
                format!(
                    "What recommendation {incident}-{place} was about has changed, so it is no longer offered as it was."
                )
            }
            Withdrawn::TooLate => {
                format!(
                    "Recommendation {incident}-{place} was approved, but could not be started in time, so it is not run."
                )
            }
        },
        Event::RecommendationDeclined { incident, place, .. } => {
            format!("{} declined recommendation {incident}-{place}, and wrote:", who())
        }
        Event::Approved { incident, place, .. } => {
            format!("{} approved recommendation {incident}-{place}.", who())
        }
        Event::RunStarted { incident, place } => {
            format!("What was approved as {incident}-{place} starts.")
        }
        Event::RunCancelled { incident, place } => {
            format!("{} asked to end the run of {incident}-{place}.", who())
        }
        Event::RunEnded { outcome, duration, .. } => ended(outcome, duration.as_secs_f64()),
        Event::RunProved { counts: false, worked: true, .. } => {
            "The signal has recovered. Whether the command did it is not known.".into()
        }
        Event::RunProved { counts: false, worked: false, .. } => {
            "It proves nothing about the command: it was ended early, or its end was not seen."
                .into()
        }
        Event::RunProved { worked: true, .. } => {
            "It worked: the signal that was to prove it has recovered.".into()
        }
        Event::RunProved { worked: false, .. } => {
            "It did not help: the signal that was to prove it has not recovered.".into()
        }
        Event::Called { account: id, .. } => format!("{} was called.", account(*id)),
        Event::CallFailed { account: id, .. } => format!("{} could not be called:", account(*id)),
        Event::ShareCreated { .. } => format!("{} made a link to share it.", who()),
        Event::ShareRevoked { .. } => format!("{} ended a link that shared it.", who()),
        Event::Redacted { entry, .. } => format!("{} redacted entry {entry}:", who()),
        Event::OwnerLinkMade => "A link for an owner was made on this machine.".into(),
        Event::AccountCreated { account: id, role, .. } => {
            format!("{} joined as {role}.", account(*id))
        }
        Event::RoleChanged { account: id, role } => {
            format!("{} made {} {}.", who(), account(*id), role.one())
        }
        Event::AccountClosed { account: id, closed: true } => {
            format!("{} closed the account of {}.", who(), account(*id))
        }
        Event::AccountClosed { account: id, closed: false } => {
            format!("{} opened the account of {} again.", who(), account(*id))
        }
        Event::SignedIn { account: id, by: AuthMethod::Password, .. } => {
            format!("{} signed in with a password.", account(*id))
        }
        Event::SignedIn { account: id, by: AuthMethod::Passkey, .. } => {
            format!("{} signed in with a passkey.", account(*id))
        }
        Event::SignedOut { account: id, .. } => format!("A sign-in of {} was ended.", account(*id)),
        Event::PasswordSet { account: id } => format!("{} set a password.", account(*id)),
        Event::PasskeyAdded { account: id, .. } => format!("{} added a passkey.", account(*id)),
        Event::PasskeyRemoved { account: id, .. } => format!("{} removed a passkey.", account(*id)),
        Event::Invited { role, .. } => format!("{} invited someone as {role}.", who()),
        Event::InvitationWithdrawn { .. } => format!("{} took an invitation back.", who()),
        Event::TokenCreated { token, scopes } => {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            format!("{} made a token for {} ({}).", who(), program(*token), scopes.join(", "))
        }
        Event::TokenRevoked { token } => {
            format!("{} ended the token of {}.", who(), program(*token))
        }
        Event::ContactSet { account: id, .. } => {
            format!("{} set a way to be called.", account(*id))
        }
        Event::ContactRemoved { account: id, .. } => {
            format!("{} removed a way to be called.", account(*id))
        }
    }
}

/// How a run ended.
fn ended(outcome: &RunOutcome, seconds: f64) -> String {
    let after = humanize::seconds(seconds);
    match outcome {
        RunOutcome::Exited { code: 0 } => format!("The command ended well after {after}."),
        RunOutcome::Exited { code } => format!("The command ended after {after} with the code {code}: it did not do what it should."),
        RunOutcome::Signalled { signal } => {
            format!("The command was ended after {after} by the signal {signal}, which is not from Calm Ops.")
        }
        RunOutcome::TimedOut => format!("The command took longer than it may and was ended after {after}."),
        RunOutcome::Cancelled => format!("The command was ended early, after {after}."),
        RunOutcome::NotStarted { why } => format!("The command was not started: {}.", why.trim_end_matches('.')),
        RunOutcome::Unknown => "The command was started, and its end was not seen: its outcome is unknown. Check by hand.".into(),
    }
}

fn words(event: &Event) -> Option<String> {
    match event {
        Event::RecommendationDeclined { reason, .. } | Event::Redacted { reason, .. } => {
            Some(reason.clone())
        }
        Event::CallFailed { why, .. } => Some(why.clone()),
        Event::Commented { text, .. } => Some(text.clone()),
        Event::Resolved { note, .. } | Event::Reopened { note, .. } => note.clone(),
        Event::DocumentRefused { error, .. } => Some(error.clone()),
        Event::Started { .. }
        | Event::Stopped
        | Event::ClockJumped { .. }
        | Event::Blind { .. }
        | Event::DocumentInForce { .. }
        | Event::SubjectRetired { .. }
        | Event::Restored { .. }
        | Event::IncidentOpened { .. }
        | Event::BreachJoined { .. }
        | Event::BreachChanged { .. }
        | Event::BreachCleared { .. }
        | Event::Moved { .. }
        | Event::SummaryWritten { .. }
        | Event::SnapshotSaved { .. }
        | Event::Acknowledged { .. }
        | Event::ResolutionOffered { .. }
        | Event::Recommended { .. }
        | Event::RecommendationWithdrawn { .. }
        | Event::Approved { .. }
        | Event::RunStarted { .. }
        | Event::RunCancelled { .. }
        | Event::RunEnded { .. }
        | Event::RunProved { .. }
        | Event::Called { .. }
        | Event::ShareCreated { .. }
        | Event::ShareRevoked { .. }
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

fn tone(event: &Event, actor: Actor) -> Tone {
    let grave = |severity: Severity| match severity {
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Critical,
    };
    match event {
        Event::IncidentOpened { incident } => grave(incident.severity),
        Event::BreachJoined { breach, .. } | Event::BreachChanged { breach, .. } => {
            grave(breach.severity)
        }
        Event::BreachCleared { ending: Ending::Recovered { .. }, .. } => Tone::Better,
        Event::BreachCleared { ending: Ending::NoLongerWatched, .. } => Tone::Warning,
        Event::Resolved { .. } if !actor.is_person() => Tone::Better,
        Event::Resolved { .. } | Event::Acknowledged { .. } | Event::Commented { .. } => {
            Tone::Person
        }
        Event::Reopened { .. } => {
            if actor.is_person() {
                Tone::Person
            } else {
                Tone::Warning
            }
        }
        Event::Blind { .. }
        | Event::DocumentRefused { .. }
        | Event::CallFailed { .. }
        | Event::RunProved { worked: false, .. } => Tone::Warning,
        Event::RunProved { worked: true, .. } => Tone::Better,
        Event::RunEnded { outcome, .. } => {
            if outcome.is_success() {
                Tone::Quiet
            } else {
                Tone::Warning
            }
        }
        Event::RecommendationDeclined { .. }
        | Event::Approved { .. }
        | Event::RunCancelled { .. }
        | Event::ShareCreated { .. }
        | Event::ShareRevoked { .. }
        | Event::Redacted { .. } => Tone::Person,
        Event::Started { .. }
        | Event::Stopped
        | Event::ClockJumped { .. }
        | Event::DocumentInForce { .. }
        | Event::SubjectRetired { .. }
        | Event::Restored { .. }
        | Event::Moved { .. }
        | Event::SummaryWritten { .. }
        | Event::SnapshotSaved { .. }
        | Event::ResolutionOffered { .. }
        | Event::Recommended { .. }
        | Event::RecommendationWithdrawn { .. }
        | Event::RunStarted { .. }
        | Event::Called { .. }
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
        | Event::ContactRemoved { .. } => Tone::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        access::Scope,
        breach::{BreachKey, Easing},
        id::IncidentNumber,
        time::Timestamp,
    };

    #[test]
    fn a_program_is_named_within_a_sentence() {
        let mut names = Names::default();
        names.0.insert(Actor::Account(AccountId(1)), "Ada".to_owned());
        names.0.insert(Actor::Token(TokenId(2)), "The program \"imports\"".to_owned());
        let said = |event| sentence(&event, Actor::Account(AccountId(1)), &names);
        assert_eq!(
            said(Event::TokenCreated { token: TokenId(2), scopes: vec![Scope::Read] }),
            "Ada made a token for the program \"imports\" (read)."
        );
        assert_eq!(
            said(Event::TokenRevoked { token: TokenId(2) }),
            "Ada ended the token of the program \"imports\"."
        );
    }

    fn breach(crossing: Crossing) -> Breach {
        let breach = fixtures::breach()
            .critical()
            .crossing(crossing)
            .since(Timestamp::from_secs(0))
            .fired(Timestamp::from_secs(60));
        breach.value(96.0).usual(61.0).limit_in(420.0).build()
    }

    #[test]
    fn a_breach_is_said_with_its_usual_value_and_level() {
        let said = |crossing| {
            sentence(
                &Event::BreachJoined {
                    incident: IncidentNumber(1),
                    breach: Box::new(breach(crossing)),
                },
                Actor::Agent,
                &Names::default(),
            )
        };
        assert_eq!(
            said(Crossing::Above { level: 95.0 }),
            "Joined: Memory used of web-1 is 96 % (usually 61 %), above 95 %."
        );
        assert_eq!(
            said(Crossing::Reaching { limit: 100.0, within_seconds: 600.0 }),
            "Joined: Memory used of web-1 is 96 % (usually 61 %) and reaches 100 % in about 7 min."
        );
        assert_eq!(
            said(Crossing::Silent { for_seconds: 60.0 }),
            "Joined: Memory used of web-1 was not heard for 1 min; the last value was 96 %."
        );
    }

    #[test]
    fn a_value_that_is_well_again_is_not_said_to_be_beyond_its_level() {
        let mut one = breach(Crossing::Above { level: 95.0 });
        (one.value, one.severity) = (12.0, Severity::Warning);
        one.easing = Some(Easing {
            since: Timestamp::from_secs(120),
            stays_for_seconds: 300.0,
            recovers_at: None,
        });
        let said = |breach: &Breach| {
            sentence(
                &Event::BreachChanged {
                    incident: IncidentNumber(1),
                    breach: Box::new(breach.clone()),
                },
                Actor::Agent,
                &Names::default(),
            )
        };
        assert_eq!(
            said(&one),
            "Now warning: Memory on web-1 was 96 % used (usually 61 %). Since 1970-01-01 00:02 UTC it is not above its level any more (12 % then); \
             it counts as recovered if it stays so for 5 min."
        );
        one.unsteady = true;
        assert_eq!(
            said(&one),
            "Now warning: Memory used of web-1 comes and goes, and counts as one breach."
        );
        let key = one.key;
        let cleared = |ending| {
            sentence(
                &Event::BreachCleared { incident: IncidentNumber(1), key: key.clone(), ending },
                Actor::Agent,
                &Names::default(),
            )
        };
        assert!(
            cleared(Ending::NoLongerWatched)
                .ends_with("is no longer watched. Whether it recovered is not known.")
        );
        assert!(
            cleared(Ending::Recovered { since: Timestamp::from_secs(1) })
                .ends_with("is back to normal.")
        );
    }

    #[test]
    fn what_is_yes_or_no_is_said_in_words() {
        let mut one = breach(Crossing::Below { level: 1.0 });
        one.key = BreachKey {
            subject: "endpoint:dead".parse().unwrap(),
            signal: "endpoint.up".parse().unwrap(),
        };
        (one.value, one.peak, one.unit, one.usual) = (0.0, 0.0, Unit::YesNo, Some(1.0));
        let number = IncidentNumber(1);
        let said = |event| sentence(&event, Actor::Agent, &Names::default());
        assert_eq!(
            said(Event::BreachJoined { incident: number, breach: Box::new(one.clone()) }),
            "Joined: The endpoint dead does not answer as expected."
        );
        let cleared =
            |ending| said(Event::BreachCleared { incident: number, key: one.key.clone(), ending });
        assert_eq!(
            cleared(Ending::Recovered { since: Timestamp::from_secs(1) }),
            "The endpoint dead answers as expected again."
        );
        assert_eq!(
            cleared(Ending::NoLongerWatched),
            "The endpoint dead is no longer watched. Whether it recovered is not known."
        );
    }

    #[test]
    fn what_a_person_wrote_stands_apart_from_the_sentence() {
        let event = Event::Resolved {
            incident: IncidentNumber(1),
            step: Step::PersonResolved,
            note: Some("freed space".into()),
        };
        let line = line(
            &Entry {
                number: 9,
                at: Timestamp::from_secs(1),
                actor: Actor::Local,
                event: Some(event),
            },
            &Names::default(),
        );
        assert_eq!(line.sentence, "Someone at this machine resolved it, and wrote:");
        assert_eq!(line.words.as_deref(), Some("freed space"));
        assert_eq!(line.tone, Tone::Person);
    }

    #[test]
    fn a_redacted_entry_keeps_its_place() {
        let line = line(
            &Entry { number: 3, at: Timestamp::from_secs(1), actor: Actor::Local, event: None },
            &Names::default(),
        );
        assert!(line.sentence.contains("redacted"));
    }
}
