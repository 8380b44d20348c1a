//! Simulated pasts: a bad week through the real monitor and service in simulated time, and years of
//! incidents and history. Both fill an empty database, whose first entry says that its data are
//! generated.

mod backdrop;
mod error;
mod history;
mod mark;
mod people;
mod week;
mod world;

pub use error::PastError;
pub use history::{HistorySize, MadeHistory, Progress, make_history};
pub use week::{MadeWeek, make_week};
