//! A period that a search names: days, or minutes, by the reader's clock as soon as the page is
//! alive, and in UTC before and without that. The address says by which.

use leptos::prelude::*;

use crate::clock::{self, Clock};

fn the_clock() -> Clock {
    use_context().unwrap_or_else(Clock::provide)
}

/// Says by which clock a field is read; `kept` is what the address says.
pub(crate) fn zone(
    kept: &str,
) -> impl Fn() -> &'static str + Clone + Send + Sync + 'static + use<> {
    let (clock, is_local) = (the_clock(), !kept.is_empty());
    move || if is_local || clock.is_alive() { "(your time)" } else { "(UTC)" }
}

/// Minutes by which the reader's clock is east of UTC, as the browser says. A value that the address has
/// stays.
#[component]
pub(crate) fn Offset(kept: String) -> impl IntoView {
    let clock = the_clock();
    let value = move || match (kept.is_empty(), clock.is_alive()) {
        (true, true) => clock::offset_minutes(),
        (true, false) => String::new(),
        (false, _) => kept.clone(),
    };
    view! { <input type="hidden" name="offset" value=value/> }
}

#[cfg(feature = "ssr")]
mod read {
    use domain::{
        error::ErrorKind,
        time::{Span, Timestamp},
    };

    use crate::problem::Problem;

    fn invalid(sentence: String) -> Problem {
        Problem { kind: ErrorKind::Invalid, sentence }
    }

    /// The times of a search, read strictly: from the beginning of the first minute or day that is
    /// named, to the end of the last one.
    pub(crate) fn period(
        from: &str,
        to: &str,
        offset: &str,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
        let offset = offset_minutes(offset)?;
        let from = time(from, "From", offset)?.map(|(begin, _)| begin);
        let to = time(to, "To", offset)?.map(|(_, end)| end);
        Ok((from, to))
    }

    fn offset_minutes(text: &str) -> Result<i64, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(0);
        }
        // The farthest zones are 14 hours away.
        let minutes = text.parse::<i64>().ok().filter(|minutes| (-900..=900).contains(minutes));
        minutes.ok_or_else(|| {
            invalid("The time zone in the link is not valid. Clear the search.".to_owned())
        })
    }

    /// Begin and end of a minute or a day.
    fn time(
        text: &str,
        name: &str,
        offset: i64,
    ) -> Result<Option<(Timestamp, Timestamp)>, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let (local, long) = if text.contains('T') {
            (format!("{text}:00Z"), Span::from_mins(1))
        } else {
            (format!("{text}T00:00:00Z"), Span::from_mins(24 * 60))
        };
        let at = local.parse::<Timestamp>().map_err(|_| {
            invalid(format!("The time after \"{name}\" can't be read. Write it as 2026-11-22T14:05, or only the day."))
        })?;
        let begin = Timestamp::from_micros(at.as_micros().saturating_sub(offset * 60_000_000));
        Ok(Some((begin, begin.plus(long))))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_period_is_read_by_the_readers_clock() {
            let read = |from: &str, to: &str, offset: &str| {
                let (from, to) = period(from, to, offset).unwrap();
                (from.map(Timestamp::to_seconds_text), to.map(Timestamp::to_seconds_text))
            };
            let some = |text: &str| Some(text.to_owned());
            assert_eq!(read("", " ", ""), (None, None));
            assert_eq!(
                read("2026-11-22", "2026-11-22", ""),
                (some("2026-11-22T00:00:00Z"), some("2026-11-23T00:00:00Z"))
            );
            assert_eq!(
                read("2026-11-22T14:05", "2026-11-22", "330"),
                (some("2026-11-22T08:35:00Z"), some("2026-11-22T18:30:00Z"))
            );
            for (from, to, offset) in [
                ("yesterday", "", ""),
                ("", "2026-13-01", ""),
                ("", "", "901"),
                ("", "", "-99999999999999999999"),
                ("2026-11-22T14:05:00Z", "", ""),
            ] {
                let refused = period(from, to, offset).unwrap_err();
                assert_eq!(refused.kind, ErrorKind::Invalid, "{from} {to} {offset}");
            }
        }
    }
}

#[cfg(feature = "ssr")]
pub(crate) use read::period;
