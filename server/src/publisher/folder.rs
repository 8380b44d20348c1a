//! The folder for static files.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

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
        if !self.path.exists() {
            DirBuilder::new().mode(0o755).create(&self.path)?;
            // Whatever the umask is.
            fs::set_permissions(&self.path, fs::Permissions::from_mode(0o755))?;
        }
        let partial = self.path.join(format!(".{name}.partial"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(&partial)?;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, self.path.join(name))?;
        File::open(&self.path)?.sync_all()
    }
}
