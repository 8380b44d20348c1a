//! The link by which the first owner comes in, in a file of the data directory: where the start's
//! output goes to a log that others read, it says only where the file is.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::People;

/// The interval of looks whether the link has ended.
const LOOK: Duration = Duration::from_secs(1);

/// The file in a data directory.
pub fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("owner-link")
}

/// Writes the link for this user alone. What is there under this name is taken away, and never
/// written to.
pub fn write(file: &Path, link: &str) -> io::Result<()> {
    remove(file)?;
    let mut out = File::options().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(out, "{link}")
}

/// Removes the file, if it is there.
pub fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

impl People {
    /// Removes the file as soon as the link in it has ended: it was used, another one was made, its
    /// day is over, or Calm Ops stops, whose next start makes another one.
    pub async fn remove_ended_link(
        self: Arc<Self>,
        secret: String,
        file: PathBuf,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            // While the database is away nothing is known.
            if let Ok(None) = self.invited(&secret).await {
                break;
            }
        }
        if let Err(error) = remove(&file) {
            tracing::warn!(%error, file = %file.display(), "the file with an expired owner link can't be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn the_file_is_for_its_user_alone_and_what_is_in_the_way_is_not_written_to() {
        let place = tempfile::tempdir().unwrap();
        let (link, other) = (file(place.path()), place.path().join("other"));
        fs::write(&other, "mine").unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o666)).unwrap();
        symlink(&other, &link).unwrap();
        write(&link, "http://localhost:3000/join/1").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
        assert_eq!(fs::symlink_metadata(&link).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_to_string(&link).unwrap(), "http://localhost:3000/join/1\n");
        remove(&link).unwrap();
        remove(&link).unwrap();
        assert!(!link.exists());
    }
}
