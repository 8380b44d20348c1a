//! Form encoding: the fields of a form or a query, and texts inside an address.

use std::collections::BTreeSet;

use domain::error::{Error, FieldReason};

/// Fields that may stand several times in a form.
const REPEATED: [&str; 2] = ["missing", "chosen[]"];

/// The fields of a form, or of an address's query: plain text, and each once but those that may
/// repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form. What is damaged, or stands there twice and could be read in two ways, is
    /// refused with the name of the field.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let (mut fields, mut seen) = (Vec::new(), BTreeSet::new());
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let name = percent_decode(&pair[..end]).ok_or_else(|| unreadable(""))?;
            let value = percent_decode(pair.get(end + 1..).unwrap_or_default());
            let value = value.ok_or_else(|| unreadable(&name))?;
            if !REPEATED.contains(&name.as_str()) && !seen.insert(name.clone()) {
                return Err(unreadable(&name));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The value of a field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The values of a field that may repeat.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter().filter_map(move |(known, value)| (known == name).then_some(value))
    }

    /// All fields, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The error of a field; of the whole form, where its name could not be a field's.
fn unreadable(name: &str) -> Error {
    let is_name =
        |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    let name = if (1..=40).contains(&name.len()) && is_name(name) { name } else { "form" };
    Error::invalid(name.to_owned(), FieldReason::Unreadable)
}

/// The text that stands there; `None` if a `%` is followed by no number, or it is not UTF-8.
fn percent_decode(bytes: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_damaged_or_can_be_read_in_two_ways_names_its_field() {
        let refused = |body: &[u8]| Form::read(body).unwrap_err();
        for (body, field) in [
            (&b"text=%zz"[..], "text"),
            (b"a=1&text=%", "text"),
            (b"text=%4", "text"),
            (b"text=%ff", "text"),
            (b"text=\xff", "text"),
            (b"text=%ed%a0%80", "text"),
            (b"text=%c0%af", "text"),
            (b"text=1&text=1", "text"),
            (b"text=1&te%78t=2", "text"),
            (b"%ff=1", "form"),
            (b"<b>=1&<b>=1", "form"),
            (b"=1&=2", "form"),
        ] {
            assert_eq!(refused(body), Error::invalid(field, FieldReason::Unreadable), "{body:?}");
        }
        let form = Form::read(b"a=%C3%A4+%26%00&chosen[]=x&chosen%5B%5D=y&&b&c==").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), ("ä &\0", "", "="));
        assert_eq!(form.all("chosen[]").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!((form.get("none"), form.iter().count()), ("", 5));
    }
}
