//! Sentences as a page shows them: a number stays on one line with its unit, and a time is one that
//! the browser can make local.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::clock;

/// A sentence.
pub(crate) fn prose(sentence: &str) -> AnyView {
    let pieces = split(sentence).into_iter().map(|piece| match piece {
        Piece::Words(words) => joined(words).into_any(),
        Piece::Time(at) => clock::exact(at),
    });
    pieces.collect_view().into_any()
}

#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Words(&'a str),
    Time(Timestamp),
}

/// What follows a time in the summaries' sentences, and how long such a time is: `2026-11-18 11:10
/// UTC`.
const ZONE: &str = " UTC";
const LENGTH: usize = "2026-11-18 11:10 UTC".len();

fn split(sentence: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest, mut from) = (Vec::new(), sentence, 0);
    while let Some(found) = rest.get(from..).and_then(|later| later.find(ZONE)) {
        let end = from + found + ZONE.len();
        let time =
            end.checked_sub(LENGTH).and_then(|start| Some((start, read(rest.get(start..end)?)?)));
        let Some((start, at)) = time else {
            from = end;
            continue;
        };
        pieces.extend([Piece::Words(&rest[..start]), Piece::Time(at)]);
        (rest, from) = (&rest[end..], 0);
    }
    pieces.push(Piece::Words(rest));
    pieces
}

fn read(text: &str) -> Option<Timestamp> {
    let (day, time) = text.strip_suffix(ZONE)?.split_once(' ')?;
    format!("{day}T{time}:00Z").parse().ok()
}

/// Units that stay with the number before them.
const UNITS: [&str; 16] = [
    "%", "B", "KiB", "MiB", "GiB", "TiB", "B/s", "KiB/s", "MiB/s", "GiB/s", "ms", "s", "min", "h",
    "d", "jobs",
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
            split("It began at 2026-11-18 11:10 UTC and was noticed 1 min later."),
            [
                Piece::Words("It began at "),
                Piece::Time(at),
                Piece::Words(" and was noticed 1 min later.")
            ]
        );
        for plain in [
            "",
            " UTC",
            "é UTC UTC",
            "The zone is UTC here",
            "at 2026-99-18 11:10 UTC",
            "ééééééééééééé 11:10 UTC",
        ] {
            assert_eq!(split(plain), [Piece::Words(plain)], "{plain}");
        }
    }

    #[test]
    fn numbers_stay_with_their_units() {
        assert_eq!(
            joined("Memory on web-1 is 93 % used (usually 61 %)."),
            "Memory on web-1 is 93\u{a0}% used (usually 61\u{a0}%)."
        );
        assert_eq!(joined("It took 4 min 10 s, 3 times"), "It took 4\u{a0}min 10\u{a0}s, 3 times");
    }
}
