//! What the server shows to the outside.

pub mod assets;
