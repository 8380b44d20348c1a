//! Plans, and organizations that have one of their own.

use std::{collections::BTreeMap, fmt};

use domain::{protection::PlanSource, time::Timestamp};

use crate::limits::{class::ClassId, quota::Quota};

/// The states of a limit: it refuses requests, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitState {
    /// Nothing is counted against it.
    Off,
    /// Requests above it are counted, and pass.
    Observe,
    /// Requests above it are refused.
    On,
}

impl LimitState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Observe, Self::On];

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::On => "on",
        }
    }
}

/// A quota, and whether requests above it are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// True if requests above it are refused.
    pub state: LimitState,
    /// The quota.
    pub quota: Quota,
}

/// The name of a plan: lower-case words joined by `-` or `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanName(String);

impl PlanName {
    /// The plan of every organization without another one.
    pub const DEFAULT: &str = "default";

    /// From a name that was checked.
    pub(super) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The limits of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// Its limits by class, in the order of the classes; the others are not limited.
    pub limits: BTreeMap<ClassId, Limit>,
}

/// The plan of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnPlan {
    /// The place of the plan in the document.
    pub(super) plan: usize,
    /// Time at which it ends; `None` for never.
    pub until: Option<Timestamp>,
}

/// The limit of an organization for a class, whatever its plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// The limit.
    pub limit: Limit,
    /// Time at which it ends; `None` for never.
    pub until: Option<Timestamp>,
}

/// The rows of an organization in the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnLimits {
    /// Its plan; `None` for the one that others name.
    pub plan: Option<OwnPlan>,
    /// Its overrides by class.
    pub overrides: BTreeMap<ClassId, Override>,
}

/// The plans that are named for an organization outside of the document.
///
/// What was written down by someone who is known counts before what comes with a request: a proxy
/// that forgets to remove the header of a client must not undo what was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamedPlans<'a> {
    /// By an override in force.
    pub overridden: Option<&'a str>,
    /// By the plan that is set.
    pub assigned: Option<&'a str>,
    /// By the header of the request.
    pub header: Option<&'a str>,
}

fn is_in_force(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}

/// Every limit of the document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plans {
    /// In the order of the document.
    pub plans: Vec<Plan>,
    /// By name.
    pub organizations: BTreeMap<String, OwnLimits>,
}

impl Plans {
    /// The place of a plan.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.plans.iter().position(|plan| plan.name.as_str() == name)
    }

    /// The source of the plan in force, and its place: the override, else the plan that is set,
    /// else that of the organization's row in the document, else that of the header, else the
    /// default plan. An override whose plan is not in the document is as good as none, and so is
    /// such a header; a plan that was set and is not there any more is the default plan.
    pub fn in_force(
        &self,
        named: NamedPlans<'_>,
        organization: &str,
        now: Timestamp,
    ) -> (PlanSource, Option<usize>) {
        let place = |name: Option<&str>| name.and_then(|name| self.place(name));
        if let Some(place) = place(named.overridden) {
            return (PlanSource::Override, Some(place));
        }
        let default = || self.place(PlanName::DEFAULT);
        if named.assigned.is_some() {
            return (PlanSource::Assigned, place(named.assigned).or_else(default));
        }
        let own = self.organizations.get(organization).and_then(|own| own.plan);
        if let Some(own) = own.filter(|own| is_in_force(own.until, now)) {
            return (PlanSource::Document, Some(own.plan));
        }
        match place(named.header) {
            Some(place) => (PlanSource::Header, Some(place)),
            None => (PlanSource::Default, default()),
        }
    }

    /// The limit in force: that of an override, else the document's row for the organization and
    /// the class, else that of the plan in force.
    pub fn limit(
        &self,
        named: NamedPlans<'_>,
        organization: &str,
        class: ClassId,
        now: Timestamp,
    ) -> Option<Limit> {
        let (source, place) = self.in_force(named, organization, now);
        let own = self.organizations.get(organization);
        let row = own
            .and_then(|own| own.overrides.get(&class))
            .filter(|_| source != PlanSource::Override);
        if let Some(row) = row.filter(|one| is_in_force(one.until, now)) {
            return Some(row.limit);
        }
        self.plans.get(place?)?.limits.get(&class).copied()
    }
}
