//! The umask: every file and directory that Calm Ops makes is its own user's alone, however it was
//! started, and whoever writes the next one need not think of it. Programs that it runs get the
//! umask that it was started with.

use std::{process::Command, sync::OnceLock};

use rustix::{fs::Mode, process::umask};

#[expect(unsafe_code, reason = "only what is safe between fork and exec is done there")]
mod child {
    use std::{os::unix::process::CommandExt as _, process::Command};

    use rustix::{fs::Mode, process::umask};

    pub(super) fn set(command: &mut Command, mode: Mode) {
        // SAFETY: one system call, which allocates nothing and takes no lock.
        unsafe {
            command.pre_exec(move || {
                umask(mode);
                Ok(())
            });
        }
    }
}

/// The umask that this program was started with, once it has a strict one.
static GIVEN: OnceLock<Mode> = OnceLock::new();

/// From now on what is made is for this user alone.
pub fn make_strict() {
    let given = umask(Mode::RWXG | Mode::RWXO);
    let _ = GIVEN.set(given);
}

/// Lets a command have the umask that this program was started with.
pub fn restore_for(command: &mut Command) {
    if let Some(given) = GIVEN.get() {
        child::set(command, *given);
    }
}
