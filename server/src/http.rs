//! HTTP: pages, the interface for programs, the live stream, and what stands before all of them.

pub mod api;
pub mod assets;
pub mod auth;
pub mod client_info;
pub mod error;
pub mod extract;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod listener;
pub mod middleware;
pub mod openapi;
mod pages;
pub mod places;
pub mod route_permissions;
pub mod router;
pub mod schema;
mod settings;
mod shared;
mod sign_in;
pub mod state;
mod status_page;
mod theme;
pub mod tls;
