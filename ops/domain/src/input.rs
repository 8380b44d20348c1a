//! Texts that people type in: what may be in them, and how long they may be.

use crate::{
    error::{Error, FieldReason},
    text::{hidden_in, is_piled_up, plain},
};

/// The longest comment or note, in characters.
pub const LONGEST_TEXT: usize = 4_000;

/// The reason that a new text of one line can't be shown as it is. What was stored before is read
/// all the same.
pub fn unreadable(text: &str) -> Option<FieldReason> {
    if let Some(hidden) = hidden_in(text) {
        return Some(FieldReason::HiddenCharacter(hidden));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Some(FieldReason::ControlCharacter(control));
    }
    is_piled_up(text).then_some(FieldReason::PiledMarks)
}

/// A text as it is kept: lines end as they do here, whatever the browser sends, so that what a form
/// lets through fits.
pub fn checked(field: &'static str, text: &str, required: bool) -> Result<Option<String>, Error> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    let length = text.chars().count();
    let reason = if length > LONGEST_TEXT {
        FieldReason::TooLong { most: LONGEST_TEXT, length }
    } else if let Some(reason) = unreadable(&text.replace(['\n', '\t'], " ")) {
        reason
    } else if text.is_empty() && required {
        FieldReason::Empty
    } else {
        return Ok((!text.is_empty()).then(|| text.to_owned()));
    };
    Err(Error::invalid(field, reason))
}

/// The longest name or label, in characters.
pub const LONGEST_NAME: usize = 60;

/// A name or a label: 1 to [`LONGEST_NAME`] characters that can be seen, without blanks at its
/// ends.
pub fn checked_name(field: &'static str, text: &str) -> Result<String, Error> {
    let text = plain(text);
    let length = text.chars().count();
    let reason = if text.is_empty() {
        FieldReason::Empty
    } else if length > LONGEST_NAME {
        FieldReason::TooLong { most: LONGEST_NAME, length }
    } else if let Some(reason) = unreadable(&text) {
        reason
    } else {
        return Ok(text);
    };
    Err(Error::invalid(field, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_in_a_text_is_refused_by_its_name() {
        for hidden in [
            '\u{202e}',
            '\u{202a}',
            '\u{2066}',
            '\u{2069}',
            '\u{200b}',
            '\u{200f}',
            '\u{2060}',
            '\u{feff}',
            '\u{2028}',
            '\u{61c}',
            '\u{2800}',
            '\u{3164}',
            '\u{115f}',
            '\u{ffa0}',
            '\u{ad}',
            '\u{e0041}',
        ] {
            assert_eq!(
                checked("text", &format!("a {hidden} b"), true).unwrap_err(),
                Error::invalid("text", FieldReason::HiddenCharacter(hidden))
            );
        }
        assert_eq!(
            checked("note", "a\u{7}b", false).unwrap_err(),
            Error::invalid("note", FieldReason::ControlCharacter('\u{7}'))
        );
        let pile = format!("Z{}", "\u{335}".repeat(9));
        assert_eq!(
            checked_name("name", &pile).unwrap_err(),
            Error::invalid("name", FieldReason::PiledMarks)
        );
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
        assert_eq!(
            checked("text", &format!("{longest}z"), true).unwrap_err(),
            Error::invalid("text", FieldReason::TooLong { most: LONGEST_TEXT, length: 4_001 })
        );
        assert!(checked("text", " \r\n ", true).is_err());
    }
}
