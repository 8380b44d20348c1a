//! The pages of Calm Ops, and the server functions that they share with the server.
#![recursion_limit = "256"]

mod actions;
mod address;
mod clock;
mod codec;
mod components;
mod declared;
mod layout;
mod live;
mod page;
mod problem;
mod pulse;
mod roles;
mod routes;
mod spark;
mod state;
mod status;
mod theme;
mod urlencoded;

#[cfg(feature = "ssr")]
mod accounts;
#[cfg(feature = "ssr")]
mod backend;
#[cfg(feature = "ssr")]
mod forms;
#[cfg(all(any(test, fuzzing), feature = "ssr"))]
pub mod fuzz;
#[cfg(all(test, feature = "ssr"))]
mod sample;
#[cfg(feature = "ssr")]
mod shared;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod status_page;

#[cfg(feature = "ssr")]
pub use accounts::{AccountBackend, Accounts, EntryRefused};
pub use actions::{Changed, Done, Fields, NewSecret, SettingsForm, SettingsStep};
pub use address::{is_page, own_page};
#[cfg(feature = "hydrate")]
pub use declared::declare_signals;
#[cfg(feature = "ssr")]
pub use forms::{FORMS, NewToken, PublicUrl, WallClock, forms, page_at, without_wasm};
pub use layout::App;
pub use problem::Problem;
#[cfg(feature = "ssr")]
pub use problem::status;
pub use routes::settings::ContactForms;
#[cfg(feature = "ssr")]
pub use shared::{PROBLEM_POLICY, problem_page, shared_away, shared_closed, shared_page};
#[cfg(feature = "ssr")]
pub use shell::{Assets, shell};
#[cfg(feature = "ssr")]
pub use status_page::{STATUS_PAGE_CSS, status_page};
pub use theme::Theme;
pub use urlencoded::Form;
