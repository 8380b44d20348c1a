//! Uptime of endpoints in words and numbers that never promise more than was seen.

use commands::uptime::{UptimePage, UptimePeriod};
use domain::{time::Span, unit::Unit};

use crate::{humanize, report::percent, review::span};

/// Shorter times without observations are not told: a probe may be missing at an edge.
const TOLD: Span = Span::from_mins(5);

/// The length of a period: `24 h`, `7 days`.
pub fn period(days: u32) -> String {
    if days == 1 { "24 h".to_owned() } else { format!("{days} days") }
}

/// The share of probes that were answered, rounded down: what is not all is never 100%. Without a
/// probe nothing is known.
pub fn share(of: &UptimePeriod) -> String {
    if of.asked == 0 { "unknown".to_owned() } else { percent(of.answered, of.asked) }
}

fn number(count: u64) -> String {
    humanize::value(count as f64, &Unit::Count)
}

/// Notes beside a share: failures, what was not seen, and maintenance.
pub fn details(of: &UptimePeriod) -> Vec<String> {
    let mut told = Vec::new();
    if of.asked > 0 {
        let failed = of.asked.saturating_sub(of.answered);
        let checks = if of.asked == 1 { "check" } else { "checks" };
        told.push(format!("{} of {} {checks} failed", number(failed), number(of.asked)));
    }
    if of.unseen > TOLD {
        told.push(format!("not watched for {}", span(minutes(of.unseen))));
    }
    if let Some(apart) = of.maintenance {
        let failed = apart.asked.saturating_sub(apart.answered);
        let length = span(minutes(apart.length));
        told.push(format!(
            "{length} of maintenance not counted ({} of {} failed)",
            number(failed),
            number(apart.asked)
        ));
    }
    told
}

/// Whole minutes.
fn minutes(span: Span) -> Span {
    Span::from_mins(span.as_secs() / 60)
}

/// The first sentence of the page.
pub fn lead(page: &UptimePage) -> String {
    let longest = |one: &commands::uptime::EndpointUptime| one.periods.last().cloned();
    let known = page.endpoints.iter().find_map(|one| {
        let of = longest(one).filter(|of| of.asked > 0)?;
        Some((humanize::name(&one.endpoint), of))
    });
    match (page.endpoints.len(), known) {
        (0, _) => "No endpoint was checked in the last 90 days. Name the addresses to check in the configuration, as [[endpoint]].".to_owned(),
        (_, None) => "No endpoint was checked in the last 90 days outside of maintenance.".to_owned(),
        (1, Some((name, of))) => {
            format!("{name} answered {} of its checks in 90 days.", share(&of))
        }
        (count, Some((_, of))) if of.answered == of.asked => {
            format!("{count} endpoints; those that were checked answered all checks of the last 90 days.")
        }
        (count, Some((name, of))) => format!(
            "{count} endpoints; the least available is {name}: it answered {} of its checks in 90 days.",
            share(&of)
        ),
    }
}

/// The explanation of the figures.
pub const MEANING: &str = "Each check asks an endpoint once. Times that nobody watched, and maintenance windows, are in no share. Shares are rounded down, and counted once a minute.";

/// The endpoints that are not counted; `None` if there are none.
pub fn left_out(count: u32) -> Option<String> {
    (count > 0).then(|| format!("{} more endpoints are not counted.", number(count.into())))
}

#[cfg(test)]
mod tests {
    use commands::uptime::EndpointUptime;
    use domain::{journal::Cursor, report::MaintenanceProbes, time::Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn of(answered: u64, asked: u64) -> UptimePeriod {
        UptimePeriod {
            days: 90,
            from: Timestamp::default(),
            to: Timestamp::default(),
            asked,
            answered,
            unseen: Span::ZERO,
            maintenance: None,
        }
    }

    #[test]
    fn what_was_not_seen_is_unknown_and_apart() {
        assert_eq!((share(&of(0, 0)), details(&of(0, 0))), ("unknown".into(), Vec::new()));
        let mut some = of(8_638, 8_640);
        assert_eq!(
            (share(&some), details(&some)),
            ("99.97%".into(), vec!["2 of 8,640 checks failed".into()])
        );
        some.unseen = Span::from_secs(3 * 3_600 + 59);
        some.maintenance =
            Some(MaintenanceProbes { asked: 10, answered: 4, length: Span::from_mins(20) });
        assert_eq!(
            details(&some)[1..],
            ["not watched for 3 h", "20 min of maintenance not counted (6 of 10 failed)"]
        );
        assert_eq!((period(1), period(30)), ("24 h".into(), "30 days".into()));
    }

    #[test]
    fn the_page_begins_with_the_least_available_endpoint() {
        let endpoint = |name: &str, period| EndpointUptime {
            endpoint: format!("endpoint:{name}").parse().unwrap(),
            periods: vec![period],
        };
        let told = |endpoints| {
            let at = Timestamp::default();
            lead(&UptimePage { cursor: Cursor::default(), at, endpoints, left_out: 0 })
        };
        assert!(told(Vec::new()).starts_with("No endpoint was checked in the last 90 days. Name"));
        assert_eq!(
            told(vec![endpoint("gone", of(0, 0))]),
            "No endpoint was checked in the last 90 days outside of maintenance."
        );
        assert_eq!(
            told(vec![endpoint("shop", of(9, 10))]),
            "shop answered 90% of its checks in 90 days."
        );
        assert_eq!(
            told(vec![
                endpoint("gone", of(0, 0)),
                endpoint("shop", of(2, 3)),
                endpoint("a", of(1, 1))
            ]),
            "3 endpoints; the least available is shop: it answered 66.66% of its checks in 90 days."
        );
    }

    proptest! {
        /// A failure that was seen is never rounded away, and nothing else is a whole.
        #[test]
        fn only_all_is_everything(asked in 1u64..10_000_000, failed in 0u64..100) {
            let failed = failed.min(asked);
            let text = share(&of(asked - failed, asked));
            prop_assert_eq!(text == "100%", failed == 0, "{}", text);
        }
    }
}
