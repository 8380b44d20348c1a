//! Pace of the monitor's work that no decision waits for.

use domain::time::Span;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The time between two looks for changed documents.
    pub documents: Span,
    /// The least time between two times that what is shown is written anew.
    pub show: Span,
    /// The least time between two times that roll-ups are written.
    pub rollups: Span,
    /// The time after which the state of the rules, and that Calm Ops runs, is saved again.
    pub save: Span,
    /// The time after which what is usual is learned anew, old roll-ups are removed, and history is
    /// packed.
    pub learn: Span,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            documents: Span::from_secs(2),
            show: Span::ZERO,
            rollups: Span::ZERO,
            save: Span::from_secs(10),
            learn: Span::from_mins(15),
        }
    }
}
