//! The gate: reverse proxies ask whether a request may pass, organization by organization.
//!
//! Limits fail open: a request that can't be understood, is in no class or names no organization
//! passes, and the recipes in `ops/protection/gate/` let requests pass while nobody answers.

pub(crate) mod access_log;
mod answer;
mod followed;
mod imposed;
mod listener;
mod question;
mod report;
mod section;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use domain::{
    protection::{ClassTraffic, Protection, SafeModeStage},
    time::{MonotonicTime, Span},
};
use engine::{
    gate::{
        AssignedPlans, BatchBound, Config, Decision, Enforcement, Exceeded, Gate, Reported,
        Verdict, Window,
    },
    impact::OrganizationMinute,
};
use policy::limits::{
    Class, ClassKind, Classification, Limit, LimitState, Limits, NamedPlans, Organization, Quota,
};

use crate::clock::Clock;

pub use access_log::follow_access_log;
pub use listener::{GateError, GateListener, check_token};
pub use section::{GateAddress, KEYS, Settings};

use answer::{Answer, Held, Refusal};
use followed::Followed;
use imposed::{Imposed, RefusalBudget};
use question::Question;

/// A request whose end was not heard counts as under way for this long.
const SLOT_LIFETIME: Span = Span::from_mins(1);
/// The greatest age of the last reported end for ends to count as reported.
const ENDS_WITHIN: Span = Span::from_mins(5);
/// The time after which no request counts as under way whose end was missed: 8/7 of its lifetime.
const FORGOTTEN_AFTER: Span = Span::from_secs(70);
/// Organizations with counts of their own; further ones share some.
const MOST_ORGANIZATIONS: usize = 100_000;
/// Counts that all further organizations share.
const COMMON: usize = 1_024;
/// Histograms of latencies: about 4 MiB in all.
const HISTOGRAMS: usize = 2_000;
/// Traffic that was seen longer ago than this says nothing about now.
const TRAFFIC_WITHIN: Span = Span::from_secs(5);
/// Organizations that are looked at each second for each of most requests, bytes and refusals.
const LISTED: usize = 50;

/// The limits in force, and the counts of the classes that they name.
#[derive(Debug)]
struct InForce {
    limits: Arc<Limits>,
    counts: Arc<Gate>,
    imposed: Imposed,
    /// The plans that are set.
    assigned: AssignedPlans,
}

/// Traffic of the organizations that are watched: by class, and all of their last minute.
#[derive(Clone, Debug)]
struct Traffic {
    seen_at: MonotonicTime,
    classes: Arc<Vec<ClassTraffic>>,
    minutes: Arc<Vec<OrganizationMinute>>,
}

/// The limits in force and what was counted.
#[derive(Debug)]
pub struct Gatekeeper {
    in_force: RwLock<Arc<InForce>>,
    clock: Clock,
    key: [u64; 2],
    /// The time of the last reported end, in microseconds; zero for never.
    ended: AtomicU64,
    /// True while ends can't be heard.
    is_blind: AtomicBool,
    /// Until when nobody knows how many requests are under way, in microseconds.
    uncertain_until: AtomicU64,
    /// Measures and safe mode as the journal tells them. Held while they are put in force.
    protection: Mutex<Protection>,
    budget: RefusalBudget,
    /// The proxy's access log, which then tells all results.
    followed: Option<Followed>,
    traffic: Mutex<Option<Traffic>>,
    /// Organizations that stay watched.
    kept: Mutex<Arc<BTreeSet<String>>>,
}

impl Gatekeeper {
    /// Begins without a count.
    pub fn new(limits: Arc<Limits>, clock: Clock) -> Self {
        // Without random numbers nothing else starts either.
        let random = || getrandom::u64().unwrap_or_default();
        let key = [random(), random()];
        let counts = counts(&limits, key);
        Self {
            in_force: RwLock::new(Arc::new(InForce {
                limits,
                counts,
                imposed: Imposed::default(),
                assigned: AssignedPlans::new(key),
            })),
            clock,
            key,
            ended: AtomicU64::new(0),
            is_blind: AtomicBool::new(false),
            uncertain_until: AtomicU64::new(0),
            protection: Mutex::default(),
            budget: RefusalBudget::default(),
            traffic: Mutex::default(),
            kept: Mutex::default(),
            followed: None,
        }
    }

    /// Takes results from the access log at this path, if there is one, by [`follow_access_log`].
    #[must_use]
    pub fn with_access_log(self, path: Option<PathBuf>) -> Self {
        Self { followed: path.map(Followed::new), ..self }
    }

    /// Sentences about the access log that is followed, for the health page.
    pub fn notes(&self) -> Vec<String> {
        let now = self.clock.now().mono;
        self.followed.as_ref().map(|followed| followed.notes(now)).unwrap_or_default()
    }

    /// Puts other limits in force. Quotas stay used as far as they are, unless the classes are
    /// others.
    pub fn set_limits(&self, limits: Arc<Limits>) {
        let protection = self.protection.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.in_force();
        if before.limits.version() == limits.version() {
            return;
        }
        let names = |limits: &Limits| -> Vec<String> {
            limits.classes().iter().map(|class| class.name.clone()).collect()
        };
        let counts = if names(&before.limits) == names(&limits) {
            for (name, _) in before.limits.organizations() {
                before.counts.unpin(name);
            }
            pin(&limits, &before.counts);
            Arc::clone(&before.counts)
        } else {
            counts(&limits, self.key)
        };
        self.put_in_force(limits, counts, before.assigned.clone(), &protection);
    }

    /// Puts measures and safe mode in force, as the journal tells them.
    pub fn set_protection(&self, next: &Protection) {
        let mut protection = self.protection.lock().unwrap_or_else(PoisonError::into_inner);
        if *protection == *next {
            return;
        }
        if protection.measures.is_empty() {
            self.budget.reset();
        }
        protection.clone_from(next);
        let before = self.in_force();
        let (limits, counts) = (Arc::clone(&before.limits), Arc::clone(&before.counts));
        self.put_in_force(limits, counts, before.assigned.clone(), &protection);
    }

    /// Sets the plans of organizations, or removes them, as the journal tells them.
    pub fn assign_plans<'a>(&self, plans: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) {
        let protection = self.protection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut plans = plans.into_iter().peekable();
        if plans.peek().is_none() {
            return;
        }
        let before = self.in_force();
        let mut assigned = before.assigned.clone();
        for (organization, plan) in plans {
            assigned.set(organization, plan);
        }
        let (limits, counts) = (Arc::clone(&before.limits), Arc::clone(&before.counts));
        self.put_in_force(limits, counts, assigned, &protection);
    }

    fn put_in_force(
        &self,
        limits: Arc<Limits>,
        counts: Arc<Gate>,
        assigned: AssignedPlans,
        protection: &Protection,
    ) {
        let imposed = Imposed::of(protection, &limits, self.clock.now());
        let next = Arc::new(InForce { limits, counts, imposed, assigned });
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// Notes the traffic of the organizations that are watched.
    pub fn note_traffic(&self, classes: Vec<ClassTraffic>, minutes: Vec<OrganizationMinute>) {
        let seen_at = self.clock.now().mono;
        let (classes, minutes) = (Arc::new(classes), Arc::new(minutes));
        let seen = Some(Traffic { seen_at, classes, minutes });
        *self.traffic.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// The traffic of the organizations that are watched; `None` if it was not seen just now.
    pub fn traffic(&self) -> Option<Arc<Vec<ClassTraffic>>> {
        self.seen_traffic().map(|seen| seen.classes)
    }

    /// Their last minute; `None` if it was not seen just now.
    pub fn minutes(&self) -> Option<Arc<Vec<OrganizationMinute>>> {
        self.seen_traffic().map(|seen| seen.minutes)
    }

    /// Says which organizations are to stay watched although others send more.
    pub fn keep_watched(&self, organizations: BTreeSet<String>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(organizations);
    }

    /// Organizations that are to stay watched.
    pub fn kept(&self) -> Arc<BTreeSet<String>> {
        Arc::clone(&self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn seen_traffic(&self) -> Option<Traffic> {
        let now = self.clock.now().mono;
        let seen = self.traffic.lock().unwrap_or_else(PoisonError::into_inner).clone();
        seen.filter(|seen| now.since(seen.seen_at) <= TRAFFIC_WITHIN)
    }

    /// The clock of all counts.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Decides about a request, and counts it. The stage of safe mode, if it is in force, is the
    /// one by which it was decided.
    fn ask(&self, question: &Question<'_>) -> (Answer, Option<SafeModeStage>) {
        let in_force = self.in_force();
        (self.decide(&in_force, question), in_force.imposed.safe_mode)
    }

    fn decide(&self, in_force: &InForce, question: &Question<'_>) -> Answer {
        let InForce { limits, counts, imposed, assigned } = in_force;
        let classification = limits.classify(question.method, question.uri);
        let organization = organization_of(limits, question);
        if !imposed.passes_safe_mode(limits, classification.as_ref(), organization.as_ref()) {
            if let Some((classification, organization)) = classification.zip(organization) {
                let class = index(classification.class);
                counts.pause(organization.as_str(), class, question.content_length);
            }
            return Answer::Refused(Refusal::SafeMode);
        }
        let Some((Classification { class, .. }, organization)) = classification.zip(organization)
        else {
            return Answer::Passes(None);
        };
        if let Some(most) = class.largest_body.filter(|most| question.content_length > *most) {
            return Answer::Refused(Refusal::TooLarge { most });
        }
        let now = self.clock.now();
        let named = NamedPlans {
            overridden: imposed.overriding(organization.as_str(), now.mono),
            assigned: assigned.plan(organization.as_str()),
            header: question.plan,
        };
        let limit = limits.limit(named, &organization, class.id, now.wall);
        let limit = limit.and_then(|limit| self.enforced(limit, now.mono));
        let measure = imposed.quota(organization.as_str(), class, now.mono);
        let bound = self.batch_bound(limits, class, now.mono);
        let decide = |limit: Option<(Enforcement, Quota)>| {
            let (name, length) = (organization.as_str(), question.content_length);
            match bound {
                Some(bound) => {
                    counts.decide_batch(name, index(class), length, limit, bound, now.mono)
                }
                None => counts.decide(name, index(class), length, limit, now.mono),
            }
        };
        if imposed.has_limits() {
            self.budget.earn(limits.automation().largest_share_percent);
        }
        let Some(quota) = measure.filter(|quota| !is_stricter(limit, quota)) else {
            return answer_of(class, limit.map(|(_, quota)| quota), decide(limit));
        };
        // The agent refuses no more than its share: beyond it, the limit of the document counts if
        // it is on, and otherwise requests pass and are counted.
        let own = limit.filter(|(enforcement, _)| *enforcement == Enforcement::On);
        let may_refuse = self.budget.spend();
        if !may_refuse && let Some((_, quota)) = own {
            return answer_of(class, Some(quota), decide(own));
        }
        let quota = Quota { at_a_time: own.and_then(|(_, quota)| quota.at_a_time), ..quota };
        let enforcement = if may_refuse { Enforcement::On } else { Enforcement::Observe };
        let decision = decide(Some((enforcement, quota)));
        // Only what this measure refused is taken from its share.
        let is_full = decision.verdict == Verdict::Refused(Exceeded::BatchCapacity);
        if may_refuse && (decision.passes() || is_full) {
            self.budget.give_back();
        }
        answer_of(class, Some(quota), decision)
    }

    /// The part of a limit that can be judged: without reports of ends nobody knows how many
    /// requests are under way.
    fn enforced(&self, limit: Limit, now: MonotonicTime) -> Option<(Enforcement, Quota)> {
        let enforcement = enforcement(limit.state)?;
        let at_a_time = limit.quota.at_a_time.filter(|_| self.judges_under_way(now));
        Some((enforcement, Quota { at_a_time, ..limit.quota }))
    }

    /// The bound of batch requests together, for a class of that kind.
    fn batch_bound(
        &self,
        limits: &Limits,
        class: &Class,
        now: MonotonicTime,
    ) -> Option<BatchBound> {
        let capacity = limits.batch_capacity().filter(|_| class.kind == ClassKind::Batch)?;
        let enforcement = enforcement(capacity.state)?;
        let most = Some(capacity.at_a_time).filter(|_| self.judges_under_way(now));
        Some(BatchBound { enforcement, most })
    }

    /// True if it is known how many requests are under way. One that begins while ends can't be
    /// heard seems to be under way long after its end.
    fn judges_under_way(&self, now: MonotonicTime) -> bool {
        if self.is_blind.load(Relaxed) {
            self.miss_ends(now);
        }
        self.hears_ends(now)
    }

    fn hears_ends(&self, now: MonotonicTime) -> bool {
        let (ended, uncertain) = (self.ended.load(Relaxed), self.uncertain_until.load(Relaxed));
        ended > 0
            && now.as_micros() >= uncertain
            && now.since(MonotonicTime::from_micros(ended)) <= ENDS_WITHIN
    }

    /// Notes whether ends can be heard.
    fn set_blind(&self, is_blind: bool) {
        self.is_blind.store(is_blind, Relaxed);
    }

    /// Notes that ends were missed: until their requests are forgotten, limits of what is under way
    /// let everything pass.
    fn miss_ends(&self, now: MonotonicTime) {
        let until = now.plus(FORGOTTEN_AFTER).as_micros();
        self.uncertain_until.store(until, Relaxed);
    }

    /// Takes how long a request waited before its work began.
    fn take_queueing(&self, queued: Span) {
        self.in_force().counts.report_queueing(queued);
    }

    /// Takes the result of a request that has ended, and its end, if its begin was counted.
    fn take_result(&self, question: &Question<'_>, reported: Reported, was_counted: bool) {
        let InForce { limits, counts, .. } = &*self.in_force();
        let Some((class, organization)) = identify(limits, question) else { return };
        if was_counted {
            let now = self.clock.now().mono;
            self.ended.store(now.as_micros().max(1), Relaxed);
            let began = reported.latency.map(|latency| now.minus(latency));
            counts.end(organization.as_str(), index(class), began);
            let has_bound =
                || limits.batch_capacity().is_some_and(|one| one.state != LimitState::Off);
            if class.kind == ClassKind::Batch && has_bound() {
                counts.end_batch(began);
            }
        }
        counts.report(organization.as_str(), index(class), reported);
    }

    /// Counts an organization exactly, and lists it in each window, until [`Self::unwatch`].
    pub fn watch(&self, organization: &str) {
        self.in_force().counts.pin(organization);
    }

    /// Ends [`Self::watch`]. What the document names is always counted exactly.
    pub fn unwatch(&self, organization: &str) {
        let in_force = self.in_force();
        if !in_force.limits.names(organization) {
            in_force.counts.unpin(organization);
        }
    }

    /// The counts since the last call, with the limits that named the classes, and whether ends of
    /// requests are reported.
    pub fn take_window(&self) -> (Arc<Limits>, Window, bool) {
        let in_force = self.in_force();
        let now = self.clock.now().mono;
        let window = in_force.counts.take_window(now);
        (Arc::clone(&in_force.limits), window, self.hears_ends(now))
    }
}

/// True if a limit that is on lets less pass than a measure.
fn is_stricter(limit: Option<(Enforcement, Quota)>, measure: &Quota) -> bool {
    let most = measure.rate.per_second();
    matches!(limit, Some((Enforcement::On, quota)) if quota.rate.per_second() <= most)
}

/// The effect of a state; `None` for none.
const fn enforcement(state: LimitState) -> Option<Enforcement> {
    match state {
        LimitState::Off => None,
        LimitState::Observe => Some(Enforcement::Observe),
        LimitState::On => Some(Enforcement::On),
    }
}

/// Organization of a request.
fn organization_of<'q>(limits: &Limits, question: &Question<'q>) -> Option<Organization<'q>> {
    limits.organization(question.host, question.uri, |name| {
        question.headers.get(name).and_then(|value| value.to_str().ok())
    })
}

/// Class and organization of a request.
fn identify<'l, 'q>(
    limits: &'l Limits,
    question: &Question<'q>,
) -> Option<(&'l Class, Organization<'q>)> {
    let class = limits.classify(question.method, question.uri)?.class;
    Some((class, organization_of(limits, question)?))
}

fn index(class: &Class) -> u8 {
    // A document has fewer classes than that.
    u8::try_from(class.id.index()).unwrap_or(u8::MAX)
}

fn counts(limits: &Limits, key: [u64; 2]) -> Arc<Gate> {
    let counts = Gate::new(&Config {
        slot_lifetimes: vec![SLOT_LIFETIME; limits.classes().len()],
        organizations: MOST_ORGANIZATIONS,
        common: COMMON,
        histograms: HISTOGRAMS,
        listed: LISTED,
        key,
    });
    pin(limits, &counts);
    Arc::new(counts)
}

/// Organizations that the document names are always exact.
fn pin(limits: &Limits, counts: &Gate) {
    for (name, _) in limits.organizations() {
        counts.pin(name);
    }
}

fn answer_of(class: &Class, quota: Option<Quota>, decision: Decision) -> Answer {
    let held = quota.zip(decision.standing).map(|(quota, standing)| Held {
        class: class.name.clone(),
        quota,
        standing,
    });
    match (decision.verdict, held) {
        (Verdict::Refused(Exceeded::BatchCapacity), _) => Answer::Refused(Refusal::Busy),
        (Verdict::Refused(_), Some(held)) => Answer::Refused(Refusal::TooMany(held)),
        (Verdict::Passed | Verdict::WouldBeRefused(_) | Verdict::Refused(_), held) => {
            Answer::Passes(held)
        }
    }
}
