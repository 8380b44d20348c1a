//! The page of a signal as the server reads it from an address.

use commands::{reading::GetSignal, signal_page::Period};
use domain::{
    error::{Error, ErrorKind, FieldReason},
    time::{Span, Timestamp},
};

use super::view::{RANGES, SignalView};
use crate::{
    backend::{check, execute, refuse},
    problem::Problem,
    urlencoded::Form,
};

/// The period of an address that names none.
const USUAL_RANGE: &str = "24h";

/// Reads what an address asks for, and the word of its period.
fn asked(signal: &str, query: &str) -> Result<(GetSignal, String), Error> {
    let form = Form::read(query.trim_start_matches('?').as_bytes())?;
    let signal = signal.parse().map_err(|bad| malformed("signal", bad))?;
    let subject = match form.get("subject") {
        "" => return Err(Error::invalid("subject", FieldReason::Missing)),
        subject => subject.parse().map_err(|bad| malformed("subject", bad))?,
    };
    let time = |field: &'static str| match form.get(field) {
        "" => Ok(None),
        text => text.parse::<Timestamp>().map(Some).map_err(|_| {
            Error::invalid(
                field,
                FieldReason::Expected("a time such as 2026-11-22T10:00:00Z".into()),
            )
        }),
    };
    let (period, range) = match (time("from")?, time("to")?) {
        (Some(from), Some(to)) => (Period::Between { from, to }, ""),
        (Some(_), None) => return Err(Error::invalid("to", FieldReason::Missing)),
        (None, Some(_)) => return Err(Error::invalid("from", FieldReason::Missing)),
        (None, None) => {
            let word = Some(form.get("range")).filter(|word| !word.is_empty());
            let word = word.unwrap_or(USUAL_RANGE);
            let known = RANGES.iter().find(|(known, ..)| *known == word).ok_or_else(|| {
                let known = RANGES.map(|(known, ..)| known).to_vec();
                Error::invalid("range", FieldReason::Unknown { known })
            })?;
            (Period::Last(Span::from_mins(known.2)), known.0)
        }
    };
    period.check()?;
    Ok((GetSignal { subject, signal, period }, range.to_owned()))
}

fn malformed(field: &'static str, bad: domain::name::BadName) -> Error {
    Error::invalid(field, FieldReason::Malformed(bad))
}

pub(super) async fn signal(signal: &str, query: &str) -> Result<SignalView, Problem> {
    check::<GetSignal>()?;
    let asked = asked(signal, query).map_err(|error| {
        refuse(Problem { kind: error.kind(), sentence: wording::error::sentence(&error) })
    });
    let (page, range) = match asked {
        Ok((asked, range)) => (execute(asked).await, range),
        Err(problem) => (Err(problem), String::new()),
    };
    match page {
        Err(problem) if !matches!(problem.kind, ErrorKind::Invalid | ErrorKind::NotFound) => {
            Err(problem)
        }
        page => Ok(SignalView { range, page: page.map(Box::new) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_strictly_and_says_what_is_wrong() {
        let said = |signal: &str, query: &str| match asked(signal, query) {
            Ok((asked, range)) => format!("{} {range}", asked.subject),
            Err(error) => wording::error::sentence(&error),
        };
        let good = "?subject=disk%3A%2Fvar%40web-1";
        assert_eq!(said("disk.used", good), "disk:/var@web-1 24h");
        assert_eq!(said("disk.used", &format!("{good}&range=2y")), "disk:/var@web-1 2y");
        let between = "&from=2026-11-22T10:00:00Z&to=2026-11-22T11:00:00Z";
        assert_eq!(said("disk.used", &format!("{good}{between}")), "disk:/var@web-1 ");
        for (signal, query, part) in [
            ("Disk Used", good, "The signal can't be"),
            ("disk.used", "", "The subject is missing"),
            ("disk.used", "?subject=nothing", "The subject can't be"),
            ("disk.used", &format!("{good}&range=5y"), "use one of 1h, 24h, 7d, 30d, 90d, 2y"),
            (
                "disk.used",
                &format!("{good}&from=yesterday&to=today"),
                "The beginning must be a time",
            ),
            ("disk.used", &format!("{good}&from=2026-11-22T10:00:00Z"), "The end is missing"),
            ("disk.used", &format!("{good}&subject=x"), "The subject is not valid"),
            (
                "disk.used",
                &format!("{good}&from=2026-11-22T11:00:00Z&to=2026-11-22T10:00:00Z"),
                "The beginning must be before",
            ),
            (
                "disk.used",
                &format!("{good}&from=2020-11-22T11:00:00Z&to=2026-11-22T10:00:00Z"),
                "at most 732 days",
            ),
        ] {
            let found = said(signal, query);
            assert!(found.contains(part), "{query}: {found}");
        }
    }
}
