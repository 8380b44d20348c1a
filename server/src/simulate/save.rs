//! The folder that the report of a run is saved in.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use domain::time::Timestamp;

/// A folder that was made for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder where none is named: `calm-ops-simulation-20261122T100000Z`.
    pub fn standard(at: Timestamp) -> PathBuf {
        let time = at.to_seconds_text().replace(['-', ':'], "");
        PathBuf::from(format!("calm-ops-simulation-{time}"))
    }

    /// Makes the folder. One that has the report of another run is refused.
    pub fn make(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(path).map_err(failed)?;
        if path.join("report.json").exists() {
            return Err(format!(
                "{} has the report of another run, expected a new or empty folder",
                path.display()
            ));
        }
        Ok(Self(path.to_owned()))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    }
}
