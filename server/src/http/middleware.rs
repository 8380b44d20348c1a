//! Layers that every request passes: whether it is meant for us, and its whole body within bounds.

pub mod body;
pub mod generated;
pub mod guard;
mod shape;
