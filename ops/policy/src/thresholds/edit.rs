//! Changes of single cells of the document: everything else keeps its bytes.

use domain::{signals::Signals, text::is_unprintable, threshold::ThresholdCells};

use crate::{
    diagnostic::Diagnostic,
    markdown_table::{Cell, Report},
    thresholds::Thresholds,
};

/// New texts of cells of one row; `None` leaves a cell as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowChange {
    /// Column `warning`, such as `above 90 %`.
    pub warning: Option<String>,
    /// Column `critical`.
    pub critical: Option<String>,
    /// Column `for`, such as `3 min`.
    pub held: Option<String>,
    /// Column `recovers at`.
    pub recovers_at: Option<String>,
    /// Column `no data after`.
    pub no_data_after: Option<String>,
}

impl RowChange {
    fn cells(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("warning", &self.warning),
            ("critical", &self.critical),
            ("for", &self.held),
            ("recovers at", &self.recovers_at),
            ("no data after", &self.no_data_after),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_deref()?)))
    }
}

impl RowChange {
    /// The cells that differ; a cell that stays is not looked for, so that its column may be missing.
    pub fn between(before: &ThresholdCells, after: &ThresholdCells) -> Self {
        let new = |before: &str, after: &str| (before != after).then(|| after.to_owned());
        Self {
            warning: new(&before.warning, &after.warning),
            critical: new(&before.critical, &after.critical),
            held: new(&before.held, &after.held),
            recovers_at: new(&before.recovers_at, &after.recovers_at),
            no_data_after: None,
        }
    }
}

/// The cells of the row that stands on `line` (from 1) as the document has them; `-` where the table
/// has no such column.
pub fn row_cells(file: &str, text: &str, line: u32) -> Option<ThresholdCells> {
    let place = usize::try_from(line).ok()?.checked_sub(1)?;
    let tables = Report::new(file, text).tables();
    let (table, row) = tables.iter().find_map(|table| {
        let is_here = |row: &&Vec<Cell>| row.first().is_some_and(|cell| cell.line == place);
        Some((table, table.rows.iter().find(is_here)?))
    })?;
    let cell = |name: &str| {
        let column = table.head.iter().position(|cell| cell.text.to_lowercase() == name);
        let text = column.and_then(|at| row.get(at)).map(|cell| cell.text.trim().to_owned());
        text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned())
    };
    let [warning, critical, held, recovers_at] = ThresholdCells::COLUMNS.map(cell);
    Some(ThresholdCells { warning, critical, held, recovers_at })
}

/// The reasons for which a row can't be changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditError {
    /// No row begins on this line.
    #[error(
        "line {0} of the thresholds is not a row; reload the page, as the document has changed"
    )]
    NoRow(u32),
    /// The table has no such column.
    #[error("the table has no column '{0}'; add it to the document first")]
    NoColumn(&'static str),
    /// A text can't stand in a cell.
    #[error("the text for '{0}' can't stand in a cell: expected one line of printable characters")]
    NotACell(&'static str),
    /// The changed document is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Wrong(Vec<Diagnostic>),
}

/// The document with cells of the row that stands on `line` (from 1) changed, checked as a whole.
/// Padding takes up the difference in length where there is enough of it, so that columns stay
/// aligned.
pub fn edit(
    file: &str,
    text: &str,
    line: u32,
    change: &RowChange,
    signals: &'static Signals,
) -> Result<String, EditError> {
    let place = usize::try_from(line).unwrap_or(usize::MAX).wrapping_sub(1);
    let tables = Report::new(file, text).tables();
    let found = tables.iter().find_map(|table| {
        let row =
            table.rows.iter().find(|row| row.first().is_some_and(|cell| cell.line == place))?;
        Some((table, row))
    });
    let (table, row) = found.ok_or(EditError::NoRow(line))?;
    let mut cells: Vec<(&Cell, String)> = Vec::new();
    for (name, new) in change.cells() {
        let column = table.head.iter().position(|cell| cell.text.to_lowercase() == name);
        let cell = column.and_then(|at| row.get(at)).ok_or(EditError::NoColumn(name))?;
        let new = new.trim();
        if new.is_empty() || new.chars().any(is_unprintable) {
            return Err(EditError::NotACell(name));
        }
        cells.push((cell, new.replace('|', "\\|")));
    }
    // From the right, so that the places further left stay.
    cells.sort_by_key(|(cell, _)| std::cmp::Reverse(cell.column));
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let whole = lines.get_mut(place).ok_or(EditError::NoRow(line))?;
    for (cell, new) in cells {
        *whole = replaced(whole, cell, &new);
    }
    let changed = lines.concat();
    Thresholds::parse(file, &changed, signals).map_err(EditError::Wrong)?;
    Ok(changed)
}

/// The line with another text in a cell.
fn replaced(line: &str, cell: &Cell, new: &str) -> String {
    let before = usize::try_from(cell.column).unwrap_or(usize::MAX).saturating_sub(1);
    let width = usize::try_from(cell.width).unwrap_or(usize::MAX);
    let length = new.chars().count();
    let kept: String = line.chars().take(before).collect();
    let rest: Vec<char> = line.chars().skip(before.saturating_add(width)).collect();
    let spaces = rest.iter().take_while(|c| **c == ' ').count();
    // One space stays before the bar.
    let padding = (width + spaces).saturating_sub(length).max(spaces.min(1));
    let rest: String = rest.into_iter().skip(spaces).collect();
    format!("{kept}{new}{}{rest}", " ".repeat(padding))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "format: 1\n\n# Thresholds\r\n\nSome words.\n\n\
        | signal        | warning   | critical | for   | recovers at | no data after | what it means | runbook | commands |\n\
        |---------------|-----------|----------|-------|-------------|---------------|---------------|---------|----------|\n\
        | `queue.depth` | above 100 | -        | 3 min | -           | -             | It \\| waits. | queue   | -        |  \r\n\
        | `queue.age` | above 5 s | - | 1 min | - | - | It is late. | queue | - |\n\n\
        ```\n| signal | warning |\n```\nThe end without a line feed";

    fn changed(line: u32, change: &RowChange) -> Result<String, EditError> {
        edit("t.md", TEXT, line, change, fixtures::signals())
    }

    fn level(text: &str) -> RowChange {
        RowChange { warning: Some(text.to_owned()), ..RowChange::default() }
    }

    #[test]
    fn only_the_cells_change_and_columns_stay_aligned() {
        let text = changed(9, &level("above 80")).unwrap();
        assert_eq!(text, TEXT.replace("| above 100 |", "| above 80  |"));
        let both = RowChange { held: Some("30 s".into()), ..level("above 100000") };
        let text = changed(9, &both).unwrap();
        assert_eq!(
            text,
            TEXT.replace("| above 100 |", "| above 100000 |").replace(
                "| 3 min | -           | -             | It",
                "| 30 s  | -           | -             | It"
            )
        );
        let text = changed(10, &level("above 9 s")).unwrap();
        assert_eq!(text, TEXT.replace("above 5 s", "above 9 s"));
        assert_eq!(changed(9, &RowChange::default()).unwrap(), TEXT, "nothing changes nothing");
    }

    #[test]
    fn cells_are_read_as_they_are_written() {
        let cells = row_cells("t.md", TEXT, 9).unwrap();
        assert_eq!(cells.texts(), ["above 100", "-", "3 min", "-"]);
        let after = ThresholdCells { held: "1 min".to_owned(), ..cells.clone() };
        let change = RowChange::between(&cells, &after);
        assert_eq!(change, RowChange { held: Some("1 min".into()), ..RowChange::default() });
        let text = changed(9, &change).unwrap();
        assert_eq!(row_cells("t.md", &text, 9), Some(after));
        for line in [0, 1, 7, 8, 11, 13, 99] {
            assert_eq!(row_cells("t.md", TEXT, line), None, "{line}");
        }
    }

    #[test]
    fn what_is_no_row_no_cell_and_no_threshold_is_refused() {
        for line in [0, 1, 7, 8, 11, 13, 99] {
            assert_eq!(changed(line, &level("above 1")), Err(EditError::NoRow(line)));
        }
        for text in ["", "above 1\n| x |", "above \u{202e}1"] {
            assert_eq!(changed(9, &level(text)), Err(EditError::NotACell("warning")), "{text:?}");
        }
        let Err(EditError::Wrong(problems)) = changed(9, &level("about 5 | x")) else {
            panic!("it was taken")
        };
        assert_eq!((problems[0].line, problems[0].column), (9, 19));
    }
}
