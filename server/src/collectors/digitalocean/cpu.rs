//! The use of processors from counters: seconds that all of them spent in each mode since the start.

use std::collections::BTreeMap;

/// Modes whose time is part of another one's: guests run in user time.
const COUNTED_ELSEWHERE: [&str; 2] = ["guest", "guest_nice"];
/// Modes in which nothing is done.
const IDLE: [&str; 2] = ["idle", "iowait"];
/// The least time between two readings, in seconds of all processors together.
const LEAST: f64 = 1.0;

/// The counters of one moment, by mode.
pub(crate) type Counters = BTreeMap<String, f64>;

/// Shares of the time between two moments, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CpuShares {
    /// All but idle time and waiting for a disk.
    pub used: f64,
    /// Time that the machine's host gave to others.
    pub steal: f64,
}

/// The shares between two moments. `None` where they can't be told: a counter began anew with the
/// machine, or a mode is missing on one side.
pub(crate) fn shares(before: &Counters, after: &Counters) -> Option<CpuShares> {
    if !before.keys().eq(after.keys()) || !after.contains_key("idle") {
        return None;
    }
    let (mut all, mut idle, mut steal) = (0.0, 0.0, 0.0);
    for (mode, now) in after {
        let spent = now - before.get(mode)?;
        // A counter never goes back by itself.
        if !spent.is_finite() || spent < 0.0 {
            return None;
        }
        if COUNTED_ELSEWHERE.contains(&mode.as_str()) {
            continue;
        }
        all += spent;
        if IDLE.contains(&mode.as_str()) {
            idle += spent;
        }
        if mode == "steal" {
            steal += spent;
        }
    }
    (all >= LEAST).then(|| CpuShares {
        used: ((all - idle) / all * 100.0).clamp(0.0, 100.0),
        steal: (steal / all * 100.0).clamp(0.0, 100.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counters(all: &[(&str, f64)]) -> Counters {
        all.iter().map(|(mode, seconds)| ((*mode).to_owned(), *seconds)).collect()
    }

    #[test]
    fn shares_are_told_between_two_moments() {
        let before =
            counters(&[("user", 100.0), ("idle", 900.0), ("iowait", 50.0), ("steal", 5.0)]);
        let after = counters(&[("user", 130.0), ("idle", 980.0), ("iowait", 60.0), ("steal", 5.0)]);
        assert_eq!(shares(&before, &after), Some(CpuShares { used: 25.0, steal: 0.0 }));
    }

    #[test]
    fn what_guests_use_counts_once() {
        let before = counters(&[("guest", 0.0), ("user", 0.0), ("idle", 0.0)]);
        let after = counters(&[("guest", 60.0), ("user", 60.0), ("idle", 60.0)]);
        assert_eq!(shares(&before, &after).map(|shares| shares.used), Some(50.0));
    }

    #[test]
    fn nothing_is_told_across_a_restart_or_where_a_mode_is_missing() {
        let before = counters(&[("user", 100.0), ("idle", 900.0)]);
        for after in [
            counters(&[("user", 2.0), ("idle", 118.0)]),
            counters(&[("user", 150.0), ("idle", 100.0)]),
            counters(&[("user", 200.0)]),
            counters(&[("user", 200.0), ("idle", 900.0), ("steal", 1.0)]),
            counters(&[("user", f64::NAN), ("idle", 900.0)]),
            before.clone(),
        ] {
            assert_eq!(shares(&before, &after), None, "{after:?}");
        }
    }

    proptest! {
        #[test]
        fn shares_are_right_whatever_the_number_of_processors(
            used in 0.0..=100.0_f64,
            steal in 0.0..=1.0_f64,
            cores in 1_u32..=64,
            began in 0.0..1e9_f64,
        ) {
            let time = 120.0 * f64::from(cores);
            let busy = time * used / 100.0;
            let before = counters(&[("idle", began), ("steal", began), ("user", began)]);
            let after = counters(&[
                ("idle", began + time - busy),
                ("steal", began + busy * steal),
                ("user", began + busy * (1.0 - steal)),
            ]);
            let told = shares(&before, &after).unwrap();
            prop_assert!((told.used - used).abs() < 0.01, "{told:?}");
            prop_assert!((told.steal - used * steal).abs() < 0.01, "{told:?}");
        }
    }
}
