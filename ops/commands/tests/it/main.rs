//! Integration tests of changes, readings and the journal.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod journals;
mod operations;
