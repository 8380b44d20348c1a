//! The user who runs it, and how one becomes that user.

use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use serde::Serialize;

use super::rule::{Refusal, Rule};

/// Becomes another user for a service that is not root. The owner of the host grants exactly the
/// vectors that may run.
pub const SUDO: &str = "/usr/bin/sudo";
/// Becomes another user for root.
pub(super) const SETPRIV: &str = "/usr/bin/setpriv";

/// A user of this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the first group.
    pub gid: u32,
    /// The home directory.
    pub home: PathBuf,
}

/// The ways in which a process becomes that user.
///
/// As root, `CommandExt::uid` would drop all further groups of the user (and `groups` is not
/// stable), so that one in `adm` could not read what `adm` may read: `setpriv --init-groups` sets
/// user, group and all further groups, and is on every Debian. It then replaces itself by the
/// program, so the process, its number and its group stay ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The user that Calm Ops runs as.
    Direct,
    /// Through `sudo -n -u USER --`.
    Sudo,
    /// Through `setpriv`, as root.
    Setpriv,
}

impl Way {
    /// The way from the user of this process.
    pub fn to(user: &User) -> Self {
        match geteuid().as_raw() {
            us if us == user.uid => Self::Direct,
            0 => Self::Setpriv,
            _ => Self::Sudo,
        }
    }
}

impl User {
    /// The user of that name, as `/etc/passwd` knows it. Accounts that only a directory service
    /// knows are not for running commands.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty()
            || name.len() > 32
            || name.starts_with(['-', '.'])
            || !name.chars().all(plain)
        {
            return Err(Refusal::new(
                Rule::KnownUser,
                format!("{name:?} is not a valid user name"),
            ));
        }
        Self::find(|user| user.name == name)
            .ok_or_else(|| Refusal::new(Rule::KnownUser, format!("this host has no user {name}")))
    }

    /// The user that Calm Ops runs as.
    pub fn ours() -> Result<Self, Refusal> {
        Self::numbered(geteuid().as_raw())
    }

    /// The user of that number.
    pub fn numbered(uid: u32) -> Result<Self, Refusal> {
        Self::find(|user| user.uid == uid).ok_or_else(|| {
            Refusal::new(Rule::KnownUser, format!("this host has no user with id {uid}"))
        })
    }

    fn find(fits: impl Fn(&Self) -> bool) -> Option<Self> {
        let all = std::fs::read_to_string("/etc/passwd").ok()?;
        all.lines().filter_map(Self::from_line).find(fits)
    }

    fn from_line(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = PathBuf::from(fields.nth(1)?);
        let home = if home.is_absolute() { home } else { Path::new("/").to_owned() };
        Some(Self { name, uid, gid, home })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_password_file_is_read() {
        let user = User::from_line("deploy:x:1001:1002:Deploy,,,:/home/deploy:/bin/bash").unwrap();
        assert_eq!(
            user,
            User { name: "deploy".into(), uid: 1001, gid: 1002, home: "/home/deploy".into() }
        );
        assert_eq!(User::from_line("broken:x:one:2::/:"), None);
        assert_eq!(User::from_line(""), None);
    }

    #[test]
    fn names_that_are_options_or_odd_are_refused() {
        for name in ["", "-u", "a b", "#0", "a:b", "../x", "no-such-user-here", "a\nb"] {
            assert_eq!(User::named(name).unwrap_err().rule, Rule::KnownUser, "{name:?}");
        }
        assert_eq!(User::named("root").unwrap().uid, 0);
    }
}
