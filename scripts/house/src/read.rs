//! Reads the files of a crate, from the root along its `mod` declarations, without the code that is
//! only compiled for tests.

use std::{
    collections::BTreeMap,
    mem,
    path::{Path, PathBuf},
};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Attribute, Block, Item, ItemMod, ItemUse, Macro, Stmt, UseTree, Visibility,
    ext::IdentExt as _,
    visit::{self, Visit},
};

use crate::{
    attributes::{only_for_tests, path_attribute},
    tree::{Scope, Segments, Tree},
};

/// The texts of files by their path below a folder.
pub type Texts = BTreeMap<PathBuf, String>;

/// The parsed files of a crate by their path below `src`.
pub type Sources = BTreeMap<PathBuf, Source>;

/// A parsed file.
pub struct Source {
    /// Its text.
    pub text: String,
    /// Its syntax tree.
    pub code: syn::File,
}

/// Parses files.
pub fn parse(texts: Texts) -> Result<Sources, String> {
    let parsed = texts.into_iter().map(|(path, text)| {
        let code = syn::parse_file(&text)
            .map_err(|error| format!("{} could not be parsed: {error}", path.display()))?;
        Ok((path, Source { text, code }))
    });
    parsed.collect()
}

/// Reads a crate.
pub fn read(sources: &Sources) -> Result<Tree, String> {
    let root = ["lib.rs", "main.rs"].map(PathBuf::from);
    let root = root.into_iter().find(|root| sources.contains_key(root));
    let root = root.ok_or("there is neither lib.rs nor main.rs")?;
    let mut reader = Reader { sources, tree: Tree::default(), at: At::default(), failure: None };
    reader.load(root, PathBuf::new())?;
    Ok(reader.tree)
}

/// The place of the reader.
#[derive(Clone, Default)]
struct At {
    /// The scope that it reads.
    scope: usize,
    /// The folder with the files of the child modules.
    children: PathBuf,
    /// The folder from which `#[path]` starts.
    beside: PathBuf,
}

/// Walks through the code and notes what is declared and mentioned.
struct Reader<'a> {
    /// The parsed files.
    sources: &'a Sources,
    /// The tree as read until now.
    tree: Tree,
    /// The place.
    at: At,
    /// The first failure: a visitor can't return it.
    failure: Option<String>,
}

impl Reader<'_> {
    /// Reads a file as a module that has its own modules in the folder `children`. Returns its
    /// scope.
    fn load(&mut self, path: PathBuf, children: PathBuf) -> Result<usize, String> {
        let code = &self.sources[&path].code;
        let beside = folder_of(&path);
        let scope = self.add(false);
        self.tree.scopes[scope].file = self.file(path);
        self.within(At { scope, children, beside }, |reader| {
            if !only_for_tests(&code.attrs) {
                reader.visit_file(code);
            }
        });
        self.failure.take().map_or(Ok(scope), Err)
    }

    /// Returns a file's index. One file can be several modules.
    fn file(&mut self, path: PathBuf) -> usize {
        let files = &mut self.tree.files;
        files.iter().position(|file| *file == path).unwrap_or_else(|| {
            files.push(path);
            files.len() - 1
        })
    }

    /// Adds a scope inside this one, in the same file.
    fn add(&mut self, block: bool) -> usize {
        let around = self.tree.scopes.get(self.at.scope);
        let (file, parent) = around.map_or((0, None), |around| (around.file, Some(self.at.scope)));
        self.tree.scopes.push(Scope { file, parent, block, ..Scope::default() });
        self.tree.scopes.len() - 1
    }

    /// Reads at another place, and comes back. Returns the scope that was read.
    fn within(&mut self, at: At, read: impl FnOnce(&mut Self)) -> usize {
        let before = mem::replace(&mut self.at, at);
        read(self);
        mem::replace(&mut self.at, before).scope
    }

    /// The scope that is read.
    fn here(&mut self) -> &mut Scope {
        &mut self.tree.scopes[self.at.scope]
    }

    /// Reads the file of a `mod name;`. Returns its scope.
    fn outside(&mut self, name: &str, attributes: &[Attribute]) -> Result<usize, String> {
        let own = self.at.children.join(name);
        let (paths, children) = if let Some(path) = path_attribute(attributes) {
            let path = self.at.beside.join(path);
            let children = folder_of(&path);
            (vec![path], children)
        } else {
            (vec![own.with_extension("rs"), own.join("mod.rs")], own)
        };
        if let Some(path) = paths.into_iter().find(|path| self.sources.contains_key(path)) {
            return self.load(path, children);
        }
        let file = self.here().file;
        let file = self.tree.files[file].display();
        Err(format!("{file} declares the module {name}, but there is no file for it"))
    }

    /// Notes that a path is mentioned.
    fn mention(&mut self, path: Segments) {
        if !path.is_empty() {
            self.here().mentions.insert(path);
        }
    }

    /// Notes what a `use` brings in, and, unless it is a re-export, that it is mentioned.
    fn bring_in(&mut self, tree: &UseTree, mut path: Segments, exported: bool) {
        let (name, alias) = match tree {
            UseTree::Path(tree) => {
                path.push(plain(&tree.ident));
                return self.bring_in(&tree.tree, path, exported);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.bring_in(tree, path.clone(), exported);
                }
                return;
            }
            UseTree::Glob(_) => {
                if !exported {
                    self.mention(path.clone());
                }
                return self.here().globs.push(path);
            }
            UseTree::Name(tree) => (plain(&tree.ident), None),
            UseTree::Rename(tree) => (plain(&tree.ident), Some(plain(&tree.rename))),
        };
        if name != "self" || path.is_empty() {
            path.push(name);
        }
        if !exported {
            self.mention(path.clone());
        }
        if let Some(name) = alias.or_else(|| path.last().cloned()) {
            self.here().aliases.entry(name).or_default().push(path);
        }
    }

    /// Notes every path that stands in the tokens of a macro.
    fn scan(&mut self, tokens: TokenStream) {
        let (mut path, mut marks) = (Segments::new(), String::new());
        for token in tokens {
            if let TokenTree::Punct(mark) = &token {
                marks.push(mark.as_char());
                continue;
            }
            let marks = mem::take(&mut marks);
            if marks != "::" {
                self.mention(mem::take(&mut path));
            }
            match token {
                TokenTree::Ident(name) if continues(&path, &marks) || begins(&marks) => {
                    path.push(plain(&name));
                }
                TokenTree::Group(group) => self.scan(group.stream()),
                _ => {}
            }
        }
        self.mention(path);
    }
}

/// Generates visits of nodes that are left out when they are only for tests.
macro_rules! outside_tests {
    ($($visit:ident: $node:ident),+ $(,)?) => { $(
        fn $visit(&mut self, node: &'ast syn::$node) {
            if !only_for_tests(&node.attrs) {
                visit::$visit(self, node);
            }
        }
    )+ };
}

impl<'ast> Visit<'ast> for Reader<'_> {
    outside_tests! {
        visit_arm: Arm,
        visit_field: Field,
        visit_field_value: FieldValue,
        visit_impl_item_const: ImplItemConst,
        visit_impl_item_fn: ImplItemFn,
        visit_impl_item_type: ImplItemType,
        visit_local: Local,
        visit_stmt_macro: StmtMacro,
        visit_trait_item_fn: TraitItemFn,
        visit_variant: Variant,
    }

    /// Notes what an item defines, and reads it.
    fn visit_item(&mut self, item: &'ast Item) {
        let (name, attributes) = head(item);
        if only_for_tests(attributes) {
            return;
        }
        if let Some(name) = name {
            self.here().items.insert(plain(name));
        }
        visit::visit_item(self, item);
    }

    /// Reads a module, inline or from its file.
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = plain(&item.ident);
        let scope = if let Some((_, items)) = &item.content {
            let folder = self.at.children.join(&name);
            let at = At { scope: self.add(false), children: folder.clone(), beside: folder };
            Ok(self.within(at, |reader| items.iter().for_each(|item| reader.visit_item(item))))
        } else {
            self.outside(&name, &item.attrs)
        };
        match scope {
            Ok(scope) => self.here().modules.entry(name).or_default().push(scope),
            Err(failure) => {
                self.failure.get_or_insert(failure);
            }
        }
    }

    /// Notes what is brought in; a path that begins with `::` is another crate's.
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            let exported = !matches!(item.vis, Visibility::Inherited);
            self.bring_in(&item.tree, Segments::new(), exported);
        }
    }

    /// Reads a block, as a scope when it declares something.
    fn visit_block(&mut self, block: &'ast Block) {
        if block.stmts.iter().any(|stmt| matches!(stmt, Stmt::Item(_))) {
            let at = At { scope: self.add(true), ..self.at.clone() };
            self.within(at, |reader| visit::visit_block(reader, block));
        } else {
            visit::visit_block(self, block);
        }
    }

    /// Notes a path.
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.mention(path.segments.iter().map(|segment| plain(&segment.ident)).collect());
        }
        visit::visit_path(self, path);
    }

    /// Notes a macro's name, and the paths in its tokens.
    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.scan(call.tokens.clone());
    }

    /// Attributes are left out.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// Returns the name that an item defines, and its attributes.
pub fn head(item: &Item) -> (Option<&Ident>, &[Attribute]) {
    match item {
        Item::Const(item) => (Some(&item.ident), &item.attrs),
        Item::Enum(item) => (Some(&item.ident), &item.attrs),
        Item::Fn(item) => (Some(&item.sig.ident), &item.attrs),
        Item::Macro(item) => (item.ident.as_ref(), &item.attrs),
        Item::Static(item) => (Some(&item.ident), &item.attrs),
        Item::Struct(item) => (Some(&item.ident), &item.attrs),
        Item::Trait(item) => (Some(&item.ident), &item.attrs),
        Item::Type(item) => (Some(&item.ident), &item.attrs),
        Item::Union(item) => (Some(&item.ident), &item.attrs),
        Item::Impl(item) => (None, &item.attrs),
        Item::Mod(item) => (None, &item.attrs),
        Item::Use(item) => (None, &item.attrs),
        _ => (None, &[]),
    }
}

/// True if a path goes on after these punctuation marks.
fn continues(path: &[String], marks: &str) -> bool {
    !path.is_empty() && marks == "::"
}

/// True if a path can begin after these punctuation marks: not a field or method, a lifetime, a
/// variable of a macro, or a name of another crate.
fn begins(marks: &str) -> bool {
    let field = marks.ends_with('.') && !marks.ends_with("..");
    !field && !marks.ends_with(['$', '\'']) && !marks.ends_with("::")
}

/// Returns a name without the mark of a raw one.
fn plain(name: &Ident) -> String {
    name.unraw().to_string()
}

/// Returns the folder of a file.
fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
