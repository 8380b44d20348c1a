//! The file that is executed, and that nobody else could have put another one in its place.
//!
//! Every part of the path is looked at as it is followed, links included: each belongs to root or
//! to the user who will run the program, and nobody else may write to it. A directory such as
//! `/tmp`, where all may write, passes only where the sticky bit keeps others from replacing what
//! is in it; what is in it is then looked at in the same way. So between this look and the start
//! only root, or the user who could do the same without us, can exchange anything.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::rule::{Refusal, Rule};

/// Links that are followed at most, as the kernel does.
const MOST_LINKS: usize = 40;
/// A script that is executed by its hash is at most this large.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Checks that `program` is one that `user` (a number) may be made to run; if `root_only`, nobody
/// but root could change it.
pub(super) fn check(program: &Path, user: u32, root_only: bool) -> Result<(), Refusal> {
    let trusted = |owner: u32| owner == 0 || (!root_only && owner == user);
    let refuse = |rule, sentence: String| Err(Refusal::new(rule, sentence));
    let text = program.to_str().unwrap_or_default();
    let plain = text.starts_with('/')
        && !text.ends_with('/')
        && text[1..].split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !plain || domain::redact::clean(text) != text || text.len() > 4096 {
        return refuse(
            Rule::AbsolutePath,
            format!("{} is not a plain absolute path to a program", program.display()),
        );
    }
    // What is still to be followed, last part first.
    let mut ahead: Vec<OsString> = parts(program);
    let mut here = PathBuf::from("/");
    let mut links = 0;
    look(&here, &meta(&here)?, trusted)?;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            here.pop();
            continue;
        }
        let next = here.join(part);
        let meta = meta(&next)?;
        look(&next, &meta, trusted)?;
        if meta.file_type().is_symlink() {
            links += 1;
            let target = fs::read_link(&next).map_err(|error| missing(&next, &error))?;
            if links > MOST_LINKS {
                return refuse(
                    Rule::Exists,
                    format!("{} has too many symbolic links", program.display()),
                );
            }
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            ahead.extend(parts(&target));
            continue;
        }
        here = next;
        if ahead.is_empty() {
            if !meta.is_file() {
                return refuse(Rule::RegularFile, format!("{} is not a file", here.display()));
            }
            if meta.mode() & 0o111 == 0 {
                return refuse(Rule::Executable, format!("{} is not executable", here.display()));
            }
            return Ok(());
        }
    }
    refuse(Rule::RegularFile, format!("{} is not a file", program.display()))
}

fn parts(path: &Path) -> Vec<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    let mut parts: Vec<_> = path.components().filter_map(name).collect();
    parts.reverse();
    parts
}

fn meta(path: &Path) -> Result<Metadata, Refusal> {
    fs::symlink_metadata(path).map_err(|error| missing(path, &error))
}

fn missing(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(Rule::Exists, format!("{} can't be read: {error}", path.display()))
}

fn look(path: &Path, meta: &Metadata, trusted: impl Fn(u32) -> bool) -> Result<(), Refusal> {
    if !trusted(meta.uid()) {
        let sentence = format!(
            "{} belongs to user {}, which is neither root nor the user that runs it",
            path.display(),
            meta.uid()
        );
        return Err(Refusal::new(Rule::TrustedOwner, sentence));
    }
    // A link has no permissions of its own; what counts is its owner and its directory.
    if meta.file_type().is_symlink() {
        return Ok(());
    }
    let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0 && meta.uid() == 0;
    let by_group = meta.mode() & 0o020 != 0 && meta.gid() != 0;
    let by_all = meta.mode() & 0o002 != 0;
    if (by_group || by_all) && !sticky {
        let who = if by_all { "everybody" } else { "a group" };
        return Err(Refusal::new(
            Rule::NotWritableByOthers,
            format!("{} can be changed by {who}", path.display()),
        ));
    }
    Ok(())
}

/// Reads the program once and compares its hash.
pub(super) fn read_hashed(program: &Path, wanted: &[u8; 32]) -> Result<Vec<u8>, Refusal> {
    let file = File::open(program).map_err(|error| missing(program, &error))?;
    let mut content = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut content).map_err(|error| missing(program, &error))?;
    if content.len() as u64 > LARGEST {
        return Err(Refusal::new(
            Rule::Hash,
            format!("{} is larger than 16 MiB", program.display()),
        ));
    }
    if Sha256::digest(&content)[..] != wanted[..] {
        return Err(Refusal::new(
            Rule::Hash,
            format!(
                "{} is not the file that was allowed: its SHA-256 is different",
                program.display()
            ),
        ));
    }
    Ok(content)
}

/// Leaves what was hashed in a file that only we can write to.
pub(super) fn write_copy(copy: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o700).open(copy)?;
    file.write_all(content)?;
    file.set_permissions(fs::Permissions::from_mode(0o500))
}
