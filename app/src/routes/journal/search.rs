//! The search of the journal as the server reads it.

use commands::{
    audit::{AuditFilter, AuditPage},
    reading::{SearchAudit, VerifyJournal},
};
use domain::{
    error::ErrorKind,
    id::IncidentNumber,
    time::{Span, Timestamp},
};
use leptos::prelude::use_context;

use super::view::{AuditSearch, FoundEntries, JournalView, NotRedacted};
use crate::{
    door::{execute, refuse},
    problem::Problem,
    urlencoded::{Form, percent_encode},
};

pub(super) async fn run(query: &str) -> Result<JournalView, Problem> {
    let search = AuditSearch::read(query).map_err(refuse)?;
    let found = match search.filter() {
        Ok(filter) => {
            let proof = if search.verify { Some(execute(VerifyJournal {}).await) } else { None };
            let page = execute(SearchAudit { filter }).await;
            match proof {
                Some(Err(problem)) => Err(problem),
                Some(Ok(found)) => page.map(|page| AuditPage { verified: Some(found), ..page }),
                None => page,
            }
        }
        Err(problem) => Err(refuse(problem)),
    };
    let found = found.map(|page| FoundEntries {
        newest: (!search.before.is_empty()).then(|| search.address("")),
        older: page.next.map(|next| search.address(&next.to_string())),
        page,
    });
    Ok(JournalView { search, found, refused: use_context::<NotRedacted>() })
}

impl AuditSearch {
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
                    || invalid("The time zone in the link is not valid. Clear the search."),
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
            before: before.map_err(|_| invalid("Invalid link. Search again."))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_of_the_journal_keeps_itself_in_the_address() {
        let seek = AuditSearch {
            actor: "account:7".into(),
            subject: "disk:/var & co".into(),
            ..AuditSearch::default()
        };
        assert_eq!(
            seek.address("40"),
            "/ops/journal?actor=account%3A7&subject=disk%3A%2Fvar%20%26%20co&before=40"
        );
        let read = |query: &str| AuditSearch::read(query).unwrap();
        assert_eq!(read(&seek.address("").replace("/ops/journal", "")), seek);
        assert_eq!(AuditSearch::default().address(""), "/ops/journal");
        assert!(read("verify=now").verify && !read("verify=later").verify);
        assert!(!read("?verify=now&before=3&done=removed").is_narrow());
        assert!(
            AuditSearch::read("kind=%ff").is_err()
                && AuditSearch::read("before=1&before=2").is_err()
        );
    }

    #[test]
    fn a_search_of_the_journal_is_read_strictly() {
        let good = AuditSearch {
            actor: "local".into(),
            incident: " 7 ".into(),
            from: "2026-11-01".into(),
            to: "2026-11-01".into(),
            ..AuditSearch::default()
        };
        let filter = good.filter().unwrap();
        assert_eq!(
            (filter.actor, filter.incident),
            (Some(domain::actor::Actor::Local), Some(IncidentNumber(7)))
        );
        assert_eq!(filter.to.unwrap().since(filter.from.unwrap()), Span::from_secs(86_400));
        let minute = AuditSearch {
            from: "2026-11-22T14:05".into(),
            to: "2026-11-22T14:05".into(),
            offset: "120".into(),
            ..AuditSearch::default()
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
            AuditSearch { from: String::new(), to: String::new(), ..minute }.address(""),
            "/ops/journal"
        );
        for bad in [
            AuditSearch { offset: "99999".into(), ..AuditSearch::default() },
            AuditSearch { offset: "x".into(), ..AuditSearch::default() },
            AuditSearch { actor: "root".into(), ..AuditSearch::default() },
            AuditSearch { incident: "-1".into(), ..AuditSearch::default() },
            AuditSearch { from: "yesterday".into(), ..AuditSearch::default() },
            AuditSearch { before: "1e9".into(), ..AuditSearch::default() },
        ] {
            assert_eq!(bad.filter().unwrap_err().kind, ErrorKind::Invalid);
        }
    }
}
