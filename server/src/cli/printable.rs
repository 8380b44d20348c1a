//! Text for a terminal: names and answers from outside may hold sequences that would steer it.

use std::io::{self, Write};

/// Writes text without control characters; lines and tabs stay.
pub(super) struct Printable<'a>(pub &'a mut dyn Write);

impl Write for Printable<'_> {
    /// Takes whole texts: whoever prints a character prints all of it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        if text.contains(steers) {
            self.0.write_all(text.replace(steers, "\u{b7}").as_bytes())?;
        } else {
            self.0.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        let mut out = Vec::new();
        let name = "Zürich\u{7}";
        write!(Printable(&mut out), "a\u{1b}[2J\u{9b}1m\r{name}\u{7f}\tb\n").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a·[2J·1m·Zürich··\tb\n");
    }
}
