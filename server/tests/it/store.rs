//! The contract that every store keeps, on SQLite and on PostgreSQL, and what only one of them must
//! do.

mod announced;
mod audit;
mod cases;
mod charts;
mod days;
mod figures;
mod harm;
mod looking;
mod organizations;
mod packed;
mod passkeys;
mod past;
mod people;
mod postgres;
mod practice;
mod proofs;
mod reports;
mod runs;
mod similar;
mod sqlite;
mod support;
