//! Contents of a template: lines of words and facts.

use super::fact::ReportFact;

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
