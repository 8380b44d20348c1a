//! What the outside learns of a failure.

use domain::error::Error;

use crate::store::StoreError;

pub(super) fn too_slow() -> Error {
    Error::Unavailable {
        advice:
            "The database did not answer in time, so it is not known whether this was done. Look at the page again before you repeat it."
                .to_owned(),
    }
}

/// The same for a change that was not carried out.
pub(super) fn refuse_change(error: StoreError) -> Error {
    let unclear = matches!(error, StoreError::Unclear { .. });
    match refuse(error) {
        Error::Unavailable { advice } if !unclear => {
            Error::Unavailable { advice: format!("{advice} Nothing was changed.") }
        }
        refusal => refusal,
    }
}

/// What the outside learns of a failure; the inside is logged here, once.
pub(crate) fn refuse(error: StoreError) -> Error {
    match error {
        StoreError::Refused(refusal) => refusal,
        StoreError::Misfit(misfit) => Error::Conflict {
            problem: format!("{misfit}. Look at the page again: something has changed."),
        },
        StoreError::Unavailable { sentence, source } => {
            tracing::warn!(error = %source, "the database failed: {sentence}");
            Error::Unavailable { advice: sentence }
        }
        StoreError::Unclear { source } => {
            tracing::warn!(error = %source, "the database failed while it committed");
            too_slow()
        }
        StoreError::Inconsistent { .. } => {
            tracing::error!(%error, "a row holds what it can't");
            Error::Unavailable {
                advice: "A row in the database can't be read; the log says which. Run 'calm-ops journal verify', and restore a backup if it fails."
                    .to_owned(),
            }
        }
    }
}
