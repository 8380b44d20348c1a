//! The layers in which a key is looked for: flags, environment, file.

use std::collections::BTreeMap;

use super::{file::FileLayer, flags::Flags, found::Found, keys, problem::ConfigProblem, section};

/// The places where a key is looked for.
pub(super) struct Layers<'a> {
    pub flags: &'a Flags,
    pub environment: &'a BTreeMap<String, String>,
    pub file: &'a FileLayer,
}

impl Layers<'_> {
    /// The first layer that has the key.
    pub fn find(&self, key: &'static str) -> Option<Found> {
        let named = keys::all().find(|known| known.name == key)?;
        if let (Some(flag), Some(text)) = (named.flag, self.flags.get(key)) {
            return Some(Found::flag(flag, text));
        }
        let from_environment = named
            .variables
            .iter()
            .find_map(|name| self.environment.get(*name).map(|text| Found::variable(name, text)));
        from_environment.or_else(|| self.file.get(key))
    }

    /// One key's value, or its default. A bad one is a problem, and the default stands in, so that
    /// all problems are told at once.
    pub fn value<T>(
        &self,
        key: &'static str,
        standard: T,
        parse: impl FnOnce(&Found) -> Result<T, String>,
        problems: &mut Vec<ConfigProblem>,
    ) -> T {
        section::value(self.find(key), key, standard, parse, problems)
    }
}
