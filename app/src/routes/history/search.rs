//! The search as the server reads it.

use commands::reading::{HistoryFilter, SearchHistory};
use domain::{error::ErrorKind, id::IncidentNumber, severity::Severity};

use super::view::{Found, HistoryView, Search};
use crate::{
    backend::{execute, refuse},
    problem::Problem,
    routes::period::period,
};

fn invalid(sentence: &str) -> Problem {
    Problem { kind: ErrorKind::Invalid, sentence: sentence.to_owned() }
}

pub(super) async fn run(query: &str) -> HistoryView {
    let (search, filter) = match Search::read(query) {
        Ok(search) => (search.clone(), filter(&search)),
        Err(error) => (Search::default(), Err(error.into())),
    };
    let found = match filter {
        Ok(filter) => execute(SearchHistory { filter }).await,
        Err(problem) => Err(refuse(problem)),
    };
    let found = found.map(|history| Found {
        incidents: history.incidents,
        summary: history.summary,
        charts: history.charts,
        newest: (!search.before.is_empty()).then(|| search.address("")),
        older: history.next.map(|next| search.address(&next.to_string())),
    });
    HistoryView { search, found }
}

/// Reads strictly the search that a person typed.
fn filter(search: &Search) -> Result<HistoryFilter, Problem> {
    let text = |field: &str| {
        Some(field.trim().chars().take(200).collect::<String>()).filter(|text| !text.is_empty())
    };
    let severity = text(&search.severity).map(|word| word.parse::<Severity>()).transpose();
    let before = text(&search.before).map(|number| number.parse::<u32>()).transpose();
    let (from, to) = period(&search.from, &search.to, &search.offset)?;
    Ok(HistoryFilter {
        text: text(&search.text),
        severity: severity.map_err(|_| invalid("A severity is \"warning\" or \"critical\"."))?,
        subject: text(&search.subject),
        from,
        to,
        practice: match search.practice.as_str() {
            "" => None,
            "only" => Some(true),
            "none" => Some(false),
            _ => return Err(invalid("Practices are \"only\" or \"none\".")),
        },
        before: before.map_err(|_| invalid("Invalid link. Search again."))?.map(IncidentNumber),
    })
}

#[cfg(test)]
mod tests {
    use domain::time::Span;

    use super::*;

    #[test]
    fn a_search_keeps_itself_in_the_address() {
        let search =
            Search { text: "disk & co".into(), severity: "critical".into(), ..Search::default() };
        assert_eq!(
            search.address("40"),
            "/ops/history?text=disk%20%26%20co&severity=critical&before=40"
        );
        let read = |query: &str| Search::read(query).ok();
        assert_eq!(read("?text=disk+%26%20co&severity=critical&other=1"), Some(search.clone()));
        assert_eq!((read("text=%F0"), read("text=%zz"), read("text=a&text=b")), (None, None, None));
        assert_eq!(Search::default().address(""), "/ops/history");
        assert!(
            search.is_narrow() && !Search { before: "3".into(), ..Search::default() }.is_narrow()
        );
        assert!(search.is_filtered());
        assert!(!Search { severity: String::new(), ..search }.is_filtered());
    }

    #[test]
    fn the_address_has_only_what_is_set() {
        let blank = Search { text: "  ".into(), offset: "60".into(), ..Search::default() };
        assert_eq!(blank.address(""), "/ops/history");
        let dated = Search { to: "2026-11-22".into(), ..blank };
        assert_eq!(dated.address(""), "/ops/history?to=2026-11-22&offset=60");
    }

    #[test]
    fn a_search_is_read_strictly() {
        let good = Search {
            text: " disk ".into(),
            from: "2026-11-01".into(),
            to: "2026-11-01".into(),
            offset: "60".into(),
            ..Search::default()
        };
        let filter_ = filter(&good).unwrap();
        assert_eq!(filter_.text.as_deref(), Some("disk"));
        assert_eq!(
            filter_.from.map(|from| from.to_seconds_text()).as_deref(),
            Some("2026-10-31T23:00:00Z")
        );
        assert_eq!(filter_.to.unwrap().since(filter_.from.unwrap()), Span::from_secs(86_400));
        for bad in [
            Search { severity: "bad".into(), ..Search::default() },
            Search { from: "yesterday".into(), ..Search::default() },
            Search { practice: "some".into(), ..Search::default() },
            Search { offset: "east".into(), ..Search::default() },
            Search { before: "-1".into(), ..Search::default() },
        ] {
            assert_eq!(filter(&bad).unwrap_err().kind, ErrorKind::Invalid);
        }
    }
}
