//! The documents that a report is made by: its template, the objectives and the thresholds.

use std::path::Path;

use policy::{
    diagnostic::Diagnostic,
    objectives::Objectives,
    report_template::{REPORT_TEMPLATE, ReportTemplate},
    thresholds::Thresholds,
};

use crate::{
    collectors,
    documents::{self, BadDocuments, OBJECTIVES, THRESHOLDS},
};

/// The documents that a report is made by.
#[derive(Clone, Debug)]
pub struct ReportDocuments {
    /// The template.
    pub template: ReportTemplate,
    /// The objectives of which it tells.
    pub objectives: Objectives,
    /// The thresholds that signals nearly reached.
    pub thresholds: Thresholds,
}

impl ReportDocuments {
    /// The newest versions in a folder, or the built-in ones.
    pub fn newest(dir: Option<&Path>) -> Result<Self, BadDocuments> {
        let text = |name| documents::read_or_built_in(dir, name).map(|(text, _)| text);
        let texts = (text(REPORT_TEMPLATE)?, text(OBJECTIVES)?, text(THRESHOLDS)?);
        Self::parse(&texts.0, &texts.1, &texts.2)
            .map_err(|problems| BadDocuments::Wrong { problems })
    }

    /// Reads their texts.
    pub fn parse(
        template: &str,
        objectives: &str,
        thresholds: &str,
    ) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self {
            template: ReportTemplate::parse(REPORT_TEMPLATE, template)?,
            objectives: Objectives::parse(OBJECTIVES, objectives)?,
            thresholds: Thresholds::parse(THRESHOLDS, thresholds, collectors::signals())?,
        })
    }
}
