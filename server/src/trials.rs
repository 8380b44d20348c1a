//! Trials of changed thresholds on stored history: one at a time. Those that Calm Ops makes itself
//! let a person go first, between two changes that they try.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Holder of the turn that another one waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Another person.
    Person,
    /// Calm Ops itself.
    Own,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Trials {
    turns: Arc<Semaphore>,
    is_own: Arc<AtomicBool>,
}

impl Default for Trials {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(1)), is_own: Arc::default() }
    }
}

impl Trials {
    /// The turn of a person, who waits no longer than this.
    pub async fn of_person(&self, longest: Duration) -> Result<OwnedSemaphorePermit, Busy> {
        match timeout(longest, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ if self.is_own.load(Ordering::Acquire) => Err(Busy::Own),
            _ => Err(Busy::Person),
        }
    }

    /// The turn of Calm Ops itself, after everyone who waits already.
    pub async fn own(&self) -> OwnTurn {
        let mut turn = OwnTurn { trials: self.clone(), permit: None };
        turn.take().await;
        turn
    }
}

/// The turn of Calm Ops itself, which ends when it is dropped.
#[derive(Debug)]
pub struct OwnTurn {
    trials: Trials,
    permit: Option<OwnedSemaphorePermit>,
}

impl OwnTurn {
    /// Lets whoever waits go first.
    pub async fn let_others_first(&mut self) {
        self.end();
        self.take().await;
    }

    async fn take(&mut self) {
        // Permits are given in the order in which they were asked for, and never end.
        self.permit = Arc::clone(&self.trials.turns).acquire_owned().await.ok();
        self.trials.is_own.store(true, Ordering::Release);
    }

    fn end(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.trials.is_own.store(false, Ordering::Release);
            drop(permit);
        }
    }
}

impl Drop for OwnTurn {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use tokio::{spawn, task::yield_now};

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_person_goes_first_between_two_changes() {
        let trials = Trials::default();
        let mut own = trials.own().await;
        assert_eq!(trials.of_person(SHORT).await.unwrap_err(), Busy::Own);
        own.let_others_first().await;
        assert_eq!(trials.of_person(SHORT).await.unwrap_err(), Busy::Own, "nobody waited");
        let of_person = trials.clone();
        let waiting = spawn(async move { of_person.of_person(LONG).await });
        yield_now().await;
        let next = spawn(async move {
            own.let_others_first().await;
            own
        });
        let permit = waiting.await.unwrap().unwrap();
        yield_now().await;
        assert!(!next.is_finished(), "a person has the turn");
        assert_eq!(trials.of_person(SHORT).await.unwrap_err(), Busy::Person);
        drop(permit);
        drop(next.await.unwrap());
        assert!(trials.of_person(SHORT).await.is_ok());
    }
}
