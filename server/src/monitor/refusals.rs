//! Pushes that were refused: whose, why, and at which place of the body. What is heard no more
//! because it is refused would else look like a sender that fell silent.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use domain::{
    actor::Actor,
    reason::FailureReason,
    time::{MonotonicTime, Now, Span, Timestamp},
};

/// The most senders that are told of.
const MOST: usize = 8;
/// A refusal that is older than this is told no more.
const TOLD_FOR: Span = Span::from_mins(10);
/// Values are counted over so many minutes.
const COUNTED_MINUTES: u64 = 10;
/// A reason stays this long before another one takes its place, so that what is told holds still.
const STAYS: Span = Span::from_secs(30);
/// The longest place and reason, in characters.
const LONGEST: usize = 200;

#[derive(Debug)]
struct Refused {
    sender: String,
    since: Timestamp,
    last: MonotonicTime,
    reason_at: MonotonicTime,
    reason: Reason,
}

impl Refused {
    fn why(&self, by: Actor) -> FailureReason {
        FailureReason::PushesRefused {
            by,
            since: self.since,
            place: self.reason.place.as_str().into(),
            problem: self.reason.problem.as_str().into(),
        }
    }
}

/// The reason a push was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The place in the body, as a JSON pointer; empty for all of it.
    pub place: String,
    /// The finding there, and the expectation.
    pub problem: String,
    /// True if the good values beside it were taken.
    pub rest_taken: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Refusals {
    senders: Mutex<BTreeMap<Actor, Refused>>,
    counts: Mutex<Counts>,
}

/// Number of refused values, by the minute.
#[derive(Debug, Default)]
struct Counts(BTreeMap<u64, u64>);

impl Counts {
    fn minute(at: MonotonicTime) -> u64 {
        at.as_micros() / 60_000_000
    }

    /// Forgets what is too old, and counts the rest.
    fn total(&mut self, at: MonotonicTime) -> u64 {
        let first = (Self::minute(at) + 1).saturating_sub(COUNTED_MINUTES);
        self.0 = self.0.split_off(&first);
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl Refusals {
    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<Actor, Refused>) -> T) -> T {
        change(&mut self.senders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts values that were refused.
    pub fn add(&self, values: u64, now: Now) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total(now.mono);
        let count = counts.0.entry(Counts::minute(now.mono)).or_default();
        *count = count.saturating_add(values);
    }

    /// Number of values that were refused within 10 minutes.
    pub fn count(&self, now: Now) -> u64 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).total(now.mono)
    }

    /// Notes that a push of someone was refused. Beyond the most senders the oldest is forgotten.
    /// Returns why they are, as it is told.
    pub fn refused(&self, who: Actor, sender: String, reason: &Reason, now: Now) -> FailureReason {
        let short = |text: &str| text.chars().take(LONGEST).collect::<String>();
        let reason = Reason {
            place: short(&reason.place),
            problem: short(&reason.problem),
            rest_taken: reason.rest_taken,
        };
        self.change(|all| {
            if let Some(known) = all.get_mut(&who) {
                known.last = now.mono;
                if now.mono.since(known.reason_at) >= STAYS {
                    (known.reason, known.reason_at) = (reason, now.mono);
                }
                return known.why(who);
            }
            if all.len() >= MOST
                && let Some(oldest) =
                    all.iter().min_by_key(|(_, one)| one.last).map(|(who, _)| *who)
            {
                all.remove(&oldest);
            }
            let (since, at) = (now.wall, now.mono);
            let refused = Refused { sender, since, last: at, reason_at: at, reason };
            let why = refused.why(who);
            all.insert(who, refused);
            why
        })
    }

    /// Notes that all of a push of someone was taken.
    pub fn taken(&self, who: Actor) {
        self.change(|all| all.remove(&who));
    }

    /// A sentence for each sender.
    pub fn sentences(&self, now: Now) -> Vec<String> {
        self.change(|all| {
            all.retain(|_, one| now.mono.since(one.last) < TOLD_FOR);
            let told = |one: &Refused| {
                let Reason { place, problem, rest_taken } = &one.reason;
                wording::error::refused_pushes(&one.sender, one.since, place, problem, *rest_taken)
            };
            all.values().map(told).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TokenId;

    use super::*;

    fn reason(place: &str) -> Reason {
        let problem = "expected a number".to_owned();
        Reason { place: place.to_owned(), problem, rest_taken: false }
    }

    #[test]
    fn what_was_refused_is_counted_for_ten_minutes() {
        let refusals = Refusals::default();
        let at = |minutes: u64| Now {
            wall: Timestamp::from_secs(1_790_000_000),
            mono: MonotonicTime::from_micros(minutes * 60_000_000),
        };
        assert_eq!(refusals.count(at(0)), 0);
        refusals.add(3, at(0));
        refusals.add(4, at(5));
        assert_eq!([9, 10, 14, 15].map(|minute| refusals.count(at(minute))), [7, 4, 4, 0]);
    }

    #[test]
    fn a_sender_is_told_until_its_pushes_are_taken_and_no_more_than_a_few_are() {
        let refusals = Refusals::default();
        let at = |seconds: u64| Now {
            wall: Timestamp::from_secs(1_790_000_000 + seconds.cast_signed()),
            mono: MonotonicTime::from_micros(seconds * 1_000_000),
        };
        let refuse = |who: u32, place: &str, seconds: u64| {
            let sender = format!("the program \"{who}\"");
            refusals.refused(Actor::Token(TokenId(who)), sender, &reason(place), at(seconds));
        };
        refuse(1, "/observations/0/value", 0);
        refuse(1, "/observations/7/unit", 1);
        let [told] = &refusals.sentences(at(2))[..] else { panic!("one is told") };
        assert!(
            told.contains("the program \"1\"") && told.contains("/observations/0/value"),
            "{told}"
        );
        refuse(1, "/observations/7/unit", 31);
        assert!(refusals.sentences(at(32))[0].contains("/observations/7/unit"));
        refusals.taken(Actor::Token(TokenId(1)));
        assert!(refusals.sentences(at(33)).is_empty());
        for who in 0..20 {
            refuse(who, &"x".repeat(1_000), 40 + u64::from(who));
        }
        let told = refusals.sentences(at(60));
        assert_eq!(told.len(), MOST);
        assert!(told.iter().all(|told| told.len() < 500));
        assert!(refusals.sentences(at(3_600)).is_empty());
    }
}
