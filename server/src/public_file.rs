//! Files for proxies, which run as another user: readable by all, whatever the umask is.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Writes a partial file to the disk. Its folder is made if it is missing; the parent of that must
/// be there.
pub fn write_partial(partial: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = partial.parent().filter(|folder| !folder.exists()) {
        DirBuilder::new().mode(0o755).create(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(partial)?;
    file.set_permissions(fs::Permissions::from_mode(0o644))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in the folder of a file durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
