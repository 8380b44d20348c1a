//! Measures and safe mode as they take effect at the gate.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::atomic::{AtomicI64, Ordering::Relaxed},
};

use domain::{
    protection::{Protection, SafeModeStage},
    time::{MonotonicTime, Now, Span},
};
use policy::limits::{Class, Classification, Limits, Organization, Quota, Rate};

/// The most refusals that a calm time earns in advance.
const MOST_EARNED: i64 = 50;

/// Measures and safe mode, looked up for each request.
#[derive(Debug, Default)]
pub(super) struct Imposed {
    /// By the name of the organization.
    limits: HashMap<Box<str>, Vec<ImposedLimit>>,
    /// The stage of safe mode, if it is in force.
    pub safe_mode: Option<SafeModeStage>,
    /// Overrides of plans by the name of the organization.
    overrides: HashMap<Box<str>, ImposedPlan>,
}

/// A plan that an organization has for a time. It ends here too when its time is over, whatever
/// happens to the database.
#[derive(Clone, Debug)]
struct ImposedPlan {
    plan: Box<str>,
    ends_at: MonotonicTime,
}

/// A limit of the agent for one class. It ends here too when its time is over, whatever happens to
/// the database.
#[derive(Clone, Copy, Debug)]
struct ImposedLimit {
    class: usize,
    quota: Quota,
    ends_at: MonotonicTime,
}

impl Imposed {
    /// The measures in force whose classes the limits name. What is left of their time runs on the
    /// monotonic clock, so that a clock that is set back makes none longer.
    pub fn of(protection: &Protection, limits: &Limits, now: Now) -> Self {
        let mut imposed = Self {
            safe_mode: protection.safe_mode.as_ref().map(|one| one.stage),
            ..Self::default()
        };
        for one in protection.in_effect() {
            let measure = &one.measure;
            let longest = measure.until.since(one.began_at);
            let left = measure.until.since(now.wall).min(longest);
            let class = limits.classes().iter().find(|class| class.name == measure.requests.class);
            let Some(class) = class.filter(|_| left > Span::ZERO) else { continue };
            let name = measure.requests.organization.name();
            imposed.limits.entry(name.into()).or_default().push(ImposedLimit {
                class: class.id.index(),
                quota: quota(measure.rate),
                ends_at: now.mono.plus(left),
            });
        }
        for one in &protection.overrides {
            // Like that of a measure, its time runs on the monotonic clock from here on.
            let left = one.until.since(now.wall).min(one.until.since(one.began_at));
            if left > Span::ZERO {
                let plan = ImposedPlan { plan: (*one.plan).into(), ends_at: now.mono.plus(left) };
                imposed.overrides.insert(one.organization.name().into(), plan);
            }
        }
        imposed
    }

    /// The plan by which a person has overridden that of an organization.
    pub fn overriding(&self, organization: &str, now: MonotonicTime) -> Option<&str> {
        if self.overrides.is_empty() {
            return None;
        }
        let one = self.overrides.get(organization).filter(|one| now < one.ends_at)?;
        Some(&one.plan)
    }

    /// True if there is any limit.
    pub fn has_limits(&self) -> bool {
        !self.limits.is_empty()
    }

    /// The limit of an organization for a class.
    pub fn quota(&self, organization: &str, class: &Class, now: MonotonicTime) -> Option<Quota> {
        let limits = self.limits.get(organization)?;
        let is_this = |one: &&ImposedLimit| one.class == class.id.index() && now < one.ends_at;
        limits.iter().find(is_this).map(|one| one.quota)
    }

    /// True if safe mode lets a request pass.
    pub fn passes_safe_mode(
        &self,
        limits: &Limits,
        classification: Option<&Classification<'_>>,
        organization: Option<&Organization<'_>>,
    ) -> bool {
        let Some(stage) = self.safe_mode else { return true };
        let is_critical = classification.is_some_and(|one| one.is_critical);
        let keeps_writing = organization.is_some_and(|one| limits.automation().keeps_writing(one));
        is_critical
            || keeps_writing
            || match stage {
                SafeModeStage::ReadOnly => false,
                SafeModeStage::Interactive => classification.is_some_and(|one| one.is_interactive),
            }
    }
}

/// The quota of a rate in requests per second, with a burst of one second.
fn quota(rate: f64) -> Quota {
    let at_least_one = |value: f64| NonZeroU32::new(value as u32).unwrap_or(NonZeroU32::MIN);
    Quota {
        rate: Rate { requests: at_least_one((rate * 60.0).round()), per: Span::from_mins(1) },
        burst: at_least_one(rate.ceil()),
        at_a_time: None,
    }
}

/// The share of all requests that the agent may refuse, as a budget: each request earns a part of a
/// refusal.
#[derive(Debug, Default)]
pub(super) struct RefusalBudget {
    /// In hundredths of a refusal.
    earned: AtomicI64,
}

impl RefusalBudget {
    /// Takes a request into account.
    pub fn earn(&self, percent: u8) {
        let most = MOST_EARNED * 100;
        let _ = self.earned.fetch_update(Relaxed, Relaxed, |earned| {
            (earned < most).then(|| (earned + i64::from(percent)).min(most))
        });
    }

    /// Takes a refusal; false if none is left.
    pub fn spend(&self) -> bool {
        self.earned
            .fetch_update(Relaxed, Relaxed, |earned| {
                earned.checked_sub(100).filter(|left| *left >= 0)
            })
            .is_ok()
    }

    /// Gives a refusal back that was not needed.
    pub fn give_back(&self) {
        self.earned.fetch_add(100, Relaxed);
    }

    /// Begins anew without a refusal.
    pub fn reset(&self) {
        self.earned.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_becomes_a_quota_that_never_is_nothing() {
        for (rate, requests, burst) in [(15.0, 900, 15), (0.1, 6, 1), (0.0, 1, 1), (2.5, 150, 3)] {
            let quota = quota(rate);
            assert_eq!((quota.rate.requests.get(), quota.burst.get()), (requests, burst));
        }
    }

    #[test]
    fn only_what_is_critical_passes_and_then_what_somebody_waits_for_however_it_is_written() {
        let limits = include_str!("../../../ops/protection/limits.md");
        let limits = Limits::parse("protection/limits.md", limits).unwrap();
        let passes = |stage, method: &str, uri: &str| {
            let imposed = Imposed { safe_mode: Some(stage), ..Imposed::default() };
            imposed.passes_safe_mode(&limits, limits.classify(method, uri).as_ref(), None)
        };
        for (method, uri, read_only, interactive) in [
            ("GET", "/orders", true, true),
            ("POST", "/login", true, true),
            ("POST", "/orders", false, true),
            ("POST", "/uploads", false, false),
            ("POST", "/%75pload", false, false),
            ("POST", "/%2575pload", false, false),
            ("POST", "//upload", false, false),
            ("TRACE", "/orders", false, false),
        ] {
            assert_eq!(passes(SafeModeStage::ReadOnly, method, uri), read_only, "{method} {uri}");
            assert_eq!(
                passes(SafeModeStage::Interactive, method, uri),
                interactive,
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn no_more_than_the_share_is_refused() {
        let budget = RefusalBudget::default();
        let mut refused = 0;
        for _ in 0..1_000 {
            budget.earn(20);
            if budget.spend() {
                refused += 1;
            }
        }
        assert_eq!(refused, 200);
        assert!(!budget.spend());
        (0..100_000).for_each(|_| budget.earn(20));
        let burst = std::iter::repeat_with(|| budget.spend()).take_while(|spent| *spent).count();
        assert_eq!(burst, 50);
        budget.give_back();
        assert!(budget.spend() && !budget.spend());
        budget.earn(100);
        budget.reset();
        assert!(!budget.spend());
    }
}
