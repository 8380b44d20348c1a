//! The contents of the program: the default documents.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../ops"]
#[include = "*.md"]
#[include = "protection/gate/*"]
struct Documents;

/// A built-in document by its path, such as `alerts/thresholds.md`.
pub fn document(name: &str) -> Option<Cow<'static, str>> {
    let file = Documents::get(name)?;
    match file.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The paths of all built-in documents.
pub fn document_names() -> impl Iterator<Item = Cow<'static, str>> {
    Documents::iter()
}

/// Writes all built-in documents to a new folder. A file that is there is an error, and stays as it is.
pub fn write_documents(dir: &Path) -> io::Result<()> {
    for name in document_names() {
        let Some(text) = document(&name) else { continue };
        let path = dir.join(&*name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::options().write(true).create_new(true).open(&path)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}
