//! Characters and shapes of texts.

/// Control characters, and those that change the direction of the text around them or hide in it.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_hidden(c)
}

/// Characters that change the direction of the text around them or hide in it.
pub const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether a character is written from right to left, or makes what stands beside it so.
const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A name as it stands inside a sentence: one with letters from right to left is set between the
/// isolates U+2068 and U+2069, so that it moves no word or number beside it (Unicode Standard
/// Annex #9, "Isolates").
pub fn isolated(name: &str) -> String {
    if name.chars().any(is_right_to_left) {
        format!("\u{2068}{name}\u{2069}")
    } else {
        name.to_owned()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_from_right_to_left_is_isolated() {
        for name in ["imports", "Zürich", "東京", "Łódź 7"] {
            assert_eq!(isolated(name), name);
        }
        for name in ["שלום", "a مرحبا 5", "\u{61c}x", "\u{7c0}"] {
            assert_eq!(isolated(name), format!("\u{2068}{name}\u{2069}"));
        }
    }
}
