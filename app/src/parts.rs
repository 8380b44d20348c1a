//! What pages are made of.

pub(crate) mod board;
pub(crate) mod card;
pub(crate) mod chart;
pub(crate) mod mark;
pub(crate) mod spark;
pub(crate) mod timeline;
