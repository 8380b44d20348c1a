//! The pages.

pub(crate) mod health;
pub(crate) mod incident;
pub(crate) mod lost;
pub(crate) mod text;
