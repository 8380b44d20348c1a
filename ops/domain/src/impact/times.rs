//! Times that are put together, counted and cut.

use std::ops::Range;

use crate::time::{Span, Timestamp};

/// Times that are apart and in order, each from its beginning to before its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(Vec<(Timestamp, Timestamp)>);

impl Times {
    /// Puts times together: what overlaps or touches becomes one; empty ones are left out.
    pub fn of(times: impl IntoIterator<Item = (Timestamp, Timestamp)>) -> Self {
        let mut times: Vec<_> = times.into_iter().filter(|(from, to)| from < to).collect();
        times.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (from, to) in times {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    /// The times in which an incident was over: each from a resolution to the next reopening, the
    /// last one without an end. The order of the journal pairs them, whatever the clock said.
    pub fn over(turns: impl IntoIterator<Item = Turn>) -> Self {
        let (mut times, mut resolved) = (Vec::new(), None);
        for turn in turns {
            match turn {
                Turn::Resolved(at) => resolved = resolved.or(Some(at)),
                Turn::Reopened(at) => times.extend(resolved.take().map(|from| (from, at))),
            }
        }
        times.extend(resolved.map(|from| (from, Timestamp::MAX)));
        Self::of(times)
    }

    /// Puts these and others together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied())
    }

    /// The part within a period.
    #[must_use]
    pub fn within(&self, period: &Range<Timestamp>) -> Self {
        let clipped = |(from, to): &(Timestamp, Timestamp)| {
            ((*from).max(period.start), (*to).min(period.end))
        };
        Self::of(self.0.iter().map(clipped))
    }

    /// The part outside of others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let mut left = Vec::new();
        for &(mut from, to) in &self.0 {
            let first = others.0.partition_point(|other| other.1 <= from);
            for (begin, end) in others.0[first..].iter().take_while(|other| other.0 < to) {
                if from < *begin {
                    left.push((from, *begin));
                }
                from = from.max(*end);
            }
            if from < to {
                left.push((from, to));
            }
        }
        Self(left)
    }

    /// The beginning of the first one that reaches beyond a moment.
    pub(super) fn first_beyond(&self, at: Timestamp) -> Option<Timestamp> {
        let place = self.0.partition_point(|(_, to)| *to <= at);
        self.0.get(place).map(|(from, _)| *from)
    }

    /// True if a moment lies within one of them, after its beginning.
    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.first_beyond(at).is_some_and(|from| from < at)
    }

    /// The sum of their lengths.
    pub fn length(&self) -> Span {
        let lengths = self.0.iter().map(|(from, to)| to.since(*from));
        lengths.fold(Span::ZERO, Span::plus)
    }

    /// True if there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A change between active and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Resolved.
    Resolved(Timestamp),
    /// Reopened.
    Reopened(Timestamp),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn times(all: &[(i64, i64)]) -> Times {
        Times::of(all.iter().map(|(from, to)| (at(*from), at(*to))))
    }

    #[test]
    fn an_incident_is_over_from_each_resolution_to_the_next_reopening() {
        use Turn::{Reopened, Resolved};
        let turns = [Resolved(at(10)), Reopened(at(30)), Resolved(at(50))];
        assert_eq!(Times::over(turns), Times::of([(at(10), at(30)), (at(50), Timestamp::MAX)]));
        assert!(Times::over([]).is_empty());
        // A clock that was set back pairs no resolution with the reopening of another one.
        let turns = [Resolved(at(100)), Reopened(at(50)), Resolved(at(70)), Reopened(at(120))];
        assert_eq!(Times::over(turns), times(&[(70, 120)]));
    }

    #[test]
    fn several_parts_are_cut_out() {
        let left = times(&[(0, 10), (20, 30)]).without(&times(&[(2, 4), (6, 22), (29, 40)]));
        assert_eq!(left, times(&[(0, 2), (4, 6), (22, 29)]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn times_put_together_are_apart_and_as_long_as_their_seconds(
            some in proptest::collection::vec((0..50i64, 0..50i64), 0..12),
            others in proptest::collection::vec((0..50i64, 0..50i64), 0..12),
            period in (0..50i64, 0..50i64),
        ) {
            let times = Times::of(some.iter().map(|(from, to)| (at(*from), at(*to))));
            prop_assert!(times.0.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let is_in = |second: &i64| some.iter().any(|(from, to)| from <= second && second < to);
            prop_assert_eq!(times.length().as_secs(), (0..50).filter(is_in).count() as u64);
            let within = times.within(&(at(period.0)..at(period.1)));
            let in_period = |second: &i64| period.0 <= *second && *second < period.1;
            let count = (0..50).filter(|second| is_in(second) && in_period(second)).count();
            prop_assert_eq!(within.length().as_secs(), count as u64);
            let other = Times::of(others.iter().map(|(from, to)| (at(*from), at(*to))));
            let without = times.without(&other);
            let is_out = |second: &i64| !others.iter().any(|(from, to)| from <= second && second < to);
            let count = (0..50).filter(|second| is_in(second) && is_out(second)).count();
            prop_assert_eq!(without.length().as_secs(), count as u64);
            prop_assert!(without.0.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }
}
