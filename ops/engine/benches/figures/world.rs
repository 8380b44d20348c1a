//! A world with organizations, one trouble and one incident. Requests are decided, counted and
//! assessed by the code of the gate and of the impact; the truth comes from the requests themselves.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    num::NonZeroU32,
};

use domain::{
    actor::Actor,
    breach::BreachKey,
    id::IncidentNumber,
    impact::{Certainty, Effect},
    incident::{Incident, apply},
    journal::{Entry, Event},
    protection::{LimitedRequests, Measure, Protection},
    subject::Subject,
    time::{MonotonicTime, Now, Span},
};
use engine::{
    gate::{Config, Enforcement, Gate, Reported, Window},
    impact::{Assessor, OrganizationMinute, Sample, Scene, Traffic},
    simulation::Random,
};
use policy::limits::{Quota, Rate};

/// As many as an incident names.
const ORGANIZATIONS: usize = 50;
const CLASSES: [&str; 2] = ["writes", "reads"];
const WRITES: u8 = 0;
/// Seconds: the trouble begins, its incident opens within so many more, the trouble ends, and the
/// run.
const TROUBLE: i64 = 60;
const OPENED_WITHIN: f64 = 40.0;
const OVER: i64 = 180;
const END: i64 = 240;
/// A fact that becomes true later has no time to be named: an incident has an entry at most every
/// 10 s.
const TRUE_UNTIL: i64 = END - 15;
/// The share of requests that always fails, everywhere.
const ALWAYS_FAILS: f64 = 0.002;
const NUMBER: IncidentNumber = IncidentNumber(1);

/// An effect on an organization, by its number.
pub type Affected = BTreeSet<(usize, Effect)>;

/// Everything that an incident named in its whole course, by certainty.
#[derive(Debug, Default)]
pub struct Named {
    pub known: Affected,
    pub likely: Affected,
}

impl Named {
    pub fn take(&mut self, organization: usize, effect: Effect, certainty: Certainty) {
        let named = match certainty {
            Certainty::Known => &mut self.known,
            Certainty::Likely => &mut self.likely,
        };
        named.insert((organization, effect));
    }
}

/// The trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requests of some organizations fail.
    Failing,
    /// Requests of some organizations take much longer.
    Slow,
    /// Limits of the agent are in force for some organizations.
    Limited,
    /// Safe mode refuses all writes.
    ReadOnly,
    /// An endpoint fails that most organizations use; of many of them no results are reported.
    Endpoint,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Failing, Self::Slow, Self::Limited, Self::ReadOnly, Self::Endpoint];

    /// The subject and the signal of the incident.
    const fn problem(self) -> (&'static str, &'static str) {
        match self {
            Self::Failing | Self::ReadOnly => ("app:api@web-1", "app.up"),
            Self::Slow => ("host:web-1", "host.pressure.cpu"),
            Self::Limited => ("gate:gate@web-1", "gate.queueing"),
            Self::Endpoint => ("endpoint:checkout", "endpoint.up"),
        }
    }
}

/// A request as it really was.
#[derive(Clone, Copy, Debug)]
struct Request {
    second: i64,
    failed: bool,
    micros: u64,
    reported: bool,
}

/// Requests of the last minute.
type Minute = VecDeque<Request>;

struct Organization {
    subject: Subject,
    rate: f64,
    /// The median of its latencies in milliseconds.
    pace: f64,
    reports: bool,
    has_trouble: bool,
    /// The share of its requests that go to the endpoint.
    uses: f64,
    next: f64,
    minute: Minute,
    /// Latencies before the trouble in microseconds.
    before: Vec<u64>,
}

/// The truth.
#[derive(Debug, Default)]
pub struct Truth {
    /// Effects that can be counted: of organizations whose results are reported, and refusals.
    pub counted: Affected,
    /// Organizations of which at least one request failed because of the trouble.
    pub failed: Affected,
}

impl Truth {
    fn count(&mut self, organization: usize, effect: Effect, second: i64) {
        if second < TRUE_UNTIL {
            self.counted.insert((organization, effect));
        }
    }
}

/// See the module.
pub struct World {
    kind: Kind,
    random: Random,
    organizations: Vec<Organization>,
    gate: Gate,
    traffic: Traffic,
    assessor: Assessor,
    incident: Option<Incident>,
    protection: Protection,
    /// The share of failures, or the factor of latencies.
    force: f64,
    opens: i64,
    named: Named,
    truth: Truth,
}

fn now(second: i64) -> Now {
    let mono = MonotonicTime::from_micros(1_000_000_000);
    let since = Span::from_secs(second.unsigned_abs());
    Now { wall: fixtures::at(second), mono: mono.plus(since) }
}

/// The value that a share of the values does not exceed; exact.
fn quantile(values: &mut [u64], share: f64) -> u64 {
    values.sort_unstable();
    let place = (values.len() as f64 * share).ceil() as usize;
    values.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

impl World {
    pub fn new(kind: Kind, seed: u64) -> Self {
        let mut random = Random::new(seed, kind as u64);
        let troubled = 0.05 + 0.35 * random.share();
        let unused = 0.15 * random.share();
        let reporting = if kind == Kind::Endpoint { 0.4 } else { 0.8 };
        let organizations: Vec<Organization> = (0..ORGANIZATIONS)
            .filter_map(|number| {
                let never = random.share() < unused;
                Some(Organization {
                    subject: format!("organization:customer-{number}").parse().ok()?,
                    // From 0.3 to 10 requests a second: few have many.
                    rate: 0.3 * (10.0_f64 / 0.3).powf(random.share()),
                    pace: 50.0 + 150.0 * random.share(),
                    reports: random.share() < reporting,
                    has_trouble: random.share() < troubled,
                    uses: if never { 0.0 } else { 0.05 + 0.55 * random.share() },
                    next: random.share(),
                    minute: Minute::new(),
                    before: Vec::new(),
                })
            })
            .collect();
        let gate = Gate::new(&Config {
            slot_lifetimes: vec![Span::from_mins(1); CLASSES.len()],
            organizations: 1_000,
            common: 64,
            histograms: 1_000,
            listed: 50,
            key: [seed, 1],
        });
        organizations.iter().for_each(|one| gate.pin(one.subject.name()));
        Self {
            kind,
            force: match kind {
                Kind::Slow => 10.0 + 20.0 * random.share(),
                _ => 0.2 + 0.8 * random.share(),
            },
            opens: TROUBLE + 1 + (OPENED_WITHIN * random.share()) as i64,
            random,
            organizations,
            gate,
            traffic: Traffic::default(),
            assessor: Assessor::default(),
            incident: None,
            protection: Protection::default(),
            named: Named::default(),
            truth: Truth::default(),
        }
    }

    /// Returns what the incident named, and what was true.
    pub fn run(mut self) -> (Named, Truth) {
        for second in 0..END {
            if second == self.opens {
                self.open(second);
            }
            for number in 0..self.organizations.len() {
                self.send(number, second);
            }
            self.assess(second + 1);
        }
        (self.named, self.truth)
    }

    fn open(&mut self, second: i64) {
        let (subject, signal) = self.kind.problem();
        let breach = fixtures::breach().on(subject).signal(signal).build();
        let incident = fixtures::incident(NUMBER.0).cause(subject).of([breach]);
        self.incident = Some(incident.opened(fixtures::at(second)).build());
        match self.kind {
            Kind::Limited => {
                let limited = self.organizations.iter().filter(|one| one.has_trouble);
                let events: Vec<Event> = limited.filter_map(|one| self.limit(one)).collect();
                events.into_iter().for_each(|event| self.take(second, event));
            }
            Kind::ReadOnly => {
                let reason = "Writes fail".into();
                self.take(second, Event::SafeModeBegan { incident: Some(NUMBER), reason });
            }
            Kind::Failing | Kind::Slow | Kind::Endpoint => {}
        }
    }

    fn limit(&self, one: &Organization) -> Option<Event> {
        let (subject, signal) = self.kind.problem();
        let class = CLASSES[usize::from(WRITES)].to_owned();
        let measure = Measure {
            requests: LimitedRequests { organization: one.subject.clone(), class },
            rate: 1.0,
            sent: one.rate,
            usual: None,
            because: BreachKey { subject: subject.parse().ok()?, signal: signal.parse().ok()? },
            stage: 0,
            returns: 0,
            until: fixtures::at(END),
        };
        Some(Event::MeasureBegan { incident: NUMBER, measure: Box::new(measure) })
    }

    /// Writes an event: the incident and what is in force follow.
    fn take(&mut self, second: i64, event: Event) {
        let at = fixtures::at(second);
        // An event that does not fit would show in the figures.
        let _ = apply(&mut self.incident, &event, Actor::Agent, at);
        self.protection.take(&Entry { number: 1, at, actor: Actor::Agent, event: Some(event) });
    }

    /// Sends the requests of an organization in a second.
    fn send(&mut self, number: usize, second: i64) {
        while self.organizations[number].next < (second + 1) as f64 {
            let at = self.organizations[number].next;
            let pause = -(1.0 - self.random.share()).ln() / self.organizations[number].rate;
            self.organizations[number].next += pause;
            self.request(number, second, at);
        }
    }

    fn request(&mut self, number: usize, second: i64, at: f64) {
        let micros = 1_000_000_000 + (at * 1e6) as u64;
        let mono = MonotonicTime::from_micros(micros);
        let class = if self.random.share() < 0.3 { WRITES } else { 1 };
        let one = &mut self.organizations[number];
        let name = one.subject.name();
        if class == WRITES && self.protection.safe_mode.is_some() {
            self.gate.pause(name, class, 0);
            self.truth.count(number, Effect::ReadOnly, second);
            return;
        }
        let is_limited = class == WRITES
            && self
                .protection
                .measures
                .iter()
                .any(|it| it.measure.requests.organization == one.subject);
        let rate = Rate { requests: NonZeroU32::MIN, per: Span::from_secs(1) };
        let quota = Quota { rate, burst: NonZeroU32::MIN, at_a_time: None };
        let limit = is_limited.then_some((Enforcement::On, quota));
        if !self.gate.decide(name, class, 0, limit, mono).passes() {
            self.truth.count(number, Effect::Limited, second);
            return;
        }
        let is_on = (TROUBLE..OVER).contains(&second);
        let breaks = is_on
            && match self.kind {
                Kind::Failing => one.has_trouble && self.random.share() < self.force,
                Kind::Endpoint => {
                    self.random.share() < one.uses && self.random.share() < self.force
                }
                Kind::Slow | Kind::Limited | Kind::ReadOnly => false,
            };
        if breaks {
            self.truth.failed.insert((number, Effect::Failing));
        }
        let failed = breaks || self.random.share() < ALWAYS_FAILS;
        // Skewed to the right like most latencies.
        let skew = (1.5 * (self.random.share() + self.random.share() - 1.0)).exp();
        let slower =
            if self.kind == Kind::Slow && one.has_trouble && is_on { self.force } else { 1.0 };
        let micros = (one.pace * skew * slower * 1e3) as u64;
        if second < TROUBLE {
            one.before.push(micros);
        }
        self.gate.end(name, class, Some(mono));
        if one.reports {
            let latency = Some(Span::from_micros(micros));
            self.gate.report(name, class, Reported { failed, latency });
        }
        one.minute.push_back(Request { second, failed, micros, reported: one.reports });
    }

    /// Takes the window that ends now, and assesses the last minute.
    fn assess(&mut self, second: i64) {
        let at = now(second);
        let window = self.gate.take_window(at.mono);
        self.take_minute(&window, second);
        for (number, one) in self.organizations.iter_mut().enumerate() {
            while one.minute.front().is_some_and(|request| request.second < second - 60) {
                one.minute.pop_front();
            }
            if self.incident.is_some() && second <= TRUE_UNTIL {
                let effects = really(&one.minute, &mut one.before);
                self.truth.counted.extend(effects.into_iter().map(|effect| (number, effect)));
            }
        }
        let Some(incident) = self.incident.clone() else { return };
        let minutes = self.minutes();
        let events = self.assessor.decide(&Scene {
            incidents: &[incident],
            protection: &self.protection,
            minutes: Some(&minutes),
            now: at,
        });
        for event in events {
            if let Event::ImpactChanged { impact, .. } = &event {
                for one in &impact.organizations {
                    let is_it = |known: &Organization| known.subject == one.organization;
                    let Some(number) = self.organizations.iter().position(is_it) else { continue };
                    for effect in &one.effects {
                        self.named.take(
                            number,
                            effect.evidence.effect(),
                            effect.evidence.certainty(),
                        );
                    }
                }
            }
            self.take(second, event);
        }
    }

    fn take_minute(&mut self, window: &Window, second: i64) {
        let counted: BTreeMap<&str, _> =
            window.organizations.iter().map(|one| (&*one.organization, &one.classes)).collect();
        for one in &self.organizations {
            let counts = counted.get(one.subject.name()).map_or(&[][..], |counts| &counts[..]);
            let began_at = fixtures::at(second - 1);
            let sample = Sample { classes: &CLASSES, counts, began_at };
            self.traffic.take(&one.subject, &sample, now(second).mono);
        }
    }

    /// The last minute of each, with what is usual.
    fn minutes(&mut self) -> Vec<OrganizationMinute> {
        let mut minutes = self.traffic.minutes();
        for minute in &mut minutes {
            let mut its = self.organizations.iter_mut();
            if let Some(one) = its.find(|one| one.subject == minute.organization) {
                minute.usual = Some(Span::from_micros(quantile(&mut one.before, 0.95)));
            }
        }
        minutes
    }
}

/// The effects that the requests of a minute really had, as far as they were reported: at least
/// three failures that are at least one in twenty, and a 95th percentile of at least a second that
/// is at least three times the usual one, where at least 20 are known.
fn really(minute: &Minute, before: &mut [u64]) -> Vec<Effect> {
    let reported = || minute.iter().filter(|request| request.reported);
    let (all, failed) = (reported().count(), reported().filter(|request| request.failed).count());
    let mut effects = Vec::new();
    if failed >= 3 && failed * 20 >= all {
        effects.push(Effect::Failing);
    }
    if all >= 20 && reported().any(|request| request.micros >= 1_000_000) {
        let mut latencies: Vec<u64> = reported().map(|request| request.micros).collect();
        let at_95 = quantile(&mut latencies, 0.95);
        if at_95 >= 1_000_000 && at_95 >= 3 * quantile(before, 0.95) {
            effects.push(Effect::Slow);
        }
    }
    effects
}
