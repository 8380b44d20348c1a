//! The collector of one Redis: what its answers mean from round to round.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use domain::{reason::FailureReason, subject::Subject, time::Timestamp};
use futures::{FutureExt as _, future::BoxFuture};

use super::{
    client::{Answer, Client, TIME_LIMIT, Unanswered},
    info::{Counters, Info, LEAST_TIME},
    signals::{MEMORY_USED, SIGNALS, UP},
};
use crate::collectors::collector::{CollectError, Collector, Round};

/// The time that it may take to find out whether a failure is this host's own.
const JUDGING: Duration = Duration::from_secs(6);

/// Watches one Redis.
#[derive(Debug)]
pub(super) struct RedisCollector {
    name: String,
    subject: Subject,
    client: Client,
    interval: Duration,
    /// Its counters at the last look, and when that was.
    before: Option<(Counters, Instant)>,
    /// Signals that it told, beside whether it is available.
    heard: BTreeSet<&'static str>,
    /// Version and role, for the page of sources.
    description: Option<String>,
}

impl RedisCollector {
    /// Asks at this interval.
    pub(super) fn new(client: Client, interval: Duration) -> Self {
        let subject = client.server().subject();
        Self {
            name: subject.as_str().to_owned(),
            subject,
            client,
            interval,
            before: None,
            heard: BTreeSet::new(),
            description: None,
        }
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        self.description = None;
        match self.client.ask().await {
            Ok(answer) => Ok(self.available(now, &answer)),
            Err(Unanswered::Down(reason)) => Ok(self.down(now, reason).await),
            Err(Unanswered::KeptOut(why)) => Err(CollectError(why)),
        }
    }

    fn available(&mut self, now: Timestamp, answer: &Answer) -> Round {
        let info = Info::read(&answer.text);
        let (mut values, counters) = (info.values(), Counters::of(&info));
        self.description = Some(info.description());
        let read_at = Instant::now();
        // Two looks at once leave the earlier one: the next rate is that of a whole round.
        if self.before.as_ref().is_none_or(|(_, at)| read_at - *at >= LEAST_TIME) {
            let before = self.before.replace((counters.clone(), read_at));
            let rates = before.map(|(before, at)| counters.rates_since(&before, read_at - at));
            values.known.extend(rates.unwrap_or_default());
        }
        let mut round = Round::new(SIGNALS);
        round.observe(now, &self.subject, UP, 1.0);
        for signal in values.at_rest {
            round.rest(&self.subject, signal);
            self.heard.remove(signal);
        }
        for (signal, value) in values.known {
            round.observe(now, &self.subject, signal, value);
            self.heard.insert(signal);
        }
        // Most of them have no replica and never had one.
        for (signal, why) in values.unknown {
            if signal == MEMORY_USED || self.heard.contains(signal) {
                round.miss(&self.subject, signal, FailureReason::told(why));
            }
        }
        if answer.is_open {
            round.notes.push(format!(
                "Redis '{}' has no password, although password_file is set: whoever reaches it can read and change its data.",
                self.client.server().name
            ));
        }
        round
    }

    async fn down(&self, now: Timestamp, reason: FailureReason) -> Round {
        let unseen = match self.client.outside().cause(&reason).await {
            Some(cause) => Some(FailureReason::Behind { cause }),
            // That this host has no way there, or no files, says nothing about the Redis.
            None => Some(reason.clone()).filter(|one| {
                matches!(one, FailureReason::NoRoute { .. } | FailureReason::OwnLimit { .. })
            }),
        };
        if let Some(unseen) = unseen {
            return self.unmeasured(&unseen);
        }
        let mut round = Round::new(SIGNALS);
        for signal in &self.heard {
            round.miss(&self.subject, signal, reason.clone());
        }
        round.observe_with(now, &self.subject, UP, 0.0, Some(reason));
        round
    }
}

impl Collector for RedisCollector {
    fn name(&self) -> &str {
        &self.name
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn time_limit(&self) -> Duration {
        TIME_LIMIT + JUDGING + Duration::from_secs(1)
    }

    fn source_notes(&self) -> Vec<String> {
        self.description.iter().cloned().collect()
    }

    fn unmeasured(&self, why: &FailureReason) -> Round {
        let mut round = Round::new(SIGNALS);
        for signal in [&UP].into_iter().chain(&self.heard) {
            round.miss(&self.subject, signal, why.clone());
        }
        round
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).boxed()
    }
}
