//! Service-level objectives: `ops/alerts/objectives.md`, read into types.

use std::collections::BTreeMap;

use domain::{subject::Subject, time::Span};

use crate::{
    diagnostic::Diagnostic,
    incident_policy::Dependency,
    markdown_table::{Cell, MAX_BYTES, Report, Table, bare, is_command_id, is_none, nearest},
};

const OBJECTIVES: &[(&str, bool)] =
    &[("objective", true), ("of", true), ("good", true), ("target", true), ("period", true)];
const RULES: &[(&str, bool)] = &[("rule", true), ("value", true)];
const LEAST_EVENTS: &str = "least events";
const LEAST_FAILURES: &str = "least failures";
const RULE_NAMES: [&str; 2] = [LEAST_EVENTS, LEAST_FAILURES];

/// More objectives than this are refused.
const MOST_OBJECTIVES: usize = 50;
/// More endpoints than this in one objective are refused.
const MOST_ENDPOINTS: usize = 20;
/// The shortest and the longest period, in days.
const PERIODS: std::ops::RangeInclusive<u64> = 1..=90;
const DAY: u64 = 86_400;

/// A share of events that must be good: at least 50 %, below 100 %, in steps of 0.001 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target(u32);

impl Target {
    const WHOLE: u32 = 100_000;

    /// From a text such as `99.9%`.
    fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 2 || fraction.len() > 3 || !digits(whole) {
            return None;
        }
        if !digits(fraction) || (fraction.is_empty() && number.contains('.')) {
            return None;
        }
        let thousandths = format!("{fraction:0<3}").parse::<u32>().ok()?;
        let share = whole.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(thousandths)?;
        (Self::WHOLE / 2..Self::WHOLE).contains(&share).then_some(Self(share))
    }

    /// The share of events that may fail, above 0 and at most 0.5.
    pub fn error_budget(self) -> f64 {
        f64::from(Self::WHOLE - self.0) / f64::from(Self::WHOLE)
    }

    /// The target in thousandths of a percent.
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// The target in percent.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

/// The events that count, and which of them are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Probes of endpoints.
    Probes {
        /// The endpoints, in the order of the document.
        endpoints: Vec<Subject>,
        /// The longest answer that is good, if the time counts; one that fails never is.
        within: Option<Span>,
    },
    /// Results of requests that are reported to the gate: of one organization, or of all.
    Results {
        /// The organization; `None` for all.
        organization: Option<Subject>,
        /// The longest time that is good, where the time alone counts; else one with a status below 500
        /// is good.
        within: Option<Span>,
    },
}

/// One objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective {
    /// Its name: lower-case letters, digits, `-` and `.`.
    pub name: String,
    /// The counted events.
    pub counted: Counted,
    /// The share of events that must be good.
    pub target: Target,
    /// The time over which the error budget is counted, in whole days.
    pub period: Span,
}

impl Objective {
    /// The subject of its signals: `objective:checkout`.
    pub fn subject(&self) -> Option<Subject> {
        format!("objective:{}", self.name).parse().ok()
    }

    /// The subjects with names of their own.
    pub fn needs(&self) -> &[Subject] {
        match &self.counted {
            Counted::Probes { endpoints, .. } => endpoints,
            Counted::Results { organization, .. } => organization.as_slice(),
        }
    }
}

/// The objectives in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objectives {
    /// In the order of the document.
    pub objectives: Vec<Objective>,
    /// The events that a window needs before its burn rate is known.
    pub least_events: u32,
    /// The failures that a window needs before its burn rate counts; with fewer it is 0.
    pub least_failures: u32,
}

impl Default for Objectives {
    fn default() -> Self {
        Self { objectives: Vec::new(), least_events: 30, least_failures: 3 }
    }
}

impl Objectives {
    /// Reads the document. `file` is how errors name it. All problems are told, in the order of
    /// their places.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut report = Report::new(file, text);
        if text.len() > MAX_BYTES {
            let found = format!("{} bytes", text.len());
            report.at(0, 1, 1, found, format!("at most {MAX_BYTES} bytes"));
            return Err(report.finish());
        }
        if text.lines().next().map(str::trim_end) != Some("format: 1") {
            let found = "the document does not begin with its format";
            report.at(0, 1, u32::MAX, found, "'format: 1' as the first line");
        }
        let mut reader = Reader { report, read: Self::default(), lines: BTreeMap::new() };
        for table in reader.report.tables() {
            reader.table(&table);
        }
        let problems = reader.report.finish();
        if problems.is_empty() { Ok(reader.read) } else { Err(problems) }
    }

    /// The subjects that each objective counts: while a problem of that is known, its own adds
    /// nothing.
    pub fn dependencies(&self) -> impl Iterator<Item = Dependency> + '_ {
        self.objectives.iter().flat_map(|objective| {
            let subject = format!("objective:{}", objective.name);
            objective
                .needs()
                .iter()
                .map(move |needs| Dependency { subject: subject.clone(), needs: needs.clone() })
        })
    }
}

struct Reader<'a> {
    report: Report<'a>,
    read: Objectives,
    /// The lines of names and rules that stand once.
    lines: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn table(&mut self, table: &Table) {
        let Some(first) = table.head.first() else { return };
        let known = match first.text.to_lowercase().as_str() {
            "objective" => OBJECTIVES,
            "rule" => RULES,
            _ => {
                let expected = "a table whose first column is 'objective' or 'rule'; other tables belong in a code fence";
                self.report.cell(first, format!("unknown table '{}'", first.text), expected);
                return;
            }
        };
        let Some(columns) = self.report.columns(table, known) else { return };
        for cells in &table.rows {
            let row: BTreeMap<&str, &Cell> = columns
                .iter()
                .filter_map(|(name, index)| Some((*name, cells.get(*index)?)))
                .collect();
            if known == OBJECTIVES {
                self.objective(&row);
            } else {
                self.rule(&row);
            }
        }
    }

    fn once(&mut self, what: &str, cell: &Cell) -> Option<()> {
        let key = format!("{what} {}", bare(&cell.text));
        let Some(first) = self.lines.insert(key, cell.line) else { return Some(()) };
        let found = format!("a second row for '{}'", bare(&cell.text));
        self.report.cell(cell, found, format!("one row; the first is in line {}", first + 1));
        None
    }

    fn objective(&mut self, row: &BTreeMap<&str, &Cell>) -> Option<()> {
        let name_cell = row.get("objective")?;
        let name = bare(&name_cell.text).to_owned();
        if !is_command_id(&name) {
            let found = format!("'{name}' can't be the name of an objective");
            let expected = "a name of letters, digits and '-' such as '`checkout`'";
            self.report.cell(name_cell, found, expected);
            return None;
        }
        self.once("objective", name_cell)?;
        if self.read.objectives.len() >= MOST_OBJECTIVES {
            let found = "too many objectives";
            self.report.cell(name_cell, found, format!("at most {MOST_OBJECTIVES}"));
            return None;
        }
        let counted = self.counted(row.get("of")?, row.get("good")?);
        let target = row.get("target")?;
        let parsed = Target::parse(target.text.trim());
        if parsed.is_none() {
            let found = format!("'{}' is not a target", target.text);
            let expected = "a share from 50% to 99.999% such as '99.9%'";
            self.report.cell(target, found, expected);
        }
        let period = self.period(row.get("period")?);
        self.read.objectives.push(Objective {
            name,
            counted: counted?,
            target: parsed?,
            period: period?,
        });
        Some(())
    }

    fn counted(&mut self, of: &Cell, good: &Cell) -> Option<Counted> {
        let (source, words) = (bare(of.text.trim()), good.text.trim());
        let organization =
            source.parse::<Subject>().ok().filter(|subject| subject.kind() == "organization");
        if source == "gate" || organization.is_some() {
            if words == "succeeds" {
                return Some(Counted::Results { organization, within: None });
            }
            if let Some(within) = within(words) {
                return Some(Counted::Results { organization, within: Some(within) });
            }
            let found = format!("'{words}' does not say what is good at the gate");
            let expected = "'succeeds' (its status is below 500), or 'answers within 500 ms' with a time of at most 60 s";
            self.report.cell(good, found, expected);
            return None;
        }
        let endpoints = self.endpoints(of);
        let within = self.good(good);
        Some(Counted::Probes { endpoints: endpoints?, within: within? })
    }

    fn endpoints(&mut self, cell: &Cell) -> Option<Vec<Subject>> {
        let expected = "endpoints of the configuration such as '`endpoint:checkout`' with commas between them, one '`organization:acme`', or '`gate`'";
        let mut endpoints = Vec::new();
        for text in cell.text.split(',').map(|text| bare(text.trim())) {
            match text.parse::<Subject>() {
                Ok(subject) if subject.kind() == "endpoint" && !endpoints.contains(&subject) => {
                    endpoints.push(subject);
                }
                Ok(subject) if endpoints.contains(&subject) => {
                    self.report.cell(cell, format!("'{text}' twice"), "each endpoint once");
                    return None;
                }
                _ => {
                    self.report.cell(cell, format!("'{text}' is no endpoint"), expected);
                    return None;
                }
            }
        }
        if endpoints.len() > MOST_ENDPOINTS {
            let found = format!("{} endpoints", endpoints.len());
            self.report.cell(cell, found, format!("at most {MOST_ENDPOINTS}"));
            return None;
        }
        Some(endpoints)
    }

    /// `answers`, or `answers within 1 s`.
    fn good(&mut self, cell: &Cell) -> Option<Option<Span>> {
        let text = cell.text.trim();
        if text == "answers" {
            return Some(None);
        }
        let within = within(text);
        if within.is_none() {
            let found = format!("'{text}' does not say what is good");
            let expected = "'answers', or 'answers within 1 s' with a time of at most 60 s";
            self.report.cell(cell, found, expected);
        }
        within.map(Some)
    }

    fn period(&mut self, cell: &Cell) -> Option<Span> {
        let span = cell.text.trim().parse::<Span>().ok();
        let span = span.filter(|span| {
            span.as_micros() % Span::from_secs(DAY).as_micros() == 0
                && PERIODS.contains(&(span.as_secs() / DAY))
        });
        if span.is_none() {
            let found = format!("'{}' is not a period", cell.text);
            self.report.cell(cell, found, "whole days from '1 d' to '90 d'");
        }
        span
    }

    fn rule(&mut self, row: &BTreeMap<&str, &Cell>) -> Option<()> {
        let (rule, value) = (row.get("rule")?, row.get("value")?);
        let name = rule.text.to_lowercase();
        let Some(name) = RULE_NAMES.into_iter().find(|known| *known == name) else {
            let expected = nearest(&name, RULE_NAMES.into_iter()).map_or_else(
                || format!("'{LEAST_EVENTS}' or '{LEAST_FAILURES}'"),
                |near| format!("a known rule; did you mean '{near}'?"),
            );
            self.report.cell(rule, format!("unknown rule '{}'", rule.text), expected);
            return None;
        };
        self.once("rule", rule)?;
        let number = value.text.trim().replace(',', "").parse::<u32>().ok();
        let Some(number) = number.filter(|number| (1..=100_000).contains(number)) else {
            let shown = if is_none(&value.text) { "nothing" } else { value.text.as_str() };
            let found = format!("'{shown}' is not a number of events");
            self.report.cell(value, found, "a number from 1 to 100,000");
            return None;
        };
        if name == LEAST_EVENTS {
            self.read.least_events = number;
        } else {
            self.read.least_failures = number;
        }
        Some(())
    }
}

/// The time of `answers within 1 s`.
fn within(text: &str) -> Option<Span> {
    let span = text.strip_prefix("answers")?.trim().strip_prefix("within ")?;
    let span: Span = span.trim().parse().ok()?;
    (Span::from_millis(1)..=Span::from_secs(60)).contains(&span).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT_IN: &str = include_str!("../../alerts/objectives.md");
    const HEAD: &str =
        "format: 1\n| objective | of | good | target | period |\n|---|---|---|---|---|\n";

    fn problems(text: &str) -> Vec<String> {
        let told = Objectives::parse("o", text).unwrap_err();
        told.iter().map(|problem| format!("{}: {}", problem.line, problem.found)).collect()
    }

    #[test]
    fn the_document_that_comes_with_it_has_rules_and_examples_but_no_objective() {
        assert_eq!(Objectives::parse("o", BUILT_IN).unwrap(), Objectives::default());
        let example = BUILT_IN.replace("```\n", "");
        let read = Objectives::parse("o", &example).unwrap();
        assert_eq!(read.objectives.len(), 5);
        let names: Vec<&str> = read.objectives.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["checkout", "checkout-speed", "requests", "requests-speed", "acme"]);
        let within =
            |one: &Objective| matches!(one.counted, Counted::Probes { within: Some(_), .. });
        assert!(within(&read.objectives[1]) && !within(&read.objectives[0]));
        let within = Some(Span::from_millis(500));
        assert_eq!(read.objectives[3].counted, Counted::Results { organization: None, within });
        assert_eq!(read.dependencies().count(), 3);
    }

    #[test]
    fn a_row_says_what_is_good_how_often_and_over_which_time() {
        let text = format!(
            "{HEAD}| `pay` | `endpoint:pay`, `endpoint:pay-2` | answers within 800 ms | 99.95% | 28 d |\n\n| rule | value |\n|---|---|\n| least events | 1,000 |\n| least failures | 5 |\n"
        );
        let read = Objectives::parse("o", &text).unwrap();
        let [one] = &read.objectives[..] else { panic!("{read:?}") };
        assert_eq!((read.least_events, read.least_failures), (1_000, 5));
        assert_eq!(one.subject().unwrap().as_str(), "objective:pay");
        let endpoints = vec!["endpoint:pay".parse().unwrap(), "endpoint:pay-2".parse().unwrap()];
        let within = Some(Span::from_millis(800));
        assert_eq!(one.counted, Counted::Probes { endpoints, within });
        assert_eq!(one.period, Span::from_secs(28 * DAY));
        assert!((one.target.error_budget() - 0.000_5).abs() < 1e-12);
        assert!((one.target.percent() - 99.95).abs() < 1e-9);
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        for (row, found) in [
            ("| `a b` | `endpoint:x` | answers | 99% | 30 d |", "can't be the name"),
            ("| `a` | `service:x` | answers | 99% | 30 d |", "'service:x' is no endpoint"),
            ("| `a` | `endpoint:x`, `endpoint:x` | answers | 99% | 30 d |", "twice"),
            ("| `a` | `gate` | answers | 99% | 30 d |", "what is good at the gate"),
            ("| `a` | `gate` | succeeds within 1 s | 99% | 30 d |", "what is good at the gate"),
            ("| `a` | `gate` | answers within 61 s | 99% | 30 d |", "what is good at the gate"),
            ("| `a` | `endpoint:x` | succeeds | 99% | 30 d |", "does not say what is good"),
            ("| `a` | `endpoint:x` | is quick | 99% | 30 d |", "does not say what is good"),
            ("| `a` | `endpoint:x` | answers within 5 min | 99% | 30 d |", "what is good"),
            ("| `a` | `endpoint:x` | answers | 100% | 30 d |", "is not a target"),
            ("| `a` | `endpoint:x` | answers | 99.99991% | 30 d |", "is not a target"),
            ("| `a` | `endpoint:x` | answers | 9. % | 30 d |", "is not a target"),
            ("| `a` | `endpoint:x` | answers | 99% | 36 h |", "is not a period"),
            ("| `a` | `endpoint:x` | answers | 99% | 91 d |", "is not a period"),
        ] {
            let told = problems(&format!("{HEAD}{row}\n"));
            assert!(told.len() == 1 && told[0].contains(found), "{row}: {told:?}");
            assert!(told[0].starts_with("4: "), "{told:?}");
        }
        let twice = format!(
            "{HEAD}| `a` | `endpoint:x` | answers | 99% | 30 d |\n| `a` | `endpoint:y` | answers | 99% | 30 d |\n"
        );
        assert!(problems(&twice)[0].contains("a second row for 'a'"));
        assert!(problems("# Objectives\n")[0].contains("does not begin with its format"));
        let rule =
            "format: 1\n| rule | value |\n|---|---|\n| least event | 3 |\n| least failures | 0 |\n";
        assert_eq!(problems(rule).len(), 2);
    }
}
