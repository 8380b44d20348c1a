//! Tells whether a summary still says how things move: a forecast that no longer holds is written
//! anew, but not at every breath.

use domain::{
    breach::{Breach, BreachKey},
    summary::{Fact, Sentence, Summary},
    time::{RoughDuration, Span},
};

/// The least time that a text stays.
const SHORTEST: Span = Span::from_mins(1);
/// A trend that begins, turns or ends waits for this long at least, and for a tenth of the breach's
/// age: so that what moves without a direction fills no journal.
const SHORTEST_TREND: Span = Span::from_mins(5);

/// True if a forecast or a trend that a summary tells does not hold any more. `now` returns a
/// breach as it is.
pub fn is_outlived<'a>(summary: &Summary, now: impl Fn(&BreachKey) -> Option<&'a Breach>) -> bool {
    summary.happened.iter().chain(&summary.otherwise).any(|sentence| match sentence {
        Sentence::Holds { fact } | Sentence::LimitAhead { fact, .. } => {
            let key = BreachKey { subject: fact.subject.clone(), signal: fact.signal.clone() };
            now(&key).is_some_and(|breach| has_changed(fact, breach))
        }
        _ => false,
    })
}

fn has_changed(told: &Fact, breach: &Breach) -> bool {
    let fresh = Fact::of(breach);
    // Why nothing is heard may become known later.
    if told.is_silent() && fresh.is_silent() && told.reason.is_none() && fresh.reason.is_some() {
        return true;
    }
    let waited = breach.value_at.since(told.value_at);
    if waited < SHORTEST {
        return false;
    }
    // What eases, comes and goes or is silent is told without a course, and its beginning and end
    // are events.
    if told.is_silent() || fresh.is_silent() || !told.is_beyond() || !fresh.is_beyond() {
        return false;
    }
    let old_enough =
        waited.as_secs_f64() >= breach.value_at.since(breach.since).as_secs_f64() / 10.0;
    let is_other_reason = match (&told.reason, &fresh.reason) {
        (Some(then), Some(now)) => !then.is_like(now),
        (then, now) => then.is_some() != now.is_some(),
    };
    if is_other_reason && old_enough {
        return true;
    }
    let settled = waited >= SHORTEST_TREND && old_enough;
    match (told.foreseeable_limit(), fresh.foreseeable_limit()) {
        (Some(_), None) => true,
        (Some(then), Some(now)) => {
            let far = now < then * 2.0 / 3.0 || now > then * 4.0 / 3.0;
            far && RoughDuration::from_secs_f64(then) != RoughDuration::from_secs_f64(now)
                && waited.as_secs_f64() >= then.min(now) / 10.0
        }
        (None, Some(_)) => settled,
        (None, None) => settled && trend(told) != trend(&fresh),
    }
}

/// The direction in which it is told to move, if at all.
fn trend(fact: &Fact) -> Option<bool> {
    fact.rate().map(|rate| rate.rising)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Timestamp;
    use fixtures;

    fn breach(seconds: u64, limit: Option<f64>, rate: f64) -> Breach {
        let at = |seconds| Timestamp::from_secs(1_795_000_000).plus(Span::from_secs(seconds));
        let breach = fixtures::breach()
            .on("disk:/@web-1")
            .signal("disk.used")
            .above(88.0)
            .since(at(0))
            .per_minute(rate)
            .build();
        Breach { value_at: at(seconds), limit_in_seconds: limit, ..breach }
    }

    #[test]
    fn a_forecast_stays_while_it_holds_and_goes_when_it_does_not() {
        let told = |limit| Fact::of(&breach(0, limit, 1.0));
        let cases = [
            (Some(420.0), 59, None, false),
            (Some(420.0), 60, None, true),
            (Some(420.0), 60, Some(360.0), false),
            (Some(420.0), 120, Some(200.0), true),
            (Some(420.0), 120, Some(900.0), true),
            (Some(30.0), 120, Some(10.0), false),
            // One that is far away is told anew only now and then, unless it comes near.
            (Some(28_800.0), 600, Some(18_000.0), false),
            (Some(28_800.0), 600, Some(600.0), true),
            (None, 200, Some(600.0), false),
            (None, 300, Some(600.0), true),
            (None, 30_000, Some(600_000_000.0), false),
        ];
        for (then, waited, now, outlived) in cases {
            assert_eq!(
                has_changed(&told(then), &breach(waited, now, 1.0)),
                outlived,
                "{then:?} {waited} {now:?}"
            );
        }
    }

    #[test]
    fn what_moves_without_a_direction_is_written_ever_more_rarely() {
        let mut told = Fact::of(&breach(0, None, 1.0));
        let mut written = 0;
        for second in (0..7 * 86_400).step_by(5) {
            let rate = if (second / 70) % 2 == 0 { 1.0 } else { -1.0 };
            let now = breach(second, None, rate);
            if has_changed(&told, &now) {
                told = Fact::of(&now);
                written += 1;
            }
        }
        assert!((5..100).contains(&written), "{written}");
    }
}
