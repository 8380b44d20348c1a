//! A crate as it was read: its files and its modules, with what each declares and mentions.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

/// The segments of a path, such as `crate`, `words`, `Unit`.
pub type Segments = Vec<String>;

/// Everything that was read of a crate.
#[derive(Debug, Default)]
pub struct Tree {
    /// The files that are part of the program, by their path below `src`, the root first.
    pub files: Vec<PathBuf>,
    /// The modules and blocks, the root first.
    pub scopes: Vec<Scope>,
}

/// A module, or a block of code that declares something of its own.
#[derive(Debug, Default)]
pub struct Scope {
    /// The file in which it stands.
    pub file: usize,
    /// The scope around it; the root has none.
    pub parent: Option<usize>,
    /// True if it is a block: then it sees also the names around it.
    pub block: bool,
    /// The child modules; several of one name when they are for different platforms or features.
    pub modules: HashMap<String, Vec<usize>>,
    /// The names of what is defined in it.
    pub items: HashSet<String>,
    /// The names that `use` brings in, with the paths for which they stand.
    pub aliases: HashMap<String, Vec<Segments>>,
    /// The paths of which `use` brings in everything.
    pub globs: Vec<Segments>,
    /// The paths that are mentioned, apart from re-exports.
    pub mentions: HashSet<Segments>,
}

impl Tree {
    /// Returns the scope around a block; a module does not see what is around it.
    pub fn around_block(&self, scope: usize) -> Option<usize> {
        let scope = &self.scopes[scope];
        scope.parent.filter(|_| scope.block)
    }

    /// Returns the module that a scope is, or in which it is a block.
    pub fn module_of(&self, scope: usize) -> usize {
        self.around_block(scope).map_or(scope, |around| self.module_of(around))
    }

    /// Returns the module around a module.
    pub fn above(&self, module: usize) -> Option<usize> {
        self.scopes[module].parent.map(|parent| self.module_of(parent))
    }
}
