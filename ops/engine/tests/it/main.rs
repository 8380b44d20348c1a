//! Integration tests of the engine.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod replay;
