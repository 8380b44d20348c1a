//! What lives on in the browser.

pub(crate) mod board;
pub(crate) mod mark;
pub(crate) mod spark;
