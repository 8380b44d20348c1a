//! The budget of requests: a share of what DigitalOcean allows for a token, which is used by
//! everything else the team runs as well.
//!
//! A bucket fills evenly. What fits into it, and what flows in, are such that no minute and no hour
//! sees more than the share, wherever it begins.

use domain::time::{MonotonicTime, Span};

/// Requests for each token in an hour. An answer may name fewer, and is not believed to allow more.
const HOURLY: u32 = 5_000;
/// So many hours' parts make up the limit of a minute: 5 % of that of an hour.
const MINUTES: f64 = 20.0;
/// The part of a token's limit that is left to others where little remains.
const RESERVE: f64 = 0.1;
/// The interval at which one request finds out whether little still remains.
const SCARCE: Span = Span::from_mins(1);
/// The pause after too many requests, where the answer names none.
const PAUSE: Span = Span::from_secs(30);
/// The longest pause: the limit of an hour frees a little of itself all the time.
const LONGEST_PAUSE: Span = Span::from_mins(5);
/// A restart begins with so little: what was spent before it is not known.
const FIRST: f64 = 1.0;
/// A budget of fewer requests in an hour is small: lists alone would take it up.
const SMALL: f64 = 500.0;

/// Limits as the headers of an answer tell them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateHeaders {
    /// Requests that a token may make in an hour.
    pub limit: Option<u32>,
    /// Requests that are left of it.
    pub remaining: Option<u32>,
    /// The time at which the oldest request expires, in seconds since 1970.
    pub reset: Option<i64>,
    /// Seconds to wait.
    pub retry_after: Option<u32>,
}

impl RateHeaders {
    /// Reads them from the texts of the headers.
    pub(crate) fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name| header(name).and_then(|text| text.trim().parse().ok());
        Self {
            limit: number("ratelimit-limit"),
            remaining: number("ratelimit-remaining"),
            reset: header("ratelimit-reset").and_then(|text| text.trim().parse().ok()),
            retry_after: number("retry-after"),
        }
    }
}

/// The budget, and how much of it is there.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// The share of a token, from 0 to 1.
    share: f64,
    /// The limit of the token for an hour.
    limit: u32,
    filled: f64,
    filled_at: MonotonicTime,
    /// The rest of the token when it was told last.
    remaining: Option<u32>,
    spent_at: Option<MonotonicTime>,
    closed_until: Option<MonotonicTime>,
}

impl Budget {
    /// Begins with a share of a token in percent.
    pub(crate) fn new(percent: u8, now: MonotonicTime) -> Self {
        let share = f64::from(percent.clamp(1, 100)) / 100.0;
        Self {
            share,
            limit: HOURLY,
            filled: FIRST,
            filled_at: now,
            remaining: None,
            spent_at: None,
            closed_until: None,
        }
    }

    /// Requests in an hour, at most.
    pub(crate) fn hourly(&self) -> f64 {
        f64::from(self.limit) * self.share
    }

    /// Requests in a second, in the long run.
    pub(crate) fn rate(&self) -> f64 {
        rate(self.share, self.limit)
    }

    /// Percent of the token that remain, as it was told last.
    pub(crate) fn remaining_percent(&self) -> Option<f64> {
        let remaining = f64::from(self.remaining?);
        Some((remaining / f64::from(self.limit.max(1)) * 100.0).min(100.0))
    }

    /// The time for which no request may be made, as DigitalOcean said; zero if it may.
    pub(crate) fn closed_for(&self, now: MonotonicTime) -> Span {
        self.closed_until.map_or(Span::ZERO, |until| until.since(now))
    }

    /// True if one request may be made.
    pub(crate) fn has_one(&mut self, now: MonotonicTime) -> bool {
        self.fill(now);
        let is_early = self.spent_at.is_some_and(|at| now.since(at) < SCARCE);
        let is_open = self.closed_for(now) == Span::ZERO && !(self.is_scarce() && is_early);
        is_open && self.filled >= 1.0
    }

    /// Takes one request, if there is one.
    pub(crate) fn take(&mut self, now: MonotonicTime) -> bool {
        let has_one = self.has_one(now);
        if has_one {
            self.filled -= 1.0;
            self.spent_at = Some(now);
        }
        has_one
    }

    /// Takes what an answer says of the limits. `wall` is the time in seconds since 1970.
    pub(crate) fn hear(
        &mut self,
        status: Option<u16>,
        headers: RateHeaders,
        wall: i64,
        now: MonotonicTime,
    ) {
        if let Some(limit) = headers.limit.filter(|limit| *limit >= 100) {
            let limit = limit.min(HOURLY);
            self.fill(now);
            self.limit = limit;
            self.filled = self.filled.min(burst(self.share, limit));
        }
        let is_refused = status == Some(429);
        // With a time to wait it was too fast: what remains then is that of a minute, not of an hour.
        let is_of_minute = is_refused && headers.retry_after.is_some();
        if let Some(remaining) = headers.remaining.filter(|_| !is_of_minute) {
            self.remaining = Some(remaining);
        }
        if !is_refused {
            return;
        }
        let reset = headers.reset.map(|reset| reset.saturating_sub(wall)).filter(|in_| *in_ > 0);
        let wait = headers.retry_after.map(i64::from).or(reset);
        let wait = wait.and_then(|seconds| u64::try_from(seconds).ok()).map(Span::from_secs);
        let wait = wait.unwrap_or(PAUSE).clamp(Span::from_secs(1), LONGEST_PAUSE);
        let until = now.plus(wait);
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }

    /// True if lists are read at a slower pace, so that something is left for samples.
    pub(crate) fn is_small(&self) -> bool {
        self.is_scarce() || self.hourly() < SMALL
    }

    /// True if little remains of the token, whoever used it.
    pub(crate) fn is_scarce(&self) -> bool {
        self.remaining_percent().is_some_and(|percent| percent < RESERVE * 100.0)
    }

    fn fill(&mut self, now: MonotonicTime) {
        let seconds = now.since(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        let flowed = self.filled + seconds * self.rate();
        self.filled = flowed.min(burst(self.share, self.limit));
    }
}

/// The size of the bucket: half of a minute's limit.
fn burst(share: f64, limit: u32) -> f64 {
    (f64::from(limit) * share / MINUTES / 2.0).max(1.0)
}

/// The flow of each second: what an hour's limit leaves beside a full bucket.
fn rate(share: f64, limit: u32) -> f64 {
    let hourly = f64::from(limit) * share;
    let full = burst(share, limit);
    ((hourly - full) / 3_600.0).min((hourly / MINUTES - full) / 60.0).max(0.0)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> MonotonicTime {
        MonotonicTime::from_micros((1e9 + seconds * 1e6) as u64)
    }

    /// The most requests in any span of this length.
    fn most(times: &[f64], seconds: f64) -> usize {
        let (mut window, mut most) = (VecDeque::new(), 0);
        for &time in times {
            window.push_back(time);
            while window.front().is_some_and(|first| time - first >= seconds) {
                window.pop_front();
            }
            most = most.max(window.len());
        }
        most
    }

    proptest! {
        #[test]
        fn no_minute_and_no_hour_sees_more_than_the_share(
            percent in 1_u8..=100,
            waits in prop::collection::vec(prop_oneof![0.0..0.3_f64, 0.0..5.0_f64, 0.0..900.0_f64], 500),
        ) {
            let mut budget = Budget::new(percent, at(0.0));
            let (mut now, mut spent) = (0.0, Vec::new());
            for wait in waits {
                now += wait;
                while budget.take(at(now)) {
                    spent.push(now);
                }
            }
            let share = f64::from(percent) / 100.0;
            prop_assert!(most(&spent, 3_600.0) as f64 <= (5_000.0 * share).max(1.0));
            prop_assert!(most(&spent, 60.0) as f64 <= (250.0 * share).max(1.0) + 1e-9);
        }
    }

    #[test]
    fn nearly_all_of_the_share_can_be_spent() {
        let mut budget = Budget::new(40, at(0.0));
        let spent = (0..36_000).filter(|tenth| budget.take(at(f64::from(*tenth) / 10.0))).count();
        assert!((1_900..=2_000).contains(&spent), "{spent}");
    }

    #[test]
    fn too_many_requests_close_it_for_as_long_as_the_answer_says() {
        let mut budget = Budget::new(40, at(0.0));
        let closed = |headers: &RateHeaders, budget: &mut Budget| {
            budget.closed_until = None;
            budget.hear(Some(429), *headers, 1_000, at(100.0));
            budget.closed_for(at(100.0))
        };
        let none = RateHeaders::default();
        for (headers, seconds) in [
            (none, 30),
            (RateHeaders { retry_after: Some(7), reset: Some(5_000), ..none }, 7),
            (RateHeaders { reset: Some(1_040), ..none }, 40),
            (RateHeaders { reset: Some(900), ..none }, 30),
            (RateHeaders { reset: Some(i64::MAX), ..none }, 300),
            (RateHeaders { retry_after: Some(0), ..none }, 1),
        ] {
            assert_eq!(closed(&headers, &mut budget), Span::from_secs(seconds), "{headers:?}");
        }
        assert!(!budget.take(at(100.5)));
        assert!(budget.take(at(101.5)));
    }

    #[test]
    fn restarts_and_what_answers_claim_do_not_widen_it() {
        let mut budget = Budget::new(40, at(0.0));
        assert!(budget.take(at(0.0)) && !budget.take(at(0.0)), "one request after each restart");
        let limit = |limit| RateHeaders { limit: Some(limit), ..RateHeaders::default() };
        budget.hear(Some(200), limit(1_000_000), 0, at(0.0));
        assert_eq!(budget.hourly(), 2_000.0);
        budget.hear(Some(200), limit(1_000), 0, at(0.0));
        assert_eq!(budget.hourly(), 400.0);
        assert!(budget.is_small() && !budget.is_scarce());
    }

    #[test]
    fn what_remains_of_a_minute_is_not_taken_for_what_remains_of_the_hour() {
        let mut budget = Budget::new(40, at(0.0));
        let refused = RateHeaders { remaining: Some(0), ..RateHeaders::default() };
        budget.hear(Some(429), RateHeaders { retry_after: Some(5), ..refused }, 0, at(0.0));
        assert_eq!(budget.remaining_percent(), None);
        budget.hear(Some(429), refused, 0, at(0.0));
        assert!(budget.is_scarce());
    }

    #[test]
    fn what_others_need_of_the_token_is_left_to_them() {
        let mut budget = Budget::new(40, at(0.0));
        let left = |remaining| RateHeaders { remaining: Some(remaining), ..RateHeaders::default() };
        budget.hear(Some(200), left(499), 0, at(0.0));
        let spent = (0..600).filter(|second| budget.take(at(f64::from(*second)))).count();
        assert_eq!(spent, 10, "one a minute");
        budget.hear(Some(200), left(4_000), 0, at(600.0));
        assert!(budget.take(at(600.0)) && budget.take(at(600.0)));
    }

    #[test]
    fn headers_are_read_as_far_as_they_are_numbers() {
        let read = RateHeaders::read(|name| match name {
            "ratelimit-limit" => Some(" 5000 "),
            "ratelimit-remaining" => Some("-1"),
            "ratelimit-reset" => Some("1444931833"),
            "retry-after" => Some("Wed, 21 Oct 2015 07:28:00 GMT"),
            _ => None,
        });
        let reset = Some(1_444_931_833);
        assert_eq!(read, RateHeaders { limit: Some(5_000), reset, ..RateHeaders::default() });
    }
}
