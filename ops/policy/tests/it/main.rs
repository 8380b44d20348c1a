//! Integration tests of the documents that are policy.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod catalogue;
mod guide;
