//! The page of one incident as a projection of the journal: the same fold as on the server. Pure.

use commands::view::{IncidentPage, RunOutput, Series, SeriesPoint};
use domain::{
    incident::apply,
    journal::{Entry, Event, EventGroup},
    reading::Reading,
    time::Timestamp,
};

/// The most entries of a timeline that a page holds.
const MOST_ENTRIES: usize = 500;

/// The fate of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// Concerns another incident, or is known already.
    Unchanged,
    /// The page has changed.
    Changed,
    /// The page can't tell all that has changed and has to be loaded again.
    Reload,
}

/// Folds an entry into the page.
pub(crate) fn fold(page: &mut IncidentPage, entry: &Entry) -> Folded {
    if entry.number <= page.cursor.number {
        return Folded::Unchanged;
    }
    page.cursor.number = entry.number;
    let number = page.incident.number;
    let Some(event) = &entry.event else { return Folded::Unchanged };
    match event {
        // Words of this timeline may be gone.
        Event::Redacted { entry, .. } if page.timeline.iter().any(|line| line.number == *entry) => {
            return Folded::Reload;
        }
        _ if event.incident() != Some(number) => return Folded::Unchanged,
        _ => {}
    }
    // Who could not be notified is worked out by the server.
    if matches!(event.group(), EventGroup::Notification(_)) {
        return Folded::Reload;
    }
    let mut incident = Some(page.incident.clone());
    if apply(&mut incident, event, entry.actor, entry.at).is_err() {
        return Folded::Reload;
    }
    let Some(incident) = incident else { return Folded::Reload };
    page.incident = incident;
    if let Event::SnapshotSaved { snapshot, .. } = event {
        page.snapshots.push((**snapshot).clone());
    }
    // All of what a run has printed comes with its end.
    if let Event::RunEnded { place, output, .. } = event {
        page.outputs.retain(|known| known.place != *place);
        page.outputs.push(RunOutput { place: *place, text: output.clone(), open: false });
    }
    page.timeline.push(entry.clone());
    let surplus = page.timeline.len().saturating_sub(MOST_ENTRIES);
    page.timeline.drain(..surplus);
    // Charts, related incidents and what can be inspected are worked out by the server.
    let has_other_parts = matches!(
        event,
        Event::BreachJoined { .. } | Event::Resolved { .. } | Event::Reopened { .. }
    );
    let is_stranger = entry.actor.is_person() && !page.names.0.contains_key(&entry.actor);
    if has_other_parts || is_stranger { Folded::Reload } else { Folded::Changed }
}

/// Takes the newest readings of the page's signals. Says whether anything is another now.
pub(crate) fn follow<'a>(
    page: &mut IncidentPage,
    checked_at: Timestamp,
    find: impl Fn(&Reading) -> Option<&'a Reading>,
) -> bool {
    let mut is_other = false;
    for reading in &mut page.readings {
        let Some(newest) = find(reading).filter(|newest| *newest != reading) else { continue };
        reading.clone_from(newest);
        is_other = true;
        let series = page
            .series
            .iter_mut()
            .find(|series| series.subject == newest.subject && series.signal == newest.signal);
        if let (Some(series), true) = (series, page.incident.is_active()) {
            lengthen(series, newest.at, newest.value);
        }
    }
    page.checked_at = checked_at;
    is_other
}

/// Adds a value to a series. Within the step of the newest point it becomes part of it.
fn lengthen(series: &mut Series, at: Timestamp, value: f64) {
    let step = match series.points.as_slice() {
        [.., before, last] => last.at.since(before.at),
        [] | [_] => domain::time::Span::from_secs(5),
    };
    match series.points.last_mut() {
        Some(last) if at <= last.at => {}
        Some(last) if at.since(last.at) < step => {
            last.min = last.min.min(value);
            last.max = last.max.max(value);
        }
        last => {
            let until = at.plus(last.map_or(step, |last| last.until.since(last.at)));
            series.points.push(SeriesPoint { at, until, min: value, mean: value, max: value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use domain::{actor::Actor, id::IncidentNumber};

    fn entry(number: u64, event: Event) -> Entry {
        Entry { number, at: sample::at(number as i64), actor: Actor::Local, event: Some(event) }
    }

    #[test]
    fn a_page_that_follows_the_journal_equals_one_that_is_loaded_later() {
        let mut page = sample::page(sample::incident());
        page.names.0.insert(Actor::Local, "Someone at this machine".into());
        let number = page.incident.number;
        let first = page.cursor.number;
        let events = [
            Event::Acknowledged { incident: number },
            Event::Commented { incident: number, text: "on it".into() },
        ];
        let mut loaded = Some(page.incident.clone());
        for (index, event) in (1..).zip(events) {
            let entry = entry(first + index, event);
            apply(&mut loaded, entry.event.as_ref().unwrap(), entry.actor, entry.at).unwrap();
            assert_eq!(fold(&mut page, &entry), Folded::Changed);
            assert_eq!(fold(&mut page, &entry), Folded::Unchanged, "it is known already");
        }
        assert_eq!(Some(&page.incident), loaded.as_ref());
        assert!(page.incident.acknowledged.is_some());
    }

    #[test]
    fn what_was_looked_at_comes_by_the_fold_and_is_no_act_of_a_person() {
        use domain::inspection::{Inspection, InspectionOutcome};

        let mut page = sample::page(sample::incident());
        page.names.0.insert(Actor::Local, "Someone at this machine".into());
        let (before, first) = (page.incident.clone(), page.cursor.number);
        let look = Event::Inspected {
            incident: before.number,
            inspection: Inspection::TopProcesses,
            outcome: InspectionOutcome::table(["node".to_owned()], Vec::new()),
        };
        assert_eq!(fold(&mut page, &entry(first + 1, look.clone())), Folded::Changed);
        assert_eq!(page.incident, before);
        assert_eq!(page.timeline.last().unwrap().event, Some(look));
    }

    #[test]
    fn a_signal_that_joins_is_shown_at_once_and_the_rest_of_it_is_asked_for() {
        let mut page = sample::page(sample::incident());
        let (incident, first) = (page.incident.number, page.cursor.number);
        let mut breach = sample::breach();
        breach.key.signal = "host.cpu.used".parse().unwrap();
        let key = breach.key.clone();
        let joined = Event::BreachJoined { incident, breach: Box::new(breach) };
        assert_eq!(fold(&mut page, &entry(first + 1, joined)), Folded::Reload);
        assert!(page.incident.holds(&key));
    }

    #[test]
    fn what_concerns_others_changes_nothing_and_what_does_not_fit_is_loaded_again() {
        let mut page = sample::page(sample::incident());
        page.names.0.insert(Actor::Local, "Someone at this machine".into());
        let (before, first) = (page.incident.clone(), page.cursor.number);
        let other = entry(first + 1, Event::Acknowledged { incident: IncidentNumber(99) });
        assert_eq!(fold(&mut page, &other), Folded::Unchanged);
        let odd = Event::Reopened { incident: page.incident.number, note: None };
        assert_eq!(fold(&mut page, &entry(first + 2, odd)), Folded::Reload);
        assert_eq!(page.incident, before);
    }

    #[test]
    fn a_chart_goes_on_with_the_newest_values() {
        let mut page = sample::page(sample::incident());
        let point = |second| SeriesPoint {
            at: sample::at(second),
            until: sample::at(second + 15),
            min: 1.0,
            mean: 1.0,
            max: 1.0,
        };
        let reading = page.readings[0].clone();
        page.series = vec![Series {
            subject: reading.subject.clone(),
            signal: reading.signal.clone(),
            unit: reading.unit.clone(),
            warning: None,
            critical: None,
            points: vec![point(0), point(5)],
        }];
        let newest = Reading { at: sample::at(10), value: 9.0, ..reading };
        assert!(follow(&mut page, sample::at(11), |_| Some(&newest)));
        assert_eq!(page.series[0].points.len(), 3);
        let within = Reading { at: sample::at(12), value: 12.0, ..newest };
        assert!(follow(&mut page, sample::at(12), |_| Some(&within)));
        let last = page.series[0].points[2];
        assert_eq!((page.series[0].points.len(), last.min, last.max), (3, 9.0, 12.0));
        assert!(!follow(&mut page, sample::at(13), |_| Some(&within)));
    }
}
