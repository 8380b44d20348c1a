//! The template of stability reports: any text is either one, or mistakes with places inside it.

use fixtures::fuzz::Target;
use policy::report_template::{ReportLine, ReportPiece, ReportTemplate};

use super::texts;

pub(super) const TARGETS: &[Target] = &[Target {
    name: "report_template",
    seeds: documents,
    words: &[
        "format: 1\n",
        "## Template\n",
        "# {title}\n",
        "\n- ",
        "{summary}",
        "\n{gaps}\n",
        "{recovery}",
        "{",
        "}",
        "###### ",
        "\u{202e}",
    ],
    check: check_template,
}];

fn documents() -> Vec<Vec<u8>> {
    texts(&[
        include_str!("../../../ops/reports/weekly.stability.md"),
        "format: 1\n## Template\n# {title}: {period}\n{summary}\n\n{incidents}\n",
    ])
}

fn check_template(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match ReportTemplate::parse("w.md", &text) {
        Ok(template) => {
            for line in template.lines() {
                match line {
                    ReportLine::Blank => {}
                    ReportLine::List(fact) => assert!(fact.is_list(), "{fact:?}"),
                    ReportLine::Heading(_, pieces) | ReportLine::Words(pieces) => {
                        assert!(!pieces.is_empty());
                        for piece in pieces {
                            match piece {
                                ReportPiece::Words(words) => {
                                    assert!(!words.is_empty() && !words.contains(['{', '}']));
                                }
                                ReportPiece::Fact(fact) => assert!(!fact.is_list(), "{fact:?}"),
                            }
                        }
                    }
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
