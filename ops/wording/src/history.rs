//! Figures about incidents of the past, in sentences without a judgement.

use commands::figures::{HistoryFigures, HistorySummary};
use domain::time::Span;

use crate::humanize::{self, whole_minutes};

/// Duration of an incident: whole minutes, and seconds below one.
pub fn lasted(span: Span) -> String {
    whole_minutes(span).max(Span::from_secs(1)).to_string()
}

/// A duration that is not exceeded: rounded up to whole minutes, and to seconds below one.
fn within(span: Span) -> String {
    let second = 1_000_000;
    let step = if span > Span::from_mins(1) { 60 * second } else { second };
    Span::from_micros(span.as_micros().div_ceil(step).max(1) * step).to_string()
}

/// The figures of a search as sentences: what was found, what there was before if that is told of,
/// and where most of it began. Nothing, where nothing was found and nothing else is told.
pub fn sentences(summary: &HistorySummary) -> Vec<String> {
    let HistorySummary { figures, before, is_partial } = summary;
    let mut all = Vec::new();
    match before {
        Some(before) => {
            all.push(lately("Last 30 days", figures));
            all.extend(acknowledged(figures));
            all.extend(most_affected(figures));
            if figures.incidents + before.incidents > 0 {
                all.push(lately("The 30 days before", before));
            }
        }
        None if figures.incidents == 0 => {}
        None => {
            let matching =
                if figures.incidents == 1 { "matching incident" } else { "matching incidents" };
            all.push(format!("{}.", found(figures, matching)));
            all.extend(acknowledged(figures));
            all.extend(most_affected(figures));
        }
    }
    if *is_partial {
        all.push("These figures are about the newest 10,000 incidents.".to_owned());
    }
    all
}

fn lately(period: &str, figures: &HistoryFigures) -> String {
    match figures.incidents {
        0 => format!("{period}: no incidents."),
        1 => format!("{period}: {}.", found(figures, "incident")),
        _ => format!("{period}: {}.", found(figures, "incidents")),
    }
}

fn number(count: u32) -> String {
    humanize::value(f64::from(count), &domain::unit::Unit::Count)
}

/// Number of incidents and their durations: `7 incidents, 2 of them critical, half of them over
/// within 6 min; the longest took 42 min`.
fn found(figures: &HistoryFigures, noun: &str) -> String {
    let HistoryFigures { incidents, critical, active, median, longest, .. } = figures;
    let resolved = incidents.saturating_sub(*active);
    let mut said = format!("{} {noun}", number(*incidents));
    match (*incidents, *critical) {
        (_, 0) => {}
        (1, _) => said.push_str(", critical"),
        (all, some) if all == some => said.push_str(", all critical"),
        (_, some) => said.push_str(&format!(", {} of them critical", number(some))),
    }
    if let (Some(median), Some(longest)) = (median, longest) {
        let half = within(*median);
        let longest = lasted(longest.lasted);
        said.push_str(&match (*incidents, resolved) {
            (1, _) => format!(", over after {longest}"),
            (_, 1) => format!(", one of them over after {longest}"),
            (all, some) if all == some => {
                format!(", half of them over within {half}; the longest took {longest}")
            }
            (_, some) => format!(
                ", half of the {} resolved ones over within {half}; the longest took {longest}",
                number(some)
            ),
        });
    }
    match (*incidents, *active) {
        (_, 0) => {}
        (1, _) => said.push_str(", still active"),
        (all, some) if all == some => said.push_str(", all still active"),
        (_, some) => said.push_str(&format!(
            "; {} still active and in no duration",
            if some == 1 { "one is".to_owned() } else { format!("{} are", number(some)) }
        )),
    }
    said
}

fn acknowledged(figures: &HistoryFigures) -> Option<String> {
    let soon = figures.acknowledged_within.map(within);
    match (figures.incidents, figures.acknowledged, soon) {
        (0, ..) => None,
        (1, 0, _) | (1, _, None) => Some("It was not acknowledged.".to_owned()),
        (_, 0, _) | (_, _, None) => Some("None of them was acknowledged.".to_owned()),
        (1, _, Some(soon)) => Some(format!("Acknowledged within {soon}.")),
        (all, some, Some(soon)) if all == some => {
            Some(format!("All were acknowledged, half of them within {soon}."))
        }
        (_, 1, Some(soon)) => Some(format!("One was acknowledged, within {soon}.")),
        (_, some, Some(soon)) => {
            Some(format!("{} were acknowledged, half of them within {soon}.", number(some)))
        }
    }
}

fn most_affected(figures: &HistoryFigures) -> Option<String> {
    let most = figures.most_affected.as_ref()?;
    let subject = humanize::subject(&most.subject);
    Some(format!("Most often affected: {subject} ({} incidents).", number(most.incidents)))
}

#[cfg(test)]
mod tests {
    use commands::figures::{Longest, MostAffected};
    use domain::id::IncidentNumber;

    use super::*;

    fn figures(incidents: u32, active: u32, median: u64, longest: u64) -> HistoryFigures {
        let is_over = incidents > active;
        HistoryFigures {
            incidents,
            active,
            median: is_over.then(|| Span::from_secs(median)),
            longest: is_over
                .then(|| Longest { incident: IncidentNumber(1), lasted: Span::from_secs(longest) }),
            ..HistoryFigures::default()
        }
    }

    fn said(figures: HistoryFigures) -> String {
        sentences(&HistorySummary { figures, ..HistorySummary::default() }).join(" ")
    }

    #[test]
    fn the_last_days_are_told_beside_the_days_before() {
        let mut now = figures(7, 0, 341, 2_530);
        (now.critical, now.acknowledged) = (2, 7);
        now.acknowledged_within = Some(Span::from_secs(48));
        now.most_affected =
            Some(MostAffected { subject: "service:imports".parse().unwrap(), incidents: 4 });
        let mut summary = HistorySummary {
            figures: now,
            before: Some(figures(0, 0, 0, 0)),
            ..HistorySummary::default()
        };
        assert_eq!(
            sentences(&summary),
            [
                "Last 30 days: 7 incidents, 2 of them critical, half of them over within 6 min; the longest took 42 min.",
                "All were acknowledged, half of them within 48 s.",
                "Most often affected: imports (4 incidents).",
                "The 30 days before: no incidents.",
            ]
        );
        summary.figures = figures(0, 0, 0, 0);
        assert_eq!(sentences(&summary), ["Last 30 days: no incidents."]);
        summary.is_partial = true;
        assert_eq!(sentences(&summary).len(), 2);
    }

    #[test]
    fn what_is_active_is_in_no_duration_and_that_is_said() {
        for (figures, sentence) in [
            (figures(0, 0, 0, 0), ""),
            (
                figures(1, 0, 30, 30),
                "1 matching incident, over after 30 s. It was not acknowledged.",
            ),
            (figures(1, 1, 0, 0), "1 matching incident, still active. It was not acknowledged."),
            (
                figures(2, 2, 0, 0),
                "2 matching incidents, all still active. None of them was acknowledged.",
            ),
            (
                figures(2, 1, 30, 30),
                "2 matching incidents, one of them over after 30 s; one is still active and in no duration. None of them was acknowledged.",
            ),
            (
                figures(9, 2, 61, 61),
                "9 matching incidents, half of the 7 resolved ones over within 2 min; the longest took 1 min; 2 are still active and in no duration. None of them was acknowledged.",
            ),
        ] {
            assert_eq!(said(figures), sentence);
        }
        let acknowledged = |count| HistoryFigures {
            acknowledged: count,
            acknowledged_within: Some(Span::from_millis(10)),
            ..figures(3, 0, 5, 5)
        };
        assert!(said(acknowledged(1)).ends_with("One was acknowledged, within 1 s."));
        assert!(said(acknowledged(2)).ends_with("2 were acknowledged, half of them within 1 s."));
    }

    #[test]
    fn durations_are_rounded_so_that_the_sentence_stays_true() {
        let seconds =
            |seconds: u64| (lasted(Span::from_secs(seconds)), within(Span::from_secs(seconds)));
        for (exact, text, limit) in [
            (0, "1 s", "1 s"),
            (59, "59 s", "59 s"),
            (60, "1 min", "1 min"),
            (61, "1 min", "2 min"),
            (3_725, "1 h 2 min", "1 h 3 min"),
        ] {
            assert_eq!(seconds(exact), (text.to_owned(), limit.to_owned()));
        }
    }
}
