//! A simulated past: usual courses of signals, a bad week with its troubles, and what people do about
//! them. All of it follows from a seed, so that the same seed makes the same past.

mod bumps;
mod course;
mod fleet;
mod kinds;
mod life;
mod lives;
mod people;
mod series;
#[cfg(test)]
mod tests;
mod trouble;
mod week;

pub use bumps::Bumps;
pub use course::{Course, activity};
pub use fleet::{fleet, gaps};
pub use life::{LifeError, PastLife, PastStep};
pub use lives::Lives;
pub use people::{Act, next_act};
pub use series::PastSeries;
pub use trouble::{Decision, Effect, Response, Shape, Step, Trouble};
pub use week::{APPS, HOST, Week};
