//! The lines that let Calm Ops, which has no rights of its own, run exactly what the catalogue
//! holds.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::catalogue::{
    Catalogue,
    bind::Action,
    command::{Command, RunAs, UserName},
    parameter::{Facts, Values},
};

/// The lines for `/etc/sudoers.d`: for each command that runs as another user than Calm Ops' own,
/// one line for each exact argument vector that can be run on this host now, and for its check.
/// There are no wildcards: where a placeholder stands, each known value has its own line, and a new
/// app or certificate needs a new print.
pub fn sudoers(catalogue: &Catalogue, facts: &Facts, service_user: &UserName) -> String {
    let mut text = format!(
        "# What Calm Ops may run as another user, from version {} of the approved commands.\n# Put it into /etc/sudoers.d/calm-ops with: visudo -f /etc/sudoers.d/calm-ops\n",
        catalogue.version()
    );
    let mut told = BTreeSet::new();
    for command in catalogue.commands() {
        let RunAs::User(user) = command.user() else { continue };
        if user == service_user {
            continue;
        }
        let _ = writeln!(text, "\n# {}: {}", command.id(), command.shown());
        let vectors = vectors(command, facts);
        if vectors.is_empty() {
            let _ = writeln!(
                text,
                "# Nothing it could act on is known on this machine, or the program is not installed."
            );
        }
        for vector in vectors {
            let line = format!("{service_user} ALL=({user}) NOPASSWD: {}", escaped(&vector));
            if told.insert(line.clone()) {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
}

/// An argument vector, with the hash that its file must have.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Exact {
    argv: Vec<String>,
    sha256: Option<String>,
}

/// Every vector of a command that can be run on a host: its check first.
fn vectors(command: &Command, facts: &Facts) -> Vec<Exact> {
    let mut all = vec![Values::new()];
    for placeholder in command.placeholders() {
        let choices = placeholder.choices(facts);
        all = all
            .iter()
            .flat_map(|values| {
                choices.iter().map(|choice| values.clone().with(placeholder.name(), choice.clone()))
            })
            .collect();
    }
    let filled = all.iter().filter_map(|values| command.fill(values, facts).ok());
    let mut vectors: Vec<Exact> = Vec::new();
    for filled in filled {
        let check = filled.check().map(|argv| Exact { argv: argv.to_vec(), sha256: None });
        let run = match filled.action() {
            Action::Program { argv, .. } => Some(Exact { argv: argv.clone(), sha256: None }),
            Action::Script { argv, sha256, .. } => {
                Some(Exact { argv: argv.clone(), sha256: Some(sha256.clone()) })
            }
            Action::QueryCancel { .. } => None,
        };
        for exact in [check, run].into_iter().flatten() {
            if !vectors.contains(&exact) {
                vectors.push(exact);
            }
        }
    }
    vectors
}

/// As sudoers reads it back: `,`, `:`, `=` and `\` mean something there, and so do the wildcards.
/// No arguments are written `""`: without them any would be allowed.
fn escaped(exact: &Exact) -> String {
    let mut text = String::new();
    if let Some(sha256) = &exact.sha256 {
        let _ = write!(text, "sha256:{sha256} ");
    }
    for (place, argument) in exact.argv.iter().enumerate() {
        if place > 0 {
            text.push(' ');
        }
        for c in argument.chars() {
            match c {
                // Once for the reader of the file, once for the pattern.
                '\\' => text.push_str("\\\\\\\\"),
                ',' | ':' | '=' | '*' | '?' | '[' | ']' | '!' | '#' | '(' | ')' | '"' | '^' => {
                    text.extend(['\\', c]);
                }
                c => text.push(c),
            }
        }
    }
    if exact.argv.len() == 1 {
        text.push_str(" \"\"");
    }
    text
}
