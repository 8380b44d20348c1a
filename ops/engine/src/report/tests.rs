use domain::{
    actor::Actor,
    breach::Ending,
    hash::Head,
    id::{AccountId, IncidentNumber},
    incident::Resolution,
    journal::{BlindReason, Entry},
    lifecycle::State,
    report::{Promises, ReportKind, ReportPeriod, TREND_WEEKS},
    review::PreventionPlan,
    status_page::{NoticePart, NoticeState},
    time::{Span, Timestamp},
};
use fixtures::{at, breach, cases, incident};
use proptest::prelude::*;

use super::*;
use crate::availability::{PastWindow, ProbeSeries, ProbeStep};

mod agent;
mod measured;

const DAY: i64 = 86_400;
const ADA: Actor = Actor::Account(AccountId(1));

/// The week that begins at 0.
fn period() -> ReportPeriod {
    ReportPeriod {
        kind: ReportKind::Weekly,
        from: at(0),
        to: at(7 * DAY),
        zone: "UTC".into(),
        from_offset: 0,
        to_offset: 0,
    }
}

/// An incident that was opened then and whose signals were back after so many seconds.
fn opened(number: u32, when: i64, back_after: Option<i64>) -> Incident {
    let problem = breach().since(at(when - 60)).fired(at(when)).build();
    let mut one = incident(number).of([problem]).opened(at(when)).build();
    if let Some(seconds) = back_after {
        let since = at(when + seconds);
        one.breaches[0].ending = Some(Ending::Recovered { since });
        one.breaches[0].cleared_at = Some(since);
        one.state = State::Resolved;
        one.resolution = Some(Resolution { by: Actor::Agent, at: since, note: None });
    }
    one
}

fn entry(number: u64, seconds: i64, actor: Actor, event: Event) -> Entry {
    Entry { number, at: at(seconds), actor, event: Some(event) }
}

fn past(one: &Incident, resolved_at: Option<Timestamp>) -> OpenedIncident {
    OpenedIncident { cause: one.cause.clone(), opened_at: one.opened_at, resolved_at }
}

struct Given {
    incidents: Vec<Incident>,
    past: Vec<OpenedIncident>,
    entries: Vec<Entry>,
    steps: PreventionSteps,
    blind: Vec<Blind>,
    probes: Vec<ProbeSeries>,
    results: Vec<ResultSeries>,
    objectives: Vec<ObjectiveSeries>,
    watched: Vec<WatchedSeries>,
    held: Vec<HeldBreach>,
    windows: Vec<PastWindow>,
    earlier: Vec<ReportBefore>,
    made_at: Timestamp,
    journal_began: Option<Timestamp>,
}

impl Given {
    fn of(incidents: Vec<Incident>) -> Self {
        let past = incidents
            .iter()
            .map(|one| past(one, one.resolution.as_ref().map(|resolution| resolution.at)))
            .collect();
        Self {
            incidents,
            past,
            entries: Vec::new(),
            steps: PreventionSteps::default(),
            blind: Vec::new(),
            probes: Vec::new(),
            results: Vec::new(),
            objectives: Vec::new(),
            watched: Vec::new(),
            held: Vec::new(),
            windows: Vec::new(),
            earlier: Vec::new(),
            made_at: at(7 * DAY),
            journal_began: Some(at(-DAY)),
        }
    }

    fn report(&self) -> StabilityReport {
        report(ReportSource {
            period: &period(),
            incidents: &self.incidents,
            past: &self.past,
            entries: &self.entries,
            steps: &self.steps,
            made_at: self.made_at,
            blind: &self.blind,
            probes: &self.probes,
            results: &self.results,
            objectives: &self.objectives,
            watched: &self.watched,
            left_out: 0,
            unread: &[],
            held: &self.held,
            windows: &self.windows,
            earlier: &self.earlier,
            journal_began: self.journal_began,
            generated: false,
            head: Head::EMPTY,
        })
    }
}

#[test]
fn recovery_is_counted_from_the_opening_and_against_five_minutes() {
    let lasted = [30, 60, 300, 301, 4_000];
    let mut all: Vec<Incident> =
        (1u32..).zip(lasted).map(|(n, back)| opened(n, i64::from(n) * 5_000, Some(back))).collect();
    all.push(opened(9, 100_000, None));
    let promises = Given::of(all).report().promises;
    assert_eq!((promises.incidents, promises.recovered, promises.recovered_in_time), (6, 5, 3));
    assert_eq!(promises.recovery_median, Some(Span::from_secs(300)));
    // The one that is still active took at least until the report was made.
    assert_eq!(promises.active, 1);
    assert_eq!(promises.recovery_p90, Some(Span::from_secs(7 * 86_400 - 100_000)));
}

#[test]
fn an_outage_that_goes_on_counts_against_the_promise() {
    let mut given = Given::of(vec![opened(1, DAY, None)]);
    given.made_at = at(8 * DAY);
    let promises = given.report().promises;
    assert_eq!((promises.recovered, promises.active), (0, 1));
    assert_eq!(promises.recovery_median, Some(Span::from_mins(7 * 24 * 60)));
    assert_eq!(promises.recovery_p90, promises.recovery_median);
    // One that people closed without a recovery that was seen is not active, and took nobody knows.
    given.incidents[0].state = State::Resolved;
    let promises = given.report().promises;
    assert_eq!((promises.incidents, promises.recovered, promises.active), (1, 0, 0));
    assert_eq!(promises.recovery_median, None);
}

#[test]
fn an_incident_from_before_the_period_counts_as_active_in_it_and_nowhere_else() {
    let mut given = Given::of(vec![opened(1, -5_000, None)]);
    let found = given.report();
    let expected = Promises { from_before: 1, ..Promises::default() };
    assert_eq!((found.promises, found.incidents.len()), (expected, 0));
    let mut resolved = |seconds| {
        given.past[0].resolved_at = Some(at(seconds));
        given.report().promises.from_before
    };
    assert_eq!((resolved(-1), resolved(0), resolved(9 * DAY)), (0, 1, 1));
    given.past[0].cause = domain::practice::subject();
    assert_eq!(given.report().promises.from_before, 0);
    // One of the period is none from before.
    assert_eq!(Given::of(vec![opened(1, 0, None)]).report().promises.from_before, 0);
}

#[test]
fn the_active_and_the_critical_ones_are_listed_first() {
    let mut all: Vec<Incident> =
        (1u32..=30).map(|n| opened(n, i64::from(n) * 1_000, Some(10))).collect();
    for one in &mut all {
        one.severity = Severity::Warning;
    }
    all[28].severity = Severity::Critical;
    all.push(opened(31, 40_000, None));
    let found = Given::of(all).report();
    let numbers: Vec<u32> = found.incidents.iter().map(|one| one.incident.0).collect();
    assert_eq!(numbers.len(), MOST_INCIDENTS);
    assert_eq!(numbers[..4], [31, 29, 1, 2]);
}

#[test]
fn a_week_of_the_trend_that_nobody_watched_is_not_known() {
    let mut given = Given::of(vec![opened(1, 10, Some(20))]);
    given.journal_began = Some(at(-14 * DAY));
    let blind = |from, to| Blind { from: at(from), to: at(to), why: BlindReason::NotRunning };
    given.blind = vec![blind(-8 * DAY, -3 * DAY), blind(-4 * DAY, 5)];
    let found = given.report();
    // The week before was all gap, and the journal began with the one before that.
    assert_eq!(found.trend[8..], [None, Some(0), None, Some(1)]);
    assert_eq!(found.trend[..8], [None; 8]);
    given.blind[1] = blind(-3 * DAY + 1, 5);
    assert_eq!(given.report().trend[10], Some(0), "a second of it was watched");
    given.journal_began = None;
    assert_eq!(given.report().trend[8..], [None, None, None, Some(1)]);
}

#[test]
fn a_practice_and_what_is_not_of_the_period_count_nowhere() {
    let mut practice = opened(1, 10, Some(20));
    practice.cause = domain::practice::subject();
    let all = vec![practice, opened(2, -30, Some(20)), opened(3, 7 * DAY, Some(20))];
    let found = Given::of(all).report();
    assert_eq!(found.promises, Promises::default());
    assert!(found.incidents.is_empty() && found.causes.is_empty() && found.noisy.is_empty());
    // The trend knows of the one before the period, in the week before.
    assert_eq!((found.trend.len(), &found.trend[10..]), (12, &[Some(1), Some(0)][..]));
}

#[test]
fn the_same_cause_within_seven_days_is_a_repeat() {
    let mut given = Given::of(vec![opened(1, 100, None), opened(2, 2 * DAY, None)]);
    assert_eq!(given.report().promises.repeats, 1);
    let cause = given.incidents[0].cause.clone();
    let other = |seconds| OpenedIncident {
        cause: cause.clone(),
        opened_at: at(seconds),
        resolved_at: Some(at(seconds + 1)),
    };
    given.past.push(other(100 - 7 * DAY));
    assert_eq!(given.report().promises.repeats, 2);
    given.past.pop();
    given.past.push(other(99 - 7 * DAY));
    assert_eq!(given.report().promises.repeats, 1);
}

#[test]
fn a_person_who_acted_before_the_opening_knew_first() {
    let notice = |actor, seconds| {
        let event = Event::StatusUpdatePublished {
            incident: None,
            part: NoticePart::Began { title: "x".into() },
            state: NoticeState::Investigating,
            text: "x".into(),
        };
        entry(1, seconds, actor, event)
    };
    let first = |entry: Entry| {
        let mut given = Given::of(vec![opened(1, 5_000, None)]);
        given.entries.push(entry);
        given.report().promises.detected_first
    };
    assert_eq!(first(notice(ADA, 4_000)), 0);
    assert_eq!(first(notice(ADA, 5_001)), 1, "after the opening");
    assert_eq!(first(notice(ADA, 3_000)), 1, "more than half an hour before");
    assert_eq!(first(notice(Actor::Agent, 4_000)), 1, "no person");
    let safe = Event::SafeModeBegan { incident: None, reason: "x".into() };
    assert_eq!(first(entry(1, 4_000, ADA, safe)), 0);
    // It was about the first incident after it, and says nothing of the others.
    let both = |first: i64| {
        let mut given = Given::of(vec![opened(1, first, None), opened(2, 5_000, None)]);
        given.entries.push(notice(ADA, 4_000));
        given.report().promises.detected_first
    };
    assert_eq!((both(4_500), both(3_999)), (1, 1));
}

#[test]
fn the_last_rating_of_a_recommendation_counts_and_only_in_the_period() {
    let rated = |number, seconds, place, rating| {
        let event = Event::RecommendationRated {
            incident: IncidentNumber(1),
            place,
            command: "x".into(),
            signal: "app.memory".parse().unwrap(),
            rating,
        };
        entry(number, seconds, ADA, event)
    };
    let mut given = Given::of(Vec::new());
    given.entries = vec![
        rated(1, -5, 3, Rating::Wrong),
        rated(2, 10, 1, Rating::Wrong),
        rated(3, 20, 1, Rating::Fixed),
        rated(4, 30, 2, Rating::Wrong),
    ];
    let found = given.report();
    assert_eq!((found.promises.rated, found.promises.rated_wrong), (2, 1));
    assert_eq!(found.agent.ratings, [(Rating::Fixed, 1), (Rating::Wrong, 1)]);
}

#[test]
fn gaps_are_clipped_to_the_period_and_their_time_is_counted_once() {
    let blind = |from, to| Blind { from: at(from), to: at(to), why: BlindReason::NotRunning };
    let mut given = Given::of(Vec::new());
    given.blind = vec![blind(-100, 100), blind(50, 150), blind(7 * DAY - 10, 7 * DAY + 10)];
    given.blind.push(blind(-20, -10));
    let gaps = given.report().gaps;
    assert_eq!((gaps.gaps, gaps.total), (3, Span::from_secs(160)));
    assert_eq!(gaps.longest[0].to, at(100));
    assert_eq!(gaps.journal_began, None);
}

#[test]
fn an_endpoint_is_available_by_its_checks_and_what_was_not_seen_is_apart() {
    let steps = |up: f64, count: usize| -> Vec<ProbeStep> {
        let step = |n: usize| ProbeStep {
            start: at(300 * i64::try_from(n).unwrap()),
            mean: if n == 0 { up } else { 1.0 },
            count: 10,
        };
        (0..count).map(step).collect()
    };
    let series = |name: &str, up, count| ProbeSeries {
        endpoint: name.parse().unwrap(),
        steps: steps(up, count),
    };
    let mut given = Given::of(Vec::new());
    let silent = ProbeSeries { endpoint: "endpoint:gone".parse().unwrap(), steps: Vec::new() };
    given.probes = vec![series("endpoint:a", 1.0, 2_016), series("endpoint:b", 0.3, 2_000), silent];
    let found = given.report().availability;
    let told: Vec<_> =
        found.iter().map(|one| (one.endpoint.name(), one.asked, one.answered)).collect();
    assert_eq!(told, [("gone", 0, 0), ("b", 20_000, 19_993), ("a", 20_160, 20_160)]);
    let unseen: Vec<_> = found.iter().map(|one| one.unseen).collect();
    assert_eq!(unseen, [Span::from_mins(7 * 24 * 60), Span::from_mins(16 * 5), Span::ZERO]);
    let subjects = vec!["endpoint:b".parse().unwrap()];
    given.windows = vec![PastWindow { subjects, from: at(0), to: at(100) }];
    let found = given.report().availability;
    let of_b = found.iter().find(|one| one.endpoint.name() == "b").unwrap();
    assert_eq!((of_b.asked, of_b.answered, of_b.unseen), (19_990, 19_990, Span::from_mins(16 * 5)));
    assert_eq!(of_b.maintenance.map(|apart| (apart.asked, apart.answered)), Some((10, 3)));
}

#[test]
fn it_is_compared_with_the_newest_report_that_was_over_before_it_began() {
    let before = |report, from, to| ReportBefore {
        report,
        from: at(from),
        to: at(to),
        promises: Promises::default(),
    };
    let mut given = Given::of(Vec::new());
    given.earlier =
        vec![before(1, -14 * DAY, -7 * DAY), before(2, -7 * DAY, 0), before(3, -DAY, 6 * DAY)];
    assert_eq!(given.report().before.map(|one| one.report), Some(2));
    given.earlier.remove(1);
    assert_eq!(given.report().before.map(|one| one.report), Some(1));
}

#[test]
fn prevention_steps_are_counted_by_what_became_of_them() {
    let added = |number, seconds, plan| {
        let incident = IncidentNumber(1);
        entry(number, seconds, ADA, Event::PreventionStepAdded { incident, text: "x".into(), plan })
    };
    let planned =
        |due: i64| PreventionPlan::Planned { owner: AccountId(1), due: DueDate::of(at(due)) };
    let dropped = PreventionPlan::WillNotBeDone { reason: "x".into() };
    let done =
        Event::PreventionStepDone { incident: IncidentNumber(1), step: 1, evidence: "x".into() };
    let mut given = Given::of(Vec::new());
    given.steps = PreventionSteps::of(&[
        added(1, -10, planned(0)),
        added(2, 10, planned(DAY)),
        added(3, 20, planned(30 * DAY)),
        added(4, 30, dropped),
        entry(5, 40, ADA, done),
    ]);
    let expected = PreventionFigures { added: 2, done: 1, open: 2, overdue: 1 };
    assert_eq!(given.report().prevention, expected);
}

#[test]
fn the_noisiest_signal_is_told_with_what_nobody_acted_upon() {
    let mut seen = opened(2, 2_000, Some(10));
    seen.touched_by_person = true;
    let found = Given::of(vec![opened(1, 1_000, Some(10)), seen]).report();
    assert_eq!((found.noisy[0].problems, found.noisy[0].unattended), (2, 1));
    assert_eq!(found.causes[0].incidents, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(32)))]

    /// Whatever happened: no share is over its whole, lists are bounded, and the last week of the
    /// trend is that of the period.
    #[test]
    fn figures_fit_together(
        all in prop::collection::vec((-90 * DAY..9 * DAY, prop::option::of(0i64..9_000)), 0..60),
    ) {
        let all: Vec<Incident> =
            (1u32..).zip(&all).map(|(n, (when, back))| opened(n, *when, *back)).collect();
        let found = Given::of(all).report();
        let promises = found.promises;
        prop_assert!(promises.recovered <= promises.incidents);
        prop_assert!(promises.recovered_in_time <= promises.recovered);
        prop_assert!(promises.detected_first <= promises.incidents);
        prop_assert!(promises.repeats <= promises.incidents);
        prop_assert!(promises.recovery_median <= promises.recovery_p90);
        prop_assert!(promises.recovered + promises.active <= promises.incidents);
        prop_assert_eq!(promises.recovery_median.is_some(), promises.incidents > 0);
        prop_assert_eq!(found.trend[TREND_WEEKS - 1], Some(promises.incidents));
        prop_assert!(found.incidents.len() <= MOST_INCIDENTS);
        let caused: u32 = found.causes.iter().map(|one| one.incidents).sum();
        prop_assert!(caused <= promises.incidents);
    }
}
