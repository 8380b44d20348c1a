//! Traffic of organizations as signals: what the gate counted, once a second.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    signals::{SignalGroup, SignalInfo},
    subject::Subject,
    time::{MonotonicTime, Span, Timestamp},
};
use engine::{
    gate::{Counts, OrganizationCounts, Watchlist},
    impact::{Sample, Traffic},
    protection::{Baseline, Counted},
};
use futures::{FutureExt as _, future::BoxFuture};
use policy::limits::{ClassKind, LimitState, Limits, Organization};

use super::{
    collector::{Absence, CollectError, Collector, Listing, Round},
    registry::{Context, Declaration, Kind, SourceInfo, Unusable},
};
use crate::{
    clock::Clock,
    config::section::Section,
    gate::{GateError, Gatekeeper, KEYS, Settings, check_token},
};

/// The kind of subjects.
const KIND: &str = "organization";
const EVERY: Duration = Duration::from_secs(1);
/// Organizations that are watched at a time beside those that the document names.
const MOST: usize = 200;

/// Signals of the gate.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["organization", "gate"],
    signals: &[
        SignalInfo::new(
            "organization.batch",
            "Batch rate",
            "requests/s",
            "Requests in classes of the kind batch, such as uploads.",
        ),
        SignalInfo::new(
            "organization.interactive",
            "Interactive rate",
            "requests/s",
            "Requests in classes of the kind interactive.",
        ),
        SignalInfo::new("organization.bytes", "Data rate", "B/s", "Bodies of all requests."),
        SignalInfo::new(
            "organization.refused",
            "Refusal rate",
            "requests/s",
            "Requests that a limit refused.",
        ),
        SignalInfo::new(
            "organization.paused",
            "Paused rate",
            "requests/s",
            "Requests that safe mode refused.",
        ),
        SignalInfo::new(
            "organization.would_be_refused",
            "Rate above limits",
            "requests/s",
            "Requests that passed because their limit is only observed.",
        ),
        SignalInfo::new(
            "organization.under_way",
            "Concurrency",
            "requests",
            "Requests whose end has not been reported.",
        ),
        SignalInfo::new(
            "organization.errors",
            "Failure rate",
            "%",
            "Share of the reported results that are failures (status 500 and above).",
        ),
        SignalInfo::new("organization.results", "Result rate", "results/s", "Reported results."),
        SignalInfo::new(
            "organization.counted",
            "Results",
            "",
            "Results that were reported since the reading before, counted.",
        ),
        SignalInfo::new(
            "organization.failed",
            "Failed results",
            "",
            "Those of the counted results that are failures (status 500 and above).",
        ),
        SignalInfo::new(
            "organization.latency",
            "Latency",
            "ms",
            "The time within which 95% of the requests were answered, as reported.",
        ),
        SignalInfo::new("gate.requests", "Request rate", "requests/s", "All requests at the gate."),
        SignalInfo::new("gate.refused", "Refusal rate", "requests/s", "All that were refused."),
        SignalInfo::new("gate.paused", "Paused rate", "requests/s", "All that safe mode refused."),
        SignalInfo::new("gate.results", "Result rate", "results/s", "All reported results."),
        SignalInfo::new(
            "gate.counted",
            "Results",
            "",
            "All results that were reported since the reading before, counted.",
        ),
        SignalInfo::new(
            "gate.failed",
            "Failed results",
            "",
            "Those of all counted results that are failures (status 500 and above).",
        ),
        SignalInfo::new(
            "gate.errors",
            "Failure rate",
            "%",
            "Share of all reported results that are failures (status 500 and above).",
        ),
        SignalInfo::new(
            "gate.batch",
            "Batch concurrency",
            "requests",
            "Batch requests of all organizations whose end has not been reported, while limits.md bounds them.",
        ),
        SignalInfo::new(
            "gate.queueing",
            "Queueing time",
            "ms",
            "The time within which the work of 95% of the requests began, as reported: the sign of overload.",
        ),
        SignalInfo::new(
            "gate.organizations",
            "Active organizations",
            "",
            "Organizations that sent a request in the last minutes.",
        ),
    ],
};

/// The names of the signals of results.
#[derive(Clone, Copy, Debug)]
pub struct ResultSignals {
    /// Results a second.
    pub rate: &'static str,
    /// The share of a round that failed, in percent.
    pub share: &'static str,
    /// The number of a round.
    pub counted: &'static str,
    /// The number of those that failed.
    pub failed: &'static str,
}

/// Results of all requests.
pub const GATE_RESULTS: ResultSignals = ResultSignals {
    rate: "gate.results",
    share: "gate.errors",
    counted: "gate.counted",
    failed: "gate.failed",
};

/// Results of the requests of an organization.
pub const ORGANIZATION_RESULTS: ResultSignals = ResultSignals {
    rate: "organization.results",
    share: "organization.errors",
    counted: "organization.counted",
    failed: "organization.failed",
};

/// The gate, as the registry knows it.
#[derive(Debug)]
pub struct Gate;

impl Kind for Gate {
    const DECLARATION: Declaration = Declaration { signals: SIGNALS, keys: KEYS, entries: None };
    const SOURCE: Option<SourceInfo> = Some(SourceInfo {
        label: "Gate",
        advice: "Set gate.listen and gate.token_file in the configuration, and let the reverse proxy ask the gate.",
    });
    type Settings = Settings;
    type Target = ();

    fn read(section: &mut Section<'_>) -> Settings {
        Settings::read(section)
    }

    fn targets(settings: &Settings, _context: &Context) -> Vec<()> {
        settings.listen.iter().map(|_| ()).collect()
    }

    fn name((): &()) -> String {
        "gate".to_owned()
    }

    fn build((): &(), context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        let gatekeeper = context.gatekeeper.clone();
        let gatekeeper = gatekeeper.ok_or_else(|| {
            let only =
                "Only the running server counts requests at the gate: look at its page of sources.";
            CollectError(only.to_owned())
        })?;
        Ok(Box::new(GateCollector {
            subject: Subject::build("gate", "gate", Some(&context.host)),
            clock: gatekeeper.clock(),
            gatekeeper,
            taken_at: None,
            list: Watchlist::new(MOST),
            watched: BTreeMap::new(),
            baseline: Baseline::default(),
            traffic: Traffic::default(),
        }))
    }

    fn check(settings: &Settings) -> Vec<Unusable> {
        let value = || settings.token_file.as_ref().map(|path| path.display().to_string());
        let unusable = |error: GateError| Unusable {
            problem: error.to_string(),
            key: "token_file",
            value: value().unwrap_or_default(),
        };
        check_token(settings).err().map(unusable).into_iter().collect()
    }

    fn counted(settings: &Settings) -> Option<String> {
        settings.listen.as_ref().map(|_| "the gate".to_owned())
    }
}

/// An organization that is watched.
#[derive(Debug)]
struct Watched {
    subject: Subject,
}

struct GateCollector {
    gatekeeper: Arc<Gatekeeper>,
    clock: Clock,
    subject: Subject,
    /// Time at which the last window ended.
    taken_at: Option<MonotonicTime>,
    /// Decides who is watched.
    list: Watchlist,
    watched: BTreeMap<Box<str>, Watched>,
    baseline: Baseline,
    /// The last minute of each organization.
    traffic: Traffic,
}

impl Collector for GateCollector {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn interval(&self) -> Duration {
        EVERY
    }

    fn time_limit(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        async move { Ok(self.round(now)) }.boxed()
    }
}

impl GateCollector {
    fn round(&mut self, at: Timestamp) -> Round {
        let now = self.clock.now().mono;
        let (limits, window, hears_ends) = self.gatekeeper.take_window();
        let mut round = Round::new(SIGNALS);
        round.notes = self.gatekeeper.notes();
        let before = self.taken_at.replace(now);
        // The first window has no beginning.
        let Some(seconds) =
            before.map(|before| now.since(before).as_secs_f64()).filter(|s| *s > 0.0)
        else {
            return round;
        };
        self.watch(&window.organizations, &limits, now);
        let counted: BTreeMap<&str, &OrganizationCounts> =
            window.organizations.iter().map(|one| (&*one.organization, one)).collect();
        let nothing = vec![Counts::default(); limits.classes().len()];
        for (name, watched) in &self.watched {
            let classes = counted.get(&**name).map_or(&nothing, |one| &one.classes);
            observe(&mut round, at, &watched.subject, &limits, classes, seconds, hears_ends);
        }
        self.take_minute(
            &counted,
            &limits,
            at.minus(Span::from_micros((seconds * 1e6) as u64)),
            now,
        );
        self.note_traffic(&counted, &limits, seconds);
        let mut all = Counts::default();
        let listed = window.organizations.iter().flat_map(|one| &one.classes);
        listed.chain(&window.others).for_each(|counts| all.add(counts));
        let active =
            window.own_cells + window.organizations.iter().filter(|one| one.pinned).count();
        for (signal, value) in [
            ("gate.requests", all.requests as f64 / seconds),
            ("gate.refused", all.refused as f64 / seconds),
            ("gate.paused", all.paused as f64 / seconds),
            ("gate.organizations", active as f64),
        ] {
            round.observe(at, &self.subject, signal, value);
        }
        if hears_ends {
            round.observe(at, &self.subject, "gate.results", all.results as f64 / seconds);
        }
        count_results(&mut round, at, &self.subject, GATE_RESULTS, &all);
        if all.latencies.count() > 0 {
            round.latencies.push((self.subject.clone(), all.latencies));
        }
        if hears_ends && limits.batch_capacity().is_some_and(|one| one.state != LimitState::Off) {
            let under_way = f64::from(window.batch_under_way);
            round.observe(at, &self.subject, "gate.batch", under_way);
        }
        if let Some(queueing) = window.queueing.quantile(0.95) {
            round.observe(at, &self.subject, "gate.queueing", queueing.as_secs_f64() * 1e3);
        }
        let subjects = self.watched.values().map(|one| one.subject.clone()).collect();
        round.listings.push(Listing::new(KIND, subjects, Absence::Gone));
        round
    }

    /// Notes who sends how much in each class, now and usually.
    fn note_traffic(
        &mut self,
        counted: &BTreeMap<&str, &OrganizationCounts>,
        limits: &Limits,
        seconds: f64,
    ) {
        let is_class = |name: &str| limits.classes().iter().any(|class| class.name == name);
        let watched = &self.watched;
        self.baseline.retain(|organization, class| {
            watched.contains_key(organization.name()) && is_class(class)
        });
        for (name, one) in watched {
            let counts = counted.get(&**name).map(|one| &one.classes);
            for (index, class) in limits.classes().iter().enumerate() {
                let counts = counts.and_then(|counts| counts.get(index));
                let counted = counts.map_or_else(Counted::default, |counts| Counted {
                    requests: counts.requests,
                    refused: counts.refused,
                    above: counts.would_be_refused,
                });
                self.baseline.take(&one.subject, &class.name, counted, seconds);
            }
        }
        self.gatekeeper.note_traffic(self.baseline.traffic(), self.traffic.minutes());
    }

    /// Adds the window that ends now to the last minutes.
    fn take_minute(
        &mut self,
        counted: &BTreeMap<&str, &OrganizationCounts>,
        limits: &Limits,
        began_at: Timestamp,
        now: MonotonicTime,
    ) {
        let watched = &self.watched;
        self.traffic.retain(|organization| watched.contains_key(organization.name()));
        let classes: Vec<&str> = limits.classes().iter().map(|class| &*class.name).collect();
        for (name, one) in watched {
            let counts = counted.get(&**name).map_or(&[][..], |one| &one.classes[..]);
            let sample = Sample { classes: &classes, counts, began_at };
            self.traffic.take(&one.subject, &sample, now);
        }
    }

    /// Watches who is named or sends most, and no longer who is silent for long.
    fn watch(&mut self, seen: &[OrganizationCounts], limits: &Limits, now: MonotonicTime) {
        let kept = self.gatekeeper.kept();
        let sent: Vec<(&str, u64)> = seen
            .iter()
            .filter(|one| Organization::new(&*one.organization).is_some())
            .map(|one| {
                let requests = one.classes.iter().map(|counts| counts.requests).sum();
                (&*one.organization, requests)
            })
            .collect();
        let changes =
            self.list.look(&sent, |name| limits.names(name), |name| kept.contains(name), now);
        for name in &changes.dropped {
            self.watched.remove(name);
            self.gatekeeper.unwatch(name);
        }
        for name in changes.added {
            if let Some(organization) = Organization::new(&*name) {
                let subject = organization.subject();
                self.watched.insert(name, Watched { subject });
            }
        }
        // Each time, as other limits may have begun to count anew. Without it one that is not among
        // the largest would seem to send nothing.
        self.watched.keys().for_each(|name| self.gatekeeper.watch(name));
    }
}

/// Tells how many results came and failed; nothing in a round without any.
fn count_results(
    round: &mut Round,
    at: Timestamp,
    subject: &Subject,
    signals: ResultSignals,
    all: &Counts,
) {
    if all.results > 0 {
        let share = 100.0 * all.errors as f64 / all.results as f64;
        round.observe(at, subject, signals.share, share);
    }
    // A failure may be taken a round later than its result.
    if all.results > 0 || all.errors > 0 {
        round.observe(at, subject, signals.counted, all.results as f64);
        round.observe(at, subject, signals.failed, all.errors as f64);
    }
}

fn observe(
    round: &mut Round,
    at: Timestamp,
    subject: &Subject,
    limits: &Limits,
    classes: &[Counts],
    seconds: f64,
    hears_ends: bool,
) {
    let mut all = Counts::default();
    let (mut batch, mut interactive) = (0, 0);
    for (class, counts) in limits.classes().iter().zip(classes) {
        all.add(counts);
        match class.kind {
            ClassKind::Batch => batch += counts.requests,
            ClassKind::Interactive => interactive += counts.requests,
        }
    }
    for (signal, count) in [
        ("organization.batch", batch),
        ("organization.interactive", interactive),
        ("organization.bytes", all.bytes),
        ("organization.refused", all.refused),
        ("organization.paused", all.paused),
        ("organization.would_be_refused", all.would_be_refused),
    ] {
        round.observe(at, subject, signal, count as f64 / seconds);
    }
    // Without reports it is not known.
    if hears_ends {
        round.observe(at, subject, "organization.under_way", all.in_flight as f64);
        round.observe(at, subject, "organization.results", all.results as f64 / seconds);
    }
    count_results(round, at, subject, ORGANIZATION_RESULTS, &all);
    if let Some(latency) = all.latencies.quantile(0.95) {
        round.observe(at, subject, "organization.latency", latency.as_secs_f64() * 1e3);
        round.latencies.push((subject.clone(), all.latencies));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(round: &Round, signal: &str) -> Option<f64> {
        let mut observations = round.observations.iter();
        observations.find(|one| one.signal.as_str() == signal).map(|one| one.value)
    }

    #[test]
    fn results_and_failures_are_counted_in_each_round_that_has_some() {
        let text = include_str!("../../../ops/protection/limits.md");
        let limits = Limits::parse("limits.md", text).unwrap();
        let gatekeeper = Arc::new(Gatekeeper::new(Arc::new(limits), Clock::start()));
        let mut collector = GateCollector {
            gatekeeper: Arc::clone(&gatekeeper),
            clock: gatekeeper.clock(),
            subject: "gate:gate@web-1".parse().unwrap(),
            taken_at: None,
            list: Watchlist::new(MOST),
            watched: BTreeMap::new(),
            baseline: Baseline::default(),
            traffic: Traffic::default(),
        };
        let mut round = |second| collector.round(Timestamp::from_secs(second));
        round(0);
        gatekeeper.take_one("acme", false);
        round(1);
        for failed in [false, true, false, false, true] {
            gatekeeper.take_one("acme", failed);
        }
        let found = round(2);
        for signals in [GATE_RESULTS, ORGANIZATION_RESULTS] {
            let counts = (value(&found, signals.counted), value(&found, signals.failed));
            assert_eq!(counts, (Some(5.0), Some(2.0)), "{signals:?}");
            assert_eq!(value(&found, signals.share), Some(40.0));
        }
        let silent = round(3);
        assert_eq!(value(&silent, GATE_RESULTS.rate), Some(0.0));
        assert_eq!(value(&silent, GATE_RESULTS.counted), None);
    }
}
