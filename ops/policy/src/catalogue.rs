//! The approved recovery commands: `ops/runbooks/recovery.commands.md`, read into a typed
//! catalogue. What is not in it cannot be run, by anyone, in any way.
//!
//! Two things decide. The **closed list** in [`Program`] is code: which programs there are, where
//! they may be, and exactly which argument vectors each may get. The **catalogue** is a document:
//! it chooses among these, and says what a person must know before approving. A command and the
//! values of its placeholders together become a [`Filled`], which only [`Command::fill`] can make.
//!
//! ```
//! use policy::catalogue::{Catalogue, Facts, Program, Values};
//!
//! let text = include_str!("../../runbooks/recovery.commands.md");
//! let signals = domain::signals::Signals::none();
//! let catalogue = Catalogue::parse("runbooks/recovery.commands.md", text, &[], &signals).unwrap();
//! let facts = Facts::new().with_program(Program::Pm2, "/usr/bin/pm2").unwrap().with_apps(["api".to_owned()]);
//! let reload = catalogue.get("pm2-reload").unwrap();
//! let filled = reload.fill(&Values::new().with("app", "api"), &facts).unwrap();
//! assert_eq!(filled.to_string(), "/usr/bin/pm2 reload api");
//! assert!(reload.fill(&Values::new().with("app", "all"), &facts).is_err());
//! ```

mod bind;
mod command;
mod kind;
mod parameter;
mod programs;
mod read;
mod script;
mod sudoers;
#[cfg(test)]
mod tests;
mod violation;

pub use bind::{Action, BoundCommand, quoted};
pub use command::{Command, Does, Proof, RunAs, UserName};
pub use kind::Kind;
pub use parameter::{Facts, Placeholder, Values};
pub use programs::{Argument, BuiltIn, Part, Program, Vector};
pub use script::{OwnPm2, OwnScript};
pub use sudoers::sudoers;
pub use violation::{Refusal, Refused, Rule};

use std::fmt::Write as _;

use domain::{signal::Signal, signals::Signals};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Every approved command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Catalogue {
    version: String,
    commands: Vec<Command>,
}

impl Catalogue {
    /// Reads the document. `file` is how refusals name it; `scripts` are those that the host's own
    /// configuration lists. All refusals are told, in the order of their places; with a single one
    /// there is no catalogue, and nothing runs. A signal in a collector's namespace has to be among
    /// the declared `signals`.
    pub fn parse(
        file: &str,
        text: &str,
        scripts: &[OwnScript],
        signals: &Signals,
    ) -> Result<Self, Vec<Refusal>> {
        let commands = read::read(file, text, scripts, signals)?;
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
        self.commands.iter().find(|command| command.id() == id)
    }

    /// The commands that may help a breach of this signal, in the order of the document.
    pub fn that_help<'a>(&'a self, signal: &'a Signal) -> impl Iterator<Item = &'a Command> {
        self.commands.iter().filter(move |command| command.helps().contains(signal))
    }
}
