//! State that all pages share: the state that the stream keeps in step, the clock, and how the
//! stream does.

mod connection;
#[cfg(any(test, feature = "hydrate"))]
pub(crate) mod incident;
#[cfg(feature = "hydrate")]
mod listen;
#[cfg(feature = "hydrate")]
pub(crate) mod navigation;
mod ops;
mod reducer;
mod store;
#[cfg(feature = "hydrate")]
mod stream;

pub(crate) use connection::Connection;
#[cfg(all(test, feature = "ssr"))]
pub(crate) use ops::Row;
pub(crate) use ops::{CourseLine, Ops, OpsStoreFields, RowStoreFields};
pub(crate) use store::{OpsStore, load_health, load_incidents, row};
#[cfg(feature = "hydrate")]
pub(crate) use stream::start;
