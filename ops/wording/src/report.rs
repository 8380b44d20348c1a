//! Stability reports in words, and as Markdown by the team's template.

mod fact;
mod markdown;
mod sentence;

pub use markdown::markdown;
pub use sentence::{
    ComparedFigure, compared, kind, lead, length, period, reference, row, summary, title, waiting,
};

#[cfg(test)]
mod tests;
