//! The documents that a report is made by: its template, the objectives and the thresholds.

use std::{borrow::Cow, fs, path::Path};

use policy::{
    diagnostic::Diagnostic,
    objectives::Objectives,
    report_template::{REPORT_TEMPLATE, ReportTemplate},
    thresholds::Thresholds,
};

use crate::{
    collectors,
    config::Config,
    documents::{self, BadDocuments, IN_FORCE, OBJECTIVES, THRESHOLDS},
    embedded,
};

/// The documents that a report is made by.
#[derive(Clone, Debug)]
pub struct ReportDocuments {
    /// The template.
    pub template: ReportTemplate,
    /// The objectives of which it tells; `None` if they can't be read.
    pub objectives: Option<Objectives>,
    /// The thresholds that signals nearly reached; `None` if they can't be read.
    pub thresholds: Option<Thresholds>,
}

impl ReportDocuments {
    /// The versions that a server has in force: the newest ones, and in place of one that is wrong the
    /// last good one. The sentences tell what is wrong, and which version is used.
    pub fn in_force(config: &Config) -> (Self, Vec<String>) {
        let kept = config.data_dir.join(IN_FORCE);
        let mut problems = Vec::new();
        let mut versions =
            Versions { dir: config.ops_dir.as_deref(), kept: &kept, problems: &mut problems };
        let template = versions.good(REPORT_TEMPLATE, "the built-in one is used", template);
        let objectives = versions.good(OBJECTIVES, "nothing is told of objectives", objectives);
        let thresholds = versions.good(THRESHOLDS, "nothing is told of near misses", thresholds);
        let template = template.unwrap_or_else(built_in_template);
        (Self { template, objectives, thresholds }, problems)
    }

    /// Those that come with Calm Ops.
    pub fn built_in() -> Self {
        Self::read(built_in)
    }

    /// Reads their texts, by name.
    pub fn read(text: impl Fn(&str) -> String) -> Self {
        Self {
            template: template(&text(REPORT_TEMPLATE)).unwrap_or_else(|_| built_in_template()),
            objectives: objectives(&text(OBJECTIVES)).ok(),
            thresholds: thresholds(&text(THRESHOLDS)).ok(),
        }
    }

    /// The names of those that can't be read.
    pub(super) fn unread(&self) -> Vec<String> {
        let unread =
            [(THRESHOLDS, self.thresholds.is_none()), (OBJECTIVES, self.objectives.is_none())];
        unread.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_owned()).collect()
    }
}

/// The folders with versions of documents.
struct Versions<'a> {
    /// The newest ones.
    dir: Option<&'a Path>,
    /// Those that a server put in force last.
    kept: &'a Path,
    problems: &'a mut Vec<String>,
}

impl Versions<'_> {
    /// The newest version of a document if it is right, and the one in force otherwise. `without` says
    /// what happens without either.
    fn good<T>(
        &mut self,
        name: &str,
        without: &str,
        parse: fn(&str) -> Result<T, Vec<Diagnostic>>,
    ) -> Option<T> {
        let newest = documents::read_or_built_in(self.dir, name).and_then(|(text, _)| {
            parse(&text).map_err(|problems| BadDocuments::Wrong { problems })
        });
        let problem = match newest {
            Ok(found) => return Some(found),
            Err(problem) => problem,
        };
        let kept = fs::read_to_string(self.kept.join(name)).ok();
        let kept = kept.and_then(|text| parse(&text).ok());
        let used = if kept.is_some() { "the version in force is used" } else { without };
        self.problems.push(format!("{problem}\n\n{name} can't be read, so {used}."));
        kept
    }
}

fn template(text: &str) -> Result<ReportTemplate, Vec<Diagnostic>> {
    ReportTemplate::parse(REPORT_TEMPLATE, text)
}

fn objectives(text: &str) -> Result<Objectives, Vec<Diagnostic>> {
    Objectives::parse(OBJECTIVES, text)
}

fn thresholds(text: &str) -> Result<Thresholds, Vec<Diagnostic>> {
    Thresholds::parse(THRESHOLDS, text, collectors::signals())
}

/// The text of a document that comes with Calm Ops.
pub(crate) fn built_in(name: &str) -> String {
    embedded::document(name).map(Cow::into_owned).unwrap_or_default()
}

fn built_in_template() -> ReportTemplate {
    template(&built_in(REPORT_TEMPLATE)).unwrap_or_default()
}
