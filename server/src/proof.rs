//! Proof at the start: the journal, and what is stored beside it, are compared once, beside the work.

use std::sync::Arc;

use domain::id::IncidentNumber;
use wording::humanize::{capital, list};

use crate::{
    board::Board,
    store::{
        Store,
        verify::{Report, VerifyError, verify},
    },
};

/// Proves once what is stored. What differs is logged, told on the health page, and keeps the public
/// status from being calm until the next start. The columns for looking up are made anew.
pub async fn at_start(
    store: Arc<dyn Store>,
    board: Arc<Board>,
    tell: impl Fn(Vec<String>) + Send + 'static,
) {
    let sentences = match verify(&*store, None).await {
        Ok(report) => {
            let stale: Vec<IncidentNumber> =
                report.misfiled.iter().chain(&report.reworded).copied().collect();
            if !stale.is_empty()
                && let Err(error) = store.file_anew(&stale).await
            {
                tracing::warn!(%error, "the columns for lists and searches could not be made anew");
            }
            // Another version of the program makes other words; that is no fault.
            sentences(&Report { reworded: Vec::new(), ..report })
        }
        Err(VerifyError::Store(error)) => {
            tracing::warn!(%error, "the journal could not be proved at the start");
            return;
        }
        Err(error) => vec![format!("The journal is not whole: {error}.")],
    };
    if sentences.is_empty() {
        return;
    }
    for sentence in &sentences {
        tracing::error!("at the start: {sentence}");
    }
    board.doubt();
    let more = "Someone else wrote into the database, or this is a defect; only what the journal says is allowed. 'calm-ops journal verify' says more.";
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
        "the content of {entry} {}{more} {is} gone, and no entry tells of a redaction: someone took it away in the database itself",
        named.join(", ")
    )
}

/// What is stored otherwise than the journal says, a sentence each.
pub(crate) fn sentences(report: &Report) -> Vec<String> {
    let named = |numbers: &[IncidentNumber]| {
        let mut names: Vec<String> = numbers.iter().take(20).map(ToString::to_string).collect();
        if numbers.len() > names.len() {
            names.push(format!("{} more", numbers.len() - names.len()));
        }
        list(&names)
    };
    let mut sentences = Vec::new();
    if !report.unexplained.is_empty() {
        sentences.push(format!("{}.", capital(&unexplained(&report.unexplained))));
    }
    if !report.access.is_empty() {
        let differences = wording::access::differences(&report.access);
        sentences.push(format!("{}.", capital(&differences)));
    }
    for (numbers, what) in [
        (&report.differing, "is not what the journal says"),
        (&report.misfiled, "is listed and found by something else than it is"),
        (
            &report.reworded,
            "is found by other words than this version of Calm Ops makes; the next start makes them anew",
        ),
    ] {
        if !numbers.is_empty() {
            sentences.push(format!("What is stored of incident {} {what}.", named(numbers)));
        }
    }
    sentences
}
