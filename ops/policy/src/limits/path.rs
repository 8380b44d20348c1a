//! Paths of requests in one normal form, so that no spelling of a path gets it into a laxer class.
//!
//! The normal form follows RFC 3986: percent-encoding is decoded and letters are lower case
//! (section 6.2.2), dot segments are removed (section 5.2.4). It goes further where servers do:
//! `//` is `/`, and so are `%2F`, `\` and `%5C`; a slash at the end makes no difference. The letters
//! beside ASCII that some take for an ASCII letter of another case are read as that letter: U+017F
//! and U+212A (Unicode's `CaseFolding.txt`, status C), U+0130 and U+0131 (status T).
//!
//! Servers do not agree on all of this. A path that they may understand differently has several
//! readings, one for each combination of the [`DEPARTURES`] that concern it, and the caller looks
//! at all of them. A path on which no agreement can be assumed is [`Unreadable`].

/// The longest normal form, in bytes.
const LONGEST: usize = 2_048;
/// The longest path as it is sent, in bytes: what nginx takes by default.
const LONGEST_SENT: usize = 8_192;

/// Ways in which servers depart from the normal form; a reading is a set of them.
const DEPARTURES: u8 = KEEP_DOTS | CUT_PARAMETERS | KEEP_ENCODED_SLASHES | KEEP_EMPTY;
/// `.` and `..` are names like any other, as where a router gets the path as it was sent.
const KEEP_DOTS: u8 = 1;
/// The text after `;` in a segment does not belong to its name, as in servlet containers.
const CUT_PARAMETERS: u8 = 2;
/// `%2F`, `\` and `%5C` are characters of a name.
const KEEP_ENCODED_SLASHES: u8 = 4;
/// `//` surrounds an empty name.
const KEEP_EMPTY: u8 = 8;

/// Stands for a slash that belongs to a name; no path can contain it otherwise.
const SLASH_IN_NAME: u8 = 1;

/// The treatment of upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Folded,
    Kept,
}

/// A path of which it can't be told how a server understands it: it does not begin with one `/`,
/// has a `%` without two hexadecimal digits, is encoded twice or not UTF-8, has control characters
/// or `#`, or is longer than 2,048 bytes (8,192 as it is sent).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A path in normal form: it begins and ends with `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NormalPath<'a>(&'a str);

impl<'a> NormalPath<'a> {
    /// With the slash at its end.
    pub fn closed(self) -> &'a str {
        self.0
    }

    /// Without the slash at its end, unless it is nothing else.
    pub fn open(self) -> &'a str {
        self.0.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(self.0)
    }

    /// The names between the slashes.
    pub fn segments(self) -> impl Iterator<Item = &'a str> {
        let inner = self.0.strip_prefix('/').unwrap_or(self.0);
        inner.strip_suffix('/').unwrap_or(inner).split('/').filter(|name| !name.is_empty())
    }
}

/// The path of a request's target, as it was sent: without scheme and host, if there are any, and
/// without the query.
pub(super) fn path_of(uri: &str) -> Result<&str, Unreadable> {
    let target = uri.split('?').next().unwrap_or_default();
    let path = if target.starts_with('/') {
        target
    } else {
        let (scheme, rest) = target.split_once("://").ok_or(Unreadable)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if !is_scheme || authority.is_empty() || authority.contains('\\') {
            return Err(Unreadable);
        }
        if path.is_empty() { "/" } else { path }
    };
    // Behind two slashes some programs expect the name of a host.
    let names_host = matches!(path.as_bytes().get(1), Some(b'/' | b'\\'));
    if names_host || path.len() > LONGEST_SENT || path.contains('#') {
        return Err(Unreadable);
    }
    Ok(path)
}

/// True if a path, as it was sent, is in normal form but for a slash at its end, so that there is
/// nothing to decode and nothing to doubt.
pub(super) fn is_plain(path: &str) -> bool {
    let is_fine = |b: u8| {
        b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'/' | b'-' | b'_' | b'.')
    };
    let pairs = path.as_bytes().windows(2);
    path.bytes().all(is_fine) && !pairs.into_iter().any(|two| matches!(two, b"//" | b"/."))
}

/// Calls `visit` with each reading of a path that was sent, the normal form first. The work is
/// linear in the length of the path. After an error, what was visited before does not count.
pub(super) fn each_reading(
    path: &str,
    case: Case,
    mut visit: impl FnMut(NormalPath<'_>),
) -> Result<(), Unreadable> {
    let mut reader = Reader { bytes: [0; LONGEST], length: 0, start: 0, case, doubts: 0 };
    for departures in 0..=DEPARTURES {
        // What one departure uncovers concerns only sets that contain it, and those come later.
        if departures & !reader.doubts == 0 {
            reader.read(path.as_bytes(), departures)?;
            let text = reader.bytes.get(..reader.length).ok_or(Unreadable)?;
            visit(NormalPath(std::str::from_utf8(text).map_err(|_| Unreadable)?));
        }
    }
    Ok(())
}

struct Reader {
    bytes: [u8; LONGEST],
    length: usize,
    /// The start of the present segment.
    start: usize,
    case: Case,
    /// The departures that would make another path of it.
    doubts: u8,
}

impl Reader {
    fn read(&mut self, path: &[u8], departures: u8) -> Result<(), Unreadable> {
        (self.length, self.start) = (0, 0);
        self.push(b'/')?;
        self.start = self.length;
        let mut rest = path.get(1..).unwrap_or_default();
        while let Some((&sent, after)) = rest.split_first() {
            let (byte, after) = if sent == b'%' { decode(after)? } else { (sent, after) };
            rest = after;
            let is_slash = matches!(byte, b'/' | b'\\');
            if sent == b'/' {
                self.end_segment(departures, false)?;
            } else if is_slash {
                self.doubts |= KEEP_ENCODED_SLASHES;
                if departures & KEEP_ENCODED_SLASHES == 0 {
                    self.end_segment(departures, false)?;
                } else {
                    self.push(SLASH_IN_NAME)?;
                }
            } else {
                self.character(byte)?;
            }
        }
        self.end_segment(departures, true)
    }

    fn push(&mut self, byte: u8) -> Result<(), Unreadable> {
        *self.bytes.get_mut(self.length).ok_or(Unreadable)? = byte;
        self.length += 1;
        Ok(())
    }

    /// Adds one decoded byte to the present segment.
    fn character(&mut self, byte: u8) -> Result<(), Unreadable> {
        let before = self.bytes.get(self.start..self.length).unwrap_or_default();
        // A `%` that is left was encoded itself, so that this would be decoded twice by some.
        let is_encoded_twice = byte.is_ascii_hexdigit()
            && matches!(before, [.., b'%', digit] if digit.is_ascii_hexdigit());
        if byte.is_ascii_control() || is_encoded_twice {
            return Err(Unreadable);
        }
        if self.case == Case::Kept {
            return self.push(byte);
        }
        let (letters, letter) = match (before, byte) {
            ([.., 0xc5], 0xbf) => (1, b's'),
            ([.., 0xe2, 0x84], 0xaa) => (2, b'k'),
            ([.., 0xc4], 0xb0 | 0xb1) => (1, b'i'),
            _ => (0, byte.to_ascii_lowercase()),
        };
        self.length -= letters;
        self.push(letter)
    }

    fn end_segment(&mut self, departures: u8, is_last: bool) -> Result<(), Unreadable> {
        let segment = self.bytes.get(self.start..self.length).unwrap_or_default();
        if let Some(at) = segment.iter().position(|&byte| byte == b';') {
            self.doubts |= CUT_PARAMETERS;
            if departures & CUT_PARAMETERS != 0 {
                self.length = self.start + at;
            }
        }
        let segment = self.bytes.get(self.start..self.length).unwrap_or_default();
        match segment {
            b"" if is_last => return Ok(()),
            b"" => {
                self.doubts |= KEEP_EMPTY;
                if departures & KEEP_EMPTY == 0 {
                    return Ok(());
                }
            }
            b"." | b".." => {
                let climbs = segment.len() == 2;
                self.doubts |= KEEP_DOTS;
                if departures & KEEP_DOTS == 0 {
                    self.length = if climbs { self.parent() } else { self.start };
                    self.start = self.length;
                    return Ok(());
                }
            }
            _ => {}
        }
        self.push(b'/')?;
        self.start = self.length;
        Ok(())
    }

    /// The start of the segment before the present one.
    fn parent(&self) -> usize {
        let before = self.bytes.get(..self.start.saturating_sub(1)).unwrap_or_default();
        before.iter().rposition(|&byte| byte == b'/').map_or(1, |slash| slash + 1)
    }
}

/// Reads the two digits behind a `%`.
fn decode(after: &[u8]) -> Result<(u8, &[u8]), Unreadable> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [high, low, rest @ ..] = after else { return Err(Unreadable) };
    let (high, low) = (digit(*high).ok_or(Unreadable)?, digit(*low).ok_or(Unreadable)?);
    Ok((u8::try_from(high * 16 + low).map_err(|_| Unreadable)?, rest))
}
