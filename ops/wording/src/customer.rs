//! The customer view: how long an organization was affected, for the team and as a plain report
//! that a person may share with that customer.
//!
//! The report tells facts about that organization only: no headline, no cause, no name of another
//! organization or of a part of the product.

use std::fmt::Write as _;

use commands::impact::{ImpactList, ImpactOfIncident, OrganizationImpact};
use domain::{
    impact::{AffectedTime, Certainty, Effect, Evidence},
    text::isolated,
    time::Span,
};

use crate::humanize;

/// The sentence of a page that could not read the impact.
pub const UNREADABLE: &str = "The impact could not be read. Reload the page.";

/// The time of an incident or a period with an effect: `42 min known and another 10 min likely`.
pub fn time(of: AffectedTime) -> String {
    match (of.known, of.likely) {
        (Span::ZERO, Span::ZERO) => "under a minute".to_owned(),
        (known, Span::ZERO) => format!("{known} known"),
        (Span::ZERO, likely) => format!("{likely} likely"),
        (known, likely) => format!("{known} known and another {likely} likely"),
    }
}

/// A period in one sentence: `In the last 30 days: 42 min known and another 10 min likely, by 3
/// incidents.`
pub fn period(of: &OrganizationImpact) -> String {
    let told = match of.incidents.len() {
        0 if of.is_fully_known() => "no effect was seen".to_owned(),
        0 => "no effect was seen, but not all is known".to_owned(),
        1 => format!("{}, by 1 incident", time(of.time)),
        count => format!("{}, by {count} incidents", time(of.time)),
    };
    format!("In the last {}: {told}.", days(of.days))
}

fn days(count: u32) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

/// The caption of a table with the incidents of a period.
pub fn caption(of: &OrganizationImpact) -> String {
    format!("Incidents of the last {}, newest first", days(of.days))
}

/// Incidents that a table leaves out: `15 earlier ones are in the report.`; `None` if it has all.
pub fn left_out(of: &OrganizationImpact, listed: usize) -> Option<String> {
    match of.incidents.len().saturating_sub(listed) {
        0 => None,
        1 => Some("1 earlier one is in the report.".to_owned()),
        count => Some(format!("{count} earlier ones are in the report.")),
    }
}

/// Gaps of a period, for the team; none if nothing is missing.
pub fn gaps(of: &OrganizationImpact) -> Vec<String> {
    let mut gaps = Vec::new();
    if of.not_watched > Span::ZERO {
        gaps.push(format!(
            "Nothing is known of {} of this period, because nothing was measured then.",
            of.not_watched
        ));
    }
    if of.unnamed > 0 {
        gaps.push(format!(
            "In {} more organizations were affected, or may have been, than were recorded by name; whether this organization was among them is not known.",
            incidents(of.unnamed)
        ));
    }
    if of.undecided > 0 {
        gaps.push(format!(
            "Of {} it is not known whether this organization was affected: no effect on its requests was recorded in this period.",
            incidents(of.undecided)
        ));
    }
    if of.incidents.iter().any(|one| one.unknown_since.is_some()) {
        gaps.push(
            "For some time nothing showed whether an effect held on; that time is not counted."
                .to_owned(),
        );
    }
    if !of.complete {
        gaps.push(
            "There are more incidents or records than were read, so some times may be missing."
                .to_owned(),
        );
    }
    gaps
}

fn incidents(count: u32) -> String {
    if count == 1 { "1 incident".to_owned() } else { format!("{count} incidents") }
}

/// Gaps of a period, for the customer: nothing about incidents of others. `None` if nothing is
/// missing.
fn gap_for_customer(of: &OrganizationImpact) -> Option<&'static str> {
    (!of.is_fully_known())
        .then_some("For part of this period it is not known whether your requests were affected.")
}

/// An effect in words for a customer.
const fn effect(of: Effect) -> &'static str {
    match of {
        Effect::Failing => "Some requests failed",
        Effect::ReadOnly => "Changes were refused; reading worked",
        Effect::Slow => "Answers took longer than usual",
        Effect::Limited => "A limit refused some requests",
    }
}

/// The effects of an incident in words for a customer.
fn effects(evidence: &[Evidence]) -> String {
    let told = |one: &Evidence| match one.certainty() {
        Certainty::Known => effect(one.effect()).to_owned(),
        Certainty::Likely => format!("{} (likely)", effect(one.effect())),
    };
    evidence.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// A name in Markdown: nothing in it formats, and it stays in its line.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in domain::text::shown(text).chars() {
        if letter.is_ascii_punctuation() && letter != '-' && letter != '.' {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}

/// The report as Markdown. A person downloads and shares it; nothing sends it.
pub fn report(of: &OrganizationImpact) -> String {
    let name = escaped(of.organization.name());
    let mut text = format!(
        "# Service report for {}\n\n{} to {}, {}.\n\n",
        isolated(&name),
        humanize::moment(of.from),
        humanize::moment(of.to),
        days(of.days)
    );
    if of.incidents.is_empty() {
        text.push_str("No effect on your requests was seen in this period.\n");
    } else {
        let _ = write!(
            text,
            "- Time with an effect that was counted for your requests: {}\n- Beside that, time with a likely effect: {}\n",
            total(of, of.time.known, Certainty::Known),
            total(of, of.time.likely, Certainty::Likely)
        );
        text.push_str("\n| Incident | Opened | Resolved | Effect | Counted | Likely |\n| --- | --- | --- | --- | --- | --- |\n");
        for one in &of.incidents {
            text.push_str(&row(one));
        }
    }
    if let Some(gap) = gap_for_customer(of) {
        let _ = write!(text, "\n{gap}\n");
    }
    text.push_str("\nAn effect is counted where it was measured for your own requests: they failed, took long, or were refused. It is likely where a part of the service that you used at that time had a problem. Effects are seen only where results of requests are reported, or where a limit refuses them.\n");
    text
}

fn row(one: &ImpactOfIncident) -> String {
    let resolved = one.resolved_at.map_or_else(|| "not yet".to_owned(), humanize::moment);
    format!(
        "| {} | {} | {resolved} | {} | {} | {} |\n",
        one.incident,
        humanize::moment(one.opened_at),
        effects(&one.evidence),
        length(one.time.known, &one.evidence, Certainty::Known),
        length(one.time.likely, &one.evidence, Certainty::Likely)
    )
}

fn total(of: &OrganizationImpact, time: Span, certainty: Certainty) -> String {
    let evidence: Vec<Evidence> =
        of.incidents.iter().flat_map(|one| one.evidence.iter().cloned()).collect();
    length(time, &evidence, certainty)
}

/// A length of effects of a certainty: those that were seen once have none.
fn length(of: Span, evidence: &[Evidence], certainty: Certainty) -> String {
    if of > Span::ZERO {
        of.to_string()
    } else if evidence.iter().any(|one| one.certainty() == certainty) {
        "under a minute".to_owned()
    } else {
        "none".to_owned()
    }
}

/// The organizations as comma-separated values (RFC 4180), with minutes. A name that a spreadsheet
/// could take for a formula begins with an apostrophe. The last line has no organization: it tells
/// of the period itself, also where no organization was affected.
pub fn csv(list: &ImpactList) -> String {
    let mut lines = String::from(
        "organization,from,to,known_minutes,likely_minutes,incidents,incidents_with_unnamed,not_watched_minutes,complete\r\n",
    );
    for one in &list.organizations {
        let name = one.organization.name();
        let guard = if name.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        let _ = write!(
            lines,
            "\"{guard}{}\",{},{},{},{},{},{},{},{}\r\n",
            name.replace('"', "\"\""),
            one.from.to_seconds_text(),
            one.to.to_seconds_text(),
            minutes(one.time.known),
            minutes(one.time.likely),
            one.incidents.len(),
            one.unnamed,
            minutes(one.not_watched),
            one.complete
        );
    }
    let _ = write!(
        lines,
        "\"\",{},{},,,,,{},{}\r\n",
        list.from.to_seconds_text(),
        list.to.to_seconds_text(),
        minutes(list.not_watched),
        list.complete
    );
    lines
}

fn minutes(of: Span) -> String {
    format!("{:.1}", of.as_secs_f64() / 60.0)
}

#[cfg(test)]
mod tests {
    use domain::{
        id::IncidentNumber, impact::EndpointTrouble, protection::organization_named,
        time::Timestamp,
    };

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_795_341_600 + seconds)
    }

    fn impact(name: &str) -> OrganizationImpact {
        let endpoint = "endpoint:globex-checkout".parse().unwrap();
        let time = AffectedTime { known: Span::from_mins(42), likely: Span::from_mins(10) };
        OrganizationImpact {
            organization: organization_named(name).unwrap(),
            days: 30,
            from: at(-30 * 86_400),
            to: at(0),
            time,
            incidents: vec![ImpactOfIncident {
                incident: IncidentNumber(12),
                opened_at: at(-7_200),
                resolved_at: Some(at(-3_600)),
                time,
                evidence: vec![
                    Evidence::Results { failed: 5, of: 10 },
                    Evidence::Endpoint { endpoint, trouble: EndpointTrouble::Slow },
                ],
                unknown_since: None,
            }],
            not_watched: Span::from_mins(3),
            unnamed: 0,
            undecided: 0,
            complete: true,
        }
    }

    /// Nothing is missing and nothing was seen.
    fn quiet() -> OrganizationImpact {
        OrganizationImpact {
            time: AffectedTime::default(),
            incidents: Vec::new(),
            not_watched: Span::ZERO,
            ..impact("acme")
        }
    }

    const GAP: &str =
        "For part of this period it is not known whether your requests were affected.";

    #[test]
    fn the_report_tells_facts_of_this_organization_only() {
        let text = report(&impact("acme"));
        for part in [
            "# Service report for acme",
            "counted for your requests: 42 min",
            "likely effect: 10 min",
            "| 12 | ",
            "Some requests failed; Answers took longer than usual (likely)",
            GAP,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("globex") && !text.contains("checkout"), "{text}");
        assert!(text.contains(" UTC, 30 days.") && !text.contains("(UTC)"), "{text}");
        let text = report(&quiet());
        assert!(text.contains("No effect on your requests was seen"), "{text}");
        assert!(text.contains("Effects are seen only where results"), "{text}");
        assert!(!text.contains(GAP), "{text}");
    }

    #[test]
    fn the_page_and_the_report_say_the_same_of_what_is_not_known() {
        let told = |one: &OrganizationImpact| {
            let is_known = !report(one).contains(GAP);
            (period(one), is_known, gaps(one).len())
        };
        let seen = "In the last 30 days: no effect was seen.".to_owned();
        assert_eq!(told(&quiet()), (seen, true, 0));
        let partly = "In the last 30 days: no effect was seen, but not all is known.";
        for one in [
            OrganizationImpact { unnamed: 2, ..quiet() },
            OrganizationImpact { undecided: 1, ..quiet() },
            OrganizationImpact { complete: false, ..quiet() },
            OrganizationImpact { not_watched: Span::from_secs(1), ..quiet() },
        ] {
            assert_eq!(told(&one), (partly.to_owned(), false, 1), "{one:?}");
        }
        let mut open = OrganizationImpact { not_watched: Span::ZERO, ..impact("acme") };
        open.incidents[0].unknown_since = Some(at(-4_000));
        assert!(report(&open).contains(GAP) && gaps(&open).len() == 1);
    }

    #[test]
    fn a_report_counts_nothing_of_others() {
        let text = report(&OrganizationImpact { unnamed: 12, ..quiet() });
        assert!(!text.contains("12") && !text.contains("organization"), "{text}");
        let told = gaps(&OrganizationImpact { unnamed: 12, ..quiet() });
        assert!(
            told[0].starts_with("In 12 incidents more organizations were affected"),
            "{told:?}"
        );
    }

    #[test]
    fn an_effect_that_was_seen_once_is_told() {
        let mut short = impact("acme");
        (short.time, short.incidents[0].time) = (AffectedTime::default(), AffectedTime::default());
        short.incidents[0].evidence.truncate(1);
        assert_eq!(period(&short), "In the last 30 days: under a minute, by 1 incident.");
        let text = report(&short);
        assert!(text.contains("| Some requests failed | under a minute | none |"), "{text}");
        assert!(text.contains("likely effect: none"), "{text}");
    }

    #[test]
    fn a_table_says_what_it_leaves_out() {
        let one = impact("acme");
        let all = OrganizationImpact { incidents: vec![one.incidents[0].clone(); 35], ..one };
        assert_eq!(left_out(&all, 20).as_deref(), Some("15 earlier ones are in the report."));
        assert_eq!(left_out(&all, 34).as_deref(), Some("1 earlier one is in the report."));
        assert_eq!(left_out(&all, 35), None);
    }

    #[test]
    fn a_name_formats_and_moves_nothing() {
        let text = report(&impact("a|b*c<i>"));
        assert!(text.starts_with("# Service report for a\\|b\\*c\\<i\\>\n"), "{text}");
        let text = report(&impact("\u{5d0}\u{5d1}"));
        assert!(
            text.starts_with("# Service report for \u{2068}\u{5d0}\u{5d1}\u{2069}\n"),
            "{text}"
        );
    }

    #[test]
    fn no_field_of_the_table_is_a_formula() {
        let list = |organizations| ImpactList {
            from: at(-60),
            to: at(0),
            organizations,
            not_watched: Span::from_mins(2),
            complete: false,
        };
        let lines = csv(&list(vec![impact("=1+1"), impact("say \"hi\", x")]));
        let mut lines = lines.split("\r\n");
        let columns = lines.next().unwrap().matches(',').count();
        assert!(lines.next().unwrap().starts_with("\"'=1+1\",2026-"));
        let second = lines.next().unwrap();
        assert!(second.starts_with("\"say \"\"hi\"\", x\",2026-"), "{second}");
        assert!(second.ends_with(",42.0,10.0,1,0,3.0,true"), "{second}");
        // The last line tells of the period, whoever was affected.
        let none = csv(&list(Vec::new()));
        let last = none.split("\r\n").nth(1).unwrap();
        assert!(last.starts_with("\"\",2026-") && last.ends_with(",2.0,false"), "{last}");
        assert_eq!(last.matches(',').count(), columns);
    }

    #[test]
    fn a_period_is_one_sentence() {
        let told = period(&impact("acme"));
        let time = "42 min known and another 10 min likely";
        assert_eq!(told, format!("In the last 30 days: {time}, by 1 incident."));
    }
}
