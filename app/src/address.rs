//! Texts inside an address.

/// A text as it stands in a path or a query: what is not a letter, a digit or one of `-_.~` is
/// written as its bytes.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(
                    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase(),
                );
            }
        }
    }
    encoded
}

/// An address with the fields of a query that are set.
pub(crate) fn address<'a, 'b>(
    path: &str,
    fields: impl IntoIterator<Item = (&'a str, &'b str)>,
) -> String {
    let set = fields.into_iter().filter(|(_, value)| !value.trim().is_empty());
    let query: Vec<String> =
        set.map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}
