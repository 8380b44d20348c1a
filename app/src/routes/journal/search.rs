//! The search of the journal as the server reads it.

use commands::{
    audit::{AuditFilter, AuditPage},
    reading::{SearchAudit, VerifyJournal},
};
use domain::{error::ErrorKind, id::IncidentNumber};
use leptos::prelude::use_context;

use super::view::{AuditSearch, FoundEntries, JournalView, NotRedacted};
use crate::{
    backend::{execute, refuse},
    problem::Problem,
    routes::period::period,
    urlencoded::Form,
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
            group: text("group"),
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

    /// Reads strictly the search that a person typed.
    pub(crate) fn filter(&self) -> Result<AuditFilter, Problem> {
        let invalid =
            |sentence: &str| Problem { kind: ErrorKind::Invalid, sentence: sentence.to_owned() };
        let text = |field: &str| Some(field.trim().to_owned()).filter(|text| !text.is_empty());
        let group = text(&self.group).map(|group| group.parse()).transpose();
        let actor = text(&self.actor).map(|actor| actor.parse()).transpose();
        let incident = text(&self.incident)
            .map(|number| number.trim_start_matches('#').parse::<u32>())
            .transpose();
        let before = text(&self.before).map(|number| number.parse::<u64>()).transpose();
        let (from, to) = period(&self.from, &self.to, &self.offset)?;
        Ok(AuditFilter {
            group: group.map_err(|_| {
                invalid("There is no such group of entries. Choose one of the links above.")
            })?,
            actor: actor
                .map_err(|_| invalid("Who did it can't be read. Choose one from the list."))?,
            kind: text(&self.kind),
            subject: text(&self.subject),
            incident: incident
                .map_err(|_| invalid("An incident is named by its number, such as 42."))?
                .map(IncidentNumber),
            from,
            to,
            before: before.map_err(|_| invalid("Invalid link. Search again."))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use commands::audit::AuditGroup;
    use domain::{actor::Actor, time::Span};

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
    fn a_group_keeps_what_else_is_searched_for_and_the_address_names_it() {
        let search = AuditSearch {
            kind: "commented".into(),
            incident: "7".into(),
            before: "40".into(),
            ..AuditSearch::default()
        };
        let decisions = search.of_group(Some(AuditGroup::Decisions));
        assert_eq!(decisions, "/ops/journal?group=decisions&incident=7");
        let chosen = AuditSearch::read("group=decisions").unwrap();
        assert_eq!(chosen.of_group(None), "/ops/journal");
        assert!(chosen.is_narrow() && !chosen.is_searched() && search.is_searched());
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
            (Some(Actor::Local.into()), Some(IncidentNumber(7)))
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
        let group = AuditSearch { group: "people".into(), ..AuditSearch::default() };
        assert_eq!(group.filter().unwrap().group, Some(AuditGroup::People));
        for bad in [
            AuditSearch { group: "everything".into(), ..AuditSearch::default() },
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
