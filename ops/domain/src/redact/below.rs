//! Secrets that stand on the line below their name.

use std::sync::LazyLock;

use regex::Regex;

use crate::redact::{
    named::{self, Kind},
    replace::{MARK, pattern},
};

/// Lines that a block of text below a name has at most.
const LONGEST_BLOCK: usize = 100;

/// The expectation below a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Below {
    kind: Kind,
    /// Columns before the name: a block ends where the text is not further in.
    indent: usize,
    /// Announced as a block of text, such as `password: |` in YAML.
    block: bool,
    lines: usize,
}

/// The value that is expected below this line, if the line ends with the name of a secret.
pub(super) fn named(line: &str) -> Option<Below> {
    static ENDS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?:^|[\s"'{\[(,/?-])([A-Za-z0-9_][A-Za-z0-9_.-]*)["'`\])]*(?:\s+(?:is|was|are))?\s*(?::=|=>|=|:)\s*([|>][+-]?[0-9]?|["'`]|\\)?\s*$"#,
        )
    });
    if !line.trim_end().ends_with([':', '=', '>', '|', '+', '-', '"', '\'', '`', '\\']) {
        return None;
    }
    let found = ENDS.captures(line)?;
    let name = &found[1];
    let header = ["authorization", "cookie"].iter().any(|header| name.eq_ignore_ascii_case(header));
    let kind = if header { Kind::Phrase } else { named::kind(name)? };
    let mark = found.get(2).map_or("", |mark| mark.as_str());
    let block = mark.starts_with(['|', '>']);
    Some(Below { kind, indent: indent(line), block, lines: 0 })
}

impl Below {
    /// The replacement of the next line, if it is hidden, and the expectation after it.
    pub(super) fn line(mut self, line: &str) -> (Option<String>, Option<Self>) {
        let text = line.trim();
        self.lines += 1;
        if text.is_empty() {
            return (
                None,
                (self.lines < if self.block { LONGEST_BLOCK } else { 2 }).then_some(self),
            );
        }
        let margin = &line[..line.len() - line.trim_start().len()];
        if self.block {
            let inside = indent(line) > self.indent && self.lines < LONGEST_BLOCK;
            return if inside {
                (Some(format!("{margin}{MARK}")), Some(self))
            } else {
                (None, None)
            };
        }
        let item = text.strip_prefix("- ").filter(|_| indent(line) >= self.indent);
        let value = item.unwrap_or(text).trim_end_matches([',', ';']);
        let bare = value.trim_matches(['"', '\'', '`']);
        let words = bare.split_whitespace().count();
        let secret = match self.kind {
            Kind::Strong => words == 1 && !named::is_plain(bare) && !named::begins_pair(bare),
            Kind::Weak => words == 1 && named::looks_random(bare),
            Kind::Phrase => true,
        };
        let secret = secret && !bare.is_empty() && bare != MARK && !bare.starts_with("-----");
        // Lists have more of them.
        let next = (secret && item.is_some() && self.lines < LONGEST_BLOCK).then_some(self);
        let dash = if item.is_some() { "- " } else { "" };
        (secret.then(|| format!("{margin}{dash}{MARK}")), next)
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
