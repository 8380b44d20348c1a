//! The timeline: each event as one calm sentence. Each group names every event of its own: a new one
//! does not compile until it can be told.

use domain::{
    actor::{Actor, Names},
    journal::{Entry, Event, EventGroup},
    time::Timestamp,
};

mod account;
mod incident;
mod protection;
mod recommendation;
mod review;
mod service;
mod threshold;
mod told;

pub use service::generated;
pub use told::Tone;
use told::{Told, told};

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The journal's number.
    pub number: u64,
    /// The time.
    pub at: Timestamp,
    /// The author.
    pub actor: Actor,
    /// The same, as a page names them.
    pub who: String,
    /// The event, as a sentence.
    pub sentence: String,
    /// The words of a person, if there are any.
    pub words: Option<String>,
    /// The weight.
    pub tone: Tone,
    /// True if Calm Ops only notes what it wrote or saved: nothing happened to the incident.
    pub is_note: bool,
}

/// Tells an entry as a line of the timeline.
pub fn line(entry: &Entry, names: &Names) -> Line {
    let Told { sentence, tone, words } = match &entry.event {
        Some(event) => tell(event, entry.actor, names),
        None => told("This entry was redacted. The journal still proves that it existed."),
    };
    let (number, at, actor) = (entry.number, entry.at, entry.actor);
    let is_note =
        matches!(entry.event, Some(Event::SummaryWritten { .. } | Event::SnapshotSaved { .. }));
    Line { number, at, actor, who: names.of(actor), sentence, words, tone, is_note }
}

fn tell(event: &Event, actor: Actor, names: &Names) -> Told {
    match event.group() {
        EventGroup::Incident(event) => incident::tell(event, actor, names),
        EventGroup::Recommendation(event) => recommendation::tell(event, actor, names),
        EventGroup::Notification(event) => service::notification(event, names),
        EventGroup::Share(event) => service::share(event, actor, names),
        EventGroup::Journal(event) => service::journal(event, actor, names),
        EventGroup::Document(event) => service::document(event),
        EventGroup::Threshold(event) => threshold::tell(event, actor, names),
        EventGroup::System(event) => service::system(event),
        EventGroup::Change(event) => service::change(event, actor, names),
        EventGroup::Maintenance(event) => service::maintenance(event, actor, names),
        EventGroup::Practice(event) => service::practice(event, actor, names),
        EventGroup::Protection(event) => protection::tell(event, actor, names),
        EventGroup::StatusPage(event) => service::status_page(event, actor, names),
        EventGroup::Message(event) => service::message(event, actor, names),
        EventGroup::Review(event) => review::tell(event, actor, names),
        EventGroup::Report(event) => review::report(event, actor, names),
        EventGroup::Account(event) => account::tell(event, actor, names),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        access::Scope,
        breach::{Breach, BreachKey, Crossing, Easing, Ending},
        id::{AccountId, IncidentNumber, TokenId},
        lifecycle::Step,
        severity::Severity,
        unit::Unit,
        usual::{Bounds, RelativeLevel, Side},
    };

    use super::*;

    #[test]
    fn a_program_is_named_within_a_sentence() {
        let mut names = Names::default();
        names.0.insert(Actor::Account(AccountId(1)), "Ada".to_owned());
        names.0.insert(Actor::Token(TokenId(2)), "The program \"imports\"".to_owned());
        let said = |event| tell(&event, Actor::Account(AccountId(1)), &names).sentence;
        assert_eq!(
            said(Event::TokenCreated {
                token: TokenId(2),
                scopes: vec![Scope::Read],
                expiry: None
            }),
            "Ada created a token for the program \"imports\" (read)."
        );
        assert_eq!(
            said(Event::TokenRevoked { token: TokenId(2) }),
            "Ada revoked the token of the program \"imports\"."
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
            tell(
                &Event::BreachJoined {
                    incident: IncidentNumber(1),
                    breach: Box::new(breach(crossing)),
                },
                Actor::Agent,
                &Names::default(),
            )
            .sentence
        };
        assert_eq!(
            said(Crossing::Above { level: 95.0 }),
            "Also: memory used on web-1 at 96% (usually 61%, threshold 95%)."
        );
        let relative = |side, times, low, high| Crossing::Usual {
            relative: RelativeLevel { side, times, floor: None },
            bounds: Bounds { low, high },
        };
        assert_eq!(
            said(relative(Side::Above, 1.5, None, Some(91.5))),
            "Also: memory used on web-1 at 96%, more than 1.5 times usual (usual at this hour: 61%)."
        );
        assert_eq!(
            said(relative(Side::Outside, 1.0, Some(50.0), Some(70.0))),
            "Also: memory used on web-1 at 96%, outside its usual range (usual at this hour: 50% to 70%)."
        );
        assert_eq!(
            said(Crossing::Reaching { limit: 100.0, within_seconds: 600.0 }),
            "Also: memory used on web-1 at 96% (usually 61%), reaching 100% in about 7 minutes."
        );
        assert_eq!(
            said(Crossing::Silent { for_seconds: 60.0 }),
            "Also: no memory used readings from web-1 for over 1 min; the last one was 96% at 1 Jan 1970, 00:01:00 UTC."
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
            tell(
                &Event::BreachChanged {
                    incident: IncidentNumber(1),
                    breach: Box::new(breach.clone()),
                },
                Actor::Agent,
                &Names::default(),
            )
            .sentence
        };
        assert_eq!(
            said(&one),
            "Improving: memory on web-1 has been below its threshold since 1 Jan 1970, 00:02:00 UTC."
        );
        one.unsteady = true;
        assert_eq!(
            said(&one),
            "Now warning: memory used on web-1 is intermittent and counts as one problem."
        );
        let key = one.key;
        let cleared = |ending| {
            tell(
                &Event::BreachCleared { incident: IncidentNumber(1), key: key.clone(), ending },
                Actor::Agent,
                &Names::default(),
            )
            .sentence
        };
        assert!(
            cleared(Ending::NoLongerWatched)
                .ends_with("is no longer monitored, so it is not known whether it recovered.")
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
        let said = |event| tell(&event, Actor::Agent, &Names::default()).sentence;
        assert_eq!(
            said(Event::BreachJoined { incident: number, breach: Box::new(one.clone()) }),
            "Also: the endpoint dead does not answer as expected."
        );
        let cleared =
            |ending| said(Event::BreachCleared { incident: number, key: one.key.clone(), ending });
        assert_eq!(
            cleared(Ending::Recovered { since: Timestamp::from_secs(1) }),
            "The endpoint dead answers as expected again."
        );
        assert_eq!(
            cleared(Ending::NoLongerWatched),
            "The endpoint dead is no longer monitored, so it is not known whether it recovered."
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
        assert_eq!(line.sentence, "Someone on this machine resolved it:");
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
