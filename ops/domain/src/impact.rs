//! Customer impact of an incident: the organizations that are affected, how, since when, and what
//! shows it.
//!
//! Effect and certainty follow from the evidence, so that a pair that was never seen can't be
//! written.

mod affected;
mod times;

pub use affected::{AffectedTime, AffectedTimes, ImpactHistory, ImpactOn};
use serde::{Deserialize, Serialize};
pub use times::{Times, Turn};

use crate::{
    subject::Subject,
    time::{Span, Timestamp},
};

/// The most organizations that are named.
pub const MOST_NAMED: usize = 50;

/// An effect on an organization, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Its requests fail.
    Failing,
    /// Safe mode refuses what it writes.
    ReadOnly,
    /// Its requests take much longer than usual.
    Slow,
    /// A limit refuses some of its requests.
    Limited,
}

/// The ways in which an effect is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Counted for this organization.
    Known,
    /// Follows from something that the organization uses.
    Likely,
}

/// A trouble of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndpointTrouble {
    /// Does not answer as expected.
    Failing,
    /// Answers late.
    Slow,
}

/// The figures that show an effect, of the minute that ended when they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "evidence", rename_all = "snake_case")]
pub enum Evidence {
    /// Results that were reported.
    Results {
        /// Failures among them (status 500 and above).
        failed: u64,
        /// All results.
        of: u64,
    },
    /// Latencies that were reported.
    Latency {
        /// The time within which 95% of the requests were answered.
        p95: Span,
        /// The usual one; `None` if that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usual: Option<Span>,
    },
    /// Requests that a limit refused.
    Refused {
        /// Refused ones.
        refused: u64,
        /// All requests.
        of: u64,
    },
    /// Requests that safe mode refused.
    Paused {
        /// Refused ones.
        paused: u64,
        /// All requests.
        of: u64,
    },
    /// A problem of an endpoint while the organization sent requests whose results are not reported.
    Endpoint {
        /// The endpoint.
        endpoint: Subject,
        /// Its trouble.
        trouble: EndpointTrouble,
    },
}

impl Evidence {
    /// The effect that it shows.
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Results { .. } | Self::Endpoint { trouble: EndpointTrouble::Failing, .. } => {
                Effect::Failing
            }
            Self::Latency { .. } | Self::Endpoint { trouble: EndpointTrouble::Slow, .. } => {
                Effect::Slow
            }
            Self::Refused { .. } => Effect::Limited,
            Self::Paused { .. } => Effect::ReadOnly,
        }
    }

    /// The way in which the effect is known.
    pub const fn certainty(&self) -> Certainty {
        match self {
            Self::Results { .. }
            | Self::Latency { .. }
            | Self::Refused { .. }
            | Self::Paused { .. } => Certainty::Known,
            Self::Endpoint { .. } => Certainty::Likely,
        }
    }
}

/// An effect with its evidence and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EffectOn {
    /// The evidence.
    #[serde(flatten)]
    pub evidence: Evidence,
    /// Time at which it was first seen.
    pub since: Timestamp,
    /// Time at which it was last seen before it ended; `None` while it is not known to have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Time at which it was last seen, where it has not ended and nothing has shown for long
    /// whether it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

impl EffectOn {
    /// True if it holds, as far as is known: silence ends none.
    pub const fn holds(&self) -> bool {
        self.until.is_none()
    }
}

/// An organization that is or was affected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AffectedOrganization {
    /// The organization: `organization:acme`.
    pub organization: Subject,
    /// Its effects, the worst first, at most one of each.
    pub effects: Vec<EffectOn>,
}

impl AffectedOrganization {
    /// The effects that hold.
    pub fn holding(&self) -> impl Iterator<Item = &EffectOn> {
        self.effects.iter().filter(|one| one.holds())
    }

    /// The best certainty of the effects that hold; `None` if none holds.
    pub fn certainty(&self) -> Option<Certainty> {
        self.holding().map(|one| one.evidence.certainty()).min()
    }
}

/// Organizations that are affected and not named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AffectedCounts {
    /// Those with an effect that was counted for them.
    pub known: usize,
    /// Those that are likely affected only.
    pub likely: usize,
}

/// The customer impact of an incident at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Impact {
    /// Time at which it was written.
    pub at: Timestamp,
    /// The organizations, the worst first, those that were affected last; at most [`MOST_NAMED`].
    pub organizations: Vec<AffectedOrganization>,
    /// Further organizations with an effect that was counted for them.
    #[serde(default)]
    pub more_known: u32,
    /// Further organizations that are likely affected.
    #[serde(default)]
    pub more_likely: u32,
    /// Organizations that sent requests, whose results are not reported, and of which nothing else
    /// is known: they may be affected or not.
    #[serde(default)]
    pub not_reported: u32,
}

impl Impact {
    /// Organizations that are affected, named or not.
    pub fn counts(&self) -> AffectedCounts {
        let named = |certainty| {
            self.organizations.iter().filter(|one| one.certainty() == Some(certainty)).count()
        };
        AffectedCounts {
            known: named(Certainty::Known).saturating_add(self.more_known as usize),
            likely: named(Certainty::Likely).saturating_add(self.more_likely as usize),
        }
    }

    /// Organizations that were affected at some time, as far as they are named.
    pub fn seen(&self) -> AffectedCounts {
        let is_known = |one: &&AffectedOrganization| {
            one.effects.iter().any(|effect| effect.evidence.certainty() == Certainty::Known)
        };
        let known = self.organizations.iter().filter(is_known).count();
        AffectedCounts { known, likely: self.organizations.len() - known }
    }

    /// Ends all effects: the incident is over.
    pub fn end(&mut self, at: Timestamp) {
        let effects = self.organizations.iter_mut().flat_map(|one| &mut one.effects);
        for one in effects.filter(|one| one.until.is_none()) {
            (one.until, one.last_seen) = (Some(at), None);
        }
        (self.more_known, self.more_likely, self.not_reported) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn affected(name: &str, evidence: Evidence) -> AffectedOrganization {
        let since = Timestamp::from_secs(10);
        AffectedOrganization {
            organization: format!("organization:{name}").parse().unwrap(),
            effects: vec![EffectOn { evidence, since, until: None, last_seen: None }],
        }
    }

    #[test]
    fn an_end_leaves_nobody_affected_and_keeps_the_names() {
        let endpoint = "endpoint:checkout".parse().unwrap();
        let mut impact = Impact {
            at: Timestamp::from_secs(20),
            organizations: vec![
                affected("acme", Evidence::Results { failed: 12, of: 100 }),
                affected("beta", Evidence::Endpoint { endpoint, trouble: EndpointTrouble::Slow }),
            ],
            more_known: 2,
            more_likely: 1,
            not_reported: 7,
        };
        assert_eq!(impact.counts(), AffectedCounts { known: 3, likely: 2 });
        impact.end(Timestamp::from_secs(30));
        assert_eq!(impact.counts(), AffectedCounts::default());
        assert_eq!(impact.organizations.len(), 2);
        assert_eq!(impact.seen(), AffectedCounts { known: 1, likely: 1 });
        assert_eq!(impact.organizations[0].effects[0].until, Some(Timestamp::from_secs(30)));
    }

    #[test]
    fn what_is_stored_is_read_as_it_was() {
        let text = r#"{"at":20,"organizations":[{"organization":"organization:acme","effects":[{"evidence":"results","failed":3,"of":4,"since":10}]}],"more_known":0,"more_likely":0,"not_reported":0}"#;
        let at = serde_json::to_string(&Timestamp::from_secs(20)).unwrap();
        let since = serde_json::to_string(&Timestamp::from_secs(10)).unwrap();
        let text = text
            .replace("\"at\":20", &format!("\"at\":{at}"))
            .replace("\"since\":10", &format!("\"since\":{since}"));
        let impact: Impact = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&impact).unwrap(), text);
        let [one] = &impact.organizations[..] else { panic!("{impact:?}") };
        assert_eq!(one.effects[0].evidence.effect(), Effect::Failing);
        assert_eq!(one.certainty(), Some(Certainty::Known));
    }
}
