//! The beginning of transactions.

use sqlx::{Database, Pool, Transaction};

/// Begins a transaction on a connection of a pool, in a task of its own. When a future is dropped
/// while its `BEGIN` is on its way, the driver gives the connection back as if nothing had been
/// sent: whoever takes it next is inside of a transaction that nobody ends.
#[expect(clippy::disallowed_methods, reason = "the only place that begins transactions")]
pub(super) async fn begin_with<DB: Database>(
    pool: &Pool<DB>,
    statement: &'static str,
) -> sqlx::Result<Transaction<'static, DB>> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    match begun.await {
        Ok(begun) => begun,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The program is stopping.
        Err(_) => Err(sqlx::Error::PoolClosed),
    }
}
