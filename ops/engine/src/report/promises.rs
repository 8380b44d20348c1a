//! The promises, and how often they were kept.

use domain::{
    incident::Incident,
    journal::{Entry, Event},
    report::{PROMISED_RECOVERY, Promises},
    review::Rating,
    severity::Severity,
    status_page::NoticePart,
    time::Span,
};

use super::{
    rank::{share_of, small, sorted},
    source::{OpenedIncident, REPEATS_WITHIN, ReportSource},
};
use crate::review::recovered_at;

/// The time before the opening of an incident in which an act of a person counts as knowing of it
/// first.
const KNEW_WITHIN: Span = Span::from_mins(30);

/// The promises of the incidents of the period, oldest first.
pub(super) fn of(
    source: ReportSource<'_>,
    incidents: &[&Incident],
    ratings: &[Rating],
) -> Promises {
    let count =
        |is: &dyn Fn(&Incident) -> bool| small(incidents.iter().filter(|one| is(one)).count());
    let in_time =
        |one: &Incident| recovered_after(one).is_some_and(|span| span <= PROMISED_RECOVERY);
    let is_active = |one: &Incident| one.is_active() && recovered_after(one).is_none();
    // What goes on took at least until now.
    let so_far = |one: &Incident| is_active(one).then(|| source.made_at.since(one.opened_at));
    let lasted =
        sorted(incidents.iter().filter_map(|one| recovered_after(one).or_else(|| so_far(one))));
    let wrong = ratings.iter().filter(|rating| **rating == Rating::Wrong).count();
    Promises {
        incidents: small(incidents.len()),
        critical: count(&|one| one.severity == Severity::Critical),
        active: count(&is_active),
        from_before: small(source.past.iter().filter(|one| is_from_before(source, one)).count()),
        recovered: count(&|one| recovered_after(one).is_some()),
        recovered_in_time: count(&in_time),
        recovery_median: share_of(&lasted, 5),
        recovery_p90: share_of(&lasted, 9),
        detected_first: count(&|one| !knew_first(source, one)),
        repeats: count(&|one| is_repeat(source.past, one)),
        rated: small(ratings.len()),
        rated_wrong: small(wrong),
    }
}

/// The time from the opening until all signals were back, if that was seen.
pub(super) fn recovered_after(incident: &Incident) -> Option<Span> {
    recovered_at(incident).map(|at| at.since(incident.opened_at))
}

/// True if an incident that was opened before the period was active in it.
fn is_from_before(source: ReportSource<'_>, one: &OpenedIncident) -> bool {
    let from = source.period.from;
    !one.cause.is_practice()
        && one.opened_at < from
        && one.resolved_at.is_none_or(|resolved_at| resolved_at >= from)
}

/// True if a person acted in public, or began safe mode, shortly before an incident was opened that
/// is the first one after it.
fn knew_first(source: ReportSource<'_>, incident: &Incident) -> bool {
    let opened_at = incident.opened_at;
    let is_first_after = |entry: &Entry| {
        !source.past.iter().any(|other| {
            !other.cause.is_practice() && entry.at < other.opened_at && other.opened_at < opened_at
        })
    };
    source.entries.iter().any(|entry| {
        is_public_act(entry)
            && entry.at < opened_at
            && opened_at.since(entry.at) <= KNEW_WITHIN
            && is_first_after(entry)
    })
}

/// True if a person began safe mode or published a notice, and not because of a known incident.
fn is_public_act(entry: &Entry) -> bool {
    let is_act = matches!(
        &entry.event,
        Some(
            Event::SafeModeBegan { incident: None, .. }
                | Event::StatusUpdatePublished {
                    incident: None,
                    part: NoticePart::Began { .. },
                    ..
                }
        )
    );
    is_act && entry.actor.is_person()
}

fn is_repeat(past: &[OpenedIncident], incident: &Incident) -> bool {
    past.iter().any(|other| {
        other.cause == incident.cause
            && other.opened_at < incident.opened_at
            && incident.opened_at.since(other.opened_at) <= REPEATS_WITHIN
    })
}
