//! The judgement whether this host reaches what lies outside of it, judged by the endpoints that it
//! watches and by its own name servers: when its own line or DNS is lost, endpoints are unknown,
//! and not down.
//!
//! Nothing else is asked than what the configuration names: the other endpoints' addresses, and the
//! name servers of `/etc/resolv.conf`. Where only one address outside is watched, and the name servers
//! lie inside, a name that nobody has asked for tells whether they get answers from outside.

use std::time::Duration;

use domain::{
    signals::{SignalGroup, SignalInfo},
    time::Timestamp,
};
use futures::{FutureExt, future::BoxFuture};

use super::{
    collector::{Absence, CollectError, Collector, Listing, Round},
    registry::{Context, Declaration, Kind, SourceInfo},
};
use crate::config::section::Section;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod gateway;
mod names;
mod reach;

pub use reach::Outside;

/// Signals of the collector.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["outside"],
    signals: &[
        SignalInfo::new(
            "outside.reachable",
            "Outside connection",
            "yes/no",
            "Whether any monitored address outside this host can be reached.",
        ),
        SignalInfo::new(
            "outside.names",
            "Name resolution",
            "yes/no",
            "Whether the name servers of this host answer.",
        ),
    ],
};

const EVERY: Duration = Duration::from_secs(5);

/// The line of this host, as the registry knows it.
#[derive(Debug)]
pub struct Line;

impl Kind for Line {
    const DECLARATION: Declaration = Declaration::of(SIGNALS);
    const SOURCE: Option<SourceInfo> = Some(SourceInfo {
        label: "Network of this host",
        advice: "Add an endpoint outside this host to the configuration: whether it answers tells whether this host reaches the outside.",
    });
    type Settings = ();
    type Target = ();

    fn read(_section: &mut Section<'_>) {}

    fn targets((): &(), _context: &Context) -> Vec<()> {
        vec![()]
    }

    fn name((): &()) -> String {
        "outside".to_owned()
    }

    fn build((): &(), context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        Ok(Box::new(LineCollector { outside: context.outside.clone(), interval: context.interval }))
    }

    fn listings((): &(), context: &Context) -> Vec<Listing> {
        vec![Listing::new("line", vec![context.outside.subject().clone()], Absence::Gone)]
    }
}

/// Reports what is known of the outside.
#[derive(Debug)]
struct LineCollector {
    outside: Outside,
    interval: Duration,
}

impl LineCollector {
    async fn round(&mut self, now: Timestamp) -> Round {
        self.outside.look_again().await;
        self.outside.look_for_witness().await;
        let mut round = Round::new(SIGNALS);
        for (signal, found) in
            [("outside.reachable", self.outside.lost()), ("outside.names", self.outside.nameless())]
        {
            if let Some(failure) = found {
                let value = f64::from(u8::from(failure.is_none()));
                round.observe_with(now, self.outside.subject(), signal, value, failure);
            }
        }
        round
    }
}

impl Collector for LineCollector {
    fn name(&self) -> &str {
        "outside"
    }

    fn interval(&self) -> Duration {
        self.interval.min(EVERY)
    }

    fn time_limit(&self) -> Duration {
        reach::PATIENCE * 5
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).map(Ok).boxed()
    }
}
