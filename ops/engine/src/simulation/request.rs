//! A request that is to be sent.

use std::borrow::Cow;

use domain::time::Span;

/// The organization that a request is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The one that the simulation is about.
    Chosen,
    /// One of the others, by number from 1.
    Other(u32),
    /// A name that a client invented, by number from 1.
    Invented(u32),
}

impl Sender {
    /// The name of the organization. `chosen` is that of the one that the simulation is about.
    pub fn name<'a>(&self, chosen: &'a str) -> Cow<'a, str> {
        match self {
            Self::Chosen => Cow::Borrowed(chosen),
            Self::Other(number) => Cow::Owned(format!("other-{number}")),
            Self::Invented(number) => Cow::Owned(format!("invented-{number}")),
        }
    }

    /// True if it is the source of the trouble: the chosen organization, under its own name or
    /// under invented ones.
    pub const fn is_chosen(&self) -> bool {
        matches!(self, Self::Chosen | Self::Invented(_))
    }
}

/// The purpose of a request; with it go its method and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Usual: something is read.
    Read,
    /// Usual: something is written.
    Write,
    /// Usual: something is uploaded.
    Upload,
    /// A part of the trouble: an upload.
    Trouble,
    /// The same, with a body that comes slowly.
    SlowTrouble,
}

impl Purpose {
    /// True if it goes to the path of uploads.
    pub const fn is_upload(self) -> bool {
        matches!(self, Self::Upload | Self::Trouble | Self::SlowTrouble)
    }

    /// True if it is a part of the trouble.
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Trouble | Self::SlowTrouble)
    }
}

/// A request, and the time at which it is meant to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The time since the beginning of the run.
    pub at: Span,
    /// The organization that it is sent for.
    pub sender: Sender,
    /// Its purpose.
    pub purpose: Purpose,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the trouble.
    Before,
    /// While it lasts.
    During,
    /// After it.
    After,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];
}

/// The ends of the parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// Start of the trouble.
    pub trouble_from: Span,
    /// End of the trouble.
    pub trouble_until: Span,
    /// End of the run.
    pub end: Span,
}

impl Phases {
    /// The part that a time is in.
    pub fn phase(&self, at: Span) -> Phase {
        if at < self.trouble_from {
            Phase::Before
        } else if at < self.trouble_until {
            Phase::During
        } else {
            Phase::After
        }
    }
}
