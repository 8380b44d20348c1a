//! Errors of the store as the callers of the service get them.

use domain::error::{Conflict, Error, Unavailable};

use crate::store::StoreError;

pub(super) fn too_slow() -> Error {
    Unavailable::Unclear.into()
}

/// The error of a change that was not carried out.
pub(super) fn refuse_change(error: StoreError) -> Error {
    match refuse(error) {
        Error::Unavailable(Unavailable::Database(fault)) => Unavailable::Unchanged(fault).into(),
        error => error,
    }
}

/// The error for callers; what only the log may know is logged here, once.
pub(crate) fn refuse(error: StoreError) -> Error {
    match error {
        StoreError::Refused(error) => error,
        StoreError::Misfit(misfit) => Conflict::Misfit(misfit).into(),
        StoreError::Unavailable { fault, source } => {
            let sentence = wording::error::database(&fault);
            tracing::warn!(
                error = source.as_ref().map(tracing::field::display),
                "the database failed: {sentence}"
            );
            Unavailable::Database(fault).into()
        }
        StoreError::Unclear { source } => {
            tracing::warn!(error = %source, "the database failed while it committed");
            too_slow()
        }
        StoreError::Inconsistent { .. } => {
            tracing::error!(%error, "a database row is not valid");
            Unavailable::CorruptRow.into()
        }
    }
}
