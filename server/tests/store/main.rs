//! The contract that every store keeps, on SQLite and on PostgreSQL, and what only one of them must do.

mod cases;
mod harm;
mod postgres;
mod sqlite;
mod support;
