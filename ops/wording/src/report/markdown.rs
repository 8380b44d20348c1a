//! A report as Markdown: the lines of the template whose facts are known.

use domain::report::StabilityReport;
use policy::report_template::{ReportLine, ReportPiece, ReportTemplate};

use super::fact;
use crate::{generated::MARK, markdown::escaped};

/// The text of a report without its first line, if that is this heading.
pub fn without_heading<'a>(text: &'a str, heading: &str) -> &'a str {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if first == format!("# {}", escaped(heading)) { rest } else { text }
}

/// A line of the document.
enum Line {
    Blank,
    Heading(u8, String),
    Words(String),
}

/// The report by a template.
pub fn markdown(report: &StabilityReport, template: &ReportTemplate) -> String {
    let lines = filled(report, template);
    let mut text = String::new();
    // Blank lines between lines that are kept, never two in a row.
    let mut is_apart = false;
    for (at, line) in lines.iter().enumerate() {
        let words = match line {
            Line::Blank => {
                is_apart = !text.is_empty();
                continue;
            }
            Line::Heading(level, _) if !has_words(&lines[at + 1..], *level) => continue,
            Line::Heading(_, words) | Line::Words(words) => words,
        };
        if std::mem::take(&mut is_apart) {
            text.push('\n');
        }
        text.push_str(words);
        text.push('\n');
    }
    if report.generated { marked(&text) } else { text }
}

/// A text with the mark of generated data, below its title.
fn marked(text: &str) -> String {
    match text.split_once('\n') {
        Some((title, rest)) if title.starts_with("# ") => {
            format!("{title}\n\n**{MARK}**\n{rest}")
        }
        _ => format!("**{MARK}**\n\n{text}"),
    }
}

/// True if words follow before the next heading that is not below this level.
fn has_words(after: &[Line], level: u8) -> bool {
    let below = after.iter().take_while(|line| match line {
        Line::Heading(other, _) => *other > level,
        Line::Blank | Line::Words(_) => true,
    });
    below.into_iter().any(|line| matches!(line, Line::Words(_)))
}

/// The lines with their facts, without those of which one is not known.
fn filled(report: &StabilityReport, template: &ReportTemplate) -> Vec<Line> {
    let mut lines = Vec::new();
    // The level of a heading whose facts are not known, while what is below it is left out.
    let mut left_out: Option<u8> = None;
    for line in template.lines() {
        if let (Some(level), ReportLine::Heading(other, _)) = (left_out, line)
            && *other <= level
        {
            left_out = None;
        }
        if left_out.is_some() {
            continue;
        }
        match line {
            ReportLine::Blank => lines.push(Line::Blank),
            ReportLine::Heading(level, pieces) => match words(report, pieces) {
                Some(words) => lines.push(Line::Heading(*level, words)),
                None => left_out = Some(*level),
            },
            ReportLine::Words(pieces) => lines.extend(words(report, pieces).map(Line::Words)),
            ReportLine::List(fact) => {
                let item = |one: String| Line::Words(format!("- {}", escaped(&one)));
                lines.extend(fact::list(report, *fact).into_iter().map(item));
            }
        }
    }
    lines
}

/// Words and facts; `None` if one of them is not known.
fn words(report: &StabilityReport, pieces: &[ReportPiece]) -> Option<String> {
    let piece = |piece: &ReportPiece| match piece {
        ReportPiece::Words(words) => Some(words.clone()),
        ReportPiece::Fact(fact) => fact::words(report, *fact).map(|words| escaped(&words)),
    };
    pieces.iter().map(piece).collect()
}
