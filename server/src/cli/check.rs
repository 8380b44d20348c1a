//! `calm-ops check`: are the documents and the configuration good?

use std::io::Write;

use rules::time::Timestamp;

use super::Outcome;
use crate::{
    config::{Config, ConfigError},
    documents::Documents,
};

pub(super) fn check(config: Result<Config, ConfigError>, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            let _ = writeln!(err, "{error}\n\n{}", count(error.problems.len(), "the configuration"));
            return Outcome::Wrong;
        }
    };
    // Nothing is written: what was in force before does not matter here.
    let documents = match Documents::load(config.ops_dir.as_deref(), &config.data_dir.join("documents"), Timestamp::default()) {
        Ok((documents, _)) => documents,
        Err(error) => {
            let found = match &error {
                crate::documents::BadDocuments::Wrong { problems } => problems.len(),
                crate::documents::BadDocuments::Unreadable { .. } => 1,
            };
            let _ = writeln!(err, "{error}\n\n{}", count(found, "the documents"));
            return Outcome::Wrong;
        }
    };
    let whose = match &config.ops_dir {
        Some(dir) => format!("in {}", dir.display()),
        None => "built in".to_owned(),
    };
    let _ = writeln!(out, "The documents {whose} are good:");
    for state in documents.states() {
        let _ = writeln!(out, "  {:<36} {}", state.name, &state.sha256[..state.sha256.len().min(12)]);
    }
    let endpoints = config.reloadable.endpoints.len();
    let _ = match &config.file {
        Some(file) => writeln!(
            out,
            "The configuration in {} is good: {endpoints} {}.",
            file.display(),
            if endpoints == 1 { "endpoint" } else { "endpoints" }
        ),
        None => writeln!(out, "There is no configuration file: the defaults hold."),
    };
    Outcome::Fine
}

fn count(problems: usize, of: &str) -> String {
    if problems == 1 { format!("1 problem in {of}.") } else { format!("{problems} problems in {of}.") }
}
