//! The store's body. It is compiled once for each database: the SQL here is the same for both, and
//! what differs stands in the module around it (`Db`, `Connection`, `Database`, how a change
//! begins, how roll-ups are written).

mod access;
mod archive;
mod audit;
mod calls;
mod change;
mod history;
mod last_messages;
mod organizations;
mod packed;
mod past;
mod read;
mod redaction;
mod shares;
mod similar;
mod store;
mod transaction;
mod write;

use super::{
    BEGIN, BY_WORDS, Connection, Database, Db, LOCK_HEAD, RETIRED, Row, SNAPSHOT, activity, all_of,
    long_queries, write_rollups,
};
