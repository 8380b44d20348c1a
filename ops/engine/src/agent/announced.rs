//! The meaning of announcements for incidents.

use domain::{
    announcements::Announcements, change::ReportedChange, incident::Incident, time::Span,
};

/// The most changes that an incident carries.
const MOST_CHANGES: usize = 3;
/// The longest time between a change and the incident that it is told with.
const BEFORE: Span = Span::from_mins(60);
/// The same after it began: what deploys may report only when it is done.
const AFTER: Span = Span::from_mins(10);

/// The changes that may have led to an incident that is opened, newest first. What was reported once
/// for each host is told once.
pub(super) fn changes(announcements: &Announcements, incident: &Incident) -> Vec<ReportedChange> {
    // No change led to a practice.
    if incident.is_practice() {
        return Vec::new();
    }
    let began = incident.began_at;
    let (from, to) = (began.minus(BEFORE), began.plus(AFTER).min(incident.opened_at));
    let subjects = incident.subjects();
    let mut near: Vec<&ReportedChange> = announcements
        .changes
        .iter()
        .filter(|change| (from..=to).contains(&change.at))
        .filter(|change| subjects.iter().any(|subject| change.touches(subject)))
        .collect();
    // Stable: of two at the same moment the one that was reported last comes first.
    near.reverse();
    near.sort_by_key(|change| std::cmp::Reverse(change.at));
    let mut told: Vec<ReportedChange> = Vec::new();
    for change in near {
        if told.len() < MOST_CHANGES && !told.iter().any(|other| other.is_same(change)) {
            told.push(change.clone());
        }
    }
    told
}
