//! The reasons for which a row of the thresholds is not changed, or not tried.

/// The reasons for which a row of the thresholds is not changed, or not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThresholdRefusal {
    /// The document is no longer the one that was shown.
    DocumentChanged,
    /// The document has a mistake; the first one as a diagnostic.
    DocumentWrong(String),
    /// The new texts are those of the row.
    Unchanged,
    /// The built-in documents are in use, so there is no file.
    BuiltIn,
    /// The file can't be written, and what the system said.
    NotWritable(String),
    /// Another change is being tried.
    TrialRuns,
    /// Calm Ops is trying changes itself.
    OwnTrialRuns,
    /// There is too much history for the time that a trial may take.
    TrialTooLong,
    /// A person decided about the proposal already, or the row was changed since.
    ProposalEnded(u64),
}
