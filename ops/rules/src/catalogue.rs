//! The approved recovery commands: `ops/runbooks/recovery.commands.md`, read into a typed
//! catalogue. What is not in it cannot be run, by anyone, in any way.
//!
//! Two things decide. The **closed list** in [`Program`] is code: which programs there are, where
//! they may be, and exactly which argument vectors each may get. The **catalogue** is a document:
//! it chooses among these, and says what a person must know before approving. A command and the
//! values of its placeholders together become a [`Filled`], which only [`Command::fill`] can make.
//!
//! ```
//! use rules::catalogue::{Catalogue, Facts, Program, Values};
//!
//! let text = include_str!("../../runbooks/recovery.commands.md");
//! let catalogue = Catalogue::parse("runbooks/recovery.commands.md", text, &[]).unwrap();
//! let facts = Facts::new().with_program(Program::Pm2, "/usr/bin/pm2").unwrap().with_apps(["api".to_owned()]);
//! let reload = catalogue.get("pm2-reload").unwrap();
//! let filled = reload.fill(&Values::new().with("app", "api"), &facts).unwrap();
//! assert_eq!(filled.to_string(), "/usr/bin/pm2 reload api");
//! assert!(reload.fill(&Values::new().with("app", "all"), &facts).is_err());
//! ```

mod fill;
mod programs;
mod read;
mod rule;
mod script;
mod sudoers;
#[cfg(test)]
mod tests;
mod values;

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

pub use fill::{Action, Filled, quoted};
pub use programs::{Argument, BuiltIn, Part, Program, Vector};
pub use rule::{Refusal, Refused, Rule};
pub use script::{OwnPm2, OwnScript};
pub use sudoers::sudoers;
pub use values::{Facts, Kind, Placeholder, Values};

use crate::{time::Span, words::Signal};

/// How much can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nobody notices.
    Low,
    /// Some may notice for a moment.
    Medium,
    /// Many notice, or it may get worse. Two different people approve.
    High,
}

impl Risk {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Who may approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// One approver.
    One,
    /// Two different approvers.
    Two,
}

impl Approval {
    /// How many different people.
    pub const fn people(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "one approver",
            Self::Two => "two approvers",
        }
    }
}

/// How it is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// By this command of the catalogue, with the same values.
    By(String),
    /// It can't be undone, because of this.
    Never(String),
}

/// What proves that it worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    signal: Signal,
    within: Span,
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
            Err(rule::refused(
                Rule::User,
                rule::shown(text),
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

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// It starts a program of the closed list.
    Program(Vector),
    /// It starts a team's own script.
    Script(OwnScript),
    /// Calm Ops carries it out; the argument is its only parameter.
    BuiltIn(BuiltIn, Argument),
}

/// One approved command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Command {
    id: String,
    title: String,
    helps: Vec<Signal>,
    does: Does,
    placeholders: Vec<Placeholder>,
    check: Option<Vector>,
    effect: String,
    risk: Risk,
    blast_radius: String,
    undo: Undo,
    approval: Approval,
    user: RunAs,
    time_limit: Span,
    cool_down: Span,
    proofs: Vec<Proof>,
    line: u32,
}

impl Command {
    /// The id that thresholds, the guide and the journal name it by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it does, in a few words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The signals whose breaches it may help.
    pub fn helps(&self) -> &[Signal] {
        &self.helps
    }

    /// What is started.
    pub const fn does(&self) -> &Does {
        &self.does
    }

    /// Its placeholders, in the order of their names.
    pub fn placeholders(&self) -> &[Placeholder] {
        &self.placeholders
    }

    /// What must succeed before it runs.
    pub const fn check(&self) -> Option<&Vector> {
        self.check.as_ref()
    }

    /// What is expected of it, in words.
    pub fn effect(&self) -> &str {
        &self.effect
    }

    /// How much can go wrong.
    pub const fn risk(&self) -> Risk {
        self.risk
    }

    /// Who notices, in words.
    pub fn blast_radius(&self) -> &str {
        &self.blast_radius
    }

    /// How it is undone.
    pub const fn undo(&self) -> &Undo {
        &self.undo
    }

    /// Who may approve it.
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

    /// It isn't run again on the same subject before this time has passed.
    pub const fn cool_down(&self) -> Span {
        self.cool_down
    }

    /// What proves that it worked; at least one.
    pub fn proofs(&self) -> &[Proof] {
        &self.proofs
    }

    /// What proves that it worked for a breach of this signal: the proof about the signal itself,
    /// else the first.
    pub fn proof_for(&self, signal: &Signal) -> Option<&Proof> {
        self.proofs.iter().find(|proof| proof.signal == *signal).or_else(|| self.proofs.first())
    }

    /// The line of the document where it begins, from 1.
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// What it does as the document writes it: `pm2 reload {app}`.
    pub fn shown(&self) -> String {
        match &self.does {
            Does::Program(vector) => vector.to_string(),
            Does::Script(script) => format!("script:{}", script.name()),
            Does::BuiltIn(built_in, argument) => format!("built-in:{} {argument}", built_in.name()),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts() {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Placeholder(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

/// As the document writes it, with the program's name and its placeholders.
impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program.name())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// Every approved command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Catalogue {
    version: String,
    commands: Vec<Command>,
}

impl Catalogue {
    /// Reads the document. `file` is how refusals name it; `scripts` are those that the host's own
    /// configuration lists. All refusals are told, in the order of their places; with a single one
    /// there is no catalogue, and nothing runs.
    pub fn parse(file: &str, text: &str, scripts: &[OwnScript]) -> Result<Self, Vec<Refusal>> {
        let commands = read::read(file, text, scripts)?;
        let mut version = String::with_capacity(64);
        for byte in Sha256::digest(text.as_bytes()) {
            let _ = write!(version, "{byte:02x}");
        }
        Ok(Self { version, commands })
    }

    /// SHA-256 of the document's bytes, in hexadecimal.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every command, in the order of the document.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The command of an id.
    pub fn get(&self, id: &str) -> Option<&Command> {
        self.commands.iter().find(|command| command.id == id)
    }

    /// The commands that may help a breach of this signal, in the order of the document.
    pub fn that_help<'a>(&'a self, signal: &'a Signal) -> impl Iterator<Item = &'a Command> {
        self.commands.iter().filter(move |command| command.helps.contains(signal))
    }
}
