//! The part of the capacity that batch requests of all organizations may take.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

use super::*;
use crate::gate::BatchBound;

const fn bound(enforcement: Enforcement, most: u32) -> BatchBound {
    BatchBound { enforcement, most: NonZeroU32::new(most) }
}

fn ask(gate: &Gate, organization: &str, bound: BatchBound, now: MonotonicTime) -> Verdict {
    gate.decide_batch(organization, 0, 10, Some((ON, per_second(1, 2))), bound, now).verdict
}

#[test]
fn batch_requests_of_all_together_leave_room_for_others() {
    let gate = Gate::new(&config(10));
    let two = bound(ON, 2);
    assert_eq!(ask(&gate, "acme", two, seconds(1)), Verdict::Passed);
    assert_eq!(ask(&gate, "globex", two, seconds(1)), Verdict::Passed);
    let refused = Verdict::Refused(Exceeded::BatchCapacity);
    for organization in ["acme", "globex", "initech"] {
        assert_eq!(ask(&gate, organization, two, seconds(1)), refused);
    }
    // A request that is no batch request asks nobody.
    assert!(gate.decide("acme", 1, 0, None, seconds(1)).passes());
    assert_eq!(gate.take_window(seconds(2)).batch_under_way, 2);
    // An end makes room, and what was refused has used nothing of a quota.
    gate.end_batch(Some(seconds(1)));
    assert_eq!(ask(&gate, "initech", two, seconds(2)), Verdict::Passed);
    gate.end_batch(None);
    assert_eq!(ask(&gate, "initech", two, seconds(2)), Verdict::Passed);
    // What its own quota refuses takes no room.
    gate.end_batch(None);
    let over_quota = Verdict::Refused(Exceeded::Rate);
    assert_eq!(ask(&gate, "initech", two, seconds(2)), over_quota);
    assert_eq!(ask(&gate, "hooli", two, seconds(2)), Verdict::Passed);
    // Ends that are never heard are forgotten: the longest lifetime is 70 s.
    assert_eq!(ask(&gate, "hooli", two, seconds(60)), refused);
    assert_eq!(ask(&gate, "hooli", two, seconds(90)), Verdict::Passed);
}

#[test]
fn a_bound_that_is_observed_refuses_nothing_and_is_counted() {
    let gate = Gate::new(&config(10));
    let one = bound(Enforcement::Observe, 1);
    assert_eq!(ask(&gate, "acme", one, seconds(1)), Verdict::Passed);
    let above = Verdict::WouldBeRefused(Exceeded::BatchCapacity);
    assert_eq!(ask(&gate, "globex", one, seconds(1)), above);
    let window = gate.take_window(seconds(2));
    let globex = window.organizations.iter().find(|one| &*one.organization == "globex").unwrap();
    assert_eq!((globex.classes[0].would_be_refused, globex.classes[0].refused), (1, 0));
    assert_eq!(window.batch_under_way, 2, "it is under way");
    // Without knowledge of ends nothing is above.
    let unknown = bound(ON, 0);
    assert!((0..2).all(|_| ask(&gate, "initech", unknown, seconds(2)) == Verdict::Passed));
}

#[test]
fn no_more_batch_requests_are_under_way_than_may_be() {
    let gate = Gate::new(&config(10));
    let (clock, under_way) = (AtomicU64::new(0), AtomicU32::new(0));
    threads::on_threads(|number| {
        let organization = ["acme", "globex"][number as usize % 2];
        for _ in 0..20_000 {
            let now = at(clock.fetch_add(100, SeqCst));
            if gate.decide_batch(organization, 0, 0, None, bound(ON, 3), now).passes() {
                assert!(under_way.fetch_add(1, SeqCst) < 3);
                under_way.fetch_sub(1, SeqCst);
                gate.end_batch(None);
            }
        }
    });
    assert_eq!(gate.take_window(at(clock.into_inner())).batch_under_way, 0);
}
