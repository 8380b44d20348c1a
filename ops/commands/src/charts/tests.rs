use domain::id::IncidentNumber;
use proptest::prelude::*;

use super::*;

const DAY: i64 = 24 * 60;

/// Minutes after the beginning of the first day, a Monday.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_secs(1_795_392_000 + minutes * 60)
}

fn bounds(count: i64) -> Vec<DayBounds> {
    let day = |n| DayBounds { from: at(n * DAY), to: at((n + 1) * DAY), offset: 60 };
    (0..count).map(day).collect()
}

/// An incident that was opened then, and ended and recovered after so many minutes.
fn past(number: u32, severity: Severity, opened: i64, lasted: Option<i64>) -> PastIncident {
    let end = lasted.map(|lasted| at(opened + lasted));
    PastIncident {
        number: IncidentNumber(number),
        severity,
        cause: format!("service:job-{}", number % 10).parse().unwrap(),
        opened_at: at(opened),
        resolved_at: end,
        recovered_at: end,
        acknowledged_at: None,
    }
}

struct Given {
    days: Vec<DayBounds>,
    days_before: u32,
    incidents: Vec<PastIncident>,
    critical_since: BTreeMap<IncidentNumber, Timestamp>,
    blind: Vec<(Timestamp, Timestamp)>,
    known_from: Timestamp,
    now: Timestamp,
}

impl Given {
    fn of(days: i64, incidents: Vec<PastIncident>) -> Self {
        let (days, now) = (bounds(days), at(days * DAY));
        Self {
            days,
            days_before: 0,
            incidents,
            critical_since: BTreeMap::new(),
            blind: Vec::new(),
            known_from: at(0),
            now,
        }
    }

    fn charts(&self) -> HistoryCharts {
        charts(ChartSource {
            days: &self.days,
            days_before: self.days_before,
            zone: "Europe/Berlin",
            incidents: &self.incidents,
            critical_since: &self.critical_since,
            blind: &self.blind,
            known_from: self.known_from,
            is_cut: false,
            is_narrow: false,
            now: self.now,
        })
        .unwrap()
    }

    fn marks(&self) -> Vec<DayMark> {
        self.charts().days.iter().map(|day| day.mark).collect()
    }
}

use DayMark::{Calm, Critical, NotWatched, PartlyWatched, Warning};

#[test]
fn a_day_is_calm_only_if_it_was_watched() {
    let mut given = Given::of(6, Vec::new());
    assert_eq!(given.marks(), [Calm; 6]);
    given.known_from = at(DAY + 60);
    // Two gaps that overlap are one, and one of a minute is small enough.
    given.blind = vec![
        (at(3 * DAY), at(4 * DAY - 10)),
        (at(4 * DAY - 20), at(4 * DAY)),
        (at(4 * DAY + 5), at(4 * DAY + 6)),
        (at(5 * DAY + 5), at(5 * DAY + 7)),
    ];
    assert_eq!(given.marks(), [NotWatched, PartlyWatched, Calm, NotWatched, Calm, PartlyWatched]);
    let unseen: Vec<u64> =
        given.charts().days.iter().map(|day| day.unseen.as_secs() / 60).collect();
    assert_eq!(unseen, [1_440, 60, 0, 1_440, 1, 2]);
}

#[test]
fn a_day_on_which_an_incident_went_on_is_not_calm() {
    let mut given = Given::of(
        6,
        vec![
            past(1, Severity::Warning, -50, Some(70)),
            past(2, Severity::Critical, 2 * DAY - 5, Some(DAY + 5)),
            past(3, Severity::Warning, 4 * DAY, None),
        ],
    );
    given.blind = vec![(at(2 * DAY), at(3 * DAY))];
    // The second one ended as the fourth day began, and was known though nobody watched.
    assert_eq!(given.marks(), [Warning, Critical, Critical, Calm, Warning, Warning]);
    let counts: Vec<(u32, u32)> =
        given.charts().days.iter().map(|day| (day.opened, day.going_on)).collect();
    assert_eq!(counts, [(0, 1), (1, 0), (0, 1), (0, 0), (1, 0), (0, 1)]);
}

#[test]
fn a_day_is_as_severe_as_the_incident_was_by_its_end() {
    let mut given = Given::of(
        6,
        vec![
            past(1, Severity::Critical, 10, Some(3 * DAY)),
            past(2, Severity::Critical, 4 * DAY, Some(5)),
            past(3, Severity::Warning, 4 * DAY + 30, Some(DAY)),
        ],
    );
    given.critical_since = BTreeMap::from([(IncidentNumber(1), at(2 * DAY))]);
    assert_eq!(given.marks(), [Warning, Warning, Critical, Critical, Critical, Warning]);
    // In the last moment of a day.
    given.critical_since = BTreeMap::from([(IncidentNumber(1), at(2 * DAY - 1))]);
    assert_eq!(given.marks(), [Warning, Critical, Critical, Critical, Critical, Warning]);
}

#[test]
fn what_is_yet_to_come_is_not_drawn_and_today_ends_now() {
    let mut given = Given::of(7, Vec::new());
    given.now = at(2 * DAY + 30);
    given.blind = vec![(at(2 * DAY), at(2 * DAY + 30))];
    assert_eq!(given.marks(), [Calm, Calm, NotWatched]);
    let drawn = given.charts();
    assert_eq!((drawn.to, drawn.weeks.len()), (at(2 * DAY + 30), 1));
    given.now = at(-1);
    let source = ChartSource {
        days: &given.days,
        days_before: 0,
        zone: "UTC",
        incidents: &[],
        critical_since: &BTreeMap::new(),
        blind: &[],
        known_from: at(0),
        is_cut: false,
        is_narrow: false,
        now: given.now,
    };
    assert_eq!(charts(source), None);
}

#[test]
fn weeks_begin_on_monday_and_tell_severities_and_times_to_recover() {
    let mut given = Given::of(
        12,
        vec![
            past(1, Severity::Warning, 3 * DAY, Some(4)),
            past(2, Severity::Critical, 4 * DAY, Some(60)),
            past(3, Severity::Critical, 4 * DAY + 1, Some(5)),
            past(4, Severity::Warning, 9 * DAY, None),
            PastIncident { recovered_at: None, ..past(5, Severity::Warning, 9 * DAY, Some(1)) },
            // Opened before, though it ended here.
            past(6, Severity::Critical, -10, Some(DAY)),
        ],
    );
    // The first day is a Friday.
    given.days_before = 4;
    let weeks = given.charts().weeks;
    let begins: Vec<Timestamp> = weeks.iter().map(|week| week.from).collect();
    assert_eq!(begins, [at(0), at(3 * DAY), at(10 * DAY)]);
    let counts: Vec<(u32, u32)> = weeks.iter().map(|week| (week.warning, week.critical)).collect();
    assert_eq!(counts, [(0, 0), (3, 2), (0, 0)]);
    assert_eq!(weeks[0].recovery, None);
    let minutes = |minutes: u64| Span::from_mins(minutes);
    assert_eq!(
        weeks[1].recovery,
        Some(RecoveryTimes {
            incidents: 4,
            in_time: 2,
            shortest: minutes(4),
            median: minutes(5),
            // What is active counts with the time so far, and what was not seen to be back does not.
            longest: minutes(3 * 24 * 60),
        })
    );
    given.known_from = at(11 * DAY);
    given.incidents.pop();
    let watched: Vec<bool> = given.charts().weeks.iter().map(|week| week.is_watched).collect();
    assert_eq!(watched, [false, false, true], "incidents of the second week were not watched");
}

#[test]
fn the_busiest_subjects_come_first_and_practices_are_not_counted() {
    let mut incidents: Vec<PastIncident> = (0..30)
        .flat_map(|n| (0..=n % 10).map(move |_| past(n, Severity::Warning, 5, Some(1))))
        .collect();
    incidents.push(past(3, Severity::Critical, 5, Some(1)));
    let practice = PastIncident {
        cause: domain::practice::subject(),
        ..past(99, Severity::Critical, 5, Some(1))
    };
    incidents.extend([practice.clone(), practice]);
    let drawn = Given::of(1, incidents).charts();
    let told: Vec<(&str, u32)> =
        drawn.subjects.iter().map(|one| (one.subject.name(), one.incidents)).collect();
    assert_eq!(told[..2], [("job-9", 30), ("job-8", 27)]);
    assert_eq!(told[6..], [("job-3", 13), ("job-2", 9)]);
    assert_eq!((told.len(), drawn.elsewhere, drawn.subjects[6].critical), (8, 9, 1));
    assert_eq!(drawn.days[0].opened, 166);
}

fn any_incident() -> impl Strategy<Value = PastIncident> {
    (0u32..20, any::<bool>(), -3 * DAY..20 * DAY, proptest::option::of(0i64..5 * DAY)).prop_map(
        |(number, is_critical, opened, lasted)| {
            let severity = if is_critical { Severity::Critical } else { Severity::Warning };
            past(number, severity, opened, lasted)
        },
    )
}

proptest! {
    #[test]
    fn every_incident_is_in_one_day_one_week_and_one_subject(
        incidents in proptest::collection::vec(any_incident(), 0..40),
        blind in proptest::collection::vec((0i64..20 * DAY, 0i64..3 * DAY), 0..6),
        days in 1i64..20,
        days_before in 0u32..7,
    ) {
        let mut given = Given::of(days, incidents.clone());
        given.days_before = days_before;
        given.blind = blind.iter().map(|(from, long)| (at(*from), at(from + long))).collect();
        let drawn = given.charts();
        let is_in = |one: &&PastIncident| at(0) <= one.opened_at && one.opened_at < at(days * DAY);
        let opened = small(incidents.iter().filter(is_in).count());
        let by_day: u32 = drawn.days.iter().map(|day| day.opened).sum();
        let by_week: u32 = drawn.weeks.iter().map(|week| week.warning + week.critical).sum();
        let by_subject: u32 = drawn.subjects.iter().map(|one| one.incidents).sum();
        prop_assert_eq!((by_day, by_week, by_subject + drawn.elsewhere), (opened, opened, opened));
        for (day, bounds) in drawn.days.iter().zip(&given.days) {
            // The definition, minute by minute.
            let active = |one: &PastIncident| {
                let end = one.resolved_at.unwrap_or(given.now);
                one.opened_at < bounds.to && (end > bounds.from || one.opened_at >= bounds.from)
            };
            let worst = incidents.iter().filter(|one| active(one)).map(|one| one.severity).max();
            let unseen = (0..DAY)
                .filter(|minute| {
                    let moment = bounds.from.plus(Span::from_mins(minute.cast_unsigned()));
                    given.blind.iter().any(|(from, to)| *from <= moment && moment < *to)
                })
                .count();
            let expected = match worst {
                Some(Severity::Critical) => Critical,
                Some(Severity::Warning) => Warning,
                None if unseen == 1_440 => NotWatched,
                None if unseen > 1 => PartlyWatched,
                None => Calm,
            };
            prop_assert_eq!(day.mark, expected);
        }
    }
}
