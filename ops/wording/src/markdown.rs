//! Texts as a part of Markdown.

/// A text from elsewhere: nothing in it formats, and it stays in its line.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\n' {
            safe.push(' ');
            continue;
        }
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~') {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}
