//! Files for proxies, which run as another user: readable by all, whatever the umask is.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Writes a partial file to the disk. Its folder is made if it is missing; the parent of that must
/// be there. The partial file is always a new one: a link that stands in its place is removed and
/// not followed.
pub fn write_partial(partial: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = partial.parent().filter(|folder| !folder.exists()) {
        DirBuilder::new().mode(0o755).create(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    if let Err(error) = fs::remove_file(partial)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(partial)?;
    file.set_permissions(fs::Permissions::from_mode(0o644))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in the folder of a file durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_the_place_of_the_partial_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, partial) = (folder.path().join("journal"), folder.path().join(".f.partial"));
        fs::write(&kept, "journal").unwrap();
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&kept, &partial).unwrap();
        write_partial(&partial, b"page").unwrap();
        assert_eq!(fs::read(&kept).unwrap(), b"journal");
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&partial).unwrap().is_file());
        // One that a crash left behind is in nobody's way.
        write_partial(&partial, b"next").unwrap();
        assert_eq!(fs::read(&partial).unwrap(), b"next");
    }
}
