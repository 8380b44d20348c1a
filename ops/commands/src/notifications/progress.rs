//! The entries that call. What was told is remembered by incident, so that nobody is called twice
//! for one thing, however the entries come.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Actor,
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    recommendation::{Recommendation, RunOutcome, Stage},
    severity::Severity,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::notifications::{
    Notification, Reason, access_notice::AccessNotices, safe_mode_news::SafeModeNews,
};

/// So many calls go out one by one...
const MOST: usize = 10;
/// ... in this time; what comes beyond is put together.
const WITHIN: Span = Span::from_mins(10);
/// The interval at which calls that are put together go out.
const TOGETHER_EVERY: Span = Span::from_secs(60);

/// The position up to which the journal was read for calls, and what was told. Kept in the
/// database, and moved on in the transaction that queues the calls: a restart loses none and
/// repeats none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of the last entry that was read.
    pub after: u64,
    told: BTreeMap<IncidentNumber, Told>,
    /// The times at which calls went out one by one.
    recent: Vec<Timestamp>,
    together: Option<Together>,
    /// The time at which calls were last put together.
    flushed_at: Option<Timestamp>,
    #[serde(default)]
    access: AccessNotices,
}

/// The news that were told of an active incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    severity: Severity,
    /// Time at which it was told to be critical, or that nobody took note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    critical_at: Option<Timestamp>,
    /// Number of reminders that nobody took note.
    #[serde(default)]
    rounds: u32,
    /// True if somebody took note.
    #[serde(default)]
    acknowledged: bool,
    /// Offers that were told to wait for a decision, however often it was offered anew since.
    offers: BTreeSet<String>,
}

/// A critical incident that was told, and that nobody took note of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unacknowledged {
    /// Number of the incident.
    pub incident: IncidentNumber,
    /// Time at which it was told last.
    pub at: Timestamp,
    /// Number of reminders that nobody took note.
    pub rounds: u32,
}

/// Calls that wait to be put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Together {
    /// The most severe one, the first of those.
    worst: Notification,
    incidents: BTreeSet<IncidentNumber>,
    calls: u32,
}

impl Progress {
    /// Begins after an entry: what was before calls nobody.
    pub fn begin(after: u64) -> Self {
        Self { after, ..Self::default() }
    }

    /// True if the same was told by both, wherever in the journal they are.
    pub fn remembers_the_same(&self, other: &Self) -> bool {
        let Self { after: _, told, recent, together, flushed_at, access } = self;
        *told == other.told
            && *recent == other.recent
            && *together == other.together
            && *flushed_at == other.flushed_at
            && *access == other.access
    }

    /// The critical incidents that were told and that nobody took note of.
    pub fn unacknowledged(&self) -> impl Iterator<Item = Unacknowledged> {
        let told = self.told.iter().filter(|(_, told)| !told.acknowledged);
        told.filter_map(|(&incident, told)| {
            // One that was told by a version that did not note it is due at once.
            let unknown = (told.severity == Severity::Critical).then(Timestamp::default);
            Some(Unacknowledged {
                incident,
                at: told.critical_at.or(unknown)?,
                rounds: told.rounds,
            })
        })
    }

    /// The incidents that have to be known to take these entries.
    pub fn about(entries: &[Entry]) -> BTreeSet<IncidentNumber> {
        entries.iter().filter_map(|entry| entry.event.as_ref().and_then(Event::incident)).collect()
    }

    /// True if [`Progress::take`] has something to say even without new entries.
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.access.is_waiting(now) || self.is_to_flush(now)
    }

    fn is_to_flush(&self, now: Timestamp) -> bool {
        self.together.is_some()
            && self.flushed_at.is_none_or(|at| now.since(at) >= TOGETHER_EVERY || now < at)
    }

    /// Takes the next entries, with the incidents that they are about as they are now, and says who
    /// is to be called for what: at most one call for each incident, none for what is resolved
    /// meanwhile, and in a flood a few, then one for all the others.
    pub fn take(
        &mut self,
        entries: &[Entry],
        incidents: &BTreeMap<IncidentNumber, Incident>,
        now: Timestamp,
    ) -> Vec<Notification> {
        let after = self.after;
        let new = entries.iter().filter(|entry| entry.number > after);
        let about_access = self.access.take(new, now);
        let new = entries.iter().filter(|entry| entry.number > after);
        let apart: Vec<_> = new
            .filter_map(|entry| about_safe_mode(entry).or_else(|| about_report(entry)))
            .collect();
        let mut groups: BTreeMap<IncidentNumber, Vec<(&Entry, &Event)>> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.number > self.after) {
            let Some(event) = &entry.event else { continue };
            if let Some(number) = event.incident() {
                groups.entry(number).or_default().push((entry, event));
            }
        }
        self.after = self.after.max(entries.iter().map(|entry| entry.number).max().unwrap_or(0));
        let mut calls: Vec<Notification> = groups
            .into_iter()
            .filter_map(|(number, group)| self.wanted(number, &group, incidents))
            .collect();
        // The worst are not the ones that are put together.
        calls.sort_by_key(|call| (std::cmp::Reverse(call.severity), call.entry));
        // A practice takes no place of a real one, and is not put together with any.
        let is_practice =
            |call: &Notification| incidents.get(&call.incident).is_some_and(Incident::is_practice);
        let (practice, calls): (Vec<_>, Vec<_>) = calls.into_iter().partition(is_practice);
        let mut calls = self.bounded(calls, now);
        calls.extend(practice);
        calls.extend(apart);
        calls.extend(about_access);
        calls
    }

    fn wanted(
        &mut self,
        number: IncidentNumber,
        group: &[(&Entry, &Event)],
        incidents: &BTreeMap<IncidentNumber, Incident>,
    ) -> Option<Notification> {
        let Some(incident) = incidents.get(&number).filter(|incident| incident.is_active()) else {
            self.told.remove(&number);
            return None;
        };
        if let Some(told) = self.told.get_mut(&number) {
            told.acknowledged = incident.acknowledged.is_some();
        }
        let before = self.told.get(&number).cloned().unwrap_or(Told {
            severity: Severity::Warning,
            critical_at: None,
            rounds: 0,
            acknowledged: incident.acknowledged.is_some(),
            offers: BTreeSet::new(),
        });
        let first = |wanted: fn(&Event) -> Option<Reason>| {
            group.iter().find_map(|(entry, event)| Some((*entry, wanted(event)?)))
        };
        let begun = first(|event| match event {
            Event::IncidentOpened { .. } => Some(Reason::Opened),
            Event::Reopened { .. } => Some(Reason::Reopened),
            _ => None,
        });
        let risen = || {
            let critical = first(|event| match event {
                Event::BreachJoined { breach, .. } | Event::BreachChanged { breach, .. }
                    if breach.severity == Severity::Critical =>
                {
                    Some(Reason::Escalated)
                }
                _ => None,
            });
            critical.filter(|_| {
                incident.severity == Severity::Critical && before.severity < Severity::Critical
            })
        };
        let offered = || {
            let place = incident
                .offered()
                .next()
                .filter(|best| !before.offers.contains(&best.deed()))?
                .place;
            let is_offer = |event: &Event| matches!(event, Event::Recommended { .. });
            let is_it = |event: &Event| matches!(event, Event::Recommended { recommendation, .. } if recommendation.place == place);
            let of = group
                .iter()
                .find(|(_, event)| is_it(event))
                .or_else(|| group.iter().rev().find(|(_, event)| is_offer(event)));
            of.map(|(entry, _)| (*entry, Reason::Offered { place }))
        };
        // Whoever said yes may have gone back to sleep.
        let unhelped = || {
            let found = group.iter().rev().find_map(|(entry, event)| match event {
                Event::RunProved { place, worked: false, .. } => Some((*entry, *place)),
                _ => None,
            });
            let (entry, place) = found.filter(|(_, place)| {
                // Who ended it early is there, and knows.
                let one = incident.recommendation(*place);
                let ended_early = matches!(one.map(|one| &one.stage), Some(Stage::Ended(ended)) if ended.outcome == RunOutcome::Cancelled);
                !ended_early && one.is_some_and(|one| incident.holds(&one.proof.breach))
            })?;
            Some((entry, Reason::DidNotHelp { place }))
        };
        let overdue = || {
            first(|event| match event {
                Event::NotAcknowledged { round, .. } => {
                    Some(Reason::NotAcknowledged { round: *round })
                }
                _ => None,
            })
            .filter(|_| incident.acknowledged.is_none())
        };
        let overdue = overdue();
        let begun = begun.or_else(risen);
        let (critical_at, rounds) = match (begun, overdue) {
            (Some((entry, _)), _) => {
                ((incident.severity == Severity::Critical).then_some(entry.at), 0)
            }
            (None, Some((entry, Reason::NotAcknowledged { round }))) => (Some(entry.at), round),
            (None, _) => (before.critical_at, before.rounds),
        };
        let found = begun.or_else(unhelped).or_else(offered).or(overdue);
        let (entry, why) = found?;
        // A call leads to all that waits, so it tells of that as well.
        let offers =
            before.offers.into_iter().chain(incident.offered().map(Recommendation::deed)).collect();
        let (severity, acknowledged) = (incident.severity, incident.acknowledged.is_some());
        self.told.insert(number, Told { severity, critical_at, rounds, acknowledged, offers });
        Some(Notification {
            entry: entry.number,
            incident: number,
            why,
            severity: incident.severity,
            at: entry.at,
        })
    }

    fn bounded(&mut self, calls: Vec<Notification>, now: Timestamp) -> Vec<Notification> {
        // What lies ahead is from before the clock was set back.
        self.recent.retain(|at| *at <= now && now.since(*at) < WITHIN);
        let mut out = Vec::new();
        for call in calls {
            if self.recent.len() < MOST {
                self.recent.push(now);
                out.push(call);
                continue;
            }
            let together = self.together.get_or_insert_with(|| Together {
                worst: call.clone(),
                incidents: BTreeSet::new(),
                calls: 0,
            });
            together.incidents.insert(call.incident);
            together.calls = together.calls.saturating_add(1);
            if call.severity > together.worst.severity {
                together.worst = call;
            }
        }
        if self.is_to_flush(now)
            && let Some(together) = self.together.take()
        {
            self.flushed_at = Some(now);
            let mut call = together.worst;
            if together.calls > 1 {
                call.why = Reason::Many {
                    incidents: u32::try_from(together.incidents.len()).unwrap_or(u32::MAX),
                };
            }
            out.push(call);
        }
        out
    }
}

/// Tells of safe mode, where an entry is about it.
fn about_safe_mode(entry: &Entry) -> Option<Notification> {
    let news = SafeModeNews::of(entry)?;
    Some(Notification {
        entry: entry.number,
        incident: IncidentNumber(0),
        why: Reason::SafeMode { news },
        severity: news.severity(),
        at: entry.at,
    })
}

/// Tells of a stability report that was made by itself. Whoever asks for one reads it on its page.
fn about_report(entry: &Entry) -> Option<Notification> {
    let Some(Event::ReportMade { report }) = &entry.event else { return None };
    (entry.actor == Actor::System).then_some(Notification {
        entry: entry.number,
        incident: IncidentNumber(0),
        why: Reason::Report { kind: report.figures.period.kind },
        severity: Severity::Warning,
        at: entry.at,
    })
}

#[cfg(test)]
mod tests {
    use domain::{id::AccountId, protection::SafeModeStage};

    use super::*;

    #[test]
    fn each_change_of_safe_mode_is_told_once_and_one_by_itself_to_everyone() {
        let began = || Event::SafeModeBegan { incident: None, reason: "writes fail".into() };
        let stage = SafeModeStage::Interactive;
        let person = Actor::Account(AccountId(1));
        let events = [
            (Actor::Agent, began()),
            (person, Event::SafeModeStageChanged { stage, incident: None }),
            (Actor::Agent, Event::SafeModeReminded { round: 1 }),
            (person, Event::SafeModeEnded),
            (person, began()),
            (person, Event::AutomationResumed),
        ];
        let now = Timestamp::from_secs(1_790_000_000);
        let entries: Vec<Entry> = (1..)
            .zip(events)
            .map(|(number, (actor, event))| Entry { number, at: now, actor, event: Some(event) })
            .collect();
        let mut progress = Progress::begin(0);
        let told = progress.take(&entries, &BTreeMap::new(), now);
        let told: Vec<_> =
            told.iter().map(|one| (one.entry, one.why.as_str(), one.severity)).collect();
        assert_eq!(
            told,
            [
                (1, "safe_mode_began", Severity::Critical),
                (2, "safe_mode_stage_changed", Severity::Warning),
                (3, "safe_mode_reminder", Severity::Warning),
                (4, "safe_mode_ended", Severity::Warning),
                (5, "safe_mode_began", Severity::Warning),
            ]
        );
        assert!(progress.take(&entries, &BTreeMap::new(), now).is_empty());
    }
}
