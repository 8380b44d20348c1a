//! Stability reports in words, and as Markdown by the team's template.

mod fact;
mod markdown;
mod measured;
mod sentence;

pub use markdown::{markdown, without_heading};
pub(crate) use sentence::percent;
pub use sentence::{
    ComparedFigure, OPENED_FIRST, compared, heading, kind, lead, length, period, reference, row,
    summary, title, waiting,
};

#[cfg(test)]
mod tests;
