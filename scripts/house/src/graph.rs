//! Finds the cycles among the files of a crate, and says what ties them.

use std::{collections::BTreeSet, fmt};

use crate::{resolve::Ties, tree::Tree};

/// Cycles of a crate: in each, every file depends on every other, directly or through others.
#[derive(Debug)]
pub struct Cycles(pub Vec<Cycle>);

/// One cycle: what ties its files, a line for each pair: `a.rs -> b.rs: Name, other`.
pub type Cycle = Vec<String>;

impl Cycles {
    /// Finds the cycles of a crate.
    pub fn new(tree: &Tree, ties: &Ties) -> Self {
        let reached: Vec<_> = (0..tree.files.len()).map(|file| reached_from(file, ties)).collect();
        let mutual = |file: usize| {
            let mut group = reached[file].clone();
            group.retain(|other| reached[*other].contains(&file));
            group
        };
        // The first file of a cycle stands for all of them.
        let groups = (0..tree.files.len())
            .filter_map(|file| Some(mutual(file)).filter(|group| group.first() == Some(&file)));
        Self(groups.map(|group| cycle(tree, ties, &group)).collect())
    }
}

/// Returns how many files are in a cycle: those that depend on themselves.
pub fn in_cycles(tree: &Tree, ties: &Ties) -> usize {
    (0..tree.files.len()).filter(|file| reached_from(*file, ties).contains(file)).count()
}

impl fmt::Display for Cycles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cycle in &self.0 {
            writeln!(f, "  These depend on each other:\n    {}", cycle.join("\n    "))?;
        }
        Ok(())
    }
}

/// Every file on which one depends, directly or through others.
pub fn reached_from(file: usize, ties: &Ties) -> BTreeSet<usize> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![file]);
    while let Some(file) = next.pop() {
        let tied = ties.range((file, 0)..=(file, usize::MAX)).map(|((_, to), _)| *to);
        next.extend(tied.filter(|to| reached.insert(*to)));
    }
    reached
}

/// Describes the cycle of these files.
fn cycle(tree: &Tree, ties: &Ties, files: &BTreeSet<usize>) -> Cycle {
    let path = |file: &usize| tree.files[*file].display();
    let inside = ties.iter().filter(|((from, to), _)| files.contains(from) && files.contains(to));
    let lines = inside.map(|((from, to), names)| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        format!("{} -> {}: {}", path(from), path(to), names.join(", "))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines
}
