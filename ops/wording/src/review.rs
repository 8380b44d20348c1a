//! Reviews in words, and as Markdown.

mod markdown;
mod sentence;

pub use markdown::{issue_body, prevention, review as markdown};
pub use sentence::{
    COUNTED, effect, lead, left_out, open_steps, overdue, rating, seen_late, slow, span, step,
    step_state, took, usual,
};

#[cfg(test)]
mod tests;
