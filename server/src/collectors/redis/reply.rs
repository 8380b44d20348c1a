//! The protocol of Redis (RESP 2), as far as it is needed: commands, and the three kinds of reply
//! that AUTH and INFO get.

/// The longest line: that of an error.
const LONGEST_LINE: usize = 4 * 1024;
/// The longest text. INFO has about 6 KiB, and a line for each replica, database and module.
pub(super) const LONGEST_TEXT: usize = 1024 * 1024;

/// A reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// `+OK`, or another short word.
    Done,
    /// An error: its code and its sentence, which may repeat what was sent.
    Refused(String),
    /// A text.
    Text(String),
}

/// The reason why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadReply {
    /// No Redis begins like this.
    NotRedis,
    /// The text is longer than any that was asked for.
    TooLong,
}

/// A command as it is sent.
pub(super) fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

/// Reads the reply that bytes begin with, and how many it takes; `None` while more has to come.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(Reply, usize)>, BadReply> {
    let Some((&kind, rest)) = bytes.split_first() else { return Ok(None) };
    if !matches!(kind, b'+' | b'-' | b'$') {
        return Err(BadReply::NotRedis);
    }
    let Some(length) = rest.windows(2).take(LONGEST_LINE).position(|pair| pair == b"\r\n") else {
        let is_too_long = rest.len() > LONGEST_LINE;
        return if is_too_long { Err(BadReply::NotRedis) } else { Ok(None) };
    };
    let (line, begin) = (&rest[..length], 1 + length + 2);
    match kind {
        b'+' => Ok(Some((Reply::Done, begin))),
        b'-' => Ok(Some((Reply::Refused(text(line)), begin))),
        _ => {
            let length = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
            let length: usize = length.ok_or(BadReply::NotRedis)?;
            if length > LONGEST_TEXT {
                return Err(BadReply::TooLong);
            }
            let end = begin + length + 2;
            let Some(body) = bytes.get(begin..end) else { return Ok(None) };
            let body = body.strip_suffix(b"\r\n").ok_or(BadReply::NotRedis)?;
            Ok(Some((Reply::Text(text(body)), end)))
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_sent_word_by_word_whatever_is_in_them() {
        assert_eq!(command(&["INFO"]), b"*1\r\n$4\r\nINFO\r\n");
        assert_eq!(
            command(&["AUTH", "a\r\nb é"]),
            "*2\r\n$4\r\nAUTH\r\n$7\r\na\r\nb é\r\n".as_bytes()
        );
    }

    #[test]
    fn replies_are_read_and_what_is_none_is_told() {
        let is = |bytes: &[u8], reply: Reply, used: usize| {
            assert_eq!(read(bytes), Ok(Some((reply, used))));
        };
        is(b"+OK\r\n", Reply::Done, 5);
        is(b"+OK\r\n$2\r\nab\r\n", Reply::Done, 5);
        is(b"$2\r\nab\r\n+OK\r\n", Reply::Text("ab".to_owned()), 8);
        is(b"$4\r\na\r\nb\r\n", Reply::Text("a\r\nb".to_owned()), 10);
        is(b"$0\r\n\r\n", Reply::Text(String::new()), 6);
        let refused = "NOAUTH Authentication required.";
        is(b"-NOAUTH Authentication required.\r\n", Reply::Refused(refused.to_owned()), 34);
        for bytes in ["", "+", "+OK", "+OK\r", "$", "$2\r\n", "$2\r\na", "$2\r\nab", "$2\r\nab\r"] {
            assert_eq!(read(bytes.as_bytes()), Ok(None), "{bytes:?}");
        }
        for bytes in ["HTTP/1.1 400 Bad Request\r\n", ":1\r\n", "*1\r\n", "$-1\r\n", "$x\r\n"] {
            assert_eq!(read(bytes.as_bytes()), Err(BadReply::NotRedis), "{bytes:?}");
        }
        assert_eq!(read(b"$2\r\nabc\r\n"), Err(BadReply::NotRedis), "it does not end there");
        assert_eq!(read(b"$1048577\r\n"), Err(BadReply::TooLong));
        assert_eq!(read(b"$18446744073709551615\r\n"), Err(BadReply::TooLong));
        assert_eq!(read(&[b'+'; LONGEST_LINE + 1]), Ok(None));
        assert_eq!(read(&[b'+'; LONGEST_LINE + 2]), Err(BadReply::NotRedis));
    }

    proptest! {
        #[test]
        fn a_text_comes_back_and_no_part_of_it_is_taken_for_it(body in "[^\u{0}]{0,60}") {
            let whole = format!("${}\r\n{body}\r\n", body.len()).into_bytes();
            for end in 0..whole.len() {
                prop_assert_eq!(read(&whole[..end]), Ok(None));
            }
            prop_assert_eq!(read(&whole), Ok(Some((Reply::Text(body), whole.len()))));
        }

        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((_, used))) = read(&bytes) {
                prop_assert!(used <= bytes.len());
            }
        }
    }
}
