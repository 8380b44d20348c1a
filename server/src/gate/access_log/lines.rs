//! Division of a growing file into lines, whatever the pieces in which it is read.

/// The longest line in bytes; a longer one is left out. A request line of 8 KiB, nginx's default, is
/// at most six times as long once it is escaped for JSON, so that no visitor can write a longer one.
pub(super) const LONGEST: usize = 64 * 1024;

/// A line, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The whole line.
    Whole(&'a [u8]),
    /// More than [`LONGEST`] bytes, which were not kept.
    TooLong,
}

/// Lines of a file, of which the last may not be complete.
#[derive(Debug)]
pub(super) struct Lines {
    /// Position of the line that is being read, in bytes.
    at: u64,
    /// Bytes of that line so far, also those that are not kept.
    length: usize,
    /// The line so far, while it is not too long.
    kept: Vec<u8>,
    /// True if the line began before `at`.
    is_fragment: bool,
}

impl Lines {
    /// Begins at a position, which may be inside of a line: the rest of that one is left out.
    pub fn from(at: u64, is_fragment: bool) -> Self {
        Self { at, length: 0, kept: Vec::new(), is_fragment }
    }

    /// Hands on each line that ends in the next bytes of the file, with its position.
    pub fn feed(&mut self, bytes: &[u8], take: &mut dyn FnMut(u64, Line<'_>)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => self.end(end, take),
                None => self.keep(piece),
            }
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        self.length = self.length.saturating_add(piece.len());
        if self.length > LONGEST || self.is_fragment {
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(piece);
        }
    }

    fn end(&mut self, end: &[u8], take: &mut dyn FnMut(u64, Line<'_>)) {
        let length = self.length.saturating_add(end.len());
        if self.is_fragment {
            self.is_fragment = false;
        } else if length > LONGEST {
            take(self.at, Line::TooLong);
        } else if self.kept.is_empty() {
            take(self.at, Line::Whole(end));
        } else {
            self.kept.extend_from_slice(end);
            take(self.at, Line::Whole(&self.kept));
        }
        self.kept.clear();
        self.length = 0;
        self.at = self.at.saturating_add(length as u64).saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use fixtures::cases;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn read(pieces: &[&[u8]], is_fragment: bool) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::from(7, is_fragment);
        let mut all = Vec::new();
        for piece in pieces {
            lines.feed(piece, &mut |at, line| {
                all.push(match line {
                    Line::Whole(bytes) => (at, Some(bytes.to_vec())),
                    Line::TooLong => (at, None),
                });
            });
            assert!(lines.kept.len() <= LONGEST);
        }
        all
    }

    #[test]
    fn a_line_is_told_once_it_has_ended() {
        let read = read(&[b"one\ntw", b"o\n", b"\nthr"], false);
        let line = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(read, [(7, line("one")), (11, line("two")), (15, line(""))]);
    }

    #[test]
    fn the_rest_of_a_line_and_one_that_is_too_long_are_left_out() {
        let longest = [b'x'; LONGEST];
        let mut text = b"rest\n".to_vec();
        text.extend_from_slice(&longest);
        text.extend_from_slice(b"\n");
        text.extend_from_slice(&longest);
        text.extend_from_slice(b"x\nlast\n");
        let read = read(&[&text], true);
        let length = LONGEST as u64;
        let last = Some(b"last".to_vec());
        let expected = [(12, Some(longest.to_vec())), (13 + length, None), (15 + 2 * length, last)];
        assert_eq!(read, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_division_of_the_bytes_gives_the_same_lines(
            parts in vec((0_usize..40_000, any::<bool>(), 0_usize..20_000), 0..6),
            is_fragment: bool,
        ) {
            let mut text = Vec::new();
            for (length, ends, _) in &parts {
                text.extend((0..*length % 20_000).map(|index| b'a' + (index % 26) as u8));
                if *ends {
                    text.push(b'\n');
                }
            }
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut rest = text.as_slice();
            for (_, _, cut) in &parts {
                let (piece, after) = rest.split_at(rest.len().min(*cut));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert!(read(&pieces, is_fragment) == read(&[&text], is_fragment));
            let single: Vec<&[u8]> = text.chunks(1).collect();
            prop_assert!(read(&single, is_fragment) == read(&[&text], is_fragment));
        }
    }
}
