//! Sentences as a page shows them: a number stays on one line with its unit, and a time is one that
//! the browser can make local.

use domain::time::Timestamp;
use leptos::prelude::*;
use wording::humanize;

use crate::components::time::At;

/// A sentence.
pub(crate) fn prose(sentence: &str) -> AnyView {
    let pieces = split(sentence).into_iter().map(|piece| match piece {
        Piece::Words(words) => joined(words).into_any(),
        Piece::Time(at) => view! { <At at=Signal::stored(at)/> }.into_any(),
    });
    pieces.collect_view().into_any()
}

#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Words(&'a str),
    Time(Timestamp),
}

fn split(sentence: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), sentence);
    while let Some((found, at)) = humanize::find_moment(rest) {
        pieces.extend([Piece::Words(&rest[..found.start]), Piece::Time(at)]);
        rest = &rest[found.end..];
    }
    pieces.push(Piece::Words(rest));
    pieces
}

/// Units that stay with the number before them.
const UNITS: [&str; 15] = [
    "B", "KiB", "MiB", "GiB", "TiB", "B/s", "KiB/s", "MiB/s", "GiB/s", "ms", "s", "min", "h", "d",
    "jobs",
];

fn joined(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    let mut before_is_number = false;
    for (index, word) in words.split(' ').enumerate() {
        if index > 0 {
            let bare = word.trim_end_matches(['.', ',', ':', ')', ';']);
            text.push(if before_is_number && UNITS.contains(&bare) { '\u{a0}' } else { ' ' });
        }
        text.push_str(word);
        before_is_number = word.ends_with(|last: char| last.is_ascii_digit());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_a_sentence_is_found_whatever_stands_around_it() {
        let at = "2026-11-18T11:10:00Z".parse().unwrap();
        assert_eq!(
            split("It began at 18 Nov 2026, 11:10:00 UTC and was detected 1 min later."),
            [
                Piece::Words("It began at "),
                Piece::Time(at),
                Piece::Words(" and was detected 1 min later.")
            ]
        );
        for plain in ["", " UTC", "The zone is UTC here", "at 32 Nov 2026, 11:10:00 UTC"] {
            assert_eq!(split(plain), [Piece::Words(plain)], "{plain}");
        }
    }

    #[test]
    fn numbers_stay_with_their_units() {
        assert_eq!(
            joined("Memory on web-1 is 1.4 GiB (usually 800 MiB)."),
            "Memory on web-1 is 1.4\u{a0}GiB (usually 800\u{a0}MiB)."
        );
        assert_eq!(joined("It took 4 min 10 s, 3 times"), "It took 4\u{a0}min 10\u{a0}s, 3 times");
    }
}
