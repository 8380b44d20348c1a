use proptest::prelude::*;

use super::*;

const DOCUMENT: &str = include_str!("../../../reports/weekly.stability.md");

fn with(template: &str) -> String {
    format!("format: 1\n## Template\n{template}\n")
}

/// Every problem of a document: line, column, width and what was found.
fn problems(text: &str) -> Vec<(u32, u32, u32, String)> {
    let problems = ReportTemplate::parse("w.md", text).expect_err(text);
    problems.into_iter().map(|one| (one.line, one.column, one.width, one.found)).collect()
}

#[test]
fn the_document_is_right_and_lists_and_states_every_fact() {
    let template = ReportTemplate::parse(REPORT_TEMPLATE, DOCUMENT)
        .unwrap_or_else(|problems| panic!("{}", problems[0]));
    let mut stated = Vec::new();
    for line in template.lines() {
        match line {
            ReportLine::Blank => {}
            ReportLine::List(fact) => stated.push(*fact),
            ReportLine::Heading(_, pieces) | ReportLine::Words(pieces) => {
                stated.extend(pieces.iter().filter_map(|piece| match piece {
                    ReportPiece::Fact(fact) => Some(*fact),
                    ReportPiece::Words(_) => None,
                }));
            }
        }
    }
    for fact in ReportFact::ALL {
        assert!(DOCUMENT.contains(&format!("| {{{}}} |", fact.as_str())), "{fact:?} is not listed");
        assert!(stated.contains(&fact), "{fact:?} is not stated");
    }
}

#[test]
fn a_line_is_a_heading_words_or_a_list() {
    let text = with("# {title}: {period}\n\n{incidents}\n#1 of {repeats}");
    let template = ReportTemplate::parse("w.md", &text).unwrap();
    let words = |text: &str| ReportPiece::Words(text.to_owned());
    let fact = ReportPiece::Fact;
    let expected = [
        ReportLine::Heading(
            1,
            vec![words("# "), fact(ReportFact::Title), words(": "), fact(ReportFact::Period)],
        ),
        ReportLine::Blank,
        ReportLine::List(ReportFact::Incidents),
        ReportLine::Words(vec![words("#1 of "), fact(ReportFact::Repeats)]),
    ];
    assert_eq!(template.lines(), expected);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (line, column, width, found) in [
        ("- It took {recovry}.", 11, 9, "unknown fact 'recovry'"),
        ("- It took {cause of it}.", 11, 13, "unknown fact 'cause of it'"),
        ("- It took {recovery.", 11, 1, "a brace without the other one"),
        ("See {gaps}", 5, 6, "the list 'gaps' beside other words"),
    ] {
        assert_eq!(problems(&with(line)), [(3, column, width, found.to_owned())], "{line}");
    }
    assert_eq!(problems("format: 1\n# x\n")[0].3, "no template");
    assert_eq!(problems("## Template\n{summary}\n")[0].0, 1);
    assert_eq!(problems(&with(""))[0].3, "a template without words");
    assert_eq!(problems(&with(&"x\n".repeat(201)))[0].3, "too many lines");
    assert_eq!(problems(&with(&"x".repeat(501)))[0].3, "this line is too long");
}

#[test]
fn a_name_that_is_nearly_right_is_suggested() {
    let problems = ReportTemplate::parse("w.md", &with("{sumary}")).unwrap_err();
    assert_eq!(problems[0].expected, "a known fact; did you mean {summary}?");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(64)))]

    /// Whatever stands in a document: it is read or told where it is wrong, and never half of both.
    #[test]
    fn any_text_is_read_or_refused(
        lines in prop::collection::vec("(#{0,3} )?[a-z{}. ]{0,20}(\\{summary\\}|\\{gaps\\})?", 0..6),
    ) {
        let text = with(&lines.join("\n"));
        match ReportTemplate::parse("w.md", &text) {
            Ok(template) => prop_assert!(template.lines().len() >= lines.len().min(1)),
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}
