//! The contract that every store keeps, on SQLite and on PostgreSQL, and what only one of them must do.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod cases;
mod harm;
mod looking;
mod passkeys;
mod people;
mod postgres;
#[path = "../postgres/mod.rs"]
mod postgres_server;
mod proofs;
mod runs;
mod sqlite;
mod support;
mod trail;
