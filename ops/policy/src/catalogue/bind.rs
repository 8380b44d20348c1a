//! A command with its values filled in: the only thing that may be run, and only made here.

use std::{collections::BTreeMap, fmt};

use domain::time::Span;
use serde::Serialize;

use crate::catalogue::{
    command::{Command, Does, RunAs},
    kind::query,
    parameter::{Facts, Values},
    programs::{Argument, BuiltIn, Part, Program, Vector},
    violation::{Refused, Rule, refused, shown},
};

/// The action of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Action {
    /// A program of the closed list.
    Program {
        /// The program.
        program: Program,
        /// The whole argument vector; the first is the program's absolute path.
        argv: Vec<String>,
    },
    /// A team's own script.
    Script {
        /// Its name in the host's configuration.
        name: String,
        /// The whole argument vector: its absolute path.
        argv: Vec<String>,
        /// The expected hash of its bytes.
        sha256: String,
    },
    /// A query in the PostgreSQL database that Calm Ops stores in is cancelled, if it is still the
    /// one that began at that time.
    QueryCancel {
        /// The server's process.
        pid: u32,
        /// The beginning of the query, in microseconds since 1970.
        started: u64,
    },
}

impl Action {
    /// The argument vector; empty for a built-in.
    pub fn argv(&self) -> &[String] {
        match self {
            Self::Program { argv, .. } | Self::Script { argv, .. } => argv,
            Self::QueryCancel { .. } => &[],
        }
    }
}

/// The exact argument vector, quoted so that people see where each argument begins and ends. Of a
/// team's own script its bytes are a part of what is decided upon, so their hash stands behind it.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { argv, .. } => f.write_str(&quoted(argv)),
            Self::Script { argv, sha256, .. } => write!(f, "{} (SHA-256 {sha256})", quoted(argv)),
            Self::QueryCancel { pid, started } => {
                write!(f, "built-in:{} {pid}@{started}", BuiltIn::QueryCancel.name())
            }
        }
    }
}

/// One command with its values, checked: exactly what is shown, approved and run. Only
/// [`Command::fill`] makes it, and it can't be read back from any text: what is to be run is filled
/// again from the catalogue in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoundCommand {
    command: String,
    action: Action,
    check: Option<Vec<String>>,
    user: RunAs,
    time_limit: Span,
    values: BTreeMap<String, String>,
}

impl BoundCommand {
    /// The id of the command.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The action.
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// The argument vector that is started; empty for a built-in.
    pub fn argv(&self) -> &[String] {
        self.action.argv()
    }

    /// The argument vector that must succeed first.
    pub fn check(&self) -> Option<&[String]> {
        self.check.as_deref()
    }

    /// As whom both run.
    pub const fn user(&self) -> &RunAs {
        &self.user
    }

    /// After this time the run is stopped.
    pub const fn time_limit(&self) -> Span {
        self.time_limit
    }

    /// The values of the placeholders, by name.
    pub const fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }
}

/// The exact argument vector; see [`Action`].
impl fmt::Display for BoundCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.action.fmt(f)
    }
}

/// An argument vector for people: each argument stands as it is if it is plain, else in quotes with
/// everything odd escaped.
pub fn quoted(argv: &[String]) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '_' | '.' | '/' | '=' | ':' | '@' | ',' | '+' | '%')
    };
    let one = |argument: &String| {
        if !argument.is_empty() && argument.chars().all(plain) {
            return argument.clone();
        }
        let mut text = String::from("\"");
        for c in argument.chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                ' '..='~' => text.push(c),
                c => text.extend(c.escape_unicode()),
            }
        }
        text.push('"');
        text
    };
    argv.iter().map(one).collect::<Vec<_>>().join(" ")
}

impl Command {
    /// Fills the values in. Everything is checked against the grammar and against what the host
    /// has; nothing else can be run.
    pub fn fill(&self, values: &Values, facts: &Facts) -> Result<BoundCommand, Refused> {
        if let Some(name) =
            values.0.keys().find(|name| !self.placeholders.iter().any(|known| known.name == **name))
        {
            return Err(refused(
                Rule::ValueUnknown,
                shown(name),
                format!("the placeholders of {}", self.id),
            ));
        }
        let mut checked = BTreeMap::new();
        for placeholder in &self.placeholders {
            let value = values.0.get(&placeholder.name);
            let value = value.ok_or_else(|| {
                refused(
                    Rule::ValueMissing,
                    format!("no value for '{{{}}}'", placeholder.name),
                    placeholder.kind.shown(),
                )
            })?;
            placeholder.check(value, facts)?;
            checked.insert(placeholder.name.clone(), value.clone());
        }
        let action = match &self.does {
            Does::Program(vector) => {
                Action::Program { program: vector.program, argv: argv(vector, &checked, facts)? }
            }
            Does::Script(script) => Action::Script {
                name: script.name().to_owned(),
                argv: vec![script.path().to_owned()],
                sha256: script.sha256().to_owned(),
            },
            Does::BuiltIn(BuiltIn::QueryCancel, argument) => {
                let (pid, started) = query(&text(argument, &checked)?)?;
                Action::QueryCancel { pid, started }
            }
        };
        let check = self.check.as_ref().map(|check| argv(check, &checked, facts)).transpose()?;
        Ok(BoundCommand {
            command: self.id.clone(),
            action,
            check,
            user: self.user.clone(),
            time_limit: self.time_limit,
            values: checked,
        })
    }
}

fn argv(
    vector: &Vector,
    values: &BTreeMap<String, String>,
    facts: &Facts,
) -> Result<Vec<String>, Refused> {
    let Some(path) = facts.programs.get(&vector.program) else {
        let found = format!("{} isn't on this host", vector.program.name());
        return Err(refused(
            Rule::Absent,
            found,
            format!("it at one of {}", vector.program.candidates().join(", ")),
        ));
    };
    let mut argv = vec![path.clone()];
    for argument in &vector.arguments {
        argv.push(text(argument, values)?);
    }
    Ok(argv)
}

fn text(argument: &Argument, values: &BTreeMap<String, String>) -> Result<String, Refused> {
    let mut text = String::new();
    for part in argument.parts() {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Placeholder(name) => match values.get(name) {
                Some(value) => text.push_str(value),
                None => {
                    return Err(refused(
                        Rule::ValueMissing,
                        format!("no value for '{{{name}}}'"),
                        "a value for each placeholder",
                    ));
                }
            },
        }
    }
    Ok(text)
}
