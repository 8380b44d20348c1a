//! Small changes of a row that are worth trying on history.

use domain::{signals::Signals, time::Span, unit::Unit};

use crate::{
    markdown_table::Report,
    thresholds::{
        Row, Thresholds,
        edit::{RowChange, edit},
    },
};

/// The durations for which a value may have to hold, from the least to the most patient.
const DURATIONS: [&str; 13] = [
    "0 s", "10 s", "30 s", "1 min", "2 min", "3 min", "5 min", "10 min", "15 min", "20 min",
    "30 min", "45 min", "1 h",
];
/// So many shorter and so many longer ones are tried.
const NEIGHBOURS: usize = 2;
/// A level is tried at these parts of itself.
const PARTS: [f64; 6] = [0.98, 0.95, 0.9, 1.02, 1.05, 1.1];

/// A changed document with what was changed in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The changed cells.
    pub change: RowChange,
    /// The words about the change: the column, the text before and after.
    pub words: (&'static str, String, String),
    /// The whole document.
    pub text: String,
}

/// Changes of one cell each of the row on `line` (from 1), the smallest first, that are right as a
/// document and can work: other durations, other levels of the warning (of the critical level where
/// there is no other). The level of a yes/no signal stays: there is none between yes and no.
pub fn variants(file: &str, text: &str, line: u32, signals: &'static Signals) -> Vec<Variant> {
    let place = usize::try_from(line).unwrap_or(usize::MAX).wrapping_sub(1);
    let tables = Report::new(file, text).tables();
    let cell = |name: &str| {
        tables.iter().find_map(|table| {
            let row =
                table.rows.iter().find(|row| row.first().is_some_and(|cell| cell.line == place))?;
            let column = table.head.iter().position(|cell| cell.text.to_lowercase() == name)?;
            row.get(column).map(|cell| cell.text.clone())
        })
    };
    let mut changes: Vec<((&'static str, String, String), RowChange)> = Vec::new();
    if let Some(held) = cell("for") {
        for new in durations(&held) {
            let change = RowChange { held: Some(new.clone()), ..RowChange::default() };
            changes.push((("for", held.clone(), new), change));
        }
    }
    let warning = cell("warning").filter(|text| text.chars().any(|c| c.is_ascii_digit()));
    let is_warning = warning.is_some();
    let has_levels = row_on(file, text, line, signals).is_some_and(|row| !is_yes_no(&row, signals));
    if let Some(level) = warning.or_else(|| cell("critical")).filter(|_| has_levels) {
        let name = if is_warning { "warning" } else { "critical" };
        for new in PARTS.iter().filter_map(|part| scaled(&level, *part)) {
            let text = Some(new.clone());
            let change = if is_warning {
                RowChange { warning: text, ..RowChange::default() }
            } else {
                RowChange { critical: text, ..RowChange::default() }
            };
            changes.push(((name, level.clone(), new), change));
        }
    }
    let tried = |(words, change): ((&'static str, String, String), RowChange)| {
        let text = edit(file, text, line, &change, signals).ok()?;
        let row = row_on(file, &text, line, signals)?;
        row.unworkable(signals).is_none().then_some(Variant { change, words, text })
    };
    changes.into_iter().filter_map(tried).collect()
}

fn row_on(file: &str, text: &str, line: u32, signals: &'static Signals) -> Option<Row> {
    let thresholds = Thresholds::parse(file, text, signals).ok()?;
    thresholds.rows().iter().find(|row| row.line == line).cloned()
}

fn is_yes_no(row: &Row, signals: &Signals) -> bool {
    signals.unit(row.signal.as_str()).or_else(|| row.unit.clone()) == Some(Unit::YesNo)
}

/// Neighbours of the first duration of a cell; the second one stays.
fn durations(cell: &str) -> Vec<String> {
    let (first, rest) = cell.split_once('/').map_or((cell, None), |(one, two)| (one, Some(two)));
    let Ok(now) = first.trim().parse::<Span>() else { return Vec::new() };
    let known = || DURATIONS.iter().filter_map(|text| Some((*text, text.parse::<Span>().ok()?)));
    let shorter: Vec<&str> =
        known().filter(|(_, span)| *span < now).map(|(text, _)| text).collect();
    let longer = known().filter(|(_, span)| *span > now).map(|(text, _)| text);
    let near = shorter.into_iter().rev().take(NEIGHBOURS).chain(longer.take(NEIGHBOURS));
    near.map(|text| rest.map_or_else(|| text.to_owned(), |rest| format!("{text} /{rest}")))
        .collect()
}

/// The text with its first number multiplied, to three digits; `None` if that changes nothing.
fn scaled(text: &str, part: f64) -> Option<String> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let length = text[from..]
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
        .unwrap_or(text.len() - from);
    let written = &text[from..from + length];
    let number: f64 = written.replace(',', "").parse().ok()?;
    let new = rounded(number * part);
    (new != number).then(|| format!("{}{new}{}", &text[..from], &text[from + length..]))
}

/// To three digits, and whole numbers from 100 on.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    let factor = 10_f64.powi(digits.clamp(-12, 12));
    (value * factor).round() / factor
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "format: 1\n\n\
        | signal | warning | critical | for | recovers at | what it means | runbook | commands |\n\
        |---|---|---|---|---|---|---|---|\n\
        | queue.depth | above 1,000 jobs | above 1,050 jobs | 5 min / 2 min | - | It waits. | queue | - |\n\
        | queue.age | - | above 90 s | 0 s | - | It is late. | queue | - |\n\
        | queue.size | - | - | 1 min | - | Nothing. | - | - |\n\
        | app.up | - | below 1 | 30 s | 1 | It is down. | queue | - |\n\
        | host.memory.used | above 95 % | - | 1 min | 80 % | It is full. | queue | - |\n";

    fn words(line: u32) -> Vec<String> {
        variants("t", TEXT, line, fixtures::signals())
            .into_iter()
            .map(|one| format!("{}: {}", one.words.0, one.words.2))
            .collect()
    }

    #[test]
    fn neighbours_of_a_row_are_tried_where_they_are_right() {
        assert_eq!(
            words(5),
            [
                "for: 3 min / 2 min",
                "for: 2 min / 2 min",
                "for: 10 min / 2 min",
                "for: 15 min / 2 min",
                "warning: above 980 jobs",
                "warning: above 950 jobs",
                "warning: above 900 jobs",
                "warning: above 1020 jobs",
                "warning: above 1050 jobs",
            ],
            "a warning past the critical level is none"
        );
        assert_eq!(words(6)[..3], ["for: 10 s", "for: 30 s", "critical: above 88.2 s"]);
        assert_eq!(words(7).iter().filter(|text| !text.starts_with("for")).count(), 0);
        assert!(words(3).is_empty() && words(99).is_empty());
    }

    #[test]
    fn a_yes_no_signal_keeps_its_level() {
        assert_eq!(words(8), ["for: 10 s", "for: 0 s", "for: 1 min", "for: 2 min"]);
    }

    #[test]
    fn no_row_is_tried_that_can_never_fire() {
        let levels = words(9).into_iter().filter(|text| text.starts_with("warning"));
        let expected =
            ["above 93.1 %", "above 90.3 %", "above 85.5 %", "above 96.9 %", "above 99.8 %"];
        let expected: Vec<String> = expected.map(|text| format!("warning: {text}")).into();
        assert_eq!(levels.collect::<Vec<_>>(), expected, "and none above 100 %");
    }

    #[test]
    fn each_is_one_change_of_the_document() {
        for variant in variants("t", TEXT, 5, fixtures::signals()) {
            let (_, before, after) = &variant.words;
            let width = before.chars().count();
            assert_eq!(variant.text, TEXT.replacen(before, &format!("{after:width$}"), 1));
        }
    }
}
