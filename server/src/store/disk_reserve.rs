//! A full disk stops the journal too, in the hour that it is needed most. So a file beside the
//! database keeps some room, and gives it back then: enough for what an incident writes until a
//! person has made room.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

/// The size that is kept.
const SIZE: u64 = 8 * 1024 * 1024;
/// The interval of looks at the disk. A write that failed is tried again after about as long.
const EVERY: Duration = Duration::from_secs(2);

/// The file that keeps room.
#[derive(Clone, Debug)]
pub struct Reserve {
    path: PathBuf,
    size: u64,
}

/// The outcomes of a look at the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Nothing was to be done.
    Fine,
    /// The disk is nearly full: the room was given back.
    GivenBack,
    /// There is plenty of room: some is kept again.
    Kept,
}

impl Reserve {
    /// The reserve in a data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self::sized(data_dir, SIZE)
    }

    /// The same, of another size. It is given back when less than an eighth of it is free, and made
    /// when eight times as much is.
    pub fn sized(data_dir: &Path, size: u64) -> Self {
        Self { path: data_dir.join("reserve"), size }
    }

    /// Looks at the disk once.
    pub fn look(&self) -> io::Result<Looked> {
        let disk = rustix::fs::statvfs(self.path.parent().unwrap_or(Path::new(".")))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        match fs::symlink_metadata(&self.path) {
            Ok(_) if free < self.size / 8 => {
                fs::remove_file(&self.path)?;
                Ok(Looked::GivenBack)
            }
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && free >= self.size.saturating_mul(8) =>
            {
                // What broke off in the middle keeps less room and takes some for nothing.
                self.make().inspect_err(|_| drop(fs::remove_file(&self.path)))?;
                Ok(Looked::Kept)
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Looked::Fine),
        }
    }

    /// Written out with what can't be made smaller: an empty file of this length would keep nothing,
    /// nor would zeros on a file system that compresses.
    fn make(&self) -> io::Result<()> {
        let mut file = File::options().write(true).create_new(true).open(&self.path)?;
        let mut noise = [0; 64 * 1024];
        let mut left = self.size;
        while left > 0 {
            let part = left.min(noise.len() as u64);
            getrandom::fill(&mut noise).map_err(io::Error::other)?;
            file.write_all(noise.get(..part as usize).unwrap_or(&noise))?;
            left -= part;
        }
        file.sync_all()
    }

    /// Looks again and again until `stop`.
    pub async fn keep(self, stop: CancellationToken) {
        let mut ticker = tokio::time::interval(EVERY);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failed = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticker.tick() => {}
            }
            let reserve = self.clone();
            let looked = tokio::task::spawn_blocking(move || reserve.look())
                .await
                .map_err(io::Error::other)
                .flatten();
            match &looked {
                Ok(Looked::GivenBack) => {
                    tracing::warn!(path = %self.path.display(), "the disk with the database is full; the reserve was released");
                }
                Err(error) if !failed => {
                    tracing::warn!(%error, path = %self.path.display(), "no reserve can be kept on the disk");
                }
                Ok(Looked::Fine | Looked::Kept) | Err(_) => {}
            }
            failed = looked.is_err();
        }
    }
}
