//! The search as the server reads it.

use commands::reading::{HistoryFilter, SearchHistory};
use domain::{
    error::ErrorKind,
    id::IncidentNumber,
    severity::Severity,
    time::{Span, Timestamp},
};

use super::view::{Found, HistoryView, Search};
use crate::{
    door::{execute, refuse},
    problem::Problem,
    urlencoded::{Form, percent_encode},
};

fn invalid(sentence: &str) -> Problem {
    refuse(Problem { kind: ErrorKind::Invalid, sentence: sentence.to_owned() })
}

pub(super) async fn run(query: &str) -> Result<HistoryView, Problem> {
    let search = Search::read(query).map_err(refuse)?;
    let found = match filter(&search) {
        Ok(filter) => execute(SearchHistory { filter }).await,
        Err(problem) => Err(problem),
    };
    let found = found.map(|history| Found {
        incidents: history.incidents,
        newest: (!search.before.is_empty()).then(|| search.address("")),
        older: history.next.map(|next| search.address(&next.to_string())),
    });
    Ok(HistoryView { search, found })
}

impl Search {
    /// From an address's query, such as `text=disk&severity=critical`.
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        let form = Form::read(query.trim_start_matches('?').as_bytes())?;
        let text = |name| form.get(name).to_owned();
        Ok(Self {
            text: text("text"),
            severity: text("severity"),
            subject: text("subject"),
            from: text("from"),
            to: text("to"),
            before: text("before"),
        })
    }

    /// The address of the same search, on another page.
    pub(crate) fn address(&self, before: &str) -> String {
        let Self { text, severity, subject, from, to, before: _ } = self;
        let fields = [
            ("text", text.as_str()),
            ("severity", severity),
            ("subject", subject),
            ("from", from),
            ("to", to),
            ("before", before),
        ];
        let query: Vec<String> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        if query.is_empty() {
            "/ops/history".to_owned()
        } else {
            format!("/ops/history?{}", query.join("&"))
        }
    }
}

/// What a person typed, read strictly.
fn filter(search: &Search) -> Result<HistoryFilter, Problem> {
    let text = |field: &str| {
        Some(field.trim().chars().take(200).collect::<String>()).filter(|text| !text.is_empty())
    };
    let day = |field: &str, name: &str| match text(field) {
        None => Ok(None),
        Some(day) => format!("{day}T00:00:00Z").parse::<Timestamp>().map(Some).map_err(|_| {
            invalid(&format!("The day after \"{name}\" can't be read. Write it as 2026-11-22."))
        }),
    };
    let severity = text(&search.severity).map(|word| word.parse::<Severity>()).transpose();
    let before = text(&search.before).map(|number| number.parse::<u32>()).transpose();
    Ok(HistoryFilter {
        text: text(&search.text),
        severity: severity.map_err(|_| invalid("A severity is \"warning\" or \"critical\"."))?,
        subject: text(&search.subject),
        from: day(&search.from, "From")?,
        to: day(&search.to, "To")?.map(|day| day.plus(Span::from_secs(86_400))),
        before: before.map_err(|_| invalid("Invalid link. Search again."))?.map(IncidentNumber),
    })
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn a_search_is_read_strictly() {
        let good = Search {
            text: " disk ".into(),
            from: "2026-11-01".into(),
            to: "2026-11-01".into(),
            ..Search::default()
        };
        let filter_ = filter(&good).unwrap();
        assert_eq!(filter_.text.as_deref(), Some("disk"));
        assert_eq!(filter_.to.unwrap().since(filter_.from.unwrap()), Span::from_secs(86_400));
        for bad in [
            Search { severity: "bad".into(), ..Search::default() },
            Search { from: "yesterday".into(), ..Search::default() },
            Search { before: "-1".into(), ..Search::default() },
        ] {
            assert_eq!(filter(&bad).unwrap_err().kind, ErrorKind::Invalid);
        }
    }
}
