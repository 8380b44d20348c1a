//! The place where the start prints the link of the first owner. Whoever reads it owns Calm Ops, so
//! it goes where only the person who started it reads: a terminal, a file of theirs, or a pipe to
//! the program that started it, which has the same rights, unless that is a service manager. What
//! else standard output may be (a pipe to another program, a socket to the journal, what Docker or
//! PM2 read) ends in a log. A file in the data directory holds the link wherever it is not a
//! terminal.

use std::{
    fmt, fs,
    io::{IsTerminal as _, Write},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::{
    fs::{FileType, Mode, Stat, fchmod, fstat},
    process::geteuid,
};

use crate::people::owner_link;

/// The destination of a link that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// To whoever started this, alone.
    Private,
    /// Into a file of this user that others may read.
    WideFile,
    /// To others, as far as is known.
    Others,
}

impl Output {
    fn of(is_terminal: bool, stat: &Stat, user: u32) -> Self {
        let is_own_file =
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_uid == user;
        match (is_terminal, is_own_file) {
            (true, _) => Self::Private,
            (false, true) if stat.st_mode & 0o077 == 0 => Self::Private,
            (false, true) => Self::WideFile,
            (false, false) => Self::Others,
        }
    }

    fn here() -> Self {
        let stdout = std::io::stdout();
        let found = fstat(&stdout)
            .map_or(Self::Others, |stat| Self::of(stdout.is_terminal(), &stat, geteuid().as_raw()));
        let is_managed = MANAGERS.iter().any(|name| std::env::var_os(name).is_some());
        let is_private = found == Self::Others && !is_managed && is_read_by_starter();
        if is_private { Self::Private } else { found }
    }
}

/// Variables that service managers give to what they start and whose output they write to a log:
/// systemd, PM2, supervisord, containers, Kubernetes, Nomad.
const MANAGERS: [&str; 7] = [
    "JOURNAL_STREAM",
    "INVOCATION_ID",
    "pm_id",
    "SUPERVISOR_ENABLED",
    "container",
    "KUBERNETES_SERVICE_HOST",
    "NOMAD_ALLOC_ID",
];

/// So many programs may stand between this one and whoever reads what it says, such as a shell.
const MOST_BETWEEN: usize = 8;

/// True if standard output is a pipe that a program which started this, itself or by others, reads.
/// Where such a program can't be looked at, as one of another user or outside of a container, it is
/// not known.
fn is_read_by_starter() -> bool {
    let Ok(pipe) = fs::read_link("/proc/self/fd/1") else { return false };
    let starters = std::iter::successors(parent("self"), |pid| parent(pid)).take(MOST_BETWEEN);
    pipe.to_string_lossy().starts_with("pipe:")
        && starters.into_iter().any(|pid| reads(&pid, &pipe))
}

/// The process that started another one, as the kernel tells it.
fn parent(pid: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim();
    (parent != "0").then(|| parent.to_owned())
}

/// True if a process has a pipe open for reading: the mode of the link to it says so.
fn reads(pid: &str, pipe: &Path) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    open.flatten().map(|one| one.path()).any(|one| {
        fs::read_link(&one).is_ok_and(|to| to == pipe)
            && fs::symlink_metadata(&one).is_ok_and(|link| link.mode() & 0o400 != 0)
    })
}

/// True if what is printed stays with this user. A file of theirs that others may read is taken
/// from those, and that is said.
fn stays_here(err: &mut dyn Write) -> bool {
    match Output::here() {
        Output::Private => true,
        Output::WideFile => match fchmod(std::io::stdout(), Mode::RUSR | Mode::WUSR) {
            Ok(()) => {
                let _ = writeln!(
                    err,
                    "The output file contains the owner link, so it was made readable only for you (mode 600)."
                );
                true
            }
            Err(_) => false,
        },
        Output::Others => false,
    }
}

/// Says by which link the first owner comes in, or in which file it is.
pub(super) fn tell(
    data_dir: &Path,
    link: impl fmt::Display,
    out: &mut dyn Write,
    err: &mut dyn Write,
) {
    let stays_here = stays_here(err);
    let file = owner_link::file(data_dir);
    let file = std::path::absolute(&file).unwrap_or(file);
    let written = if std::io::stdout().is_terminal() {
        Ok(())
    } else {
        owner_link::write(&file, &link.to_string())
    };
    let _ = match written {
        _ if stays_here => writeln!(
            out,
            "This Calm Ops has no owner yet. Open this link to become the owner. It works once and expires in a day:\n{link}"
        ),
        Ok(()) => writeln!(
            out,
            "This Calm Ops has no owner yet. The link to become the owner is in a file that only this user can read. It works once and expires in a day:\ncat '{}'",
            file.display()
        ),
        Err(error) => writeln!(
            err,
            "The owner link can't be written to {}: {error}. 'calm-ops owner-link' prints one.",
            file.display()
        ),
    };
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn only_a_terminal_and_ones_own_file_keep_a_link_to_themselves() {
        let place = tempfile::tempdir().unwrap();
        let file = File::create(place.path().join("out")).unwrap();
        let (us, somebody) = (geteuid().as_raw(), geteuid().as_raw() + 1);
        let mode = |mode| file.set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o600);
        let of = |user| Output::of(false, &fstat(&file).unwrap(), user);
        assert_eq!((of(us), of(somebody)), (Output::Private, Output::Others));
        for wide in [0o644, 0o640, 0o602, 0o610] {
            mode(wide);
            assert_eq!(of(us), Output::WideFile, "{wide:o}");
        }
        let (pipe, _) = rustix::pipe::pipe().unwrap();
        let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
        let nothing = File::open("/dev/null").unwrap();
        for stat in [fstat(&pipe), fstat(&socket), fstat(&nothing)].map(Result::unwrap) {
            assert_eq!(Output::of(false, &stat, us), Output::Others);
            assert_eq!(Output::of(true, &stat, us), Output::Private);
        }
    }
}
