//! Subject: what a signal is about.

use std::{str::FromStr, sync::Arc};

use crate::{
    name::{BadName, bad, text_type},
    text::{hidden_in, is_piled_up, is_unprintable, shown},
};

/// The subject of a signal: `kind:name` or `kind:name@host`, such as `disk:/var@web-1`. At most 200
/// bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

text_type!(Subject);

impl Subject {
    /// Checks whether a text may name a subject; allocates nothing.
    pub fn check(text: &str) -> Result<(), BadName> {
        const EXPECTED: &str = "'kind:name' or 'kind:name@host', at most 200 bytes, such as 'service:imports' or 'disk:/var@web-1'";
        let fine = || {
            let (kind, rest) = text.split_once(':')?;
            let (name, host) = match rest.rsplit_once('@') {
                Some((name, host)) => (name, Some(host)),
                None => (rest, None),
            };
            let kind_fine = kind.len() <= 32
                && kind.starts_with(|c: char| c.is_ascii_lowercase())
                && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let host_fine = host.is_none_or(is_host);
            (text.len() <= 200 && kind_fine && is_name(name) && host_fine).then_some(())
        };
        fine().ok_or_else(|| bad(text, "subject", EXPECTED))
    }

    /// Checks whether a new text may name a subject: what was stored before may hold characters
    /// that are not seen.
    pub fn check_new(text: &str) -> Result<(), BadName> {
        const EXPECTED: &str = "'kind:name' or 'kind:name@host' of visible characters";
        Self::check(text)?;
        if has_hidden(text) {
            return Err(bad(text, "subject", EXPECTED));
        }
        Ok(())
    }

    /// True if a new text may be the part between kind and host, of a subject without a host;
    /// allocates nothing. The length of the whole is not looked at.
    pub fn is_new_name(name: &str) -> bool {
        is_name(name) && !name.contains('@') && !has_hidden(name)
    }

    /// Builds `kind:name@host` from parts that may hold anything: what a name cannot hold becomes
    /// `_`.
    pub fn build(kind: &str, name: &str, host: Option<&str>) -> Self {
        let mut clean = shown(name.trim()).replace('@', "_");
        while clean.len() > 100 {
            clean.pop();
        }
        let clean = clean.trim();
        let name = if clean.is_empty() { "_" } else { clean };
        let text = match host.filter(|host| is_host(host)) {
            Some(host) => format!("{kind}:{name}@{host}"),
            None => format!("{kind}:{name}"),
        };
        text.parse().unwrap_or_else(|_| Self("service:_".into()))
    }

    /// The part before the colon: `disk`.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// The part between colon and host: `/var`.
    pub fn name(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.rsplit_once('@').map_or(rest, |(name, _)| name)
    }

    /// The host, if one is named; for `host:web-1` it is `web-1` itself.
    pub fn host(&self) -> Option<&str> {
        match self.0.rsplit_once('@') {
            Some((_, host)) => Some(host),
            None if self.kind() == "host" => Some(self.name()),
            None => None,
        }
    }
}

impl Subject {
    /// The subject of every practice. Kinds are free: others of this kind are real.
    pub const PRACTICE: &'static str = "practice:practice";

    /// The subject of every practice.
    pub fn practice() -> Self {
        Self(Self::PRACTICE.into())
    }

    /// True if it is the subject of a practice, and of nothing real. Whatever must tell a practice
    /// from a real incident asks here.
    pub fn is_practice(&self) -> bool {
        self.as_str() == Self::PRACTICE
    }

    /// The same on a host that was renamed; `None` if it is not on that host.
    #[must_use]
    pub fn on_renamed_host(&self, from: &str, to: &str) -> Option<Self> {
        self.host().filter(|host| *host == from)?;
        let place = self.0.len().checked_sub(from.len())?;
        let text = [self.0.get(..place)?, to].concat();
        text.parse().ok()
    }
}

impl FromStr for Subject {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::check(text)?;
        Ok(Self(text.into()))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(is_unprintable)
}

fn has_hidden(text: &str) -> bool {
    hidden_in(text).is_some() || is_piled_up(text)
}

fn is_host(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{signal::Signal, unit::Unit};

    #[test]
    fn subjects_have_three_parts() {
        let subject: Subject = "disk:/var@web-1".parse().unwrap();
        assert_eq!(
            (subject.kind(), subject.name(), subject.host()),
            ("disk", "/var", Some("web-1"))
        );
        let subject: Subject = "host:web-1".parse().unwrap();
        assert_eq!(
            (subject.kind(), subject.name(), subject.host()),
            ("host", "web-1", Some("web-1"))
        );
        assert_eq!("service:imports".parse::<Subject>().unwrap().host(), None);
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = format!("service:{}", "x".repeat(300));
        for text in [
            "",
            "imports",
            ":x",
            "Kind:x",
            "service:",
            "service: x",
            "service:a\u{202e}b",
            "service:a\nb",
            "disk:/@",
            "disk:/@a b",
            &long,
        ] {
            assert!(text.parse::<Subject>().is_err(), "{text:?}");
        }
        for text in
            ["service:a\u{3164}b", "service:a\u{ad}", "service:a\u{fe0f}", "service:\u{2800}"]
        {
            assert!(Subject::check_new(text).is_err(), "{text:?}");
            assert!(Subject::check(text).is_ok(), "{text:?} was taken once");
        }
        assert!(Subject::check_new("service:☁\u{fe0f} Zürich").is_ok());
        for name in ["", " a", "a@b", "a\u{202e}b", "a\u{3164}b", "a\nb"] {
            assert!(!Subject::is_new_name(name), "{name:?}");
        }
        assert!(Subject::is_new_name("☁\u{fe0f} Zürich"));
        for text in ["", ".", "a..b", "A.b", "a b", "a.1b", "<script>"] {
            assert!(text.parse::<Signal>().is_err(), "{text:?}");
        }
        assert!("jobs".parse::<Unit>().is_ok());
        assert!("<b>".parse::<Unit>().is_err());
    }

    #[test]
    fn built_subjects_always_parse() {
        for name in ["", " ", "a@b", "x\u{0}y", &"ä".repeat(200), "/mnt/with space"] {
            let built = Subject::build("disk", name, Some("web-1"));
            assert_eq!(built.as_str().parse::<Subject>().unwrap(), built, "{name:?}");
            assert_eq!(built.host(), Some("web-1"));
        }
    }
}
