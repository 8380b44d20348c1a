//! An approved command of the catalogue.

use std::{fmt, str::FromStr};

use domain::{
    recommendation::{Approval, Risk, Undo},
    signal::Signal,
    time::Span,
};
use serde::{Serialize, Serializer};

use crate::catalogue::{
    parameter::Placeholder,
    programs::{Argument, BuiltIn, Program, Vector},
    script::OwnScript,
    violation::{self, Refused, Rule},
};

/// The proof that it worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    pub(super) signal: Signal,
    pub(super) within: Span,
}

impl Proof {
    /// The signal that recovers.
    pub const fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Within which time after the run.
    pub const fn within(&self) -> Span {
        self.within
    }
}

/// The name of a user of the system: lower-case letters, digits, `_` and `-`, at most 32.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

impl UserName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let fine = (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
        if fine {
            Ok(Self(text.to_owned()))
        } else {
            Err(violation::refused(
                Rule::User,
                violation::shown(text),
                "a user's name such as 'root' or 'deploy'",
            ))
        }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As whom a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunAs {
    /// As the user that Calm Ops itself runs as.
    CalmOps,
    /// As this user, by exactly the lines of [`sudoers`].
    User(UserName),
}

impl fmt::Display for RunAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CalmOps => f.write_str("Calm Ops"),
            Self::User(name) => name.fmt(f),
        }
    }
}

impl Serialize for RunAs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The effect of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Starts a program of the closed list.
    Program(Vector),
    /// Starts a team's own script.
    Script(OwnScript),
    /// Calm Ops carries it out; the argument is its only parameter.
    BuiltIn(BuiltIn, Argument),
}

/// One approved command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Command {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) helps: Vec<Signal>,
    pub(super) does: Does,
    pub(super) placeholders: Vec<Placeholder>,
    pub(super) check: Option<Vector>,
    pub(super) effect: String,
    pub(super) risk: Risk,
    pub(super) blast_radius: String,
    pub(super) undo: Undo,
    pub(super) approval: Approval,
    pub(super) user: RunAs,
    pub(super) time_limit: Span,
    pub(super) cool_down: Span,
    pub(super) proofs: Vec<Proof>,
    pub(super) line: u32,
}

impl Command {
    /// The id that thresholds, the guide and the journal name it by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its effect, in a few words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The signals whose breaches it may help.
    pub fn helps(&self) -> &[Signal] {
        &self.helps
    }

    /// The action.
    pub const fn does(&self) -> &Does {
        &self.does
    }

    /// True if it changes nothing: the command of a practice, and of nothing else.
    pub fn changes_nothing(&self) -> bool {
        matches!(&self.does, Does::Program(vector) if vector.program() == Program::True)
    }

    /// Its placeholders, in the order of their names.
    pub fn placeholders(&self) -> &[Placeholder] {
        &self.placeholders
    }

    /// The check that must succeed before it runs.
    pub const fn check(&self) -> Option<&Vector> {
        self.check.as_ref()
    }

    /// Its expected effect, in words.
    pub fn effect(&self) -> &str {
        &self.effect
    }

    /// The extent of what can go wrong.
    pub const fn risk(&self) -> Risk {
        self.risk
    }

    /// The people who notice, in words.
    pub fn blast_radius(&self) -> &str {
        &self.blast_radius
    }

    /// The way to undo it.
    pub const fn undo(&self) -> &Undo {
        &self.undo
    }

    /// The people who may approve it.
    pub const fn approval(&self) -> Approval {
        self.approval
    }

    /// As whom it runs.
    pub const fn user(&self) -> &RunAs {
        &self.user
    }

    /// A run is stopped after this time.
    pub const fn time_limit(&self) -> Span {
        self.time_limit
    }

    /// The time before which it is not run again on the same subject.
    pub const fn cool_down(&self) -> Span {
        self.cool_down
    }

    /// The proofs that it worked; at least one.
    pub fn proofs(&self) -> &[Proof] {
        &self.proofs
    }

    /// The proof that it worked for a breach of this signal: the proof about the signal itself,
    /// else the first.
    pub fn proof_for(&self, signal: &Signal) -> Option<&Proof> {
        self.proofs.iter().find(|proof| proof.signal == *signal).or_else(|| self.proofs.first())
    }

    /// The line of the document where it begins, from 1.
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// Its action as the document writes it: `pm2 reload {app}`.
    pub fn shown(&self) -> String {
        match &self.does {
            Does::Program(vector) => vector.to_string(),
            Does::Script(script) => format!("script:{}", script.name()),
            Does::BuiltIn(built_in, argument) => format!("built-in:{} {argument}", built_in.name()),
        }
    }
}
