//! Reasons why a past can't be simulated.

use std::{io, path::PathBuf};

use domain::{error::Error, name::BadName};
use engine::past::LifeError;
use wording::error::sentence;

use crate::{documents::BadDocuments, store::StoreError};

/// The reasons for which a past can't be simulated.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The database has a journal already.
    #[error(
        "the database is not empty. Generated data need one of their own: choose a new folder with --data-dir, or another database for --into-database"
    )]
    NotEmpty,
    /// The database begins with generated data already.
    #[error(
        "the database is not empty: it has a simulated past already, complete or interrupted. Remove it if you don't need it, or choose a new folder with --data-dir, or another database for --into-database"
    )]
    Generated,
    /// Documents are there already, and may be somebody's own.
    #[error("{} exists already and is kept. Generated data need a folder of their own: choose a new one with --data-dir", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// There are too many incidents for the time, or too few entries for each.
    #[error(
        "a history of two years has room for at most {most} incidents, each with at least {entries} entries of the journal"
    )]
    Size {
        /// The largest number of incidents.
        most: u64,
        /// The least number of entries of each.
        entries: usize,
    },
    /// A folder can't be written.
    #[error("{} can't be written: {source}. Choose another folder with --data-dir", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The documents hold mistakes.
    #[error(transparent)]
    Documents(#[from] BadDocuments),
    /// The database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The service refused something.
    #[error("{}", sentence(.0))]
    Refused(Error),
    /// A past incident can't be made.
    #[error("{0}")]
    Life(#[from] LifeError),
    /// A name of the plan is not right.
    #[error("{0}")]
    Name(#[from] BadName),
}

impl From<Error> for PastError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}
