//! The making of connections to PostgreSQL: nothing at their start that a pooler refuses, limits on
//! the server's side, and an end for those whose network swallows everything.

use std::{fs, net::SocketAddr, os::fd::BorrowedFd, str::FromStr as _, time::Duration};

use domain::error::DatabaseFault;
use rustix::net::{getpeername, sockopt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::store::error::StoreError;

/// Limits of a session, as far as the server knows them. A server that sees nothing of its client
/// for 20 s ends its session, with what it locks.
const LIMITS: &str = "SELECT set_config(wanted.name, wanted.value, false)
    FROM (VALUES ('statement_timeout', '30s'), ('lock_timeout', '2s'), ('tcp_user_timeout', '15s'),
        ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '3'), ('tcp_keepalives_count', '3')) AS wanted (name, value)
    JOIN pg_settings known ON known.name = wanted.name";
/// Longest time that data stay unanswered before the system ends a connection, in milliseconds. By
/// itself it would go on for a quarter of an hour, and what waits for an answer with it.
const ANSWERED_WITHIN: u32 = 15_000;
/// The idle time after which a connection is asked whether its other side is there, and the
/// interval of that.
const ASK_AFTER: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_secs(3);
const ASK_TIMES: u32 = 3;
/// Refuses every change of a session.
pub(super) const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// The options of every connection.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(|error| {
            // The address may hold a password: it is not repeated.
            StoreError::unavailable(DatabaseFault::BadAddress, error)
        })?
        .application_name("calm-ops")
        // Values go to and fro in their binary form, and poolers refuse what they don't know.
        .extra_float_digits(None)
        .statement_cache_capacity(64))
}

/// A pool of connections to a server's port, each with its limits and with `more` set.
pub(super) fn pool(most: u32, port: u16, more: &'static str) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(Duration::from_secs(4))
        .idle_timeout(Duration::from_secs(60))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                limit_sockets(port);
                sqlx::raw_sql(LIMITS).execute(&mut *connection).await?;
                if !more.is_empty() {
                    sqlx::raw_sql(more).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
}

/// Bounds how long the system waits for the other side of each connection to a port. The driver
/// neither has such settings nor shows its sockets, so they are found among this program's own. The
/// only safe way to one by its number, `pidfd_getfd`, is refused inside of most containers.
fn limit_sockets(port: u16) {
    for open in fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let Some(number) = open.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        #[expect(unsafe_code, reason = "the driver does not show its sockets")]
        // SAFETY: it is only asked for its address and given options of a socket. One that was
        // closed meanwhile is refused by the system, and another socket in its place loses nothing
        // by them.
        let socket = unsafe { BorrowedFd::borrow_raw(number) };
        let peer =
            getpeername(socket).ok().flatten().and_then(|peer| SocketAddr::try_from(peer).ok());
        if peer.is_some_and(|peer| peer.port() == port) {
            // What a system does not know stays as it is.
            let _ = sockopt::set_socket_keepalive(socket, true);
            let _ = sockopt::set_tcp_keepidle(socket, ASK_AFTER);
            let _ = sockopt::set_tcp_keepintvl(socket, ASK_EVERY);
            let _ = sockopt::set_tcp_keepcnt(socket, ASK_TIMES);
            #[cfg(target_os = "linux")]
            let _ = sockopt::set_tcp_user_timeout(socket, ANSWERED_WITHIN);
        }
    }
}
