//! The templates of messages to customers: any text is either one of them, without a fact of the
//! inside where customers read it, or mistakes with places inside it.

use domain::message::{MessageAudience, MessageStage};
use fixtures::fuzz::Target;
use policy::messages::{MessageFact, MessagePiece, MessageTemplate};

use super::texts;

pub(super) const TARGETS: &[Target] = &[Target {
    name: "messages",
    seeds: documents,
    words: &[
        "format: 1\n",
        "## First notice\n",
        "## Update\n",
        "## Resolved\n",
        "Subject: ",
        "\n- ",
        "\n\n",
        "{since}",
        "{organizations}",
        "{resolved at}",
        "{product}",
        "{",
        "}",
        "soon",
        "will be fixed",
        "due to",
        "host:web-1",
        "host.memory.used",
        "10.0.0.7",
        "\u{202e}",
        "\u{2019}",
    ],
    check: check_template,
}];

fn documents() -> Vec<Vec<u8>> {
    texts(&[
        include_str!("../../../ops/reports/messages/affected.md"),
        include_str!("../../../ops/reports/messages/all.md"),
        include_str!("../../../ops/reports/messages/internal.md"),
        "format: 1\n## First notice\nSubject: {product}\n- {since}.\n\n- {effect}\n## Update\nSubject: x\n- x\n## Resolved\nSubject: x\n- {recovery}\n",
    ])
}

fn check_template(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for audience in MessageAudience::ALL {
        match MessageTemplate::parse(audience, "m.md", &text, fixtures::signals()) {
            Ok(template) => {
                for stage in MessageStage::ALL {
                    let parts = template.stage(stage);
                    assert!(!parts.sentences.is_empty() && !parts.subject.is_empty());
                    for piece in parts.sentences.iter().flat_map(|one| &one.pieces) {
                        check_piece(piece, audience, stage);
                    }
                }
            }
            Err(problems) => {
                assert!(!problems.is_empty());
                for problem in problems {
                    let is_placed = problem.line >= 1 && problem.column >= 1 && problem.width >= 1;
                    assert!(is_placed, "{problem}");
                    assert!(problem.line as usize <= text.lines().count() + 1, "{problem}");
                }
            }
        }
    }
}

fn check_piece(piece: &MessagePiece, audience: MessageAudience, stage: MessageStage) {
    match piece {
        MessagePiece::Words(words) => assert!(!words.is_empty() && !words.contains(['{', '}'])),
        MessagePiece::Fact(fact) => {
            let is_inside = audience != MessageAudience::Internal
                && matches!(fact, MessageFact::Organizations | MessageFact::Problems);
            assert!(!is_inside && fact.is_possible_at(stage), "{fact:?}");
        }
    }
}
