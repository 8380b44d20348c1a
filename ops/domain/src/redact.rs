//! The output of a program, made safe to show: no secrets, no terminal tricks.
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

use regex::Regex;

mod addresses;
mod below;
mod clean;
mod clients;
mod forms;
mod headers;
mod named;
mod replace;

pub use crate::redact::{clean::clean, forms::FORMS, replace::MARK};

use crate::redact::{
    below::Below,
    replace::{pattern, step},
};

/// Lines after `BEGIN ... PRIVATE KEY` that are hidden at most, so that a stray one does not hide
/// the rest.
const LONGEST_KEY: usize = 400;

/// Bytes of a command over several lines that are read together.
const LONGEST_COMMAND: usize = 8192;

/// A line of base64 that is this long may be part of a key whose beginning was not seen.
const LONG_LINE: usize = 40;

/// Removes secrets from the lines of one stream, in their order: a private key goes over several
/// lines, a value may stand below its name, and a command may go on in the next line.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    state: State,
    /// The command so far, if its line ended with a backslash.
    command: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Outside,
    /// Lines were left out: this may be the middle of a key.
    Unsure,
    Key {
        lines: usize,
    },
    /// So many lines of a key are announced, as PuTTY does it.
    Announced {
        left: usize,
    },
    /// The line before ended with the name of a secret.
    Value(Below),
}

impl Redactor {
    /// Before the first line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lines were left out here.
    pub fn gap(&mut self) {
        self.command.clear();
        if !matches!(self.state, State::Key { .. } | State::Announced { .. }) {
            self.state = State::Unsure;
        }
    }

    /// The next line as it may be shown: cleaned by [`clean`], without its secrets.
    pub fn line(&mut self, line: &str) -> String {
        let line = clean(line);
        if let Some(shown) = self.hidden(&line) {
            self.command.clear();
            return shown;
        }
        let shown = self.with_command(&line);
        if let Some(begin) = BEGIN.find(&shown) {
            // A key in one line, as JSON and environments hold it, ends where it says so.
            if let Some(end) = END.find_at(&shown, begin.end()) {
                return format!("{}{MARK}{}", &shown[..begin.start()], &shown[end.end()..]);
            }
            self.state = State::Key { lines: 0 };
            return format!("{}{MARK}", &shown[..begin.start()]);
        }
        if let Some(lines) = ANNOUNCED.captures(&line).and_then(|found| found[1].parse().ok()) {
            self.state = State::Announced { left: usize::min(lines, LONGEST_KEY) };
        } else if let Some(below) = below::named(&line) {
            self.state = State::Value(below);
        }
        shown
    }

    /// The line without secrets, read together with the command that goes on in it.
    fn with_command(&mut self, line: &str) -> String {
        let shown = if self.command.is_empty() {
            values(line).into_owned()
        } else {
            let before = values(&self.command).into_owned();
            let all = format!("{}{line}", self.command);
            let tail = values(&all).strip_prefix(&before).map(str::to_owned);
            tail.unwrap_or_else(|| values(line).into_owned())
        };
        match line.strip_suffix('\\') {
            Some(part) if self.command.len() + part.len() < LONGEST_COMMAND => {
                self.command.push_str(part.trim_end());
                self.command.push(' ');
            }
            _ => self.command.clear(),
        }
        shown
    }

    /// The replacement of a line that is part of a secret as a whole.
    fn hidden(&mut self, line: &str) -> Option<String> {
        let inner = line.trim().trim_matches(['"', '\'', ',', '|', '>']).trim();
        match self.state {
            State::Outside => None,
            State::Unsure => {
                let long = inner.len() >= LONG_LINE && is_base64(inner);
                self.state = if long { State::Key { lines: 1 } } else { State::Outside };
                long.then(|| MARK.to_owned())
            }
            State::Key { lines } => {
                if let Some(end) = END.find(line) {
                    self.state = State::Outside;
                    return Some(format!("{MARK}{}", values(&line[end.end()..])));
                }
                let header = inner.starts_with("Proc-Type:")
                    || inner.starts_with("DEK-Info:")
                    || inner.starts_with("Comment:");
                let body = inner.is_empty() || header || is_base64(inner);
                self.state = if body && lines < LONGEST_KEY {
                    State::Key { lines: lines + 1 }
                } else {
                    State::Outside
                };
                body.then(|| MARK.to_owned())
            }
            State::Announced { left } => {
                self.state = match left {
                    0 | 1 => State::Outside,
                    left => State::Announced { left: left - 1 },
                };
                (left > 0).then(|| MARK.to_owned())
            }
            State::Value(below) => {
                let (shown, next) = below.line(line);
                self.state = next.map_or(State::Outside, State::Value);
                shown
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

static BEGIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"-{4,5} ?BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}|OpenVPN Static key V1) ?-{4,5}",
    )
});
static END: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"-{4,5} ?END (?:[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}|OpenVPN Static key V1) ?-{4,5}")
});
static ANNOUNCED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*Private-Lines:\s*([0-9]{1,3})\s*$"));

/// One line without its secrets. Each step looks first whether the line holds anything for it, with
/// its own patterns or words.
fn values(line: &str) -> Cow<'_, str> {
    let line = step(Cow::Borrowed(line), headers::hide);
    let line = step(line, addresses::hide);
    let line = step(line, forms::hide);
    let line = step(line, clients::hide);
    step(line, named::hide)
}
