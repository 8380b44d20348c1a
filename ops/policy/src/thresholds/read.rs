//! The meaning of the document's tables.

use std::collections::BTreeMap;

use domain::{
    breach::Guidance, signal::Signal, signals::Signals, subject::Subject, time::Span, unit::Unit,
};

use crate::{
    diagnostic::Diagnostic,
    incident_policy::{Dependency, IncidentPolicy},
    markdown_table::{Cell, MAX_BYTES, Report, Table, bare, is_command_id, is_none, nearest},
    signal_name,
    thresholds::{
        cells::{self, Wrong},
        measures,
        row::{Level, Row, Way},
    },
};

const COLUMNS: [(&str, bool); 11] = [
    ("signal", true),
    ("subject", false),
    ("warning", true),
    ("critical", true),
    ("for", true),
    ("recovers at", true),
    ("no data after", false),
    ("what it means", true),
    ("runbook", true),
    ("commands", true),
    ("measures", false),
];

const RULES: [&str; 4] = ["quiet for", "reopen within", "flood of", "unusual together"];

/// Names of signals that a text may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// In the namespace of a collector only those that it declares.
    Declared,
    /// Any: the text was in force before, and a collector may have come to own a namespace since.
    Any,
}

pub(super) fn read(
    file: &str,
    text: &str,
    signals: &Signals,
    names: Names,
) -> Result<(Vec<Row>, IncidentPolicy), Vec<Diagnostic>> {
    let mut report = Report::new(file, text);
    if text.len() > MAX_BYTES {
        report.at(0, 1, 1, format!("{} bytes", text.len()), format!("at most {MAX_BYTES} bytes"));
        return Err(report.finish());
    }
    if text.lines().next().map(str::trim_end) != Some("format: 1") {
        report.at(
            0,
            1,
            u32::MAX,
            "the document does not begin with its format",
            "'format: 1' as the first line",
        );
    }
    let mut reader = Reader {
        report,
        signals,
        names,
        rows: Vec::new(),
        seen: BTreeMap::new(),
        policy: IncidentPolicy::default(),
        rules: BTreeMap::new(),
    };
    for table in reader.report.tables() {
        match table.head.first().map(|cell| cell.text.to_lowercase()).as_deref() {
            Some("rule") => reader.rules(&table),
            Some("subject")
                if table.head.iter().any(|cell| cell.text.eq_ignore_ascii_case("needs")) =>
            {
                reader.needs(&table);
            }
            _ if table.head.iter().any(|cell| cell.text.eq_ignore_ascii_case("signal")) => {
                reader.thresholds(&table);
            }
            _ => match table.head.first() {
                Some(cell) => {
                    let (found, expected) = match nearest(&cell.text, COLUMNS.iter().map(|(name, _)| *name)) {
                        Some(name) => {
                            (format!("a table that begins with '{}'", cell.text), format!("a known column; did you mean '{name}'?"))
                        }
                        None => (
                            format!("a table that begins with '{}'", cell.text),
                            "'signal | \u{2026}', 'rule | value' or 'subject | needs'; other tables belong in a code fence".to_owned(),
                        ),
                    };
                    reader.report.cell(cell, found, expected);
                }
                None => {
                    reader.report.at(0, 1, 1, "a table without columns", "'| signal | \u{2026} |'");
                }
            },
        }
    }
    let Reader { report, rows, policy, .. } = reader;
    let problems = report.finish();
    if problems.is_empty() { Ok((rows, policy)) } else { Err(problems) }
}

struct Reader<'a> {
    report: Report<'a>,
    signals: &'a Signals,
    names: Names,
    rows: Vec<Row>,
    /// The first place of each signal, pattern and way.
    seen: BTreeMap<(String, String, Way), usize>,
    policy: IncidentPolicy,
    rules: BTreeMap<String, usize>,
}

impl Reader<'_> {
    /// The order of columns. Unknown, repeated and missing ones are told.
    fn columns(
        &mut self,
        table: &Table,
        known: &[(&'static str, bool)],
    ) -> Option<BTreeMap<&'static str, usize>> {
        let mut columns = BTreeMap::new();
        let mut fine = true;
        for (index, cell) in table.head.iter().enumerate() {
            let name = cell.text.to_lowercase();
            let list =
                || known.iter().map(|(name, _)| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            match known.iter().find(|(known, _)| *known == name) {
                Some((known, _)) if columns.insert(*known, index).is_none() => {}
                Some((known, _)) => {
                    fine = false;
                    self.report.cell(
                        cell,
                        format!("the column '{known}' twice"),
                        "each column once",
                    );
                }
                None => {
                    fine = false;
                    let near = nearest(&name, known.iter().map(|(name, _)| *name));
                    let expected = near.map_or_else(
                        || format!("one of {}", list()),
                        |near| format!("a known column; did you mean '{near}'?"),
                    );
                    self.report.cell(cell, format!("unknown column '{}'", cell.text), expected);
                }
            }
        }
        if fine {
            for (name, _) in
                known.iter().filter(|(name, required)| *required && !columns.contains_key(name))
            {
                fine = false;
                if let Some(cell) = table.head.first() {
                    self.report.cell(
                        cell,
                        format!("a table without the column '{name}'"),
                        format!("a column '{name}'; '-' where a row has none"),
                    );
                }
            }
        }
        fine.then_some(columns)
    }

    fn thresholds(&mut self, table: &Table) {
        let Some(columns) = self.columns(table, &COLUMNS) else {
            return;
        };
        for cells in &table.rows {
            let get = |name: &str| columns.get(name).and_then(|&index| cells.get(index));
            self.row(&get);
        }
    }

    /// The value, or a problem at the cell.
    fn take<T>(&mut self, cell: &Cell, result: Result<T, Wrong>) -> Option<T> {
        result.map_err(|wrong| self.report.cell(cell, wrong.found, wrong.expected)).ok()
    }

    fn row<'c>(&mut self, get: &impl Fn(&str) -> Option<&'c Cell>) -> Option<()> {
        let signal_cell = get("signal")?;
        let signal = self.signal(signal_cell);
        let pattern = self.pattern(get("subject"));
        let known = signal.as_ref().and_then(|signal| self.signals.unit(signal.as_str()));
        let earlier = signal.as_ref().and_then(|signal| {
            self.rows.iter().find(|row| row.signal == *signal).and_then(|row| row.unit.clone())
        });
        let mut unit: Option<Unit> = known.or(earlier);

        let (warning_cell, critical_cell) = (get("warning")?, get("critical")?);
        let warning = cells::level(&warning_cell.text, &mut unit);
        let warning = self.take(warning_cell, warning);
        let critical = cells::level(&critical_cell.text, &mut unit);
        let critical = self.take(critical_cell, critical);
        if let (Some(Some(warning)), Some(Some(critical))) = (warning, critical) {
            if !warning.comparable(critical) {
                let found = "critical is a different kind of threshold than warning";
                self.report.cell(
                    critical_cell,
                    found,
                    "the same word and limit in both, such as 'above 85%' and 'above 95%'; other kinds need rows of their own",
                );
            } else if critical.on_scale() < warning.on_scale() {
                self.report.cell(
                    critical_cell,
                    "critical would be reached before warning",
                    format!("a threshold beyond '{}'", warning_cell.text),
                );
            }
        }
        let base = match (warning, critical) {
            (Some(warning), Some(critical)) => Some(warning.or(critical)),
            _ => None,
        };
        let durations = self.durations(get("for")?, base);
        let recovers = self.recovery(get("recovers at")?, base, &mut unit);
        let no_data = match get("no data after") {
            Some(cell) if !is_none(&cell.text) => {
                let span = cells::span(&cell.text);
                let span = self.take(cell, span);
                if span.is_some_and(|span| span < Span::from_secs(1)) {
                    self.report.cell(
                        cell,
                        format!("'{}' is shorter than anything reports", cell.text),
                        "at least '1 s'; a collector reports every 5 s",
                    );
                }
                span.map(Some)
            }
            _ => Some(None),
        };
        let measures = match get("measures") {
            Some(cell) => {
                let measures = measures::read(&cell.text);
                self.take(cell, measures)
            }
            None => Some(Vec::new()),
        };
        let guidance = self.guidance(get("what it means")?, get("runbook")?, get("commands")?);

        let (signal, pattern) = (signal?, pattern?);
        let line = signal_cell.line;
        let (warning_for, critical_for) = durations?;
        let row = Row {
            signal,
            pattern,
            unit,
            warning: warning?,
            critical: critical?,
            warning_for,
            critical_for,
            recovers_at: recovers?,
            no_data_after: no_data?,
            guidance: Guidance { measures: measures?, ..guidance? },
            line: u32::try_from(line).unwrap_or(u32::MAX - 1) + 1,
        };
        let key = (row.signal.to_string(), row.pattern.clone(), row.way());
        if let Some(first) = self.seen.insert(key, line) {
            let found = format!("a second row for '{}' of '{}'", row.signal, row.pattern);
            self.report.cell(
                signal_cell,
                found,
                format!("one row of each kind; the first is in line {}", first + 1),
            );
            return None;
        }
        self.rows.push(row);
        Some(())
    }

    fn signal(&mut self, cell: &Cell) -> Option<Signal> {
        let text = bare(&cell.text);
        let signal: Signal = match text.parse() {
            Ok(signal) => signal,
            Err(wrong) => {
                self.report.cell(cell, format!("{} is not a signal", wrong.found), wrong.expected);
                return None;
            }
        };
        if self.names == Names::Declared
            && let Err((found, expected)) = signal_name::check(text, self.signals)
        {
            self.report.cell(cell, found, expected);
            return None;
        }
        Some(signal)
    }

    fn pattern(&mut self, cell: Option<&Cell>) -> Option<String> {
        let Some(cell) = cell.filter(|cell| !is_none(&cell.text)) else {
            return Some("*".to_owned());
        };
        let text = bare(&cell.text);
        if text == "*" || Subject::check(&text.replace('*', "x")).is_ok() {
            return Some(text.to_owned());
        }
        self.report.cell(
            cell,
            format!("'{text}' is not a pattern of subjects"),
            "'*', 'disk:*' or 'disk:/var@web-1'",
        );
        None
    }

    fn durations(&mut self, cell: &Cell, base: Option<Option<Level>>) -> Option<(Span, Span)> {
        if is_none(&cell.text) {
            if let Some(Some(_)) = base {
                self.report.cell(
                    cell,
                    "a threshold without a duration",
                    "how long it has to last, such as '2 min', '5 min / 1 min' or '0 s'",
                );
                return None;
            }
            return Some((Span::ZERO, Span::ZERO));
        }
        let spans = cells::durations(&cell.text);
        self.take(cell, spans)
    }

    fn recovery(
        &mut self,
        cell: &Cell,
        base: Option<Option<Level>>,
        unit: &mut Option<Unit>,
    ) -> Option<Option<Level>> {
        if is_none(&cell.text) {
            return Some(None);
        }
        let Some(base) = base? else {
            self.report.cell(
                cell,
                "a recovery value without a threshold",
                "'-' where nothing is monitored",
            );
            return None;
        };
        let level = cells::recovery(&cell.text, base, unit);
        let level = self.take(cell, level)?;
        if level.on_scale() > base.on_scale() {
            let expected = match base {
                Level::Above(_) => "a value at or below the warning threshold",
                Level::Below(_) => "a value at or above the warning threshold",
                Level::Usual(_) => "a level that is nearer to what is usual than the warning's",
                Level::Rises { .. } => "a rise that is slower than the warning's",
                Level::Reaches { .. } => "a time that is longer than the warning's",
            };
            self.report.cell(
                cell,
                "a recovery value on the unhealthy side of the warning threshold",
                expected,
            );
            return None;
        }
        Some(Some(level))
    }

    fn guidance(&mut self, meaning: &Cell, runbook: &Cell, commands: &Cell) -> Option<Guidance> {
        let mut fine = true;
        if is_none(&meaning.text) {
            fine = false;
            self.report.cell(
                meaning,
                "a row that does not say what it means",
                "one sentence for a person who was just woken",
            );
        }
        let anchor =
            if is_none(&runbook.text) { "" } else { bare(&runbook.text).trim_start_matches('#') };
        if !anchor.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            || anchor.len() > 100
        {
            fine = false;
            let expected = "the anchor of a section of runbooks/when-things-break.md, such as 'disk-full', or '-'";
            self.report.cell(runbook, format!("'{}' is not an anchor", runbook.text), expected);
        }
        let mut ids = Vec::new();
        if !is_none(&commands.text) {
            for part in commands.text.split(',') {
                let id = part.trim();
                let name = id.strip_prefix('`').and_then(|id| id.strip_suffix('`'));
                match name.filter(|name| is_command_id(name)) {
                    Some(name) => ids.push(name.to_owned()),
                    None => {
                        fine = false;
                        self.report.cell(
                            commands,
                            format!("'{id}' is not the id of a command"),
                            "ids in backticks with commas between them, such as '`pm2-restart`', or '-'",
                        );
                    }
                }
            }
        }
        fine.then(|| Guidance {
            meaning: meaning.text.clone(),
            runbook: anchor.to_owned(),
            commands: ids,
            measures: Vec::new(),
        })
    }

    fn rules(&mut self, table: &Table) {
        let Some(columns) = self.columns(table, &[("rule", true), ("value", true)]) else {
            return;
        };
        for cells in &table.rows {
            let (Some(rule), Some(value)) =
                (cells.get(columns["rule"]), cells.get(columns["value"]))
            else {
                continue;
            };
            let name = rule.text.to_lowercase();
            if !RULES.contains(&name.as_str()) {
                let near = nearest(&name, RULES.into_iter());
                let expected = near.map_or_else(
                    || "'quiet for', 'reopen within', 'flood of' or 'unusual together'".to_owned(),
                    |near| format!("a known rule; did you mean '{near}'?"),
                );
                self.report.cell(rule, format!("unknown rule '{}'", rule.text), expected);
                continue;
            }
            if let Some(first) = self.rules.insert(name.clone(), rule.line) {
                self.report.cell(
                    rule,
                    format!("the rule '{name}' twice"),
                    format!("each rule once; the first is in line {}", first + 1),
                );
                continue;
            }
            if name == "flood of" {
                let parsed = flood(&value.text);
                if let Some((count, within)) = self.take(value, parsed) {
                    (self.policy.flood_count, self.policy.flood_within) = (count, within);
                }
            } else if name == "unusual together" {
                let parsed = together(&value.text);
                if let Some(count) = self.take(value, parsed) {
                    self.policy.unusual_together = count;
                }
            } else {
                let span = cells::span(&value.text);
                let span = self.take(value, span);
                match (span, name.as_str()) {
                    (Some(span), "quiet for") => self.policy.quiet_for = span,
                    (Some(span), _) => self.policy.reopen_within = span,
                    (None, _) => {}
                }
            }
        }
    }

    fn needs(&mut self, table: &Table) {
        let Some(columns) = self.columns(table, &[("subject", true), ("needs", true)]) else {
            return;
        };
        for cells in &table.rows {
            let (Some(subject), Some(needs)) =
                (cells.get(columns["subject"]), cells.get(columns["needs"]))
            else {
                continue;
            };
            let pattern = self.pattern(Some(subject));
            match bare(&needs.text).parse::<Subject>() {
                Ok(needs) => self
                    .policy
                    .dependencies
                    .extend(pattern.map(|subject| Dependency { subject, needs })),
                Err(wrong) => self.report.cell(
                    needs,
                    format!("{} is not a subject", wrong.found),
                    wrong.expected,
                ),
            }
        }
    }
}

/// `3 signals`.
fn together(text: &str) -> Result<u32, Wrong> {
    let count = text.strip_suffix("signals").or_else(|| text.strip_suffix("signal"));
    let count = count.and_then(|count| count.trim().parse().ok());
    count.filter(|count| (1..=1_000).contains(count)).ok_or_else(|| Wrong {
        found: format!("'{text}' is not a count of signals"),
        expected: "a count such as '3 signals'".to_owned(),
    })
}

/// `5 incidents in 5 min`.
fn flood(text: &str) -> Result<(u32, Span), Wrong> {
    let expected = || "a count and a time such as '5 incidents in 5 min'".to_owned();
    let parts = text.split_once(" in ").and_then(|(count, within)| {
        let count: u32 = count.trim().strip_suffix("incidents")?.trim().parse().ok()?;
        (2..=1_000).contains(&count).then_some((count, within))
    });
    match parts {
        Some((count, within)) => cells::span(within)
            .map(|within| (count, within))
            .map_err(|wrong| Wrong { expected: expected(), ..wrong }),
        None => Err(Wrong { found: format!("'{text}' is not a flood"), expected: expected() }),
    }
}
