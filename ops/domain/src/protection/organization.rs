//! Plans of organizations: the one that is set for good, and the override of a person.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    journal::{Entry, EventGroup, ProtectionEvent},
    subject::Subject,
    time::{Span, Timestamp},
};

/// The longest time of an override.
pub const LONGEST_OVERRIDE: Span = Span::from_mins(30 * 24 * 60);
/// The most overrides in force at a time.
pub const MOST_OVERRIDES: usize = 500;

/// The kind of the subjects that organizations are.
const KIND: &str = "organization";
/// The most characters of a name.
const MOST_CHARACTERS: usize = 100;
/// What is left of a subject's 200 bytes after `organization:`.
const MOST_BYTES: usize = 200 - KIND.len() - 1;

/// Whether a text may name an organization: the rule of subjects' names without a host, at most 100
/// characters and 187 bytes. Allocates nothing.
pub fn is_organization_name(name: &str) -> bool {
    let is_short = name.len() <= MOST_BYTES && name.chars().count() <= MOST_CHARACTERS;
    is_short && Subject::is_new_name(name)
}

/// The organization of a name; `None` if nothing may be named so.
pub fn organization_named(name: &str) -> Option<Subject> {
    is_organization_name(name).then(|| format!("{KIND}:{name}").parse().ok()).flatten()
}

/// The organization that a decoded segment of an address names: by its name, or by its whole
/// subject, which is how `..` and names that look like a subject are written.
pub fn organization_of_segment(segment: &str) -> Option<Subject> {
    organization_named(segment.strip_prefix("organization:").unwrap_or(segment))
}

/// The segment of an address that stands for an organization, percent-encoded (RFC 3986). Browsers
/// resolve the segments `.` and `..` even where they are encoded.
pub fn organization_segment(organization: &Subject) -> String {
    let name = organization.name();
    let is_plain = !matches!(name, "." | "..") && !name.starts_with("organization:");
    let text = if is_plain { name } else { organization.as_str() };
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// Where the plan of an organization comes from, the first that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// An override by a person.
    Override,
    /// It was set, by `PUT /api/ops/organizations/{name}`.
    Assigned,
    /// A row of `limits.md`.
    Document,
    /// The header that the proxy sets.
    Header,
    /// Nothing names another one.
    Default,
}

/// The reason why an override ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverrideEnding {
    /// Its time is over.
    Expired,
    /// A person ended it.
    Person,
}

/// The plan that the product's billing, or a person, set for an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AssignedPlan {
    /// Its name; `limits.md` had it when it was set.
    pub plan: String,
    /// The one who set it.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
}

/// Another plan for an organization, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlanOverride {
    /// The organization: `organization:acme`.
    pub organization: Subject,
    /// The name of the plan; `limits.md` had it when it began.
    pub plan: String,
    /// The end.
    pub until: Timestamp,
    /// The reason, in the words of whoever began it.
    pub reason: String,
    /// The one who began it.
    pub by: Actor,
    /// The beginning.
    pub began_at: Timestamp,
}

/// The plans of one organization, as the journal tells them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganizationPlans {
    /// The organization: `organization:acme`.
    pub organization: Subject,
    /// The plan that is set; `None` if none is.
    pub assigned: Option<AssignedPlan>,
    /// The override of which no end is journalled; its time may be over.
    pub overridden: Option<PlanOverride>,
}

impl OrganizationPlans {
    /// Nothing is known of the organization.
    pub const fn none(organization: Subject) -> Self {
        Self { organization, assigned: None, overridden: None }
    }

    /// Takes an entry; entries come in their order, and those about others change nothing.
    pub fn take(&mut self, entry: &Entry) {
        let Some(EventGroup::Protection(event)) = entry.event.as_ref().map(|one| one.group())
        else {
            return;
        };
        match event {
            ProtectionEvent::OrganizationPlanSet { organization, plan }
                if *organization == self.organization =>
            {
                let assigned = |plan: &String| AssignedPlan {
                    plan: plan.clone(),
                    by: entry.actor,
                    at: entry.at,
                };
                self.assigned = plan.as_ref().map(assigned);
            }
            ProtectionEvent::OrganizationOverrideBegun { organization, .. }
                if *organization == self.organization =>
            {
                self.overridden = PlanOverride::begun(entry);
            }
            ProtectionEvent::OrganizationOverrideEnded { organization, .. }
                if *organization == self.organization =>
            {
                self.overridden = None;
            }
            _ => {}
        }
    }

    /// The override in force at a time.
    pub fn override_at(&self, now: Timestamp) -> Option<&PlanOverride> {
        self.overridden.as_ref().filter(|one| now < one.until)
    }
}

impl PlanOverride {
    /// The override that an entry begins.
    pub fn begun(entry: &Entry) -> Option<Self> {
        let EventGroup::Protection(ProtectionEvent::OrganizationOverrideBegun {
            organization,
            plan,
            until,
            reason,
        }) = entry.event.as_ref()?.group()
        else {
            return None;
        };
        Some(Self {
            organization: organization.clone(),
            plan: plan.clone(),
            until: *until,
            reason: reason.clone(),
            by: entry.actor,
            began_at: entry.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::Event,
        protection::{Protection, SafeModeStage},
    };

    fn acme() -> Subject {
        "organization:acme".parse().unwrap()
    }

    fn entry(number: u64, event: Event) -> Entry {
        let at = Timestamp::from_secs(i64::try_from(number).unwrap_or_default());
        Entry { number, at, actor: Actor::Local, event: Some(event) }
    }

    fn begun(organization: Subject, plan: &str, until: i64) -> Event {
        Event::OrganizationOverrideBegun {
            organization,
            plan: plan.to_owned(),
            until: Timestamp::from_secs(until),
            reason: "migration".to_owned(),
        }
    }

    #[test]
    fn plans_are_what_the_journal_tells_of_their_organization() {
        let other: Subject = "organization:globex".parse().unwrap();
        let set = |organization: Subject, plan: Option<&str>| Event::OrganizationPlanSet {
            organization,
            plan: plan.map(str::to_owned),
        };
        let ended = |organization| Event::OrganizationOverrideEnded {
            organization,
            ending: OverrideEnding::Person,
        };
        let mut plans = OrganizationPlans::none(acme());
        let mut protection = Protection::default();
        let mut take = |number, event, plans: &mut OrganizationPlans| {
            let entry = entry(number, event);
            plans.take(&entry);
            assert!(protection.take(&entry));
            protection.overrides.iter().map(|one| one.plan.clone()).collect::<Vec<_>>()
        };
        take(1, set(acme(), Some("pro")), &mut plans);
        take(2, set(other.clone(), Some("large")), &mut plans);
        assert_eq!(plans.assigned.as_ref().map(|one| &*one.plan), Some("pro"));
        take(3, begun(acme(), "large", 10), &mut plans);
        // Another one takes its place.
        assert_eq!(take(4, begun(acme(), "small", 20), &mut plans), ["small"]);
        assert_eq!(take(5, begun(other.clone(), "pro", 20), &mut plans), ["small", "pro"]);
        let in_force = |plans: &OrganizationPlans, at| {
            plans.override_at(Timestamp::from_secs(at)).map(|one| one.plan.clone())
        };
        assert_eq!([in_force(&plans, 19), in_force(&plans, 20)], [Some("small".to_owned()), None]);
        assert_eq!(take(6, ended(other), &mut plans), ["small"]);
        let stage = SafeModeStage::Interactive;
        take(7, Event::SafeModeStageChanged { stage, incident: None }, &mut plans);
        assert!(plans.overridden.is_some());
        assert!(take(8, ended(acme()), &mut plans).is_empty());
        take(9, set(acme(), None), &mut plans);
        assert_eq!(plans, OrganizationPlans::none(acme()));
    }

    #[test]
    fn an_address_names_any_organization_and_no_other() {
        for (name, segment) in [
            ("acme", "acme"),
            ("..", "organization:.."),
            (".", "organization:."),
            ("a/../b", "a%2F..%2Fb"),
            ("what? 100%", "what%3F%20100%25"),
            ("Zürich", "Z%C3%BCrich"),
            ("organization:acme", "organization:organization:acme"),
            ("#", "%23"),
        ] {
            let organization = organization_named(name).unwrap();
            assert_eq!(organization_segment(&organization), segment);
            assert_eq!(organization_of_segment(&decoded(segment)), Some(organization), "{name}");
        }
        for bad in ["", " a", "a@b", "a\nb", "a\u{202e}b", &"x".repeat(101)] {
            assert_eq!(organization_of_segment(bad), None, "{bad:?}");
        }
        assert!(organization_named(&"x".repeat(100)).is_some());
    }

    fn decoded(segment: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = segment.as_bytes().iter();
        while let Some(byte) = rest.next() {
            let mut digit = || char::from(*rest.next().unwrap()).to_digit(16).unwrap() as u8;
            bytes.push(if *byte == b'%' { digit() * 16 + digit() } else { *byte });
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn overrides_that_are_over_are_ended_once() {
        let mut protection = Protection::default();
        protection.take(&entry(1, begun(acme(), "large", 10)));
        assert!(protection.overrides_over(Timestamp::from_secs(9)).is_empty());
        let events = protection.overrides_over(Timestamp::from_secs(10));
        let [Event::OrganizationOverrideEnded { ending: OverrideEnding::Expired, .. }] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        protection.take(&entry(2, events[0].clone()));
        assert!(protection.overrides_over(Timestamp::from_secs(11)).is_empty());
    }
}
