//! Hours of trouble, of which nothing is learned: those of incidents, and those of breaches that
//! opened none.

use std::collections::{BTreeMap, HashMap};

use domain::{
    breach::Breach,
    incident::Incident,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    baselines::{
        bounds::{HOUR, Key, LEARNED_FROM, MOST},
        hour_set::HourSet,
    },
    store::{Store, StoreError},
};

/// A breach that fired longer ago was known before.
const JUST_FIRED: Span = Span::from_mins(60);

/// The hour of a moment, counted from the Unix epoch.
pub(super) const fn hour_number(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(HOUR)
}

/// The beginning of the trouble that a breach is taken for as of a moment: its own if it has just
/// fired. One that fired long before was noted since, unless a person had ended it: what was
/// learned then stays learned when it becomes worse.
fn beginning(breach: &Breach, at: Timestamp) -> Timestamp {
    let has_just_fired = breach.fired_at <= at && at.since(breach.fired_at) < JUST_FIRED;
    if has_just_fired { breach.since.min(at) } else { at }
}

/// Hours in which breaches held that were in no incident: before it was opened, because of a
/// maintenance window, because one unusual signal alone opens none, or because the database was
/// away. A breach that a person has ended is not among them. They are kept with the monitor's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WithheldHours(BTreeMap<Subject, BTreeMap<Signal, HourSet>>);

/// The part of the monitor's kept state that holds them.
#[derive(Debug, Default, Deserialize)]
struct KeptHours {
    #[serde(default)]
    withheld_hours: WithheldHours,
}

impl WithheldHours {
    /// Those that a monitor kept, which may be none.
    pub async fn stored(store: &dyn Store) -> Result<Self, StoreError> {
        let monitor = store.opening().await?.monitor;
        let kept = monitor.and_then(|bytes| serde_json::from_slice::<KeptHours>(&bytes).ok());
        Ok(kept.unwrap_or_default().withheld_hours)
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes breaches that hold. Returns whether any of that is news.
    pub fn note(&mut self, breaches: &[&Breach], now: Timestamp) -> bool {
        let (oldest, this_hour) = (hour_number(now.minus(LEARNED_FROM)), hour_number(now));
        let first = |breach: &Breach| hour_number(beginning(breach, now)).max(oldest);
        let (mut is_news, mut new) = (false, Vec::new());
        for &breach in breaches {
            let signals = self.0.get_mut(&breach.key.subject);
            let Some(hours) = signals.and_then(|signals| signals.get_mut(&breach.key.signal))
            else {
                new.push(breach);
                continue;
            };
            if hours.insert(first(breach), this_hour) {
                hours.forget_before(oldest);
                is_news = true;
            }
        }
        if !new.is_empty() {
            self.make_room(new.len(), (oldest, this_hour));
            new.truncate(MOST.saturating_sub(self.len()));
        }
        for breach in new {
            let signals = self.0.entry(breach.key.subject.clone()).or_default();
            let hours = signals.entry(breach.key.signal.clone()).or_default();
            is_news |= hours.insert(first(breach), this_hour);
        }
        is_news
    }

    /// Number of series that have hours.
    fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Forgets series without an hour since the oldest one, and makes room for others: those whose
    /// last trouble is the oldest give way, unless it is of this hour.
    fn make_room(&mut self, wanted: usize, (oldest, this_hour): (i64, i64)) {
        let mut before: Vec<(i64, Subject, Signal)> = Vec::new();
        for (subject, signals) in &self.0 {
            for (signal, hours) in signals {
                let newest = hours.newest().unwrap_or(i64::MIN);
                if newest < this_hour {
                    before.push((newest, subject.clone(), signal.clone()));
                }
            }
        }
        before.sort_unstable();
        let too_many = (self.len() + wanted).saturating_sub(MOST);
        let too_old = before.partition_point(|(newest, ..)| *newest < oldest);
        before.truncate(too_many.max(too_old));
        for (_, subject, signal) in before {
            if let Some(signals) = self.0.get_mut(&subject) {
                signals.remove(&signal);
            }
        }
        self.0.retain(|_, signals| !signals.is_empty());
    }

    /// Takes them along to the new name of a host. They stay under the former one as well, as the
    /// stored hours do.
    pub fn rename(&mut self, renamed: impl Fn(&Subject) -> Option<Subject>) {
        let all = self.0.iter();
        let moved: Vec<(Subject, BTreeMap<Signal, HourSet>)> = all
            .filter_map(|(subject, signals)| Some((renamed(subject)?, signals.clone())))
            .collect();
        for (subject, signals) in moved {
            let known = self.0.entry(subject).or_default();
            for (signal, hours) in signals {
                known.entry(signal).or_default().extend(&hours);
            }
        }
    }
}

/// Hours of trouble by series.
#[derive(Debug, Default)]
pub struct Troubles(HashMap<Key, HourSet>);

impl Troubles {
    /// Those of a period in which one of these incidents was open, or in which the breach held that
    /// led to it; and what was withheld.
    pub fn of(
        incidents: &[Incident],
        withheld: &WithheldHours,
        (from, until): (Timestamp, Timestamp),
    ) -> Self {
        let mut troubles: HashMap<Key, HourSet> = HashMap::new();
        for incident in incidents.iter().filter(|one| !one.is_practice()) {
            let end = incident.resolution.as_ref().map_or(Timestamp::MAX, |end| end.at);
            // What ends where an hour begins has no part of it.
            let last = Timestamp::from_micros(end.as_micros().saturating_sub(1)).min(until);
            for known in &incident.breaches {
                let first = beginning(&known.breach, incident.opened_at).max(from);
                let key = (known.breach.key.subject.clone(), known.breach.key.signal.clone());
                troubles.entry(key).or_default().insert(hour_number(first), hour_number(last));
            }
        }
        for (subject, signals) in &withheld.0 {
            for (signal, hours) in signals {
                let key = (subject.clone(), signal.clone());
                troubles.entry(key).or_default().extend(hours);
            }
        }
        Self(troubles)
    }

    /// Those of a series.
    pub(super) fn hours(&self, subject: &Subject, signal: &Signal) -> &HourSet {
        static NONE: HourSet = HourSet::none();
        self.0.get(&(subject.clone(), signal.clone())).unwrap_or(&NONE)
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        actor::Actor,
        incident::{IncidentBreach, Resolution},
        lifecycle::State,
    };

    use super::*;

    fn at(minute: i64) -> Timestamp {
        fixtures::at(minute * 60)
    }

    /// One that fired at once.
    fn breach(since: i64) -> Breach {
        fixtures::breach().since(at(since)).build()
    }

    fn on(subject: usize, since: i64) -> Breach {
        fixtures::breach().on(&format!("host:h{subject}")).since(at(since)).build()
    }

    /// The hours of all series, from the one of minute 0 on.
    fn noted(hours: &WithheldHours) -> Vec<i64> {
        let all = hours.0.values().flat_map(BTreeMap::values).flat_map(HourSet::iter);
        all.map(|hour| hour - hour_number(at(0))).collect()
    }

    #[test]
    fn hours_of_a_breach_are_noted_once_from_its_beginning() {
        let mut hours = WithheldHours::default();
        assert!(hours.note(&[&breach(50)], at(70)));
        assert!(!hours.note(&[&breach(50)], at(71)));
        assert!(hours.note(&[&breach(50)], at(130)));
        assert_eq!(noted(&hours), [0, 1, 2]);
        let held = fixtures::breach().since(at(490)).fired(at(600)).build();
        assert!(hours.note(&[&held], at(601)), "it had to hold before it fired");
        assert_eq!(noted(&hours), [0, 1, 2, 8, 9, 10]);
        // After eight weeks nobody learns from them.
        let late = 12 * 7 * 24 * 60;
        assert!(hours.note(&[&breach(late)], at(late)));
        assert_eq!(noted(&hours), [late / 60]);
        let text = serde_json::to_string(&hours).unwrap();
        assert_eq!(serde_json::from_str::<WithheldHours>(&text).unwrap(), hours);
    }

    #[test]
    fn a_series_that_comes_and_goes_for_eight_weeks_is_remembered() {
        let mut hours = WithheldHours::default();
        for place in 0..672 {
            assert!(hours.note(&[&breach(place * 120)], at(place * 120 + 5)));
        }
        assert_eq!(noted(&hours), (0..672).map(|place| place * 2).collect::<Vec<i64>>());
    }

    #[test]
    fn the_series_whose_trouble_is_longest_ago_gives_way() {
        let mut hours = WithheldHours::default();
        let first: Vec<Breach> = (0..MOST).map(|place| on(place, 0)).collect();
        assert!(hours.note(&first.iter().collect::<Vec<_>>(), at(5)));
        assert!(!hours.note(&[&on(MOST, 10)], at(10)), "all are of this hour");
        // All but the first hold in the next hour, too.
        assert!(hours.note(&first.iter().skip(1).collect::<Vec<_>>(), at(65)));
        assert!(hours.note(&[&on(MOST, 66)], at(66)));
        assert_eq!(hours.len(), MOST);
        assert!(!hours.0.contains_key(&first[0].key.subject));
        assert!(hours.0.contains_key(&on(MOST, 0).key.subject));
    }

    #[test]
    fn hours_go_along_with_a_renamed_host() {
        let mut hours = WithheldHours::default();
        let named = |name: &str| fixtures::breach().on(name).since(at(0)).build();
        let (old, new, other) = (named("host:old"), named("host:new"), named("endpoint:old"));
        hours.note(&[&old, &other], at(0));
        hours.note(&[&new], at(60));
        hours.rename(|subject| subject.on_renamed_host("old", "new"));
        let of = |breach: &Breach| hours.0[&breach.key.subject][&breach.key.signal].iter().count();
        assert_eq!((of(&old), of(&new), of(&other)), (1, 2, 1));
    }

    /// The hours of a day that are trouble because of these incidents.
    fn troubles(incidents: &[Incident]) -> Vec<i64> {
        let day = (at(0), at(24 * 60 - 1));
        let all = Troubles::of(incidents, &WithheldHours::default(), day);
        let key = breach(0).key;
        all.hours(&key.subject, &key.signal).iter().map(|hour| hour - hour_number(at(0))).collect()
    }

    fn resolve(incident: &mut Incident, by: Actor, at: Timestamp) {
        incident.resolution = Some(Resolution { by, at, note: None });
        incident.state = State::Resolved;
    }

    #[test]
    fn hours_from_the_beginning_of_an_incident_to_its_end_are_trouble() {
        let held = || fixtures::breach().since(at(150)).fired(at(190)).build();
        let mut incident = fixtures::incident(1).opened(at(191)).of([held()]).build();
        assert_eq!(troubles(std::slice::from_ref(&incident)), (2..24).collect::<Vec<i64>>());
        resolve(&mut incident, Actor::Agent, at(370));
        assert_eq!(troubles(std::slice::from_ref(&incident)), [2, 3, 4, 5, 6]);
        resolve(&mut incident, Actor::Agent, at(360));
        assert_eq!(troubles(std::slice::from_ref(&incident)), [2, 3, 4, 5], "as the hour began");
        // The breach was over and came back: what led to the first one was noted.
        incident.breaches[0] = IncidentBreach::holding(breach(330));
        assert_eq!(troubles(&[incident]), [3, 4, 5]);
    }

    #[test]
    fn hours_since_a_person_ended_a_breach_stay_learned_when_it_becomes_worse() {
        let goes_on = || breach(60);
        let mut first = fixtures::incident(1).opened(at(60)).of([goes_on()]).build();
        resolve(&mut first, Actor::Local, at(150));
        let second = fixtures::incident(2).opened(at(610)).of([goes_on()]).build();
        assert_eq!(troubles(&[first, second]), (1..3).chain(10..24).collect::<Vec<i64>>());
        let mut hours = WithheldHours::default();
        hours.note(&[&goes_on()], at(610));
        assert_eq!(noted(&hours), [10]);
    }
}
