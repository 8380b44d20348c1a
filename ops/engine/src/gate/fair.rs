//! Fair shares of a capacity, and the organizations that exceed theirs.
//!
//! Max-min fairness by water-filling (Bertsekas and Gallager, "Data Networks", 2nd edition, 1992,
//! section 6.5.2): nobody gets more than they ask for, and those who get less all get the same.

/// A rate as it is counted: not a number and negative rates are none, infinite ones the largest.
fn rate(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, f64::MAX) }
}

/// The level to which rates have to be reduced so that their sum is the capacity; infinite if the
/// sum does not exceed it. Whoever is below the level keeps all.
pub fn fair_shares<Key>(rates: &[(Key, f64)], capacity: f64) -> f64 {
    let mut sorted: Vec<f64> = rates.iter().map(|&(_, value)| rate(value)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut left = rate(capacity);
    let mut count = sorted.len();
    for value in sorted {
        // Those from here on would each get this much if they all asked for more.
        let level = left / count as f64;
        if value > level {
            return level;
        }
        left = (left - value).max(0.0);
        count -= 1;
    }
    f64::INFINITY
}

/// The rate of one organization, in any unit that all share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand<'a> {
    /// The organization; each comes once.
    pub organization: &'a str,
    /// Its usual rate; zero for one that is new.
    pub usual: f64,
    /// Its rate now.
    pub now: f64,
}

/// Bounds of what is limited without a person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Caps {
    /// Organizations that may be limited at the same time.
    pub most_organizations: usize,
    /// The part of all requests that may be refused, from 0 to 1.
    pub most_refused: f64,
}

/// A limit for one organization.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance<'a> {
    /// The organization.
    pub organization: &'a str,
    /// The rate that it keeps: its usual rate and its share of what is left beyond all usual rates.
    pub keeps: f64,
}

/// The organizations that cause an overload, with the rates that they may keep; those that are
/// reduced most come first, by name where they are equal.
///
/// `reduction` is by how much the sum of all rates has to fall. Everyone is entitled to their usual
/// rate; what the goal leaves beyond that is divided max-min fairly among those who ask for more,
/// as an equal `extra` for each. The organizations that exceed `usual + extra` are reduced to it:
/// together exactly by `reduction`, so that no smaller set suffices. Where the caps allow only a
/// smaller reduction, `extra` is larger; where they allow fewer organizations, those that exceed
/// their shares least are left out; and where it takes more than all excess, all fall back to
/// their usual rates. In these cases the goal is missed, which the rates tell.
pub fn culprits<'a>(demands: &[Demand<'a>], reduction: f64, caps: Caps) -> Vec<Allowance<'a>> {
    let mut excesses: Vec<(&Demand<'a>, f64)> = demands
        .iter()
        .map(|demand| (demand, (rate(demand.now) - rate(demand.usual)).max(0.0)))
        .collect();
    // Before anything is summed, so that the order of the demands does not matter.
    excesses.sort_unstable_by(|(one, its), (other, others)| {
        others.total_cmp(its).then_with(|| one.organization.cmp(other.organization))
    });
    let all = excesses.iter().map(|(demand, _)| rate(demand.now)).sum();
    let beyond_usual = rate(excesses.iter().map(|&(_, excess)| excess).sum());
    let reduction = rate(reduction).min(rate(caps.most_refused).min(1.0) * rate(all));
    if reduction <= 0.0 {
        return Vec::new();
    }
    let extra = fair_shares(&excesses, beyond_usual - reduction);
    excesses
        .into_iter()
        .take_while(|&(_, excess)| excess > extra)
        .take(caps.most_organizations)
        .map(|(demand, _)| Allowance {
            organization: demand.organization,
            keeps: rate(rate(demand.usual) + extra),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::{num::f64::ANY as ANY_RATE, prelude::*};

    use super::*;

    const ANY: Caps = Caps { most_organizations: usize::MAX, most_refused: 1.0 };

    fn demand(organization: &str, usual: f64, now: f64) -> Demand<'_> {
        Demand { organization, usual, now }
    }

    #[test]
    fn the_level_of_the_textbook() {
        let rates = [("a", 2.0), ("b", 2.6), ("c", 4.0), ("d", 5.0)];
        assert!((fair_shares(&rates, 10.0) - 2.7).abs() < 1e-12);
        assert_eq!(fair_shares(&rates, 13.6), f64::INFINITY);
        assert_eq!(fair_shares(&rates, 0.0), 0.0);
        assert_eq!(fair_shares::<&str>(&[], 0.0), f64::INFINITY);
    }

    #[test]
    fn one_spike_among_many_is_reduced_alone_and_large_customers_keep_their_usual_rate() {
        let names: Vec<String> = (0..999).map(|number| format!("calm-{number}")).collect();
        let mut demands: Vec<Demand<'_>> =
            names.iter().map(|name| demand(name, 10.0, 11.0)).collect();
        demands.push(demand("large", 5_000.0, 5_000.0));
        demands.push(demand("spike", 10.0, 120.0));
        let found = culprits(&demands, 60.0, ANY);
        assert_eq!(found, [Allowance { organization: "spike", keeps: 60.0 }]);
    }

    #[test]
    fn nobody_is_limited_without_an_overload_or_without_a_permission() {
        let demands = [demand("spike", 10.0, 120.0)];
        for reduction in [0.0, -1.0, f64::NAN] {
            assert_eq!(culprits(&demands, reduction, ANY), []);
        }
        for most_refused in [0.0, -1.0, f64::NAN] {
            assert_eq!(culprits(&demands, 60.0, Caps { most_refused, ..ANY }), []);
        }
        assert_eq!(culprits(&demands, 60.0, Caps { most_organizations: 0, ..ANY }), []);
    }

    #[test]
    fn an_overload_that_nobody_causes_limits_everyone_to_no_less_than_usual() {
        let demands = [demand("a", 100.0, 101.0), demand("b", 100.0, 100.0)];
        let found = culprits(&demands, 150.0, ANY);
        assert_eq!(found, [Allowance { organization: "a", keeps: 100.0 }]);
    }

    fn rates() -> impl Strategy<Value = Vec<(f64, f64)>> {
        let rate = || prop_oneof![Just(0.0), Just(10.0), 0.0..20.0, 0.0..5_000.0_f64];
        proptest::collection::vec((rate(), rate()), 0..12)
    }

    fn names() -> Vec<String> {
        (0..12).map(|number| format!("o{number:02}")).collect()
    }

    fn demands<'a>(names: &'a [String], pairs: &[(f64, f64)]) -> Vec<Demand<'a>> {
        let pairs = names.iter().zip(pairs);
        pairs.map(|(name, &(usual, now))| demand(name, usual, now)).collect()
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0)
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: fixtures::cases(256), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn shares_fill_the_capacity_and_nobody_gets_more_than_they_ask_for(
            pairs in rates(), part in 0.0..1.2_f64,
        ) {
            let rates: Vec<((), f64)> = pairs.iter().map(|&(_, now)| ((), now)).collect();
            let sum: f64 = rates.iter().map(|(_, now)| now).sum();
            let level = fair_shares(&rates, sum * part);
            let given: f64 = rates.iter().map(|(_, now)| now.min(level)).sum();
            prop_assert!(close(given, sum.min(sum * part)), "{given} of {sum} * {part}");
            prop_assert!(level.is_finite() || part > 1.0 - 1e-9 || sum == 0.0);
        }

        #[test]
        fn culprits_keep_their_share_and_the_caps_hold(
            pairs in rates(),
            part in 0.0..1.2_f64,
            most_organizations in 0..14_usize,
            most_refused in 0.0..1.1_f64,
            rotated in 0..12_usize,
        ) {
            let names = names();
            let mut demands = demands(&names, &pairs);
            let sum: f64 = pairs.iter().map(|&(_, now)| now).sum();
            let beyond: f64 = pairs.iter().map(|&(usual, now)| (now - usual).max(0.0)).sum();
            let reduction = sum * part;
            let caps = Caps { most_organizations, most_refused };
            let found = culprits(&demands, reduction, caps);
            let of = |it: &Allowance<'_>| {
                let mut found = demands.iter().filter(|one| one.organization == it.organization);
                found.next().copied().unwrap_or(demand("", f64::NAN, f64::NAN))
            };
            let cut_of = |it: &Allowance<'_>| of(it).now - it.keeps;
            let cuts: Vec<f64> = found.iter().map(cut_of).collect();
            let all_cuts: f64 = cuts.iter().sum();
            prop_assert!(found.len() <= most_organizations);
            prop_assert!(all_cuts <= sum * most_refused.min(1.0) + 1e-9 * sum.max(1.0));
            prop_assert!(all_cuts <= reduction + 1e-9 * sum.max(1.0));
            prop_assert!(cuts.iter().all(|&cut| cut > -1e-9), "none is limited above its rate");
            prop_assert!(found.iter().all(|it| it.keeps >= of(it).usual), "none below usual");
            prop_assert!(cuts.windows(2).all(|two| two[0] >= two[1] - 1e-9), "the largest first");

            // The goal is met unless a cap or usual rates stand in the way.
            let goal = reduction.min(sum * most_refused.min(1.0)).min(beyond);
            let wider = culprits(&demands, reduction, Caps { most_refused, ..ANY });
            let wider_cuts: f64 = wider.iter().map(cut_of).sum();
            prop_assert!(close(wider_cuts, goal), "{wider_cuts} for {goal}");
            if wider.len() <= most_organizations {
                prop_assert_eq!(&wider, &found);
            }
            // The smallest set: the largest cuts of a set with one less do not suffice.
            if let Some(last) = wider.last() {
                let last = cut_of(last);
                prop_assert!(last > 0.0 && wider_cuts - last < goal + 1e-9 * sum.max(1.0));
            }
            prop_assert_eq!(wider.get(..found.len()), Some(&found[..]), "the least are left out");

            let by = rotated.min(demands.len());
            demands.rotate_left(by);
            prop_assert_eq!(culprits(&demands, reduction, caps), found, "in any order");
        }

        #[test]
        fn numbers_of_any_kind_are_answered(
            pairs in proptest::collection::vec((ANY_RATE, ANY_RATE), 0..6),
            reduction in ANY_RATE,
            most_refused in ANY_RATE,
        ) {
            let names = names();
            let caps = Caps { most_organizations: 3, most_refused };
            for allowance in culprits(&demands(&names, &pairs), reduction, caps) {
                prop_assert!(allowance.keeps.is_finite() && allowance.keeps >= 0.0);
            }
        }
    }
}
