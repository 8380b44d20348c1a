//! How often the monitor does what no decision waits for.

use domain::time::Span;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often changed documents are looked for.
    pub documents: Span,
    /// The least time between two times that what is shown is written anew.
    pub show: Span,
    /// The least time between two times that roll-ups are written.
    pub rollups: Span,
    /// How often the state of the rules, and that Calm Ops runs, is saved.
    pub save: Span,
    /// How often what is usual is learned anew, old roll-ups are removed, and history is packed.
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
