//! `calm-ops check`: are the documents and the configuration good?

use std::io::Write;

use domain::time::Timestamp;
use futures::future::join_all;
use wording::reason;

use super::{database, not_judged, outcome::Outcome};
use crate::{
    clock::Clock,
    collectors::{
        Collector, findings,
        registry::{Context, Unusable},
    },
    config::{Config, ConfigError},
    data_dir,
    documents::Documents,
    recovery::Place,
    store::Where,
};

pub(super) fn check(
    config: Result<Config, ConfigError>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            let _ =
                writeln!(err, "{error}\n\n{}", count(error.problems.len(), "the configuration"));
            return Outcome::Wrong;
        }
    };
    // Nothing is written: what was in force before does not matter here.
    let documents = match Documents::load_with(
        config.ops_dir.as_deref(),
        &config.data_dir.join("documents"),
        &config.scripts,
        Timestamp::default(),
    ) {
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
    let misfits = documents.misfits();
    if !misfits.is_empty() {
        let told: Vec<String> = misfits.iter().map(ToString::to_string).collect();
        let _ = writeln!(err, "{}\n\n{}", told.join("\n\n"), count(misfits.len(), "the documents"));
        return Outcome::Wrong;
    }
    let unusable: Vec<String> =
        config.collectors.check().iter().map(|one| unusable(&config, one)).collect();
    if !unusable.is_empty() {
        let _ = writeln!(
            err,
            "{}\n\n{}",
            unusable.join("\n\n"),
            count(unusable.len(), "the configuration")
        );
        return Outcome::Wrong;
    }
    if let (Where::Sqlite { .. }, Some(warning)) =
        (config.place(), data_dir::warning(&config.data_dir))
    {
        let _ = writeln!(err, "warning: {warning}.");
    }
    let context = Context::new(&Place::here(&config).host, config.interval);
    let (thresholds, objectives) = (documents.thresholds(), documents.objectives());
    let findings = findings::compare(&config.collectors, &context, thresholds, objectives);
    if !findings.unworkable.is_empty() {
        let told: Vec<String> =
            findings.unworkable.iter().map(|one| format!("error: {one}")).collect();
        let problems = count(told.len(), "the intervals");
        let _ = writeln!(err, "{}\n\n{problems}", told.join("\n\n"));
        return Outcome::Wrong;
    }
    let whose = match &config.ops_dir {
        Some(dir) => format!("in {}", dir.display()),
        None => "built in".to_owned(),
    };
    let _ = writeln!(out, "The documents {whose} are valid:");
    for state in documents.states() {
        let _ =
            writeln!(out, "  {:<36} {}", state.name, &state.sha256[..state.sha256.len().min(12)]);
    }
    for missing in documents.missing() {
        let _ = writeln!(out, "Note: {missing}");
    }
    let _ = match &config.file {
        Some(file) => writeln!(
            out,
            "The configuration in {} is valid: {}.",
            file.display(),
            config.collectors.counted().join(", ")
        ),
        None => writeln!(out, "There is no configuration file, so the defaults apply."),
    };
    for doubt in &findings.doubtful {
        let _ = writeln!(err, "warning: {doubt}");
    }
    for note in &findings.later {
        let _ = writeln!(out, "Note: {note}");
    }
    let not_judged = database::run(not_judged::notes(&config, documents.thresholds()), err);
    for note in not_judged.unwrap_or_default() {
        let _ = writeln!(out, "Note: {note}");
    }
    if let Some(found) = database::run(look(&config), err)
        && !found.is_empty()
    {
        let _ = writeln!(out, "Checked everything once. Not as expected:");
        for line in found {
            let _ = writeln!(out, "  {line}");
        }
    }
    Outcome::Fine
}

/// What is watched and is not as expected just now, or can't be seen: one round of each collector.
/// How the world is does not make a configuration wrong.
async fn look(config: &Config) -> Vec<String> {
    let host = config.host_name.clone().unwrap_or_else(|| "this-host".to_owned());
    let context = Context::new(&host, config.interval);
    let now = Clock::start().now().wall;
    let targets = config.collectors.targets(&context);
    let mut collectors: Vec<Box<dyn Collector>> =
        targets.iter().filter_map(|target| target.build(&context).ok()).collect();
    let rounds = collectors.iter_mut().map(|collector| async move {
        let name = collector.name().to_owned();
        let limit = collector.time_limit();
        (name, tokio::time::timeout(limit, collector.collect(now)).await)
    });
    let mut found = Vec::new();
    for (name, round) in join_all(rounds).await {
        match round {
            Ok(Ok(round)) => {
                let seen = round.observations.iter().filter_map(|one| {
                    Some((one.subject.as_str(), one.signal.as_str(), one.reason.as_ref()?))
                });
                let unseen = round
                    .unseen
                    .iter()
                    .map(|one| (one.subject.as_str(), one.signal.as_str(), &one.reason));
                found.extend(seen.chain(unseen).map(|(subject, signal, because)| {
                    format!("{subject} ({signal}): {}", reason::sentence(because))
                }));
            }
            Ok(Err(error)) => found.push(format!("{name}: {error}")),
            Err(_) => found.push(format!("{name}: it did not answer in time.")),
        }
    }
    found
}

/// A value of the configuration that can't be used, with the place of its line.
fn unusable(config: &Config, unusable: &Unusable) -> String {
    let Unusable { problem, key, value } = unusable;
    let Some(file) = config.file.as_deref() else { return format!("error: {problem}") };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text
        .lines()
        .position(|line| line.trim_start().starts_with(key) && line.contains(value.as_str()))
        .map_or(1, |at| at + 1);
    format!("error: {problem}\n --> {}:{line}", file.display())
}

fn count(problems: usize, of: &str) -> String {
    if problems == 1 {
        format!("1 problem in {of}.")
    } else {
        format!("{problems} problems in {of}.")
    }
}
