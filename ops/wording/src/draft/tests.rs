use domain::{
    actor::{Actor, Names},
    breach::{Easing, Ending, Unheard},
    id::{AccountId, IncidentNumber},
    impact::{AffectedOrganization, EffectOn, EndpointTrouble, Evidence, Impact},
    incident::{Acknowledgement, Incident, apply},
    journal::{Entry, Event},
    lifecycle::Step,
    message::{AudienceMessages, MessageAudience, MessageSent, MessageStage},
    practice::{SIGNAL, subject},
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
        compose(&template(audience), source(self))
    }

    /// Sentences with their entries, for a test to read.
    fn told(&self, audience: MessageAudience) -> Vec<(String, Vec<u64>)> {
        let draft = self.draft(audience);
        let plain = |text: &str| text.replace(['\u{2068}', '\u{2069}'], "");
        draft.sentences.iter().map(|one| (plain(&one.text), one.entries.clone())).collect()
    }
}

fn source(story: &Story) -> DraftSource<'_> {
    DraftSource {
        incident: story.incident.as_ref().unwrap(),
        entries: &story.entries,
        messages: &story.messages,
        product: Some("Example"),
        now: at(1_265),
    }
}

fn sent() -> MessageSent {
    MessageSent {
        number: 9,
        at: at(300),
        by: ADA,
        version: 8,
        stage: MessageStage::First,
        destination: "Help desk".into(),
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
    let ending = Ending::Recovered { since: at(125) };
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
            (
                "Example has had a problem since 22 Nov 2026, 10:00:05 UTC, for 21 minutes so far.",
                &[1]
            ),
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
    story.messages.sent.push(sent());
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
            "The problem that began at 22 Nov 2026, 10:00:05 UTC lasted 2 minutes and was resolved at 22 Nov 2026, 10:03:05 UTC: everything that had a problem works normally again.".to_owned(),
            vec![1, 2, 3]
        )
    );
    assert_eq!(story.draft(MessageAudience::All).stage, MessageStage::Resolved);
}

#[test]
fn the_time_after_a_recovery_is_not_told_as_a_problem() {
    let mut story = Story::opened();
    story.take(ADA, Event::Acknowledged { incident: IncidentNumber(7) });
    let clear = cleared(&story);
    story.take(Actor::Agent, clear);
    let well = "The problem began at 22 Nov 2026, 10:00:05 UTC. Since 22 Nov 2026, 10:02:05 UTC everything that had a problem works normally again.";
    for audience in MessageAudience::ALL {
        let text =
            story.draft(audience).text().replace("Example had a problem that", "The problem");
        assert!(!text.contains("so far") && !text.contains("has had"), "{text}");
        assert!(text.contains(&well[well.len() - 60..]), "{text}");
        assert!(audience == MessageAudience::Internal || text.contains(well), "{text}");
    }
    story.messages.sent.push(sent());
    for audience in MessageAudience::ALL {
        let text = story.draft(audience).text();
        assert!(!text.contains("so far") && text.contains("works normally again"), "{text}");
    }
    // Hours later a person resolves it.
    while story.entries.len() < 400 {
        story.take(ADA, Event::Commented { incident: IncidentNumber(7), text: "x".into() });
    }
    story.take(ADA, resolved());
    for audience in MessageAudience::ALL {
        let text = story.draft(audience).text();
        assert!(text.contains("lasted 2 minutes"), "{text}");
    }
}

#[test]
fn a_part_that_is_no_longer_watched_is_not_told_as_well() {
    let mut story = Story::opened();
    let key = story.incident.as_ref().unwrap().breaches[0].breach.key.clone();
    let (incident, ending) = (IncidentNumber(7), Ending::NoLongerWatched);
    story.take(Actor::Agent, Event::BreachCleared { incident, key, ending });
    let text = story.draft(MessageAudience::All).text();
    for claim in ["so far", "has had", "works normally"] {
        assert!(!text.contains(claim), "{claim} in {text}");
    }
}

#[test]
fn an_effect_that_is_not_seen_any_more_is_not_told_as_one_that_is() {
    let told = |change: &dyn Fn(&mut Incident)| {
        let mut story = Story::opened();
        story.take(Actor::Agent, impact());
        change(story.incident.as_mut().unwrap());
        let texts: Vec<String> =
            MessageAudience::ALL.map(|audience| story.draft(audience).text()).into();
        texts.join("\n").replace(['\u{2068}', '\u{2069}'], "")
    };
    let all = told(&|_| {});
    for part in ["some requests fail", "take longer than usual", "affected: acme", "affected: beta"]
    {
        assert!(all.contains(part), "{part} in {all}");
    }
    let silent = told(&|incident| {
        for one in &mut incident.impact.as_mut().unwrap().organizations {
            one.effects[0].last_seen = Some(at(90));
        }
    });
    for part in ["some requests fail", "take longer than usual", "acme", "beta"] {
        assert!(!silent.contains(part), "{part} in {silent}");
    }
    assert!(silent.contains("checkout fails or does not answer"), "{silent}");
    let easing = Easing { since: at(90), stays_for_seconds: 60.0, recovers_at: None };
    let unheard = Unheard { since: at(90), for_seconds: 60.0 };
    for (easing, unheard) in [(Some(easing), None), (None, Some(unheard))] {
        let eased = told(&|incident| {
            let breach = &mut incident.breaches[0].breach;
            (breach.easing, breach.unheard) = (easing, unheard);
            incident.impact.as_mut().unwrap().organizations.remove(0);
        });
        assert!(!eased.contains("likely that"), "{eased}");
        assert!(!eased.contains("beta"), "{eased}");
    }
}

#[test]
fn a_draft_of_a_practice_says_so_first() {
    let mut story = Story::opened();
    let breach = fixtures::breach().on(subject().as_str()).signal(SIGNAL).critical().build();
    let opening = fixtures::incident(7).of([breach]).began(at(5)).opened(at(65)).opening();
    (story.incident, story.entries) = (None, Vec::new());
    story.take(Actor::Agent, opening);
    for resolve in [false, true] {
        for audience in MessageAudience::ALL {
            let draft = story.draft(audience);
            assert!(draft.subject.starts_with("Practice: "), "{}", draft.subject);
            assert!(draft.text().starts_with(practice::NOTICE), "{}", draft.text());
            assert!(draft.sentences[1].begins_paragraph);
        }
        if !resolve {
            story.take(ADA, resolved());
        }
    }
    assert!(!Story::opened().draft(MessageAudience::All).subject.contains("Practice"));
}

#[test]
fn a_draft_with_the_longest_names_can_be_saved() {
    let long = |letter: char, number: usize| format!("{}{number}", letter.to_string().repeat(90));
    let breaches = (0..30).map(|number| {
        fixtures::breach()
            .on(&format!("endpoint:{}", long('e', number)))
            .signal("endpoint.up")
            .unit("yes/no")
            .value(0.0)
            .critical()
            .build()
    });
    let opening = fixtures::incident(7).of(breaches).began(at(5)).opened(at(65)).opening();
    let mut story = Story::opened();
    (story.incident, story.entries) = (None, Vec::new());
    story.take(Actor::Agent, opening);
    let failing = Evidence::Results { failed: 12, of: 100 };
    let organizations =
        (0..30).map(|number| affected(&long('o', number), failing.clone())).collect();
    let (more_known, more_likely, not_reported) = (2, 0, 0);
    let impact = Impact { at: at(60), organizations, more_known, more_likely, not_reported };
    let incident = IncidentNumber(7);
    story.take(Actor::Agent, Event::ImpactChanged { incident, impact: Box::new(impact) });
    let facts = "- {organizations}: {problems}, and {effect}.\n".repeat(6);
    let words = format!("- {}\n", "x".repeat(490)).repeat(14);
    for (sentences, is_whole) in [(facts.clone(), true), (format!("{facts}{words}"), false)] {
        let text = format!(
            "format: 1\n## First notice\nSubject: x\n{sentences}## Update\nSubject: x\n- x\n## Resolved\nSubject: x\n- x\n"
        );
        let internal = MessageAudience::Internal;
        let template =
            MessageTemplate::parse(internal, "m.md", &text, fixtures::signals()).unwrap();
        let draft = compose(&template, source(&story));
        let text = draft.text();
        assert!(domain::input::checked("text", &text, true).is_ok(), "{}", text.chars().count());
        assert!(text.contains(" more"), "{text}");
        assert_eq!(draft.sentences.len() == sentences.lines().count(), is_whole, "{text}");
    }
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
