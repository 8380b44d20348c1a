//! Time limit of the monitor's writes.

use std::time::Duration;

use crate::store::StoreError;

/// A write that has no answer by then has failed. Longer than the desk's own limit.
pub(super) const LONGEST_WRITE: Duration = Duration::from_secs(20);

/// The words about one that takes longer.
const TOO_SLOW: &str = "It did not answer in time.";

/// The result of a write, or why it failed. One that hangs has failed: everything else waits behind
/// it.
pub(super) async fn within<T>(
    write: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, String> {
    match tokio::time::timeout(LONGEST_WRITE, write).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(TOO_SLOW.to_owned()),
    }
}
