//! What a program printed, made safe to show: no secrets, no terminal tricks.
//!
//! It knows shapes, not values: a secret that has no name beside it and no form that gives it away
//! stays. Where it cannot tell, a name such as `password` before the value is enough to remove the
//! value; ordinary sentences, hashes of commits and addresses stay readable. Work per line is
//! linear in its length, whatever stands in it.
//!
//! Libraries were looked at (`rtb-redact`, `rlg-redact`): they leave JSON and YAML as they are,
//! remove every long hexadecimal word, or remove people's addresses as well. What a reader at night
//! needs is the line, without the secret.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex, RegexSet};

mod clean;
mod named;
mod replace;

pub use crate::redact::{clean::clean, replace::MARK};

use crate::redact::replace::{pattern, step};

/// Lines after `BEGIN ... PRIVATE KEY` that are hidden at most, so that a stray one does not hide
/// the rest.
const LONGEST_KEY: usize = 400;

/// A line of base64 that is this long may be part of a key whose beginning was not seen.
const LONG_LINE: usize = 40;

/// Removes secrets from the lines of one stream, in their order: a private key goes over several.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    key: Key,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    #[default]
    Outside,
    /// Lines were left out: this may be the middle of a key.
    Unsure,
    Inside {
        lines: usize,
    },
}

impl Redactor {
    /// Before the first line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lines were left out here.
    pub fn gap(&mut self) {
        if self.key == Key::Outside {
            self.key = Key::Unsure;
        }
    }

    /// The next line as it may be shown: cleaned by [`clean`], without its secrets.
    pub fn line(&mut self, line: &str) -> String {
        let line = clean(line);
        if let Some(shown) = self.within_key(&line) {
            return shown;
        }
        let shown = values(&line);
        if let Some(begin) = BEGIN.find(&shown) {
            // A key in one line, as JSON and environments hold it, ends where it says so.
            if let Some(end) = END.find_at(&shown, begin.end()) {
                return format!("{}{MARK}{}", &shown[..begin.start()], &shown[end.end()..]);
            }
            self.key = Key::Inside { lines: 0 };
            return format!("{}{MARK}", &shown[..begin.start()]);
        }
        shown.into_owned()
    }

    fn within_key(&mut self, line: &str) -> Option<String> {
        let inner = line.trim().trim_matches(['"', '\'', ',', '|', '>']).trim();
        match self.key {
            Key::Outside => None,
            Key::Unsure => {
                let long = inner.len() >= LONG_LINE && is_base64(inner);
                self.key = if long { Key::Inside { lines: 1 } } else { Key::Outside };
                long.then(|| MARK.to_owned())
            }
            Key::Inside { lines } => {
                if let Some(end) = END.find(line) {
                    self.key = Key::Outside;
                    return Some(format!("{MARK}{}", values(&line[end.end()..])));
                }
                let header = inner.starts_with("Proc-Type:")
                    || inner.starts_with("DEK-Info:")
                    || inner.starts_with("Comment:");
                let body = inner.is_empty() || header || is_base64(inner);
                self.key = if body && lines < LONGEST_KEY {
                    Key::Inside { lines: lines + 1 }
                } else {
                    Key::Outside
                };
                body.then(|| MARK.to_owned())
            }
        }
    }
}

/// One text of one or more lines, cleaned and without its secrets.
pub fn text(text: &str) -> String {
    let mut redactor = Redactor::new();
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| redactor.line(line.strip_suffix('\r').unwrap_or(line)))
        .collect();
    lines.join("\n")
}

fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\\'))
}

static BEGIN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10} ?-{4,5}"));
static END: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10} ?-{4,5}"));

/// Which of the steps below a line needs at all: most lines need none.
static STEPS: LazyLock<RegexSet> = LazyLock::new(|| {
    let steps = [
        r"(?i)auth|cookie|bearer|basic",
        r"://",
        r"(?i)pass|pwd|secret|token|key|credential|jwt|signature|auth|dsn|session|identified|cookie|-u[ =]|--user[ =]",
        TOKENS,
    ];
    RegexSet::new(steps).unwrap_or_else(|error| unreachable!("{error}"))
});

fn values(line: &str) -> Cow<'_, str> {
    let needed = STEPS.matches(line);
    let mut line = Cow::Borrowed(line);
    if needed.matched(0) {
        line = step(line, headers);
    }
    if needed.matched(1) {
        line = step(line, addresses);
    }
    if needed.matched(3) {
        line = step(line, |line| TOKEN.replace_all(line, MARK));
    }
    if needed.matched(2) {
        line = step(line, named::values);
    }
    line
}

/// Headers whose whole value is secret, and what follows the name of a scheme.
fn headers(line: &str) -> Cow<'_, str> {
    static HEADER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie2?|x-api-key|x-auth-token|private-token)(\\*["']?\s*[:=]\s*\\*["']?)([^"'\\]+)"#,
        )
    });
    static SCHEME: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)\b(bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,})"));
    let line =
        HEADER.replace_all(line, |found: &Captures| format!("{}{}{MARK}", &found[1], &found[2]));
    step(line, |line| {
        SCHEME.replace_all(line, |found: &Captures| {
            if named::looks_random(&found[2]) {
                format!("{} {MARK}", &found[1])
            } else {
                found[0].to_owned()
            }
        })
    })
}

/// The user's part of an address: `postgres://app:hunter2@db` becomes `postgres://[secret]@db`. A
/// plain short name, as in `ssh://git@host`, stays.
fn addresses(line: &str) -> Cow<'_, str> {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"([A-Za-z][A-Za-z0-9+.-]{0,30}://)([^\s"'<>`]*)"#));
    ADDRESS.replace_all(line, |found: &Captures| {
        let (scheme, rest) = (&found[1], &found[2]);
        // Several addresses may be written together, with commas: only the first one's scheme was
        // seen.
        match user_part(rest) {
            Some(at) => format!("{scheme}{MARK}{}", &rest[at..]),
            None => found[0].to_owned(),
        }
    })
}

/// Where the secret part of what follows `://` ends.
fn user_part(rest: &str) -> Option<usize> {
    let at = rest.rfind('@')?;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password may hold characters that it should not: only then does the last `@` of all count.
    let strict = rest[..authority].rfind('@');
    let user = &rest[..strict.unwrap_or(at)];
    match user.split_once(':') {
        Some((_, password)) => {
            let port = strict.is_none()
                && password
                    .split(['/', '?', '#'])
                    .next()
                    .is_some_and(|port| port.parse::<u16>().is_ok());
            (!port && !password.is_empty()).then_some(at)
        }
        None => strict.filter(|_| user.len() >= 16),
    }
}

/// Forms that give a secret away by themselves.
const TOKENS: &str = concat!(
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    r"|\bgh[pousr]_[A-Za-z0-9]{16,}",
    r"|\bgithub_pat_[A-Za-z0-9_]{16,}",
    r"|\bgl(?:pat|ptt|dt|rt|ft|soat|cbt|agent)-[A-Za-z0-9_.-]{16,}",
    r"|\bxox[a-z]-[A-Za-z0-9-]{8,}",
    r"|\bxapp-[A-Za-z0-9-]{10,}",
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{8,}",
    r"|discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]+",
    r"|\bdo[opr]_v1_[A-Fa-f0-9]{32,}",
    r"|\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}",
    r"|\bwhsec_[A-Za-z0-9+/=]{16,}",
    r"|\bAIza[A-Za-z0-9_-]{30,}",
    r"|\bya29\.[A-Za-z0-9_-]{16,}",
    r"|\bGOCSPX-[A-Za-z0-9_-]{16,}",
    r"|\bnpm_[A-Za-z0-9]{30,}",
    r"|\bpypi-[A-Za-z0-9_-]{32,}",
    r"|\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}",
    r"|\bhf_[A-Za-z0-9]{30,}",
    r"|\bhv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"|\bsk-[A-Za-z0-9_-]{20,}",
    r"|\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}",
    r"|\btskey-[a-z]+-[A-Za-z0-9-]{10,}",
    r"|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}",
    r"|\b[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}",
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*",
    // Hashes of passwords: crypt, bcrypt, argon2.
    r"|\$(?:2[abxy]?|5|6|y|argon2(?:id|i|d))\$[A-Za-z0-9./+,=$-]{20,}",
);

static TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern(TOKENS));
