//! Integration tests of the wording, over the crates below it.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod errors;
mod notifications;
mod told;
