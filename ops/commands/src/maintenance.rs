//! Maintenance windows as they are asked for and shown.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Actor,
    announcements::{Announcements, OpenWindow},
    breach::Breach,
    error::{Conflict, Entity, Error, FieldReason, Limited},
    input::{checked, unreadable},
    journal::Event,
    maintenance::{LONGEST, MOST_WITHHELD, MaintenanceWindow, SubjectPattern, Withheld},
    subject::Subject,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::missing::covered;

/// The most patterns of a window.
pub const MOST_PATTERNS: usize = 50;
/// The most windows at a time.
pub const MOST_WINDOWS: usize = 50;
/// The most subjects that are named as those that a window covers.
const MOST_COVERED: usize = 50;
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 300;

/// A window as it is asked for, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceRequest {
    /// The subjects that it is to cover, each as a text.
    pub subjects: Vec<String>,
    /// Time at which it ends by itself.
    pub until: Timestamp,
    /// The reason.
    pub reason: String,
}

impl MaintenanceRequest {
    /// The window as it is kept, or what is wrong with what was asked for. `open` is what is
    /// announced already.
    pub fn checked(self, open: &Announcements, now: Timestamp) -> Result<MaintenanceWindow, Error> {
        let wrong = |field, reason| Err(Error::invalid(field, reason));
        let subjects = self.subjects.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        let subjects: Result<Vec<SubjectPattern>, _> = subjects.map(str::parse).collect();
        let mut subjects =
            subjects.map_err(|bad| Error::invalid("subjects", FieldReason::Malformed(bad)))?;
        if let Some(reason) = subjects.iter().find_map(|one| unreadable(one.as_str())) {
            return wrong("subjects", reason);
        }
        subjects.dedup();
        if subjects.is_empty() {
            return wrong("subjects", FieldReason::Empty);
        }
        if subjects.len() > MOST_PATTERNS {
            return wrong("subjects", FieldReason::TooMany { most: MOST_PATTERNS });
        }
        if self.until <= now {
            return wrong("until", FieldReason::Past);
        }
        if self.until > now.plus(LONGEST) {
            return wrong("until", FieldReason::TooFarAway { days: LONGEST.as_secs() / 86_400 });
        }
        let reason = checked("reason", &self.reason, true)?.unwrap_or_default();
        let length = reason.chars().count();
        if length > LONGEST_REASON {
            return wrong("reason", FieldReason::TooLong { most: LONGEST_REASON, length });
        }
        if open.windows.len() >= MOST_WINDOWS {
            return Err(Conflict::LimitReached(Limited::MaintenanceWindows).into());
        }
        Ok(MaintenanceWindow { subjects, until: self.until, reason })
    }
}

/// Checks that a window can be ended: it is open.
pub fn check_open(open: &Announcements, number: u64) -> Result<(), Error> {
    if open.windows.iter().any(|window| window.number == number) {
        Ok(())
    } else {
        Err(Error::NotFound(Entity::MaintenanceWindow(number)))
    }
}

/// The alerts that a window withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldList {
    /// The breaches, in the order in which they came; at most 50.
    pub breaches: Vec<Withheld>,
    /// At least so many more.
    pub more: u32,
}

/// The withheld alerts, by the number of its window.
pub type WithheldLists = BTreeMap<u64, WithheldList>;

impl WithheldList {
    /// Gives subjects other names. What is known under the new name already stays as it is.
    pub fn rename(&mut self, renamed: impl Fn(&Subject) -> Option<Subject>) {
        for place in 0..self.breaches.len() {
            let Some(one) = self.breaches.get(place) else { continue };
            let Some(subject) = renamed(&one.subject) else { continue };
            let is_known =
                |other: &Withheld| other.subject == subject && other.signal == one.signal;
            if !self.breaches.iter().any(is_known)
                && let Some(one) = self.breaches.get_mut(place)
            {
                one.subject = subject;
            }
        }
    }

    /// Takes the breaches that are withheld now. Whether anything changed.
    pub fn update(&mut self, holding: &[&Breach], now: Timestamp) -> bool {
        let is = |one: &Withheld, breach: &Breach| {
            one.subject == breach.key.subject && one.signal == breach.key.signal
        };
        let before = self.clone();
        for one in &mut self.breaches {
            if !holding.iter().any(|breach| is(one, breach)) {
                one.ended_at.get_or_insert(now);
            }
        }
        let mut left_out = 0_u32;
        for breach in holding {
            if let Some(one) = self.breaches.iter_mut().find(|one| is(one, breach)) {
                one.ended_at = None;
                one.severity = one.severity.max(breach.severity);
            } else if self.breaches.len() < MOST_WITHHELD {
                self.breaches.push(Withheld {
                    subject: breach.key.subject.clone(),
                    signal: breach.key.signal.clone(),
                    severity: breach.severity,
                    since: breach.since,
                    ended_at: None,
                });
            } else {
                left_out = left_out.saturating_add(1);
            }
        }
        self.more = self.more.max(left_out);
        *self != before
    }

    /// Returns the event for the end of its window.
    pub fn ended(&self, window: u64) -> Event {
        let (would_have_alerted, more) = (self.breaches.clone(), self.more);
        Event::MaintenanceEnded { window, would_have_alerted, more }
    }
}

/// The open windows, by their numbers, with what each covers of the `present` subjects, and what
/// would have alerted during it.
pub fn cards(
    open: &Announcements,
    withheld: &WithheldLists,
    present: &BTreeSet<&Subject>,
) -> Vec<MaintenanceCard> {
    let card = |one: &OpenWindow| {
        let list = withheld.get(&one.number).cloned().unwrap_or_default();
        MaintenanceCard {
            number: one.number,
            by: one.by,
            begun_at: one.begun_at,
            covers: Covered::of(&one.window, present),
            window: one.window.clone(),
            would_have_alerted: list.breaches,
            more: list.more,
        }
    };
    open.windows.iter().map(card).collect()
}

/// The subjects that a window covers, of those that are there now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Covered {
    /// Their number.
    pub count: u32,
    /// The first of them.
    pub subjects: Vec<Subject>,
    /// Its subjects and patterns that cover nothing that is there now.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub unmatched: Vec<SubjectPattern>,
}

impl Covered {
    /// Looks among the subjects that are there.
    pub fn of(window: &MaintenanceWindow, present: &BTreeSet<&Subject>) -> Self {
        let covered = covered(present.iter().copied(), &window.subjects);
        let matches = |pattern: &&SubjectPattern| !present.iter().any(|one| pattern.covers(one));
        Self {
            count: u32::try_from(covered.len()).unwrap_or(u32::MAX),
            subjects: covered.into_iter().take(MOST_COVERED).cloned().collect(),
            unmatched: window.subjects.iter().filter(matches).cloned().collect(),
        }
    }
}

/// An open maintenance window, as pages and programs see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MaintenanceCard {
    /// Its number.
    pub number: u64,
    /// The person who began it.
    pub by: Actor,
    /// Time at which it was begun.
    pub begun_at: Timestamp,
    /// Its subjects, its end, and the reason.
    #[serde(flatten)]
    pub window: MaintenanceWindow,
    /// The subjects that it covers of those that are there now.
    pub covers: Covered,
    /// The alerts that it withheld.
    pub would_have_alerted: Vec<Withheld>,
    /// At least so many more.
    pub more: u32,
}

#[cfg(test)]
mod tests {
    use domain::{severity::Severity, time::Span};

    use super::*;

    #[test]
    fn what_can_not_be_a_window_is_refused_with_its_field() {
        let now = Timestamp::from_secs(1_795_000_000);
        let request = |subjects: &[&str], minutes, reason: &str| MaintenanceRequest {
            subjects: subjects.iter().map(|one| (*one).to_owned()).collect(),
            until: now.plus(Span::from_mins(minutes)),
            reason: reason.to_owned(),
        };
        let mut open = Announcements::default();
        let good = request(&[" *@web-1 ", "", "host:web-1"], 60, " New disks ").checked(&open, now);
        let good = good.unwrap();
        assert_eq!((good.subjects.len(), good.reason.as_str()), (2, "New disks"));
        let many = vec!["*"; 51];
        let many: Vec<String> =
            many.iter().enumerate().map(|(index, one)| format!("{one}{index}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (field, wrong) in [
            ("subjects", request(&[], 60, "x")),
            ("subjects", request(&["web-1"], 60, "x")),
            ("subjects", request(&many, 60, "x")),
            ("until", request(&["*"], 0, "x")),
            ("until", request(&["*"], 7 * 24 * 60 + 1, "x")),
            ("reason", request(&["*"], 60, " ")),
            ("reason", request(&["*"], 60, &"x".repeat(301))),
        ] {
            let Err(Error::InvalidField { field: found, .. }) = wrong.clone().checked(&open, now)
            else {
                panic!("{wrong:?}");
            };
            assert_eq!(found, field);
        }
        let window =
            |number| OpenWindow { number, by: Actor::Local, begun_at: now, window: good.clone() };
        open.windows = (1..=50).map(window).collect();
        assert!(matches!(request(&["*"], 60, "x").checked(&open, now), Err(Error::Conflict(_))));
        assert!(check_open(&open, 50).is_ok());
        assert!(matches!(check_open(&open, 51), Err(Error::NotFound(_))));
    }

    #[test]
    fn it_is_told_what_a_window_covers_and_which_patterns_cover_nothing() {
        let all: Vec<Subject> = ["app:api@a", "app:job@a", "host:a", "collector:host@a"]
            .map(|text| text.parse().unwrap())
            .into();
        let subjects = ["app:*@a", "app:apii@a", "host:*"].map(|text| text.parse().unwrap()).into();
        let window =
            MaintenanceWindow { subjects, until: Timestamp::default(), reason: String::new() };
        let covered = Covered::of(&window, &all.iter().collect());
        assert_eq!((covered.count, &covered.subjects[..]), (3, &all[..3]));
        assert_eq!(covered.unmatched, ["app:apii@a".parse().unwrap()]);
    }

    #[test]
    fn a_list_keeps_what_would_have_alerted_with_its_worst_and_its_end() {
        let at = |seconds: i64| Timestamp::from_secs(1_795_000_000 + seconds);
        let breach = |severity| fixtures::breach().since(at(0)).severity(severity).build();
        let mut list = WithheldList::default();
        assert!(list.update(&[&breach(Severity::Warning)], at(30)));
        assert!(!list.update(&[&breach(Severity::Warning)], at(31)));
        assert!(list.update(&[&breach(Severity::Critical)], at(32)));
        assert!(list.update(&[], at(40)) && !list.update(&[], at(41)));
        let one = &list.breaches[0];
        assert_eq!(
            (one.severity, one.since, one.ended_at),
            (Severity::Critical, at(0), Some(at(40)))
        );
        assert!(list.update(&[&breach(Severity::Warning)], at(50)));
        assert_eq!((list.breaches.len(), list.breaches[0].ended_at), (1, None));
        let many: Vec<Breach> = (0..60)
            .map(|number| fixtures::breach().on(&format!("service:{number}")).build())
            .collect();
        assert!(list.update(&many.iter().collect::<Vec<_>>(), at(60)));
        assert_eq!((list.breaches.len(), list.more), (50, 11));
        let Event::MaintenanceEnded { window: 7, would_have_alerted, more: 11 } = list.ended(7)
        else {
            panic!("{list:?}");
        };
        assert_eq!(would_have_alerted, list.breaches);
    }
}
