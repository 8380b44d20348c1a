//! The TOML file as a layer: its keys with their places, and what it holds that nobody knows.

use std::{collections::BTreeMap, ops::Range, path::Path};

use policy::catalogue::OwnScript;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    found::Found,
    keys,
    place::Place,
    problem::ConfigProblem,
    script,
    section::{Entries, Entry},
    sources::Sources,
};

/// A file, taken apart. Empty if there is none.
#[derive(Debug, Default)]
pub(super) struct FileLayer {
    values: BTreeMap<&'static str, Found>,
    /// The sections that can stand several times, by their names.
    entries: BTreeMap<&'static str, Vec<Entry>>,
}

impl FileLayer {
    /// Reads and takes apart a file. What can't be used is a problem.
    pub fn read(path: &Path, sources: &impl Sources, problems: &mut Vec<ConfigProblem>) -> Self {
        match sources.read_file(path) {
            Ok(text) => Self::parse(&path.display().to_string(), &text, problems),
            Err(error) => {
                problems.push(ConfigProblem::sentence(format!(
                    "the configuration file {} can't be read: {error}. Give an existing file with --config, or leave it out.",
                    path.display()
                )));
                Self::default()
            }
        }
    }

    /// Takes a text apart.
    pub fn parse(file: &str, text: &str, problems: &mut Vec<ConfigProblem>) -> Self {
        let mut layer = Self::default();
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let place = Place::new(file, text, &error.span().unwrap_or(0..0));
                problems.push(place.problem(
                    error.message().replace('\n', ", "),
                    "TOML, such as: listen = \"127.0.0.1:3000\"".to_owned(),
                ));
                return layer;
            }
        };
        let mut walk = Walk { file, text, problems };
        walk.table(table.get_ref(), "", &mut layer);
        layer
    }

    /// A key's value.
    pub fn get(&self, key: &str) -> Option<Found> {
        self.values.get(key).cloned()
    }

    /// The sections of a name that can stand several times.
    pub fn entries(&self, name: &str) -> &[Entry] {
        self.entries.get(name).map_or(&[], Vec::as_slice)
    }

    /// The team's own scripts.
    pub fn scripts(&self, problems: &mut Vec<ConfigProblem>) -> Vec<OwnScript> {
        let mut scripts: Vec<OwnScript> = Vec::new();
        for (keys, place) in self.entries(script::ENTRIES.name) {
            let Some(script) = script::read(keys, place, problems) else { continue };
            if scripts.iter().any(|other| other.name() == script.name()) {
                let found = format!("two scripts have the name '{}'", script.name());
                problems.push(place.problem(found, "a different name for each script".to_owned()));
            } else {
                scripts.push(script);
            }
        }
        scripts
    }
}

struct Walk<'a> {
    file: &'a str,
    text: &'a str,
    problems: &'a mut Vec<ConfigProblem>,
}

impl Walk<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        Place::new(self.file, self.text, span)
    }

    /// The keys of a table: the file's own, or those of a section such as `[log]`.
    fn table(&mut self, table: &DeTable<'_>, section: &str, layer: &mut FileLayer) {
        for (key, value) in table {
            let name = if section.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{section}.{}", key.get_ref())
            };
            let is_section = keys::sections().contains(&name.as_str());
            let entries = keys::entries().find(|entries| entries.name == name);
            let known = keys::all().find(|known| known.name == name);
            match (known, entries, value.get_ref()) {
                (Some(known), _, _) => {
                    let found = self.found(value);
                    layer.values.insert(known.name, found);
                }
                (None, None, DeValue::Table(inner))
                    if is_section || keys::is_former_section(&name) =>
                {
                    self.table(inner, &name, layer);
                }
                (None, Some(entries), DeValue::Array(tables)) => {
                    let read = tables.iter().filter_map(|table| self.entry(table, entries));
                    layer.entries.entry(entries.name).or_default().extend(read);
                }
                _ if is_section || entries.is_some() => {
                    let place = self.place(&value.span());
                    let expected = if is_section {
                        format!("a section: [{name}]")
                    } else {
                        format!("sections: [[{name}]]")
                    };
                    self.problems.push(
                        place.problem(format!("'{name}' is not a value of its own"), expected),
                    );
                }
                _ => self.unknown(key, &name, section),
            }
        }
    }

    /// The keys of one of several sections of the same name, and where it begins.
    fn entry(&mut self, table: &Spanned<DeValue<'_>>, of: Entries) -> Option<Entry> {
        let Entries { name, what, keys: known, .. } = of;
        let place = self.place(&table.span());
        let DeValue::Table(table) = table.get_ref() else {
            self.problems.push(
                place.problem(
                    format!("{what} that is not a section"),
                    format!("sections: [[{name}]]"),
                ),
            );
            return None;
        };
        let mut keys = BTreeMap::new();
        for (key, value) in table {
            match known.iter().find(|known| *known == key.get_ref()) {
                Some(known) => {
                    let found = self.found(value);
                    keys.insert(*known, found);
                }
                None => {
                    let near = keys::nearest(key.get_ref(), known.iter().copied());
                    self.say_unknown(key, near.map(str::to_owned), &known.join(", "));
                }
            }
        }
        Some((keys, place))
    }

    /// A value with its place. Its kind is kept, so that `interval = true` is told apart from
    /// `interval = "true"`.
    fn found(&self, value: &Spanned<DeValue<'_>>) -> Found {
        let place = self.place(&value.span());
        match value.get_ref() {
            DeValue::String(text) => Found::file_text(text, place),
            DeValue::Integer(number) if number.radix() == 10 => {
                Found::file_bare(number.as_str(), place)
            }
            DeValue::Boolean(yes) => Found::file_bare(if *yes { "true" } else { "false" }, place),
            DeValue::Array(items) => {
                let texts: Option<Vec<String>> =
                    items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
                match texts {
                    Some(texts) => Found::file_list(texts, place),
                    None => Found::file_other("an array with values that are not texts", place),
                }
            }
            DeValue::Table(_) => Found::file_other("a section", place),
            DeValue::Datetime(_) => Found::file_other("a date", place),
            DeValue::Float(_) => Found::file_other("a number with a fraction", place),
            DeValue::Integer(_) => Found::file_other("a number that is not decimal", place),
        }
    }

    fn unknown(&mut self, key: &Spanned<toml::de::DeString<'_>>, name: &str, section: &str) {
        if let Some(new) = keys::renamed(name) {
            let place = self.place(&key.span());
            let expected = match new.split_once('.') {
                Some((section, key)) => format!("{key} under [{section}]"),
                None => new.to_owned(),
            };
            self.problems.push(place.problem(format!("the key '{name}' has a new name"), expected));
            return;
        }
        let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
        let sections = keys::sections();
        let repeated: Vec<&str> = keys::entries().map(|entries| entries.name).collect();
        let written = key.get_ref();
        // First what stands in this section, then the same word elsewhere.
        let full = keys::nearest(
            name,
            keys::all().map(|known| known.name).chain(sections.iter().chain(&repeated).copied()),
        )
        .or_else(|| {
            let near = keys::nearest(written, keys::all().map(|known| last(known.name)))?;
            keys::all().map(|known| known.name).find(|known| last(known) == near)
        });
        let hint = full.map(|near| match near.split_once('.') {
            Some((inside, key)) if inside == section => key.to_owned(),
            Some((inside, key)) => format!("{key} under [{inside}]"),
            None if section.is_empty() => near.to_owned(),
            None => format!("{near} above the first section"),
        });
        let here: Vec<&str> = keys::all()
            .filter_map(|known| match known.name.split_once('.') {
                Some((inside, key)) => (inside == section).then_some(key),
                None => section.is_empty().then_some(known.name),
            })
            .collect();
        let mut here = here.join(", ");
        if section.is_empty() {
            let names: Vec<String> = sections
                .iter()
                .map(|name| format!("[{name}]"))
                .chain(repeated.iter().map(|name| format!("[[{name}]]")))
                .collect();
            if let Some((last, others)) = names.split_last() {
                here = format!("{here}; and the sections {} and {last}", others.join(", "));
            }
        }
        self.say_unknown(key, hint, &here);
    }

    fn say_unknown(
        &mut self,
        key: &Spanned<toml::de::DeString<'_>>,
        near: Option<String>,
        known: &str,
    ) {
        let short: String = key.get_ref().chars().take(60).collect();
        let place = self.place(&key.span());
        let expected = match near {
            Some(near) => format!("{near}, perhaps; the keys here are {known}"),
            None => format!("one of {known}"),
        };
        self.problems.push(
            place.problem(format!("the key '{}' is unknown", short.escape_debug()), expected),
        );
    }
}
