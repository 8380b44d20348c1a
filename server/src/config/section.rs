//! A section of the configuration: its keys, and how its values are read.

use std::{collections::BTreeMap, time::Duration};

use super::{found::Found, place::Place, problem::ConfigProblem};

/// A key that stands once.
#[derive(Debug)]
pub struct Key {
    /// In the file: `limits.series` is `series` under `[limits]`.
    pub name: &'static str,
    /// In the environment, the first one that is set.
    pub variables: &'static [&'static str],
    /// On the command line.
    pub flag: Option<&'static str>,
}

/// Declares a key.
pub const fn key(
    name: &'static str,
    variables: &'static [&'static str],
    flag: Option<&'static str>,
) -> Key {
    Key { name, variables, flag }
}

/// A section that can stand several times, such as `[[endpoint]]`. It stands in the file only.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    /// Name of the section.
    pub name: &'static str,
    /// One of them in a sentence: `an endpoint`.
    pub what: &'static str,
    /// Its keys.
    pub keys: &'static [&'static str],
    /// The kind of the subjects that they name, as in `endpoint:checkout`; `None` where they name
    /// none.
    pub kind: Option<&'static str>,
}

/// The keys of one such section, and where it begins.
pub type Entry = (BTreeMap<&'static str, Found>, Place);

/// Reads the values of a section. What is wrong is noted with its place.
pub struct Section<'a> {
    find: &'a dyn Fn(&'static str) -> Option<Found>,
    entries: &'a dyn Fn(&'static str) -> &'a [Entry],
    interval: Duration,
    problems: &'a mut Vec<ConfigProblem>,
}

impl<'a> Section<'a> {
    /// Reads from these layers: `find` finds the value of a key, `entries` the sections of a name.
    /// `interval` is the one that holds for everything.
    pub(super) fn new(
        find: &'a dyn Fn(&'static str) -> Option<Found>,
        entries: &'a dyn Fn(&'static str) -> &'a [Entry],
        interval: Duration,
        problems: &'a mut Vec<ConfigProblem>,
    ) -> Self {
        Self { find, entries, interval, problems }
    }

    /// One key's value, or its default. A bad one is a problem, and the default stands in, so that
    /// all problems are told at once.
    pub(crate) fn value<T>(
        &mut self,
        key: &'static str,
        standard: T,
        parse: impl FnOnce(&Found) -> Result<T, String>,
    ) -> T {
        value((self.find)(key), key, standard, parse, self.problems)
    }

    /// The sections of a name that can stand several times.
    pub(crate) fn entries(&self, name: &'static str) -> &'a [Entry] {
        (self.entries)(name)
    }

    /// The interval of looks where a section does not say it.
    pub(crate) const fn interval(&self) -> Duration {
        self.interval
    }

    /// Notes of what is wrong.
    pub(crate) const fn problems(&mut self) -> &mut Vec<ConfigProblem> {
        self.problems
    }
}

/// The value of a key as it was found, or its default.
pub(super) fn value<T>(
    found: Option<Found>,
    key: &str,
    standard: T,
    parse: impl FnOnce(&Found) -> Result<T, String>,
    problems: &mut Vec<ConfigProblem>,
) -> T {
    let Some(found) = found else { return standard };
    match parse(&found) {
        Ok(value) => value,
        Err(expected) => {
            problems.push(found.problem(key, &expected));
            standard
        }
    }
}
