//! What is looked for in the journal, as it stands in the address; and what a person was told of a
//! removal or of a share link.

use commands::audit::AuditFilter;
use domain::{
    error::ErrorKind,
    id::IncidentNumber,
    time::{Span, Timestamp},
};

use crate::{
    problem::Problem,
    urlencoded::{Form, percent_encode},
};

/// A search of the journal, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seek {
    /// An actor's text, such as `account:7`.
    pub actor: String,
    /// A kind of entry.
    pub kind: String,
    /// A subject, or the beginning of one.
    pub subject: String,
    /// An incident's number.
    pub incident: String,
    /// The first minute, such as `2026-11-22T14:05`, or a day.
    pub from: String,
    /// The last minute, or a day.
    pub to: String,
    /// How many minutes east of UTC the reader's clock is: their browser says so. UTC without.
    pub offset: String,
    /// Where this page begins.
    pub before: String,
    /// Whether the chain is to be proved now.
    pub verify: bool,
    /// Whether a content was removed just now.
    pub removed: bool,
}

impl Seek {
    /// From an address's query, such as `kind=commented&incident=7`.
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        let form = Form::read(query.trim_start_matches('?').as_bytes())?;
        let text = |name| form.get(name).to_owned();
        Ok(Self {
            actor: text("actor"),
            kind: text("kind"),
            subject: text("subject"),
            incident: text("incident"),
            from: text("from"),
            to: text("to"),
            offset: text("offset"),
            before: text("before"),
            verify: form.get("verify") == "now",
            removed: form.get("done") == "removed",
        })
    }

    /// The fields that narrow, by their names.
    pub(crate) fn narrowing(&self) -> [(&'static str, &str); 6] {
        let Self {
            actor,
            kind,
            subject,
            incident,
            from,
            to,
            offset: _,
            before: _,
            verify: _,
            removed: _,
        } = self;
        [
            ("actor", actor),
            ("kind", kind),
            ("subject", subject),
            ("incident", incident),
            ("from", from),
            ("to", to),
        ]
    }

    /// The fields that keep the search in an address.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&'static str, &str)> {
        // Only a time is read by the reader's clock.
        let offset =
            if self.from.is_empty() && self.to.is_empty() { "" } else { self.offset.as_str() };
        self.narrowing()
            .into_iter()
            .chain([("offset", offset)])
            .filter(|(_, value)| !value.is_empty())
    }

    /// Whether anything narrows it.
    pub(crate) fn is_narrow(&self) -> bool {
        self.narrowing().iter().any(|(_, value)| !value.trim().is_empty())
    }

    /// The address of the same search, on another page.
    pub(crate) fn address(&self, before: &str) -> String {
        let fields = self.kept().chain([("before", before)]).filter(|(_, value)| !value.is_empty());
        let query: Vec<String> =
            fields.map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
        if query.is_empty() {
            "/ops/journal".to_owned()
        } else {
            format!("/ops/journal?{}", query.join("&"))
        }
    }

    /// What a person typed, read strictly.
    pub(crate) fn filter(&self) -> Result<AuditFilter, Problem> {
        let invalid =
            |sentence: &str| Problem { kind: ErrorKind::Invalid, sentence: sentence.to_owned() };
        let text = |field: &str| Some(field.trim().to_owned()).filter(|text| !text.is_empty());
        let offset = match text(&self.offset) {
            None => 0,
            // The farthest zones are 14 hours away.
            Some(minutes) => {
                minutes.parse::<i32>().ok().filter(|minutes| minutes.abs() <= 15 * 60).ok_or_else(
                    || invalid("How far your clock is from UTC can't be read. Begin a new search."),
                )?
            }
        };
        // From the beginning of what is named, to its end: a minute, or a day.
        let time = |field: &str, name: &str, end: bool| -> Result<Option<Timestamp>, Problem> {
            let Some(text) = text(field) else { return Ok(None) };
            let (local, long) = if text.contains('T') {
                (format!("{text}:00Z"), 60)
            } else {
                (format!("{text}T00:00:00Z"), 86_400)
            };
            let at = local.parse::<Timestamp>().map_err(|_| {
                invalid(&format!("The time after \"{name}\" can't be read. Write it as 2026-11-22T14:05, or only the day."))
            })?;
            let at = Timestamp::from_micros(
                at.as_micros().saturating_sub(i64::from(offset) * 60_000_000),
            );
            Ok(Some(if end { at.plus(Span::from_secs(long)) } else { at }))
        };
        let actor = text(&self.actor).map(|actor| actor.parse()).transpose();
        let incident = text(&self.incident)
            .map(|number| number.trim_start_matches('#').parse::<u32>())
            .transpose();
        let before = text(&self.before).map(|number| number.parse::<u64>()).transpose();
        Ok(AuditFilter {
            actor: actor
                .map_err(|_| invalid("Who did it can't be read. Choose one from the list."))?,
            kind: text(&self.kind),
            subject: text(&self.subject),
            incident: incident
                .map_err(|_| invalid("An incident is named by its number, such as 42."))?
                .map(IncidentNumber),
            from: time(&self.from, "From", false)?,
            to: time(&self.to, "To", true)?,
            before: before.map_err(|_| invalid("The page's address is damaged. Search again."))?,
        })
    }
}

/// Why a subject was not retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotRetired(pub Problem);

/// A removal that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotRemoved {
    /// Of which entry.
    pub entry: u64,
    /// Why it was wanted.
    pub reason: String,
    /// Why it was not done.
    pub problem: Problem,
}

/// The form of a new maintenance window, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WindowForm {
    /// Subjects and patterns, one on each line.
    pub subjects: String,
    /// In how many minutes it ends.
    pub minutes: String,
    /// Why.
    pub reason: String,
}

impl Default for WindowForm {
    fn default() -> Self {
        Self { subjects: String::new(), minutes: "60".to_owned(), reason: String::new() }
    }
}

/// A maintenance window that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedWindow {
    /// What was typed.
    pub form: WindowForm,
    /// Why it was not done.
    pub problem: Problem,
}

/// What came of a form about share links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    /// A link was made: its address, which is told once.
    Made(String),
    /// It was refused; what was typed still stands in the form.
    Refused(Box<LinkForm>, Problem),
}

/// The form of a new link, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkForm {
    /// What the team calls it.
    pub label: String,
    /// `customer` or `manager`.
    pub audience: String,
    /// For how many days it is open.
    pub days: String,
    /// Which parts it shows.
    pub summary: bool,
    /// The timeline.
    pub timeline: bool,
    /// How things stand.
    pub now: bool,
    /// Whether it names the hosts.
    pub hosts: bool,
}

impl Default for LinkForm {
    fn default() -> Self {
        Self {
            label: String::new(),
            audience: "customer".to_owned(),
            days: "7".to_owned(),
            summary: true,
            timeline: true,
            now: true,
            hosts: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_of_the_journal_keeps_itself_in_the_address() {
        let seek =
            Seek { actor: "account:7".into(), subject: "disk:/var & co".into(), ..Seek::default() };
        assert_eq!(
            seek.address("40"),
            "/ops/journal?actor=account%3A7&subject=disk%3A%2Fvar%20%26%20co&before=40"
        );
        let read = |query: &str| Seek::read(query).unwrap();
        assert_eq!(read(&seek.address("").replace("/ops/journal", "")), seek);
        assert_eq!(Seek::default().address(""), "/ops/journal");
        assert!(read("verify=now").verify && !read("verify=later").verify);
        assert!(!read("?verify=now&before=3&done=removed").is_narrow());
        assert!(Seek::read("kind=%ff").is_err() && Seek::read("before=1&before=2").is_err());
    }

    #[test]
    fn a_search_of_the_journal_is_read_strictly() {
        let good = Seek {
            actor: "local".into(),
            incident: " 7 ".into(),
            from: "2026-11-01".into(),
            to: "2026-11-01".into(),
            ..Seek::default()
        };
        let filter = good.filter().unwrap();
        assert_eq!(
            (filter.actor, filter.incident),
            (Some(domain::actor::Actor::Local), Some(IncidentNumber(7)))
        );
        assert_eq!(filter.to.unwrap().since(filter.from.unwrap()), Span::from_secs(86_400));
        let minute = Seek {
            from: "2026-11-22T14:05".into(),
            to: "2026-11-22T14:05".into(),
            offset: "120".into(),
            ..Seek::default()
        };
        let filter = minute.filter().unwrap();
        assert_eq!(
            filter.from,
            Some("2026-11-22T12:05:00Z".parse().unwrap()),
            "by the reader's clock"
        );
        assert_eq!(filter.to, Some("2026-11-22T12:06:00Z".parse().unwrap()));
        assert_eq!(
            minute.address(""),
            "/ops/journal?from=2026-11-22T14%3A05&to=2026-11-22T14%3A05&offset=120"
        );
        assert_eq!(
            Seek { from: String::new(), to: String::new(), ..minute }.address(""),
            "/ops/journal"
        );
        for bad in [
            Seek { offset: "99999".into(), ..Seek::default() },
            Seek { offset: "x".into(), ..Seek::default() },
            Seek { actor: "root".into(), ..Seek::default() },
            Seek { incident: "-1".into(), ..Seek::default() },
            Seek { from: "yesterday".into(), ..Seek::default() },
            Seek { before: "1e9".into(), ..Seek::default() },
        ] {
            assert_eq!(bad.filter().unwrap_err().kind, ErrorKind::Invalid);
        }
    }
}
