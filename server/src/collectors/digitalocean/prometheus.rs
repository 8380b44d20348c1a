//! The text format of Prometheus, strictly and with bounds: names, labels, numbers. Lines that can't
//! be read make the whole page unreadable: half of a page would look like a smaller database.

use std::collections::BTreeMap;

use super::inventory::Unreadable;

/// The most samples of a page.
const MOST_SAMPLES: usize = 50_000;

/// One line with a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value; may be infinite or not a number.
    pub value: f64,
}

/// Reads a page, keeping the samples whose names are wanted.
pub(crate) fn read(
    text: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Sample>, Unreadable> {
    let (mut samples, mut count) = (Vec::new(), 0);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        count += 1;
        if count > MOST_SAMPLES {
            return Err(Unreadable::new("it has too many samples"));
        }
        let bad = || Unreadable(format!("line {number} is not in the format of Prometheus"));
        let sample = sample(line).ok_or_else(bad)?;
        if is_wanted(&sample.name) {
            samples.push(sample);
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(Unreadable::new("it ends within a line"));
    }
    if count == 0 { Err(Unreadable::new("it is empty")) } else { Ok(samples) }
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(|c: char| !is_name_part(c)).filter(|end| *end > 0)?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let mut fields = rest.split_ascii_whitespace();
    let value = match fields.next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        text => text.parse().ok()?,
    };
    // A time of its own may follow.
    let is_time = |text: &str| text.parse::<i64>().is_ok();
    let ends = fields.next().is_none_or(is_time) && fields.next().is_none();
    ends.then(|| Sample { name: name.to_owned(), labels, value })
}

const fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}

/// The labels after the opening brace, and what follows the closing one.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let (mut all, mut rest) = (BTreeMap::new(), text.trim_start());
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((all, after));
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(is_name_part) {
            return None;
        }
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        all.insert(name.to_owned(), value);
        rest = after.trim_start();
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
        } else if !rest.starts_with('}') {
            return None;
        }
    }
}

/// A text up to its closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other @ ('\\' | '"') => value.push(other),
                _ => return None,
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Sample>, Unreadable> {
        read(text, |_| true)
    }

    #[test]
    fn names_labels_values_and_times_are_read() {
        let samples = all(
            "# HELP cpu Use.\n# TYPE cpu gauge\ncpu_usage_idle{cpu=\"cpu-total\", host=\"a\\\"b\\\\\",} 97.5 1635386880000\n\nup 1\nodd{} +Inf\r\n",
        )
        .unwrap();
        assert_eq!(samples.len(), 3);
        assert_eq!((samples[0].name.as_str(), samples[0].value), ("cpu_usage_idle", 97.5));
        assert_eq!(samples[0].labels["host"], "a\"b\\");
        assert_eq!(samples[2].value, f64::INFINITY);
        assert_eq!(read("a 1\nb 2\n", |name| name == "b").unwrap().len(), 1);
    }

    #[test]
    fn half_pages_and_other_texts_are_refused() {
        for text in [
            "",
            "# only a comment\n",
            "<html>",
            "up",
            "up one",
            "up 1 2 3",
            "up 1 later",
            "cpu{cpu=\"total\" 1",
            "cpu{cpu=\"total} 1",
            "cpu{=\"total\"} 1",
            "cpu{a=\"\\x\"} 1",
            "{a=\"b\"} 1",
            "up 1\ncpu{cpu=\"cpu-t",
            "up 1\ncpu 9",
        ] {
            assert!(all(text).is_err(), "{text:?}");
        }
    }
}
