//! The folder for static files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::public_file::{sync_folder, write_partial};

/// The folder. Its files are readable by all, as a proxy runs as another user.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// At a path. It is made with the first file; its parent must be there.
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, durably: after a crash there is the former one or this one.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let partial = self.path.join(format!(".{name}.partial"));
        write_partial(&partial, bytes)?;
        fs::rename(&partial, self.path.join(name))?;
        sync_folder(&partial)
    }
}
