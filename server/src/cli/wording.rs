//! Wording that several commands share.

/// `1 entry`, `2 entries`.
pub(super) fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// Names the entries whose content is gone without a word.
pub(super) fn unexplained(numbers: &[u64]) -> String {
    let named: Vec<String> = numbers.iter().take(20).map(ToString::to_string).collect();
    let more = if numbers.len() > named.len() {
        format!(" and {} more", numbers.len() - named.len())
    } else {
        String::new()
    };
    let [entry, is] = if numbers.len() == 1 { ["entry", "is"] } else { ["entries", "are"] };
    format!(
        "the content of {entry} {}{more} {is} gone, and no entry tells of a redaction: someone took it away in the database itself",
        named.join(", ")
    )
}
