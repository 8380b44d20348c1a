//! Characters and shapes of texts.

/// Control characters, and those that change the direction of the text around them or hide in it.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_hidden(c)
}

/// Characters that change the direction of the text around them or hide in it.
pub const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A text cut to a number of characters, with a mark where it was cut.
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('\u{2026}');
    short
}

/// Folds a name: two names are the same if they look alike; neither the size of the letters nor the
/// blanks between the words matter.
pub fn folded(name: &str) -> String {
    plain(name).to_lowercase()
}

/// Puts one blank between the words, and none at the ends.
pub fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
