//! Outcome of a command, and its exit code.

/// The ends of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and all is well: 0.
    Fine,
    /// Something that was to be checked is wrong: 1.
    Wrong,
    /// The command line or the configuration can't be used: 2.
    Usage,
    /// Could not be done: 3.
    Failed,
}

impl Outcome {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Wrong => 1,
            Self::Usage => 2,
            Self::Failed => 3,
        }
    }
}
