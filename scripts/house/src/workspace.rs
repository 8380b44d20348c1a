//! Finds the crates of the workspace and their Rust files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::read::Texts;

/// Folders without code of the workspace.
const OTHERS: [&str; 2] = ["target", "node_modules"];

/// A crate as it lies in its folder.
pub struct Crate {
    /// Its folder below the root, such as `ops/domain`.
    pub folder: String,
    /// The files of the program or library, by their path below `src`.
    pub src: Texts,
    /// The other files, such as tests and examples, by their path below the folder.
    pub others: Texts,
}

/// Finds every crate below a folder.
pub fn crates(root: &Path) -> io::Result<Vec<Crate>> {
    let mut found = Vec::new();
    find(root, Path::new(""), &mut found)?;
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(found)
}

/// Reads every Rust file below a folder, but for those of crates inside of it.
pub fn texts(folder: &Path) -> io::Result<Texts> {
    let mut texts = Texts::new();
    read(folder, Path::new(""), &mut texts)?;
    Ok(texts)
}

/// Finds the crates in a folder; `below` is the way to it from `root`.
fn find(root: &Path, below: &Path, found: &mut Vec<Crate>) -> io::Result<()> {
    let folder = root.join(below);
    if folder.join("src").is_dir() && folder.join("Cargo.toml").is_file() {
        found.push(read_crate(&folder, below)?);
    }
    for inside in folders(&folder)? {
        find(root, &below.join(inside), found)?;
    }
    Ok(())
}

/// Reads the files of the crate in a folder.
fn read_crate(folder: &Path, below: &Path) -> io::Result<Crate> {
    let mut others = texts(folder)?;
    let mut src = Texts::new();
    others.retain(|path, text| match path.strip_prefix("src") {
        Ok(path) => {
            src.insert(path.to_owned(), std::mem::take(text));
            false
        }
        Err(_) => true,
    });
    Ok(Crate { folder: below.to_string_lossy().into_owned(), src, others })
}

/// Reads the Rust files of a folder; `below` is the way to it from `root`.
fn read(root: &Path, below: &Path, texts: &mut Texts) -> io::Result<()> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if let Some(name) = path.file_name()
            && path.extension().is_some_and(|extension| extension == "rs")
        {
            texts.insert(below.join(name), fs::read_to_string(&path)?);
        }
    }
    for inside in folders(&folder)? {
        if !folder.join(&inside).join("Cargo.toml").exists() {
            read(root, &below.join(inside), texts)?;
        }
    }
    Ok(())
}

/// The folders in a folder that can hold code of the workspace.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() && !is_hidden && OTHERS.iter().all(|other| name != *other) {
            folders.push(PathBuf::from(name));
        }
    }
    Ok(folders)
}
