//! `calm-ops check`: are the documents and the configuration good?

use std::io::{self, Write};

use domain::{
    time::{Span, Timestamp},
    unit::Unit,
};
use futures::future::join_all;
use wording::{humanize, reason, sources::untold};

use super::{database, not_judged, outcome::Outcome};
use crate::{
    clock::Clock,
    collectors::{
        Round, findings,
        registry::{Context, SourceInfo, Unusable},
    },
    config::{Config, ConfigError},
    data_dir,
    documents::Documents,
    monitor::collector_task::{attempt, notes},
    remediation::Place,
    store::Where,
};

/// The most readings of a source that are printed.
const MOST_READINGS: usize = 40;

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
    if let Some(looks) = database::run(look(&config), err) {
        let absent = config.collectors.absent(&context);
        let _ = tell(&looks, &absent, out);
    }
    Outcome::Fine
}

/// One round of a collector.
struct Look {
    name: String,
    advice: &'static str,
    found: Result<(Round, Vec<String>, Span), String>,
}

/// One round of each collector. How the world is does not make a configuration wrong.
async fn look(config: &Config) -> Vec<Look> {
    let host = config.host_name.clone().unwrap_or_else(|| "this-host".to_owned());
    let context = &Context::new(&host, config.interval);
    let clock = Clock::start();
    let targets = config.collectors.targets(context);
    let looks = targets.iter().map(|target| async move {
        let advice = target.source().map_or("", |source| source.advice);
        let found = match target.build(context) {
            Ok(mut collector) => {
                let began = clock.now().mono;
                let round = attempt(&mut *collector, clock).await;
                let notes = notes(&*collector);
                round
                    .map(|round| (round, notes, clock.now().mono.since(began)))
                    .map_err(|failure| failure.sentence())
            }
            Err(error) => Err(error.to_string()),
        };
        Look { name: target.name(), advice, found }
    });
    join_all(looks).await
}

/// Prints what each source would report now, and then what is not as expected or can't be seen.
fn tell(looks: &[Look], absent: &[SourceInfo], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Checked every source once:")?;
    for Look { name, advice, found } in looks {
        match found {
            Ok((round, notes, took)) => {
                let count = round.observations.len();
                if count == 0 && round.unseen.is_empty() && round.untold.is_empty() {
                    writeln!(out, "  {name}: nothing to see. {advice}")?;
                } else {
                    let readings = if count == 1 { "reading" } else { "readings" };
                    writeln!(out, "  {name}: {count} {readings} in {took}")?;
                }
                for one in round.observations.iter().take(MOST_READINGS) {
                    let value =
                        humanize::value(one.value, one.unit.as_ref().unwrap_or(&Unit::Count));
                    let (signal, subject) = (one.signal.as_str(), one.subject.as_str());
                    writeln!(out, "    {signal:<28} {value:<12} {subject}")?;
                }
                if count > MOST_READINGS {
                    writeln!(out, "    and {} more readings", count - MOST_READINGS)?;
                }
                for note in notes.iter().chain(&round.notes) {
                    writeln!(out, "    Note: {note}")?;
                }
            }
            Err(problem) => writeln!(out, "  {name}: no data. {problem}")?,
        }
    }
    writeln!(
        out,
        "Values that compare two rounds, such as CPU and traffic, are missing after one."
    )?;
    let found: Vec<String> = looks.iter().flat_map(unexpected).collect();
    if !found.is_empty() {
        writeln!(out, "Not as expected:")?;
        for line in found {
            writeln!(out, "  {line}")?;
        }
    }
    for SourceInfo { label, advice } in absent {
        writeln!(out, "Not configured: {label}. {advice}")?;
    }
    Ok(())
}

/// The findings of a source that are not as expected, or that it can't see.
fn unexpected(look: &Look) -> Vec<String> {
    let Ok((round, ..)) = &look.found else { return Vec::new() };
    let seen = round
        .observations
        .iter()
        .filter_map(|one| Some((one.subject.as_str(), one.signal.as_str(), one.reason.as_ref()?)));
    let unseen =
        round.unseen.iter().map(|one| (one.subject.as_str(), one.signal.as_str(), &one.reason));
    let untold = round.untold.iter().map(|(kind, why)| untold(kind, why));
    seen.chain(unseen)
        .map(|(subject, signal, because)| {
            format!("{subject} ({signal}): {}", reason::sentence(because))
        })
        .chain(untold)
        .collect()
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
