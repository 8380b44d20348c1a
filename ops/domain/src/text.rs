//! Texts that people write: what may be in them, and how long they may be.

use crate::error::Error;

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

/// The longest comment or note, in characters.
pub const LONGEST_TEXT: usize = 4_000;

/// A text as it is kept: lines end as they do here, whatever the browser sends, so that what a form
/// lets through fits.
pub fn checked(field: &str, text: &str, required: bool) -> Result<Option<String>, Error> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    let length = text.chars().count();
    let problem = if length > LONGEST_TEXT {
        format!("at most {LONGEST_TEXT} characters, this has {length}")
    } else if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
        let code = u32::from(hidden);
        format!(
            "holds the character U+{code:04X}, which is not seen and can change how the text around it reads; take it out"
        )
    } else if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
    {
        format!("holds the control character U+{:04X}; write plain text", u32::from(control))
    } else if text.is_empty() && required {
        "is empty; write at least a word".to_owned()
    } else {
        return Ok((!text.is_empty()).then(|| text.to_owned()));
    };
    Err(Error::Invalid { field: field.to_owned(), problem })
}

/// A name or a label: 1 to 60 characters that can be seen, without blanks at its ends.
pub fn checked_name(field: &str, text: &str) -> Result<String, Error> {
    let text = plain(text);
    if text.is_empty() {
        return Err(Error::invalid(field, "is empty; write at least one letter"));
    }
    if text.chars().count() > 60 {
        return Err(Error::invalid(field, "at most 60 characters"));
    }
    if text.chars().any(is_unprintable) {
        return Err(Error::invalid(field, "holds a character that can't be seen; take it out"));
    }
    Ok(text)
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
    fn what_hides_in_a_text_is_refused_by_its_name() {
        for hidden in [
            '\u{202e}', '\u{202a}', '\u{2066}', '\u{2069}', '\u{200b}', '\u{200f}', '\u{2060}',
            '\u{feff}', '\u{2028}',
        ] {
            let refusal = checked("text", &format!("a {hidden} b"), true).unwrap_err().to_string();
            assert!(
                refusal
                    .starts_with(&format!("text: holds the character U+{:04X}", u32::from(hidden))),
                "{refusal}"
            );
        }
        let refusal = checked("note", "a\u{7}b", false).unwrap_err().to_string();
        assert_eq!(refusal, "note: holds the control character U+0007; write plain text");
        let fine = "Zürich, 東京, مرحبا\n\tand 🙂";
        assert_eq!(checked("text", fine, true).unwrap().as_deref(), Some(fine));
    }

    #[test]
    fn lines_end_alike_and_what_a_form_lets_through_fits() {
        assert_eq!(
            checked("text", "one\r\ntwo\rthree\n", true).unwrap().as_deref(),
            Some("one\ntwo\nthree")
        );
        // A browser counts each end of a line once, and sends it as two characters.
        let longest = format!("{}x", "x\r\n".repeat(LONGEST_TEXT / 2 - 1)) + "y";
        assert_eq!(checked("text", &longest, true).unwrap().unwrap().chars().count(), LONGEST_TEXT);
        let refusal = checked("text", &format!("{longest}z"), true).unwrap_err().to_string();
        assert_eq!(refusal, "text: at most 4000 characters, this has 4001");
        assert!(checked("text", " \r\n ", true).is_err());
    }
}
