//! The gate against a naive model with one thread: a leaky bucket in 128 bits (the other form of
//! the algorithm), a list of requests under way, and plain sums.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Default)]
struct Model {
    cells: BTreeMap<(usize, u8), ModelCell>,
}

#[derive(Default)]
struct ModelCell {
    quota: Option<Quota>,
    /// Nanoseconds of the bucket that are filled, at `since`.
    filled: u128,
    since: u128,
    /// The beginnings of the requests under way, in microseconds.
    under_way: Vec<u64>,
    counts: Counts,
}

fn interval(quota: &Quota) -> u128 {
    let nanos = u128::from(quota.rate.per.as_micros()) * 1_000;
    nanos.div_ceil(u128::from(quota.rate.requests.get()))
}

fn capacity(quota: &Quota) -> u128 {
    interval(quota) * u128::from(quota.burst.get())
}

impl ModelCell {
    /// Requests of the last seven generations and the present one.
    fn forget(&mut self, class: u8, now: u64) {
        let width = config(0).slot_lifetimes[usize::from(class)].as_micros() / 7;
        self.under_way.retain(|began| began / width + 8 > now / width);
    }

    fn fill(&mut self, quota: Quota, now: u64) -> Result<(), Exceeded> {
        let nanos = u128::from(now) * 1_000;
        self.filled = self.filled.saturating_sub(nanos - self.since);
        self.since = nanos;
        if let Some(known) = self.quota.replace(quota) {
            self.filled = (self.filled * capacity(&quota)).div_ceil(capacity(&known));
        }
        if quota.at_a_time.is_some_and(|most| self.under_way.len() >= most.get() as usize) {
            return Err(Exceeded::Concurrency);
        }
        if self.filled + interval(&quota) > capacity(&quota) {
            return Err(Exceeded::Rate);
        }
        self.filled += interval(&quota);
        Ok(())
    }

    fn decide(
        &mut self,
        class: u8,
        bytes: u64,
        limit: Option<(Enforcement, Quota)>,
        now: u64,
    ) -> Verdict {
        self.forget(class, now);
        self.counts.requests += 1;
        self.counts.bytes += bytes;
        let filled = limit.map(|(enforcement, quota)| (enforcement, self.fill(quota, now)));
        let verdict = match filled {
            None | Some((_, Ok(()))) => Verdict::Passed,
            Some((Enforcement::Observe, Err(exceeded))) => Verdict::WouldBeRefused(exceeded),
            Some((Enforcement::On, Err(exceeded))) => Verdict::Refused(exceeded),
        };
        match verdict {
            Verdict::Refused(_) => self.counts.refused += 1,
            Verdict::WouldBeRefused(_) => self.counts.would_be_refused += 1,
            Verdict::Passed => {}
        }
        if !matches!(verdict, Verdict::Refused(_)) {
            self.under_way.push(now);
        }
        verdict
    }

    /// The statement of the answer about the quota.
    fn standing(&self, quota: &Quota) -> Standing {
        let wait = (self.filled + interval(quota)).saturating_sub(capacity(quota));
        let span = |nanos: u128| Span::from_micros(nanos.div_ceil(1_000) as u64);
        let remaining = (capacity(quota) - self.filled) / interval(quota);
        Standing { remaining: remaining as u32, retry_after: span(wait), reset: span(self.filled) }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Decide { organization: usize, class: u8, bytes: u64, limit: Option<(Enforcement, Quota)> },
    End { organization: usize, class: u8 },
    Wait(u64),
    Window,
}

/// Few quotas, so that they are used up and changed.
fn quotas() -> impl Strategy<Value = Quota> {
    let rates = prop_oneof![
        Just((3, Span::from_secs(1))),
        Just((100_000, Span::from_secs(1))),
        Just((7, Span::from_mins(1))),
        (1..u32::MAX, (1..100_000_000_u64).prop_map(Span::from_micros)),
    ];
    let at_a_time = prop_oneof![Just(None), (1..4_u32).prop_map(NonZeroU32::new)];
    (rates, 1..5_u32, at_a_time).prop_map(|((requests, per), burst, at_a_time)| Quota {
        at_a_time,
        ..quota(requests, per, burst)
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let few = proptest::collection::vec(quotas(), 1..4);
    few.prop_flat_map(|few| {
        let enforcement = prop_oneof![3 => Just(ON), 1 => Just(Enforcement::Observe)];
        let limit = proptest::option::weighted(0.8, (enforcement, proptest::sample::select(few)));
        let decide = (0..3_usize, 0..2_u8, 0..1_000_u64, limit).prop_map(
            |(organization, class, bytes, limit)| Step::Decide {
                organization,
                class,
                bytes,
                limit,
            },
        );
        let wait = prop_oneof![Just(0), 1..50_u64, 1..400_000_u64, 1..20_000_000_u64];
        let end = (0..3_usize, 0..2_u8)
            .prop_map(|(organization, class)| Step::End { organization, class });
        let step = prop_oneof![
            8 => decide, 3 => wait.prop_map(Step::Wait), 2 => end, 1 => Just(Step::Window)
        ];
        proptest::collection::vec(step, 1..120)
    })
}

const NAMES: [&str; 3] = ["acme", "blue", "calm"];

/// Takes a window of both and compares them.
fn compare(gate: &Gate, model: &mut Model, now: u64) -> Result<(), TestCaseError> {
    let window = gate.take_window(at(now));
    let mut sums = window.others.clone();
    for organization in &window.organizations {
        let number = NAMES.iter().position(|name| **name == *organization.organization);
        for (class, counts) in (0_u8..).zip(&organization.classes) {
            sums[usize::from(class)].add(counts);
            let Some(cell) = model.cells.get_mut(&(number.unwrap_or(9), class)) else {
                prop_assert_eq!(counts, &Counts::default());
                continue;
            };
            cell.forget(class, now);
            let in_flight = cell.under_way.len() as u64;
            prop_assert_eq!(counts, &Counts { in_flight, ..cell.counts.clone() });
        }
    }
    let mut expected = vec![Counts::default(); 2];
    for ((_, class), cell) in &mut model.cells {
        cell.forget(*class, now);
        cell.counts.in_flight = cell.under_way.len() as u64;
        expected[usize::from(*class)].add(&std::mem::take(&mut cell.counts));
    }
    prop_assert_eq!(sums, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: fixtures::cases(256), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_gate_decides_and_counts_as_the_model(steps in steps()) {
        // Room is scarce for three of four, so that each window drops what is idle.
        let gate = Gate::new(&config(4));
        let (mut model, mut now) = (Model::default(), 1_000_000);
        for step in steps {
            match step {
                Step::Wait(micros) => now += micros,
                Step::Window => compare(&gate, &mut model, now)?,
                Step::End { organization, class } => {
                    gate.end(NAMES[organization], class, None);
                    let cell = model.cells.entry((organization, class)).or_default();
                    cell.under_way.pop();
                }
                Step::Decide { organization, class, bytes, limit } => {
                    let decision = gate.decide(NAMES[organization], class, bytes, limit, at(now));
                    let cell = model.cells.entry((organization, class)).or_default();
                    prop_assert_eq!(decision.verdict, cell.decide(class, bytes, limit, now));
                    let standing = limit.map(|(_, quota)| cell.standing(&quota));
                    let slot = matches!(
                        decision.verdict,
                        Verdict::Refused(Exceeded::Concurrency)
                            | Verdict::WouldBeRefused(Exceeded::Concurrency)
                    );
                    let standing = standing.map(|it| Standing {
                        retry_after: if slot {
                            it.retry_after.max(Span::from_secs(1))
                        } else {
                            it.retry_after
                        },
                        ..it
                    });
                    prop_assert_eq!(decision.standing, standing);
                }
            }
        }
        compare(&gate, &mut model, now)?;
    }

    #[test]
    fn a_request_passes_after_its_wait_and_not_before(
        quota in quotas(), pauses in proptest::collection::vec(0..100_000_u64, 0..20),
    ) {
        let quota = Quota { at_a_time: None, ..quota };
        let gate = Gate::new(&config(4));
        let mut now = 1_000;
        for pause in pauses {
            now += pause;
            passing(&gate, "acme", quota, at(now));
        }
        let refused = gate.decide("acme", 0, 0, Some((ON, quota)), at(now));
        let wait = refused.standing.map_or(0, |standing| standing.retry_after.as_micros());
        if !refused.passes() {
            prop_assert!(wait > 0);
            let early = gate.decide("acme", 0, 0, Some((ON, quota)), at(now + wait - 1));
            prop_assert!(!early.passes());
            prop_assert!(gate.decide("acme", 0, 0, Some((ON, quota)), at(now + wait)).passes());
        }
    }

    #[test]
    fn retries_are_spread_between_one_and_two_waits(
        micros in any::<u64>(), shift in 0..64_u32, random in any::<u64>(),
    ) {
        let wait = micros >> shift;
        let seconds = u128::from(retry_after_seconds(Span::from_micros(wait), random)) * 1_000_000;
        let wait = u128::from(wait.max(1_000_000));
        let most = (2 * wait).max(wait.next_multiple_of(1_000_000));
        prop_assert!(seconds >= wait && seconds <= most);
    }
}
