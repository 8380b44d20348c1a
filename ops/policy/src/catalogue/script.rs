//! Names that only the host's own configuration can give: a team's own script, and a PM2 that is in
//! nobody else's place.

use std::str::FromStr;

use serde::Serialize;

use crate::{
    catalogue::violation::{Refused, Rule, refused, shown},
    markdown_table::is_command_id,
};

/// A script that the host's configuration lists, with the hash that it must have when it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnScript {
    name: String,
    path: String,
    sha256: String,
}

impl OwnScript {
    /// Checks the name (lower-case words joined by `-`), the path (absolute, plain) and the hash
    /// (64 hexadecimal digits).
    pub fn new(name: &str, path: &str, sha256: &str) -> Result<Self, Refused> {
        if !is_command_id(name) {
            return Err(refused(
                Rule::Script,
                shown(name),
                "a name of lower-case words joined by '-', such as 'clear-cache'",
            ));
        }
        if !is_plain(path, |part| !part.starts_with('.')) {
            return Err(refused(
                Rule::Script,
                shown(path),
                "an absolute path of plain letters, such as '/opt/team/clear-cache'",
            ));
        }
        let hash = sha256.len() == 64
            && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !hash {
            return Err(refused(
                Rule::Script,
                shown(sha256),
                "the SHA-256 of the script, 64 lower-case hexadecimal digits",
            ));
        }
        Ok(Self { name: name.to_owned(), path: path.to_owned(), sha256: sha256.to_owned() })
    }

    /// The name that the catalogue uses: `script:NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The SHA-256 that its bytes must have.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// True if a path is absolute and of plain letters, and each of its parts fits.
fn is_plain(path: &str, fits: impl Fn(&str) -> bool) -> bool {
    let segment = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && fits(part)
    };
    path.len() <= 200 && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment))
}

/// The path of PM2 on a host that has it in none of the usual places, as with `nvm`: an absolute,
/// plain path that ends in `/pm2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPm2(String);

impl OwnPm2 {
    /// The path itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OwnPm2 {
    type Err = Refused;

    fn from_str(path: &str) -> Result<Self, Refused> {
        // A folder may be hidden, as `.nvm` is.
        if is_plain(path, |part| !matches!(part, "." | "..")) && path.ends_with("/pm2") {
            return Ok(Self(path.to_owned()));
        }
        Err(refused(
            Rule::Absent,
            shown(path),
            "an absolute path of plain letters to pm2, such as '/home/deploy/.nvm/versions/node/v24.1.0/bin/pm2'",
        ))
    }
}
