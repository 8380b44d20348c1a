//! Characters and shapes of texts.

/// Control characters, and those that change the direction of the text around them or hide in it.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_hidden(c)
}

/// Characters that change the direction of the text around them or hide in it.
pub const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Characters that show nothing by themselves, beside those of [`is_hidden`]: no new text may hold
/// one. What makes a sign of two (U+FE0E, U+FE0F) is none.
pub const fn is_invisible(c: char) -> bool {
    is_hidden(c)
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The first character of a text that shows nothing where it stands: one of [`is_invisible`], or what
/// makes a sign of two where there is no sign before it.
pub fn hidden_in(text: &str) -> Option<char> {
    let is_sign =
        |c: char| !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace() && !is_mark(c);
    let (mut all, mut before) = (text.chars().peekable(), None);
    while let Some(c) = all.next() {
        let selects = matches!(c, '\u{fe0e}' | '\u{fe0f}');
        let fits = before.is_some_and(is_sign) || all.peek() == Some(&'\u{20e3}');
        if is_invisible(c) || (selects && !fits) {
            return Some(c);
        }
        before = Some(c);
    }
    None
}

/// The most marks on one letter: no script needs more.
const MOST_MARKS: usize = 4;

/// True if a character is written above, below or through the one before it.
pub const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'
        | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{eb1}' | '\u{eb4}'..='\u{ebc}'
        | '\u{ec8}'..='\u{ece}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{302a}'..='\u{302f}' | '\u{3099}' | '\u{309a}' | '\u{fe0e}' | '\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

/// True if marks are piled up on a letter, so high that they cover the lines around it.
pub fn is_piled_up(text: &str) -> bool {
    let mut marks = 0;
    text.chars().any(|c| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        marks > MOST_MARKS
    })
}

/// A name from outside as it can be shown: what is not seen or steers what is around it becomes
/// `_`, and marks that are piled up are left out.
pub fn shown(name: &str) -> String {
    let mut marks = 0;
    let fits = |c: &char| {
        marks = if is_mark(*c) { marks + 1 } else { 0 };
        marks <= MOST_MARKS
    };
    let clean = |c| if is_unprintable(c) || is_invisible(c) { '_' } else { c };
    name.chars().map(clean).filter(fits).collect()
}

/// True if a character is written from right to left, or makes what stands beside it so.
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
    fn marks_of_any_script_are_fine_and_piles_of_them_are_not() {
        for name in ["Phở", "o\u{31b}\u{309}", "בְּרֵאשִׁ֖ית", "مُحَمَّد", "ที่นี่", "हिन्दी", "❤\u{fe0f}", "が"]
        {
            assert!(!is_piled_up(name) && shown(name) == name, "{name}");
        }
        let pile = format!("Z{}algo", "\u{335}\u{489}\u{fe0f}".repeat(5));
        assert!(is_piled_up(&pile));
        assert_eq!(shown(&pile), "Z\u{335}\u{489}\u{fe0f}\u{335}algo");
        assert_eq!(shown("a\u{2800}\u{3164}\u{61c}\u{1b}[2Jb\u{202e}"), "a____[2Jb_");
    }

    #[test]
    fn what_selects_a_form_stands_behind_a_sign() {
        for text in ["❤\u{fe0f}", "1\u{fe0f}\u{20e3}", "☁\u{fe0e} b"] {
            assert!(hidden_in(text).is_none(), "{text:?}");
        }
        for text in [
            "Ada\u{fe0f}",
            "\u{fe0f}",
            "a \u{fe0e}b",
            "1\u{fe0f}",
            "❤\u{fe0f}\u{fe0f}",
            "a\u{3164}",
        ] {
            assert!(hidden_in(text).is_some(), "{text:?}");
        }
    }

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
