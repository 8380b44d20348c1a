//! A value of the configuration as it was found, and the kinds of value that several sections hold. A
//! parser returns the value, or what it expected.

use std::{path::PathBuf, time::Duration};

use domain::time::Span;

use super::{place::Place, problem::ConfigProblem};

/// A value as it was found, and where.
#[derive(Clone, Debug)]
pub struct Found {
    kind: Kind,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Kind {
    /// A text: from a flag, from the environment, or in quotes in the file.
    Text(String),
    /// A number or a truth value of the file.
    Bare(String),
    /// A list of texts of the file.
    List(Vec<String>),
    /// Something that no key takes.
    Other(&'static str),
}

#[derive(Clone, Debug)]
enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    File(Place),
}

/// The layer from which a value comes; the smaller one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    Flag,
    Environment,
    File,
}

impl Found {
    pub(crate) fn flag(name: &'static str, text: &str) -> Self {
        Self { kind: Kind::Text(text.to_owned()), origin: Origin::Flag(name) }
    }

    pub(crate) fn variable(name: &'static str, text: &str) -> Self {
        Self { kind: Kind::Text(text.to_owned()), origin: Origin::Variable(name) }
    }

    pub(crate) fn file_text(text: &str, place: Place) -> Self {
        Self { kind: Kind::Text(text.to_owned()), origin: Origin::File(place) }
    }

    pub(crate) fn file_bare(text: &str, place: Place) -> Self {
        Self { kind: Kind::Bare(text.to_owned()), origin: Origin::File(place) }
    }

    pub(crate) fn file_list(texts: Vec<String>, place: Place) -> Self {
        Self { kind: Kind::List(texts), origin: Origin::File(place) }
    }

    pub(crate) fn file_other(what: &'static str, place: Place) -> Self {
        Self { kind: Kind::Other(what), origin: Origin::File(place) }
    }

    /// The text, where it is one; empty otherwise.
    pub(crate) fn text(&self) -> &str {
        match &self.kind {
            Kind::Text(text) | Kind::Bare(text) => text,
            Kind::List(_) | Kind::Other(_) => "",
        }
    }

    pub(crate) fn place(&self) -> Option<&Place> {
        match &self.origin {
            Origin::File(place) => Some(place),
            Origin::Flag(_) | Origin::Variable(_) => None,
        }
    }

    pub(crate) fn layer(&self) -> Layer {
        match self.origin {
            Origin::Flag(_) => Layer::Flag,
            Origin::Variable(_) => Layer::Environment,
            Origin::File(_) => Layer::File,
        }
    }

    /// The problem with this value: what was found, where, and what was expected.
    pub(crate) fn problem(&self, key: &str, expected: &str) -> ConfigProblem {
        let value = match &self.kind {
            Kind::Text(text) | Kind::Bare(text) => {
                let short: String = text.chars().take(80).collect();
                format!("'{}'", short.escape_debug())
            }
            Kind::List(_) => "a list".to_owned(),
            Kind::Other(what) => (*what).to_owned(),
        };
        self.say(key, &value, expected)
    }

    /// The same about a value that must not be shown.
    pub(crate) fn secret_problem(&self, key: &str, expected: &str) -> ConfigProblem {
        match &self.origin {
            // The line of the file would show it.
            Origin::File(_) => ConfigProblem::sentence(format!(
                "{key} in the configuration file: expected {expected}"
            )),
            _ => self.say(key, "a value (not shown)", expected),
        }
    }

    fn say(&self, key: &str, value: &str, expected: &str) -> ConfigProblem {
        match &self.origin {
            Origin::Flag(name) => {
                ConfigProblem::sentence(format!("{name} is {value}: expected {expected}"))
            }
            Origin::Variable(name) => ConfigProblem::sentence(format!(
                "the environment variable {name} is {value}: expected {expected}"
            )),
            Origin::File(place) => place.problem(format!("{key} is {value}"), expected.to_owned()),
        }
    }

    /// The texts of a list.
    pub(crate) fn list(&self) -> Option<Vec<String>> {
        match &self.kind {
            Kind::List(texts) => Some(texts.clone()),
            // The environment has no lists.
            Kind::Text(text) if self.layer() == Layer::Environment => Some(
                text.split(',')
                    .map(|part| part.trim().to_owned())
                    .filter(|part| !part.is_empty())
                    .collect(),
            ),
            Kind::Text(_) | Kind::Bare(_) | Kind::Other(_) => None,
        }
    }

    /// The text of a value that has to be one. A bare number of the file is none.
    pub(crate) fn quoted(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) if !text.trim().is_empty() && !text.contains('\0') => {
                Some(text.trim())
            }
            _ => None,
        }
    }
}

/// A path.
pub(crate) fn path(found: &Found) -> Result<PathBuf, String> {
    found
        .quoted()
        .map(PathBuf::from)
        .ok_or_else(|| "a path, such as '/var/lib/calm-ops'".to_owned())
}

/// A duration within bounds.
pub(crate) fn duration(found: &Found, least: Duration, most: Duration) -> Result<Duration, String> {
    let expected =
        || format!("a duration from {} to {}, such as '5 s'", Span::from(least), Span::from(most));
    let span: Span = found.quoted().and_then(|text| text.parse().ok()).ok_or_else(expected)?;
    let duration = span.to_std();
    if (least..=most).contains(&duration) { Ok(duration) } else { Err(expected()) }
}

/// True or false.
pub(crate) fn yes_or_no(found: &Found) -> Result<bool, String> {
    match (&found.kind, found.text()) {
        (Kind::Bare(_), "true") => Ok(true),
        (Kind::Bare(_), "false") => Ok(false),
        (Kind::Text(_), "true") if found.layer() != Layer::File => Ok(true),
        (Kind::Text(_), "false") if found.layer() != Layer::File => Ok(false),
        _ => Err("true or false, without quotes".to_owned()),
    }
}

/// A whole number. In the file it stands without quotes.
pub(crate) fn count(found: &Found, least: usize, most: usize) -> Result<usize, String> {
    let bare = matches!(found.kind, Kind::Bare(_)) || found.layer() != Layer::File;
    let text = found.text().trim();
    let number = text.parse().ok().filter(|number| bare && (least..=most).contains(number));
    number.ok_or_else(|| format!("a whole number from {least} to {most}"))
}
