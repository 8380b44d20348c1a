//! Proof at the start: the journal, and what is stored beside it, are compared once, beside the work.

use std::{sync::Arc, time::Duration};

use domain::{id::IncidentNumber, text::isolated};
use wording::humanize::{capital, list};

use crate::{
    current_status::CurrentStatus,
    store::{
        Store,
        verify::{Report, VerifyError, verify},
    },
};

/// The most incidents whose columns are made anew in one transaction.
pub const FILED_AT_ONCE: usize = 20;
/// The time after each of these transactions in which others may write.
const PAUSE: Duration = Duration::from_millis(50);

/// Proves once what is stored. What differs is logged, told on the health page, and keeps the public
/// status from being calm until the next start. The columns for looking up are made anew.
pub async fn at_start(
    store: Arc<dyn Store>,
    board: Arc<CurrentStatus>,
    tell: impl Fn(Vec<String>) + Send + 'static,
) {
    let sentences = match verify(&*store, None).await {
        Ok(report) => {
            let stale: Vec<IncidentNumber> =
                report.misfiled.iter().chain(&report.reworded).copied().collect();
            // Nothing else is written while a part is filed.
            for (place, part) in stale.chunks(FILED_AT_ONCE).enumerate() {
                if place > 0 {
                    tokio::time::sleep(PAUSE).await;
                }
                if let Err(error) = store.file_anew(part).await {
                    tracing::warn!(%error, "the columns for lists and searches could not be rebuilt");
                    break;
                }
            }
            // Another version of the program makes other words; that is no fault.
            sentences(&Report { reworded: Vec::new(), ..report })
        }
        Err(VerifyError::Store(error)) => {
            tracing::warn!(%error, "the journal could not be verified at startup");
            return;
        }
        Err(error) => vec![format!("The journal is not intact: {error}.")],
    };
    if sentences.is_empty() {
        return;
    }
    for sentence in &sentences {
        tracing::error!("at startup: {sentence}");
    }
    board.doubt();
    let more = "Either something else wrote to the database, or this is a bug. Only what the journal records is allowed. Run 'calm-ops journal verify' for details.";
    tell(sentences.into_iter().chain([more.to_owned()]).collect());
}

/// Names the entries whose content is gone without a word.
pub(crate) fn unexplained(numbers: &[u64]) -> String {
    let named: Vec<String> = numbers.iter().take(20).map(ToString::to_string).collect();
    let more = if numbers.len() > named.len() {
        format!(" and {} more", numbers.len() - named.len())
    } else {
        String::new()
    };
    let [entry, is] = if numbers.len() == 1 { ["entry", "is"] } else { ["entries", "are"] };
    format!(
        "the content of {entry} {}{more} {is} gone without a redaction entry: it was removed from the database directly",
        named.join(", ")
    )
}

/// Differences between the stored state and the journal, a sentence each.
pub(crate) fn sentences(report: &Report) -> Vec<String> {
    let named = |numbers: &[IncidentNumber]| {
        let mut names: Vec<String> = numbers.iter().take(20).map(ToString::to_string).collect();
        if numbers.len() > names.len() {
            names.push(format!("{} more", numbers.len() - names.len()));
        }
        list(&names)
    };
    let mut sentences = Vec::new();
    if !report.organizations.is_empty() {
        let named = report.organizations.iter().take(20).map(|name| isolated(name));
        let mut names: Vec<String> = named.collect();
        if report.organizations.len() > names.len() {
            names.push(format!("{} more", report.organizations.len() - names.len()));
        }
        sentences.push(format!(
            "The stored plan of {} does not match the journal; set it again.",
            list(&names)
        ));
    }
    if !report.unexplained.is_empty() {
        sentences.push(format!("{}.", capital(&unexplained(&report.unexplained))));
    }
    if !report.access.is_empty() {
        let differences = wording::access::differences(&report.access);
        sentences.push(format!("{}.", capital(&differences)));
    }
    for (numbers, what) in [
        (&report.differing, "does not match the journal"),
        (&report.misfiled, "does not match its columns for lists and searches"),
        (
            &report.reworded,
            "has search words of another version of Calm Ops; the next start rebuilds them",
        ),
    ] {
        if !numbers.is_empty() {
            sentences.push(format!("The stored data of incident {} {what}.", named(numbers)));
        }
    }
    sentences
}
