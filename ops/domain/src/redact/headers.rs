//! Headers of requests whose whole value is secret, and what follows the name of a scheme.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

use crate::redact::{
    named::{self, closing},
    replace::{MARK, pattern, step},
};

static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\\*["']?\b(?:(?:proxy-)?authorization|(?:set-)?cookie2?|authentication-info|x-api-key|x-auth-token|private-token)\\*["']?\s*[:=]\s*"#,
    )
});
static SCHEME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)((?:^|[^A-Za-z0-9_-])(?:bearer|basic|negotiate|ntlm)\s+)([A-Za-z0-9+/]{8,}={0,2}(?:[._~-][A-Za-z0-9._~+/=-]*)?)",
    )
});
static DIGEST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)\b(response|cnonce|rspauth)=("[^"]*"?|[0-9a-f]{16,})"#));

/// The same line without such values.
pub(super) fn hide(line: &str) -> Cow<'_, str> {
    let line = step(Cow::Borrowed(line), whole_values);
    let line = step(line, |line| {
        SCHEME.replace_all(line, |found: &Captures| {
            if named::looks_random(&found[2]) {
                format!("{}{MARK}", &found[1])
            } else {
                found[0].to_owned()
            }
        })
    });
    // What is left of a digest whose header was not seen.
    step(line, |line| {
        let digest = line.contains("nonce=") && line.contains("username=");
        if !digest {
            return Cow::Borrowed(line);
        }
        DIGEST.replace_all(line, |found: &Captures| format!("{}=\"{MARK}\"", &found[1]))
    })
}

/// A header's value ends with the quotation that it or the whole header stands in, or with the
/// line: a digest holds quotation marks itself.
fn whole_values(line: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    while let Some(found) = HEADER.find_at(line, done) {
        let value = quoted_value(line, found.start(), found.end());
        shown.push_str(&line[done..value.start]);
        if line[value.clone()].trim_matches(['"', '\'', '\\', ' ']).is_empty() {
            shown.push_str(&line[value.clone()]);
        } else {
            shown.push_str(MARK);
        }
        done = value.end;
    }
    if done == 0 { Cow::Borrowed(line) } else { Cow::Owned(shown + &line[done..]) }
}

fn quoted_value(line: &str, header: usize, value: usize) -> std::ops::Range<usize> {
    let quote_at = |place: usize| {
        let slashes = line[place..].bytes().take_while(|byte| *byte == b'\\').count();
        let quote = line.as_bytes().get(place + slashes).copied();
        quote.filter(|quote| matches!(quote, b'"' | b'\'')).map(|quote| (quote, slashes))
    };
    if let Some((quote, slashes)) = quote_at(value) {
        let first = value + slashes + 1;
        return first..closing(line, first, quote, slashes);
    }
    // `-H 'Authorization: ...'`: the quotation began before the name and did not end behind it.
    let name_ends = line[header..value].trim_end().trim_end_matches([':', '=']).trim_end();
    match quote_at(header) {
        Some((quote, slashes)) if !name_ends.ends_with(['"', '\'']) => {
            value..closing(line, value, quote, slashes)
        }
        _ => value..line.len(),
    }
}
