//! The pages of Calm Ops, and the server functions that they share with the server.
#![recursion_limit = "256"]

#[cfg(feature = "ssr")]
pub mod desk;
