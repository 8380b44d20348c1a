//! Facts of an incident in words, with the entries that they follow from.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    breach::{Breach, BreachKey, Ending},
    impact::{AffectedOrganization, Certainty, Effect, EffectOn, Evidence},
    incident::{Incident, IncidentBreach},
    journal::{Entry, Event},
    message::{MessageAudience, MessageStage},
    summary::{Fact, Topic},
    time::Timestamp,
};
use policy::messages::MessageFact;

use super::source::{DraftSource, Stated, is_over};
use crate::{
    humanize, protection,
    standing::Standing,
    summary::{breach_for_people, plain_name},
};

/// The most entries of one kind that a sentence names.
const MOST_ENTRIES: usize = 10;
/// The name of a product that has none.
const OUR_SERVICE: &str = "our service";

/// A fact of an incident; `None` if it is not known. `most` bounds the names, limits or problems in
/// it.
pub(super) fn state(
    fact: MessageFact,
    audience: MessageAudience,
    stage: MessageStage,
    source: DraftSource<'_>,
    most: usize,
) -> Option<Stated> {
    let DraftSource { incident, entries, messages, product, now } = source;
    let over = is_over(stage);
    match fact {
        MessageFact::Product => stated(product.unwrap_or(OUR_SERVICE), []),
        MessageFact::Since => stated(humanize::moment(incident.began_at), opened(entries)),
        MessageFact::Duration => duration(incident, entries, now, over),
        MessageFact::RecoveredSince => recovered_since(incident, entries),
        MessageFact::Effect => effects(incident, entries, Certainty::Known, over),
        MessageFact::LikelyEffect => effects(incident, entries, Certainty::Likely, over)
            .or_else(|| endpoints(incident, entries, over, most)),
        MessageFact::Measures => measures(incident, entries, audience, most),
        MessageFact::WorkingSince => {
            let at = incident.acknowledged.as_ref()?.at;
            stated(
                humanize::moment(at),
                last(entries, |event| matches!(event, Event::Acknowledged { .. })),
            )
        }
        MessageFact::LastMessage => {
            let sent = messages.sent.last()?;
            stated(humanize::moment(sent.at), [sent.number])
        }
        MessageFact::ResolvedAt => ended(incident, entries, Standing::Resolved),
        MessageFact::ClosedAt => ended(incident, entries, Standing::Closed),
        MessageFact::Recovery => recovery(incident, entries),
        MessageFact::Incident => stated(incident.number.to_string(), opened(entries)),
        MessageFact::Severity => {
            let changed = last(entries, |event| {
                matches!(
                    event,
                    Event::IncidentOpened { .. }
                        | Event::BreachJoined { .. }
                        | Event::BreachChanged { .. }
                )
            });
            stated(incident.severity.to_string(), changed)
        }
        MessageFact::Organizations => {
            organizations(incident, entries, Certainty::Known, over, most)
        }
        MessageFact::LikelyOrganizations => {
            organizations(incident, entries, Certainty::Likely, over, most)
        }
        MessageFact::Problems => problems(incident, entries, most),
    }
}

fn stated(text: impl Into<String>, entries: impl IntoIterator<Item = u64>) -> Option<Stated> {
    Some(Stated { text: text.into(), entries: entries.into_iter().collect() })
}

/// The number of the last entry with such an event.
fn last(entries: &[Entry], is_meant: impl Fn(&Event) -> bool) -> Option<u64> {
    let found = entries.iter().rev().find(|entry| entry.event.as_ref().is_some_and(&is_meant));
    found.map(|entry| entry.number)
}

pub(super) fn opened(entries: &[Entry]) -> Option<u64> {
    last(entries, |event| matches!(event, Event::IncidentOpened { .. }))
}

fn resolved(entries: &[Entry]) -> Option<u64> {
    last(entries, |event| matches!(event, Event::Resolved { .. }))
}

fn impact_changed(entries: &[Entry]) -> Option<u64> {
    last(entries, |event| matches!(event, Event::ImpactChanged { .. }))
}

/// The last end of a problem, with its entry.
fn last_end(incident: &Incident, entries: &[Entry]) -> Option<(Timestamp, Option<u64>)> {
    let ends = incident.breaches.iter().filter_map(|known| {
        let cleared_at = known.cleared_at?;
        let at = match known.ending {
            Some(Ending::Recovered { since }) => since,
            Some(Ending::NoLongerWatched | Ending::Stopped) | None => cleared_at,
        };
        Some((at, &known.breach.key))
    });
    let (at, key) = ends.max_by_key(|(at, _)| *at)?;
    Some((at, cleared(entries, key)))
}

/// The last entry that tells of the end of a breach.
fn cleared(entries: &[Entry], of: &BreachKey) -> Option<u64> {
    last(entries, |event| matches!(event, Event::BreachCleared { key, .. } if key == of))
}

/// The duration of problems: the time after the last of them was over does not count.
fn duration(incident: &Incident, entries: &[Entry], now: Timestamp, over: bool) -> Option<Stated> {
    let is_holding = incident.holding().next().is_some();
    let closed = || incident.resolution.as_ref().map(|end| (end.at, resolved(entries)));
    let (until, end) = match (over, is_holding) {
        (false, true) => (now, None),
        (false, false) => return None,
        (true, true) => closed()?,
        (true, false) => last_end(incident, entries).or_else(closed)?,
    };
    let lasted = humanize::rough(until.since(incident.began_at));
    stated(lasted, opened(entries).into_iter().chain(end))
}

/// Since when all of it is seen to be over.
fn recovered_since(incident: &Incident, entries: &[Entry]) -> Option<Stated> {
    let is_unseen = |known: &IncidentBreach| known.cleared_at.is_none() || known.is_lost();
    if incident.breaches.iter().any(is_unseen) {
        return None;
    }
    let (at, entry) = last_end(incident, entries)?;
    stated(humanize::moment(at), entry)
}

/// True if a problem is seen now: its value is neither back on the healthy side nor old.
fn is_seen(breach: &Breach) -> bool {
    breach.unheard.is_none() && !Fact::of(breach).is_easing()
}

/// The effects of an organization that count: those that are seen now, or all if it is over.
fn counting<'a>(
    incident: &'a Incident,
    one: &'a AffectedOrganization,
    over: bool,
) -> impl Iterator<Item = &'a EffectOn> {
    one.effects.iter().filter(move |effect| over || is_seen_effect(incident, effect))
}

fn is_seen_effect(incident: &Incident, effect: &EffectOn) -> bool {
    if !effect.holds() || effect.last_seen.is_some() {
        return false;
    }
    let Evidence::Endpoint { endpoint, .. } = &effect.evidence else { return true };
    let mut of_endpoint =
        incident.breaches.iter().filter(|one| one.breach.key.subject == *endpoint).peekable();
    of_endpoint.peek().is_none()
        || of_endpoint.any(|one| one.cleared_at.is_none() && is_seen(&one.breach))
}

/// Effects that organizations notice, each once, the worst first. One that is known of some
/// organizations is not told as likely once more.
fn effects(
    incident: &Incident,
    entries: &[Entry],
    certainty: Certainty,
    over: bool,
) -> Option<Stated> {
    let impact = incident.impact.as_deref()?;
    let with = |certainty: Certainty| -> BTreeSet<Effect> {
        let all = impact.organizations.iter().flat_map(|one| counting(incident, one, over));
        let meant = all.filter(|effect| effect.evidence.certainty() == certainty);
        meant.map(|effect| effect.evidence.effect()).collect()
    };
    let mut found = with(certainty);
    if certainty == Certainty::Likely {
        let known = with(Certainty::Known);
        found.retain(|effect| !known.contains(effect));
    }
    if found.is_empty() {
        return None;
    }
    let told: Vec<String> =
        found.into_iter().map(|effect| clause(effect, over).to_owned()).collect();
    stated(humanize::list(&told), impact_changed(entries))
}

/// An effect as those who have it would say it.
const fn clause(effect: Effect, over: bool) -> &'static str {
    match (effect, over) {
        (Effect::Failing, false) => "some requests fail",
        (Effect::Failing, true) => "some requests failed",
        (Effect::ReadOnly, false) => "changes are refused for now",
        (Effect::ReadOnly, true) => "changes were refused",
        (Effect::Slow, false) => "requests take longer than usual",
        (Effect::Slow, true) => "requests took longer than usual",
        (Effect::Limited, false) => "some requests are refused above a limit",
        (Effect::Limited, true) => "some requests were refused above a limit",
    }
}

/// Effects of endpoints that have a problem: `checkout fails or does not answer`.
fn endpoints(incident: &Incident, entries: &[Entry], over: bool, most: usize) -> Option<Stated> {
    let hosts: Vec<&str> =
        incident.subjects().into_iter().filter_map(|subject| subject.host()).collect();
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for IncidentBreach { breach, cleared_at, .. } in &incident.breaches {
        if !over && (cleared_at.is_some() || !is_seen(breach)) {
            continue;
        }
        let what = match (Fact::of(breach).topic(), over) {
            (Topic::EndpointDown, false) => "fails or does not answer",
            (Topic::EndpointDown, true) => "failed or did not answer",
            (Topic::EndpointSlow, false) => "is slower than usual",
            (Topic::EndpointSlow, true) => "was slower than usual",
            _ => continue,
        };
        let name = plain_name(&breach.key.subject)
            .filter(|name| !hosts.iter().any(|host| name.eq_ignore_ascii_case(host)))
            .unwrap_or("a part of the service");
        let numbers = told.entry(format!("{name} {what}")).or_default();
        numbers.extend(breach_entry(entries, &breach.key));
    }
    if told.is_empty() {
        return None;
    }
    let numbers: Vec<u64> = told.values().flatten().copied().collect();
    stated(listed(told.into_keys().collect(), most), numbers)
}

/// The last entry that tells of a breach.
fn breach_entry(entries: &[Entry], key: &BreachKey) -> Option<u64> {
    last(entries, |event| match event {
        Event::IncidentOpened { incident } => incident.breach(key).is_some(),
        Event::BreachJoined { breach, .. } | Event::BreachChanged { breach, .. } => {
            breach.key == *key
        }
        _ => false,
    })
}

/// The limits in force: for customers only that there are some.
fn measures(
    incident: &Incident,
    entries: &[Entry],
    audience: MessageAudience,
    most: usize,
) -> Option<Stated> {
    let (mut told, mut numbers) = (Vec::new(), Vec::new());
    for one in incident.measures_in_force() {
        let requests = &one.measure.requests;
        let limited = protection::requests(requests);
        told.push(format!("{limited} to {}", protection::rate(one.measure.rate)));
        numbers.extend(last(entries, |event| match event {
            Event::MeasureBegan { measure, .. } | Event::MeasureChanged { measure, .. } => {
                measure.requests == *requests
            }
            _ => false,
        }));
    }
    match (told.is_empty(), audience) {
        (true, _) => None,
        (false, MessageAudience::Affected | MessageAudience::All) => {
            stated("we limit some requests for now", numbers)
        }
        (false, MessageAudience::Internal) => stated(listed(told, most), numbers),
    }
}

/// The time of the end, if the incident ended so.
fn ended(incident: &Incident, entries: &[Entry], standing: Standing) -> Option<Stated> {
    let at: Timestamp = incident.resolution.as_ref()?.at;
    (Standing::of(incident) == standing).then_some(())?;
    stated(humanize::moment(at), resolved(entries))
}

/// That all of it is over, where that was seen.
fn recovery(incident: &Incident, entries: &[Entry]) -> Option<Stated> {
    (Standing::of(incident) == Standing::Resolved).then_some(())?;
    let ends = incident.breaches.iter().filter_map(|known| cleared(entries, &known.breach.key));
    let numbers = ends.take(MOST_ENTRIES).chain(resolved(entries));
    stated("everything that had a problem works normally again", numbers)
}

/// The names of organizations that are affected, those that were as well if it is over.
fn organizations(
    incident: &Incident,
    entries: &[Entry],
    certainty: Certainty,
    over: bool,
    most: usize,
) -> Option<Stated> {
    let impact = incident.impact.as_deref()?;
    let best = |one: &AffectedOrganization| {
        counting(incident, one, over).map(|effect| effect.evidence.certainty()).min()
    };
    let meant = impact.organizations.iter().filter(|one| best(one) == Some(certainty));
    let names: Vec<String> = meant.map(|one| humanize::name(&one.organization)).collect();
    if names.is_empty() {
        return None;
    }
    let more = match certainty {
        Certainty::Known => impact.more_known,
        Certainty::Likely => impact.more_likely,
    };
    stated(with_more(names, more as usize, most), impact_changed(entries))
}

/// The problems that hold, as the team reads them.
fn problems(incident: &Incident, entries: &[Entry], most: usize) -> Option<Stated> {
    let (mut told, mut numbers) = (Vec::new(), Vec::new());
    for breach in incident.holding() {
        told.push(breach_for_people(breach));
        numbers.extend(breach_entry(entries, &breach.key));
    }
    if told.is_empty() {
        return None;
    }
    numbers.truncate(MOST_ENTRIES);
    stated(with_more_parts(told, most), numbers)
}

/// A list of names with the number of those that are not named: `a, b and 7 more`.
fn with_more(mut names: Vec<String>, more: usize, most: usize) -> String {
    let more = more + names.len().saturating_sub(most);
    names.truncate(most);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    humanize::list(&names)
}

fn listed(items: Vec<String>, most: usize) -> String {
    with_more(items, 0, most)
}

/// Parts with commas of their own: `a; b; and 7 more`.
fn with_more_parts(mut parts: Vec<String>, most: usize) -> String {
    let more = parts.len().saturating_sub(most);
    parts.truncate(most);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}
