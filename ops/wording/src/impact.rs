//! Customer impact in sentences: the organizations that are affected, and how.

use domain::{
    impact::{AffectedOrganization, Certainty, EffectOn, EndpointTrouble, Evidence, Impact},
    unit::Unit,
};

use crate::humanize;

/// The most organizations that a sentence names.
const MOST_IN_SENTENCE: usize = 3;

/// `1 organization`, `2 organizations`.
fn organizations(count: usize) -> String {
    if count == 1 { "1 organization".to_owned() } else { format!("{count} organizations") }
}

/// `is` or `are`.
const fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// A part of all as `12%`; what is less than half a percent is told as `under 1%`, and what is more
/// than all but half a percent as `over 99%`.
fn share(part: u64, of: u64) -> String {
    let percent = 100.0 * part as f64 / of.max(1) as f64;
    if part > 0 && percent < 0.5 {
        return "under 1%".to_owned();
    }
    if part < of && percent > 99.5 {
        return "over 99%".to_owned();
    }
    format!("{}%", percent.round())
}

fn seconds(span: domain::time::Span) -> String {
    humanize::value((span.as_secs_f64() * 10.0).round() / 10.0, &Unit::Other("s".into()))
}

/// The effect in evidence: `12% of requests fail`.
pub fn effect(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Results { failed, of } => format!("{} of requests fail", share(*failed, *of)),
        Evidence::Latency { p95, usual } => {
            let usual = usual.map(|usual| format!(", usually {}", seconds(usual)));
            format!("slow: 95% answered within {}{}", seconds(*p95), usual.unwrap_or_default())
        }
        Evidence::Refused { refused, of } => {
            format!("limited: {} of requests refused", share(*refused, *of))
        }
        Evidence::Paused { paused, of } => {
            format!("read-only: {} of requests refused", share(*paused, *of))
        }
        Evidence::Endpoint { endpoint, trouble } => {
            let endpoint = humanize::subject(endpoint);
            match trouble {
                EndpointTrouble::Failing => format!("{endpoint} fails"),
                EndpointTrouble::Slow => format!("{endpoint} is slow"),
            }
        }
    }
}

/// The same with the figures of the minute: `12% of requests fail (12 of 100)`.
pub fn detail(evidence: &Evidence) -> String {
    let told = effect(evidence);
    match evidence {
        Evidence::Results { failed: part, of }
        | Evidence::Refused { refused: part, of }
        | Evidence::Paused { paused: part, of } => format!("{told} ({part} of {of} in a minute)"),
        Evidence::Latency { .. } | Evidence::Endpoint { .. } => told,
    }
}

/// `Known`, or `Likely`.
pub const fn certainty(of: Certainty) -> &'static str {
    match of {
        Certainty::Known => "Known",
        Certainty::Likely => "Likely",
    }
}

/// `acme (12% of requests fail, limited)`.
fn named(one: &AffectedOrganization) -> String {
    let told = |known: &EffectOn| {
        let told = effect(&known.evidence);
        if known.last_seen.is_some() { format!("last seen: {told}") } else { told }
    };
    let effects: Vec<String> = one.holding().map(told).collect();
    format!("{} ({})", humanize::name(&one.organization), effects.join("; "))
}

fn names(impact: &Impact, of: Certainty, count: usize) -> String {
    let known = impact.organizations.iter().filter(|one| one.certainty() == Some(of));
    let mut items: Vec<String> = known.take(MOST_IN_SENTENCE).map(named).collect();
    let more = count.saturating_sub(items.len());
    if more > 0 {
        items.push(format!("{more} more"));
    }
    humanize::list(&items)
}

/// The impact in one line: `2 organizations are affected: acme (12% of requests fail) and beta
/// (limited: 40% of requests refused). 3 more are likely affected.`
pub fn sentence(impact: &Impact) -> String {
    let counts = impact.counts();
    let mut told = match (counts.known, counts.likely) {
        (0, 0) => "No organization is seen to be affected any more.".to_owned(),
        (0, likely) => format!(
            "{} {} likely affected: {}.",
            organizations(likely),
            are(likely),
            names(impact, Certainty::Likely, likely)
        ),
        (known, likely) => {
            let names = names(impact, Certainty::Known, known);
            let likely = match likely {
                0 => String::new(),
                likely => format!(" {likely} more {} likely affected.", are(likely)),
            };
            format!("{} {} affected: {names}.{likely}", organizations(known), are(known))
        }
    };
    told.push_str(&not_reported(impact));
    told
}

/// The counts without names: `2 organizations are affected, and 3 more are likely affected.` `who` is
/// the word for one of them.
pub fn counted(known: u32, likely: u32, over: bool, who: &str) -> String {
    let are = |count| match (over, count) {
        (true, 1) => "was",
        (true, _) => "were",
        (false, 1) => "is",
        (false, _) => "are",
    };
    let all = |count: u32| if count == 1 { format!("1 {who}") } else { format!("{count} {who}s") };
    match (known, likely) {
        (0, likely) => format!("{} {} likely affected.", all(likely), are(likely)),
        (known, 0) => format!("{} {} affected.", all(known), are(known)),
        (known, likely) => format!(
            "{} {} affected, and {likely} more {} likely affected.",
            all(known),
            are(known),
            are(likely)
        ),
    }
}

fn not_reported(impact: &Impact) -> String {
    match impact.not_reported {
        0 => String::new(),
        1 => " For 1 organization no results are reported, so it is not known whether it is affected."
            .to_owned(),
        count => format!(
            " For {count} organizations no results are reported, so it is not known whether they are affected."
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::time::{Span, Timestamp};

    use super::*;

    fn affected(name: &str, evidence: Vec<Evidence>) -> AffectedOrganization {
        let since = Timestamp::from_secs(10);
        let effect = |evidence| EffectOn { evidence, since, until: None, last_seen: None };
        AffectedOrganization {
            organization: format!("organization:{name}").parse().unwrap(),
            effects: evidence.into_iter().map(effect).collect(),
        }
    }

    fn impact(organizations: Vec<AffectedOrganization>) -> Impact {
        let at = Timestamp::from_secs(20);
        Impact { at, organizations, more_known: 0, more_likely: 0, not_reported: 0 }
    }

    fn endpoint() -> Evidence {
        let endpoint = "endpoint:checkout".parse().unwrap();
        Evidence::Endpoint { endpoint, trouble: EndpointTrouble::Failing }
    }

    #[test]
    fn a_share_is_all_or_none_only_where_it_is() {
        let shares = [(0, 1_000), (1, 1_000), (120, 1_000), (999, 1_000), (1_000, 1_000)];
        let told = shares.map(|(part, of)| share(part, of));
        assert_eq!(told, ["0%", "under 1%", "12%", "over 99%", "100%"]);
    }

    #[test]
    fn known_and_likely_are_told_apart() {
        let mut told = impact(vec![
            affected("acme", vec![Evidence::Results { failed: 12, of: 100 }]),
            affected("beta", vec![Evidence::Refused { refused: 1, of: 1_000 }]),
            affected("gamma", vec![endpoint()]),
        ]);
        told.more_likely = 2;
        assert!(sentence(&told).ends_with(" 3 more are likely affected."), "{}", sentence(&told));
        let without_marks = sentence(&told).replace(['\u{2068}', '\u{2069}'], "");
        assert!(
            without_marks.starts_with(
                "2 organizations are affected: acme (12% of requests fail) and beta (limited: under 1% of requests refused)."
            ),
            "{without_marks}"
        );
        assert_eq!(
            counted(2, 3, false, "organization"),
            "2 organizations are affected, and 3 more are likely affected."
        );
        assert_eq!(counted(0, 1, true, "customer"), "1 customer was likely affected.");
    }

    #[test]
    fn what_is_not_reported_is_never_told_as_fine() {
        let mut told = impact(vec![affected("gamma", vec![endpoint()])]);
        told.not_reported = 1;
        let text = sentence(&told);
        assert!(text.starts_with("1 organization is likely affected: "), "{text}");
        assert!(text.ends_with("it is not known whether it is affected."), "{text}");
        told.end(Timestamp::from_secs(30));
        assert_eq!(sentence(&told), "No organization is seen to be affected any more.");
    }

    #[test]
    fn what_was_not_seen_for_long_is_told_as_affected_with_what_was_seen_last() {
        let mut told = impact(vec![affected("acme", vec![Evidence::Results { failed: 2, of: 5 }])]);
        told.organizations[0].effects[0].last_seen = Some(Timestamp::from_secs(15));
        let text = sentence(&told).replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(text, "1 organization is affected: acme (last seen: 40% of requests fail).");
    }

    #[test]
    fn many_are_counted_and_not_listed() {
        let failing = |index: usize| {
            affected(&format!("o{index}"), vec![Evidence::Results { failed: 1, of: 2 }])
        };
        let mut told = impact((0..50).map(failing).collect());
        told.more_known = 7;
        assert!(sentence(&told).contains(" and 54 more."), "{}", sentence(&told));
    }

    #[test]
    fn a_latency_is_told_beside_the_usual_one() {
        let (p95, usual) = (Span::from_millis(2_340), Some(Span::from_millis(310)));
        assert_eq!(
            effect(&Evidence::Latency { p95, usual }),
            "slow: 95% answered within 2.3 s, usually 0.3 s"
        );
    }
}
