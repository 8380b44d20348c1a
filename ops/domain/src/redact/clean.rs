//! Text from a program, without what a terminal or a page would obey.

use std::{iter::Peekable, str::Chars};

/// One line without terminal escapes, control characters, and characters that turn the direction of
/// writing or cannot be seen. A tab becomes a space.
///
/// A sequence that carries text to a terminal (a title, a link's target) is removed with its text
/// when it ends in this line; without an end only its introducer goes, so that it cannot hide the
/// rest of the line from a reader.
pub fn clean(line: &str) -> String {
    if line.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return line.to_owned();
    }
    let mut shown = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => match rest.peek() {
                Some('[') => {
                    rest.next();
                    control_sequence(&mut rest);
                }
                Some(']' | 'P' | 'X' | '^' | '_') => {
                    rest.next();
                    text_sequence(&mut rest);
                }
                Some(&next) if (' '..='~').contains(&next) => short_sequence(&mut rest),
                _ => {}
            },
            '\u{9b}' => control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => text_sequence(&mut rest),
            '\t' => shown.push(' '),
            c if c.is_control() || is_unseen(c) => {}
            c => shown.push(c),
        }
    }
    shown
}

/// After `ESC [`: parameters, then one final character. Anything else ends it unread.
fn control_sequence(rest: &mut Peekable<Chars>) {
    while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
    rest.next_if(|c| ('@'..='~').contains(c));
}

/// After `ESC` and a character such as `(`: further ones, then one final character.
fn short_sequence(rest: &mut Peekable<Chars>) {
    while rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
    rest.next_if(|c| ('0'..='~').contains(c));
}

/// After `ESC ]` and its like: text up to BEL or `ESC \`, if there is an end.
fn text_sequence(rest: &mut Peekable<Chars>) {
    let mut ahead = rest.clone();
    while let Some(c) = ahead.next() {
        if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && ahead.next_if_eq(&'\\').is_some()) {
            *rest = ahead;
            return;
        }
    }
}

/// Format characters: direction, joiners, marks of width zero, tags, and line separators of their
/// own.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}
