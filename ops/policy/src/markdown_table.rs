//! Reads a document's tables: which cells stand where. What they mean is not known here.

use std::collections::BTreeMap;

use domain::text::is_unprintable;

use crate::diagnostic::Diagnostic;

/// Documents larger than this are refused: a person could not read them either.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
const MAX_LINE: usize = 2_000;
const MAX_ROWS: usize = 2_000;
/// No more problems than this are told.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// One cell with its place.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// The line, from 0.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: u32,
    /// Number of its characters; at least 1.
    pub width: u32,
    /// Its text without the spaces around it, `\|` read as `|`.
    pub text: String,
}

/// One table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Names of the columns.
    pub head: Vec<Cell>,
    /// Its rows, each with as many cells as the head.
    pub rows: Vec<Vec<Cell>>,
}

/// Collects problems with the lines that they are about.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
    problems: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, lines: text.lines().collect(), problems: Vec::new() }
    }

    /// Notes a problem at a place; the place is moved inside its line if it is not.
    pub(crate) fn at(
        &mut self,
        line: usize,
        column: u32,
        width: u32,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        if self.problems.len() < MAX_PROBLEMS {
            let problem = self.problem(line, column, width, &found.into(), &expected.into());
            self.problems.push(problem);
        }
    }

    /// A problem at a place, which is moved inside its line if it is not; it is not noted.
    pub(crate) fn problem(
        &self,
        line: usize,
        column: u32,
        width: u32,
        found: &str,
        expected: &str,
    ) -> Diagnostic {
        // Characters that can't be seen would change what a terminal shows: one mark for each keeps
        // the columns.
        let shown = |text: &str, most: usize| {
            text.chars()
                .take(most)
                .map(|c| if is_unprintable(c) { '\u{b7}' } else { c })
                .collect::<String>()
        };
        let text = shown(self.lines.get(line).copied().unwrap_or_default(), MAX_LINE);
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let column = column.clamp(1, length.max(1));
        Diagnostic {
            file: self.file.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1),
            column,
            width: width.clamp(1, (length.max(1) + 1) - column),
            text,
            found: shown(found, 300),
            expected: shown(expected, 300),
        }
    }

    pub(crate) fn cell(
        &mut self,
        cell: &Cell,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.at(cell.line, cell.column, cell.width, found, expected);
    }

    /// All problems in the order of their places.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.take()
    }

    /// Takes the notes so far, in the order of the places; nothing is noted then.
    pub(crate) fn take(&mut self) -> Vec<Diagnostic> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        std::mem::take(&mut self.problems)
    }

    /// Every line with whether it stands in a code fence; the fences' own lines do.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &'a str, bool)> + '_ {
        let mut fence: Option<(char, usize)> = None;
        self.lines.iter().enumerate().map(move |(line, &text)| {
            let inside = fence.is_some();
            match (fence_mark(text), fence) {
                (Some(mark), None) => fence = Some(mark),
                (Some((mark, length)), Some((open, least))) if open == mark && length >= least => {
                    fence = None;
                }
                _ => {}
            }
            (line, text, inside || fence.is_some())
        })
    }

    /// Every table of the document that does not stand in a code fence.
    pub(crate) fn tables(&mut self) -> Vec<Table> {
        let mut tables = Vec::new();
        let mut fence: Option<(usize, char, usize)> = None;
        let (mut line, mut rows) = (0, 0);
        while let Some(&text) = self.lines.get(line) {
            if text.chars().count() > MAX_LINE {
                self.at(
                    line,
                    1,
                    1,
                    "this line is too long",
                    format!("at most {MAX_LINE} characters in a line"),
                );
                line += 1;
                continue;
            }
            if let Some((mark, length)) = fence_mark(text) {
                match fence {
                    None => fence = Some((line, mark, length)),
                    Some((_, open, least)) if open == mark && length >= least => fence = None,
                    Some(_) => {}
                }
                line += 1;
            } else if fence.is_some() || !is_row(text) {
                line += 1;
            } else {
                let (table, next) = self.table(line, &mut rows);
                tables.extend(table);
                line = next;
            }
        }
        if let Some((line, mark, length)) = fence {
            let mark = String::from(mark).repeat(length.min(3));
            self.at(
                line,
                1,
                3,
                "a code fence that is never closed hides the rest of the document",
                format!("a line '{mark}' after the code"),
            );
        }
        tables
    }

    /// The order of columns. Unknown, repeated and missing ones are told; `known` says of each
    /// whether it is required.
    pub(crate) fn columns(
        &mut self,
        table: &Table,
        known: &[(&'static str, bool)],
    ) -> Option<BTreeMap<&'static str, usize>> {
        let names = || known.iter().map(|(name, _)| *name);
        let mut columns = BTreeMap::new();
        let mut fine = true;
        for (index, cell) in table.head.iter().enumerate() {
            let name = cell.text.to_lowercase();
            let (found, expected) = match names().find(|known| *known == name) {
                Some(known) if columns.insert(known, index).is_none() => continue,
                Some(known) => (format!("the column '{known}' twice"), "each column once".into()),
                None => {
                    let list = || names().map(|name| format!("'{name}'")).collect::<Vec<_>>();
                    let expected = nearest(&name, names()).map_or_else(
                        || format!("one of {}", list().join(", ")),
                        |near| format!("a known column; did you mean '{near}'?"),
                    );
                    (format!("unknown column '{}'", cell.text), expected)
                }
            };
            fine = false;
            self.cell(cell, found, expected);
        }
        if fine {
            let is_missing =
                |(name, required): &&(&'static str, bool)| *required && !columns.contains_key(name);
            for (name, _) in known.iter().filter(is_missing) {
                fine = false;
                if let Some(cell) = table.head.first() {
                    let expected = format!("a column '{name}'; '-' where a row has none");
                    self.cell(cell, format!("a table without the column '{name}'"), expected);
                }
            }
        }
        fine.then_some(columns)
    }

    fn table(&mut self, first: usize, rows: &mut usize) -> (Option<Table>, usize) {
        let head = self.row(first);
        let is_rule = |cells: &[Cell]| {
            cells.iter().all(|cell| {
                cell.text.contains('-')
                    && cell
                        .text
                        .trim_start_matches(':')
                        .trim_end_matches(':')
                        .bytes()
                        .all(|b| b == b'-')
            })
        };
        let ruled = self.lines.get(first + 1).is_some_and(|text| is_row(text));
        let rule = if ruled { self.row(first + 1) } else { None };
        let well = head.is_some() && rule.as_deref().is_some_and(is_rule);
        if !well && head.is_some() && !(ruled && rule.is_none()) {
            self.at(
                first,
                1,
                u32::MAX,
                "a table without the line under its header",
                "'| --- | --- |' below the column names",
            );
        }
        let mut body = Vec::new();
        let mut line = first + if ruled { 2 } else { 1 };
        while let Some(text) = self.lines.get(line).filter(|text| is_row(text)) {
            *rows += 1;
            if *rows > MAX_ROWS {
                if *rows == MAX_ROWS + 1 {
                    self.at(
                        line,
                        1,
                        1,
                        "too many rows",
                        format!("at most {MAX_ROWS} rows in all tables"),
                    );
                }
            } else if text.chars().count() > MAX_LINE {
                self.at(
                    line,
                    1,
                    1,
                    "this line is too long",
                    format!("at most {MAX_LINE} characters in a line"),
                );
            } else if let Some(cells) = self.row(line) {
                let wanted = head.as_ref().map_or(cells.len(), Vec::len);
                if cells.len() == wanted {
                    body.push(cells);
                } else {
                    let found = format!("{} cells in a table of {wanted} columns", cells.len());
                    self.at(
                        line,
                        1,
                        u32::MAX,
                        found,
                        format!("{wanted} cells; an empty one is written '-'"),
                    );
                }
            }
            line += 1;
        }
        (head.filter(|_| well).map(|head| Table { head, rows: body }), line)
    }

    /// Cells of one row; `None`, with a problem told, if it is not closed.
    fn row(&mut self, line: usize) -> Option<Vec<Cell>> {
        let text = self.lines.get(line).copied()?;
        let mut cells: Vec<Cell> = Vec::new();
        let mut open: Option<(u32, String)> = None;
        let mut escaped = false;
        let mut column = 0;
        for c in text.trim_end().chars() {
            column += 1;
            match (&mut open, c) {
                (None, '|') => open = Some((column + 1, String::new())),
                (None, _) => {}
                (Some((_, text)), '|') if escaped => {
                    text.pop();
                    text.push('|');
                    escaped = false;
                }
                (Some((start, text)), '|') => {
                    cells.push(trimmed(line, *start, text));
                    open = Some((column + 1, String::new()));
                }
                (Some((_, text)), c) => {
                    text.push(c);
                    escaped = c == '\\' && !escaped;
                }
            }
        }
        match open {
            Some((start, text)) if !text.is_empty() => {
                let cell = trimmed(line, start, &text);
                self.at(
                    line,
                    cell.column,
                    cell.width,
                    "a table row that is not closed",
                    "'|' at the end of the row",
                );
                None
            }
            _ => Some(cells),
        }
    }
}

fn trimmed(line: usize, start: u32, text: &str) -> Cell {
    let before = text.chars().take_while(|c| c.is_whitespace()).count();
    let inner = text.trim();
    let before = if inner.is_empty() { 0 } else { u32::try_from(before).unwrap_or(0) };
    // The width is that of the source, in which `\|` has two characters.
    let width = inner.chars().map(|c| if c == '|' { 2 } else { 1 }).sum::<u32>();
    Cell { line, column: start + before, width: width.max(1), text: inner.to_owned() }
}

/// True if a cell says "none".
pub(crate) fn is_none(text: &str) -> bool {
    matches!(text, "" | "-" | "\u{2013}" | "\u{2014}")
}

/// Text of a cell without the backticks around it.
pub(crate) fn bare(text: &str) -> &str {
    text.strip_prefix('`').and_then(|text| text.strip_suffix('`')).unwrap_or(text)
}

/// The known word that is most like a text, if one is like it at all.
pub(crate) fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let short: String = text.to_lowercase().chars().take(80).collect();
    let far = |word: &str| strsim::damerau_levenshtein(&short, word);
    known
        .map(|word| (far(word), word))
        .filter(|(far, word)| *far <= word.len().div_ceil(3))
        .min()
        .map(|(_, word)| word)
}

/// True if a text may be the id of a command: lower-case words joined by `-` or `.`.
pub(crate) fn is_command_id(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.len() <= 60 && text.split(['-', '.']).all(word)
}

pub(crate) fn is_row(text: &str) -> bool {
    text.trim_start().starts_with('|')
}

fn fence_mark(text: &str) -> Option<(char, usize)> {
    let text = text.trim_start();
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = text.chars().take_while(|&c| c == mark).count();
    (length >= 3).then_some((mark, length))
}
