use std::collections::BTreeMap;

use domain::time::Span;
use proptest::prelude::*;

use super::*;

fn seconds(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

fn small(scenario: Scenario) -> Parameters {
    Parameters {
        others: 4,
        others_rate: 5.0,
        calm: seconds(20),
        ramp: seconds(4),
        hold: seconds(40),
        after: seconds(20),
        usual_rate: Some(9.0),
        ..scenario.standard()
    }
}

fn by_sender(schedule: &Schedule) -> BTreeMap<Sender, u64> {
    let mut counts = BTreeMap::new();
    for planned in &schedule.requests {
        *counts.entry(planned.sender).or_default() += 1;
    }
    counts
}

#[test]
fn only_the_chosen_organization_spikes_unless_everybody_does() {
    for scenario in Scenario::ALL {
        let parameters = small(scenario);
        let schedule = Schedule::new(&parameters).unwrap();
        let length = parameters.length().as_secs_f64();
        for (sender, count) in by_sender(&schedule) {
            if let Sender::Other(_) = sender
                && scenario != Scenario::Everybody
            {
                assert!((count as f64 - 5.0 * length).abs() <= 1.0, "{scenario:?} {sender:?}");
            }
            if let Sender::Invented(_) = sender {
                assert_eq!((scenario, count), (Scenario::ManyNames, 1));
            }
        }
        let its_own = |one: &&Planned| one.sender == Sender::Chosen && !one.purpose.is_trouble();
        let usual = schedule.requests.iter().filter(its_own).count() as f64;
        assert!((usual - 9.0 * length).abs() <= 1.0, "{scenario:?}: {usual}");
        for planned in &schedule.requests {
            let phase = schedule.phases.phase(planned.at);
            assert!(!planned.purpose.is_trouble() || phase == Phase::During, "{planned:?}");
            let may = scenario == Scenario::Everybody || planned.sender.is_chosen();
            assert!(!planned.purpose.is_trouble() || may, "{planned:?}");
        }
        let slow = schedule.requests.iter().filter(|one| one.purpose == Purpose::SlowTrouble);
        assert_eq!(slow.count() > 0, scenario == Scenario::SlowClients);
    }
}

#[test]
fn flapping_is_on_and_off_every_ten_seconds() {
    let parameters = Parameters { ramp: Span::ZERO, ..small(Scenario::Flapping) };
    let schedule = Schedule::new(&parameters).unwrap();
    let mut tens = [0_u32; 8];
    for planned in schedule.requests.iter().filter(|one| one.purpose.is_trouble()) {
        tens[usize::try_from(planned.at.as_secs() / 10).unwrap()] += 1;
    }
    assert_eq!(tens, [0, 0, 500, 0, 500, 0, 0, 0]);
}

#[test]
fn bad_parameters_are_refused_by_name() {
    let good = Scenario::UploadSpike.standard();
    let bad = [
        ("--organization", Parameters { organization: "a@b".into(), ..good.clone() }),
        ("--organization", Parameters { organization: "other-3".into(), ..good.clone() }),
        ("--path", Parameters { path: "upload".into(), ..good.clone() }),
        ("--path", Parameters { path: "/a b".into(), ..good.clone() }),
        ("--others", Parameters { others: 200_000, ..good.clone() }),
        ("--for", Parameters { hold: Span::ZERO, ramp: Span::ZERO, ..good.clone() }),
        ("--for", Parameters { hold: Span::from_mins(1_500), ..good.clone() }),
        ("--rate", Parameters { rate: 100_000.0, ..good.clone() }),
    ];
    for (field, parameters) in bad {
        assert_eq!(Schedule::new(&parameters).unwrap_err().field, field, "{parameters:?}");
    }
    assert!(Schedule::new(&good).is_ok());
}

fn record(at: u64, sender: Sender, purpose: Purpose, outcome: Outcome, micros: u64) -> Record {
    Record {
        planned: Planned { at: Span::from_millis(at), sender, purpose },
        outcome,
        status: if outcome == Outcome::Failed { 502 } else { 200 },
        attempts: 2,
        latency: Span::from_micros(micros),
        refused: (outcome == Outcome::Refused).then_some(Span::from_micros(micros / 2)),
        late: Span::from_micros(micros / 2),
    }
}

#[test]
fn figures_are_those_of_the_records() {
    use Outcome::{Admitted, Failed, Refused};
    let phases = Phases { trouble_from: seconds(2), trouble_until: seconds(4), end: seconds(6) };
    let mut records = vec![
        record(500, Sender::Other(1), Purpose::Read, Admitted, 10),
        record(700, Sender::Other(1), Purpose::Read, Admitted, 20),
        record(2_100, Sender::Chosen, Purpose::Trouble, Admitted, 10),
        record(2_300, Sender::Chosen, Purpose::Trouble, Refused, 30_000),
        record(2_200, Sender::Chosen, Purpose::Read, Refused, 10),
        record(2_310, Sender::Invented(1), Purpose::Trouble, Refused, 10),
        record(3_000, Sender::Other(2), Purpose::Upload, Refused, 1),
        record(3_000, Sender::Other(2), Purpose::Upload, Failed, 25_000),
    ];
    for number in 1..=20 {
        records.push(record(5_000, Sender::Other(number), Purpose::Read, Admitted, 5));
    }
    let summary = Summary::new(&records, &phases, "acme");
    assert_eq!(summary.all, Counts { sent: 28, admitted: 23, refused: 4, failed: 1 });
    let names: Vec<&str> = summary.largest.iter().map(|row| &*row.organization).collect();
    assert_eq!(names[..3], ["acme", "other-1", "other-2"]);
    assert_eq!((names.len(), summary.rest.0, summary.rest.1.sent), (10, 11, 11));
    assert_eq!(summary.invented, (1, Counts { sent: 1, refused: 1, ..Counts::default() }));
    assert_eq!(summary.largest[0].counts, Counts { sent: 3, admitted: 1, refused: 2, failed: 0 });
    let at_99 = |index: usize| summary.others[index].latencies.quantile(0.99);
    assert_eq!(at_99(0), Some(Span::from_micros(20)));
    assert!(at_99(1).is_some_and(|span| span > Span::from_millis(20)), "refusals do not flatter");
    assert_eq!(at_99(2), Some(Span::from_micros(5)));
    assert_eq!(summary.first_trouble, Some(Span::from_millis(2_100)));
    // A refusal counts from its answer, and a usual request that is refused is none of the trouble.
    assert_eq!(summary.first_refusal, Some(Span::from_micros(2_310_005)));
    assert_eq!(summary.failures, BTreeMap::from([(502, 1)]));
    assert_eq!(summary.lateness.requests, 2);
    assert_eq!(summary.lateness.worst, Span::from_micros(15_000));
    assert_eq!((summary.step, summary.rates.len()), (seconds(1), 6));
    assert_eq!(summary.rates[2].chosen, Counts { sent: 4, admitted: 1, refused: 3, failed: 0 });
    assert_eq!(summary.rates[2].uploads, Counts { sent: 3, admitted: 1, refused: 2, failed: 0 });
    assert_eq!(summary.rates[5].others.sent, 20);
    assert_eq!((summary.attempts, summary.recovered), (56, Some(Span::ZERO)));
}

#[test]
fn recovery_is_the_second_from_which_on_nothing_fails() {
    let phases = Phases { trouble_from: seconds(1), trouble_until: seconds(3), end: seconds(8) };
    let recovered = |failing: &[u64]| {
        let outcome = |second| {
            if failing.contains(&second) { Outcome::Failed } else { Outcome::Admitted }
        };
        let made =
            |second| record(second * 1_000, Sender::Other(1), Purpose::Read, outcome(second), 10);
        let records: Vec<Record> = (0..8).map(made).collect();
        Summary::new(&records, &phases, "acme").recovered
    };
    assert_eq!(recovered(&[]), Some(Span::ZERO));
    assert_eq!(recovered(&[1]), Some(Span::ZERO), "that was during the trouble");
    assert_eq!(recovered(&[2, 3, 4]), Some(seconds(2)));
    assert_eq!(recovered(&[3, 5]), Some(seconds(3)));
    assert_eq!(recovered(&[2, 3, 4, 5, 6, 7]), None);
}

#[test]
fn a_long_run_has_wider_steps_and_nothing_makes_no_figures() {
    let phases =
        Phases { trouble_from: seconds(1), trouble_until: seconds(2), end: seconds(3_601) };
    let summary = Summary::new(&[], &phases, "acme");
    assert_eq!((summary.step, summary.rates.len()), (seconds(7), 515));
    assert_eq!(summary.first_trouble, None);
    assert_eq!(summary.largest.len(), 1);
}

prop_compose! {
    fn any_parameters()(
        scenario in proptest::sample::select(Scenario::ALL.to_vec()),
        rate in 1.0..60.0_f64,
        others in 0..8_u32,
        others_rate in 0.0..20.0_f64,
        times in [0..20_u64, 0..15, 1..60, 0..20],
        seed in any::<u64>(),
    ) -> Parameters {
        let [calm, ramp, hold, after] = times.map(seconds);
        Parameters {
            rate, others, others_rate, calm, ramp, hold, after, seed, ..scenario.standard()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: fixtures::cases(48), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn schedules_have_the_asked_counts_in_order_and_are_reproducible(
        parameters in any_parameters(),
    ) {
        let schedule = Schedule::new(&parameters).unwrap();
        let requests = &schedule.requests;
        prop_assert!(requests.is_sorted_by_key(|planned| planned.at));
        prop_assert!(requests.iter().all(|planned| planned.at <= schedule.phases.end));
        prop_assert_eq!(&Schedule::new(&parameters).unwrap(), &schedule);
        let senders = f64::from(parameters.others) + 1.0;
        let usual = requests.iter().filter(|planned| !planned.purpose.is_trouble()).count() as f64;
        let asked = senders * parameters.others_rate * parameters.length().as_secs_f64();
        prop_assert!((usual - asked).abs() <= asked * 0.01 + senders, "{usual} for {asked}");
        if parameters.scenario != Scenario::Flapping {
            let trouble = requests.len() as f64 - usual;
            let hill = parameters.rate * parameters.hold.plus(parameters.ramp).as_secs_f64();
            let all = if parameters.scenario == Scenario::Everybody { senders } else { 1.0 };
            let asked = hill * all;
            prop_assert!((trouble - asked).abs() <= asked * 0.01 + all, "{trouble} for {asked}");
        }
        // Another seed sends as much at other times.
        let other = Parameters { seed: parameters.seed ^ 1, ..parameters };
        let other = Schedule::new(&other).unwrap().requests;
        prop_assert!(other.len().abs_diff(requests.len()) <= 2 * senders as usize);
        prop_assert!(requests.len() < 50 || other != *requests);
    }

    #[test]
    fn every_record_counts_once_in_each_table(parameters in any_parameters()) {
        let schedule = Schedule::new(&parameters).unwrap();
        let outcomes = [Outcome::Admitted, Outcome::Refused, Outcome::Failed];
        let made = |(index, planned): (usize, &Planned)| Record {
            planned: *planned,
            outcome: outcomes[index % 3],
            status: 0,
            attempts: 1,
            latency: Span::from_micros(index as u64),
            refused: None,
            late: Span::ZERO,
        };
        let records: Vec<Record> = schedule.requests.iter().enumerate().map(made).collect();
        let summary = Summary::new(&records, &schedule.phases, "acme");
        let mut rows = Counts::default();
        summary.largest.iter().for_each(|row| rows.add(row.counts));
        rows.add(summary.rest.1);
        rows.add(summary.invented.1);
        prop_assert_eq!(rows, summary.all);
        let mut rates = Counts::default();
        for point in &summary.rates {
            rates.add(point.chosen);
            rates.add(point.others);
        }
        prop_assert_eq!(rates, summary.all);
        prop_assert_eq!(summary.all.sent, records.len() as u64);
        let mut others = Counts::default();
        summary.others.iter().for_each(|phase| others.add(phase.counts));
        let count = records.iter().filter(|one| !one.planned.sender.is_chosen()).count();
        prop_assert_eq!(others.sent, count as u64);
    }
}
