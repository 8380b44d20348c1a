//! Redis: one collector for each server, which asks INFO once a round on a connection of its own.
//! Nothing of the data is read and nothing is changed: a user that may run INFO alone is enough.
//!
//! The protocol is our own, as two commands and three kinds of reply are needed, and nothing that
//! a server answers may grow without bound or repeat a password ([`reply`], [`client`]). What INFO
//! comes to is pure ([`info`]).

mod client;
mod collector;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod info;
mod reply;
mod section;
mod settings;
mod signals;

pub use section::Redis;
pub use settings::{BadRedisAddress, RedisAddress, RedisServer, Settings};
pub use signals::SIGNALS;
