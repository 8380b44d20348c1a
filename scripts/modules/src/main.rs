//! Checks that no crate has a cycle among its files: `modules DIR...`, each the `src` of a crate.
//!
//! A file depends on another when it mentions something that is defined there. Code that is only
//! compiled for tests does not count. The exit code is 1 when there is a cycle, and 2 when a crate
//! could not be read.

mod attributes;
mod graph;
#[cfg(test)]
mod messages;
mod read;
mod resolve;
#[cfg(test)]
mod tests;
mod tree;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use graph::Cycles;
use read::Sources;

/// Checks the crates whose folders are the arguments.
fn main() -> ExitCode {
    let mut clean = true;
    for dir in env::args_os().skip(1).map(PathBuf::from) {
        match check_folder(&dir) {
            Ok(Cycles(cycles)) if cycles.is_empty() => {}
            Ok(cycles) => {
                print!("{}:\n{cycles}", dir.display());
                clean = false;
            }
            Err(error) => {
                eprintln!("{}: {error}", dir.display());
                return ExitCode::from(2);
            }
        }
    }
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Finds the cycles of the crate in a folder.
fn check_folder(dir: &Path) -> Result<Cycles, String> {
    let mut sources = Sources::new();
    collect(dir, Path::new(""), &mut sources).map_err(|error| error.to_string())?;
    check(&sources)
}

/// Finds the cycles of one crate.
fn check(sources: &Sources) -> Result<Cycles, String> {
    let tree = read::read(sources)?;
    Ok(Cycles::new(&tree, &resolve::ties(&tree)))
}

/// Reads every Rust file below a folder; `below` is the way to it from `root`.
fn collect(root: &Path, below: &Path, sources: &mut Sources) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let (path, file) = (entry.path(), below.join(entry.file_name()));
        if path.is_dir() {
            collect(root, &file, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.insert(file, fs::read_to_string(path)?);
        }
    }
    Ok(())
}
