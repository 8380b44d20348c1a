//! Plans, and organizations that have one of their own.

use std::{collections::BTreeMap, fmt};

use domain::time::Timestamp;

use crate::limits::{class::ClassId, quota::Quota};

/// Whether a limit refuses requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitState {
    /// Nothing is counted against it.
    Off,
    /// What it would have refused is counted, and passes.
    Observe,
    /// What is above it is refused.
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
    /// Whether requests above it are refused.
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
    /// When it ends; `None` for never.
    pub until: Option<Timestamp>,
}

/// The limit of an organization for a class, whatever its plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// The limit.
    pub limit: Limit,
    /// When it ends; `None` for never.
    pub until: Option<Timestamp>,
}

/// What the document says of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnLimits {
    /// Its plan; `None` for the one that others name.
    pub plan: Option<OwnPlan>,
    /// Its overrides by class.
    pub overrides: BTreeMap<ClassId, Override>,
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

    /// The limit in force: the organization's override, else that of its plan in the document, else
    /// that of the plan that is named, else that of the default plan. A plan that is not in the
    /// document is as good as none.
    pub fn limit(
        &self,
        plan: Option<&str>,
        organization: &str,
        class: ClassId,
        now: Timestamp,
    ) -> Option<Limit> {
        let own = self.organizations.get(organization);
        let exception = own.and_then(|own| own.overrides.get(&class));
        if let Some(exception) = exception.filter(|one| is_in_force(one.until, now)) {
            return Some(exception.limit);
        }
        let of_document = own
            .and_then(|own| own.plan)
            .filter(|plan| is_in_force(plan.until, now))
            .map(|plan| plan.plan);
        let place = of_document
            .or_else(|| plan.and_then(|name| self.place(name)))
            .or_else(|| self.place(PlanName::DEFAULT))?;
        self.plans.get(place)?.limits.get(&class).copied()
    }
}
