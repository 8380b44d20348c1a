use proptest::prelude::*;

use super::*;

const DOCUMENTS: [(MessageAudience, &str); 3] = [
    (MessageAudience::Affected, include_str!("../../../reports/messages/affected.md")),
    (MessageAudience::All, include_str!("../../../reports/messages/all.md")),
    (MessageAudience::Internal, include_str!("../../../reports/messages/internal.md")),
];

fn parse(audience: MessageAudience, text: &str) -> Result<MessageTemplate, Vec<Diagnostic>> {
    MessageTemplate::parse(audience, "m.md", text, fixtures::signals())
}

/// A document that is right, with other sentences in its first notice.
fn with(sentences: &str) -> String {
    format!(
        "format: 1\n## First notice\nSubject: {{product}}\n{sentences}\n## Update\nSubject: x\n- x\n## Resolved\nSubject: x\n- x\n"
    )
}

/// Every problem of a document: line, column, width and what was found.
fn problems(audience: MessageAudience, text: &str) -> Vec<(u32, u32, u32, String)> {
    let problems = parse(audience, text).expect_err(text);
    problems.into_iter().map(|one| (one.line, one.column, one.width, one.found)).collect()
}

#[test]
fn the_documents_are_right_and_state_every_fact_that_they_may() {
    for (audience, text) in DOCUMENTS {
        let template = parse(audience, text).unwrap_or_else(|problems| panic!("{}", problems[0]));
        assert_eq!(template.audience(), audience);
        let mut stated = Vec::new();
        for stage in MessageStage::ALL {
            let StageTemplate { subject, sentences } = template.stage(stage);
            let pieces = subject.iter().chain(sentences.iter().flat_map(|one| &one.pieces));
            stated.extend(pieces.filter_map(|piece| match piece {
                MessagePiece::Fact(fact) => Some(*fact),
                MessagePiece::Words(_) => None,
            }));
            assert!(sentences[0].begins_paragraph, "{audience:?} {stage:?}");
        }
        for fact in MessageFact::ALL {
            let is_listed = text.contains(&format!("| {{{}}} |", fact.as_str()));
            assert_eq!(is_listed, fact.is_for(audience), "{audience:?} {fact:?}");
            let is_measure = fact == MessageFact::Measures && audience == MessageAudience::All;
            let is_stated = stated.contains(&fact);
            assert_eq!(is_stated, fact.is_for(audience) && !is_measure, "{audience:?} {fact:?}");
        }
    }
}

#[test]
fn a_subject_claims_nothing_that_may_be_over() {
    let text = with("- x").replacen("Subject: {product}", "Subject: {duration} so far", 1);
    let found = problems(MessageAudience::All, &text);
    assert_eq!(found[0].3, "the fact 'duration' in a subject, which is not always known");
    let text = with("- x").replacen(
        "## Resolved\nSubject: x\n- x",
        "## Resolved\nSubject: x\n- {recovered since}",
        1,
    );
    let found = problems(MessageAudience::All, &text);
    assert_eq!(found[0].3, "the fact 'recovered since', never known in 'Resolved'");
}

#[test]
fn a_sentence_is_words_and_facts_and_an_empty_line_begins_a_paragraph() {
    let text = with("- It began at {since}.\n- {effect}\n\n-  {likely effect}{duration}, x ");
    let template = parse(MessageAudience::All, &text).unwrap();
    let words = |text: &str| MessagePiece::Words(text.to_owned());
    let fact = MessagePiece::Fact;
    let expected = [
        (vec![words("It began at "), fact(MessageFact::Since), words(".")], true),
        (vec![fact(MessageFact::Effect)], false),
        (vec![fact(MessageFact::LikelyEffect), fact(MessageFact::Duration), words(", x")], true),
    ];
    let expected =
        expected.map(|(pieces, begins_paragraph)| MessageSentence { pieces, begins_paragraph });
    assert_eq!(template.stage(MessageStage::First).sentences, expected);
}

#[test]
fn promises_causes_and_unknown_facts_are_refused_with_their_place() {
    use MessageAudience::{Affected, All, Internal};
    for (audience, sentence, column, width, found) in [
        (All, "- It will be fixed soon.", 6, 13, "the promise 'will be fixed'"),
        (All, "- Late, due to {since}.", 9, 6, "the cause 'due to'"),
        (Internal, "- We guarantee it.", 6, 9, "the promise 'guarantee'"),
        (All, "- It is {cause}.", 9, 7, "unknown fact 'cause'"),
        (All, "- It is {sinse}.", 9, 7, "unknown fact 'sinse'"),
        (All, "- It is {since.", 9, 1, "a brace without the other one"),
        (All, "- It is } {since}.", 9, 1, "a brace without the other one"),
        (
            Affected,
            "- Only {organizations}.",
            8,
            15,
            "the fact 'organizations', which only colleagues may read",
        ),
        (
            All,
            "- On host:web-1.",
            6,
            10,
            "'host:web-1', a name of the inside, in a message to customers",
        ),
        (
            All,
            "- Over at {resolved at}.",
            11,
            13,
            "the fact 'resolved at', never known in 'First notice'",
        ),
    ] {
        let first = problems(audience, &with(sentence)).into_iter().next();
        assert_eq!(first, Some((4, column, width, found.to_owned())), "{sentence}");
    }
    assert!(parse(Internal, &with("- On host:web-1: {organizations}.")).is_ok());
}

#[test]
fn what_is_missing_twice_or_in_no_part_is_told() {
    let found = |text: &str| -> Vec<(u32, String)> {
        let all = problems(MessageAudience::All, text);
        all.into_iter().map(|(line, _, _, found)| (line, found)).collect()
    };
    assert_eq!(
        found(&with("plain words\nSubject: again\nSubject: {effect}\n- \n- x")),
        [
            (4, "a line that is neither the subject nor a sentence".to_owned()),
            (5, "a second subject".to_owned()),
            (6, "the fact 'effect' in a subject, which is not always known".to_owned()),
            (7, "a line that is neither the subject nor a sentence".to_owned()),
        ]
    );
    assert_eq!(
        found("format: 1\n## First notise\n## Update\n- x\n## Update\nSubject: x\n- y\n"),
        [
            (1, "the part 'First notice' is missing".to_owned()),
            (1, "the part 'Resolved' is missing".to_owned()),
            (2, "unknown part 'First notise'".to_owned()),
            (3, "a part without a subject".to_owned()),
            (5, "the part 'Update' twice".to_owned()),
        ]
    );
    let many = "- x\n".repeat(21);
    assert_eq!(found(&with(&many))[0], (24, "too many sentences".to_owned()));
    let long = format!("- {}\n- x", "x".repeat(500));
    assert_eq!(found(&with(&long))[0], (4, "this line is too long".to_owned()));
    assert_eq!(found("")[0].1, "the document does not begin with its format");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(64)))]

    /// Whatever stands in a document for customers: what is read holds no fact of the inside.
    #[test]
    fn no_template_for_customers_states_a_fact_of_the_inside(
        parts in prop::collection::vec("(\\{[a-z ]{0,12}\\}|[a-z:. -]{0,12}|\\{organizations\\})", 0..8),
    ) {
        let text = with(&format!("- {}", parts.concat()));
        if let Ok(template) = parse(MessageAudience::Affected, &text) {
            for sentence in &template.stage(MessageStage::First).sentences {
                for piece in &sentence.pieces {
                    let is_internal =
                        matches!(piece, MessagePiece::Fact(fact) if fact.is_internal());
                    prop_assert!(!is_internal, "{}", text);
                }
            }
        }
    }
}
