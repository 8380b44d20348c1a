//! Bounded memory, and any number that may be handed in.

use proptest::prelude::*;

use super::*;
use crate::gate::{cell::Cell, latency::Histogram, table::Entry};

/// Bytes of a cell, of an organization without its cells and its name, and of what a cell has of a
/// histogram.
#[test]
fn an_organization_is_small() {
    assert_eq!((size_of::<Cell>(), size_of::<Entry>(), size_of::<Histogram>()), (112, 48, 8));
}

#[test]
fn a_million_names_share_what_is_left_and_a_pinned_one_stays_exact() {
    let gate = Gate::new(&config(1_000));
    let (mine, others) = (per_second(10, 5), quota(1, Span::from_mins(60), 3));
    gate.pin("pinned");
    let (mut passed, mut mine_passed) = (0_u32, 0);
    let mut name = String::new();
    for number in 0..1_000_000_u64 {
        name.clear();
        name.push_str("invented-");
        // Letters instead of digits: formatting takes longer than the decision.
        name.extend((0..5).map(|place| char::from(b'a' + (number >> (4 * place) & 15) as u8)));
        let now = at(1_000_000 + number * 10);
        passed += u32::from(gate.decide(&name, 0, 0, Some((ON, others)), now).passes());
        if number.is_multiple_of(1_000) {
            mine_passed += u32::from(gate.decide("pinned", 0, 0, Some((ON, mine)), now).passes());
        }
        if number.is_multiple_of(100_000) {
            assert!(gate.take_window(now).own_cells <= 1_000);
        }
    }
    // A burst of 5 and then 10 a second for 9.99 s: one request comes every 10 ms.
    assert_eq!(mine_passed, 104);
    // One request of each of 1,000 names, and the bursts of four common cells.
    assert_eq!(passed, 1_000 + 4 * 3);
    let window = gate.take_window(seconds(20));
    let pinned = window.organizations.iter().find(|it| it.pinned).map(|it| &*it.organization);
    assert_eq!(pinned, Some("pinned"));
    // In an hour all are full again and dropped.
    for _ in 0..2 {
        gate.take_window(seconds(4_000));
    }
    assert_eq!(gate.take_window(seconds(4_000)).own_cells, 0);
}

#[test]
fn a_name_that_gets_a_cell_of_its_own_gets_no_fresh_burst() {
    let gate = Gate::new(&Config { common: 1, ..config(1) });
    let quota = quota(1, Span::from_mins(60), 10);
    gate.decide("first", 0, 0, Some((ON, per_second(1, 1))), seconds(1));
    assert_eq!(passing(&gate, "second", quota, seconds(1)), 10);
    // The slot of the first is over.
    gate.take_window(seconds(10));
    let window = gate.take_window(seconds(10));
    assert_eq!(window.own_cells, 0);
    assert_eq!(passing(&gate, "second", quota, seconds(10)), 0);
    assert_eq!(gate.take_window(seconds(10)).own_cells, 1);
    gate.pin("third");
    assert_eq!(passing(&gate, "third", quota, seconds(10)), 10, "pinned ones are exact");
}

#[test]
fn an_organization_keeps_its_cells_when_its_pin_ends() {
    let gate = Gate::new(&config(1));
    gate.pin("acme");
    gate.pin("acme");
    assert_eq!(passing(&gate, "acme", per_second(1, 5), seconds(1)), 5);
    gate.unpin("acme");
    gate.unpin("acme");
    gate.unpin("nobody");
    let window = gate.take_window(seconds(1));
    assert_eq!((window.own_cells, window.organizations.len()), (1, 1));
    assert_eq!(passing(&gate, "acme", per_second(1, 5), seconds(1)), 0);
    gate.pin("acme");
    gate.take_window(seconds(60));
    let window = gate.take_window(seconds(120));
    assert_eq!((window.own_cells, window.organizations.len()), (0, 1), "pinned ones stay");
}

#[test]
fn windows_list_the_most_requests_bytes_and_refusals() {
    let gate = Gate::new(&Config { listed: 1, ..config(10) });
    let send = |name: &str, count, bytes, limit| {
        for _ in 0..count {
            gate.decide(name, 0, bytes, limit, seconds(1));
        }
    };
    send("busy", 50, 1, None);
    send("large", 1, 1_000, None);
    send("refused", 9, 0, Some((ON, per_second(1, 1))));
    send("quiet", 8, 1, None);
    send("calm", 7, 1, None);
    let window = gate.take_window(seconds(1));
    let names: Vec<&str> = window.organizations.iter().map(|it| &*it.organization).collect();
    assert_eq!(names, ["busy", "large", "refused"]);
    assert_eq!(window.others[0].requests, 15);
    assert_eq!(gate.take_window(seconds(1)).organizations, []);
}

#[test]
fn a_time_that_goes_back_does_not_refuse_for_long() {
    let gate = Gate::new(&config(10));
    let quota = per_second(10, 5);
    assert_eq!(passing(&gate, "acme", quota, seconds(1_000_000)), 5);
    assert_eq!(passing(&gate, "acme", quota, seconds(1)), 0);
    assert_eq!(passing(&gate, "acme", quota, at(1_100_000)), 1);
    assert_eq!(passing(&gate, "acme", quota, seconds(2)), 5);
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), 0..10_000_000_u64]
}

fn any_quota() -> impl Strategy<Value = Quota> {
    let count = || prop_oneof![Just(1), Just(u32::MAX), any::<u32>()];
    (count(), any_number(), count(), count()).prop_map(|(requests, per, burst, slots)| Quota {
        at_a_time: NonZeroU32::new(slots),
        ..quota(requests, Span::from_micros(per), burst)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: fixtures::cases(256), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn numbers_of_any_kind_are_answered(
        lifetime in any_number(),
        steps in proptest::collection::vec(
            (any_number(), any_number(), proptest::option::of(any_quota()), any::<bool>()), 1..40,
        ),
    ) {
        let slot_lifetimes = vec![Span::from_micros(lifetime)];
        let gate = Gate::new(&Config { slot_lifetimes, common: 0, ..config(1) });
        for (now, bytes, quota, other) in steps {
            let name = if other { "acme" } else { "blue" };
            let enforcement = if bytes % 2 == 0 { ON } else { Enforcement::Observe };
            let limit = quota.map(|quota| (enforcement, quota));
            let decision = gate.decide(name, 0, bytes, limit, at(now));
            if let (Some(standing), Some(quota)) = (decision.standing, quota) {
                prop_assert!(standing.remaining <= quota.burst.get());
            }
            gate.end(name, 0, other.then_some(at(bytes)));
            let latency = Some(Span::from_micros(bytes));
            gate.report(name, 0, Reported { failed: other, latency });
            if bytes % 4 == 0 {
                gate.take_window(at(now));
            }
        }
    }
}
