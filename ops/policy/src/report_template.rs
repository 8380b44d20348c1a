//! The template of stability reports, `ops/reports/weekly.stability.md`: Markdown with facts from a
//! closed list. What stands before the heading `## Template` is for whoever edits it.

mod fact;
mod read;
#[cfg(test)]
mod tests;

pub use fact::ReportFact;

use crate::diagnostic::Diagnostic;

/// The path of the document inside the documents' directory.
pub const REPORT_TEMPLATE: &str = "reports/weekly.stability.md";

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportPiece {
    /// Words, as they stand in the document.
    Words(String),
    /// A fact of the report.
    Fact(ReportFact),
}

/// A line of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportLine {
    /// An empty line.
    Blank,
    /// A heading and its level, from 1. It is left out with all that stands below it.
    Heading(u8, Vec<ReportPiece>),
    /// Words and facts. It is left out where a fact is not known.
    Words(Vec<ReportPiece>),
    /// A fact that becomes a list. It is left out where the list is empty.
    List(ReportFact),
}

/// The template of stability reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTemplate(Vec<ReportLine>);

impl ReportTemplate {
    /// Reads the document. `file` is how errors name it. All problems are told, in the order of their
    /// places.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        read::read(file, text).map(Self)
    }

    /// Its lines.
    pub fn lines(&self) -> &[ReportLine] {
        &self.0
    }
}
