//! `calm-ops init DIR`: the built-in documents as files, to change them.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::outcome::Outcome;
use crate::{config, embedded};

pub(super) fn init(dir: &Path, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let documents = embedded::document_names()
        .filter_map(|name| embedded::document(&name).map(|text| (PathBuf::from(&*name), text)));
    let example = (PathBuf::from("calm-ops.example.toml"), config::EXAMPLE.into());
    let mut files: Vec<_> = documents.chain([example]).collect();
    files.sort();

    let (mut written, mut kept) = (0, Vec::new());
    for (name, text) in files {
        match write_new(&dir.join(&name), text.as_bytes()) {
            Ok(()) => {
                let _ = writeln!(out, "  wrote {}", name.display());
                written += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => kept.push(name),
            Err(error) => {
                let _ = writeln!(
                    err,
                    "{} can't be written: {error}. Choose a folder that you can write to.",
                    dir.join(name).display()
                );
                return Outcome::Failed;
            }
        }
    }
    for name in &kept {
        let _ = writeln!(out, "  kept  {} (it already exists)", name.display());
    }
    let shown = dir.display();
    let _ = writeln!(
        out,
        "{written} written, {} kept in {shown}. Edit them, then run: calm-ops check --ops-dir {shown}",
        kept.len()
    );
    Outcome::Fine
}

/// Writes a file that must not exist yet; all of it or nothing.
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content).and_then(|()| file.sync_all()).inspect_err(|_| {
        // Half a document would be read as a whole one.
        let _ = fs::remove_file(path);
    })
}
