//! Reads the document: a line becomes a heading, words and facts, or a list.

use domain::input::unreadable;

use super::{
    fact::ReportFact,
    line::{ReportLine, ReportPiece},
};
use crate::{
    diagnostic::Diagnostic,
    markdown_table::{MAX_BYTES, Report, nearest},
};

/// More characters than this in a line are refused.
const MAX_LINE: usize = 500;
/// More lines than this are refused: a report is kept in the journal.
const MAX_LINES: usize = 200;
const BEGIN: &str = "## Template";

pub(super) fn read(file: &str, text: &str) -> Result<Vec<ReportLine>, Vec<Diagnostic>> {
    let mut report = Report::new(file, text);
    if text.len() > MAX_BYTES {
        report.at(0, 1, 1, format!("{} bytes", text.len()), format!("at most {MAX_BYTES} bytes"));
        return Err(report.finish());
    }
    if text.lines().next().map(str::trim_end) != Some("format: 1") {
        let found = "the document does not begin with its format";
        report.at(0, 1, u32::MAX, found, "'format: 1' as the first line");
    }
    let Some(begin) = text.lines().position(|line| line.trim_end() == BEGIN) else {
        let expected = format!("a heading '{BEGIN}', and below it the text of reports");
        report.at(0, 1, u32::MAX, "no template", expected);
        return Err(report.finish());
    };
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate().skip(begin + 1) {
        if number - begin > MAX_LINES {
            let expected = format!("at most {MAX_LINES} lines in the template");
            report.at(number, 1, u32::MAX, "too many lines", expected);
            break;
        }
        lines.extend(read_line(&mut report, number, line.trim_end()));
    }
    if text.lines().skip(begin + 1).all(|line| line.trim().is_empty()) {
        let expected = "the text of reports, such as '# {title}' and '{summary}'";
        report.at(begin, 1, u32::MAX, "a template without words", expected);
    }
    let problems = report.finish();
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}

/// A line; `None` if something in it is wrong, which is told.
fn read_line(report: &mut Report<'_>, number: usize, line: &str) -> Option<ReportLine> {
    if line.trim_start().is_empty() {
        return Some(ReportLine::Blank);
    }
    if line.chars().count() > MAX_LINE {
        let expected = format!("at most {MAX_LINE} characters in a line");
        report.at(number, 1, u32::MAX, "this line is too long", expected);
        return None;
    }
    if unreadable(line).is_some() {
        let found = "a character that is not seen, or marks that cover the text";
        report.at(number, 1, u32::MAX, found, "plain text");
        return None;
    }
    let pieces = pieces(report, number, line)?;
    if let [ReportPiece::Fact(fact)] = pieces[..]
        && fact.is_list()
    {
        return Some(ReportLine::List(fact));
    }
    Some(match level(line) {
        Some(level) => ReportLine::Heading(level, pieces),
        None => ReportLine::Words(pieces),
    })
}

/// The level of a heading, from 1 to 6.
fn level(line: &str) -> Option<u8> {
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    let is_heading = (1..=6).contains(&marks) && line[marks..].starts_with(' ');
    u8::try_from(marks).ok().filter(|_| is_heading)
}

fn pieces(report: &mut Report<'_>, number: usize, line: &str) -> Option<Vec<ReportPiece>> {
    let mut pieces = Vec::new();
    let (mut rest, mut at, mut is_whole) = (line, 0, true);
    while let Some(open) = rest.find(['{', '}']) {
        let (words, more) = rest.split_at(open);
        at += words.chars().count();
        let name = more.strip_prefix('{').and_then(|more| more.split_once('}'));
        let Some((name, after)) = name.filter(|(name, _)| !name.contains('{')) else {
            let expected = "a fact between two braces, such as {summary}";
            report.at(number, column(at), 1, "a brace without the other one", expected);
            return None;
        };
        let width = name.chars().count() + 2;
        if !words.is_empty() {
            pieces.push(ReportPiece::Words(words.to_owned()));
        }
        let is_alone = line.chars().count() == width;
        match fact(name, is_alone) {
            Ok(fact) => pieces.push(ReportPiece::Fact(fact)),
            Err((found, expected)) => {
                let width = u32::try_from(width).unwrap_or(u32::MAX);
                report.at(number, column(at), width, found, expected);
                is_whole = false;
            }
        }
        (rest, at) = (after, at + width);
    }
    if !rest.is_empty() {
        pieces.push(ReportPiece::Words(rest.to_owned()));
    }
    is_whole.then_some(pieces)
}

/// The fact of a name, or what was found and expected.
fn fact(name: &str, is_alone: bool) -> Result<ReportFact, (String, String)> {
    let Some(fact) = ReportFact::of(name) else {
        let known = || ReportFact::ALL.into_iter().map(ReportFact::as_str);
        let expected = nearest(name, known()).map_or_else(
            || {
                let all: Vec<String> = known().map(|name| format!("{{{name}}}")).collect();
                format!("one of {}", all.join(", "))
            },
            |near| format!("a known fact; did you mean {{{near}}}?"),
        );
        return Err((format!("unknown fact '{name}'"), expected));
    };
    if fact.is_list() && !is_alone {
        let found = format!("the list '{name}' beside other words");
        return Err((found, format!("a line that holds {{{name}}} alone")));
    }
    Ok(fact)
}

/// The column of a character that has so many before it.
fn column(before: usize) -> u32 {
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}
