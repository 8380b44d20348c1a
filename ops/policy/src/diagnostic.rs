//! Diagnostics: a mistake in a document with its place, as a compiler shows it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something wrong in a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The document, as a person names it: `alerts/thresholds.md`.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// Number of characters that are meant; at least 1.
    pub width: u32,
    /// The line's text.
    pub text: String,
    /// The finding.
    pub found: String,
    /// The expectation, with an example.
    pub expected: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, width, text, found, expected } = self;
        let gutter = line.to_string().len();
        writeln!(f, "error: {found}")?;
        writeln!(f, "{:gutter$}--> {file}:{line}:{column}", "")?;
        writeln!(f, "{:gutter$} |", "")?;
        writeln!(f, "{line} | {text}")?;
        let indent = column.saturating_sub(1) as usize;
        writeln!(f, "{:gutter$} | {:indent$}{}", "", "", "^".repeat(*width as usize))?;
        write!(f, "{:gutter$} = expected {expected}", "")
    }
}
