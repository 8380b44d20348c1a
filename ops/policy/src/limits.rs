//! The limits that protect the product: `ops/protection/limits.md`, read into types.
//!
//! What a request needs is computed when the document is read. A request allocates nothing but the
//! name of its organization, and that only where the name is not written in the request as it is.

mod automation;
mod capacity;
mod cells;
mod class;
mod organization;
mod path;
mod plan;
mod quota;
mod read;
mod source;
#[cfg(test)]
mod tests;

pub use automation::{Automation, SafeModeEntry};
pub use capacity::BatchCapacity;
pub use class::{Class, ClassId, ClassKind, Classification, Methods, PathPattern};
pub use organization::Organization;
pub use plan::{Limit, LimitState, NamedPlans, Override, OwnLimits, OwnPlan, Plan, PlanName};
pub use quota::{BadRate, Quota, Rate};
pub use source::{HeaderName, HostPattern, KeyPattern, OrganizationSource, SegmentPattern};

use domain::{hash::Hash, protection::PlanSource, time::Timestamp};
use sha2::{Digest, Sha256};

use crate::{
    diagnostic::Diagnostic,
    limits::{plan::Plans, read::Contents},
};

/// The limits in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    version: Hash,
    sources: Vec<OrganizationSource>,
    classes: Vec<Class>,
    plans: Plans,
    batch: Option<BatchCapacity>,
    automation: Automation,
}

impl Limits {
    /// Reads the document. `file` is how errors name it. All problems are told, in the order of
    /// their places.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let Contents { sources, classes, plans, batch, automation } = read::read(file, text)?;
        let version = Hash(Sha256::digest(text.as_bytes()).into());
        Ok(Self { version, sources, classes, plans, batch, automation })
    }

    /// SHA-256 of the document's bytes.
    pub fn version(&self) -> Hash {
        self.version
    }

    /// The places of an organization's name, the first one that has a name counts.
    pub fn sources(&self) -> &[OrganizationSource] {
        &self.sources
    }

    /// The classes in the order of the document.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// A class of this version of the document.
    pub fn class(&self, id: ClassId) -> Option<&Class> {
        self.classes.get(id.index())
    }

    /// The plans in the order of the document.
    pub fn plans(&self) -> &[Plan] {
        &self.plans.plans
    }

    /// The rows about single organizations, by name.
    pub fn organizations(&self) -> impl Iterator<Item = (&str, &OwnLimits)> {
        self.plans.organizations.iter().map(|(name, own)| (name.as_str(), own))
    }

    /// True if the document names an organization.
    pub fn names(&self, organization: &str) -> bool {
        self.plans.organizations.contains_key(organization)
    }

    /// The plan that an organization has in the document.
    pub fn plan(&self, own: OwnPlan) -> Option<&Plan> {
        self.plans.plans.get(own.plan)
    }

    /// The class of a request, from its method and its target (`/upload/1?x=y`); `None` if none
    /// fits. The work is linear in the length of the target.
    pub fn classify(&self, method: &str, uri: &str) -> Option<Classification<'_>> {
        class::classify(&self.classes, method, uri)
    }

    /// The organization that a request is for, from its host, its target and its headers; `None` if
    /// it names none, or one that can't be a name.
    pub fn organization<'a>(
        &self,
        host: Option<&'a str>,
        uri: &'a str,
        header: impl Fn(&str) -> Option<&'a str>,
    ) -> Option<Organization<'a>> {
        self.sources.iter().find_map(|source| source.find(host, uri, &header))
    }

    /// The limit of an organization for a class at a time; `None` if it is not limited. An override
    /// counts before the document's row for the class, and that row before every other plan.
    pub fn limit(
        &self,
        named: NamedPlans<'_>,
        organization: &Organization<'_>,
        class: ClassId,
        now: Timestamp,
    ) -> Option<Limit> {
        self.plans.limit(named, organization.as_str(), class, now)
    }

    /// The plan of an organization at a time, and where it comes from; no plan if the document does
    /// not even have a default one.
    pub fn plan_of(
        &self,
        named: NamedPlans<'_>,
        organization: &Organization<'_>,
        now: Timestamp,
    ) -> (PlanSource, Option<&Plan>) {
        let (source, place) = self.plans.in_force(named, organization.as_str(), now);
        (source, place.and_then(|place| self.plans.plans.get(place)))
    }

    /// True if the document has a plan.
    pub fn has_plan(&self, name: &str) -> bool {
        self.plans.place(name).is_some()
    }

    /// The part of the capacity that batch requests may take; `None` if that is not bounded.
    pub fn batch_capacity(&self) -> Option<BatchCapacity> {
        self.batch
    }

    /// Bounds of what the agent does without a person.
    pub fn automation(&self) -> &Automation {
        &self.automation
    }
}
