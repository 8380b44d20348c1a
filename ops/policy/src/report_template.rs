//! The template of stability reports, `ops/reports/weekly.stability.md`: Markdown with facts from a
//! closed list. What stands before the heading `## Template` is for whoever edits it.

mod fact;
mod line;
mod read;
#[cfg(test)]
mod tests;

pub use fact::ReportFact;
pub use line::{ReportLine, ReportPiece};

use crate::diagnostic::Diagnostic;

/// The path of the document inside the documents' directory.
pub const REPORT_TEMPLATE: &str = "reports/weekly.stability.md";

/// The template of stability reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
