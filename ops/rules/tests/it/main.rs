//! The documents beside the rules, recorded incidents decided again, and what is removed from
//! outputs.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod catalogue;
mod flow;
mod guide;
mod redact;
mod replay;
