//! Classes of requests.

use std::fmt;

use crate::{
    limits::path::{self, Case, NormalPath},
    pattern,
};

/// The place of a class in its document. It means nothing in another version of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(u8);

impl ClassId {
    /// From a place, counted from 0.
    pub(super) const fn new(place: u8) -> Self {
        Self(place)
    }

    /// The place, counted from 0: below the number of classes.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The kinds of classes, by whether somebody waits for the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClassKind {
    /// A person waits.
    Interactive,
    /// A program waits, and can try again later.
    Batch,
}

impl ClassKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Interactive, Self::Batch];

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Batch => "batch",
        }
    }
}

/// A class of requests that share a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its place in the document.
    pub id: ClassId,
    /// Its name, such as `uploads`.
    pub name: String,
    /// The kind, by whether somebody waits for the answers.
    pub kind: ClassKind,
    /// True if its requests pass in safe mode.
    pub is_critical: bool,
    /// The largest body that is let through, in bytes; `None` for any.
    pub largest_body: Option<u64>,
    /// Methods of its requests.
    pub methods: Methods,
    /// Paths of its requests; one of them has to fit.
    pub paths: Vec<PathPattern>,
}

impl Class {
    fn takes_path(&self, path: NormalPath<'_>) -> bool {
        self.paths.iter().any(|pattern| pattern.matches(path))
    }

    /// True if its paths are all paths.
    pub(super) fn takes_all_paths(&self) -> bool {
        self.paths.iter().any(PathPattern::is_everything)
    }
}

/// Methods of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Methods {
    /// All of them.
    Any,
    /// Those that are named, in upper case.
    Named(Vec<String>),
}

impl Methods {
    /// True if a method is among them; the case of its letters does not matter.
    pub fn contains(&self, method: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named(names) => names.iter().any(|name| name.eq_ignore_ascii_case(method)),
        }
    }

    /// True if all of `others` are among them.
    pub(super) fn include(&self, others: &Self) -> bool {
        match (self, others) {
            (Self::Any, _) => true,
            (Self::Named(_), Self::Any) => false,
            (Self::Named(_), Self::Named(others)) => others.iter().all(|name| self.contains(name)),
        }
    }
}

/// A pattern of paths in normal form: `*` stands for any run of characters, slashes too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(String);

impl PathPattern {
    /// Takes a pattern of visible ASCII characters; `None` if a path in normal form can't look so.
    pub(super) fn new(text: &str) -> Option<Self> {
        let is_fine = |b: u8| b.is_ascii_alphanumeric() || b"/*-._~:@!$+=".contains(&b);
        let inner = text.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(text);
        let names = inner.strip_prefix('/').unwrap_or(inner);
        let fits = inner.starts_with(['/', '*'])
            && inner.len() <= 200
            && inner.bytes().all(is_fine)
            && (names.is_empty() || names.split('/').all(|name| !matches!(name, "" | "." | "..")));
        fits.then(|| Self(inner.to_ascii_lowercase()))
    }

    /// The pattern, in lower case and without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_everything(&self) -> bool {
        matches!(self.0.as_str(), "*" | "/*")
    }

    fn matches(&self, path: NormalPath<'_>) -> bool {
        let text = if self.0.ends_with('*') { path.closed() } else { path.open() };
        self.is_everything() || pattern::matches(&self.0, text)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The class of one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classification<'a> {
    /// The class.
    pub class: &'a Class,
    /// True if the request passes in safe mode: its class does, and no way to understand its path
    /// leads to one that does not.
    pub is_critical: bool,
    /// True if somebody waits for its answer, or it passes in safe mode, whatever way its path is
    /// understood.
    pub is_interactive: bool,
}

/// The first class that fits one of the readings of the path. If the path is unreadable it is the
/// first class that takes the method: stricter classes come first in the document.
pub(super) fn classify<'a>(
    classes: &'a [Class],
    method: &str,
    uri: &str,
) -> Option<Classification<'a>> {
    let allowed = || classes.iter().filter(|class| class.methods.contains(method));
    let first = allowed().next()?;
    let mut found: Option<&Class> = None;
    let mut is_critical = true;
    let mut is_interactive = true;
    let waits = |class: &Class| class.is_critical || class.kind == ClassKind::Interactive;
    let read = path::path_of(uri).and_then(|sent| {
        path::each_reading(sent, Case::Folded, |path| {
            let class = allowed().find(|class| class.takes_path(path));
            is_critical &= class.is_some_and(|class| class.is_critical);
            is_interactive &= class.is_some_and(waits);
            found = [found, class].into_iter().flatten().min_by_key(|class| class.id);
        })
    });
    match read {
        Ok(()) => found.map(|class| Classification { class, is_critical, is_interactive }),
        Err(path::Unreadable) => Some(Classification {
            class: first,
            is_critical: allowed().all(|class| class.is_critical)
                && allowed().any(Class::takes_all_paths),
            is_interactive: allowed().all(waits) && allowed().any(Class::takes_all_paths),
        }),
    }
}
