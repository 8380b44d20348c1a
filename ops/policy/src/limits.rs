//! The limits that protect the product: `ops/protection/limits.md`, read into types.

mod quota;

pub use quota::{Quota, Rate};
