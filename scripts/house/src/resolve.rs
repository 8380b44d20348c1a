//! Finds which file defines what a path names, through the names that `use` brings in.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    iter,
};

use crate::tree::Tree;

/// The names that tie one file to another, by the indices of both.
pub type Ties = BTreeMap<(usize, usize), BTreeSet<String>>;

/// Returns what ties the files of a crate to each other.
pub fn ties(tree: &Tree) -> Ties {
    let mut ties = Ties::new();
    for (scope, here) in tree.scopes.iter().enumerate() {
        for mention in &here.mentions {
            for place in (Search { tree, seen: HashSet::new() }).path(scope, mention) {
                if let Place::Item { file, name } = place
                    && file != here.file
                {
                    ties.entry((here.file, file)).or_default().insert(name);
                }
            }
        }
    }
    ties
}

/// The end of a path.
enum Place {
    /// A module.
    Module(usize),
    /// Something that a file defines.
    Item {
        /// The file.
        file: usize,
        /// Its name there.
        name: String,
    },
}

/// The search for what one path names.
struct Search<'a> {
    /// The crate.
    tree: &'a Tree,
    /// The names that were followed, with their scopes: two `use` can lead to each other.
    seen: HashSet<(usize, String)>,
}

impl Search<'_> {
    /// Follows a path as it stands in a scope. Returns nothing when it leads out of the crate.
    fn path(&mut self, scope: usize, path: &[String]) -> Vec<Place> {
        let tree = self.tree;
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        match first.as_str() {
            "crate" => self.inside(0, rest),
            "self" => self.inside(tree.module_of(scope), rest),
            "super" => {
                let above = tree.above(tree.module_of(scope));
                above.map(|above| self.inside(above, rest)).unwrap_or_default()
            }
            _ => {
                let mut around = iter::successors(Some(scope), |scope| tree.around_block(*scope));
                around.find_map(|scope| self.name(scope, path)).unwrap_or_default()
            }
        }
    }

    /// Follows the rest of a path into a module. What is not found is taken for something that a
    /// macro defines there.
    fn inside(&mut self, module: usize, path: &[String]) -> Vec<Place> {
        match path.first().map(String::as_str) {
            None => vec![Place::Module(module)],
            Some("self" | "super") => self.path(module, path),
            Some(name) => self.name(module, path).unwrap_or_else(|| vec![self.item(module, name)]),
        }
    }

    /// Follows a path that begins with a name of this scope. Returns `None` when it has no such
    /// name.
    fn name(&mut self, scope: usize, path: &[String]) -> Option<Vec<Place>> {
        let (first, rest) = path.split_first()?;
        let here = &self.tree.scopes[scope];
        let new = self.seen.insert((scope, first.clone()));
        let item = here.items.contains(first).then(|| vec![self.item(scope, first)]);
        // A function can have the name of a module, and then only the module has something inside.
        let found = if rest.is_empty() {
            item.or_else(|| self.alias(scope, path, new)).or_else(|| self.module(scope, path))
        } else {
            self.module(scope, path).or_else(|| self.alias(scope, path, new)).or(item)
        };
        let mut globs = here.globs.iter().filter(|_| new);
        found.or_else(|| globs.find_map(|glob| self.through(scope, glob, path)))
    }

    /// Follows a path that begins with a child module.
    fn module(&mut self, scope: usize, path: &[String]) -> Option<Vec<Place>> {
        let (first, rest) = path.split_first()?;
        let modules = self.tree.scopes[scope].modules.get(first)?;
        Some(modules.iter().flat_map(|module| self.inside(*module, rest)).collect())
    }

    /// Follows a path that begins with a name that `use` brings in, if it is new to the search.
    fn alias(&mut self, scope: usize, path: &[String], new: bool) -> Option<Vec<Place>> {
        let (first, rest) = path.split_first()?;
        let aliases = self.tree.scopes[scope].aliases.get(first).filter(|_| new)?;
        let whole = aliases.iter().map(|alias| [alias, rest].concat());
        Some(whole.flat_map(|path| self.path(scope, &path)).collect())
    }

    /// Follows a path through a `use` that brings in everything.
    fn through(&mut self, scope: usize, glob: &[String], path: &[String]) -> Option<Vec<Place>> {
        let sources = self.path(scope, glob);
        sources.into_iter().find_map(|source| match source {
            Place::Module(module) => self.name(module, path),
            Place::Item { .. } => None,
        })
    }

    /// The place of something that is defined in a scope.
    fn item(&self, scope: usize, name: &str) -> Place {
        Place::Item { file: self.tree.scopes[scope].file, name: name.to_owned() }
    }
}
