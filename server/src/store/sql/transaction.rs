//! Begins and commits transactions.

use domain::{hash::Head, journal::Cursor};
use sqlx::Transaction;

use super::{BEGIN, Database, Db, read};
use crate::store::{begin::begin_with, error::StoreError};

impl Database {
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Db>, StoreError> {
        let mut transaction = self.begun().await?;
        self.still_alone(&mut transaction).await?;
        Ok(transaction)
    }

    /// Begins a transaction that writes rows which changes write too, and waits for its turn among
    /// them: two that lock the same rows in different orders would wait for each other.
    pub(super) async fn begin_in_turn(&self) -> Result<Transaction<'static, Db>, StoreError> {
        let mut transaction = self.begin().await?;
        read::lock_head(&mut transaction).await?;
        Ok(transaction)
    }

    async fn begun(&self) -> Result<Transaction<'static, Db>, StoreError> {
        // When a disk is full SQLite ends the transaction by itself, and the driver goes on
        // counting it: such a connection can't be used any more, and is replaced.
        for _ in 0..3 {
            match begin_with(&self.writer, BEGIN).await {
                Err(sqlx::Error::InvalidSavePointStatement) => {
                    self.writer.acquire().await?.close().await?;
                }
                begun => return Ok(begun?),
            }
        }
        Ok(begin_with(&self.writer, BEGIN).await?)
    }

    /// Commits. When the connection breaks just then, the head says whether it was done: nobody is
    /// told a wrong thing.
    pub(super) async fn commit(
        &self,
        transaction: Transaction<'static, Db>,
        after: Head,
    ) -> Result<(), StoreError> {
        let Err(error) = transaction.commit().await else { return Ok(()) };
        match self.position().await {
            Ok((_, head)) if head == after => Ok(()),
            Ok(_) => Err(error.into()),
            Err(_) => Err(StoreError::Unclear { source: error }),
        }
    }

    /// Head and epoch, as everyone sees them now.
    pub(super) async fn position(&self) -> Result<(Cursor, Head), StoreError> {
        read::position(&mut *self.readers.acquire().await?).await
    }
}
