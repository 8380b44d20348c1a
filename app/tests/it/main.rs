//! The pages as a browser without Wasm gets them.

#![cfg(feature = "ssr")]
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "what a test builds is right, or the test fails")]

#[macro_use]
mod sample;
mod audit;
mod decision;
mod health;
mod pages;
mod settings;
