//! The monitor of a simulation, whose time passes only when it is told to: each tick is carried out to
//! its end before the next one comes.

use std::time::Duration;

use super::{Monitor, in_flight, pace::Pace};

impl Monitor {
    /// Works at another pace: a week passes within seconds.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// One tick at the present moment of the clock, with everything that follows from it.
    pub async fn tick(&mut self) {
        self.step(true);
        self.settle().await;
    }

    /// Waits until nothing is on its way any more and nothing is left to do at this moment.
    pub async fn settle(&mut self) {
        loop {
            while let Ok(told) = self.told.try_recv() {
                self.hear(told);
            }
            if self.flight.is_some() {
                let landed = in_flight::landed(&mut self.flight).await;
                self.landed(landed);
                // The time of this machine's disk is not part of what is simulated.
                self.write_time = Duration::ZERO;
            } else if self.tracking.is_some() {
                let proofs = in_flight::tracked(&mut self.tracking).await;
                self.tracked(proofs);
            } else if self.similar.task.is_some() {
                let found = self.similar.answer().await;
                self.found_similar(found);
            } else if self.study.is_some() {
                let usual = in_flight::studied(&mut self.study).await;
                self.learned(usual);
            } else {
                return;
            }
            self.step(false);
        }
    }

    /// Writes what is left, as at the end of the program.
    pub async fn end(self) {
        self.close().await;
    }
}
