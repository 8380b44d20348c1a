//! A database query that runs for long, as people may see it: what it does, and none of the values
//! in it.

use serde::{Deserialize, Serialize};

use crate::{redact, time::Span};

/// So much of a query's text is kept at most, in characters.
const LONGEST: usize = 300;
/// Stands where a value was.
const VALUE: char = '?';

/// A query that runs for long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LongQuery {
    /// For how long it had been running when it was seen.
    pub running_for: Span,
    /// The database's user who asked for it.
    pub user: String,
    /// The name of the program that asked, by itself; empty where it does not say.
    pub application: String,
    /// The query, without values, comments and secrets; empty where the database does not show it
    /// to Calm Ops.
    pub text: String,
}

impl LongQuery {
    /// Takes a query as the database tells it; names and text may be hostile.
    pub fn new(running_for: Span, user: &str, application: &str, text: &str) -> Self {
        let name = |text: &str| redact::text(text).chars().take(63).collect();
        // What PostgreSQL writes where one may not see it.
        let text = if text == "<insufficient privilege>" {
            String::new()
        } else {
            redact::text(&without_values(text))
        };
        let mut kept: String = text.chars().take(LONGEST).collect();
        if text.chars().count() > LONGEST {
            kept.push('…');
        }
        Self { running_for, user: name(user), application: name(application), text: kept }
    }
}

/// A query with `?` for each of its values and without comments, in one line. It may have been cut
/// off anywhere, as databases cut them.
///
/// Texts are those of PostgreSQL ("Lexical Structure", 4.1.2 of its manual): in quotes, in quotes
/// with escapes, and between dollars.
pub fn without_values(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len().min(4 * LONGEST));
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let word = word(rest);
        let taken = if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            c.len_utf8()
        } else if c == '\'' {
            let escapes = ends_in_escape_prefix(&out);
            out.push(VALUE);
            text_len(rest, escapes)
        } else if c == '"' {
            let len = 1 + rest[1..].find('"').map_or(rest.len() - 1, |end| end + 1);
            out.push_str(&rest[..len]);
            len
        } else if let Some(len) = dollar_len(rest) {
            out.push(VALUE);
            len
        } else if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment_len(rest)
        } else if c.is_ascii_digit() {
            out.push(VALUE);
            word.len().max(number_len(rest))
        } else if !word.is_empty() {
            out.push_str(word);
            word.len()
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    out.trim_end().to_owned()
}

/// The name that a text begins with, or the parameter `$1`; empty where none begins.
fn word(text: &str) -> &str {
    let end =
        |text: &str, is_part: fn(char) -> bool| text.find(|c| !is_part(c)).unwrap_or(text.len());
    match text.strip_prefix('$') {
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => {
            &text[..1 + end(number, |c| c.is_ascii_digit())]
        }
        Some(_) => "",
        None => &text[..end(text, |c| c.is_alphanumeric() || matches!(c, '_' | '$'))],
    }
}

/// True if an `E` stands right before the quote, so that a backslash escapes in it.
fn ends_in_escape_prefix(before: &str) -> bool {
    let mut letters = before.chars().rev();
    matches!(letters.next(), Some('e' | 'E'))
        && !letters.next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
}

/// Length of a text in quotes; to the end where it does not end.
fn text_len(text: &str, escapes: bool) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = letters.next() {
        match c {
            '\\' if escapes => {
                letters.next();
            }
            // Two quotes are one quote inside.
            '\'' if letters.next_if(|(_, next)| *next == '\'').is_none() => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a text between dollars: `$$...$$` or `$tag$...$tag$`. A parameter such as `$1` is
/// none.
fn dollar_len(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let name = &inner[..end];
    let fine = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let (tag, body) = text.split_at(fine.then_some(end + 2)?);
    Some(tag.len() + body.find(tag).map_or(body.len(), |at| at + tag.len()))
}

/// Length of a comment between `/*` and `*/`; they nest.
fn comment_len(text: &str) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while at < text.len() {
        let here = &text[at..];
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of a number with a fraction.
fn number_len(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_query_does_stays_and_its_values_go() {
        for (sql, shown) in [
            (
                "SELECT * FROM orders WHERE id = 4711 AND name = 'Ada'",
                "SELECT * FROM orders WHERE id = ? AND name = ?",
            ),
            (
                "update t set a = 'it''s', b = E'x\\'y' where c1 = $1",
                "update t set a = ?, b = E? where c1 = $1",
            ),
            ("select $$secret$$, $a$ $b$ $$ $a$, 1", "select ?, ?, ?"),
            (
                "select 1.5e10, -2, 0x1F, col2, \"odd 7\" -- card 4111",
                "select ?, -?, ?, col2, \"odd 7\"",
            ),
            ("select /* key /* inner */ 5 */ 1\n\tfrom   t", "select ? from t"),
            ("COPY big TO STDOUT", "COPY big TO STDOUT"),
            ("select 'cut off", "select ?"),
            ("ALTER ROLE a PASSWORD 'x'", "ALTER ROLE a PASSWORD ?"),
            ("", ""),
        ] {
            assert_eq!(without_values(sql), shown, "{sql}");
        }
    }

    #[test]
    fn it_is_kept_short_and_says_nothing_that_is_hidden() {
        let hidden = LongQuery::new(Span::from_secs(70), "app", "", "<insufficient privilege>");
        assert_eq!((hidden.text.as_str(), hidden.application.as_str()), ("", ""));
        let long = LongQuery::new(
            Span::from_secs(70),
            "app",
            "\u{1b}[31mworker\n",
            &format!("select {}", "a, ".repeat(900)),
        );
        assert_eq!(long.text.chars().count(), LONGEST + 1);
        assert!(!long.application.contains('\u{1b}'), "{long:?}");
    }

    proptest! {
        #[test]
        fn no_value_is_left(before in "[a-z ]{0,20}", value in "[A-Z0-9'\\\\$]{1,30}", after in ".{0,40}") {
            let sql = format!("{before} 'Q{}Q' {after}", value.replace('\'', "''").replace('\\', ""));
            let shown = without_values(&sql);
            // What stands after it may hold letters of its own, but not the whole value.
            let inner = format!("Q{}Q", value.replace('\'', "''").replace('\\', ""));
            prop_assert!(after.contains(&inner) || !shown.contains(&inner), "{shown}");
        }

        #[test]
        fn any_text_is_taken(sql in ".{0,200}") {
            let shown = without_values(&sql);
            prop_assert!(shown.len() <= sql.len() + 1);
        }
    }
}
