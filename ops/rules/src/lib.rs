//! What decides: pure code over the documents in `ops/`. No input or output, no clock, no
//! randomness: `(state, input, now) -> decisions`. It compiles to native code and to Wasm.

pub mod agent;
pub mod breach;
pub mod call;
pub mod catalogue;
pub mod desk;
pub mod document;
pub mod evaluate;
pub mod incident;
pub mod journal;
pub mod lifecycle;
pub mod people;
pub mod policy;
pub mod query;
pub mod recommend;
pub mod recommendation;
pub mod redact;
pub mod replay;
pub mod say;
#[cfg(feature = "schema")]
mod schema;
pub mod share;
pub mod snapshot;
pub mod summary;
pub mod thresholds;
pub mod time;
pub mod trail;
pub mod view;
pub mod words;

// The same fixtures for the unit tests of this crate, over its own types.
#[cfg(test)]
extern crate self as rules;
#[cfg(test)]
#[path = "../../fixtures/src/lib.rs"]
#[expect(dead_code, reason = "each crate uses the part that it needs")]
mod fixtures;
