//! Watches the clocks: tells a jump of the wall clock from a machine that slept, and from a program
//! that could not run.

use domain::{
    journal::{BlindReason, Event},
    time::{Now, Span},
};

/// Smaller differences are the slow correction that every clock gets.
const JUMP: u64 = 2_000_000;
/// A pause between two looks longer than this is a time of which nothing is known.
const PAUSE: Span = Span::from_secs(15);

/// The findings of a look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The events to journal.
    pub events: Vec<Event>,
    /// For how long nothing could be observed.
    pub blind: Option<Span>,
    /// Time did not run on evenly: quiet is counted anew.
    pub unsteady: bool,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct ClockWatch {
    last: Now,
    /// Microseconds since the machine started, with the time it slept.
    boot: u64,
}

impl ClockWatch {
    /// Begins with the present readings of all three clocks.
    pub const fn new(now: Now, boot: u64) -> Self {
        Self { last: now, boot }
    }

    /// Compares the clocks with the last look.
    pub fn look(&mut self, now: Now, boot: u64) -> Found {
        let mono = now.mono.since(self.last.mono).as_micros();
        let real = boot.saturating_sub(self.boot).max(mono);
        let wall = now.wall.as_micros().saturating_sub(self.last.wall.as_micros());
        let jump = wall.saturating_sub_unsigned(real);
        let before = self.last;
        (self.last, self.boot) = (now, boot);
        let mut found = Found::default();
        if real > PAUSE.as_micros() {
            let from = now.wall.minus(Span::from_micros(real));
            found.events.push(Event::Blind { from, to: now.wall, why: BlindReason::Asleep });
            found.blind = Some(Span::from_micros(mono));
            found.unsteady = true;
        }
        if jump.unsigned_abs() > JUMP {
            tracing::info!(by_micros = jump, before = %before.wall, after = %now.wall, "the wall clock jumped");
            found.events.push(Event::ClockJumped { by_micros: jump });
            found.unsteady = true;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use domain::time::{MonotonicTime, Timestamp};

    use super::*;

    fn now(wall: i64, mono: u64) -> Now {
        Now { wall: Timestamp::from_secs(wall), mono: MonotonicTime::from_micros(mono * 1_000_000) }
    }

    #[test]
    fn a_jump_a_sleep_and_an_even_second_are_told_apart() {
        let mut watchman = ClockWatch::new(now(1_000, 0), 0);
        assert_eq!(watchman.look(now(1_001, 1), 1_000_000), Found::default());
        let found = watchman.look(now(4_602, 2), 2_000_000);
        assert_eq!(found.events, [Event::ClockJumped { by_micros: 3_600_000_000 }]);
        assert_eq!(found.blind, None);
        let found = watchman.look(now(4_602 - 600, 3), 3_000_000);
        assert!(
            matches!(found.events[..], [Event::ClockJumped { by_micros }] if by_micros == -601_000_000)
        );
        let found = watchman.look(now(4_002 + 300, 4), 303_000_000);
        assert_eq!(
            found.events,
            [Event::Blind {
                from: Timestamp::from_secs(4_002),
                to: Timestamp::from_secs(4_302),
                why: BlindReason::Asleep
            }]
        );
        assert!(found.unsteady);
    }
}
