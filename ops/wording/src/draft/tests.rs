use domain::{
    actor::{Actor, Names},
    id::{AccountId, IncidentNumber},
    impact::{AffectedOrganization, EffectOn, EndpointTrouble, Evidence, Impact},
    incident::{Acknowledgement, Incident, apply},
    journal::{Entry, Event},
    lifecycle::Step,
    message::{AudienceMessages, MessageAudience, MessageSent, MessageStage},
};
use fixtures::at;
use proptest::prelude::*;

use super::*;

const ADA: Actor = Actor::Account(AccountId(1));

fn template(audience: MessageAudience) -> MessageTemplate {
    let text = match audience {
        MessageAudience::Affected => include_str!("../../../reports/messages/affected.md"),
        MessageAudience::All => include_str!("../../../reports/messages/all.md"),
        MessageAudience::Internal => include_str!("../../../reports/messages/internal.md"),
    };
    MessageTemplate::parse(audience, "m.md", text, fixtures::signals()).unwrap()
}

/// An incident with its entries, as a store has them.
struct Story {
    incident: Option<Incident>,
    entries: Vec<Entry>,
    messages: AudienceMessages,
}

impl Story {
    fn opened() -> Self {
        let breach = fixtures::breach()
            .on("endpoint:checkout")
            .signal("endpoint.up")
            .unit("yes/no")
            .value(0.0)
            .critical()
            .build();
        let opening = fixtures::incident(7).of([breach]).began(at(5)).opened(at(65)).opening();
        let mut story =
            Self { incident: None, entries: Vec::new(), messages: AudienceMessages::default() };
        story.take(Actor::Agent, opening);
        story
    }

    fn take(&mut self, actor: Actor, event: Event) {
        let number = self.entries.len() as u64 + 1;
        let at = at(i64::try_from(number).unwrap() * 60 + 5);
        apply(&mut self.incident, &event, actor, at).unwrap();
        self.entries.push(Entry { number, at, actor, event: Some(event) });
    }

    fn draft(&self, audience: MessageAudience) -> Draft {
        let source = DraftSource {
            incident: self.incident.as_ref().unwrap(),
            entries: &self.entries,
            messages: &self.messages,
            product: Some("Example"),
            now: at(1_265),
        };
        compose(&template(audience), source)
    }

    /// Sentences with their entries, for a test to read.
    fn told(&self, audience: MessageAudience) -> Vec<(String, Vec<u64>)> {
        let draft = self.draft(audience);
        let plain = |text: &str| text.replace(['\u{2068}', '\u{2069}'], "");
        draft.sentences.iter().map(|one| (plain(&one.text), one.entries.clone())).collect()
    }
}

fn affected(name: &str, evidence: Evidence) -> AffectedOrganization {
    AffectedOrganization {
        organization: format!("organization:{name}").parse().unwrap(),
        effects: vec![EffectOn { evidence, since: at(60), until: None, last_seen: None }],
    }
}

fn impact() -> Event {
    let endpoint = "endpoint:checkout".parse().unwrap();
    let organizations = vec![
        affected("acme", Evidence::Results { failed: 12, of: 100 }),
        affected("beta", Evidence::Endpoint { endpoint, trouble: EndpointTrouble::Slow }),
    ];
    let (more_known, more_likely, not_reported) = (2, 0, 0);
    let impact = Impact { at: at(60), organizations, more_known, more_likely, not_reported };
    Event::ImpactChanged { incident: IncidentNumber(7), impact: Box::new(impact) }
}

fn cleared(story: &Story) -> Event {
    let key = story.incident.as_ref().unwrap().breaches[0].breach.key.clone();
    let ending = domain::breach::Ending::Recovered { since: at(60) };
    Event::BreachCleared { incident: IncidentNumber(7), key, ending }
}

fn resolved() -> Event {
    let step = Step::PersonResolved;
    Event::Resolved { incident: IncidentNumber(7), step, note: Some("the cause was x".into()) }
}

fn told(all: &[(&str, &[u64])]) -> Vec<(String, Vec<u64>)> {
    all.iter().map(|(text, entries)| ((*text).to_owned(), entries.to_vec())).collect()
}

#[test]
fn what_is_not_known_is_left_out_and_each_fact_names_its_entries() {
    let mut story = Story::opened();
    assert_eq!(
        story.told(MessageAudience::Affected),
        told(&[
            ("Example has had a problem since 22 Nov 2026, 10:00:05 UTC.", &[1]),
            ("It is likely that checkout fails or does not answer.", &[1]),
            ("We do not know the cause yet.", &[]),
        ])
    );
    story.take(Actor::Agent, impact());
    story.take(ADA, Event::Acknowledged { incident: IncidentNumber(7) });
    assert_eq!(
        story.told(MessageAudience::Affected)[1..4],
        told(&[
            ("You may notice that some requests fail.", &[2]),
            ("It is likely that requests take longer than usual.", &[2]),
            ("Our team has been working on it since 22 Nov 2026, 10:03:05 UTC.", &[3]),
        ])
    );
    let internal = story.told(MessageAudience::Internal);
    assert!(internal.contains(&("Known to be affected: acme and 2 more.".into(), vec![2])));
    assert!(internal.contains(&("Likely affected: beta.".into(), vec![2])), "{internal:?}");
    assert_eq!(
        story.draft(MessageAudience::Affected).subject,
        "Example: a problem that affects you"
    );
}

#[test]
fn nothing_of_the_inside_and_no_word_of_a_person_is_in_a_draft_for_customers() {
    let mut story = Story::opened();
    story.take(Actor::Agent, impact());
    story.take(ADA, Event::Commented { incident: IncidentNumber(7), text: "hunter2".into() });
    story.take(ADA, resolved());
    for audience in [MessageAudience::Affected, MessageAudience::All] {
        let text = story.draft(audience).text();
        for inside in ["acme", "beta", "web-1", "hunter2", "the cause was", "endpoint", "Incident"]
        {
            assert!(!text.contains(inside), "{inside} in {text}");
        }
    }
}

#[test]
fn the_stage_follows_from_what_was_sent_and_a_recovery_is_told_only_where_it_was_seen() {
    let mut story = Story::opened();
    story.messages.sent.push(MessageSent {
        number: 9,
        at: at(300),
        by: ADA,
        version: 8,
        stage: MessageStage::First,
        destination: "Help desk".into(),
    });
    assert_eq!(
        story.told(MessageAudience::All)[..2],
        told(&[
            ("This is an update to our message of 22 Nov 2026, 10:05:00 UTC.", &[9]),
            (
                "The problem began at 22 Nov 2026, 10:00:05 UTC and has lasted 21 minutes so far.",
                &[1]
            ),
        ])
    );
    // Ended by a person while the problem holds.
    let mut closed = Story::opened();
    closed.take(ADA, resolved());
    assert_eq!(
        closed.told(MessageAudience::All)[0].0,
        "We closed our work on the problem that began at 22 Nov 2026, 10:00:05 UTC at 22 Nov 2026, 10:02:05 UTC, and have not seen all of it recover."
    );
    let clear = cleared(&story);
    story.take(Actor::Agent, clear);
    story.take(ADA, resolved());
    assert_eq!(
        story.told(MessageAudience::All)[0],
        (
            "The problem that began at 22 Nov 2026, 10:00:05 UTC was resolved at 22 Nov 2026, 10:03:05 UTC, after 3 minutes: everything that had a problem works normally again.".to_owned(),
            vec![1, 2, 3]
        )
    );
    assert_eq!(story.draft(MessageAudience::All).stage, MessageStage::Resolved);
}

#[test]
fn a_product_without_a_name_is_our_service() {
    let story = Story::opened();
    let incident = story.incident.clone().unwrap();
    let (entries, messages) = (&story.entries[..], &story.messages);
    let source =
        DraftSource { incident: &incident, entries, messages, product: None, now: at(100) };
    let draft = compose(&template(MessageAudience::All), source);
    assert!(draft.subject.starts_with("Our service: a problem"), "{}", draft.subject);
    assert!(draft.text().starts_with("Our service has had a problem since"), "{}", draft.text());
}

#[test]
fn facts_after_a_save_are_told_and_of_impact_only_the_last() {
    let mut story = Story::opened();
    let names = Names::default();
    assert_eq!(since_saved(&story.entries, 1, &names), (Vec::new(), 0));
    for _ in 0..3 {
        story.take(Actor::Agent, impact());
    }
    story.take(ADA, Event::Commented { incident: IncidentNumber(7), text: "x".into() });
    story.take(ADA, Event::Acknowledged { incident: IncidentNumber(7) });
    let (facts, more) = since_saved(&story.entries, 1, &names);
    assert_eq!((facts.iter().map(|fact| fact.number).collect::<Vec<_>>(), more), (vec![4, 6], 0));
    for _ in 0..20 {
        let clear = cleared(&story);
        story.take(Actor::Agent, clear);
    }
    let (facts, more) = since_saved(&story.entries, 1, &names);
    assert_eq!((facts.len(), more), (8, 14));
}

/// Something that may happen to an incident, in any order that fits.
fn event(story: &Story, what: u8) -> (Actor, Event) {
    let incident = IncidentNumber(7);
    match what {
        0 => (Actor::Agent, impact()),
        1 => (ADA, Event::Acknowledged { incident }),
        2 => (Actor::Agent, cleared(story)),
        3 => (ADA, resolved()),
        4 => (ADA, Event::Reopened { incident, note: None }),
        _ => (ADA, Event::Commented { incident, text: "x".into() }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(64)))]

    /// Whatever happened: every sentence is filled, names only entries of the incident, and the
    /// whole can be saved.
    #[test]
    fn every_sentence_is_filled_and_names_entries_of_its_incident(
        steps in prop::collection::vec(0..6_u8, 0..20),
        was_sent in any::<bool>(),
    ) {
        let mut story = Story::opened();
        for what in steps {
            let (actor, event) = event(&story, what);
            let mut tried = story.incident.clone();
            if apply(&mut tried, &event, actor, at(0)).is_ok() {
                story.take(actor, event);
            }
        }
        if was_sent {
            story.messages.sent.push(MessageSent {
                number: 1, at: at(9), by: ADA, version: 1, stage: MessageStage::First,
                destination: "x".into(),
            });
        }
        let acknowledged: Option<Acknowledgement> =
            story.incident.as_ref().and_then(|one| one.acknowledged);
        for audience in MessageAudience::ALL {
            let draft = story.draft(audience);
            let text = draft.text();
            prop_assert!(!text.is_empty() && !text.contains(['{', '}']), "{}", text);
            prop_assert!(domain::input::checked("text", &text, true).is_ok(), "{}", text);
            prop_assert_eq!(
                text.contains("working on it since"),
                acknowledged.is_some() && draft.stage != MessageStage::Resolved
            );
            for sentence in &draft.sentences {
                let known = |number: &u64| story.entries.iter().any(|one| one.number == *number);
                prop_assert!(sentence.entries.iter().all(known), "{:?}", sentence);
            }
        }
    }
}
