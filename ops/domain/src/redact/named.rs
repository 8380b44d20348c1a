//! Values that stand beside a name such as `password`, as environments, JSON, YAML, flags, XML and
//! SQL write them.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::{Captures, Regex};

use crate::redact::replace::{MARK, pattern, step};

/// The meaning of a name for the value beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Secret, whatever it looks like.
    Strong,
    /// Secret if it looks like one: `key=users_pkey` is not.
    Weak,
    /// Secret, and of several words.
    Phrase,
}

/// Parts of names that [`kind`] knows, made from its own lists: a line without any of them has no
/// such name.
static TRIGGER: LazyLock<Regex> = LazyLock::new(|| {
    let words = SECRETS.iter().chain(ENDINGS).chain(WEAK).chain(["key", "phrase"].iter());
    let words: Vec<String> = words.map(|word| regex::escape(word)).collect();
    pattern(&format!(r"(?i){}|-u|--user", words.join("|")))
});

/// The same line without the values of such names.
pub(super) fn hide(line: &str) -> Cow<'_, str> {
    if !TRIGGER.is_match(line) {
        return Cow::Borrowed(line);
    }
    static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"));
    static USER: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"(\s(?:-u|--user)(?:\s+|=)?["']?[^\s:"']+:)([^\s"']+)"#));
    let mut shown = String::new();
    let mut done = 0;
    for name in NAME.find_iter(line) {
        if name.start() < done {
            continue;
        }
        let Some(kind) = kind(name.as_str()) else { continue };
        if let Some(value) = value_after(line, name.range(), kind) {
            shown.push_str(&line[done..value.start]);
            shown.push_str(MARK);
            done = value.end;
        }
    }
    let line = if done == 0 { Cow::Borrowed(line) } else { Cow::Owned(shown + &line[done..]) };
    step(line, |line| {
        USER.replace_all(line, |found: &Captures| {
            let ids = found[2].bytes().all(|byte| byte.is_ascii_digit());
            if ids { found[0].to_owned() } else { format!("{}{MARK}", &found[1]) }
        })
    })
}

/// True if a word is more likely made by a machine than written by a person.
pub(super) fn looks_random(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let humps = word
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
        .count();
    word.len() >= 8
        && ((digits > 0 && letters > 0) || digits >= 16 || humps >= 2 || word.len() >= 32)
}

const SECRETS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passwort",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "masterkey",
    "credential",
    "credentials",
    "jwt",
    "sessionid",
    "sessid",
    "phpsessid",
    "jsessionid",
    "psk",
    "presharedkey",
    "pw",
    "pswd",
    "passcode",
    "kennwort",
    "contrasena",
    "senha",
    "wachtwoord",
    "motdepasse",
    "requirepass",
    "masterauth",
];
/// Endings of words that make a name secret.
const ENDINGS: &[&str] =
    &["password", "passwd", "secret", "token", "apikey", "sessid", "sessionid", "passphrase"];
/// Last words whose value is secret if it looks like one.
const WEAK: &[&str] =
    &["pass", "auth", "signature", "sig", "cookie", "session", "dsn", "sid", "sess", "hmac", "otp"];
/// Words that make the word `key` after them secret.
const KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "encryption",
    "signing",
    "master",
    "auth",
    "license",
    "account",
    "storage",
    "shared",
    "deploy",
    "session",
    "app",
    "client",
    "hmac",
    "webhook",
    "service",
    "subscription",
    "preshared",
    "unseal",
    "recovery",
];
/// Words before `key` that say that it is none.
const PLAIN_KEYS: &[&str] = &[
    "primary",
    "foreign",
    "public",
    "partition",
    "sort",
    "cache",
    "unique",
    "idempotency",
    "host",
    "routing",
    "object",
];
/// Last words that say that the name is about a secret, not the secret.
const ABOUT: &[&str] = &[
    "file",
    "path",
    "dir",
    "count",
    "length",
    "len",
    "size",
    "name",
    "type",
    "at",
    "age",
    "ttl",
    "expiry",
    "expires",
    "expired",
    "expiration",
    "limit",
    "used",
    "usage",
    "policy",
    "reset",
    "changed",
    "min",
    "max",
    "total",
    "enabled",
    "required",
    "present",
    "valid",
    "version",
    "timeout",
    "attempts",
    "field",
    "hint",
    "updated",
    "created",
    "rotation",
    "endpoint",
    "service",
    "manager",
    "txt",
    "yml",
    "yaml",
    "json",
    "js",
    "ts",
    "rs",
    "go",
    "py",
    "rb",
    "php",
    "conf",
    "toml",
    "cfg",
    "ini",
    "md",
    "pem",
    "crt",
    "h",
    "c",
    "cc",
    "cpp",
    "hpp",
    "java",
    "cs",
    "sh",
    "log",
    "lock",
    "sql",
    "html",
    "css",
    "xml",
    "csv",
    "gz",
    "zip",
    "so",
];
/// Words that follow such a name in a sentence, or say that there is no value.
const PLAIN: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "empty",
    "unset",
    "missing",
    "invalid",
    "expired",
    "required",
    "ok",
    "valid",
    "wrong",
    "incorrect",
    "mismatch",
    "yes",
    "no",
    "must",
    "is",
    "was",
    "not",
    "should",
    "cannot",
    "found",
    "changed",
    "unchanged",
    "set",
    "enabled",
    "disabled",
    "failed",
    "failure",
    "accepted",
    "rejected",
    "denied",
    "refused",
    "unknown",
    "unexpected",
    "authentication",
    "the",
    "a",
    "an",
    "for",
    "all",
    "any",
    "amd64",
    "arm64",
    "str",
    "string",
    "optional",
    "int",
    "bool",
    "boolean",
    "number",
    "object",
    "bytes",
    "skipped",
    "active",
    "inactive",
    "used",
    "removed",
];

pub(super) fn kind(name: &str) -> Option<Kind> {
    let words = words(name);
    let last = words.last()?;
    // `NOPASSWD:` of sudo names what needs none.
    if last == "nopasswd" || ABOUT.contains(&last.as_str()) {
        return None;
    }
    if words.iter().any(|word| word.ends_with("passphrase"))
        || words.ends_with(&["pass", "phrase"].map(String::from))
    {
        return Some(Kind::Phrase);
    }
    let ends = |word: &String| ENDINGS.iter().any(|end| word.ends_with(end));
    if words.iter().any(|word| SECRETS.contains(&word.as_str()) || ends(word)) {
        return Some(Kind::Strong);
    }
    let before = words.len().checked_sub(2).map(|place| words[place].as_str());
    if matches!((before, last.as_str()), (Some("session" | "sess"), "id")) {
        return Some(Kind::Strong);
    }
    // `SMTP_PASS` and `userPass` hold one; `pass` alone is also a count of tests.
    if before.is_some() && last == "pass" {
        return Some(Kind::Strong);
    }
    for (place, word) in
        words.iter().enumerate().filter(|(_, word)| matches!(word.as_str(), "key" | "keys"))
    {
        let before = place.checked_sub(1).map(|place| words[place].as_str()).unwrap_or_default();
        if KEYS.contains(&before) {
            return Some(Kind::Strong);
        }
        if !PLAIN_KEYS.contains(&before) && *word == *last {
            return Some(Kind::Weak);
        }
    }
    WEAK.contains(&last.as_str()).then_some(Kind::Weak)
}

/// `dbPassword`, `DB_PASSWORD` and `db-password` are all `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = '_';
    for c in name.chars().take(128) {
        let hump = before.is_ascii_lowercase() && c.is_ascii_uppercase();
        if (hump || !c.is_ascii_alphabetic()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphabetic() {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The place of the value of the name at `name`, if it is to be hidden.
fn value_after(line: &str, name: Range<usize>, kind: Kind) -> Option<Range<usize>> {
    let text = &line[name.clone()];
    let rest = &line[name.end..];
    let trimmed = rest.trim_start_matches(['\\', '"', '\'', ']', '`', ')']);
    let after = trimmed.trim_start();
    let separator =
        [":=", "=>", "==", "=", ":"].into_iter().find(|separator| after.starts_with(separator));
    let from = |rest: &str| line.len() - rest.len();
    if let Some(separator) = separator {
        let value = after[separator.len()..].trim_start();
        let range = value_at(line, from(value), kind)?;
        let shown = &line[range.clone()];
        // The shell's own variable.
        let directory = matches!(text, "PWD" | "OLDPWD" | "pwd") && shown.starts_with('/');
        let closed = trimmed.len() < rest.len() && rest.starts_with(')');
        let number = shown.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let counts = text.to_ascii_lowercase();
        let count =
            number && (counts.ends_with("tokens") || (counts.ends_with("pass") && shown.len() < 4));
        let path = separator == ":" && after[1..].starts_with("//");
        let link = shown.starts_with("https://") || shown.starts_with("http://");
        let hidden = match kind {
            Kind::Strong | Kind::Phrase => !(is_plain(shown) || closed && number),
            Kind::Weak if closed || shown.contains('(') => false,
            Kind::Weak => {
                looks_random(shown)
                    || (separator == "="
                        && shown.len() >= 6
                        && shown.bytes().any(|byte| byte.is_ascii_digit()))
            }
        };
        return (hidden && !directory && !count && !path && !link).then_some(range);
    }
    if line[..name.start].ends_with('<') && rest.starts_with('>') {
        let end = rest.find("</").filter(|end| rest[end + 2..].starts_with(text))?;
        return (end > 1).then(|| name.end + 1..name.end + end);
    }
    if kind == Kind::Weak || trimmed.len() == after.len() {
        return None;
    }
    let after = ["is ", "was "].iter().find_map(|word| after.strip_prefix(word)).unwrap_or(after);
    let range = value_at(line, from(after), kind)?;
    let shown = &line[range.clone()];
    let flag = line[..name.start].ends_with('-') && !shown.starts_with('-');
    let netrc = line[..name.start].contains("login ") && text == "password";
    let random = shown.len() >= 16
        && !shown.starts_with('/')
        && looks_random(shown)
        && shown.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte));
    (flag || netrc || random).then_some(range)
}

pub(super) fn is_plain(value: &str) -> bool {
    let word = value.trim_end_matches([',', '.', ';', ':', '!', '?', ')']);
    value.bytes().all(|byte| b"*{}[]()<>,.;:|!?x-#".contains(&byte))
        || PLAIN.iter().any(|plain| plain.eq_ignore_ascii_case(word))
}

/// The value that begins at `start`: within its quotation marks, or up to where an unquoted one
/// ends.
fn value_at(line: &str, start: usize, kind: Kind) -> Option<Range<usize>> {
    let rest = &line[start..];
    let slashes = rest.bytes().take_while(|byte| *byte == b'\\').count();
    let range = match rest.as_bytes().get(slashes) {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            let first = start + slashes + 1;
            first..closing(line, first, *quote, slashes)
        }
        Some(b'{') if rest.find(['}', ' ']).is_some_and(|end| rest[end..].starts_with('}')) => {
            start + slashes + 1..start + rest.find('}').unwrap_or(rest.len())
        }
        _ if kind == Kind::Phrase => start..line.len(),
        _ => start..start + unquoted(rest),
    };
    (!range.is_empty()).then_some(range)
}

/// The end of the quotation that was opened with so many backslashes; at the end of the line if
/// nowhere.
pub(super) fn closing(line: &str, first: usize, quote: u8, slashes: usize) -> usize {
    let mut run = 0;
    for (offset, byte) in line.as_bytes()[first..].iter().enumerate() {
        if *byte == b'\\' {
            run += 1;
            continue;
        }
        if *byte == quote && (run == slashes || (slashes == 0 && run % 2 == 0)) {
            return first + offset - if slashes == 0 { 0 } else { run };
        }
        run = 0;
    }
    line.len()
}

/// The length of an unquoted value. Marks that a password may hold end it only where something else
/// follows them.
fn unquoted(rest: &str) -> usize {
    let mut places = rest.char_indices();
    let end = loop {
        let Some((place, c)) = places.next() else { break rest.len() };
        let next = &rest[place + c.len_utf8()..];
        let last = next.chars().next().is_none_or(|c| c.is_whitespace() || ",;:)}]".contains(c));
        match c {
            c if c.is_whitespace() => break place,
            '"' | '\'' | '`' if last => break place,
            '&' | ';' | ',' if last || begins_pair(next) => break place,
            _ => {}
        }
    };
    let value = &rest[..end];
    if value == MARK { end } else { value.trim_end_matches([')', '}', ']', ',', '\\']).len() }
}

/// True if `name=` or `name:` begins here.
pub(super) fn begins_pair(text: &str) -> bool {
    let text = text.trim_start_matches(['"', '\'', '\\']);
    let name = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
        .count();
    let after = text[name..].trim_start_matches(['"', '\'', '\\']);
    (1..64).contains(&name) && after.starts_with(['=', ':'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_look_never_passes_over_a_name(
            parts in prop::collection::vec(
                prop::sample::select([SECRETS, KEYS, ENDINGS, WEAK, &["key", "keys", "pass", "phrase", "id", "session", "user", "x"]].concat()),
                1..4,
            ),
            separator in prop::sample::select(vec!["", "_", ".", "1"]),
            upper in any::<bool>(),
        ) {
            let name = parts.join(separator);
            let name = if upper { name.to_uppercase() } else { name };
            if kind(&name).is_some() {
                prop_assert!(TRIGGER.is_match(&name), "{name}");
            }
        }
    }
}
