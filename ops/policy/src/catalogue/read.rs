//! The meaning of the catalogue's document.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    recommendation::{Approval, Risk, Undo},
    signals::Signals,
    text::{is_invisible, is_unprintable},
    time::Span,
};

use crate::{
    catalogue::{
        command::{Command, Does, RunAs},
        kind::Kind,
        parameter::Placeholder,
        programs::{self, Vector, What},
        script::OwnScript,
        violation::{Refusal, Rule, Wrong, shown, wrong},
    },
    markdown_table::{
        Cell, MAX_BYTES, MAX_PROBLEMS, Report, Table, bare, is_command_id, is_none, is_row, nearest,
    },
};

pub(super) mod cells;

/// More commands than this nobody could choose from.
const MOST_COMMANDS: usize = 100;

/// The rows that every command has.
const PARTS: [&str; 13] = [
    "title",
    "helps",
    "runs",
    "check",
    "effect",
    "risk",
    "blast radius",
    "undo",
    "approval",
    "runs as",
    "time limit",
    "cool-down",
    "proof",
];

pub(super) fn read(
    file: &str,
    text: &str,
    scripts: &[OwnScript],
    signals: &Signals,
) -> Result<Vec<Command>, Vec<Refusal>> {
    let report = Report::new(file, text);
    let mut reader = Reader {
        report,
        refusals: Vec::new(),
        scripts,
        signals,
        commands: Vec::new(),
        undos: Vec::new(),
    };
    if text.len() > MAX_BYTES {
        reader.line(
            0,
            Rule::Bounds,
            1,
            1,
            &format!("{} bytes", text.len()),
            &format!("at most {MAX_BYTES} bytes"),
        );
        return Err(reader.refusals);
    }
    if text.lines().next().map(str::trim_end) != Some("format: 1") {
        reader.line(
            0,
            Rule::Form,
            1,
            u32::MAX,
            "the document does not begin with its format",
            "'format: 1' as the first line",
        );
    }
    reader.visible();
    let tables = reader.report.tables();
    for problem in reader.report.take() {
        let place = (problem.line as usize - 1, problem.column, problem.width);
        reader.line(place.0, Rule::Form, place.1, place.2, &problem.found, &problem.expected);
    }
    for table in &tables {
        if reader.commands.len() >= MOST_COMMANDS {
            if let Some(cell) = table.head.first() {
                reader.cell(
                    cell,
                    &wrong(
                        Rule::Bounds,
                        "too many commands",
                        format!("at most {MOST_COMMANDS} commands"),
                    ),
                );
            }
            break;
        }
        reader.command(table);
    }
    reader.undone();
    let Reader { mut refusals, commands, .. } = reader;
    refusals.sort_by_key(|refusal| (refusal.problem.line, refusal.problem.column));
    if refusals.is_empty() { Ok(commands) } else { Err(refusals) }
}

struct Reader<'a> {
    report: Report<'a>,
    refusals: Vec<Refusal>,
    scripts: &'a [OwnScript],
    signals: &'a Signals,
    commands: Vec<Command>,
    /// The commands that are undone by others, with their cells: the others may stand further down.
    undos: Vec<(String, Cell)>,
}

/// A command's rows by their names, and its placeholders.
struct Rows<'t> {
    parts: BTreeMap<&'static str, &'t Cell>,
    placeholders: BTreeMap<String, &'t Cell>,
}

impl Reader<'_> {
    fn line(
        &mut self,
        line: usize,
        rule: Rule,
        column: u32,
        width: u32,
        found: &str,
        expected: &str,
    ) {
        if self.refusals.len() < MAX_PROBLEMS {
            let expected = format!("{expected} ({rule}: {})", rule.sentence());
            let problem = self.report.problem(line, column, width, found, &expected);
            self.refusals.push(Refusal { rule, problem });
        }
    }

    fn cell(&mut self, cell: &Cell, wrong: &Wrong) {
        let (column, width) = match wrong.place {
            Some((from, width)) => (
                cell.column.saturating_add(u32::try_from(from).unwrap_or(u32::MAX)),
                u32::try_from(width).unwrap_or(1),
            ),
            None => (cell.column, cell.width),
        };
        self.line(cell.line, wrong.rule, column, width, &wrong.found, &wrong.expected);
    }

    /// The value, or a refusal at the cell.
    fn take<T>(&mut self, cell: &Cell, result: Result<T, Wrong>) -> Option<T> {
        result.map_err(|wrong| self.cell(cell, &wrong)).ok()
    }

    /// Checks that the program reads what people see: no hidden characters, no HTML that hides a
    /// part of the page, no table that is shown as code or inside of something else.
    fn visible(&mut self) {
        let lines: Vec<_> = self.report.lines().collect();
        for (line, text, fenced) in lines {
            let text: String = text.chars().take(4_000).collect();
            if let Some((at, _)) = text.chars().enumerate().find(|&(_, c)| is_hidden(c)) {
                let column = u32::try_from(at).unwrap_or(0) + 1;
                self.line(
                    line,
                    Rule::Hidden,
                    column,
                    1,
                    "an invisible character",
                    "visible text; spaces, not tabs",
                );
            }
            if fenced {
                continue;
            }
            let markup = text.match_indices('<').find(|(at, _)| {
                text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || "!/?".contains(c))
            });
            if let Some((at, _)) = markup {
                let column = u32::try_from(text[..at].chars().count()).unwrap_or(0) + 1;
                self.line(
                    line,
                    Rule::Hidden,
                    column,
                    1,
                    "HTML",
                    "plain Markdown; HTML can hide a part of the page",
                );
            }
            if is_row(&text) && text.starts_with("    ") {
                self.line(
                    line,
                    Rule::Hidden,
                    1,
                    4,
                    "a table that is shown as code",
                    "the table at the start of the line",
                );
            }
        }
    }

    fn command(&mut self, table: &Table) -> Option<()> {
        let (name, id) = match table.head.as_slice() {
            [name, id] if name.text.eq_ignore_ascii_case("command") => (name, id),
            [name, ..] => {
                let found = format!("a table that begins with '{}'", name.text);
                self.cell(
                    name,
                    &wrong(
                        Rule::Form,
                        found,
                        "'command | `ID`'; other tables belong in a code fence",
                    ),
                );
                return None;
            }
            [] => return None,
        };
        let known = self
            .commands
            .iter()
            .find(|known| format!("`{}`", known.id) == id.text)
            .map(|known| known.line);
        let id_text = bare(&id.text).to_owned();
        if id_text.len() + 2 != id.text.len() || !is_command_id(&id_text) {
            let expected =
                "an id in backticks, such as '`pm2-reload`': lower-case words joined by '-'";
            self.cell(id, &wrong(Rule::Identity, shown(&id.text), expected));
            return None;
        }
        if let Some(line) = known {
            self.cell(
                id,
                &wrong(
                    Rule::Identity,
                    format!("the command '{id_text}' twice"),
                    format!("each once; the first is in line {line}"),
                ),
            );
            return None;
        }
        let rows = self.rows(table, name)?;
        let get = |part: &str| rows.parts.get(part).copied();

        let before = self.refusals.len();
        let kinds = self.kinds(&rows);
        // Without a kind that was refused, the command would only seem to lack a row.
        let (does, check) = if kinds.len() == rows.placeholders.len() {
            self.does(get("runs")?, get("check")?, &kinds)
        } else {
            (None, None)
        };
        self.placeholders(&rows, does.as_ref());
        let title =
            self.text(get("title")?, 80, "what it does in a few words, such as 'Reload one app'");
        let effect = self.text(get("effect")?, 300, "what is expected of it, in a sentence");
        let blast_radius = self.text(get("blast radius")?, 300, "who notices what, in a sentence");
        let signals = self.signals;
        let helps = self.parse(get("helps")?, |text| cells::signals(text, signals));
        let proofs = self.parse(get("proof")?, |text| cells::proofs(text, signals));
        let risk = self.parse(get("risk")?, cells::risk);
        let approval = self.parse(get("approval")?, cells::approval);
        let user = self.parse(get("runs as")?, cells::user);
        let undo = self.parse(get("undo")?, cells::undo);
        let time_limit = self.parse(get("time limit")?, |text| {
            cells::span(text, Span::from_secs(1), Span::from_secs(3_600))
        });
        let cool_down = self.parse(get("cool-down")?, |text| {
            cells::span(text, Span::from_secs(30), Span::from_secs(7 * 86_400))
        });

        if (risk, approval) == (Some(Risk::High), Some(Approval::One)) {
            self.cell(
                get("approval")?,
                &wrong(Rule::TwoApprovers, "high risk with one approver", "'two approvers'"),
            );
        }
        if let (Some(Does::BuiltIn(..)), Some(RunAs::User(user))) = (&does, &user) {
            self.cell(
                get("runs as")?,
                &wrong(Rule::BuiltIn, format!("a built-in as '{user}'"), "'Calm Ops'"),
            );
        }
        if let Some(Undo::By(_)) = undo {
            self.undos.push((id_text.clone(), get("undo")?.clone()));
        }
        if self.refusals.len() > before {
            return None;
        }
        let placeholders =
            kinds.into_iter().map(|(name, kind)| Placeholder { name, kind }).collect();
        self.commands.push(Command {
            id: id_text,
            title: title?,
            helps: helps?,
            does: does?,
            placeholders,
            check: check?,
            effect: effect?,
            risk: risk?,
            blast_radius: blast_radius?,
            undo: undo?,
            approval: approval?,
            user: user?,
            time_limit: time_limit?,
            cool_down: cool_down?,
            proofs: proofs?,
            line: u32::try_from(name.line).unwrap_or(u32::MAX - 1) + 1,
        });
        Some(())
    }

    fn parse<T>(&mut self, cell: &Cell, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        self.take(cell, parse(&cell.text))
    }

    fn text(&mut self, cell: &Cell, most: usize, expected: &str) -> Option<String> {
        let fine = !is_none(&cell.text)
            && cell.text.chars().count() <= most
            && !cell.text.chars().any(is_hidden);
        if !fine {
            self.cell(
                cell,
                &wrong(
                    Rule::Words,
                    "a text that is empty or too long",
                    format!("{expected}; at most {most} characters"),
                ),
            );
        }
        fine.then(|| cell.text.clone())
    }

    /// The rows by their names. Unknown, repeated and missing ones are told.
    fn rows<'t>(&mut self, table: &'t Table, name: &Cell) -> Option<Rows<'t>> {
        const MOST_PLACEHOLDERS: usize = 4;
        let mut rows = Rows { parts: BTreeMap::new(), placeholders: BTreeMap::new() };
        let before = self.refusals.len();
        for cells in &table.rows {
            let [part, value] = cells.as_slice() else { continue };
            let placeholder =
                bare(&part.text).strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let twice = if let Some(placeholder) = placeholder {
                if !programs::is_placeholder(placeholder)
                    || rows.placeholders.len() >= MOST_PLACEHOLDERS
                {
                    let expected = format!(
                        "at most {MOST_PLACEHOLDERS} placeholders such as '{{app}}', in lower-case letters"
                    );
                    self.cell(part, &wrong(Rule::Placeholder, shown(&part.text), expected));
                    continue;
                }
                rows.placeholders.insert(placeholder.to_owned(), value).is_some()
            } else if let Some(known) =
                PARTS.into_iter().find(|known| part.text.eq_ignore_ascii_case(known))
            {
                rows.parts.insert(known, value).is_some()
            } else {
                let near = nearest(&part.text, PARTS.into_iter());
                let expected = near.map_or_else(
                    || format!("one of '{}'", PARTS.join("', '")),
                    |near| format!("a known row; did you mean '{near}'?"),
                );
                self.cell(
                    part,
                    &wrong(Rule::Form, format!("unknown row {}", shown(&part.text)), expected),
                );
                continue;
            };
            if twice {
                self.cell(
                    part,
                    &wrong(
                        Rule::Form,
                        format!("the row {} twice", shown(&part.text)),
                        "each row once",
                    ),
                );
            }
        }
        let missing: Vec<&str> =
            PARTS.into_iter().filter(|part| !rows.parts.contains_key(part)).collect();
        if self.refusals.len() == before {
            for part in &missing {
                self.cell(
                    name,
                    &wrong(
                        Rule::Form,
                        format!("a command without the row '{part}'"),
                        format!("a row '{part}'; '-' for no check"),
                    ),
                );
            }
        }
        (missing.is_empty() && self.refusals.len() == before).then_some(rows)
    }

    fn kinds(&mut self, rows: &Rows<'_>) -> BTreeMap<String, Kind> {
        let mut kinds = BTreeMap::new();
        for (name, cell) in &rows.placeholders {
            if let Some(kind) = self.parse(cell, cells::kind) {
                kinds.insert(name.clone(), kind);
            }
        }
        kinds
    }

    /// Reads its action, and its check. The outer `None` of the check tells that it is wrong.
    fn does(
        &mut self,
        runs: &Cell,
        check: &Cell,
        kinds: &BTreeMap<String, Kind>,
    ) -> (Option<Does>, Option<Option<Vector>>) {
        let what = cells::words(&runs.text).and_then(|(words, offset)| {
            programs::command(&words, kinds).map_err(|wrong| cells::moved(wrong, offset))
        });
        let does = match self.take(runs, what) {
            Some(What::Vector(vector)) => Some(Does::Program(vector)),
            Some(What::BuiltIn(built_in, argument)) => Some(Does::BuiltIn(built_in, argument)),
            Some(What::Script(name)) => {
                let script = self.scripts.iter().find(|script| script.name() == name).cloned();
                if script.is_none() {
                    let expected = "a script that the configuration of this host lists with its path and SHA-256";
                    self.cell(runs, &wrong(Rule::Script, shown(&name), expected));
                }
                script.map(Does::Script)
            }
            None => None,
        };
        let vector = if is_none(&check.text) {
            Some(None)
        } else {
            let vector = cells::words(&check.text).and_then(|(words, offset)| {
                programs::check(&words).map_err(|wrong| cells::moved(wrong, offset))
            });
            self.take(check, vector).map(Some)
        };
        match (&does, &vector) {
            (Some(Does::Program(does)), Some(None)) if programs::needs_check(does, kinds) => {
                self.cell(
                    check,
                    &wrong(Rule::NeedsCheck, format!("{} without its check", does), "`nginx -t`"),
                );
            }
            (Some(Does::BuiltIn(..)), Some(Some(_))) => {
                self.cell(
                    check,
                    &wrong(Rule::BuiltIn, "a built-in with a check", "'-': its check is built in"),
                );
            }
            _ => {}
        }
        (does, vector)
    }

    /// Every placeholder that has a row stands in the command once.
    fn placeholders(&mut self, rows: &Rows<'_>, does: Option<&Does>) {
        let Some(does) = does else { return };
        let arguments = match does {
            Does::Program(vector) => vector.arguments(),
            Does::BuiltIn(_, argument) => std::slice::from_ref(argument),
            Does::Script(_) => &[],
        };
        let used: BTreeSet<&str> = (arguments.iter().flat_map(|argument| argument.parts()))
            .filter_map(|part| match part {
                programs::Part::Placeholder(name) => Some(name.as_str()),
                programs::Part::Literal(_) => None,
            })
            .collect();
        for (name, cell) in &rows.placeholders {
            if !used.contains(name.as_str()) {
                self.cell(
                    cell,
                    &wrong(
                        Rule::Placeholder,
                        format!("'{{{name}}}' isn't in the command"),
                        "a placeholder that 'runs' has",
                    ),
                );
            }
        }
    }

    /// Checks that what undoes a command is another command of the catalogue, with the same
    /// placeholders.
    fn undone(&mut self) {
        for (id, cell) in std::mem::take(&mut self.undos) {
            let Some(command) = self.commands.iter().find(|command| command.id == id) else {
                continue;
            };
            let Undo::By(by) = &command.undo else { continue };
            let refusal = match self.commands.iter().find(|other| other.id == *by) {
                _ if *by == id => Some(wrong(
                    Rule::Undo,
                    "a command that undoes itself",
                    "another one, or 'can't be undone, because \u{2026}'",
                )),
                Some(other)
                    if other
                        .placeholders
                        .iter()
                        .all(|placeholder| command.placeholders.contains(placeholder)) =>
                {
                    None
                }
                Some(_) => Some(wrong(
                    Rule::Undo,
                    format!("'{by}' has other placeholders"),
                    "a command with the same placeholders",
                )),
                None => {
                    let near = nearest(by, self.commands.iter().map(|other| other.id.as_str()));
                    let expected = near.map_or_else(
                        || "the id of a command that isn't refused".to_owned(),
                        |near| format!("a known id; did you mean '{near}'?"),
                    );
                    Some(wrong(Rule::Undo, format!("there is no command '{by}'"), expected))
                }
            };
            if let Some(refusal) = refusal {
                self.cell(&cell, &refusal);
            }
        }
    }
}

/// Characters that people can't see, or that change what they see.
fn is_hidden(c: char) -> bool {
    is_unprintable(c)
        || is_invisible(c)
        || matches!(c, '\u{fe0e}' | '\u{fe0f}')
        || (c.is_whitespace() && c != ' ')
}
