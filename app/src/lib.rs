//! The pages of Calm Ops, and the server functions that they share with the server.
#![recursion_limit = "256"]

mod act;
mod clock;
mod fetch;
mod frame;
#[cfg(feature = "ssr")]
pub mod gate;
mod live;
mod mark;
mod page;
mod pages;
mod problem;
mod pulse;
mod sheet;
mod spark;
mod status;

#[cfg(feature = "ssr")]
mod compose;
#[cfg(feature = "ssr")]
mod deed;
#[cfg(feature = "ssr")]
mod door;
#[cfg(feature = "ssr")]
mod drawn;
#[cfg(feature = "ssr")]
mod facts;
#[cfg(all(any(test, fuzzing), feature = "ssr"))]
pub mod fuzz;
#[cfg(feature = "ssr")]
mod guide;
#[cfg(feature = "ssr")]
mod posted;
#[cfg(all(test, feature = "ssr"))]
mod sample;
#[cfg(feature = "ssr")]
mod seek;
#[cfg(feature = "ssr")]
mod shared;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod urlencoded;

pub use frame::App;
#[cfg(feature = "ssr")]
pub use posted::{FORMS, NewToken, PublicUrl, WallClock, forms};
pub use problem::Problem;
#[cfg(feature = "ssr")]
pub use problem::status;
#[cfg(feature = "ssr")]
pub use shared::{shared_away, shared_closed, shared_page};
#[cfg(feature = "ssr")]
pub use shell::{Assets, shell};
#[cfg(feature = "ssr")]
pub use urlencoded::Form;
