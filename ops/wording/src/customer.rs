//! The customer view: how long an organization was affected, for the team and as a plain report
//! that a person may share with that customer.
//!
//! The report tells facts about that organization only: no headline, no cause, no name of another
//! organization or of a part of the product.

use std::fmt::Write as _;

use commands::impact::{ImpactList, ImpactOfIncident, OrganizationImpact};
use domain::{
    impact::{AffectedTime, Certainty, Effect, Evidence},
    time::Span,
};

use crate::humanize;

/// `42 min known, 10 min likely`; nothing else is said where there is none.
pub fn time(of: AffectedTime) -> String {
    match (of.known, of.likely) {
        (Span::ZERO, Span::ZERO) => "not affected".to_owned(),
        (known, Span::ZERO) => format!("{known} known"),
        (Span::ZERO, likely) => format!("{likely} likely"),
        (known, likely) => format!("{known} known, {likely} more likely"),
    }
}

/// A period in one sentence: `In the last 30 days: 42 min known, 10 min more likely, by 3 incidents.`
pub fn period(of: &OrganizationImpact) -> String {
    let incidents = match of.incidents.len() {
        0 => String::new(),
        1 => ", by 1 incident".to_owned(),
        count => format!(", by {count} incidents"),
    };
    let time = if of.time.is_none() && of.unnamed > 0 {
        "no effect is recorded by name".to_owned()
    } else {
        time(of.time)
    };
    format!("In the last {} days: {time}{incidents}.", of.days)
}

/// What is not known of a period; nothing if nothing is missing.
pub fn gaps(of: &OrganizationImpact) -> Vec<String> {
    let mut gaps = Vec::new();
    if of.not_watched > Span::ZERO {
        gaps.push(format!(
            "Nothing is known of {} of this period, because nothing was measured then.",
            of.not_watched
        ));
    }
    if of.unnamed > 0 {
        let incidents = match of.unnamed {
            1 => "1 incident".to_owned(),
            count => format!("{count} incidents"),
        };
        gaps.push(format!(
            "In {incidents} more organizations were affected, or may have been, than were recorded by name; whether this organization was among them is not known."
        ));
    }
    if of.incidents.iter().any(|one| one.unknown_since.is_some()) {
        gaps.push(
            "An effect was not seen to end; the time after it was last seen is not counted."
                .to_owned(),
        );
    }
    if !of.complete {
        gaps.push(
            "There are more records than were read, so some times may be missing.".to_owned(),
        );
    }
    gaps
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
    let name = escaped(&humanize::name(&of.organization));
    let mut text = format!(
        "# Service report for {name}\n\n{} to {} (UTC), {} days.\n\n",
        humanize::moment(of.from),
        humanize::moment(of.to),
        of.days
    );
    if of.time.is_none() {
        text.push_str(if of.unnamed > 0 || !of.complete {
            "No effect on your requests is recorded by name in this period. That is not to say that there was none: see below.\n"
        } else {
            "No effect on your requests was seen in this period.\n"
        });
    } else {
        let _ = write!(
            text,
            "- Effects that were counted on your requests: {}\n- Beside that, effects that were likely: {}\n",
            none(of.time.known),
            none(of.time.likely)
        );
        text.push_str("\n| Incident | Opened | Resolved | Effect | Counted | Likely |\n| --- | --- | --- | --- | --- | --- |\n");
        for one in &of.incidents {
            text.push_str(&row(one));
        }
    }
    let gaps = gaps(of);
    if !gaps.is_empty() {
        text.push_str("\n## What is not known\n\n");
        for gap in gaps {
            let _ = writeln!(text, "- {gap}");
        }
    }
    text.push_str("\nAn effect is counted where results of your own requests show it. It is likely where a part of the service that you used at that time had a problem.\n");
    text
}

fn row(one: &ImpactOfIncident) -> String {
    let resolved = one.resolved_at.map_or_else(|| "not yet".to_owned(), humanize::moment);
    format!(
        "| {} | {} | {resolved} | {} | {} | {} |\n",
        one.incident,
        humanize::moment(one.opened_at),
        effects(&one.evidence),
        none(one.time.known),
        none(one.time.likely)
    )
}

fn none(of: Span) -> String {
    if of == Span::ZERO { "none".to_owned() } else { of.to_string() }
}

/// The organizations as comma-separated values (RFC 4180), with minutes. A name that a spreadsheet
/// could take for a formula begins with an apostrophe.
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
            complete: true,
        }
    }

    #[test]
    fn the_report_tells_facts_of_this_organization_only() {
        let text = report(&impact("acme"));
        for part in [
            "# Service report for acme",
            "counted on your requests: 42 min",
            "likely: 10 min",
            "| 12 | ",
            "Some requests failed; Answers took longer than usual (likely)",
            "Nothing is known of 3 min of this period",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("globex") && !text.contains("checkout"), "{text}");
        let quiet = OrganizationImpact {
            time: AffectedTime::default(),
            incidents: Vec::new(),
            not_watched: Span::ZERO,
            ..impact("acme")
        };
        let text = report(&quiet);
        assert!(text.contains("No effect on your requests was seen"), "{text}");
        assert!(!text.contains("What is not known"), "{text}");
    }

    #[test]
    fn who_may_be_among_those_without_a_name_is_not_told_that_there_was_none() {
        let quiet = OrganizationImpact {
            time: AffectedTime::default(),
            incidents: Vec::new(),
            unnamed: 2,
            ..impact("acme")
        };
        let text = report(&quiet);
        assert!(!text.contains("No effect on your requests was seen"), "{text}");
        let gap = "In 2 incidents more organizations were affected, or may have been,";
        assert!(text.contains(gap), "{text}");
        let told = period(&quiet);
        assert_eq!(told, "In the last 30 days: no effect is recorded by name.");
        let partly = OrganizationImpact { unnamed: 0, complete: false, ..quiet };
        let text = report(&partly);
        assert!(!text.contains("No effect on your requests was seen"), "{text}");
    }

    #[test]
    fn a_name_formats_nothing() {
        let text = report(&impact("a|b*c<i>"));
        assert!(text.starts_with("# Service report for a\\|b\\*c\\<i\\>\n"), "{text}");
    }

    #[test]
    fn no_field_of_the_table_is_a_formula() {
        let list = ImpactList { organizations: vec![impact("=1+1"), impact("say \"hi\", x")] };
        let lines = csv(&list);
        let mut lines = lines.split("\r\n").skip(1);
        assert!(lines.next().unwrap().starts_with("\"'=1+1\",2026-"));
        let second = lines.next().unwrap();
        assert!(second.starts_with("\"say \"\"hi\"\", x\",2026-"), "{second}");
        assert!(second.ends_with(",42.0,10.0,1,0,3.0,true"), "{second}");
    }

    #[test]
    fn a_period_is_one_sentence() {
        let told = period(&impact("acme"));
        assert_eq!(told, "In the last 30 days: 42 min known, 10 min more likely, by 1 incident.");
    }
}
